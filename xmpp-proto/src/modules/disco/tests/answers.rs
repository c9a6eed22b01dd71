//! What the module says of the client itself, and what it asks at command.

use super::*;
use crate::endpoint::{Commands, Completion};
use crate::modules::ReadError;
use crate::modules::ping::Ping;
use crate::modules::version::{SoftwareVersion, Version};
use crate::stanza::Presence;

module_set! {
    struct Several {
        disco: Disco => Disco,
        ping: Ping => Ping,
        version: SoftwareVersion => Version,
    }
    #[derive(Debug)]
    #[expect(dead_code, reason = "only what is sent is looked at")]
    enum SeveralEvent;
}

fn query(peer: &mut Peer, type_: &str, payload: &str) -> Element {
    peer.receive(format!("<iq type='{type_}' id='q1' from='bob@example.net/x'>{payload}</iq>"));
    let sent = peer.take_sent();
    assert!(told(peer).is_empty());
    sent.replacen("<iq", "<iq xmlns='jabber:client'", 1).parse().unwrap()
}

fn is_error(iq: &Element, condition: &str) -> bool {
    let error = iq.child("error", ns::CLIENT);
    error.is_some_and(|error| error.child(condition, ns::STANZA_ERROR).is_some())
}

fn info(payload: &str) -> String {
    format!("<query xmlns='http://jabber.org/protocol/disco#info'{payload}/>")
}

#[test]
fn xep0030_3_1_the_answer_names_what_the_client_is_and_what_its_modules_can() {
    let modules = Several {
        disco: disco().with_extension(DataForm::new("urn:form").with_field("os", ["Plan 9"])),
        ping: Ping::new(),
        version: SoftwareVersion::new(&Version::new("App", "1")).unwrap(),
    };
    let client = Client::new(config(), Seed::new([1; 32]), Instant::from_micros(0));
    let mut peer = Script::of(Modular::new(client, modules));
    peer.login(&config());
    peer.take_sent();
    peer.receive(format!("<iq type='get' id='q1' from='bob@example.net/x'>{}</iq>", info("")));
    assert_eq!(
        peer.take_sent(),
        "<iq to='bob@example.net/x' id='q1' type='result'>\
         <query xmlns='http://jabber.org/protocol/disco#info'>\
         <identity category='client' type='pc' name='App'/>\
         <feature var='http://jabber.org/protocol/caps'/>\
         <feature var='http://jabber.org/protocol/disco#info'/>\
         <feature var='http://jabber.org/protocol/disco#items'/>\
         <feature var='jabber:iq:version'/><feature var='urn:xmpp:ping'/>\
         <x xmlns='jabber:x:data' type='result'>\
         <field var='FORM_TYPE' type='hidden'><value>urn:form</value></field>\
         <field var='os'><value>Plan 9</value></field></x></query></iq>"
    );
}

#[test]
fn xep0115_6_presence_announces_what_is_answered_about_its_node() {
    for algorithm in HashAlgorithm::ALL {
        let mut peer = online(disco().with_algorithm(*algorithm));
        let now = peer.now();
        peer.client().send(now, Presence::available().build().unwrap().into()).unwrap();
        peer.drain();
        let sent = peer.take_sent().replacen("<presence", "<presence xmlns='jabber:client'", 1);
        let presence = sent.parse::<Element>().unwrap();
        let caps = Caps::from_element(presence.child("c", ns::CAPS).unwrap()).unwrap();
        assert_eq!(caps.node, "https://a.example/app");
        assert_eq!(caps.hash, algorithm.name());

        let node = format!(" node='{}'", caps.query_node());
        let reply = query(&mut peer, "get", &info(&node));
        let answer = reply.child("query", ns::DISCO_INFO).unwrap();
        // XEP-0030 §3.2: the node is named in the answer.
        assert_eq!(answer.attr("node").unwrap(), caps.query_node());
        assert!(verify(answer, &caps.verifiable().unwrap()).is_ok());
    }
}

