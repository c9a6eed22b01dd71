//! Authentication of a client (SASL, RFC 4422, as used by RFC 6120 §6).
//!
//! [`Credentials`] are what the application gives, [`Mechanism`]s are what can be done with them,
//! and the machines of [`endpoint`](crate::endpoint) run the exchange. What can go wrong is told
//! apart by whose word it is: a [`SaslFailure`] is the server's no, a [`SaslError`] is ours.
//!
//! SCRAM is checked from both ends. The server must extend our nonce, ask for a number of
//! iterations within [`ScramLimits`], and show a signature that only who knows the password can
//! make: success without it is [`SaslError::NoSignature`]. The key is derived in slices of
//! [`ScramLimits::work_slice`] iterations, so that a costly one does not hold up other work.
//!
//! Keys, proofs and passwords are wiped after use and never printed. This is as good as safe Rust
//! gets: what the compiler keeps in registers and on the stack is beyond its reach.
//!
//! User names and passwords must be printable ASCII, which is its own prepared form (RFC 4013);
//! others are refused, by name, before anything is sent.
//!
//! ```
//! use xmpp_proto::sasl::{Credentials, Mechanism, ScramLimits};
//!
//! let credentials = Credentials::new("romeo", "R0m30myR0m30");
//! assert!(!format!("{credentials:?}").contains("R0m30"));
//!
//! let mut limits = ScramLimits::default();
//! limits.min_iterations = 10_000;
//!
//! let offered = ["SCRAM-SHA-1", "PLAIN"];
//! let usable = offered.iter().filter_map(|name| Mechanism::from_name(name));
//! let best = usable.filter(|mechanism| !mechanism.reveals_password()).max();
//! assert_eq!(best, Some(Mechanism::ScramSha1));
//! ```

mod credentials;
mod derive;
mod error;
mod exchange;
mod failure;
mod mechanism;
mod message;
mod plain;
mod scram;

pub use credentials::{Credentials, Field, Secret};
pub use error::{MessageFault, SaslError, ScramServerError};
pub use failure::{FailureCondition, SaslFailure};
pub use mechanism::Mechanism;
pub use scram::ScramLimits;

pub(crate) use exchange::{Exchange, Progress};

#[cfg(test)]
pub(crate) mod tests;
