//! Stanzas both ways, requests and queries, back-pressure.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use super::*;
use crate::endpoint::{
    Completion, Endpoint, IqToken, LostCause, Misuse, Outcome, Request, RequestError, Timer,
};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{Condition, Iq, IqType, Presence, StanzaError};
use crate::testing::{BIND_FEATURES, bind_result};
use crate::xml::Element;

fn ping() -> Element {
    Element::builder("ping", ns::PING).build().unwrap()
}

/// Sends a ping to `to`; the token and the id on the wire.
fn request(script: &mut Script, to: Option<&str>) -> (IqToken, String) {
    let now = script.now();
    let mut request = Request::get(ping());
    if let Some(to) = to {
        request = request.to(to.parse::<Jid>().unwrap());
    }
    let token = script.client().request(now, request).unwrap();
    script.drain();
    let id = script.last_id();
    script.take_sent();
    (token, id)
}

#[track_caller]
fn reply(script: &mut Script) -> (IqToken, Result<Iq, RequestError>) {
    match script.next_completion() {
        Some(Completion::Reply { token, result }) => (token, result),
        other => panic!("no reply, but {other:?}"),
    }
}

#[test]
fn any_chunking_gives_the_same_stanzas() {
    let data = "<message from='bob@example.org/x' id='1'><body>a &amp; b</body></message> \
        <presence from='bob@example.org/x'/><iq type='get' id='q' from='example.org'>\
        <ping xmlns='urn:xmpp:ping'/></iq>\n<x xmlns='urn:example:nonza'>\u{6587}\u{1F600}</x>\
        <iq type='get' from='bob@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>\
        <stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
    // The login is chunked as well, so its length counts.
    same_for_all_chunks(data.len() + 1100, |chunks| {
        let mut script = online_with(direct(), chunks);
        script.receive(data);
        transcript(&mut script)
    });
}

#[test]
fn a_sent_stanza_is_written_once_and_told() {
    let mut script = online(direct());
    let now = script.now();
    let token = script.client().send(now, message("bob@example.org", "<hi> & 文 😀")).unwrap();
    script.drain();
    assert_eq!(
        script.take_sent(),
        "<message to='bob@example.org' type='chat'><body>&lt;hi&gt; &amp; 文 😀</body></message>"
    );
    match script.next_completion() {
        Some(Completion::Outcome { token: told, outcome: Outcome::Written }) => {
            assert_eq!(told, token);
        }
        other => panic!("{other:?}"),
    }
    assert!(script.next_completion().is_none());
}

#[test]
fn rfc6120_8_2_the_three_kinds_go_out_and_come_in() {
    let mut script = online(direct());
    let now = script.now();
    // §8.2.1, §8.2.2.
    script.client().send(now, message("bob@example.org", "hi")).unwrap();
    script.client().send(now, Presence::available().build().unwrap().into()).unwrap();
    script.drain();
    assert_eq!(
        script.take_sent(),
        "<message to='bob@example.org' type='chat'><body>hi</body></message><presence/>"
    );
    // §8.2.3: an id, a type and one child.
    let server: Jid = "example.org".parse().unwrap();
    script.client().request(now, Request::get(ping()).to(server)).unwrap();
    script.drain();
    let id = script.last_id();
    let sent: Element =
        script.take_sent().replace("<iq", "<iq xmlns='jabber:client'").parse().unwrap();
    let sent = Stanza::from_element(sent).unwrap();
    let Stanza::Iq(iq) = &sent else { panic!("{sent:?}") };
    assert_eq!((iq.id(), iq.type_()), (&*id, IqType::Get));
    assert!(iq.payload().unwrap().is("ping", ns::PING));

    script.receive("<message from='bob@example.org/x'/><presence from='bob@example.org/x'/>");
    script.receive(QUERY);
    assert!(matches!(script.next_event(), Some(Event::Stanza(Stanza::Message(_)))));
    assert!(matches!(script.next_event(), Some(Event::Stanza(Stanza::Presence(_)))));
    assert!(matches!(script.next_event(), Some(Event::Query(_))));
}

#[test]
fn a_stanza_that_was_not_written_whole_is_handed_back() {
    let mut script = online(direct());
    let (now, id) = (script.now(), script.client().attempt());
    let first = script.client().send(now, message("bob@example.org", "one")).unwrap();
    let second = script.client().send(now, message("bob@example.org", "two")).unwrap();
    let out = script.client().outgoing().len();
    script.client().handle_written(now, id, out - 1);
    script.client().handle_lost(now, id, LostCause::Reset);
    script.drain();
    let Some(Completion::Outcome { token, outcome: Outcome::Written }) = script.next_completion()
    else {
        panic!()
    };
    assert_eq!(token, first);
    match script.next_completion() {
        Some(Completion::Outcome { token, outcome: Outcome::Failed(stanza) }) => {
            assert_eq!(token, second);
            assert_eq!(stanza, message("bob@example.org", "two"));
        }
        other => panic!("{other:?}"),
    }
    assert!(script.next_completion().is_none());
}

