//! Rosters (RFC 6121 §2).

use super::contacts::{condition, query};
use super::*;
use crate::domain::RosterStorage;
use crate::endpoint::{ClientConfig, Request};
use crate::modules::roster::{RosterItem, RosterLimits, RosterPayload};
use crate::stanza::Condition;

const BOB: &str = "<item jid='bob@example.org'/>";

/// Logs in and asks for the roster.
fn interested(world: &mut World, jid: &str) -> ClientId {
    let id = world.login(jid);
    world.get_roster(id, None);
    id
}

#[test]
fn a_new_account_has_an_empty_roster() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    // RFC 6121 §2.1.3.
    let roster = world.get_roster(alice, None).unwrap();
    assert_eq!(roster.items.len(), 0);
    // RFC 6121 §2.6.3: it has a version, though nobody asked for one.
    assert!(roster.ver.is_some());
}

#[test]
fn an_item_is_added_and_pushed_to_all_interested_resources() {
    let mut world = world();
    let desk = interested(&mut world, "alice@example.org/desk");
    let phone = interested(&mut world, "alice@example.org/phone");
    let careless = world.login("alice@example.org/careless");
    let bob = interested(&mut world, "bob@example.org/phone");
    let item =
        "<item jid='bob@example.org' name='Bob'><group>Friends</group><group>Work</group></item>";
    assert_eq!(world.set_roster(desk, item), Ok(()));
    // RFC 6121 §2.3.2, §2.1.6: the one that has set it, too; only those that have asked for it.
    let pushed = ["push bob@example.org none 'Bob' [Friends] [Work]"];
    assert_eq!(world.seen(desk), pushed);
    assert_eq!(world.seen(phone), pushed);
    // RFC 6121 §2.3.2: the contact is not told.
    world.silent(&[careless, bob]);
    assert_eq!(world.roster(phone), ["bob@example.org none 'Bob' [Friends] [Work]"]);
    assert_eq!(world.roster(bob), [""; 0]);
}

