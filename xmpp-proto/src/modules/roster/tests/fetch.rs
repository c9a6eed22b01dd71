//! How the roster is asked for, and what the answers do (RFC 6121 §2.1.3, §2.2, §2.6).

use super::*;

#[test]
fn the_roster_is_asked_for_when_the_client_comes_online() {
    let mut script = asking(Roster::default());
    // RFC 6121 §2.1.3, §2.2; §2.6.2: with an empty version, as there is none yet.
    assert!(script.take_sent().ends_with("<query xmlns='jabber:iq:roster' ver=''/></iq>"));
    assert!(!script.client().modules().is_current());
}

#[test]
fn servers_without_versions_are_asked_for_everything() {
    let mut script = loaded();
    script.lose(LostCause::Eof);
    script.login(&config());
    answer(&mut script, "");
    // RFC 6121 §2.6.2
    assert!(script.take_sent().ends_with("<query xmlns='jabber:iq:roster'/></iq>"));
    let fault = RosterFault::Read(ReadError::Missing { what: "query" });
    assert!(told(&mut script).contains(&RosterEvent::Failed(fault)));
}

#[test]
fn whoever_does_not_want_it_asks_later() {
    let mut script = asking(Roster::new(RosterConfig::new().with_fetch(false)));
    assert!(!script.take_sent().contains("jabber:iq:roster"));
    let asked = command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    answer(&mut script, &query("", &[BOB]));
    assert_eq!(contacts(&mut script), ["bob@example.net"]);
    assert_eq!(reply(&mut script, &asked), Ok(()));
    assert!(script.client().modules().is_current());
}

#[test]
fn a_result_is_the_roster() {
    let mut script = asking(Roster::default());
    answer(&mut script, &query("v1", &[CAROL, BOB, DAVE]));
    let (removed, faults) = (vec![], vec![]);
    assert_eq!(told(&mut script), [RosterEvent::Loaded { is_changed: true, removed, faults }]);
    // By domain, then by local part.
    let expected = ["dave@example.com", "bob@example.net", "carol@example.net"];
    assert_eq!(contacts(&mut script), expected);
    let roster = script.client().modules();
    assert_eq!((roster.version(), roster.len(), roster.is_current()), (Some("v1"), 3, true));
    let bob = roster.get(&jid("bob@example.net")).unwrap();
    assert_eq!(bob.name.as_deref(), Some("Bob"));
    assert_eq!(bob.subscription, Subscription::Both);
    assert!(roster.get(&jid("dave@example.com")).unwrap().ask);
    assert_eq!(roster.groups().into_iter().collect::<Vec<_>>(), ["Friends"]);
    assert_eq!(roster.in_group("Friends").count(), 1);
}

#[test]
fn an_empty_roster_is_one() {
    let mut script = asking(Roster::default());
    // RFC 6121 §2.1.4
    answer(&mut script, &query("", &[]));
    let roster = script.client().modules();
    assert!(roster.is_current() && roster.is_empty());
}

#[test]
fn it_is_the_same_however_the_input_is_cut() {
    let mut script = offline(Roster::default()).with_chunks(Chunks::Of(1));
    login(&mut script);
    answer(&mut script, &query("v1", &[BOB, CAROL]));
    push(&mut script, "", &query("v2", &[DAVE]));
    assert_eq!(script.client().modules().copy, {
        let mut whole = loaded();
        push(&mut whole, "", &query("v2", &[DAVE]));
        whole.client().modules().copy.clone()
    });
}

#[test]
fn the_next_session_asks_for_what_has_changed() {
    let mut script = loaded();
    script.lose(LostCause::Eof);
    // What there was can still be shown.
    assert_eq!(script.client().modules().len(), 2);
    assert!(!script.client().modules().is_current());
    login(&mut script);
    // RFC 6121 §2.6.2
    assert!(script.take_sent().ends_with("<query xmlns='jabber:iq:roster' ver='v1'/></iq>"));
}

#[test]
fn an_empty_result_keeps_what_there_is() {
    let mut script = loaded();
    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    // RFC 6121 §2.6.3
    answer(&mut script, "");
    let (removed, faults) = (vec![], vec![]);
    assert_eq!(told(&mut script), [RosterEvent::Loaded { is_changed: false, removed, faults }]);
    assert_eq!(script.client().modules().len(), 2);
    assert!(script.client().modules().is_current());
    // RFC 6121 §2.6.3: the changes follow as pushes, each with its version.
    push(&mut script, "", &query("v2", &[DAVE]));
    assert_eq!(script.client().modules().version(), Some("v2"));
}

#[test]
fn an_empty_result_says_nothing_to_who_has_no_version() {
    let mut script = asking(Roster::default());
    answer(&mut script, "");
    let fault = RosterFault::Read(ReadError::Missing { what: "query" });
    assert_eq!(told(&mut script), [RosterEvent::Failed(fault)]);
    assert!(!script.client().modules().is_current());
}

#[test]
fn a_full_result_replaces_everything_and_tells_what_went() {
    let mut script = loaded();
    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    // RFC 6121 §2.6.3: the server may send the whole roster instead.
    answer(&mut script, &query("v9", &[BOB, DAVE]));
    let (removed, faults) = (vec![jid("carol@example.net")], vec![]);
    assert_eq!(told(&mut script), [RosterEvent::Loaded { is_changed: true, removed, faults }]);
    assert_eq!(contacts(&mut script), ["dave@example.com", "bob@example.net"]);
    assert_eq!(script.client().modules().version(), Some("v9"));
}

