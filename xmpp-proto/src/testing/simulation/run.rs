//! One run: time goes from one moment to the next, and at each of them everything that can happen
//! does.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::time::Duration;

use super::dice::Dice;
use super::end::End;
use super::link::Link;
use super::model::{Model, Verdict};
use super::plan::{Fault, Plan};
use super::report::{Journal, Log, Report};
use super::{Save, config};
use crate::Instant;
use crate::domain::{Domain, MemoryStorage};
use crate::endpoint::{Client, Endpoint};

/// More rounds at one moment than anything takes.
const MAX_ROUNDS: usize = 20_000;

/// More moments than a run has, unless something spins.
const MAX_MOMENTS: u64 = 3_000_000;

/// How often in a row something may be due at a moment that has come already.
const MAX_LATE: u32 = 3;

/// The time in which all must be quiet once nothing goes wrong any more.
const MAX_REST: Duration = Duration::from_hours(1);

/// How long the quiet is looked at.
const QUIET: Duration = Duration::from_mins(6);

/// The most moments of one client in that time: keepalives and what belongs to them.
const QUIET_MOMENTS: u64 = 6 * 200;

pub(super) struct Run {
    pub(super) plan: Plan,
    pub(super) dice: Dice,
    pub(super) now: Instant,
    /// None while it is down.
    pub(super) domain: Option<Domain>,
    /// What the last domain has left.
    pub(super) storage: MemoryStorage,
    /// It is shutting down until then.
    pub(super) stops_at: Option<Instant>,
    pub(super) returns_at: Option<Instant>,
    pub(super) ends: Vec<End>,
    pub(super) links: Vec<Link>,
    pub(super) model: Model,
    pub(super) report: Report,
    pub(super) journal: Journal,
    pub(super) save: Save,
    /// When something goes wrong next.
    pub(super) fault_at: Option<Instant>,
    /// Until then, things go wrong and people talk.
    pub(super) rests_from: Instant,
    /// Nothing more may happen from then on.
    quiet_from: Option<(Instant, u64)>,
    /// How many sessions there had been then.
    sessions_at_rest: Option<u64>,
}

impl Run {
    pub(super) fn new(seed: u64, plan: Plan, save: Save, log: Option<Log>) -> Self {
        let mut dice = Dice::new(seed);
        let now = Instant::from_micros(0);
        let mut domain = Domain::new(config(&plan), dice.seed(), now);
        let count = plan.clients.max(2);
        let mut ends: Vec<_> =
            (0..count).map(|index| End::new(index, &plan, &mut domain)).collect();
        for end in &mut ends {
            end.starts_at = Some(now + dice.millis(1..2000));
            end.says_at = Some(now + dice.about(plan.says_every));
        }
        let fault_at = (!plan.faults.is_empty()).then(|| now + dice.about(plan.fault_every));
        Self {
            dice,
            now,
            domain: Some(domain),
            storage: MemoryStorage::new(),
            stops_at: None,
            returns_at: None,
            ends,
            links: Vec::new(),
            model: Model::new(count, plan.scarce),
            report: Report { runs: 1, ..Report::default() },
            journal: Journal::new(log),
            save,
            fault_at,
            rests_from: now + plan.lasts,
            quiet_from: None,
            sessions_at_rest: None,
            plan,
        }
    }

    /// All of it. What must hold and does not is the error.
    pub(super) fn go(&mut self) -> Verdict {
        let mut late = 0;
        loop {
            self.settle()?;
            if self.is_done()? {
                break;
            }
            let Some(next) = self.next_moment() else {
                return Err(format!("nothing happens any more: {}", self.unrest()));
            };
            // A machine knows no later moment than the last it was told: what it sets a deadline for
            // may be over by then, but only once.
            late = if next <= self.now { late + 1 } else { 0 };
            if late > MAX_LATE {
                return Err(format!("a deadline stays in the past: {}", self.timers()));
            }
            self.now = self.now.max(next);
            self.report.moments += 1;
            if self.report.moments > MAX_MOMENTS {
                return Err("something spins".into());
            }
            self.tick()?;
        }
        self.check_rest()?;
        self.model.finish(&mut self.report);
        self.report.micros = self.now.as_micros();
        self.report.digest = self.journal.digest();
        Ok(())
    }

