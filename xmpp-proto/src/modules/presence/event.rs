//! What presence tells.

use crate::jid::{BareJid, Jid};
use crate::modules::Refused;
use crate::stanza::Presence;

/// What [`Presences`](super::Presences) tells the application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceEvent {
    /// Somebody is there, or there in another way (RFC 6121 §4.2.3, §4.4.3).
    Available {
        /// Who: mostly a resource; a service may have none.
        jid: Jid,
        /// All that it says.
        presence: Presence,
    },
    /// Somebody is no longer there (RFC 6121 §4.5.4).
    Unavailable {
        /// Who. Without a resource: all of that account (§4.3.2).
        jid: Jid,
        /// All that it says.
        presence: Presence,
    },
    /// Somebody wants to see our presence (RFC 6121 §3.1.3):
    /// [`approve`](super::Presences::approve) or [`deny`](super::Presences::deny) it. The server
    /// repeats it at each login until then.
    Request {
        /// Who.
        from: BareJid,
        /// All that it says, such as a [`status`](Presence::status) for us to read.
        presence: Presence,
    },
    /// Somebody wanted to see our presence, and the [`Policy`](super::Policy) has answered.
    Answered {
        /// Who.
        from: BareJid,
        /// Whether they may.
        is_accepted: bool,
    },
    /// Somebody lets us see their presence (RFC 6121 §3.1.6).
    Approved(BareJid),
    /// Somebody whom this client has asked in this session does not let us see their presence
    /// (RFC 6121 §3.1.4).
    Denied(BareJid),
    /// Somebody no longer lets us see their presence (RFC 6121 §3.2.3), or denies what was asked
    /// earlier or by another client.
    Cancelled(BareJid),
    /// Somebody no longer wants to see our presence (RFC 6121 §3.3.3).
    Unsubscribed(BareJid),
    /// Presence that we have sent was answered with an error (RFC 6120 §8.3).
    Error {
        /// By whom.
        from: Jid,
        /// The answer, with the `id` of what it answers and the [`error`](Presence::error).
        presence: Presence,
    },
    /// There are more resources than are kept: this one is counted as unavailable now, although it has
    /// not said so.
    Displaced(Jid),
    /// Our own presence could not be sent at the login.
    NotSent(Refused),
}
