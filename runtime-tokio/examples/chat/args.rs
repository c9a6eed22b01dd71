//! The command line.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use xmpp_proto::endpoint::ClientConfig;
use xmpp_proto::jid::{BareJid, Jid};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::{Config, ConfigError, TlsMode};

/// Logs in to an XMPP server, sends each line of standard input as a chat message, and prints
/// each message received. Without arguments, it shows two people who find each other and chat, on a
/// server in the same process.
///
/// The password is taken from the environment variable `XMPP_PASSWORD`, or asked for.
#[derive(Parser)]
pub(crate) struct Args {
    /// The account, such as alice@example.org
    #[arg(long)]
    jid: Option<BareJid>,
    /// The host to connect to, instead of the servers that DNS names for the account's domain
    #[arg(long, requires = "jid")]
    host: Option<String>,
    /// The port to connect to, instead of 5222 (5223 for direct TLS)
    #[arg(long, requires = "jid")]
    port: Option<u16>,
    /// A DNS server to ask, such as 127.0.0.1:53, instead of the system's; may be repeated
    #[arg(long, requires = "jid", value_name = "ADDRESS:PORT")]
    dns: Vec<SocketAddr>,
    /// When TLS is started; "none" lets everybody on the way read along
    #[arg(long, requires = "jid", value_enum, default_value = "starttls")]
    tls: Tls,
    /// A PEM file of authorities to trust, instead of the system's
    #[arg(long, requires = "jid", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A key to trust whoever certifies it, as the refusal of its certificate shows it; may be
    /// repeated
    #[arg(long, requires = "jid", value_name = "sha256:HEX", value_parser = pin)]
    pin: Vec<[u8; 32]>,
    /// A PEM file with a certificate and its private key, to be shown to the server; with
    /// "--mechanism EXTERNAL" no password is needed
    #[arg(long, requires = "jid", value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// The resource to ask for, instead of one that the server chooses
    #[arg(long, requires = "jid")]
    resource: Option<String>,
    /// The only SASL mechanism to use, such as SCRAM-SHA-256
    #[arg(long, requires = "jid", value_parser = mechanism)]
    mechanism: Option<Mechanism>,
    /// Whom to send the lines of standard input to
    #[arg(long, requires = "jid")]
    pub(crate) to: Option<Jid>,
    /// Print everything sent and received on standard error, secrets left out
    #[arg(long)]
    pub(crate) xml: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tls {
    /// On the open stream
    Starttls,
    /// Before the stream
    Direct,
    /// Never
    None,
}

fn mechanism(name: &str) -> Result<Mechanism, String> {
    Mechanism::from_name(name).ok_or_else(|| "not a mechanism that this program knows".to_owned())
}

/// `sha256:` and 64 hexadecimal digits.
fn pin(text: &str) -> Result<[u8; 32], String> {
    let digits = text.strip_prefix("sha256:").map(|hex| hex.chars().map(|c| c.to_digit(16)));
    let digits: Option<Vec<u32>> = digits.and_then(Iterator::collect);
    let bytes = digits.filter(|digits| digits.len() == 64).map(|digits| {
        digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
    });
    let bytes: Option<Vec<u8>> = bytes;
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "not \"sha256:\" and 64 hexadecimal digits".to_owned())
}

impl Args {
    /// None for the show without arguments.
    pub(crate) const fn jid(&self) -> Option<&BareJid> {
        self.jid.as_ref()
    }

    /// Whether the client certificate stands in for a password.
    pub(crate) fn needs_password(&self) -> bool {
        !matches!(self.mechanism, Some(Mechanism::External | Mechanism::Anonymous))
    }

    pub(crate) fn config(&self, jid: &BareJid, password: String) -> Result<Config, ConfigError> {
        let mode = match self.tls {
            Tls::Starttls => TlsMode::StartTls,
            Tls::Direct => TlsMode::Direct,
            Tls::None => TlsMode::InsecurePlaintext,
        };
        let mut config = match self.mechanism {
            Some(Mechanism::External) => Config::from_core(ClientConfig::external(jid.clone())),
            Some(Mechanism::Anonymous) => Config::from_core(ClientConfig::anonymous(jid.clone())),
            _ => Config::new(jid.as_str(), password)?,
        };
        config = config.tls(mode);
        if self.host.is_some() || self.port.is_some() {
            let host = self.host.as_deref().unwrap_or(jid.domain());
            let default = if mode == TlsMode::Direct { 5223 } else { 5222 };
            config = config.host(host, self.port.unwrap_or(default));
        }
        if !self.dns.is_empty() {
            config = config.dns(self.dns.iter().copied());
        }
        if let Some(path) = &self.ca_file {
            config = config.ca_file(path)?;
        }
        for pin in &self.pin {
            config = config.pin(*pin);
        }
        if let Some(path) = &self.client_cert {
            config = config.client_cert_file(path)?;
        }
        if let Some(resource) = &self.resource {
            config = config.resource(resource);
        }
        if let Some(mechanism) = self.mechanism {
            // Whoever asks for no TLS and for PLAIN, both by name, has been told.
            let insecure = mechanism == Mechanism::Plain && mode == TlsMode::InsecurePlaintext;
            config = config
                .mechanisms([mechanism])
                .core(|core| core.insecure_plain_without_tls = insecure);
        }
        Ok(config)
    }
}
