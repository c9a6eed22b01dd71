//! Tokens for fast authentication (XEP-0484), as values to keep.

use alloc::string::String;
use core::fmt;

use super::{Mechanism, Secret};
use crate::jid::BareJid;

/// A secret that a server gave out for later logins of one client (XEP-0484).
///
/// It takes the password's place: whoever reads it can log in until it expires. Keep it as you would
/// keep a password, and not in backups (XEP-0484 §4.1). It is wiped when dropped, and not printed.
/// A server ties it to the mechanism, and to the id of the client's
/// [`FastLogin`](crate::endpoint::FastLogin).
///
/// With the feature `serde` it can be stored and loaded. What is loaded is checked as by
/// [`FastToken::new`], and so is the version of the format.
///
/// ```
/// use xmpp_proto::sasl::{FastToken, Mechanism};
///
/// let account = "alice@example.org".parse()?;
/// let token = FastToken::new(account, Mechanism::HtSha256None, "s3cr3t", "2026-12-01T00:00:00Z")?;
/// assert!(!format!("{token:?}").contains("s3cr3t"));
/// assert_eq!(token.expiry(), "2026-12-01T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FastToken {
    account: BareJid,
    mechanism: Mechanism,
    secret: Secret,
    expiry: String,
    count: u32,
}

impl FastToken {
    /// The longest secret, in bytes.
    pub const SECRET_BYTES: usize = 4096;
    /// The longest text of expiry, in bytes.
    pub const EXPIRY_BYTES: usize = 64;

    /// A token of `account` that was given out for `mechanism`. It was not used yet.
    ///
    /// # Errors
    ///
    /// [`TokenError`]
    pub fn new(
        account: BareJid,
        mechanism: Mechanism,
        secret: impl Into<Secret>,
        expiry: impl Into<String>,
    ) -> Result<Self, TokenError> {
        let (secret, expiry) = (secret.into(), expiry.into());
        if !mechanism.is_hashed_token() {
            return Err(TokenError::Mechanism(mechanism));
        }
        if account.local().is_none() {
            return Err(TokenError::Account);
        }
        if secret.expose().is_empty() || secret.expose().len() > Self::SECRET_BYTES {
            return Err(TokenError::Secret);
        }
        if expiry.len() > Self::EXPIRY_BYTES {
            return Err(TokenError::Expiry);
        }
        Ok(Self { account, mechanism, secret, expiry, count: 0 })
    }

    /// Whose it is.
    #[must_use]
    pub const fn account(&self) -> &BareJid {
        &self.account
    }

    /// The only mechanism that it is good for.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The secret itself. Take care where it goes.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When it expires, in the server's words: a `DateTime` of XEP-0082 from any server that keeps to
    /// XEP-0484. This library has no clock and does not look at it; the server does.
    #[must_use]
    pub fn expiry(&self) -> &str {
        &self.expiry
    }

    /// How often it was used: each attempt has a number of its own, by which a server can refuse one
    /// that is replayed (XEP-0484 §3.4).
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The number of the attempt that begins now.
    pub(crate) fn count_use(&mut self) -> u32 {
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl fmt::Debug for FastToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastToken")
            .field("account", &self.account.as_str())
            .field("mechanism", &self.mechanism)
            .field("expiry", &self.expiry)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// What cannot be a [`FastToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The mechanism does not work with tokens of this kind.
    Mechanism(Mechanism),
    /// The account has no localpart.
    Account,
    /// The secret is empty or longer than [`FastToken::SECRET_BYTES`].
    Secret,
    /// The expiry is longer than [`FastToken::EXPIRY_BYTES`].
    Expiry,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mechanism(mechanism) => write!(f, "{mechanism} does not work with such a token"),
            Self::Account => f.write_str("the account of the token has no localpart"),
            Self::Secret => f.write_str("the token's secret is empty or too long"),
            Self::Expiry => f.write_str("the token's expiry is too long"),
        }
    }
}

impl core::error::Error for TokenError {}

#[cfg(feature = "serde")]
mod stored {
    //! The stored form, and what is checked when it is read.

    use alloc::borrow::Cow;
    use alloc::format;
    use alloc::string::{String, ToString};

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{FastToken, Mechanism, Secret};
    use crate::jid::BareJid;

    /// Changes with what is stored.
    const VERSION: u32 = 1;

    #[derive(Serialize)]
    struct Written<'a> {
        version: u32,
        account: &'a str,
        mechanism: &'a str,
        secret: &'a str,
        expiry: &'a str,
        count: u32,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Read {
        version: u32,
        account: String,
        mechanism: String,
        secret: Hidden,
        expiry: String,
        count: u32,
    }

    /// Taken over into a buffer that is wiped, whatever the rest looks like.
    struct Hidden(Secret);

    impl<'de> Deserialize<'de> for Hidden {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            String::deserialize(from).map(|text| Self(text.into()))
        }
    }

    impl Serialize for FastToken {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            Written {
                version: VERSION,
                account: self.account.as_str(),
                mechanism: self.mechanism.name(),
                secret: self.secret.expose(),
                expiry: &self.expiry,
                count: self.count,
            }
            .serialize(to)
        }
    }

    impl<'de> Deserialize<'de> for FastToken {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let read = Read::deserialize(from)?;
            if read.version != VERSION {
                let (got, known) = (read.version, VERSION);
                return Err(D::Error::custom(format!("version {got} of a token, not {known}")));
            }
            let account = BareJid::from_wire(&read.account).map_err(D::Error::custom)?;
            let mechanism = Mechanism::from_name(&read.mechanism)
                .ok_or_else(|| D::Error::custom("a mechanism that is not known here"))?;
            let mut token = Self::new(account, mechanism, read.secret.0, read.expiry)
                .map_err(|error| D::Error::custom(Cow::from(error.to_string())))?;
            token.count = read.count;
            Ok(token)
        }
    }
}
