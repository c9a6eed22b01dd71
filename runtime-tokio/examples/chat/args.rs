//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use xmpp_proto::jid::{BareJid, Jid};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::{Config, ConfigError, TlsMode};

/// Logs in to an XMPP server, sends each line of standard input as a chat message, and prints
/// each message received.
///
/// The password is taken from the environment variable `XMPP_PASSWORD`, or asked for.
#[derive(Parser)]
pub(crate) struct Args {
    /// The account, such as alice@example.org
    #[arg(long)]
    jid: BareJid,
    /// The host to connect to, instead of the account's domain
    #[arg(long)]
    host: Option<String>,
    /// The port to connect to, instead of 5222 (5223 for direct TLS)
    #[arg(long)]
    port: Option<u16>,
    /// When TLS is started; "none" lets everybody on the way read along
    #[arg(long, value_enum, default_value = "starttls")]
    tls: Tls,
    /// A PEM file of authorities to trust, instead of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The resource to ask for, instead of one that the server chooses
    #[arg(long)]
    resource: Option<String>,
    /// The only SASL mechanism to use, such as SCRAM-SHA-256
    #[arg(long, value_parser = mechanism)]
    mechanism: Option<Mechanism>,
    /// Whom to send the lines of standard input to
    #[arg(long)]
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

impl Args {
    pub(crate) fn jid(&self) -> &BareJid {
        &self.jid
    }

    pub(crate) fn config(&self, password: String) -> Result<Config, ConfigError> {
        let mode = match self.tls {
            Tls::Starttls => TlsMode::StartTls,
            Tls::Direct => TlsMode::Direct,
            Tls::None => TlsMode::InsecurePlaintext,
        };
        let mut config = Config::new(self.jid.as_str(), password)?.tls(mode);
        if self.host.is_some() || self.port.is_some() {
            let host = self.host.as_deref().unwrap_or(self.jid.domain());
            let default = if mode == TlsMode::Direct { 5223 } else { 5222 };
            config = config.host(host, self.port.unwrap_or(default));
        }
        if let Some(path) = &self.ca_file {
            config = config.ca_file(path)?;
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
