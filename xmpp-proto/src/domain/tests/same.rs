//! The same inputs give the same bytes.

use super::*;
use crate::testing::Chunks;

/// What three clients were sent, in a day of their lives.
fn day(chunks: Chunks, seed: u8) -> Vec<String> {
    let mut world = world().with_chunks(chunks).with_seed(seed);
    let ids = ["alice@example.org/desk", "bob@example.org/phone", "carol@example.org/x"]
        .map(|jid| world.connect(jid));
    for id in ids {
        world.record(id);
    }
    world.settle();
    let [alice, bob, carol] = ids;
    world.priority(bob, 1);
    for n in 0..20 {
        world.send(alice, chat("bob@example.org", &format!("<{n}>"))).unwrap();
        world.send(carol, chat("alice@example.org/desk", "&")).unwrap();
        world.send(carol, chat("alice@example.org", "later")).unwrap();
        world.settle();
    }
    world.inject(
        alice,
        "<iq type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    world.inject(alice, "<iq type='get' id='2' to='bob@example.org/phone'><x xmlns='y'/></iq>");
    world.settle();
    world.priority(alice, 0);
    world.pass(Duration::from_mins(1));
    world.cut(bob);
    world.say(alice, chat("bob@example.org/phone", "gone"));
    world.with_domain(Domain::shut_down);
    world.settle();
    let sent = ids.map(|id| String::from_utf8(world.take_received(id)).unwrap());
    // A client that reads of an error may leave before it reads of the end.
    sent.map(|sent| sent.split("</stream:error>").next().unwrap_or_default().to_string()).to_vec()
}

#[test]
fn the_same_seed_and_inputs_give_the_same_bytes() {
    let bytes = day(Chunks::Whole, 1);
    assert!(bytes[0].contains("later") && bytes[1].contains("&lt;7&gt;"));
    assert_eq!(bytes, day(Chunks::Whole, 1));
    assert_ne!(bytes, day(Chunks::Whole, 2));
}

#[test]
fn any_chunking_gives_the_same_bytes() {
    let bytes = day(Chunks::Whole, 1);
    for chunks in [1, 2, 3, 7, 64].map(Chunks::Of) {
        assert_eq!(day(chunks, 1), bytes, "{chunks:?}");
    }
    for chunks in (0..8).map(Chunks::Random) {
        assert_eq!(day(chunks, 1), bytes, "{chunks:?}");
    }
}
