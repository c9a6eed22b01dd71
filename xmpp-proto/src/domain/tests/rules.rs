//! Where presence and requests go (RFC 6121 §8), by what is there.

use super::*;
use crate::endpoint::Request;
use crate::ns;
use crate::stanza::{Condition, PresenceType};
use crate::xml::Element;

const ALICE: &str = "alice@example.org";

#[test]
fn rfc6121_8_5_1_presence_for_nobody_vanishes() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    for to in ["nobody@example.org", "nobody@example.org/desk"] {
        for type_ in [
            PresenceType::Available,
            PresenceType::Unavailable,
            PresenceType::Subscribed,
            PresenceType::Unsubscribe,
            PresenceType::Unsubscribed,
            PresenceType::Probe,
        ] {
            world.tell(alice, type_, to);
            let seen = world.seen(alice);
            // What alice's own server notes of an approval in advance (§3.4.2) is no answer.
            let told = seen.iter().find(|line| !line.starts_with("push nobody@example.org none"));
            assert_eq!(told, None, "{type_:?}");
        }
    }
}

#[test]
fn rfc6121_8_5_2_1_2_presence_to_an_account_reaches_all_who_are_available() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let there = world.available("bob@example.org/there", 5);
    let quiet = world.available("bob@example.org/quiet", -1);
    let silent = world.login("bob@example.org/silent");
    for id in [there, quiet] {
        world.seen(id);
    }
    for (type_, shown) in
        [(PresenceType::Available, "available"), (PresenceType::Unavailable, "unavailable")]
    {
        world.say(alice, Presence::builder(type_).to(jid("bob@example.org")).build().unwrap());
        for id in [there, quiet] {
            let stanzas = world.take_stanzas(id);
            let [Stanza::Presence(presence)] = &stanzas[..] else { panic!("{stanzas:?}") };
            assert_eq!(presence.type_().name().unwrap_or("available"), shown);
            // §8.5.2.1.2: `to` is not rewritten.
            assert_eq!(presence.to(), Some(&jid("bob@example.org")));
        }
        world.silent(&[silent]);
    }
}

#[test]
fn rfc6121_8_5_2_2_2_presence_for_who_is_away_is_not_kept() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    world.tell(alice, PresenceType::Available, "bob@example.org");
    world.silent(&[alice]);
    let bob = world.login("bob@example.org/phone");
    world.priority(bob, 0);
    assert_eq!(world.seen(bob), ["available bob@example.org/phone"]);
}

#[test]
fn rfc6121_8_5_3_1_presence_to_a_resource_reaches_it_and_no_other() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let phone = world.login("bob@example.org/phone");
    let other = world.available("bob@example.org/other", 0);
    world.seen(other);
    for type_ in [PresenceType::Available, PresenceType::Unavailable] {
        world.tell(alice, type_, "bob@example.org/phone");
        assert_eq!(world.seen(phone).len(), 1);
        world.silent(&[other]);
    }
}

#[test]
fn rfc6121_8_5_3_2_2_presence_to_a_resource_that_is_not_there_vanishes() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    for type_ in [PresenceType::Available, PresenceType::Unavailable, PresenceType::Probe] {
        world.tell(alice, type_, "bob@example.org/gone");
        world.silent(&[alice, bob]);
    }
    // §3.1.2, §3.1.3: but a request is one for the account.
    world.tell(alice, PresenceType::Subscribe, "bob@example.org/gone");
    assert_eq!(world.seen(bob), ["subscribe alice@example.org"]);
}

#[test]
fn rfc6121_8_5_2_1_3_requests_to_an_account_never_reach_its_resources() {
    for nobody_is_there in [false, true] {
        let mut world = world();
        let alice = world.login("alice@example.org/desk");
        let bob = (!nobody_is_there).then(|| world.available("bob@example.org/phone", 0));
        let unknown: Element = "<query xmlns='urn:example:unknown'/>".parse().unwrap();
        let ping = Element::builder("ping", ns::PING).build().unwrap();
        for payload in [unknown, ping] {
            for request in [Request::get(payload.clone()), Request::set(payload)] {
                let answer = world.ask(alice, request.to(jid("bob@example.org")));
                // §8.5.2.2.3, where nobody is there.
                let condition = super::contacts::condition(answer).unwrap_err();
                assert_eq!(condition, Condition::ServiceUnavailable);
            }
        }
        if let Some(bob) = bob {
            assert!(world.take_queries(bob).is_empty());
        }
    }
}

#[test]
fn rfc6121_8_2_without_to_presence_is_broadcast_and_requests_are_for_ones_own_account() {
    let mut world = world();
    let alice = world.join("alice@example.org/desk");
    let bob = world.join("bob@example.org/phone");
    world.befriend((alice, ALICE), (bob, "bob@example.org"));
    world.inject(alice, "<presence id='p'/>");
    world.settle();
    assert_eq!(world.seen(bob), ["available alice@example.org/desk"]);
    assert_eq!(world.seen(alice), ["available alice@example.org/desk"]);
    // RFC 6120 §10.3.3.
    let ping = Element::builder("ping", ns::PING).build().unwrap();
    let answer = world.ask(alice, Request::get(ping)).unwrap();
    assert!(answer.from().is_none_or(|from| *from == jid(ALICE)));
    assert!(world.take_queries(alice).is_empty());
}

#[test]
fn rfc6121_5_3_what_a_domain_does_not_understand_is_passed_on_unchanged() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    world.seen(bob);
    let inside = "<subject>s</subject><subject xml:lang='cs'>Úpěnlivě prosím!</subject>\
        <body>Wherefore art thou?</body><body xml:lang='cs'>Pročež jsi ty?</body>\
        <thread parent='p'>t</thread><html xmlns='http://jabber.org/protocol/xhtml-im'>\
        <body xmlns='http://www.w3.org/1999/xhtml'><p style='color:red'>Wherefore</p></body></html>\
        <x xmlns='urn:example:unknown' a='1'><y/></x>";
    world.inject(
        alice,
        format!(
            "<message to='bob@example.org' type='chat' id='m' xml:lang='en'>{inside}</message>"
        ),
    );
    world.settle();
    let messages = world.messages(bob);
    // RFC 6121 §5.2.3 to §5.2.5, §5.3; RFC 6120 §8.4.
    let expected: Element = format!(
        "<message xmlns='jabber:client' to='bob@example.org' type='chat' id='m' xml:lang='en' \
         from='alice@example.org/desk'>{inside}</message>"
    )
    .parse()
    .unwrap();
    assert_eq!(messages.iter().map(Message::element).collect::<Vec<_>>(), [&expected]);
}
