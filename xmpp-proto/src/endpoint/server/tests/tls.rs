//! STARTTLS and direct TLS (RFC 6120 §5, §13.7.2, XEP-0368).

use alloc::borrow::ToOwned;

use super::*;
use crate::endpoint::{ConnInfo, Endpoint, LostCause, Server, StartTlsFault, Timer};
use crate::{Instant, Seed};

const FAILURE: &str = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

#[test]
fn rfc6120_5_3_1_starttls_is_required_before_all_else() {
    let mut host = Host::new(config());
    host.receive(HEADER);
    // §5.3.1: required, and nothing beside it.
    assert!(host.take_sent().ends_with(STARTTLS_OFFER));
    // §6.5.4: a login before it is refused whatever it says, and nobody is asked about it.
    for auth in [plain("alice", "secret"), auth("SCRAM-SHA-1", "n,,n=alice,r=x")] {
        host.receive(auth);
        assert_eq!(host.take_sent(), failure("encryption-required"));
        assert!(host.next_event().is_none());
    }
    host.assert_open();
    host.receive(STARTTLS);
    assert_eq!(host.take_sent(), PROCEED);

    for early in [BIND, "<message><body>hi</body></message>", "<presence/>"] {
        let mut host = Host::opened(config());
        host.receive(early);
        // §5.3.1, §4.9.3.12.
        let (ended, _) = host.refused("not-authorized");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::StanzaBeforeBinding), "{early}");
    }
}

#[test]
fn rfc6120_5_4_2_proceed_is_the_last_word_in_the_clear() {
    let now = Instant::from_micros(0);
    let mut server = Server::new(config(), Seed::new([1; 32]), now);
    let link = server.attempt();
    server.handle_connected(now, link, ConnInfo::new());
    server.handle_received(now, link, HEADER.as_bytes());
    server.handle_received(now, link, STARTTLS.as_bytes());
    while server.work() {}
    // §5.4.2.3: TLS begins behind the last byte of <proceed/>, not before it is written.
    while !server.outgoing().is_empty() {
        assert_eq!(server.poll_action(), None);
        assert!(!server.wants_read());
        server.handle_written(now, link, 1);
    }
    let domain = Some("example.org".to_owned());
    assert_eq!(server.poll_action(), Some(Action::SecureServer { id: link, domain }));
    assert!(!server.wants_read(), "what comes now is TLS");
    assert!(server.tls().is_none());
    // §5.4.3.1: the certificate is that of the domain the stream is for.
    let mut host = Host::new(config().with_domain("example.net".parse().unwrap()));
    host.receive(HEADER.replace("example.org", "example.net"));
    host.receive(STARTTLS);
    assert_eq!(host.secure().as_deref(), Some("example.net"));
}

#[test]
fn rfc6120_5_4_2_nothing_may_follow_starttls() {
    for more in [HEADER, "<x", " ", "\n", "\u{16}\u{3}\u{1}", &plain("alice", "secret"), STARTTLS] {
        let mut host = Host::opened(config());
        host.take_sent();
        host.receive(format!("{STARTTLS}{more}"));
        // §5.4.3.3: what stands there would be taken for a part of the secured stream.
        let (ended, before) = host.refused("policy-violation");
        assert_eq!(before, "", "{more}: no <proceed/>");
        assert_eq!(ended.reason, Reason::Peer(PeerFault::DataAfterStartTls), "{more}");
    }
    // Also in a chunk of its own, to an adapter that reads what it was not asked to.
    let mut host = Host::opened(config());
    host.receive(STARTTLS);
    let link = host.server.attempt();
    host.server.handle_received(host.now, link, HEADER.as_bytes());
    host.drain();
    assert_eq!(host.ended().reason, Reason::Peer(PeerFault::DataAfterStartTls));
}

#[test]
fn rfc6120_5_3_2_nothing_survives_tls() {
    let two = config().with_domain("example.net".parse().unwrap());
    let mut host = Host::new(two);
    let header = header_from("mallory@example.org").replace(" to=", " xml:lang='xx' to=");
    host.receive(header);
    let first = host.take_sent();
    host.receive(STARTTLS);
    host.secure();
    host.take_sent();
    // §5.4.3.3: the client owes a header, and until then hears nothing.
    assert_eq!(host.server.domain(), None);
    assert_eq!(host.take_sent(), "");
    host.receive(header_from("alice@example.net").replace("'example.org'", "'example.net'"));
    let second = host.take_sent();
    // §5.3.2: neither the id, the domain, the name nor the language of before.
    assert_ne!(attr(&first, "id"), attr(&second, "id"));
    assert_eq!(attr(&second, "from"), Some("example.net"));
    assert_eq!(attr(&second, "to"), Some("alice@example.net"));
    assert_eq!(attr(&second, "xml:lang"), None);
    assert!(second.contains("<mechanisms ") && !second.contains("<starttls"), "§5.3.4");
    let ask = {
        host.receive(plain("alice", "secret"));
        host.credentials_question()
    };
    assert_eq!(ask.domain().as_str(), "example.net");

    // A stanza where the header is due.
    let mut host = Host::opened(config());
    host.receive(STARTTLS);
    host.secure();
    host.take_sent();
    host.receive(plain("alice", "secret"));
    let (_, before) = host.refused("invalid-namespace");
    assert!(before.starts_with("<?xml "), "§4.9.1.2: {before}");
}

