//! One client, the domain's session at the other end, and the transport between.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::super::Chunks;
use crate::Instant;
use crate::domain::{Domain, SessionId, Storage};
use crate::endpoint::{
    Action, AttemptId, Completion, ConnInfo, Connect, DnsRecords, Endpoint, LostCause, ServerTls,
    Shutdown, Step, TlsInfo, TlsVersion,
};

/// More steps than any drain needs: a machine that goes on is caught in a loop.
const MAX_STEPS: usize = 1_000_000;

/// A side's TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tls {
    #[default]
    Plain,
    /// The handshake waits for the other side.
    Begun,
    Secured,
}

#[expect(clippy::struct_excessive_bools, reason = "they have nothing to do with each other")]
pub(super) struct End<C: Endpoint> {
    pub(super) client: C,
    pub(super) session: Option<SessionId>,
    pub(super) events: VecDeque<C::Event>,
    pub(super) completions: VecDeque<Completion>,
    /// Bytes that somebody puts on the wire in the client's name.
    pub(super) injected: VecDeque<u8>,
    pub(super) received: Vec<u8>,
    pub(super) records: bool,
    pub(super) reads: bool,
    /// Whether it can reach the domain.
    pub(super) reachable: bool,
    /// Whether it waits in the world's queue.
    pub(super) stirred: bool,
    /// Where it stands in the world's set of timers.
    pub(super) timer: Option<Instant>,
    /// The transport as the client knows it, while it holds it.
    link: Option<AttemptId>,
    /// The transport as the domain's session knows it, while it holds it.
    far_link: Option<AttemptId>,
    tls: [Tls; 2],
    /// Bytes that each side has taken.
    passed: [usize; 2],
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

impl<C: Connect> End<C> {
    pub(super) const fn new(client: C) -> Self {
        Self {
            client,
            session: None,
            events: VecDeque::new(),
            completions: VecDeque::new(),
            injected: VecDeque::new(),
            received: Vec::new(),
            records: false,
            reads: true,
            reachable: true,
            stirred: false,
            timer: None,
            link: None,
            far_link: None,
            tls: [Tls::Plain; 2],
            passed: [0; 2],
        }
    }

    /// Drains the client, carries out what it wants, and takes its events. True if anything happened.
    pub(super) fn drive_client<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        tls: ServerTls,
    ) -> bool {
        let mut moved = false;
        for _ in 0..MAX_STEPS {
            match self.client.step() {
                Step::Act(action) => self.act(domain, now, tls, action),
                Step::Done(completion) => self.completions.push_back(completion),
                Step::Work => {}
                Step::Wait { .. } => {
                    let Some(event) = self.client.poll_event() else { return moved };
                    self.events.push_back(event);
                }
            }
            moved = true;
        }
        panic!("a client does not come to rest");
    }

