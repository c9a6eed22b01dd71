use super::*;
use crate::jid::{JidError, Part};

fn fault(xml: &str) -> StanzaFault {
    Stanza::from_element(element(xml)).unwrap_err()
}

#[test]
fn rfc6120_8_3_3_8_a_malformed_address_is_found_and_named() {
    for (name, attrs, field) in [
        ("message", "to='@b'", AddressField::To),
        ("message", "from='@b' to='c'", AddressField::From),
        ("presence", "to=''", AddressField::To),
        ("iq", "type='get' id='1' to='a b@c'", AddressField::To),
        ("iq", "type='result' id='1' from='a@b/'", AddressField::From),
    ] {
        let child = if attrs.contains("get") { "<q xmlns='urn:q'/>" } else { "" };
        let fault = fault(&format!("<{name} xmlns='jabber:client' {attrs}>{child}</{name}>"));
        let StanzaFaultKind::MalformedAddress { field: found, .. } = fault.kind() else {
            panic!("{fault}")
        };
        assert_eq!(found, field, "{attrs}");
        assert_eq!(fault.condition(), Some(Condition::JidMalformed));
    }
    let fault = fault("<message xmlns='jabber:client' to='@b'/>");
    let error = JidError::Empty { part: Part::Local, offset: 0 };
    let expected = StanzaFaultKind::MalformedAddress { field: AddressField::To, error };
    assert_eq!(fault.kind(), expected);
    assert_eq!(
        fault.to_string(),
        "the attribute `to` of <message/> is not a valid address: the local part at byte 0 is \
         empty"
    );
}

#[test]
fn rfc6120_8_3_1_faulty_requests_are_answered() {
    for (attrs, children, to, condition) in [
        ("type='get' from='a@b/c'", 0, Some("a@b/c"), Condition::BadRequest),
        ("type='set' from='a@b/c'", 2, Some("a@b/c"), Condition::BadRequest),
        ("type='get'", 2, None, Condition::BadRequest),
        ("from='a@b'", 1, Some("a@b"), Condition::BadRequest),
        ("type='what' from='a@b'", 1, Some("a@b"), Condition::BadRequest),
        ("type='get' from='a@b' to='@'", 1, Some("a@b"), Condition::JidMalformed),
    ] {
        let children = "<q xmlns='urn:q'/>".repeat(children);
        let xml = format!("<iq xmlns='jabber:client' id='7' {attrs}>{children}</iq>");
        let reply = fault(&xml).reply().unwrap();
        assert!(matches!(reply, Stanza::Iq(_)));
        assert_eq!(reply.to().map(Jid::as_str), to, "{xml}");
        assert_eq!(reply.from(), None);
        assert_eq!(reply.id(), Some("7"));
        assert_eq!(reply.error(), Some(StanzaError::new(condition)));
        assert_eq!(Stanza::from_element(reply.element().clone()), Ok(reply));
    }
}

#[test]
fn rfc6121_4_7_1_presence_of_an_unknown_type_is_answered() {
    let reply = fault("<presence xmlns='jabber:client' type='x' from='a@b/c' to='d@e'/>").reply();
    let expected = element(
        "<presence xmlns='jabber:client' type='error' to='a@b/c' from='d@e'><error type='modify'>\
         <bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    );
    assert_eq!(reply.unwrap().into_element(), expected);
}

#[test]
fn what_cannot_or_must_not_be_answered_is_not() {
    for xml in [
        // Answers.
        "<iq xmlns='jabber:client' type='result' id='1' from='a@b'><a/><b/></iq>",
        "<iq xmlns='jabber:client' type='error' id='1' from='a@b' to='@'/>",
        // Nothing to refer to.
        "<iq xmlns='jabber:client' type='get' from='a@b'><q xmlns='urn:q'/></iq>",
        // Nobody to answer to.
        "<iq xmlns='jabber:client' type='get' id='1' from='@'><q xmlns='urn:q'/></iq>",
        "<presence xmlns='jabber:client' type='x'/>",
        "<presence xmlns='jabber:client' type='x' from='@'/>",
        "<presence xmlns='jabber:client' from='a@b' to='@'/>",
        "<message xmlns='jabber:client' from='a@b' to='@'/>",
        // Not ours.
        "<iq xmlns='jabber:server' type='get' id='1' from='a@b'/>",
        "<x xmlns='jabber:client' type='get' id='1' from='a@b'/>",
    ] {
        assert_eq!(fault(xml).reply(), None, "{xml}");
    }
}

#[test]
fn faults_name_what_is_wrong() {
    for (xml, text) in [
        ("<x xmlns='urn:x'/>", "<x/> of namespace `urn:x` is not a stanza"),
        ("<iq xmlns='jabber:client'/>", "<iq/> lacks the attribute `type`"),
        ("<iq xmlns='jabber:client' type='z'/>", "<iq/> has the unknown type `z`"),
        ("<iq xmlns='jabber:client' type='get'/>", "<iq/> lacks the attribute `id`"),
        (
            "<iq xmlns='jabber:client' type='get' id='1'/>",
            "<iq/> has 0 child elements, which its type does not allow",
        ),
    ] {
        assert_eq!(fault(xml).to_string(), text);
    }
}
