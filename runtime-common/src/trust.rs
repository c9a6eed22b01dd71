//! Whom to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use crate::pem::{self, Authorities, Identity};
use crate::verify::{Pins, Verifier};
use crate::{CaSource, TlsConfig, TlsConfigError, default_provider};

/// Builds a [`TlsConfig`].
///
/// With nothing named, the authorities of the operating system are trusted (feature
/// `native-roots`), or Mozilla's (feature `webpki-roots`). As soon as something is named, only
/// what is named is trusted; several sources add up.
///
/// # Pins
///
/// A pin ([`pin_spki`](Self::pin_spki), [`pin_certificate`](Self::pin_certificate)) is such a
/// source: it makes one key or one certificate trusted, whoever issued it, whatever names it
/// carries and whenever it is valid. Authorities, names and time are checked for all others, if
/// authorities are named as well; with nothing but pins, all others are refused. In any case the
/// server proves in the handshake that it has the private key.
///
/// This is RFC 6120's pinned certificate (§13.7.2, RFC 6125 §6.6.2 and RFC 9525 §6.6): the user
/// was shown the certificate, with the
/// [report](xmpp_proto::endpoint::Ended::certificate) that comes with every refusal, and accepted
/// it for this domain. So keep pins per account: a configuration shared between several domains
/// trusts the pinned key for all of them.
///
/// ```no_run
/// use xmpp_proto::endpoint::Ended;
/// use xmpp_runtime_common::{TlsBuilder, TlsConfig, TlsConfigError};
///
/// /// After somebody has compared the hash with what the server's operator says.
/// fn trust_it(ended: &Ended) -> Result<Option<TlsConfig>, TlsConfigError> {
///     let key = ended.certificate().and_then(|certificate| certificate.spki_sha256);
///     key.map(|key| TlsBuilder::new().pin_spki(key).build()).transpose()
/// }
/// # let _ = trust_it;
/// ```
///
/// # Example
///
/// ```no_run
/// use xmpp_runtime_common::TlsConfig;
///
/// let trust = TlsConfig::builder().ca_file("/etc/ssl/own-ca.pem")?;
/// # #[cfg(feature = "native-roots")]
/// let trust = trust.native_roots(); // beside the public ones
/// let tls = trust.build()?;
/// # Ok::<(), xmpp_runtime_common::TlsConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TlsBuilder {
    native: bool,
    webpki: bool,
    cas: Vec<Authorities>,
    pins: Pins,
    /// Shared, because a private key is copied only where it must be.
    client: Option<Arc<Identity>>,
    verifier: Option<Arc<dyn ServerCertVerifier>>,
    provider: Option<Arc<CryptoProvider>>,
}

impl TlsBuilder {
    /// Nothing named yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities of the operating system. They are read when
    /// [`build`](Self::build) is called.
    #[cfg(feature = "native-roots")]
    pub fn native_roots(mut self) -> Self {
        self.native = true;
        self
    }