#[test]
fn a_push_is_a_request_from_the_account_to_the_resource_with_an_id_of_its_own() {
    let mut world = world();
    let desk = interested(&mut world, "alice@example.org/desk");
    let phone = interested(&mut world, "alice@example.org/phone");
    world.set_roster(desk, BOB).unwrap();
    world.set_roster(desk, BOB).unwrap();
    // RFC 6121 §2.1.6
    let mut ids = Vec::new();
    for (id, own) in [(desk, "alice@example.org/desk"), (phone, "alice@example.org/phone")] {
        let queries = world.take_queries(id);
        assert_eq!(queries.len(), 2);
        for query in queries {
            assert_eq!(query.iq().from(), Some(&jid("alice@example.org")));
            assert_eq!(query.iq().to(), Some(&jid(own)));
            ids.push(String::from(query.iq().id()));
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn pushes_that_are_refused_or_not_answered_do_no_harm() {
    let mut world = world();
    let alice = interested(&mut world, "alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    world.set_roster(alice, "<item jid='carol@example.org'/>").unwrap();
    let mut queries = world.take_queries(alice);
    let _forgotten = queries.pop();
    for query in queries {
        world.answer(alice, query, Err(Condition::ServiceUnavailable.into())).unwrap();
    }
    world.settle();
    // RFC 6121 §2.1.6: what is answered ends at the server.
    world.silent(&[alice]);
    assert_eq!(world.roster(alice), ["bob@example.org none", "carol@example.org none"]);
}

#[test]
fn an_update_changes_name_and_groups_and_nothing_else() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, "alice@example.org"), (bob, "bob@example.org"));
    // RFC 6121 §2.1.2.5, §2.1.2.2, §2.1.2.1: what a client says of subscriptions is ignored.
    let item = "<item jid='bob@example.org' name='B' subscription='none' ask='subscribe' \
        approved='true'><group>G</group></item>";
    world.set_roster(alice, item).unwrap();
    assert_eq!(world.seen(alice), ["push bob@example.org both 'B' [G]"]);
    // RFC 6121 §2.4.1: what is not said is taken away.
    world.set_roster(alice, BOB).unwrap();
    assert_eq!(world.seen(alice), ["push bob@example.org both"]);
    world.silent(&[bob]);
    assert_eq!(world.roster(bob), ["alice@example.org both"]);

    world
        .set_roster(alice, "<item jid='carol@example.org' subscription='both' approved='1'/>")
        .unwrap();
    assert_eq!(world.seen(alice), ["push carol@example.org none"]);
}

#[test]
fn an_item_is_removed_once() {
    let mut world = world();
    let alice = interested(&mut world, "alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    world.seen(alice);
    let remove = "<item jid='bob@example.org' subscription='remove'/>";
    assert_eq!(world.set_roster(alice, remove), Ok(()));
    // RFC 6121 §2.5.2
    assert_eq!(world.seen(alice), ["push bob@example.org remove"]);
    assert_eq!(world.roster(alice), [""; 0]);
    // RFC 6121 §2.5.3
    assert_eq!(world.set_roster(alice, remove), Err(Condition::ItemNotFound));
    world.silent(&[alice]);
}

#[test]
fn a_roster_set_that_breaks_the_rules_changes_nothing() {
    let mut config = config();
    config.max_roster_name = 5;
    config.max_roster_groups = 2;
    let mut world = world_of(config);
    let alice = interested(&mut world, "alice@example.org/desk");
    let group = |names: &[&str]| {
        let groups: Vec<_> = names.iter().map(|it| format!("<group>{it}</group>")).collect();
        format!("<item jid='bob@example.org'>{}</item>", groups.concat())
    };
    let two = format!("{BOB}<item jid='carol@example.org'/>");
    // RFC 6121 §2.3.3
    for (items, error) in [
        ("", Condition::BadRequest),
        (&two, Condition::BadRequest),
        (&group(&["a", "a"]), Condition::BadRequest),
        ("<item/>", Condition::BadRequest),
        ("<item jid='bob@example.org/phone'/>", Condition::BadRequest),
        ("<item jid='@example.org'/>", Condition::JidMalformed),
        ("<item jid='bob@example.org' name='Robert'/>", Condition::NotAcceptable),
        (&group(&[""]), Condition::NotAcceptable),
        (&group(&["abcdef"]), Condition::NotAcceptable),
        (&group(&["a", "b", "c"]), Condition::NotAcceptable),
        ("<item jid='alice@example.org'/>", Condition::NotAllowed),
        ("<item jid='alice@example.org' subscription='remove'/>", Condition::NotAllowed),
    ] {
        assert_eq!(world.set_roster(alice, items), Err(error), "{items}");
    }
    let odd = "<other xmlns='jabber:iq:roster'/>".parse().unwrap();
    assert_eq!(condition(world.ask(alice, Request::set(odd))), Err(Condition::BadRequest));
    world.silent(&[alice]);
    assert_eq!(world.roster(alice), [""; 0]);
    // What meets the limits is taken.
    let most =
        "<item jid='bob@example.org' name='Rober'><group>abcde</group><group>b</group></item>";
    assert_eq!(world.set_roster(alice, most), Ok(()));
}

#[test]
fn nobody_reads_or_changes_the_roster_of_another() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, "alice@example.org"), (bob, "bob@example.org"));
    // RFC 6121 §2.3.3; the same where there is no such account.
    for account in ["alice@example.org", "carol@example.org", "nobody@example.org"] {
        let set = Request::set(query(None, "<item jid='mallory@example.org'/>"));
        assert_eq!(condition(world.ask(bob, set.to(jid(account)))), Err(Condition::Forbidden));
        let get = world.ask(bob, Request::get(query(None, "")).to(jid(account)));
        assert_eq!(condition(get), Err(Condition::Forbidden));
    }
    world.silent(&[alice, bob]);
    assert_eq!(world.roster(alice), ["bob@example.org both"]);
    // RFC 6121 §2.1.3: to the own account by name is as good as without.
    let own = Request::get(query(None, "")).to(jid("bob@example.org"));
    assert!(condition(world.ask(bob, own)).is_ok());
}

