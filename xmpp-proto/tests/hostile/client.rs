//! Servers that never stop, and strings that end up in the stream, with the whole client: what it
//! holds in each phase of a stream, and what it says.

use std::collections::VecDeque;

use allocation_counter::{AllocationInfo, measure};
use xmpp_proto::endpoint::{ClientConfig, Endpoint, Event, PeerFault, Reason, TlsMode};
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::testing::{BIND_FEATURES, Chunks, HEADER, Script};
use xmpp_proto::xml::{ErrorKind, Limits};

use super::endless::{self, Endless, bound};

const GIGABYTE: usize = 1_000_000_000;

const MECHANISMS: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const STARTTLS: &str = "<stream:features><starttls \
     xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().expect("a JID"), "secret")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
        .with_tls(TlsMode::Direct)
}

/// A client that is online, with nothing left to look at.
fn online(config: &ClientConfig) -> Script {
    let mut script = Script::new(config.clone());
    script.login(config);
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
    script.take_sent();
    script
}

/// A client in each phase of a stream, with the name of the phase.
fn phases() -> Vec<(&'static str, Script)> {
    let received = |elements: &[&str]| {
        let mut script = Script::new(config());
        script.connect();
        for element in elements {
            script.receive(element);
        }
        script
    };
    let mut starttls = Script::new(config().with_tls(TlsMode::StartTls));
    starttls.connect();
    starttls.receive(HEADER);
    let mut proceeded = Script::new(config().with_tls(TlsMode::StartTls));
    proceeded.connect();
    for element in [HEADER, STARTTLS, PROCEED] {
        proceeded.receive(element);
    }
    let mut closing = online(&config());
    let now = closing.now();
    closing.client().close(now);
    closing.drain();
    vec![
        ("before TLS", starttls),
        ("behind <proceed/>", proceeded),
        ("for features", received(&[HEADER])),
        ("for SASL", received(&[HEADER, MECHANISMS])),
        ("for the second header", received(&[HEADER, MECHANISMS, SUCCESS])),
        ("for binding", received(&[HEADER, MECHANISMS, SUCCESS, HEADER, BIND_FEATURES])),
        ("online", online(&config())),
        ("closing", closing),
    ]
}

/// Whatever the client says, `bytes` of `more` arrive. Counts what it and the script hold; the
/// application takes events, and the network takes bytes.
fn flood(script: &mut Script, more: &str, bytes: usize) -> (AllocationInfo, VecDeque<Reason>) {
    let chunk = script.client().max_chunk();
    let ring = more.repeat(chunk.div_ceil(more.len()) + 1);
    let mut reasons = VecDeque::new();
    let info = measure(|| {
        let id = script.client().attempt();
        let (mut at, mut received) = (0, 0);
        while received < bytes {
            let now = script.now();
            script.client().handle_received(now, id, &ring.as_bytes()[at..at + chunk]);
            script.drain();
            script.take_sent();
            while script.next_action().is_some() {}
            while let Some(event) = script.next_event() {
                if let Event::Ended(ended) = event {
                    reasons.push_back(ended.reason);
                }
            }
            at = (at + chunk) % more.len();
            received += chunk;
        }
    });
    (info, reasons)
}

#[test]
fn a_gigabyte_that_never_ends_in_every_phase_of_a_stream() {
    let limits = Limits::default();
    let most = bound(limits, config().max_chunk) as u64;
    let attacks = [
        endless::elements,
        endless::attributes,
        endless::names,
        endless::references,
        endless::namespaces,
        endless::restricted,
        endless::garbage,
    ];
    for Endless { begin, more, error } in attacks.iter().flat_map(|attack| attack(limits)) {
        // Behind whatever stream is open there: what counts is the stanza.
        let Some(begin) = begin.strip_prefix(super::HEADER) else { continue };
        for (phase, mut script) in phases() {
            script.receive(begin);
            // What comes after the end is dropped; once for each attack is enough of it.
            let bytes = if phase == "online" { GIGABYTE } else { 4_000_000 };
            let (info, reasons) = flood(&mut script, &more, bytes);
            let name = format!("{phase}: {begin}{more:.40}");
            assert!(info.bytes_max <= most, "{} of {most} bytes {name}", info.bytes_max);
            assert_eq!(reasons.len(), 1, "{name}: {reasons:?}");
            if phase == "online" {
                let Reason::Peer(PeerFault::Xml(found)) = &reasons[0] else {
                    panic!("{name}: {reasons:?}")
                };
                assert_eq!(found.kind(), error, "{name}");
            }
        }
    }
}

