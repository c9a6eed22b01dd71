//! A machine with modules.

use alloc::collections::VecDeque;
use core::ops::Deref;

use super::cx::{Announced, Issued};
use super::{Claim, Cx, Module};
use crate::Instant;
use crate::endpoint::{
    Action, AttemptId, Client, Commands, Completion, ConnInfo, Connect, DnsRecords, Endpoint,
    Event, IqToken, LostCause, Misuse, Query, Rejected, Request, ResumeState, SendToken, TlsInfo,
};
use crate::jid::FullJid;
use crate::session::earliest;
use crate::stanza::{Stanza, StanzaError};
use crate::xml::Element;

/// A machine that modules can be put on.
pub trait Host: Commands<Event = Event> {
    /// The address that it speaks for, while online.
    fn jid(&self) -> Option<&FullJid>;

    /// The features of the stream, while online.
    fn offered(&self) -> Option<&Element>;

    /// How many events may wait for the application.
    fn event_capacity(&self) -> usize;
}

impl Host for Client {
    fn jid(&self) -> Option<&FullJid> {
        Self::jid(self)
    }

    fn offered(&self) -> Option<&Element> {
        Self::offered(self)
    }

    fn event_capacity(&self) -> usize {
        Self::event_capacity(self)
    }
}

/// A machine with modules: a machine again.
///
/// Modules see each event before the application does. The getters of the machine inside are those of
/// this one.
///
/// What comes in reaches the modules while the application takes its events, or leaves no more of them
/// untaken than the machine's configuration says (`event_capacity`): beyond that, everything waits.
pub struct Modular<M: Module, C = Client> {
    machine: C,
    modules: M,
    now: Instant,
    announced: Announced,
    issued: Issued,
    events: VecDeque<Event<M::Event>>,
    completions: VecDeque<Completion>,
    /// Whether the modules have heard of a session that is not over.
    in_session: bool,
}

impl<M: Module, C: Host> Modular<M, C> {
    /// Puts the modules on the machine.
    #[must_use]
    pub fn new(machine: C, modules: M) -> Self {
        Self {
            now: Instant::from_micros(0),
            announced: Announced::of(&modules),
            issued: Issued::default(),
            events: VecDeque::new(),
            completions: VecDeque::new(),
            in_session: false,
            machine,
            modules,
        }
    }

    /// Runs `f` on the modules: for their commands, and to look at what they know.
    ///
    /// What `f` sends and asks is the application's: the tokens get their completions.
    pub fn with<R>(&mut self, now: Instant, f: impl FnOnce(&mut M, &mut Cx<'_>) -> R) -> R {
        self.advance(now);
        let mut cx =
            Cx { now: self.now, host: &mut self.machine, announced: &self.announced, issued: None };
        let result = f(&mut self.modules, &mut cx);
        self.announced = Announced::of(&self.modules);
        self.collect();
        result
    }

    /// The modules, to look at.
    #[must_use]
    pub const fn modules(&self) -> &M {
        &self.modules
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// What modules do by themselves.
    fn show<R>(&mut self, f: impl FnOnce(&mut M, &mut Cx<'_>) -> R) -> R {
        let mut cx = Cx {
            now: self.now,
            host: &mut self.machine,
            announced: &self.announced,
            issued: Some(&mut self.issued),
        };
        f(&mut self.modules, &mut cx)
    }

    /// Takes what the modules have to tell.
    fn collect(&mut self) {
        while let Some(event) = self.modules.poll_event() {
            self.events.push_back(Event::Module(event));
        }
    }

    /// Shows the modules what the machine tells. False if it has nothing to tell, or nobody has room.
    fn digest(&mut self) -> bool {
        let mut moved = false;
        while let Some(completion) = self.machine.poll_completion() {
            moved = true;
            self.handle_completion(completion);
        }
        while self.events.len() < self.machine.event_capacity() {
            let Some(event) = self.machine.poll_event() else { break };
            moved = true;
            let passed = self.handle_event(event);
            self.collect();
            self.events.extend(passed);
        }
        moved
    }

    /// What of it is left for the application.
    fn handle_event(&mut self, event: Event) -> Option<Event<M::Event>> {
        Some(match event {
            Event::Online { jid } => {
                self.show(M::handle_online);
                self.in_session = true;
                Event::Online { jid }
            }
            Event::Stanza(stanza) => {
                match self.show(|modules, cx| modules.handle_stanza(cx, &stanza)) {
                    Claim::Taken => return None,
                    Claim::Passed => Event::Stanza(stanza),
                }
            }
            Event::Query(query) => {
                Event::Query(self.show(|modules, cx| modules.handle_query(cx, query))?)
            }
            Event::Faulty(fault) => Event::Faulty(fault),
            Event::Nonza(element) => Event::Nonza(element),
            Event::Ended(ended) => {
                self.end_session();
                Event::Ended(ended)
            }
            Event::SessionLost => {
                self.end_session();
                Event::SessionLost
            }
            Event::Disconnected(disconnected) => Event::Disconnected(disconnected),
            Event::Resumed => {
                // A session that was saved elsewhere is new to these modules.
                if !core::mem::replace(&mut self.in_session, true) {
                    self.show(M::handle_online);
                }
                Event::Resumed
            }
            Event::Token(token) => Event::Token(token),
            Event::TokenRefused => Event::TokenRefused,
            Event::Module(never) => match never {},
        })
    }

    fn end_session(&mut self) {
        self.in_session = false;
        self.modules.handle_ended();
    }

    fn handle_completion(&mut self, completion: Completion) {
        let mine = match &completion {
            Completion::Outcome { token, .. } => self.issued.sends.remove(token),
            Completion::Reply { token, result } => {
                self.show(|modules, cx| modules.handle_reply(cx, *token, result.as_ref()));
                self.collect();
                self.issued.requests.remove(token)
            }
        };
        if !mine {
            self.completions.push_back(completion);
        }
    }
}

impl<M: Module> Modular<M> {
    /// As [`Client::detach`].
    pub fn detach(&mut self, now: Instant) -> Option<ResumeState> {
        self.advance(now);
        self.machine.detach(now)
    }

    /// As [`Client::handle_network_change`].
    pub fn handle_network_change(&mut self, now: Instant) {
        self.advance(now);
        self.machine.handle_network_change(now);
    }

    /// As [`Client::set_active`].
    pub fn set_active(&mut self, now: Instant, active: bool) {
        self.advance(now);
        self.machine.set_active(now, active);
    }
}

impl<M: Module, C: Host + Connect> Connect for Modular<M, C> {
    fn connect(&mut self, now: Instant) -> Result<(), Misuse> {
        self.advance(now);
        self.machine.connect(now)
    }
}

impl<M: Module, C> Deref for Modular<M, C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.machine
    }
}

impl<M: Module, C: Host> Endpoint for Modular<M, C> {
    type Event = Event<M::Event>;

