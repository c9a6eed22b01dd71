//! Acknowledgements on one stream (XEP-0198 §3, §4, §6, §7).

use core::time::Duration;

use super::peer::*;
use super::*;
use crate::endpoint::{
    Completion, Endpoint, LostCause, Misuse, Outcome, PeerFault, Request, RequestError,
    StreamManagement, Timer,
};
use crate::stream::StreamCondition;
use crate::testing::{BIND_FEATURES, bind_result};
use crate::xml::Element;

const TOO_HIGH: &str = "<stream:error><undefined-condition \
    xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with(change: impl Fn(&mut StreamManagement)) -> ClientConfig {
    let mut management = lasting().management.unwrap();
    change(&mut management);
    lasting().with_management(Some(management))
}

#[test]
fn xep0198_3_management_is_asked_for_once_and_only_behind_binding() {
    let config = lasting();
    let mut script = Script::new(config);
    script.connect();
    // XEP-0198 §3: offered early or not, nothing is asked before authentication and binding.
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]).replace("</stream:features>", SM));
    script.receive("</stream:features>");
    script.receive(SUCCESS);
    script.receive(HEADER);
    script.receive(BIND_FEATURES.replace("</stream:features>", SM));
    script.receive("</stream:features>");
    let sent = script.take_sent();
    assert!(!sent.contains("urn:xmpp:sm:3"), "{sent}");
    let id = sent.rsplit(" id='").next().unwrap().split('\'').next().unwrap();
    script.receive(bind_result(id, "alice@example.org/r1"));
    assert_eq!(script.take_sent(), ENABLE);
    assert!(script.client().is_online(), "nothing waits for the answer");
    script.receive(ENABLED);
    send(&mut script, "hi");
    script.pass(secs(1));
    assert!(!script.take_sent().contains("<enable"));
}

#[test]
fn a_server_that_does_not_offer_it_is_not_asked() {
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login(&config);
    assert!(!script.take_sent().contains("urn:xmpp:sm:3"));
    let token = send(&mut script, "hi");
    assert_eq!(fates(&mut script), [(token, Fate::Written)]);
    assert_eq!(script.client().unacked().count(), 0);
    // What such a server says of it all the same is something unknown.
    script.receive(told(1));
    assert_eq!(events(&mut script), ["Online", "Nonza"]);
}

#[test]
fn a_client_may_do_without_resumption() {
    let config = with(|management| management.resume = false);
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    assert!(script.take_sent().ends_with("<enable xmlns='urn:xmpp:sm:3'/>"));
    // XEP-0198 §8.1: what the answer says beyond that is ignored.
    script.receive(ENABLED);
    let token = send(&mut script, "hi");
    assert!(!lose(&mut script).1);
    assert_eq!(fates(&mut script), [(token, Fate::Unacked("hi".into()))]);
}

#[test]
fn xep0198_3_resume_true_or_1_and_an_id_make_a_session_resumable() {
    for (attributes, resumable) in [
        ("id='a' resume='true'", true),
        ("id='a' resume='1'", true),
        ("id='a' resume=' true '", true),
        ("id='a'", false),
        ("id='a' resume='false'", false),
        ("id='a' resume='0'", false),
        ("id='a' resume='yes'", false),
        ("resume='true'", false),
        ("id='' resume='true'", false),
    ] {
        let enabled = format!("<enabled xmlns='urn:xmpp:sm:3' {attributes}/>");
        let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
        assert_eq!(lose(&mut script).1, resumable, "{attributes}");
    }
}

#[test]
fn the_name_of_a_session_is_opaque_and_of_bounded_length() {
    // XEP-0198 §5: whatever an attribute may hold, up to 4000 bytes.
    for (id, resumable) in [
        ("&lt;&apos;&amp;&quot;&gt; 文 &#9;", true),
        (&*"x".repeat(4000), true),
        (&*"x".repeat(4001), false),
    ] {
        let enabled = format!("<enabled xmlns='urn:xmpp:sm:3' id='{id}' resume='true'/>");
        let mut script = managed_by(lasting(), Chunks::Whole, SM, &enabled);
        assert_eq!(lose(&mut script).1, resumable);
        let asked = attempt(&mut script, SM);
        assert_eq!(asked.starts_with("<resume"), resumable, "{asked}");
        if resumable {
            let element: Element = asked.parse().unwrap();
            let said: Element = enabled.parse().unwrap();
            assert_eq!(element.as_ref().attr("previd"), said.as_ref().attr("id"));
        }
    }
}

