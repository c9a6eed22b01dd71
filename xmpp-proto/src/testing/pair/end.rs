//! One machine at its end of the transport, driven as the contract says.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;

use super::link::Link;
use super::tls::{Port, Taken};
use super::transcript::{Transcript, What};
use super::{Manners, Side};
use crate::Instant;
use crate::endpoint::{
    Action, Commands, Completion, ConnInfo, IqToken, LostCause, SendToken, Shutdown, Step,
};
use crate::stanza::Stanza;

/// More steps than any drain needs: a machine that goes on is caught in a loop.
const MAX_STEPS: usize = 1_000_000;

/// A command that has not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token {
    Send(SendToken),
    Iq(IqToken),
}

/// What an end acts upon.
pub(super) struct World<'a> {
    pub(super) now: Instant,
    pub(super) link: &'a mut Link,
    pub(super) log: &'a mut Transcript,
    /// Whether anything has happened.
    pub(super) moved: bool,
}

pub(super) struct End<M> {
    pub(super) side: Side,
    pub(super) machine: M,
    pub(super) port: Port,
    pub(super) manners: Manners,
    /// Stanzas that the application sends as soon as there is room.
    pub(super) todo: VecDeque<Stanza>,
    pub(super) completions: VecDeque<Completion>,
    /// Commands without outcome.
    pub(super) waiting: BTreeSet<Token>,
    /// Streams so far.
    pub(super) begun: usize,
    /// Their ends, as far as the application has taken them.
    pub(super) ends: usize,
    /// TLS began, and the machine has not been told how it went.
    securing: bool,
}

impl<M: Commands> End<M> {
    pub(super) fn new(side: Side, machine: M) -> Self {
        Self {
            side,
            machine,
            port: Port::new(side),
            manners: Manners::default(),
            todo: VecDeque::new(),
            completions: VecDeque::new(),
            waiting: BTreeSet::new(),
            begun: 0,
            ends: 0,
            securing: false,
        }
    }

    fn told(&self, cx: &mut World<'_>, what: impl FnOnce() -> String) {
        cx.moved = true;
        cx.log.note(cx.now, self.side, || What::Told(what()));
    }

    /// The transport is open.
    pub(super) fn open(&mut self, cx: &mut World<'_>, count: u8) {
        let id = self.machine.attempt();
        self.port.open(id, count);
        self.securing = false;
        self.told(cx, || "connected".into());
        self.machine.handle_connected(cx.now, id, ConnInfo::new());
    }

    /// Drains the machine and writes what it has to say. Returns what is not for the transport.
    pub(super) fn drain(&mut self, cx: &mut World<'_>) -> Option<Action> {
        for _ in 0..MAX_STEPS {
            match self.machine.step() {
                Step::Act(action) => {
                    cx.moved = true;
                    cx.log.note(cx.now, self.side, || What::Action(format!("{action:?}")));
                    if let Some(action) = self.act(cx, action) {
                        return Some(action);
                    }
                }
                Step::Done(completion) => {
                    cx.moved = true;
                    cx.log.note(cx.now, self.side, || What::Done(format!("{completion:?}")));
                    let token = match &completion {
                        Completion::Outcome { token, .. } => Token::Send(*token),
                        Completion::Reply { token, .. } => Token::Iq(*token),
                    };
                    if !self.waiting.remove(&token) {
                        self.complain(cx, &format!("{token:?} has a second outcome"));
                    }
                    self.completions.push_back(completion);
                }
                Step::Work => {}
                Step::Wait { write, .. } => {
                    let id = self.port.id?;
                    if write.is_empty() {
                        return None;
                    }
                    if self.port.is_securing() {
                        self.complain(cx, "it has something to say during the TLS handshake");
                    }
                    let n = self.port.write(cx.now, cx.link, write);
                    if n == 0 {
                        return None;
                    }
                    cx.moved = true;
                    cx.log.note(cx.now, self.side, || What::Wrote(write[..n].into()));
                    self.machine.handle_written(cx.now, id, n);
                }
            }
        }
        self.complain(cx, "it does not come to rest")
    }

