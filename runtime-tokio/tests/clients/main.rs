//! The example `echo_server` before clients that others wrote.

#[path = "../support/mod.rs"]
mod support;

mod server;

use server::EchoServer;
use support::clients::{Client, Tls, Visit};

const USER: &str = "alice";
const PASSWORD: &str = "secret";
/// Every message comes back from where it was sent to. Nobody needs to be there.
const PEER: &str = "somebody@localhost/somewhere";
/// What must be escaped in XML or may be, and characters of two, three and four bytes.
const BODY: &str = "<a> & \"b\" 'c' &amp; ]]> é 你好,世界 😀👩‍👩‍👧‍👦";

/// Logs in, is echoed, and leaves; gives the mechanism and the version of TLS that it tells of.
#[track_caller]
fn visit(client: Client, tls: Tls, server: &EchoServer) -> [Option<String>; 2] {
    let jid = format!("{USER}@localhost/test");
    let address = match tls {
        Tls::StartTls => server.address(),
        Tls::Direct => server.tls_address(),
    };
    let visit = Visit {
        address,
        tls,
        ca_file: server.ca_file(),
        jid: &jid,
        password: PASSWORD,
        peer: PEER,
        body: BODY,
    };
    let report = client.run(&visit);
    assert_eq!(report.echo, BODY);
    assert!(report.jid.starts_with("alice@localhost/"), "{report:?}");
    server.expect_session(&report.jid);
    ["mechanism", "tls"].map(|name| report.info(name).map(str::to_owned))
}

fn start(client: Client, more: &[&str]) -> Option<EchoServer> {
    // Looked for first: a server that nobody visits need not start.
    client.require().then(|| EchoServer::start(USER, PASSWORD, more)).flatten()
}

/// The mechanism is SCRAM, so that the server has proved to know the password, too.
#[track_caller]
fn assert_scram(mechanism: Option<&str>) {
    assert!(mechanism.is_some_and(|name| name.starts_with("SCRAM-SHA-")), "{mechanism:?}");
}

#[test]
fn slixmpp_logs_in_and_is_echoed() {
    let Some(server) = start(Client::Slixmpp, &[]) else { return };
    for tls in [Tls::StartTls, Tls::Direct] {
        // RFC 6120 §3: a stream over TCP, opened, used and closed by somebody else's client.
        let [mechanism, version] = visit(Client::Slixmpp, tls, &server);
        assert_scram(mechanism.as_deref());
        assert_eq!(version.as_deref(), Some("TLSv1.3"));
    }
}

#[test]
fn xmpp_js_logs_in_over_starttls() {
    let Some(server) = start(Client::XmppJs, &[]) else { return };
    let [mechanism, version] = visit(Client::XmppJs, Tls::StartTls, &server);
    assert_scram(mechanism.as_deref());
    assert_eq!(version.as_deref(), Some("TLSv1.3"));
}

#[test]
fn xmpp_js_logs_in_over_direct_tls() {
    let Some(server) = start(Client::XmppJs, &[]) else { return };
    let [mechanism, version] = visit(Client::XmppJs, Tls::Direct, &server);
    assert_scram(mechanism.as_deref());
    assert_eq!(version.as_deref(), Some("TLSv1.3"));
}

#[test]
fn libstrophe_logs_in_over_starttls_and_direct_tls() {
    let Some(server) = start(Client::Libstrophe, &[]) else { return };
    for tls in [Tls::StartTls, Tls::Direct] {
        let [mechanism, _] = visit(Client::Libstrophe, tls, &server);
        assert_scram(mechanism.as_deref());
    }
}

#[test]
fn gloox_logs_in_over_tls_1_2() {
    for more in [&[][..], &["--tls12"]] {
        let Some(server) = start(Client::Gloox, more) else { return };
        let [mechanism, version] = visit(Client::Gloox, Tls::StartTls, &server);
        assert_scram(mechanism.as_deref());
        assert_eq!(version.as_deref(), Some("TLS1.2"));
    }
}

#[test]
fn clients_that_know_tls_1_3_can_do_without() {
    let clients = [Client::Slixmpp, Client::XmppJs, Client::Libstrophe];
    if !clients.into_iter().all(Client::require) {
        return;
    }
    let Some(server) = EchoServer::start(USER, PASSWORD, &["--tls12"]) else { return };
    for client in clients {
        let [_, version] = visit(client, Tls::StartTls, &server);
        // libstrophe does not know its version.
        let known = if client == Client::Libstrophe { "yes" } else { "TLSv1.2" };
        assert_eq!(version.as_deref(), Some(known), "{client:?}");
    }
}
