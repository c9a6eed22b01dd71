//! Random walks over everything: what must always hold is checked by the pair at every step.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::super::{Answer, How, Mode, Pair, Side, Wire};
use super::{PLAIN, Path, SCRAM, Transport, message, message_for, ping};
use crate::sasl::Mechanism;
use crate::stream::{StreamCondition, StreamError};
use crate::testing::Chunks;

#[derive(Clone, Debug)]
enum Step {
    Connect,
    Turns(usize),
    Settle,
    Pass(u64),
    Send(Side, usize),
    Request(Side, u64),
    Close(Side),
    CloseWith,
    TakeEvents(Side, bool),
    Queries(Side, Mode),
    Release,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let modes = prop_oneof![Just(Mode::Result), Just(Mode::Error), Just(Mode::Silence)];
    let step = prop_oneof![
        2 => Just(Step::Connect),
        4 => (0_usize..40).prop_map(Step::Turns),
        4 => Just(Step::Settle),
        4 => (0_u64..20_000).prop_map(Step::Pass),
        6 => (side(), 0_usize..3000).prop_map(|(side, length)| Step::Send(side, length)),
        4 => (side(), 0_u64..40_000).prop_map(|(side, millis)| Step::Request(side, millis)),
        1 => side().prop_map(Step::Close),
        1 => Just(Step::CloseWith),
        3 => (side(), any::<bool>()).prop_map(|(side, takes)| Step::TakeEvents(side, takes)),
        1 => (side(), modes).prop_map(|(side, mode)| Step::Queries(side, mode)),
        1 => Just(Step::Release),
    ];
    prop::collection::vec(step, 1..40)
}

fn chunks() -> impl Strategy<Value = Chunks> {
    prop_oneof![
        Just(Chunks::Whole),
        (1_usize..200).prop_map(Chunks::Of),
        (1_usize..4000).prop_map(Chunks::CutAt),
        any::<u64>().prop_map(Chunks::Random),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        12 => Just(Answer::Now),
        3 => (0_u64..20).prop_map(|seconds| Answer::After(Duration::from_secs(seconds))),
        1 => Just(Answer::Never),
        1 => Just(Answer::Unavailable),
        1 => Just(Answer::Wrong),
    ]
}

fn wires() -> impl Strategy<Value = Wire> {
    let hows = prop_oneof![
        Just(How::Eof),
        Just(How::Reset),
        Just(How::Tls),
        Just(How::Stall),
        Just(How::Drop),
    ];
    let breaks = prop::option::of((side(), 0_usize..6000, hows));
    (chunks(), chunks(), 0_u64..400, 0_u64..400, 1_usize..5000, breaks).prop_map(
        |(up, down, there, back, window, breaks)| {
            let wire = Wire::new()
                .with_chunks_from(Side::Client, up)
                .with_chunks_from(Side::Server, down)
                .with_latency_from(Side::Client, Duration::from_millis(there))
                .with_latency_from(Side::Server, Duration::from_millis(back))
                .with_window(window);
            match breaks {
                Some((from, at, how)) => wire.with_break(from, at, how),
                None => wire,
            }
        },
    )
}

fn walks() -> impl Strategy<Value = Walk> {
    let paths = prop_oneof![
        Just(SCRAM),
        Just(PLAIN),
        Just(Path::new(Transport::Plain, Mechanism::Anonymous)),
        Just(Path::new(Transport::Direct, Mechanism::External)),
    ];
    (paths, wires(), steps(), answers(), answers(), 1_usize..4).prop_map(
        |(path, wire, steps, login, bind, capacity)| Walk {
            path,
            wire,
            steps,
            login,
            bind,
            capacity,
        },
    )
}

#[derive(Clone, Debug)]
struct Walk {
    path: Path,
    wire: Wire,
    steps: Vec<Step>,
    login: Answer,
    bind: Answer,
    capacity: usize,
}

impl Walk {
    fn pair(&self) -> Pair {
        let (mut client, mut server) = (self.path.client(), self.path.server());
        client.event_capacity = self.capacity;
        server.event_capacity = self.capacity;
        client.output_limit = 4000;
        server.output_limit = 4000;
        let mut owner = self.path.owner();
        (owner.credentials, owner.identity, owner.bind) = (self.login, self.login, self.bind);
        Pair::new(client, server, owner).with_wire(self.path.wire(self.wire.clone()))
    }

    /// Takes all steps, then ends everything; returns the transcript.
    fn take(&self) -> super::super::Transcript {
        let mut pair = self.pair();
        pair.connect().unwrap();
        for step in &self.steps {
            match step {
                // Refusals are part of the contract: commands come at all times.
                Step::Connect => drop(pair.connect()),
                Step::Turns(n) => _ = (0..*n).all(|_| pair.turn()),
                Step::Settle => pair.settle(),
                Step::Pass(millis) => pair.pass(Duration::from_millis(*millis)),
                Step::Send(side, length) => {
                    let body: String = ('a'..='z').cycle().take(*length).collect();
                    let stanza = match side {
                        Side::Server if pair.server().is_online() => message_for(&pair, &body),
                        _ => message(&body),
                    };
                    drop(pair.send(*side, stanza));
                }
                Step::Request(side, millis) => {
                    let request = ping().timeout(Duration::from_millis(*millis));
                    drop(pair.request(*side, request));
                }
                Step::Close(side) => pair.close(*side),
                Step::CloseWith => {
                    pair.close_with(StreamError::new(StreamCondition::Reset));
                }
                Step::TakeEvents(side, takes) => pair.manners(*side).takes_events = *takes,
                Step::Queries(side, mode) => pair.manners(*side).queries = *mode,
                Step::Release => pair.release(),
            }
        }
        for side in Side::BOTH {
            pair.manners(side).takes_events = true;
        }
        pair.settle();
        for side in Side::BOTH {
            pair.close(side);
        }
        pair.run_to_end();
        assert!(pair.is_over(), "not over:\n{}", pair.transcript());
        pair.transcript().clone()
    }
}

/// As many walks as that, or as the environment asks for.
fn cases(most: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { most };
    ProptestConfig { cases, failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn whatever_happens_everything_comes_to_its_end(walk in walks()) {
        walk.take();
    }
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn the_same_walk_leaves_the_same_traces(walk in walks()) {
        prop_assert_eq!(walk.take(), walk.take());
    }
}
