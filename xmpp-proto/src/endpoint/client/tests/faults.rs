//! What a server may not do: the exact condition it is told, and what it cannot spoil.

use alloc::format;
use alloc::string::String;

use super::*;
use crate::endpoint::{Action, Client, ConnInfo, Endpoint, LostCause, PeerFault, Shutdown, Target};
use crate::stream::{HeaderFault, StreamCondition};
use crate::testing::{BIND_FEATURES, bind_result};
use crate::xml::ErrorKind;
use crate::{Instant, Seed};

/// The stream error and the closing tag, as the client writes them.
fn goodbye(condition: &str) -> String {
    format!(
        "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>"
    )
}

/// After a good stanza in the same chunk the server sends `bad`, followed by more.
#[track_caller]
fn check_bad_xml(bad: &[u8], kind: ErrorKind, condition: &str) {
    let mut data = b"<message from='bob@example.org'><body>first</body></message>".to_vec();
    data.extend_from_slice(bad);
    data.extend_from_slice(b"<message><body>never</body></message>");
    let length = data.len();
    for n in [1, 2, 5, 64, length] {
        let mut script = online_with(direct(), Chunks::Of(n));
        script.receive(&data);
        let Some(Event::Stanza(Stanza::Message(first))) = script.next_event() else {
            panic!("the stanza before the fault is lost")
        };
        assert_eq!(first.body().as_deref(), Some("first"));
        match reason(&mut script) {
            Reason::Peer(PeerFault::Xml(error)) => assert_eq!(error.kind(), kind, "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(script.take_sent(), goodbye(condition));
        let action = script.next_action();
        assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })));
        assert!(script.next_event().is_none());
    }
}

#[test]
fn rfc6120_11_1_restricted_xml() {
    check_bad_xml(b"<message><!-- x --></message>", ErrorKind::Comment, "restricted-xml");
    check_bad_xml(b"<?php x?>", ErrorKind::ProcessingInstruction, "restricted-xml");
    check_bad_xml(b"<!DOCTYPE x [<!ENTITY a 'b'>]>", ErrorKind::Doctype, "restricted-xml");
    check_bad_xml(b"<message>&lol9;</message>", ErrorKind::UnknownEntity, "restricted-xml");
    check_bad_xml(b"<message id='&lol9;'/>", ErrorKind::UnknownEntity, "restricted-xml");
}

#[test]
fn rfc6120_11_3_not_well_formed() {
    check_bad_xml(b"<message></presence>", ErrorKind::MismatchedEndTag, "not-well-formed");
    check_bad_xml(b"<x:message/>", ErrorKind::UndeclaredPrefix, "not-well-formed");
    check_bad_xml(b"<message id='1' id='2'/>", ErrorKind::DuplicateAttribute, "not-well-formed");
}

#[test]
fn rfc3629_invalid_utf8() {
    for bytes in [
        &b"<message>\xC0\x80</message>"[..],         // overlong
        &b"<message>\xE0\x9F\xBF</message>"[..],     // overlong
        &b"<message>\xED\xA0\x80</message>"[..],     // surrogate
        &b"<message>\xF4\x90\x80\x80</message>"[..], // beyond U+10FFFF
        &b"<message>\xE4\xBD</message>"[..],         // truncated
        &b"<message>\xFF</message>"[..],
    ] {
        check_bad_xml(bytes, ErrorKind::InvalidUtf8, "not-well-formed");
    }
}

#[test]
fn limits_are_a_policy() {
    let policy = "policy-violation";
    let long = format!("<message><body>{}</body></message>", "x".repeat(2 << 20));
    let mut script = online_with(direct(), Chunks::Of(16 * 1024));
    script.receive(format!("<message><body>first</body></message>{long}"));
    assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    match reason(&mut script) {
        Reason::Peer(PeerFault::Xml(error)) => assert_eq!(error.kind(), ErrorKind::StanzaTooLong),
        other => panic!("{other:?}"),
    }
    assert_eq!(script.take_sent(), goodbye(policy));

    check_bad_xml("<a>".repeat(1000).as_bytes(), ErrorKind::TooDeep, policy);
    let many: String = (0..1000).map(|i| format!(" a{i}='1'")).collect();
    check_bad_xml(format!("<a{many}/>").as_bytes(), ErrorKind::TooManyAttributes, policy);
    let name = "n".repeat(2000);
    check_bad_xml(format!("<{name}/>").as_bytes(), ErrorKind::NameTooLong, policy);
}

