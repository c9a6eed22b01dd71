//! SCRAM (RFC 5802, RFC 7677) with what is stored about the user: the password is not shown, and
//! need not be known.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::keys::StoredCredentials;
use super::message::{ClientFinal, ClientFirst, Flag};
use super::user::{Found, Realm, User};
use super::{Account, ServerFault, ServerProgress, ServerSasl, Steps};
use crate::sasl::binding::BindingType;
use crate::sasl::{Mechanism, MessageFault, ScramHash, message};

/// The server's side of SCRAM.
pub(super) struct Scram {
    realm: Realm,
    hash: ScramHash,
    /// Whether this is a -PLUS mechanism.
    plus: bool,
    plus_offered: bool,
    /// The hash of what was offered, if it is shown (XEP-0474).
    offered: Option<String>,
    /// What this channel may be bound to.
    channel: Vec<(BindingType, Vec<u8>)>,
    /// Our part of the nonce, then that of both sides.
    nonce: String,
    /// `cbind-input`, as it looks from here.
    binding: Vec<u8>,
    /// `AuthMessage` as far as it has got: `client-first-message-bare`, then with the server's
    /// first message, separated by commas.
    auth_message: String,
    phase: Phase,
}

/// What has happened last.
enum Phase {
    /// Nothing.
    Begun,
    /// The client has sent its first message, the keys were asked for.
    Asked(User),
    /// The challenge is made.
    Challenged(User, Found),
    /// The client has sent its last message.
    Over,
}

impl Scram {
    /// An exchange with this nonce of ours: printable ASCII without comma, never used before.
    pub(super) fn new(
        hash: ScramHash,
        mechanism: Mechanism,
        cx: &ServerSasl<'_>,
        realm: Realm,
        nonce: String,
    ) -> Self {
        let plus = mechanism.binds_channel();
        let types = BindingType::ALL.iter().filter(|_| plus);
        Self {
            realm,
            hash,
            plus,
            plus_offered: cx.plus_offered,
            offered: cx.offered.map(|offered| offered.attribute(hash)),
            channel: types
                .filter_map(|kind| Some((*kind, cx.channel.get(*kind)?.to_vec())))
                .collect(),
            nonce,
            binding: Vec::new(),
            auth_message: String::new(),
            phase: Phase::Begun,
        }
    }

    fn handle_client_first(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault> {
        let limits = &self.realm.limits;
        let first = ClientFirst::read(message::text(data, limits)?)?;
        if first.nonce.len() + self.nonce.len() > limits.nonce_bytes {
            return Err(MessageFault::NonceTooLong { max: limits.nonce_bytes }.into());
        }
        let channel = self.bound_to(first.flag)?;
        self.binding = [first.gs2_header.as_bytes(), channel].concat();
        self.nonce.insert_str(0, first.nonce);
        self.auth_message = first.bare.into();

        let user = self.realm.user(&first.username)?;
        user.authorize(first.authzid.as_deref())?;
        match user.local() {
            Some(local) => {
                let username = local.into();
                self.phase = Phase::Asked(user);
                Ok(ServerProgress::NeedCredentials { username })
            }
            None => Ok(self.challenge(user, None)),
        }
    }

    /// What the channel must look like to a client that says this (RFC 5802 §6).
    fn bound_to(&self, flag: Flag<'_>) -> Result<&[u8], ServerFault> {
        match flag {
            Flag::To(name) if self.plus => self
                .channel
                .iter()
                .find(|(kind, _)| kind.name() == name)
                .map(|(_, data)| data.as_slice())
                .ok_or(ServerFault::WRONG_BINDING_TYPE),
            // Somebody took -PLUS out of the offer.
            Flag::NotOffered if !self.plus && self.plus_offered => Err(ServerFault::NOT_AUTHORIZED),
            Flag::Unsupported | Flag::NotOffered if !self.plus => Ok(&[]),
            Flag::To(_) | Flag::Unsupported | Flag::NotOffered => Err(ServerFault::MALFORMED),
        }
    }

    /// `server-first-message`.
    fn challenge(&mut self, user: User, found: Option<&StoredCredentials>) -> ServerProgress {
        let found = self.realm.keys(&user, self.hash, found);
        let (salt, iterations) = (found.keys.salt(), found.keys.iterations());
        let challenge =
            message::server_first(&self.nonce, salt, iterations, self.offered.as_deref());
        self.auth_message.push(',');
        self.auth_message.push_str(&challenge);
        self.phase = Phase::Challenged(user, found);
        ServerProgress::Challenge(Zeroizing::new(challenge.into_bytes()))
    }

    fn handle_client_final(
        &mut self,
        data: &[u8],
        user: User,
        found: &Found,
    ) -> Result<ServerProgress, ServerFault> {
        let last = ClientFinal::read(message::text(data, &self.realm.limits)?)?;
        if last.nonce != self.nonce {
            return Err(ServerFault::MALFORMED);
        }
        if last.proof.len() != self.hash.key_len() {
            return Err(ServerFault::MALFORMED);
        }
        if !bool::from(last.channel.as_slice().ct_eq(&self.binding)) {
            return Err(ServerFault::NOT_AUTHORIZED);
        }
        self.auth_message.push(',');
        self.auth_message.push_str(last.without_proof);
        let auth_message = self.auth_message.as_bytes();

        // RFC 5802 §3: the key that the proof hides must be the one whose hash is stored.
        let mut client_key = self.hash.hmac(found.keys.stored_key(), auth_message);
        for (byte, proof) in client_key.iter_mut().zip(&last.proof) {
            *byte ^= proof;
        }
        let right = self.hash.digest(&client_key).as_slice().ct_eq(found.keys.stored_key());
        match user.account {
            Some(account) if bool::from(right & Choice::from(u8::from(found.real))) => {
                let signature = self.hash.hmac(found.keys.server_key(), auth_message);
                let mut data = String::from("v=");
                BASE64.encode_string(&*signature, &mut data);
                let data = Some(Zeroizing::new(data.into_bytes()));
                Ok(ServerProgress::Success { account: Account::User(account), data })
            }
            _ => Err(ServerFault::NOT_AUTHORIZED),
        }
    }
}

impl Steps for Scram {
    fn handle_response(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault> {
        match core::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Begun => self.handle_client_first(data),
            Phase::Challenged(user, found) => self.handle_client_final(data, user, &found),
            Phase::Asked(_) | Phase::Over => Err(ServerFault::MALFORMED),
        }
    }

    fn handle_credentials(
        &mut self,
        found: Option<StoredCredentials>,
    ) -> Result<ServerProgress, ServerFault> {
        match core::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Asked(user) => Ok(self.challenge(user, found.as_ref())),
            Phase::Begun | Phase::Challenged(..) | Phase::Over => Err(ServerFault::OUT_OF_TURN),
        }
    }
}
