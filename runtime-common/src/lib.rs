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
//! The XMPP-specific name forms `XmppAddr` and `SRVName` of that section are not read; every
//! public authority issues DNS names.
//!
//! # Cryptography
//!
//! The feature `ring` (default) or `aws-lc-rs` brings a provider, and it is always named to
//! rustls explicitly: the process-wide default is neither read nor set, so that a program may
//! link several providers. With neither feature, pass one to [`TlsBuilder::provider`].

mod error;
mod fault;
mod provider;
mod tls;
mod trust;

pub use error::{CaSource, TlsConfigError};
pub use fault::{lost_cause, tls_fault, tls_info};
pub use provider::{EntropyError, default_provider, entropy};
pub use rustls;
pub use tls::{TlsConfig, server_name};
pub use trust::TlsBuilder;
