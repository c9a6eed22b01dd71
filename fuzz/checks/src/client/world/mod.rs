//! All that is around a client: an adapter, an application, a clock, and a server.

mod adapter;
mod application;

use std::collections::VecDeque;

use xmpp_proto::endpoint::{
    Action, AttemptId, Client, Completion, DnsRecords, Endpoint, LostCause, Query, Step, TlsMode,
};
use xmpp_proto::jid::FullJid;
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::{Instant, Seed};

use super::PASSWORD;
use super::ledger::Ledger;
use super::plan::{Op, Plan};
use super::server::{self, Server};
use super::wire::{self, Wire};

/// More steps than it takes to come to rest with limits as small as these.
const MAX_STEPS: usize = 2000;

/// How what the server says is cut.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chunks {
    Whole,
    Random(u8),
}

/// A client and all that is around it.
pub(super) struct World<'a> {
    plan: &'a Plan<'a>,
    client: Client,
    now: Instant,
    own: Option<FullJid>,
    /// The open transport, and the one before.
    transport: Option<AttemptId>,
    earlier: Option<AttemptId>,
    /// What the server said and nobody has read, how many bytes it said in all, and how the
    /// transport ends behind them.
    inbox: VecDeque<u8>,
    fed: usize,
    /// How much of that was honest.
    helped: usize,
    end: Option<LostCause>,
    /// What the client wants done.
    actions: VecDeque<Action>,
    queries: Vec<Query>,
    ledger: Ledger,
    server: Server,
    /// How much of what the client wrote the server has answered.
    heard: usize,
    wires: Vec<Wire>,
    random: Option<u32>,
    /// Attempts begun and ended.
    begun: usize,
    ended: usize,
    /// Events that may wait beyond the capacity: the ends of attempts.
    unseen_ends: usize,
    /// The largest command so far, in bytes.
    largest: usize,
    stanzas: u32,
    /// What the client did since the last entry of the log, and of which kind that was.
    done: Vec<(&'static str, String)>,
}

impl<'a> World<'a> {
    /// Does all that a plan says. What the client did, op by op, and what it wrote.
    pub(super) fn run(plan: &'a Plan<'a>, chunks: Chunks) -> Vec<String> {
        let now = Instant::from_micros(1_000_000);
        let mut world = Self {
            plan,
            client: Client::new(plan.config.clone(), Seed::new([plan.seed; 32]), now),
            now,
            own: None,
            transport: None,
            earlier: None,
            inbox: VecDeque::new(),
            fed: 0,
            helped: 0,
            end: None,
            actions: VecDeque::new(),
            queries: Vec::new(),
            ledger: Ledger::default(),
            server: Server::default(),
            heard: 0,
            wires: Vec::new(),
            random: match chunks {
                Chunks::Whole => None,
                Chunks::Random(seed) => Some(seed.into()),
            },
            begun: 0,
            ended: 0,
            unseen_ends: 0,
            largest: 0,
            stanzas: 0,
            done: Vec::new(),
        };
        world.connect();
        world.settle();
        let mut log = Vec::new();
        for op in &plan.ops {
            world.act(op);
            if matches!(op, Op::Bytes { wait: true, .. } | Op::Say { wait: true, .. }) {
                continue;
            }
            world.settle();
            log.push(world.entry());
        }
        world.finish();
        log.push(world.entry());
        for wire in &world.wires {
            wire.check_secrets(&plan.config);
            log.push(wire.bytes.escape_ascii().to_string());
        }
        wire::check_stanzas(&world.wires, &world.ledger);
        log
    }

    fn act(&mut self, op: &Op<'_>) {
        match op {
            Op::Bytes { bytes, .. } => self.feed(bytes),
            Op::Say { which, number, .. } => {
                let sentence = server::sentence(*which, *number, server::last_id(self.said()));
                self.feed(sentence.as_bytes());
            }
            Op::Help => drop(self.help()),
            Op::Login => {
                let is_new = self.wires.is_empty() && self.begun == 1 && self.ended == 0;
                for _ in 0..20 {
                    if self.client.is_online() || !self.help() {
                        break;
                    }
                }
                let is_left_alone = is_new && self.wires.len() == 1 && self.fed == self.helped;
                if is_left_alone && Server::can_help(&self.plan.config) {
                    assert!(self.client.is_online(), "an honest server cannot help");
                }
            }
            Op::Succeed => drop(self.succeed(DnsRecords::default())),
            Op::Fail(cause) => self.fail(cause),
            Op::Resolve(records) => {
                if matches!(self.actions.front(), Some(Action::Resolve { .. })) {
                    self.succeed(records.clone());
                }
            }
            Op::Write(n) => self.write(*n),
            Op::UntilDeadline => {
                if let Some(at) = self.client.poll_timeout() {
                    self.pass_to(at);
                }
            }
            Op::Pass(time) => self.pass_to(self.now + *time),
            Op::Back(time) => self.back(*time),
            Op::Connect => self.connect(),
            Op::Close => self.client.close(self.now),
            Op::Send { kind, size } => self.send(*kind, *size),
            Op::Request { kind, timeout } => self.request(*kind, *timeout),
            Op::Answer { which, kind } => self.answer(*which, *kind),
            Op::TakeEvents(count) => self.take_events((*count).into()),
            Op::Lose(cause) if self.plan.keeps_rules => {
                if self.transport.is_some() {
                    self.end.get_or_insert_with(|| cause.clone());
                }
            }
            Op::Lose(cause) => self.lose(cause.clone()),
            Op::Stale(kind) => self.stale(*kind),
            Op::Flood(bytes) => match self.transport {
                Some(id) if !self.plan.keeps_rules => {
                    self.client.handle_received(self.now, id, bytes);
                }
                _ => self.feed(bytes),
            },
        }
    }