#[test]
fn only_presence_that_says_available_has_capabilities() {
    let mut peer = online(disco());
    let now = peer.now();
    let to = jid("bob@example.net");
    let own = Element::builder("c", ns::CAPS).attr("ver", "mine").build().unwrap();
    for (presence, caps) in [
        (Presence::available().to(to.clone()), 1),
        (Presence::available().payload(own), 1),
        (Presence::unavailable(), 0),
        (Presence::subscribe(to.to_bare()), 0),
    ] {
        peer.client().send(now, presence.build().unwrap().into()).unwrap();
        peer.drain();
        let sent = peer.take_sent();
        assert_eq!(sent.matches("<c ").count(), caps, "{sent}");
    }
}

#[test]
fn xep0030_7_nodes_that_do_not_exist_are_not_found() {
    let mut peer = online(disco());
    for payload in [
        info(" node='music'"),
        info(" node=''"),
        info(" node='https://a.example/app#AAAAAAAAAAAAAAAAAAAAAAAAAAA='"),
        "<query xmlns='http://jabber.org/protocol/disco#items' node='music'/>".into(),
    ] {
        assert!(is_error(&query(&mut peer, "get", &payload), "item-not-found"), "{payload}");
    }
}

#[test]
fn xep0030_4_1_a_client_has_no_items() {
    let mut peer = online(disco());
    let reply = query(&mut peer, "get", "<query xmlns='http://jabber.org/protocol/disco#items'/>");
    let items = DiscoItems::from_element(reply.child("query", ns::DISCO_ITEMS).unwrap());
    assert_eq!(items, Ok(DiscoItems::default()));
}

#[test]
fn rfc6120_8_4_nothing_can_be_set() {
    let mut peer = online(disco());
    for payload in [info(""), "<query xmlns='http://jabber.org/protocol/disco#items'/>".into()] {
        assert!(is_error(&query(&mut peer, "set", &payload), "service-unavailable"));
    }
}

#[test]
fn other_queries_are_passed_on() {
    let mut peer = online(disco());
    for payload in
        ["<query xmlns='jabber:iq:version'/>", "<q xmlns='http://jabber.org/protocol/disco#info'/>"]
    {
        peer.receive(format!("<iq type='get' id='q1' from='bob@example.net/x'>{payload}</iq>"));
        assert!(matches!(peer.next_event(), Some(Event::Query(_))));
    }
}

#[test]
fn a_command_asks_for_information() {
    let mut peer = online(disco());
    let now = peer.now();
    let ask = |disco: &mut Disco, cx: &mut crate::modules::Cx<'_>| {
        disco.info(cx, jid("rooms.example.org"), Some("n")).unwrap()
    };
    let (right, wrong) = peer.client().with(now, |disco, cx| (ask(disco, cx), ask(disco, cx)));
    peer.drain();
    let requests = super::asked(&mut peer);
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].to, "rooms.example.org");
    assert_eq!(requests[0].node.as_deref(), Some("n"));

    super::answer(&mut peer, &requests[0], &program(1));
    let Some(Completion::Reply { token, result: Ok(iq) }) = peer.next_completion() else {
        panic!("no reply")
    };
    assert_eq!(token, right.token());
    assert_eq!(right.read(&iq), Ok(program(1)));

    peer.receive(format!("<iq type='result' id='{}' from='rooms.example.org'/>", requests[1].id));
    let Some(Completion::Reply { result: Ok(iq), .. }) = peer.next_completion() else {
        panic!("no reply")
    };
    assert_eq!(wrong.read(&iq), Err(ReadError::Missing { what: "query" }));
    assert!(told(&mut peer).is_empty());
    assert_eq!(peer.client().modules().caps_of(&jid("rooms.example.org")), None);
}

#[test]
fn a_command_asks_for_items() {
    let mut peer = online(disco());
    let now = peer.now();
    let asked =
        peer.client().with(now, |disco, cx| disco.items(cx, jid("example.org"), None).unwrap());
    peer.drain();
    let id = peer.last_id();
    peer.receive(format!(
        "<iq type='result' id='{id}' from='example.org'>\
         <query xmlns='http://jabber.org/protocol/disco#items'>\
         <item jid='rooms.example.org' name='Rooms'/></query></iq>"
    ));
    let Some(Completion::Reply { result: Ok(iq), .. }) = peer.next_completion() else {
        panic!("no reply")
    };
    let room = DiscoItem::new(jid("rooms.example.org")).with_name("Rooms");
    assert_eq!(asked.read(&iq).unwrap().items, [room]);
}
