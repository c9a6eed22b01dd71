//! Stanzas: [`Message`], [`Presence`] and [`Iq`], the three things that people send (RFC 6120 §8).
//!
//! A stanza is an immutable [`Element`] whose head has been checked: the addresses are valid and
//! the type is a known one. Everything else is read from the element when it is asked for, so
//! that nothing a peer sent is lost: what has no method here is found with `payload`, `payloads`
//! or `element`.
//!
//! ```
//! use xmpp_proto::jid::Jid;
//! use xmpp_proto::stanza::{Message, MessageType};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let juliet = Jid::new("juliet@example.com")?;
//! let message = Message::chat(juliet)
//!     .id("m1")
//!     .body("Art thou not Romeo?")
//!     .body_in("cs", "Nejsi-li Romeo?")
//!     .build()?;
//!
//! assert_eq!(message.type_(), MessageType::Chat);
//! assert_eq!(message.body().as_deref(), Some("Art thou not Romeo?"));
//! assert_eq!(message.body_in(&["cs", "en"]).as_deref(), Some("Nejsi-li Romeo?"));
//! # Ok(())
//! # }
//! ```
//!
//! # Reading and answering
//!
//! ```
//! use xmpp_proto::ns;
//! use xmpp_proto::stanza::{Condition, Stanza};
//! use xmpp_proto::xml::Element;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let element = Element::builder("iq", ns::CLIENT)
//! #     .attr("type", "get")
//! #     .attr("id", "q1")
//! #     .attr("from", "romeo@example.net/orchard")
//! #     .child_with("query", "jabber:iq:version", |query| query)
//! #     .build()?;
//! match Stanza::from_element(element) {
//!     Ok(Stanza::Message(message)) => {
//!         // Nothing to reply to where the message is an error.
//!         if let (Some(reply), Some(body)) = (message.reply(), message.body()) {
//!             let _echo = reply.body(&body).build()?;
//!         }
//!     }
//!     Ok(Stanza::Iq(iq)) => {
//!         let answer = iq.error_reply(Condition::ServiceUnavailable)?;
//!         assert_eq!(answer.to(), iq.from());
//!         assert_eq!(answer.id(), "q1");
//!     }
//!     Ok(Stanza::Presence(_)) => {}
//!     // Some faults are to be answered.
//!     Err(fault) => drop(fault.reply()),
//! }
//! # Ok(())
//! # }
//! ```

mod error;
mod fault;
mod head;
mod iq;
mod lang;
mod message;
#[cfg(feature = "minidom")]
mod payload;
mod presence;

pub use error::{Condition, ErrorType, StanzaError};
pub use fault::{AddressField, ReplyError, StanzaFault, StanzaFaultKind};
pub use iq::{Iq, IqBuilder, IqType};
pub use lang::Localized;
pub use message::{Message, MessageBuilder, MessageType, Thread};
pub use presence::{Presence, PresenceBuilder, PresenceType, Show};

use alloc::borrow::Cow;

use crate::jid::Jid;
use crate::ns;
use crate::xml::{Element, ElementRef};

/// A message, presence or IQ stanza (RFC 6120 §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stanza {
    /// `<message/>`: pushed to somebody, no answer due (RFC 6120 §8.2.1).
    Message(Message),
    /// `<presence/>`: availability and subscriptions (RFC 6120 §8.2.2).
    Presence(Presence),
    /// `<iq/>`: a request, or the one answer to it (RFC 6120 §8.2.3).
    Iq(Iq),
}

/// Applies an expression to whichever stanza it is.
macro_rules! each {
    ($stanza:expr, $inner:ident => $do:expr) => {
        match $stanza {
            Stanza::Message($inner) => $do,
            Stanza::Presence($inner) => $do,
            Stanza::Iq($inner) => $do,
        }
    };
}

impl Stanza {
    /// Checks the head of an element in the namespace [`ns::CLIENT`] and makes it a stanza.
    ///
    /// # Errors
    ///
    /// Hands the element back with what is wrong, see [`StanzaFaultKind`]; some faults are
    /// to be answered, see [`StanzaFault::reply`].
    pub fn from_element(element: Element) -> Result<Self, StanzaFault> {
        Self::read(element, None)
    }

    /// The same for an element whose `from` was written just now, so that it need not be read.
    #[cfg(feature = "server")]
    pub(crate) fn from_sender(element: Element, from: Jid) -> Result<Self, StanzaFault> {
        Self::read(element, Some(from))
    }

