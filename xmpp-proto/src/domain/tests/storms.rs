//! What happens when clients do too much of something: no more than they do.

use super::*;
use crate::domain::RosterStorage;
use crate::modules::roster::{RosterItem, Subscription};
use crate::stanza::PresenceType;

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

#[test]
fn each_broadcast_reaches_each_subscriber_once_and_nobody_else() {
    const BROADCASTS: usize = 500;
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    let other = world.join("bob@example.org/desk");
    let carol = world.join("carol@example.org/x");
    world.befriend((alice, ALICE), (bob, BOB));
    world.seen(other);
    for number in 0..BROADCASTS {
        let status = format!("{number}");
        world.send(alice, Presence::available().status(&status).build().unwrap()).unwrap();
    }
    world.settle();
    for id in [alice, bob, other] {
        let stanzas = world.take_stanzas(id);
        assert_eq!(stanzas.len(), BROADCASTS);
        for (number, stanza) in stanzas.iter().enumerate() {
            let Stanza::Presence(presence) = stanza else { panic!("{stanza:?}") };
            assert_eq!(presence.status().as_deref(), Some(&*format!("{number}")));
        }
    }
    world.silent(&[carol]);
}

#[test]
fn a_resource_that_comes_and_goes_is_seen_to_come_and_go() {
    const TURNS: usize = 100;
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    let carol = world.join("carol@example.org/x");
    world.befriend((alice, ALICE), (bob, BOB));
    for _ in 0..TURNS {
        world.send(alice, Presence::available().build().unwrap()).unwrap();
        world.send(alice, Presence::unavailable().build().unwrap()).unwrap();
    }
    world.settle();
    // She was available before: the first turn brings nothing back.
    assert_eq!(world.seen(alice).len(), TURNS * 2 + (TURNS - 1));
    assert_eq!(world.seen(bob).len(), TURNS * 2);
    world.silent(&[carol]);
}

#[test]
fn asking_again_and_again_is_asking_once() {
    const TIMES: usize = 200;
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    for _ in 0..TIMES {
        world.subscribe(alice, BOB);
    }
    assert_eq!(world.seen(alice), ["push bob@example.org none ask"]);
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    // RFC 6121 §3.1.3: one request, however often it was made.
    assert_eq!(world.seen(bob), ["available bob@example.org/phone", "subscribe alice@example.org"]);
    for _ in 0..TIMES {
        world.subscribe(alice, BOB);
    }
    // RFC 6121 §A.3.1: nor does it nag.
    world.silent(&[alice, bob]);
    world.approve(bob, ALICE);
    world.seen(alice);
    for _ in 0..TIMES {
        world.subscribe(alice, BOB);
    }
    world.silent(&[alice, bob]);
    assert_eq!(world.roster(alice), ["bob@example.org to"]);
}

#[test]
fn coming_and_going_of_subscriptions_leaves_what_it_began_with() {
    const TIMES: usize = 50;
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    for _ in 0..TIMES {
        world.subscribe(alice, BOB);
        world.tell(alice, PresenceType::Unsubscribe, BOB);
    }
    // Each time: asked and not asked for the one, a request and its end for the other.
    assert_eq!(world.seen(alice).len(), TIMES * 2);
    assert_eq!(world.seen(bob).len(), TIMES * 2);
    assert_eq!(world.roster(alice), ["bob@example.org none"]);
    assert_eq!(world.roster(bob), [""; 0]);
    world.close(bob);
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
}

#[test]
fn two_clients_that_approve_and_ask_by_themselves_come_to_rest() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.subscribe(alice, BOB);
    let (mut sent, mut got) = (1, [0, 0]);
    loop {
        let before = sent;
        for (place, id) in [alice, bob].into_iter().enumerate() {
            for stanza in world.take_stanzas(id) {
                got[place] += 1;
                let Stanza::Presence(presence) = stanza else { panic!("{stanza:?}") };
                let from = presence.from().unwrap().to_bare();
                // The worst that a client can do: it answers everything with everything.
                let answers: &[PresenceType] = match presence.type_() {
                    PresenceType::Subscribe => &[PresenceType::Subscribed, PresenceType::Subscribe],
                    PresenceType::Subscribed => {
                        &[PresenceType::Subscribed, PresenceType::Subscribe]
                    }
                    _ => &[],
                };
                for answer in answers {
                    world.tell(id, *answer, from.as_str());
                    sent += 1;
                }
            }
        }
        assert!(sent < 100, "there is no end of it");
        if sent == before {
            break;
        }
    }
    // Alice asks; bob gets that, approves and asks; alice gets the approval, bob's presence and the
    // request, and answers both with both; bob gets the approval and alice's presence, and answers
    // with both again: all of this is granted already.
    assert_eq!((sent, got), (9, [3, 3]));
    assert_eq!(world.roster(alice), ["bob@example.org both"]);
    assert_eq!(world.roster(bob), ["alice@example.org both"]);
}

#[test]
fn two_clients_that_quarrel_stop_when_they_do() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, ALICE), (bob, BOB));
    for _ in 0..20 {
        world.tell(bob, PresenceType::Unsubscribed, ALICE);
        world.tell(alice, PresenceType::Subscribed, BOB);
    }
    // Only the first changed anything.
    assert_eq!(
        world.seen(alice),
        [
            "unavailable bob@example.org/phone",
            "unsubscribed bob@example.org",
            "push bob@example.org from",
        ],
    );
    assert_eq!(world.seen(bob), ["push alice@example.org to"]);
}

#[test]
fn probes_are_answered_one_by_one() {
    const TIMES: usize = 100;
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    let other = world.join("alice@example.org/other");
    world.befriend((alice, ALICE), (bob, BOB));
    world.seen(other);
    for _ in 0..TIMES {
        world.tell(alice, PresenceType::Probe, BOB);
    }
    assert_eq!(world.seen(alice).len(), TIMES);
    world.silent(&[bob, other]);
}

#[test]
fn presence_for_ten_thousand_contacts_reaches_those_who_are_there() {
    let mut world = world();
    let both = |name: &str| {
        let contact = jid(&format!("{name}@example.org")).to_bare();
        RosterItem::new(contact).with_subscription(Subscription::Both)
    };
    world.with_domain(|domain, _| {
        for number in 0..10_000_u64 {
            let item = both(&format!("contact{number}"));
            domain.storage.change_roster("alice", &item, 1 + number, 256).unwrap();
        }
        domain.storage.change_roster("alice", &both("bob"), 20_000, 256).unwrap();
        domain.storage.change_roster("bob", &both("alice"), 1, 256).unwrap();
    });
    let bob = world.join("bob@example.org/phone");
    let carol = world.join("carol@example.org/x");
    let alice = world.login("alice@example.org/desk");
    for _ in 0..100 {
        world.priority(alice, 0);
    }
    assert_eq!(world.seen(alice).len(), 101);
    assert_eq!(world.seen(bob).len(), 100);
    world.silent(&[carol]);
}
