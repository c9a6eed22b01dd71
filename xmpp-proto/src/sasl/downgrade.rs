//! Protection of the offer itself (XEP-0474): the server's first SCRAM message has a hash of what it
//! offered, so that nobody on the way can take the better part of it out.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use subtle::ConstantTimeEq;

use super::{SaslError, ScramHash};

/// Between the names of a list. XML has no such character.
const BETWEEN: &str = "\u{1e}";
/// Between mechanisms and types of channel binding.
const BEHIND: &str = "\u{1f}";

/// What was offered, as the hash covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    /// None if the names could be read in another way.
    texts: Option<Texts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Texts {
    /// XEP-0474 §6.1.
    now: String,
    /// With the delimiters that version 0.3 had, `,` and `|`: servers that hash this are in use.
    before: String,
}

impl Offered {
    /// The names as they were offered. `bindings` is none if XEP-0440 was not used.
    pub(crate) fn new(mut mechanisms: Vec<&str>, mut bindings: Option<Vec<&str>>) -> Self {
        // XEP-0474 §6.1: by bytes, which is how texts are compared here.
        mechanisms.sort_unstable();
        if let Some(bindings) = &mut bindings {
            bindings.sort_unstable();
        }
        let join = |between: &str, behind: &str| {
            let mut text = mechanisms.join(between);
            if let Some(bindings) = &bindings {
                text.push_str(behind);
                text.push_str(&bindings.join(between));
            }
            text
        };
        let mut names = mechanisms.iter().chain(bindings.iter().flatten());
        // No honest name has a delimiter in it (RFC 4422 §3.1, RFC 5056 §7), of whatever version; one
        // that has could hide two.
        let clear = names.all(|name| !name.contains([',', '|', '\u{1e}', '\u{1f}']));
        let texts = || Texts { now: join(BETWEEN, BEHIND), before: join(",", "|") };
        Self { texts: clear.then(texts) }
    }

    #[cfg(feature = "server")]
    /// What the server says of it: the attribute `h` of `server-first-message`.
    pub(crate) fn attribute(&self, hash: ScramHash) -> String {
        let text = self.texts.as_ref().map_or("", |texts| &texts.now);
        BASE64.encode(&*hash.digest(text.as_bytes()))
    }

    /// Whether the attribute `h` covers what this side has seen (XEP-0474 §6.2).
    pub(super) fn check(&self, hash: ScramHash, attribute: &str) -> Result<(), SaslError> {
        let shown = BASE64.decode(attribute).unwrap_or_default();
        let seen = self.texts.iter().flat_map(|texts| [&texts.now, &texts.before]);
        let mut seen = seen.map(|text| hash.digest(text.as_bytes()));
        if seen.any(|seen| bool::from(seen.as_slice().ct_eq(&shown))) {
            Ok(())
        } else {
            Err(SaslError::OfferChanged)
        }
    }
}
