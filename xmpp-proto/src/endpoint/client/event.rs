//! What a client tells the application.

use core::convert::Infallible;

use super::super::{Ended, Query};
use crate::jid::FullJid;
use crate::stanza::{Stanza, StanzaFault};
use crate::xml::Element;

/// What a client tells the application. Answers to requests and the fate of sent stanzas come as
/// [`Completion`](crate::endpoint::Completion)s instead.
///
/// `E` is what the modules of the client tell, if it has any.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<E = Infallible> {
    /// Negotiation is complete: the stream is authenticated and a resource is bound. Nobody sees
    /// the client before it has sent presence (RFC 6121 §4.2).
    Online {
        /// The address the server has bound.
        jid: FullJid,
    },
    /// A message or presence stanza.
    Stanza(Stanza),
    /// A request of another entity. Answer it with [`Client::answer`](super::Client::answer);
    /// after `answer_timeout` the machine answers `service-unavailable`.
    Query(Query),
    /// A stanza that cannot be understood, such as one with a malformed address. Where the RFC
    /// allows it, the sender was told.
    Faulty(StanzaFault),
    /// Another element of the stream, from an extension that this library does not know.
    Nonza(Element),
    /// What a module tells.
    Module(E),
    /// The stream has ended. The client can be connected again.
    Ended(Ended),
}
