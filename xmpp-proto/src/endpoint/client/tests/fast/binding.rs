//! A resource that is bound within the login (XEP-0386).

use super::*;
use crate::endpoint::PeerFault;
use crate::testing::{Chunks, bind_result};

const FULL: &str = "alice@example.org/Sonnet~x";

#[test]
fn xep0386_3_2_a_resource_is_bound_and_the_stream_managed_within_the_login() {
    let mut fast = binding();
    fast.carbons = true;
    let config = with(fast).with_resource("Sonnet");
    let mut script = offered(config, sasl2(&["PLAIN"], BIND));
    assert_eq!(
        script.take_sent(),
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>\
         <initial-response>AGFsaWNlAHNlY3JldA==</initial-response>\
         <bind xmlns='urn:xmpp:bind:0'><tag>Sonnet</tag>\
         <enable xmlns='urn:xmpp:sm:3' resume='true' max='300'/>\
         <enable xmlns='urn:xmpp:carbons:2'/></bind></authenticate>"
    );
    script.receive(success(FULL, &bound(ENABLED)));
    assert!(events(&mut script).is_empty(), "not before the features");
    script.receive(AFTER);
    assert_eq!(events(&mut script), [format!("online {FULL}")]);
    // Neither is asked for again.
    assert_eq!(script.take_sent(), "");
    // XEP-0198 §4: counted from the success on.
    script.receive("<message id='m1'/><r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(script.take_sent(), "<a xmlns='urn:xmpp:sm:3' h='1'/>");
    let now = script.now();
    script.client().send(now, message("bob@example.org", "hi")).expect("online");
    script.drain();
    script.receive("<a xmlns='urn:xmpp:sm:3' h='1'/>");
    let outcome = format!("{:?}", script.next_completion());
    assert!(outcome.contains("Acked"), "{outcome}");
}

#[test]
fn only_what_is_offered_and_wanted_is_asked_for() {
    let bare = "<bind xmlns='urn:xmpp:bind:0'/>";
    let empty = "<bind xmlns='urn:xmpp:bind:0'></bind>".replace("></bind>", "/>");
    let mut carbons = binding();
    carbons.carbons = true;
    let unmanaged = with(binding()).with_management(None);
    for (config, inline, asked) in [
        (with(FastLogin::default()), BIND, ""),
        (with(binding()), "", ""),
        (with(carbons), bare, &*empty),
        (unmanaged, BIND, &*empty),
    ] {
        let mut script = offered(config, sasl2(&["PLAIN"], inline));
        let sent = script.take_sent();
        assert!(sent.ends_with(&format!("</initial-response>{asked}</authenticate>")), "{sent}");
    }
}

#[test]
fn xep0352_a_client_that_nobody_uses_says_so_within_the_login() {
    let mut script = Script::new(with(binding()).with_management(None));
    let now = script.now();
    script.client().set_active(now, false);
    script.connect();
    script.receive(HEADER);
    script.receive(sasl2(&["PLAIN"], BIND));
    let sent = script.take_sent();
    assert!(
        sent.contains("<bind xmlns='urn:xmpp:bind:0'><inactive xmlns='urn:xmpp:csi:0'/></bind>")
    );
}

#[test]
fn a_stream_is_managed_afterwards_if_that_is_offered_only_there() {
    let mut script = offered(with(binding()), sasl2(&["PLAIN"], "<bind xmlns='urn:xmpp:bind:0'/>"));
    script.receive(success(FULL, &bound("")));
    script.take_sent();
    script.receive(AFTER);
    assert_eq!(script.take_sent(), "<enable xmlns='urn:xmpp:sm:3' resume='true' max='300'/>");
    script.receive(ENABLED);
    assert_eq!(events(&mut script), [format!("online {FULL}")]);
}

#[test]
fn xep0198_9_1_a_server_that_cannot_manage_the_stream_is_done_without() {
    let failed = "<failed xmlns='urn:xmpp:sm:3'><internal-server-error \
                  xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    for inside in [failed, ""] {
        let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
        script.receive(success(FULL, &bound(inside)));
        script.take_sent();
        script.receive(AFTER);
        assert_eq!(script.take_sent(), "", "it is not asked again");
        assert_eq!(events(&mut script), [format!("online {FULL}")]);
        let now = script.now();
        script.client().send(now, message("bob@example.org", "hi")).expect("online");
        script.drain();
        assert!(format!("{:?}", script.next_completion()).contains("Written"));
    }
}

