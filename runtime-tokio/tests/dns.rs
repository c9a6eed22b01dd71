//! The resolver against a DNS server that answers, refuses, errs or says nothing.

mod support;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::time::Instant;

use support::dns::{A, AAAA, DnsServer, Entry, SRV};
use xmpp_proto::endpoint::{DnsRecords, SrvAnswer, SrvRecord};
use xmpp_runtime_common::Resolver;
use xmpp_runtime_common::hickory_resolver::net::runtime::TokioRuntimeProvider;

const XMPPS: &str = "_xmpps-client._tcp.example.org";
const XMPP: &str = "_xmpp-client._tcp.example.org";

fn resolver(server: &DnsServer) -> Resolver<TokioRuntimeProvider> {
    Resolver::with_servers([server.address()], TokioRuntimeProvider::default())
}

async fn lookup(zone: &[(&str, Entry)]) -> DnsRecords {
    resolver(&DnsServer::start(zone)).lookup("example.org").await
}

fn records(records: &[(u16, u16, u16, &str)]) -> SrvAnswer {
    let record = |r: &(u16, u16, u16, &str)| SrvRecord::new(r.0, r.1, r.2, r.3);
    SrvAnswer::Records(records.iter().map(record).collect())
}

#[tokio::test]
async fn both_kinds_of_records_are_fetched_as_they_are() {
    let server = DnsServer::start(&[
        (XMPPS, Entry::Srv(&[(5, 0, 443, "tls.example.org")])),
        (XMPP, Entry::Srv(&[(20, 7, 5222, "b.example.org"), (10, 0, 5223, "a.example.org")])),
    ]);
    let found = resolver(&server).lookup("Example.ORG").await;
    assert_eq!(found.xmpps, records(&[(5, 0, 443, "tls.example.org.")]));
    let both = [(20, 7, 5222, "b.example.org."), (10, 0, 5223, "a.example.org.")];
    assert_eq!(found.xmpp, records(&both));
    // The names are complete: no search list is tried.
    let mut asked = server.asked();
    asked.sort();
    assert_eq!(asked, [(XMPP.into(), SRV), (XMPPS.into(), SRV)]);
}

#[tokio::test]
async fn the_root_as_target_is_passed_on() {
    let found = lookup(&[(XMPP, Entry::Srv(&[(0, 0, 0, ".")]))]).await;
    assert_eq!(found, DnsRecords { xmpps: SrvAnswer::None, xmpp: records(&[(0, 0, 0, ".")]) });
}

#[tokio::test]
async fn names_without_such_records_and_names_that_do_not_exist_have_none() {
    assert_eq!(lookup(&[]).await, DnsRecords::default());
    let found = lookup(&[(XMPP, Entry::A(Ipv4Addr::LOCALHOST))]).await;
    assert_eq!(found, DnsRecords::default());
}

#[tokio::test]
async fn a_failure_of_the_server_is_told_and_spoils_nothing_else() {
    let found =
        lookup(&[(XMPPS, Entry::ServFail), (XMPP, Entry::Srv(&[(1, 1, 5222, "a.example")]))]).await;
    assert!(
        matches!(&found.xmpps, SrvAnswer::Failed(text) if text.contains("Server Failure")),
        "{found:?}"
    );
    assert_eq!(found.xmpp, records(&[(1, 1, 5222, "a.example.")]));
}

// tokio's paused clock jumps to the next deadline whenever nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn silence_is_told_in_bounded_time() {
    let server = DnsServer::start(&[(XMPPS, Entry::Silent), (XMPP, Entry::Silent)]);
    let start = tokio::time::Instant::now();
    let found = resolver(&server).lookup("example.org").await;
    let silence = SrvAnswer::Failed("no answer in time".into());
    assert_eq!(found, DnsRecords { xmpps: silence.clone(), xmpp: silence });
    let elapsed = start.elapsed().as_secs();
    assert!((5..=9).contains(&elapsed), "asked once or more than twice: {elapsed} s");
}

#[tokio::test(start_paused = true)]
async fn nobody_at_the_address_is_a_failure() {
    let server = DnsServer::start(&[]);
    let resolver = resolver(&server);
    drop(server);
    let found = resolver.lookup("example.org").await;
    assert!(matches!(found.xmpp, SrvAnswer::Failed(_)));
}

