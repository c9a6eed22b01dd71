//! Tokens that take the password's place (XEP-0484).

use ChannelBinding::{Off, Preferred, Required};

use super::*;
use crate::endpoint::{AuthFault, PeerFault, TlsInfo, TlsVersion};
use crate::sasl::{ChannelBinding, Credentials, SaslError};
use crate::testing::BIND_FEATURES;

const FULL: &str = "alice@example.org/Sonnet~x";

fn features() -> String {
    sasl2(&["HT-SHA-256-NONE", "PLAIN"], &format!("{BIND}{FAST}"))
}

fn with_tokens() -> ClientConfig {
    with(FastLogin::new(ID).with_software("S").with_bind(true)).with_management(None)
}

/// What it asked for, without the response.
fn asked(script: &mut Script) -> String {
    let sent = script.take_sent();
    let (_, asked) = sent.split_once("</user-agent>").unwrap_or_else(|| panic!("{sent}"));
    asked.trim_end_matches("</authenticate>").into()
}

#[test]
fn xep0484_3_a_token_is_asked_for_used_and_rotated() {
    let mut script = offered(with_tokens(), features());
    // §3.2: the first login is by password.
    let request = "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>";
    let bind = "<bind xmlns='urn:xmpp:bind:0'/>";
    assert_eq!(asked(&mut script), format!("{bind}{request}"));
    script.receive(success(FULL, &format!("{}{}", given("t1"), bound(""))));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["token t1 0".into(), format!("online {FULL}")]);

    // §3.4: the next by token, in one round trip.
    for count in 1..=2 {
        come_back(&mut script, features());
        let sent = script.take_sent();
        assert!(
            sent.contains(&format!(
                "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'>\
                 <initial-response>{}</initial-response><user-agent ",
                shown("t1")
            )),
            "{sent}"
        );
        let fast = format!("</user-agent>{bind}<fast xmlns='urn:xmpp:fast:0' count='{count}'/>");
        assert!(sent.ends_with(&format!("{fast}</authenticate>")), "{sent}");
        events(&mut script);
        script.receive(success(FULL, &format!("{}{}", answered("t1"), bound(""))));
        script.receive(AFTER);
        assert_eq!(events(&mut script), [format!("token t1 {count}"), format!("online {FULL}")]);
    }

    // §3.5: the server gives out another.
    come_back(&mut script, features());
    events(&mut script);
    let more = format!("{}{}{}", given("t2"), answered("t1"), bound(""));
    script.receive(success(FULL, &more));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["token t2 0".into(), format!("online {FULL}")]);
    come_back(&mut script, features());
    assert!(script.take_sent().contains(&shown("t2")));
}

#[test]
fn a_token_that_was_kept_is_used_by_the_first_login() {
    let fast = FastLogin::new(ID).with_token(token("t1"));
    let mut script = offered(with(fast), features());
    assert!(script.take_sent().contains(&shown("t1")));
    script.receive(success(ALICE, &answered("t1")));
    script.receive(BIND_FEATURES);
    assert!(script.take_sent().contains("urn:ietf:params:xml:ns:xmpp-bind"));
}

#[test]
fn xep0484_4_1_a_refused_token_is_dropped_and_the_password_used_on_the_same_stream() {
    for condition in ["not-authorized", "credentials-expired", "malformed-request"] {
        let fast = FastLogin::new(ID).with_bind(true).with_token(token("forged"));
        let mut script = offered(with(fast).with_management(None), features());
        script.take_sent();
        script.receive(failure(condition));
        let sent = script.take_sent();
        assert!(sent.contains(" mechanism='PLAIN'>") && sent.contains("<request-token "), "{sent}");
        assert!(!sent.contains("<fast "), "{sent}");
        assert_eq!(events(&mut script), ["refused"]);
        script.receive(success(FULL, &format!("{}{}", given("t2"), bound(""))));
        script.receive(AFTER);
        assert_eq!(events(&mut script), ["token t2 0".into(), format!("online {FULL}")]);
    }
}

