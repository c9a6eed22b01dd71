//! What goes wrong, when the time for it has come.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::end::{Fate, Sent};
use super::link::{NEVER, Side};
use super::model::Verdict;
use super::plan::Fault;
use super::run::Run;
use crate::endpoint::{Client, Endpoint, Event, LostCause, Shutdown};
use crate::stanza::Stanza;

/// How long a domain takes to shut down.
const SHUT_DOWN: Duration = Duration::from_secs(6);

impl Run {
    /// One of the plan's faults, with one of the clients.
    pub(super) fn go_wrong(&mut self) -> Verdict {
        let next = self.now + Duration::from_millis(1) + self.dice.about(self.plan.fault_every);
        self.fault_at = (next < self.rests_from).then_some(next);
        let fault = self.plan.faults[self.dice.index(self.plan.faults.len())];
        if fault.is_rare() && self.dice.percent(70) {
            return Ok(());
        }
        let index = self.dice.index(self.ends.len());
        match fault {
            Fault::Reset
            | Fault::Fin
            | Fault::HalfOpen
            | Fault::BlackHole
            | Fault::Stall
            | Fault::Slow => {
                let is_live = |link: &super::link::Link| link.owner == index && !link.is_dead();
                if let Some(link) = self.links.iter().position(is_live) {
                    self.inject(fault, || format!("c{index}"));
                    self.break_link(link, fault);
                }
            }
            Fault::Unreachable => self.make_unreachable(index),
            Fault::EarlyDeath => {
                self.ends[index].doomed = 1;
                if let Some(link) = self.links.iter().position(|link| link.owner == index) {
                    self.break_link(link, Fault::Reset);
                }
            }
            Fault::NetworkChange => self.change_network(index),
            Fault::Restart => return self.restart(index),
            Fault::Crash => return self.hang_and_crash(index),
            Fault::Pause => {
                let until = self.now + self.dice.about(Duration::from_secs(10));
                self.inject(fault, || format!("c{index} until {until:?}"));
                self.ends[index].paused_until = Some(until + Duration::from_millis(1));
            }
            Fault::Leave => {
                let now = self.now;
                if let Some(client) = self.ends[index].machine.as_mut().filter(|it| !it.is_idle()) {
                    client.close(now);
                    self.inject(fault, || format!("c{index}"));
                }
            }
            Fault::DomainRestart | Fault::DomainCrash => self.end_domain(fault),
        }
        Ok(())
    }

    /// Breaks a link in one of the ways in which links break.
    pub(super) fn break_link(&mut self, index: usize, how: Fault) {
        let Self { links, dice, now, .. } = self;
        let (link, now) = (&mut links[index], *now);
        let side = dice.one(Side::BOTH);
        match how {
            Fault::Reset => link.reset(now, dice),
            Fault::Fin => link.finish(now, dice),
            Fault::HalfOpen => {
                link.reset_for(now, side, dice);
                link.block(side, NEVER);
            }
            Fault::BlackHole => {
                for side in Side::BOTH {
                    link.block(side, NEVER);
                }
            }
            Fault::Stall => link.block(side, now + dice.about(Duration::from_secs(20))),
            Fault::Slow => link.slow_down(dice.millis(100..8000)),
            _ => {}
        }
    }

    fn make_unreachable(&mut self, index: usize) {
        let until = self.now + self.dice.about(Duration::from_secs(25));
        let fate = match self.dice.of(0..3) {
            0 => Fate::Fails(LostCause::Refused),
            1 => Fate::Fails(LostCause::Unreachable("no route".into())),
            _ => Fate::Silence,
        };
        self.inject(Fault::Unreachable, || format!("c{index} until {until:?}: {fate:?}"));
        self.ends[index].unreachable_until = until;
        self.ends[index].unreachable = fate;
        let how = self.dice.one([Fault::Reset, Fault::BlackHole]);
        if let Some(link) = self.links.iter().position(|link| link.owner == index) {
            self.break_link(link, how);
        }
    }

    fn change_network(&mut self, index: usize) {
        let (now, is_real) = (self.now, self.dice.percent(60));
        self.inject(Fault::NetworkChange, || format!("c{index}, real: {is_real}"));
        if is_real && let Some(link) = self.links.iter().position(|link| link.owner == index) {
            self.break_link(link, Fault::BlackHole);
        }
        if let Some(client) = &mut self.ends[index].machine {
            client.handle_network_change(now);
        }
    }

