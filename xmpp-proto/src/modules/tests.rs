//! What the frame does around modules.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::{Asked, Claim, Cx, Features, Modular, Module, ReadError};
use crate::endpoint::{
    Client, ClientConfig, Commands, Completion, Event, IqToken, Query, Request, RequestError,
};
use crate::sasl::Mechanism;
use crate::stanza::{Iq, Message, Presence, Stanza};
use crate::testing::Script;
use crate::xml::Element;
use crate::{Instant, Seed, module_set, ns};

/// Takes what is addressed to it by name, and tells what it has seen.
struct Part {
    name: &'static str,
    seen: Vec<String>,
    due: Option<Instant>,
    asked: Option<IqToken>,
}

impl Part {
    const fn new(name: &'static str) -> Self {
        Self { name, seen: Vec::new(), due: None, asked: None }
    }

    fn see(&mut self, what: &str) {
        self.seen.push(what.to_string());
    }

    fn is_for(&self, text: Option<impl AsRef<str>>) -> bool {
        text.is_some_and(|text| text.as_ref() == self.name)
    }
}

impl Module for Part {
    type Event = String;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        each(self.name);
        each("shared");
    }

    fn presence_payloads(&self, features: &Features, each: &mut dyn FnMut(Element)) {
        let names: Vec<_> = features.iter().collect();
        let payload = Element::builder(self.name, "urn:part").text(&names.join(" "));
        each(payload.build().unwrap());
    }

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        let jid = cx.jid().unwrap().to_string();
        self.see(&jid);
        self.due = Some(cx.now() + Duration::from_secs(3));
        let ping = Element::builder("ping", self.name).build().unwrap();
        self.asked = Some(cx.request(Request::get(ping)).unwrap());
    }

    fn handle_ended(&mut self) {
        self.see("ended");
        self.due = None;
    }

    fn handle_stanza(&mut self, _: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        let Stanza::Message(message) = stanza else { return Claim::Passed };
        self.see("message");
        if self.is_for(message.body()) { Claim::Taken } else { Claim::Passed }
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        if !self.is_for(query.iq().payload().map(|payload| payload.ns().to_string())) {
            return Some(query);
        }
        cx.answer(query, Ok(None)).unwrap();
        None
    }

    fn handle_reply(
        &mut self,
        _: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        if self.asked.take_if(|asked| *asked == token).is_none() {
            return Claim::Passed;
        }
        self.see(if reply.is_ok() { "result" } else { "no result" });
        Claim::Taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.due = None;
        cx.send(Presence::available().build().unwrap()).unwrap();
        self.see("timeout");
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_event(&mut self) -> Option<String> {
        if self.seen.is_empty() { None } else { Some(self.seen.remove(0)) }
    }
}

module_set! {
    struct Parts {
        left: Part => Left,
        right: Part => Right,
    }
    #[derive(Debug, PartialEq)]
    enum PartsEvent;
}

use PartsEvent::{Left, Right};

fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().unwrap(), "a password")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
}

fn script() -> Script<Modular<Parts>> {
    let parts = Parts { left: Part::new("left"), right: Part::new("right") };
    let client = Client::new(config(), Seed::new([1; 32]), Instant::from_micros(0));
    Script::of(Modular::new(client, parts))
}

fn online() -> Script<Modular<Parts>> {
    let mut script = script();
    script.login(&config());
    while script.next_event().is_some() {}
    script.take_sent();
    script
}

/// What the modules tell, as far as it has come.
fn told(script: &mut Script<Modular<Parts>>) -> Vec<PartsEvent> {
    let mut told = Vec::new();
    while let Some(event) = script.next_event() {
        if let Event::Module(event) = event {
            told.push(event);
        }
    }
    told
}

fn message(body: &str) -> String {
    alloc::format!("<message from='bob@example.org/x'><body>{body}</body></message>")
}

#[test]
fn modules_learn_that_the_client_is_online_before_the_application_does() {
    let mut script = script();
    script.login(&config());
    let own = "alice@example.org/r1".to_string();
    assert!(matches!(script.next_event(), Some(Event::Module(Left(jid))) if jid == own));
    assert!(matches!(script.next_event(), Some(Event::Module(Right(jid))) if jid == own));
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
}

#[test]
fn a_stanza_is_shown_until_somebody_takes_it() {
    let mut script = online();
    script.receive(message("left"));
    assert_eq!(told(&mut script), [Left("message".into())]);
    script.receive(message("right"));
    assert_eq!(told(&mut script), [Left("message".into()), Right("message".into())]);
    script.receive(message("nobody"));
    let mut last = None;
    while let Some(event) = script.next_event() {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Stanza(Stanza::Message(_)))), "{last:?}");
}

