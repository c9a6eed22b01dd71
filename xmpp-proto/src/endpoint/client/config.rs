//! What a client is configured with.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::Target;
use crate::jid::BareJid;
use crate::sasl::{Credentials, Mechanism, ScramLimits, Secret};
use crate::xml::Limits;

/// When TLS is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// On the open stream, by STARTTLS (RFC 6120 §5). Mandatory: a server that does not offer it
    /// is not logged in to.
    #[default]
    StartTls,
    /// Before the stream (XEP-0368, RFC 6120 §5 is then not used).
    Direct,
    /// Never: everything, the messages included, can be read and changed on the way. For tests
    /// and for transports that are secured by other means.
    InsecurePlaintext,
}

/// The configuration of a [`Client`](super::Client).
///
/// [`ClientConfig::new`] fills in everything but the account; the fields are public so that each
/// can be set on its own.
///
/// ```
/// use core::time::Duration;
/// use xmpp_proto::endpoint::{ClientConfig, Target};
///
/// let mut config = ClientConfig::new("alice@example.org".parse()?, "a password");
/// config.target = Target::new("127.0.0.1", 5222);
/// config.resource = Some("desk".into());
/// config.negotiation_timeout = Duration::from_secs(10);
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The account.
    pub jid: BareJid,
    /// User name and password. [`ClientConfig::new`] takes the JID's localpart as the user name
    /// (RFC 6120 §6.3.8).
    pub credentials: Credentials,
    /// The resource to ask for; the server chooses if it is absent (RFC 6120 §7.6).
    pub resource: Option<String>,
    /// Where to connect to. The default is the account's domain and the registered port for the
    /// TLS mode (5222 or 5223).
    pub target: Target,
    /// When TLS is started. The default is mandatory STARTTLS.
    pub tls: TlsMode,
    /// The SASL mechanisms that may be used, best first. The default is SCRAM-SHA-256,
    /// SCRAM-SHA-1, PLAIN, so that PLAIN is never used where SCRAM is offered.
    pub mechanisms: Vec<Mechanism>,
    /// Allows PLAIN on a stream without TLS: everybody on the way reads the password. The default
    /// is false.
    pub insecure_plain_without_tls: bool,
    /// Limits of the SCRAM exchange, its iteration counts above all.
    pub scram: ScramLimits,
    /// Limits of what the server sends.
    pub limits: Limits,
    /// The language of what the server says to people, as `xml:lang` of the stream header
    /// (RFC 6120 §4.7.4).
    pub lang: Option<String>,
    /// The time from opening the transport to being online. The default is 60 s.
    pub negotiation_timeout: Duration,
    /// The time from deciding to end the stream to giving up on the peer. The default is 5 s.
    pub close_timeout: Duration,
    /// The time a request waits for its answer unless it says otherwise. The default is 30 s.
    pub request_timeout: Duration,
    /// The time the application has to answer a query before the machine answers
    /// `service-unavailable` for it. The default is 30 s.
    pub answer_timeout: Duration,
    /// The most requests that may wait for answers at once. The default is 256.
    pub max_requests: usize,
    /// The most queries that may wait for the application at once; further ones are answered
    /// `service-unavailable` by the machine. The default is 256.
    pub max_queries: usize,
    /// The most events that wait for the application before reading stops. The default is 64.
    pub event_capacity: usize,
    /// Adapters hold commands back while more bytes than this wait to be written. The default is
    /// 64 KiB.
    pub output_high_water: usize,
    /// Commands are refused, and reading stops, while more bytes than this wait to be written. The
    /// default is 256 KiB.
    pub output_limit: usize,
    /// The most bytes handed over in one go. The default is 16 KiB.
    pub max_chunk: usize,
}

impl ClientConfig {
    /// The default configuration for an account.
    #[must_use]
    pub fn new(jid: BareJid, password: impl Into<Secret>) -> Self {
        let user = jid.local().unwrap_or_default().to_owned();
        let target = Target::new(jid.domain(), 5222);
        Self {
            credentials: Credentials::new(user, password),
            jid,
            resource: None,
            target,
            tls: TlsMode::default(),
            mechanisms: alloc::vec![Mechanism::ScramSha256, Mechanism::ScramSha1, Mechanism::Plain],
            insecure_plain_without_tls: false,
            scram: ScramLimits::default(),
            limits: Limits::default(),
            lang: None,
            negotiation_timeout: Duration::from_mins(1),
            close_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            max_requests: 256,
            max_queries: 256,
            event_capacity: 64,
            output_high_water: 64 * 1024,
            output_limit: 256 * 1024,
            max_chunk: 16 * 1024,
        }
    }

    /// With the given TLS mode; moves the default port along (5222 or 5223).
    #[must_use]
    pub fn with_tls(mut self, tls: TlsMode) -> Self {
        self.tls = tls;
        let default = if tls == TlsMode::Direct { 5223 } else { 5222 };
        if self.target.host == self.jid.domain() && matches!(self.target.port, 5222 | 5223) {
            self.target.port = default;
        }
        self
    }

    /// With an explicit host and port to connect to.
    #[must_use]
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// With the resource to ask for.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// With these SASL mechanisms only, best first.
    #[must_use]
    pub fn with_mechanisms(mut self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.mechanisms = mechanisms.into();
        self
    }
}
