//! XML streams: bytes to elements and back, within the subset of XML that XMPP allows (RFC 6120
//! §11). Usable alone: nothing here knows what a stanza means.
//!
//! What it is made of, each usable without the others:
//!
//! * [`Parser`] takes chunks of a stream and gives out its header and then one stanza after the
//!   other, as an [`ElementRef`] that borrows from the parser: no allocation, no copy of text.
//!   [`ElementRef::to_element`] makes an [`Element`] of it, which owns its tree in two buffers
//!   and is cheap to clone and to send to other threads.
//! * [`Lexer`] takes the same and gives out tags and text, each as soon as it is complete, without
//!   a tree.
//! * [`ElementBuilder`] makes elements from scratch, or from a copy with changes.
//! * [`Writer`] appends elements to the bytes to be sent.
//!
//! An echo service over a stream that is already open, without any I/O of its own:
//!
//! ```
//! use xmpp_proto::ns;
//! use xmpp_proto::xml::{Element, Item, Limits, Parser, Writer};
//!
//! let mut parser = Parser::new(Limits::default());
//! let mut writer = Writer::new(ns::CLIENT, true);
//! let mut outgoing = Vec::new();
//!
//! // Chunks may end anywhere.
//! let received: [&[u8]; 3] = [
//!     b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
//!     b"<message from='romeo@example.net'><bo",
//!     b"dy>Good night, <![CDATA[good night!]]></body></message></stream:stream>",
//! ];
//! for chunk in received {
//!     parser.push(chunk);
//!     while let Some(item) = parser.next()? {
//!         let Item::Element(message) = item else { continue };
//!         let (Some(from), Some(body)) = (message.attr("from"), message.child("body", ns::CLIENT))
//!         else {
//!             continue;
//!         };
//!         let reply = Element::builder("message", ns::CLIENT).attr("to", &from).child(body).build()?;
//!         writer.write(reply.as_ref(), &mut outgoing);
//!     }
//! }
//! assert_eq!(
//!     outgoing,
//!     b"<message to='romeo@example.net'><body>Good night, good night!</body></message>",
//! );
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A document that stands alone is parsed with [`FromStr`](core::str::FromStr), or in chunks with
//! [`Parser::document`] and [`Lexer::document`]. It is written with [`Element::to_xml`] or as
//! [`Display`](core::fmt::Display). Elements are equal if they mean the same:
//!
//! ```
//! use xmpp_proto::xml::Element;
//!
//! let one: Element = "<p:a xmlns:p='urn:x' k='1' l='2'>&#65;<![CDATA[&]]></p:a>".parse()?;
//! let other: Element = r#"<a l="2" k="1" xmlns="urn:x">A&amp;</a>"#.parse()?;
//! assert_eq!(one, other);
//! assert_eq!(one.to_xml(), "<a xmlns='urn:x' k='1' l='2'>A&amp;</a>");
//! # Ok::<(), xmpp_proto::xml::Error>(())
//! ```
//!
//! What a peer may send is bounded by [`Limits`]. Names are always pairs of a local name and a
//! namespace name; prefixes are an affair of parser and writer. Nothing recurses: the depth of a
//! tree costs no stack, neither to parse nor to compare, copy, write or drop it.
//!
//! The repository's `docs/parser.md` is a guide that asks for no knowledge of XMPP, and
//! `examples/parse.rs` prints what a recorded stream holds.

/// The guide's code is compiled as the documentation's is.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/parser.md")]
struct Guide;

#[cfg(test)]
mod arbitrary;
mod build_error;
mod builder;
mod chars;
mod classify;
mod copy;
mod decode;
mod element;
mod eq;
mod error;
pub(crate) mod escape;
mod limits;
#[cfg(feature = "minidom")]
mod minidom;
pub(crate) mod namespace;
mod navigate;
#[cfg(test)]
mod oracle;
mod parser;
mod spaces;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
mod writer;
#[cfg(feature = "minidom")]
mod xso;

pub use build_error::{BuildError, BuildErrorKind};
pub use builder::ElementBuilder;
pub use element::{AsElement, Element, ElementRef};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use navigate::{Attr, Attrs, Child, Children, Elements};
pub use parser::{EndTag, Header, Item, Lexer, Parser, StartTag, Text, Token};
pub use writer::Writer;
#[cfg(feature = "minidom")]
pub use xso::{DecodeError, EncodeError};
