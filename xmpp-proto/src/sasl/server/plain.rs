//! PLAIN (RFC 4616): the client shows the password, and the key that follows from it is compared.

use alloc::boxed::Box;
use alloc::string::String;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::keys::StoredCredentials;
use super::user::{Found, Realm, User};
use super::{Account, ServerFault, ServerProgress, Steps};
use crate::jid::BareJid;
use crate::sasl::hash::Hi;
use crate::sasl::{Field, SaslError, credentials, message};

/// The server's side of PLAIN.
pub(super) struct Plain {
    realm: Realm,
    phase: Phase,
}

/// What has happened last.
enum Phase {
    /// Nothing.
    Begun,
    /// The client has sent its message, the keys were asked for.
    Asked { user: User, password: Zeroizing<String> },
    /// The key of the password is being derived.
    Deriving { account: Option<BareJid>, found: Found, key: Box<dyn Hi + Send + Sync> },
}

impl Plain {
    pub(super) fn new(realm: Realm) -> Self {
        Self { realm, phase: Phase::Begun }
    }

    /// Derives the key for comparison with that of `user`, or with nobody's at the same cost.
    fn derive(
        &mut self,
        user: User,
        password: &str,
        found: Option<&StoredCredentials>,
    ) -> ServerProgress {
        let found = self.realm.cheapest(&user, found);
        let mut key = found.keys.hash().derivation(password);
        key.begin(found.keys.salt(), found.keys.iterations());
        self.phase = Phase::Deriving { account: user.account, found, key };
        ServerProgress::Work
    }
}

impl Steps for Plain {
    fn handle_response(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault> {
        if !matches!(self.phase, Phase::Begun) {
            return Err(ServerFault::MALFORMED);
        }
        let text = message::text(data, &self.realm.limits)?;
        // `[authzid] NUL authcid NUL passwd` (RFC 4616 §2), none of which contains NUL.
        let mut parts = text.split('\0');
        let (Some(authzid), Some(name), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ServerFault::MALFORMED);
        };
        if name.is_empty() || password.is_empty() {
            return Err(ServerFault::MALFORMED);
        }
        let user = self.realm.user(name)?;
        user.authorize(Some(authzid).filter(|authzid| !authzid.is_empty()))?;
        let password: credentials::Password<'_> =
            match credentials::prepare(password, Field::Password) {
                Ok(password) => password.into(),
                // Nobody's here, but no fault of the client.
                Err(SaslError::NonAscii { .. }) => credentials::Password::Given(password),
                // RFC 4616 §2: "verification SHALL fail".
                Err(_) => return Err(ServerFault::NOT_AUTHORIZED),
            };
        match user.local() {
            Some(local) => {
                let username = local.into();
                let password = Zeroizing::new(String::from(&*password));
                self.phase = Phase::Asked { user, password };
                Ok(ServerProgress::NeedCredentials { username })
            }
            None => Ok(self.derive(user, &password, None)),
        }
    }

    fn handle_credentials(
        &mut self,
        found: Option<StoredCredentials>,
    ) -> Result<ServerProgress, ServerFault> {
        match core::mem::replace(&mut self.phase, Phase::Begun) {
            Phase::Asked { user, password } => Ok(self.derive(user, &password, found.as_ref())),
            Phase::Begun | Phase::Deriving { .. } => Err(ServerFault::OUT_OF_TURN),
        }
    }

    fn work(&mut self) -> Result<ServerProgress, ServerFault> {
        let Phase::Deriving { account, found, key } = &mut self.phase else {
            return Err(ServerFault::OUT_OF_TURN);
        };
        let Some(salted_password) = key.run(self.realm.limits.work_slice.max(1)) else {
            return Ok(ServerProgress::Work);
        };
        let stored_key = found.keys.hash().stored_key(&salted_password);
        let right = stored_key.as_slice().ct_eq(found.keys.stored_key());
        match account.take() {
            Some(account) if bool::from(right & Choice::from(u8::from(found.real))) => {
                Ok(ServerProgress::Success { account: Account::User(account), data: None })
            }
            _ => Err(ServerFault::NOT_AUTHORIZED),
        }
    }
}
