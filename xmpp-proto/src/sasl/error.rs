//! Why an exchange came to nothing on our side.

use alloc::string::String;
use core::fmt;

use super::Field;
use super::failure::bounded;

/// Why the client broke off an exchange, or could not begin it.
///
/// A server that says no is another matter: that is a [`SaslFailure`](super::SaslFailure).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaslError {
    /// The credentials lack what the mechanism needs: a password, or a token.
    Missing {
        /// Which one.
        what: Field,
    },
    /// A part of the credentials is empty.
    Empty {
        /// Which one.
        what: Field,
    },
    /// A part of the credentials has characters outside ASCII, which need a preparation
    /// (RFC 4013) that this build does not have: it is in the feature `unicode`.
    NonAscii {
        /// Which one.
        what: Field,
    },
    /// A part of the credentials has a character that is prohibited (RFC 4013 §2.3), or letters
    /// of both directions (RFC 4013 §2.4).
    Unpreparable {
        /// Which one.
        what: Field,
    },
    /// A part of the credentials has a control character. A password read from a file often
    /// ends with one, U+000A.
    ControlCharacter {
        /// Which one.
        what: Field,
        /// The character's code point.
        code: u8,
    },
    /// The server's message is not what the mechanism says it is.
    BadMessage {
        /// What is wrong with it.
        what: MessageFault,
    },
    /// The server demands an extension of SCRAM by the attribute `m`, and there is none that we
    /// know (RFC 5802 §5.1).
    MandatoryExtension,
    /// The server says, by the attribute `h`, that it has offered something else than what has come:
    /// somebody on the way has changed the list of mechanisms or of types of channel binding, or
    /// tries to (XEP-0474 §6.2). Nothing was proved.
    OfferChanged,
    /// The server's nonce does not begin with ours, or adds nothing to it: an answer to another
    /// exchange, replayed (RFC 5802 §5.1).
    NonceNotExtended,
    /// The server wants a key so cheap that whoever sees the exchange can guess the password.
    IterationsTooLow {
        /// What the server asked for.
        got: u32,
        /// The least we accept: [`ScramLimits::min_iterations`](super::ScramLimits).
        min: u32,
    },
    /// The server wants a key so costly that it keeps us busy. Nothing was computed.
    IterationsTooHigh {
        /// What the server asked for, or `u64::MAX` if it is more than that.
        got: u64,
        /// The most we accept: [`ScramLimits::max_iterations`](super::ScramLimits).
        max: u32,
    },
    /// The server reports an error by SCRAM's own means.
    ServerError(ScramServerError),
    /// The server's signature is wrong: it does not know the password, or its messages were
    /// changed on the way. This is not the server we have an account on.
    WrongSignature,
    /// The server claims success and has not shown its signature.
    NoSignature,
    /// The server sent a challenge where the mechanism has none.
    UnexpectedChallenge,
    /// The server claims success before we have proved anything.
    UnexpectedSuccess,
    /// The library that does this mechanism refuses what the server sent, or what it was given.
    #[cfg(feature = "rsasl")]
    Library {
        /// Its own words, cut off after 128 bytes.
        detail: String,
    },
    /// A step was taken that the exchange did not ask for, or after its end.
    OutOfTurn,
}

impl fmt::Display for SaslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what } => write!(f, "the mechanism needs a {what}, there is none"),
            Self::Empty { what } => write!(f, "the {what} is empty"),
            Self::NonAscii { what } => {
                write!(f, "the {what} has characters outside ASCII, which cannot be prepared here")
            }
            Self::Unpreparable { what } => write!(
                f,
                "the {what} has characters that are prohibited, or prohibited beside each other"
            ),
            Self::ControlCharacter { what, code } => {
                write!(f, "the {what} has the control character U+{code:04X}")
            }
            Self::BadMessage { what } => write!(f, "bad SASL message from the server: {what}"),
            Self::MandatoryExtension => {
                f.write_str("the server demands a SCRAM extension that is not known here")
            }
            Self::OfferChanged => f.write_str(
                "the server's offer of mechanisms was changed on the way: somebody may be listening",
            ),
            Self::NonceNotExtended => {
                f.write_str("the server's nonce does not extend the client's nonce")
            }
            Self::IterationsTooLow { got, min } => {
                write!(f, "the server asks for {got} iterations, the least allowed is {min}")
            }
            Self::IterationsTooHigh { got, max } => {
                write!(f, "the server asks for {got} iterations, the most allowed is {max}")
            }
            Self::ServerError(error) => write!(f, "the server reports a SCRAM error: {error}"),
            Self::WrongSignature => f.write_str(
                "the server's signature is wrong: it does not know the password of this account",
            ),
            Self::NoSignature => f.write_str("the server claims success without its signature"),
            Self::UnexpectedChallenge => f.write_str("the server sent an unexpected challenge"),
            Self::UnexpectedSuccess => f.write_str("the server claims success too early"),
            #[cfg(feature = "rsasl")]
            Self::Library { detail } => f.write_str(detail),
            Self::OutOfTurn => f.write_str("a SASL step was taken out of turn"),
        }
    }
}

impl core::error::Error for SaslError {}

impl From<MessageFault> for SaslError {
    fn from(what: MessageFault) -> Self {
        Self::BadMessage { what }
    }
}

