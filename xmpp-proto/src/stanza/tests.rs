use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;
use crate::xml::BuildErrorKind;

mod error;
mod fault;
mod iq;
mod message;
mod presence;

fn element(xml: &str) -> Element {
    xml.parse().unwrap()
}

fn stanza(xml: &str) -> Stanza {
    Stanza::from_element(element(xml)).unwrap()
}

fn message(xml: &str) -> Message {
    match stanza(xml) {
        Stanza::Message(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

fn presence(xml: &str) -> Presence {
    match stanza(xml) {
        Stanza::Presence(presence) => presence,
        other => panic!("not presence: {other:?}"),
    }
}

fn iq(xml: &str) -> Iq {
    match stanza(xml) {
        Stanza::Iq(iq) => iq,
        other => panic!("not an iq: {other:?}"),
    }
}

fn jid(text: &str) -> Jid {
    Jid::new(text).unwrap()
}

#[test]
fn rfc6120_8_the_three_stanzas_and_nothing_else() {
    assert!(matches!(stanza("<message xmlns='jabber:client'/>"), Stanza::Message(_)));
    assert!(matches!(stanza("<presence xmlns='jabber:client'/>"), Stanza::Presence(_)));
    assert!(matches!(stanza("<iq xmlns='jabber:client' type='result' id=''/>"), Stanza::Iq(_)));
    for xml in [
        "<message/>",
        "<message xmlns='jabber:server'/>",
        "<Message xmlns='jabber:client'/>",
        "<r xmlns='urn:xmpp:sm:3'/>",
    ] {
        let fault = Stanza::from_element(element(xml)).unwrap_err();
        assert_eq!(fault.kind(), StanzaFaultKind::NotAStanza);
        assert_eq!(fault.condition(), None);
        assert_eq!(fault.reply(), None);
        assert_eq!(fault.into_element(), element(xml));
    }
}

#[test]
fn common_getters_read_the_head_of_any_stanza() {
    for rest in ["message", "presence", "iq"] {
        let body = if rest == "iq" { " type='get'><q xmlns='x'/></iq>" } else { "/>" };
        let stanza = stanza(&format!(
            "<{rest} xmlns='jabber:client' to='A@b' from='c@d/e' id='&#x31;2' xml:lang='de'{body}"
        ));
        // RFC 6120 §8.1.1 to §8.1.5.
        assert_eq!(stanza.to(), Some(&jid("a@b")));
        assert_eq!(stanza.from(), Some(&jid("c@d/e")));
        assert_eq!(stanza.id(), Some("12"));
        assert_eq!(stanza.lang().as_deref(), Some("de"));
        assert!(!stanza.is_error());
        assert_eq!(stanza.error(), None);
        assert_eq!(stanza.element().attr("to").as_deref(), Some("A@b"));
    }
    // The attributes of other namespaces are other attributes; an empty language is none.
    let bare = stanza(
        "<presence xmlns='jabber:client' xml:lang='' xmlns:x='urn:x' x:to='@' x:from='@' \
         x:id='1' x:type='?'/>",
    );
    assert_eq!((bare.to(), bare.from(), bare.id(), bare.lang()), (None, None, None, None));
}

#[test]
fn rfc7622_3_foreign_addresses_do_not_make_a_stanza_faulty() {
    let stanza = stanza("<message xmlns='jabber:client' from='Ünïcode♥@my_host/Ж'/>");
    let from = stanza.from().unwrap();
    assert_eq!(from.as_str(), "Ünïcode♥@my_host/Ж");
    assert!(!from.is_prepared());
}

#[test]
fn a_stanza_equals_another_by_its_element() {
    let one =
        stanza("<message xmlns='jabber:client' id='&#x31;' to='a@b'><body>x</body></message>");
    let two = stanza(
        "<message to='a@b' id='1' xmlns='jabber:client'><body><![CDATA[x]]></body></message>",
    );
    assert_eq!(one, two);
    assert_ne!(one, stanza("<message xmlns='jabber:client' id='1' to='a@b'/>"));
    assert_eq!(one, one.clone());
}

/// Text as people and attackers write it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,20}", Just(String::from("<&>'\"]]>\r\n\t"))]
}

fn attr_type() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(alloc::vec![
        "get",
        "set",
        "result",
        "error",
        "chat",
        "unavailable",
        "subscribe",
        "",
        "x",
        "groupchat"
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_total_and_a_reply_is_never_answered(
        name in proptest::sample::select(alloc::vec!["message", "presence", "iq", "x"]),
        type_ in proptest::option::of(attr_type()),
        attrs in proptest::collection::vec(
            (proptest::sample::select(alloc::vec!["to", "from", "id"]), prop_oneof![
                Just(String::from("a@b/c")), Just(String::from("@")), text(),
            ]),
            0..4,
        ),
        children in proptest::collection::vec(
            (proptest::sample::select(alloc::vec![
                "body", "subject", "thread", "error", "show", "status", "priority", "x",
            ]), text()),
            0..3,
        ),
    ) {
        let mut builder = Element::builder(name, ns::CLIENT);
        if let Some(type_) = type_ {
            builder = builder.attr("type", type_);
        }
        for (name, value) in &attrs {
            builder = builder.attr(name, value);
        }
        for (name, value) in &children {
            builder = builder.child_with(name, ns::CLIENT, |child| child.text(value));
        }
        // Characters that XML excludes cannot come from the wire.
        let Ok(element) = builder.build() else { return Ok(()) };
        let error = StanzaError::new(Condition::BadRequest);
        let reply = match Stanza::from_element(element.clone()) {
            Err(fault) => {
                prop_assert!(!fault.to_string().is_empty());
                prop_assert_eq!(fault.element(), &element);
                fault.reply()
            }
            Ok(stanza) => {
                prop_assert_eq!(stanza.element(), &element);
                match &stanza {
                    Stanza::Message(message) => {
                        let _ = (message.body(), message.body_in(&["de-AT", "en"]));
                        let _ = (message.subject(), message.thread(), message.payloads().count());
                        prop_assert_eq!(message.reply().is_none(), stanza.is_error());
                        message.error_reply_quoting(&error).ok().map(Stanza::Message)
                    }
                    Stanza::Presence(presence) => {
                        let _ = (presence.show(), presence.status(), presence.priority());
                        presence.error_reply(&error).ok().map(Stanza::Presence)
                    }
                    Stanza::Iq(iq) => {
                        prop_assert_eq!(iq.type_().is_request(), iq.result(None).is_ok());
                        iq.error_reply_quoting(&error).ok().map(Stanza::Iq)
                    }
                }
            }
        };
        if let Some(reply) = reply {
            // RFC 6120 §8.3.1: no error for an error, and the id of what is answered.
            prop_assert!(type_ != Some("error"));
            prop_assert!(reply.is_error());
            let id = element.attr("id");
            prop_assert_eq!(reply.id(), id.as_deref());
            // What we answer is a proper stanza, and answering it again is refused.
            prop_assert_eq!(Stanza::from_element(reply.element().clone()), Ok(reply.clone()));
            let again = match reply {
                Stanza::Message(message) => message.error_reply(&error).map(drop),
                Stanza::Presence(presence) => presence.error_reply(&error).map(drop),
                Stanza::Iq(iq) => iq.error_reply(&error).map(drop),
            };
            prop_assert_eq!(again, Err(ReplyError::NotAnswerable));
        }
    }

    #[test]
    fn what_is_built_reads_back(
        body in text(), lang in "[a-z]{2,3}", subject in text(), thread in text(), id in text(),
    ) {
        let builder = Message::chat(jid("a@b/c")).id(&id).body(&body).body_in(&lang, &subject)
            .subject(&subject).thread(&thread);
        let built = match builder.build() {
            Ok(built) => built,
            Err(error) => {
                let crate::xml::BuildErrorKind::ForbiddenChar { char, offset } = error.kind() else {
                    panic!("{error}")
                };
                let field = match (error.attribute(), error.element()) {
                    (Some("id"), _) => &id,
                    (None, "body") if body.get(offset..).is_some_and(|s| s.starts_with(char)) => &body,
                    (None, "body" | "subject") => &subject,
                    (None, "thread") => &thread,
                    other => panic!("{other:?}"),
                };
                prop_assert!(field[offset..].starts_with(char), "{error}");
                return Ok(());
            }
        };
        prop_assert_eq!(Stanza::from_element(built.element().clone()), Ok(built.clone().into()));
        prop_assert_eq!(built.id(), Some(&*id));
        prop_assert_eq!(built.body().unwrap(), body);
        prop_assert_eq!(built.body_in(&[&lang]).unwrap(), &*subject);
        prop_assert_eq!(built.subject().unwrap(), subject);
        prop_assert_eq!(built.thread().unwrap().id, thread);
    }
}

#[test]
fn rfc6120_8_3_1_an_error_without_its_child_is_not_built() {
    let error = || element("<error xmlns='jabber:client' type='cancel'/>");
    // §8.3.1: who generates an error stanza must include <error/>.
    let fault = Message::chat(jid("a@b")).type_(MessageType::Error).body("hi").build().unwrap_err();
    assert_eq!(fault.kind(), BuildErrorKind::MissingError);
    assert_eq!(fault.to_string(), "<message/> of type 'error' has no child <error/>");
    let fault = Presence::builder(PresenceType::Error).to(jid("a@b")).build().unwrap_err();
    assert_eq!(fault.kind(), BuildErrorKind::MissingError);
    assert_eq!(fault.to_string(), "<presence/> of type 'error' has no child <error/>");
    // One of another namespace says nothing.
    let other = element("<error xmlns='urn:x'/>");
    let fault = Presence::builder(PresenceType::Error).payload(other).build().unwrap_err();
    assert_eq!(fault.kind(), BuildErrorKind::MissingError);

    let message = Message::chat(jid("a@b")).type_(MessageType::Error).payload(error());
    assert!(message.build().unwrap().error().is_some());
    let presence = Presence::builder(PresenceType::Error).payload(error());
    assert!(presence.build().unwrap().error().is_some());
    // The type that counts is the last.
    let message = Message::builder(jid("a@b")).type_(MessageType::Error);
    assert!(message.type_(MessageType::Normal).build().is_ok());
}
