//! Who logs in, and the secret that proves it.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::SaslError;

/// A text that must not be seen: it is never printed, and wiped when dropped, as is every clone.
///
/// Made from a `String` it takes over the buffer. Made from a `&str` it is a copy, and the
/// original stays the caller's to wipe.
///
/// ```
/// use xmpp_proto::sasl::Secret;
///
/// let secret = Secret::from("pencil");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text. Take care where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(String::from(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What PLAIN and SCRAM need to know: a user name, a password, and possibly another identity to
/// act as.
#[derive(Clone, Debug)]
pub struct Credentials {
    username: String,
    password: Secret,
    authzid: Option<String>,
}

impl Credentials {
    /// The user name is the "simple user name" that servers expect: the localpart of the JID
    /// (RFC 6120 §6.3.7).
    #[must_use]
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { username: username.into(), password: password.into(), authzid: None }
    }

    /// Asks to act as `authzid`, a bare JID, instead of the identity that belongs to the user
    /// name. Most servers refuse any other than that one (RFC 6120 §6.3.8).
    #[must_use]
    pub fn with_authzid(mut self, authzid: impl Into<String>) -> Self {
        self.authzid = Some(authzid.into());
        self
    }

    /// The user name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The identity to act as, if it is not the one that belongs to the user name.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// The texts in the form the mechanisms send and hash, or which of them has none.
    pub(super) fn prepare(&self) -> Result<Prepared<'_>, SaslError> {
        Ok(Prepared {
            username: prepare(&self.username, Field::Username)?,
            password: prepare(self.password.expose(), Field::Password)?,
            authzid: self.authzid().map(|id| prepare(id, Field::Authzid)).transpose()?,
        })
    }
}

/// [`Credentials`] after preparation: not empty, and nothing in them needs more than the
/// mechanism's own escapes.
pub(super) struct Prepared<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) authzid: Option<&'a str>,
}

/// A part of [`Credentials`], as named in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The user name.
    Username,
    /// The password.
    Password,
    /// The identity to act as.
    Authzid,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "user name",
            Self::Password => "password",
            Self::Authzid => "authorization identity",
        })
    }
}

/// `SASLprep` (RFC 4013) as far as ASCII goes: printable characters are their own prepared form,
/// control characters are prohibited (§2.3), an empty text is not an identity or password
/// (RFC 4616 §2, RFC 5802 §5.1).
fn prepare(text: &str, what: Field) -> Result<&str, SaslError> {
    if text.is_empty() {
        return Err(SaslError::Empty { what });
    }
    match text.bytes().find(|byte| !matches!(byte, b' '..=b'~')) {
        None => Ok(text),
        Some(code) if code.is_ascii() => Err(SaslError::ControlCharacter { what, code }),
        Some(_) => Err(SaslError::NonAscii { what }),
    }
}
