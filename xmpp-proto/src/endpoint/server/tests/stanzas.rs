//! Stanzas of a client that is online (RFC 6120 §8, §10.3).

use alloc::string::ToString;
use core::time::Duration;

use super::*;
use crate::endpoint::{Completion, Misuse, Outcome, Query, Request, RequestError, Timer};
use crate::jid::Jid;
use crate::stanza::{Condition, Message, Stanza, StanzaError, StanzaFaultKind};
use crate::xml::Element;

const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";

fn ping() -> Element {
    PING.parse().unwrap()
}

/// The error that the server sends back to a stanza of `name` with this id.
fn error(name: &str, id: &str, type_: &str, condition: &str) -> String {
    format!(
        "<{name} to='alice@example.org/desk' id='{id}' type='error'><error type='{type_}'>\
         <{condition} xmlns='{}'/></error></{name}>",
        ns::STANZA_ERROR
    )
}

#[track_caller]
fn query(host: &mut Host) -> Query {
    match host.next_event() {
        Some(ServerEvent::Query(query)) => query,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc6120_8_1_2_1_from_is_stamped_and_checked() {
    let own = "alice@example.org/desk";
    for from in [
        "",
        " from='alice@example.org'",
        " from='alice@example.org/desk'",
        " from='ALICE@Example.ORG/desk'",
    ] {
        for name in ["message", "presence"] {
            let mut host = Host::online(config());
            host.receive(format!("<{name}{from} to='bob@example.net' id='1'/>"));
            // §8.1.2.1: the full JID of the connected resource, whatever the client wrote.
            let stanza = host.stanza();
            assert_eq!(stanza.from().unwrap().as_str(), own, "{from}");
            let attrs = stanza.element().attrs().filter(|attr| attr.name() == "from");
            assert_eq!(attrs.map(|attr| attr.value().to_string()).collect::<Vec<_>>(), [own]);
            assert_eq!(stanza.to().unwrap().as_str(), "bob@example.net");
        }
    }
    // RFC 6121 §3: subscriptions are between accounts.
    for (type_, bare) in [
        ("subscribe", true),
        ("subscribed", true),
        ("unsubscribe", true),
        ("unsubscribed", true),
        ("unavailable", false),
        ("probe", false),
    ] {
        let mut host = Host::online(config());
        host.receive(format!("<presence type='{type_}' to='bob@example.net'/>"));
        let from = if bare { "alice@example.org" } else { own };
        assert_eq!(host.stanza().from().unwrap().as_str(), from, "{type_}");
    }
    // §8.1.2.1, §4.9.3.9: nobody else, near as it may look.
    for from in [
        "bob@example.org",
        "alice@example.org/phone",
        "alice@example.org/Desk",
        "alice@example.net",
        "example.org",
        "alice@example.org/desk/",
        "@",
        "",
    ] {
        for name in ["message", "presence", "iq"] {
            let mut host = Host::online(config());
            host.receive(format!(
                "<{name} from='{from}' type='get' id='1'><q xmlns='x'/></{name}>"
            ));
            let (ended, before) = host.refused("invalid-from");
            assert_eq!(before, "");
            assert_eq!(ended.reason, Reason::Peer(PeerFault::ForgedFrom { from: from.into() }));
        }
    }
}

#[test]
fn rfc6120_8_4_unknown_content_is_handed_over_unchanged() {
    let inside = "<body>a &amp; b</body><x:y xmlns:x='urn:x' x:a='1' b='2'>t<z/>u</x:y>\
        <e xmlns='urn:example:unknown'><e/></e>";
    let mut host = Host::online(config());
    host.receive(format!("<message to='bob@example.net' foo='bar'>{inside}</message>"));
    // §8.4: what is not understood is delivered as it is.
    let stanza = host.stanza();
    let expected = format!(
        "<message xmlns='jabber:client' to='bob@example.net' foo='bar' \
         from='alice@example.org/desk'>{inside}</message>"
    );
    assert_eq!(*stanza.element(), expected.parse::<Element>().unwrap());
    // A request to somebody else is theirs, with any payload.
    host.receive("<iq type='get' id='7' to='bob@example.net/x'><q xmlns='urn:example:q'/></iq>");
    let Stanza::Iq(iq) = host.stanza() else { panic!("no IQ") };
    assert_eq!((iq.id(), iq.payload().unwrap().ns()), ("7", "urn:example:q"));
    assert_eq!(host.take_sent(), "");
    // One to the server is the owner's, too: it knows what it understands (§8.4).
    host.receive("<iq type='get' id='8'><q xmlns='urn:example:q'/></iq>");
    let asked = query(&mut host);
    host.server.answer(host.now, asked, Err(Condition::ServiceUnavailable.into())).unwrap();
    host.drain();
    assert_eq!(host.take_sent(), error("iq", "8", "cancel", "service-unavailable"));
}

#[test]
fn rfc6120_8_2_3_each_query_is_answered_once() {
    for to in ["", " to='example.org'", " to='alice@example.org'", " to='EXAMPLE.org'"] {
        let mut host = Host::online(config());
        host.receive(format!("<iq type='get' id='q1'{to}>{PING}</iq>"));
        let asked = query(&mut host);
        assert_eq!(asked.iq().from().unwrap().as_str(), "alice@example.org/desk");
        host.server.answer(host.now, asked, Ok(None)).unwrap();
        host.drain();
        // §8.2.3: to who asked, with the same id, once.
        let sent = host.take_sent();
        assert_eq!(sent.matches("<iq ").count(), 1, "{sent}");
        assert!(sent.contains(" type='result'") && sent.contains(" id='q1'"), "{sent}");
        assert_eq!(attr(&sent, "to"), Some("alice@example.org/desk"));
        host.pass(Duration::from_mins(2));
        assert_eq!(host.take_sent(), "");
    }
    // §8.2.3: also where the owner says nothing.
    let mut host = Host::online(config());
    host.receive(format!("<iq type='set' id='q2'>{PING}</iq>"));
    let late = query(&mut host);
    assert_eq!(host.server.next_timer().unwrap().0, Timer::Answer);
    host.pass(Duration::from_secs(30));
    assert_eq!(host.take_sent(), error("iq", "q2", "cancel", "service-unavailable"));
    let rejected = host.server.answer(host.now, late, Ok(None)).unwrap_err();
    assert_eq!(rejected.why, Misuse::UnknownQuery);
    host.drain();
    assert_eq!(host.take_sent(), "");
    // And where it has enough to do.
    let mut config = config();
    config.max_queries = 2;
    let mut host = Host::online(config);
    for id in ["1", "2", "3"] {
        host.receive(format!("<iq type='get' id='{id}'>{PING}</iq>"));
    }
    assert_eq!(host.take_sent(), error("iq", "3", "cancel", "service-unavailable"));
    query(&mut host);
    query(&mut host);
    assert!(host.next_event().is_none());
}

#[test]
fn rfc6120_8_1_5_the_language_of_the_stream_is_added() {
    let online = |lang: &str| {
        let mut host = Host::new(direct());
        let header = HEADER.replace(" to=", &format!(" {lang} to="));
        host.receive(&header);
        host.take_sent();
        host.log_in_as("alice", "secret");
        host.receive(header);
        host.bind();
        host.take_sent();
        host
    };
    let mut host = online("xml:lang='de-AT'");
    for (given, lang) in [
        ("", Some("de-AT")),
        // §8.1.5: never over one that is there.
        (" xml:lang='en'", Some("en")),
        (" xml:lang=''", None),
        // An attribute that only looks like it.
        (" lang='en'", Some("de-AT")),
        (" xmlns:x='urn:x' x:lang='en'", Some("de-AT")),
    ] {
        for stanza in [
            format!("<message to='bob@example.net'{given}><body>hi</body></message>"),
            format!("<presence{given}><status>hi</status></presence>"),
            format!("<iq to='bob@example.net' type='get' id='1'{given}>{PING}</iq>"),
        ] {
            host.receive(&stanza);
            assert_eq!(host.stanza().lang().as_deref(), lang, "{stanza}");
        }
    }
    // The server's own language is for what it says itself.
    let mut ours = direct();
    ours.lang = Some("en".into());
    let mut host = Host::online(ours);
    host.receive("<message/>");
    assert_eq!(host.stanza().lang(), None);
    // §4.7.4: without one there is nothing to add.
    let mut host = online("");
    host.receive("<message/>");
    assert!(host.stanza().element().attr_ns("lang", ns::XML).is_none());
}

#[test]
fn rfc6120_8_3_1_what_cannot_be_understood_is_sent_back_once() {
    for (stanza, kind, reply) in [
        (
            "<iq type='what' id='1'><q xmlns='x'/></iq>",
            StanzaFaultKind::UnknownType,
            error("iq", "1", "modify", "bad-request"),
        ),
        (
            "<iq type='get' id='1'/>",
            StanzaFaultKind::PayloadCount { found: 0 },
            error("iq", "1", "modify", "bad-request"),
        ),
        (
            "<presence type='what' id='1'/>",
            StanzaFaultKind::UnknownType,
            error("presence", "1", "modify", "bad-request"),
        ),
        // Nobody could tell what this answers.
        ("<iq type='get'><q xmlns='x'/></iq>", StanzaFaultKind::MissingId, String::new()),
        ("<iq type='result'/>", StanzaFaultKind::MissingId, String::new()),
    ] {
        let mut host = Host::online(config());
        host.receive(stanza);
        assert_eq!(host.take_sent(), reply, "{stanza}");
        let Some(ServerEvent::Faulty(fault)) = host.next_event() else { panic!("{stanza}") };
        assert_eq!(fault.kind(), kind);
        host.assert_open();
    }
    // §8.1.1.2, §8.3.3.8: to nobody.
    for name in ["message", "presence", "iq"] {
        let mut host = Host::online(config());
        host.receive(format!("<{name} to='@' type='TYPE' id='1'><q xmlns='x'/></{name}>").replace(
            "TYPE",
            match name {
                "message" => "chat",
                "iq" => "get",
                _ => "unavailable",
            },
        ));
        assert_eq!(host.take_sent(), error(name, "1", "modify", "jid-malformed"));
        host.assert_open();
    }
}

#[test]
fn rfc6120_8_3_1_an_error_received_is_not_answered() {
    let inside = "<error type='cancel'><item-not-found \
        xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for stanza in [
        format!("<message type='error' to='@' id='1'>{inside}</message>"),
        format!("<presence type='error' to='@' id='1'>{inside}</presence>"),
        format!("<iq type='error' to='@' id='1'>{inside}</iq>"),
        format!("<iq type='error' id='nobody-asked'>{inside}</iq>"),
        format!("<iq type='error' to='bob@example.net' id='1'>{inside}</iq>"),
        format!("<message type='error' to='bob@example.net'>{inside}</message>"),
        "<iq type='result' to='@' id='1'/>".into(),
        "<iq type='result' id='nobody-asked'/>".into(),
        "<iq type='error' id='1'/>".into(),
        "<message type='error'/>".into(),
    ] {
        let mut host = Host::online(config());
        host.receive(&stanza);
        // §8.3.1: or two entities would never stop.
        assert_eq!(host.take_sent(), "", "{stanza}");
        host.pass(Duration::from_mins(2));
        assert_eq!(host.take_sent(), "", "{stanza}");
        host.assert_open();
        assert!(host.next_event().is_some(), "{stanza} is told");
    }
}

#[test]
fn rfc6120_8_2_3_the_server_may_ask_the_client() {
    let mut host = Host::online(config());
    let token = host.server.request(host.now, Request::get(ping())).unwrap();
    host.drain();
    let sent = host.take_sent();
    assert_eq!(attr(&sent, "from"), Some("example.org"));
    assert_eq!(attr(&sent, "to"), Some("alice@example.org/desk"));
    let id = attr(&sent, "id").unwrap();
    // An answer that the client addresses to somebody else is theirs.
    host.receive("<iq type='result' id='other' to='bob@example.net'/>");
    assert_eq!(host.stanza().to().unwrap().as_str(), "bob@example.net");
    assert!(host.next_completion().is_none());
    host.receive(format!("<iq type='result' id='{id}' to='example.org'/>"));
    let Some(Completion::Reply { token: answered, result }) = host.next_completion() else {
        panic!("not answered")
    };
    assert_eq!(answered, token);
    assert!(result.is_ok());
    // §8.2.3: no second answer.
    host.receive(format!("<iq type='result' id='{id}' to='example.org'/>"));
    assert!(host.next_completion().is_none());

    let token = host.server.request(host.now, Request::get(ping())).unwrap();
    host.pass(Duration::from_secs(30));
    let Some(Completion::Reply { token: late, result }) = host.next_completion() else {
        panic!("still waiting")
    };
    assert_eq!((late, result), (token, Err(RequestError::TimedOut)));
}

#[test]
fn what_is_sent_is_written_as_it_is_or_handed_back() {
    let mut host = Host::online(config());
    let message = || -> Stanza {
        let from: Jid = "bob@example.net/x".parse().unwrap();
        let to: Jid = "alice@example.org/desk".parse().unwrap();
        Message::chat(to).from(from).body("hi").build().unwrap().into()
    };
    let token = host.server.send(host.now, message()).unwrap();
    host.drain();
    assert_eq!(
        host.take_sent(),
        "<message type='chat' to='alice@example.org/desk' from='bob@example.net/x'>\
         <body>hi</body></message>"
            .replace(
                "<message type='chat' to='alice@example.org/desk' from='bob@example.net/x'>",
                "<message to='alice@example.org/desk' type='chat' from='bob@example.net/x'>"
            )
    );
    let Some(Completion::Outcome { token: done, outcome: Outcome::Written }) =
        host.next_completion()
    else {
        panic!("not written")
    };
    assert_eq!(done, token);

    host.takes_output = false;
    let token = host.server.send(host.now, message()).unwrap();
    host.drain();
    host.lose(crate::endpoint::LostCause::Reset);
    let Some(Completion::Outcome { token: failed, outcome: Outcome::Failed(stanza) }) =
        host.next_completion()
    else {
        panic!("not handed back")
    };
    assert_eq!((failed, stanza), (token, message()));
}

#[test]
fn rfc6120_8_3_an_error_is_not_the_answer_to_an_owner() {
    // What the owner refuses goes back with its own words.
    let mut host = Host::online(config());
    host.receive(format!("<iq type='get' id='q1'>{PING}</iq>"));
    let asked = query(&mut host);
    let refused = StanzaError::new(Condition::Forbidden);
    host.server.answer(host.now, asked, Err(refused)).unwrap();
    host.drain();
    assert_eq!(host.take_sent(), error("iq", "q1", "auth", "forbidden"));
}

#[test]
fn rfc6120_4_9_3_24_what_is_no_stanza_is_refused() {
    for (element, name) in [
        ("<r xmlns='urn:xmpp:sm:2'/>", "r"),
        ("<unknown/>", "unknown"),
        ("<stream:features/>", "features"),
        ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AAAA</auth>", "auth"),
        ("<Message/>", "Message"),
        ("<body>hi</body>", "body"),
    ] {
        let mut host = Host::online(config());
        host.receive(format!("<presence/>{element}<presence/>"));
        let stanza = host.stanza();
        assert_eq!(stanza.element().name(), "presence", "what came before is delivered");
        let (ended, _) = host.refused("unsupported-stanza-type");
        let name = name.into();
        assert_eq!(ended.reason, Reason::Peer(PeerFault::UnknownElement { name }));
        assert_eq!(ended.phase, Phase::Online);
    }
}