#[test]
fn a_client_with_the_current_version_gets_an_empty_result() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    // RFC 6121 §2.6.2: a client that knows versions says so with an empty one.
    let roster = world.get_roster(alice, Some("")).unwrap();
    let ver = roster.ver.unwrap();
    assert_eq!(roster.items.len(), 1);
    // RFC 6121 §2.6.3
    assert_eq!(world.get_roster(alice, Some(&ver)), None);
    world.silent(&[alice]);
}

#[test]
fn a_client_with_an_earlier_version_gets_what_has_changed_as_pushes() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for name in ["a", "b", "c", "d", "e"] {
        world.set_roster(alice, &format!("<item jid='{name}@example.org'/>")).unwrap();
    }
    let ver = world.get_roster(alice, Some("")).unwrap().ver.unwrap();
    world.set_roster(alice, "<item jid='d@example.org' name='1'/>").unwrap();
    world.set_roster(alice, "<item jid='a@example.org' subscription='remove'/>").unwrap();
    world.set_roster(alice, "<item jid='d@example.org' name='2'/>").unwrap();
    world.seen(alice);

    let other = world.login("alice@example.org/phone");
    assert_eq!(world.get_roster(other, Some(&ver)), None);
    // RFC 6121 §2.6.3: in the order of the last changes, each contact once.
    let last = world.get_roster(alice, Some("")).unwrap().ver;
    let vers = world.take_queries(other).into_iter().map(|query| {
        let payload = query.iq().payload().unwrap();
        let jid = payload.elements().next().unwrap().attr("jid").unwrap().into_owned();
        (jid, payload.attr("ver").map(String::from))
    });
    let vers: Vec<_> = vers.collect();
    assert_eq!(vers.len(), 2);
    assert_eq!(vers[0].0, "a@example.org");
    // RFC 6121 §2.6.3: with the last push it has the current version.
    assert_eq!(vers[1], ("d@example.org".into(), last.clone()));
    assert_ne!(vers[0].1, last);
}

#[test]
fn a_version_that_is_unknown_or_too_old_brings_the_whole_roster() {
    // RFC 6121 §2.6.3.
    let mut config = config();
    config.max_roster_changes = 2;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    let mut vers = Vec::new();
    for name in ["a", "b", "c"] {
        vers.push(world.get_roster(alice, Some("")).unwrap().ver.unwrap());
        world.set_roster(alice, &format!("<item jid='{name}@example.org'/>")).unwrap();
    }
    world.seen(alice);
    for ver in ["0", "1", "ver7", "-1", "ffffffffffffffff", "fffffffffffffffff", &vers[0]] {
        let roster = world.get_roster(alice, Some(ver)).expect(ver);
        assert_eq!(roster.items.len(), 4, "{ver}");
        assert!(roster.ver.is_some());
    }
    world.silent(&[alice]);
    assert_eq!(world.get_roster(alice, Some(&vers[1])), None);
    assert_eq!(world.seen(alice).len(), 2);
}

#[test]
fn more_changes_than_contacts_come_as_the_whole_roster() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    world.set_roster(alice, "<item jid='carol@example.org'/>").unwrap();
    let ver = world.get_roster(alice, Some("")).unwrap().ver.unwrap();
    world.set_roster(alice, "<item jid='bob@example.org' subscription='remove'/>").unwrap();
    world.set_roster(alice, "<item jid='carol@example.org' subscription='remove'/>").unwrap();
    world.seen(alice);
    // RFC 6121 §2.6.3: whichever is shorter.
    assert_eq!(world.get_roster(alice, Some(&ver)).map(|roster| roster.items.len()), Some(0));
    world.silent(&[alice]);
}

#[test]
fn a_version_of_an_earlier_account_of_that_name_is_unknown() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.set_roster(alice, BOB).unwrap();
    let ver = world.get_roster(alice, Some("")).unwrap().ver.unwrap();
    let account = jid("alice@example.org").to_bare();
    assert_eq!(world.with_domain(|domain, now| domain.remove_account(now, &account)), Ok(true));
    world.settle();
    world.account("alice", "again");
    let alice = world.login("alice@example.org/desk");
    world.set_roster(alice, "<item jid='carol@example.org'/>").unwrap();
    let roster = world.get_roster(alice, Some(&ver)).unwrap();
    assert_eq!(roster.items.len(), 1);
    assert_eq!(roster.items[0].jid, jid("carol@example.org"));
}

