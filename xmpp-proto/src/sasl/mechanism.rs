//! The mechanisms this crate speaks, by their registered names.

use alloc::vec::Vec;
use core::fmt;

use super::BindingType;

/// A SASL mechanism.
///
/// The order is that of strength: a mechanism is greater than those an attacker would prefer to
/// it. SCRAM is above PLAIN because it never shows the password to the server and makes the server
/// prove that it knows it too; the -PLUS variants are above all others because whoever sits
/// between the two ends of TLS cannot pass the proof on; a longer hash decides between equals.
///
/// ```
/// use xmpp_proto::sasl::Mechanism;
///
/// let offered = ["PLAIN", "SCRAM-SHA-1", "X-OAUTH2", "SCRAM-SHA-256"];
/// let best = offered.iter().filter_map(|name| Mechanism::from_name(name)).max();
/// assert_eq!(best, Some(Mechanism::ScramSha256));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// `ANONYMOUS` (RFC 4505): no account at all, the server makes one up.
    Anonymous,
    /// `HT-SHA-256-NONE` (draft-schmaus-kitten-sasl-ht): a token that the server gave out, see
    /// [`FastToken`](super::FastToken). It is used only with such a token, by XEP-0484, never
    /// because it is offered.
    HtSha256None,
    /// `HT-SHA-256-ENDP`: a token, bound to the TLS channel by `tls-server-end-point`.
    HtSha256Endp,
    /// `HT-SHA-256-EXPR`: a token, bound to the TLS channel by `tls-exporter`.
    HtSha256Expr,
    /// `LOGIN`: the user name and the password itself, as in PLAIN but in two messages; never
    /// standardised.
    #[cfg(feature = "rsasl")]
    Login,
    /// `PLAIN` (RFC 4616): the password itself, readable by whoever reads the stream.
    Plain,
    /// `XOAUTH2`: an access token in the form that Google defined.
    #[cfg(feature = "rsasl")]
    XOauth2,
    /// `OAUTHBEARER` (RFC 7628): an access token.
    #[cfg(feature = "rsasl")]
    OauthBearer,
    /// `SCRAM-SHA-1` (RFC 5802).
    ScramSha1,
    /// `SCRAM-SHA-256` (RFC 7677).
    ScramSha256,
    /// `SCRAM-SHA-512` (draft-melnikov-scram-sha-512; not in an RFC).
    ScramSha512,
    /// `SCRAM-SHA-1-PLUS` (RFC 5802): bound to the TLS channel.
    ScramSha1Plus,
    /// `SCRAM-SHA-256-PLUS` (RFC 7677): bound to the TLS channel.
    ScramSha256Plus,
    /// `SCRAM-SHA-512-PLUS`: bound to the TLS channel.
    ScramSha512Plus,
    /// `EXTERNAL` (RFC 4422 appendix A, XEP-0178): the client certificate of the TLS handshake.
    External,
}

/// What a mechanism needs of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Password,
    #[cfg(feature = "rsasl")]
    Token,
    /// A token of XEP-0484, which is no part of the credentials.
    FastToken,
}

