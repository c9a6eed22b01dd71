//! Driving the machines at both ends of the links.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::end::{End, Fate, Sent};
use super::link::{Link, Side, Tls};
use super::model::Verdict;
use super::plan::Fault;
use super::run::Run;
use crate::endpoint::{
    Action, AttemptId, Client, ConnInfo, DnsRecords, Endpoint, LostCause, ServerTls, Shutdown,
    SrvAnswer, SrvRecord, Step, TlsInfo, TlsVersion,
};

/// More steps than one drain takes.
const MAX_STEPS: usize = 100_000;

impl Run {
    /// A process starts, perhaps with the session of the one before.
    pub(super) fn start(&mut self, index: usize) -> Verdict {
        let (now, seed) = (self.now, self.dice.seed());
        let end = &mut self.ends[index];
        end.starts_at = None;
        let config = end.config.clone();
        let mut client = match end.saved.take() {
            None => Client::new(config, seed, now),
            Some((state, expected)) => {
                let client = Client::with_resume(config, state, seed, now);
                let client = client.map_err(|rejected| format!("{rejected}"))?;
                // Everything that was saved is there, in order.
                let mut restored = client.unacked().map(|(token, _)| token);
                for sent in expected {
                    let Some(token) = restored.next() else {
                        return Err(format!("{sent:?} was saved, and is not there"));
                    };
                    if let Sent::Message(number) = sent {
                        self.model.restored(number)?;
                    }
                    end.tokens.insert(token, sent);
                }
                if restored.next().is_some() {
                    return Err("more was restored than was saved".into());
                }
                drop(restored);
                client
            }
        };
        let started = client.connect(now);
        self.ends[index].machine = Some(client);
        self.note(index, &[8], || "starts".into());
        started.map_err(|error| format!("a new client cannot connect: {error}"))
    }

    /// The application connects again.
    pub(super) fn connect(&mut self, index: usize) -> Verdict {
        let now = self.now;
        let end = &mut self.ends[index];
        end.connects_at = None;
        let Some(client) = &mut end.machine else { return Ok(()) };
        client.connect(now).map_err(|error| format!("a client that has ended: {error}"))
    }

