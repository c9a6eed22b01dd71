//! XMPP as a protocol core without I/O: bytes and the time go in, stanzas and actions come out.
//!
//! The core has no clock, no sockets, no threads, no async runtime and no global randomness, and
//! it needs no `std`. What it does have is the whole of the protocol: the XML stream parser
//! ([`xml`]), addresses ([`jid`]), stanzas ([`stanza`]), streams and their errors ([`stream`]),
//! authentication ([`sasl`]) and the machines that put them together ([`endpoint`]).
//!
//! - **Embed it in an app**: take an adapter such as `xmpp-runtime-tokio`, which drives an
//!   [`endpoint::Client`] for you.
//! - **Receive streams**: [`endpoint::Server`] is the other end, for servers and test doubles.
//! - **Drive it yourself**: read the contract in [`endpoint`] and the loop on
//!   [`endpoint::Client`].
//! - **Use the parser alone**: turn all features off and read [`xml`], or the repository's
//!   `docs/parser.md`.
//!
//! # Features
//!
//! - `client`: the initiating entity, with SASL.
//! - `server`: the receiving entity; includes `client`.
//! - `modules`: what clients are made of: roster, presence, service discovery; includes `client`.
//! - `domain`: a small domain in memory; includes `server` and `modules`.
//! - `std`: lets the libraries underneath choose vector instructions at run time.
//! - `unicode`: addresses and credentials beyond ASCII. Its tables need std; the core still does
//!   not.
//! - `uri`: addresses as links, `xmpp:romeo@example.net?message` (RFC 5122).
//! - `jid`: conversions to and from the addresses of the crate `jid`; needs std.
//! - `minidom`: payloads as the types of xmpp-parsers and of whatever else implements xso's traits,
//!   and conversions to and from minidom's elements; needs std. minidom and xso are under MPL-2.0,
//!   whose terms are for their own files.
//! - `small`: a smaller, slower classifier in the parser, for small parts.
//! - `testing`: a scripted peer with a virtual clock; together with `server`, a client and a server
//!   against each other.
//! - `rsasl`: OAUTHBEARER, XOAUTH2 and LOGIN, by the library of that name; needs std.
//! - `serde`: sessions and login tokens, which outlive a process, can be saved and loaded.
//! - `tracing`: one event per stanza sent and received, with the secrets left out.
//! - `portable-atomic`: shared buffers on targets without atomic instructions.

#![no_std]
#![forbid(unsafe_code)]
// What is left out has no page to link to.
#![cfg_attr(not(feature = "server"), allow(rustdoc::broken_intra_doc_links))]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]

extern crate alloc;
#[cfg(test)]
extern crate std;

/// The code of this page is run as the documentation's is.
#[cfg(all(doctest, feature = "domain", feature = "testing"))]
#[doc = include_str!("../../docs/testing.md")]
struct Testing;

#[cfg(feature = "domain")]
pub mod domain;
#[cfg(feature = "client")]
pub mod endpoint;
pub mod jid;
#[cfg(feature = "modules")]
pub mod modules;
#[cfg(feature = "client")]
mod negotiate;
pub mod ns;
#[cfg(feature = "client")]
mod rng;
#[cfg(feature = "client")]
pub mod sasl;
#[cfg(feature = "client")]
mod session;
pub mod stanza;
pub mod stream;
mod sync;
#[cfg(any(feature = "testing", all(test, feature = "client")))]
pub mod testing;
mod time;
#[cfg(feature = "client")]
mod trace;
pub mod xml;

#[cfg(feature = "client")]
pub use rng::Seed;
pub use time::Instant;
