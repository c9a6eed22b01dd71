//! Versions of rosters (RFC 6121 §2.6), between a domain and clients that keep a copy.

use super::*;
use crate::endpoint::{Client, Connect};
use crate::modules::Modular;
use crate::modules::roster::{MemoryRoster, Roster, RosterItem};

type Keeper = Modular<Roster<MemoryRoster>>;

fn keepers() -> World<Keeper> {
    let mut world = World::with_clients(config(), |config, seed, now| {
        Modular::new(Client::new(config, seed, now), Roster::default())
    });
    world.account("alice", "alice");
    world
}

fn contacts(world: &World<Keeper>, id: ClientId) -> Vec<String> {
    world.client(id).modules().iter().map(|item| item.jid.to_string()).collect()
}

fn set(world: &mut World<Keeper>, id: ClientId, contact: &str) {
    let item = RosterItem::new(jid(contact).to_bare());
    world
        .with_client(id, |client, now| {
            client.with(now, |roster, cx| roster.set(cx, &item).map(drop))
        })
        .unwrap();
    world.settle();
}

fn received(world: &mut World<Keeper>, id: ClientId) -> String {
    world.settle();
    while world.next_event(id).is_some() {}
    String::from_utf8(world.take_received(id)).unwrap()
}

#[test]
fn rfc6121_2_6_1_a_domain_offers_versions_and_approvals_in_advance() {
    let mut world = keepers();
    let alice = world.connect("alice@example.org/desk");
    world.record(alice);
    let received = received(&mut world, alice);
    let (_, offered) = received.rsplit_once("<stream:features").unwrap();
    assert!(offered.contains("<ver xmlns='urn:xmpp:features:rosterver'/>"), "{offered}");
    // RFC 6121 §3.4.
    assert!(offered.contains("<sub xmlns='urn:xmpp:features:pre-approval'/>"), "{offered}");
}

#[test]
fn rfc6121_2_6_3_who_comes_back_gets_what_has_changed_and_nothing_else() {
    let mut world = keepers();
    let alice = world.login("alice@example.org/desk");
    let other = world.login("alice@example.org/other");
    set(&mut world, alice, "bob@example.org");
    assert_eq!(contacts(&world, alice), ["bob@example.org"]);
    assert!(world.client(alice).modules().version().is_some());
    world.cut(alice);
    world.settle();
    set(&mut world, other, "carol@example.org");

    world.record(alice);
    world.with_client(alice, Connect::connect).unwrap();
    let received = received(&mut world, alice);
    assert!(received.contains("carol@example.org"), "{received}");
    assert!(!received.contains("bob@example.org"), "{received}");
    assert_eq!(contacts(&world, alice), ["bob@example.org", "carol@example.org"]);
    let versions = [alice, other].map(|id| world.client(id).modules().version().map(String::from));
    assert_eq!(versions[0], versions[1]);
}