    fn read(element: Element, from: Option<Jid>) -> Result<Self, StanzaFault> {
        let root = element.as_ref();
        let name = if root.ns() == ns::CLIENT { root.name() } else { "" };
        match name {
            "message" => Message::from_element(element, from).map(Self::Message),
            "presence" => Presence::from_element(element, from).map(Self::Presence),
            "iq" => Iq::from_element(element, from).map(Self::Iq),
            _ => Err(StanzaFault::new(element, StanzaFaultKind::NotAStanza)),
        }
    }

    /// The stanza as an element.
    #[must_use]
    pub fn element(&self) -> &Element {
        each!(self, stanza => stanza.element())
    }

    /// The stanza as an element.
    #[must_use]
    pub fn into_element(self) -> Element {
        each!(self, stanza => stanza.into_element())
    }

    /// The `id` attribute; an IQ always has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        each!(self, stanza => stanza.head().id())
    }

    /// The address it goes to.
    #[must_use]
    pub fn to(&self) -> Option<&Jid> {
        each!(self, stanza => stanza.to())
    }

    /// The address it comes from.
    #[must_use]
    pub fn from(&self) -> Option<&Jid> {
        each!(self, stanza => stanza.from())
    }

    /// The default language of its human-readable text: `xml:lang` (RFC 6120 §8.1.5).
    #[must_use]
    pub fn lang(&self) -> Option<Cow<'_, str>> {
        each!(self, stanza => stanza.lang())
    }

    /// Whether its type is `error`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Message(message) => message.type_() == MessageType::Error,
            Self::Presence(presence) => presence.type_() == PresenceType::Error,
            Self::Iq(iq) => iq.type_() == IqType::Error,
        }
    }

    /// The error it carries if its type is `error`.
    #[must_use]
    pub fn error(&self) -> Option<StanzaError> {
        self.is_error().then(|| StanzaError::from_stanza(self.element().as_ref()))
    }
}

impl From<Message> for Stanza {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl From<Presence> for Stanza {
    fn from(presence: Presence) -> Self {
        Self::Presence(presence)
    }
}

impl From<Iq> for Stanza {
    fn from(iq: Iq) -> Self {
        Self::Iq(iq)
    }
}

/// The getters that every stanza has.
macro_rules! common_getters {
    () => {
        /// The stanza as an element: everything in it, known or not.
        #[must_use]
        pub fn element(&self) -> &Element {
            &self.head.element
        }

        /// The stanza as an element.
        #[must_use]
        pub fn into_element(self) -> Element {
            self.head.element
        }

        /// The address it goes to. Absent: from a client, the client's own account; to a client,
        /// the client itself (RFC 6120 §8.1.1).
        #[must_use]
        pub fn to(&self) -> Option<&Jid> {
            self.head.to.as_ref()
        }

        /// The address it comes from. Absent: to a client, the client's own account
        /// (RFC 6120 §8.1.2.1).
        #[must_use]
        pub fn from(&self) -> Option<&Jid> {
            self.head.from.as_ref()
        }

        /// The default language of its human-readable text: `xml:lang` (RFC 6120 §8.1.5).
        #[must_use]
        pub fn lang(&self) -> Option<Cow<'_, str>> {
            self.head.lang()
        }

        pub(super) fn head(&self) -> &Head {
            &self.head
        }
    };
}

/// The setters that every builder has.
macro_rules! common_setters {
    () => {
        /// The address it goes to.
        pub fn to(mut self, to: impl Into<Jid>) -> Self {
            self.head = self.head.to(to.into());
            self
        }

        /// The address it comes from. A client leaves it to the server, which knows
        /// (RFC 6120 §8.1.2.1).
        pub fn from(mut self, from: impl Into<Jid>) -> Self {
            self.head = self.head.from(from.into());
            self
        }

        /// The default language of its human-readable text: `xml:lang` (RFC 6120 §8.1.5).
        pub fn lang(mut self, lang: &str) -> Self {
            self.head.element = self.head.element.attr_ns("lang", ns::XML, lang);
            self
        }
    };
}

use {common_getters, common_setters};

/// The child elements that the stanza's own schema does not name.
fn foreign<'a>(
    element: &'a Element,
    own: &'static [&'static str],
) -> impl Iterator<Item = ElementRef<'a>> {
    element.elements().filter(move |child| child.ns() != ns::CLIENT || !own.contains(&child.name()))
}

#[cfg(test)]
mod tests;