    /// What a line of the history says, and what the digest is made of.
    pub(super) fn note(&mut self, index: usize, words: &[u64], line: impl FnOnce() -> String) {
        self.journal.word(index as u64);
        self.journal.note(self.now, words, || format!("c{index} {}", line()));
    }

    /// A fault is injected.
    pub(super) fn inject(&mut self, fault: Fault, line: impl FnOnce() -> String) {
        self.report.inject(fault);
        self.journal.note(self.now, &[6, fault as u64], || format!("!! {fault}: {}", line()));
    }

    /// Goes on until nothing happens any more without time passing.
    fn settle(&mut self) -> Verdict {
        for _ in 0..MAX_ROUNDS {
            let mut moved = false;
            for index in 0..self.ends.len() {
                let opened = self.open_or_fail(index);
                if opened || self.client_has_work(index) {
                    moved |= self.drive_client(index)?;
                }
            }
            self.stir_ready();
            for link in 0..self.links.len() {
                if self.links[link].stirred || self.links[link].is_due(self.now) {
                    self.links[link].stirred = false;
                    moved |= self.drive_session(link)?;
                }
            }
            self.stir_ready();
            self.links.retain(|link| !link.is_over());
            let stirred = self.links.iter().any(|link| link.stirred);
            if !moved && !stirred && !self.ends.iter().any(|end| end.stirred) {
                return Ok(());
            }
        }
        Err(format!("the machines do not come to rest: {}", self.timers()))
    }

    /// Whether a client may have something to do.
    fn client_has_work(&mut self, index: usize) -> bool {
        let now = self.now;
        let stirred = core::mem::take(&mut self.ends[index].stirred);
        stirred || self.link_of(index).is_some_and(|link| link.is_due(now))
    }

    /// Sees to those whom the domain has something for.
    fn stir_ready(&mut self) {
        let Some(domain) = &mut self.domain else { return };
        while let Some(session) = domain.poll_ready() {
            let link = self.links.iter_mut().find(|link| link.session == Some(session));
            if let Some(link) = link {
                link.stirred = true;
            }
        }
    }

    /// After something that may concern anybody.
    pub(super) fn stir_all(&mut self) {
        for end in &mut self.ends {
            end.stirred = true;
        }
        for link in &mut self.links {
            link.stirred = true;
        }
    }

    fn next_moment(&self) -> Option<Instant> {
        let ends = self.ends.iter().flat_map(End::moments);
        let links = self.links.iter().flat_map(Link::moments);
        let links = links.filter(|at| *at > self.now);
        let own = [
            self.domain.as_ref().and_then(Domain::poll_timeout),
            self.fault_at,
            self.stops_at,
            self.returns_at,
        ];
        ends.chain(links).chain(own.into_iter().flatten()).min()
    }

    /// The moment has come for some.
    fn tick(&mut self) -> Verdict {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if let Some(domain) = &mut self.domain
            && due(domain.poll_timeout())
        {
            domain.handle_timeout(now);
        }
        if due(self.stops_at) {
            self.stop_domain(true);
            self.stir_all();
        }
        if due(self.returns_at) {
            self.return_domain();
        }
        if due(self.fault_at) {
            self.go_wrong()?;
            self.stir_all();
        }
        for index in 0..self.ends.len() {
            self.tick_client(index)?;
        }
        Ok(())
    }

    fn tick_client(&mut self, index: usize) -> Verdict {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let end = &mut self.ends[index];
        let is_due = end.moments().any(|at| at <= now);
        end.stirred |= is_due;
        if !end.stirred {
            return Ok(());
        }
        if let Some(client) = &mut end.machine
            && due(client.poll_timeout())
        {
            client.handle_timeout(now);
        }
        if due(end.paused_until) {
            end.paused_until = None;
        }
        if due(self.ends[index].crashes_at) {
            self.crash(index)?;
        }
        if due(self.ends[index].starts_at) {
            self.start(index)?;
        }
        if due(self.ends[index].connects_at) {
            self.connect(index)?;
        }
        if due(self.ends[index].retries_at) {
            self.flush(index)?;
        }
        if due(self.ends[index].says_at) {
            let next = now + Duration::from_millis(1) + self.dice.about(self.plan.says_every);
            self.ends[index].says_at = (next < self.rests_from).then_some(next);
            self.say(index)?;
            self.check_bounds(index)?;
        }
        Ok(())
    }

