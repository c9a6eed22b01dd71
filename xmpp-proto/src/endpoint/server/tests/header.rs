//! Stream headers and the features that follow them (RFC 6120 §4.2, §4.3, §4.7, §4.8).

use super::*;
use crate::endpoint::{Endpoint, Misuse};
use crate::stanza::{Message, Stanza};
use crate::stream::HeaderFault;

/// What the server writes on the three streams of a login with these headers, cut behind the
/// features of each.
fn three(config: ServerConfig, seed: u8, headers: [&str; 3]) -> [String; 3] {
    let mut host = Host::seeded(config, Chunks::Whole, tls13(), seed);
    host.receive(headers[0]);
    let first = host.take_sent();
    host.receive(STARTTLS);
    host.secure();
    assert_eq!(host.take_sent(), PROCEED);
    host.receive(headers[1]);
    let second = host.take_sent();
    assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
    host.receive(headers[2]);
    [first, second, host.take_sent()]
}

/// The tag of the header.
fn tag(sent: &str) -> &str {
    let sent = sent.strip_prefix("<?xml version='1.0'?>").expect(sent);
    assert!(sent.starts_with("<stream:stream "), "{sent}");
    sent.split_inclusive('>').next().unwrap()
}

#[test]
fn rfc6120_4_7_1_the_response_header_names_the_domain() {
    let two = || config().with_domain("example.net".parse().unwrap());
    for (to, from) in [
        (" to='example.org'", "example.org"),
        (" to='example.net'", "example.net"),
        (" to='EXAMPLE.net'", "example.net"),
        // §4.9.1.3: where none is served or named, an authoritative one.
        (" to='example.com'", "example.org"),
        (" to='alice@example.net'", "example.org"),
        (" to=''", "example.org"),
        ("", "example.org"),
    ] {
        let mut host = Host::new(two());
        host.receive(HEADER.replace(" to='example.org'", to));
        // §4.7.1.
        assert_eq!(attr(tag(&host.take_sent()), "from"), Some(from), "{to}");
    }
    let header = HEADER.replace("example.org", "example.net");
    for sent in three(two(), 1, [&header; 3]) {
        assert_eq!(attr(tag(&sent), "from"), Some("example.net"), "§4.7.1: {sent}");
    }
}

#[test]
fn rfc6120_4_7_2_the_response_goes_to_the_from_of_the_header() {
    // §4.7.2: to the bare JID that the client named, and to nobody if it named none.
    for (from, to) in [
        ("alice@example.org", Some("alice@example.org")),
        ("alice@example.org/desk", Some("alice@example.org")),
        ("ALICE@example.org", Some("alice@example.org")),
    ] {
        let header = header_from(from);
        for sent in three(config(), 1, [&header; 3]) {
            assert_eq!(attr(tag(&sent), "to"), to, "§4.7.2: {sent}");
        }
    }
    for sent in three(config(), 1, [HEADER; 3]) {
        assert_eq!(attr(tag(&sent), "to"), None, "§4.7.2: {sent}");
    }
    // Markup in it stays text.
    let mut host = Host::new(config());
    host.receive(header_from("a@example.org/&apos;&lt;x>"));
    assert_eq!(attr(tag(&host.take_sent()), "to"), Some("a@example.org"));
}

#[test]
fn rfc6120_4_7_3_each_header_has_an_id_of_its_own() {
    let mut ids: Vec<String> = Vec::new();
    for seed in 1..4 {
        for sent in three(config(), seed, [HEADER; 3]) {
            let id = attr(tag(&sent), "id").expect("§4.7.3: the response has an id");
            // §4.7.3: unpredictable.
            assert!(id.len() >= 16, "{id}");
            ids.push(id.into());
        }
    }
    // What is refused has one too.
    let mut host = Host::seeded(config(), Chunks::Whole, tls13(), 4);
    host.receive("<x>");
    ids.push(attr(tag(&host.take_sent()), "id").unwrap().into());
    let count = ids.len();
    ids.sort();
    ids.dedup();
    // §4.7.3: unique within the receiving entity.
    assert_eq!(ids.len(), count);
}

#[test]
fn rfc6120_4_7_4_the_language_is_ours_or_else_the_clients() {
    let header = |lang: &str| HEADER.replace(" to=", &format!(" xml:lang='{lang}' to="));
    let long = "x".repeat(65);
    for (ours, theirs, lang) in [
        (None, "de-AT", Some("de-AT")),
        (Some("en"), "de-AT", Some("en")),
        (None, "", None),
        // Not a tag, and not to be repeated.
        (None, &long, None),
    ] {
        let mut config = config();
        config.lang = ours.map(Into::into);
        let header = header(theirs);
        for sent in three(config, 1, [&header; 3]) {
            assert_eq!(attr(tag(&sent), "xml:lang"), lang, "§4.7.4: {sent}");
        }
    }
    // §4.7.4: that of an earlier stream is forgotten.
    let german = header("de");
    let [first, second, third] = three(config(), 1, [&german, HEADER, HEADER]);
    assert_eq!(attr(tag(&first), "xml:lang"), Some("de"));
    assert_eq!((attr(tag(&second), "xml:lang"), attr(tag(&third), "xml:lang")), (None, None));
}

