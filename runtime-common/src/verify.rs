//! The judgement of a server's certificate: pins first, then the authorities.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, OtherError};
use rustls::{Error as TlsError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use xmpp_proto::endpoint::CertificateReport;

use crate::certificate::{certificate_report, spki_sha256};

/// Keys and certificates that are trusted whoever issued them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    pub(crate) keys: Vec<[u8; 32]>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
}

impl Pins {
    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.certificates.is_empty()
    }

    fn contain(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|pinned| pinned == certificate)
            || (!self.keys.is_empty()
                && spki_sha256(certificate).is_some_and(|hash| self.keys.contains(&hash)))
    }
}

/// Accepts what is pinned and what `inner` accepts, and says what it was that was refused.
#[derive(Debug)]
pub(crate) struct Verifier {
    pins: Pins,
    /// `None` if nothing but pins is trusted.
    inner: Option<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    pub(crate) const fn new(
        pins: Pins,
        inner: Option<Arc<dyn ServerCertVerifier>>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { pins, inner, provider }
    }

    /// Who checks the signatures that are made with this certificate's key: never nobody, so a
    /// verifier that checks none has no say where a pin decides.
    fn signatures(&self, certificate: &CertificateDer<'_>) -> Option<&dyn ServerCertVerifier> {
        self.inner.as_deref().filter(|_| !self.pins.contain(certificate))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if self.pins.contain(leaf) {
            return Ok(ServerCertVerified::assertion());
        }
        let why = match &self.inner {
            Some(inner) => match inner.verify_server_cert(leaf, others, name, ocsp, now) {
                Err(TlsError::InvalidCertificate(error)) => Some(error),
                other => return other,
            },
            None => None,
        };
        Err(Refused { why, report: certificate_report(leaf, others) }.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if let Some(inner) = self.signatures(certificate) {
            return inner.verify_tls12_signature(message, certificate, signed);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if let Some(inner) = self.signatures(certificate) {
            return inner.verify_tls13_signature(message, certificate, signed);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match &self.inner {
            Some(inner) => inner.supported_verify_schemes(),
            None => self.provider.signature_verification_algorithms.supported_schemes(),
        }
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.inner.as_ref().and_then(|inner| inner.root_hint_subjects())
    }
}

/// A refused certificate on its way through rustls, which would drop it.
#[derive(Debug)]
pub(crate) struct Refused {
    /// `None` if it is only that nobody pinned it.
    pub(crate) why: Option<CertificateError>,
    pub(crate) report: CertificateReport,
}

impl From<Refused> for TlsError {
    fn from(refused: Refused) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refused))))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Some(error) => error.fmt(f),
            None => f.write_str("not pinned"),
        }
    }
}

impl Error for Refused {}
