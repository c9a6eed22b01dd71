//! What an adapter finds out about a domain in DNS, as the machines understand it.

use alloc::string::String;
use alloc::vec::Vec;

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SrvRecord {
    /// Lower ones are tried first.
    pub priority: u16,
    /// The share of this record among those of the same priority.
    pub weight: u16,
    /// TCP port.
    pub port: u16,
    /// A host name, with or without the final dot. The name `.` says that the service is not
    /// offered.
    pub target: String,
}

impl SrvRecord {
    /// The record `priority weight port target`, in the order of zone files.
    #[must_use]
    pub fn new(priority: u16, weight: u16, port: u16, target: impl Into<String>) -> Self {
        Self { priority, weight, port, target: target.into() }
    }
}

/// What came of asking for SRV records under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SrvAnswer {
    /// These records, in any order and unfiltered: order, weights and the target `.` are the
    /// machine's business.
    Records(Vec<SrvRecord>),
    /// The name does not exist, or has no such records.
    #[default]
    None,
    /// Nobody knows: a server failed, or none answered in time. The text is for people.
    Failed(String),
}

/// The SRV records of a domain: the answer to [`Action::Resolve`](super::Action::Resolve).
///
/// The names are `_xmpps-client._tcp` (XEP-0368 §3) and `_xmpp-client._tcp` (RFC 6120 §3.2.1)
/// under the domain. The default is an answer without records, by which a client connects to the
/// domain itself.
///
/// ```
/// use xmpp_proto::endpoint::{DnsRecords, SrvAnswer, SrvRecord};
///
/// let records = DnsRecords {
///     xmpps: SrvAnswer::Records(vec![SrvRecord::new(5, 0, 443, "xmpp.example.org.")]),
///     xmpp: SrvAnswer::None,
/// };
/// # assert_ne!(records, DnsRecords::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsRecords {
    /// Hosts that speak direct TLS.
    pub xmpps: SrvAnswer,
    /// Hosts that speak STARTTLS.
    pub xmpp: SrvAnswer,
}
