//! What happens in a run: how many there are, how good the network is, and what goes wrong.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::super::Chunks;
use super::dice::Dice;
use crate::endpoint::{Keepalive, Reconnect, ServerTls, StreamManagement};

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Both ends of a link find it reset. What was on its way is lost.
    Reset,
    /// Both ends find it closed, once they have read what was on its way.
    Fin,
    /// One end finds the link reset; the other one is told nothing.
    HalfOpen,
    /// Nothing arrives any more, in either direction, and nobody is told.
    BlackHole,
    /// One direction stands still for a while.
    Stall,
    /// For a while, everything takes much longer.
    Slow,
    /// For a while, no connection can be had: it is refused, or the host cannot be reached, or
    /// nobody answers.
    Unreachable,
    /// A new link dies within its first bytes: in the middle of TLS, of the login, of binding or of
    /// a resumption.
    EarlyDeath,
    /// A client hears that it has another network; the old link is silent from then on.
    NetworkChange,
    /// A client's process ends with its session saved, and another one goes on with it.
    Restart,
    /// A client's process dies with all that it knows but what its user wanted to say.
    Crash,
    /// An application takes no events for a while.
    Pause,
    /// A client closes its stream properly, and comes back.
    Leave,
    /// The domain shuts down properly and comes back with its storage.
    DomainRestart,
    /// The domain dies and comes back with its storage; all sessions are lost.
    DomainCrash,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Reset,
        Self::Fin,
        Self::HalfOpen,
        Self::BlackHole,
        Self::Stall,
        Self::Slow,
        Self::Unreachable,
        Self::EarlyDeath,
        Self::NetworkChange,
        Self::Restart,
        Self::Crash,
        Self::Pause,
        Self::Leave,
        Self::DomainRestart,
        Self::DomainCrash,
    ];

    /// What concerns the whole domain is rarer than what concerns one client.
    pub(super) const fn is_rare(self) -> bool {
        matches!(self, Self::DomainRestart | Self::DomainCrash)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "reset",
            Self::Fin => "FIN",
            Self::HalfOpen => "half-open",
            Self::BlackHole => "black hole",
            Self::Stall => "stall",
            Self::Slow => "slow",
            Self::Unreachable => "unreachable",
            Self::EarlyDeath => "early death",
            Self::NetworkChange => "network change",
            Self::Restart => "restart",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Leave => "leave",
            Self::DomainRestart => "domain restart",
            Self::DomainCrash => "domain crash",
        })
    }
}

/// What happens in a run. [`Plan::of`] makes one of a seed; each part can be set on its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// How many clients there are, at least two. Each has an account of its own.
    pub clients: usize,
    /// How long things go wrong and people talk. Then the faults stop, and time goes on until all is
    /// quiet.
    pub lasts: Duration,
    /// The mean time between two messages of one client.
    pub says_every: Duration,
    /// Of a hundred things that clients say, how many are requests and not messages.
    pub requests: u64,
    /// The mean time between two faults.
    pub fault_every: Duration,
    /// What goes wrong. What is named twice is twice as likely.
    pub faults: Vec<Fault>,
    /// How many of a hundred new links die within their first bytes.
    pub early_deaths: u64,
    /// How long bytes take from the client and to the client, at least and at most.
    pub latency: [[Duration; 2]; 2],
    /// How what each side sends is cut.
    pub chunks: [Chunks; 2],
    /// How many bytes of one side may be on their way.
    pub window: usize,
    /// When TLS starts.
    pub tls: ServerTls,
    /// Whether clients ask DNS.
    pub dns: bool,
    /// How each client manages its stream. Those behind the last are as the last.
    pub management: Vec<Option<StreamManagement>>,
    /// How the domain manages streams.
    pub server_management: Option<StreamManagement>,
    /// How clients come back.
    pub reconnect: Reconnect,
    /// How clients notice dead links.
    pub keepalive: Keepalive,
    /// How the domain notices them.
    pub server_keepalive: Keepalive,
    /// The domain has little room: what it cannot keep goes back to its sender, or to nobody, if that
    /// one is not there. Then nothing is promised about what arrives, but that it comes in order and
    /// once.
    pub scarce: bool,
    /// How many events wait for the application of a client.
    pub event_capacity: usize,
}

impl Plan {
    /// A network on which nothing goes wrong, and three clients on it.
    #[must_use]
    pub fn calm() -> Self {
        let quick = [Duration::from_millis(5), Duration::from_millis(20)];
        Self {
            clients: 3,
            lasts: Duration::from_mins(2),
            says_every: Duration::from_secs(4),
            requests: 10,
            fault_every: Duration::from_secs(10),
            faults: Vec::new(),
            early_deaths: 0,
            latency: [quick; 2],
            chunks: [Chunks::Whole; 2],
            window: 64 * 1024,
            tls: ServerTls::InsecurePlaintext,
            dns: false,
            management: Vec::from([Some(StreamManagement::default())]),
            server_management: Some(StreamManagement::default()),
            reconnect: Reconnect::default()
                .with_pauses(Duration::from_millis(500), Duration::from_secs(20))
                .with_initial(true),
            keepalive: Keepalive::default(),
            server_keepalive: Keepalive {
                probe_after: Some(Duration::from_mins(4)),
                ..Keepalive::default()
            },
            scarce: false,
            event_capacity: 64,
        }
    }