#[test]
fn a_query_is_answered_by_who_takes_it_and_else_is_the_applications() {
    let mut script = online();
    script.receive("<iq type='get' id='q1' from='bob@example.org/x'><ping xmlns='right'/></iq>");
    assert_eq!(script.take_sent(), "<iq to='bob@example.org/x' id='q1' type='result'/>");
    assert!(script.next_event().is_none());
    script.receive("<iq type='get' id='q2' from='bob@example.org/x'><ping xmlns='up'/></iq>");
    assert!(matches!(script.next_event(), Some(Event::Query(_))));
}

#[test]
fn what_modules_ask_is_theirs_and_the_application_hears_nothing_of_it() {
    let mut script = script();
    script.login(&config());
    let sent = script.take_sent();
    let mut ids = sent.rsplit(" id='").map(|rest| &rest[..rest.find('\'').unwrap()]);
    let (right, left) = (ids.next().unwrap(), ids.next().unwrap());
    told(&mut script);
    script.receive(alloc::format!("<iq type='result' id='{right}'/>"));
    assert_eq!(told(&mut script), [Right("result".into())]);
    script.receive(alloc::format!("<iq type='result' id='{left}' from='mallory@example.org/x'/>"));
    assert_eq!(told(&mut script), [], "a stranger's answer");
    script.receive(alloc::format!("<iq type='result' id='{left}'/>"));
    assert_eq!(told(&mut script), [Left("result".into())]);
    assert!(script.next_completion().is_none());
}

#[test]
fn what_the_application_asks_through_modules_is_its_own() {
    let mut script = online();
    let now = script.now();
    let read = |iq: &Iq| {
        iq.payload()
            .map_or(Err(ReadError::Missing { what: "payload" }), |it| Ok(it.name().to_string()))
    };
    let asked: Asked<String> = script.client().with(now, |_, cx| {
        let ping = Element::builder("ping", ns::PING).build().unwrap();
        cx.ask(Request::get(ping), read).unwrap()
    });
    script.drain();
    let id = script.last_id();
    script.receive(alloc::format!("<iq type='result' id='{id}'><pong xmlns='x'/></iq>"));
    let Some(Completion::Reply { token, result: Ok(iq) }) = script.next_completion() else {
        panic!("no reply")
    };
    assert_eq!(token, asked.token());
    assert_eq!(asked.read(&iq).unwrap(), "pong");
}

#[test]
fn available_presence_says_what_modules_add_and_nothing_else_does() {
    let mut script = online();
    let now = script.now();
    let presence = Presence::available().build().unwrap();
    script.client().send(now, presence.into()).unwrap();
    script.drain();
    // XEP-0030 §3.1: each feature once, in order.
    assert_eq!(
        script.take_sent(),
        "<presence><left xmlns='urn:part'>left right shared</left>\
         <right xmlns='urn:part'>left right shared</right></presence>"
    );
    let to: crate::jid::Jid = "bob@example.org".parse().unwrap();
    let silent: [Stanza; 2] = [
        Presence::unavailable().build().unwrap().into(),
        Message::chat(to).body("hi").build().unwrap().into(),
    ];
    for stanza in silent {
        script.client().send(now, stanza).unwrap();
        script.drain();
        assert!(!script.take_sent().contains("urn:part"));
    }
}

#[test]
fn each_modules_deadline_is_kept() {
    let mut script = online();
    let now = script.now();
    script.client().with(now, |parts, cx| {
        parts.left.due = Some(cx.now() + Duration::from_secs(1));
        parts.right.due = Some(cx.now() + Duration::from_secs(2));
    });
    script.pass(Duration::from_millis(1500));
    assert_eq!(told(&mut script), [Left("timeout".into())]);
    script.pass(Duration::from_secs(1));
    assert_eq!(told(&mut script), [Right("timeout".into())]);
    assert_eq!(script.take_sent().matches("<presence>").count(), 2);
}

#[test]
fn the_end_is_told_to_modules_and_then_to_the_application() {
    let mut script = online();
    script.lose(crate::endpoint::LostCause::Eof);
    for (at, expected) in [Left("no result".into()), Right("no result".into())].iter().enumerate() {
        assert!(matches!(script.next_event(), Some(Event::Module(it)) if it == *expected), "{at}");
    }
    assert!(matches!(script.next_event(), Some(Event::Module(Left(it))) if it == "ended"));
    assert!(matches!(script.next_event(), Some(Event::Module(Right(it))) if it == "ended"));
    assert!(matches!(script.next_event(), Some(Event::Ended(_))));
    assert!(script.next_completion().is_none());
}

#[test]
fn events_that_nobody_takes_stop_the_reading() {
    let mut script = online();
    script.take_events(false);
    let one = message("nobody");
    let mut given = 0;
    while crate::endpoint::Endpoint::wants_read(script.client()) && given < 10_000 {
        script.receive(&one);
        given += 1;
    }
    // Each message makes three events, so that a third of the room outside and all of that inside
    // are taken.
    assert!((64..=64 + 64).contains(&given), "{given}");
    script.take_events(true);
    assert_eq!(told(&mut script).len(), 2 * given);
}