#[test]
fn commands_hand_back_what_they_refuse() {
    let mut script = Script::new(direct());
    let now = script.now();
    let stanza = message("bob@example.org", "early");
    let rejected = script.client().send(now, stanza.clone()).unwrap_err();
    assert_eq!((rejected.item, rejected.why), (stanza, Misuse::NotOnline));
    let rejected = script.client().request(now, Request::get(ping())).unwrap_err();
    assert_eq!(rejected.why, Misuse::NotOnline);
}

#[test]
fn output_is_bounded() {
    let mut script = online(direct());
    let now = script.now();
    let body = "x".repeat(1000);
    let mut sent = 0;
    let mut without_room = 0;
    let rejected = loop {
        match script.client().send(now, message("bob@example.org", &body)) {
            Ok(_) => sent += 1,
            Err(rejected) => break rejected,
        }
        without_room += usize::from(!script.client().has_room());
        assert!(sent < 1000, "no bound");
    };
    assert_eq!(rejected.why, Misuse::OutputFull);
    assert_eq!(rejected.item, message("bob@example.org", &body));
    assert!(without_room > 100, "the high-water mark leaves no headroom");
    assert!(!script.client().wants_read());
    // Once written, all is well again.
    script.drain();
    assert!(script.client().has_room());
    assert!(script.client().wants_read());
    assert_eq!(script.take_sent().matches("<message").count(), sent);
}

