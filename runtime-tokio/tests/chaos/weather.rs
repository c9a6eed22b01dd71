//! Bad weather: what happens to the links of two who talk.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Instant;

use tokio::time::sleep;
use xmpp_proto::endpoint::{FastLogin, Reconnect, StreamManagement};
use xmpp_runtime_tokio::{Config, TlsMode};

use crate::book::Direction;
use crate::party::{Manner, Party, Progress, Shared, State};
use crate::proxy::{Fault, How, Link, Proxy, Way};
use crate::random::Random;
use crate::session::account;
use crate::support::Server;

/// What a server needs to be spared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Climate {
    pub(crate) server: &'static str,
    /// Links break between stanzas only, on their way to the server.
    ///
    /// After a resumption, Prosody 0.12.3 gives the bytes of the new stream to the parser of the old
    /// one. Where that was left inside a stanza, the next byte is not well-formed. A proxy sees TLS
    /// records only; but what the client writes at once is one record as long as it is shorter than
    /// 16 KiB, and it always writes whole stanzas. So records stay whole, and little is under way
    /// at once. On their way to the client, stanzas break anywhere.
    pub(crate) whole_stanzas: bool,
    /// Whether clients log in with tokens, and bind and resume within the login.
    pub(crate) fast_login: bool,
    /// The server does several things at once.
    ///
    /// ejabberd has a process for each stream. A resumption makes the new one that of the session,
    /// and only then routes again what lies in the mailbox of the old one: somebody's next message
    /// may overtake that. And what comes for somebody who is just logging in may be put aside after
    /// what was put aside has been delivered: it waits for the next login. The order after a
    /// resumption is not checked then, and what waits is counted; that nothing is lost or repeated
    /// while sessions are kept is checked all the same.
    pub(crate) concurrent: bool,
}

impl Climate {
    /// How a client comes to TLS: one at once, so that every byte is ciphertext, and the other one on
    /// the stream. Where records must stay whole, both at once.
    const fn tls(self, me: usize) -> TlsMode {
        if self.whole_stanzas || me == 0 { TlsMode::Direct } else { TlsMode::StartTls }
    }

    /// How long after a resumption the order of messages may be another one.
    const fn disorder(self) -> Duration {
        if self.concurrent { Duration::from_secs(1) } else { Duration::ZERO }
    }

    const fn manner(self, me: usize) -> Manner {
        let slow = me == 1;
        if self.whole_stanzas {
            Manner { window: 8, longest: 500, pause: 10, slow }
        } else {
            Manner { window: 24, longest: 4000, pause: 10, slow }
        }
    }
}

const NAMES: [&str; 2] = ["alice", "bob"];

/// What can happen to a link.
#[derive(Clone, Copy, Debug)]
enum Stroke {
    AtByte(Way, How),
    AtOnce(How),
    BlackHole(Option<Way>),
    Stall,
    Delay(How),
}

const STROKES: [(u64, Stroke); 12] = [
    (11, Stroke::AtByte(Way::Up, How::Fin)),
    (11, Stroke::AtByte(Way::Down, How::Fin)),
    (12, Stroke::AtByte(Way::Up, How::Reset)),
    (12, Stroke::AtByte(Way::Down, How::Reset)),
    (7, Stroke::AtOnce(How::Fin)),
    (7, Stroke::AtOnce(How::Reset)),
    (14, Stroke::BlackHole(None)),
    (6, Stroke::BlackHole(Some(Way::Down))),
    (2, Stroke::BlackHole(Some(Way::Up))),
    (10, Stroke::Stall),
    (4, Stroke::Delay(How::Fin)),
    (4, Stroke::Delay(How::Reset)),
];

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtByte(way, how) => write!(f, "{how:?} after n bytes {way:?}"),
            Self::AtOnce(how) => write!(f, "{how:?} at once"),
            Self::BlackHole(None) => f.write_str("black hole"),
            Self::BlackHole(Some(way)) => write!(f, "black hole {way:?}"),
            Self::Stall => f.write_str("stall"),
            Self::Delay(how) => write!(f, "delay, then {how:?}"),
        }
    }
}

/// Two clients, each behind a proxy, who talk through a server.
pub(crate) struct Weather {
    climate: Climate,
    pub(crate) shared: Shared,
    pub(crate) proxies: [Proxy; 2],
    parties: [Party; 2],
    pub(crate) random: Random,
    /// What was done, and how often.
    pub(crate) done: BTreeMap<String, u32>,
    /// How often in a row the next stroke did not wait for anything to arrive, for each side.
    breathless: [u32; 2],
    began: Instant,
    may_lose_sessions: bool,
    seed: u64,
}

