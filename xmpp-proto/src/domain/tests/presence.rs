//! Presence (RFC 6121 §4).

use super::*;
use crate::domain::RosterStorage;
use crate::modules::roster::{RosterItem, Subscription};
use crate::stanza::{PresenceType, Show};

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

/// Alice and bob see each other, carol is a stranger.
fn friends() -> (World, ClientId, ClientId, ClientId) {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    let carol = world.join("carol@example.org/x");
    world.befriend((alice, ALICE), (bob, BOB));
    (world, alice, bob, carol)
}

#[test]
fn initial_presence_goes_to_subscribers_and_brings_that_of_contacts() {
    let (mut world, alice, bob, carol) = friends();
    world.close(alice);
    world.settle();
    world.seen(bob);
    let alice = world.login("alice@example.org/desk");
    // RFC 6121 §4.2.1: nobody sees who has not sent presence, and nobody is shown to them.
    world.silent(&[alice, bob]);
    let presence = Presence::available().show(Show::Away).status("Out").id("p1").build().unwrap();
    world.say(alice, presence);
    // RFC 6121 §4.2.2: to itself, too; §4.3: and what contacts last said.
    assert_eq!(
        world.seen(alice),
        ["available alice@example.org/desk", "available bob@example.org/phone"],
    );
    let stanzas = world.take_stanzas(bob);
    let [Stanza::Presence(presence)] = &stanzas[..] else { panic!("{stanzas:?}") };
    // RFC 6121 §4.2.2, §4.2.3: the whole of it, from the resource to the account.
    assert_eq!(presence.from(), Some(&jid("alice@example.org/desk")));
    assert_eq!(presence.to(), Some(&jid(BOB)));
    assert_eq!(presence.show(), Some(Show::Away));
    assert_eq!(presence.status().as_deref(), Some("Out"));
    assert_eq!(presence.id(), Some("p1"));
    world.silent(&[carol]);
}

#[test]
fn presence_goes_one_way_where_the_subscription_does() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.let_see((alice, ALICE), (bob, BOB));
    world.priority(alice, 1);
    // RFC 6121 §4.2.2: to contacts with "from" or "both".
    assert_eq!(world.seen(alice), ["available alice@example.org/desk"]);
    world.silent(&[bob]);
    world.priority(bob, 1);
    assert_eq!(world.seen(alice), ["available bob@example.org/phone"]);
    world.close(alice);
    let alice = world.login("alice@example.org/desk");
    world.priority(alice, 1);
    assert_eq!(
        world.seen(alice),
        ["available alice@example.org/desk", "available bob@example.org/phone"],
    );
    world.seen(bob);
    world.close(bob);
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 1);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
}

#[test]
fn later_presence_is_broadcast_and_brings_nothing_back() {
    let (mut world, alice, bob, carol) = friends();
    world.priority(alice, 7);
    // RFC 6121 §4.4.2: no probes.
    assert_eq!(world.seen(alice), ["available alice@example.org/desk"]);
    assert_eq!(world.seen(bob), ["available alice@example.org/desk"]);
    world.silent(&[carol]);
}

#[test]
fn the_resources_of_an_account_see_each_other() {
    let (mut world, alice, bob, _) = friends();
    let phone = world.login("alice@example.org/phone");
    world.priority(phone, 0);
    // RFC 6121 §4.2.2: to all available resources of the account, the new one first.
    assert_eq!(
        world.seen(phone),
        [
            "available alice@example.org/phone",
            "available bob@example.org/phone",
            "available alice@example.org/desk",
        ],
    );
    assert_eq!(world.seen(alice), ["available alice@example.org/phone"]);
    assert_eq!(world.seen(bob), ["available alice@example.org/phone"]);
    // Each resource that is available counts for contacts, too.
    world.close(bob);
    world.settle();
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    assert_eq!(
        world.seen(bob),
        [
            "available bob@example.org/phone",
            "available alice@example.org/desk",
            "available alice@example.org/phone",
        ],
    );
}

