//! Whose account it is, and what stands in for one that does not exist.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::keys::{ScramKeys, StoredCredentials};
use super::{ServerFault, ServerSasl};
use crate::jid::{BareJid, Jid};
use crate::rng::Rng;
use crate::sasl::{Field, SaslError, ScramHash, ScramLimits, credentials};

/// The domain, and what goes for all accounts on it.
pub(super) struct Realm {
    domain: String,
    /// Not in place, so that a move leaves no copy behind.
    decoy_key: Zeroizing<Vec<u8>>,
    pub(super) limits: ScramLimits,
}

/// Who the client says it is.
pub(super) struct User {
    /// The name, prepared by `SASLprep` and, where it can be one, as a local part.
    name: String,
    /// The account, if there can be one of this name.
    pub(super) account: Option<BareJid>,
}

/// The keys to compare with.
pub(super) struct Found {
    pub(super) keys: ScramKeys,
    /// Whether they are anybody's. If not, no proof is right.
    pub(super) real: bool,
}

/// Length of the salt of a user who does not exist.
const DECOY_SALT: usize = 16;

impl Realm {
    pub(super) fn new(cx: &ServerSasl<'_>, rng: &mut Rng) -> Self {
        let mut decoy_key = Zeroizing::new(alloc::vec![0; 32]);
        match cx.decoy_key {
            Some(key) => decoy_key.copy_from_slice(key),
            None => rng.fill(&mut decoy_key),
        }
        Self { domain: cx.domain.into(), decoy_key, limits: *cx.limits }
    }

    /// The user of this name, whether it exists or not. A name that `SASLprep` forbids is
    /// malformed (RFC 5802 §5.1); one that cannot be a local part is just nobody's.
    pub(super) fn user(&self, name: &str) -> Result<User, ServerFault> {
        let name = match credentials::prepare(name, Field::Username) {
            Ok(name) => name,
            // It may be a good name elsewhere.
            Err(SaslError::NonAscii { .. }) => Cow::Borrowed(name),
            Err(error) => return Err(error.into()),
        };
        let account = Jid::from_parts(Some(&name), &self.domain, None)
            .and_then(|jid| jid.try_into_bare().map_err(|_| unreachable!("no resource given")))
            .ok();
        let name = match account.as_ref().and_then(|account| account.local()) {
            Some(local) => local.into(),
            None => name.into_owned(),
        };
        Ok(User { name, account })
    }

    /// The keys of `user` for `hash`, or what looks like them.
    pub(super) fn keys(
        &self,
        user: &User,
        hash: ScramHash,
        found: Option<&StoredCredentials>,
    ) -> Found {
        match found.and_then(|found| found.get(hash)) {
            Some(keys) if user.account.is_some() => Found { keys: keys.clone(), real: true },
            _ => Found { keys: self.decoy(user, hash), real: false },
        }
    }

    /// The keys of `user` that are the cheapest to compare a password with, or what looks like
    /// them. Without keys that is SHA-1, which is the cheapest where all are there.
    pub(super) fn cheapest(&self, user: &User, found: Option<&StoredCredentials>) -> Found {
        let cheapest = found
            .into_iter()
            .flat_map(StoredCredentials::iter)
            .min_by_key(|keys| (keys.iterations(), keys.hash()))
            .filter(|keys| keys.iterations() <= self.limits.max_iterations)
            .map(ScramKeys::hash);
        self.keys(user, cheapest.unwrap_or(ScramHash::Sha1), found.filter(|_| cheapest.is_some()))
    }

    /// Keys of nobody. The salt is the same for all hashes, as it is with
    /// [`StoredCredentials::from_password`]: otherwise two questions would tell the difference.
    fn decoy(&self, user: &User, hash: ScramHash) -> ScramKeys {
        let mut text = String::with_capacity(user.name.len() + 1 + self.domain.len());
        // The separator is in no prepared name.
        for part in [&*user.name, "\0", &self.domain] {
            text.push_str(part);
        }
        let salt = ScramHash::Sha256.hmac(&self.decoy_key, text.as_bytes());
        let iterations = self.limits.min_iterations.clamp(1, self.limits.max_iterations.max(1));
        ScramKeys::nobody(hash, &salt[..DECOY_SALT], iterations)
    }
}

impl User {
    /// The local part to look up, if there can be such an account.
    pub(super) fn local(&self) -> Option<&str> {
        self.account.as_ref().and_then(|account| account.local())
    }

    /// Whether the user may act as `authzid`: only as itself (RFC 6120 §6.3.8). This says nothing
    /// about whether the user exists.
    pub(super) fn authorize(&self, authzid: Option<&str>) -> Result<(), ServerFault> {
        let Some(authzid) = authzid else { return Ok(()) };
        match (BareJid::new(authzid), &self.account) {
            (Ok(authzid), Some(account)) if authzid == *account => Ok(()),
            _ => Err(ServerFault::INVALID_AUTHZID),
        }
    }
}