    /// Lets the adapter do all it can without further instructions.
    fn settle(&mut self) {
        loop {
            self.drain();
            self.check();
            if self.plan.writes && self.transport.is_some() && !self.client.outgoing().is_empty() {
                self.write(usize::MAX);
                continue;
            }
            let goes_on =
                self.deliver() || self.deliver_end() || self.plan.takes_events && self.take_event();
            if !goes_on {
                return;
            }
        }
    }

    /// The contract: steps until the machine waits.
    fn drain(&mut self) {
        for _ in 0..MAX_STEPS {
            match self.client.step() {
                Step::Act(action) => self.note(action),
                Step::Done(completion) => self.complete(completion),
                Step::Work => {}
                Step::Wait { .. } => {
                    if let Some(jid) = self.client.jid() {
                        self.own = Some(jid.clone());
                    }
                    if self.client.is_online() {
                        self.check_login();
                    }
                    return;
                }
            }
        }
        panic!("the client does not come to rest");
    }

    fn complete(&mut self, completion: Completion) {
        self.record("completion", &completion);
        self.ledger.complete(completion, self.now, self.written(), self.own.as_ref());
    }

    /// What holds whenever the machine waits.
    fn check(&mut self) {
        if self.transport.is_some() {
            self.ledger.check_written(self.written());
        }
        if self.client.is_idle() {
            self.ledger.check_empty();
            assert!(self.transport.is_none(), "a transport is left open");
            assert_eq!(self.client.poll_timeout(), None, "a timer without anything to wait for");
        }
        // Beyond the limit there is room for one command or one answer, the answers to all queries
        // that run out at once, and the end of the stream.
        let config = &self.plan.config;
        let answer = 8 * config.limits.stanza_bytes + 512;
        let most = config.output_limit + self.largest + (1 + config.max_queries) * answer + 1024;
        let len = self.client.outgoing().len();
        assert!(len <= most, "{len} bytes of output, {most} are the most");
    }

    /// Nobody is online who was not secured and authenticated.
    fn check_login(&self) {
        let config = &self.plan.config;
        let is_secured = self.wires.last().is_some_and(|wire| wire.secured_at.is_some());
        assert!(is_secured || config.tls == TlsMode::InsecurePlaintext, "online without TLS");
        let is_scram = |mechanism: &Mechanism| mechanism.name().starts_with("SCRAM");
        if config.mechanisms.iter().all(is_scram) {
            assert!(self.server.has_proved(), "online with a server that proved nothing");
        }
    }

    /// The application has had enough. Everything comes to its end.
    fn finish(&mut self) {
        self.client.close(self.now);
        for _ in 0..100 {
            self.settle();
            while self.take_event() {
                self.settle();
            }
            if self.client.is_idle() {
                break;
            }
            if let Some(at) = self.client.poll_timeout() {
                self.pass_to(at);
            }
        }
        assert!(self.client.is_idle(), "a close without an end: {}", self.state());
        self.check();
        assert_eq!(self.begun, self.ended, "one end for each attempt");
    }

    fn record(&mut self, what: &'static str, thing: &dyn core::fmt::Debug) {
        let text = format!("{what} {thing:?}");
        assert!(!text.contains(PASSWORD), "the password is printed: {text}");
        self.done.push((what, text));
    }

    /// What was recorded since the last call, by kind, and how things stand.
    fn entry(&mut self) -> String {
        let mut done = core::mem::take(&mut self.done);
        done.sort_by_key(|(what, _)| *what);
        let lines: Vec<_> = done.into_iter().map(|(_, text)| text).collect();
        format!("{}\n{}", lines.join("\n"), self.state())
    }

    fn state(&self) -> String {
        let client = &self.client;
        let output = client.outgoing().escape_ascii();
        let (phase, timer, read) = (client.phase(), client.next_timer(), client.wants_read());
        format!("{phase:?} {timer:?} reads {read} idle {} {output}", client.is_idle())
    }
}
