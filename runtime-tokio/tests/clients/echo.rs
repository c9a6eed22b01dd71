//! The example `echo_server`: they log in, hear back what they say, and leave.

use crate::server::Example;
use crate::support::clients::{Client, Errand, Tls, Visitor};
use crate::{BODY, PASSWORD, USER, assert_scram, send, start};

const SERVER: &str = "echo_server";
/// Every message comes back from where it was sent to. Nobody needs to be there.
const PEER: &str = "somebody@localhost/somewhere";

/// Logs in, is echoed, and leaves.
#[track_caller]
fn visit(client: Client, tls: Tls, server: &Example) -> Visitor {
    let mut visitor = send(client, tls, server, Errand::Echo, PEER, &[BODY]);
    let jid = visitor.expect("online");
    assert!(jid.starts_with("alice@localhost/"), "{jid}");
    assert_eq!(visitor.expect("echo"), BODY);
    visitor.expect("closed");
    visitor.expect_end();
    server.expect_session(&jid);
    visitor
}

#[test]
fn slixmpp_logs_in_and_is_echoed() {
    let Some(server) = start(Client::Slixmpp, SERVER, &[]) else { return };
    for tls in [Tls::StartTls, Tls::Direct] {
        // RFC 6120 §3: a stream over TCP, opened, used and closed by somebody else's client.
        let visitor = visit(Client::Slixmpp, tls, &server);
        assert_scram(&visitor);
        assert_eq!(visitor.info("tls"), Some("TLSv1.3"));
    }
}

#[test]
fn xmpp_js_logs_in_over_starttls() {
    let Some(server) = start(Client::XmppJs, SERVER, &[]) else { return };
    let visitor = visit(Client::XmppJs, Tls::StartTls, &server);
    assert_scram(&visitor);
    assert_eq!(visitor.info("tls"), Some("TLSv1.3"));
}

#[test]
fn xmpp_js_logs_in_over_direct_tls() {
    let Some(server) = start(Client::XmppJs, SERVER, &[]) else { return };
    let visitor = visit(Client::XmppJs, Tls::Direct, &server);
    assert_scram(&visitor);
    assert_eq!(visitor.info("tls"), Some("TLSv1.3"));
}

#[test]
fn libstrophe_logs_in_over_starttls_and_direct_tls() {
    let Some(server) = start(Client::Libstrophe, SERVER, &[]) else { return };
    for tls in [Tls::StartTls, Tls::Direct] {
        let visitor = visit(Client::Libstrophe, tls, &server);
        assert_scram(&visitor);
    }
}

#[test]
fn gloox_logs_in_over_tls_1_2() {
    for more in [&[][..], &["--tls12"]] {
        let Some(server) = start(Client::Gloox, SERVER, more) else { return };
        let visitor = visit(Client::Gloox, Tls::StartTls, &server);
        assert_scram(&visitor);
        assert_eq!(visitor.info("tls"), Some("TLS1.2"));
    }
}

#[test]
fn clients_that_know_tls_1_3_can_do_without() {
    let clients = [Client::Slixmpp, Client::XmppJs, Client::Libstrophe];
    if !clients.into_iter().all(Client::require) {
        return;
    }
    let Some(server) = Example::start(SERVER, &[(USER, PASSWORD)], &["--tls12"]) else { return };
    for client in clients {
        let visitor = visit(client, Tls::StartTls, &server);
        // libstrophe does not know its version.
        let known = if client == Client::Libstrophe { "yes" } else { "TLSv1.2" };
        assert_eq!(visitor.info("tls"), Some(known), "{client:?}");
    }
}
