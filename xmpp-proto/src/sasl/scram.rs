//! SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, neither shows it.

use alloc::string::String;
use alloc::vec::Vec;

use hmac::digest::block_api::EagerHash;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::binding::Binding;
use super::credentials::Prepared;
use super::derive::{Derivation, Proof, Tag};
use super::downgrade::Offered;
use super::exchange::{Progress, Steps};
use super::message::{self, ServerFirst};
use super::{MessageFault, SaltedPassword, SaslError, ScramHash};

/// What a client accepts from a SCRAM server, and how it spreads the work.
///
/// ```
/// use xmpp_proto::sasl::ScramLimits;
///
/// // A small part without a fast hash: short turns, and no server may keep it busy for long.
/// let mut limits = ScramLimits::default();
/// limits.max_iterations = 20_000;
/// limits.work_slice = 100;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScramLimits {
    /// The least number of iterations. By default 4096, which RFC 5802 §5.1 and RFC 7677 §4 call
    /// the minimum: with fewer, whoever sees the exchange can try passwords quickly.
    pub min_iterations: u32,
    /// The most iterations. By default 2,000,000, which is above what is advised today for stored
    /// passwords (600,000 with SHA-256, 1,400,000 with SHA-1) and less than a second of computing
    /// on a host. It takes minutes on a small part, which should allow fewer.
    pub max_iterations: u32,
    /// The most iterations done in one step, before others get their turn. By default 1000,
    /// which take a host 0.1 to 0.4 milliseconds. Zero counts as one.
    pub work_slice: u32,
    /// The longest salt, in bytes after decoding. By default 512.
    pub salt_bytes: usize,
    /// The longest nonce of both sides together, in bytes. By default 512.
    pub nonce_bytes: usize,
    /// The longest message from the server, in bytes. By default 4096.
    pub message_bytes: usize,
}

impl Default for ScramLimits {
    fn default() -> Self {
        Self {
            min_iterations: 4096,
            max_iterations: 2_000_000,
            work_slice: 1000,
            salt_bytes: 512,
            nonce_bytes: 512,
            message_bytes: 4096,
        }
    }
}

/// The client's side of SCRAM with the hash `D`.
pub(super) struct Scram<D: EagerHash> {
    limits: ScramLimits,
    hash: ScramHash,
    /// What the server has offered, if it is known.
    offered: Option<Offered>,
    /// The salted password: of an earlier login, then the one that this login uses.
    salted: Option<SaltedPassword>,
    /// What the server wants to be derived.
    wanted: (Vec<u8>, u32),
    phase: Phase,
    gs2_header: String,
    binding: Binding,
    nonce: String,
    /// `AuthMessage` as far as it has got: `client-first-message-bare`, then with the server's
    /// first message and `client-final-message-without-proof`, separated by commas.
    auth_message: String,
    /// Present until the proof is made.
    derivation: Option<Derivation<D>>,
    /// The signature that the server must show, from the proof until it is seen.
    signature: Option<Tag<D>>,
    /// `client-final-message-without-proof`, from the challenge until the proof is made.
    client_final: String,
}

/// What an exchange is made of, besides the credentials.
pub(super) struct Setup {
    pub(super) hash: ScramHash,
    pub(super) binding: Binding,
    pub(super) limits: ScramLimits,
    /// Printable ASCII without comma, never used before.
    pub(super) nonce: String,
    /// What the server has offered, if it is known.
    pub(super) offered: Option<Offered>,
    /// What an earlier login has derived with this hash.
    pub(super) salted: Option<SaltedPassword>,
}

/// What has happened last.
enum Phase {
    /// Nothing.
    Begun,
    /// The client's first message was taken.
    FirstSent,
    /// The server's first message was accepted, the key is being derived.
    Deriving,
    /// The client's proof was made.
    ProofSent,
    /// The server's signature was right.
    Verified,
}

impl<D: EagerHash> Scram<D> {
    pub(super) fn new(credentials: &Prepared<'_>, setup: Setup) -> Self {
        let Setup { hash, binding, limits, nonce, offered, salted } = setup;
        Self {
            limits,
            hash,
            offered,
            salted,
            wanted: (Vec::new(), 0),
            phase: Phase::Begun,
            gs2_header: message::gs2_header(&binding, credentials.authzid.as_deref()),
            binding,
            auth_message: message::client_first_bare(&credentials.username, &nonce),
            nonce,
            derivation: Some(Derivation::new(&credentials.password)),
            signature: None,
            client_final: String::new(),
        }
    }