#[test]
fn a_gigabyte_of_a_header_that_never_ends() {
    let limits = Limits::default();
    for Endless { begin, more, error } in endless::headers(limits) {
        let mut script = Script::new(config());
        script.connect();
        script.receive(&begin);
        let (info, reasons) = flood(&mut script, &more, GIGABYTE);
        assert!(info.bytes_max <= bound(limits, 16 * 1024) as u64, "{begin}{more:.40}");
        let Some(Reason::Peer(PeerFault::Xml(found))) = reasons.front() else {
            panic!("{begin}{more:.40}: {reasons:?}")
        };
        assert_eq!(found.kind(), error, "{begin}{more:.40}");
    }
}

/// Legal for ever: the peak is reached early.
#[test]
fn what_may_go_on_for_ever_takes_no_more_with_time() {
    for more in [
        " ",
        "<message from='bob@example.org'><body>hi</body></message>",
        "<iq from='bob@example.org' type='result' id='nobody-asked'/>",
        "<iq from='bob@example.org' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
        "<message from='@@'/><unknown/>",
    ] {
        let [early, late] = [500_000, 2_000_000].map(|bytes| {
            let (info, reasons) = flood(&mut online(&config()), more, bytes);
            assert!(reasons.is_empty(), "{more}: {reasons:?}");
            info.bytes_max
        });
        assert!(late <= early, "{more}: {early} and then {late} bytes");
    }
}

/// While the application takes no events, the client reads no more than their capacity, and then
/// says so; each waiting stanza is as large as allowed.
#[test]
fn events_that_nobody_takes_are_bounded() {
    let mut config = config();
    config.limits = Limits::default().with_stanza_bytes(16 * 1024);
    config.event_capacity = 8;
    let stanzas = format!("<message>{}</message>", "<b/>x".repeat(3_000)).repeat(100);
    let mut script = online(&config);
    script.take_events(false);
    let info = measure(|| {
        let (id, now) = (script.client().attempt(), script.now());
        for chunk in stanzas.as_bytes().chunks(config.max_chunk) {
            if !script.client().wants_read() {
                break;
            }
            script.client().handle_received(now, id, chunk);
            script.drain();
        }
    });
    assert!(!script.client().wants_read());
    // Each owns its text and its nodes.
    let stanza = config.limits.stanza_bytes * (5 + 32) / 5;
    let most = bound(config.limits, config.max_chunk) + (config.event_capacity + 1) * stanza;
    assert!(info.bytes_max <= most as u64, "{} of {most} bytes", info.bytes_max);
}

/// Depth ends a login as it ends a session.
#[test]
fn a_million_levels_before_and_after_login() {
    for (phase, mut script) in phases() {
        let (_, reasons) = flood(&mut script, "<a>", 3_000_000);
        assert_eq!(reasons.len(), 1, "{phase}");
        if phase == "online" || phase == "for features" {
            let Reason::Peer(PeerFault::Xml(error)) = &reasons[0] else { panic!("{reasons:?}") };
            assert_eq!(error.kind(), ErrorKind::TooDeep, "{phase}");
        }
    }
}

/// What the client says to bad XML before there is a session, in whatever chunks it comes.
#[track_caller]
fn check_condition(faulty: &[u8], condition: &str) {
    for chunks in [Chunks::Whole, Chunks::Of(1)] {
        let mut script = Script::new(config()).with_chunks(chunks);
        script.connect();
        script.take_sent();
        script.receive(faulty);
        // A fault in a small chunk may be told when more has come.
        script.receive([b' '; 2048]);
        let ended = loop {
            match script.next_event() {
                Some(Event::Ended(ended)) => break ended,
                Some(_) => {}
                None => panic!("still waiting after {}", String::from_utf8_lossy(faulty)),
            }
        };
        assert!(matches!(ended.reason, Reason::Peer(PeerFault::Xml(_))), "{:?}", ended.reason);
        assert_eq!(
            script.take_sent(),
            format!(
                "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                 </stream:error></stream:stream>"
            )
        );
    }
}

