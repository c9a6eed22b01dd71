//! The machines people drive, and the one trait that adapters know.
//!
//! # The contract
//!
//! **After every `handle_*` call or command, drain [`Endpoint::step`] until it says
//! [`Step::Wait`]; then do I/O or sleep.**
//!
//! Methods come in four kinds, told apart by their names:
//!
//! - plain **getters** such as [`Endpoint::outgoing`] and [`Endpoint::wants_read`];
//! - **`handle_*`**: what the world did. They never fail and never panic: a peer's fault turns
//!   into a stream error on the wire, a flushing disconnect and an event with the [`Reason`];
//! - **commands** of the concrete machine, such as [`Client::send`]. Only commands return a
//!   `Result`, and they hand back what they refuse;
//! - **`poll_*`**: what the machine wants of the world.
//!
//! Input is pulled: [`Endpoint::handle_received`] only appends, stanzas are parsed one at a time
//! while the machine is drained, and events wait in a bounded queue. While that queue or the
//! output is full, [`Endpoint::wants_read`] is false and the peer feels the back-pressure.

mod action;
mod certificate;
mod client;
mod command;
mod dns;
mod management;
mod reason;
mod reconnect;
mod resume;
#[cfg(feature = "server")]
mod server;

pub use action::{
    Action, AttemptId, CertificateFault, Completion, ConnInfo, IqToken, LostCause, Outcome,
    RequestError, SendToken, Shutdown, Step, Target, TlsFault, TlsInfo, TlsVersion,
};
pub use certificate::CertificateReport;
pub use client::{Client, ClientConfig, Event, FastLogin, TlsMode};
pub use command::{Commands, Connect, Misuse, Query, Rejected, Request};
pub use dns::{DnsRecords, SrvAnswer, SrvRecord};
pub use management::{Keepalive, StreamManagement};
pub use reason::{
    AuthFault, Ended, PeerFault, Phase, Reason, RedirectFault, StartTlsFault, Timer, Tried,
};
pub use reconnect::{Disconnected, Reconnect};
pub use resume::ResumeState;
pub(crate) use resume::Unacked;

#[cfg(feature = "server")]
pub use server::{
    Ask, AskBind, AskCredentials, AskIdentity, AskResume, Bound, Dormant, RateLimit, Server,
    ServerConfig, ServerEvent, ServerTls,
};

use crate::Instant;

/// A machine at one end of an XMPP stream, as adapters see it.
///
/// Adapters need nothing else: they move bytes, run [`Action`]s and keep one timer. See the
/// [module docs](self) for the contract and [`Client`] for the whole loop as a compiled example.
pub trait Endpoint {
    /// What the machine tells the application.
    type Event;

    /// What DNS says about the domain that [`Action::Resolve`] asked about.
    fn handle_resolved(&mut self, now: Instant, id: AttemptId, records: DnsRecords);

    /// The transport named by `id` is open: TCP is connected, no TLS yet.
    fn handle_connected(&mut self, now: Instant, id: AttemptId, info: ConnInfo);

    /// The TLS handshake asked for by [`Action::Secure`] is done and the certificate was checked.
    fn handle_secured(&mut self, now: Instant, id: AttemptId, tls: TlsInfo);

    /// Appends bytes from the transport `id`; nothing is parsed until the machine is drained.
    ///
    /// At most [`Endpoint::max_chunk`] bytes, and only while [`Endpoint::wants_read`] is true. A
    /// driver that ignores this ends the attempt with [`Reason::InputOverflow`].
    fn handle_received(&mut self, now: Instant, id: AttemptId, bytes: &[u8]);

    /// The transport `id` took the first `n` bytes of [`Endpoint::outgoing`].
    ///
    /// Saturates, and ignores stale ids.
    fn handle_written(&mut self, now: Instant, id: AttemptId, n: usize);

    /// The transport `id` could not be opened or secured, or is gone.
    fn handle_lost(&mut self, now: Instant, id: AttemptId, cause: LostCause);

    /// Time has passed. Harmless at any moment, due no later than [`Endpoint::poll_timeout`].
    fn handle_timeout(&mut self, now: Instant);

    /// The next thing the adapter must do, once every byte before it is written.
    fn poll_action(&mut self) -> Option<Action>;

    /// The next finished command. Never held back: a reply must reach its waiter even while
    /// nobody takes events.
    fn poll_completion(&mut self) -> Option<Completion>;

    /// The next event. Call it only while the application has room: what is not polled is the
    /// back-pressure. It may make the machine go on, so drain [`Endpoint::step`] afterwards.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// When [`Endpoint::handle_timeout`] is due, if at all.
    fn poll_timeout(&self) -> Option<Instant>;

    /// Does one bounded piece of work, such as parsing some stanzas or a slice of a key
    /// derivation. True if more is left.
    fn work(&mut self) -> bool;

    /// Bytes to write to the transport, in order. Empty while there is none.
    fn outgoing(&self) -> &[u8];

    /// Whether the machine wants bytes now. False is back-pressure: leave them in the socket.
    fn wants_read(&self) -> bool;

    /// The most bytes that one [`Endpoint::handle_received`] takes.
    fn max_chunk(&self) -> usize;

    /// The next thing to do, in the one right order. See the [contract](self#the-contract).
    fn step(&mut self) -> Step<'_> {
        // Work first: it may release actions and completions, and it is bounded.
        let more = self.work();
        if let Some(completion) = self.poll_completion() {
            return Step::Done(completion);
        }
        if let Some(action) = self.poll_action() {
            return Step::Act(action);
        }
        if more {
            return Step::Work;
        }
        Step::Wait { write: self.outgoing(), read: self.wants_read(), until: self.poll_timeout() }
    }
}
