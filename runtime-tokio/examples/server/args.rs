//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use xmpp_proto::endpoint::TlsVersion;

use crate::support::account;

/// A small XMPP server, in memory: accounts, rosters, presence, messages.
///
/// Nothing is kept when it ends, and it knows no other servers. It is for trying things out and for
/// tests. Production servers are Prosody and ejabberd, which also cluster.
#[derive(Parser)]
pub(crate) struct Args {
    /// The domain to serve
    #[arg(long, default_value = "localhost")]
    pub(crate) domain: String,
    /// Listen here for STARTTLS; the default is 127.0.0.1:5222, unless --c2s-tls is given
    #[arg(long, value_name = "ADDRESS")]
    c2s: Option<SocketAddr>,
    /// Listen here for direct TLS
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) c2s_tls: Option<SocketAddr>,
    /// A PEM file with the chain of certificates, the server's own first, instead of one that is
    /// made now
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// A PEM file with its private key
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// An account; may be given several times
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = account)]
    pub(crate) users: Vec<(String, String)>,
    /// Speak TLS 1.2 only
    #[arg(long)]
    tls12: bool,
}

impl Args {
    /// Where to listen for STARTTLS.
    pub(crate) fn c2s(&self) -> Option<SocketAddr> {
        let default = || SocketAddr::from(([127, 0, 0, 1], 5222));
        self.c2s.or_else(|| self.c2s_tls.is_none().then(default))
    }

    pub(crate) fn versions(&self) -> &'static [TlsVersion] {
        if self.tls12 { &[TlsVersion::V1_2] } else { &[TlsVersion::V1_2, TlsVersion::V1_3] }
    }
}
