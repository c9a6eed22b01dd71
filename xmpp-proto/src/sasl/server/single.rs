//! ANONYMOUS (RFC 4505) and EXTERNAL (RFC 4422 appendix A): one message, and nothing to compute.

use alloc::string::String;

use super::{Account, ServerFault, ServerProgress, Steps};
use crate::jid::BareJid;
use crate::sasl::{ScramLimits, message};

/// Everybody is welcome.
pub(super) struct Anonymous;

/// The longest trace: 255 characters (RFC 4505 §2).
const TRACE_BYTES: usize = 1020;

impl Steps for Anonymous {
    fn handle_response(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault> {
        // The trace is for logs that nobody keeps; that it is a text is all that is asked of it.
        if data.len() > TRACE_BYTES || core::str::from_utf8(data).is_err() {
            return Err(ServerFault::MALFORMED);
        }
        Ok(ServerProgress::Success { account: Account::Guest, data: None })
    }
}

/// The proof is the certificate that the client has shown in the handshake of TLS.
pub(super) struct External {
    limits: ScramLimits,
    asked: bool,
    /// Whom the client asks to act as.
    authzid: Option<BareJid>,
}

impl External {
    pub(super) fn new(limits: ScramLimits) -> Self {
        Self { limits, asked: false, authzid: None }
    }
}

impl Steps for External {
    fn handle_response(&mut self, data: &[u8]) -> Result<ServerProgress, ServerFault> {
        if self.asked {
            return Err(ServerFault::MALFORMED);
        }
        let text = message::text(data, &self.limits)?;
        if !text.is_empty() {
            let authzid = BareJid::new(text).map_err(|_| ServerFault::INVALID_AUTHZID)?;
            self.authzid = Some(authzid);
        }
        self.asked = true;
        let authzid = self.authzid.as_ref().map(|authzid| String::from(authzid.as_str()));
        Ok(ServerProgress::NeedIdentity { authzid })
    }

    fn handle_identity(&mut self, account: Option<BareJid>) -> Result<ServerProgress, ServerFault> {
        if !self.asked {
            return Err(ServerFault::OUT_OF_TURN);
        }
        let account = account.ok_or(ServerFault::NOT_AUTHORIZED)?;
        if self.authzid.as_ref().is_some_and(|authzid| *authzid != account) {
            return Err(ServerFault::INVALID_AUTHZID);
        }
        Ok(ServerProgress::Success { account: Account::User(account), data: None })
    }
}

/// A mechanism that is the client's alone here.
pub(super) struct Unsupported;

impl Steps for Unsupported {
    fn handle_response(&mut self, _: &[u8]) -> Result<ServerProgress, ServerFault> {
        Err(ServerFault::NO_MECHANISM)
    }
}
