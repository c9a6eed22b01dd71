//! Pushes, and the commands that cause them (RFC 6121 §2.1.5, §2.1.6, §2.3 to §2.5).

use super::*;

#[test]
fn a_push_adds_changes_and_removes() {
    let mut script = loaded();
    push(&mut script, "", &query("v2", &[DAVE]));
    let [RosterEvent::Changed(dave)] = &told(&mut script)[..] else { panic!("one was added") };
    assert_eq!((dave.jid.as_str(), dave.ask), ("dave@example.com", true));
    // RFC 6121 §2.1.6: each push is answered.
    assert!(script.take_sent().contains("<iq id='push' type='result'/>"));

    // RFC 6121 §2.4.2
    push(&mut script, "", &query("v3", &["<item jid='bob@example.net' name='Robert'/>"]));
    let [RosterEvent::Changed(bob)] = &told(&mut script)[..] else { panic!("one has changed") };
    assert_eq!(bob.name.as_deref(), Some("Robert"));
    // An item stands for itself: groups that it does not name are gone.
    assert!(script.client().modules().groups().is_empty());

    // RFC 6121 §2.5.2
    let removed = "<item jid='bob@example.net' subscription='remove'/>";
    push(&mut script, "", &query("v4", &[removed]));
    assert_eq!(told(&mut script), [RosterEvent::Removed(jid("bob@example.net"))]);
    assert_eq!(contacts(&mut script), ["dave@example.com", "carol@example.net"]);
    assert_eq!(script.client().modules().version(), Some("v4"));
}

#[test]
fn removing_who_is_not_there_is_nothing_to_tell() {
    let mut script = loaded();
    push(&mut script, "", &query("v2", &["<item jid='x@y.example' subscription='remove'/>"]));
    assert_eq!(told(&mut script), []);
    assert_eq!(script.client().modules().version(), Some("v2"));
    assert!(script.take_sent().contains("type='result'"));
}

#[test]
fn only_the_account_itself_pushes() {
    let own = ["", "from='alice@example.org'"];
    let strangers = [
        "from='bob@example.net'",
        "from='bob@example.net/x'",
        "from='alice@example.org/r1'",
        "from='alice@example.org/other'",
        "from='example.org'",
        "from='alice@example.net'",
        "from='mallory@example.org'",
    ];
    // RFC 6121 §2.1.6
    for from in strangers {
        let mut script = loaded();
        push(&mut script, from, &query("v2", &[DAVE]));
        assert_eq!(told(&mut script), [], "{from}");
        assert_eq!(script.client().modules().len(), 2, "{from}");
        assert_eq!(script.client().modules().version(), Some("v1"), "{from}");
        let sent = script.take_sent();
        assert!(sent.contains("type='error'") && sent.contains("<service-unavailable "), "{sent}");
    }
    for from in own {
        let mut script = loaded();
        push(&mut script, from, &query("v2", &[DAVE]));
        assert_eq!(told(&mut script).len(), 1, "{from}");
        assert!(script.take_sent().contains("type='result'"), "{from}");
    }
}

#[test]
fn a_push_has_exactly_one_item() {
    // RFC 6121 §2.1.6
    for items in [&[][..], &[BOB, DAVE], &["<item/>", DAVE], &["<item/>", "<item/>"]] {
        let mut script = loaded();
        push(&mut script, "", &query("v2", items));
        assert_eq!(told(&mut script), [RosterEvent::Failed(RosterFault::NotOneItem)]);
        assert_eq!(script.client().modules().len(), 2);
        assert!(script.take_sent().contains("<bad-request "));
    }
}

#[test]
fn a_push_that_cannot_be_read_leaves_a_copy_without_version() {
    let mut script = loaded();
    push(&mut script, "", &query("v2", &["<item jid='a@b/c' name='x'/>"]));
    let told = told(&mut script);
    assert!(matches!(told[..], [RosterEvent::Failed(RosterFault::Item(_))]), "{told:?}");
    assert!(script.take_sent().contains("<not-acceptable "));
    // Something is missing: the next time, all of it is asked for.
    let roster = script.client().modules();
    assert_eq!((roster.len(), roster.version(), roster.is_current()), (2, None, false));
}

#[test]
fn a_version_without_its_predecessor_is_none() {
    let mut script = with_query(Roster::default(), &query("", &[BOB]));
    push(&mut script, "", &query("v2", &[DAVE]));
    assert_eq!(script.client().modules().version(), None);
    let mut script = loaded();
    push(&mut script, "", &query("", &[DAVE]));
    assert_eq!(script.client().modules().version(), None);
}

