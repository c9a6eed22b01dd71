//! IQ, "info/query": requests and their answers (RFC 6120 §8.2.3).

use alloc::borrow::Cow;
use core::fmt;

use super::head::{Head, HeadBuilder};
use super::{
    ReplyError, StanzaError, StanzaFault, StanzaFaultKind, common_getters, common_setters, foreign,
};
use crate::jid::Jid;
use crate::ns;
use crate::xml::{AsElement, BuildError, Element, ElementRef};

/// What an IQ does (RFC 6120 §8.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IqType {
    /// Asks for something; is answered by a result or an error.
    Get,
    /// Changes something; is answered by a result or an error.
    Set,
    /// The answer to a get or set that worked.
    Result,
    /// The answer to a get or set that did not.
    Error,
}

impl IqType {
    /// The value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Result => "result",
            Self::Error => "error",
        }
    }

    /// The type called `name` on the wire, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Get, Self::Set, Self::Result, Self::Error]
            .into_iter()
            .find(|type_| type_.name() == name)
    }

    /// Whether an answer is due: get or set.
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self, Self::Get | Self::Set)
    }
}

impl fmt::Display for IqType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An IQ stanza. It has an id; a request has one payload, a result none or one.
///
/// ```
/// use xmpp_proto::jid::Jid;
/// use xmpp_proto::ns;
/// use xmpp_proto::stanza::{Iq, IqType};
/// use xmpp_proto::xml::Element;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ping = Element::builder("ping", ns::PING).build()?;
/// let request = Iq::get("p1", ping).to(Jid::new("example.com")?).build()?;
/// assert!(request.payload().is_some_and(|payload| payload.is("ping", ns::PING)));
///
/// let pong = request.result(None)?;
/// assert_eq!(pong.type_(), IqType::Result);
/// assert_eq!(pong.id(), "p1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iq {
    head: Head,
    type_: IqType,
}

impl Iq {
    /// Begins a request for something. Answers are recognised by the id, so it must be new and
    /// should be hard to guess (RFC 6120 §8.1.3).
    pub fn get(id: &str, payload: impl AsElement) -> IqBuilder {
        Self::request(IqType::Get, id, payload)
    }

    /// Begins a request to change something. Answers are recognised by the id, so it must be new
    /// and should be hard to guess (RFC 6120 §8.1.3).
    pub fn set(id: &str, payload: impl AsElement) -> IqBuilder {
        Self::request(IqType::Set, id, payload)
    }

    fn request(type_: IqType, id: &str, payload: impl AsElement) -> IqBuilder {
        let mut head = HeadBuilder::new("iq");
        head.element = head.element.attr("type", type_.name()).attr("id", id).child(payload);
        IqBuilder { head, type_ }
    }

    /// Must be called with an `<iq/>`.
    pub(super) fn from_element(element: Element, from: Option<Jid>) -> Result<Self, StanzaFault> {
        let (head, type_) = Head::new(element, from, |name| match name {
            Some(name) => IqType::from_name(name).ok_or(StanzaFaultKind::UnknownType),
            None => Err(StanzaFaultKind::MissingType),
        })?;
        if head.id().is_none() {
            return Err(StanzaFault::new(head.element, StanzaFaultKind::MissingId));
        }
        // RFC 6120 §8.2.3, rules 3 to 5. Errors may quote whatever the request held.
        let found = head.element.elements().count();
        let allowed = match type_ {
            IqType::Get | IqType::Set => found == 1,
            IqType::Result => found <= 1,
            IqType::Error => true,
        };
        if !allowed {
            let kind = StanzaFaultKind::PayloadCount { found };
            return Err(StanzaFault::new(head.element, kind));
        }
        Ok(Self { head, type_ })
    }

    /// `head` must be of type error and have an id.
    pub(super) fn error_from(head: Head) -> Self {
        Self { head, type_: IqType::Error }
    }

    common_getters!();

    /// The id, by which an answer refers to its request.
    #[must_use]
    pub fn id(&self) -> &str {
        self.head.id().unwrap_or_default()
    }

    /// What it does.
    #[must_use]
    pub fn type_(&self) -> IqType {
        self.type_
    }

    /// The payload: always there in a get or set, perhaps in a result. In an error, what it
    /// quotes of the request.
    #[must_use]
    pub fn payload(&self) -> Option<ElementRef<'_>> {
        match self.type_ {
            IqType::Error => foreign(&self.head.element, &["error"]).next(),
            _ => self.head.element.elements().next(),
        }
    }

    /// The error, if the type is error. One without details counts as `undefined-condition`.
    #[must_use]
    pub fn error(&self) -> Option<StanzaError> {
        (self.type_ == IqType::Error).then(|| StanzaError::from_stanza(self.head.element.as_ref()))
    }

    /// The result that answers this request: back to the sender, with the same id.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotAnswerable`] if this is not a get or set; [`ReplyError::Build`] only if
    /// the payload is too large to be copied.
    pub fn result(&self, payload: Option<Element>) -> Result<Self, ReplyError> {
        if !self.type_.is_request() {
            return Err(ReplyError::NotAnswerable);
        }
        let mut answer = self.head.answer("result");
        answer.element = answer.element.children(payload);
        Ok(Self { head: answer.build()?, type_: IqType::Result })
    }

    /// The error that answers this request: back to the sender, with the same id. A
    /// [`Condition`](super::Condition) alone is an error, too.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotAnswerable`] if this is not a get or set, and [`ReplyError::Build`] if
    /// the text of `error` holds a character that XML does not allow.
    pub fn error_reply(&self, error: impl Into<StanzaError>) -> Result<Self, ReplyError> {
        self.error_answer(&error.into(), false)
    }

    /// As [`error_reply`](Self::error_reply), with the payload of the request before the error,
    /// so that the sender can see what is meant (RFC 6120 §8.3.1).
    ///
    /// # Errors
    ///
    /// As [`error_reply`](Self::error_reply).
    pub fn error_reply_quoting(&self, error: impl Into<StanzaError>) -> Result<Self, ReplyError> {
        self.error_answer(&error.into(), true)
    }

    fn error_answer(&self, error: &StanzaError, quote: bool) -> Result<Self, ReplyError> {
        if !self.type_.is_request() {
            return Err(ReplyError::NotAnswerable);
        }
        Ok(Self::error_from(self.head.error_answer(error, quote)?))
    }
}

/// Builds a request.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct IqBuilder {
    head: HeadBuilder,
    type_: IqType,
}

impl IqBuilder {
    common_setters!();

    /// The request.
    ///
    /// # Errors
    ///
    /// If the id or the language holds a character that XML does not allow: which one, and at
    /// which byte offset.
    pub fn build(self) -> Result<Iq, BuildError> {
        Ok(Iq { head: self.head.build()?, type_: self.type_ })
    }
}
