//! Messages (RFC 6121 §5).

use alloc::borrow::Cow;
use core::fmt;

use super::head::{Head, HeadBuilder};
use super::{
    Localized, ReplyError, StanzaError, StanzaFault, common_getters, common_setters, foreign, lang,
};
use crate::jid::Jid;
use crate::ns;
use crate::xml::{AsElement, BuildError, Element, ElementRef};

/// The children that RFC 6121 §5.2 defines, and the error of RFC 6120.
const OWN: &[&str] = &["body", "subject", "thread", "error"];

/// What a message is part of (RFC 6121 §5.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// A one-to-one chat session.
    Chat,
    /// The answer to a message that could not be delivered or processed.
    Error,
    /// A multi-user chat (XEP-0045).
    Groupchat,
    /// An alert or news; no reply is expected.
    Headline,
    /// A single message outside of a conversation. Also what an unknown type means.
    #[default]
    Normal,
}

impl MessageType {
    /// The value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Error => "error",
            Self::Groupchat => "groupchat",
            Self::Headline => "headline",
            Self::Normal => "normal",
        }
    }

    /// The type called `name`. RFC 6121 §5.2.2: "if an application receives a message with no
    /// 'type' attribute or the application does not understand the value [...], it MUST consider
    /// the message to be of type 'normal'".
    fn from_attr(name: Option<&str>) -> Self {
        match name {
            Some("chat") => Self::Chat,
            Some("error") => Self::Error,
            Some("groupchat") => Self::Groupchat,
            Some("headline") => Self::Headline,
            _ => Self::Normal,
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The conversation a message belongs to (RFC 6121 §5.2.5). Both ids are opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Thread<'a> {
    /// The thread.
    pub id: Cow<'a, str>,
    /// The thread it branched off from.
    pub parent: Option<Cow<'a, str>>,
}

/// A message stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    head: Head,
    type_: MessageType,
}

impl Message {
    /// Begins a message of type normal; see [`MessageBuilder::type_`] for others.
    pub fn builder(to: impl Into<Jid>) -> MessageBuilder {
        MessageBuilder { head: HeadBuilder::new("message"), type_: MessageType::Normal }.to(to)
    }

    /// Begins a message of a one-to-one chat.
    pub fn chat(to: impl Into<Jid>) -> MessageBuilder {
        Self::builder(to).type_(MessageType::Chat)
    }

    /// Begins a message to all occupants of a room (XEP-0045 §7.4). `room` is a bare address.
    pub fn groupchat(room: impl Into<Jid>) -> MessageBuilder {
        Self::builder(room).type_(MessageType::Groupchat)
    }

    /// Must be called with a `<message/>`.
    pub(super) fn from_element(element: Element, from: Option<Jid>) -> Result<Self, StanzaFault> {
        let (head, type_) = Head::new(element, from, |name| Ok(MessageType::from_attr(name)))?;
        Ok(Self { head, type_ })
    }

    common_getters!();

