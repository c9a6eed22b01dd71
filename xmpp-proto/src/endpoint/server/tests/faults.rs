//! What a client may not do, and the stream error it is told (RFC 6120 §4.9, §11).

use alloc::vec;
use core::time::Duration;

use super::*;
use crate::endpoint::Timer;
use crate::stream::{StreamCondition, StreamError};
use crate::xml::ErrorKind;

/// How far the client has come.
type State = fn(ServerConfig) -> Host;

/// Where a stream is open and any stanza might come.
const STATES: [(State, Phase); 4] = [
    (Host::opened, Phase::Negotiating),
    (Host::secured, Phase::Negotiating),
    (Host::authenticated, Phase::Binding),
    (Host::online, Phase::Online),
];

/// At every state the client sends `bad`, and something behind it.
#[track_caller]
fn check_xml(bad: &[u8], kind: ErrorKind, condition: &str) {
    for (state, phase) in STATES {
        for n in [1, 5, usize::MAX] {
            let mut host = state(config());
            host.take_sent();
            host.set_chunks(Chunks::Of(n));
            host.receive([bad, b"<message><body>never</body></message>"].concat());
            let (ended, before) = host.refused(condition);
            assert_eq!(before, "");
            assert_eq!(ended.phase, phase);
            match ended.reason {
                Reason::Peer(PeerFault::Xml(error)) => assert_eq!(error.kind(), kind, "{error}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn rfc6120_11_1_restricted_xml() {
    // §11.1, §4.9.3.18: comments, processing instructions, DTDs, entities that are not predefined.
    check_xml(b"<message><!-- x --></message>", ErrorKind::Comment, "restricted-xml");
    check_xml(b"<!-- x -->", ErrorKind::Comment, "restricted-xml");
    check_xml(b"<?php x?>", ErrorKind::ProcessingInstruction, "restricted-xml");
    check_xml(b"<message><?x?></message>", ErrorKind::ProcessingInstruction, "restricted-xml");
    check_xml(b"<!DOCTYPE x [<!ENTITY a 'b'>]>", ErrorKind::Doctype, "restricted-xml");
    check_xml(b"<message>&lol9;</message>", ErrorKind::UnknownEntity, "restricted-xml");
    check_xml(b"<message id='&lol9;'/>", ErrorKind::UnknownEntity, "restricted-xml");
    // Before the header, too, and ours comes first.
    for bad in ["<!-- x -->", "<!DOCTYPE x>", "<?php x?>"] {
        let mut host = Host::new(config());
        host.receive(format!("{bad}{HEADER}"));
        let (_, before) = host.refused("restricted-xml");
        assert!(before.starts_with("<?xml "), "§4.9.1.2: {before}");
    }
    // §11.1: what is predefined is not restricted, nor are CDATA sections.
    let mut host = Host::online(config());
    host.receive(
        "<message to='bob@example.net'><body>&lt;&#x41;<![CDATA[<!-- -->]]></body></message>",
    );
    let crate::stanza::Stanza::Message(message) = host.stanza() else { panic!("no message") };
    assert_eq!(message.body().as_deref(), Some("<A<!-- -->"));
}

#[test]
fn rfc6120_11_3_not_well_formed() {
    // §11.3, §4.9.3.13: XML, and namespaces.
    for (bad, kind) in [
        (&b"<message></presence>"[..], ErrorKind::MismatchedEndTag),
        (b"<x:message/>", ErrorKind::UndeclaredPrefix),
        (b"<message id='1' id='2'/>", ErrorKind::DuplicateAttribute),
        (b"<message id=1/>", ErrorKind::UnexpectedByte),
        (b"<message>\xff</message>", ErrorKind::InvalidUtf8),
        (b"<message>\xC0\x80</message>", ErrorKind::InvalidUtf8),
        (b"<message>\x00</message>", ErrorKind::ForbiddenChar(0)),
    ] {
        check_xml(bad, kind, "not-well-formed");
    }
}

#[test]
fn rfc6120_11_6_only_utf_8() {
    let declared =
        |encoding: &str| HEADER.replace("'1.0'?>", &format!("'1.0' encoding='{encoding}'?>"));
    for encoding in ["ISO-8859-1", "UTF-16", "utf-7"] {
        let mut host = Host::new(config());
        host.receive(declared(encoding));
        // §11.6, §4.9.3.22.
        let (_, before) = host.refused("unsupported-encoding");
        assert!(before.starts_with("<?xml "));
    }
    for encoding in ["UTF-8", "utf-8"] {
        let mut host = Host::new(config());
        host.receive(declared(encoding));
        assert!(host.take_sent().ends_with(STARTTLS_OFFER), "{encoding}");
    }
    let utf_16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut host = Host::new(config());
    host.receive([&b"\xff\xfe"[..], &utf_16].concat());
    assert!(matches!(host.ended().reason, Reason::Peer(PeerFault::Xml(_))));
}

/// What a client of a state says, and how it is refused.
type Row = (State, String, &'static str);

#[test]
fn rfc6120_4_9_the_error_then_the_end() {
    let new: State = Host::new;
    let (opened, secured): (State, State) = (Host::opened, Host::secured);
    let (authenticated, online): (State, State) = (Host::authenticated, Host::online);
    let header = |from: &str, to: &str| HEADER.replace(from, to);
    let rows: Vec<Row> = vec![
        // §4.9.3.1, §4.9.3.2.
        (online, "text".into(), "bad-format"),
        (
            new,
            header("xmlns:stream", "xmlns:s").replace("stream:stream", "s:stream"),
            "bad-namespace-prefix",
        ),
        // §4.9.3.6, §4.9.3.7.
        (new, header("example.org", "example.com"), "host-unknown"),
        (new, header(" to='example.org'", ""), "improper-addressing"),
        // §4.9.3.9.
        (online, "<presence from='bob@example.org'/>".into(), "invalid-from"),
        // §4.9.3.10.
        (new, header("jabber:client", "jabber:server"), "invalid-namespace"),
        (new, header("http://etherx", "http://x"), "invalid-namespace"),
        (online, "<message xmlns='jabber:server'/>".into(), "invalid-namespace"),
        // §4.9.3.12.
        (opened, BIND.into(), "not-authorized"),
        (secured, BIND.into(), "not-authorized"),
        (authenticated, "<presence/>".into(), "not-authorized"),
        // §4.9.3.13.
        (new, "<stream:stream>".into(), "not-well-formed"),
        (new, "hello".into(), "bad-format"),
        (new, "GET / HTTP/1.1\r\n\r\n".into(), "bad-format"),
        (new, "\u{16}\u{3}\u{1}\u{2}".into(), "not-well-formed"),
        (online, "</message>".into(), "not-well-formed"),
        // §4.9.3.14.
        (opened, "<x>".repeat(1000), "policy-violation"),
        (online, "<x>".repeat(1000), "policy-violation"),
        // §4.9.3.18.
        (new, "<!DOCTYPE x>".into(), "restricted-xml"),
        (online, "<!-- x -->".into(), "restricted-xml"),
        // §4.9.3.22.
        (new, header("'1.0'?>", "'1.0' encoding='latin1'?>"), "unsupported-encoding"),
        // §4.9.3.24.
        (opened, "<x xmlns='urn:x'/>".into(), "unsupported-stanza-type"),
        (secured, "<x xmlns='urn:x'/>".into(), "unsupported-stanza-type"),
        (authenticated, "<x xmlns='urn:x'/>".into(), "unsupported-stanza-type"),
        (online, "<x xmlns='urn:x'/>".into(), "unsupported-stanza-type"),
        // §4.9.3.25.
        (new, header(" version='1.0'>", ">"), "unsupported-version"),
    ];
    for (state, bad, condition) in rows {
        for n in [1, usize::MAX] {
            let mut host = state(config());
            host.set_chunks(Chunks::Of(n));
            host.take_sent();
            let fresh = host.server.domain().is_none();
            host.receive(&bad);
            // §4.9.1.1: an unrecoverable error, then the end, and nothing read behind it.
            host.receive("<message><body>never</body></message>");
            let (ended, last) = host.refused(condition);
            assert_eq!(ended.condition(), Some(condition), "{bad}");
            // §4.9.1.2: our header is the first that is ever said, and said once.
            assert_eq!(last.starts_with("<?xml "), fresh, "{bad}: {last}");
            assert_eq!(last.matches("<stream:stream ").count(), usize::from(fresh), "{last}");
            assert!(host.server.jid().is_none());
        }
    }
    // §4.9.3.4: what takes too long.
    for (state, phase) in STATES.into_iter().take(3) {
        let mut host = state(config());
        host.take_sent();
        host.pass(Duration::from_secs(30));
        let (ended, _) = host.refused("connection-timeout");
        assert_eq!((ended.reason, ended.phase), (Reason::TimedOut(Timer::Negotiation), phase));
    }
    // §4.9.3.3: what the owner says.
    for (state, _) in STATES {
        let mut host = state(config());
        host.take_sent();
        host.server.close_with(host.now, StreamError::new(StreamCondition::Conflict));
        host.drain();
        host.refused("conflict");
    }
}

#[test]
fn rfc6120_4_6_1_white_space_between_stanzas_is_nothing() {
    for (state, _) in STATES {
        let mut host = state(config());
        host.take_sent();
        host.receive(" \n\t\r ");
        host.drain();
        assert_eq!(host.transcript(), [""]);
        host.assert_open();
    }
}

#[test]
fn the_end_is_the_same_for_all_chunks() {
    same_for_all_chunks(|chunks| {
        let mut host = Host::with(direct(), chunks, tls13());
        host.receive(format!("{}<x xmlns='urn:x'/>", HEADER.replace("example.org", "example.com")));
        host.transcript()
    });
}