    /// The link that a client holds.
    pub(super) fn link_of(&mut self, index: usize) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.owner == index && link.near.is_some())
    }

    /// Drains a client, moves its bytes, and hands its events to its application. True if anything
    /// happened.
    pub(super) fn drive_client(&mut self, index: usize) -> Result<bool, String> {
        let moved = self.drain_client(index)?;
        let end = &mut self.ends[index];
        end.timer = end.machine.as_ref().and_then(Endpoint::poll_timeout);
        Ok(moved)
    }

    fn drain_client(&mut self, index: usize) -> Result<bool, String> {
        let now = self.now;
        let mut moved = false;
        for _ in 0..MAX_STEPS {
            self.pass_tls(index);
            let Self { ends, links, dice, journal, report, .. } = self;
            let end = &mut ends[index];
            let Some(client) = &mut end.machine else { return Ok(moved) };
            let link = links.iter_mut().find(|link| link.owner == index && link.near.is_some());
            match client.step() {
                Step::Act(action) => self.act(index, action)?,
                Step::Done(completion) => self.handle_completion(index, completion)?,
                Step::Work => {}
                Step::Wait { write, read, .. } => {
                    if let Some(link) = link
                        && let Some(near) = link.near
                    {
                        let room = link.room(Side::Client).min(write.len());
                        if room > 0 {
                            let n = sent_at_once(room, dice);
                            journal.bytes(now, index, "C", &write[..n]);
                            link.put(now, Side::Client, &write[..n], dice);
                            client.handle_written(now, near, n);
                            moved = true;
                            continue;
                        }
                        if read
                            && let Some(bytes) = link.take(now, Side::Domain, client.max_chunk())
                        {
                            journal.bytes(now, index, "c", &bytes);
                            report.bytes += bytes.len() as u64;
                            client.handle_received(now, near, &bytes);
                            // There is room for more.
                            link.stirred = true;
                            moved = true;
                            continue;
                        }
                        if let Some(cause) = link.end(now, Side::Domain) {
                            link.near = None;
                            link.close(now, Side::Client, LostCause::Reset, dice);
                            journal.note(now, &[9], || format!("c{index} lost: {cause:?}"));
                            client.handle_lost(now, near, cause);
                            moved = true;
                            continue;
                        }
                    }
                    if end.paused_until.is_some() {
                        return Ok(moved);
                    }
                    let Some(event) = client.poll_event() else { return Ok(moved) };
                    self.handle_event(index, event)?;
                }
            }
            moved = true;
        }
        Err(format!("c{index} does not come to rest"))
    }

    fn act(&mut self, index: usize, action: Action) -> Verdict {
        let now = self.now;
        self.note(index, &[10], || format!("{action:?}"));
        match action {
            Action::Resolve { id, .. } => {
                let after = self.dice.millis(0..400);
                self.ends[index].resolving = Some((now + after, id));
            }
            Action::Connect { id, .. } => {
                let mut fate = Fate::Opens;
                if self.domain.is_none() || self.stops_at.is_some() {
                    fate = Fate::Fails(LostCause::Refused);
                } else if now < self.ends[index].unreachable_until {
                    fate = self.ends[index].unreachable.clone();
                }
                let after = self.dice.about(self.plan.latency[0][1] + self.plan.latency[1][1]);
                self.ends[index].opening = Some((now + after, id, fate));
            }
            Action::Secure { .. } => self.secure(index, Side::Client),
            Action::Disconnect { how, .. } => {
                self.ends[index].opening = None;
                self.ends[index].resolving = None;
                self.drop_link(index, how);
            }
            other => return Err(format!("nobody knows what to do about {other:?}")),
        }
        Ok(())
    }

    /// The client lets go of its transport.
    pub(super) fn drop_link(&mut self, index: usize, how: Shutdown) {
        let now = self.now;
        let cause = if how == Shutdown::Flush { LostCause::Eof } else { LostCause::Reset };
        let Self { links, dice, .. } = self;
        for link in links.iter_mut().filter(|link| link.owner == index && link.near.is_some()) {
            link.near = None;
            link.close(now, Side::Client, cause.clone(), dice);
        }
    }

    /// What was looked up is found, and what was to be opened is open, or not. True if anything
    /// happened.
    pub(super) fn open_or_fail(&mut self, index: usize) -> bool {
        let now = self.now;
        let mut moved = false;
        let end = &mut self.ends[index];
        if let Some((_, id)) = end.resolving.take_if(|(at, _)| *at <= now)
            && let Some(client) = &mut end.machine
        {
            client.handle_resolved(now, id, records(self.dice.of(0..4), self.plan.tls));
            moved = true;
        }
        let end = &mut self.ends[index];
        let due = |(at, _, fate): &mut (_, _, Fate)| *at <= now && *fate != Fate::Silence;
        let Some((_, id, fate)) = end.opening.take_if(due) else { return moved };
        match fate {
            Fate::Fails(cause) => {
                if let Some(client) = &mut end.machine {
                    client.handle_lost(now, id, cause);
                }
            }
            Fate::Opens => self.open(index, id),
            Fate::Silence => {}
        }
        true
    }

    fn open(&mut self, index: usize, id: AttemptId) {
        let now = self.now;
        self.drop_link(index, Shutdown::Abort);
        let End { machine: Some(client), .. } = &mut self.ends[index] else { return };
        // Who shuts down does not listen any more.
        let listening = self.domain.as_mut().filter(|_| self.stops_at.is_none());
        let accepted = listening.and_then(|domain| {
            let session = domain.accept(now, self.plan.tls).ok()?;
            let mut port = domain.session(session)?;
            let far = port.attempt();
            port.handle_connected(now, far, ConnInfo::new());
            Some((session, far))
        });
        let Some((session, far)) = accepted else {
            return client.handle_lost(now, id, LostCause::Refused);
        };
        let plan = &self.plan;
        let mut link = Link::new(index, plan.latency, plan.chunks, plan.window);
        (link.near, link.far, link.session) = (Some(id), Some(far), Some(session));
        let doomed = core::mem::take(&mut self.ends[index].doomed) > 0;
        if doomed || (now < self.rests_from && self.dice.percent(self.plan.early_deaths)) {
            let side = self.dice.one(Side::BOTH);
            let most = self.dice.one([200, 1500, 4000]);
            link.dies_at = Some((side, self.dice.index(most)));
        }
        self.report.links += 1;
        self.note(index, &[11], || format!("has a link; dies at {:?}", link.dies_at));
        self.links.push(link);
        if let Some(client) = &mut self.ends[index].machine {
            client.handle_connected(now, id, ConnInfo::new());
        }
    }

    /// A side begins its handshake; when both have, it takes a while.
    fn secure(&mut self, index: usize, side: Side) {
        let (now, latency) = (self.now, self.plan.latency[0][1] + self.plan.latency[1][1]);
        let dice = &mut self.dice;
        let link = self.links.iter_mut().rev().find(|link| link.owner == index);
        if let Some(link) = link {
            begin_tls(link, side, now, latency, dice);
        }
    }

    /// Handshakes that are done.
    fn pass_tls(&mut self, index: usize) {
        let now = self.now;
        let Some(link) = self.link_of(index) else { return };
        let is_done = matches!(link.tls[0], Tls::Done(at) if at <= now);
        if let (true, Some(near)) = (is_done, link.near) {
            link.tls[0] = Tls::Secured;
            if let Some(client) = &mut self.ends[index].machine {
                client.handle_secured(now, near, tls_info());
            }
        }
    }

    /// Drains the domain's session at the other end of a link, and moves its bytes. True if anything
    /// happened.
    pub(super) fn drive_session(&mut self, index: usize) -> Result<bool, String> {
        let now = self.now;
        let latency = self.plan.latency[0][1] + self.plan.latency[1][1];
        let mut moved = false;
        for _ in 0..MAX_STEPS {
            let Self { domain, ends, links, dice, journal, report, .. } = self;
            let link = &mut links[index];
            let (Some(domain), Some(session)) = (domain, link.session) else { return Ok(moved) };
            let Some(mut port) = domain.session(session) else {
                (link.session, link.far) = (None, None);
                return Ok(moved);
            };
            if let (Tls::Done(at), Some(far)) = (link.tls[1], link.far)
                && at <= now
            {
                link.tls[1] = Tls::Secured;
                port.handle_secured(now, far, tls_info());
            }
            let who = 100 + link.owner;
            match port.step() {
                Step::Act(Action::SecureServer { .. }) => {
                    begin_tls(link, Side::Domain, now, latency, dice);
                }
                Step::Act(Action::Disconnect { how, .. }) => {
                    let cause =
                        if how == Shutdown::Flush { LostCause::Eof } else { LostCause::Reset };
                    link.far = None;
                    link.close(now, Side::Domain, cause, dice);
                }
                Step::Act(other) => return Err(format!("what to do about {other:?}?")),
                Step::Done(_) | Step::Work => {}
                Step::Wait { write, read, .. } => {
                    if let Some(far) = link.far {
                        let room = link.room(Side::Domain).min(write.len());
                        if room > 0 {
                            let n = sent_at_once(room, dice);
                            journal.bytes(now, who, "S", &write[..n]);
                            link.put(now, Side::Domain, &write[..n], dice);
                            port.handle_written(now, far, n);
                            moved = true;
                            continue;
                        }
                        if read && let Some(bytes) = link.take(now, Side::Client, port.max_chunk())
                        {
                            journal.bytes(now, who, "s", &bytes);
                            report.bytes += bytes.len() as u64;
                            port.handle_received(now, far, &bytes);
                            ends[link.owner].stirred = true;
                            moved = true;
                            continue;
                        }
                        if let Some(cause) = link.end(now, Side::Client) {
                            link.far = None;
                            link.close(now, Side::Domain, LostCause::Reset, dice);
                            journal.note(now, &[12], || format!("S{} lost: {cause:?}", who - 100));
                            port.handle_lost(now, far, cause);
                            moved = true;
                            continue;
                        }
                    }
                    if port.is_over() {
                        domain.release(now, session);
                        (link.session, link.far) = (None, None);
                    }
                    self.check_early_death(index);
                    return Ok(moved);
                }
            }
            moved = true;
        }
        Err(format!("the session of c{} does not come to rest", self.links[index].owner))
    }

    /// A link that is to die in the middle of something does.
    fn check_early_death(&mut self, index: usize) {
        let link = &mut self.links[index];
        let Some((side, bytes)) = link.dies_at else { return };
        if link.pipe(side).left < bytes {
            return;
        }
        link.dies_at = None;
        let owner = link.owner;
        let how = [Fault::Reset, Fault::Fin, Fault::HalfOpen, Fault::BlackHole];
        let how = self.dice.one(how);
        self.inject(Fault::EarlyDeath, || format!("c{owner}, as {how}"));
        self.break_link(index, how);
    }
}

