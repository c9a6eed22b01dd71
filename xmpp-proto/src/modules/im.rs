//! The modules of an instant messenger, as a set.
//!
//! ```
//! use xmpp_proto::endpoint::{Client, ClientConfig};
//! use xmpp_proto::modules::Modular;
//! use xmpp_proto::modules::disco::Identity;
//! use xmpp_proto::modules::im::Im;
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let config = ClientConfig::new("juliet@example.com".parse()?, "a password");
//! let im = Im::new("https://example.com/messenger", Identity::new("client", "phone"));
//! let mut client = Modular::new(Client::new(config, seed, now), im);
//! client.with(now, |im, cx| im.presence.available(cx))?; // sent at the login
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Each member can be replaced by one that is made otherwise, before the client connects. Whoever
//! wants a roster that is stored, or other modules beside these, writes a set of its own with
//! [`module_set!`](crate::module_set).

use alloc::string::String;

use super::Refused;
use super::disco::{Disco, Identity};
use super::ping::Ping;
use super::presence::Presences;
use super::roster::Roster;
use super::version::SoftwareVersion;
use crate::module_set;

module_set! {
    /// What an instant messenger needs: roster, presence, service discovery, ping, software version.
    #[derive(Debug)]
    pub struct Im {
        /// The contacts. It comes first, to be asked for before presence is sent (RFC 6121 §2.2).
        pub roster: Roster => Roster,
        /// What others are and can do. It looks at presence, and so stands before what takes that.
        pub disco: Disco => Disco,
        /// Who is there.
        pub presence: Presences => Presence,
        /// Whether somebody is there. It answers; on command, it asks.
        pub ping: Ping => Ping,
        /// Name and version of software. It answers nobody unless replaced by one that does.
        pub version: SoftwareVersion => Version,
    }
    /// What [`Im`] tells.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum ImEvent;
}

impl Im {
    /// All with their defaults. What the program is goes into [`Disco::new`].
    #[must_use]
    pub fn new(node: impl Into<String>, identity: Identity) -> Self {
        Self {
            roster: Roster::default(),
            disco: Disco::new(node, identity),
            presence: Presences::default(),
            ping: Ping::new(),
            version: SoftwareVersion::default(),
        }
    }

    /// Tells presence whose presence we see or want to see, for
    /// [`Policy::AcceptKnown`](super::presence::Policy::AcceptKnown). Call it at each
    /// [`RosterEvent::Loaded`](super::roster::RosterEvent::Loaded), and when contacts have changed;
    /// who was removed is forgotten with [`Presences::forget`].
    ///
    /// Whom we no longer see, because another client of ours has unsubscribed, is forgotten (RFC 6121
    /// §3.3.3).
    ///
    /// # Errors
    ///
    /// [`Refused::TooMany`] if there are more than presence may know.
    pub fn share_contacts(&mut self) -> Result<(), Refused> {
        for item in self.roster.iter() {
            if item.subscription.is_to() || item.ask {
                self.presence.add_known(item.jid.clone())?;
            } else if self.presence.is_known(&item.jid) {
                self.presence.forget(&item.jid);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