    /// Trusts Mozilla's authorities, as compiled in.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.webpki = true;
        self
    }

    /// Trusts the authorities in `pem`: one or more `CERTIFICATE` sections, anything else in it
    /// is skipped.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::Pem`] and [`TlsConfigError::NoCertificates`].
    pub fn ca_pem(self, pem: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        self.ca(CaSource::Bytes, pem.as_ref())
    }

    /// Trusts the authorities in the PEM file `path`, which is read at once.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ReadFile`], [`TlsConfigError::Pem`] and
    /// [`TlsConfigError::NoCertificates`]; all name the file.
    pub fn ca_file(self, path: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        let path = path.as_ref();
        self.ca(CaSource::File(path.to_owned()), &pem::read(path)?)
    }

    fn ca(mut self, source: CaSource, pem: &[u8]) -> Result<Self, TlsConfigError> {
        self.cas.push(pem::authorities(source, pem)?);
        Ok(self)
    }

    /// Trusts whoever has the key with this SHA-256 hash of its `SubjectPublicKeyInfo`, in
    /// addition to what else is named: see [Pins](Self#pins). The hash stays good when the
    /// certificate is renewed for the same key.
    ///
    /// It comes from [`CertificateReport::spki_sha256`] or [`spki_sha256`](crate::spki_sha256).
    ///
    /// [`CertificateReport::spki_sha256`]: xmpp_proto::endpoint::CertificateReport::spki_sha256
    pub fn pin_spki(mut self, sha256: [u8; 32]) -> Self {
        self.pins.keys.push(sha256);
        self
    }

    /// Trusts exactly this certificate, in DER, in addition to what else is named: see
    /// [Pins](Self#pins). Once the server renews it, it is refused.
    pub fn pin_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.pins.certificates.push(CertificateDer::from(der.into()));
        self
    }

    /// Shows a certificate to servers that ask for one, as SASL EXTERNAL needs it (XEP-0178): the
    /// certificates in `chain`, the client's own first, and its private key in `key`, both PEM.
    /// Other sections are skipped, so that both may be the same bytes. Keys are PKCS #8, PKCS #1 or
    /// SEC 1, not encrypted.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ClientCertificate`]. Whether the two belong together is seen in
    /// [`build`](Self::build).
    pub fn client_cert_pem(
        mut self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsConfigError> {
        let identity = Identity::from_pem(chain.as_ref(), key.as_ref());
        self.client = Some(Arc::new(identity.map_err(TlsConfigError::ClientCertificate)?));
        Ok(self)
    }

    /// The same with one PEM file that holds both, which is read at once.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ReadFile`] and [`TlsConfigError::ClientCertificate`].
    pub fn client_cert_file(self, path: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        let pem = pem::read(path.as_ref())?;
        self.client_cert_pem(&pem, &pem)
    }

    /// Leaves the whole judgement of certificates to `verifier`, but for those that are
    /// [pinned](Self#pins). Authorities that were named are not asked.
    ///
    /// The server name it is given is the XMPP domain. A verifier that accepts everything gives
    /// every party on the way the password and the messages.
    pub fn verifier(mut self, verifier: Arc<dyn ServerCertVerifier>) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Uses this cryptography rather than that of the crate's features.
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// The finished configuration.
    ///
    /// This reads the operating system's store if it is trusted, some milliseconds of blocking
    /// file access: build once and clone.
    ///
    /// # Errors
    ///
    /// Everything in [`TlsConfigError`] that is not about reading CA files.
    pub fn build(self) -> Result<TlsConfig, TlsConfigError> {
        let provider = match &self.provider {
            Some(provider) => Arc::clone(provider),
            None => default_provider()?,
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsConfigError::Rustls)?;
        let (pins, client) = (self.pins.clone(), self.client.clone());
        let inner = self.judge(&provider)?;
        let verifier = Arc::new(Verifier::new(pins, inner, provider));
        let config = config.dangerous().with_custom_certificate_verifier(verifier);
        Ok(TlsConfig::from_rustls(match client {
            Some(client) => config
                .with_client_auth_cert(client.chain.clone(), client.key.clone_key())
                .map_err(|error| TlsConfigError::ClientCertificate(error.to_string()))?,
            None => config.with_no_client_auth(),
        }))
    }

    /// Who decides about certificates that are not pinned, if anybody.
    fn judge(
        self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ServerCertVerifier>>, TlsConfigError> {
        if self.verifier.is_some() {
            return Ok(self.verifier);
        }
        let nothing_else = !self.native && !self.webpki && self.cas.is_empty();
        if nothing_else && !self.pins.is_empty() {
            return Ok(None);
        }
        let roots = Arc::new(self.roots()?);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
        // With roots and without revocation lists, which is so here, it cannot fail.
        Ok(Some(
            verifier.map_err(|error| {
                TlsConfigError::Rustls(rustls::Error::General(error.to_string()))
            })?,
        ))
    }

    fn roots(self) -> Result<RootCertStore, TlsConfigError> {
        let unnamed = !self.native && !self.webpki && self.cas.is_empty();
        let mut roots = RootCertStore::empty();
        if self.native || (unnamed && cfg!(feature = "native-roots")) {
            add_native(&mut roots)?;
        }
        if self.webpki || (unnamed && cfg!(not(feature = "native-roots"))) {
            add_webpki(&mut roots)?;
        }
        for authorities in self.cas {
            pem::add(&mut roots, authorities)?;
        }
        Ok(roots)
    }
}

#[cfg(feature = "native-roots")]
fn add_native(roots: &mut RootCertStore) -> Result<(), TlsConfigError> {
    let found = rustls_native_certs::load_native_certs();
    // Stores often hold a few certificates that nothing modern can read: they are left out.
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(());
    }
    let mut detail = format!("{ignored} could not be read");
    for error in found.errors {
        detail.push_str("; ");
        detail.push_str(&error.to_string());
    }
    Err(TlsConfigError::NoNativeRoots(detail))
}

#[cfg(not(feature = "native-roots"))]
fn add_native(_: &mut RootCertStore) -> Result<(), TlsConfigError> {
    Err(TlsConfigError::NoTrust)
}

#[cfg(feature = "webpki-roots")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn add_webpki(roots: &mut RootCertStore) -> Result<(), TlsConfigError> {
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(())
}

#[cfg(not(feature = "webpki-roots"))]
fn add_webpki(_: &mut RootCertStore) -> Result<(), TlsConfigError> {
    Err(TlsConfigError::NoTrust)
}
