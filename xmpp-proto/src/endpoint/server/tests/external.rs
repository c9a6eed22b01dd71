//! EXTERNAL: who shows a certificate is who it says (RFC 6120 §13.7.2, §13.8, XEP-0178).

use super::*;
use crate::endpoint::{AskIdentity, Misuse};

fn certified() -> TlsInfo {
    tls13().with_client_certificate(*b"the certificate of alice")
}

fn external() -> ServerConfig {
    direct().with_mechanisms([Mechanism::External, Mechanism::Plain])
}

/// A server before which a client with a certificate asks to be `authzid`.
#[track_caller]
fn asked(header: &str, authzid: &str) -> (Host, AskIdentity) {
    let mut host = Host::with_tls(external(), certified());
    host.receive(header);
    assert!(host.take_sent().contains("<mechanism>EXTERNAL</mechanism>"));
    let data = if authzid.is_empty() { "=".into() } else { base64(authzid) };
    host.receive(format!("<auth xmlns='{}' mechanism='EXTERNAL'>{data}</auth>", ns::SASL));
    let Some(ServerEvent::Identity(ask)) = host.next_event() else { panic!("not asked") };
    (host, ask)
}

fn answer(host: &mut Host, ask: AskIdentity, account: Option<&str>) -> String {
    let account = account.map(|account| account.parse().unwrap());
    host.server.identity(host.now, ask, account).unwrap();
    host.drain();
    host.take_sent()
}

#[test]
fn rfc6120_13_8_external_with_a_client_certificate() {
    for authzid in ["", "alice@example.org"] {
        let (mut host, ask) = asked(HEADER, authzid);
        let der = host.server.tls().unwrap().client_certificate.as_deref();
        assert_eq!(der, Some(&b"the certificate of alice"[..]));
        assert_eq!(ask.authzid(), Some(authzid).filter(|authzid| !authzid.is_empty()));
        assert_eq!(ask.domain().as_str(), "example.org");
        // §13.8.1, §6.3.4.
        assert_eq!(answer(&mut host, ask, Some("alice@example.org")), SUCCESS);
        host.receive(HEADER);
        host.take_sent();
        host.receive(bind("b1", "desk"));
        assert_eq!(host.bind_question().jid().as_str(), "alice@example.org/desk");
    }
    // Without an initial response, an empty challenge and its answer.
    let mut host = Host::with_tls(external(), certified());
    host.receive(HEADER);
    host.take_sent();
    host.receive(format!("<auth xmlns='{}' mechanism='EXTERNAL'/>", ns::SASL));
    assert!(host.take_sent().starts_with("<challenge "));
    host.receive(response(""));
    assert!(matches!(host.next_event(), Some(ServerEvent::Identity(_))));
}

#[test]
fn rfc6120_13_7_2_external_takes_only_what_the_certificate_proves() {
    // §13.7.2: nobody's certificate, and that of somebody else than who is asked for.
    for (authzid, account, condition) in [
        ("", None, "not-authorized"),
        ("alice@example.org", None, "not-authorized"),
        ("alice@example.org", Some("bob@example.org"), "invalid-authzid"),
    ] {
        let (mut host, ask) = asked(HEADER, authzid);
        assert_eq!(answer(&mut host, ask, account), failure(condition));
        host.assert_open();
        host.receive(plain("alice", "secret"));
        host.look_up();
        assert_eq!(host.take_sent(), SUCCESS);
    }
    // §6.3.8: an authorization identity is a bare JID.
    for authzid in ["alice@example.org/desk", "@", "a@b@c"] {
        let mut host = Host::with_tls(external(), certified());
        host.receive(HEADER);
        host.take_sent();
        host.receive(auth("EXTERNAL", authzid));
        assert_eq!(host.take_sent(), failure("invalid-authzid"), "{authzid}");
        assert!(host.next_event().is_none());
    }
    // §6.3.4: not offered to who has shown none, and not done either.
    for (config, tls) in
        [(external(), tls13()), (external().with_tls(ServerTls::InsecurePlaintext), certified())]
    {
        let mut host = Host::with_tls(config, tls);
        host.receive(HEADER);
        assert!(!host.take_sent().contains("EXTERNAL"));
        host.receive(auth("EXTERNAL", "alice@example.org"));
        assert_eq!(host.take_sent(), failure("invalid-mechanism"));
        assert!(host.next_event().is_none());
    }
}

#[test]
fn rfc6120_13_7_2_the_certificate_agrees_with_from() {
    // §13.7.2: the stream is opened by whom the certificate stands for.
    let (mut host, ask) = asked(&header_from("alice@example.org"), "");
    assert_eq!(answer(&mut host, ask, Some("alice@example.org")), SUCCESS);

    let (mut host, ask) = asked(&header_from("bob@example.org"), "");
    host.server.identity(host.now, ask, Some("alice@example.org".parse().unwrap())).unwrap();
    host.drain();
    let (ended, before) = host.refused("invalid-from");
    assert_eq!(before, "");
    let from = "bob@example.org".into();
    assert_eq!(ended.reason, Reason::Peer(PeerFault::ForgedFrom { from }));
}

#[test]
fn an_identity_that_cannot_be_told_now_costs_no_attempt() {
    let mut config = external();
    config.max_login_attempts = 1;
    let mut host = Host::with_tls(config, certified());
    host.receive(HEADER);
    host.take_sent();
    host.receive(auth("EXTERNAL", "alice@example.org"));
    let Some(ServerEvent::Identity(ask)) = host.next_event() else { panic!("not asked") };
    host.server.unavailable(host.now, ask).unwrap();
    host.drain();
    // RFC 6120 §6.5.9.
    assert_eq!(host.take_sent(), failure("temporary-auth-failure"));
    host.receive(auth("EXTERNAL", "alice@example.org"));
    let Some(ServerEvent::Identity(ask)) = host.next_event() else { panic!("not asked") };
    let account: crate::jid::BareJid = "alice@example.org".parse().unwrap();
    host.lose(crate::endpoint::LostCause::Eof);
    assert_eq!(host.server.identity(host.now, ask, Some(account)), Err(Misuse::UnknownQuestion));
}