#[test]
fn xep0198_6_a_server_that_fails_is_done_without() {
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    let first = send(&mut script, "first");
    script.take_output(Some(10));
    let second = send(&mut script, "second");
    assert_eq!(fates(&mut script), []);
    script.take_sent();
    // XEP-0198 §6: errors of stream management are recoverable.
    script.receive(
        "<failed xmlns='urn:xmpp:sm:3'><unexpected-request \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    );
    assert_eq!(fates(&mut script), [(first, Fate::Written)]);
    script.take_output(None);
    assert_eq!(fates(&mut script), [(second, Fate::Written)]);
    let third = send(&mut script, "third");
    assert_eq!(fates(&mut script), [(third, Fate::Written)]);
    script.pass(secs(30));
    assert!(!script.take_sent().contains("urn:xmpp:sm:3"));
    assert!(!lose(&mut script).1);
    assert_eq!(fates(&mut script), []);
}

#[test]
fn a_refusal_that_comes_with_the_end_of_the_transport_loses_no_token() {
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    let first = send(&mut script, "first");
    script.take_output(Some(10));
    let second = send(&mut script, "second");
    // Not digested yet when the transport breaks.
    let (id, now) = (script.client().attempt(), script.now());
    script.client().handle_received(now, id, UNKNOWN.as_bytes());
    script.lose(LostCause::Reset);
    check(&mut script);
    let expected = [(first, Fate::Written), (second, Fate::Failed("second".into()))];
    assert_eq!(fates(&mut script), expected);
}

#[test]
fn nothing_is_asked_or_told_before_the_server_has_agreed() {
    let config = with(|management| management.request_every = 1);
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    script.take_sent();
    // XEP-0198 §4: stanzas need not wait for `<enabled/>`, and count from `<enable/>` on.
    send(&mut script, "early");
    script.pass(secs(10));
    assert_eq!(script.take_sent(), chat("early"));
    // Nor do stanzas count that come before it.
    script.receive("<message/>");
    script.receive(ENABLED);
    assert_eq!(script.take_sent(), ASK);
    script.receive(format!("<message/>{ASK}{}", told(1)));
    assert_eq!(script.take_sent(), told(1));
    assert!(matches!(fates(&mut script)[..], [(_, Fate::Acked)]));
}

#[test]
fn closing_before_the_server_has_agreed_tells_nothing() {
    let config = lasting();
    let mut script = Script::new(config.clone());
    script.login_with(&config, SM);
    script.take_sent();
    let token = send(&mut script, "hi");
    let now = script.now();
    script.client().close(now);
    script.drain();
    assert_eq!(script.take_sent(), format!("{}</stream:stream>", chat("hi")));
    script.receive(format!("{ENABLED}{}</stream:stream>", told(1)));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn acknowledgements_are_asked_for_after_so_many_stanzas() {
    let mut script = managed(with(|management| management.request_every = 3));
    let tokens = [1, 2, 3, 4, 5, 6].map(|n| send(&mut script, &format!("{n}")));
    // XEP-0198 §4: asked once, until the answer comes.
    let (first, rest): (String, String) = (
        (1..=3).map(|n| chat(&format!("{n}"))).collect(),
        (4..=6).map(|n| chat(&format!("{n}"))).collect(),
    );
    assert_eq!(script.take_sent(), format!("{first}{ASK}{rest}"));
    assert_eq!(fates(&mut script), []);
    script.receive(told(3));
    assert_eq!(script.take_sent(), ASK);
    let done = |tokens: &[_]| tokens.iter().map(|t| (*t, Fate::Acked)).collect::<Vec<_>>();
    assert_eq!(fates(&mut script), done(&tokens[..3]));
    // Unasked, and in part.
    script.receive(told(4));
    assert_eq!(fates(&mut script), done(&tokens[3..4]));
    assert_eq!(script.client().unacked().map(|(token, _)| token).collect::<Vec<_>>(), tokens[4..]);
    script.receive(told(6));
    assert_eq!(fates(&mut script), done(&tokens[4..]));
    assert_eq!(script.client().unacked().count(), 0);
}

#[test]
fn acknowledgements_are_asked_for_after_a_while() {
    let mut script = managed(lasting());
    send(&mut script, "hi");
    script.pass(Duration::from_millis(1999));
    assert_eq!(script.take_sent(), chat("hi"));
    script.pass(Duration::from_millis(1));
    assert_eq!(script.take_sent(), ASK);
    // A server that has not handled it yet is asked again, more and more seldom.
    for pause in [4000, 8000, 16_000, 30_000, 30_000] {
        script.receive(told(0));
        script.pass(Duration::from_millis(pause - 1));
        assert_eq!(script.take_sent(), "");
        script.pass(Duration::from_millis(1));
        assert_eq!(script.take_sent(), ASK);
    }
    script.receive(told(1));
    script.pass(secs(59));
    assert_eq!(script.take_sent(), "", "there is nothing to be asked about");
}

#[test]
fn elements_that_are_no_stanzas_do_not_count() {
    let mut script = managed(lasting());
    // XEP-0198 §1: `<a/>`, `<r/>` and whatever else is no stanza.
    script.receive(format!("<message/>{ASK}{}<x xmlns='urn:x'/> ", told(0)));
    script.receive(format!("<presence/>{ASK}"));
    assert_eq!(script.take_sent(), format!("{}{}", told(1), told(2)));
    send(&mut script, "one");
    script.client().set_active(crate::Instant::from_micros(0), false);
    script.pass(secs(2));
    script.receive(told(1));
    assert!(matches!(fates(&mut script)[..], [(_, Fate::Acked)]));
}

#[test]
fn requests_replies_and_errors_of_the_machine_count_too() {
    let config = {
        let mut config = lasting();
        config.max_queries = 1;
        config
    };
    let mut script = managed(config);
    let now = script.now();
    let ping = || Element::builder("ping", crate::ns::PING).build().unwrap();
    let token = script.client().request(now, Request::get(ping())).unwrap();
    script.drain();
    let id = script.last_id();
    script.receive(format!(
        "<iq type='get' id='q1'><ping xmlns='urn:xmpp:ping'/></iq>\
         <iq type='get' id='q2'><ping xmlns='urn:xmpp:ping'/></iq>\
         <iq type='result' id='{id}'/><iq type='result' id='nobody'/><message from='@@'/>{ASK}"
    ));
    // XEP-0198 §4: five stanzas, of all kinds.
    let sent = script.take_sent();
    assert!(sent.ends_with(&told(5)), "{sent}");
    let reply = script.next_completion();
    assert!(matches!(reply, Some(Completion::Reply { token: t, result: Ok(_) }) if t == token));
    // One request and the refusal of a query: two stanzas, neither with a token.
    script.receive(told(2));
    assert_eq!(fates(&mut script), []);
    assert!(script.client().is_online());
    script.receive(told(3));
    assert!(script.take_sent().contains("send-count='2'"));
}

#[test]
fn only_what_the_application_has_taken_is_acknowledged() {
    let mut config = lasting();
    config.event_capacity = 1;
    let mut script = managed(config);
    script.take_events(false);
    script.receive(format!("<message/><message/><message/>{ASK}"));
    assert_eq!(script.take_sent(), "", "the first waits for the application, the rest behind it");
    let now = script.now();
    let mut next = || {
        let event = script.client().poll_event();
        script.drain();
        script.client().handle_timeout(now);
        (event.is_some(), script.take_sent())
    };
    // XEP-0198 §4: the request stands behind three stanzas, and is answered once it is seen.
    assert_eq!(next(), (true, String::new()));
    assert_eq!(next(), (true, String::new()));
    assert_eq!(next(), (true, told(3)));
    assert_eq!(next(), (false, String::new()));
}

#[test]
fn an_answer_is_given_in_time_even_if_the_application_takes_nothing() {
    let mut script = managed(lasting());
    script.take_events(false);
    script.receive(format!("<message/><message/>{ASK}"));
    script.pass(Duration::from_millis(249));
    assert_eq!(script.take_sent(), "");
    // XEP-0198 §4: withheld for nothing but a timeout.
    script.pass(Duration::from_millis(1));
    assert_eq!(script.take_sent(), told(0));
    script.take_events(true);
    assert_eq!(script.take_sent(), "", "nobody has asked again");
    script.receive(ASK);
    assert_eq!(script.take_sent(), told(2));
}

#[test]
fn an_answer_follows_as_soon_as_the_application_has_taken_everything() {
    let mut script = managed(lasting());
    script.take_events(false);
    script.receive(format!("<message/><message/>{ASK}{ASK}"));
    script.pass(Duration::from_millis(100));
    assert!(script.client().poll_event().is_some());
    script.drain();
    assert_eq!(script.take_sent(), "");
    assert!(script.client().poll_event().is_some());
    script.drain();
    assert_eq!(script.take_sent(), told(2));
    script.pass(secs(1));
    assert_eq!(script.take_sent(), "");
}

#[test]
fn much_that_was_taken_is_acknowledged_unasked() {
    let mut script = managed(with(|management| management.ack_every = 3));
    // XEP-0198 §4: either party may, at any time.
    script.receive("<message/><message/>");
    assert_eq!(script.take_sent(), "");
    script.receive("<presence/><message/>");
    assert_eq!(script.take_sent(), told(3));
}

#[test]
fn xep0198_6_a_count_that_is_too_high_ends_the_stream_and_the_session() {
    for h in ["2", "3", "100", "4294967295", "0"] {
        let mut script = managed(lasting());
        let first = send(&mut script, "first");
        script.receive(told(1));
        script.take_sent();
        assert_eq!(fates(&mut script), [(first, Fate::Acked)]);
        script.receive(format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>"));
        let sent = script.take_sent();
        // XEP-0198 §6: undefined-condition with the counts.
        assert_eq!(
            sent.strip_prefix(&told(0)).unwrap(),
            format!(
                "{TOO_HIGH}<handled-count-too-high xmlns='urn:xmpp:sm:3' h='{h}' \
                 send-count='1'/></stream:error></stream:stream>"
            )
        );
        // It is not the end: the next session is a new one, after a pause.
        let (pause, resumable) = disconnected(&mut script);
        assert!(pause >= Duration::from_millis(500) && !resumable);
        assert_eq!(events(&mut script), ["SessionLost"]);
        let asked = attempt(&mut script, SM);
        assert!(asked.starts_with("<iq "), "{asked}");
        assert_eq!(bind(&mut script, &asked), ENABLE);
        assert_eq!(events(&mut script), ["Online"]);
    }
}

#[test]
fn an_acknowledgement_without_a_usable_count_ends_the_stream_and_the_session() {
    for bad in [
        "",
        "h=''",
        "h='-1'",
        "h='+1'",
        "h='1.0'",
        "h='x'",
        "h='0x1'",
        "h='4294967296'",
        "h='99999999999999999999'",
        "h='1 1'",
        "n='1'",
    ] {
        let mut script = managed(lasting());
        let token = send(&mut script, "hi");
        script.take_sent();
        // XEP-0198 §4: it MUST have an `h`, which is an unsigned number of 32 bits.
        script.receive(format!("<a xmlns='urn:xmpp:sm:3' {bad}/>"));
        let sent = script.take_sent();
        assert!(sent.contains("<stream:error><bad-format "), "{bad}: {sent}");
        assert!(!disconnected(&mut script).1);
        assert_eq!(fates(&mut script), [(token, Fate::Unacked("hi".into()))]);
    }
    // Leading zeros and white space are part of the type.
    let mut script = managed(lasting());
    let token = send(&mut script, "hi");
    script.receive("<a xmlns='urn:xmpp:sm:3' h=' 0001 '/>");
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn a_server_that_counts_wrong_again_and_again_is_asked_more_and_more_seldom() {
    let mut script = managed(lasting());
    let mut longest = Duration::ZERO;
    for n in 0..10 {
        script.receive(told(99));
        let (pause, resumable) = disconnected(&mut script);
        assert!(!resumable);
        longest = longest.max(pause);
        let asked = attempt(&mut script, SM);
        bind(&mut script, &asked);
        script.receive(ENABLED);
        assert!(script.client().is_online(), "{n}");
    }
    assert!(longest >= secs(128), "{longest:?}");
}

#[test]
fn an_agreement_that_nobody_asked_for_changes_nothing() {
    let mut script = managed(lasting());
    let token = send(&mut script, "hi");
    script.receive("<enabled xmlns='urn:xmpp:sm:3' id='other' resume='true'/>");
    script.receive(UNKNOWN);
    assert_eq!(events(&mut script), ["Nonza", "Nonza"]);
    assert_eq!(fates(&mut script), []);
    assert!(lose(&mut script).1);
    assert_eq!(attempt(&mut script, SM), resume(0));
    script.receive(resumed(1));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
}

#[test]
fn no_more_is_sent_than_may_wait_for_acknowledgement() {
    let mut script = managed(with(|management| management.max_unacked = 3));
    for n in 0..3 {
        assert!(script.client().has_room());
        send(&mut script, &format!("{n}"));
    }
    assert!(!script.client().has_room());
    let now = script.now();
    let rejected = script.client().send(now, message("bob@example.org", "3")).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
    assert_eq!(body(&rejected.item), "3");
    let ping = Element::builder("ping", crate::ns::PING).build().unwrap();
    let rejected = script.client().request(now, Request::get(ping)).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyUnacked);
    script.receive(told(1));
    assert!(script.client().has_room());
    send(&mut script, "3");
}

#[test]
fn a_server_that_takes_and_never_acknowledges_is_left_in_the_end() {
    let mut config = with(|management| management.max_unacked = 2);
    config.max_queries = 0;
    let mut script = managed(config);
    // What the machine itself owes goes beyond the limit, but not for ever.
    for n in 0..4 {
        script.receive(format!("<iq type='get' id='{n}'><x xmlns='urn:x'/></iq>"));
        assert!(script.client().is_online(), "{n}");
    }
    script.receive("<iq type='get' id='5'><x xmlns='urn:x'/></iq>");
    script.lose(LostCause::Reset);
    let event = script.next_event();
    let Some(Event::Disconnected(it)) = event else { panic!("{event:?}") };
    assert_eq!(it.ended.reason, Reason::Peer(PeerFault::NoAcks));
    assert_eq!(it.ended.condition(), Some(StreamCondition::PolicyViolation.name()));
}

#[test]
fn xep0198_4_and_7_closing_tells_what_was_handled_and_closes_properly() {
    let mut script = managed(lasting());
    script.receive("<message/><message/>");
    let token = send(&mut script, "last words");
    script.take_sent();
    let now = script.now();
    script.client().close(now);
    script.drain();
    // XEP-0198 §4: `<a/>` right before the end; §7: and the end is said.
    assert_eq!(script.take_sent(), format!("{}{ASK}</stream:stream>", told(2)));
    assert_eq!(fates(&mut script), []);
    script.receive(told(1));
    assert_eq!(fates(&mut script), [(token, Fate::Acked)]);
    script.receive("</stream:stream>");
    assert_eq!(reason(&mut script), Reason::ClosedByUs);
}

#[test]
fn a_server_that_closes_is_told_of_all_that_came() {
    let mut script = managed(lasting());
    script.take_events(false);
    // XEP-0198 §4: otherwise it would deliver that again.
    script.receive(format!("<message/><message/>{ASK}</stream:stream>"));
    assert_eq!(script.take_sent(), format!("{}</stream:stream>", told(2)));
    script.take_events(true);
    assert_eq!(events(&mut script)[..2], ["Stanza", "Stanza"]);
}

#[test]
fn closing_with_nothing_to_ask_about_asks_nothing() {
    let mut script = managed(lasting());
    let now = script.now();
    script.client().close(now);
    script.drain();
    assert_eq!(script.take_sent(), format!("{}</stream:stream>", told(0)));
}

#[test]
fn what_is_not_acknowledged_when_the_stream_closes_is_handed_back() {
    let mut script = managed(lasting());
    let whole = send(&mut script, "whole");
    script.take_output(Some(5));
    let cut = send(&mut script, "cut");
    let now = script.now();
    let ping = Element::builder("ping", crate::ns::PING).build().unwrap();
    script.client().request(now, Request::get(ping)).unwrap();
    script.client().close(now);
    script.pass(secs(5));
    assert_eq!(reason(&mut script), Reason::TimedOut(Timer::Close));
    let outcomes = [script.next_completion(), script.next_completion()];
    assert!(
        matches!(
            &outcomes,
            [
                Some(Completion::Outcome { token: a, outcome: Outcome::Unacked(_) }),
                Some(Completion::Outcome { token: b, outcome: Outcome::Failed(_) }),
            ] if *a == whole && *b == cut
        ),
        "{outcomes:?}"
    );
    let reply = script.next_completion();
    let disconnected = Err(RequestError::Disconnected);
    assert!(matches!(reply, Some(Completion::Reply { result, .. }) if result == disconnected));
}

#[test]
fn nothing_follows_our_closing_tag() {
    let mut config = with(|management| management.ack_every = 1);
    config.keepalive.whitespace = Some(secs(1));
    config.close_timeout = secs(100);
    let mut script = managed(config);
    script.take_events(false);
    script.receive("<message/><message/>");
    send(&mut script, "hi");
    let now = script.now();
    script.client().close(now);
    script.drain();
    assert!(script.take_sent().ends_with("</stream:stream>"));
    // RFC 6120 §4.4: not an answer, not a question, not a space.
    script.receive(format!("<message/>{ASK}"));
    script.take_events(true);
    script.receive(ASK);
    script.pass(secs(99));
    assert_eq!(script.take_sent(), "");
    assert!(!script.client().is_idle(), "the time to close is not up");
    script.pass(secs(1));
    assert_eq!(reason(&mut script), Reason::TimedOut(Timer::Close));
}

#[test]
fn nothing_follows_a_stream_error() {
    let mut script = managed(with(|management| management.ack_every = 1));
    script.take_events(false);
    script.receive("<message/>");
    send(&mut script, "hi");
    script.take_sent();
    script.take_output(Some(0));
    script.receive(
        "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    );
    script.pass(secs(3));
    script.take_events(true);
    script.take_output(None);
    assert_eq!(script.take_sent(), format!("{}</stream:stream>", told(1)));
}

#[test]
fn a_managed_stream_is_the_same_however_it_is_cut() {
    // Without questions: the answer depends on what the application has taken by then.
    let talk = format!(
        "<message><body>1</body></message><iq type='get' id='q'><x xmlns='urn:x'/></iq>\
         {}<presence/>{}</stream:stream>",
        told(1),
        told(2)
    );
    same_for_all_chunks(1200, |chunks| {
        let mut script = managed_by(lasting(), chunks, SM, ENABLED);
        send(&mut script, "a");
        send(&mut script, "b");
        script.receive(&talk);
        transcript(&mut script)
    });
}

#[test]
fn same_seed_and_same_input_give_the_same_bytes() {
    let run = || {
        let mut script = managed(with(|management| management.request_every = 2));
        for n in 0..5 {
            send(&mut script, &format!("{n}"));
        }
        lose(&mut script);
        come_back(&mut script, 2);
        send(&mut script, "more");
        script.pass(secs(3));
        script.receive(told(99));
        let mut lines = transcript(&mut script);
        let asked = attempt(&mut script, SM);
        lines.push(bind(&mut script, &asked));
        lines.extend(transcript(&mut script));
        lines
    };
    assert_eq!(run(), run());
}
