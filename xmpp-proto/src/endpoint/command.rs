//! What every machine that carries stanzas can be told to do, and what that takes.

use core::fmt;
use core::time::Duration;

use super::{AttemptId, Endpoint, IqToken, SendToken};
use crate::Instant;
use crate::jid::Jid;
use crate::stanza::{Iq, ReplyError, Stanza, StanzaError};
use crate::xml::Element;

/// The commands that all machines for stanzas have in common, for adapters that drive any of them.
///
/// Each is also a method of the machine itself, where its documentation is.
pub trait Commands: Endpoint {
    /// Sends a stanza, whose fate comes as a [`Completion`](super::Completion).
    ///
    /// # Errors
    ///
    /// As [`Client::send`](super::Client::send).
    fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Rejected<Stanza>>;

    /// Sends a request, whose answer comes as a [`Completion`](super::Completion).
    ///
    /// # Errors
    ///
    /// As [`Client::request`](super::Client::request).
    fn request(&mut self, now: Instant, request: Request) -> Result<IqToken, Rejected<Request>>;

    /// Answers a query.
    ///
    /// # Errors
    ///
    /// As [`Client::answer`](super::Client::answer).
    fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Rejected<Query>>;

    /// Closes the stream properly (RFC 6120 §4.4).
    fn close(&mut self, now: Instant);

    /// The current transport, or the last one.
    fn attempt(&self) -> AttemptId;

    /// Whether stanzas can be sent.
    fn is_online(&self) -> bool;

    /// Whether there is no transport, and none is wanted.
    fn is_idle(&self) -> bool;

    /// Whether what is sent from now on can go out, now or later. False once the end is certain,
    /// even while the machine still waits for the application to take what came before it.
    fn has_future(&self) -> bool;

    /// Whether a driver should hand over further commands: online, and the output is below its
    /// high-water mark.
    fn has_room(&self) -> bool;
}

/// A machine that opens its transport itself.
pub trait Connect: Commands {
    /// Starts an attempt.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`](super::Client::connect).
    fn connect(&mut self, now: Instant) -> Result<(), Misuse>;
}

/// Hands the trait's methods on to those of the same name.
macro_rules! commands {
    ($machine:ty) => {
        impl $crate::endpoint::Commands for $machine {
            fn send(
                &mut self,
                now: $crate::Instant,
                stanza: $crate::stanza::Stanza,
            ) -> Result<
                $crate::endpoint::SendToken,
                $crate::endpoint::Rejected<$crate::stanza::Stanza>,
            > {
                Self::send(self, now, stanza)
            }

            fn request(
                &mut self,
                now: $crate::Instant,
                request: $crate::endpoint::Request,
            ) -> Result<
                $crate::endpoint::IqToken,
                $crate::endpoint::Rejected<$crate::endpoint::Request>,
            > {
                Self::request(self, now, request)
            }

            fn answer(
                &mut self,
                now: $crate::Instant,
                query: $crate::endpoint::Query,
                answer: Result<Option<$crate::xml::Element>, $crate::stanza::StanzaError>,
            ) -> Result<
                $crate::endpoint::SendToken,
                $crate::endpoint::Rejected<$crate::endpoint::Query>,
            > {
                Self::answer(self, now, query, answer)
            }

            fn close(&mut self, now: $crate::Instant) {
                Self::close(self, now);
            }

            fn attempt(&self) -> $crate::endpoint::AttemptId {
                Self::attempt(self)
            }

            fn is_online(&self) -> bool {
                Self::is_online(self)
            }

            fn is_idle(&self) -> bool {
                Self::is_idle(self)
            }

            fn has_future(&self) -> bool {
                Self::has_future(self)
            }

            fn has_room(&self) -> bool {
                Self::has_room(self)
            }
        }
    };
}

pub(super) use commands;

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
    /// The machine is connected or connecting already.
    AlreadyOpen,
    /// Too many bytes wait to be written (`output_limit`).
    OutputFull,
    /// Too many requests wait for answers (`max_requests`).
    TooManyRequests,
    /// The query was answered before, by the machine when its time was up, or belongs to an
    /// earlier stream.
    UnknownQuery,
    /// The question was answered before, or belongs to an earlier stream.
    UnknownQuestion,
    /// The stanza cannot be built.
    Invalid(ReplyError),
    /// Too much waits to be acknowledged ([`StreamManagement`](super::StreamManagement)).
    TooManyUnacked,
    /// The stanza is longer than the peer takes (XEP-0478).
    TooLong {
        /// Its length on the stream, in bytes.
        bytes: usize,
        /// The limit that the peer has announced, in bytes.
        max: usize,
    },
    /// The state of a session belongs to another account.
    ForeignState,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnline => f.write_str("there is no negotiated stream"),
            Self::AlreadyOpen => f.write_str("there is a connection already"),
            Self::OutputFull => f.write_str("too much output waits to be written"),
            Self::TooManyRequests => f.write_str("too many requests wait for their answers"),
            Self::UnknownQuery => f.write_str("the query is not waiting for an answer any more"),
            Self::UnknownQuestion => {
                f.write_str("the question is not waiting for an answer any more")
            }
            Self::Invalid(error) => error.fmt(f),
            Self::TooManyUnacked => f.write_str("too many stanzas wait to be acknowledged"),
            Self::TooLong { bytes, max } => {
                write!(f, "the stanza has {bytes} bytes, and the peer takes {max}")
            }
            Self::ForeignState => f.write_str("the session belongs to another account"),
        }
    }
}

impl core::error::Error for Misuse {}
