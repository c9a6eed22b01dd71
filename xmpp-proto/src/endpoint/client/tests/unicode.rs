//! Accounts beyond ASCII.

use super::*;
use crate::endpoint::{Action, ConnInfo, DnsRecords, Endpoint, PeerFault};
use crate::testing::{BIND_FEATURES, HEADER, bind_result};

fn account(jid: &str) -> ClientConfig {
    ClientConfig::new(jid.parse().unwrap(), "p\u{AD}äss")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
        .with_tls(TlsMode::Direct)
}

#[test]
fn rfc5890_2_3_2_1_dns_and_tls_are_asked_for_the_encoded_domain() {
    let mut script = Script::new(account("Jürgen@BÜCHER.example"));
    let now = script.now();
    script.client().connect(now).unwrap();
    script.drain();
    let Some(Action::Resolve { id, domain }) = script.next_action() else { panic!() };
    assert_eq!(domain, "xn--bcher-kva.example");
    script.client().handle_resolved(now, id, DnsRecords::default());
    script.drain();
    let Some(Action::Connect { id, target }) = script.next_action() else { panic!() };
    assert_eq!(target.host, "xn--bcher-kva.example");
    script.client().handle_connected(now, id, ConnInfo::new());
    script.drain();
    let Some(Action::Secure { server_name, .. }) = script.next_action() else { panic!() };
    assert_eq!(server_name, "xn--bcher-kva.example");
}

/// What comes of an account that the server binds as `bound`.
fn bind(account: ClientConfig, bound: &str) -> Script {
    let mut script = Script::new(account);
    script.connect();
    script.take_sent();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(SUCCESS);
    script.receive(HEADER);
    script.receive(BIND_FEATURES);
    let id = script.last_id();
    script.receive(bind_result(&id, bound));
    script
}

#[test]
fn rfc6120_7_6_1_the_account_may_be_bound_by_either_preparation() {
    for (bound, own) in [
        ("straße@example.org/r", "straße@example.org/r"),
        ("STRASSE@example.org/r", "strasse@example.org/r"),
        ("STRA\u{1E9E}E@example.org/r", "straße@example.org/r"),
    ] {
        let mut script = bind(account("straße@example.org"), bound);
        let Some(Event::Online { jid }) = script.next_event() else { panic!("not online") };
        assert_eq!(jid.as_str(), own);
    }
    for bound in ["strase@example.org/r", "strasse@example.com/r", "example.org/r"] {
        let mut script = bind(account("straße@example.org"), bound);
        assert!(
            matches!(reason(&mut script), Reason::Peer(PeerFault::ForeignJid { .. })),
            "{bound}"
        );
    }
    // What was ß to the server was never ss to us.
    let mut script = bind(account("strasse@example.org"), "straße@example.org/r");
    assert!(matches!(reason(&mut script), Reason::Peer(PeerFault::ForeignJid { .. })));
}
