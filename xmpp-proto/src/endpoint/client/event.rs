//! What passes between a client and the application.

use core::fmt;
use core::time::Duration;

use super::super::Ended;
use crate::jid::{FullJid, Jid};
use crate::stanza::{Iq, ReplyError, Stanza, StanzaFault};
use crate::xml::Element;

/// What a client tells the application. Answers to requests and the fate of sent stanzas come as
/// [`Completion`](crate::endpoint::Completion)s instead.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Negotiation is complete: the stream is authenticated and a resource is bound. Nobody sees
    /// the client before it has sent presence (RFC 6121 §4.2).
    Online {
        /// The address the server has bound.
        jid: FullJid,
    },
    /// A message or presence stanza.
    Stanza(Stanza),
    /// A request of another entity. Answer it with [`Client::answer`](super::Client::answer);
    /// after `answer_timeout` the machine answers `service-unavailable`.
    Query(Query),
    /// A stanza that cannot be understood, such as one with a malformed address. Where the RFC
    /// allows it, the sender was told.
    Faulty(StanzaFault),
    /// Another element of the stream, from an extension that this library does not know.
    Nonza(Element),
    /// The stream has ended. The client can be connected again.
    Ended(Ended),
}

/// A request of another entity that waits for an answer: an IQ stanza of type `get` or `set`.
///
/// It is answered once, so it cannot be cloned.
#[derive(Debug)]
pub struct Query {
    pub(crate) token: u64,
    pub(crate) iq: Iq,
}

impl Query {
    /// The stanza: sender, type and payload.
    #[must_use]
    pub const fn iq(&self) -> &Iq {
        &self.iq
    }
}

/// A request to another entity: an IQ stanza of type `get` or `set` (RFC 6120 §8.2.3).
///
/// ```
/// use core::time::Duration;
/// use xmpp_proto::endpoint::Request;
/// use xmpp_proto::{ns, xml::Element};
///
/// let ping = Element::builder("ping", ns::PING).build()?;
/// let request = Request::get(ping)
///     .to("example.org".parse::<xmpp_proto::jid::Jid>()?)
///     .timeout(Duration::from_secs(5));
/// # let _ = request;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(crate) set: bool,
    pub(crate) to: Option<Jid>,
    pub(crate) payload: Element,
    pub(crate) timeout: Option<Duration>,
}

impl Request {
    /// Asks for information.
    pub const fn get(payload: Element) -> Self {
        Self { set: false, to: None, payload, timeout: None }
    }

    /// Asks for a change.
    pub const fn set(payload: Element) -> Self {
        Self { set: true, to: None, payload, timeout: None }
    }

    /// Sends it to `to`; without this it goes to the server, which answers for the account
    /// (RFC 6120 §10.3.3).
    pub fn to(mut self, to: impl Into<Jid>) -> Self {
        self.to = Some(to.into());
        self
    }

    /// Waits this long for the answer instead of the configured time.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// A command that was refused, with what it was given.
#[derive(Clone, Debug)]
pub struct Rejected<T> {
    /// What the command was given, unchanged.
    pub item: T,
    /// Why it was refused.
    pub why: Misuse,
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<T: fmt::Debug> core::error::Error for Rejected<T> {}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// There is no stream, or it is not negotiated yet, or it is closing.
    NotOnline,
    /// The client is connected or connecting already.
    AlreadyOpen,
    /// Too many bytes wait to be written (`output_limit`).
    OutputFull,
    /// Too many requests wait for answers (`max_requests`).
    TooManyRequests,
    /// The query was answered before, by the machine when its time was up, or belongs to an
    /// earlier stream.
    UnknownQuery,
    /// The stanza cannot be built.
    Invalid(ReplyError),
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnline => f.write_str("there is no negotiated stream"),
            Self::AlreadyOpen => f.write_str("the client is connected already"),
            Self::OutputFull => f.write_str("too much output waits to be written"),
            Self::TooManyRequests => f.write_str("too many requests wait for their answers"),
            Self::UnknownQuery => f.write_str("the query is not waiting for an answer any more"),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Misuse {}
