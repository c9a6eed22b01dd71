//! Every way to get online, with every cut of the bytes.

use alloc::vec::Vec;
use core::time::Duration;
use std::sync::LazyLock;

use super::super::{How, Lanes, Pair, Side, Tls, Wire};
use super::{PLAIN, Path, Resource, SCRAM, Transport, client_end, server_end, talk, whole_life};
use crate::endpoint::{Event, Reason, ServerEvent, TlsVersion};
use crate::sasl::Mechanism;
use crate::testing::Chunks;

const TRANSPORTS: [Transport; 3] = [Transport::StartTls, Transport::Direct, Transport::Plain];
const RESOURCES: [Resource; 4] =
    [Resource::Asked, Resource::Generated, Resource::Another, Resource::As];
const MECHANISMS: [Mechanism; 9] = [
    Mechanism::Plain,
    Mechanism::ScramSha1,
    Mechanism::ScramSha256,
    Mechanism::ScramSha512,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha512Plus,
    Mechanism::Anonymous,
    Mechanism::External,
];

fn paths() -> Vec<Path> {
    let mut paths = Vec::new();
    for transport in TRANSPORTS {
        for mechanism in MECHANISMS {
            for resource in RESOURCES {
                paths.push(Path { transport, mechanism, resource });
            }
        }
    }
    paths.retain(|path| path.is_possible());
    paths
}

/// What stays the same of a run in one piece, and how long each direction was.
fn whole(path: Path) -> ([Lanes; 2], [usize; 2]) {
    let lanes = whole_life(path, Wire::new());
    let mut pair = path.pair(Wire::new());
    pair.login();
    talk(&mut pair);
    pair.close(Side::Client);
    pair.settle();
    (lanes, Side::BOTH.map(|side| pair.carried(side)))
}

#[test]
fn every_path_ends_online_with_the_same_address() {
    assert_eq!(paths().len(), 92);
    for path in paths() {
        let mut pair = path.pair(Wire::new());
        pair.connect().unwrap();
        pair.settle();
        let context = pair.transcript().clone();
        assert!(pair.is_online(), "{path:?}\n{context}");
        let Some(Event::Online { jid }) = pair.next_client_event() else {
            panic!("{path:?}\n{context}")
        };
        let Some(ServerEvent::Online { jid: there }) = pair.next_server_event() else {
            panic!("{path:?}\n{context}")
        };
        assert_eq!(jid, there, "{path:?}");
        assert_eq!(pair.client().jid(), pair.server().jid());
        assert_eq!(jid.domain(), "example.org");
        match path.mechanism {
            Mechanism::Anonymous => assert_ne!(jid.local(), Some("alice")),
            _ => assert_eq!(jid.local(), Some("alice")),
        }
        match path.resource {
            Resource::Asked => assert_eq!(jid.resource(), "desk"),
            Resource::As => assert_eq!(jid.resource(), "chosen"),
            Resource::Generated | Resource::Another => assert_eq!(jid.resource().len(), 26),
        }
        let secured = path.transport != Transport::Plain;
        assert_eq!(pair.client().tls().is_some(), secured);
        assert_eq!(pair.server().tls().is_some(), secured);
        pair.close(Side::Server);
        pair.run_to_end();
        assert_eq!(client_end(&mut pair).reason, Reason::ClosedByPeer);
        assert_eq!(server_end(&mut pair).reason, Reason::ClosedByUs);
    }
}

#[test]
fn chunks_make_no_difference_on_any_path() {
    for path in paths() {
        let (expected, lengths) = whole(path);
        for n in [1, 2, 3, 7, 64] {
            let wire = Wire::new().with_chunks(Chunks::Of(n));
            assert_eq!(whole_life(path, wire), expected, "{path:?}, chunks of {n}");
        }
        let wire = Wire::new().with_chunks(Chunks::Random(7));
        assert_eq!(whole_life(path, wire), expected, "{path:?}, random chunks");
        let wire = Wire::new().with_chunks(Chunks::Random(8)).with_window(61);
        assert_eq!(whole_life(path, wire), expected, "{path:?}, narrow link");
        for side in Side::BOTH {
            let strided = (1..lengths[side as usize]).step_by(211);
            for at in strided {
                let wire = Wire::new().with_chunks_from(side, Chunks::CutAt(at));
                assert_eq!(whole_life(path, wire), expected, "{path:?}, {side:?} cut at {at}");
            }
        }
    }
}

