//! DNS by hickory: the SRV records of a domain, and the addresses of a host.
//!
//! What comes out is what DNS says. The order of records, weights, fallbacks and retries of
//! targets are the machine's business; the order in which addresses are raced is the adapter's.

use core::future::poll_fn;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts};
use hickory_resolver::net::runtime::{RuntimeProvider, Time};
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use xmpp_proto::endpoint::{DnsRecords, SrvAnswer, SrvRecord};

/// How long all servers together have for one query, and how often it is asked again after that.
/// With every server silent it takes 8 s to say so, half of the machine's default patience.
const TIMEOUT: Duration = Duration::from_secs(4);
const RETRIES: usize = 1;

/// The most records and addresses that are passed on.
const MAX_RECORDS: usize = 64;

/// The longest chain of CNAME records that is followed, for a server that does not do it itself.
const MAX_CHAIN: usize = 8;

/// How long the addresses of the other family are waited for once those of one are there: IPv6
/// may be late by the delay of RFC 8305 §3. IPv4 gets more, since it is what works where IPv6 is
/// broken.
const LATE_IPV6: Duration = Duration::from_millis(50);
const LATE_IPV4: Duration = Duration::from_secs(1);

/// Asks DNS servers: those of the operating system, or explicit ones.
///
/// `P` is the async runtime in hickory's words, such as its `TokioRuntimeProvider` with the
/// feature `tokio`. Nothing is kept between queries, so that a changed system configuration counts
/// at once; caching is left to the servers.
///
/// Names that RFC 6761 and RFC 7686 keep out of DNS (`localhost`, `invalid`, `onion`) are not
/// asked for, except that explicit servers are asked for the SRV records of `localhost`.
#[derive(Clone, Debug)]
pub struct Resolver<P> {
    servers: Option<Arc<[SocketAddr]>>,
    provider: P,
}

impl<P: RuntimeProvider> Resolver<P> {
    /// Asks the servers in the configuration of the operating system.
    pub const fn system(provider: P) -> Self {
        Self { servers: None, provider }
    }

    /// Asks these servers only, by UDP, and by TCP where an answer is too long for that.
    pub fn with_servers(servers: impl IntoIterator<Item = SocketAddr>, provider: P) -> Self {
        Self { servers: Some(servers.into_iter().collect()), provider }
    }

    /// Whether explicit servers are asked. If not, the addresses of hosts are better looked up by
    /// the operating system, which knows more than DNS.
    pub const fn is_explicit(&self) -> bool {
        self.servers.is_some()
    }

    /// The SRV records of an XMPP domain, for clients: the answer to the machine's `Resolve`.
    /// It never fails, and takes no longer than 8 s.
    pub async fn lookup(&self, domain: &str) -> DnsRecords {
        let xmpps = pin!(self.services("_xmpps-client._tcp", domain));
        let xmpp = pin!(self.services("_xmpp-client._tcp", domain));
        let (xmpps, xmpp) = both(xmpps, xmpp).await;
        DnsRecords { xmpps, xmpp }
    }

