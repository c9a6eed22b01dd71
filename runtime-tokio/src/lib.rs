#![forbid(unsafe_code)]
//! XMPP on tokio: [`xmpp_proto`]'s machines over TCP and rustls, with async handles.
//!
//! ```no_run
//! use xmpp_runtime_tokio::{Config, Event, connect};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("alice@localhost", "her password")?
//!     .host("127.0.0.1", 5222) // default: the servers that DNS names for the domain
//!     .ca_file("ca.pem")?; //     default: the authorities of the operating system
//! let (client, mut events, driver) = connect(config)?;
//! tokio::spawn(driver);
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Online { jid } => println!("online as {jid}"),
//!         Event::Ended(ended) => println!("{ended}"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! [`connect`] makes three things:
//!
//! - a [`Client`], which can be cloned and sends stanzas, asks requests and closes the stream;
//! - the [`Events`] of the stream, from [`Event::Online`] to [`Event::Ended`];
//! - the [`Driver`], a future that does all the work and that you spawn.
//!
//! # When the network breaks
//!
//! The client comes back by itself, and resumes its session where the server can do that:
//! [`Event::Disconnected`], [`Event::Resumed`], [`Event::SessionLost`]. A [`Receipt`] says what became
//! of a stanza, whatever happened to the connection. [`Client::network_changed`](Handle::network_changed)
//! saves time, and [`Client::detach`](Handle::detach) and [`resume`] take a session from one process to
//! the next.
//!
//! # An echo bot
//!
//! ```no_run
#![doc = include_str!("../examples/echo_bot.rs")]
//! ```
//!
//! # Contacts, presence and more
//!
//! What a client is made of are [modules](xmpp_proto::modules): [`connect_with`] takes a set of them.
//! What they tell are events ([`Event::Module`]), [`Client::with`] reaches their commands, and
//! [`Client::ask`] waits for an answer. The example `custom_module` has one of its own, `json_roster`
//! keeps a roster in a file, and `chat` shows two people who find each other.
//!
//! # Servers
//!
//! [`Listener`] is the other end: it accepts connections and makes the same three things of each, a
//! [`Session`], its [`SessionEvents`] and its [`SessionDriver`]. The example `echo_server` is a whole
//! server in one file.
//!
//! [`DomainListener`] is a small server that is ready: accounts, rosters, presence and routing, in
//! memory. It is for tests and demonstrations, and to be embedded; the example `server` is a program
//! of it. Production servers are Prosody and ejabberd, which also cluster.
//!
//! # Features
//!
//! - `ring` (default) or `aws-lc-rs`: the cryptography.
//! - `native-roots` (default), `webpki-roots`: whom to trust where nobody is named.
//! - `unicode` (default): addresses and passwords beyond ASCII.
//! - `serde`: sessions and login tokens can be saved and loaded
//!   ([`ResumeState`](xmpp_proto::endpoint::ResumeState), [`FastToken`](xmpp_proto::sasl::FastToken)).
//! - `tracing`: one event per stanza sent and received, with the target `xmpp::wire`; what would
//!   reveal a password is replaced by `<hidden/>`.

/// The README's code is compiled as the documentation's is.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod admission;
mod clock;
mod command;
mod config;
mod domain;
mod driver;
mod error;
mod events;
mod handle;
mod listener;
mod pump;
mod race;
mod session;
mod transport;

pub use config::{Awaited, Config, Connected, connect, connect_with, resume};
pub use domain::{DomainConnection, DomainEvents, DomainHandle, DomainListener};
pub use driver::{ClientDriver, Driver, SessionDriver};
pub use error::{
    AnswerError, AskError, Closed, ConfigError, NotSent, RequestError, SendError, Why,
};
pub use events::{Events, SessionEvents};
pub use handle::{Client, Delivery, Handle, Receipt};

pub use listener::{Listener, ListenerConfig};
pub use session::Session;
pub use xmpp_proto as proto;
pub use xmpp_proto::endpoint::{Bound, Event, Query, Request, ServerEvent, TlsMode};
pub use xmpp_runtime_common::{
    ServerTlsBuilder, ServerTlsConfig, TlsBuilder, TlsConfig, TlsConfigError, xmpp_addrs,
};