fn every_cut(path: Path, side: Side) {
    static WHOLE: LazyLock<[([Lanes; 2], [usize; 2]); 2]> =
        LazyLock::new(|| [whole(SCRAM), whole(PLAIN)]);
    let (expected, lengths) = &WHOLE[usize::from(path.mechanism == Mechanism::Plain)];
    for at in 1..lengths[side as usize] {
        let wire = Wire::new().with_chunks_from(side, Chunks::CutAt(at));
        assert_eq!(whole_life(path, wire), *expected, "{path:?}, {side:?} cut at {at}");
    }
}

#[test]
fn a_cut_at_any_byte_of_a_bound_login_over_starttls_from_the_client() {
    every_cut(SCRAM, Side::Client);
}

#[test]
fn a_cut_at_any_byte_of_a_bound_login_over_starttls_from_the_server() {
    every_cut(SCRAM, Side::Server);
}

#[test]
fn a_cut_at_any_byte_of_a_plain_login_over_direct_tls_from_the_client() {
    every_cut(PLAIN, Side::Client);
}

#[test]
fn a_cut_at_any_byte_of_a_plain_login_over_direct_tls_from_the_server() {
    every_cut(PLAIN, Side::Server);
}

#[test]
fn a_slow_link_changes_nothing_but_the_time() {
    let (expected, _) = whole(SCRAM);
    let wire = Wire::new()
        .with_latency_from(Side::Client, Duration::from_millis(300))
        .with_latency_from(Side::Server, Duration::from_millis(70));
    let mut pair = SCRAM.pair(wire);
    pair.connect().unwrap();
    pair.pass(Duration::from_secs(6));
    assert!(pair.is_online(), "{}", pair.transcript());
    talk(&mut pair);
    pair.pass(Duration::from_secs(1));
    pair.close(Side::Client);
    pair.run_to_end();
    assert_eq!(Side::BOTH.map(|side| pair.transcript().lanes(side).wrote), {
        expected.map(|lanes| lanes.wrote)
    });
}

#[test]
fn tls_1_2_is_not_bound_and_falls_back_to_plain_scram() {
    let mut config = SCRAM.client();
    config.mechanisms = Mechanism::DEFAULT.to_vec();
    let server = SCRAM.server().with_mechanisms(Mechanism::DEFAULT);
    let tls = Tls::new().with_version(TlsVersion::V1_2);
    let mut pair = Pair::new(config, server, SCRAM.owner()).with_wire(Wire::new().with_tls(tls));
    pair.login();
    let wrote = super::wrote(&pair, Side::Client);
    assert!(wrote.contains("mechanism='SCRAM-SHA-512'>"), "{wrote}");
    assert!(!super::wrote(&pair, Side::Server).contains("-PLUS"));
}

#[test]
fn same_seeds_and_same_inputs_give_the_same_transcript() {
    let run = |seed: u8| {
        let wire = Wire::new()
            .with_chunks(Chunks::Random(3))
            .with_latency_from(Side::Client, Duration::from_millis(3))
            .with_break(Side::Server, 2500, How::Stall);
        let mut pair = SCRAM.pair(wire).with_seed(seed);
        pair.connect().unwrap();
        pair.pass(Duration::from_secs(1));
        talk(&mut pair);
        pair.close(Side::Server);
        pair.run_to_end();
        pair.transcript().clone()
    };
    let (first, second, other) = (run(1), run(1), run(2));
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert!(first.entries().len() > 30);
}
