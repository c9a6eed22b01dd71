//! Clients that attack the stream: each gets its condition, and none costs more than it may.

use core::time::Duration;

use super::*;
use crate::endpoint::{ConnInfo, Endpoint, LostCause, Server, Timer};
use crate::xml::ErrorKind;
use crate::{Instant, Seed};

fn kind(ended: &Ended) -> ErrorKind {
    match &ended.reason {
        Reason::Peer(PeerFault::Xml(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_header_of_one_byte_per_second_is_not_waited_for() {
    for slow in [HEADER, &" ".repeat(100), &HEADER.replace("?>", &"\n".repeat(100))] {
        let mut host = Host::new(direct());
        for byte in slow.bytes().take(29) {
            host.receive([byte]);
            host.pass(Duration::from_secs(1));
        }
        host.assert_open();
        assert_eq!(host.take_sent(), "");
        host.receive(&slow[29..30]);
        host.pass(Duration::from_secs(1));
        // RFC 6120 §4.9.3.4: a byte now and then earns no time.
        let (ended, before) = host.refused("connection-timeout");
        assert_eq!(ended.reason, Reason::TimedOut(Timer::Negotiation));
        assert!(before.starts_with("<?xml "), "RFC 6120 §4.9.1.2: {before}");
    }
}

#[test]
fn a_half_open_connection_is_given_up() {
    // The client is gone and nobody has told us: nothing is taken, nothing comes.
    let mut host = Host::new(config());
    host.receive(HEADER);
    host.takes_output = false;
    host.pass(Duration::from_secs(30));
    assert!(!host.server.is_idle(), "the last words have a moment");
    host.pass(Duration::from_secs(5));
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })), "{action:?}");
    assert_eq!(host.ended().reason, Reason::TimedOut(Timer::Negotiation));
}

#[test]
fn elements_over_the_limit_are_refused_before_they_are_kept() {
    let of = |bytes: usize| {
        let frame = "<message to='bob@example.net'><body></body></message>";
        format!(
            "<message to='bob@example.net'><body>{}</body></message>",
            "x".repeat(bytes - frame.len())
        )
    };
    // RFC 6120 §13.12: 16 KiB for anybody.
    for state in [Host::opened, Host::secured] {
        let mut host = state(config());
        host.take_sent();
        host.receive(of(16 * 1024 + 1));
        let (ended, _) = host.refused("policy-violation");
        assert_eq!(kind(&ended), ErrorKind::StanzaTooLong);
        // What never ends is noticed as soon.
        let mut host = state(config());
        host.take_sent();
        host.set_chunks(Chunks::Of(1000));
        host.inbox.extend(format!("<message>{}", "x".repeat(1 << 20)).bytes());
        host.drain();
        let (ended, _) = host.refused("policy-violation");
        assert_eq!(kind(&ended), ErrorKind::StanzaTooLong);
    }
    let mut host = Host::secured(config());
    host.receive(of(16 * 1024));
    host.refused("not-authorized");
    // 256 KiB for who is known.
    let mut host = Host::online(config());
    host.receive(of(256 * 1024));
    assert!(host.stanza().element().as_ref().children().count() == 1);
    host.receive(of(256 * 1024 + 1));
    let (ended, _) = host.refused("policy-violation");
    assert_eq!((kind(&ended), ended.phase), (ErrorKind::StanzaTooLong, Phase::Online));
    // Nothing of it is kept.
    let mut host = Host::online(config());
    let never = format!("<message>{}", "<a/>x".repeat(1 << 20));
    let mut most = 0;
    for chunk in never.as_bytes().chunks(4096) {
        host.receive(chunk);
        most = most.max(host.server.flow.parser.unread());
        if host.server.is_idle() {
            break;
        }
    }
    assert!(most <= 256 * 1024 + 2 * 4096, "{most}");
    host.refused("policy-violation");
}

