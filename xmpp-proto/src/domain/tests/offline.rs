//! Messages that are kept (RFC 6121 §8.5.2.2.1, XEP-0160).

use super::*;
use crate::ns;
use crate::stanza::{Condition, MessageType};

const DAY: Duration = Duration::from_hours(24);

/// The bodies of the messages that have come.
fn bodies(world: &mut World, id: ClientId) -> Vec<String> {
    let messages = world.messages(id);
    messages.iter().map(|message| message.body().unwrap_or_default().into_owned()).collect()
}

/// The ids of the messages that came back, and why.
fn bounced(world: &mut World, id: ClientId) -> Vec<(String, Condition)> {
    let messages = world.messages(id);
    let bounce = |message: Message| {
        (message.id().unwrap().to_string(), message.error().unwrap().condition())
    };
    messages.into_iter().map(bounce).collect()
}

/// The stamp, and who has put it there.
fn stamp(message: &Message) -> Option<(String, String)> {
    let delay = message.payload("delay", ns::DELAY)?;
    Some((delay.attr("from")?.into_owned(), delay.attr("stamp")?.into_owned()))
}

#[test]
fn rfc6121_8_5_2_2_1_messages_wait_for_the_first_resource_that_takes_them() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for body in ["1", "2"] {
        world.say(alice, chat("bob@example.org", body));
    }
    world.say(alice, chat("bob@example.org/absent", "3"));
    let normal = Message::builder(jid("bob@example.org")).body("4").build().unwrap();
    world.say(alice, normal);
    assert!(world.messages(alice).is_empty());

    let phone = world.login("bob@example.org/phone");
    assert!(bodies(&mut world, phone).is_empty(), "not available yet");
    // XEP-0160 §3: presence with a negative priority does not count.
    let desk = world.available("bob@example.org/desk", -1);
    assert!(bodies(&mut world, desk).is_empty());
    world.say(alice, chat("bob@example.org", "5"));
    world.priority(phone, 0);
    assert_eq!(bodies(&mut world, phone), ["1", "2", "3", "4", "5"]);
    // Once.
    world.priority(desk, 7);
    world.priority(phone, 8);
    assert!(bodies(&mut world, desk).is_empty());
    assert!(bodies(&mut world, phone).is_empty());
}

#[test]
fn a_resource_that_turns_non_negative_gets_what_was_kept() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", -1);
    world.say(alice, chat("bob@example.org", "1"));
    world.priority(bob, 0);
    assert_eq!(bodies(&mut world, bob), ["1"]);
}

#[test]
fn xep0203_kept_messages_say_when_they_came() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.say(alice, chat("bob@example.org", "before the time was known"));
    world.with_domain(|domain, now| domain.set_wall_clock(now, 1_234_567_890_000_000));
    world.pass(DAY);
    world.say(alice, chat("bob@example.org", "a day later"));
    world.pass(DAY);
    let bob = world.available("bob@example.org/phone", 0);
    world.say(alice, chat("bob@example.org", "now"));
    let stamps: Vec<_> = world.messages(bob).iter().map(stamp).collect();
    let day_later = ("example.org".to_string(), "2009-02-14T23:31:30Z".to_string());
    assert_eq!(stamps, [None, Some(day_later), None]);
}

#[test]
fn what_its_reader_had_no_time_to_read_is_kept_again_with_its_first_stamp() {
    let mut world = world();
    world.with_domain(|domain, now| domain.set_wall_clock(now, 0));
    let alice = world.login("alice@example.org/desk");
    world.say(alice, chat("bob@example.org", "1"));
    world.pass(DAY);
    let bob = world.login("bob@example.org/phone");
    world.set_reading(bob, false);
    world.priority(bob, 0);
    world.say(alice, chat("bob@example.org", "2"));
    world.cut(bob);
    world.settle();
    world.pass(DAY);
    let bob = world.available("bob@example.org/phone", 0);
    let messages = world.messages(bob);
    let stamps: Vec<_> = messages.iter().map(|it| stamp(it).unwrap().1).collect();
    assert_eq!(stamps, ["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"]);
    assert_eq!(messages[0].payloads().count(), 1);
}

#[test]
fn what_waits_for_a_slow_reader_is_kept_in_order_when_it_leaves() {
    let sent: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    for conflict in [false, true] {
        let mut config = config();
        config.server.output_high_water = 1000;
        let mut world = world_of(config);
        let alice = world.login("alice@example.org/desk");
        let bob = world.available("bob@example.org/phone", 0);
        world.set_reading(bob, false);
        for body in &sent {
            world.say(alice, chat("bob@example.org", body));
        }
        if conflict {
            // The stream is closed, which takes its time, for the client does not read that either.
            world.login("bob@example.org/phone");
            world.pass(Duration::from_secs(5));
        } else {
            world.cut(bob);
            world.settle();
        }
        let bob = world.available("bob@example.org/desk", 0);
        assert_eq!(bodies(&mut world, bob), sent, "{conflict}");
        assert!(world.messages(alice).is_empty());
    }
}

