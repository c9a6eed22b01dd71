//! The cryptography provider, and the random bytes that come with it.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::TlsConfigError;

/// The provider that the features of this crate select: `aws-lc-rs` where it is compiled in
/// (it takes an explicit wish), else `ring`.
///
/// # Errors
///
/// [`TlsConfigError::NoProvider`] if neither feature is on.
pub fn default_provider() -> Result<Arc<CryptoProvider>, TlsConfigError> {
    #[cfg(feature = "aws-lc-rs")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return Err(TlsConfigError::NoProvider);
}

/// 32 unpredictable bytes for the machine's generator.
///
/// They come from the provider's generator rather than from a crate of their own: it is the one
/// that makes the TLS keys, so nothing weaker or stronger would change anything.
///
/// # Errors
///
/// [`EntropyError`] if the generator fails, as on a system without an entropy source.
pub fn entropy(provider: &CryptoProvider) -> Result<[u8; 32], EntropyError> {
    let mut bytes = [0; 32];
    provider.secure_random.fill(&mut bytes).map_err(|_| EntropyError)?;
    Ok(bytes)
}

/// The system has no random bytes to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system's random number generator failed")
    }
}

impl Error for EntropyError {}