#[test]
fn headers_over_the_limit_are_refused() {
    for long in [
        HEADER.replace(" to=", &format!(" x='{}' to=", "x".repeat(9000))),
        HEADER.replace("?>", &format!("{}?>", " ".repeat(9000))),
        format!("<stream:stream {}", "x".repeat(9000)),
    ] {
        let mut host = Host::new(config());
        host.set_chunks(Chunks::Of(100));
        host.receive(long);
        let (ended, before) = host.refused("policy-violation");
        assert!(before.starts_with("<?xml "), "RFC 6120 §4.9.1.2: {before}");
        assert!(matches!(kind(&ended), ErrorKind::HeaderTooLong | ErrorKind::NameTooLong));
    }
}

#[test]
fn deep_and_wide_elements_are_refused() {
    let many: String = (0..100).map(|i| format!(" a{i}=''")).collect();
    let prefixes: String = (0..63).map(|i| format!(" xmlns:a{i}='urn:x'")).collect();
    let nested = format!("<a{prefixes}>").repeat(2);
    for (bad, expected) in [
        ("<a>".repeat(1000), ErrorKind::TooDeep),
        (format!("<a{many}/>"), ErrorKind::TooManyAttributes),
        (format!("<{}/>", "n".repeat(1000)), ErrorKind::NameTooLong),
        (nested, ErrorKind::TooManyNamespaces),
    ] {
        for state in [Host::opened, Host::online] {
            let mut host = state(config());
            host.take_sent();
            host.receive(&bad);
            assert_eq!(kind(&host.refused("policy-violation").0), expected);
        }
    }
}

#[test]
fn a_second_stream_inside_the_first() {
    let inner = HEADER.trim_start_matches("<?xml version='1.0'?>");
    for state in [Host::opened, Host::secured, Host::authenticated, Host::online] {
        // Complete: an element that nobody knows.
        for inner in [format!("{inner}</stream:stream>"), inner.replace('>', "/>")] {
            let mut host = state(config());
            host.take_sent();
            host.receive(inner);
            let (ended, _) = host.refused("unsupported-stanza-type");
            let name = "stream".into();
            assert_eq!(ended.reason, Reason::Peer(PeerFault::UnknownElement { name }));
        }
        // Incomplete: nothing in it is a stanza of ours, and its end is not the stream's.
        let mut host = state(config());
        host.take_sent();
        host.receive(inner);
        host.receive("<message to='bob@example.net'/><presence/>");
        host.receive(plain("alice", "secret"));
        assert!(host.next_event().is_none());
        assert_eq!(host.take_sent(), "");
        host.receive(CLOSE);
        host.refused("unsupported-stanza-type");
        // With an XML declaration.
        let mut host = state(config());
        host.take_sent();
        host.receive(HEADER);
        let (ended, before) = host.refused("restricted-xml");
        assert_eq!(before, "", "no second header");
        assert_eq!(kind(&ended), ErrorKind::ProcessingInstruction);
    }
}

/// The most memory that is taken while the client sends `chunk` over and over.
fn memory(host: &mut Host, chunk: &[u8], times: usize) -> u64 {
    let link = host.server.attempt();
    let (server, now) = (&mut host.server, host.now);
    let info = allocation_counter::measure(|| {
        for _ in 0..times {
            server.handle_received(now, link, chunk);
            while server.work() {}
        }
    });
    info.bytes_max
}

#[test]
fn memory_is_bounded_by_the_limits() {
    let densest = "<a/>x".repeat(100);
    let (anybody, known) = (16 * 1024, 256 * 1024);
    for (state, limit) in [(Host::secured as fn(_) -> _, anybody), (Host::online, known)] {
        // What `Limits` promises for the worst stanza.
        let mut host: Host = state(config());
        host.receive("<message>");
        let most = memory(&mut host, densest.as_bytes(), 4 * limit / densest.len());
        assert!(most <= 24 * limit as u64, "{most} bytes for a stanza of {limit}");
        host.drain();
        host.refused("policy-violation");
        // White space between stanzas is not kept at all.
        let mut host: Host = state(config());
        host.server.config = crate::sync::Arc::new({
            let mut unlimited = config();
            unlimited.rate = None;
            unlimited
        });
        let most = memory(&mut host, &[b' '; 16 * 1024], 64);
        assert!(most <= 128 * 1024, "{most} bytes for white space");
    }
}

