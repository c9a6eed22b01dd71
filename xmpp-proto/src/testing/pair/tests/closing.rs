//! Either end is told to close, at every step.

use super::super::{Pair, Side, Wire};
use super::{PLAIN, Path, SCRAM, client_end, server_end, talk};
use crate::endpoint::{LostCause, PeerFault, Reason};
use crate::stream::{StreamCondition, StreamError};
use crate::testing::Chunks;

/// Runs a login up to each of its turns, does something there, and goes on to the end.
fn at_every_turn(path: Path, act: impl Fn(&mut Pair), check: impl Fn(&Reason, &Reason, &Pair)) {
    for turns in 0..100_000 {
        let mut pair = path.pair(Wire::new().with_chunks(Chunks::Of(23)));
        pair.connect().unwrap();
        let going = (0..turns).all(|_| pair.turn());
        if pair.transcript().lanes(Side::Server) == super::Lanes::default() && turns == 0 {
            // Nobody is there yet.
            pair.turn();
        }
        act(&mut pair);
        pair.run_to_end();
        assert!(pair.is_over(), "after {turns} turns\n{}", pair.transcript());
        let (client, server) = (client_end(&mut pair).reason, server_end(&mut pair).reason);
        check(&client, &server, &pair);
        if !going {
            return;
        }
    }
}

fn is_soft(reason: &Reason) -> bool {
    matches!(reason, Reason::ClosedByPeer | Reason::ClosedByUs | Reason::Transport(LostCause::Eof))
}

#[test]
fn the_client_closes_at_every_step() {
    for path in [SCRAM, PLAIN] {
        at_every_turn(
            path,
            |pair| pair.close(Side::Client),
            |client, server, pair| {
                assert_eq!(*client, Reason::ClosedByUs, "{}", pair.transcript());
                // A closing tag that crosses `<success/>` comes where a header is due.
                let crossed = matches!(server, Reason::Peer(PeerFault::Xml(_)));
                assert!(is_soft(server) || crossed, "{server}\n{}", pair.transcript());
                assert_eq!(pair.now().as_micros(), 0, "{}", pair.transcript());
            },
        );
    }
}

#[test]
fn the_server_closes_at_every_step() {
    for path in [SCRAM, PLAIN] {
        at_every_turn(
            path,
            |pair| pair.close(Side::Server),
            |client, server, pair| {
                assert_eq!(*server, Reason::ClosedByUs, "{}", pair.transcript());
                assert!(is_soft(client), "{client}\n{}", pair.transcript());
                assert_eq!(pair.now().as_micros(), 0, "{}", pair.transcript());
            },
        );
    }
}

#[test]
fn the_server_shuts_down_at_every_step() {
    let error = || StreamError::new(StreamCondition::SystemShutdown);
    for path in [SCRAM, PLAIN] {
        at_every_turn(
            path,
            |pair| pair.close_with(error()),
            |client, server, pair| {
                assert_eq!(*server, Reason::ClosedWith(error()), "{}", pair.transcript());
                // During the TLS handshake nothing can be said.
                let told = *client == Reason::Reported(error());
                assert!(told || is_soft(client), "{client}\n{}", pair.transcript());
                if !told {
                    let said = super::wrote(pair, Side::Server);
                    assert!(!said.contains("<system-shutdown"), "{}", pair.transcript());
                }
            },
        );
    }
}

#[test]
fn both_close_at_every_step() {
    at_every_turn(
        SCRAM,
        |pair| {
            pair.close(Side::Client);
            pair.close(Side::Server);
        },
        |client, server, pair| {
            assert_eq!(*client, Reason::ClosedByUs, "{}", pair.transcript());
            assert_eq!(*server, Reason::ClosedByUs, "{}", pair.transcript());
        },
    );
}

#[test]
fn closing_with_much_on_the_way_loses_nothing() {
    for side in Side::BOTH {
        let mut pair = PLAIN.pair(Wire::new().with_chunks(Chunks::Of(50)).with_window(100));
        pair.login();
        talk(&mut pair);
        for _ in 0..50 {
            pair.send(Side::Client, super::message("on its way")).unwrap();
        }
        pair.close(side);
        pair.run_to_end();
        let events = pair.transcript().lanes(Side::Server).events;
        let came = events.iter().filter(|event| event.contains("on its way")).count();
        if side == Side::Client {
            assert_eq!(came, 50);
        }
        assert!(is_soft(&client_end(&mut pair).reason));
        assert!(is_soft(&server_end(&mut pair).reason));
    }
}