#[test]
fn a_token_that_the_server_cannot_check_now_is_kept() {
    let fast = FastLogin::new(ID).with_bind(true).with_token(token("t1"));
    let mut script = offered(with(fast).with_management(None), features());
    script.receive(failure("temporary-auth-failure"));
    script.take_sent();
    script.receive(success(FULL, &bound("")));
    script.receive(AFTER);
    assert_eq!(events(&mut script), [format!("online {FULL}")]);
    come_back(&mut script, features());
    assert!(script.take_sent().contains(&shown("t1")));
}

#[test]
fn a_wrong_password_behind_a_refused_token_ends_the_login() {
    let fast = FastLogin::new(ID).with_token(token("forged"));
    let mut script = offered(with(fast), features());
    script.receive(failure("not-authorized"));
    script.receive(failure("not-authorized"));
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::Refused(_))));
}

#[test]
fn a_server_that_takes_one_login_of_this_kind_gets_one_of_rfc6120() {
    let old = mechanisms(&["PLAIN"]);
    let old = old.trim_start_matches("<stream:features>").trim_end_matches("</stream:features>");
    let both = features().replace("</stream:features>", &format!("{old}</stream:features>"));
    let fast = || FastLogin::new(ID).with_token(token("forged"));
    let mut script = offered(with(fast()), &both);
    script.receive(failure("not-authorized"));
    assert!(script.take_sent().contains("<authenticate "));
    // Prosody's mod_sasl2 of 2023 keeps its state, and knows no mechanism any more.
    script.receive(failure("invalid-mechanism"));
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
    assert!(script.take_sent().starts_with(auth));
    script.receive(SUCCESS);
    assert!(script.take_sent().contains("<stream:stream "));

    // Only after a token: a password that was refused like this was refused.
    let mut script = offered(with(FastLogin::new(ID)), &both);
    script.receive(failure("invalid-mechanism"));
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::Refused(_))));
}

#[test]
fn without_a_password_a_refused_token_is_the_end() {
    let fast = FastLogin::new(ID).with_token(token("forged"));
    let config = with(fast).with_credentials(Credentials::none());
    let mut script = offered(config, features());
    assert!(script.take_sent().contains(&shown("forged")), "no password is needed");
    script.receive(failure("credentials-expired"));
    assert_eq!(
        events(&mut script),
        ["refused", "ended credentials-expired: the server refused the login"]
    );
}

#[test]
fn a_server_that_does_not_have_the_token_is_not_believed() {
    for data in
        [String::new(), answered("another"), "<additional-data>AA==</additional-data>".into()]
    {
        let fast = FastLogin::new(ID).with_bind(true).with_token(token("t1"));
        let mut script = offered(with(fast), features());
        script.receive(success(FULL, &format!("{data}{}{}", given("evil"), bound(""))));
        let Reason::Auth(AuthFault::Exchange(error)) = reason(&mut script) else {
            panic!("{data}")
        };
        let missing = data.is_empty();
        let fault = if missing { SaslError::NoSignature } else { SaslError::WrongSignature };
        assert_eq!(error, fault);
    }
}

#[test]
fn a_token_is_not_used_where_it_is_not_good() {
    let other = "bob@example.org".parse().expect("an address");
    let other = FastToken::new(other, Mechanism::HtSha256None, "t1", "").expect("good");
    let account = || ALICE.parse().expect("an address");
    let exporter = FastToken::new(account(), Mechanism::HtSha256Expr, "t1", "").expect("good");
    let end_point = FastToken::new(account(), Mechanism::HtSha256Endp, "t1", "").expect("good");
    let mut nameless = FastLogin::default().with_token(token("t1"));
    nameless.id = None;
    let of = |token| FastLogin::new(ID).with_token(token);
    for (fast, features) in [
        (of(other), features()),
        // There is nothing to bind it to, and it is not offered.
        (of(exporter), features()),
        (of(end_point), features()),
        // XEP-0484 §4.1: only with the id of the client.
        (nameless, features()),
        (of(token("t1")), sasl2(&["PLAIN"], BIND)),
    ] {
        let mut script = offered(with(fast), features);
        assert!(script.take_sent().contains(" mechanism='PLAIN'>"));
    }
    // Never because it stands among the mechanisms, where Prosody has it too.
    let mut script = offered(with(FastLogin::new(ID)), sasl2(&["HT-SHA-256-NONE"], FAST));
    assert!(matches!(reason(&mut script), Reason::Auth(AuthFault::NoMechanism { .. })));
}

