//! The link fails, at every point of a good run.

use super::super::{How, Lanes, Pair, Side, Wire};
use super::{PLAIN, Path, SCRAM, client_end, server_end, talk};
use crate::endpoint::{Ended, Event, LostCause, PeerFault, Phase, Reason, ServerEvent, Timer};
use crate::stream::StreamCondition;
use crate::testing::Chunks;

/// Login, talk, and the end from both sides, on a link that may fail on the way.
fn life(path: Path, wire: Wire) -> Pair {
    let mut pair = path.pair(wire);
    pair.connect().unwrap();
    pair.settle();
    talk(&mut pair);
    pair.close(Side::Client);
    pair.settle();
    pair.close(Side::Server);
    pair.run_to_end();
    pair
}

/// Whether an end is one that this failure may lead to.
fn is_expected(how: How, ended: &Ended) -> bool {
    let closed = matches!(ended.reason, Reason::ClosedByUs | Reason::ClosedByPeer);
    let end_of_file = ended.reason == Reason::Transport(LostCause::Eof);
    closed
        || match (how, &ended.reason) {
            (How::Reset, reason) => *reason == Reason::Transport(LostCause::Reset),
            (How::Tls, reason) => matches!(reason, Reason::Transport(LostCause::Tls(_))),
            (How::Stall | How::Drop, Reason::TimedOut(timer)) => {
                matches!(timer, Timer::Negotiation | Timer::Close)
            }
            (How::Stall, Reason::Reported(error)) => {
                error.condition() == StreamCondition::ConnectionTimeout
            }
            // Our closing tag crossed `<success/>`: it comes where a header is due.
            (How::Stall, Reason::Peer(PeerFault::Xml(_))) => ended.phase == Phase::Binding,
            (How::Eof | How::Stall | How::Drop, _) => end_of_file,
        }
}

fn breaks(path: Path, from: Side, how: How, stride: usize) {
    let length = life(path, Wire::new()).carried(from);
    for at in (0..length).step_by(stride) {
        // The last run of each stride has small chunks too.
        let chunks = if at % (2 * stride) == 0 { Chunks::Whole } else { Chunks::Of(17) };
        let wire = Wire::new().with_break(from, at, how).with_chunks(chunks);
        let mut pair = life(path, wire);
        let text = pair.transcript().clone();
        assert!(pair.is_over(), "{how:?} at {at} from {from:?}\n{text}");
        let (mut client_online, mut server_online) = (false, false);
        let client = loop {
            match pair.next_client_event() {
                Some(Event::Ended(ended)) => break ended,
                Some(event) => client_online |= matches!(event, Event::Online { .. }),
                None => panic!("{how:?} at {at} from {from:?}\n{text}"),
            }
        };
        let server = loop {
            match pair.next_server_event() {
                Some(ServerEvent::Ended(ended)) => break ended,
                Some(event) => server_online |= matches!(event, ServerEvent::Online { .. }),
                None => panic!("{how:?} at {at} from {from:?}\n{text}"),
            }
        };
        assert!(pair.next_client_event().is_none() && pair.next_server_event().is_none());
        for (ended, online) in [(&client, client_online), (&server, server_online)] {
            assert!(is_expected(how, ended), "{how:?} at {at} from {from:?}: {ended}\n{text}");
            assert_eq!(ended.phase >= Phase::Online, online, "{ended:?}\n{text}");
        }
    }
}

#[test]
fn a_link_that_is_closed_at_any_byte() {
    for from in Side::BOTH {
        breaks(SCRAM, from, How::Eof, 2);
        breaks(PLAIN, from, How::Eof, 3);
    }
}

#[test]
fn a_link_that_is_reset_at_any_byte() {
    for from in Side::BOTH {
        breaks(SCRAM, from, How::Reset, 2);
        breaks(PLAIN, from, How::Reset, 5);
    }
}

#[test]
fn tls_that_fails_at_any_byte() {
    for from in Side::BOTH {
        breaks(SCRAM, from, How::Tls, 3);
        breaks(PLAIN, from, How::Tls, 7);
    }
}

#[test]
fn a_link_that_stalls_at_any_byte() {
    for from in Side::BOTH {
        breaks(SCRAM, from, How::Stall, 3);
        breaks(PLAIN, from, How::Stall, 5);
    }
}

#[test]
fn a_link_that_drops_everything_from_any_byte() {
    for from in Side::BOTH {
        breaks(SCRAM, from, How::Drop, 3);
        breaks(PLAIN, from, How::Drop, 7);
    }
}

#[test]
fn what_stalled_and_goes_on_in_time_comes_to_the_same() {
    let lanes = |pair: &Pair| Side::BOTH.map(|side| pair.transcript().lanes(side));
    let good: [Lanes; 2] = lanes(&life(SCRAM, Wire::new()));
    for from in Side::BOTH {
        for at in (0..life(SCRAM, Wire::new()).carried(from)).step_by(13) {
            let mut pair = SCRAM.pair(Wire::new().with_break(from, at, How::Stall));
            pair.connect().unwrap();
            pair.pass(core::time::Duration::from_secs(4));
            pair.release();
            pair.settle();
            talk(&mut pair);
            pair.release();
            pair.settle();
            pair.close(Side::Client);
            pair.settle();
            pair.release();
            pair.settle();
            pair.close(Side::Server);
            pair.run_to_end();
            let text = pair.transcript();
            assert_eq!(lanes(&pair).map(|l| l.wrote), good.clone().map(|l| l.wrote), "{text}");
        }
    }
}

#[test]
fn after_a_failure_the_client_connects_again() {
    let mut pair = SCRAM.pair(Wire::new().with_break(Side::Server, 700, How::Reset));
    pair.connect().unwrap();
    pair.settle();
    assert!(client_end(&mut pair).is_retryable());
    server_end(&mut pair);
    pair = pair.with_wire(Wire::new());
    pair.login();
    talk(&mut pair);
    // And again, while the server still believes in the last one.
    pair = pair.with_wire(Wire::new().with_break(Side::Client, 0, How::Drop));
    pair.close(Side::Client);
    pair.run_to_end();
    pair.connect().unwrap();
    pair.run_to_end();
    assert_eq!(pair.transcript().lanes(Side::Client).events.len(), 6);
    let last = core::iter::from_fn(|| pair.next_client_event()).last();
    assert!(matches!(last, Some(Event::Ended(ended)) if ended.phase == Phase::Negotiating));
}