#[test]
fn a_roster_takes_as_many_contacts_as_the_limit_says() {
    let mut config = config();
    config.max_roster_items = 2;
    let mut world = world_of(config);
    let alice = world.join("alice@example.org/desk");
    let carol = world.join("carol@example.org/phone");
    for name in ["a", "b"] {
        world.set_roster(alice, &format!("<item jid='{name}@example.org'/>")).unwrap();
    }
    world.seen(alice);
    assert_eq!(world.set_roster(alice, BOB), Err(Condition::ResourceConstraint));
    // No way around it: not by asking, not by approving what was asked or what might be.
    world.subscribe(alice, "bob@example.org");
    assert_eq!(world.seen(alice), ["error resource-constraint bob@example.org"]);
    world.approve(alice, "bob@example.org");
    assert_eq!(world.seen(alice), ["error resource-constraint bob@example.org"]);
    world.subscribe(carol, "alice@example.org");
    world.approve(alice, "carol@example.org");
    let refused = ["subscribe carol@example.org", "error resource-constraint carol@example.org"];
    assert_eq!(world.seen(alice), refused);
    assert_eq!(world.seen(carol), ["push alice@example.org none ask"]);
    assert_eq!(world.roster(alice), ["a@example.org none", "b@example.org none"]);
    // What is there can change, and make room.
    assert_eq!(world.set_roster(alice, "<item jid='a@example.org' name='A'/>"), Ok(()));
    world.set_roster(alice, "<item jid='a@example.org' subscription='remove'/>").unwrap();
    world.seen(alice);
    world.approve(alice, "carol@example.org");
    assert_eq!(world.seen(alice), ["push carol@example.org from"]);
    let approved = [
        "subscribed alice@example.org",
        "push alice@example.org to",
        "available alice@example.org/desk",
    ];
    assert_eq!(world.seen(carol), approved);
}

#[test]
fn removing_a_contact_ends_both_subscriptions() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, "alice@example.org"), (bob, "bob@example.org"));
    world.set_roster(alice, "<item jid='bob@example.org' subscription='remove'/>").unwrap();
    // RFC 6121 §2.5.2, §3.3.3, §3.2.3
    assert_eq!(
        world.seen(bob),
        [
            "unsubscribe alice@example.org",
            "push alice@example.org to",
            "unavailable alice@example.org/desk",
            "unsubscribed alice@example.org",
            "push alice@example.org none",
        ],
    );
    assert_eq!(
        world.seen(alice),
        ["push bob@example.org remove", "unavailable bob@example.org/phone"],
    );
    assert_eq!(world.roster(bob), ["alice@example.org none"]);
    assert_eq!(world.roster(alice), [""; 0]);
}

#[test]
fn removing_a_contact_takes_back_what_was_asked() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    world.subscribe(alice, "bob@example.org");
    world.set_roster(alice, "<item jid='bob@example.org' subscription='remove'/>").unwrap();
    world.seen(alice);
    // RFC 6121 §A.3.2: the stored request is gone.
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
}

#[test]
fn ten_thousand_contacts_come_in_one_result() {
    let mut world = world();
    world.with_domain(|domain, _| {
        for number in 0..10_000_u64 {
            let contact = jid(&format!("contact{number}@example.org")).to_bare();
            let item = RosterItem::new(contact).with_name(format!("Contact {number}"));
            domain.storage.change_roster("alice", &item, 1 + number, 256).unwrap();
        }
    });
    let mut config = ClientConfig::new(jid("alice@example.org").to_bare(), "alice").one_stream();
    config.scram.min_iterations = 1;
    config.limits = config.limits.with_stanza_bytes(4 * 1024 * 1024);
    let alice = world.connect_with(config);
    world.settle();
    let limits = RosterLimits::default();
    let answer = world.ask(alice, Request::get(query(None, ""))).unwrap();
    let roster = RosterPayload::from_element(answer.payload().unwrap(), &limits).unwrap();
    assert_eq!((roster.items.len(), roster.faults.len()), (10_000, 0));
}
