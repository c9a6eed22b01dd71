//! Who logs in, and the secret that proves it.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::ops::Deref;

use zeroize::Zeroizing;

use super::mechanism::Needs;
use super::salted::SaltedPasswords;
use super::{Mechanism, SaltedPassword, SaslError};

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

/// What a mechanism needs to know: a user name, a password or a token, and possibly another
/// identity to act as.
#[derive(Clone, Debug)]
pub struct Credentials {
    username: String,
    proof: Proof,
    authzid: Option<String>,
    salted: SaltedPasswords,
}

/// What shows that the user name is ours.
#[derive(Clone, Debug)]
enum Proof {
    Password(Secret),
    /// An OAuth 2.0 access token (RFC 6750).
    #[cfg(feature = "rsasl")]
    Token(Secret),
    /// Nothing that is said in SASL.
    None,
}

impl Credentials {
    /// The user name is the "simple user name" that servers expect: the localpart of the JID
    /// (RFC 6120 §6.3.7).
    #[must_use]
    pub fn new(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            proof: Proof::Password(password.into()),
            authzid: None,
            salted: SaltedPasswords::new(),
        }
    }

    /// A user name and an OAuth 2.0 access token, which takes the password's place in
    /// OAUTHBEARER and XOAUTH2. What the user name is, a localpart or an address, is for the
    /// issuer of the token to say.
    #[cfg(feature = "rsasl")]
    #[must_use]
    pub fn with_token(username: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self {
            username: username.into(),
            proof: Proof::Token(token.into()),
            authzid: None,
            salted: SaltedPasswords::new(),
        }
    }

    /// No user name and no password: for ANONYMOUS, and for EXTERNAL, whose proof is the client
    /// certificate.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            username: String::new(),
            proof: Proof::None,
            authzid: None,
            salted: SaltedPasswords::new(),
        }
    }

    /// With what was derived from the password before: the login does not derive it again if the
    /// server asks for the same salt and number of iterations. One for each hash is kept, the last.
    ///
    /// It must be of the same password: the server takes one of another for a wrong password.
    #[must_use]
    pub fn with_salted_password(mut self, salted: SaltedPassword) -> Self {
        self.salted.keep(salted);
        self
    }

    /// What was derived from the password before.
    pub(crate) const fn salted(&self) -> &SaltedPasswords {
        &self.salted
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

    /// Whether `mechanism` can be done with what is here.
    #[must_use]
    pub const fn suit(&self, mechanism: Mechanism) -> bool {
        match mechanism.needs() {
            Needs::Nothing => true,
            Needs::Password => matches!(self.proof, Proof::Password(_)),
            #[cfg(feature = "rsasl")]
            Needs::Token => matches!(self.proof, Proof::Token(_)),
            Needs::FastToken => false,
        }
    }

    /// The texts in the form the mechanisms send and hash, or which of them has none.
    pub(super) fn prepare(&self) -> Result<Prepared<'_>, SaslError> {
        let Proof::Password(password) = &self.proof else {
            return Err(SaslError::Missing { what: Field::Password });
        };
        Ok(Prepared {
            username: prepare(&self.username, Field::Username)?,
            password: prepare(password.expose(), Field::Password)?.into(),
            authzid: self.prepare_authzid()?,
        })
    }

    /// The token, which is printable (`b64token`, RFC 6750 §2.1).
    #[cfg(feature = "rsasl")]
    pub(super) fn prepare_token(&self) -> Result<&Secret, SaslError> {
        let (what, Proof::Token(token)) = (Field::Token, &self.proof) else {
            return Err(SaslError::Missing { what: Field::Token });
        };
        match token.expose().bytes().find(|byte| !matches!(byte, b' '..=b'~')) {
            _ if token.expose().is_empty() => Err(SaslError::Empty { what }),
            None => Ok(token),
            Some(code) if code.is_ascii() => Err(SaslError::ControlCharacter { what, code }),
            Some(_) => Err(SaslError::NonAscii { what }),
        }
    }

    /// The user name, for a mechanism that needs no password.
    #[cfg(feature = "rsasl")]
    pub(super) fn prepare_username(&self) -> Result<Cow<'_, str>, SaslError> {
        prepare(&self.username, Field::Username)
    }

    /// The identity to act as, for a mechanism that needs nothing else.
    pub(super) fn prepare_authzid(&self) -> Result<Option<Cow<'_, str>>, SaslError> {
        self.authzid().map(|id| prepare(id, Field::Authzid)).transpose()
    }
}

/// [`Credentials`] after preparation: not empty, and nothing in them needs more than the
/// mechanism's own escapes.
pub(super) struct Prepared<'a> {
    pub(super) username: Cow<'a, str>,
    pub(super) password: Password<'a>,
    pub(super) authzid: Option<Cow<'a, str>>,
}

/// A prepared password. Where preparation made another text of it, that is wiped when dropped.
pub(super) enum Password<'a> {
    Given(&'a str),
    Made(Zeroizing<String>),
}

impl<'a> From<Cow<'a, str>> for Password<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Given(text),
            Cow::Owned(text) => Self::Made(Zeroizing::new(text)),
        }
    }
}

impl Deref for Password<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Given(text) => text,
            Self::Made(text) => text,
        }
    }
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
    /// The access token of OAuth 2.0.
    Token,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "user name",
            Self::Password => "password",
            Self::Authzid => "authorization identity",
            Self::Token => "access token",
        })
    }
}

/// `SASLprep` (RFC 4013). Printable ASCII characters are their own prepared form, control
/// characters are prohibited (§2.3), an empty text is not an identity or password (RFC 4616 §2,
/// RFC 5802 §5.1).
pub(super) fn prepare(text: &str, what: Field) -> Result<Cow<'_, str>, SaslError> {
    if text.is_empty() {
        return Err(SaslError::Empty { what });
    }
    match text.bytes().find(|byte| !matches!(byte, b' '..=b'~')) {
        None => Ok(Cow::Borrowed(text)),
        Some(code) if code.is_ascii() => Err(SaslError::ControlCharacter { what, code }),
        Some(_) => prepare_foreign(text, what),
    }
}

#[cfg(feature = "unicode")]
fn prepare_foreign(text: &str, what: Field) -> Result<Cow<'_, str>, SaslError> {
    use super::saslprep::{self, Fault};
    match saslprep::prepare(text) {
        // Nothing but characters that disappear.
        Ok(text) if text.is_empty() => Err(SaslError::Empty { what }),
        Ok(text) => Ok(Cow::Owned(text)),
        Err(Fault::Control(code)) => Err(SaslError::ControlCharacter { what, code }),
        Err(Fault::Prohibited | Fault::Directions) => Err(SaslError::Unpreparable { what }),
    }
}

#[cfg(not(feature = "unicode"))]
fn prepare_foreign(_: &str, what: Field) -> Result<Cow<'_, str>, SaslError> {
    Err(SaslError::NonAscii { what })
}