impl Weather {
    /// Both go online and begin to talk.
    pub(crate) async fn start(
        climate: Climate,
        server: &impl Server,
        may_lose_sessions: bool,
        seed: u64,
    ) -> Self {
        say(&format!("{}: XMPP_CHAOS_SEED={seed}", climate.server));
        let variant = u64::from(may_lose_sessions) | u64::from(climate.fast_login) << 1;
        let mut random = Random::new(seed ^ variant);
        let shared = Shared::new(may_lose_sessions, climate.disorder());
        let proxies = [0, 1].map(|me| match climate.tls(me) {
            TlsMode::Direct if climate.whole_stanzas => {
                Proxy::to(server.tls_address()).whole_records().start()
            }
            TlsMode::Direct => Proxy::to(server.tls_address()).start(),
            _ => Proxy::to(server.address()).start(),
        });
        let parties = [0, 1].map(|me| {
            let mut config = config(server, climate.tls(me), &proxies[me], NAMES[me]);
            if climate.manner(me).slow {
                config = config.event_capacity(2);
            }
            if climate.fast_login {
                config = config.fast_login(FastLogin::new([b'x'; 16]).with_bind(true));
            }
            let random = Random::new(random.next());
            Party::start(me, config, &shared, climate.manner(me), random)
        });
        shared.wait("two who are online", State::is_online).await;
        shared.lock().pausing = false;
        // Not before something is acknowledged do they know the names of their sessions: without
        // `<enabled/>`, nothing can be resumed.
        let managed = |state: &State| state.directions.iter().all(|it| it.acked() > 0);
        shared.wait("acknowledgements", managed).await;
        Self {
            climate,
            shared,
            proxies,
            parties,
            random,
            done: BTreeMap::new(),
            breathless: [0; 2],
            began: Instant::now(),
            may_lose_sessions,
            seed,
        }
    }

    pub(crate) fn count(&mut self, what: impl fmt::Display) {
        *self.done.entry(what.to_string()).or_default() += 1;
    }

    /// Breaks links once, and waits until both have come back. Gives how many cuts that were.
    pub(crate) async fn strike(&mut self) -> u64 {
        let struck: &[usize] = self.random.weighted(&[(4, &[0][..]), (4, &[1]), (2, &[0, 1])]);
        let mut cuts = 0;
        let before = self.shared.lock().sides.clone();
        let mut strokes = Vec::new();
        for &side in struck {
            let stroke = self.random.weighted(&STROKES);
            let link = self.link(side).await;
            self.inject(stroke, &link).await;
            strokes.push((side, stroke, link));
            cuts += 1;
            if self.random.percent(25) {
                self.break_the_next(side);
                cuts += 1;
            }
        }
        for (side, stroke, link) in strokes {
            let disconnected = before[side].disconnected;
            let gone = |state: &State| state.sides[side].disconnected > disconnected;
            if !self.shared.comes(Duration::from_secs(3), gone).await && !is_silent(stroke) {
                // Too little passes in that direction.
                link.cut(How::Reset);
            }
            self.shared.wait("broken link", gone).await;
            if is_silent(stroke) {
                match self.random.below(3) {
                    0 => link.cut(How::Reset),
                    // What was held up comes late, beside the next stream.
                    1 => link.forward(),
                    _ => {} // half of it stays open
                }
            }
            if self.random.percent(10) {
                self.proxies[side].refuse();
                sleep(self.random.millis(200)).await;
                self.proxies[side].accept();
                self.count("connections refused for a while");
            }
        }
        self.come_back(struck).await;
        cuts
    }

    /// Waits until both are online again, most often until they have talked a while, too.
    async fn come_back(&mut self, struck: &[usize]) {
        self.shared.wait("two who are online again", State::is_online).await;
        for proxy in &self.proxies {
            proxy.forward();
            let mut links = proxy.links();
            links.pop();
            for old in links {
                old.cut(How::Reset);
            }
        }
        let breathless = struck.iter().all(|side| self.breathless[*side] < 2);
        if breathless && self.random.percent(25) {
            for side in struck {
                self.breathless[*side] += 1;
            }
            return;
        }
        self.breathless = [0; 2];
        let some = 1 + usize::try_from(self.random.below(12)).unwrap_or(0);
        self.progress(some).await;
    }

    /// Waits until so many more have arrived and are acknowledged on either side.
    pub(crate) async fn progress(&self, some: usize) {
        let count =
            |state: &State| state.directions.each_ref().map(|it| it.arrived().min(it.acked()));
        let before = count(&self.shared.lock());
        let further = |state: &State| {
            count(state).iter().zip(&before).all(|(now, before)| *now >= before + some)
        };
        self.shared.wait("further messages", further).await;
    }

