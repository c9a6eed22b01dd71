//! TLS at the server's end: which certificate is shown, and which ones of clients count.

use core::fmt;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, Error as TlsError, SignatureScheme};
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, UnixTime};
use xmpp_proto::endpoint::{TlsInfo, TlsVersion};

use crate::pem::{self, Authorities, Identity};
use crate::{CaSource, TlsConfigError, default_provider, server_tls_info};

/// The name of client-to-server streams in ALPN (XEP-0368 §3, RFC 7301).
const ALPN: &[u8] = b"xmpp-client";

/// How many sessions of each domain can be resumed: rustls' default.
const SESSIONS: usize = 256;

/// The finished TLS configuration of a server. Clones share it.
#[derive(Clone)]
pub struct ServerTlsConfig {
    shared: Arc<Shared>,
}

struct Shared {
    /// For direct TLS: the certificate by SNI, and ALPN.
    direct: Arc<ServerConfig>,
    /// For STARTTLS, by domain, and for those without a certificate of their own.
    domains: HashMap<String, Arc<ServerConfig>>,
    other: Arc<ServerConfig>,
    judge: Judge,
}

/// Who decides whether a client's certificate is trusted.
enum Judge {
    /// Nobody: none is asked for.
    Nobody,
    /// The authorities that were named, once the handshake is done.
    Authorities(Arc<dyn ClientCertVerifier>),
    /// rustls has decided in the handshake.
    Handshake,
}

impl ServerTlsConfig {
    /// Names the certificates.
    pub fn builder() -> ServerTlsBuilder {
        ServerTlsBuilder::new()
    }

    /// Takes a rustls configuration as it is, for what the builder does not offer (certificates
    /// that are renewed while it runs, revocation lists, key logging). Its list of ALPN protocols
    /// is replaced. Its verifier decides about clients: what it lets pass is a trusted client
    /// certificate.
    #[must_use]
    pub fn from_rustls(config: ServerConfig) -> Self {
        Self::new(config, HashMap::new(), Judge::Handshake)
    }

    fn new(
        mut config: ServerConfig,
        domains: HashMap<String, Arc<ServerConfig>>,
        judge: Judge,
    ) -> Self {
        config.alpn_protocols.clear();
        let mut direct = config.clone();
        direct.alpn_protocols = vec![ALPN.to_vec()];
        let (direct, other) = (Arc::new(direct), Arc::new(config));
        Self { shared: Arc::new(Shared { direct, domains, other, judge }) }
    }

    /// The configuration for direct TLS (XEP-0368): the certificate for the name that the client
    /// gives in the handshake (SNI), and ALPN. A client that offers no protocol by ALPN is accepted;
    /// one that offers only others is refused (RFC 7301 §3.2).
    #[must_use]
    pub fn direct(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shared.direct)
    }

    /// The configuration for STARTTLS on a stream to `domain`: its certificate (RFC 6120 §5.4.3.1),
    /// and where it has none, that for the name in the handshake, or the first. ALPN plays no role
    /// there.
    #[must_use]
    pub fn starttls(&self, domain: &str) -> Arc<ServerConfig> {
        let shared = &self.shared;
        Arc::clone(shared.domains.get(&domain.to_ascii_lowercase()).unwrap_or(&shared.other))
    }

    /// What the machine wants to know of a finished handshake: the version, `tls-exporter` on
    /// TLS 1.3, and the client's certificate, if one was shown and is trusted.
    #[must_use]
    pub fn tls_info(&self, connection: &ServerConnection) -> TlsInfo {
        let info = server_tls_info(connection);
        match self.trusted(connection) {
            Some(leaf) => info.with_client_certificate(leaf.to_vec()),
            None => info,
        }
    }

    /// Judged here and not in the handshake, so that a client that shows a certificate that nobody
    /// here knows can go on without it, and so that a resumed session is judged again.
    fn trusted<'a>(&self, connection: &'a ServerConnection) -> Option<&'a CertificateDer<'static>> {
        let (leaf, others) = connection.peer_certificates()?.split_first()?;
        match &self.shared.judge {
            Judge::Nobody => None,
            Judge::Handshake => Some(leaf),
            Judge::Authorities(verifier) => {
                let now = self.shared.other.time_provider.current_time()?;
                verifier.verify_client_cert(leaf, others, now).ok().map(|_| leaf)
            }
        }
    }

    /// The cryptography in use.
    #[must_use]
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        self.shared.other.crypto_provider()
    }
}

