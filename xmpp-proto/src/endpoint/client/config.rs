//! What a client is configured with.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::super::{Keepalive, Reconnect, StreamManagement, Target};
use super::FastLogin;
use crate::jid::BareJid;
use crate::ns;
use crate::sasl::{ChannelBinding, Credentials, Mechanism, ScramLimits, Secret};
use crate::xml::{BuildError, Element, Limits};

/// When TLS is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Mandatory TLS in whichever way the server is found: on the open stream by STARTTLS
    /// (RFC 6120 §5), or before the stream where DNS names the server for direct TLS
    /// (`_xmpps-client`, XEP-0368). Both kinds of records are one set, in the order of their
    /// priorities. An explicit target, and the domain itself where there are no records, are
    /// spoken to with STARTTLS. A server that does not offer it is not logged in to.
    #[default]
    StartTls,
    /// Mandatory TLS before the stream (XEP-0368, RFC 6120 §5 is then not used). Of DNS, only
    /// the records `_xmpps-client` count; where there are none, the domain itself is connected to
    /// on port 5223.
    Direct,
    /// Never: everything, the messages included, can be read and changed on the way. For tests
    /// and for transports that are secured by other means. Of DNS, only the records
    /// `_xmpp-client` count.
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
/// config.target = Some(Target::new("127.0.0.1", 5222));
/// config.resource = Some("desk".into());
/// config.negotiation_timeout = Duration::from_secs(10);
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The account. Without a localpart it is whatever account at that domain the server finds,
    /// such as the one that a certificate or a token belongs to; with ANONYMOUS the localpart is
    /// not used at all.
    pub jid: BareJid,
    /// User name and password. [`ClientConfig::new`] takes the JID's localpart as the user name
    /// (RFC 6120 §6.3.8).
    pub credentials: Credentials,
    /// The resource to ask for; the server chooses if it is absent (RFC 6120 §7.6).
    pub resource: Option<String>,
    /// Where to connect to. Without it, which is the default, DNS is asked for the servers of the
    /// account's domain (RFC 6120 §3.2, XEP-0368).
    pub target: Option<Target>,
    /// When TLS is started. The default is mandatory STARTTLS, or direct TLS with servers that
    /// were found by it in DNS.
    pub tls: TlsMode,
    /// The SASL mechanisms that may be used, best first: the order of preference and the limit in
    /// one. The default is [`Mechanism::DEFAULT`], where PLAIN comes last, so that it is never
    /// used where SCRAM is offered. [`Mechanism::at_least`] pins an account.
    pub mechanisms: Vec<Mechanism>,
    /// Whether SCRAM is bound to the TLS channel. The default is: where the server names a type
    /// that is available here.
    pub channel_binding: ChannelBinding,
    /// Allows PLAIN on a stream without TLS: everybody on the way reads the password. The default
    /// is false.
    pub insecure_plain_without_tls: bool,
    /// Whether and how the login takes fewer round trips where the server offers it. The default is
    /// [`FastLogin::default`]: whatever needs no decision of the application. `None` is the login of
    /// RFC 6120.
    pub fast_login: Option<FastLogin>,
    /// Limits of the SCRAM exchange, its iteration counts above all.
    pub scram: ScramLimits,
    /// Limits of what the server sends.
    pub limits: Limits,
    /// The language of what the server says to people, as `xml:lang` of the stream header
    /// (RFC 6120 §4.7.4).
    pub lang: Option<String>,
    /// The time from the start of an attempt to being online, however many targets there are.
    /// The default is 60 s.
    pub negotiation_timeout: Duration,
    /// The time that DNS has to name the servers of the domain, and that each of them has to be
    /// ready for authentication while others wait to be tried. The last one may use all of
    /// `negotiation_timeout` that is left. The default is 15 s.
    pub connect_timeout: Duration,
    /// The most servers of a domain that are tried in an attempt, those of the best priorities.
    /// The default is 16.
    pub max_targets: usize,
    /// Whether and how streams are managed where the server offers it (XEP-0198), so that nothing is
    /// lost when the transport breaks. The default is yes.
    pub management: Option<StreamManagement>,
    /// Whether and how the client comes back by itself. The default is yes, once it was online.
    pub reconnect: Option<Reconnect>,
    /// How a dead link is told from a silent server.
    pub keepalive: Keepalive,
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
        Self {
            credentials: Credentials::new(user, password),
            jid,
            resource: None,
            target: None,
            tls: TlsMode::default(),
            mechanisms: Mechanism::DEFAULT.to_vec(),
            channel_binding: ChannelBinding::default(),
            insecure_plain_without_tls: false,
            fast_login: Some(FastLogin::default()),
            scram: ScramLimits::default(),
            limits: Limits::default(),
            lang: None,
            negotiation_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(15),
            max_targets: 16,
            management: Some(StreamManagement::default()),
            reconnect: Some(Reconnect::default()),
            keepalive: Keepalive::default(),
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

    /// With the given TLS mode.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsMode) -> Self {
        self.tls = tls;
        self
    }

    /// With an explicit host and port to connect to; DNS is then not asked for servers.
    #[must_use]
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// With stream management as given, or without (XEP-0198).
    #[must_use]
    pub const fn with_management(mut self, management: Option<StreamManagement>) -> Self {
        self.management = management;
        self
    }

    /// With reconnecting as given, or without: then each broken transport ends the client.
    #[must_use]
    pub const fn with_reconnect(mut self, reconnect: Option<Reconnect>) -> Self {
        self.reconnect = reconnect;
        self
    }

    /// One stream and no more: without stream management, reconnecting and signs of life. What comes
    /// after the end of the stream is the application's affair.
    #[must_use]
    pub const fn one_stream(mut self) -> Self {
        self.management = None;
        self.reconnect = None;
        self.keepalive.probe_after = None;
        self
    }

    /// With logins of fewer round trips as given, or without.
    #[must_use]
    pub fn with_fast_login(mut self, fast_login: Option<FastLogin>) -> Self {
        self.fast_login = fast_login;
        self
    }

    /// With the resource to ask for.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// A guest at `domain`, without account and password (ANONYMOUS, RFC 4505, XEP-0175). The
    /// server makes up the localpart; no other mechanism is used.
    #[must_use]
    pub fn anonymous(domain: BareJid) -> Self {
        Self::new(domain, "")
            .with_credentials(Credentials::none())
            .with_mechanisms([Mechanism::Anonymous])
    }

    /// An account whose proof is a client certificate (EXTERNAL, XEP-0178), which the adapter
    /// shows in the TLS handshake; no other mechanism is used.
    ///
    /// The account's address is sent along, so that a certificate that belongs to another account
    /// is refused and not logged in with. A JID without localpart sends none: then whatever
    /// account the certificate belongs to, at that domain, is the one.
    #[must_use]
    pub fn external(jid: BareJid) -> Self {
        let credentials = match jid.local() {
            Some(_) => Credentials::none().with_authzid(jid.as_str()),
            None => Credentials::none(),
        };
        Self::new(jid, "").with_credentials(credentials).with_mechanisms([Mechanism::External])
    }

    /// With other credentials than localpart and password, such as a token.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// With this policy of channel binding.
    #[must_use]
    pub const fn with_channel_binding(mut self, policy: ChannelBinding) -> Self {
        self.channel_binding = policy;
        self
    }

    /// With these SASL mechanisms only, best first.
    #[must_use]
    pub fn with_mechanisms(mut self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.mechanisms = mechanisms.into();
        self
    }

    /// Whether XML allows what goes into the stream header; the rest is checked where it is used.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let lang = self.lang.as_deref().unwrap_or_default();
        Element::builder("stream", ns::STREAM).attr_ns("lang", ns::XML, lang).build().map(drop)
    }
}
