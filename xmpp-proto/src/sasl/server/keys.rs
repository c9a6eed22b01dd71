//! What a server stores about an account: never the password, but keys that follow from it.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::sasl::derive::SERVER_KEY;
use crate::sasl::{Field, SaslError, ScramHash, ScramLimits, credentials};

/// What a server stores to authenticate a user by SCRAM with one hash (RFC 5802 §3).
///
/// Who reads it cannot log in with it, but can try passwords against it, and can pose as the
/// server to this user: keep it as you would keep a password. It is wiped when dropped, and not
/// printed.
#[derive(Clone)]
pub struct ScramKeys {
    hash: ScramHash,
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Zeroizing<Vec<u8>>,
    server_key: Zeroizing<Vec<u8>>,
}

impl ScramKeys {
    /// Derives the keys of a password, which is prepared by `SASLprep` first (RFC 4013).
    ///
    /// The salt should be 16 random bytes that are new for each user and each password, the
    /// number of iterations at least 4096 (RFC 5802 §5.1), with which many clients refuse less.
    /// All iterations are done before this returns: 10,000 take a host some milliseconds.
    ///
    /// # Errors
    ///
    /// [`KeysError`], but not [`KeysError::KeyLength`].
    pub fn derive(
        hash: ScramHash,
        password: &str,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, KeysError> {
        check(salt, iterations)?;
        let password: credentials::Password<'_> = credentials::prepare(password, Field::Password)
            .map_err(|error| KeysError::Password { error })?
            .into();
        let mut derivation = hash.derivation(&password);
        derivation.begin(salt, iterations);
        let salted_password = loop {
            // One slice is all of it.
            if let Some(key) = derivation.run(iterations) {
                break key;
            }
        };
        Ok(Self {
            hash,
            iterations,
            salt: salt.into(),
            stored_key: hash.stored_key(&salted_password),
            server_key: hash.hmac(&salted_password, SERVER_KEY),
        })
    }

    /// Keys that were derived before, here or by another server. Salt and keys are bytes, not
    /// base64.
    ///
    /// # Errors
    ///
    /// [`KeysError`], but not [`KeysError::Password`].
    pub fn from_parts(
        hash: ScramHash,
        salt: &[u8],
        iterations: u32,
        stored_key: &[u8],
        server_key: &[u8],
    ) -> Result<Self, KeysError> {
        check(salt, iterations)?;
        let expected = hash.key_len();
        for key in [stored_key, server_key] {
            if key.len() != expected {
                return Err(KeysError::KeyLength { got: key.len(), expected });
            }
        }
        Ok(Self {
            hash,
            iterations,
            salt: salt.into(),
            stored_key: Zeroizing::new(stored_key.into()),
            server_key: Zeroizing::new(server_key.into()),
        })
    }

    /// What takes the place of keys that are not there. No proof is known for them, and none is to
    /// be accepted.
    pub(super) fn nobody(hash: ScramHash, salt: &[u8], iterations: u32) -> Self {
        let key = Zeroizing::new(alloc::vec![0; hash.key_len()]);
        Self { hash, iterations, salt: salt.into(), stored_key: key.clone(), server_key: key }
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

    /// `StoredKey` (RFC 5802 §3), by which the client's proof is checked. A secret: take care
    /// where it goes.
    #[must_use]
    pub fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    /// `ServerKey` (RFC 5802 §3), by which the server proves itself. A secret: take care where it
    /// goes.
    #[must_use]
    pub fn server_key(&self) -> &[u8] {
        &self.server_key
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// All that a server stores about an account to authenticate its owner: at most one
/// [`ScramKeys`] for each hash.
///
/// With any of them the owner can log in by PLAIN too, where that is offered: the key is derived
/// from the password that the client shows.
///
/// ```
/// use xmpp_proto::sasl::{ScramHash, ScramKeys, StoredCredentials};
///
/// // When the account is made, or gets a new password.
/// let mut salt = [0; 16];
/// // getrandom::fill(&mut salt)?;
/// # salt[0] = 1;
/// let stored = StoredCredentials::from_password("R0m30myR0m30", &salt, 10_000)?;
/// assert!(!format!("{stored:?}").contains("R0m30"));
///
/// // What goes into the database, and comes out of it again.
/// let keys = stored.get(ScramHash::Sha256).expect("all hashes are there");
/// let (stored_key, server_key) = (keys.stored_key(), keys.server_key());
/// let keys = ScramKeys::from_parts(
///     ScramHash::Sha256, keys.salt(), keys.iterations(), stored_key, server_key,
/// )?;
/// let stored = StoredCredentials::new().with(keys);
/// assert!(stored.get(ScramHash::Sha1).is_none());
/// # Ok::<(), xmpp_proto::sasl::KeysError>(())
/// ```
#[derive(Clone, Default)]
pub struct StoredCredentials {
    keys: [Option<ScramKeys>; ScramHash::ALL.len()],
}

impl StoredCredentials {
    /// No keys: nobody can log in by a password.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: [const { None }; ScramHash::ALL.len()] }
    }

    /// The keys of a password for all hashes, with the same salt. See [`ScramKeys::derive`] about
    /// the arguments.
    ///
    /// # Errors
    ///
    /// [`KeysError`], but not [`KeysError::KeyLength`].
    pub fn from_password(password: &str, salt: &[u8], iterations: u32) -> Result<Self, KeysError> {
        ScramHash::ALL.iter().try_fold(Self::new(), |stored, hash| {
            Ok(stored.with(ScramKeys::derive(*hash, password, salt, iterations)?))
        })
    }

    /// Adds keys, in the place of those with the same hash.
    #[must_use]
    pub fn with(mut self, keys: ScramKeys) -> Self {
        let place = keys.hash as usize;
        self.keys[place] = Some(keys);
        self
    }

    /// The keys with this hash.
    #[must_use]
    pub const fn get(&self, hash: ScramHash) -> Option<&ScramKeys> {
        self.keys[hash as usize].as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ScramKeys> {
        self.keys.iter().flatten()
    }
}

impl fmt::Debug for StoredCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeysError {
    /// The salt is empty.
    EmptySalt,
    /// The salt is longer than a client has to take.
    SaltTooLong {
        /// Its length in bytes.
        got: usize,
        /// The default of [`ScramLimits::salt_bytes`].
        max: usize,
    },
    /// The number of iterations is zero.
    NoIterations,
    /// The number of iterations is more than a client has to do.
    TooManyIterations {
        /// The number.
        got: u32,
        /// The default of [`ScramLimits::max_iterations`].
        max: u32,
    },
    /// A key does not have the length of the hash.
    KeyLength {
        /// Its length in bytes.
        got: usize,
        /// The length of the hash in bytes.
        expected: usize,
    },
    /// The password cannot be prepared: it is empty, or has characters that are prohibited.
    Password {
        /// What is wrong with it.
        error: SaslError,
    },
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySalt => f.write_str("the salt is empty"),
            Self::SaltTooLong { got, max } => {
                write!(f, "the salt has {got} bytes, the most allowed is {max}")
            }
            Self::NoIterations => f.write_str("the number of iterations is zero"),
            Self::TooManyIterations { got, max } => {
                write!(f, "{got} iterations, the most allowed is {max}")
            }
            Self::KeyLength { got, expected } => {
                write!(f, "a key of {got} bytes, with this hash it has {expected}")
            }
            Self::Password { error } => error.fmt(f),
        }
    }
}

impl core::error::Error for KeysError {}

fn check(salt: &[u8], iterations: u32) -> Result<(), KeysError> {
    let ScramLimits { max_iterations, salt_bytes, .. } = ScramLimits::default();
    if salt.is_empty() {
        return Err(KeysError::EmptySalt);
    }
    if salt.len() > salt_bytes {
        return Err(KeysError::SaltTooLong { got: salt.len(), max: salt_bytes });
    }
    if iterations == 0 {
        return Err(KeysError::NoIterations);
    }
    if iterations > max_iterations {
        return Err(KeysError::TooManyIterations { got: iterations, max: max_iterations });
    }
    Ok(())
}