#[test]
fn unavailable_presence_is_broadcast_with_all_it_says() {
    let (mut world, alice, bob, carol) = friends();
    let phone = world.login("alice@example.org/phone");
    world.priority(phone, 0);
    for id in [alice, bob, phone] {
        world.seen(id);
    }
    world.say(phone, Presence::unavailable().status("Bye").build().unwrap());
    // RFC 6121 §4.5.2: to subscribers, and to all resources including its own.
    for id in [alice, bob, phone] {
        let stanzas = world.take_stanzas(id);
        let [Stanza::Presence(presence)] = &stanzas[..] else { panic!("{stanzas:?}") };
        assert_eq!(presence.type_(), PresenceType::Unavailable);
        assert_eq!(presence.from(), Some(&jid("alice@example.org/phone")));
        assert_eq!(presence.status().as_deref(), Some("Bye"));
    }
    world.silent(&[carol]);
    // Once.
    world.say(phone, Presence::unavailable().build().unwrap());
    world.close(phone);
    world.settle();
    world.silent(&[alice, bob, carol]);
}

#[test]
fn the_end_of_a_session_is_unavailable_presence() {
    for end in [World::close, World::cut] {
        let (mut world, alice, bob, carol) = friends();
        end(&mut world, alice);
        world.settle();
        // RFC 6121 §4.5.2
        assert_eq!(world.seen(bob), ["unavailable alice@example.org/desk"]);
        world.silent(&[carol]);
    }
    // So is the end by another session with the same resource (RFC 6120 §7.7.2.2).
    let (mut world, _, bob, _) = friends();
    let alice = world.login("alice@example.org/desk");
    assert_eq!(world.seen(bob), ["unavailable alice@example.org/desk"]);
    world.silent(&[alice]);
}

#[test]
fn a_session_that_was_never_available_ends_in_silence() {
    // RFC 6121 §4.5.2, §11.
    let (mut world, alice, bob, carol) = friends();
    let other = world.login("alice@example.org/other");
    world.say(other, Presence::unavailable().build().unwrap());
    world.cut(other);
    world.settle();
    world.silent(&[alice, bob, carol]);
}

#[test]
fn contacts_elsewhere_are_passed_over() {
    let (mut world, alice, bob, _) = friends();
    world.set_roster(alice, "<item jid='romeo@example.net'/>").unwrap();
    world.approve(alice, "romeo@example.net");
    world.seen(alice);
    world.priority(alice, 2);
    assert_eq!(world.seen(alice), ["available alice@example.org/desk"]);
    assert_eq!(world.seen(bob), ["available alice@example.org/desk"]);
}

#[test]
fn messages_that_were_kept_come_after_presence_and_once() {
    let (mut world, alice, bob, _) = friends();
    world.close(bob);
    world.settle();
    world.say(alice, chat(BOB, "Hi!"));
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, -1);
    assert_eq!(
        world.seen(bob),
        ["available bob@example.org/phone", "available alice@example.org/desk"],
    );
    // RFC 6121 §8.5.2.2.1: a negative priority takes none.
    world.priority(bob, 0);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone", "message Hi!"]);
    world.priority(bob, 1);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
}

#[test]
fn directed_presence_reaches_a_stranger_and_ends_with_the_session() {
    let (mut world, alice, bob, carol) = friends();
    world.tell(alice, PresenceType::Available, "carol@example.org/x");
    assert_eq!(world.seen(carol), ["available alice@example.org/desk"]);
    // RFC 6121 §4.6.3, case 2: no broadcast but the last one.
    world.priority(alice, 3);
    world.silent(&[carol]);
    world.cut(alice);
    world.settle();
    assert_eq!(world.seen(carol), ["unavailable alice@example.org/desk"]);
    assert_eq!(
        world.seen(bob),
        ["available alice@example.org/desk", "unavailable alice@example.org/desk"],
    );
}

#[test]
fn directed_presence_ends_with_unavailable_presence() {
    let (mut world, alice, _, carol) = friends();
    world.tell(alice, PresenceType::Available, "carol@example.org");
    world.seen(carol);
    world.say(alice, Presence::unavailable().status("Bye").build().unwrap());
    assert_eq!(world.seen(carol), ["unavailable alice@example.org/desk"]);
    world.cut(alice);
    world.settle();
    world.silent(&[carol]);
}

#[test]
fn directed_presence_works_without_being_available() {
    let mut world = world();
    let bob = world.join("bob@example.org/phone");
    let alice = world.login("alice@example.org/desk");
    // RFC 6121 §4.6.3, case 3.
    world.tell(alice, PresenceType::Available, BOB);
    assert_eq!(world.seen(bob), ["available alice@example.org/desk"]);
    world.close(alice);
    world.settle();
    assert_eq!(world.seen(bob), ["unavailable alice@example.org/desk"]);
}

