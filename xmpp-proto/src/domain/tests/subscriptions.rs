//! Subscriptions between the accounts of a domain (RFC 6121 §3).

use super::*;
use crate::endpoint::{Ended, Event};
use crate::stanza::PresenceType;

const ALICE: &str = "alice@example.org";
const BOB: &str = "bob@example.org";

fn alice_and_bob() -> (World, ClientId, ClientId) {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    (world, alice, bob)
}

#[test]
fn asking_and_approving_makes_a_subscription() {
    let (mut world, alice, bob) = alice_and_bob();
    world.subscribe(alice, BOB);
    // RFC 6121 §3.1.2: the roster shows that it was asked.
    assert_eq!(world.seen(alice), ["push bob@example.org none ask"]);
    // RFC 6121 §3.1.3: the roster of the contact does not.
    assert_eq!(world.seen(bob), ["subscribe alice@example.org"]);
    assert_eq!(world.roster(bob), [""; 0]);

    world.approve(bob, ALICE);
    // RFC 6121 §3.1.5
    assert_eq!(world.seen(bob), ["push alice@example.org from"]);
    // RFC 6121 §3.1.6: the approval, then the push; then the contact's presence.
    assert_eq!(
        world.seen(alice),
        [
            "subscribed bob@example.org",
            "push bob@example.org to",
            "available bob@example.org/phone"
        ],
    );

    world.let_see((bob, BOB), (alice, ALICE));
    assert_eq!(world.roster(alice), ["bob@example.org both"]);
    assert_eq!(world.roster(bob), ["alice@example.org both"]);
}

#[test]
fn requests_go_to_available_resources_and_what_follows_to_interested_ones() {
    let (mut world, alice, bob) = alice_and_bob();
    let silent = world.login("bob@example.org/unavailable");
    world.get_roster(silent, None);
    let blind = world.login("bob@example.org/no-roster");
    world.priority(blind, 0);
    world.seen(blind);
    world.seen(bob);
    world.subscribe(alice, BOB);
    // RFC 6121 §3.1.3
    assert_eq!(world.seen(bob), ["subscribe alice@example.org"]);
    assert_eq!(world.seen(blind), ["subscribe alice@example.org"]);
    world.silent(&[silent]);
    world.tell(alice, PresenceType::Unsubscribe, BOB);
    // RFC 6121 §3.3.3. The roster has not changed: there is nothing to push.
    assert_eq!(world.seen(bob), ["unsubscribe alice@example.org"]);
    assert_eq!(world.seen(silent), ["unsubscribe alice@example.org"]);
    world.silent(&[blind]);
}

#[test]
fn a_request_waits_for_its_answer_through_all_logins() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let request = Presence::subscribe(jid(BOB).to_bare())
        .id("s1")
        .status("It is me")
        .payload(
            "<nick xmlns='http://jabber.org/protocol/nick'>Al</nick>"
                .parse::<crate::xml::Element>()
                .unwrap(),
        )
        .build()
        .unwrap();
    world.say(alice, request);
    world.close(alice);
    world.settle();
    for _ in 0..2 {
        let bob = world.login("bob@example.org/phone");
        // RFC 6121 §3.1.3: not before there is somebody to show it to.
        world.silent(&[bob]);
        world.priority(bob, -1);
        let stanzas = world.take_stanzas(bob);
        assert_eq!(stanzas.len(), 2);
        let Stanza::Presence(request) = &stanzas[1] else { panic!("{stanzas:?}") };
        assert_eq!(request.type_(), PresenceType::Subscribe);
        // RFC 6121 §3.1.2, §3.1.3: from account to account, with all that it held.
        assert_eq!(request.from(), Some(&jid(ALICE)));
        assert_eq!(request.to(), Some(&jid(BOB)));
        assert_eq!(request.id(), Some("s1"));
        assert_eq!(request.status().as_deref(), Some("It is me"));
        assert!(request.payload("nick", "http://jabber.org/protocol/nick").is_some());
        // Only when it becomes available.
        world.priority(bob, 1);
        assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
        world.close(bob);
        world.settle();
    }
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    world.seen(bob);
    world.approve(bob, ALICE);
    let other = world.login("bob@example.org/desk");
    world.priority(other, 0);
    world.seen(bob);
    assert_eq!(
        world.seen(other),
        ["available bob@example.org/desk", "available bob@example.org/phone"]
    );
    // RFC 6121 §3.1.6: the answer is in the roster of who was away.
    let alice = world.login("alice@example.org/desk");
    assert_eq!(world.roster(alice), ["bob@example.org to"]);
}

#[test]
fn a_request_can_be_denied() {
    let (mut world, alice, bob) = alice_and_bob();
    world.subscribe(alice, BOB);
    world.seen(alice);
    world.seen(bob);
    world.tell(bob, PresenceType::Unsubscribed, ALICE);
    // RFC 6121 §3.2.3: no presence comes with it, for none was seen.
    assert_eq!(world.seen(alice), ["unsubscribed bob@example.org", "push bob@example.org none"]);
    world.silent(&[bob]);
    world.close(bob);
    let again = world.login("bob@example.org/desk");
    world.priority(again, 0);
    assert_eq!(world.seen(again), ["available bob@example.org/desk"]);
}