    fn act(&mut self, cx: &mut World<'_>, action: Action) -> Option<Action> {
        match action {
            Action::Secure { id, .. } | Action::SecureServer { id, .. } => {
                let ours = matches!(action, Action::Secure { .. }) == (self.side == Side::Client);
                if !ours || self.port.id != Some(id) || !self.machine.outgoing().is_empty() {
                    self.complain(cx, "a TLS handshake is out of place");
                }
                self.securing = true;
                self.port.secure(cx.now, cx.link);
                None
            }
            Action::Disconnect { id, how } => {
                if self.port.id == Some(id) {
                    self.port.close(cx.now, cx.link, how == Shutdown::Flush);
                }
                None
            }
            other => Some(other),
        }
    }

    /// Takes one chunk from the transport, or its end, if the machine wants it.
    pub(super) fn read(&mut self, cx: &mut World<'_>) {
        let Some(id) = self.port.id else { return };
        let reads = self.machine.wants_read() || self.port.is_securing();
        let from = self.side.peer();
        if reads && cx.link.is_ready(from) {
            cx.moved = true;
            match self.port.read(cx.now, cx.link, self.machine.max_chunk()) {
                Taken::Nothing => {}
                Taken::Bytes(bytes) => {
                    if self.securing {
                        self.complain(cx, "the transport reads for it during the TLS handshake");
                    }
                    self.machine.handle_received(cx.now, id, &bytes);
                }
                Taken::Secured(info) => {
                    self.securing = false;
                    self.told(cx, || format!("{info:?}"));
                    self.machine.handle_secured(cx.now, id, info);
                }
                Taken::Lost(cause) => self.lose(cx, cause),
            }
            return;
        }
        if let Some(cause) = cx.link.end(cx.now, from)
            && (reads || *cause == LostCause::Reset)
        {
            let cause = cause.clone();
            self.lose(cx, cause);
        }
    }

    /// The transport is gone.
    pub(super) fn lose(&mut self, cx: &mut World<'_>, cause: LostCause) {
        let Some(id) = self.port.id else { return };
        self.port.close(cx.now, cx.link, false);
        self.told(cx, || format!("lost: {cause:?}"));
        self.machine.handle_lost(cx.now, id, cause);
    }

    /// Lets the machine know the time, if a deadline is due.
    pub(super) fn keep_time(&mut self, cx: &mut World<'_>) -> bool {
        let due = self.machine.poll_timeout().is_some_and(|at| at <= cx.now);
        if due {
            self.told(cx, || "it is time".into());
            self.machine.handle_timeout(cx.now);
        }
        due
    }

    /// What holds after the machine was told the time and drained.
    pub(super) fn check_deadline(&self, cx: &World<'_>) {
        if self.machine.poll_timeout().is_some_and(|at| at <= cx.now) {
            self.complain(cx, "a deadline stays in the past");
        }
    }

    /// What holds whenever nothing is left to do.
    pub(super) fn check(&self, cx: &World<'_>) {
        let machine = &self.machine;
        if self.ends > self.begun {
            self.complain(cx, "it ended twice");
        }
        if self.begun > 0 && self.ends == self.begun {
            if !machine.is_idle() || self.port.id.is_some() {
                self.complain(cx, "it goes on after its end");
            }
            if let Some(token) = self.waiting.first() {
                self.complain(cx, &format!("{token:?} has no outcome"));
            }
            if !machine.outgoing().is_empty() || machine.wants_read() {
                self.complain(cx, "it wants the transport after its end");
            }
            if machine.poll_timeout().is_some() {
                self.complain(cx, "it keeps a deadline after its end");
            }
        }
    }

    pub(super) fn complain(&self, cx: &World<'_>, what: &str) -> ! {
        panic!("{}: {what}\n{}", self.side.name(), cx.log)
    }
}
