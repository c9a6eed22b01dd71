//! Wrong domains, wrong TLS, and somebody in the middle.

use super::super::{Pair, Side, Tls, Wire};
use super::{PLAIN, Path, SCRAM, Transport, jid, run, wrote};
use crate::endpoint::{
    AuthFault, CertificateFault, ClientConfig, LostCause, PeerFault, Reason, StartTlsFault, Target,
    TlsFault,
};
use crate::sasl::{Credentials, Mechanism};
use crate::stream::StreamCondition;
use crate::testing::Chunks;

#[test]
fn rfc6120_4_9_3_6_a_domain_that_is_not_served() {
    for path in [SCRAM, PLAIN] {
        let mut client = path.client();
        client.jid = jid("alice@elsewhere.example");
        client.target = Some(Target::new("example.org", 5222));
        let (client, server, pair) = run(Pair::new(client, path.server(), path.owner()));
        let Reason::Reported(error) = &client.reason else { panic!("{client}") };
        assert_eq!(error.condition(), StreamCondition::HostUnknown);
        let to = "elsewhere.example".into();
        assert_eq!(server.reason, Reason::Peer(PeerFault::UnknownDomain { to }));
        assert!(wrote(&pair, Side::Server).contains("<host-unknown "));
    }
}

#[test]
fn who_sits_in_the_middle_gets_nothing_from_a_bound_login() {
    for mechanism in
        [Mechanism::ScramSha1Plus, Mechanism::ScramSha256Plus, Mechanism::ScramSha512Plus]
    {
        for transport in [Transport::StartTls, Transport::Direct] {
            let wire = Wire::new().with_tls(Tls::new().with_middle());
            let (client, server, _) = run(Path::new(transport, mechanism).pair(wire));
            assert_eq!(client.condition(), Some("not-authorized"), "{client}");
            assert!(matches!(client.reason, Reason::Auth(AuthFault::Refused(_))), "{client}");
            assert_eq!(server.reason, Reason::ClosedByPeer);
        }
    }
    // What is not bound cannot tell.
    let wire = Wire::new().with_tls(Tls::new().with_middle());
    let mut pair = Path::new(Transport::StartTls, Mechanism::ScramSha256).pair(wire);
    pair.login();
}

#[test]
fn a_certificate_that_the_client_refuses() {
    for path in [SCRAM, PLAIN] {
        let wire = Wire::new().with_tls(Tls::new().with_refusal(CertificateFault::Expired));
        let (client, server, _) = run(path.pair(wire));
        let fault = CertificateFault::Expired;
        let fault = TlsFault::Certificate { fault, report: None };
        assert_eq!(client.reason, Reason::Transport(LostCause::Tls(fault)));
        let refused = matches!(server.reason, Reason::Transport(LostCause::Tls(_)));
        assert!(refused, "{server}");
    }
}

/// A client and a server that disagree about when TLS starts.
fn mismatch(client: Transport, server: Transport) -> (Reason, Reason, Pair) {
    let client = Path::new(client, Mechanism::Plain).client();
    let server = Path::new(server, Mechanism::Plain).server();
    let (client, server, pair) = run(Pair::new(client, server, PLAIN.owner()));
    (client.reason, server.reason, pair)
}

#[test]
fn ends_that_disagree_about_tls() {
    use Transport::{Direct, Plain, StartTls};
    // The client speaks first, in the clear, where a handshake is due; or the other way round.
    let (client, server, _) = mismatch(StartTls, Direct);
    assert!(matches!(server, Reason::Transport(LostCause::Tls(_))), "{server}");
    assert!(matches!(client, Reason::Peer(PeerFault::Xml(_))), "{client}");
    for to in [StartTls, Plain] {
        let (client, server, pair) = mismatch(Direct, to);
        assert!(matches!(client, Reason::Transport(LostCause::Tls(_))), "{client}");
        assert!(matches!(server, Reason::Peer(PeerFault::Xml(_))), "{server}");
        assert_eq!(wrote(&pair, Side::Client), "");
    }
    let (client, server, pair) = mismatch(StartTls, Plain);
    assert_eq!(client, Reason::StartTls(StartTlsFault::NotOffered));
    assert_eq!(server, Reason::ClosedByPeer);
    assert!(!wrote(&pair, Side::Client).contains("<auth"));
    let (client, server, pair) = mismatch(Plain, StartTls);
    assert_eq!(client, Reason::StartTls(StartTlsFault::Mandatory));
    assert_eq!(server, Reason::ClosedByPeer);
    assert!(!wrote(&pair, Side::Client).contains("<auth"));
}

#[test]
fn nothing_behind_proceed_or_starttls_is_ever_parsed() {
    let mut good = SCRAM.pair(Wire::new());
    good.login();
    let smuggled = "<message xmlns='jabber:client'><body>smuggled</body></message>";
    for side in Side::BOTH {
        let last = match side {
            Side::Client => "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            Side::Server => "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        };
        let clear = wrote(&good, side);
        let at = clear.find(last).unwrap() + last.len();
        for chunks in [Chunks::Whole, Chunks::Of(1), Chunks::Of(7), Chunks::CutAt(at)] {
            let wire = Wire::new().with_injection(side, at, smuggled).with_chunks(chunks);
            let (client, server, pair) = run(SCRAM.pair(wire));
            let text = pair.transcript();
            let victim = if side == Side::Client { &server } else { &client };
            let seen = matches!(
                victim.reason,
                Reason::Peer(PeerFault::DataAfterProceed | PeerFault::DataAfterStartTls)
                    | Reason::Transport(LostCause::Tls(_))
            );
            assert!(seen, "{chunks:?}: {victim}\n{text}");
            for lanes in Side::BOTH.map(|side| text.lanes(side)) {
                assert_eq!(lanes.events.len(), 1, "{text}");
                assert!(!lanes.wrote.contains("mechanism"), "{text}");
            }
        }
    }
}

#[test]
fn who_has_no_common_mechanism_sends_nothing() {
    let client = SCRAM.client();
    let server = SCRAM.server().with_mechanisms([Mechanism::Plain]);
    let (client, server, pair) = run(Pair::new(client, server, SCRAM.owner()));
    assert!(matches!(client.reason, Reason::Auth(AuthFault::NoMechanism { .. })), "{client}");
    assert_eq!(server.reason, Reason::ClosedByPeer);
    assert!(!wrote(&pair, Side::Client).contains("<auth"));
}

#[test]
fn acting_as_somebody_else_is_refused() {
    let credentials = Credentials::new("alice", "secret").with_authzid("bob@example.org");
    for path in [PLAIN, SCRAM] {
        let client: ClientConfig = path.client().with_credentials(credentials.clone());
        let (client, ..) = run(Pair::new(client, path.server(), path.owner()));
        assert_eq!(client.condition(), Some("invalid-authzid"), "{client}");
    }
}
