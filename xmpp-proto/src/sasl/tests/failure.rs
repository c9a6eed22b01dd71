use alloc::format;
use alloc::string::{String, ToString};

use crate::sasl::{FailureCondition, SaslFailure};
use crate::xml::Element;

fn read(xml: &str) -> Option<SaslFailure> {
    let element: Element = xml.parse().expect("well-formed");
    SaslFailure::from_element(element.as_ref())
}

fn failure(content: &str) -> SaslFailure {
    read(&format!("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{content}</failure>"))
        .expect("a failure")
}

#[test]
fn every_condition_of_rfc_6120_section_6_5_round_trips() {
    // RFC 6120 §6.5.
    for (name, condition) in [
        ("aborted", FailureCondition::Aborted),
        ("account-disabled", FailureCondition::AccountDisabled),
        ("credentials-expired", FailureCondition::CredentialsExpired),
        ("encryption-required", FailureCondition::EncryptionRequired),
        ("incorrect-encoding", FailureCondition::IncorrectEncoding),
        ("invalid-authzid", FailureCondition::InvalidAuthzid),
        ("invalid-mechanism", FailureCondition::InvalidMechanism),
        ("malformed-request", FailureCondition::MalformedRequest),
        ("mechanism-too-weak", FailureCondition::MechanismTooWeak),
        ("not-authorized", FailureCondition::NotAuthorized),
        ("temporary-auth-failure", FailureCondition::TemporaryAuthFailure),
        ("bad-auth", FailureCondition::Other(String::from("bad-auth"))),
    ] {
        assert_eq!(condition.name(), name);
        assert_eq!(condition.to_string(), name);
        assert_eq!(FailureCondition::from_name(name), condition);
        let failure = failure(&format!("<{name}/>"));
        assert_eq!(failure.condition, condition);
        assert_eq!(failure.text, None);
        assert_eq!(failure.to_string(), name);
    }
}

#[test]
fn the_text_may_stand_before_or_after_the_condition() {
    for content in ["<text>Why?</text><not-authorized/>", "<not-authorized/><text>Why?</text>"] {
        let failure = failure(content);
        assert_eq!(failure.condition, FailureCondition::NotAuthorized);
        assert_eq!(failure.text.as_deref(), Some("Why?"));
        assert_eq!(failure.to_string(), "not-authorized (Why?)");
    }
}

#[test]
fn elements_of_other_namespaces_are_no_conditions() {
    let failure = failure("<more xmlns='urn:example'/><text xmlns='urn:example'/><aborted/>");
    assert_eq!(failure.condition, FailureCondition::Aborted);
    assert_eq!(failure.text, None);
}

#[test]
fn a_failure_without_condition() {
    for content in ["", "<text>no</text>", "<more xmlns='urn:example'/>", "not-authorized"] {
        let failure = failure(content);
        assert_eq!(failure.condition, FailureCondition::Other(String::new()));
        assert!(failure.to_string().starts_with("no condition given"));
    }
}

#[test]
fn other_elements_are_no_failure() {
    for xml in [
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        "<failure/>",
    ] {
        assert_eq!(read(xml), None, "{xml}");
    }
}

#[test]
fn texts_are_cut_at_a_character_and_cleaned() {
    let name = "x".repeat(200);
    let flood = format!("<{name}/><text>line&#13;\nforged{}</text>", "\u{20ac}".repeat(1000));
    let failure = failure(&flood);
    assert_eq!(failure.condition, FailureCondition::Other("x".repeat(128)));
    let text = failure.text.expect("a text");
    assert!(text.starts_with("line\u{fffd}\u{fffd}forged\u{20ac}"), "{text}");
    // 4 + 6 + 6 bytes, and as many signs of three bytes as fit into 1024.
    assert_eq!(text.len(), 16 + 336 * 3);
}