#[test]
fn rfc6120_11_1_restricted_xml_before_the_stream() {
    for faulty in ["<!DOCTYPE a>", "<!-- x -->", "<?pi?>", "<stream id='&lol;'>"] {
        check_condition(faulty.as_bytes(), "restricted-xml");
        let declared = format!("<?xml version='1.0'?>{faulty}");
        check_condition(declared.as_bytes(), "restricted-xml");
    }
    check_condition(format!("{HEADER}<a b='&lol;'>").as_bytes(), "restricted-xml");
}

#[test]
fn rfc6120_11_6_unsupported_encoding() {
    check_condition(b"<?xml version='1.0' encoding='UTF-16'?>", "unsupported-encoding");
    check_condition(b"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding");
}

#[test]
fn rfc6120_11_3_and_11_8_not_well_formed_headers() {
    check_condition(b"<?xml version='1.1'?>", "not-well-formed");
    check_condition(b"<stream:stream>", "not-well-formed");
    check_condition(b"<stream a='1' a='2'>", "not-well-formed");
    check_condition(b"<stream a='\xED\xA0\x80'>", "not-well-formed");
}

#[test]
fn rfc6120_11_5_what_is_sent_begins_with_a_declaration_without_standalone() {
    let mut script = Script::new(config());
    script.connect();
    assert!(script.take_sent().starts_with("<?xml version='1.0'?><stream:stream "));
}

/// Strings of the configuration are written by hand or before the application can be asked.
#[test]
fn the_configuration_cannot_inject() {
    for text in ["'/><message/>", "\"><x", "&lol;", "]]>", "<!-- ", "\r\n"] {
        let mut config = config().with_resource(text);
        config.lang = Some(text.into());
        let mut script = Script::new(config);
        script.connect();
        let mut sent = script.take_sent();
        for element in [HEADER, MECHANISMS, SUCCESS] {
            script.receive(element);
        }
        script.take_sent();
        script.receive(HEADER);
        script.receive(BIND_FEATURES);
        // The second header is left out: the parser has seen one.
        let rest = script.take_sent();
        sent.push_str(rest.split_once("version='1.0'").map_or(&*rest, |_| ""));
        let (elements, error) = super::read(sent.as_bytes(), 20);
        assert_eq!(error, None, "{sent}");
        assert!(elements.len() <= 1, "{sent}");
        if let Some(iq) = elements.first() {
            let bind = iq.elements().next().expect("bind");
            let resource = bind.elements().next().expect("resource");
            assert_eq!(resource.text(), text);
        }
    }
}

/// The core's share of a connected client that has nothing to do.
#[test]
fn an_idle_client_takes_less_than_8_kib() {
    let config = config();
    let mut script = None;
    let info = measure(|| {
        let mut idle = online(&config);
        idle.drain();
        script = Some(idle);
    });
    assert!(info.bytes_current < 8 * 1024, "{info:?}");
    assert!(script.is_some_and(|mut script| script.client().is_online()));
}

/// A peer that sends much once and then nothing: its memory is for others.
#[test]
fn a_large_stanza_leaves_no_large_buffers_behind() {
    let config = config();
    let mut script = None;
    let info = measure(|| {
        let mut idle = online(&config);
        for body in ["<b/>".repeat(200_000), "x".repeat(800_000)] {
            idle.receive(format!("<message><body>{body}</body></message>"));
            assert!(matches!(idle.next_event(), Some(Event::Stanza(_))));
        }
        script = Some(idle);
    });
    assert!(info.bytes_max > 4_000_000 && info.bytes_current < 16 * 1024, "{info:?}");
    assert!(script.is_some_and(|mut script| script.client().is_online()));
}
