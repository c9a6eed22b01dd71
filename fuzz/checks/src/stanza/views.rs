//! The typed views of elements that a peer sent.

use xmpp_proto::ns;
use xmpp_proto::sasl::SaslFailure;
use xmpp_proto::stanza::{
    Condition, Iq, Localized, Message, Presence, ReplyError, Stanza, StanzaError, StanzaFault,
};
use xmpp_proto::stream::{Features, StreamError};
use xmpp_proto::xml::ElementRef;

use super::{sent, sent_stanza};

/// Readers whose languages are looked up.
const LANGS: [&str; 4] = ["de-AT", "en-a-b", "*", ""];

pub(super) fn check(element: ElementRef<'_>) {
    errors(element);
    for child in element.elements() {
        errors(child);
    }
    sent(element);
    match Stanza::from_element(element.to_element()) {
        Ok(stanza) => {
            assert_eq!(stanza.element().as_ref(), element);
            accepted(&stanza);
            accepted(&sent_stanza(&stanza));
        }
        Err(fault) => {
            assert_eq!(fault.element().as_ref(), element);
            refused(&fault);
        }
    }
}

/// Errors and features are read from any element, and what was read can be written.
fn errors(element: ElementRef<'_>) {
    let error = StanzaError::from_element(element);
    assert!(!error.to_string().is_empty());
    let again = error.to_element().expect("its texts came from XML");
    assert_eq!(StanzaError::from_element(sent(again.as_ref()).as_ref()), error);
    // Of several texts the one in the language of the stanza counts, else the first.
    let is_text = |child: &ElementRef<'_>| child.is("text", ns::STANZA_ERROR);
    let texts = || element.elements().filter(is_text);
    let has_no_lang =
        |text: &ElementRef<'_>| text.attr_ns("lang", ns::XML).is_none_or(|lang| lang.is_empty());
    let text = texts().find(has_no_lang).or(texts().next());
    assert_eq!(error.text(), text.map(ElementRef::text).as_deref());

    let error = StreamError::from_element(element);
    assert!(!error.to_string().is_empty());
    let again = error.to_element().expect("its texts came from XML");
    assert_eq!(StreamError::from_element(sent(again.as_ref()).as_ref()), error);

    if let Some(failure) = SaslFailure::from_element(element) {
        let text = failure.to_string();
        assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
        assert!(text.len() <= 1200, "{} bytes are kept", text.len());
    }

    let features = Features::from_element(element);
    assert!(features.mechanisms().len() <= 64 && features.channel_bindings().len() <= 16);
    assert!(features.mechanisms().iter().all(|name| name.len() <= 20));
    assert_eq!(features.element().as_ref(), element);
}

fn accepted(stanza: &Stanza) {
    let error = StanzaError::new(Condition::BadRequest).with_text("<&>");
    let (reply, again) = match stanza {
        Stanza::Message(message) => {
            self::message(message);
            let quoting = message.error_reply_quoting(&error).map(Stanza::Message);
            (message.error_reply(&error).map(Stanza::Message), quoting)
        }
        Stanza::Presence(presence) => {
            self::presence(presence);
            let reply = presence.error_reply(&error).map(Stanza::Presence);
            (reply.clone(), reply)
        }
        Stanza::Iq(iq) => {
            self::iq(iq);
            let quoting = iq.error_reply_quoting(&error).map(Stanza::Iq);
            (iq.error_reply(&error).map(Stanza::Iq), quoting)
        }
    };
    // RFC 6120 §8.3.1: errors are not answered; nor are results.
    let is_result = matches!(stanza, Stanza::Iq(iq) if !iq.type_().is_request());
    if stanza.is_error() || is_result {
        assert_eq!(reply, Err(ReplyError::NotAnswerable));
        assert_eq!(again, Err(ReplyError::NotAnswerable));
        return;
    }
    for reply in [reply, again] {
        let reply = reply.expect("an answer is due");
        answer(&reply);
        assert_eq!((reply.to(), reply.from()), (stanza.from(), stanza.to()));
        assert_eq!(reply.id(), stanza.id());
        // A stanza may hold an element `error` although it is none, and that is quoted.
        let is_quoted = stanza.element().child("error", stanza.element().ns()).is_some();
        assert!(is_quoted || reply.error().as_ref() == Some(&error));
    }
}

fn refused(fault: &StanzaFault) {
    assert!(!fault.to_string().is_empty());
    if let Some(reply) = fault.reply() {
        answer(&reply);
        assert_eq!(reply.id(), fault.element().attr("id").as_deref());
        assert_eq!(reply.error().map(|error| error.condition()), fault.condition());
    }
}

/// An answer is a proper stanza, and nobody answers it.
fn answer(reply: &Stanza) {
    assert!(reply.is_error());
    sent_stanza(reply);
    let again = match reply {
        Stanza::Message(message) => message.error_reply(Condition::Conflict).map(drop),
        Stanza::Presence(presence) => presence.error_reply(Condition::Conflict).map(drop),
        Stanza::Iq(iq) => iq.error_reply(Condition::Conflict).map(drop),
    };
    assert_eq!(again, Err(ReplyError::NotAnswerable));
}

fn message(message: &Message) {
    let bodies: Vec<_> = message.bodies().collect();
    chosen(message.body().as_deref(), &bodies);
    chosen(message.body_in(&LANGS).as_deref(), &bodies);
    let subjects: Vec<_> = message.subjects().collect();
    chosen(message.subject().as_deref(), &subjects);
    chosen(message.subject_in(&LANGS).as_deref(), &subjects);
    let own = bodies.len() + subjects.len() + usize::from(message.thread().is_some());
    assert!(message.payloads().count() + own <= message.element().elements().count());
    for payload in message.payloads() {
        assert!(message.payload(payload.name(), payload.ns()).is_some());
    }
    assert_eq!(message.reply().is_none(), message.error().is_some());
    if let Some(reply) = message.reply() {
        let reply = reply.build().expect("its texts came from XML");
        assert_eq!(reply.thread(), message.thread());
        assert_eq!(reply.type_(), message.type_());
        sent_stanza(&reply.into());
    }
}

fn presence(presence: &Presence) {
    let statuses: Vec<_> = presence.statuses().collect();
    chosen(presence.status().as_deref(), &statuses);
    chosen(presence.status_in(&LANGS).as_deref(), &statuses);
    let _ = (presence.show(), presence.priority());
    for payload in presence.payloads() {
        assert!(presence.payload(payload.name(), payload.ns()).is_some());
    }
}

fn iq(iq: &Iq) {
    let count = iq.element().elements().count();
    if iq.type_().is_request() {
        assert_eq!((count, iq.payload().is_some()), (1, true));
        let payload = iq.payload().map(ElementRef::to_element);
        let result = iq.result(payload).expect("a result is due");
        assert_eq!((result.to(), result.from(), result.id()), (iq.from(), iq.to(), iq.id()));
        assert_eq!(result.payload(), iq.payload());
        sent_stanza(&result.into());
    } else {
        assert_eq!(iq.result(None), Err(ReplyError::NotAnswerable));
    }
}

/// There is a text exactly if there are any, and it is one of them.
fn chosen(text: Option<&str>, all: &[Localized<'_>]) {
    match text {
        Some(text) => assert!(all.iter().any(|one| one.text == text)),
        None => assert!(all.is_empty()),
    }
}
