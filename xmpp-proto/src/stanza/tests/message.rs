use alloc::vec::Vec;

use super::*;
use crate::xml::BuildErrorKind;

#[test]
fn rfc6121_5_2_2_unknown_or_missing_type_is_normal() {
    for (type_, expected) in [
        ("type='chat'", MessageType::Chat),
        ("type='error'", MessageType::Error),
        ("type='groupchat'", MessageType::Groupchat),
        ("type='headline'", MessageType::Headline),
        ("type='normal'", MessageType::Normal),
        ("type='Chat'", MessageType::Normal),
        ("type=''", MessageType::Normal),
        ("", MessageType::Normal),
    ] {
        let message = message(&format!("<message xmlns='jabber:client' {type_}/>"));
        // RFC 6120 §8.1.4 leaves the values to the definition of each kind.
        assert_eq!(message.type_(), expected, "{type_}");
    }
}

#[test]
fn body_is_the_best_one_whatever_xml_lang_says() {
    // RFC 6121 §5.2.3.
    for (attr, children, expected) in [
        ("", "<body>plain</body>", "plain"),
        ("", "<body xml:lang='en'>english</body>", "english"),
        ("", "<body xml:lang='de'>deutsch</body><body>plain</body>", "plain"),
        ("", "<body xml:lang='de'>deutsch</body><body xml:lang='en'>english</body>", "deutsch"),
        (
            "xml:lang='en'",
            "<body xml:lang='de'>deutsch</body><body xml:lang='en'>english</body>",
            "english",
        ),
        ("xml:lang='en'", "<body xml:lang='de'>deutsch</body><body>english</body>", "english"),
        ("xml:lang='en'", "<x xmlns='y'><body>no</body></x><body>yes</body>", "yes"),
        ("", "<body xmlns='urn:other'>no</body><body>yes</body>", "yes"),
        ("", "<body/>", ""),
        ("", "<body>1 &lt; <![CDATA[2]]></body>", "1 < 2"),
    ] {
        let message =
            message(&format!("<message xmlns='jabber:client' {attr}>{children}</message>"));
        assert_eq!(message.body().as_deref(), Some(expected), "{children}");
    }
    assert_eq!(message("<message xmlns='jabber:client'><subject/></message>").body(), None);
}

const THREE: &str = "<message xmlns='jabber:client' xml:lang='en'><body>english</body>\
    <body xml:lang='de'>deutsch</body><body xml:lang='zh-Hant'>中文</body>\
    <body xml:lang=''>unknown</body></message>";

#[test]
fn rfc4647_3_4_lookup_by_language() {
    let message = message(THREE);
    for (ranges, expected) in [
        (&["de"][..], "deutsch"),
        (&["DE"], "deutsch"),
        (&["de-AT"], "deutsch"),
        (&["fr", "de"], "deutsch"),
        (&["en", "de"], "english"),
        (&["de", "en"], "deutsch"),
        (&["zh-Hant-CN-x-private1-private2"], "中文"),
        // Lookup finds what is as general as the range or more so, never what is more special.
        (&["zh"], "english"),
        (&["*", "de"], "deutsch"),
        (&["", "fr"], "english"),
        (&[], "english"),
        (&["-", "--", "d"], "english"),
    ] {
        assert_eq!(message.body_in(ranges).as_deref(), Some(expected), "{ranges:?}");
    }
}

#[test]
fn rfc4647_3_4_a_single_character_subtag_goes_with_the_next() {
    // `zh-Hant-x-p` falls back to `zh-Hant`, never to `zh-Hant-x`.
    let message = message(
        "<message xmlns='jabber:client'><body xml:lang='fr'>no</body>\
         <body xml:lang='zh-Hant-x'>never</body><body xml:lang='zh-Hant'>yes</body></message>",
    );
    assert_eq!(message.body_in(&["zh-Hant-x-p"]).as_deref(), Some("yes"));
}