    /// A process ends, and leaves its session to the next one.
    fn restart(&mut self, index: usize) -> Verdict {
        let now = self.now;
        let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
        let expected: Vec<_> = client.unacked().map(|(token, _)| token).collect();
        let expected: Vec<Sent> =
            expected.iter().filter_map(|it| self.ends[index].tokens.get(it)).copied().collect();
        let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
        let Some(state) = client.detach(now) else { return Ok(()) };
        let state = (self.save)(state);
        self.inject(Fault::Restart, || format!("c{index}: {state:?}, {expected:?}"));
        self.take_rest(index)?;
        let end = &mut self.ends[index];
        if !end.tokens.is_empty() || !end.asked.is_empty() {
            return Err(format!("c{index} has left, and tokens have no outcome"));
        }
        end.saved = Some((state, expected));
        self.stop_process(index, true);
        Ok(())
    }

    /// A process dies, perhaps after it has taken no events for a while.
    fn hang_and_crash(&mut self, index: usize) -> Verdict {
        if self.dice.percent(50) {
            return self.crash(index);
        }
        let at = self.now + self.dice.millis(1..10_000);
        let end = &mut self.ends[index];
        end.paused_until = Some(at);
        end.crashes_at = Some(at);
        Ok(())
    }

    /// A process dies. What its user wants to say is not forgotten.
    pub(super) fn crash(&mut self, index: usize) -> Verdict {
        self.ends[index].crashes_at = None;
        if self.ends[index].machine.is_none() {
            return Ok(());
        }
        self.inject(Fault::Crash, || format!("c{index}"));
        self.lose_untaken(index);
        let end = &mut self.ends[index];
        end.asked.clear();
        for sent in core::mem::take(&mut end.tokens).into_values() {
            if let Sent::Message(number) = sent {
                end.outbox.insert(number);
                self.model.unacked(number, &mut self.report)?;
            }
        }
        self.ends[index].wants_presence = false;
        self.stop_process(index, false);
        Ok(())
    }

    /// What the dead process had received and not taken comes again, unless the server was told of it
    /// when the stream was to be resumed: then it counted as received.
    fn lose_untaken(&mut self, index: usize) {
        let Some(client) = &mut self.ends[index].machine else { return };
        let mut untaken = Vec::new();
        while let Some(event) = client.poll_event() {
            match event {
                Event::Stanza(Stanza::Message(message)) => untaken.push(message),
                Event::Disconnected(_) => {
                    for message in untaken.drain(..) {
                        self.model.lost_with_process(&message);
                    }
                }
                _ => {}
            }
        }
    }

    fn stop_process(&mut self, index: usize, in_order: bool) {
        let now = self.now;
        let link = self.links.iter().position(|link| link.owner == index && link.near.is_some());
        if let Some(link) = link {
            if self.dice.percent(20) {
                // The power is gone, and nobody says so.
                self.break_link(link, Fault::BlackHole);
            }
            let how = if in_order { Shutdown::Flush } else { Shutdown::Abort };
            self.drop_link(index, how);
        }
        let away = self.dice.one([3000, 20_000, 90_000]);
        let end = &mut self.ends[index];
        end.machine = None::<Client>;
        end.connects_at = None;
        end.crashes_at = None;
        end.paused_until = None;
        end.retries_at = None;
        end.resolving = None;
        end.opening = None;
        end.starts_at = Some(now + self.dice.millis(10..away));
    }

    /// The domain shuts down, or dies.
    fn end_domain(&mut self, fault: Fault) {
        let now = self.now;
        if self.stops_at.is_some() {
            return;
        }
        let Some(domain) = &mut self.domain else { return };
        if fault == Fault::DomainRestart {
            domain.shut_down(now);
            self.stops_at = Some(now + SHUT_DOWN);
            return self.inject(fault, || "all streams end".into());
        }
        self.inject(fault, || "nobody is told".into());
        self.stop_domain(false);
    }

    /// The domain is gone; what it has stored is not.
    pub(super) fn stop_domain(&mut self, in_order: bool) {
        let now = self.now;
        self.stops_at = None;
        let Some(mut domain) = self.domain.take() else { return };
        if in_order {
            let sessions: Vec<_> = self.links.iter().filter_map(|link| link.session).collect();
            for session in sessions {
                domain.release(now, session);
            }
        } else {
            self.model.domain_died();
        }
        self.storage = domain.storage().clone();
        let Self { links, dice, .. } = self;
        for link in links.iter_mut() {
            link.session = None;
            if link.far.take().is_none() {
                continue;
            }
            if dice.percent(80) {
                let cause = if dice.percent(50) { LostCause::Reset } else { LostCause::Eof };
                link.close(now, Side::Domain, cause, dice);
            } else {
                // Its host is gone, too.
                link.block(Side::Domain, NEVER);
            }
        }
        self.returns_at = Some(now + self.dice.about(Duration::from_secs(10)));
        self.note(100, &[13], || "the domain is gone".into());
    }

    pub(super) fn return_domain(&mut self) {
        self.returns_at = None;
        let storage = core::mem::take(&mut self.storage);
        self.domain = Some(self.new_domain(storage));
        self.note(100, &[14], || "the domain is back".into());
    }
}
