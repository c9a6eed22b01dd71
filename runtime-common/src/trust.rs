//! Whom to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};

use crate::{CaSource, TlsConfig, TlsConfigError, default_provider};

/// Builds a [`TlsConfig`].
///
/// With nothing named, the authorities of the operating system are trusted (feature
/// `native-roots`), or Mozilla's (feature `webpki-roots`). As soon as something is named, only
/// what is named is trusted; several sources add up.
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
    cas: Vec<(CaSource, Vec<CertificateDer<'static>>)>,
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
        let pem = std::fs::read(path)
            .map_err(|error| TlsConfigError::ReadFile { path: path.to_owned(), error })?;
        self.ca(CaSource::File(path.to_owned()), &pem)
    }

    fn ca(mut self, source: CaSource, pem: &[u8]) -> Result<Self, TlsConfigError> {
        let certificates: Result<Vec<_>, pem::Error> =
            CertificateDer::pem_slice_iter(pem).collect();
        match certificates {
            Ok(found) if found.is_empty() => Err(TlsConfigError::NoCertificates(source)),
            Ok(found) => {
                self.cas.push((source, found));
                Ok(self)
            }
            Err(error) => Err(TlsConfigError::Pem { source, detail: error.to_string() }),
        }
    }

    /// Leaves the whole judgement of certificates to `verifier`, for pinning and the like.
    /// Whatever else was named as trusted is not asked.
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
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsConfigError::Rustls)?;
        let config = match self.verifier {
            Some(verifier) => config.dangerous().with_custom_certificate_verifier(verifier),
            None => config.with_root_certificates(self.roots()?),
        };
        Ok(TlsConfig::from_rustls(config.with_no_client_auth()))
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
        for (source, certificates) in self.cas {
            for (index, certificate) in certificates.into_iter().enumerate() {
                roots.add(certificate).map_err(|error| TlsConfigError::BadCertificate {
                    source: source.clone(),
                    number: index + 1,
                    error,
                })?;
            }
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
