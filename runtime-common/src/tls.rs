//! One rustls configuration for many connections.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::ServerName;
use xmpp_proto::endpoint::{LostCause, TlsFault};

use crate::{TlsBuilder, TlsConfigError};

/// A finished TLS configuration. Clones share it: roots, session tickets and all.
#[derive(Clone)]
pub struct TlsConfig {
    shared: Arc<Shared>,
}

struct Shared {
    plain: Arc<ClientConfig>,
    // rustls keeps the ALPN list in the configuration, and the machine decides per connection.
    // There is one protocol name for clients and one for servers, so this list stays short.
    with_alpn: Mutex<Vec<Arc<ClientConfig>>>,
}

impl TlsConfig {
    /// The most distinct ALPN protocols that are kept ready.
    const KEPT: usize = 4;

    /// Trusts what the features name: the operating system's authorities, else Mozilla's.
    ///
    /// # Errors
    ///
    /// See [`TlsBuilder::build`].
    pub fn new() -> Result<Self, TlsConfigError> {
        TlsBuilder::new().build()
    }

    /// Names what to trust.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::new()
    }

    /// Takes a rustls configuration as it is, for what the builder does not offer (client
    /// certificates, revocation lists, key logging). Its list of ALPN protocols is replaced.
    #[must_use]
    pub fn from_rustls(mut config: ClientConfig) -> Self {
        config.alpn_protocols.clear();
        let with_alpn = Mutex::new(Vec::new());
        Self { shared: Arc::new(Shared { plain: Arc::new(config), with_alpn }) }
    }

    /// The configuration for a connection that offers `alpn`, or no protocol at all. The same
    /// question gives the same object.
    #[must_use]
    pub fn client_config(&self, alpn: Option<&[u8]>) -> Arc<ClientConfig> {
        let Some(alpn) = alpn else { return Arc::clone(&self.shared.plain) };
        // A panic cannot leave the list half changed, so poison means nothing here.
        let mut kept = self.shared.with_alpn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.iter().find(|config| config.alpn_protocols == [alpn]) {
            return Arc::clone(found);
        }
        let mut config = ClientConfig::clone(&self.shared.plain);
        config.alpn_protocols = vec![alpn.to_vec()];
        let config = Arc::new(config);
        if kept.len() < Self::KEPT {
            kept.push(Arc::clone(&config));
        }
        config
    }

    /// The cryptography in use.
    #[must_use]
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        self.shared.plain.crypto_provider()
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig").finish_non_exhaustive()
    }
}

/// The reference identity for the XMPP domain `domain`: a DNS name, or an IP address (IPv6 with
/// or without brackets).
///
/// # Errors
///
/// [`TlsFault::Handshake`], wrapped, if no certificate could carry such a name.
pub fn server_name(domain: &str) -> Result<ServerName<'static>, LostCause> {
    let bare = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(domain);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        LostCause::Tls(TlsFault::Handshake(format!(
            "no certificate can be made out for the domain \"{domain}\": \
             it is neither a DNS name in ASCII nor an IP address"
        )))
    })
}