    /// The link of this side.
    async fn link(&self, side: usize) -> Link {
        loop {
            if let Some(link) = self.proxies[side].newest() {
                return link;
            }
            self.shared.lock().check(); // a fault ends this
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn inject(&mut self, stroke: Stroke, link: &Link) {
        self.count(stroke);
        match stroke {
            Stroke::AtByte(way, how) => {
                let after = self.random.below(3000);
                link.inject(Fault::Cut { way, after, how });
            }
            Stroke::AtOnce(how) => link.cut(how),
            Stroke::BlackHole(way) => link.inject(Fault::BlackHole(way)),
            Stroke::Stall => link.inject(Fault::Stall),
            Stroke::Delay(how) => {
                link.inject(Fault::Delay(self.random.millis(80)));
                sleep(self.random.millis(400)).await;
                link.cut(how);
            }
        }
    }

    /// The next link breaks while the client comes back: in the handshake, the login, the
    /// resumption, or what is sent again after it.
    fn break_the_next(&mut self, side: usize) {
        let way = self.random.weighted(&[(1, Way::Up), (1, Way::Down)]);
        let how = self.random.weighted(&[(1, How::Fin), (1, How::Reset)]);
        let after = self.random.below(5000);
        self.proxies[side].plan(Fault::Cut { way, after, how });
        self.count("cut again while coming back");
    }

    /// The weather clears: everything comes to its end, and both leave.
    pub(crate) async fn clear(self) -> String {
        for proxy in &self.proxies {
            proxy.forward();
        }
        self.shared.wait("two who are online", State::is_online).await;
        self.settle(false).await;
        // What would come twice has time to come.
        sleep(Duration::from_millis(300)).await;
        let report = self.report();
        let unfinished: Vec<_> =
            self.shared.lock().directions.iter().flat_map(Direction::unfinished).collect();
        assert!(unfinished.is_empty(), "{unfinished:#?}");
        for (me, party) in self.parties.into_iter().enumerate() {
            party.end(&self.shared, me).await;
        }
        report
    }

    /// Sends nothing more, and waits until everything has come to its end.
    ///
    /// What the server had taken over when it was stopped, it has put aside, or delivers now. What it
    /// had when it was killed is its loss, which it is not for a client to make good.
    pub(crate) async fn settle(&self, was_killed: bool) {
        self.shared.lock().pausing = true;
        let decided = |state: &State| state.directions.iter().all(Direction::is_decided);
        self.shared.wait("outcome of everything", decided).await;
        let may_lack = was_killed || self.climate.concurrent && self.may_lose_sessions;
        let soon = Duration::from_secs(2);
        if may_lack && !self.shared.comes(soon, State::is_settled).await {
            let mut state = self.shared.lock();
            for direction in &mut state.directions {
                direction.write_off();
            }
        }
        self.shared.wait("end of all messages", State::is_settled).await;
    }

    fn report(&self) -> String {
        let state = self.shared.lock();
        let [there, back] = state.directions.each_ref().map(Direction::sum);
        let all = |number: fn(&Progress) -> u32| -> u32 { state.sides.iter().map(number).sum() };
        let done: Vec<_> =
            self.done.iter().map(|(what, times)| format!("  {times:5} x {what}")).collect();
        format!(
            "{}: seed {}, {:.1} s, {} links\n{}\n  messages {} + {}, resent {}, of these twice {}, \
             delivered again by the server {}, overtaken in the server {}, kept back or lost by \
             the server {}\n  \
             disconnected {}, resumed {}, sessions lost {}, sessions {}, requests {} (without \
             answer {}), tokens {} (refused {})",
            self.climate.server,
            self.seed,
            self.began.elapsed().as_secs_f64(),
            self.proxies.iter().map(Proxy::opened).sum::<usize>(),
            done.join("\n"),
            there.sent,
            back.sent,
            there.resent + back.resent,
            there.repeated + back.repeated,
            there.redelivered + back.redelivered,
            there.overtaken + back.overtaken,
            there.written_off + back.written_off,
            all(|it| it.disconnected),
            all(|it| it.resumed),
            all(|it| it.lost),
            all(|it| it.sessions),
            all(|it| it.answered),
            all(|it| it.unanswered),
            all(|it| it.tokens),
            all(|it| it.refused),
        )
    }
}

/// Prints what is of interest even where all is well: the test runner would swallow what the print
/// macros write then.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether the client must find out by itself.
const fn is_silent(stroke: Stroke) -> bool {
    matches!(stroke, Stroke::BlackHole(_) | Stroke::Stall)
}

/// A client that notices soon what is wrong, and comes back at once.
fn config(server: &impl Server, tls: TlsMode, proxy: &Proxy, name: &str) -> Config {
    let address = proxy.address();
    account(server, name, "secret", tls)
        .host(address.ip().to_string(), address.port())
        .resource(name)
        .core(|core| {
            core.negotiation_timeout = Duration::from_secs(5);
            core.reconnect = Some(
                Reconnect::default()
                    .with_pauses(Duration::from_millis(10), Duration::from_millis(200))
                    .with_initial(true),
            );
            core.keepalive.probe_after = Some(Duration::from_millis(300));
            core.keepalive.timeout = Duration::from_millis(700);
            let mut management = StreamManagement::default();
            management.request_every = 3;
            management.request_after = Duration::from_millis(50);
            management.ack_every = 5;
            core.management = Some(management);
        })
}