#[test]
fn rfc6120_5_4_2_2_starttls_twice_fails() {
    let refused = |mut host: Host| {
        host.take_sent();
        host.receive(format!("{STARTTLS}<message/>"));
        // §5.4.2.2: the failure, the end, and nothing read behind it.
        assert_eq!(host.take_sent(), format!("{FAILURE}{CLOSE}"));
        assert_eq!(host.ended().reason, Reason::StartTls(StartTlsFault::Refused));
        let action = host.next_action();
        assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })));
    };
    refused(Host::secured(config()));
    refused(Host::secured(direct()));
    refused(Host::authenticated(config()));
    refused(Host::opened(config().with_tls(ServerTls::InsecurePlaintext)));
    // Once online it is an element like any other that is not known.
    let mut host = Host::online(config());
    host.receive(STARTTLS);
    host.refused("unsupported-stanza-type");
}

#[test]
fn rfc6120_5_4_3_2_a_handshake_that_fails_or_never_ends_is_the_end() {
    for config in [config(), direct()] {
        for lost in [true, false] {
            let now = Instant::from_micros(0);
            let mut server = Server::new(config.clone(), Seed::new([1; 32]), now);
            let link = server.attempt();
            server.handle_connected(now, link, ConnInfo::new());
            if config.tls == ServerTls::StartTls {
                server.handle_received(now, link, HEADER.as_bytes());
                server.handle_received(now, link, STARTTLS.as_bytes());
                while server.work() {}
                server.handle_written(now, link, usize::MAX);
            }
            assert!(matches!(server.poll_action(), Some(Action::SecureServer { .. })));
            let until = now + config.negotiation_timeout;
            assert_eq!(server.next_timer(), Some((Timer::Negotiation, until)));
            let reason = if lost {
                server.handle_lost(now, link, LostCause::Eof);
                Reason::Transport(LostCause::Eof)
            } else {
                server.handle_timeout(until);
                let how = Shutdown::Abort;
                assert_eq!(server.poll_action(), Some(Action::Disconnect { id: link, how }));
                Reason::TimedOut(Timer::Negotiation)
            };
            // §5.4.3.2: the transport goes without another word in the clear.
            assert!(server.outgoing().is_empty());
            let Some(ServerEvent::Ended(ended)) = server.poll_event() else { panic!("no end") };
            assert_eq!((ended.reason, ended.phase), (reason, Phase::Securing));
        }
    }
}

#[test]
fn xep0368_direct_tls_comes_before_the_header() {
    let mut host = Host::new(direct());
    assert_eq!(host.take_sent(), "");
    host.receive(HEADER);
    let sent = host.take_sent();
    assert!(sent.contains("<mechanisms ") && !sent.contains("<starttls"), "{sent}");

    // Bytes before the handshake are nobody's stream.
    let now = Instant::from_micros(0);
    let mut server = Server::new(direct(), Seed::new([1; 32]), now);
    let link = server.attempt();
    server.handle_connected(now, link, ConnInfo::new());
    server.handle_received(now, link, HEADER.as_bytes());
    assert!(server.outgoing().is_empty());
    assert!(server.is_idle());
}

#[test]
fn plaintext_is_for_who_says_so_and_still_hides_the_password() {
    let insecure = || config().with_tls(ServerTls::InsecurePlaintext);
    let mut host = Host::new(insecure());
    host.receive(HEADER);
    let sent = host.take_sent();
    // RFC 6120 §13.8.3.
    assert!(sent.contains("<mechanism>SCRAM-SHA-1</mechanism>"), "{sent}");
    assert!(!sent.contains("PLAIN") && !sent.contains("-PLUS"), "{sent}");
    host.receive(plain("alice", "secret"));
    assert_eq!(host.take_sent(), failure("invalid-mechanism"));
    assert!(host.next_event().is_none());

    let mut loud = insecure();
    loud.insecure_plain_without_tls = true;
    let host = Host::online(loud);
    assert!(host.server.tls().is_none());
}