#[test]
fn xep0484_6_a_bound_token_is_preferred_and_required_where_binding_is() {
    let mut tls = TlsInfo::new();
    tls.version = Some(TlsVersion::V1_3);
    tls.tls_exporter = Some([7; 32]);
    let wanted = |policy, tls: &TlsInfo, inline: &str| {
        let config = with(FastLogin::new(ID)).with_channel_binding(policy);
        let mut config = config.with_mechanisms(Mechanism::DEFAULT);
        config.insecure_plain_without_tls = false;
        let mut script = Script::new(config).with_tls(tls.clone());
        script.connect();
        script.receive(HEADER);
        let features = sasl2(&["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], inline).replace(
            "</stream:features>",
            "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>\
             <channel-binding type='tls-exporter'/></sasl-channel-binding></stream:features>",
        );
        script.receive(features);
        let sent = script.take_sent();
        let (_, name) = sent.split_once("<request-token xmlns='urn:xmpp:fast:0' mechanism='")?;
        Some(String::from(name.split_once('\'')?.0))
    };
    let none = "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast>";
    assert_eq!(wanted(Preferred, &tls, FAST).as_deref(), Some("HT-SHA-256-EXPR"));
    assert_eq!(wanted(Required, &tls, FAST).as_deref(), Some("HT-SHA-256-EXPR"));
    assert_eq!(wanted(Off, &tls, FAST).as_deref(), Some("HT-SHA-256-NONE"));
    assert_eq!(wanted(Preferred, &TlsInfo::new(), FAST).as_deref(), Some("HT-SHA-256-NONE"));
    assert_eq!(wanted(Preferred, &tls, none).as_deref(), Some("HT-SHA-256-NONE"));
    assert_eq!(wanted(Required, &tls, none), None);
}

#[test]
fn a_token_that_is_none_is_not_kept() {
    for bad in [
        "<token xmlns='urn:xmpp:fast:0' expiry='2026-12-01T00:00:00Z'/>".into(),
        given(""),
        given(&"x".repeat(FastToken::SECRET_BYTES + 1)),
    ] {
        let mut script = offered(with_tokens(), features());
        script.receive(success(FULL, &format!("{bad}{}", bound(""))));
        script.receive(AFTER);
        assert_eq!(events(&mut script), [format!("online {FULL}")]);
    }
    // Nobody asked for one.
    let mut silent = FastLogin::new(ID).with_bind(true);
    silent.request_token = false;
    let mut script = offered(with(silent), features());
    assert!(!script.take_sent().contains("request-token"));
    script.receive(success(FULL, &format!("{}{}", given("t1"), bound(""))));
    script.receive(AFTER);
    assert_eq!(events(&mut script), [format!("online {FULL}")]);
}

#[test]
fn a_login_by_token_is_a_login_of_that_account() {
    let fast = FastLogin::new(ID).with_bind(true).with_token(token("t1"));
    let mut script = offered(with(fast), features());
    let more = format!("{}{}", answered("t1"), bound(""));
    script.receive(success("mallory@example.org/x", &more));
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::ForeignJid { .. })));
}

#[test]
fn xep0484_3_6_a_token_is_used_once_more_and_forgotten() {
    let mut fast = FastLogin::new(ID).with_bind(true).with_token(token("t1"));
    fast.invalidate = true;
    let mut script = offered(with(fast).with_management(None), features());
    let sent = script.take_sent();
    let asked = "<fast xmlns='urn:xmpp:fast:0' count='1' invalidate='true'/></authenticate>";
    assert!(sent.contains(&shown("t1")) && sent.ends_with(asked), "{sent}");
    script.receive(success(FULL, &format!("{}{}", answered("t1"), bound(""))));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["refused".into(), format!("online {FULL}")]);
    // From here on with the password, and without another token.
    come_back(&mut script, features());
    let sent = script.take_sent();
    assert!(sent.contains("mechanism='PLAIN'") && !sent.contains("request-token"), "{sent}");
}
