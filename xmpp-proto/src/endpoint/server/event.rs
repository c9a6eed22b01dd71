//! What a server tells and asks its owner.

use alloc::string::String;

use super::super::{Ended, Query};
use crate::Instant;
use crate::jid::{BareJid, FullJid};
use crate::sasl::Mechanism;
use crate::stanza::{Stanza, StanzaError, StanzaFault};

/// What a server tells its owner, and what it asks.
///
/// Each question is answered once, by the command that its type names, now or later; the stream
/// waits for it, and for nothing else. A question that is dropped, or not answered within
/// [`question_timeout`](super::ServerConfig::question_timeout), counts as "not now": the client is
/// told that it may try again.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent {
    /// Who logs in with a password: answer with [`Server::credentials`](super::Server::credentials).
    Credentials(AskCredentials),
    /// Whose certificate is it: answer with [`Server::identity`](super::Server::identity).
    Identity(AskIdentity),
    /// May this resource be bound: answer with [`Server::bind`](super::Server::bind).
    Bind(AskBind),
    /// Which session is it: answer with [`Server::resume`](super::Server::resume), and with the
    /// session if there is one, or with
    /// [`Server::resume_failed`](super::Server::resume_failed).
    Resume(AskResume),
    /// Negotiation is complete: the client is authenticated and its resource is bound.
    Online {
        /// The client's address.
        jid: FullJid,
    },
    /// The client goes on with an earlier session (XEP-0198 §5), with all that belongs to it: its
    /// resource is bound, its presence is what it was.
    Resumed {
        /// The client's address.
        jid: FullJid,
    },
    /// The transport is gone, and the session waits to be resumed. What is sent waits with it. It
    /// [goes on](super::Server::surrender) in another machine, or it ends.
    Suspended {
        /// How the transport was lost.
        ended: Ended,
        /// When the session ends if the client does not come back.
        until: Instant,
    },
    /// A stanza from the client, for whomever it is addressed to. It says who sent it: `from` is
    /// the client's full JID, as the server vouches for (RFC 6120 §8.1.2.1); for subscriptions its
    /// bare JID (RFC 6121 §3). Where it named no language, that of the stream was added (RFC 6120
    /// §8.1.5).
    ///
    /// Requests among them, which are for others, must be delivered or answered with an error.
    Stanza(Stanza),
    /// A request to the server itself: without `to`, to the account's bare JID, or to a served
    /// domain (RFC 6120 §10.3). Answer with [`Server::answer`](super::Server::answer); after
    /// `answer_timeout` the machine answers `service-unavailable`.
    Query(Query),
    /// A stanza that cannot be understood. Where the RFC wants it, the client was told.
    Faulty(StanzaFault),
    /// The stream has ended.
    Ended(Ended),
}

/// The question for what is stored of an account.
#[derive(Debug)]
pub struct AskCredentials {
    pub(super) token: u64,
    pub(super) domain: BareJid,
    pub(super) username: String,
    pub(super) mechanism: Mechanism,
}

impl AskCredentials {
    /// The user name, prepared by `SASLprep`: the localpart of the account (RFC 6120 §6.3.7).
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The domain that the client opened the stream to.
    #[must_use]
    pub const fn domain(&self) -> &BareJid {
        &self.domain
    }

    /// The mechanism in use. Keys for its hash are enough; PLAIN takes those of any.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }
}

/// The question which account a client certificate belongs to (EXTERNAL, XEP-0178).
///
/// The certificate is in [`Server::tls`](super::Server::tls); the adapter has checked that a
/// trusted authority stands behind it.
#[derive(Debug)]
pub struct AskIdentity {
    pub(super) token: u64,
    pub(super) domain: BareJid,
    pub(super) authzid: Option<String>,
}

impl AskIdentity {
    /// The account that the client asks for, in its own words, if it names one. An answer with
    /// another account is refused.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// The domain that the client opened the stream to.
    #[must_use]
    pub const fn domain(&self) -> &BareJid {
        &self.domain
    }
}

/// The question whether a resource may be bound (RFC 6120 §7).
#[derive(Debug)]
pub struct AskBind {
    pub(super) token: u64,
    pub(super) jid: FullJid,
    pub(super) asked: bool,
}

impl AskBind {
    /// The address to be bound: with the resource that the client wants, or one that was made up.
    #[must_use]
    pub const fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// Whether the client wants this very resource.
    #[must_use]
    pub const fn asked(&self) -> bool {
        self.asked
    }
}

/// The question for a session that is to be resumed (XEP-0198 §5).
#[derive(Debug)]
pub struct AskResume {
    pub(super) token: u64,
    pub(super) account: BareJid,
    pub(super) id: String,
    pub(super) h: u32,
}

impl AskResume {
    /// Who has logged in. Nobody else's session must be given out.
    #[must_use]
    pub const fn account(&self) -> &BareJid {
        &self.account
    }

    /// The name of the session, as the client knows it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many stanzas of the session the client has handled, as it says.
    #[must_use]
    pub const fn h(&self) -> u32 {
        self.h
    }
}

/// The answer to [`AskBind`]. Where the resource is in use already, RFC 6120 §7.7.2.2 leaves it to
/// the server what to do: refuse with `conflict`, bind another, or bind it and end the older stream
/// with [`Server::close_with`](super::Server::close_with).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Bound {
    /// As asked.
    Accept,
    /// Another resource, which the machine makes up.
    Another,
    /// This resource.
    As(String),
    /// None: the client is told why, and may ask for another.
    Refuse(StanzaError),
}

/// Any question, for saying that it cannot be answered now.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask {
    /// For credentials.
    Credentials(AskCredentials),
    /// For the owner of a certificate.
    Identity(AskIdentity),
    /// For a resource.
    Bind(AskBind),
    /// For a session.
    Resume(AskResume),
}

impl Ask {
    pub(super) const fn token(&self) -> u64 {
        match self {
            Self::Credentials(ask) => ask.token,
            Self::Identity(ask) => ask.token,
            Self::Bind(ask) => ask.token,
            Self::Resume(ask) => ask.token,
        }
    }
}

impl From<AskCredentials> for Ask {
    fn from(ask: AskCredentials) -> Self {
        Self::Credentials(ask)
    }
}

impl From<AskIdentity> for Ask {
    fn from(ask: AskIdentity) -> Self {
        Self::Identity(ask)
    }
}

impl From<AskBind> for Ask {
    fn from(ask: AskBind) -> Self {
        Self::Bind(ask)
    }
}

impl From<AskResume> for Ask {
    fn from(ask: AskResume) -> Self {
        Self::Resume(ask)
    }
}