#[test]
fn a_result_from_a_stranger_changes_nothing() {
    let mut script = asking(Roster::default());
    let id = script.last_id();
    // RFC 6121 §2.1.3: from the account itself; RFC 6120 §10.3.3.
    for from in ["mallory@example.org", "alice@example.net", "example.org", "mallory@evil/x"] {
        let result = query("v1", &[BOB]);
        script.receive(format!("<iq type='result' id='{id}' from='{from}'>{result}</iq>"));
        assert!(script.client().modules().is_empty(), "{from}");
    }
    script.receive(format!(
        "<iq type='result' id='{id}' from='alice@example.org'>{}</iq>",
        query("v1", &[BOB])
    ));
    assert_eq!(contacts(&mut script), ["bob@example.net"]);
}

#[test]
fn an_error_is_told_and_changes_nothing() {
    let mut script = loaded();
    let asked = command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    let id = script.last_id();
    script.receive(format!(
        "<iq type='error' id='{id}'><error type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    // RFC 6121 §2.1.4
    let [RosterEvent::Failed(RosterFault::Request(RequestError::Stanza(error)))] =
        &told(&mut script)[..]
    else {
        panic!("an error is told")
    };
    assert_eq!(error.condition(), Condition::ItemNotFound);
    assert!(matches!(reply(&mut script, &asked), Err(RequestError::Stanza(_))));
    assert_eq!(script.client().modules().len(), 2);
    assert!(!script.client().modules().is_current());
}

#[test]
fn a_server_that_does_not_answer_is_told() {
    let mut script = asking(Roster::default());
    script.pass(core::time::Duration::from_mins(10));
    let failed = told(&mut script);
    let fault = RosterFault::Request(RequestError::TimedOut);
    assert!(failed.contains(&RosterEvent::Failed(fault)), "{failed:?}");
}

#[test]
fn an_answer_that_is_no_roster_changes_nothing() {
    let mut script = loaded();
    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    answer(&mut script, "<query xmlns='urn:other'><item jid='x@y'/></query>");
    assert_eq!(told(&mut script), [RosterEvent::Failed(RosterFault::NotARoster)]);
    assert_eq!(script.client().modules().len(), 2);
}

#[test]
fn only_the_newest_request_counts() {
    let mut script = asking(Roster::default());
    let first = script.last_id();
    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    answer(&mut script, &query("", &[BOB]));
    script.receive(format!("<iq type='result' id='{first}'>{}</iq>", query("", &[])));
    assert_eq!(contacts(&mut script), ["bob@example.net"]);
}

#[test]
fn items_that_cannot_be_read_are_left_out_and_told() {
    let mut script = asking(Roster::default());
    let bad = ["<item/>", "<item jid='a@b/c'/>", "<item jid='@'/>", "<other xmlns='urn:x'/>", BOB];
    answer(&mut script, &query("v1", &bad));
    let [RosterEvent::Loaded { is_changed: true, faults, .. }] = &told(&mut script)[..] else {
        panic!("the rest of it is a roster")
    };
    assert_eq!(faults.len(), 3);
    assert_eq!(contacts(&mut script), ["bob@example.net"]);
    // With a version, the server would never send them again.
    assert_eq!(script.client().modules().version(), None);
}

fn many(count: usize) -> String {
    let item = |i| format!("<item jid='user{i}@example.net' subscription='both'/>");
    query("v1", &[&(0..count).map(item).collect::<String>()])
}

fn limits(max_items: usize) -> RosterConfig {
    RosterConfig::new().with_limits(RosterLimits { max_items, ..RosterLimits::default() })
}

#[test]
fn fifty_thousand_contacts_are_taken_in_and_one_more_is_not() {
    let mut script = asking(Roster::new(limits(50_000)));
    answer(&mut script, &many(50_000));
    assert_eq!(script.client().modules().len(), 50_000);
    assert!(script.client().modules().is_current());
    told(&mut script);

    let one_more = query("v2", &["<item jid='late@example.net'/>"]);
    push(&mut script, "", &one_more);
    let fault = RosterFault::TooManyItems { limit: 50_000 };
    assert_eq!(told(&mut script), [RosterEvent::Failed(fault.clone())]);
    let roster = script.client().modules();
    assert_eq!((roster.len(), roster.version(), roster.is_current()), (50_000, None, false));
    assert!(script.take_sent().contains("<resource-constraint "));
    // Those that are there can change.
    let change = "<item jid='user7@example.net' name='Seven'/>";
    push(&mut script, "", &query("v3", &[change]));
    let seven = script.client().modules().get(&jid("user7@example.net")).unwrap();
    assert_eq!(seven.name.as_deref(), Some("Seven"));
    // What is missing is not hidden by a version.
    assert_eq!(script.client().modules().version(), None);

    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    told(&mut script);
    answer(&mut script, &many(50_001));
    assert_eq!(told(&mut script), [RosterEvent::Failed(fault)]);
    assert_eq!(script.client().modules().len(), 50_000);
}

#[test]
fn by_default_ten_thousand_contacts_are_taken_in() {
    let mut script = asking(Roster::default());
    answer(&mut script, &many(10_001));
    let fault = RosterFault::TooManyItems { limit: 10_000 };
    assert_eq!(told(&mut script), [RosterEvent::Failed(fault)]);
    command(&mut script, |roster, cx| roster.refresh(cx).unwrap());
    answer(&mut script, &many(10_000));
    assert_eq!(script.client().modules().len(), 10_000);
}
