//! The mechanisms this crate speaks, by their registered names.

use core::fmt;

/// A SASL mechanism of the built-in set.
///
/// The order is that of strength: a mechanism is greater than those an attacker would prefer to
/// it. SCRAM is above PLAIN because it never shows the password to the server and makes the server
/// prove that it knows it too.
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
    /// `PLAIN` (RFC 4616): the password itself, readable by whoever reads the stream.
    Plain,
    /// `SCRAM-SHA-1` (RFC 5802).
    ScramSha1,
    /// `SCRAM-SHA-256` (RFC 7677).
    ScramSha256,
}

impl Mechanism {
    /// Every mechanism, the strongest first.
    pub const ALL: &'static [Self] = &[Self::ScramSha256, Self::ScramSha1, Self::Plain];

    /// The name in the IANA registry, as in `<mechanism/>` and `<auth mechanism=''/>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    /// The mechanism of this name, `None` if it is not in the built-in set.
    ///
    /// Names have no lower-case letters and are compared exactly (RFC 4422 §3.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| mechanism.name() == name)
    }

    /// Whether the server, and anybody between, gets to read the password.
    #[must_use]
    pub const fn reveals_password(self) -> bool {
        match self {
            Self::Plain => true,
            Self::ScramSha1 | Self::ScramSha256 => false,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
