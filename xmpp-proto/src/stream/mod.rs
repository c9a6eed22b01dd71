//! What all XMPP streams have in common, whatever the role: headers, features and errors
//! (RFC 6120 §4).
//!
//! ```
//! use xmpp_proto::stream::{StreamCondition, StreamError};
//!
//! let error = StreamError::new(StreamCondition::SystemShutdown).with_text("back at noon");
//! assert_eq!(error.to_string(), "system-shutdown (back at noon)");
//! assert!(error.condition().is_retryable());
//! ```

mod authentication;
mod error;
mod features;
#[cfg(feature = "client")]
mod header;
#[cfg(feature = "client")]
mod management;
#[cfg(feature = "server")]
pub(crate) mod offer;
#[cfg(feature = "client")]
mod outbox;

pub use authentication::{Authentication, BindOffer};
pub use error::{StreamCondition, StreamError};
pub use features::{Features, Offer};
#[cfg(feature = "client")]
pub use header::HeaderFault;
#[cfg(feature = "client")]
pub(crate) use header::{HeaderAttrs, check_header, header_lang, write_header};
#[cfg(feature = "server")]
pub(crate) use management::failed;
#[cfg(feature = "client")]
pub(crate) use management::{read_bool, read_h};
#[cfg(feature = "client")]
pub(crate) use outbox::Outbox;

/// The closing tag of a stream (RFC 6120 §4.4).
#[cfg(feature = "client")]
pub(crate) const CLOSE: &[u8] = b"</stream:stream>";

#[cfg(test)]
mod tests;