impl Mechanism {
    /// Every mechanism, the strongest first.
    pub const ALL: &'static [Self] = &[
        Self::External,
        Self::ScramSha512Plus,
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::ScramSha512,
        Self::ScramSha256,
        Self::ScramSha1,
        #[cfg(feature = "rsasl")]
        Self::OauthBearer,
        #[cfg(feature = "rsasl")]
        Self::XOauth2,
        Self::Plain,
        #[cfg(feature = "rsasl")]
        Self::Login,
        Self::HtSha256Expr,
        Self::HtSha256Endp,
        Self::HtSha256None,
        Self::Anonymous,
    ];

    /// What is allowed for a password unless the application says otherwise, the strongest first:
    /// SCRAM in all variants, and PLAIN for servers that have nothing better.
    pub const DEFAULT: &'static [Self] = &[
        Self::ScramSha512Plus,
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::ScramSha512,
        Self::ScramSha256,
        Self::ScramSha1,
        Self::Plain,
    ];

    /// Pins an account: of [`Mechanism::DEFAULT`] only what is not weaker than this, the strongest
    /// first.
    ///
    /// A mechanism that is not of the default set comes back alone.
    ///
    /// ```
    /// use xmpp_proto::sasl::Mechanism;
    ///
    /// let pinned = Mechanism::ScramSha256Plus.at_least();
    /// assert_eq!(pinned, [Mechanism::ScramSha512Plus, Mechanism::ScramSha256Plus]);
    /// assert!(!Mechanism::ScramSha1.at_least().contains(&Mechanism::Plain));
    /// ```
    #[must_use]
    pub fn at_least(self) -> Vec<Self> {
        if !Self::DEFAULT.contains(&self) {
            return alloc::vec![self];
        }
        Self::DEFAULT.iter().copied().filter(|mechanism| *mechanism >= self).collect()
    }

    /// The name in the IANA registry, as in `<mechanism/>` and `<auth mechanism=''/>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "ANONYMOUS",
            Self::HtSha256None => "HT-SHA-256-NONE",
            Self::HtSha256Endp => "HT-SHA-256-ENDP",
            Self::HtSha256Expr => "HT-SHA-256-EXPR",
            #[cfg(feature = "rsasl")]
            Self::Login => "LOGIN",
            Self::Plain => "PLAIN",
            #[cfg(feature = "rsasl")]
            Self::XOauth2 => "XOAUTH2",
            #[cfg(feature = "rsasl")]
            Self::OauthBearer => "OAUTHBEARER",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha512Plus => "SCRAM-SHA-512-PLUS",
            Self::External => "EXTERNAL",
        }
    }

    /// The mechanism of this name, `None` if it is not known here.
    ///
    /// Names have no lower-case letters and are compared exactly (RFC 4422 §3.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| mechanism.name() == name)
    }

    /// Whether the server, and anybody between, gets to read the password or the token.
    #[must_use]
    pub const fn reveals_password(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(feature = "rsasl")]
            Self::Login | Self::XOauth2 | Self::OauthBearer => true,
            Self::Anonymous
            | Self::HtSha256None
            | Self::HtSha256Endp
            | Self::HtSha256Expr
            | Self::ScramSha1
            | Self::ScramSha256
            | Self::ScramSha512
            | Self::ScramSha1Plus
            | Self::ScramSha256Plus
            | Self::ScramSha512Plus
            | Self::External => false,
        }
    }

    /// Whether this is a -PLUS variant: the proof holds for one TLS channel only (RFC 5801 §5).
    #[must_use]
    pub const fn binds_channel(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus | Self::ScramSha512Plus)
    }

    /// Whether this is SCRAM, of any hash, bound to the channel or not.
    #[must_use]
    pub const fn is_scram(self) -> bool {
        self.binds_channel()
            || matches!(self, Self::ScramSha1 | Self::ScramSha256 | Self::ScramSha512)
    }

    /// Whether this is a hashed token (HT): proof that the client has a token that the server gave
    /// out at an earlier login (XEP-0484).
    ///
    /// ```
    /// use xmpp_proto::sasl::Mechanism;
    ///
    /// assert!(Mechanism::HtSha256Expr.is_hashed_token());
    /// assert!(!Mechanism::DEFAULT.iter().any(|mechanism| mechanism.is_hashed_token()));
    /// ```
    #[must_use]
    pub const fn is_hashed_token(self) -> bool {
        matches!(self, Self::HtSha256None | Self::HtSha256Endp | Self::HtSha256Expr)
    }

    /// What a hashed token is bound to: each mechanism has one type, or none.
    pub(crate) const fn token_binding(self) -> Option<BindingType> {
        match self {
            Self::HtSha256Endp => Some(BindingType::TlsServerEndPoint),
            Self::HtSha256Expr => Some(BindingType::TlsExporter),
            _ => None,
        }
    }

    pub(super) const fn needs(self) -> Needs {
        match self {
            Self::Anonymous | Self::External => Needs::Nothing,
            Self::HtSha256None | Self::HtSha256Endp | Self::HtSha256Expr => Needs::FastToken,
            #[cfg(feature = "rsasl")]
            Self::XOauth2 | Self::OauthBearer => Needs::Token,
            #[cfg(feature = "rsasl")]
            Self::Login => Needs::Password,
            Self::Plain
            | Self::ScramSha1
            | Self::ScramSha256
            | Self::ScramSha512
            | Self::ScramSha1Plus
            | Self::ScramSha256Plus
            | Self::ScramSha512Plus => Needs::Password,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