#[test]
fn who_is_not_let_see_any_more_sees_the_contact_go() {
    let (mut world, alice, bob) = alice_and_bob();
    world.befriend((alice, ALICE), (bob, BOB));
    world.tell(bob, PresenceType::Unsubscribed, ALICE);
    // RFC 6121 §3.2.2: unavailable before the news; §3.2.3: then the push.
    assert_eq!(
        world.seen(alice),
        [
            "unavailable bob@example.org/phone",
            "unsubscribed bob@example.org",
            "push bob@example.org from",
        ],
    );
    assert_eq!(world.seen(bob), ["push alice@example.org to"]);
    world.priority(bob, 3);
    world.silent(&[alice]);
}

#[test]
fn who_unsubscribes_sees_the_contact_go() {
    let (mut world, alice, bob) = alice_and_bob();
    world.befriend((alice, ALICE), (bob, BOB));
    world.tell(alice, PresenceType::Unsubscribe, BOB);
    // RFC 6121 §3.3.2, §3.3.3
    assert_eq!(
        world.seen(alice),
        ["push bob@example.org from", "unavailable bob@example.org/phone"],
    );
    assert_eq!(world.seen(bob), ["unsubscribe alice@example.org", "push alice@example.org to"]);
    world.priority(bob, 3);
    world.silent(&[alice]);
}

#[test]
fn a_request_that_is_granted_already_is_answered_by_the_server() {
    let (mut world, alice, bob) = alice_and_bob();
    world.let_see((alice, ALICE), (bob, BOB));
    world.subscribe(alice, BOB);
    // RFC 6121 §3.1.3, rule 2; §A.3.3: the answer says nothing new, and is not delivered.
    world.silent(&[alice, bob]);
    assert_eq!(world.roster(alice), ["bob@example.org to"]);
    assert_eq!(world.roster(bob), ["alice@example.org from"]);
}

#[test]
fn a_request_can_be_approved_in_advance() {
    let (mut world, alice, bob) = alice_and_bob();
    world.approve(bob, ALICE);
    // RFC 6121 §3.4.2: noted, and neither routed nor delivered.
    assert_eq!(world.seen(bob), ["push alice@example.org none approved"]);
    world.silent(&[alice]);
    world.approve(bob, ALICE);
    world.silent(&[alice, bob]);
    world.subscribe(alice, BOB);
    // RFC 6121 §3.4.2: the contact is not asked.
    assert_eq!(world.seen(bob), ["push alice@example.org from"]);
    assert_eq!(
        world.seen(alice),
        [
            "push bob@example.org none ask",
            "subscribed bob@example.org",
            "push bob@example.org to",
            "available bob@example.org/phone",
        ],
    );
}

#[test]
fn an_approval_in_advance_can_be_taken_back() {
    let (mut world, alice, bob) = alice_and_bob();
    world.approve(bob, ALICE);
    world.tell(bob, PresenceType::Unsubscribed, ALICE);
    // RFC 6121 §A.2.4, note 1.
    assert_eq!(
        world.seen(bob),
        ["push alice@example.org none approved", "push alice@example.org none"],
    );
    world.silent(&[alice]);
    world.subscribe(alice, BOB);
    assert_eq!(world.seen(bob), ["subscribe alice@example.org"]);
}

#[test]
fn an_approval_that_nobody_asked_for_changes_nothing_at_the_other_end() {
    let (mut world, alice, bob) = alice_and_bob();
    for type_ in [PresenceType::Subscribed, PresenceType::Unsubscribed, PresenceType::Unsubscribe] {
        world.tell(bob, type_, ALICE);
    }
    // RFC 6121 §A.3: nobody gets into the roster of another by saying so.
    world.silent(&[alice]);
    assert_eq!(world.roster(alice), [""; 0]);
}

#[test]
fn what_is_addressed_to_a_resource_concerns_the_account() {
    let (mut world, alice, bob) = alice_and_bob();
    let other = world.join("bob@example.org/desk");
    world.seen(bob);
    world.subscribe(alice, "bob@example.org/phone");
    // RFC 6121 §3.1.2
    assert_eq!(world.seen(alice), ["push bob@example.org none ask"]);
    for id in [bob, other] {
        let stanzas = world.take_stanzas(id);
        assert_eq!(stanzas.len(), 1);
        assert_eq!(stanzas[0].to(), Some(&jid(BOB)));
    }
}