    /// The `id` attribute, if there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.head.id()
    }

    /// What it is part of.
    #[must_use]
    pub fn type_(&self) -> MessageType {
        self.type_
    }

    /// The text of the message, whatever `xml:lang` says: the body in the language of the
    /// stanza if there is one, else the first body.
    #[must_use]
    pub fn body(&self) -> Option<Cow<'_, str>> {
        lang::best(self.head.element.as_ref(), "body")
    }

    /// The text of the message for a reader of `langs`, the most wanted language first: the
    /// lookup of RFC 4647 §3.4, by which `de-AT` also finds `de`. Where nothing matches,
    /// [`body`](Self::body).
    #[must_use]
    pub fn body_in(&self, langs: &[&str]) -> Option<Cow<'_, str>> {
        lang::lookup(self.head.element.as_ref(), "body", langs)
    }

    /// All bodies, each in another language (RFC 6121 §5.2.3), in document order.
    pub fn bodies(&self) -> impl Iterator<Item = Localized<'_>> {
        lang::all(self.head.element.as_ref(), "body")
    }

    /// The subject, chosen like [`body`](Self::body).
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        lang::best(self.head.element.as_ref(), "subject")
    }

    /// The subject, chosen like [`body_in`](Self::body_in).
    #[must_use]
    pub fn subject_in(&self, langs: &[&str]) -> Option<Cow<'_, str>> {
        lang::lookup(self.head.element.as_ref(), "subject", langs)
    }

    /// All subjects, each in another language (RFC 6121 §5.2.4), in document order.
    pub fn subjects(&self) -> impl Iterator<Item = Localized<'_>> {
        lang::all(self.head.element.as_ref(), "subject")
    }

    /// The conversation it belongs to, if it says so.
    #[must_use]
    pub fn thread(&self) -> Option<Thread<'_>> {
        let thread = self.head.element.child("thread", ns::CLIENT)?;
        let id = thread.text();
        // RFC 6121 §5.2.5: no thread is an offshoot of itself.
        let parent = thread.attr("parent").filter(|parent| *parent != id);
        Some(Thread { id, parent })
    }

    /// The error, if the type is error. One without details counts as `undefined-condition`.
    #[must_use]
    pub fn error(&self) -> Option<StanzaError> {
        (self.type_ == MessageType::Error)
            .then(|| StanzaError::from_stanza(self.head.element.as_ref()))
    }

    /// The first child element `name` of namespace `ns`.
    #[must_use]
    pub fn payload(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.head.element.child(name, ns)
    }

    /// The child elements that have no method here: all but body, subject, thread and error of
    /// the stanza's own namespace.
    pub fn payloads(&self) -> impl Iterator<Item = ElementRef<'_>> {
        foreign(&self.head.element, OWN)
    }

    /// Begins a reply: to the sender's address as it stands, of the same type, in the same
    /// thread. In a room it goes to the room rather than to one occupant. `None` if the message
    /// is an error, to which nobody replies (RFC 6120 §8.3.1).
    #[must_use]
    pub fn reply(&self) -> Option<MessageBuilder> {
        let mut reply =
            MessageBuilder { head: HeadBuilder::new("message"), type_: MessageType::Normal };
        match (self.type_, &self.head.from) {
            (MessageType::Error, _) => return None,
            (MessageType::Groupchat, Some(from)) => reply = reply.to(from.to_bare()),
            (_, Some(from)) => reply = reply.to(from),
            // From our own account (RFC 6120 §8.1.2.1): without `to` it goes back there.
            (_, None) => {}
        }
        if self.type_ != MessageType::Normal {
            reply = reply.type_(self.type_);
        }
        if let Some(Thread { id, parent }) = self.thread() {
            reply = match parent {
                Some(parent) => reply.thread_of(&id, &parent),
                None => reply.thread(&id),
            };
        }
        Some(reply)
    }

    /// The error that answers this message: back to the sender, with the same id. A
    /// [`Condition`](super::Condition) alone is an error, too.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotAnswerable`] if this message is an error itself, and
    /// [`ReplyError::Build`] if the text of `error` holds a character that XML does not allow.
    pub fn error_reply(&self, error: impl Into<StanzaError>) -> Result<Self, ReplyError> {
        self.error_answer(&error.into(), false)
    }

    /// As [`error_reply`](Self::error_reply), with the children of this message before the error,
    /// so that the sender can see what is meant (RFC 6120 §8.3.1).
    ///
    /// # Errors
    ///
    /// As [`error_reply`](Self::error_reply).
    pub fn error_reply_quoting(&self, error: impl Into<StanzaError>) -> Result<Self, ReplyError> {
        self.error_answer(&error.into(), true)
    }

    fn error_answer(&self, error: &StanzaError, quote: bool) -> Result<Self, ReplyError> {
        if self.type_ == MessageType::Error {
            return Err(ReplyError::NotAnswerable);
        }
        Ok(Self::error_from(self.head.error_answer(error, quote)?))
    }

    /// `head` must be of type error.
    pub(super) fn error_from(head: Head) -> Self {
        Self { head, type_: MessageType::Error }
    }
}

/// Builds a [`Message`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct MessageBuilder {
    head: HeadBuilder,
    type_: MessageType,
}

impl MessageBuilder {
    common_setters!();

    /// What it is part of.
    pub fn type_(mut self, type_: MessageType) -> Self {
        self.type_ = type_;
        self.head.element = self.head.element.attr("type", type_.name());
        self
    }

    /// The id, by which errors and receipts refer to the message (RFC 6120 §8.1.3).
    pub fn id(mut self, id: &str) -> Self {
        self.head.element = self.head.element.attr("id", id);
        self
    }

    /// Adds a body in the language of the stanza. There is at most one per language
    /// (RFC 6121 §5.2.3), so call it once.
    pub fn body(mut self, text: &str) -> Self {
        self.head = self.head.text("body", None, text);
        self
    }

    /// Adds a body in the language `lang` (RFC 5646).
    pub fn body_in(mut self, lang: &str, text: &str) -> Self {
        self.head = self.head.text("body", Some(lang), text);
        self
    }

    /// Adds a subject in the language of the stanza.
    pub fn subject(mut self, text: &str) -> Self {
        self.head = self.head.text("subject", None, text);
        self
    }

    /// Adds a subject in the language `lang` (RFC 5646).
    pub fn subject_in(mut self, lang: &str, text: &str) -> Self {
        self.head = self.head.text("subject", Some(lang), text);
        self
    }

    /// The conversation it belongs to (RFC 6121 §5.2.5). There is one: the last call counts.
    pub fn thread(mut self, id: &str) -> Self {
        self.head = self.head.single("thread").text("thread", None, id);
        self
    }

    /// The conversation it belongs to, and the one that branched off from, which is left out if it is
    /// the same. The last call of this and [`thread`](Self::thread) counts.
    pub fn thread_of(mut self, id: &str, parent: &str) -> Self {
        if id == parent {
            return self.thread(id);
        }
        self.head = self.head.single("thread");
        self.head.element = self
            .head
            .element
            .child_with("thread", ns::CLIENT, |thread| thread.attr("parent", parent).text(id));
        self
    }

    /// Adds any child element.
    pub fn payload(mut self, payload: impl AsElement) -> Self {
        self.head.element = self.head.element.child(payload);
        self
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// Names the first field that holds a character XML does not allow, its byte offset there
    /// and the character. [`MissingError`](crate::xml::BuildErrorKind::MissingError) if the type is
    /// error and there is no `<error/>` among the payloads: an error is best made by
    /// [`Message::error_reply`].
    pub fn build(self) -> Result<Message, BuildError> {
        let is_error = self.type_ == MessageType::Error;
        Ok(Message { head: self.head.build_any(is_error)?, type_: self.type_ })
    }
}
