//! Messages (RFC 6121 §8), by type, and by who is there.

use super::*;
use crate::stanza::{Condition, ErrorType, MessageType, StanzaError};

const TYPES: [MessageType; 5] = [
    MessageType::Normal,
    MessageType::Chat,
    MessageType::Groupchat,
    MessageType::Headline,
    MessageType::Error,
];

fn message(type_: MessageType, to: &str) -> Message {
    let message = Message::builder(jid(to)).type_(type_).id("m1").body("Hi!");
    let message = if type_ == MessageType::Error {
        message.payload(StanzaError::from(Condition::Gone).to_element().unwrap())
    } else {
        message
    };
    message.build().unwrap()
}

/// Who of bob's resources gets a message, and what alice hears of it.
fn fate(world: &mut World, alice: ClientId, bobs: &[ClientId], message: Message) -> String {
    world.say(alice, message);
    let mut fate = String::new();
    for (n, bob) in bobs.iter().enumerate() {
        for message in world.messages(*bob) {
            assert_eq!(message.from(), Some(&jid("alice@example.org/desk")));
            assert_eq!(message.id(), Some("m1"));
            fate.push_str(&n.to_string());
        }
    }
    for message in world.messages(alice) {
        let error = message.error().unwrap();
        assert_eq!(error.type_(), ErrorType::Cancel);
        fate.push_str(error.condition().name());
    }
    fate
}

/// The fates of messages of all types, in the order of [`TYPES`].
fn fates(to: &str, priorities: &[i8]) -> [String; 5] {
    TYPES.map(|type_| {
        let mut world = world();
        let alice = world.available("alice@example.org/desk", 0);
        let bobs: Vec<_> = priorities
            .iter()
            .enumerate()
            .map(|(n, priority)| world.available(&format!("bob@example.org/{n}"), *priority))
            .collect();
        world.messages(alice);
        fate(&mut world, alice, &bobs, message(type_, to))
    })
}

const BARE: &str = "bob@example.org";
const UNAVAILABLE: &str = "service-unavailable";

#[test]
fn a_message_reaches_another_user_as_it_was_sent() {
    let mut world = world();
    let alice = world.available("alice@example.org/desk", 0);
    let bob = world.available("bob@example.org/phone", 0);
    world.say(alice, chat("bob@example.org", "Hi!"));
    let messages = world.messages(bob);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].body().as_deref(), Some("Hi!"));
    assert_eq!(messages[0].from(), Some(&jid("alice@example.org/desk")));
    // RFC 6121 §8.5.2: `to` is not rewritten.
    assert_eq!(messages[0].to(), Some(&jid("bob@example.org")));
}

#[test]
fn rfc6121_8_5_2_1_1_one_available_resource() {
    assert_eq!(fates(BARE, &[0]), ["0", "0", UNAVAILABLE, "0", ""]);
}

#[test]
fn rfc6121_8_5_2_1_1_of_several_resources_those_of_the_highest_priority() {
    // Headlines are for all.
    assert_eq!(fates(BARE, &[5, 1, -1]), ["0", "0", UNAVAILABLE, "01", ""]);
    assert_eq!(fates(BARE, &[1, 5, 5]), ["12", "12", UNAVAILABLE, "012", ""]);
}

#[test]
fn rfc6121_8_5_2_1_1_a_negative_priority_takes_no_message_to_the_account() {
    // What could be stored is; see the tests of that.
    assert_eq!(fates(BARE, &[-1, -128]), ["", "", UNAVAILABLE, "", ""]);
}

#[test]
fn rfc6121_8_5_2_2_1_nobody_is_there() {
    assert_eq!(fates(BARE, &[]), ["", "", UNAVAILABLE, "", ""]);
}

#[test]
fn rfc6121_8_5_3_1_a_resource_that_is_there_takes_messages_of_all_types() {
    for priorities in [[0, 0], [-5, 7]] {
        assert_eq!(fates("bob@example.org/0", &priorities), ["0", "0", "0", "0", "0"]);
    }
}

