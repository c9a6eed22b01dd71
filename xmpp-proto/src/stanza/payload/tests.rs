use xmpp_parsers::chatstates::ChatState;
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use xmpp_parsers::ping::Ping;
use xmpp_parsers::pubsub::PubSub;
use xmpp_parsers::receipts::{Received, Request};
use xmpp_parsers::stanza_error::{DefinedCondition, StanzaError};
use xmpp_parsers::{message, presence};

use super::*;
use crate::jid::Jid;
use crate::ns;
use crate::stanza::Show;
use crate::xml::BuildErrorKind;

fn stanza(xml: &str) -> Stanza {
    Stanza::from_element(xml.parse().unwrap()).unwrap()
}

fn jid() -> Jid {
    Jid::new("a@b/c").unwrap()
}

#[test]
fn the_first_child_of_the_type_is_read() {
    let message = stanza(
        "<message xmlns='jabber:client'><body>x</body><active xmlns='urn:x'/>\
         <received xmlns='urn:xmpp:receipts' id='1'/><received xmlns='urn:xmpp:receipts' id='2'/>\
         </message>",
    );
    assert_eq!(message.payload_as::<Received>().unwrap().unwrap().id, "1");
    assert!(message.payload_as::<ChatState>().unwrap().is_none());
    assert!(message.payload_as::<Request>().unwrap().is_none());
    let Stanza::Message(message) = message else { panic!() };
    let ids = message.payloads().filter_map(|payload| payload.decode::<Received>().ok());
    assert!(ids.map(|received| received.id).eq(["1", "2"]));
}

#[test]
fn a_faulty_child_is_an_error_and_stays_readable() {
    let message = stanza(
        "<message xmlns='jabber:client'><received xmlns='urn:xmpp:receipts' ID='1'/>\
         <received xmlns='urn:xmpp:receipts' id='2'/></message>",
    );
    let error = message.payload_as::<Received>().unwrap_err();
    assert!(!error.is_mismatch());
    assert_eq!((error.element(), error.ns()), ("received", "urn:xmpp:receipts"));
    assert!(message.element().child("received", "urn:xmpp:receipts").is_some());
}

#[test]
fn requests_results_and_errors_have_payloads() {
    let query = Element::encode(&DiscoInfoQuery { node: None }).unwrap();
    let request = Iq::get("1", &query).from(jid()).build().unwrap();
    assert_eq!(request.payload_as::<DiscoInfoQuery>().unwrap().unwrap().node, None);
    assert!(request.payload_as::<Ping>().unwrap().is_none());

    let empty = request.result(None).unwrap();
    assert!(empty.payload_as::<DiscoInfoResult>().unwrap().is_none());
    let answer = request.result(Some(query)).unwrap();
    assert!(answer.payload_as::<DiscoInfoResult>().unwrap().is_some());

    let refused = request.error_reply_quoting(crate::stanza::Condition::ItemNotFound).unwrap();
    assert!(refused.payload_as::<DiscoInfoQuery>().unwrap().is_some());
    let error = refused.payload_as::<StanzaError>().unwrap().unwrap();
    assert_eq!(error.defined_condition, DefinedCondition::ItemNotFound);
}

#[test]
fn payloads_are_added_to_messages_and_presence() {
    let received = Received { id: "<1>".into() };
    let message = Message::chat(jid())
        .body("x")
        .with_payload(&received)
        .unwrap()
        .with_payload(&ChatState::Active)
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(message.payload_as::<Received>().unwrap(), Some(received));
    assert_eq!(message.payload_as::<ChatState>().unwrap(), Some(ChatState::Active));
    assert_eq!(message.body().as_deref(), Some("x"));
    assert_eq!(message.element().elements().count(), 3);

    let presence = Presence::available().with_payload(&ChatState::Gone).unwrap().build().unwrap();
    assert_eq!(presence.payload_as::<ChatState>().unwrap(), Some(ChatState::Gone));

    let forbidden = Message::chat(jid()).with_payload(&Received { id: "\u{1}".into() });
    let EncodeError::Build(error) = forbidden.unwrap_err() else { panic!() };
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\u{1}', offset: 0 });
}

#[test]
fn stanzas_are_those_of_xmpp_parsers() {
    let ours = Message::chat(jid()).id("1").body("x").body_in("de", "y").build().unwrap();
    let theirs: message::Message = ours.element().decode().unwrap();
    assert_eq!(theirs.type_, message::MessageType::Chat);
    assert_eq!(theirs.bodies.len(), 2);
    let back = Stanza::from_element(Element::encode(&theirs).unwrap()).unwrap();
    assert_eq!(back.id(), Some("1"));
    assert_eq!(back.to(), ours.to());

    let ours = Presence::available().show(Show::Away).priority(-1).build().unwrap();
    let theirs: presence::Presence = ours.element().decode().unwrap();
    assert_eq!(
        (&theirs.show, &theirs.priority),
        (&Some(presence::Show::Away), &presence::Priority(-1))
    );
    assert_eq!(Stanza::from_element(Element::encode(&theirs).unwrap()), Ok(ours.into()));
}

#[test]
fn what_only_knows_minidom_goes_through_it() {
    let result = stanza(
        "<iq xmlns='jabber:client' type='result' id='1'>\
         <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='n'/></pubsub></iq>",
    );
    let Stanza::Iq(iq) = result else { panic!() };
    let theirs = minidom::Element::try_from(iq.payload().unwrap()).unwrap();
    let theirs = PubSub::try_from(theirs).unwrap();
    assert!(matches!(&theirs, PubSub::Items(items) if items.node.0 == "n"));
    let back = Element::try_from(&minidom::Element::from(theirs)).unwrap();
    assert_eq!(iq.payload().unwrap(), back);
    assert_eq!(iq.element().ns(), ns::CLIENT);
}