    /// The addresses of a host, IPv6 first; an IP literal is its own address.
    ///
    /// # Errors
    ///
    /// A text for people, if there is none.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name = Name::from_utf8(host).map_err(|error| error.to_string())?;
        if is_in_zone(&name, "localhost") {
            return Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
        }
        if is_kept_out(&name) {
            return Err("such names have no addresses in DNS".to_owned());
        }
        let v6 = pin!(self.query(name.clone(), RecordType::AAAA));
        let v4 = pin!(self.query(name, RecordType::A));
        let answers = self.both_families(v6, v4).await;
        let mut addresses = Vec::new();
        let mut failure = None;
        for answer in answers.into_iter().flatten() {
            match answer {
                Ok(records) => {
                    addresses.extend(records.iter().filter_map(address));
                }
                Err(error) => drop(failure.get_or_insert(error)),
            }
        }
        match failure {
            _ if !addresses.is_empty() => Ok(addresses),
            Some(failure) => Err(failure),
            None => Err("the name has no addresses in DNS".to_owned()),
        }
    }

    async fn services(&self, service: &str, domain: &str) -> SrvAnswer {
        let name = Name::from_utf8(domain)
            .and_then(|domain| Name::from_ascii(service)?.append_domain(&domain));
        let name = match name {
            Ok(name) => name,
            Err(error) => return SrvAnswer::Failed(error.to_string()),
        };
        if is_kept_out(&name) || (is_in_zone(&name, "localhost") && !self.is_explicit()) {
            return SrvAnswer::None;
        }
        match self.query(name, RecordType::SRV).await {
            Ok(answers) => {
                let records: Vec<_> = answers.into_iter().filter_map(service_record).collect();
                if records.is_empty() { SrvAnswer::None } else { SrvAnswer::Records(records) }
            }
            Err(failure) => SrvAnswer::Failed(failure),
        }
    }

    /// All records of that type under the name or what it is an alias of. None is no error.
    async fn query(&self, mut name: Name, kind: RecordType) -> Result<Vec<RData>, String> {
        let pool = self.pool().map_err(|error| format!("no DNS configuration: {error}"))?;
        let pool = RetryDnsHandle::new(pool, RETRIES);
        // A name without the final dot would be relative to the domain of this machine.
        name.set_fqdn(true);
        for _ in 0..MAX_CHAIN {
            let mut options = DnsRequestOptions::default();
            options.use_edns = true;
            let response = pool.lookup(Query::query(name.clone(), kind), options);
            let response = match response.first_answer().await.map(DnsError::from_response) {
                Ok(Ok(response)) => response,
                Ok(Err(DnsError::NoRecordsFound(_)))
                | Err(NetError::Dns(DnsError::NoRecordsFound(_))) => return Ok(Vec::new()),
                Ok(Err(error)) | Err(NetError::Dns(error)) => return Err(dns_failure(&error)),
                Err(NetError::Timeout) => return Err("no answer in time".to_owned()),
                Err(error) => return Err(error.to_string()),
            };
            let mut records = Vec::new();
            let mut alias = None;
            // The chain of aliases is in the answer as well, in any order.
            for record in response.into_message().answers {
                match record.data {
                    RData::CNAME(to) if record.name == name => alias = Some(to.0),
                    data if data.record_type() == kind && records.len() < MAX_RECORDS => {
                        records.push(data);
                    }
                    _ => {}
                }
            }
            match alias {
                Some(alias) if records.is_empty() => name = alias,
                _ => return Ok(records),
            }
        }
        Err("the chain of aliases (CNAME) is too long".to_owned())
    }

    fn pool(&self) -> Result<NameServerPool<P>, NetError> {
        let (servers, mut options) = if let Some(servers) = &self.servers {
            let servers = servers.iter().map(|address| explicit_server(*address)).collect();
            (servers, ResolverOpts::default())
        } else {
            let (config, options) = read_system_conf()?;
            (config.name_servers, options)
        };
        options.timeout = options.timeout.min(TIMEOUT);
        let context = Arc::new(PoolContext::new(options, TlsConfig::new()?));
        Ok(NameServerPool::from_config(servers, context, self.provider.clone()))
    }

    /// Both answers, or the one that has addresses if the other is late (RFC 8305 §3): a server
    /// that drops questions about IPv6 must not hold up IPv4.
    async fn both_families(
        &self,
        mut v6: Pin<&mut impl Future<Output = Result<Vec<RData>, String>>>,
        mut v4: Pin<&mut impl Future<Output = Result<Vec<RData>, String>>>,
    ) -> [Option<Result<Vec<RData>, String>>; 2] {
        let has_some = |answer: &Option<Result<Vec<RData>, String>>| matches!(answer, Some(Ok(records)) if !records.is_empty());
        let mut answers = [None, None];
        let mut late = None;
        poll_fn(|cx| {
            if answers[0].is_none()
                && let Poll::Ready(answer) = v6.as_mut().poll(cx)
            {
                answers[0] = Some(answer);
            }
            if answers[1].is_none()
                && let Poll::Ready(answer) = v4.as_mut().poll(cx)
            {
                answers[1] = Some(answer);
            }
            if answers.iter().all(Option::is_some) {
                return Poll::Ready(());
            }
            let patience = match &answers {
                [_, v4] if has_some(v4) => LATE_IPV6,
                [v6, _] if has_some(v6) => LATE_IPV4,
                _ => return Poll::Pending,
            };
            late.get_or_insert_with(|| Box::pin(P::Timer::delay_for(patience))).as_mut().poll(cx)
        })
        .await;
        answers
    }
}

fn explicit_server(address: SocketAddr) -> NameServerConfig {
    let [mut udp, mut tcp] = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    (udp.port, tcp.port) = (address.port(), address.port());
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

fn is_in_zone(name: &Name, zone: &str) -> bool {
    name.iter().next_back().is_some_and(|label| label.eq_ignore_ascii_case(zone.as_bytes()))
}

fn is_kept_out(name: &Name) -> bool {
    ["invalid", "onion"].iter().any(|zone| is_in_zone(name, zone))
}

fn service_record(data: RData) -> Option<SrvRecord> {
    let RData::SRV(srv) = data else { return None };
    Some(SrvRecord::new(srv.priority, srv.weight, srv.port, srv.target.to_ascii()))
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(address) => Some(address.0.into()),
        RData::AAAA(address) => Some(address.0.into()),
        _ => None,
    }
}

fn dns_failure(error: &DnsError) -> String {
    match error {
        DnsError::ResponseCode(code) => format!("the DNS server answered \"{code}\""),
        other => other.to_string(),
    }
}

async fn both<A, B>(
    mut a: Pin<&mut impl Future<Output = A>>,
    mut b: Pin<&mut impl Future<Output = B>>,
) -> (A, B) {
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(done) = a.as_mut().poll(cx)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = b.as_mut().poll(cx)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            unfinished => {
                (first, second) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
