//! Payloads as values: of the types of xmpp-parsers, or of any that derives xso's traits.
//!
//! ```
//! use xmpp_parsers::receipts::Received;
//! use xmpp_proto::jid::Jid;
//! use xmpp_proto::stanza::Message;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let receipt = Received { id: "m1".into() };
//! let romeo = Jid::new("romeo@example.net")?;
//! let message = Message::chat(romeo).with_payload(&receipt)?.build()?;
//! assert_eq!(message.payload_as::<Received>()?, Some(receipt));
//! # Ok(())
//! # }
//! ```

use xso::{AsXml, FromXml};

use super::{Iq, Message, MessageBuilder, Presence, PresenceBuilder, Stanza};
use crate::xml::{DecodeError, Element, EncodeError};

/// The first child element that `T` is for.
fn first<T: FromXml>(stanza: &Element) -> Result<Option<T>, DecodeError> {
    for child in stanza.elements() {
        match child.decode() {
            Ok(value) => return Ok(Some(value)),
            Err(error) if error.is_mismatch() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

macro_rules! payload_as {
    ($($stanza:ty),*) => {$(
        impl $stanza {
            /// The first child element that the type `T` is for, as a value of it. `None` if
            /// there is no such child.
            ///
            /// All child elements count, those with methods of their own too. For several of one
            /// type, [`decode`](crate::xml::ElementRef::decode) each of [`element`](Self::element).
            ///
            /// # Errors
            ///
            /// If that child is not what the type demands. It stays readable as an element.
            pub fn payload_as<T: FromXml>(&self) -> Result<Option<T>, DecodeError> {
                first(self.element())
            }
        }
    )*};
}

payload_as!(Stanza, Message, Presence, Iq);

macro_rules! with_payload {
    ($($builder:ty),*) => {$(
        impl $builder {
            /// Adds `payload` as a child element.
            ///
            /// # Errors
            ///
            /// As [`Element::encode`].
            pub fn with_payload<T: AsXml>(self, payload: &T) -> Result<Self, EncodeError> {
                Ok(self.payload(Element::encode(payload)?))
            }
        }
    )*};
}

with_payload!(MessageBuilder, PresenceBuilder);

#[cfg(test)]
mod tests;