    /// Whether the run is over. It is not before everything is quiet, and stays so.
    fn is_done(&mut self) -> Result<bool, String> {
        if self.now < self.rests_from {
            return Ok(false);
        }
        self.fault_at = None;
        for link in &mut self.links {
            link.heal(self.now, self.plan.latency);
            link.dies_at = None;
        }
        let is_quiet = self.is_quiet();
        let sessions = self.report.bound + self.report.resumed;
        match self.quiet_from {
            None if is_quiet => {
                self.journal.note(self.now, &[7], || "all is quiet".into());
                self.quiet_from = Some((self.now, self.report.moments));
                Ok(self.quiet_sessions(sessions))
            }
            None if self.now > self.rests_from + MAX_REST => {
                Err(format!("it does not become quiet: {}", self.unrest()))
            }
            None => Ok(false),
            Some((since, moments)) => {
                if self.quiet_sessions(sessions) {
                    return Err("a session came or went although nothing went wrong".into());
                }
                let most = QUIET_MOMENTS * self.ends.len() as u64;
                if self.report.moments - moments > most {
                    return Err(format!("machines that are at rest do much: {}", self.timers()));
                }
                if self.now > since + QUIET * 2 {
                    return Err(format!("the quiet did not last: {}", self.unrest()));
                }
                Ok(is_quiet && self.now >= since + QUIET)
            }
        }
    }

    /// Remembers how many sessions there were when all became quiet; true if there are others now.
    fn quiet_sessions(&mut self, sessions: u64) -> bool {
        let before = *self.sessions_at_rest.get_or_insert(sessions);
        before != sessions
    }

    fn is_quiet(&self) -> bool {
        self.domain.is_some()
            && self.ends.iter().all(End::is_quiet)
            && self.links.len() == self.ends.len()
            && self.links.iter().all(Link::is_quiet)
            && self.model.is_settled()
    }

    /// What a client keeps must be bounded.
    fn check_bounds(&self, index: usize) -> Verdict {
        let end = &self.ends[index];
        let Some(client) = &end.machine else { return Ok(()) };
        let most = end.config.management.map_or(0, |management| management.max_unacked);
        let kept = client.unacked().count();
        if kept > most * 2 {
            return Err(format!("c{index} keeps {kept} stanzas"));
        }
        Ok(())
    }

    /// What must be true when all is quiet.
    fn check_rest(&mut self) -> Verdict {
        let Some(domain) = &self.domain else { return Err("there is no domain".into()) };
        if domain.sessions() != self.ends.len() {
            let count = domain.sessions();
            return Err(format!("the domain has {count} sessions for {} clients", self.ends.len()));
        }
        let mut storage = domain.storage().clone();
        for end in &self.ends {
            let local = end.account.local().unwrap_or_default();
            let stored = crate::domain::Storage::stored(&mut storage, local);
            if stored.is_ok_and(|stored| stored.messages > 0) {
                return Err(format!("messages for {local} are kept, and it is there"));
            }
            if end.machine.as_ref().is_some_and(|client| client.unacked().next().is_some()) {
                return Err(format!("{local} waits for acknowledgements"));
            }
        }
        Ok(())
    }

    /// Why it is not quiet, for people.
    fn unrest(&self) -> String {
        let mut words = format!("{}; {} links", self.model.describe_missing(), self.links.len());
        for (index, end) in self.ends.iter().enumerate() {
            let online = end.machine.as_ref().map(Client::is_online);
            let (outbox, tokens, asked) = (end.outbox.len(), end.tokens.len(), end.asked.len());
            let _ = write!(
                words,
                "; c{index} online: {online:?}, {outbox} to be sent, {tokens} tokens, {asked} asked"
            );
        }
        words.push_str(&self.timers());
        words
    }

    fn timers(&self) -> String {
        let mut words = format!(
            " at {:?}; domain {:?}",
            self.now,
            self.domain.as_ref().and_then(Domain::poll_timeout)
        );
        for (index, end) in self.ends.iter().enumerate() {
            let timer = end.machine.as_ref().and_then(Client::next_timer);
            let _ = write!(words, "; c{index} {timer:?}");
        }
        words
    }

    /// The domain of the plan.
    pub(super) fn new_domain(&mut self, storage: MemoryStorage) -> Domain {
        let seed = self.dice.seed();
        Domain::with_storage(config(&self.plan), storage, seed, self.now)
    }
}