#[test]
fn rfc6120_8_2_3_a_request_gets_its_answer() {
    let mut script = online(direct());
    let (token, id) = request(&mut script, Some("bob@example.org/x"));
    script.receive(format!("<iq type='result' id='{id}' from='bob@example.org/x'/>"));
    let (told, result) = reply(&mut script);
    assert_eq!(told, token);
    assert_eq!(result.unwrap().id(), id);

    let (_, id) = request(&mut script, Some("bob@example.org/x"));
    script.receive(format!(
        "<iq type='error' id='{id}' from='bob@example.org/x'><error type='cancel'>\
         <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let Err(RequestError::Stanza(error)) = reply(&mut script).1 else { panic!() };
    assert_eq!(error.condition(), Condition::FeatureNotImplemented);
    assert!(script.next_event().is_none());
}

#[test]
fn answers_are_matched_by_id_and_sender() {
    // RFC 6120 §8.1.2.1: without `from`, it is the account itself that answers.
    let own_full = "alice@example.org/r1";
    // (sent to, answered from, accepted)
    let cases = [
        (None, None, true),
        (None, Some("alice@example.org"), true),
        (None, Some(own_full), true),
        (None, Some("example.org"), false),
        (None, Some("mallory@example.org"), false),
        (Some("alice@example.org"), None, true),
        (Some("alice@example.org"), Some("alice@example.org"), true),
        (Some("alice@example.org"), Some(own_full), true),
        (Some("alice@example.org"), Some("alice@example.org/other"), false),
        (Some("bob@example.org/x"), Some("bob@example.org/x"), true),
        (Some("bob@example.org/x"), Some("BOB@EXAMPLE.ORG/x"), true),
        (Some("bob@example.org/x"), Some("bob@example.org"), false),
        (Some("bob@example.org/x"), Some("bob@example.org/y"), false),
        (Some("bob@example.org/x"), None, false),
        (Some("example.org"), Some("example.org"), true),
        (Some("example.org"), None, false),
    ];
    for (to, from, accepted) in cases {
        let mut script = online(direct());
        let (_, id) = request(&mut script, to);
        let attribute = from.map(|from| format!(" from='{from}'")).unwrap_or_default();
        script.receive(format!("<iq type='result' id='{id}'{attribute}/>"));
        assert_eq!(script.next_completion().is_some(), accepted, "{to:?} {from:?}");
        if !accepted {
            // The request goes on waiting for the right one.
            let right = to.map(|to| format!(" from='{to}'")).unwrap_or_default();
            script.receive(format!("<iq type='result' id='{id}'{right}/>"));
            assert!(reply(&mut script).1.is_ok(), "{to:?} {from:?}");
        }
        // An answer counts once; a stray one is no event.
        script.receive(format!("<iq type='result' id='{id}'{attribute}/>"));
        assert!(script.next_completion().is_none() && script.next_event().is_none());
    }
}

#[test]
fn messages_with_the_id_of_a_request_do_not_answer_it() {
    let mut script = online(direct());
    let (_, id) = request(&mut script, Some("bob@example.org/x"));
    script.receive(format!(
        "<message type='error' id='{id}' from='bob@example.org/x'/>\
         <iq type='get' id='{id}' from='bob@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    assert!(script.next_completion().is_none());
}

#[test]
fn ids_differ_and_are_long_enough_not_to_be_guessed() {
    let mut script = online(direct());
    let ids: Vec<_> = (0..100).map(|_| request(&mut script, None).1).collect();
    for (i, id) in ids.iter().enumerate() {
        // RFC 6120 §8.1.3, §8.2.3.
        assert!(id.len() >= 22, "{id}");
        assert!(!ids[..i].contains(id));
    }
}

#[test]
fn requests_time_out_one_by_one() {
    let mut script = online(direct());
    let now = script.now();
    let slow = Request::get(ping()).timeout(Duration::from_secs(50));
    let slow = script.client().request(now, slow).unwrap();
    let (usual, _) = request(&mut script, None);
    assert_eq!(script.client().next_timer().map(|(timer, _)| timer), Some(Timer::Request));
    script.pass(Duration::from_secs(29));
    assert!(script.next_completion().is_none());
    script.pass(Duration::from_secs(1));
    let (token, result) = reply(&mut script);
    assert_eq!((token, result), (usual, Err(RequestError::TimedOut)));
    assert!(script.next_completion().is_none());
    script.pass(Duration::from_secs(20));
    assert_eq!(reply(&mut script), (slow, Err(RequestError::TimedOut)));
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn requests_are_bounded_and_end_with_the_stream() {
    let mut config = direct();
    config.max_requests = 2;
    let mut script = online(config);
    let (first, _) = request(&mut script, None);
    let (second, _) = request(&mut script, None);
    let now = script.now();
    let rejected = script.client().request(now, Request::get(ping())).unwrap_err();
    assert_eq!(rejected.why, Misuse::TooManyRequests);
    script.lose(LostCause::Eof);
    assert_eq!(reply(&mut script), (first, Err(RequestError::Disconnected)));
    assert_eq!(reply(&mut script), (second, Err(RequestError::Disconnected)));
    assert!(script.next_completion().is_none());
}

const QUERY: &str = "<iq type='get' id='q1' from='bob@example.org/x' to='alice@example.org/r1'>\
    <ping xmlns='urn:xmpp:ping'/></iq>";

#[track_caller]
fn query(script: &mut Script) -> crate::endpoint::Query {
    match script.next_event() {
        Some(Event::Query(query)) => query,
        other => panic!("no query, but {other:?}"),
    }
}

#[test]
fn a_query_is_answered_once() {
    let mut script = online(direct());
    script.receive(QUERY);
    let asked = query(&mut script);
    assert!(asked.iq().payload().unwrap().is("ping", ns::PING));
    let now = script.now();
    script.client().answer(now, asked, Ok(None)).unwrap();
    script.drain();
    // RFC 6120 §8.2.3.
    assert_eq!(
        script.take_sent(),
        "<iq to='bob@example.org/x' from='alice@example.org/r1' id='q1' type='result'/>"
    );
    // The deadline is gone with the answer.
    script.pass(Duration::from_mins(1));
    assert_eq!(script.take_sent(), "");

    script.receive(QUERY);
    let asked = query(&mut script);
    let error = StanzaError::new(Condition::Forbidden);
    let now = script.now();
    script.client().answer(now, asked, Err(error)).unwrap();
    script.drain();
    assert!(script.take_sent().contains("<forbidden "));
}

#[test]
fn rfc6120_8_2_3_an_unanswered_query_is_refused_in_time() {
    let mut script = online(direct());
    script.receive(QUERY);
    let asked = query(&mut script);
    script.pass(Duration::from_secs(29));
    assert_eq!(script.take_sent(), "");
    script.pass(Duration::from_secs(1));
    let sent = script.take_sent();
    assert!(sent.contains("<service-unavailable ") && sent.contains("id='q1'"), "{sent}");
    let now = script.now();
    let rejected = script.client().answer(now, asked, Ok(None)).unwrap_err();
    assert_eq!(rejected.why, Misuse::UnknownQuery);
    assert_eq!(script.client().poll_timeout(), None);
}

#[test]
fn rfc6120_8_3_1_an_error_is_never_answered() {
    let error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let mut script = online(direct());
    for name in ["message", "presence", "iq"] {
        // Not even where it is faulty itself.
        for to in ["alice@example.org/r1", "@"] {
            script.receive(format!(
                "<{name} type='error' from='bob@example.org/x' to='{to}' id='1'>{error}</{name}>"
            ));
        }
        script.receive(format!("<{name} type='error' from='bob@example.org/x' id='1'/>"));
    }
    script.pass(Duration::from_mins(1));
    assert_eq!(script.take_sent(), "");
    assert!(script.client().is_online());
}

#[test]
fn rfc6120_8_4_what_is_not_understood_is_left_alone_or_refused() {
    const UNKNOWN: &str = "<x xmlns='urn:example:unknown'><body>no</body></x>";
    let mut script = online(direct());
    script.receive(format!(
        "<message from='bob@example.org/x'>{UNKNOWN}<body>yes</body></message>\
         <message from='bob@example.org/x'>{UNKNOWN}</message>\
         <presence from='bob@example.org/x'>{UNKNOWN}<status>here</status></presence>"
    ));
    for expected in [Some("yes"), None] {
        let Some(Event::Stanza(Stanza::Message(message))) = script.next_event() else { panic!() };
        assert_eq!(message.body().as_deref(), expected);
    }
    let Some(Event::Stanza(Stanza::Presence(presence))) = script.next_event() else { panic!() };
    assert_eq!(presence.status().as_deref(), Some("here"));
    assert_eq!(script.take_sent(), "");
    // Whoever asks is told.
    script.receive(format!("<iq type='get' id='q' from='bob@example.org/x'>{UNKNOWN}</iq>"));
    query(&mut script);
    script.pass(Duration::from_secs(30));
    let sent = script.take_sent();
    assert!(sent.contains("id='q' type='error'"), "{sent}");
    assert!(sent.contains("<service-unavailable "), "{sent}");
}

#[test]
fn queries_are_bounded() {
    let mut config = direct();
    config.max_queries = 1;
    let mut script = online(config);
    script.receive(QUERY);
    script.receive(QUERY.replace("q1", "q2"));
    let sent = script.take_sent();
    assert!(sent.contains("id='q2'") && sent.contains("<service-unavailable "), "{sent}");
    query(&mut script);
    assert!(script.next_event().is_none());
}

#[test]
fn a_query_of_an_earlier_stream_cannot_be_answered_on_the_next() {
    let mut script = online(direct());
    script.receive(QUERY);
    let asked = query(&mut script);
    script.lose(LostCause::Eof);
    script.login(&direct());
    transcript(&mut script);
    let now = script.now();
    let rejected = script.client().answer(now, asked, Ok(None)).unwrap_err();
    assert_eq!(rejected.why, Misuse::UnknownQuery);
}

#[test]
fn a_bad_address_or_stanza_never_kills_the_stream() {
    let mut script = online(direct());
    script.receive(
        "<message from='@@'><body>?</body></message>\
         <iq type='get' from='bob@example.org/x'><a xmlns='urn:a'/></iq>\
         <iq type='what' id='1' from='bob@example.org/x'/>\
         <iq type='set' id='2' from='bob@example.org/x'/>\
         <message from='bob@example.org'><body>fine</body></message>",
    );
    for _ in 0..4 {
        assert!(matches!(script.next_event(), Some(Event::Faulty(_))));
    }
    assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    // RFC 6120 §8.2.3, §8.3.3.1: who sends a bad request is told.
    let sent = script.take_sent();
    assert!(sent.contains("id='2'") && sent.contains("<bad-request "), "{sent}");
    assert!(script.client().is_online());
}

#[test]
fn unknown_elements_of_the_stream_are_handed_over() {
    let mut script = online(direct());
    script.receive("<r xmlns='urn:xmpp:sm:3'/>");
    match script.next_event() {
        Some(Event::Nonza(element)) => assert!(element.is("r", "urn:xmpp:sm:3")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_app_without_room_stops_the_reading_and_loses_nothing() {
    let mut config = direct();
    config.event_capacity = 3;
    let mut script = online(config);
    script.take_events(false);
    let stanzas: String = (0..10).map(|i| format!("<message><body>{i}</body></message>")).collect();
    script.receive(&stanzas);
    assert!(!script.client().wants_read());
    for i in 0..10 {
        let Some(Event::Stanza(Stanza::Message(message))) = script.client().poll_event() else {
            panic!("{i} is missing")
        };
        assert_eq!(message.body().unwrap(), i.to_string());
        script.drain();
    }
    assert!(script.client().wants_read());
}

#[test]
fn writes_and_timers_go_on_while_the_app_has_no_room() {
    let mut config = direct();
    config.event_capacity = 1;
    let mut script = online(config);
    let (token, _) = request(&mut script, None);
    script.take_events(false);
    script.receive("<message/><message/>");
    let now = script.now();
    script.client().send(now, message("bob@example.org", "out")).unwrap();
    script.drain();
    assert!(script.take_sent().contains("out"));
    assert!(matches!(script.next_completion(), Some(Completion::Outcome { .. })));
    script.pass(Duration::from_secs(30));
    assert_eq!(reply(&mut script), (token, Err(RequestError::TimedOut)));
}

#[test]
fn stanzas_before_the_end_are_delivered_before_it() {
    let mut config = direct();
    config.event_capacity = 1;
    let mut script = online(config);
    script.take_events(false);
    script.receive("<message id='1'/><message id='2'/><message id='3'/>");
    script.lose(LostCause::Reset);
    script.take_events(true);
    for _ in 0..3 {
        assert!(matches!(script.next_event(), Some(Event::Stanza(_))));
    }
    assert_eq!(reason(&mut script), Reason::Transport(LostCause::Reset));
    assert!(script.client().is_idle());
}

#[test]
fn event_capacity_1_and_10_000_messages_answered() {
    let mut config = direct();
    config.event_capacity = 1;
    let mut script = online(config);
    script.take_events(false);
    let total = 10_000;
    let input: String = (0..total)
        .map(|i| format!("<message from='bob@example.org/x'><body>{i}</body></message>"))
        .collect();
    let (mut rest, mut answered) = (input.as_bytes(), 0);
    let (now, id) = (script.now(), script.client().attempt());
    // A bot behind a slow line: it answers each message; output drains only when it is full.
    while answered < total {
        let client = script.client();
        if client.wants_read() && !rest.is_empty() {
            let (chunk, tail) = rest.split_at(rest.len().min(client.max_chunk()));
            client.handle_received(now, id, chunk);
            rest = tail;
        }
        client.work();
        match client.poll_event() {
            Some(Event::Stanza(Stanza::Message(message))) => {
                assert_eq!(message.body().unwrap(), answered.to_string());
                let reply =
                    message.reply().unwrap().body(&message.body().unwrap()).build().unwrap();
                client.send(now, reply.into()).unwrap();
                answered += 1;
            }
            Some(other) => panic!("{other:?}"),
            None => {
                let n = client.outgoing().len();
                assert!(n > 0 || client.wants_read(), "deadlock after {answered}");
                client.handle_written(now, id, n);
                while client.poll_completion().is_some() {}
            }
        }
    }
}

#[test]
fn rfc6120_8_1_5_a_stanza_without_a_language_has_that_of_the_stream() {
    let header = |lang: &str| HEADER.replace(" from=", &format!(" {lang} from="));
    let online = |last: &str| {
        let mut script = Script::new(direct());
        script.connect();
        // §4.3.3: the header before authentication is void.
        script.receive(header("xml:lang='xx'"));
        script.receive(mechanisms(&["PLAIN"]));
        script.receive(SUCCESS);
        script.receive(last);
        assert_eq!(script.client().lang(), None, "not before the stream is negotiated");
        script.receive(BIND_FEATURES);
        let id = script.last_id();
        script.receive(bind_result(&id, "alice@example.org/r"));
        assert!(matches!(script.next_event(), Some(Event::Online { .. })));
        script
    };
    let mut script = online(&header("xml:lang='de-AT'"));
    for (stanza, own, lang) in [
        ("<message><body>hi</body></message>", None, "de-AT"),
        ("<message xml:lang='cs'><body>hi</body></message>", Some("cs"), "cs"),
    ] {
        script.receive(stanza);
        let Some(Event::Stanza(stanza)) = script.next_event() else { panic!("no stanza") };
        // §8.1.5, §4.7.4: handed over as it came, and understood with the stream's language.
        assert_eq!(stanza.lang().as_deref(), own);
        let effective = stanza.lang().map(Cow::into_owned);
        let default = script.client().lang().map(String::from);
        assert_eq!(effective.or(default).as_deref(), Some(lang));
    }
    script.lose(LostCause::Eof);
    assert_eq!(script.client().lang(), None);

    let (longest, long) = ("x".repeat(64), "x".repeat(65));
    for (last, lang) in [
        ("", None),
        ("xml:lang=''", None),
        (&*format!("xml:lang='{long}'"), None),
        (&*format!("xml:lang='{longest}'"), Some(&*longest)),
    ] {
        assert_eq!(online(&header(last)).client().lang(), lang, "{last}");
    }
}
