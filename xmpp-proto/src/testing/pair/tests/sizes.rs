//! Stanzas of every size, and many of them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::{Pair, Side, What, Wire};
use super::{PLAIN, client_end, message, message_for, server_end, wrote};
use crate::endpoint::{Ended, Event, PeerFault, RateLimit, Reason, ServerEvent};
use crate::stanza::{Message, MessageType, Stanza};
use crate::stream::StreamCondition;
use crate::testing::Chunks;
use crate::xml::{ErrorKind, Limits};

const LIMIT: usize = 20_000;

fn chunkings() -> [Chunks; 5] {
    [Chunks::Whole, Chunks::Of(64), Chunks::Of(1000), Chunks::Of(4096), Chunks::Random(1)]
}

fn pair(chunks: Chunks) -> Pair {
    let (mut client, mut server) = (PLAIN.client(), PLAIN.server());
    client.limits = Limits::default().with_stanza_bytes(LIMIT);
    server.limits = Limits::default().with_stanza_bytes(LIMIT);
    let wire = Wire::new().with_chunks(chunks);
    let mut pair = Pair::new(client, server, PLAIN.owner()).with_wire(wire);
    pair.login();
    pair
}

fn of_length(pair: &Pair, side: Side, length: usize) -> Message {
    let body: String = ('a'..='z').cycle().take(length).collect();
    match side {
        Side::Client => message(&body),
        Side::Server => message_for(pair, &body),
    }
}

/// The bytes around the body on the wire.
fn overhead(side: Side) -> usize {
    let mut pair = pair(Chunks::Whole);
    pair.send(side, of_length(&pair, side, 1)).unwrap();
    pair.settle();
    let written = pair.transcript().entries().iter().rev().find_map(|entry| match &entry.what {
        What::Wrote(bytes) => Some(bytes.len()),
        _ => None,
    });
    written.unwrap() - 1
}

/// The next message that came to the other end.
fn next_message(pair: &mut Pair, from: Side) -> Option<Message> {
    let stanza = match from {
        Side::Client => match pair.next_server_event()? {
            ServerEvent::Stanza(stanza) => stanza,
            _ => return None,
        },
        Side::Server => match pair.next_client_event()? {
            Event::Stanza(stanza) => stanza,
            _ => return None,
        },
    };
    match stanza {
        Stanza::Message(message) => Some(message),
        _ => None,
    }
}

fn end(pair: &mut Pair, side: Side) -> Ended {
    match side {
        Side::Client => client_end(pair),
        Side::Server => server_end(pair),
    }
}

#[test]
fn stanzas_of_every_size_up_to_the_limit_go_both_ways() {
    for side in Side::BOTH {
        let most = LIMIT - overhead(side);
        for chunks in chunkings() {
            let mut pair = pair(chunks);
            for length in [0, 1, 63, 64, 65, 1023, 1024, 4095, 16_383, 16_384, most - 1, most] {
                let sent = of_length(&pair, side, length);
                pair.send(side, sent.clone()).unwrap();
                pair.settle();
                let came = next_message(&mut pair, side).expect("it came");
                assert_eq!(came.body(), sent.body(), "{length} bytes, {chunks:?}");
            }
            assert!(pair.is_online());
        }
    }
}

#[test]
fn one_byte_over_the_limit_ends_the_stream_with_policy_violation() {
    for side in Side::BOTH {
        let over = LIMIT - overhead(side) + 1;
        for chunks in chunkings() {
            let mut pair = pair(chunks);
            let sent = of_length(&pair, side, over);
            pair.send(side, sent).unwrap();
            pair.run_to_end();
            let error = "<stream:error><policy-violation \
                         xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
            let said = wrote(&pair, side.peer());
            assert!(said.ends_with(error), "{chunks:?}: {said}");
            let refused = end(&mut pair, side.peer()).reason;
            let Reason::Peer(PeerFault::Xml(fault)) = &refused else { panic!("{refused:?}") };
            assert_eq!(fault.kind(), ErrorKind::StanzaTooLong);
            let told = end(&mut pair, side).reason;
            let Reason::Reported(error) = &told else { panic!("{told:?}") };
            assert_eq!(error.condition(), StreamCondition::PolicyViolation);
        }
    }
}

#[test]
fn ten_thousand_messages_each_way_that_all_are_answered() {
    const COUNT: usize = 10_000;
    let (mut client, mut server) = (PLAIN.client(), PLAIN.server());
    client.event_capacity = 1;
    server.event_capacity = 1;
    server.rate = None;
    let wire = Wire::new().with_window(8 * 1024).with_chunks(Chunks::Of(3000));
    let mut pair = Pair::new(client, server, PLAIN.owner()).with_wire(wire).with_no_transcript();
    pair.login();
    for side in Side::BOTH {
        pair.manners(side).replies = true;
        for n in 0..COUNT {
            let body = format!("{n}");
            let message = match side {
                Side::Client => message(&body),
                Side::Server => message_for(&pair, &body),
            };
            pair.queue(side, message);
        }
    }
    pair.settle();
    for side in Side::BOTH {
        let (mut chats, mut replies) = (Vec::new(), Vec::new());
        while let Some(message) = next_message(&mut pair, side) {
            let n: usize = message.body().unwrap().parse().unwrap();
            match message.type_() {
                MessageType::Chat => chats.push(n),
                _ => replies.push(n),
            }
        }
        assert!(chats.iter().copied().eq(0..COUNT), "{side:?}: {} messages", chats.len());
        assert!(replies.iter().copied().eq(0..COUNT), "{side:?}: {} replies", replies.len());
        let done = core::iter::from_fn(|| pair.next_completion(side)).count();
        assert_eq!(done, 2 * COUNT);
    }
    assert!(pair.is_online());
}

#[test]
fn whoever_sends_too_fast_is_slowed_down_and_loses_nothing() {
    let mut server = PLAIN.server();
    server.rate = Some(RateLimit { bytes_per_second: 1000, burst: 2000 });
    let mut pair = Pair::new(PLAIN.client(), server, PLAIN.owner())
        .with_wire(Wire::new().with_window(500).with_chunks(Chunks::Of(100)));
    pair.login();
    for n in 0..200 {
        pair.queue(Side::Client, message(&format!("{n}")));
    }
    pair.pass(Duration::from_secs(5));
    let early = core::iter::from_fn(|| next_message(&mut pair, Side::Client)).count();
    assert!((20..150).contains(&early), "{early}");
    pair.pass(Duration::from_mins(1));
    let late = core::iter::from_fn(|| next_message(&mut pair, Side::Client)).count();
    assert_eq!(early + late, 200);
    pair.close(Side::Client);
    pair.run_to_end();
    assert_eq!(server_end(&mut pair).reason, Reason::ClosedByPeer);
    assert_eq!(client_end(&mut pair).reason, Reason::ClosedByUs);
}

#[test]
fn an_end_right_after_much_was_sent_leaves_no_deadline() {
    let mut server = PLAIN.server();
    server.rate = Some(RateLimit { bytes_per_second: 10, burst: 10 });
    let (client, server, _) = super::run(Pair::new(PLAIN.client(), server, PLAIN.owner()));
    assert!(matches!(server.reason, Reason::TimedOut(_)), "{server}");
    assert!(matches!(client.reason, Reason::Reported(_)), "{client}");
}