/// What is wrong with a server's message (RFC 5802 §7 has the grammar).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageFault {
    /// It is longer than [`ScramLimits::message_bytes`](super::ScramLimits).
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// It is not base64, which XMPP wraps it in (RFC 6120 §6.4.2).
    NotBase64,
    /// It is not UTF-8.
    NotUtf8,
    /// It is not a list of attributes such as `r=abc`, separated by commas.
    Syntax,
    /// Another attribute, or nothing, stands where this one belongs.
    Expected {
        /// The attribute that was expected.
        attribute: char,
    },
    /// An attribute of the base protocol stands among the extensions: repeated, out of order, or
    /// in the wrong message.
    Misplaced {
        /// The attribute.
        attribute: char,
    },
    /// The nonce has a character that is not printable ASCII.
    BadNonce,
    /// The nonce is longer than [`ScramLimits::nonce_bytes`](super::ScramLimits).
    NonceTooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// The salt is empty or not base64.
    BadSalt,
    /// The salt is longer than [`ScramLimits::salt_bytes`](super::ScramLimits).
    SaltTooLong {
        /// The limit, in bytes after decoding.
        max: usize,
    },
    /// The iteration count is not a positive decimal number without sign and leading zeros.
    BadIterations,
    /// The server's signature is not base64.
    BadSignature,
    /// Data came with `<success/>`, and the mechanism has none left to say.
    UnexpectedData,
}

impl fmt::Display for MessageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { max } => write!(f, "it is longer than {max} bytes"),
            Self::NotBase64 => f.write_str("it is not base64"),
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::Syntax => f.write_str("it is not a list of attributes"),
            Self::Expected { attribute } => write!(f, "the attribute '{attribute}' is missing"),
            Self::Misplaced { attribute } => {
                write!(f, "the attribute '{attribute}' is repeated or out of place")
            }
            Self::BadNonce => f.write_str("the nonce is not printable"),
            Self::NonceTooLong { max } => write!(f, "the nonce is longer than {max} bytes"),
            Self::BadSalt => f.write_str("the salt is not base64 or empty"),
            Self::SaltTooLong { max } => write!(f, "the salt is longer than {max} bytes"),
            Self::BadIterations => f.write_str("the iteration count is not a positive number"),
            Self::BadSignature => f.write_str("the signature is not base64"),
            Self::UnexpectedData => f.write_str("success came with data that nobody asked for"),
        }
    }
}

/// The errors a SCRAM server can report inside the exchange (RFC 5802 §7, `server-error-value`).
///
/// Most servers send `<failure/>` instead, which is a [`SaslFailure`](super::SaslFailure).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramServerError {
    /// `invalid-encoding`: our message was not understood.
    InvalidEncoding,
    /// `extensions-not-supported`: the server does not know a mandatory extension.
    ExtensionsNotSupported,
    /// `invalid-proof`: the password is wrong.
    InvalidProof,
    /// `channel-bindings-dont-match`: somebody stands between us and the server.
    ChannelBindingsDontMatch,
    /// `server-does-support-channel-binding`: somebody took the -PLUS mechanisms out of the list
    /// that the server sent.
    ServerDoesSupportChannelBinding,
    /// `channel-binding-not-supported`.
    ChannelBindingNotSupported,
    /// `unsupported-channel-binding-type`.
    UnsupportedChannelBindingType,
    /// `unknown-user`: there is no such account.
    UnknownUser,
    /// `invalid-username-encoding`: the server could not prepare the user name.
    InvalidUsernameEncoding,
    /// `no-resources`: the server is out of resources.
    NoResources,
    /// `other-error`: the server does not say more.
    OtherError,
    /// A value that RFC 5802 does not list, cut to 128 bytes.
    Other(String),
}

impl ScramServerError {
    const LISTED: [Self; 11] = [
        Self::InvalidEncoding,
        Self::ExtensionsNotSupported,
        Self::InvalidProof,
        Self::ChannelBindingsDontMatch,
        Self::ServerDoesSupportChannelBinding,
        Self::ChannelBindingNotSupported,
        Self::UnsupportedChannelBindingType,
        Self::UnknownUser,
        Self::InvalidUsernameEncoding,
        Self::NoResources,
        Self::OtherError,
    ];
    const OTHER_BYTES: usize = 128;

    pub(super) fn from_value(value: &str) -> Self {
        Self::LISTED
            .into_iter()
            .find(|error| error.value() == value)
            .unwrap_or_else(|| Self::Other(bounded(value, Self::OTHER_BYTES)))
    }

    /// The value as it stands on the wire.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::InvalidEncoding => "invalid-encoding",
            Self::ExtensionsNotSupported => "extensions-not-supported",
            Self::InvalidProof => "invalid-proof",
            Self::ChannelBindingsDontMatch => "channel-bindings-dont-match",
            Self::ServerDoesSupportChannelBinding => "server-does-support-channel-binding",
            Self::ChannelBindingNotSupported => "channel-binding-not-supported",
            Self::UnsupportedChannelBindingType => "unsupported-channel-binding-type",
            Self::UnknownUser => "unknown-user",
            Self::InvalidUsernameEncoding => "invalid-username-encoding",
            Self::NoResources => "no-resources",
            Self::OtherError => "other-error",
            Self::Other(value) => value,
        }
    }
}

impl fmt::Display for ScramServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value())
    }
}
