//! One authentication from the mechanism's point of view: what to send, what to make of what
//! comes. The transport of it, `<auth/>` and base64, is the negotiation's.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::choice::Choice;
use super::downgrade::Offered;
use super::hashed::{self, HashedToken};
#[cfg(feature = "rsasl")]
use super::rsasl::Bridge;
use super::salted::SaltedPasswords;
use super::scram::{Scram, Setup};
use super::single::Single;
use super::{
    ChannelData, Credentials, FastToken, Field, Mechanism, SaltedPassword, SaslError, ScramHash,
    ScramLimits,
};
use crate::rng::Rng;

/// The client's side of one authentication.
///
/// Data passes in and out as the mechanism defines it, not in base64. After the first error and
/// after success every step is an error, and all keys are wiped.
pub(crate) struct Exchange {
    mechanism: Mechanism,
    inner: Inner,
    /// What SCRAM has derived, once it was successful.
    salted: Option<SaltedPassword>,
}

/// What is known before an exchange, and spares work or shows an attack.
#[derive(Default)]
pub(crate) struct Known<'a> {
    /// What the server has offered (XEP-0474).
    pub(crate) offered: Option<Offered>,
    /// What earlier logins have derived.
    pub(crate) salted: Option<&'a SaltedPasswords>,
}

/// Boxed where there are keys, so that a move of the exchange leaves no copy of them behind.
enum Inner {
    Single(Single),
    HashedToken(Box<HashedToken>),
    ScramSha1(Box<Scram<Sha1>>),
    ScramSha256(Box<Scram<Sha256>>),
    ScramSha512(Box<Scram<Sha512>>),
    #[cfg(feature = "rsasl")]
    Bridge(Box<Bridge>),
    Over,
}

/// What to do next.
pub(crate) enum Progress {
    /// Send this, possibly empty, response.
    Respond(Zeroizing<Vec<u8>>),
    /// Call [`Exchange::work`], now or after others had their turn.
    Work,
}

/// The steps of a mechanism. [`Exchange`] ends it after an error.
pub(super) trait Steps {
    fn initial_response(&mut self) -> Option<Zeroizing<Vec<u8>>>;
    fn handle_challenge(&mut self, data: &[u8]) -> Result<Progress, SaslError>;
    fn work(&mut self) -> Result<Progress, SaslError>;
    fn handle_success(&mut self, data: &[u8]) -> Result<(), SaslError>;

    /// The salted password that a successful exchange has used.
    fn take_salted(&mut self) -> Option<SaltedPassword> {
        None
    }
}

/// Bytes behind a nonce of ours: 192 bits, which base64 writes without padding.
pub(super) const NONCE_BYTES: usize = 24;

impl Exchange {
    /// Begins an authentication by the mechanism that was chosen.
    ///
    /// Fails if the credentials cannot be prepared.
    pub(crate) fn start(
        choice: Choice,
        credentials: &Credentials,
        limits: &ScramLimits,
        known: Known<'_>,
        rng: &mut Rng,
    ) -> Result<Self, SaslError> {
        let mut nonce = [0; NONCE_BYTES];
        rng.fill(&mut nonce);
        Self::with_nonce(choice, credentials, limits, known, BASE64.encode(nonce))
    }

    /// Begins an authentication by a token, for its own mechanism.
    ///
    /// Fails if the channel has not got what the mechanism is bound to.
    pub(crate) fn with_token(
        token: &FastToken,
        channel: ChannelData<'_>,
    ) -> Result<Self, SaslError> {
        let mechanism = token.mechanism();
        let data = match mechanism.token_binding() {
            Some(kind) => channel.get(kind).ok_or(SaslError::OutOfTurn)?,
            None => &[],
        };
        let exchange = HashedToken::new(&hashed::authcid(token)?, token, data);
        let inner = Inner::HashedToken(Box::new(exchange));
        Ok(Self { mechanism, inner, salted: None })
    }

