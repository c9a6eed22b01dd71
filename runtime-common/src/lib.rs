#![forbid(unsafe_code)]
//! What the std adapters of [`xmpp_proto`] share: whom to trust, the rustls configuration that
//! follows from it, and the translation of TLS and I/O errors into what the machines understand.
//!
//! Users of an adapter meet [`TlsBuilder`] through its configuration and seldom need more. To
//! share one TLS configuration between many sessions, build it once and clone it:
//!
//! ```
//! use xmpp_runtime_common::TlsConfig;
//!
//! # let ca = include_bytes!("../tests/certs/ca.pem");
//! let tls = TlsConfig::builder().ca_pem(ca)?.build()?;
//! let same = tls.clone(); // shares roots, tickets and everything else
//! # assert!(std::sync::Arc::ptr_eq(&tls.client_config(None), &same.client_config(None)));
//! # Ok::<(), xmpp_runtime_common::TlsConfigError>(())
//! ```
//!
//! # What is checked
//!
//! TLS 1.2 and 1.3 only (RFC 7590 §3.1). The certificate must chain to a trusted authority and
//! carry the XMPP domain as a DNS name (or as an IP address, for a domain that is one). The host
//! that was connected to never counts: whoever answers DNS could choose it (RFC 6120 §13.7.2.1).
//!
//! The XMPP-specific name forms are not read:
//!
//! - `SRVName` (`_xmpp-client.example.org`): RFC 6120 §13.7.1.2.1 wants software to support it beside
//!   the DNS name, and issuers to offer it. This is left out knowingly: public authorities issue DNS
//!   names only, and the reference identifiers of a client are a list of which one must match
//!   (RFC 6125 §6.2.1, RFC 9525 §6.1), so that a shorter list refuses more and never accepts a wrong
//!   certificate. A certificate that has nothing but an `SRVName` must be pinned.
//! - `XmppAddr` in a server's certificate: encouraged for old certificates only, by the same
//!   section. In a client's own certificate, for EXTERNAL, it is the server's to read (§13.7.1.4).
//! - The common name is never asked (RFC 9525 §6.1).
//!
//! Certificates of DNS (TLSA records, DANE: RFC 6698, RFC 7712) are left out: they are worth
//! nothing without DNSSEC validated on this side, which the resolver here does not do. A program
//! that has it may use [`TlsBuilder::pin_spki`] (TLSA `3 1 1` is exactly that hash) or
//! [`TlsBuilder::verifier`].
//!
//! What is refused is told with [what it holds](xmpp_proto::endpoint::CertificateReport), so that
//! the application can [pin](TlsBuilder#pins) it and try again; but not if it was refused by a
//! verifier in a configuration of [`TlsConfig::from_rustls`].
//!
//! # Servers
//!
//! [`ServerTlsConfig`] is the other end: certificates per domain, chosen by what the client asks for,
//! and the authorities of clients' own certificates for EXTERNAL. [`xmpp_addrs`] tells whose such a
//! certificate is.
//!
//! # Cryptography
//!
//! The feature `ring` (default) or `aws-lc-rs` brings a provider, and it is always named to
//! rustls explicitly: the process-wide default is neither read nor set, so that a program may
//! link several providers. With neither feature, pass one to [`TlsBuilder::provider`].
//!
//! # Unicode
//!
//! The feature `unicode` (default) is that of [`xmpp_proto`]: addresses and passwords beyond ASCII.

mod binding;
mod certificate;
mod der;
mod dns;
mod error;
mod fault;
mod pem;
mod provider;
mod server;
mod tls;
mod trust;
mod verify;

pub use binding::{server_tls_info, tls_info, tls_server_end_point};
pub use certificate::{certificate_report, spki_sha256, xmpp_addrs};
pub use dns::Resolver;
pub use error::{CaSource, TlsConfigError};
pub use fault::{client_lost_cause, lost_cause, tls_fault};
pub use hickory_resolver;
pub use provider::{EntropyError, default_provider, entropy};
pub use rustls;
pub use server::{ServerTlsBuilder, ServerTlsConfig};
pub use tls::{TlsConfig, server_name};
pub use trust::TlsBuilder;