#[test]
fn a_subscriber_who_got_only_directed_presence_gets_its_end() {
    let (mut world, alice, bob, _) = friends();
    world.say(alice, Presence::unavailable().build().unwrap());
    world.tell(alice, PresenceType::Available, BOB);
    world.seen(bob);
    world.cut(alice);
    world.settle();
    // RFC 6121 §4.6.3, case 3: there is no broadcast that would say it.
    assert_eq!(world.seen(bob), ["unavailable alice@example.org/desk"]);
}

#[test]
fn who_gets_the_last_broadcast_gets_no_directed_presence_beside_it() {
    let mut world = world();
    let bob = world.join("bob@example.org/phone");
    let alice = world.join("alice@example.org/desk");
    world.befriend((alice, ALICE), (bob, BOB));
    world.say(alice, Presence::unavailable().build().unwrap());
    world.seen(bob);
    world.tell(alice, PresenceType::Available, BOB);
    world.priority(alice, 0);
    world.cut(alice);
    world.settle();
    // RFC 6121 §4.6.3, cases 3 and 1.
    assert_eq!(
        world.seen(bob),
        [
            "available alice@example.org/desk",
            "available alice@example.org/desk",
            "unavailable alice@example.org/desk",
        ],
    );
}

#[test]
fn directed_unavailable_presence_is_the_end_of_it() {
    let (mut world, alice, _, carol) = friends();
    world.tell(alice, PresenceType::Available, "carol@example.org");
    world.tell(alice, PresenceType::Unavailable, "carol@example.org");
    assert_eq!(
        world.seen(carol),
        ["available alice@example.org/desk", "unavailable alice@example.org/desk"],
    );
    // RFC 6121 §4.6.3, case 2: said already.
    world.cut(alice);
    world.settle();
    world.silent(&[carol]);
}

#[test]
fn directed_presence_to_a_subscriber_changes_nothing_about_broadcasts() {
    let (mut world, alice, bob, _) = friends();
    world.tell(alice, PresenceType::Unavailable, BOB);
    world.tell(alice, PresenceType::Available, BOB);
    world.priority(alice, 3);
    world.cut(alice);
    world.settle();
    // RFC 6121 §4.6.3, case 1: and only one end.
    assert_eq!(
        world.seen(bob),
        [
            "unavailable alice@example.org/desk",
            "available alice@example.org/desk",
            "available alice@example.org/desk",
            "unavailable alice@example.org/desk",
        ],
    );
}

#[test]
fn subscriptions_count_before_directed_presence() {
    let (mut world, alice, _, carol) = friends();
    world.tell(alice, PresenceType::Available, "carol@example.org");
    world.let_see((carol, "carol@example.org"), (alice, ALICE));
    // RFC 6121 §4.6.1: from now on a subscriber like any other.
    world.priority(alice, 1);
    assert_eq!(world.seen(carol), ["available alice@example.org/desk"]);
    // And when that ends, it ends.
    world.tell(alice, PresenceType::Unsubscribed, "carol@example.org");
    let seen = world.seen(carol);
    assert!(seen.contains(&"unavailable alice@example.org/desk".into()), "{seen:?}");
}

#[test]
fn directed_presence_goes_to_as_many_as_the_limit_says() {
    let mut config = config();
    config.max_directed = 1;
    let mut world = world_of(config);
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    let carol = world.join("carol@example.org/x");
    world.tell(alice, PresenceType::Available, BOB);
    world.tell(alice, PresenceType::Available, BOB);
    assert_eq!(world.seen(bob).len(), 2);
    world.tell(alice, PresenceType::Available, "carol@example.org");
    assert_eq!(world.seen(alice), ["error resource-constraint carol@example.org"]);
    world.silent(&[carol]);
    // Those who are not there do not count: nothing is remembered of them.
    for nobody in ["nobody@example.org", "bob@example.org/gone", "example.org"] {
        world.tell(alice, PresenceType::Available, nobody);
    }
    world.silent(&[alice]);
    world.tell(alice, PresenceType::Unavailable, BOB);
    world.tell(alice, PresenceType::Available, "carol@example.org");
    assert_eq!(world.seen(carol), ["available alice@example.org/desk"]);
    assert_eq!(world.seen(bob), ["unavailable alice@example.org/desk"]);
}