#[test]
fn rfc6121_8_5_3_1_a_connected_resource_counts_even_if_it_is_not_available() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.login("bob@example.org/phone");
    for type_ in TYPES {
        let message = message(type_, "bob@example.org/phone");
        assert_eq!(fate(&mut world, alice, &[bob], message), "0");
    }
    // But messages to the account pass it by (§8.5.2.1.1 speaks of available resources).
    assert_eq!(fate(&mut world, alice, &[bob], message(MessageType::Headline, BARE)), "");
}

#[test]
fn rfc6121_8_5_3_2_1_a_resource_that_is_not_there() {
    let absent = "bob@example.org/absent";
    // Chat messages go to the account instead; of the others the sender hears, but of headlines.
    let expected = [UNAVAILABLE, "0", UNAVAILABLE, "", ""];
    assert_eq!(fates(absent, &[3, 1]), expected);
    // With nobody there, the chat message is stored.
    assert_eq!(fates(absent, &[]), [UNAVAILABLE, "", UNAVAILABLE, "", ""]);
    assert_eq!(fates(absent, &[-1]), [UNAVAILABLE, "", UNAVAILABLE, "", ""]);
}

#[test]
fn rfc6121_8_5_3_2_1_a_chat_state_for_a_resource_that_is_not_there_comes_back() {
    let mut world = world();
    let alice = world.available("alice@example.org/desk", 0);
    for (to, expected) in [("bob@example.org/absent", UNAVAILABLE), (BARE, "")] {
        world.messages(alice);
        world.inject(
            alice,
            format!(
                "<message to='{to}' type='chat' id='m1'>\
                 <composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
            ),
        );
        world.settle();
        let heard = world.messages(alice);
        let heard: Vec<_> = heard.iter().map(|it| it.error().unwrap().condition().name()).collect();
        assert_eq!(heard.concat(), expected);
    }
}

#[test]
fn rfc6121_8_5_1_no_such_account() {
    for to in ["nobody@example.org", "nobody@example.org/desk"] {
        assert_eq!(fates(to, &[]), [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, "", ""]);
    }
}

#[test]
fn rfc6121_8_2_without_to_a_message_is_for_ones_own_account() {
    let mut world = world();
    let desk = world.available("alice@example.org/desk", 0);
    let phone = world.available("alice@example.org/phone", 1);
    world.inject(desk, "<message type='chat' id='m1'><body>note</body></message>");
    world.settle();
    assert!(world.messages(desk).is_empty());
    assert_eq!(world.messages(phone)[0].body().as_deref(), Some("note"));
}

#[test]
fn rfc6121_8_3_other_domains_cannot_be_reached() {
    for to in ["bob@example.net", "example.net", "bob@sub.example.org/desk"] {
        let not_found = "remote-server-not-found";
        // RFC 6120 §8.3.1: an error is not answered with an error.
        assert_eq!(fates(to, &[0]), [not_found, not_found, not_found, not_found, ""]);
    }
}

#[test]
fn rfc6121_8_4_nobody_reads_messages_to_the_domain() {
    for to in ["example.org", "example.org/announce"] {
        assert_eq!(fates(to, &[0]), [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, "", ""]);
    }
}

#[test]
fn rfc6120_10_1_messages_arrive_in_order() {
    let mut world = world();
    let alice = world.available("alice@example.org/desk", 0);
    let bob = world.available("bob@example.org/phone", 0);
    for n in 0..100 {
        world.send(alice, chat("bob@example.org", &n.to_string())).unwrap();
    }
    world.settle();
    let bodies: Vec<_> =
        world.messages(bob).iter().map(|it| it.body().unwrap().into_owned()).collect();
    assert_eq!(bodies, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_embedder_speaks_for_the_domain() {
    let mut world = world();
    let bob = world.available("bob@example.org/phone", 0);
    let announcement = message(MessageType::Headline, BARE);
    world.with_domain(|domain, now| domain.deliver(now, announcement));
    // An answer to it is nobody's.
    let lost = message(MessageType::Normal, "nobody@example.org");
    world.with_domain(|domain, now| domain.deliver(now, lost));
    world.settle();
    let messages = world.messages(bob);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].from(), Some(&jid("example.org")));
}
