//! What a client tells the application.

use core::convert::Infallible;

use super::super::{Disconnected, Ended, Query};
use crate::jid::FullJid;
use crate::sasl::FastToken;
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
    /// A token to log in with, in the place of any other that was kept for this account: a new one,
    /// or the last one after it was used once more (XEP-0484). The client itself uses it from now on;
    /// an application that stores it can log in by it after a restart
    /// ([`FastLogin::token`](super::FastLogin)).
    Token(FastToken),
    /// The server does not take the token any more: it has refused it, and the client goes on with the
    /// password (XEP-0484 §4.1), or it has forgotten it, as it was asked to (§3.6). What was stored is
    /// worth nothing.
    TokenRefused,
    /// What a module tells.
    Module(E),
    /// The transport is gone, or could not be had, and the client tries again by itself. While it is
    /// [resumable](Disconnected::resumable), what is sent waits for that.
    Disconnected(Disconnected),
    /// The session goes on where it was interrupted: nothing was lost, and nothing needs to be
    /// repeated (XEP-0198 §5).
    Resumed,
    /// The session that was online is given up: presence, rooms and whatever else belonged to it are
    /// gone, and what was not acknowledged was handed back. The client goes on trying; another
    /// session begins with [`Event::Online`].
    SessionLost,
    /// The stream has ended. The client can be connected again.
    Ended(Ended),
}
