//! What a log must not show.

use alloc::format;

use super::redact::redacted;
use crate::xml::Element;

fn shown(xml: &str) -> alloc::string::String {
    let element: Element = xml.parse().expect("an element");
    redacted(element.as_ref())
}

#[test]
fn the_secrets_of_a_login_are_hidden_and_the_rest_is_not() {
    for name in ["auth", "challenge", "response", "success"] {
        let text =
            shown(&format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c2VjcmV0</{name}>"));
        assert!(text.contains("<hidden") && !text.contains("c2Vj"), "{text}");
    }
    for name in ["challenge", "response", "initial-response", "additional-data", "task-data"] {
        let text = shown(&format!("<{name} xmlns='urn:xmpp:sasl:2'>c2VjcmV0</{name}>"));
        assert!(text.contains("<hidden") && !text.contains("c2Vj"), "{text}");
    }
    // XEP-0484 §3.3.
    let text = shown(
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>c2VjcmV0</additional-data>\
         <authorization-identifier>alice@example.org/r</authorization-identifier>\
         <token xmlns='urn:xmpp:fast:0' token='s3cr3t' expiry='2026-12-01T00:00:00Z'/></success>",
    );
    assert!(!text.contains("c2Vj") && !text.contains("s3cr3t"), "{text}");
    assert!(text.contains("alice@example.org/r") && text.contains("2026-12-01"), "{text}");
}