impl fmt::Debug for ServerTlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTlsConfig").finish_non_exhaustive()
    }
}

/// Builds a [`ServerTlsConfig`].
///
/// ```no_run
/// use xmpp_runtime_common::ServerTlsConfig;
///
/// let tls = ServerTlsConfig::builder()
///     .certificate_files("example.org", "/etc/xmpp/example.org.pem", "/etc/xmpp/example.org.key")?
///     .certificate_files("example.net", "/etc/xmpp/example.net.pem", "/etc/xmpp/example.net.key")?
///     .build()?;
/// # Ok::<(), xmpp_runtime_common::TlsConfigError>(())
/// ```
///
/// # Certificates of clients
///
/// With authorities named ([`client_ca_pem`](Self::client_ca_pem)), clients are asked for a
/// certificate, as EXTERNAL needs it (RFC 6120 §13.7.2.2, XEP-0178). None has to show one. One that
/// is not trusted (of another authority, or expired) does not end the handshake: the client logs in
/// in another way. Whatever is shown, the client proves in the handshake that it has the private key.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerTlsBuilder {
    /// Shared, because private keys are copied only where they must be.
    certificates: Vec<(String, Arc<Identity>)>,
    client_cas: Vec<Authorities>,
    versions: Option<Vec<TlsVersion>>,
    provider: Option<Arc<CryptoProvider>>,
}