    fn handle_resolved(&mut self, now: Instant, id: AttemptId, records: DnsRecords) {
        self.advance(now);
        self.machine.handle_resolved(now, id, records);
    }

    fn handle_connected(&mut self, now: Instant, id: AttemptId, info: ConnInfo) {
        self.advance(now);
        self.machine.handle_connected(now, id, info);
    }

    fn handle_secured(&mut self, now: Instant, id: AttemptId, tls: TlsInfo) {
        self.advance(now);
        self.machine.handle_secured(now, id, tls);
    }

    fn handle_received(&mut self, now: Instant, id: AttemptId, bytes: &[u8]) {
        self.advance(now);
        self.machine.handle_received(now, id, bytes);
    }

    fn handle_written(&mut self, now: Instant, id: AttemptId, n: usize) {
        self.advance(now);
        self.machine.handle_written(now, id, n);
    }

    fn handle_lost(&mut self, now: Instant, id: AttemptId, cause: LostCause) {
        self.advance(now);
        self.machine.handle_lost(now, id, cause);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        self.machine.handle_timeout(now);
        if self.modules.poll_timeout().is_some_and(|at| at <= self.now) {
            self.show(M::handle_timeout);
            self.collect();
        }
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.machine.poll_action()
    }

    fn poll_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event<M::Event>> {
        if self.events.is_empty() {
            self.digest();
        }
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        earliest([self.machine.poll_timeout(), self.modules.poll_timeout()])
    }

    fn work(&mut self) -> bool {
        loop {
            let more = self.machine.work();
            // What the machine has told makes room for more.
            if !self.digest() || more {
                return more;
            }
        }
    }

    fn outgoing(&self) -> &[u8] {
        self.machine.outgoing()
    }

    fn wants_read(&self) -> bool {
        self.machine.wants_read()
    }

    fn max_chunk(&self) -> usize {
        self.machine.max_chunk()
    }
}

impl<M: Module, C: Host> Commands for Modular<M, C> {
    fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Rejected<Stanza>> {
        self.advance(now);
        let stanza = self.announced.complete(stanza);
        self.machine.send(now, stanza)
    }

    fn request(&mut self, now: Instant, request: Request) -> Result<IqToken, Rejected<Request>> {
        self.advance(now);
        self.machine.request(now, request)
    }

    fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Rejected<Query>> {
        self.advance(now);
        self.machine.answer(now, query, answer)
    }

    fn close(&mut self, now: Instant) {
        self.advance(now);
        self.machine.close(now);
    }

    fn attempt(&self) -> AttemptId {
        self.machine.attempt()
    }

    fn is_online(&self) -> bool {
        self.machine.is_online()
    }

    fn is_idle(&self) -> bool {
        self.machine.is_idle()
    }

    fn has_future(&self) -> bool {
        self.machine.has_future()
    }

    fn has_room(&self) -> bool {
        self.machine.has_room()
    }
}
