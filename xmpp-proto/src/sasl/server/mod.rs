//! The server's side of an authentication: what to ask the application, what to answer the client
//! (RFC 6120 §6, RFC 5802, RFC 7677, RFC 4616, RFC 4505, RFC 4422 appendix A).
//!
//! A [`ServerExchange`] takes in what the client says, asks for [`StoredCredentials`] of one user,
//! and ends with an [`Account`] or a [`ServerFault`]. Nothing that it says or does before its end
//! tells a user who exists from one who does not: without keys it goes on with a decoy, whose salt
//! is the same each time the same name comes.

mod keys;
mod message;
mod plain;
mod scram;
mod single;
mod user;

pub use keys::{KeysError, ScramKeys, StoredCredentials};

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use zeroize::Zeroizing;

use self::plain::Plain;
use self::scram::Scram;
use self::single::{Anonymous, External};
use self::user::Realm;
use super::binding::ChannelData;
use super::exchange::NONCE_BYTES;
use super::{
    FailureCondition, Mechanism, MessageFault, Offered, SaslError, ScramHash, ScramLimits,
};
use crate::jid::BareJid;
use crate::rng::Rng;

/// Where an authentication takes place.
#[derive(Clone, Copy)]
pub(crate) struct ServerSasl<'a> {
    /// The domain of the accounts, as it stands in addresses.
    pub(crate) domain: &'a str,
    /// What a -PLUS mechanism may be bound to. A type that is not here is not supported.
    pub(crate) channel: ChannelData<'a>,
    /// Whether any -PLUS mechanism was offered on this stream.
    pub(crate) plus_offered: bool,
    /// What was offered on this stream, if the client is to be shown a hash of it (XEP-0474).
    pub(crate) offered: Option<&'a Offered>,
    /// What the salts of users who do not exist follow from. Without it they are new each time,
    /// which gives such users away to who asks twice.
    pub(crate) decoy_key: Option<&'a [u8; 32]>,
    /// The longest message and nonce, the work per step, and, as the least number of iterations,
    /// what is claimed and done for a user who does not exist. Keys with more than the most
    /// iterations are not used for PLAIN.
    pub(crate) limits: &'a ScramLimits,
}

/// The server's side of one authentication.
///
/// Data passes in and out as the mechanism defines it, not in base64. After a fault and after
/// success every step is a fault, and all keys are wiped.
pub(crate) struct ServerExchange {
    mechanism: Mechanism,
    /// Whether the client has been heard, or asked to begin.
    begun: bool,
    /// `None` after the end. In a box, so that a move leaves no copy of the keys behind.
    steps: Option<Box<dyn Steps + Send + Sync>>,
}

/// What to do next.
pub(crate) enum ServerProgress {
    /// Send this, possibly empty, challenge.
    Challenge(Zeroizing<Vec<u8>>),
    /// Look up an account, then [`ServerExchange::handle_credentials`].
    NeedCredentials {
        /// The local part of its address, prepared.
        username: String,
    },
    /// Look up whom the client's certificate stands for, then
    /// [`ServerExchange::handle_identity`].
    NeedIdentity {
        /// The bare address that the client asks to act as, prepared.
        authzid: Option<String>,
    },
    /// Call [`ServerExchange::work`], now or after others had their turn.
    Work,
    /// The client is who it says.
    Success {
        /// Who that is.
        account: Account,
        /// What the mechanism still has to say.
        data: Option<Zeroizing<Vec<u8>>>,
    },
}

/// Who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The owner of this account.
    User(BareJid),
    /// Somebody (RFC 4505).
    Guest,
}

/// The client is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFault {
    /// What to tell it.
    pub(crate) condition: FailureCondition,
    /// Whether this uses up one of the attempts that a client has.
    pub(crate) counts: bool,
}

impl ServerFault {
    /// Wrong user name or password, or something that must look like it (RFC 6120 §6.5.10).
    const NOT_AUTHORIZED: Self = Self { condition: FailureCondition::NotAuthorized, counts: true };
    /// The message breaks the rules of the mechanism (RFC 6120 §6.5.8).
    const MALFORMED: Self = Self { condition: FailureCondition::MalformedRequest, counts: true };
    /// The client may not act as who it wants to, or that is nobody (RFC 6120 §6.5.6).
    const INVALID_AUTHZID: Self =
        Self { condition: FailureCondition::InvalidAuthzid, counts: true };
    /// The client wants to bind to what this channel does not have. That is no guess at a
    /// password: another mechanism may well succeed.
    const WRONG_BINDING_TYPE: Self =
        Self { condition: FailureCondition::NotAuthorized, counts: false };
    /// The mechanism is not among those that a server can do here (RFC 6120 §6.5.7).
    const NO_MECHANISM: Self =
        Self { condition: FailureCondition::InvalidMechanism, counts: false };
    /// An answer to a question that was not asked: not the client's fault.
    const OUT_OF_TURN: Self =
        Self { condition: FailureCondition::TemporaryAuthFailure, counts: false };
}

impl From<MessageFault> for ServerFault {
    fn from(_: MessageFault) -> Self {
        Self::MALFORMED
    }
}

/// For the errors of reading a message.
impl From<SaslError> for ServerFault {
    fn from(_: SaslError) -> Self {
        Self::MALFORMED
    }
}