impl ServerTlsBuilder {
    /// Nothing named yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows this certificate to clients of `domain`, the first one that is named also to those who
    /// name no domain or another: the certificates in `chain`, the server's own first, and its
    /// private key in `key`, both PEM. Other sections are skipped, so that both may be the same
    /// bytes. Keys are PKCS #8, PKCS #1 or SEC 1, not encrypted.
    ///
    /// With STARTTLS the domain is that of the stream (RFC 6120 §4.7.2). With direct TLS it is
    /// the name in the handshake, which is ASCII (RFC 6066 §3): name an internationalised domain in
    /// both forms. For one domain, the last call counts.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ServerCertificate`]. Whether the two belong together is seen in
    /// [`build`](Self::build).
    pub fn certificate_pem(
        mut self,
        domain: impl Into<String>,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsConfigError> {
        let domain = domain.into().to_ascii_lowercase();
        match Identity::from_pem(chain.as_ref(), key.as_ref()) {
            Ok(identity) => {
                let identity = Arc::new(identity);
                match self.certificates.iter_mut().find(|(known, _)| *known == domain) {
                    Some((_, known)) => *known = identity,
                    None => self.certificates.push((domain, identity)),
                }
                Ok(self)
            }
            Err(detail) => Err(TlsConfigError::ServerCertificate { domain, detail }),
        }
    }

    /// The same from two PEM files (or one that holds both, named twice), which are read at once.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ReadFile`] and [`TlsConfigError::ServerCertificate`].
    pub fn certificate_files(
        self,
        domain: impl Into<String>,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsConfigError> {
        self.certificate_pem(domain, pem::read(chain.as_ref())?, pem::read(key.as_ref())?)
    }

    /// Asks clients for certificates, and trusts those of the authorities in `pem`: see
    /// [Certificates of clients](Self#certificates-of-clients).
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::Pem`] and [`TlsConfigError::NoCertificates`].
    pub fn client_ca_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        self.client_cas.push(pem::authorities(CaSource::Bytes, pem.as_ref())?);
        Ok(self)
    }

    /// The same with the authorities in the PEM file `path`, which is read at once.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::ReadFile`], [`TlsConfigError::Pem`] and
    /// [`TlsConfigError::NoCertificates`]; all name the file.
    pub fn client_ca_file(mut self, path: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        let path = path.as_ref();
        let pem = pem::read(path)?;
        self.client_cas.push(pem::authorities(CaSource::File(path.to_owned()), &pem)?);
        Ok(self)
    }

    /// Speaks these versions of TLS only. The default is both 1.2 and 1.3 (RFC 9325 §3.1.1).
    pub fn versions(mut self, versions: impl Into<Vec<TlsVersion>>) -> Self {
        self.versions = Some(versions.into());
        self
    }

    /// Uses this cryptography rather than that of the crate's features.
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// The finished configuration. Build it once and clone it.
    ///
    /// # Errors
    ///
    /// [`TlsConfigError::NoServerCertificate`], [`TlsConfigError::ServerCertificate`],
    /// [`TlsConfigError::BadCertificate`], [`TlsConfigError::NoProvider`] and
    /// [`TlsConfigError::Rustls`].
    pub fn build(self) -> Result<ServerTlsConfig, TlsConfigError> {
        let provider = match self.provider {
            Some(provider) => provider,
            None => default_provider()?,
        };
        let mut certificates = Vec::with_capacity(self.certificates.len());
        for (domain, identity) in self.certificates {
            let certified =
                CertifiedKey::from_der(identity.chain.clone(), identity.key.clone_key(), &provider);
            match certified {
                Ok(certified) => certificates.push((domain, Arc::new(certified))),
                Err(error) => {
                    let detail = error.to_string();
                    return Err(TlsConfigError::ServerCertificate { domain, detail });
                }
            }
        }
        let Some((_, first)) = certificates.first() else {
            return Err(TlsConfigError::NoServerCertificate);
        };
        let versions: &[_] = match self.versions.as_deref() {
            None => &[&TLS13, &TLS12],
            Some(versions) => &versions.iter().filter_map(|it| supported(*it)).collect::<Vec<_>>(),
        };
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(TlsConfigError::Rustls)?;
        let (config, judge) = if self.client_cas.is_empty() {
            (config.with_no_client_auth(), Judge::Nobody)
        } else {
            let verifier = client_verifier(self.client_cas, &provider)?;
            let subjects = verifier.root_hint_subjects().to_vec();
            let asking = AnyClient { provider, subjects };
            let config = config.with_client_cert_verifier(Arc::new(asking));
            (config, Judge::Authorities(verifier))
        };
        let mut config = config.with_cert_resolver(Arc::new(ByName::only(first)));
        let fixed = certificates.iter().map(|(domain, certified)| {
            let mut config = config.clone();
            config.cert_resolver = Arc::new(ByName::only(certified));
            // A session is resumed only where its certificate would be shown.
            config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
            (domain.clone(), Arc::new(config))
        });
        let fixed = fixed.collect();
        let first = Arc::clone(first);
        let domains = certificates.into_iter().collect();
        config.cert_resolver = Arc::new(ByName { first, domains });
        Ok(ServerTlsConfig::new(config, fixed, judge))
    }
}

fn supported(version: TlsVersion) -> Option<&'static rustls::SupportedProtocolVersion> {
    match version {
        TlsVersion::V1_2 => Some(&TLS12),
        TlsVersion::V1_3 => Some(&TLS13),
        _ => None,
    }
}

fn client_verifier(
    authorities: Vec<Authorities>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsConfigError> {
    let mut roots = RootCertStore::empty();
    for authorities in authorities {
        pem::add(&mut roots, authorities)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    // With roots and without revocation lists, which is so here, it cannot fail.
    verifier.map_err(|error| TlsConfigError::Rustls(TlsError::General(error.to_string())))
}

/// Chooses by the name in the handshake (SNI, RFC 6066 §3).
#[derive(Debug)]
struct ByName {
    first: Arc<CertifiedKey>,
    domains: HashMap<String, Arc<CertifiedKey>>,
}

impl ByName {
    /// Always the same.
    fn only(certified: &Arc<CertifiedKey>) -> Self {
        Self { first: Arc::clone(certified), domains: HashMap::new() }
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let named = name.and_then(|name| self.domains.get(&name));
        Some(Arc::clone(named.unwrap_or(&self.first)))
    }
}

/// Asks for a certificate and takes any, or none: what it is worth is judged afterwards. That the
/// client has its private key is checked here as ever.
#[derive(Debug)]
struct AnyClient {
    provider: Arc<CryptoProvider>,
    /// What clients that have several certificates may choose by (RFC 8446 §4.2.4).
    subjects: Vec<DistinguishedName>,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
