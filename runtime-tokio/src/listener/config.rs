//! What a listener is configured with.

use core::net::SocketAddr;
use std::path::Path;

use xmpp_proto::endpoint::{ServerConfig, ServerTls};
use xmpp_proto::jid::BareJid;
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_common::{ServerTlsBuilder, ServerTlsConfig};

use crate::error::ConfigError;

/// The configuration of a [`Listener`](crate::Listener): the domains, the addresses, the
/// certificates.
///
/// TLS is mandatory at every address that is not named as [insecure](Self::insecure_plaintext).
#[derive(Clone, Debug)]
#[must_use]
pub struct ListenerConfig {
    pub(crate) core: ServerConfig,
    tls: Tls,
    pub(crate) addresses: Vec<(SocketAddr, ServerTls)>,
    pub(crate) max_connections: usize,
    pub(crate) max_per_ip: Option<usize>,
    pub(crate) command_capacity: usize,
}

#[derive(Clone, Debug)]
enum Tls {
    Build(ServerTlsBuilder),
    Ready(ServerTlsConfig),
}

impl ListenerConfig {
    /// The default configuration for `domain`, such as `example.org`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Jid`] if that is not a domain.
    pub fn new(domain: &str) -> Result<Self, ConfigError> {
        Ok(Self::from_core(ServerConfig::new(BareJid::new(domain)?)))
    }

    /// A machine's configuration and the defaults of this adapter. What it says about TLS is
    /// replaced, per address.
    ///
    /// Without a [`decoy_key`](ServerConfig::decoy_key), one is made up for each listener.
    pub fn from_core(core: ServerConfig) -> Self {
        Self {
            core,
            tls: Tls::Build(ServerTlsBuilder::new()),
            addresses: Vec::new(),
            max_connections: 10_000,
            max_per_ip: Some(100),
            command_capacity: 64,
        }
    }

    /// Listens here for clients that start with STARTTLS (RFC 6120 §5); the port for it is 5222.
    pub fn starttls(self, address: SocketAddr) -> Self {
        self.address(address, ServerTls::StartTls)
    }

    /// Listens here for clients that start with TLS (XEP-0368); the customary port is 5223.
    pub fn direct_tls(self, address: SocketAddr) -> Self {
        self.address(address, ServerTls::Direct)
    }

    /// Listens here for clients without TLS: see [`ServerTls::InsecurePlaintext`].
    pub fn insecure_plaintext(self, address: SocketAddr) -> Self {
        self.address(address, ServerTls::InsecurePlaintext)
    }

    fn address(mut self, address: SocketAddr, mode: ServerTls) -> Self {
        self.addresses.push((address, mode));
        self
    }

    /// Shows this certificate to clients of `domain`: see [`ServerTlsBuilder::certificate_pem`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`].
    pub fn certificate_pem(
        self,
        domain: &str,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        self.build_on(|tls| Ok(tls.certificate_pem(domain, chain, key)?))
    }

    /// The same from PEM files.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`], which names the file if it cannot be read.
    pub fn certificate_files(
        self,
        domain: &str,
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, ConfigError> {
        self.build_on(|tls| Ok(tls.certificate_files(domain, chain, key)?))
    }

    /// Asks clients for certificates, and trusts those of the authorities in this PEM file: see
    /// [`ServerTlsBuilder::client_ca_pem`]. They can log in with EXTERNAL if that is among the
    /// [mechanisms](Self::mechanisms).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`], which names the file.
    pub fn client_ca_file(self, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        self.build_on(|tls| Ok(tls.client_ca_file(path)?))
    }

    /// Uses a finished TLS configuration. What was said about certificates before is forgotten.
    pub fn tls_config(mut self, tls: ServerTlsConfig) -> Self {
        self.tls = Tls::Ready(tls);
        self
    }

    /// Offers these SASL mechanisms, where they are possible, in this order.
    pub fn mechanisms(mut self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.core = self.core.with_mechanisms(mechanisms);
        self
    }

    /// The most connections that may be open at once. The default is 10 000. See
    /// [Limits](crate::Listener#limits).
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// The most connections that may be open from one IPv4 address, or from one IPv6 network of
    /// 64 bits; `None` for any number, as behind a proxy. The default is 100.
    pub const fn max_connections_per_ip(mut self, connections: Option<usize>) -> Self {
        self.max_per_ip = connections;
        self
    }

    /// The most events that wait for the application, in each machine and once more on the way from
    /// there. At least 1; the default is 64.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.core.event_capacity = events.max(1);
        self
    }

    /// The most commands that wait for each driver. At least 1; the default is 64.
    pub fn command_capacity(mut self, commands: usize) -> Self {
        self.command_capacity = commands.max(1);
        self
    }

    /// Changes anything else about the machines: domains, limits, deadlines, language.
    pub fn core(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.core);
        self
    }

    fn build_on(
        mut self,
        change: impl FnOnce(ServerTlsBuilder) -> Result<ServerTlsBuilder, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let builder = match self.tls {
            Tls::Build(builder) => builder,
            Tls::Ready(_) => ServerTlsBuilder::new(),
        };
        self.tls = Tls::Build(change(builder)?);
        Ok(self)
    }

    /// The finished TLS configuration, if any address needs one.
    pub(crate) fn build_tls(&self) -> Result<Option<ServerTlsConfig>, ConfigError> {
        if self.addresses.iter().all(|(_, mode)| *mode == ServerTls::InsecurePlaintext) {
            return Ok(None);
        }
        Ok(Some(match &self.tls {
            Tls::Build(builder) => builder.clone().build()?,
            Tls::Ready(tls) => tls.clone(),
        }))
    }
}
