//! Logins by token that go out together with the stream header (XEP-0388 §2.1).

use super::*;
use crate::endpoint::{Action, TlsInfo, TlsVersion};
use crate::testing::Chunks;

const FULL: &str = "alice@example.org/Sonnet~x";

fn features() -> String {
    sasl2(&["PLAIN"], &format!("{BIND}{SM}{FAST}"))
}

/// A client that has logged in by password and got a token, with its transport gone, up to the next
/// open transport.
fn back(pipeline: bool, chunks: Chunks) -> Script {
    let mut fast = FastLogin::new(ID).with_bind(true);
    fast.pipeline = pipeline;
    let mut script = Script::new(with(fast).with_management(None)).with_chunks(chunks);
    script.connect();
    script.receive(HEADER);
    script.receive(features());
    script.receive(success(FULL, &format!("{}{}", given("t1"), bound(""))));
    script.receive(AFTER);
    script.lose(crate::endpoint::LostCause::Eof);
    events(&mut script);
    script.take_sent();
    let due = script.client().poll_timeout().expect("it comes back");
    let wait = due.saturating_duration_since(script.now());
    script.pass(wait);
    script.open();
    script
}

#[test]
fn xep0388_2_1_a_login_by_token_needs_one_round_trip() {
    let mut script = back(true, Chunks::Whole);
    let sent = script.take_sent();
    let (header, login) = sent.split_once("from='alice@example.org'>").expect("a header");
    assert!(header.contains("<stream:stream ") && login.starts_with("<authenticate "), "{sent}");
    assert!(login.contains(&shown("t1")) && login.ends_with("</authenticate>"), "{sent}");
    // Everything at once.
    let told = success(FULL, &format!("{}{}", answered("t1"), bound("")));
    script.receive(format!("{HEADER}{}{told}{AFTER}", features()));
    assert_eq!(events(&mut script), ["token t1 1".into(), format!("online {FULL}")]);
    assert_eq!(script.take_sent(), "");
}

#[test]
fn a_bound_token_is_bound_to_the_new_channel() {
    let mut tls = TlsInfo::new();
    tls.version = Some(TlsVersion::V1_3);
    tls.tls_exporter = Some([7; 32]);
    for mode in [TlsMode::Direct, TlsMode::StartTls] {
        let config = with(FastLogin::new(ID).with_bind(true)).with_tls(mode);
        let mut script = Script::new(config.with_management(None)).with_tls(tls.clone());
        for early in [false, true] {
            if early {
                script.lose(crate::endpoint::LostCause::Eof);
                events(&mut script);
                let due = script.client().poll_timeout().expect("it comes back");
                let wait = due.saturating_duration_since(script.now());
                script.pass(wait);
                script.open();
            } else {
                script.connect();
            }
            if mode == TlsMode::StartTls {
                script.receive(HEADER);
                script.receive(STARTTLS_REQUIRED);
                script.receive(PROCEED);
                script.take_sent();
                script.secure();
            }
            if early {
                let sent = script.take_sent();
                assert!(sent.contains("mechanism='HT-SHA-256-EXPR'"), "{sent}");
                continue;
            }
            script.receive(HEADER);
            script.receive(features());
            script.receive(success(FULL, &format!("{}{}", given("t1"), bound(""))));
            script.receive(AFTER);
            events(&mut script);
        }
    }
}

#[test]
fn who_does_not_want_it_waits_for_the_features() {
    let mut script = back(false, Chunks::Whole);
    assert!(!script.take_sent().contains("<authenticate "));
    script.receive(HEADER);
    assert_eq!(script.take_sent(), "");
    script.receive(features());
    assert!(script.take_sent().contains(&shown("t1")));
}

#[test]
fn a_token_that_was_refused_early_falls_back_on_the_same_stream() {
    let mut script = back(true, Chunks::Whole);
    script.take_sent();
    script.receive(format!("{HEADER}{}{}", features(), failure("not-authorized")));
    assert_eq!(events(&mut script), ["refused"]);
    let sent = script.take_sent();
    assert!(sent.starts_with("<authenticate ") && sent.contains("mechanism='PLAIN'"), "{sent}");
    script.receive(success(FULL, &format!("{}{}", given("t2"), bound(""))));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["token t2 0".into(), format!("online {FULL}")]);
}

#[test]
fn a_server_that_offers_it_no_more_is_spoken_to_anew() {
    let others = [
        mechanisms(&["PLAIN"]),
        sasl2(&["PLAIN"], BIND),
        sasl2(
            &["PLAIN"],
            "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-ENDP</mechanism></fast>",
        ),
    ];
    for others in others {
        let mut script = back(true, Chunks::Whole);
        while script.next_action().is_some() {}
        script.take_sent();
        script.receive(format!("{HEADER}{others}"));
        assert!(matches!(script.next_action(), Some(Action::Disconnect { .. })), "{others}");
        assert_eq!(script.open().host, "xmpp.example.org");
        // Step by step this time.
        assert!(!script.take_sent().contains("auth"));
        script.receive(HEADER);
        script.receive(&others);
        assert!(script.take_sent().contains("mechanism='PLAIN'"), "{others}");
        assert!(events(&mut script).is_empty(), "the token is as good as it was");
    }
}

#[test]
fn features_come_before_anything_else() {
    for early in [success(FULL, &format!("{}{}", answered("t1"), bound(""))), failure("aborted")] {
        let mut script = back(true, Chunks::Whole);
        script.receive(HEADER);
        script.receive(early);
        assert_eq!(events(&mut script), ["disconnected false"]);
    }
}

#[test]
fn any_chunking_gives_the_same_login() {
    let told = success(FULL, &format!("{}{}", answered("t1"), bound(ENABLED)));
    let parts = format!("{HEADER}{}{told}{AFTER}<message id='m1'/>", features());
    let before = 2 * parts.len() + AFTER.len();
    let scenario = |chunks: Chunks| {
        let mut script = back(true, chunks);
        script.receive(&parts);
        transcript(&mut script)
    };
    same_for_all_chunks(before, scenario);
}