#[test]
fn text_between_stanzas_is_bad_format_and_white_space_is_not() {
    check_bad_xml(b"hello", ErrorKind::TextOutsideStanza, "bad-format");
    let mut script = online(direct());
    script.receive(" \n\t ");
    assert_eq!(transcript(&mut script), [""]);
}

#[track_caller]
fn check_header(header: &str, fault: HeaderFault) {
    let mut script = Script::new(direct());
    script.connect();
    script.take_sent();
    script.receive(header);
    let condition = StreamCondition::from(&PeerFault::Header(fault.clone()));
    assert_eq!(reason(&mut script), Reason::Peer(PeerFault::Header(fault)));
    assert_eq!(script.take_sent(), goodbye(condition.name()));
}

#[test]
fn rfc6120_4_8_wrong_namespaces() {
    let ns = String::from("http://example.org/streams");
    check_header(
        &HEADER.replace("http://etherx.jabber.org/streams", &ns),
        HeaderFault::NotAStream { ns },
    );
    let ns = String::from("jabber:server");
    check_header(
        &HEADER.replace("jabber:client", &ns),
        HeaderFault::BadContentNamespace { ns: ns.clone() },
    );
    let ns = String::new();
    check_header(
        &HEADER.replace("xmlns='jabber:client' ", ""),
        HeaderFault::BadContentNamespace { ns },
    );
    let header = HEADER.replace("xmlns:stream", "xmlns:s").replace("stream:stream", "s:stream");
    check_header(&header, HeaderFault::BadPrefix);
}

#[test]
fn rfc6120_4_7_5_wrong_versions() {
    for (attribute, version) in [
        ("", None),
        (" version='0.9'", Some("0.9")),
        (" version='2.0'", Some("2.0")),
        (" version='x'", Some("x")),
    ] {
        let version = version.map(String::from);
        check_header(
            &HEADER.replace(" version='1.0'>", &format!("{attribute}>")),
            HeaderFault::UnsupportedVersion { version },
        );
    }
    // A higher minor version is no reason to leave.
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER.replace(" version='1.0'>", " version='1.01'>"));
    script.receive(mechanisms(&["PLAIN"]));
    assert!(script.take_sent().contains("<auth "));
}

#[test]
fn rfc6120_4_3_2_features_come_where_they_are_due() {
    let due = |script: &mut Script| match reason(script) {
        Reason::Peer(PeerFault::OutOfOrder { expected, found }) => (expected, found),
        other => panic!("{other:?}"),
    };
    // Something else in the place of features.
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive(SUCCESS);
    assert_eq!(due(&mut script), ("stream features", "success".into()));
    assert_eq!(script.take_sent(), goodbye("bad-format"));

    // Features in the place of something else.
    let mut script = Script::new(config());
    script.connect();
    script.receive(HEADER);
    script.receive(STARTTLS_REQUIRED);
    script.receive(STARTTLS_REQUIRED);
    assert_eq!(due(&mut script).1, "features");
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(BIND_FEATURES);
    assert_eq!(due(&mut script).1, "features");
}

#[test]
fn rfc6120_7_1_no_stanza_before_binding() {
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.take_sent();
    script.receive("<message from='eve@example.org'><body>psst</body></message>");
    assert_eq!(reason(&mut script), Reason::Peer(PeerFault::StanzaBeforeBinding));
    assert_eq!(script.take_sent(), goodbye("not-authorized"));
}

