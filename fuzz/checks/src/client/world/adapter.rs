//! The adapter: what it carries out, and what comes over the transport and from the clock.

use core::time::Duration;

use xmpp_proto::Instant;
use xmpp_proto::endpoint::{
    Action, AttemptId, ConnInfo, DnsRecords, Endpoint, LostCause, PeerFault, Phase, Reason,
    SrvAnswer, Step, TlsInfo, TlsMode,
};

use super::World;
use crate::client::server::{self, Server};
use crate::client::wire::Wire;

/// More bytes than this the server does not say on one transport.
const MAX_FED: usize = 8192;

impl World<'_> {
    pub(super) fn note(&mut self, action: Action) {
        match &action {
            Action::Disconnect { id, .. } => {
                self.record("action", &action);
                self.forget(*id);
            }
            // Whether a handshake is asked for that will not take place depends on the chunks.
            Action::Secure { id, .. } => {
                assert!(self.client.outgoing().is_empty(), "TLS begins amid what is in the clear");
                assert_eq!(Some(*id), self.transport);
                self.actions.push_back(action);
            }
            _ => {
                self.record("action", &action);
                self.actions.push_back(action);
            }
        }
    }

    /// A transport is gone, or a lookup given up.
    pub(super) fn forget(&mut self, id: AttemptId) {
        self.actions.retain(|action| match action {
            Action::Connect { id: of, .. }
            | Action::Secure { id: of, .. }
            | Action::Resolve { id: of, .. } => *of != id,
            _ => true,
        });
        self.earlier = Some(id);
        if self.transport == Some(id) {
            self.transport = None;
            self.inbox.clear();
            self.end = None;
        }
    }

    /// Reads a chunk, if the client wants one. Bytes before a TLS handshake are read by whoever
    /// does not know yet that it is due.
    pub(super) fn deliver(&mut self) -> bool {
        let Some(id) = self.transport.filter(|_| !self.inbox.is_empty()) else { return false };
        let is_securing = self.client.phase() == Phase::Securing;
        if !self.client.wants_read() && !is_securing {
            return false;
        }
        let length = self.chunk().min(self.client.max_chunk()).min(self.inbox.len());
        let chunk: Vec<u8> = self.inbox.drain(..length).collect();
        self.client.handle_received(self.now, id, &chunk);
        if is_securing {
            self.check_injection();
        }
        true
    }

    /// Bytes before the handshake end the attempt; nothing of them is parsed.
    fn check_injection(&mut self) {
        self.drain();
        assert!(self.client.is_idle() && self.transport.is_none(), "bytes before TLS are taken");
        self.take_events(usize::MAX);
        let injection = format!("{:?}", Reason::Peer(PeerFault::DataAfterProceed));
        assert!(self.done.last().is_some_and(|(_, last)| last.contains(&injection)), "{injection}");
    }

    pub(super) fn deliver_end(&mut self) -> bool {
        let waits = self.client.wants_read() || self.client.phase() == Phase::Securing;
        if self.transport.is_none() || !self.inbox.is_empty() || !waits {
            return false;
        }
        let Some(cause) = self.end.take() else { return false };
        self.lose(cause);
        true
    }

    pub(super) fn lose(&mut self, cause: LostCause) {
        if let Some(id) = self.transport {
            self.forget(id);
            self.client.handle_lost(self.now, id, cause);
        }
    }

    fn chunk(&mut self) -> usize {
        let Some(state) = &mut self.random else { return usize::MAX };
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (*state >> 28) as usize
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.transport.is_some() && self.end.is_none() && self.fed < MAX_FED {
            self.fed += bytes.len();
            self.inbox.extend(bytes);
        }
    }

    /// The login goes on by one step. False if nobody knows how.
    pub(super) fn help(&mut self) -> bool {
        if self.succeed(DnsRecords::default()) {
            self.settle();
            return true;
        }
        self.write(usize::MAX);
        self.settle();
        let config = &self.plan.config;
        let is_secured = self.wires.last().is_some_and(|wire| wire.secured_at.is_some());
        let client = server::Client {
            wants_starttls: config.tls == TlsMode::StartTls && !is_secured,
            has_account: config.jid.local().is_some(),
            mechanisms: &config.mechanisms,
            resource: config.resource.as_deref().unwrap_or("r1"),
        };
        let Some(wire) = self.wires.last() else { return false };
        let said = wire.text().get(self.heard..).unwrap_or_default();
        let Some(reply) = self.server.reply(&client, said) else { return false };
        self.heard = wire.bytes.len();
        self.helped += reply.len();
        self.feed(reply.as_bytes());
        self.settle();
        true
    }

    /// Carries out what the client wants done first.
    pub(super) fn succeed(&mut self, records: DnsRecords) -> bool {
        let Some(action) = self.actions.pop_front() else { return false };
        match action {
            Action::Resolve { id, .. } => self.client.handle_resolved(self.now, id, records),
            Action::Connect { id, .. } => {
                assert_eq!(self.transport, None, "two transports at once");
                self.transport = Some(id);
                self.server = Server::default();
                self.heard = 0;
                self.fed = 0;
                self.helped = 0;
                self.wires.push(Wire::default());
                let entropy = [self.plan.seed; 32];
                self.client.handle_connected(self.now, id, ConnInfo::new().with_entropy(entropy));
            }
            Action::Secure { id, ref server_name, .. } => {
                assert_eq!(server_name, "example.org");
                self.record("action", &action);
                if let Some(wire) = self.wires.last_mut() {
                    wire.secured_at = Some(wire.bytes.len());
                }
                let tls = TlsInfo::new().with_tls_exporter([self.plan.seed; 32]);
                self.client.handle_secured(self.now, id, tls);
            }
            other => panic!("{other:?}"),
        }
        true
    }

    pub(super) fn fail(&mut self, cause: &LostCause) {
        match self.actions.pop_front() {
            Some(Action::Resolve { id, .. }) => {
                let failed = SrvAnswer::Failed("fault".into());
                let records = DnsRecords { xmpps: failed.clone(), xmpp: failed };
                self.client.handle_resolved(self.now, id, records);
            }
            Some(Action::Connect { id, .. } | Action::Secure { id, .. }) => {
                self.forget(id);
                self.client.handle_lost(self.now, id, cause.clone());
            }
            _ => {}
        }
    }

    /// The transport takes bytes.
    pub(super) fn write(&mut self, n: usize) {
        let (Some(id), Some(wire)) = (self.transport, self.wires.last_mut()) else { return };
        let taken = n.min(self.client.outgoing().len());
        wire.bytes.extend_from_slice(&self.client.outgoing()[..taken]);
        // More than there is counts as all.
        self.client.handle_written(self.now, id, n);
        self.drain();
    }

    /// Bytes that the transport took.
    pub(super) fn written(&self) -> u64 {
        self.wires.last().map_or(0, |wire| wire.bytes.len() as u64)
    }

    /// All that the client wrote on this transport.
    pub(super) fn said(&self) -> &str {
        self.wires.last().map_or("", Wire::text)
    }

    pub(super) fn pass_to(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.client.handle_timeout(self.now);
        self.drain();
        self.ledger.check_due(self.now);
        let next = self.client.next_timer();
        assert!(next.is_none_or(|(_, at)| at > self.now), "a deadline stays in the past: {next:?}");
    }

    /// Time never goes back.
    pub(super) fn back(&mut self, time: Duration) {
        let earlier =
            self.now.as_micros().saturating_sub(u64::try_from(time.as_micros()).unwrap_or(0));
        let before = self.client.next_timer();
        self.client.handle_timeout(Instant::from_micros(earlier));
        self.drain();
        let after = self.client.next_timer();
        let is_due = before.is_some_and(|(_, at)| at <= self.now);
        assert!(is_due || before == after, "the past changes the future");
    }

    /// What an adapter says about transports that are gone, or of what nobody asked for, changes
    /// nothing.
    pub(super) fn stale(&mut self, kind: u8) {
        let before = self.state();
        if let Some(id) = self.earlier.filter(|id| *id != self.client.attempt()) {
            match kind % 6 {
                0 => self.client.handle_received(self.now, id, b"<message/>\0"),
                1 => self.client.handle_written(self.now, id, usize::MAX),
                2 => self.client.handle_lost(self.now, id, LostCause::Reset),
                3 => self.client.handle_connected(self.now, id, ConnInfo::new()),
                4 => self.client.handle_secured(self.now, id, TlsInfo::new()),
                _ => self.client.handle_resolved(self.now, id, DnsRecords::default()),
            }
        }
        let (id, phase) = (self.client.attempt(), self.client.phase());
        if self.client.is_idle() || phase != Phase::Connecting {
            self.client.handle_connected(self.now, id, ConnInfo::new());
        }
        if phase != Phase::Securing {
            self.client.handle_secured(self.now, id, TlsInfo::new());
        }
        if phase != Phase::Resolving {
            self.client.handle_resolved(self.now, id, DnsRecords::default());
        }
        assert!(matches!(self.client.step(), Step::Wait { .. }));
        assert_eq!(self.state(), before);
    }
}
