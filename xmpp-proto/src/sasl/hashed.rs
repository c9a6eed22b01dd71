//! The hashed token mechanisms (draft-schmaus-kitten-sasl-ht): one message shows that the client has
//! a token, and one that the server has it too.

use alloc::string::String;
use alloc::vec::Vec;

use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{Tag, hmac};
use super::exchange::{Progress, Steps};
use super::{FastToken, SaslError};

/// What the client's hash covers, before the channel's data.
const INITIATOR: &[u8] = b"Initiator";
/// What the server's hash covers, before the channel's data.
const RESPONDER: &[u8] = b"Responder";

/// The client's side of HT-SHA-256.
pub(super) struct HashedToken {
    /// `authcid NUL initiator-hash`, until it is taken.
    message: Option<Zeroizing<Vec<u8>>>,
    /// What only who has the token can answer, until it is seen.
    answer: Option<Tag<Sha256>>,
}

impl HashedToken {
    /// A proof for a channel with this data, none if it is not bound.
    pub(super) fn new(username: &str, token: &FastToken, channel: &[u8]) -> Self {
        let key = token.secret().expose().as_bytes();
        let [initiator, answer] = [INITIATOR, RESPONDER].map(|word| {
            let covered = Zeroizing::new([word, channel].concat());
            hmac::<Sha256>(key, &covered)
        });
        let mut message = Zeroizing::new(Vec::with_capacity(username.len() + 1 + 32));
        message.extend_from_slice(username.as_bytes());
        message.push(0);
        message.extend_from_slice(initiator.as_bytes());
        Self { message: Some(message), answer: Some(answer) }
    }
}

impl Steps for HashedToken {
    fn initial_response(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.message.take()
    }

    fn handle_challenge(&mut self, _: &[u8]) -> Result<Progress, SaslError> {
        Err(SaslError::UnexpectedChallenge)
    }

    fn work(&mut self) -> Result<Progress, SaslError> {
        Err(SaslError::OutOfTurn)
    }

    fn handle_success(&mut self, data: &[u8]) -> Result<(), SaslError> {
        if self.message.is_some() {
            return Err(SaslError::UnexpectedSuccess);
        }
        let expected = self.answer.take().ok_or(SaslError::OutOfTurn)?;
        if data.is_empty() {
            return Err(SaslError::NoSignature);
        }
        // Slices of different lengths are unequal; the length is no secret.
        if bool::from(data.ct_eq(expected.as_bytes())) {
            Ok(())
        } else {
            Err(SaslError::WrongSignature)
        }
    }
}

/// The name that a token's owner goes by: it cannot contain NUL.
pub(super) fn authcid(token: &FastToken) -> Result<String, SaslError> {
    let local = token.account().local().unwrap_or_default();
    super::credentials::prepare(local, super::Field::Username).map(alloc::borrow::Cow::into_owned)
}
