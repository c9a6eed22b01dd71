//! Salted passwords that were derived before, so that a client that comes back need not derive them
//! anew (RFC 5802 §5.1: clients may keep them).

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::{Field, SaslError, ScramHash, ScramLimits, credentials};

/// `SaltedPassword` of SCRAM (RFC 5802 §3): what the costly part of a login comes to, for one salt
/// and one number of iterations.
///
/// A client that has it need not derive it, as long as the server asks for the same salt and number;
/// otherwise it is derived anew. A [`Client`](crate::endpoint::Client) keeps its own from login to
/// login. One that is made beforehand is given by
/// [`Credentials::with_salted_password`](super::Credentials::with_salted_password): for many
/// simulated clients with one password, or for a device that takes seconds to derive it.
///
/// Whoever reads it can log in: keep it as you would keep the password. It is wiped when dropped, and
/// not printed.
///
/// ```
/// use xmpp_proto::sasl::{Credentials, SaltedPassword, ScramHash};
///
/// let salted = SaltedPassword::derive(ScramHash::Sha256, "R0m30myR0m30", b"salt of the server", 4096)?;
/// let credentials = Credentials::new("romeo", "R0m30myR0m30").with_salted_password(salted);
/// # Ok::<(), xmpp_proto::sasl::SaslError>(())
/// ```
#[derive(Clone)]
pub struct SaltedPassword {
    hash: ScramHash,
    salt: Vec<u8>,
    iterations: u32,
    key: Zeroizing<Vec<u8>>,
}

impl SaltedPassword {
    /// Derives it, all iterations at once. The password is prepared by `SASLprep` first (RFC 4013).
    ///
    /// # Errors
    ///
    /// [`SaslError`], if the password cannot be prepared, or if the number of iterations is more than
    /// the default of [`ScramLimits::max_iterations`].
    pub fn derive(
        hash: ScramHash,
        password: &str,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, SaslError> {
        let max = ScramLimits::default().max_iterations;
        if iterations > max {
            return Err(SaslError::IterationsTooHigh { got: iterations.into(), max });
        }
        let password: credentials::Password<'_> =
            credentials::prepare(password, Field::Password)?.into();
        let mut derivation = hash.derivation(&password);
        derivation.begin(salt, iterations);
        loop {
            // One slice is all of it.
            if let Some(key) = derivation.run(iterations.max(1)) {
                return Ok(Self { hash, salt: salt.into(), iterations, key });
            }
        }
    }

    /// What an exchange has derived.
    pub(super) fn new(hash: ScramHash, salt: Vec<u8>, iterations: u32, key: &[u8]) -> Self {
        Self { hash, salt, iterations, key: Zeroizing::new(key.into()) }
    }

    /// The hash.
    #[must_use]
    pub const fn hash(&self) -> ScramHash {
        self.hash
    }

    /// The salt, in bytes.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The number of iterations.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The key, if it is the one for this salt and number.
    pub(super) fn key_for(&self, salt: &[u8], iterations: u32) -> Option<&[u8]> {
        (self.salt == salt && self.iterations == iterations).then_some(&self.key)
    }
}

impl fmt::Debug for SaltedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaltedPassword")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// At most one [`SaltedPassword`] for each hash.
#[derive(Clone, Debug, Default)]
pub(crate) struct SaltedPasswords {
    known: [Option<SaltedPassword>; ScramHash::ALL.len()],
}

impl SaltedPasswords {
    pub(crate) const fn new() -> Self {
        Self { known: [const { None }; ScramHash::ALL.len()] }
    }

    /// Keeps it, in the place of another one with the same hash.
    pub(crate) fn keep(&mut self, salted: SaltedPassword) {
        let place = salted.hash as usize;
        self.known[place] = Some(salted);
    }

    pub(super) fn get(&self, hash: ScramHash) -> Option<&SaltedPassword> {
        self.known[hash as usize].as_ref()
    }
}
