//! Modules: what a client is made of, each capability in a place of its own.
//!
//! A [`Module`] sees what comes in before the application does, claims what is its business, asks and
//! answers by itself, and tells the application what came of it as typed events. It knows stanzas and
//! addresses, and nothing of streams, TLS or time but what its [`Cx`] says.
//!
//! Modules are siblings in a struct, a set, which is a module itself: [`module_set!`](crate::module_set)
//! writes it. [`Modular`] puts a set on a machine such as [`Client`](crate::endpoint::Client) and is a
//! machine again: the same contract, the same adapters. Whoever wants no modules takes the bare client
//! and pays nothing.
//!
//! | module | what it does |
//! |---|---|
//! | [`roster::Roster`] | the contacts of the account (RFC 6121 §2) |
//! | [`presence::Presences`] | who is there, and who may see it (RFC 6121 §3, §4) |
//! | [`disco::Disco`] | what others are and can do, and what we are (XEP-0030, XEP-0115) |
//! | [`ping::Ping`] | whether somebody is there (XEP-0199) |
//! | [`version::SoftwareVersion`] | name and version of software (XEP-0092) |
//! | [`im::Im`] | all of these |
//!
//! [`im::Im`] is a set of all of these.
//!
//! # A module of your own
//!
//! ```
//! use xmpp_proto::endpoint::{ClientConfig, Client, Event};
//! use xmpp_proto::modules::{Claim, Cx, Modular, Module};
//! use xmpp_proto::stanza::Stanza;
//! use xmpp_proto::{Instant, Seed};
//!
//! /// Answers every chat message.
//! struct Away {
//!     answered: u32,
//! }
//!
//! impl Module for Away {
//!     type Event = core::convert::Infallible;
//!
//!     fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
//!         let Stanza::Message(message) = stanza else { return Claim::Passed };
//!         let reply = message.reply().and_then(|reply| reply.body("I am out.").build().ok());
//!         if let Some(reply) = reply
//!             && cx.send(reply).is_ok()
//!         {
//!             self.answered += 1;
//!         }
//!         Claim::Passed // the application wants to see the message, too
//!     }
//! }
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let config = ClientConfig::new("alice@example.org".parse()?, "a password");
//! let mut client = Modular::new(Client::new(config, seed, now), Away { answered: 0 });
//! let answered = client.with(now, |away, _| away.answered);
//! # assert_eq!(answered, 0);
//! # Ok::<(), xmpp_proto::jid::JidError>(())
//! ```

mod cx;
mod error;
mod modular;
mod module;
mod set;

pub mod disco;
pub mod im;
pub mod ping;
pub mod presence;
pub mod roster;
pub mod version;

pub use cx::{Asked, Cx, Features};
pub(crate) use error::answer_with;
pub use error::{ReadError, Refused};
pub use modular::{Host, Modular};
pub use module::{Claim, Module};

#[doc(hidden)]
pub use set::__earliest;

#[cfg(test)]
mod tests;