    /// Begins with a nonce that the caller answers for.
    pub(super) fn with_nonce(
        choice: Choice,
        credentials: &Credentials,
        limits: &ScramLimits,
        known: Known<'_>,
        nonce: String,
    ) -> Result<Self, SaslError> {
        let Choice { mechanism, binding } = choice;
        let limits = *limits;
        let Known { offered, salted } = known;
        let setup = |hash| {
            let salted = salted.and_then(|salted| salted.get(hash)).cloned();
            Setup { hash, binding, limits, nonce, offered, salted }
        };
        let inner = match mechanism {
            Mechanism::Anonymous => Inner::Single(Single::anonymous()),
            Mechanism::External => {
                Inner::Single(Single::external(credentials.prepare_authzid()?.as_deref()))
            }
            Mechanism::Plain => Inner::Single(Single::plain(&credentials.prepare()?)),
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => {
                let scram = Scram::new(&credentials.prepare()?, setup(ScramHash::Sha1));
                Inner::ScramSha1(Box::new(scram))
            }
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                let scram = Scram::new(&credentials.prepare()?, setup(ScramHash::Sha256));
                Inner::ScramSha256(Box::new(scram))
            }
            Mechanism::ScramSha512 | Mechanism::ScramSha512Plus => {
                let scram = Scram::new(&credentials.prepare()?, setup(ScramHash::Sha512));
                Inner::ScramSha512(Box::new(scram))
            }
            // No part of the credentials: such a token has an exchange of its own.
            Mechanism::HtSha256None | Mechanism::HtSha256Endp | Mechanism::HtSha256Expr => {
                return Err(SaslError::Missing { what: Field::Token });
            }
            #[cfg(feature = "rsasl")]
            Mechanism::Login | Mechanism::XOauth2 | Mechanism::OauthBearer => {
                Inner::Bridge(Box::new(Bridge::new(mechanism, credentials)?))
            }
        };
        Ok(Self { mechanism, inner, salted: None })
    }

    /// What to send with the request; `None` if it was taken already.
    pub(crate) fn initial_response(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.steps().ok()?.initial_response()
    }

    /// Takes in a challenge.
    pub(crate) fn handle_challenge(&mut self, data: &[u8]) -> Result<Progress, SaslError> {
        let result = self.steps().and_then(|steps| steps.handle_challenge(data));
        self.end_if(result.is_err());
        result
    }

    /// Does one slice of the computation that [`Progress::Work`] announced.
    pub(crate) fn work(&mut self) -> Result<Progress, SaslError> {
        let result = self.steps().and_then(Steps::work);
        self.end_if(result.is_err());
        result
    }

    /// Takes in success with its additional data, if any. Only `Ok` says that we are logged in,
    /// and, with SCRAM, that the server is the one that knows the password.
    pub(crate) fn handle_success(&mut self, data: Option<&[u8]>) -> Result<(), SaslError> {
        // Empty data is no more than none to these mechanisms.
        let data = data.unwrap_or_default();
        let result = self.steps().and_then(|steps| {
            steps.handle_success(data)?;
            Ok(steps.take_salted())
        });
        self.end_if(true);
        self.salted = result?;
        Ok(())
    }

    /// What SCRAM has derived, after success: worth keeping for the next login.
    pub(crate) fn take_salted(&mut self) -> Option<SaltedPassword> {
        self.salted.take()
    }

    fn steps(&mut self) -> Result<&mut dyn Steps, SaslError> {
        match &mut self.inner {
            Inner::Single(single) => Ok(single),
            Inner::HashedToken(token) => Ok(token.as_mut()),
            Inner::ScramSha1(scram) => Ok(scram.as_mut()),
            Inner::ScramSha256(scram) => Ok(scram.as_mut()),
            Inner::ScramSha512(scram) => Ok(scram.as_mut()),
            #[cfg(feature = "rsasl")]
            Inner::Bridge(bridge) => Ok(bridge.as_mut()),
            Inner::Over => Err(SaslError::OutOfTurn),
        }
    }

    fn end_if(&mut self, over: bool) {
        if over {
            self.inner = Inner::Over;
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Respond(_) => "Respond(..)",
            Self::Work => "Work",
        })
    }
}
