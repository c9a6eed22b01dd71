//! PLAIN (RFC 4616), ANONYMOUS (RFC 4505) and EXTERNAL (RFC 4422 appendix A): one message, and
//! nothing to check.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::credentials::Prepared;
use super::exchange::{Progress, Steps};
use super::{MessageFault, SaslError};

/// The client's side of a mechanism with one message.
pub(super) struct Single {
    /// The message, until it is taken.
    message: Option<Zeroizing<Vec<u8>>>,
}

impl Single {
    /// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2). None of the three can contain NUL: they
    /// are prepared.
    pub(super) fn plain(credentials: &Prepared<'_>) -> Self {
        let parts = [
            credentials.authzid.as_deref().unwrap_or_default(),
            "\0",
            &credentials.username,
            "\0",
            &credentials.password,
        ];
        // All at once: a buffer that grows leaves pieces of the password behind.
        let mut message = Zeroizing::new(Vec::with_capacity(parts.map(str::len).iter().sum()));
        for part in parts {
            message.extend_from_slice(part.as_bytes());
        }
        Self { message: Some(message) }
    }

    /// Nothing: the trace information of RFC 4505 §2 is for people who want to be traced.
    pub(super) fn anonymous() -> Self {
        Self { message: Some(Zeroizing::default()) }
    }

    /// The identity to act as, or nothing: the one that the certificate belongs to.
    pub(super) fn external(authzid: Option<&str>) -> Self {
        Self { message: Some(Zeroizing::new(authzid.unwrap_or_default().into())) }
    }
}

impl Steps for Single {
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
        if !data.is_empty() {
            return Err(MessageFault::UnexpectedData.into());
        }
        Ok(())
    }
}
