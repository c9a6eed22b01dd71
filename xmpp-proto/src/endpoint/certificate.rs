//! What a refused certificate holds, for whoever must decide about it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A certificate that was refused: enough to show it to somebody, to pin it and to try again.
///
/// Nothing in it is proven: whoever answered the connection wrote it. Ask the person who decides
/// to compare [`spki_sha256`](Self::spki_sha256) with what the server's operator says.
///
/// ```
/// use xmpp_proto::endpoint::{CertificateFault, CertificateReport, LostCause, Reason, TlsFault};
///
/// let report = CertificateReport::new(vec![b"DER of the leaf".to_vec()]).with_spki_sha256([7; 32]);
/// let reason = Reason::Transport(LostCause::Tls(TlsFault::Certificate {
///     fault: CertificateFault::Untrusted,
///     report: Some(Box::new(report)),
/// }));
/// assert_eq!(reason.certificate().and_then(|it| it.spki_sha256_hex()), Some("07".repeat(32)));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateReport {
    /// The certificates as the server sent them, in DER, its own first (RFC 8446 §4.4.2). Their
    /// number and length are bounded by what the TLS library takes.
    pub chain: Vec<Vec<u8>>,
    /// SHA-256 of the `SubjectPublicKeyInfo` of the server's own certificate, in DER: the hash of
    /// its key (RFC 7469 §2.4). It stays the same when the certificate is renewed with the key.
    pub spki_sha256: Option<[u8; 32]>,
    /// The DNS names and IP addresses that it is made out for (`subjectAltName`).
    pub names: Vec<String>,
    /// Whom it names as its subject, as `CN=.., O=..`.
    pub subject: String,
    /// Who issued it, if that is true, in the same form.
    pub issuer: String,
    /// When it begins to be valid, in seconds since 1970-01-01T00:00:00Z.
    pub not_before: Option<i64>,
    /// The last second in which it is valid, in the same unit.
    pub not_after: Option<i64>,
}

impl CertificateReport {
    /// A report on the certificates in DER, the server's own first. The rest is filled in by
    /// whoever can read them.
    #[must_use]
    pub fn new(chain: Vec<Vec<u8>>) -> Self {
        Self { chain, ..Self::default() }
    }

    /// With the SHA-256 of the key.
    #[must_use]
    pub const fn with_spki_sha256(mut self, hash: [u8; 32]) -> Self {
        self.spki_sha256 = Some(hash);
        self
    }

    /// With the names it is made out for.
    #[must_use]
    pub fn with_names(mut self, names: Vec<String>) -> Self {
        self.names = names;
        self
    }

    /// With whom it names as its subject and its issuer.
    #[must_use]
    pub fn with_parties(mut self, subject: String, issuer: String) -> Self {
        (self.subject, self.issuer) = (subject, issuer);
        self
    }

    /// With the first and the last second of its validity, since the beginning of 1970.
    #[must_use]
    pub const fn with_validity(mut self, not_before: i64, not_after: i64) -> Self {
        (self.not_before, self.not_after) = (Some(not_before), Some(not_after));
        self
    }

    /// The hash of the key in 64 lower-case hexadecimal digits, as people compare it.
    #[must_use]
    pub fn spki_sha256_hex(&self) -> Option<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hash = self.spki_sha256?;
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xf)]);
        Some(hash.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect())
    }
}

/// The hash rather than kilobytes of DER.
impl fmt::Debug for CertificateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateReport")
            .field("chain", &format_args!("{} certificates", self.chain.len()))
            .field("spki_sha256", &self.spki_sha256_hex())
            .field("names", &self.names)
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish()
    }
}
