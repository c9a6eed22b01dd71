//! Outbound injection: whatever an application passes, one stanza leaves with that in its place,
//! or none.

use proptest::prelude::*;
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Message, Presence, Stanza};
use xmpp_proto::xml::{Element, ElementRef, Writer};

use super::{HEADER, read};

/// What has broken out of its place elsewhere.
const INJECTIONS: [&str; 12] = [
    "</body></message><message to='victim@example.com'><body>hi",
    "' from='admin@example.com",
    "\" from=\"admin@example.com",
    "'/><message/><x a='",
    "]]><message/>",
    "<![CDATA[",
    "<!-- ",
    "<?php ?>",
    "</stream:stream>",
    "&lt;&#60;&lol;&",
    "\r\n\t \u{85}\u{2028}",
    "\u{FEFF}\u{202E}\u{10FFFF}",
];

/// What a server reads of one stanza and the next.
fn received(stanza: ElementRef<'_>) -> Vec<Element> {
    let marker = Element::builder("marker", ns::CLIENT).build().expect("valid");
    let mut writer = Writer::new(ns::CLIENT, true);
    let mut out = HEADER.as_bytes().to_vec();
    writer.write(stanza, &mut out);
    writer.write(marker.as_ref(), &mut out);
    let (elements, error) = read(&out, 50);
    assert_eq!(error, None, "{}", String::from_utf8_lossy(&out));
    elements
}

#[track_caller]
fn check(stanza: &Stanza) {
    let elements = received(stanza.element().as_ref());
    assert_eq!(elements.len(), 2, "{stanza:?}");
    assert_eq!(&elements[0], stanza.element());
    assert_eq!(elements[1].name(), "marker");
}

/// A message with `text` in all places that take one.
fn message(text: &str) -> Option<Message> {
    let to: Jid = "romeo@example.net".parse().expect("a JID");
    Message::chat(to).id(text).body(text).subject(text).thread(text).build().ok()
}

#[test]
fn injections_stay_where_they_were_put() {
    for text in INJECTIONS {
        let sent = message(text).expect("only characters that XML allows");
        check(&sent.clone().into());
        let elements = received(sent.element().as_ref());
        let Ok(Stanza::Message(read)) = Stanza::from_element(elements[0].clone()) else {
            panic!("a message")
        };
        assert_eq!((read.id(), read.body().as_deref()), (Some(text), Some(text)));
        let presence = Presence::available().status(text).build().expect("valid");
        check(&presence.into());
        let payload = Element::builder("x", text).attr_ns("a", text, text).text(text);
        let element = payload.build().expect("only characters that XML allows");
        let elements = received(element.as_ref());
        assert_eq!(elements[0], element);
        assert_eq!((elements[0].ns(), elements.len()), (text, 2));
    }
}

#[test]
fn characters_that_xml_excludes_are_an_error_in_every_place() {
    let controls = ('\0'..' ').filter(|c| !matches!(c, '\t' | '\n' | '\r'));
    for c in controls.chain(['\u{FFFE}', '\u{FFFF}']) {
        let text = format!("x{c}");
        let to = || "romeo@example.net".parse::<Jid>().expect("a JID");
        assert!(Message::chat(to()).body(&text).build().is_err());
        assert!(Message::chat(to()).id(&text).build().is_err());
        assert!(Message::chat(to()).thread(&text).build().is_err());
        assert!(Presence::available().status(&text).build().is_err());
        assert!(Element::builder(&text, "").build().is_err());
        assert!(Element::builder("a", &text).build().is_err());
        assert!(Element::builder("a", "").attr(&text, "").build().is_err());
        assert!(Element::builder("a", "").attr("b", &text).build().is_err());
        assert!(Element::builder("a", "").text(&text).build().is_err());
        assert!(format!("romeo@example.net/{text}").parse::<Jid>().is_err());
    }
}

#[test]
fn names_cannot_carry_attributes_or_markup() {
    for name in ["a b='c'", "a/><b", "a>", "a\n", "x:a", "xmlns", "a=", "a'", "a\"", "a&b"] {
        assert!(Element::builder("a", "").attr(name, "").build().is_err(), "{name}");
        let element = Element::builder(name, "").build();
        assert!(element.is_err() || name == "xmlns", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_string_leaves_as_one_stanza_or_not_at_all(
        text in prop::collection::vec(
            prop_oneof![4 => "[<>&'\"/!?=\\]\\[a:; -]", 1 => any::<char>().prop_map(String::from)],
            0..24,
        ),
    ) {
        let text = text.concat();
        if let Some(message) = message(&text) {
            check(&message.into());
        }
        if let Ok(address) = format!("romeo@example.net/{text}").parse::<Jid>() {
            check(&Message::chat(address).body("hi").build().expect("valid").into());
        }
    }
}