#[track_caller]
fn check_refused(header: &str, fault: PeerFault, condition: &str) {
    let mut host = Host::new(config());
    host.receive(header);
    let (ended, before) = host.refused(condition);
    assert_eq!(ended.reason, Reason::Peer(fault));
    assert_eq!(ended.phase, Phase::Negotiating);
    // §4.9.1.2: the error comes on a stream of its own, with all that belongs to its header.
    let tag = tag(&before);
    assert!(before.ends_with(tag), "no features: {before}");
    assert!(attr(tag, "id").is_some() && attr(tag, "version") == Some("1.0"));
    assert_eq!(attr(tag, "from"), Some("example.org"));
}

#[test]
fn rfc6120_4_7_5_versions() {
    for (attribute, version) in [
        ("", None),
        (" version='0.9'", Some("0.9")),
        (" version='2.0'", Some("2.0")),
        (" version='x'", Some("x")),
        (" version=''", Some("")),
    ] {
        let version = version.map(String::from);
        check_refused(
            &HEADER.replace(" version='1.0'>", &format!("{attribute}>")),
            PeerFault::Header(HeaderFault::UnsupportedVersion { version }),
            "unsupported-version",
        );
    }
    // §4.7.5: numbers are compared as such, and the lower of both versions goes back.
    for version in ["1.0", "1.1", "1.99", "01.0"] {
        let mut host = Host::new(config());
        host.receive(HEADER.replace("'1.0'>", &format!("'{version}'>")));
        let sent = host.take_sent();
        assert_eq!(attr(tag(&sent), "version"), Some("1.0"), "{version}");
        assert!(sent.ends_with(STARTTLS_OFFER), "{version}");
    }
}

#[test]
fn rfc6120_4_9_3_6_only_served_domains() {
    for to in ["example.com", "sub.example.org", "alice@example.org", "example.org/r", "@", "%%"] {
        check_refused(
            &HEADER.replace("example.org", to),
            PeerFault::UnknownDomain { to: to.into() },
            "host-unknown",
        );
    }
    // A domain is not echoed at any length.
    let long = "x".repeat(5000);
    let to = "x".repeat(256);
    let header = HEADER.replace("example.org", &long);
    check_refused(&header, PeerFault::UnknownDomain { to }, "host-unknown");
    for none in ["", " to=''"] {
        // §4.9.3.7.
        let header = HEADER.replace(" to='example.org'", none);
        check_refused(&header, PeerFault::NoDomain, "improper-addressing");
    }
}

#[test]
fn rfc6120_4_8_1_the_namespace_of_streams_is_declared() {
    for sent in three(config(), 1, [HEADER; 3]) {
        let ns = attr(tag(&sent), "xmlns:stream");
        assert_eq!(ns, Some("http://etherx.jabber.org/streams"), "§4.8.1");
    }
    // §4.8.1, §4.9.3.10.
    let ns = String::from("http://example.org/streams");
    let fault = PeerFault::Header(HeaderFault::NotAStream { ns: ns.clone() });
    let header = HEADER.replace("http://etherx.jabber.org/streams", &ns);
    check_refused(&header, fault, "invalid-namespace");
    let header = HEADER.replace("<stream:stream ", "<stream:features ");
    let fault = PeerFault::Header(HeaderFault::NotAStream { ns: ns::STREAM.into() });
    check_refused(&header, fault, "invalid-namespace");
    let fault = PeerFault::Header(HeaderFault::NotAStream { ns: ns::CLIENT.into() });
    check_refused("<message xmlns='jabber:client'>", fault, "invalid-namespace");
}

#[test]
fn rfc6120_4_8_2_the_content_namespace_is_jabber_client() {
    for sent in three(config(), 1, [HEADER; 3]) {
        assert_eq!(attr(tag(&sent), "xmlns"), Some("jabber:client"), "§4.8.2");
    }
    for (declared, ns) in [
        ("xmlns='jabber:server' ", "jabber:server"),
        ("xmlns='urn:example:x' ", "urn:example:x"),
        ("", ""),
    ] {
        // §4.8.2, §4.9.3.10.
        let header = HEADER.replace("xmlns='jabber:client' ", declared);
        let fault = PeerFault::Header(HeaderFault::BadContentNamespace { ns: ns.into() });
        check_refused(&header, fault, "invalid-namespace");
    }
    // §4.8.2: a stanza of another content namespace has no place on the stream, and what stands
    // in the right one does, however it is written.
    for stanza in ["message", "presence", "iq"] {
        let mut host = Host::online(config());
        host.receive(format!("<{stanza} xmlns='jabber:server' type='get' id='1'/>"));
        let (ended, _) = host.refused("invalid-namespace");
        let ns = "jabber:server".into();
        assert_eq!(ended.reason, Reason::Peer(PeerFault::ForeignNamespace { ns }));
    }
    let mut host = Host::online(config());
    host.receive("<x:message xmlns:x='jabber:client'><x:body>hi</x:body></x:message>");
    let Stanza::Message(message) = host.stanza() else { panic!("no message") };
    assert_eq!(message.body().as_deref(), Some("hi"));
    // What is ours is written in it without another declaration.
    let to: crate::jid::Jid = "alice@example.org/desk".parse().unwrap();
    let message = Message::chat(to).body("hi").build().unwrap();
    host.server.send(host.now, message.into()).unwrap();
    host.drain();
    let sent = host.take_sent();
    assert!(sent.starts_with("<message ") && !sent.contains("xmlns"), "§4.8.2: {sent}");
}

