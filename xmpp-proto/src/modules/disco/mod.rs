//! Service discovery and entity capabilities: what others are and can do, and what we are
//! (XEP-0030, XEP-0115).
//!
//! [`Disco`] is the module. It answers who asks about the client, tells everybody in presence what it
//! would answer, and finds out the same of whoever sends presence: by the hash there, mostly without
//! asking ([`caps`]). Asking about anything else is a command, [`Disco::info`] and [`Disco::items`].
//!
//! ```
//! use xmpp_proto::endpoint::{Client, ClientConfig};
//! use xmpp_proto::jid::Jid;
//! use xmpp_proto::modules::Modular;
//! use xmpp_proto::modules::disco::{Disco, Identity};
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let disco = Disco::new("https://example.org/app", Identity::new("client", "phone"));
//! let config = ClientConfig::new("alice@example.org".parse()?, "a password");
//! let mut client = Modular::new(Client::new(config, seed, now), disco);
//!
//! // Later, when Bob is there: can he be pinged?
//! let bob: Jid = "bob@example.org/phone".parse()?;
//! let info = client.modules().caps_of(&bob);
//! let _can = info.is_some_and(|info| info.has_feature("urn:xmpp:ping"));
//! # Ok::<(), xmpp_proto::jid::JidError>(())
//! ```

pub mod cache;
pub mod caps;
mod contacts;
pub mod form;
pub mod info;
pub mod items;
mod module;
mod questions;

pub use cache::{CapsCache, MemoryCache};
pub use caps::{Caps, CapsFault, CapsHash, HashAlgorithm};
pub use form::{DataForm, FormField};
pub use info::{DiscoInfo, Identity};
pub use items::{DiscoItem, DiscoItems};
pub use module::{Disco, DiscoEvent, DiscoLimits};

#[cfg(test)]
mod tests;
