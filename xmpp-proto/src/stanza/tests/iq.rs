use super::*;
use crate::xml::BuildErrorKind;

#[test]
fn rfc6120_8_2_3_number_of_children() {
    for (type_, children, allowed) in [
        ("get", 0, false),
        ("get", 1, true),
        ("get", 2, false),
        ("set", 0, false),
        ("set", 1, true),
        ("set", 2, false),
        ("result", 0, true),
        ("result", 1, true),
        ("result", 2, false),
        ("error", 0, true),
        ("error", 2, true),
    ] {
        let children_xml = "<q xmlns='urn:q'/> ".repeat(children);
        let element = element(&format!(
            "<iq xmlns='jabber:client' id='1' type='{type_}'>{children_xml}</iq>"
        ));
        let kind = Stanza::from_element(element).map_err(|fault| fault.kind());
        match kind {
            Ok(_) => assert!(allowed, "{type_} {children}"),
            Err(kind) => {
                assert!(!allowed, "{type_} {children}");
                assert_eq!(kind, StanzaFaultKind::PayloadCount { found: children });
            }
        }
    }
}

#[test]
fn rfc6120_8_2_3_id_and_a_known_type_are_required() {
    for (attrs, kind) in [
        ("id='1'", StanzaFaultKind::MissingType),
        ("id='1' type='subscribe'", StanzaFaultKind::UnknownType),
        ("id='1' type='GET'", StanzaFaultKind::UnknownType),
        ("type='get'", StanzaFaultKind::MissingId),
        ("type='result'", StanzaFaultKind::MissingId),
    ] {
        let element =
            element(&format!("<iq xmlns='jabber:client' {attrs}><q xmlns='urn:q'/></iq>"));
        let fault = Stanza::from_element(element).unwrap_err();
        assert_eq!(fault.kind(), kind, "{attrs}");
        assert_eq!(fault.condition(), Some(Condition::BadRequest));
    }
}

#[test]
fn request_and_result() {
    let payload = element("<query xmlns='jabber:iq:version'/>");
    let request = Iq::get("v1", &payload).to(jid("a@b/c")).lang("en").build().unwrap();
    // RFC 6120 §8.2.3.
    let expected = element(
        "<iq xmlns='jabber:client' type='get' id='v1' to='a@b/c' xml:lang='en'>\
         <query xmlns='jabber:iq:version'/></iq>",
    );
    assert_eq!(request.element(), &expected);
    assert_eq!((request.id(), request.type_()), ("v1", IqType::Get));
    assert_eq!(request.payload().unwrap(), payload);

    let received = iq(
        "<iq xmlns='jabber:client' type='set' id='&#x61;' from='a@b/c' to='d@e/f'><q xmlns='urn:q'/></iq>",
    );
    let result = received.result(Some(payload.clone())).unwrap();
    let expected = element(
        "<iq xmlns='jabber:client' type='result' id='a' to='a@b/c' from='d@e/f'>\
         <query xmlns='jabber:iq:version'/></iq>",
    );
    assert_eq!(result.element(), &expected);
    assert_eq!((result.id(), result.type_()), ("a", IqType::Result));
    assert_eq!(result.payload().unwrap(), payload);
    assert_eq!(received.result(None).unwrap().payload(), None);
}

#[test]
fn a_request_from_the_server_is_answered_without_to() {
    let ping = iq("<iq xmlns='jabber:client' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    let expected = element("<iq xmlns='jabber:client' type='result' id='1'/>");
    assert_eq!(ping.result(None).unwrap().element(), &expected);
}

#[test]
fn rfc6120_8_2_3_only_requests_are_answered() {
    let error = StanzaError::new(Condition::BadRequest);
    for type_ in ["result", "error"] {
        let answer = iq(&format!("<iq xmlns='jabber:client' type='{type_}' id='1' from='a@b'/>"));
        assert_eq!(answer.result(None), Err(ReplyError::NotAnswerable));
        assert_eq!(answer.error_reply(&error), Err(ReplyError::NotAnswerable));
        assert_eq!(answer.error_reply_quoting(&error), Err(ReplyError::NotAnswerable));
    }
}

#[test]
fn rfc6120_8_3_1_error_reply() {
    let request = iq(
        "<iq xmlns='jabber:client' type='get' id='1' from='a@b/c'><q xmlns='urn:q'><r/></q></iq>",
    );
    let error = StanzaError::new(Condition::FeatureNotImplemented).with_text("no <q/>");
    let plain = "<iq xmlns='jabber:client' type='error' id='1' to='a@b/c'><error type='cancel'>\
        <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no &lt;q/></text></error></iq>";
    let reply = request.error_reply(&error).unwrap();
    assert_eq!(reply.element(), &element(plain));
    assert_eq!(reply.payload(), None);
    let condition = request.error_reply(Condition::Forbidden).unwrap();
    assert_eq!(condition.error(), Some(StanzaError::new(Condition::Forbidden)));

    let quoting = request.error_reply_quoting(&error).unwrap();
    let quoted = plain.replace("<error", "<q xmlns='urn:q'><r/></q><error");
    assert_eq!(quoting.element(), &element(&quoted));
    assert_eq!(quoting.payload(), request.payload());
    for reply in [reply, quoting] {
        assert_eq!(reply.error(), Some(error.clone()));
        assert_eq!((reply.id(), reply.type_()), ("1", IqType::Error));
    }
    assert_eq!(request.error(), None);
}

#[test]
fn an_error_without_details_is_an_undefined_condition() {
    let answer = iq("<iq xmlns='jabber:client' type='error' id='1'><q xmlns='urn:q'/></iq>");
    assert_eq!(answer.error(), Some(StanzaError::new(Condition::UndefinedCondition)));
    assert!(answer.payload().unwrap().is("q", "urn:q"));
}

#[test]
fn an_error_text_that_xml_forbids_is_refused() {
    let request = iq("<iq xmlns='jabber:client' type='get' id='1'><q xmlns='urn:q'/></iq>");
    let error = StanzaError::new(Condition::BadRequest).with_text("a\0");
    let Err(ReplyError::Build(error)) = request.error_reply(&error) else { panic!() };
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\0', offset: 1 });
}

#[test]
fn an_illegal_id_is_refused() {
    let error = Iq::set("\u{b}", element("<q xmlns='urn:q'/>")).build().unwrap_err();
    assert_eq!(error.attribute(), Some("id"));
}
