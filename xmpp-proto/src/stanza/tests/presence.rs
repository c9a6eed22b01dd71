use super::*;
use crate::jid::BareJid;

#[test]
fn rfc6121_4_7_1_types() {
    for &type_ in PresenceType::ALL {
        let attr = type_.name().map(|name| format!("type='{name}'")).unwrap_or_default();
        let read = presence(&format!("<presence xmlns='jabber:client' {attr}/>"));
        // RFC 6120 §8.1.4 leaves the values to the definition of each kind.
        assert_eq!(read.type_(), type_);
        let built = Presence::builder(type_).build();
        if type_ == PresenceType::Error {
            assert_eq!(built.unwrap_err().kind(), BuildErrorKind::MissingError);
            continue;
        }
        let built = built.unwrap();
        assert_eq!(built, read);
        assert_eq!(built.type_(), type_);
    }
}

#[test]
fn rfc6121_4_7_1_unknown_type_is_a_bad_request() {
    for type_ in ["available", "", "Unavailable"] {
        let fault = Stanza::from_element(element(&format!(
            "<presence xmlns='jabber:client' type='{type_}' from='a@b/c'/>"
        )))
        .unwrap_err();
        assert_eq!(fault.kind(), StanzaFaultKind::UnknownType);
        assert_eq!(fault.condition(), Some(Condition::BadRequest));
    }
}

#[test]
fn rfc6121_4_7_2_1_show() {
    for (text, expected) in [
        ("away", Some(Show::Away)),
        ("chat", Some(Show::Chat)),
        ("dnd", Some(Show::Dnd)),
        ("xa", Some(Show::Xa)),
        (" xa\n", Some(Show::Xa)),
        ("online", None),
        ("", None),
    ] {
        let xml = format!("<presence xmlns='jabber:client'><show>{text}</show></presence>");
        assert_eq!(presence(&xml).show(), expected, "{text:?}");
    }
    assert_eq!(presence("<presence xmlns='jabber:client'/>").show(), None);
}

#[test]
fn rfc6121_4_7_2_3_priority_is_a_byte_and_zero_if_it_is_not() {
    for (text, expected) in [
        ("-128", -128),
        ("127", 127),
        ("+5", 5),
        (" 7\n", 7),
        ("128", 0),
        ("-129", 0),
        ("five", 0),
        ("1.5", 0),
        ("", 0),
    ] {
        let xml = format!("<presence xmlns='jabber:client'><priority>{text}</priority></presence>");
        assert_eq!(presence(&xml).priority(), expected, "{text:?}");
    }
    assert_eq!(presence("<presence xmlns='jabber:client'/>").priority(), 0);
}

#[test]
fn rfc6121_4_7_2_2_status_per_language() {
    let presence = presence(
        "<presence xmlns='jabber:client' xml:lang='en'><status>busy</status>\
         <status xml:lang='cs'>Ja dvořím Juliet</status><c xmlns='urn:c'/></presence>",
    );
    assert_eq!(presence.status().as_deref(), Some("busy"));
    assert_eq!(presence.status_in(&["cs-CZ"]).as_deref(), Some("Ja dvořím Juliet"));
    assert_eq!(presence.statuses().count(), 2);
    assert_eq!(presence.payloads().count(), 1);
    assert!(presence.payload("c", "urn:c").is_some());
}

#[test]
fn builder_writes_everything() {
    let presence = Presence::available()
        .to(jid("a@b/c"))
        .id("1")
        .lang("en")
        .show(Show::Dnd)
        .status("s")
        .status_in("de", "t")
        .priority(-1)
        .payload(element("<x xmlns='urn:x'/>"))
        .build()
        .unwrap();
    let expected = element(
        "<presence xmlns='jabber:client' to='a@b/c' id='1' xml:lang='en'><show>dnd</show>\
         <status>s</status><status xml:lang='de'>t</status><priority>-1</priority>\
         <x xmlns='urn:x'/></presence>",
    );
    assert_eq!(presence.element(), &expected);
    assert_eq!(Stanza::from_element(expected).unwrap(), presence.into());
}

#[test]
fn rfc6121_4_5_1_who_is_not_available_has_neither_show_nor_priority() {
    let gone = Presence::unavailable().show(Show::Away).status("Bye").priority(3).build().unwrap();
    let expected = "<presence xmlns='jabber:client' type='unavailable'><status>Bye</status>\
        </presence>";
    assert_eq!(gone.element(), &element(expected));
}

#[test]
fn rfc6121_3_subscriptions_go_to_bare_addresses() {
    let to = BareJid::new("a@b").unwrap();
    for (builder, type_) in [
        (Presence::subscribe(to.clone()), "subscribe"),
        (Presence::subscribed(to.clone()), "subscribed"),
        (Presence::unsubscribe(to.clone()), "unsubscribe"),
        (Presence::unsubscribed(to.clone()), "unsubscribed"),
    ] {
        let expected =
            element(&format!("<presence xmlns='jabber:client' type='{type_}' to='a@b'/>"));
        assert_eq!(builder.build().unwrap().element(), &expected);
    }
    let gone = Presence::unavailable().build().unwrap();
    assert_eq!(gone.element().attr("type").as_deref(), Some("unavailable"));
}

#[test]
fn rfc6120_8_3_1_error_reply() {
    let subscribe =
        presence("<presence xmlns='jabber:client' type='subscribe' from='a@b' to='c@d' id='1'/>");
    let error = StanzaError::new(Condition::NotAcceptable);
    let reply = subscribe.error_reply(&error).unwrap();
    assert_eq!((reply.to(), reply.from()), (subscribe.from(), subscribe.to()));
    assert_eq!((reply.id(), reply.type_()), (Some("1"), PresenceType::Error));
    assert_eq!(reply.error(), Some(error.clone()));
    assert_eq!(subscribe.error(), None);
    assert_eq!(reply.error_reply(&error), Err(ReplyError::NotAnswerable));
}

#[test]
fn rfc6121_4_7_2_there_is_one_show_and_one_priority() {
    // RFC 6121 §4.7.2.1, §4.7.2.3.
    let presence = Presence::available()
        .show(Show::Away)
        .priority(1)
        .status("s")
        .priority(2)
        .show(Show::Xa)
        .priority(3)
        .build()
        .unwrap();
    let expected = "<presence xmlns='jabber:client'><status>s</status><show>xa</show>\
        <priority>3</priority></presence>";
    assert_eq!(presence.element(), &element(expected));
}
