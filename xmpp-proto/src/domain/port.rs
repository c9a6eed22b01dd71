//! One session of a domain as an endpoint.

use core::convert::Infallible;

use super::sessions::Session;
use super::storage::Storage;
use super::{Domain, SessionId};
use crate::Instant;
use crate::endpoint::{
    Action, AttemptId, Completion, ConnInfo, DnsRecords, Endpoint, LostCause, Server, TlsInfo,
};
use crate::jid::FullJid;

/// One session of a [`Domain`], to be driven as any [`Endpoint`].
///
/// It has no events and no completions: those are the domain's. What happens here may give others
/// something to do, so ask [`Domain::poll_ready`] after it is drained.
#[derive(Debug)]
pub struct Port<'a, S> {
    domain: &'a mut Domain<S>,
    id: SessionId,
}

impl<'a, S: Storage> Port<'a, S> {
    pub(super) const fn new(domain: &'a mut Domain<S>, id: SessionId) -> Self {
        Self { domain, id }
    }

    /// The name of its one transport.
    #[must_use]
    pub fn attempt(&self) -> AttemptId {
        self.server().map_or(AttemptId(0), Server::attempt)
    }

    /// Whether the stream is over: nothing more comes of it, and it may be
    /// [released](Domain::release). Its session may go on, on another stream.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.server().is_none_or(|server| server.is_idle() || server.is_suspended())
    }

    /// The client's address, once its resource is bound.
    #[must_use]
    pub fn jid(&self) -> Option<&FullJid> {
        self.domain.sessions.get(self.id)?.jid.as_ref()
    }

    /// The stream's machine, to look at.
    fn server(&self) -> Option<&Server> {
        self.domain.sessions.get(self.id).map(|session| &session.server)
    }

    /// Does something with the session, and sees to its timer.
    fn change(&mut self, now: Instant, change: impl FnOnce(&mut Session, Instant)) {
        self.domain.advance(now);
        let now = self.domain.now;
        if let Some(session) = self.domain.sessions.get_mut(self.id) {
            change(session, now);
        }
        self.domain.sessions.touch(self.id);
    }
}

impl<S: Storage> Endpoint for Port<'_, S> {
    type Event = Infallible;

    /// Does nothing: a server asks for no records.
    fn handle_resolved(&mut self, now: Instant, _: AttemptId, _: DnsRecords) {
        self.domain.advance(now);
    }

    fn handle_connected(&mut self, now: Instant, id: AttemptId, info: ConnInfo) {
        self.change(now, |session, now| session.server.handle_connected(now, id, info));
    }

    fn handle_secured(&mut self, now: Instant, id: AttemptId, tls: TlsInfo) {
        self.change(now, |session, now| session.server.handle_secured(now, id, tls));
    }

    fn handle_received(&mut self, now: Instant, id: AttemptId, bytes: &[u8]) {
        self.change(now, |session, now| session.server.handle_received(now, id, bytes));
    }

    fn handle_written(&mut self, now: Instant, id: AttemptId, n: usize) {
        self.change(now, |session, now| {
            session.server.handle_written(now, id, n);
            session.flush(now);
        });
    }

    fn handle_lost(&mut self, now: Instant, id: AttemptId, cause: LostCause) {
        self.change(now, |session, now| session.server.handle_lost(now, id, cause));
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.change(now, |session, now| session.server.handle_timeout(now));
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.domain.sessions.get_mut(self.id)?.server.poll_action()
    }

    /// None: what becomes of what was sent is for the domain to know.
    fn poll_completion(&mut self) -> Option<Completion> {
        None
    }

    /// None: see [`Domain::poll_event`].
    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.server()?.poll_timeout()
    }

    fn work(&mut self) -> bool {
        self.domain.work(self.id)
    }

    fn outgoing(&self) -> &[u8] {
        self.server().map_or(&[], Server::outgoing)
    }

    fn wants_read(&self) -> bool {
        self.server().is_some_and(Server::wants_read)
    }

    fn max_chunk(&self) -> usize {
        self.server().map_or(0, Server::max_chunk)
    }
}
