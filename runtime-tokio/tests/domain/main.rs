//! A domain on sockets: what clients do on real servers, and what only a domain's embedder can see.

#[path = "../../examples/support/certificate.rs"]
mod certificate;
mod contacts;
mod examples;
mod listener;
#[path = "../session/mod.rs"]
mod session;
#[path = "../support/mod.rs"]
mod support;

use core::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;
use xmpp_proto::domain::DomainConfig;
use xmpp_proto::sasl::StoredCredentials;
use xmpp_runtime_tokio::{DomainHandle, DomainListener, ListenerConfig};

use certificate::Certificate;
use support::dir::TempDir;
use support::{DOMAIN, Server};

/// A domain in this process, with the accounts `alice` and `bob` whose passwords are `secret`.
pub(crate) struct Town {
    pub(crate) domain: DomainHandle,
    addresses: [SocketAddr; 2],
    ca_file: PathBuf,
    accepting: JoinHandle<()>,
    _dir: TempDir,
}

impl Town {
    pub(crate) async fn start() -> Self {
        Self::start_with(DomainConfig::new(DOMAIN.parse().unwrap())).await
    }

    pub(crate) async fn start_with(config: DomainConfig) -> Self {
        let certificate = Certificate::new(DOMAIN).unwrap();
        let dir = TempDir::new();
        let ca_file = dir.path().join("ca.pem");
        std::fs::write(&ca_file, &certificate.ca).unwrap();
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let listening = ListenerConfig::new(DOMAIN)
            .unwrap()
            .starttls(local)
            .direct_tls(local)
            .certificate_pem(DOMAIN, &certificate.chain, &certificate.key)
            .unwrap();
        let mut listener = DomainListener::bind(listening, config).await.unwrap();
        let domain = listener.domain().clone();
        for name in ["alice", "bob"] {
            let keys = StoredCredentials::from_password("secret", b"a salt", 4096).unwrap();
            domain.with(|domain, _| domain.add_account(name, keys)).unwrap();
        }
        let addresses: Vec<_> = listener.local_addrs().collect();
        let accepting = tokio::spawn(async move {
            while let Ok(connection) = listener.accept().await {
                tokio::spawn(connection);
            }
        });
        let addresses = addresses.try_into().unwrap();
        Self { domain, addresses, ca_file, accepting, _dir: dir }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server for Town {
    fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    fn tls_address(&self) -> SocketAddr {
        self.addresses[1]
    }

    fn ca_file(&self) -> &Path {
        &self.ca_file
    }
}
