//! Presence (RFC 6121 §4) and subscriptions (§3).

use alloc::borrow::Cow;
use core::fmt;

use super::head::{Head, HeadBuilder};
use super::{
    Localized, ReplyError, StanzaError, StanzaFault, StanzaFaultKind, common_getters,
    common_setters, foreign, lang,
};
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::xml::{AsElement, BuildError, Element, ElementRef};

/// The children that RFC 6121 §4.7.2 defines, and the error of RFC 6120.
const OWN: &[&str] = &["show", "status", "priority", "error"];

/// What presence is about (RFC 6121 §4.7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PresenceType {
    /// The sender is available. On the wire: no type.
    #[default]
    Available,
    /// The sender is no longer available.
    Unavailable,
    /// The sender wants to see the addressee's presence.
    Subscribe,
    /// The sender lets the addressee see its presence.
    Subscribed,
    /// The sender no longer wants to see the addressee's presence.
    Unsubscribe,
    /// The sender does not, or no longer, let the addressee see its presence.
    Unsubscribed,
    /// A server asks for an entity's current presence.
    Probe,
    /// The answer to presence that could not be delivered or processed.
    Error,
}

impl PresenceType {
    /// Every type.
    pub const ALL: &'static [Self] = &[
        Self::Available,
        Self::Unavailable,
        Self::Subscribe,
        Self::Subscribed,
        Self::Unsubscribe,
        Self::Unsubscribed,
        Self::Probe,
        Self::Error,
    ];

    /// The value on the wire; `None` for available.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Available => return None,
            Self::Unavailable => "unavailable",
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
            Self::Probe => "probe",
            Self::Error => "error",
        })
    }

    fn from_attr(name: Option<&str>) -> Option<Self> {
        Self::ALL.iter().copied().find(|type_| type_.name() == name)
    }
}

/// How available somebody is (RFC 6121 §4.7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// Temporarily away.
    Away,
    /// Interested in chatting.
    Chat,
    /// Busy: do not disturb.
    Dnd,
    /// Away for an extended period.
    Xa,
}

impl Show {
    /// The value on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Chat => "chat",
            Self::Dnd => "dnd",
            Self::Xa => "xa",
        }
    }

    /// The value called `name` on the wire, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Away, Self::Chat, Self::Dnd, Self::Xa].into_iter().find(|show| show.name() == name)
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A presence stanza.
///
/// ```
/// use xmpp_proto::stanza::{Presence, Show};
///
/// let presence = Presence::available().show(Show::Away).status("at lunch").priority(5).build()?;
/// assert_eq!(presence.show(), Some(Show::Away));
/// assert_eq!(presence.status().as_deref(), Some("at lunch"));
/// assert_eq!(presence.priority(), 5);
/// # Ok::<(), xmpp_proto::xml::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    head: Head,
    type_: PresenceType,
}

impl Presence {
    /// Begins presence of a type.
    pub fn builder(type_: PresenceType) -> PresenceBuilder {
        let mut head = HeadBuilder::new("presence");
        if let Some(name) = type_.name() {
            head.element = head.element.attr("type", name);
        }
        PresenceBuilder { head, type_ }
    }

    /// Begins "I am available". Without `to` it goes to all who are subscribed.
    pub fn available() -> PresenceBuilder {
        Self::builder(PresenceType::Available)
    }

    /// Begins "I am no longer available".
    pub fn unavailable() -> PresenceBuilder {
        Self::builder(PresenceType::Unavailable)
    }

    /// Begins a request to see somebody's presence (RFC 6121 §3.1.1).
    pub fn subscribe(to: impl Into<BareJid>) -> PresenceBuilder {
        Self::builder(PresenceType::Subscribe).to(to.into())
    }

    /// Begins the consent to such a request (RFC 6121 §3.1.4).
    pub fn subscribed(to: impl Into<BareJid>) -> PresenceBuilder {
        Self::builder(PresenceType::Subscribed).to(to.into())
    }

    /// Begins the end of seeing somebody's presence (RFC 6121 §3.3.1).
    pub fn unsubscribe(to: impl Into<BareJid>) -> PresenceBuilder {
        Self::builder(PresenceType::Unsubscribe).to(to.into())
    }

    /// Begins the refusal or withdrawal of consent (RFC 6121 §3.2.1).
    pub fn unsubscribed(to: impl Into<BareJid>) -> PresenceBuilder {
        Self::builder(PresenceType::Unsubscribed).to(to.into())
    }

    /// Must be called with a `<presence/>`.
    pub(super) fn from_element(element: Element, from: Option<Jid>) -> Result<Self, StanzaFault> {
        let (head, type_) = Head::new(element, from, |name| {
            PresenceType::from_attr(name).ok_or(StanzaFaultKind::UnknownType)
        })?;
        Ok(Self { head, type_ })
    }

    /// `head` must be of type error.
    pub(super) fn error_from(head: Head) -> Self {
        Self { head, type_: PresenceType::Error }
    }

    common_getters!();