    /// As [`Plan::calm`], with these faults.
    #[must_use]
    pub fn with_faults(mut self, faults: impl Into<Vec<Fault>>) -> Self {
        self.faults = faults.into();
        if self.faults.contains(&Fault::EarlyDeath) {
            self.early_deaths = 20;
        }
        self
    }

    /// What this seed says. Some are calm, some are wild, and some have faults of one kind only.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let dice = &mut Dice::new(seed ^ 0x5eed_0f0a_91a7);
        let mut plan = Self::calm();
        plan.clients = 2 + dice.index(3) + if dice.percent(20) { dice.index(5) } else { 0 };
        plan.clients = plan.clients.min(8);
        plan.lasts = Duration::from_secs(dice.of(20..150));
        plan.says_every = dice.millis(500..6000);
        plan.requests = dice.one([0, 5, 25]);
        plan.plan_faults(dice);
        plan.plan_network(dice);
        plan.plan_machines(dice);
        plan
    }

    fn plan_faults(&mut self, dice: &mut Dice) {
        let style = dice.of(0..100);
        let all = Fault::ALL;
        self.faults = match style {
            0..8 => Vec::new(),
            8..30 => Vec::from([all[dice.index(all.len())]]),
            _ => {
                let few = 2 + dice.index(all.len() - 2);
                (0..few).map(|_| all[dice.index(all.len())]).collect()
            }
        };
        let wild = style >= 85;
        self.fault_every = if wild { dice.millis(500..3000) } else { dice.millis(3000..20_000) };
        let of_domain = !self.faults.is_empty() && self.faults.iter().all(|it| it.is_rare());
        if of_domain {
            self.fault_every = self.fault_every.max(Duration::from_secs(15));
        }
        if self.faults.contains(&Fault::EarlyDeath) {
            self.early_deaths = if wild { 50 } else { dice.of(5..40) };
        }
    }

    fn plan_network(&mut self, dice: &mut Dice) {
        for latency in &mut self.latency {
            let (least, more) = (dice.one([2, 30, 300]), dice.one([2, 50, 900]));
            let least = dice.millis(0..least);
            *latency = [least, least + dice.millis(0..more)];
        }
        for chunks in &mut self.chunks {
            if dice.percent(30) {
                *chunks = Chunks::Random(dice.roll());
            }
        }
        if dice.percent(10) {
            self.window = dice.index(4000) + 200;
        }
        self.tls = match dice.of(0..100) {
            0..70 => ServerTls::InsecurePlaintext,
            70..90 => ServerTls::StartTls,
            _ => ServerTls::Direct,
        };
        self.dns = dice.percent(30);
    }

    fn plan_machines(&mut self, dice: &mut Dice) {
        let server = some_management(dice);
        self.server_management = (!dice.percent(5)).then_some(server);
        let client = some_management(dice);
        // Mostly all are managed: where one is not, less can be promised.
        let unmanaged = dice.percent(10);
        let managed = |dice: &mut Dice| (!unmanaged || dice.percent(50)).then_some(client);
        self.management = (0..self.clients).map(|_| managed(dice)).collect();
        if dice.percent(50) {
            self.keepalive = some_keepalive(dice);
        }
        if dice.percent(70) {
            self.server_keepalive = some_keepalive(dice);
        }
        self.scarce = dice.percent(6);
        if dice.percent(30) {
            self.event_capacity = 1 + dice.index(10);
        }
    }

    /// How a client manages its stream.
    #[must_use]
    pub fn management_of(&self, client: usize) -> Option<StreamManagement> {
        self.management.get(client).or(self.management.last()).copied().flatten()
    }
}

fn some_management(dice: &mut Dice) -> StreamManagement {
    let mut management = StreamManagement::default();
    if dice.percent(15) {
        management.resume = false;
    }
    if dice.percent(30) {
        // Sessions are given up.
        management.max_resume = Duration::from_secs(dice.of(2..60));
    }
    if dice.percent(15) {
        management.max_unacked = 4 + dice.index(40);
    }
    if dice.percent(10) {
        management.max_unacked_bytes = 2000 + dice.index(20_000);
    }
    if dice.percent(40) {
        management.request_every = dice.one([1, 2, 5, 100]);
        management.request_after = dice.millis(0..5000);
        management.ack_every = dice.one([1, 3, 200]);
        management.answer_within = dice.millis(0..2000);
    }
    if dice.percent(20) {
        management.max_replays = 1 + u8::try_from(dice.of(0..4)).unwrap_or_default();
    }
    management
}

fn some_keepalive(dice: &mut Dice) -> Keepalive {
    Keepalive {
        probe_after: Some(Duration::from_secs(dice.of(5..60))),
        timeout: Duration::from_secs(dice.of(5..20)),
        whitespace: dice.percent(30).then(|| Duration::from_secs(dice.of(10..60))),
    }
}