#[test]
fn directed_presence_to_another_domain_is_an_error() {
    let (mut world, alice, _, _) = friends();
    // RFC 6120 §10.4.3: whatever is to be routed.
    for type_ in [PresenceType::Available, PresenceType::Unavailable, PresenceType::Probe] {
        world.tell(alice, type_, "romeo@example.net");
        assert_eq!(world.seen(alice), ["error remote-server-not-found romeo@example.net"]);
    }
}

#[test]
fn a_subscriber_who_probes_gets_the_last_presence() {
    let (mut world, alice, bob, _) = friends();
    let phone = world.login("bob@example.org/phone-2");
    world.priority(phone, 4);
    world.seen(alice);
    world.tell(alice, PresenceType::Probe, BOB);
    // RFC 6121 §4.3.2: of each available resource.
    assert_eq!(
        world.seen(alice),
        ["available bob@example.org/phone", "available bob@example.org/phone-2"],
    );
    world.close(phone);
    world.close(bob);
    world.settle();
    world.seen(alice);
    world.tell(alice, PresenceType::Probe, BOB);
    assert_eq!(world.seen(alice), ["unavailable bob@example.org"]);
}

#[test]
fn who_probes_the_own_account_gets_all_of_its_resources() {
    let (mut world, alice, _, _) = friends();
    world.available("alice@example.org/phone", 0);
    world.seen(alice);
    world.tell(alice, PresenceType::Probe, ALICE);
    // RFC 6121 §4.3.2, rule 4: each, with the one that asks (§4.2.2).
    assert_eq!(
        world.seen(alice),
        ["available alice@example.org/desk", "available alice@example.org/phone"],
    );
}

#[test]
fn a_subscriber_who_probes_a_resource_learns_only_whether_it_is_there() {
    let (mut world, alice, bob, _) = friends();
    let phone = world.login("bob@example.org/phone-2");
    world.login("bob@example.org/silent");
    world.say(phone, Presence::available().show(Show::Dnd).build().unwrap());
    for id in [alice, bob] {
        world.seen(id);
    }
    let mut ask = |to: &str| {
        world.say(
            alice,
            Presence::builder(PresenceType::Probe).to(jid(to)).id("p1").build().unwrap(),
        );
        let stanzas = world.take_stanzas(alice);
        let [Stanza::Presence(answer)] = &stanzas[..] else { panic!("{stanzas:?}") };
        // RFC 6121 §4.3.2.1
        assert_eq!((answer.from(), answer.id()), (Some(&jid(to)), Some("p1")));
        // RFC 6121 §4.3.2: and nothing of what it is doing.
        assert_eq!(answer.show(), None);
        answer.type_()
    };
    assert_eq!(ask("bob@example.org/phone-2"), PresenceType::Available);
    assert_eq!(ask("bob@example.org/silent"), PresenceType::Unavailable);
    assert_eq!(ask("bob@example.org/gone"), PresenceType::Unavailable);
}

#[test]
fn who_got_directed_presence_may_probe_who_sent_it() {
    let (mut world, alice, bob, carol) = friends();
    let silent = world.login("alice@example.org/silent");
    for to in ["carol@example.org", "carol@example.org/x"] {
        world.say(silent, Presence::available().to(jid(to)).show(Show::Away).build().unwrap());
        world.seen(carol);
        // RFC 6121 §4.6.6: that resource alone, and only that it is there.
        world.tell(carol, PresenceType::Probe, "alice@example.org/silent");
        let stanzas = world.take_stanzas(carol);
        let [Stanza::Presence(answer)] = &stanzas[..] else { panic!("{stanzas:?}") };
        assert_eq!((answer.type_(), answer.show()), (PresenceType::Available, None));
        assert_eq!(answer.from(), Some(&jid("alice@example.org/silent")));
        world.tell(silent, PresenceType::Unavailable, to);
        world.seen(carol);
    }
    for to in ["alice@example.org/silent", "alice@example.org/desk", ALICE] {
        world.tell(carol, PresenceType::Probe, to);
    }
    world.silent(&[alice, bob, carol]);
}

