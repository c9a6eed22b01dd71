//! The way from a domain to a server, as in the tests with Prosody.

use std::net::TcpListener;

use xmpp_proto::endpoint::{LostCause, Reason, Target};
use xmpp_runtime_tokio::Config;

use crate::Session;
use crate::support::dns::{DnsServer, Entry};
use crate::support::ejabberd::Ejabberd;

#[tokio::test]
async fn a_server_is_found_through_srv_records_behind_a_dead_one() {
    let Some(server) = Ejabberd::builder().user("alice", "secret").start() else { return };
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (name, port) in [
        ("_xmpp-client._tcp.localhost", server.address().port()),
        ("_xmpps-client._tcp.localhost", server.tls_address().port()),
    ] {
        let targets = vec![(1, 1, dead, "127.0.0.1"), (2, 1, port, "127.0.0.1")];
        let dns = DnsServer::start(&[(name, Entry::SrvAt(targets))]);
        let config = Config::new("alice@localhost", "secret").unwrap().dns([dns.address()]);
        let config = config.ca_file(server.ca_file()).unwrap();
        let (session, _) = Session::online(config).await;
        session.client.close();
        let ended = session.ended().await;
        assert_eq!(ended.reason, Reason::ClosedByUs);
        assert_eq!(ended.target, Some(Target::new("127.0.0.1", port)));
        assert_eq!(ended.tried[0].target, Target::new("127.0.0.1", dead));
        assert_eq!(ended.tried[0].reason, Reason::Transport(LostCause::Refused));
    }
}