/// The steps of a mechanism. [`ServerExchange`] ends it after a fault and after success.
trait Steps {
    fn handle_response(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault>;

    fn handle_credentials(
        &mut self,
        _: Option<StoredCredentials>,
    ) -> Result<ServerProgress, ServerFault> {
        Err(ServerFault::OUT_OF_TURN)
    }

    fn handle_identity(&mut self, _: Option<BareJid>) -> Result<ServerProgress, ServerFault> {
        Err(ServerFault::OUT_OF_TURN)
    }

    fn work(&mut self) -> Result<ServerProgress, ServerFault> {
        Err(ServerFault::OUT_OF_TURN)
    }
}

impl ServerExchange {
    /// Begins an authentication by the mechanism that the client chose. One that only a client
    /// can do here fails in its first step.
    pub(crate) fn start(mechanism: Mechanism, cx: &ServerSasl<'_>, rng: &mut Rng) -> Self {
        let mut nonce = [0; NONCE_BYTES];
        rng.fill(&mut nonce);
        Self::with_nonce(mechanism, cx, rng, BASE64.encode(nonce))
    }

    /// Begins with a nonce that the caller answers for.
    fn with_nonce(mechanism: Mechanism, cx: &ServerSasl<'_>, rng: &mut Rng, nonce: String) -> Self {
        let steps: Box<dyn Steps + Send + Sync> = match mechanism {
            Mechanism::Anonymous => Box::new(Anonymous),
            Mechanism::External => Box::new(External::new(*cx.limits)),
            Mechanism::Plain => Box::new(Plain::new(Realm::new(cx, rng))),
            Mechanism::HtSha256None | Mechanism::HtSha256Endp | Mechanism::HtSha256Expr => {
                Box::new(single::Unsupported)
            }
            #[cfg(feature = "rsasl")]
            Mechanism::Login | Mechanism::XOauth2 | Mechanism::OauthBearer => {
                Box::new(single::Unsupported)
            }
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => {
                Box::new(Scram::new(ScramHash::Sha1, mechanism, cx, Realm::new(cx, rng), nonce))
            }
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                Box::new(Scram::new(ScramHash::Sha256, mechanism, cx, Realm::new(cx, rng), nonce))
            }
            Mechanism::ScramSha512 | Mechanism::ScramSha512Plus => {
                Box::new(Scram::new(ScramHash::Sha512, mechanism, cx, Realm::new(cx, rng), nonce))
            }
        };
        Self { mechanism, begun: false, steps: Some(steps) }
    }

    /// The mechanism.
    pub(crate) fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes in the initial response of `<auth/>`, or a `<response/>`. `None` is `<auth/>` without
    /// any: then an empty challenge is due (RFC 6120 §6.4.2).
    pub(crate) fn handle_response(
        &mut self,
        data: Option<&[u8]>,
    ) -> Result<ServerProgress, ServerFault> {
        let begun = core::mem::replace(&mut self.begun, true);
        match data {
            None if !begun && self.steps.is_some() => {
                Ok(ServerProgress::Challenge(Zeroizing::default()))
            }
            // To these mechanisms nothing is no more than an empty message.
            data => self.step(ServerFault::MALFORMED, |steps| {
                steps.handle_response(data.unwrap_or_default())
            }),
        }
    }

    /// Takes in what is known about the user that [`ServerProgress::NeedCredentials`] named.
    /// `None`: there is no such user.
    pub(crate) fn handle_credentials(
        &mut self,
        found: Option<StoredCredentials>,
    ) -> Result<ServerProgress, ServerFault> {
        self.step(ServerFault::OUT_OF_TURN, |steps| steps.handle_credentials(found))
    }

    /// Takes in whom the client's certificate stands for. `None`: nobody, or nobody who may act
    /// as whom [`ServerProgress::NeedIdentity`] named.
    pub(crate) fn handle_identity(
        &mut self,
        account: Option<BareJid>,
    ) -> Result<ServerProgress, ServerFault> {
        self.step(ServerFault::OUT_OF_TURN, |steps| steps.handle_identity(account))
    }

    /// Does one slice of the computation that [`ServerProgress::Work`] announced.
    pub(crate) fn work(&mut self) -> Result<ServerProgress, ServerFault> {
        self.step(ServerFault::OUT_OF_TURN, |steps| steps.work())
    }

    fn step(
        &mut self,
        over: ServerFault,
        step: impl FnOnce(&mut dyn Steps) -> Result<ServerProgress, ServerFault>,
    ) -> Result<ServerProgress, ServerFault> {
        let result = self.steps.as_deref_mut().map_or(Err(over), |steps| step(steps));
        if matches!(result, Err(_) | Ok(ServerProgress::Success { .. })) {
            self.steps = None;
        }
        result
    }
}

impl fmt::Debug for ServerExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerExchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Challenge(_) => "Challenge(..)",
            Self::NeedCredentials { .. } => "NeedCredentials { .. }",
            Self::NeedIdentity { .. } => "NeedIdentity { .. }",
            Self::Work => "Work",
            Self::Success { .. } => "Success { .. }",
        })
    }
}

#[cfg(test)]
mod tests;
