//! What a domain tells its embedder.

use alloc::boxed::Box;

use super::SessionId;
use crate::Instant;
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
    /// A session has lost its transport and waits to be resumed (XEP-0198 §5). Its resource stays
    /// connected, with the presence that it has. Next is either `Resumed` or `Ended`.
    Suspended {
        /// The session.
        session: SessionId,
        /// The address.
        jid: FullJid,
        /// When the session ends if its client does not come back.
        until: Instant,
    },
    /// A client goes on with its session, on another stream. There is no `Ended` for the former
    /// name.
    Resumed {
        /// The session, from now on.
        session: SessionId,
        /// The name that it had.
        former: SessionId,
        /// The address.
        jid: FullJid,
    },
    /// A stream has ended, and its session with it.
    Ended {
        /// The session, which is still to be [released](super::Domain::release), unless it was
        /// suspended and that has been done.
        session: SessionId,
        /// The address, if the client had come that far.
        jid: Option<FullJid>,
        /// Why.
        ended: Box<Ended>,
    },
}
