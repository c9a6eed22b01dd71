//! A session that is resumed within the login (XEP-0198 §9.2).

use super::*;
use crate::endpoint::PeerFault;
use crate::testing::bind_result;

const FULL: &str = "alice@example.org/Sonnet~x";

fn features() -> String {
    sasl2(&["PLAIN"], &format!("{BIND}{SM}"))
}

/// A client whose session was interrupted, on the stream that follows: it has received one stanza,
/// and two that it sent are not acknowledged.
fn interrupted(fast: FastLogin, features: &str) -> Script {
    let bind = fast.bind;
    let mut script = offered(with(fast), features);
    if bind {
        script.receive(success(FULL, &bound(ENABLED)));
        script.receive(AFTER);
    } else {
        script.receive(success(ALICE, ""));
        script.receive(AFTER);
        let id = script.last_id();
        script.receive(bind_result(&id, FULL));
        script.receive(ENABLED);
    }
    script.receive("<message id='m1'/>");
    let now = script.now();
    for body in ["one", "two"] {
        script.client().send(now, message("bob@example.org", body)).expect("online");
    }
    script.drain();
    assert_eq!(events(&mut script), [format!("online {FULL}"), "stanza m1".into()]);
    come_back(&mut script, features);
    assert_eq!(events(&mut script), ["disconnected true"]);
    script
}

const RESUMED: &str = "<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='1'/>";

#[test]
fn xep0198_9_2_a_session_is_resumed_within_the_login() {
    for bind in [true, false] {
        let mut script = interrupted(FastLogin::default().with_bind(bind), &features());
        let sent = script.take_sent();
        let resume = "</initial-response><resume xmlns='urn:xmpp:sm:3' previd='sm1' h='1'/>";
        assert!(sent.contains(resume), "{sent}");
        assert_eq!(sent.contains("<bind xmlns='urn:xmpp:bind:0'>"), bind);
        script.receive(success(FULL, RESUMED));
        // §9.2: the stream is the old one from here on, without features.
        assert_eq!(events(&mut script), ["resumed"]);
        let sent = script.take_sent();
        assert!(!sent.contains("one") && sent.contains("two"), "what was not handled: {sent}");
        script.receive("<message id='m2'/><r xmlns='urn:xmpp:sm:3'/>");
        assert_eq!(events(&mut script), ["stanza m2"]);
        assert!(script.take_sent().ends_with("<a xmlns='urn:xmpp:sm:3' h='2'/>"));
    }
}

#[test]
fn features_that_come_behind_replayed_stanzas_are_no_matter() {
    let mut script = interrupted(binding(), &features());
    // As Prosody does it.
    script.receive(success(ALICE, RESUMED));
    script.receive("<message id='m2'/>");
    script.receive(AFTER);
    script.receive("<r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(events(&mut script), ["resumed", "stanza m2"]);
    assert!(script.take_sent().ends_with("<a xmlns='urn:xmpp:sm:3' h='2'/>"));
    // Once: then they are what any other unknown element is.
    script.receive("<stream:features/>");
    assert!(events(&mut script)[0].starts_with("Nonza"));
}

#[test]
fn xep0198_9_2_a_session_that_is_gone_makes_room_for_a_new_one() {
    let failed = "<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found \
                  xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    let mut script = interrupted(binding(), &features());
    script.receive(success("alice@example.org/new", &format!("{failed}{}", bound(ENABLED))));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["lost", "online alice@example.org/new"]);
    // What was handled before it was forgotten is told from the rest.
    let outcomes: Vec<_> =
        core::iter::from_fn(|| script.next_completion()).map(|it| format!("{it:?}")).collect();
    assert!(outcomes[0].contains("Acked") && outcomes[1].contains("Unacked"), "{outcomes:?}");
    // The new one is managed, and counts from nothing.
    script.receive("<message id='m1'/><r xmlns='urn:xmpp:sm:3'/>");
    assert!(script.take_sent().ends_with("<a xmlns='urn:xmpp:sm:3' h='1'/>"));
}

#[test]
fn a_session_that_is_gone_is_told_before_a_resource_is_bound_in_the_old_way() {
    let failed = "<failed xmlns='urn:xmpp:sm:3'/>";
    let mut script = interrupted(FastLogin::default(), &features());
    script.take_sent();
    script.receive(success(ALICE, failed));
    assert_eq!(events(&mut script), ["lost"]);
    script.receive(AFTER);
    let id = script.last_id();
    let sent = script.take_sent();
    assert!(sent.contains("urn:ietf:params:xml:ns:xmpp-bind") && !sent.contains("<resume"));
    script.receive(bind_result(&id, "alice@example.org/new"));
    assert_eq!(events(&mut script), ["online alice@example.org/new"]);
}

#[test]
fn where_it_is_not_offered_within_the_login_it_is_done_after_it() {
    let mut script = interrupted(FastLogin::default(), &sasl2(&["PLAIN"], ""));
    assert!(!script.take_sent().contains("<resume"));
    script.receive(success(ALICE, ""));
    script.receive(AFTER);
    assert_eq!(script.take_sent(), "<resume xmlns='urn:xmpp:sm:3' previd='sm1' h='1'/>");
    script.receive(RESUMED);
    assert_eq!(events(&mut script), ["resumed"]);
}

#[test]
fn a_new_resource_is_the_end_of_the_old_session_even_if_nobody_says_so() {
    let mut script = interrupted(binding(), &features());
    script.receive(success("alice@example.org/new", &bound(ENABLED)));
    script.receive(AFTER);
    assert_eq!(events(&mut script), ["lost", "online alice@example.org/new"]);
}

#[test]
fn a_resumption_that_cannot_be_true_ends_the_stream() {
    for (resumed, fault) in [
        ("<resumed xmlns='urn:xmpp:sm:3' previd='other' h='1'/>", "order"),
        ("<resumed xmlns='urn:xmpp:sm:3' previd='sm1'/>", "count"),
        ("<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='3'/>", "high"),
    ] {
        let mut script = interrupted(binding(), &features());
        script.receive(success(ALICE, resumed));
        let told = events(&mut script);
        let sent = script.take_sent();
        assert!(sent.contains("<stream:error>"), "{fault} {told:?} {sent}");
    }
    // Nobody asked.
    let mut script = offered(with(binding()), features());
    script.receive(success(FULL, RESUMED));
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::OutOfOrder { .. })));
}