    fn act<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        tls: ServerTls,
        action: Action,
    ) {
        match action {
            Action::Resolve { id, .. } => {
                self.client.handle_resolved(now, id, DnsRecords::default());
            }
            Action::Connect { id, .. } => self.open(domain, now, tls, id),
            Action::Secure { .. } => self.secure(domain, now, CLIENT),
            Action::Disconnect { how, .. } => {
                self.link = None;
                let cause = if how == Shutdown::Flush { LostCause::Eof } else { LostCause::Reset };
                self.lose_session(domain, now, cause);
            }
            other => panic!("nobody knows what to do about {other:?}"),
        }
    }

    /// A new transport, and a session at its other end.
    fn open<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        tls: ServerTls,
        id: AttemptId,
    ) {
        self.lose_session(domain, now, LostCause::Reset);
        if let Some(former) = self.session.take() {
            domain.release(now, former);
        }
        let Some(session) = self.reachable.then(|| domain.accept(now, tls).ok()).flatten() else {
            return self.client.handle_lost(now, id, LostCause::Refused);
        };
        self.session = Some(session);
        self.link = Some(id);
        self.tls = [Tls::Plain; 2];
        self.passed = [0; 2];
        self.client.handle_connected(now, id, ConnInfo::new());
        let mut port = domain.session(session).expect("it is new");
        let far = port.attempt();
        self.far_link = Some(far);
        port.handle_connected(now, far, ConnInfo::new());
    }

    /// A side begins its handshake; when both have, it is done.
    fn secure<S: Storage>(&mut self, domain: &mut Domain<S>, now: Instant, side: usize) {
        self.tls[side] = Tls::Begun;
        if self.tls != [Tls::Begun; 2] {
            return;
        }
        self.tls = [Tls::Secured; 2];
        let info = TlsInfo::new().with_version(TlsVersion::V1_3).with_tls_exporter([0xe5; 32]);
        if let Some(link) = self.link {
            self.client.handle_secured(now, link, info.clone());
        }
        if let (Some(mut port), Some(link)) =
            (self.session.and_then(|id| domain.session(id)), self.far_link)
        {
            port.handle_secured(now, link, info);
        }
    }

    /// Whether bytes flow: not while only one side speaks TLS.
    fn flows(&self) -> bool {
        self.tls[CLIENT] == self.tls[SERVER] && self.tls[CLIENT] != Tls::Begun
    }

    /// Carries a chunk from the client to its session. True if there was one.
    pub(super) fn carry_up<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        chunks: Chunks,
    ) -> bool {
        let Some(far) = self.far_link.filter(|_| self.flows()) else { return false };
        let Some(mut port) = self.session.and_then(|id| domain.session(id)) else { return false };
        if !port.wants_read() {
            return false;
        }
        let own = self.client.outgoing();
        if self.link.is_some() && !own.is_empty() {
            let ready = own.len().min(port.max_chunk());
            let n = chunks.next(self.passed[SERVER], ready);
            port.handle_received(now, far, &own[..n]);
            self.passed[SERVER] += n;
            let link = self.client.attempt();
            self.client.handle_written(now, link, n);
            return true;
        }
        if self.injected.is_empty() {
            return false;
        }
        let ready = self.injected.len().min(port.max_chunk());
        let n = chunks.next(self.passed[SERVER], ready);
        let bytes: Vec<u8> = self.injected.drain(..n).collect();
        port.handle_received(now, far, &bytes);
        self.passed[SERVER] += n;
        true
    }

    /// Drains the session and carries out what it wants. True if anything happened.
    pub(super) fn drive_session<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
    ) -> bool {
        let mut moved = false;
        for _ in 0..MAX_STEPS {
            let Some(mut port) = self.session.and_then(|id| domain.session(id)) else {
                return moved;
            };
            match port.step() {
                Step::Act(Action::SecureServer { .. }) => self.secure(domain, now, SERVER),
                Step::Act(Action::Disconnect { how, .. }) => {
                    self.far_link = None;
                    let eof = how == Shutdown::Flush;
                    self.lose_client(now, if eof { LostCause::Eof } else { LostCause::Reset });
                }
                Step::Act(other) => panic!("nobody knows what to do about {other:?}"),
                Step::Done(_) | Step::Work => {}
                Step::Wait { .. } => return moved,
            }
            moved = true;
        }
        panic!("a session does not come to rest");
    }

    /// Carries a chunk from the session to its client. True if there was one.
    pub(super) fn carry_down<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        chunks: Chunks,
    ) -> bool {
        let Some(far) = self.far_link.filter(|_| self.flows()) else { return false };
        let Some(mut port) = self.session.and_then(|id| domain.session(id)) else { return false };
        let bytes = port.outgoing();
        if bytes.is_empty() || !self.reads {
            return false;
        }
        let n = match self.link {
            // Nobody is there any more: the socket takes it.
            None => bytes.len(),
            Some(_) if !self.client.wants_read() => return false,
            Some(link) => {
                let ready = bytes.len().min(self.client.max_chunk());
                let n = chunks.next(self.passed[CLIENT], ready);
                self.client.handle_received(now, link, &bytes[..n]);
                if self.records {
                    self.received.extend_from_slice(&bytes[..n]);
                }
                self.passed[CLIENT] += n;
                n
            }
        };
        port.handle_written(now, far, n);
        true
    }

    /// The client's transport is gone.
    pub(super) fn lose_client(&mut self, now: Instant, cause: LostCause) {
        if let Some(link) = self.link.take() {
            self.client.handle_lost(now, link, cause);
        }
    }

    /// The client's transport is gone, and the domain does not notice. The session that is left.
    pub(super) fn strand(&mut self, now: Instant) -> Option<SessionId> {
        self.lose_client(now, LostCause::Reset);
        self.far_link = None;
        self.session.take()
    }

    /// The session's transport is gone.
    pub(super) fn lose_session<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
        cause: LostCause,
    ) {
        if let Some(far) = self.far_link.take()
            && let Some(mut port) = self.session.and_then(|id| domain.session(id))
        {
            port.handle_lost(now, far, cause);
        }
    }

    /// Releases the session if it is over; which one that was.
    pub(super) fn take_over<S: Storage>(
        &mut self,
        domain: &mut Domain<S>,
        now: Instant,
    ) -> Option<SessionId> {
        let session = self.session?;
        if domain.session(session).is_some_and(|port| !port.is_over()) {
            return None;
        }
        domain.release(now, session);
        self.session.take()
    }
}