#[test]
fn rfc6120_8_1_5_language_is_inherited() {
    let message = message(THREE);
    let bodies: Vec<_> = message.bodies().map(|body| (body.lang, body.text)).collect();
    let expected = [
        (Some("en".into()), "english".into()),
        (Some("de".into()), "deutsch".into()),
        (Some("zh-Hant".into()), "中文".into()),
        (None, "unknown".into()),
    ];
    assert_eq!(bodies, expected);
}

#[test]
fn rfc6121_5_2_subject_and_thread() {
    let message = message(
        "<message xmlns='jabber:client'><subject>hi</subject><subject xml:lang='de'>na</subject>\
         <thread parent='e0'>e1</thread></message>",
    );
    assert_eq!(message.subject().as_deref(), Some("hi"));
    assert_eq!(message.subject_in(&["de"]).as_deref(), Some("na"));
    assert_eq!(message.subjects().count(), 2);
    let thread = message.thread().unwrap();
    assert_eq!((&*thread.id, thread.parent.as_deref()), ("e1", Some("e0")));
}

#[test]
fn unknown_children_are_reachable() {
    let message = message(
        "<message xmlns='jabber:client'><body>b</body><x xmlns='urn:x'/><odd/>\
         <body xmlns='http://www.w3.org/1999/xhtml'/><error/><thread/></message>",
    );
    let payloads: Vec<_> = message.payloads().map(|child| (child.name(), child.ns())).collect();
    let expected = [("x", "urn:x"), ("odd", ns::CLIENT), ("body", "http://www.w3.org/1999/xhtml")];
    assert_eq!(payloads, expected);
    // RFC 6120 §8.4, RFC 6121 §5.3.
    assert!(message.payload("x", "urn:x").is_some());
    assert!(message.payload("x", "urn:y").is_none());
    assert_eq!(message.element().elements().count(), 6);
}

#[test]
fn reply_goes_to_the_senders_full_address_in_the_same_thread() {
    // RFC 6121 §5.1, §5.2.1, §5.2.5.
    let message = message(
        "<message xmlns='jabber:client' type='chat' from='romeo@example.net/orchard' \
         to='juliet@example.com' id='1'><body>?</body><thread parent='p'>t</thread></message>",
    );
    let reply = message.reply().unwrap().body("!").build().unwrap();
    let expected = element(
        "<message xmlns='jabber:client' type='chat' to='romeo@example.net/orchard'>\
         <thread parent='p'>t</thread><body>!</body></message>",
    );
    assert_eq!(reply.element(), &expected);
    assert_eq!(reply.type_(), MessageType::Chat);
    assert_eq!(reply.to(), message.from());
}

#[test]
fn reply_in_a_room_goes_to_the_room() {
    let message = message("<message xmlns='jabber:client' type='groupchat' from='r@muc.b/nick'/>");
    let reply = message.reply().unwrap().build().unwrap();
    assert_eq!(reply.to(), Some(&jid("r@muc.b")));
    assert_eq!(reply.type_(), MessageType::Groupchat);
}

#[test]
fn reply_to_our_own_account_has_no_to() {
    let message = message("<message xmlns='jabber:client' type='weird'/>");
    let reply = message.reply().unwrap().build().unwrap();
    assert_eq!(reply.element(), &element("<message xmlns='jabber:client'/>"));
}

#[test]
fn rfc6120_8_3_1_errors_are_never_answered() {
    let message = message("<message xmlns='jabber:client' type='error' from='a@b'/>");
    assert!(message.reply().is_none());
    let error = StanzaError::new(Condition::NotAllowed);
    assert_eq!(message.error_reply(&error), Err(ReplyError::NotAnswerable));
    assert_eq!(message.error().unwrap().condition(), Condition::UndefinedCondition);
}

