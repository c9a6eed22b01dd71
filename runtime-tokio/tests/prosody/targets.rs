//! The way from a domain to a server: SRV records on a DNS server of our own, a real Prosody
//! behind them, and no help from the application.

use std::net::TcpListener;

use xmpp_proto::endpoint::{LostCause, Phase, Reason, Target, TlsVersion};
use xmpp_runtime_tokio::{Config, TlsMode};

use crate::Session;
use crate::support::dns::{DnsServer, Entry};
use crate::support::prosody::Prosody;

const XMPPS: &str = "_xmpps-client._tcp.localhost";
const XMPP: &str = "_xmpp-client._tcp.localhost";

fn config(server: &Prosody, dns: &DnsServer) -> Config {
    Config::new("alice@localhost", "secret")
        .unwrap()
        .dns([dns.address()])
        .ca_file(server.ca_file())
        .unwrap()
}

/// A port that refuses connections.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Logs in, closes, and gives the targets that were left and the one that was not.
async fn visit(config: Config) -> (Vec<(Target, Reason)>, Target) {
    let (session, jid) = Session::online(config).await;
    assert_eq!(jid.to_bare().as_str(), "alice@localhost");
    let tls = session.client.with_machine(|machine, _| machine.tls().cloned()).await.unwrap();
    assert_eq!(tls.and_then(|tls| tls.version), Some(TlsVersion::V1_3));
    session.client.close();
    let ended = session.ended().await;
    assert_eq!((ended.reason, ended.dns_failure), (Reason::ClosedByUs, None));
    let tried = ended.tried.into_iter().map(|tried| (tried.target, tried.reason)).collect();
    (tried, ended.target.unwrap())
}

#[tokio::test]
async fn a_server_is_found_through_srv_records_of_both_kinds() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    let (plain, direct) = (server.address().port(), server.tls_address().port());
    let starttls = || (XMPP, Entry::SrvAt(vec![(10, 1, plain, "xmpp.example")]));
    let tls = |priority| (XMPPS, Entry::SrvAt(vec![(priority, 1, direct, "127.0.0.1")]));
    let host = ("xmpp.example", Entry::A(core::net::Ipv4Addr::LOCALHOST));

    // RFC 6120 §3.2.1.
    let dns = DnsServer::start(&[starttls(), host.clone()]);
    let (tried, target) = visit(config(&server, &dns)).await;
    assert_eq!((tried, target), (vec![], Target::new("xmpp.example", plain)));

    for (priority, expected) in [
        (5, Target::new("127.0.0.1", direct)), // direct TLS, because it comes first
        (20, Target::new("xmpp.example", plain)),
    ] {
        let dns = DnsServer::start(&[starttls(), tls(priority), host.clone()]);
        let (_, target) = visit(config(&server, &dns)).await;
        assert_eq!(target, expected);
    }
    let dns = DnsServer::start(&[starttls(), tls(20), host]);
    let (_, target) = visit(config(&server, &dns).tls(TlsMode::Direct)).await;
    assert_eq!(target, Target::new("127.0.0.1", direct));
}

#[tokio::test]
async fn dead_targets_are_left_for_the_next_one() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    // One refuses, one has no address, and one speaks no TLS where it should.
    let (dead, plain) = (dead_port(), server.address().port());
    let wrong = vec![(2, 1, plain, "127.0.0.1")];
    let targets =
        vec![(1, 1, dead, "127.0.0.1"), (1, 1, plain, "gone.example"), (3, 1, plain, "localhost")];
    let dns = DnsServer::start(&[(XMPPS, Entry::SrvAt(wrong)), (XMPP, Entry::SrvAt(targets))]);
    let (tried, target) = visit(config(&server, &dns)).await;
    assert_eq!(target, Target::new("localhost", plain));
    assert_eq!(tried.len(), 3, "{tried:?}");
    let why = |port, host: &str| {
        let found = tried.iter().find(|(target, _)| *target == Target::new(host, port));
        &found.unwrap_or_else(|| panic!("{host} is missing in {tried:?}")).1
    };
    assert_eq!(*why(dead, "127.0.0.1"), Reason::Transport(LostCause::Refused));
    let no_name = why(plain, "gone.example");
    assert!(matches!(no_name, Reason::Transport(LostCause::NameNotFound(_))), "{no_name:?}");
    let no_tls = why(plain, "127.0.0.1");
    assert!(matches!(no_tls, Reason::Transport(LostCause::Tls(_))), "{no_tls:?}");
}

#[tokio::test]
async fn without_records_the_end_tells_of_the_domain_itself() {
    let Some(server) = Prosody::builder().start() else { return };
    let root = DnsServer::start(&[
        (XMPP, Entry::Srv(&[(0, 0, 0, ".")])),
        (XMPPS, Entry::Srv(&[(0, 0, 0, ".")])),
    ]);
    let ended = Session::start(config(&server, &root)).ended().await;
    assert_eq!((ended.reason, ended.phase), (Reason::NotOffered, Phase::Resolving));

    // Nobody listens on 5223 here, so DNS is to blame.
    let broken = DnsServer::start(&[(XMPPS, Entry::ServFail)]);
    let ended = Session::start(config(&server, &broken).tls(TlsMode::Direct)).ended().await;
    assert_eq!(ended.reason, Reason::Transport(LostCause::Refused), "{ended}");
    assert_eq!(ended.target, Some(Target::new("localhost", 5223)));
    assert!(ended.to_string().contains("_xmpps-client: the DNS server answered"), "{ended}");
}

#[tokio::test]
async fn with_all_targets_dead_each_is_told() {
    let Some(server) = Prosody::builder().start() else { return };
    let (one, two) = (dead_port(), dead_port());
    let both = vec![(1, 1, one, "127.0.0.1"), (2, 1, two, "127.0.0.1")];
    let dns = DnsServer::start(&[(XMPP, Entry::SrvAt(both))]);
    let ended = Session::start(config(&server, &dns)).ended().await;
    assert_eq!(ended.reason, Reason::Transport(LostCause::Refused));
    assert_eq!(ended.target, Some(Target::new("127.0.0.1", two)));
    assert_eq!(ended.tried[0].target, Target::new("127.0.0.1", one));
}
