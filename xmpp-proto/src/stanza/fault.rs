//! What is wrong with an element that should be a stanza, and how to answer it.

use core::fmt;

use super::head::Head;
use super::{Condition, Iq, Message, Presence, Stanza, StanzaError};
use crate::jid::{Jid, JidError};
use crate::xml::{BuildError, Element};

/// An element that is not a proper stanza, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaFault {
    element: Element,
    kind: StanzaFaultKind,
}

/// What keeps an element from being a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StanzaFaultKind {
    /// It is not called `message`, `presence` or `iq`, or not in the namespace
    /// [`ns::CLIENT`](crate::ns::CLIENT).
    NotAStanza,
    /// An IQ without a type (RFC 6120 §8.2.3).
    MissingType,
    /// A type that presence or IQ does not have (RFC 6121 §4.7.1, RFC 6120 §8.2.3).
    UnknownType,
    /// An IQ without an id (RFC 6120 §8.1.3).
    MissingId,
    /// An address that is not one (RFC 6120 §8.1.1.1, RFC 7622 §3).
    MalformedAddress {
        /// Which one.
        field: AddressField,
        /// What is wrong with it.
        error: JidError,
    },
    /// An IQ of type get or set that does not have exactly one child element, or one of type
    /// result that has several (RFC 6120 §8.2.3).
    PayloadCount {
        /// How many it has.
        found: usize,
    },
}

/// One of the two addresses of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressField {
    /// The attribute `to`.
    To,
    /// The attribute `from`.
    From,
}

impl StanzaFault {
    pub(super) const fn new(element: Element, kind: StanzaFaultKind) -> Self {
        Self { element, kind }
    }

    /// The element as it came.
    #[must_use]
    pub const fn element(&self) -> &Element {
        &self.element
    }

    /// The element as it came.
    #[must_use]
    pub fn into_element(self) -> Element {
        self.element
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn kind(&self) -> StanzaFaultKind {
        self.kind
    }

    /// The stanza error that describes it: `jid-malformed` (RFC 6120 §8.3.3.8) or `bad-request`
    /// (§8.3.3.1). None for what is no stanza: that is a matter of the stream
    /// (`unsupported-stanza-type`, §4.9.3.24).
    #[must_use]
    pub const fn condition(&self) -> Option<Condition> {
        match self.kind {
            StanzaFaultKind::NotAStanza => None,
            StanzaFaultKind::MalformedAddress { .. } => Some(Condition::JidMalformed),
            _ => Some(Condition::BadRequest),
        }
    }

    /// The error to answer with, where one is due.
    ///
    /// - An IQ gets one unless its type is `result` or `error` (RFC 6120 §8.3.1), or it has no id
    ///   to answer to. Without `from` it came from the server and the answer goes there; with a
    ///   malformed one nobody can be answered.
    /// - Presence of an unknown type gets one (RFC 6121 §4.7.1) if it says where it is from.
    /// - A message gets none: its one possible fault is a malformed address, which servers keep
    ///   from their clients, and an error sent into a room can end one's stay there.
    #[must_use]
    pub fn reply(&self) -> Option<Stanza> {
        let element = self.element.as_ref();
        let due = match element.name() {
            "iq" => self.wants_error(),
            "presence" => {
                self.kind == StanzaFaultKind::UnknownType && element.attr("from").is_some()
            }
            _ => false,
        };
        if due { self.error_reply() } else { None }
    }

    /// The error that a server sends back to the client whose stanza this is: one for each stanza
    /// that is not an error or a result itself (RFC 6120 §8.1.1.2, §8.3.1), messages included. `from`
    /// must be the client's address already.
    #[must_use]
    pub fn bounce(&self) -> Option<Stanza> {
        if self.wants_error() { self.error_reply() } else { None }
    }

    /// RFC 6120 §8.3.1: errors and results are not answered, nor an IQ without an id.
    fn wants_error(&self) -> bool {
        let element = self.element.as_ref();
        let type_ = element.attr("type");
        match element.name() {
            "iq" => {
                element.attr("id").is_some()
                    && !matches!(type_.as_deref(), Some("result" | "error"))
            }
            _ => type_.as_deref() != Some("error"),
        }
    }

    fn error_reply(&self) -> Option<Stanza> {
        let condition = self.condition()?;
        let element = self.element.as_ref();
        // Nobody can be answered at an address that is none.
        let from = element.attr("from").map(|text| Jid::from_wire(&text)).transpose().ok()?;
        let to = element.attr("to").and_then(|text| Jid::from_wire(&text).ok());
        let error = StanzaError::new(condition);
        let head = Head::trust(self.element.clone(), to, from);
        let head = head.error_answer(&error, false).ok()?;
        Some(match element.name() {
            "iq" => Iq::error_from(head).into(),
            "message" => Message::error_from(head).into(),
            _ => Presence::error_from(head).into(),
        })
    }
}

impl fmt::Display for StanzaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.element.name();
        match self.kind {
            StanzaFaultKind::NotAStanza => {
                write!(f, "<{name}/> of namespace `{}` is not a stanza", self.element.ns())
            }
            StanzaFaultKind::MissingType => write!(f, "<{name}/> lacks the attribute `type`"),
            StanzaFaultKind::UnknownType => {
                let found = self.element.attr("type").unwrap_or_default();
                write!(f, "<{name}/> has the unknown type `{found}`")
            }
            StanzaFaultKind::MissingId => write!(f, "<{name}/> lacks the attribute `id`"),
            StanzaFaultKind::MalformedAddress { field, error } => {
                write!(f, "the attribute `{field}` of <{name}/> is {error}")
            }
            StanzaFaultKind::PayloadCount { found } => {
                write!(f, "<{name}/> has {found} child elements, which its type does not allow")
            }
        }
    }
}

impl core::error::Error for StanzaFault {}

impl fmt::Display for AddressField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::To => "to",
            Self::From => "from",
        })
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// The stanza is not to be answered: it is an error, or the result of a request
    /// (RFC 6120 §8.2.3, §8.3.1).
    NotAnswerable,
    /// The reply holds something that XML does not allow.
    Build(BuildError),
}

impl From<BuildError> for ReplyError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnswerable => f.write_str("errors and results are not answered"),
            Self::Build(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for ReplyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NotAnswerable => None,
            Self::Build(error) => Some(error),
        }
    }
}
