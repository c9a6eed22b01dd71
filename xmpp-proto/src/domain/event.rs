//! What a domain tells its embedder.

use alloc::boxed::Box;

use super::SessionId;
use crate::endpoint::Ended;
use crate::jid::FullJid;

/// What a domain tells its embedder. Nothing of it needs an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum DomainEvent {
    /// Somebody has logged in.
    Online {
        /// The session.
        session: SessionId,
        /// The address.
        jid: FullJid,
    },
    /// A stream has ended.
    Ended {
        /// The session, which is still to be [released](super::Domain::release).
        session: SessionId,
        /// The address, if the client had come that far.
        jid: Option<FullJid>,
        /// Why.
        ended: Box<Ended>,
    },
}
