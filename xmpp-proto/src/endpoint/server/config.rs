//! What a server is configured with.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::{Keepalive, StreamManagement};
use super::rate::RateLimit;
use crate::jid::BareJid;
use crate::sasl::{Mechanism, ScramLimits};
use crate::xml::{Element, Limits};

/// When a server starts TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerTls {
    /// On the open stream, and before anything else (RFC 6120 §5): nothing is offered but STARTTLS,
    /// which is required, and a login before it is refused with `encryption-required`.
    #[default]
    StartTls,
    /// Before the stream (XEP-0368).
    Direct,
    /// Never: everything, the messages included, can be read and changed on the way. For tests and
    /// for transports that are secured by other means. PLAIN is then not offered, unless
    /// [`ServerConfig::insecure_plain_without_tls`] says so.
    InsecurePlaintext,
}

/// The configuration of a [`Server`](super::Server): one for all streams of a listener.
///
/// [`ServerConfig::new`] fills in everything but the domain; the fields are public so that each can
/// be set on its own.
///
/// ```
/// use core::time::Duration;
/// use xmpp_proto::endpoint::ServerConfig;
///
/// let mut config = ServerConfig::new("example.org".parse()?);
/// config.negotiation_timeout = Duration::from_secs(10);
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The domains that are served (RFC 6120 §4.9.3.6). The first answers where a client names none
    /// that is.
    pub domains: Vec<BareJid>,
    /// When TLS is started. The default is mandatory STARTTLS.
    pub tls: ServerTls,
    /// The SASL mechanisms that are offered where they are possible, in this order. The default is
    /// [`Mechanism::DEFAULT`]. A -PLUS mechanism is possible on TLS 1.3 only, with `tls-exporter`,
    /// and is always offered together with that name (XEP-0440); EXTERNAL only where the client
    /// has shown a certificate that the adapter has checked.
    pub mechanisms: Vec<Mechanism>,
    /// Allows PLAIN on a stream without TLS: everybody on the way reads the password. The default
    /// is false.
    pub insecure_plain_without_tls: bool,
    /// The failed logins on one stream after which it is closed with `policy-violation`
    /// (RFC 6120 §6.4.5). The default is 3.
    pub max_login_attempts: u8,
    /// Whether the session request of RFC 3921 is announced as optional, for clients that will not
    /// go on without it. It does nothing. The default is true.
    pub session: bool,
    /// Further stream features (RFC 6120 §4.3.2), announced after authentication beside resource
    /// binding: what a client may use once it is online, such as versions of rosters (RFC 6121
    /// §2.6.1). The owner stands behind them; the machine only announces. None by default.
    pub features: Vec<Element>,
    /// What the salts of users that do not exist are made from, so that they look like those of
    /// others: 32 random bytes, the same for all streams and as long as accounts live. Without it
    /// salts are random, and whoever asks twice can tell who has an account.
    pub decoy_key: Option<[u8; 32]>,
    /// Limits of SCRAM messages, and how PLAIN's key derivation is sliced. `min_iterations` is also
    /// what is claimed for users who do not exist: let it be what your accounts have.
    pub scram: ScramLimits,
    /// Limits of what an authenticated client sends. The default of the parser, but stanzas of
    /// at most 256 KiB.
    pub limits: Limits,
    /// Limits of what anybody may send before. The default is that of the parser, but 16 KiB for
    /// one element.
    pub login_limits: Limits,
    /// How fast a client may send. Faster ones are slowed down, not refused. The default is 1 MiB
    /// per second after a burst of 4 MiB.
    pub rate: Option<RateLimit>,
    /// The language of what is said to people, as `xml:lang` of the stream header (RFC 6120
    /// §4.7.4). Without it, that of the client's header.
    pub lang: Option<String>,
    /// Whether and how streams are managed for clients that want it (XEP-0198). The default is to
    /// manage them, but not to let them be resumed: that is for owners that answer
    /// [`ServerEvent::Resume`](super::ServerEvent::Resume), as a domain does.
    pub management: Option<StreamManagement>,
    /// How a dead link is told from a silent client. The default is to ask after four
    /// minutes and to wait for another one.
    pub keepalive: Keepalive,
    /// The time from the transport's opening to the bound resource. The default is 30 s.
    pub negotiation_timeout: Duration,
    /// The time the owner has to answer a question before the client is told that it cannot be
    /// answered now. The default is 15 s.
    pub question_timeout: Duration,
    /// The time from deciding to end the stream to giving up on the peer. The default is 5 s.
    pub close_timeout: Duration,
    /// The time a request waits for its answer unless it says otherwise. The default is 30 s.
    pub request_timeout: Duration,
    /// The time the owner has to answer a query before the machine answers `service-unavailable`
    /// for it. The default is 30 s.
    pub answer_timeout: Duration,
    /// The most requests that may wait for answers at once. The default is 64.
    pub max_requests: usize,
    /// The most queries that may wait for the owner at once; further ones are answered
    /// `service-unavailable` by the machine. The default is 64.
    pub max_queries: usize,
    /// The most events that wait for the owner before reading stops. The default is 64.
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

