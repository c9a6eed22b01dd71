//! The hash functions of SCRAM, chosen at run time.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hmac::digest::block_api::EagerHash;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::Mechanism;
#[cfg(feature = "server")]
use super::derive::CLIENT_KEY;
use super::derive::{self, Derivation};

/// The hash function of a SCRAM mechanism.
///
/// The order is that of the length of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-1 (RFC 5802).
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512 (draft-melnikov-scram-sha-512).
    Sha512,
}

impl ScramHash {
    /// Every hash, the shortest first.
    pub const ALL: &'static [Self] = &[Self::Sha1, Self::Sha256, Self::Sha512];

    /// The hash of `mechanism`, `None` if that is not SCRAM.
    ///
    /// ```
    /// use xmpp_proto::sasl::{Mechanism, ScramHash};
    ///
    /// assert_eq!(ScramHash::of(Mechanism::ScramSha256Plus), Some(ScramHash::Sha256));
    /// assert_eq!(ScramHash::of(Mechanism::Plain), None);
    /// ```
    #[must_use]
    pub const fn of(mechanism: Mechanism) -> Option<Self> {
        match mechanism {
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Some(Self::Sha1),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => Some(Self::Sha256),
            Mechanism::ScramSha512 | Mechanism::ScramSha512Plus => Some(Self::Sha512),
            Mechanism::Anonymous
            | Mechanism::HtSha256None
            | Mechanism::HtSha256Endp
            | Mechanism::HtSha256Expr
            | Mechanism::Plain
            | Mechanism::External => None,
            #[cfg(feature = "rsasl")]
            Mechanism::Login | Mechanism::XOauth2 | Mechanism::OauthBearer => None,
        }
    }

    /// The length of a key made with it, in bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn hmac(self, key: &[u8], text: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Sha1 => derive::hmac::<Sha1>(key, text).as_bytes().into(),
            Self::Sha256 => derive::hmac::<Sha256>(key, text).as_bytes().into(),
            Self::Sha512 => derive::hmac::<Sha512>(key, text).as_bytes().into(),
        })
    }

    pub(super) fn digest(self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Sha1 => derive::digest::<Sha1>(data),
            Self::Sha256 => derive::digest::<Sha256>(data),
            Self::Sha512 => derive::digest::<Sha512>(data),
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn stored_key(self, salted_password: &[u8]) -> Zeroizing<Vec<u8>> {
        self.digest(&self.hmac(salted_password, CLIENT_KEY))
    }

    /// `Hi` of a prepared password.
    pub(super) fn derivation(self, password: &str) -> Box<dyn Hi + Send + Sync> {
        match self {
            Self::Sha1 => Box::new(Derivation::<Sha1>::new(password)),
            Self::Sha256 => Box::new(Derivation::<Sha256>::new(password)),
            Self::Sha512 => Box::new(Derivation::<Sha512>::new(password)),
        }
    }
}

/// [`Derivation`] with a hash that is known at run time.
pub(super) trait Hi {
    /// Begins with the first of `iterations`, at least one.
    fn begin(&mut self, salt: &[u8], iterations: u32);
    /// Does at most `slice` iterations. The salted password when none is left, else `None`.
    fn run(&mut self, slice: u32) -> Option<Zeroizing<Vec<u8>>>;
}

impl<D: EagerHash> Hi for Derivation<D> {
    fn begin(&mut self, salt: &[u8], iterations: u32) {
        Self::begin(self, salt, iterations);
    }

    fn run(&mut self, slice: u32) -> Option<Zeroizing<Vec<u8>>> {
        Self::run(self, slice).map(|key| Zeroizing::new(key.as_bytes().into()))
    }
}
