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
//! # Which mechanism
//!
//! The first of the configured list that the server offers, that the credentials
//! [suit](Credentials::suit), and that is possible on this stream. The list is order and limit in
//! one: what is not in it is never used. [`Mechanism::DEFAULT`] is SCRAM-SHA-512-PLUS, -256-PLUS,
//! -1-PLUS, then the same three without -PLUS, then PLAIN; [`Mechanism::at_least`] cuts it off for
//! an account that is known to have better. ANONYMOUS and EXTERNAL are used only if they are
//! configured, EXTERNAL only over TLS. With the feature `rsasl`, OAUTHBEARER, XOAUTH2 and LOGIN
//! may be configured too. A mechanism that fails is the end of the attempt, never the beginning of
//! a weaker one.
//!
//! The mechanisms of hashed tokens (HT) are not for this choice: they work with a [`FastToken`] that
//! the server gave out, as told in [`FastLogin`](crate::endpoint::FastLogin).
//!
//! # Protection of the offer
//!
//! A server may show, in its first message of SCRAM, a hash of the mechanisms and types of channel
//! binding that it has offered (XEP-0474). It is checked before anything is proved, so that nobody on
//! the way can take the better part out of the offer: [`SaslError::OfferChanged`].
//!
//! # What is kept
//!
//! A client keeps what was derived from the password, one for each hash, and does not derive it again
//! as long as the server asks for the same salt and number of iterations (RFC 5802 §5.1). It can be
//! given beforehand: [`SaltedPassword`].
//!
//! # Channel binding
//!
//! A -PLUS mechanism ties the proof to the TLS channel, so that it is worth nothing to somebody who
//! sits between two channels, whatever certificate they got hold of. The types are `tls-exporter`
//! (RFC 9266; TLS 1.3) and `tls-server-end-point` (RFC 5929 §4; any version, but the same for all
//! who hold the server's key), in this order of preference, as far as the adapter provides them in
//! [`TlsInfo`](crate::endpoint::TlsInfo). `tls-unique` is not among them: it is not defined for TLS
//! 1.3 and not sure to be unique before.
//!
//! | [policy](ChannelBinding) | this side has | the server offers -PLUS | and names in XEP-0440 | used | flag |
//! |---|---|---|---|---|---|
//! | `Preferred` | a type | yes | that type | -PLUS | `p=`type |
//! | | a type | yes | others, or nothing | plain SCRAM | `n` |
//! | | a type | no | whatever | plain SCRAM | `y` |
//! | | none, or no TLS | whatever | whatever | plain SCRAM | `n` |
//! | `Required` | a type | yes | that type | -PLUS | `p=`type |
//! | | anything else | | | nothing: [`NoChannelBinding`], nothing is sent | |
//! | `Off` | whatever | whatever | whatever | plain SCRAM | `n` |
//!
//! - `y` says "I could, and you seem not to": a server that did offer -PLUS then knows that
//!   somebody took it out of the offer, and refuses (RFC 5802 §6). It is said only where the
//!   configured list has a -PLUS mechanism at all. The flag is covered by the proof.
//! - Servers that offer -PLUS without XEP-0440 mostly bind to `tls-unique` alone; ejabberd does so
//!   even on TLS 1.3, where it is of no use. To try another type there would be to fail. Hence `n`.
//! - What `Preferred` cannot see is an attacker who ends TLS himself with a certificate that is
//!   trusted, and takes only the XEP-0440 list away: it looks like such a server. An account that
//!   is pinned to -PLUS, or `Required`, ends there before anything is sent.
//! - EXTERNAL counts as bound: the certificate was shown in the handshake itself.
//!
//! [`NoChannelBinding`]: crate::endpoint::AuthFault::NoChannelBinding
//!
//! # The server's side
//!
//! With the feature `server`, `StoredCredentials` are what a server keeps about an account instead
//! of its password: `ScramKeys` for each `ScramHash`, made from the password once or taken from
//! another server. PLAIN is checked by them too.
//!
//! # Secrets
//!
//! Keys, proofs and passwords are wiped after use and never printed. This is as good as safe Rust
//! gets: what the compiler keeps in registers and on the stack is beyond its reach.
//!
//! User names and passwords are prepared by `SASLprep` (RFC 4013). Printable ASCII is its own
//! prepared form; what else there is needs the feature `unicode`. What cannot be prepared is
//! refused, by name, before anything is sent.
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

mod binding;
mod choice;
mod credentials;
mod derive;
mod downgrade;
mod error;
mod exchange;
mod failure;
mod hash;
mod hashed;
mod mechanism;
mod message;
#[cfg(feature = "rsasl")]
mod rsasl;
mod salted;
#[cfg(feature = "unicode")]
mod saslprep;
mod scram;
#[cfg(feature = "server")]
mod server;
mod single;
mod token;

pub use binding::{BindingType, ChannelBinding};
pub use credentials::{Credentials, Field, Secret};
pub use error::{MessageFault, SaslError, ScramServerError};
pub use failure::{FailureCondition, SaslFailure};
pub use hash::ScramHash;
pub use mechanism::Mechanism;
pub use salted::SaltedPassword;
pub use scram::ScramLimits;
#[cfg(feature = "server")]
pub use server::{KeysError, ScramKeys, StoredCredentials};
pub use token::{FastToken, TokenError};

pub(crate) use binding::ChannelData;
pub(crate) use choice::{Allowed, ChoiceFault, Offer, choose};
pub(crate) use downgrade::Offered;
pub(crate) use exchange::{Exchange, Known, Progress};
pub(crate) use failure::bounded;
pub(crate) use salted::SaltedPasswords;
#[cfg(feature = "server")]
pub(crate) use server::{Account, ServerExchange, ServerFault, ServerProgress, ServerSasl};

#[cfg(test)]
pub(crate) mod tests;