impl ServerConfig {
    /// The default configuration for a domain.
    #[must_use]
    pub fn new(domain: BareJid) -> Self {
        Self {
            domains: Vec::from([domain]),
            tls: ServerTls::default(),
            mechanisms: Mechanism::DEFAULT.to_vec(),
            insecure_plain_without_tls: false,
            max_login_attempts: 3,
            session: true,
            features: Vec::new(),
            decoy_key: None,
            scram: ScramLimits::default(),
            limits: Limits::default().with_stanza_bytes(256 * 1024),
            login_limits: Limits::default().with_stanza_bytes(16 * 1024),
            rate: Some(RateLimit { bytes_per_second: 1024 * 1024, burst: 4 * 1024 * 1024 }),
            lang: None,
            management: Some(StreamManagement { resume: false, ..StreamManagement::default() }),
            keepalive: Keepalive {
                probe_after: Some(Duration::from_mins(4)),
                // Longer than an application has to answer a ping.
                timeout: Duration::from_mins(1),
                ..Keepalive::default()
            },
            negotiation_timeout: Duration::from_secs(30),
            question_timeout: Duration::from_secs(15),
            close_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
            max_requests: 64,
            max_queries: 64,
            event_capacity: 64,
            output_high_water: 64 * 1024,
            output_limit: 256 * 1024,
            max_chunk: 16 * 1024,
        }
    }

    /// Serves another domain, too.
    #[must_use]
    pub fn with_domain(mut self, domain: BareJid) -> Self {
        self.domains.push(domain);
        self
    }

    /// With the given TLS mode.
    #[must_use]
    pub const fn with_tls(mut self, tls: ServerTls) -> Self {
        self.tls = tls;
        self
    }

    /// With these SASL mechanisms only, in this order.
    #[must_use]
    pub fn with_mechanisms(mut self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.mechanisms = mechanisms.into();
        self
    }

    /// With one more stream feature to be announced after authentication.
    #[must_use]
    pub fn with_feature(mut self, feature: Element) -> Self {
        self.features.push(feature);
        self
    }

    /// With 32 secret bytes from which the salts of unknown users are made.
    #[must_use]
    pub const fn with_decoy_key(mut self, key: [u8; 32]) -> Self {
        self.decoy_key = Some(key);
        self
    }

    /// The served domain that `to` names.
    pub(crate) fn serves(&self, to: &str) -> Option<&BareJid> {
        let to = BareJid::from_wire(to).ok()?;
        self.domains.iter().find(|domain| **domain == to)
    }

    /// What answers where no served domain is named.
    pub(crate) fn default_domain(&self) -> Option<&BareJid> {
        self.domains.first()
    }
}
