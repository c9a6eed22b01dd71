//! When directed presence ends (RFC 6121 §4.6).

use super::*;
use crate::stanza::PresenceType;

const ALICE: &str = "alice@example.org";
const CAROL: &str = "carol@example.org";

fn strangers() -> (World, ClientId, ClientId) {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let carol = world.join("carol@example.org/x");
    (world, alice, carol)
}

#[test]
fn rfc6121_4_6_1_directed_unavailable_presence_ends_it_though_nobody_is_there_to_hear() {
    let (mut world, alice, carol) = strangers();
    world.tell(alice, PresenceType::Available, "carol@example.org/x");
    world.close(carol);
    world.settle();
    world.tell(alice, PresenceType::Unavailable, "carol@example.org/x");
    let carol = world.join("carol@example.org/x");
    // RFC 6121 §4.6.1: no longer among those who may ask (§4.6.6) and who are told of the end.
    world.tell(carol, PresenceType::Probe, "alice@example.org/desk");
    world.silent(&[carol]);
    world.cut(alice);
    world.settle();
    world.silent(&[carol]);
}

#[test]
fn rfc6121_4_6_1_the_end_of_a_subscription_is_the_end_of_directed_presence() {
    let (mut world, alice, carol) = strangers();
    let silent = world.login("alice@example.org/silent");
    let unseen = world.login("carol@example.org/unseen");
    for id in [alice, silent] {
        for to in [CAROL, "carol@example.org/x", "carol@example.org/unseen"] {
            world.tell(id, PresenceType::Available, to);
        }
    }
    world.let_see((carol, CAROL), (alice, ALICE));
    world.seen(unseen);
    world.tell(alice, PresenceType::Unsubscribed, CAROL);
    // RFC 6121 §3.2.2, §4.6.1: of all that carol has seen, and before the news.
    let seen = world.seen(carol);
    assert_eq!(seen[0], "unavailable alice@example.org/desk");
    assert_eq!(seen[1], "unavailable alice@example.org/silent");
    let news = ["unsubscribed alice@example.org", "push alice@example.org none"];
    assert_eq!(seen[seen.len() - 2..], news);
    assert_eq!(
        world.seen(unseen),
        ["unavailable alice@example.org/desk", "unavailable alice@example.org/silent"],
    );
    for to in [ALICE, "alice@example.org/desk", "alice@example.org/silent"] {
        world.tell(carol, PresenceType::Probe, to);
    }
    world.cut(alice);
    world.cut(silent);
    world.settle();
    world.silent(&[carol, unseen]);
}

#[test]
fn rfc6121_4_6_3_a_resource_that_broadcasts_do_not_reach_is_told_of_the_end_by_itself() {
    let (mut world, alice, carol) = strangers();
    let unseen = world.login("carol@example.org/unseen");
    world.tell(alice, PresenceType::Available, "carol@example.org/unseen");
    world.let_see((carol, CAROL), (alice, ALICE));
    assert_eq!(world.seen(unseen), ["available alice@example.org/desk"]);
    world.cut(alice);
    world.settle();
    // RFC 6121 §4.6.3, case 2: the subscription that came later changes nothing for who is not
    // available; who is hears it once.
    for id in [carol, unseen] {
        assert_eq!(world.seen(id), ["unavailable alice@example.org/desk"]);
    }
}