#[test]
fn rfc6120_4_8_5_stream_elements_have_the_prefix() {
    for sent in three(config(), 1, [HEADER; 3]) {
        // §4.8.5, and no declaration of its own.
        let (_, features) = sent.split_once('>').unwrap().1.split_once('>').unwrap();
        assert!(features.starts_with("<stream:features><"), "{features}");
        assert!(features.ends_with("></stream:features>"), "{features}");
    }
    let header = HEADER.replace("xmlns:stream", "xmlns:s").replace("stream:stream", "s:stream");
    check_refused(&header, PeerFault::Header(HeaderFault::BadPrefix), "bad-namespace-prefix");
    let header = "<stream xmlns='http://etherx.jabber.org/streams' to='example.org' \
                  version='1.0'>";
    check_refused(header, PeerFault::Header(HeaderFault::BadPrefix), "bad-namespace-prefix");
}

#[test]
fn rfc6120_4_3_2_features_follow_each_header() {
    let sasl = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
        <mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>\
        </stream:features>";
    let mechanisms = [Mechanism::ScramSha1, Mechanism::Plain];
    let sent = three(config().with_mechanisms(mechanisms), 1, [HEADER; 3]);
    // §4.3.2, right behind the header: what is mandatory at this point, and alone where it has to
    // come first (§5.3.1, §6.3.1, §7.3.1).
    for (sent, features) in sent.iter().zip([STARTTLS_OFFER, sasl, BIND_OFFER]) {
        let header = format!("<?xml version='1.0'?>{}", tag(sent));
        assert_eq!(sent.strip_prefix(&*header), Some(features));
    }
    let mut config = config();
    config.session = false;
    let [.., last] = three(config, 1, [HEADER; 3]);
    let bind = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
        <sm xmlns='urn:xmpp:sm:3'/></stream:features>";
    assert!(last.ends_with(bind), "{last}");
}

#[test]
fn rfc6120_4_3_3_a_new_stream_replaces_the_old() {
    let mut host = Host::opened(config());
    host.receive(STARTTLS);
    host.secure();
    host.take_sent();
    // §4.3.3: no closing tag before it, and the old one needs none; a header of its own is due.
    host.receive(HEADER);
    let sent = host.take_sent();
    assert!(sent.starts_with("<?xml ") && !sent.contains(CLOSE), "{sent}");
    assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
    // §4.3.3: features of the old stream are void; the client owes a header.
    host.receive(bind("b1", "desk"));
    let (ended, before) = host.refused("invalid-namespace");
    assert!(matches!(ended.reason, Reason::Peer(PeerFault::Header(_))), "{ended}");
    tag(&before);

    let mut host = Host::authenticated(config());
    for void in [plain("alice", "secret"), STARTTLS.into()] {
        host.receive(void);
        assert!(!host.take_sent().contains("<success"));
    }
    assert_eq!(host.ended().phase, Phase::Binding);
}

#[test]
fn rfc6120_4_3_5_online_only_after_binding() {
    let mut host = Host::new(config());
    let early = |host: &mut Host| {
        let message = Message::chat("bob@example.org".parse::<crate::jid::Jid>().unwrap());
        let message = message.build().unwrap();
        let refused = host.server.send(host.now, message.into()).unwrap_err();
        assert_eq!(refused.why, Misuse::NotOnline);
        assert!(!host.server.is_online() && host.server.jid().is_none());
        assert!(host.server.next_timer().is_some(), "the deadline is still there");
    };
    for step in [HEADER, STARTTLS, HEADER, &plain("alice", "secret"), HEADER, &bind("b1", "desk")] {
        early(&mut host);
        host.receive(step);
        if step == STARTTLS {
            early(&mut host);
            host.secure();
        }
        if step.starts_with("<auth") {
            early(&mut host);
            host.look_up();
        }
        // §4.3.5: nothing is complete before the last mandatory feature is negotiated.
        early(&mut host);
    }
    let ask = host.bind_question();
    host.answer_bind(ask, Bound::Accept);
    assert!(matches!(host.next_event(), Some(ServerEvent::Online { .. })));
    assert!(host.server.is_online());
    assert_eq!(host.server.poll_timeout(), None);
}