    fn handle_server_first(&mut self, data: &[u8]) -> Result<Progress, SaslError> {
        let text = message::text(data, &self.limits)?;
        let first = ServerFirst::read(text, &self.nonce, &self.limits)?;
        // XEP-0474 §6.2: before anything is proved, so that there is nothing to guess at.
        if let (Some(offered), Some(attribute)) = (&self.offered, first.offered) {
            offered.check(self.hash, attribute)?;
        }
        self.client_final =
            message::client_final_without_proof(&self.gs2_header, &self.binding, first.nonce);
        let parts = [",", text, ",", &self.client_final];
        self.auth_message.reserve_exact(parts.map(str::len).iter().sum());
        for part in parts {
            self.auth_message.push_str(part);
        }
        let known = self.salted.take();
        if let Some(salted) = known
            && let Some(key) = salted.key_for(&first.salt, first.iterations)
        {
            let response = self.prove(key);
            self.salted = Some(salted);
            return Ok(response);
        }
        let derivation = self.derivation.as_mut().ok_or(SaslError::OutOfTurn)?;
        derivation.begin(&first.salt, first.iterations);
        self.wanted = (first.salt, first.iterations);
        self.phase = Phase::Deriving;
        Ok(Progress::Work)
    }

    /// The client's last message, with its proof.
    fn prove(&mut self, salted_password: &[u8]) -> Progress {
        let proof = Proof::<D>::new(salted_password, self.auth_message.as_bytes());
        self.derivation = None;
        let mut response = core::mem::take(&mut self.client_final);
        message::push_proof(&mut response, proof.client.as_bytes());
        self.signature = Some(proof.server);
        self.phase = Phase::ProofSent;
        Progress::Respond(Zeroizing::new(response.into_bytes()))
    }

    /// Checks the server's last message, which may come in a challenge or with success.
    fn handle_server_final(&mut self, data: &[u8]) -> Result<(), SaslError> {
        let text = message::text(data, &self.limits)?;
        let shown = message::read_server_final(text)?;
        let expected = self.signature.take().ok_or(SaslError::OutOfTurn)?;
        // Slices of different lengths are unequal; the length is no secret.
        if bool::from(shown.as_slice().ct_eq(expected.as_bytes())) {
            self.phase = Phase::Verified;
            Ok(())
        } else {
            Err(SaslError::WrongSignature)
        }
    }
}

impl<D: EagerHash> Steps for Scram<D> {
    fn initial_response(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        if !matches!(self.phase, Phase::Begun) {
            return None;
        }
        self.phase = Phase::FirstSent;
        Some(Zeroizing::new([self.gs2_header.as_bytes(), self.auth_message.as_bytes()].concat()))
    }

    fn handle_challenge(&mut self, data: &[u8]) -> Result<Progress, SaslError> {
        match self.phase {
            Phase::FirstSent => self.handle_server_first(data),
            Phase::ProofSent => {
                self.handle_server_final(data)?;
                // The last word is the client's, and it has nothing more to say.
                Ok(Progress::Respond(Zeroizing::new(Vec::new())))
            }
            Phase::Begun | Phase::Deriving | Phase::Verified => Err(SaslError::UnexpectedChallenge),
        }
    }

    fn work(&mut self) -> Result<Progress, SaslError> {
        let (Phase::Deriving, Some(derivation)) = (&self.phase, &mut self.derivation) else {
            return Err(SaslError::OutOfTurn);
        };
        let Some(salted_password) = derivation.run(self.limits.work_slice.max(1)) else {
            return Ok(Progress::Work);
        };
        let key = Zeroizing::new(salted_password.as_bytes().to_vec());
        let (salt, iterations) = core::mem::take(&mut self.wanted);
        self.salted = Some(SaltedPassword::new(self.hash, salt, iterations, &key));
        Ok(self.prove(&key))
    }

    fn handle_success(&mut self, data: &[u8]) -> Result<(), SaslError> {
        match self.phase {
            Phase::Begun | Phase::FirstSent | Phase::Deriving => Err(SaslError::UnexpectedSuccess),
            Phase::ProofSent if data.is_empty() => Err(SaslError::NoSignature),
            Phase::ProofSent => self.handle_server_final(data),
            Phase::Verified if data.is_empty() => Ok(()),
            Phase::Verified => Err(MessageFault::UnexpectedData.into()),
        }
    }

    fn take_salted(&mut self) -> Option<SaltedPassword> {
        self.salted.take()
    }
}
