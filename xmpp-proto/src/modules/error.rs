//! What may go wrong in modules.

use alloc::string::String;
use core::fmt;

use crate::endpoint::{Misuse, Rejected};
use crate::stanza::{Condition, ReplyError, StanzaError};
use crate::xml::{BuildError, Element};

/// A payload as the answer to a query. One that cannot be built is nobody's fault who asks.
pub(crate) fn answer_with(
    payload: Result<Element, BuildError>,
) -> Result<Option<Element>, StanzaError> {
    payload.map(Some).map_err(|_| Condition::InternalServerError.into())
}

/// Why a module's command was refused. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The machine takes no commands of this kind now.
    Machine(Misuse),
    /// What was given does not make a stanza.
    Build(BuildError),
    /// There is too much of something.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The server does not offer this.
    NotOffered(&'static str),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(why) => why.fmt(f),
            Self::Build(error) => error.fmt(f),
            Self::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
            Self::NotOffered(what) => write!(f, "the server does not offer {what}"),
        }
    }
}

impl core::error::Error for Refused {}

impl<T> From<Rejected<T>> for Refused {
    fn from(rejected: Rejected<T>) -> Self {
        Self::Machine(rejected.why)
    }
}

impl From<Misuse> for Refused {
    fn from(why: Misuse) -> Self {
        Self::Machine(why)
    }
}

impl From<BuildError> for Refused {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<ReplyError> for Refused {
    fn from(error: ReplyError) -> Self {
        Self::Machine(Misuse::Invalid(error))
    }
}

/// What is wrong with an answer that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not hold the element that was asked for.
    Missing {
        /// The element or the attribute.
        what: &'static str,
    },
    /// Something in it has a value that it cannot have.
    Invalid {
        /// The element or the attribute.
        what: &'static str,
        /// The value, or its beginning.
        value: String,
    },
    /// There is more of something than is taken in.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How much is taken in.
        limit: usize,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what } => write!(f, "the answer has no {what}"),
            Self::Invalid { what, value } => {
                write!(f, "the answer has an invalid {what}: {value:?}")
            }
            Self::TooMany { what, limit } => write!(f, "the answer has more than {limit} {what}"),
        }
    }
}

impl core::error::Error for ReadError {}
