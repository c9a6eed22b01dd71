//! Errors of the handles.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use std::io;

use xmpp_proto::endpoint::{self, Misuse, Query, Rejected, Request};
use xmpp_proto::jid::JidError;
use xmpp_proto::modules::{ReadError, Refused};
use xmpp_proto::stanza::{Stanza, StanzaError};
use xmpp_runtime_common::{EntropyError, TlsConfigError};

/// Why a [`Config`](crate::Config) or a [`ListenerConfig`](crate::ListenerConfig) cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The account or the domain is not a bare JID.
    Jid(JidError),
    /// The TLS configuration cannot be built.
    Tls(TlsConfigError),
    /// The system has no random bytes to give, so that nothing could be kept secret.
    Entropy(EntropyError),
    /// The session to be resumed belongs to another account.
    ForeignState,
    /// Nothing can listen at this address.
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jid(error) => write!(f, "that is not a valid address: {error}"),
            Self::Tls(error) => error.fmt(f),
            Self::Entropy(error) => error.fmt(f),
            Self::ForeignState => f.write_str("the session belongs to another account"),
            Self::Bind { address, error } => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Jid(error) => Some(error),
            Self::Tls(error) => error.source(),
            Self::Entropy(_) | Self::ForeignState => None,
            Self::Bind { error, .. } => Some(error),
        }
    }
}

impl From<JidError> for ConfigError {
    fn from(error: JidError) -> Self {
        Self::Jid(error)
    }
}

impl From<TlsConfigError> for ConfigError {
    fn from(error: TlsConfigError) -> Self {
        Self::Tls(error)
    }
}

impl From<EntropyError> for ConfigError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

/// Something was not sent, and is handed back.
#[derive(Clone)]
pub struct NotSent<T>(Box<(Option<T>, Why)>);

/// A stanza was not sent.
pub type SendError = NotSent<Stanza>;

/// A query was not answered.
pub type AnswerError = NotSent<Query>;

impl<T> NotSent<T> {
    pub(crate) fn new(item: T, why: Why) -> Self {
        Self(Box::new((Some(item), why)))
    }

    /// For the case that the driver was leaked, or panicked, and took the item along.
    pub(crate) fn vanished() -> Self {
        Self(Box::new((None, Why::Closed)))
    }

    /// Why it was not sent.
    #[must_use]
    pub fn why(&self) -> &Why {
        &self.0.1
    }

    /// What was not sent. `None` only if the driver panicked or was leaked, and took it along.
    #[must_use]
    pub fn into_item(self) -> Option<T> {
        self.0.0
    }
}

impl<T> From<Rejected<T>> for NotSent<T> {
    fn from(rejected: Rejected<T>) -> Self {
        Self::new(rejected.item, Why::Refused(rejected.why))
    }
}

// The item may be long and private, and says nothing about the fault.
impl<T> fmt::Debug for NotSent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotSent").field("why", self.why()).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for NotSent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not sent: {}", self.why())
    }
}

impl<T> Error for NotSent<T> {}

/// Why something was not sent, or a question not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The stream is closed: it has ended or the driver was dropped. Nothing was written.
    Closed,
    /// The stream ended before the transport had taken all of it. Part of it may have reached the
    /// peer, but never the whole.
    Cut,
    /// The session ended before the peer acknowledged it (XEP-0198 §4). It may have arrived or not:
    /// whoever sends it again keeps its `id`, so that the other side can tell it from a new one.
    Unacked,
    /// The machine refused it. Nothing was written.
    Refused(Misuse),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the stream is closed"),
            Self::Cut => f.write_str("the stream ended before all of it was written"),
            Self::Unacked => f.write_str("the session ended before it was acknowledged"),
            Self::Refused(misuse) => misuse.fmt(f),
        }
    }
}

impl Error for Why {}

/// Why a request has no result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// It was answered with an error (RFC 6120 §8.3).
    Stanza(StanzaError),
    /// No answer came within the request's time limit.
    TimedOut,
    /// The stream ended before an answer came. Whether the request had its effect is unknown.
    Disconnected,
    /// It was never sent, and is handed back.
    NotSent(NotSent<Request>),
}

impl From<endpoint::RequestError> for RequestError {
    fn from(error: endpoint::RequestError) -> Self {
        match error {
            endpoint::RequestError::Stanza(error) => Self::Stanza(error),
            endpoint::RequestError::TimedOut => Self::TimedOut,
            _ => Self::Disconnected,
        }
    }
}

impl From<NotSent<Request>> for RequestError {
    fn from(error: NotSent<Request>) -> Self {
        Self::NotSent(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stanza(error) => write!(f, "answered with an error: {error}"),
            Self::TimedOut => f.write_str("not answered in time"),
            Self::Disconnected => f.write_str("the stream ended before an answer came"),
            Self::NotSent(error) => error.fmt(f),
        }
    }
}

impl Error for RequestError {}

/// Why a module's question has no answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AskError {
    /// It was not asked.
    Refused(Refused),
    /// It was not answered, or with an error.
    Request(RequestError),
    /// The answer makes no sense.
    Read(ReadError),
    /// The stream is closed: it has ended or the driver was dropped.
    Closed,
}

impl From<Refused> for AskError {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

impl From<RequestError> for AskError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<ReadError> for AskError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<Closed> for AskError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => why.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::Closed => Closed.fmt(f),
        }
    }
}

impl Error for AskError {}

/// The stream is closed: it has ended or the driver was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream is closed")
    }
}

impl Error for Closed {}