#[test]
fn other_queries_are_passed_on() {
    let mut script = loaded();
    script.receive(
        "<iq type='get' id='q' from='bob@example.net/x'><query xmlns='jabber:iq:roster'/></iq>",
    );
    script
        .receive("<iq type='set' id='q' from='bob@example.net/x'><query xmlns='urn:other'/></iq>");
    for _ in 0..2 {
        assert!(matches!(script.next_event(), Some(Event::Query(_))));
    }
    assert_eq!(script.client().modules().len(), 2);
}

#[test]
fn a_contact_is_added_when_the_server_says_so() {
    let mut script = loaded();
    let item = RosterItem::new(jid("dave@example.com")).with_name("Dave & Co").with_group("Work");
    // What a client has no say in is not sent (RFC 6121 §2.1.2.2, §2.1.2.5).
    let item = RosterItem { ask: true, approved: true, ..item };
    let item = item.with_subscription(Subscription::Both);
    let asked = command(&mut script, |roster, cx| roster.set(cx, &item).unwrap());
    // RFC 6121 §2.1.5, §2.3.1
    let sent = script.take_sent();
    let expected = "<query xmlns='jabber:iq:roster'><item jid='dave@example.com' \
        name='Dave &amp; Co'><group>Work</group></item></query></iq>";
    assert!(sent.contains("type='set'") && sent.ends_with(expected), "{sent}");
    assert_eq!(script.client().modules().len(), 2);

    let id = sent[sent.find(" id='").unwrap() + 5..].split('\'').next().unwrap().to_string();
    // RFC 6121 §2.3.2
    push(&mut script, "", &query("v2", &["<item jid='dave@example.com' name='Dave'/>"]));
    script.receive(format!("<iq type='result' id='{id}'/>"));
    assert_eq!(reply(&mut script, &asked), Ok(()));
    assert_eq!(script.client().modules().len(), 3);
}

#[test]
fn what_the_server_refuses_is_not_done() {
    let mut script = loaded();
    let item = RosterItem::new(jid("dave@example.com"));
    let asked = command(&mut script, |roster, cx| roster.set(cx, &item).unwrap());
    let id = script.last_id();
    // RFC 6121 §2.3.3
    script.receive(format!(
        "<iq type='error' id='{id}'><error type='modify'>\
         <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert!(matches!(reply(&mut script, &asked), Err(RequestError::Stanza(_))));
    assert_eq!(told(&mut script), []);
    assert_eq!(script.client().modules().len(), 2);
}

#[test]
fn renaming_keeps_the_groups_and_regrouping_the_name() {
    let mut script = loaded();
    let bob = jid("bob@example.net");
    command(&mut script, |roster, cx| roster.rename(cx, &bob, Some("Robert")).unwrap());
    // RFC 6121 §2.4.1
    let item = "<item jid='bob@example.net' name='Robert'><group>Friends</group></item>";
    assert!(script.take_sent().contains(item));
    command(&mut script, |roster, cx| roster.rename(cx, &bob, None).unwrap());
    let item = "<item jid='bob@example.net'><group>Friends</group></item>";
    assert!(script.take_sent().contains(item));
    command(&mut script, |roster, cx| roster.set_groups(cx, &bob, ["Work", "Tennis"]).unwrap());
    let item =
        "<item jid='bob@example.net' name='Bob'><group>Work</group><group>Tennis</group></item>";
    assert!(script.take_sent().contains(item));
    command(&mut script, |roster, cx| roster.set_groups(cx, &bob, []).unwrap());
    assert!(script.take_sent().contains("<item jid='bob@example.net' name='Bob'/>"));
}

#[test]
fn a_contact_is_removed_when_the_server_says_so() {
    let mut script = loaded();
    let asked =
        command(&mut script, |roster, cx| roster.remove(cx, &jid("bob@example.net")).unwrap());
    // RFC 6121 §2.5.1
    let item = "<item jid='bob@example.net' subscription='remove'/>";
    assert!(script.take_sent().contains(item));
    assert_eq!(script.client().modules().len(), 2);
    push(&mut script, "", &query("v2", &[item]));
    assert_eq!(script.client().modules().len(), 1);
    script.lose(LostCause::Eof);
    assert_eq!(reply(&mut script, &asked), Err(RequestError::Disconnected));
}

#[test]
fn commands_are_refused_where_they_cannot_be_sent() {
    let mut script = offline(Roster::default());
    let item = RosterItem::new(jid("dave@example.com"));
    let refused = command(&mut script, |roster, cx| roster.set(cx, &item).unwrap_err());
    assert_eq!(refused, Refused::Machine(crate::endpoint::Misuse::NotOnline));
    let mut script = loaded();
    let item = item.with_name("\u{1}");
    let refused = command(&mut script, |roster, cx| roster.set(cx, &item).unwrap_err());
    assert!(matches!(refused, Refused::Build(_)));
}
