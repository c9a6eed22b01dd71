//! Presence that does not come from a client: of the embedder (RFC 6121 §8.5.2.1.2).

use super::*;
use crate::stanza::PresenceType;

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";
const BOT: &str = "bot.example.org/main";

impl World {
    /// The embedder sends presence.
    fn foreign(&mut self, type_: PresenceType, from: &str, to: &str) {
        let presence =
            Presence::builder(type_).from(jid(from)).to(jid(to)).id("f").build().unwrap();
        self.with_domain(|domain, now| domain.deliver(now, presence));
        self.settle();
    }
}

#[test]
fn a_request_of_the_embedder_waits_for_its_answer() {
    let mut world = world();
    world.foreign(PresenceType::Subscribe, BOT, BOB);
    world.foreign(PresenceType::Subscribe, BOT, "bob@example.org/phone");
    let bob = world.login("bob@example.org/phone");
    world.get_roster(bob, None);
    world.priority(bob, 0);
    let stanzas = world.take_stanzas(bob);
    let [_, Stanza::Presence(request)] = &stanzas[..] else { panic!("{stanzas:?}") };
    // RFC 6121 §3, §3.1.3: from account to account, stored, and once.
    assert_eq!(request.type_(), PresenceType::Subscribe);
    assert_eq!(request.from(), Some(&jid("bot.example.org")));
    assert_eq!(request.to(), Some(&jid(BOB)));
    world.foreign(PresenceType::Unsubscribe, BOT, BOB);
    assert_eq!(world.seen(bob), ["unsubscribe bot.example.org"]);
    // RFC 6121 §3.4.2
    world.approve(bob, "bot.example.org");
    world.foreign(PresenceType::Subscribe, BOT, BOB);
    assert_eq!(
        world.seen(bob),
        ["push bot.example.org none approved", "push bot.example.org from"],
    );
}

#[test]
fn requests_of_the_embedder_are_bounded() {
    let mut config = config();
    config.max_pending_requests = 1;
    let mut world = world_of(config);
    let alice = world.join("alice@example.org/desk");
    world.foreign(PresenceType::Subscribe, BOT, BOB);
    world.foreign(PresenceType::Subscribe, "alice@example.org/desk", BOB);
    // RFC 6121 §3.1.3, security warning.
    assert_eq!(world.seen(alice), ["error resource-constraint bob@example.org"]);
    let bob = world.join("bob@example.org/phone");
    world.approve(bob, "bot.example.org");
    // Nobody is told of an approval elsewhere: there is no way to say it.
    assert_eq!(
        world.seen(bob),
        ["push bot.example.org from", "error remote-server-not-found bot.example.org"],
    );
}

#[test]
fn what_the_embedder_says_of_subscriptions_that_are_not_there_vanishes() {
    let mut world = world();
    let bob = world.join("bob@example.org/phone");
    for type_ in [PresenceType::Subscribed, PresenceType::Unsubscribe, PresenceType::Unsubscribed] {
        // RFC 6121 §A.3.2 to §A.3.4, state "None".
        world.foreign(type_, BOT, BOB);
    }
    for type_ in [PresenceType::Subscribe, PresenceType::Subscribed, PresenceType::Unsubscribe] {
        // RFC 6121 §8.5.1
        world.foreign(type_, "bob@example.org/phone", "nobody@example.org");
    }
    world.silent(&[bob]);
    assert_eq!(world.roster(bob), [""; 0]);
}

#[test]
fn rfc6121_8_5_3_2_2_what_is_for_a_resource_that_is_not_there_is_ignored() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, ALICE), (bob, BOB));
    for type_ in [PresenceType::Subscribed, PresenceType::Unsubscribe, PresenceType::Unsubscribed] {
        world.foreign(type_, ALICE, "bob@example.org/gone");
    }
    world.silent(&[alice, bob]);
    // RFC 6121 §8.5.3.1: but not if it is there.
    world.foreign(PresenceType::Unsubscribe, ALICE, "bob@example.org/phone");
    assert_eq!(world.seen(bob), ["unsubscribe alice@example.org", "push alice@example.org to"]);
}

#[test]
fn no_probe_reaches_a_client() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.let_see((alice, ALICE), (bob, BOB));
    // RFC 6121 §8.5.2.1.2, §8.5.3.1: the domain answers, those who may know.
    for to in [BOB, "bob@example.org/phone"] {
        world.foreign(PresenceType::Probe, BOT, to);
        world.silent(&[alice, bob]);
        world.foreign(PresenceType::Probe, ALICE, to);
        world.silent(&[bob]);
        assert_eq!(world.seen(alice), ["available bob@example.org/phone"]);
    }
}