    /// The `id` attribute, if there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.head.id()
    }

    /// What it is about.
    #[must_use]
    pub fn type_(&self) -> PresenceType {
        self.type_
    }

    /// How available the sender is. `None`, also for values that RFC 6121 §4.7.2.1 does not
    /// define: just available.
    #[must_use]
    pub fn show(&self) -> Option<Show> {
        Show::from_name(self.head.element.child("show", ns::CLIENT)?.text().trim())
    }

    /// The text that describes it, whatever `xml:lang` says: the one in the language of the
    /// stanza if there is one, else the first.
    #[must_use]
    pub fn status(&self) -> Option<Cow<'_, str>> {
        lang::best(self.head.element.as_ref(), "status")
    }

    /// The text for a reader of `langs`, the most wanted language first: the lookup of RFC 4647
    /// §3.4. Where nothing matches, [`status`](Self::status).
    #[must_use]
    pub fn status_in(&self, langs: &[&str]) -> Option<Cow<'_, str>> {
        lang::lookup(self.head.element.as_ref(), "status", langs)
    }

    /// All texts, each in another language (RFC 6121 §4.7.2.2), in document order.
    pub fn statuses(&self) -> impl Iterator<Item = Localized<'_>> {
        lang::all(self.head.element.as_ref(), "status")
    }

    /// The priority of the sender's resource, -128 to 127 (RFC 6121 §4.7.2.3). Zero if there is
    /// none, and also if it is not such a number: presence is too useful to drop it for that.
    #[must_use]
    pub fn priority(&self) -> i8 {
        self.head
            .element
            .child("priority", ns::CLIENT)
            .and_then(|priority| priority.text().trim().parse().ok())
            .unwrap_or(0)
    }

    /// The error, if the type is error. One without details counts as `undefined-condition`.
    #[must_use]
    pub fn error(&self) -> Option<StanzaError> {
        (self.type_ == PresenceType::Error)
            .then(|| StanzaError::from_stanza(self.head.element.as_ref()))
    }

    /// The first child element `name` of namespace `ns`.
    #[must_use]
    pub fn payload(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.head.element.child(name, ns)
    }

    /// The child elements that have no method here: all but show, status, priority and error of
    /// the stanza's own namespace.
    pub fn payloads(&self) -> impl Iterator<Item = ElementRef<'_>> {
        foreign(&self.head.element, OWN)
    }

    /// The same for somebody else. `None` only if it is too large to be copied.
    #[cfg(feature = "domain")]
    pub(crate) fn readdressed(&self, to: Jid) -> Option<Self> {
        let element = self.head.element.to_builder().attr("to", to.as_str()).build().ok()?;
        let head = Head::trust(element, Some(to), self.head.from.clone());
        Some(Self { head, type_: self.type_ })
    }

    /// The error that answers this presence: back to the sender, with the same id. A
    /// [`Condition`](super::Condition) alone is an error, too.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotAnswerable`] if this is an error itself, and [`ReplyError::Build`] if the
    /// text of `error` holds a character that XML does not allow.
    pub fn error_reply(&self, error: impl Into<StanzaError>) -> Result<Self, ReplyError> {
        if self.type_ == PresenceType::Error {
            return Err(ReplyError::NotAnswerable);
        }
        Ok(Self::error_from(self.head.error_answer(&error.into(), false)?))
    }
}

/// Builds a [`Presence`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PresenceBuilder {
    head: HeadBuilder,
    type_: PresenceType,
}

impl PresenceBuilder {
    common_setters!();

    /// The id, by which errors refer to it (RFC 6120 §8.1.3).
    pub fn id(mut self, id: &str) -> Self {
        self.head.element = self.head.element.attr("id", id);
        self
    }

    /// How available the sender is: the last call counts. It belongs to the type available, and is left out
    /// of the others (RFC 6121 §4.5.1).
    pub fn show(mut self, show: Show) -> Self {
        if self.type_ == PresenceType::Available {
            self.head = self.head.single("show").text("show", None, show.name());
        }
        self
    }

    /// Adds a text that describes it, in the language of the stanza. There is at most one per
    /// language (RFC 6121 §4.7.2.2), so call it once.
    pub fn status(mut self, text: &str) -> Self {
        self.head = self.head.text("status", None, text);
        self
    }

    /// Adds a text that describes it, in the language `lang` (RFC 5646).
    pub fn status_in(mut self, lang: &str, text: &str) -> Self {
        self.head = self.head.text("status", Some(lang), text);
        self
    }

    /// The priority of this resource: the last call counts. Messages to the account go to the resources
    /// of the highest, never to those of a negative one (RFC 6121 §4.7.2.3). It belongs to the type
    /// available, and is left out of the others (§4.5.1).
    pub fn priority(mut self, priority: i8) -> Self {
        if self.type_ == PresenceType::Available {
            let text = alloc::format!("{priority}");
            self.head = self.head.single("priority").text("priority", None, &text);
        }
        self
    }

    /// Adds any child element.
    pub fn payload(mut self, payload: impl AsElement) -> Self {
        self.head.element = self.head.element.child(payload);
        self
    }

    /// The presence.
    ///
    /// # Errors
    ///
    /// Names the first field that holds a character XML does not allow, its byte offset there
    /// and the character. [`MissingError`](crate::xml::BuildErrorKind::MissingError) if the type is
    /// error and there is no `<error/>` among the payloads: an error is best made by
    /// [`Presence::error_reply`].
    pub fn build(self) -> Result<Presence, BuildError> {
        let is_error = self.type_ == PresenceType::Error;
        Ok(Presence { head: self.head.build_any(is_error)?, type_: self.type_ })
    }
}