#[test]
fn rfc6120_8_3_1_error_reply_swaps_addresses_and_keeps_the_id() {
    let message = message(
        "<message xmlns='jabber:client' type='chat' from='a@b/c' to='d@e' id='7' xml:lang='en'>\
         <body>hi</body><x xmlns='urn:x'/></message>",
    );
    let error = StanzaError::new(Condition::ServiceUnavailable);
    let plain = "<message xmlns='jabber:client' type='error' from='d@e' to='a@b/c' id='7'>\
        <error type='cancel'>\
        <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
    let reply = message.error_reply(&error).unwrap();
    assert_eq!(reply.element(), &element(plain));
    assert_eq!(reply.type_(), MessageType::Error);
    assert_eq!(reply.to(), message.from());
    assert_eq!(reply.from(), message.to());
    assert_eq!(reply.error(), Some(error.clone()));

    let quoting = plain.replace("<error", "<body>hi</body><x xmlns='urn:x'/><error");
    assert_eq!(message.error_reply_quoting(&error).unwrap().element(), &element(&quoting));
}

#[test]
fn builder_writes_everything() {
    let message = Message::builder(jid("a@b/c"))
        .type_(MessageType::Headline)
        .from(jid("d@e"))
        .id("7")
        .lang("en")
        .subject("s")
        .subject_in("de", "t")
        .body("b")
        .body_in("de", "c")
        .thread("x")
        .payload(element("<x xmlns='urn:x'/>"))
        .build()
        .unwrap();
    let expected = element(
        "<message xmlns='jabber:client' type='headline' to='a@b/c' from='d@e' id='7' \
         xml:lang='en'><subject>s</subject><subject xml:lang='de'>t</subject><body>b</body>\
         <body xml:lang='de'>c</body><thread>x</thread><x xmlns='urn:x'/></message>",
    );
    assert_eq!(message.element(), &expected);
    assert_eq!(Stanza::from_element(expected).unwrap(), message.into());
    let room = Message::groupchat(jid("r@muc.b")).build().unwrap();
    assert_eq!(room.type_(), MessageType::Groupchat);
}

#[test]
fn an_illegal_character_names_field_offset_and_code_point() {
    let error = Message::chat(jid("a@b")).body("ab\u{1}c").build().unwrap_err();
    assert_eq!(error.element(), "body");
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\u{1}', offset: 2 });
    assert_eq!(error.to_string(), "U+0001 at byte 2 of the text of <body/> is not allowed in XML");
    let error = Message::chat(jid("a@b")).id("\u{ffff}").build().unwrap_err();
    assert_eq!(error.attribute(), Some("id"));
}

#[test]
fn rfc6121_5_2_5_a_message_has_one_thread_and_none_is_its_own_parent() {
    let builder = Message::chat(jid("a@b/c")).id("1").lang("en").thread("x").body("b");
    let again = builder.clone().thread_of("y", "x").payload(element("<x xmlns='urn:x'/>"));
    let expected = element(
        "<message xmlns='jabber:client' to='a@b/c' type='chat' id='1' xml:lang='en'><body>b</body>\
         <thread parent='x'>y</thread><x xmlns='urn:x'/></message>",
    );
    let message = again.build().unwrap();
    assert_eq!(message.element(), &expected);
    assert_eq!(message.to(), Some(&jid("a@b/c")));
    let own = builder.thread_of("x", "x").build().unwrap();
    assert_eq!(own.thread(), Some(Thread { id: "x".into(), parent: None }));
    assert!(!own.element().to_xml().contains("parent"));
    // What others write is not handed on in answers.
    let strange = self::message(
        "<message xmlns='jabber:client' from='a@b/c'><thread parent='t'>t</thread></message>",
    );
    let reply = strange.reply().unwrap().thread("u").build().unwrap();
    assert_eq!(strange.thread().unwrap().parent, None);
    assert_eq!(reply.element().elements().count(), 1);
    assert_eq!(reply.thread(), Some(Thread { id: "u".into(), parent: None }));
}
