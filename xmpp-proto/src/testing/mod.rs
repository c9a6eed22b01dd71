//! Tests without a network: machines, a virtual clock and simulated transports in one thread.
//!
//! - [`Script`] drives a [`Client`](crate::endpoint::Client); the test plays the server, byte by
//!   byte if it likes.
//! - With the feature `server`, [`pair`] runs a client and a server against each other, over a
//!   transport that cuts, delays, stalls and breaks as told.
//! - With the feature `domain`, a [`World`] is a whole domain and its clients.
//! - With the feature `domain`, a [`Simulation`] is all that on a network that fails, decided by a seed.
//!
//! Time passes only when the test says so, and every run with the same inputs is the same.
//!
//! ```
//! use core::time::Duration;
//! use xmpp_proto::endpoint::{ClientConfig, Event, Reason, Timer};
//! use xmpp_proto::testing::Script;
//!
//! let config = ClientConfig::new("alice@example.org".parse()?, "a password");
//! let mut script = Script::new(config);
//! script.connect();
//! assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
//!
//! // The server says nothing for longer than the client is willing to wait.
//! script.pass(Duration::from_secs(61));
//! let Some(Event::Ended(ended)) = script.next_event() else { panic!("still waiting") };
//! assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
//! assert!(ended.is_retryable());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chunks;
#[cfg(feature = "server")]
pub mod pair;
mod script;
#[cfg(feature = "domain")]
pub mod simulation;
#[cfg(feature = "domain")]
pub mod world;

pub use chunks::Chunks;
#[cfg(feature = "server")]
pub use pair::Pair;
pub use script::{BIND_FEATURES, HEADER, Script, bind_result};
#[cfg(feature = "domain")]
pub use simulation::Simulation;
#[cfg(feature = "domain")]
pub use world::World;