fn begin_tls(
    link: &mut Link,
    side: Side,
    now: crate::Instant,
    latency: core::time::Duration,
    dice: &mut super::dice::Dice,
) {
    link.tls[side as usize] = Tls::Begun;
    if link.tls == [Tls::Begun; 2] {
        link.tls = [0, 1].map(|_| Tls::Done(now + latency + dice.millis(1..10)));
    }
}

/// How much of what could be written goes out at once.
fn sent_at_once(room: usize, dice: &mut super::dice::Dice) -> usize {
    if dice.percent(15) { 1 + dice.index(room) } else { room }
}

fn tls_info() -> TlsInfo {
    TlsInfo::new().with_version(TlsVersion::V1_3).with_tls_exporter([0xe5; 32])
}

/// What DNS says, which is one thing or the other.
fn records(which: u64, tls: ServerTls) -> DnsRecords {
    let answer = match which {
        0 => SrvAnswer::None,
        1 => SrvAnswer::Failed("nobody answers".into()),
        _ => SrvAnswer::Records(Vec::from([
            SrvRecord::new(5, 10, 5222, "one.example.org"),
            SrvRecord::new(5, 90, 5222, "two.example.org"),
        ])),
    };
    if tls == ServerTls::Direct {
        DnsRecords { xmpps: answer, xmpp: SrvAnswer::None }
    } else {
        DnsRecords { xmpps: SrvAnswer::None, xmpp: answer }
    }
}