#[test]
fn a_resource_that_was_not_bound_is_bound_in_the_old_way() {
    // Prosody, where binding fails.
    let failed = "<failed xmlns='urn:xmpp:bind:0'><conflict \
                  xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    for more in [failed, ""] {
        let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
        script.receive(success(ALICE, more));
        script.take_sent();
        script.receive(AFTER);
        let id = script.last_id();
        assert!(script.take_sent().contains("urn:ietf:params:xml:ns:xmpp-bind"));
        script.receive(bind_result(&id, "alice@example.org/r"));
        assert_eq!(events(&mut script), ["online alice@example.org/r"]);
    }
}

#[test]
fn what_comes_before_the_features_waits_for_them_and_counts() {
    let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
    script.receive(success(FULL, &bound(ENABLED)));
    script
        .receive("<message id='m1'/><iq type='get' id='q1' from='example.org'><x xmlns='y'/></iq>");
    script.receive("<presence id='p1'/>");
    assert!(events(&mut script).is_empty());
    script.receive(AFTER);
    let seen = events(&mut script);
    assert_eq!(seen[..2], [format!("online {FULL}"), "stanza m1".into()]);
    assert!(seen[2].starts_with("Query"), "{seen:?}");
    assert_eq!(seen[3..], ["stanza p1"]);
    script.take_sent();
    script.receive("<r xmlns='urn:xmpp:sm:3'/>");
    assert!(script.take_sent().contains("h='3'"));
}

#[test]
fn a_server_that_never_sends_features_cannot_fill_the_memory() {
    let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
    script.receive(success(FULL, &bound(ENABLED)));
    script.receive("<message/>".repeat(64));
    assert!(script.next_event().is_none());
    script.receive("<message/>");
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::OutOfOrder { .. })));
}

#[test]
fn nobody_is_bound_who_did_not_ask() {
    let mut script = offered(with(FastLogin::default()), sasl2(&["PLAIN"], BIND));
    script.receive(success(FULL, &bound("")));
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::OutOfOrder { .. })));

    // A bare address is no resource.
    let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
    script.receive(success(ALICE, &bound("")));
    assert_eq!(reason(&mut script), Reason::Peer(PeerFault::BadBindResult));
}

#[test]
fn a_transport_that_breaks_before_the_features_leaves_no_session() {
    let mut script = offered(with(binding()), sasl2(&["PLAIN"], BIND));
    script.receive(success(FULL, &bound(ENABLED)));
    script.lose(crate::endpoint::LostCause::Eof);
    assert!(!script.client().is_suspended());
    assert!(script.client().jid().is_none());
    assert!(matches!(reason(&mut script), Reason::Transport(_)));
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn any_chunking_gives_the_same_login() {
    let parts = [
        sasl2(&["PLAIN"], &format!("{BIND}{SM}{FAST}")),
        success(FULL, &format!("{}{}", given("t1"), bound(ENABLED))),
        "<message id='m1'/>".into(),
        AFTER.into(),
        "<message id='m2'/><r xmlns='urn:xmpp:sm:3'/>".into(),
    ];
    let length = HEADER.len() + parts.iter().map(String::len).sum::<usize>();
    let scenario = |chunks: Chunks| {
        let config = with(FastLogin::new(ID).with_bind(true));
        let mut script = Script::new(config).with_chunks(chunks);
        script.connect();
        script.receive(HEADER);
        for part in &parts {
            script.receive(part);
        }
        transcript(&mut script)
    };
    same_for_all_chunks(length, scenario);
}