#[tokio::test]
async fn aliases_are_followed_whoever_follows_them() {
    let services = || Entry::Srv(&[(1, 1, 5222, "a.example")]);
    for alias in [Entry::Cname("srv.example"), Entry::BareCname("srv.example")] {
        let found = lookup(&[(XMPP, alias), ("srv.example", services())]).await;
        assert_eq!(found.xmpp, records(&[(1, 1, 5222, "a.example.")]));
    }
    // To nowhere, and in circles.
    let found = lookup(&[(XMPP, Entry::BareCname("nowhere.example"))]).await;
    assert_eq!(found.xmpp, SrvAnswer::None);
    let circle = [(XMPP, Entry::BareCname("b.example")), ("b.example", Entry::BareCname(XMPP))];
    assert!(matches!(lookup(&circle).await.xmpp, SrvAnswer::Failed(_)));
}

#[tokio::test]
async fn long_answers_come_over_tcp() {
    let many: Vec<_> = (0..60).map(|i| (i, 1, 5222, "a-rather-long-name.example.org")).collect();
    let SrvAnswer::Records(found) = lookup(&[(XMPP, Entry::SrvAt(many))]).await.xmpp else {
        panic!("no records")
    };
    assert_eq!(found.len(), 60);
}

#[tokio::test]
async fn rfc6761_special_names_are_kept_out_of_dns() {
    let server = DnsServer::start(&[(
        "_xmpp-client._tcp.localhost",
        Entry::Srv(&[(1, 1, 5222, "localhost")]),
    )]);
    let resolver = resolver(&server);
    for domain in ["no-such-host.invalid", "x.onion"] {
        assert_eq!(resolver.lookup(domain).await, DnsRecords::default());
        assert!(resolver.addresses(domain).await.is_err());
    }
    let loopback: [IpAddr; 2] = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
    assert_eq!(resolver.addresses("localhost").await.unwrap(), loopback);
    assert!(server.asked().is_empty());
    // Whoever names a server wants it to be asked.
    assert!(matches!(resolver.lookup("localhost").await.xmpp, SrvAnswer::Records(_)));
    let system = Resolver::system(TokioRuntimeProvider::default());
    assert_eq!(system.lookup("localhost").await, DnsRecords::default());
}

#[tokio::test]
async fn addresses_of_both_families() {
    let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let server = DnsServer::start(&[
        ("both.example", Entry::A(v4)),
        ("both.example", Entry::Aaaa(v6)),
        ("alias.example", Entry::Cname("both.example")),
        ("four.example", Entry::A(v4)),
        ("fails.example", Entry::ServFail),
    ]);
    let resolver = resolver(&server);
    for name in ["both.example", "both.example.", "alias.example"] {
        assert_eq!(resolver.addresses(name).await.unwrap(), [IpAddr::from(v6), v4.into()]);
    }
    assert_eq!(resolver.addresses("four.example").await.unwrap(), [IpAddr::from(v4)]);
    for (literal, address) in [("192.0.2.1", v4.into()), ("2001:db8::1", IpAddr::from(v6))] {
        assert_eq!(resolver.addresses(literal).await.unwrap(), [address]);
    }
    assert!(resolver.addresses("fails.example").await.unwrap_err().contains("Server Failure"));
    assert!(resolver.addresses("none.example").await.unwrap_err().contains("no addresses"));
    assert!(server.asked().contains(&("both.example".into(), AAAA)));
}

#[tokio::test]
async fn rfc8305_3_a_server_that_ignores_one_family_does_not_hold_up_the_other() {
    let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    let server = DnsServer::start(&[
        ("four.example", Entry::A(v4)),
        ("four.example", Entry::SilentFor(AAAA)),
        ("six.example", Entry::Aaaa(v6)),
        ("six.example", Entry::SilentFor(A)),
    ]);
    let resolver = resolver(&server);
    for (name, address) in [("four.example", IpAddr::from(v4)), ("six.example", v6.into())] {
        let start = Instant::now();
        assert_eq!(resolver.addresses(name).await.unwrap(), [address]);
        assert!(start.elapsed() < Duration::from_secs(3), "{name}: {:?}", start.elapsed());
    }
}
