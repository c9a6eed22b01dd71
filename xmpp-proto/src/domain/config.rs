//! What a domain is configured with.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::endpoint::{ServerConfig, StreamManagement};
use crate::jid::BareJid;
use crate::ns;
use crate::xml::Element;

/// The configuration of a [`Domain`](super::Domain).
///
/// [`DomainConfig::new`] fills in everything but the name; the fields are public so that each can
/// be set on its own.
///
/// ```
/// use xmpp_proto::domain::DomainConfig;
///
/// let mut config = DomainConfig::new("example.org".parse()?);
/// config.max_resources = 5;
/// config.max_offline = 0; // what nobody can take now goes back to its sender
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DomainConfig {
    /// The name of the domain: an address without local part and resource.
    pub domain: BareJid,
    /// What every stream is configured with. Its `domains` and its `tls` do not count: the domain is
    /// the one above, and how TLS starts is said when a stream is
    /// [accepted](super::Domain::accept). Without a `decoy_key` the domain makes one from its seed.
    /// The default announces versions of rosters (RFC 6121 §2.6.1) and approval of subscriptions in
    /// advance (§3.4), and lets streams be resumed (XEP-0198 §5).
    pub server: ServerConfig,
    /// The name of the software, for whoever asks the domain (XEP-0092). The default is the name of
    /// this crate.
    pub software: String,
    /// Its version. The default is the version of this crate.
    pub software_version: String,
    /// The most streams at once, those that are not authenticated included. The default is 10,000.
    pub max_sessions: usize,
    /// The most sessions that have lost their transport and wait to be resumed (XEP-0198 §5), beside
    /// those above. Of more, the one ends that has been away longest. How long one waits, and how much
    /// waits for it, is said by [`ServerConfig::management`]. The default is 10,000.
    pub max_hibernating: usize,
    /// The most sessions that ended while they waited and are remembered, so that a client that comes
    /// too late learns which of its stanzas got through (XEP-0198 §5). The default is 1024.
    pub max_remembered: usize,
    /// The most accounts. The default is 100,000.
    pub max_accounts: usize,
    /// The most resources of one account at once (RFC 6120 §7.6.2.1), those included that wait to be
    /// resumed; of these, the one that has been away longest ends where another is bound. The
    /// default is 32.
    pub max_resources: usize,
    /// The most contacts in one roster. The default is 10,000.
    pub max_roster_items: usize,
    /// The longest name of a contact or of a group, in bytes (RFC 6121 §2.3.3). The default is 1023.
    pub max_roster_name: usize,
    /// The most groups of one contact. The default is 32.
    pub max_roster_groups: usize,
    /// The most changes of a roster that are remembered for clients that have an earlier version of
    /// it (RFC 6121 §2.6). Older ones get the whole roster. The default is 256.
    pub max_roster_changes: usize,
    /// The most requests for a subscription that wait for one account's answer (RFC 6121 §3.1.3).
    /// The default is 256.
    pub max_pending_requests: usize,
    /// The most bytes of one such request: it is kept with all that it holds. The default is 8 KiB.
    pub max_request_bytes: usize,
    /// The most messages that are stored for one account (RFC 6121 §8.5.2.2.1). None are with 0. The
    /// default is 100.
    pub max_offline: usize,
    /// The most bytes of messages that are stored for one account. The default is 1 MiB.
    pub max_offline_bytes: usize,
    /// The most addresses that one session has sent directed presence to (RFC 6121 §4.6). The
    /// default is 256.
    pub max_directed: usize,
    /// The most bytes that wait for a client which reads more slowly than others write to it, beyond
    /// [`ServerConfig::output_high_water`], or than it acknowledges. The default is 4 MiB.
    pub max_backlog: usize,
    /// The most events that wait for the embedder; of more, the oldest are dropped. The default is
    /// 1024.
    pub max_events: usize,
}

impl DomainConfig {
    /// The default configuration of a domain. A resource of `domain` does not count.
    #[must_use]
    pub fn new(domain: BareJid) -> Self {
        let mut server = ServerConfig::new(domain.clone());
        server.features = features();
        server.management = Some(StreamManagement::default());
        Self {
            domain,
            server,
            software: env!("CARGO_PKG_NAME").to_string(),
            software_version: env!("CARGO_PKG_VERSION").to_string(),
            max_sessions: 10_000,
            max_hibernating: 10_000,
            max_remembered: 1024,
            max_accounts: 100_000,
            max_resources: 32,
            max_roster_items: 10_000,
            max_roster_name: 1023,
            max_roster_groups: 32,
            max_roster_changes: 256,
            max_pending_requests: 256,
            max_request_bytes: 8 * 1024,
            max_offline: 100,
            max_offline_bytes: 1024 * 1024,
            max_directed: 256,
            max_backlog: 4 * 1024 * 1024,
            max_events: 1024,
        }
    }

    /// With this for every stream.
    #[must_use]
    pub fn with_server(mut self, server: ServerConfig) -> Self {
        self.server = server;
        self
    }
}

/// What clients may use beyond RFC 6120, as stream features.
fn features() -> Vec<Element> {
    let feature = |name, ns| Element::builder(name, ns).build().ok();
    [feature("ver", ns::ROSTER_VER), feature("sub", ns::PRE_APPROVAL)]
        .into_iter()
        .flatten()
        .collect()
}