#[test]
fn a_message_that_comes_between_the_loss_of_a_transport_and_its_end_is_kept() {
    use crate::endpoint::{Endpoint, LostCause};

    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.available("bob@example.org/phone", 0);
    let session = world.session(bob).unwrap();
    world.with_domain(|domain, now| {
        let mut port = domain.session(session).unwrap();
        let link = port.attempt();
        port.handle_received(now, link, b"<message to='alice@example.org/desk'/>");
        port.handle_lost(now, link, LostCause::Reset);
    });
    // The driver has not come to it yet.
    world.say(alice, chat("bob@example.org", "1"));
    world.cut(bob);
    world.settle();
    // What it said before was heard.
    assert_eq!(world.messages(alice).len(), 1);
    let bob = world.available("bob@example.org/phone", 0);
    assert_eq!(bodies(&mut world, bob), ["1"]);
}

#[test]
fn what_other_resources_have_got_is_not_kept() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let phone = world.available("bob@example.org/phone", 0);
    let desk = world.available("bob@example.org/desk", 0);
    world.set_reading(phone, false);
    world.say(alice, chat("bob@example.org", "1"));
    world.cut(phone);
    world.settle();
    assert_eq!(bodies(&mut world, desk), ["1"]);
    world.close(desk);
    world.settle();
    let phone = world.available("bob@example.org/phone", 0);
    assert!(bodies(&mut world, phone).is_empty());
}

#[test]
fn xep0160_3_mere_chat_states_are_not_kept() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for (content, kept) in [
        ("<composing xmlns='http://jabber.org/protocol/chatstates'/>", false),
        ("<thread>t</thread><gone xmlns='http://jabber.org/protocol/chatstates'/>", false),
        ("<active xmlns='http://jabber.org/protocol/chatstates'/><body>1</body>", true),
        ("<received xmlns='urn:xmpp:receipts' id='m'/>", true),
    ] {
        world.inject(
            alice,
            format!("<message to='bob@example.org' type='chat'>{content}</message>"),
        );
        world.settle();
        let bob = world.available("bob@example.org/phone", 0);
        assert_eq!(world.messages(bob).len(), usize::from(kept), "{content}");
        world.close(bob);
        world.settle();
    }
    assert!(world.messages(alice).is_empty());
}

#[test]
fn a_flood_fills_the_storage_of_one_account_and_the_rest_comes_back() {
    let mut config = config();
    config.max_offline = 10;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    for n in 0..1000 {
        world.say(alice, chat("bob@example.org", &n.to_string()));
    }
    // RFC 6121 §8.5.2.2.1, XEP-0160 §3.
    let expected: Vec<_> =
        (10..1000).map(|n| (n.to_string(), Condition::ServiceUnavailable)).collect();
    assert_eq!(bounced(&mut world, alice), expected);
    // Others have room of their own.
    world.say(alice, chat("carol@example.org", "to carol"));
    assert!(world.messages(alice).is_empty());
    let bob = world.available("bob@example.org/phone", 0);
    assert_eq!(bodies(&mut world, bob), (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    // And there is room again.
    world.close(bob);
    world.settle();
    world.say(alice, chat("bob@example.org", "again"));
    assert!(world.messages(alice).is_empty());
}

#[test]
fn bytes_count_too() {
    let message = chat("bob@example.org", &"x".repeat(1000));
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.say(alice, message.clone());
    let bob = world.available("bob@example.org/phone", 0);
    let size = world.messages(bob)[0].element().to_xml().len();
    for (max, kept) in [(3 * size, 3), (3 * size - 1, 2), (size - 1, 0)] {
        let mut config = config();
        config.max_offline_bytes = max;
        let mut world = world_of(config);
        let alice = world.login("alice@example.org/desk");
        for _ in 0..5 {
            world.say(alice, message.clone());
        }
        assert_eq!(world.messages(alice).len(), 5 - kept, "{max}");
    }
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    let mut config = config();
    config.max_offline = 0;
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    world.say(alice, chat("bob@example.org", "1"));
    assert_eq!(bounced(&mut world, alice), [("1".into(), Condition::ServiceUnavailable)]);
}

#[test]
fn other_types_are_never_kept() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for type_ in [MessageType::Headline, MessageType::Groupchat] {
        let message = Message::builder(jid("bob@example.org")).type_(type_).body("x");
        world.say(alice, message.build().unwrap());
    }
    let bob = world.available("bob@example.org/phone", 0);
    assert!(world.messages(bob).is_empty());
}
