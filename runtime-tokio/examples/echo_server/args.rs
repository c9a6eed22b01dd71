//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use xmpp_proto::endpoint::TlsVersion;
use xmpp_runtime_common::{ServerTlsConfig, TlsConfigError};

use crate::support::account;

/// A server that sends every message back.
#[derive(Parser)]
pub(crate) struct Args {
    /// The domain to serve.
    #[arg(long, default_value = "localhost")]
    pub(crate) domain: String,
    /// Listen here for STARTTLS.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) c2s: Option<SocketAddr>,
    /// Listen here for direct TLS.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) c2s_tls: Option<SocketAddr>,
    /// The chain of certificates, the server's own first.
    #[arg(long, value_name = "PEM FILE")]
    cert: PathBuf,
    /// Its private key.
    #[arg(long, value_name = "PEM FILE")]
    key: PathBuf,
    /// An account. May be given several times.
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = account)]
    pub(crate) users: Vec<(String, String)>,
    /// Speak TLS 1.2 only.
    #[arg(long)]
    tls12: bool,
}

impl Args {
    pub(crate) fn tls(&self) -> Result<ServerTlsConfig, TlsConfigError> {
        let mut tls = ServerTlsConfig::builder();
        if self.tls12 {
            tls = tls.versions([TlsVersion::V1_2]);
        }
        tls.certificate_files(&self.domain, &self.cert, &self.key)?.build()
    }
}