#[test]
fn white_space_without_end_is_nothing() {
    let mut host = Host::online(config());
    for _ in 0..64 {
        host.receive(" ".repeat(64 * 1024));
        host.pass(Duration::from_mins(1));
    }
    host.assert_open();
    assert_eq!(host.transcript(), [""]);
    // Before the login it does not stop the clock.
    let mut host = Host::opened(config());
    host.take_sent();
    for _ in 0..30 {
        host.receive(" ".repeat(64 * 1024));
        host.pass(Duration::from_secs(1));
    }
    host.refused("connection-timeout");
}

#[test]
fn bytes_that_are_no_xmpp_at_all() {
    for (bytes, condition) in [
        (&b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"[..], "bad-format"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not-well-formed"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "bad-format"),
        (b"\0\0\0\0", "not-well-formed"),
        (b"\x80", "not-well-formed"),
        (b"{}", "bad-format"),
        (b"<html>", "invalid-namespace"),
        (b"<>", "not-well-formed"),
    ] {
        let mut host = Host::new(config());
        host.receive(bytes);
        let (_, before) = host.refused(condition);
        assert!(before.starts_with("<?xml "), "RFC 6120 §4.9.1.2: {before}");
    }
}

#[test]
fn a_foreign_full_jid_is_no_resource_of_its_owner() {
    for resource in ["bob@example.org/phone", "bob@example.net", "@", "/", "example.org"] {
        let mut host = Host::authenticated(config());
        host.receive(bind("b1", resource));
        let ask = host.bind_question();
        // RFC 6120 §7.6.1: of this account, and of no other.
        assert_eq!(ask.jid().to_bare().as_str(), "alice@example.org");
        host.answer_bind(ask, Bound::Accept);
        let jid = host.server.jid().unwrap().clone();
        assert_eq!(jid.as_str(), format!("alice@example.org/{resource}"));
        host.next_event();
        host.receive("<message to='bob@example.net'/>");
        assert_eq!(host.stanza().from().unwrap().as_str(), jid.as_str());
    }
}

#[test]
fn bytes_of_the_client_at_every_place_of_a_login_never_make_it_panic() {
    let all =
        [HEADER, &plain("alice", "secret"), HEADER, &bind("b1", "desk"), "<presence/>", CLOSE]
            .concat();
    for (at, byte) in (0..all.len()).zip(b"<>/&'\"\0\xff ]=:".iter().cycle()) {
        let mut bytes = all.clone().into_bytes();
        bytes[at] = *byte;
        let now = Instant::from_micros(0);
        let mut server = Server::new(direct(), Seed::new([3; 32]), now);
        let link = server.attempt();
        server.handle_connected(now, link, ConnInfo::new());
        assert!(server.poll_action().is_some());
        server.handle_secured(now, link, tls13());
        server.handle_received(now, link, &bytes);
        for _ in 0..1000 {
            let more = server.work();
            let written = server.outgoing().len();
            server.handle_written(now, link, written);
            let event = server.poll_event();
            let idle = !more && written == 0 && event.is_none();
            match event {
                Some(ServerEvent::Credentials(ask)) => {
                    server.credentials(now, ask, Some(stored_once())).unwrap();
                }
                Some(ServerEvent::Bind(ask)) => server.bind(now, ask, Bound::Accept).unwrap(),
                _ => {}
            }
            if idle {
                break;
            }
        }
        server.handle_lost(now, link, LostCause::Eof);
        while server.work() || server.poll_event().is_some() {}
        assert!(server.is_idle(), "at {at}");
        assert_eq!(server.poll_timeout(), None);
    }
}

/// As [`stored`], with the least work.
fn stored_once() -> StoredCredentials {
    StoredCredentials::from_password("secret", b"salt", 1).unwrap()
}
