//! What a roster tells.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use super::{ItemError, RosterItem, RosterPayloadError};
use crate::endpoint::RequestError;
use crate::jid::BareJid;
use crate::modules::{ReadError, Refused};

/// What a [`Roster`](super::Roster) tells the application. `E` is what its storage can fail with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RosterEvent<E = Infallible> {
    /// The copy is what the server has. Once per session, and after each
    /// [`refresh`](super::Roster::refresh). What has changed since the copy's version may follow as
    /// pushes (RFC 6121 §2.6.3).
    Loaded {
        /// Whether the copy was replaced. If not, the server says that it was right.
        is_changed: bool,
        /// The contacts that were in the copy and are no more.
        removed: Vec<BareJid>,
        /// Why some items cannot be read: those are not in the copy.
        faults: Vec<ItemError>,
    },
    /// A contact was added or changed.
    Changed(RosterItem),
    /// A contact was removed.
    Removed(BareJid),
    /// The copy is not what the server has, and why.
    Failed(RosterFault),
    /// The copy could not be stored. Next time all of it will be.
    NotStored(E),
}

/// Why the copy of a roster is not what the server has. What was in it stays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RosterFault {
    /// The roster cannot be asked for.
    Refused(Refused),
    /// The server has not answered, or with an error.
    Request(RequestError),
    /// The server's answer is none.
    Read(ReadError),
    /// The answer or the push does not hold a roster.
    NotARoster,
    /// There are more contacts than are taken in.
    TooManyItems {
        /// [`RosterLimits::max_items`](super::RosterLimits::max_items).
        limit: usize,
    },
    /// The item of a push cannot be read.
    Item(ItemError),
    /// A push does not have exactly one item (RFC 6121 §2.1.6).
    NotOneItem,
}

impl fmt::Display for RosterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::NotARoster => f.write_str("the answer does not hold a roster"),
            Self::TooManyItems { limit } => write!(f, "the roster has more than {limit} items"),
            Self::Item(error) => error.fmt(f),
            Self::NotOneItem => f.write_str("a roster push does not have exactly one item"),
        }
    }
}

impl core::error::Error for RosterFault {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Item(error) => error.source(),
            _ => None,
        }
    }
}

impl From<Refused> for RosterFault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<RequestError> for RosterFault {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<ReadError> for RosterFault {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<ItemError> for RosterFault {
    fn from(error: ItemError) -> Self {
        Self::Item(error)
    }
}

impl From<RosterPayloadError> for RosterFault {
    fn from(error: RosterPayloadError) -> Self {
        match error {
            RosterPayloadError::NotARoster => Self::NotARoster,
            RosterPayloadError::TooManyItems { limit } => Self::TooManyItems { limit },
        }
    }
}