#[test]
fn a_request_that_cannot_be_handed_over_is_an_error_and_leaves_nothing() {
    let (mut world, alice, _) = alice_and_bob();
    // RFC 6121 §3.1.2
    for (to, error) in [
        ("nobody@example.org", "error item-not-found nobody@example.org"),
        ("romeo@example.net", "error remote-server-not-found romeo@example.net"),
        ("example.org", "error service-unavailable example.org"),
        (ALICE, "error not-allowed alice@example.org"),
    ] {
        world.subscribe(alice, to);
        assert_eq!(world.seen(alice), [error]);
    }
    let nowhere = Presence::builder(PresenceType::Subscribe).build().unwrap();
    world.say(alice, nowhere);
    assert_eq!(world.seen(alice), ["error bad-request "]);
    for type_ in [PresenceType::Subscribed, PresenceType::Unsubscribed, PresenceType::Unsubscribe] {
        world.tell(alice, type_, ALICE);
    }
    world.silent(&[alice]);
    assert_eq!(world.roster(alice), [""; 0]);
}

#[test]
fn what_cannot_be_routed_to_another_domain_is_an_error() {
    let (mut world, alice, _) = alice_and_bob();
    let to = "romeo@example.net";
    // RFC 6121 §A.2.2, §3.3.2: routed in any state; RFC 6120 §10.4.3.
    world.tell(alice, PresenceType::Unsubscribe, to);
    assert_eq!(world.seen(alice), ["error remote-server-not-found romeo@example.net"]);
    // RFC 6121 §A.2.3, §A.2.4: these are not to be routed.
    world.approve(alice, to);
    world.tell(alice, PresenceType::Unsubscribed, to);
    assert_eq!(
        world.seen(alice),
        ["push romeo@example.net none approved", "push romeo@example.net none"],
    );
}

#[test]
fn a_request_in_the_name_of_another_ends_the_stream() {
    let (mut world, alice, bob) = alice_and_bob();
    let carol = world.join("carol@example.org/x");
    let forged = "<presence from='alice@example.org' to='bob@example.org' type='subscribe'/>";
    world.inject(carol, forged);
    world.settle();
    // RFC 6120 §8.1.2.1, §4.9.3.9
    world.silent(&[alice, bob]);
    assert!(!world.is_online(carol));
    let ended = core::iter::from_fn(|| world.next_event(carol)).last();
    let Some(Event::Ended(Ended { reason, .. })) = ended else { panic!("{ended:?}") };
    assert!(format!("{reason:?}").contains("InvalidFrom"), "{reason:?}");
    assert_eq!(world.roster(alice), [""; 0]);
    // Nor was anything stored.
    let again = world.login("bob@example.org/desk");
    world.priority(again, 0);
    assert_eq!(
        world.seen(again),
        ["available bob@example.org/desk", "available bob@example.org/phone"],
    );
}

#[test]
fn more_requests_than_may_wait_are_errors() {
    let mut config = config();
    config.max_pending_requests = 1;
    let mut world = world_of(config);
    let alice = world.join("alice@example.org/desk");
    let carol = world.join("carol@example.org/x");
    world.subscribe(alice, BOB);
    assert_eq!(world.seen(alice), ["push bob@example.org none ask"]);
    world.subscribe(carol, BOB);
    assert_eq!(world.seen(carol), ["error resource-constraint bob@example.org"]);
    assert_eq!(world.roster(carol), [""; 0]);
    // The one that waits can be repeated.
    world.subscribe(alice, BOB);
    world.silent(&[alice]);
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone", "subscribe alice@example.org"]);
    world.approve(bob, ALICE);
    world.subscribe(carol, BOB);
    assert_eq!(world.seen(carol), ["push bob@example.org none ask"]);
}

#[test]
fn a_request_too_large_to_be_kept_is_an_error() {
    let (mut world, alice, bob) = alice_and_bob();
    let request = |bytes: usize| {
        Presence::subscribe(jid(BOB).to_bare()).status(&"x".repeat(bytes)).build().unwrap()
    };
    world.say(alice, request(8 * 1024));
    assert_eq!(world.seen(alice), ["error policy-violation bob@example.org"]);
    world.silent(&[bob]);
    assert_eq!(world.roster(alice), [""; 0]);
    world.say(alice, request(7 * 1024));
    assert_eq!(world.seen(bob), ["subscribe alice@example.org"]);
}

#[test]
fn the_end_of_an_account_is_the_end_of_its_subscriptions() {
    let (mut world, alice, bob) = alice_and_bob();
    let carol = world.join("carol@example.org/x");
    world.befriend((alice, ALICE), (bob, BOB));
    world.subscribe(carol, BOB);
    world.seen(carol);
    let account = jid(BOB).to_bare();
    assert_eq!(world.with_domain(|domain, now| domain.remove_account(now, &account)), Ok(true));
    world.settle();
    assert_eq!(
        world.seen(alice),
        [
            "unavailable bob@example.org/phone",
            "unsubscribe bob@example.org",
            "push bob@example.org to",
            "unsubscribed bob@example.org",
            "push bob@example.org none",
        ],
    );
    assert_eq!(world.seen(carol), ["unsubscribed bob@example.org", "push bob@example.org none"]);
    // Whoever takes the name next starts anew.
    world.account("bob", "another");
    let bob = world.join("bob@example.org/phone");
    assert_eq!(world.roster(bob), [""; 0]);
    world.priority(alice, 5);
    assert_eq!(world.seen(alice), ["available alice@example.org/desk"]);
    world.silent(&[bob]);
}