#[test]
fn starttls_injection_is_never_parsed() {
    // In the same chunk, in a later one, and be it only white space.
    for (injected, split) in [
        ("<stream:features/>", false),
        ("<stream:features/>", true),
        (" ", false),
        ("\n", true),
        ("\u{16}\u{3}", true),
    ] {
        let mut script = Script::new(config());
        script.connect();
        script.receive(HEADER);
        script.receive(STARTTLS_REQUIRED);
        script.take_sent();
        if split {
            script.receive(PROCEED);
            script.receive(injected);
            assert!(matches!(script.next_action(), Some(Action::Secure { .. })));
        } else {
            script.receive(format!("{PROCEED}{injected}"));
        }
        assert_eq!(reason(&mut script), Reason::Peer(PeerFault::DataAfterProceed));
        // Nothing more is said on a stream that somebody tampers with.
        assert_eq!(script.take_sent(), "");
        let action = script.next_action();
        assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    }
}

#[test]
fn a_handshake_that_has_not_begun_is_not_begun_without_a_transport() {
    let now = Instant::from_micros(0);
    let config = config().with_target(Target::new("xmpp.example.org", 5222));
    let mut client = Client::new(config, Seed::new([1; 32]), now);
    client.connect(now).unwrap();
    let Some(Action::Connect { id, .. }) = client.poll_action() else { panic!("no transport") };
    client.handle_connected(now, id, ConnInfo::new());
    let received = format!("{HEADER}{STARTTLS_REQUIRED}{PROCEED}");
    client.handle_received(now, id, received.as_bytes());
    while client.work() {}
    // The transport takes nothing, so what was said in the clear is still there.
    assert_eq!(client.poll_action(), None);
    client.handle_lost(now, id, LostCause::Reset);
    assert_eq!(client.poll_action(), None);
}

#[test]
fn rfc6120_5_4_3_3_what_came_before_tls_is_forgotten() {
    let mut script = Script::new(config());
    script.connect();
    script.receive(HEADER);
    // Features before TLS also lie about mechanisms.
    script.receive(
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
         </mechanisms></stream:features>",
    );
    script.receive(PROCEED);
    script.secure();
    script.take_sent();
    script.receive(HEADER);
    assert_eq!(script.take_sent(), "");
    script.receive(mechanisms(&["DIGEST-MD5"]));
    assert!(matches!(reason(&mut script), Reason::Auth(_)));
}

#[test]
fn rfc6120_7_6_1_a_foreign_jid_is_refused() {
    let bind = |jid: &str| {
        let mut script = authenticated();
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.take_sent();
        script.receive(bind_result(&id, jid));
        assert_eq!(script.take_sent(), goodbye("undefined-condition"));
        reason(&mut script)
    };
    for jid in ["mallory@example.org/r", "alice@example.com/r"] {
        assert_eq!(bind(jid), Reason::Peer(PeerFault::ForeignJid { jid: jid.into() }));
    }
    for jid in ["alice@example.org", "", "@/"] {
        assert_eq!(bind(jid), Reason::Peer(PeerFault::BadBindResult));
    }
}

#[test]
fn rfc6120_4_9_3_every_stream_error_is_understood_and_answered_with_the_close() {
    for condition in StreamCondition::ALL {
        let mut script = online(direct());
        script.receive(format!(
            "<message><body>before</body></message><stream:error><{condition} \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text \
             xmlns='urn:ietf:params:xml:ns:xmpp-streams'>why</text></stream:error>\
             </stream:stream>"
        ));
        assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
        let ended = ended(&mut script);
        assert_eq!(ended.condition(), Some(condition.name()));
        assert_eq!(script.take_sent(), "</stream:stream>");
        let Reason::Reported(error) = ended.reason else { panic!() };
        assert_eq!((error.condition(), error.text()), (*condition, Some("why")));
    }
}

#[test]
fn an_adapter_that_ignores_back_pressure_is_stopped() {
    let mut script = online(direct());
    let (now, id) = (script.now(), script.client().attempt());
    let too_much = alloc::vec![b' '; script.client().max_chunk() + 1];
    script.client().handle_received(now, id, &too_much);
    script.drain();
    assert_eq!(reason(&mut script), Reason::InputOverflow);
}
