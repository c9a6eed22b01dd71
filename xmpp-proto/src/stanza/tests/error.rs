use super::*;

const NS: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

fn read(children: &str) -> StanzaError {
    StanzaError::from_element(
        element(&format!("<error xmlns='jabber:client' type='wait'>{children}</error>")).as_ref(),
    )
}

#[test]
fn rfc6120_8_3_3_every_condition_is_read_and_written() {
    assert_eq!(Condition::ALL.len(), 22);
    for &condition in Condition::ALL {
        assert_eq!(Condition::from_name(condition.name()), Some(condition));
        let error = StanzaError::new(condition);
        assert_eq!(error.type_(), condition.default_type());
        let written = error.to_element().unwrap();
        let (name, type_) = (condition.name(), error.type_().name());
        let expected =
            format!("<error xmlns='jabber:client' type='{type_}'><{name} {NS}/></error>");
        assert_eq!(written, element(&expected));
        assert_eq!(StanzaError::from_element(written.as_ref()), error);
        assert_eq!(read(&format!("<{name} {NS}/>")), error.with_type(ErrorType::Wait));
    }
}

#[test]
fn rfc6120_8_3_3_recommended_types() {
    use ErrorType::{Auth, Cancel, Modify, Wait};
    for (condition, type_) in [
        (Condition::BadRequest, Modify),
        (Condition::Conflict, Cancel),
        (Condition::Forbidden, Auth),
        (Condition::Gone, Cancel),
        (Condition::JidMalformed, Modify),
        (Condition::NotAuthorized, Auth),
        (Condition::RecipientUnavailable, Wait),
        (Condition::Redirect, Modify),
        (Condition::RemoteServerTimeout, Wait),
        (Condition::ResourceConstraint, Wait),
        (Condition::ServiceUnavailable, Cancel),
        (Condition::SubscriptionRequired, Auth),
    ] {
        assert_eq!(condition.default_type(), type_, "{condition}");
    }
}

#[test]
fn all_details_are_read_and_written() {
    let error = StanzaError::new(Condition::Gone)
        .with_type(ErrorType::Continue)
        .with_uri("xmpp:romeo@afterlife.example.net")
        .with_text_in("en", "moved")
        .with_by(jid("example.net"))
        .with_application(element("<too-many xmlns='urn:app'><n>3</n></too-many>"));
    let expected = element(&format!(
        "<error xmlns='jabber:client' type='continue' by='example.net'>\
         <gone {NS}>xmpp:romeo@afterlife.example.net</gone><text {NS} xml:lang='en'>moved</text>\
         <too-many xmlns='urn:app'><n>3</n></too-many></error>"
    ));
    assert_eq!(error.to_element().unwrap(), expected);
    assert_eq!(StanzaError::from_element(expected.as_ref()), error);
    assert_eq!(error.uri(), Some("xmpp:romeo@afterlife.example.net"));
    assert_eq!((error.text(), error.text_lang()), (Some("moved"), Some("en")));
    assert_eq!(error.by(), Some(&jid("example.net")));
    assert!(error.application().unwrap().is("too-many", "urn:app"));
    assert_eq!(error.to_string(), "gone (continue): moved");
}

#[test]
fn badly_written_errors_are_read_as_well_as_they_can_be() {
    let undefined = StanzaError::new(Condition::UndefinedCondition).with_type(ErrorType::Wait);
    for children in ["", "text", "<made-up xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"] {
        assert_eq!(read(children), undefined, "{children}");
    }
    // In the wrong namespace it is an application condition.
    let foreign = read("<conflict xmlns='jabber:client'/>");
    assert_eq!(foreign.condition(), Condition::UndefinedCondition);
    assert!(foreign.application().is_some());
    // The first condition of each kind counts.
    let two = read("<a xmlns='urn:a'/><b xmlns='urn:b'/>");
    assert!(two.application().unwrap().is("a", "urn:a"));
    let two = read(&format!("<made-up {NS}/><conflict {NS}/><forbidden {NS}/>"));
    assert_eq!(two.condition(), Condition::Conflict);
    // Type and `by`.
    for attrs in ["", "type='fatal'", "by='@'", "type='Auth' by=''"] {
        let error =
            element(&format!("<error xmlns='jabber:client' {attrs}><forbidden {NS}/></error>"));
        let error = StanzaError::from_element(error.as_ref());
        assert_eq!(error, StanzaError::new(Condition::Forbidden), "{attrs}");
    }
}

#[test]
fn of_several_texts_the_one_without_a_language_counts() {
    let text = |attr: &str, text: &str| format!("<text {NS} {attr}>{text}</text>");
    let (en, de, none) =
        (text("xml:lang='en'", "en"), text("xml:lang='de'", "de"), text("", "none"));
    assert_eq!(read(&format!("{en}{de}")).text(), Some("en"));
    assert_eq!(read(&format!("{en}{none}{de}")).text(), Some("none"));
    assert_eq!(read(&format!("{none}{en}")).text_lang(), None);
}

#[test]
fn only_gone_and_redirect_carry_a_uri() {
    let error = read(&format!("<conflict {NS}>xmpp:a@b</conflict>"));
    assert_eq!(error.uri(), None);
    let error = read(&format!("<redirect {NS}> xmpp:a@b\n</redirect>"));
    assert_eq!(error.uri(), Some("xmpp:a@b"));
    assert_eq!(read(&format!("<gone {NS}/>")).uri(), None);
    let error = StanzaError::new(Condition::Conflict).with_uri("xmpp:a@b");
    assert!(error.to_element().unwrap().child("conflict", ns::STANZA_ERROR).is_some());
    assert_eq!(error.uri(), None);
}