#[test]
fn a_stranger_who_probes_learns_nothing() {
    let (mut world, alice, bob, carol) = friends();
    // RFC 6121 §4.3.2: there, not there, a resource, no account at all: all the same.
    for to in [ALICE, "alice@example.org/desk", "alice@example.org/gone", "nobody@example.org"] {
        world.tell(carol, PresenceType::Probe, to);
        world.silent(&[alice, bob, carol]);
    }
    // Not even who has asked to see, or is seen.
    world.subscribe(carol, ALICE);
    world.seen(carol);
    world.tell(carol, PresenceType::Probe, ALICE);
    world.silent(&[carol]);
    assert_eq!(world.roster(carol), ["alice@example.org none ask"]);
    world.let_see((alice, ALICE), (carol, "carol@example.org"));
    world.tell(carol, PresenceType::Probe, ALICE);
    world.silent(&[alice, carol]);
}

#[test]
fn a_stranger_who_probes_does_not_undo_an_approval_in_advance() {
    let (mut world, alice, _, carol) = friends();
    world.approve(alice, "carol@example.org");
    assert_eq!(world.seen(alice), ["push carol@example.org none approved"]);
    world.tell(carol, PresenceType::Probe, ALICE);
    // RFC 6121 §4.3.2
    world.silent(&[alice, carol]);
    assert_eq!(world.roster(alice), ["bob@example.org both", "carol@example.org none approved"]);
}

#[test]
fn where_two_rosters_disagree_the_one_of_who_is_seen_counts() {
    let mut world = world();
    let item = RosterItem::new(jid(BOB).to_bare()).with_subscription(Subscription::To);
    world.with_domain(|domain, _| domain.storage.change_roster("alice", &item, 7, 9)).unwrap();
    let bob = world.join("bob@example.org/phone");
    let alice = world.login("alice@example.org/desk");
    assert_eq!(world.roster(alice), ["bob@example.org to"]);
    world.priority(alice, 0);
    // RFC 6121 §4.3.2: as the answer to the probe would be.
    assert_eq!(
        world.seen(alice),
        [
            "available alice@example.org/desk",
            "unsubscribed bob@example.org",
            "push bob@example.org none",
        ],
    );
    world.silent(&[bob]);
}

#[test]
fn who_asks_for_what_is_granted_already_gets_it_though_the_own_roster_knew_nothing() {
    let mut world = world();
    let item = RosterItem::new(jid(ALICE).to_bare()).with_subscription(Subscription::From);
    world.with_domain(|domain, _| domain.storage.change_roster("bob", &item, 7, 9)).unwrap();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.seen(alice);
    world.subscribe(alice, BOB);
    // RFC 6121 §3.1.3, rule 2, and §3.1.6.
    assert_eq!(
        world.seen(alice),
        [
            "push bob@example.org none ask",
            "subscribed bob@example.org",
            "push bob@example.org to",
            "available bob@example.org/phone",
        ],
    );
    world.silent(&[bob]);
}

#[test]
fn errors_go_to_resources_only() {
    let (mut world, alice, bob, _) = friends();
    let error = |to: &str| {
        let presence = Presence::available().from(jid(to)).to(jid(ALICE)).build().unwrap();
        presence.error_reply(crate::stanza::Condition::Gone).unwrap()
    };
    // RFC 6121 §8.5.2.1.2 has no place for one to an account.
    world.say(alice, error(BOB));
    world.say(alice, error("bob@example.org/gone"));
    world.silent(&[alice, bob]);
    world.say(alice, error("bob@example.org/phone"));
    assert_eq!(world.seen(bob), ["error gone alice@example.org/desk"]);
}

#[test]
fn presence_of_an_unknown_type_goes_nowhere() {
    let (mut world, alice, bob, _) = friends();
    world.inject(alice, "<presence type='hidden'/><presence type='hidden' to='bob@example.org'/>");
    world.settle();
    // RFC 6121 §4.7.1: an error for the sender, from its server.
    world.silent(&[bob]);
    assert!(world.is_online(alice));
    assert_eq!(world.seen(alice), ["error bad-request ", "error bad-request bob@example.org"]);
}

#[test]
fn a_probe_for_nobody_is_an_error() {
    let (mut world, alice, bob, _) = friends();
    world.say(alice, Presence::builder(PresenceType::Probe).build().unwrap());
    assert_eq!(world.seen(alice), ["error bad-request "]);
    world.silent(&[bob]);
}
