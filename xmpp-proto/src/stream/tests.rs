use alloc::string::ToString;

use super::{Features, Offer, StreamCondition, StreamError};
use crate::ns;
use crate::xml::Element;

fn parse(xml: &str) -> Element {
    xml.parse().unwrap()
}

#[test]
fn rfc6120_4_9_3_conditions_go_to_the_wire_and_back() {
    assert_eq!(StreamCondition::ALL.len(), 25);
    for condition in StreamCondition::ALL {
        assert_eq!(StreamCondition::from_name(condition.name()), Some(*condition));
        let error = StreamError::new(*condition).with_text("a & b");
        let element = error.to_element().unwrap();
        assert!(element.is("error", ns::STREAM));
        assert_eq!(StreamError::from_element(element.as_ref()).text(), Some("a & b"));
        assert_eq!(StreamError::from_element(element.as_ref()).condition(), *condition);
    }
    assert_eq!(StreamCondition::from_name("no-such-condition"), None);
}

#[test]
fn rfc6120_4_9_3_19_see_other_host_carries_the_host() {
    let element = parse(
        "<error xmlns='http://etherx.jabber.org/streams'><see-other-host \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[2001:41D0:1:A49b::1]:9222\n</see-other-host>\
         </error>",
    );
    let error = StreamError::from_element(element.as_ref());
    assert_eq!(error.condition(), StreamCondition::SeeOtherHost);
    assert_eq!(error.see_other_host(), Some("[2001:41D0:1:A49b::1]:9222"));
    let again = error.to_element().unwrap();
    assert_eq!(StreamError::from_element(again.as_ref()), error);
}

#[test]
fn rfc6120_4_9_2_of_several_conditions_the_first_counts() {
    let element = parse(
        "<error xmlns='http://etherx.jabber.org/streams'>\
         <conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>elsewhere</see-other-host>\
         </error>",
    );
    let error = StreamError::from_element(element.as_ref());
    assert_eq!(error, StreamError::new(StreamCondition::Conflict));
    let again = error.to_element().unwrap();
    assert_eq!(StreamError::from_element(again.as_ref()), error);
}

#[test]
fn rfc6120_4_9_4_unknown_and_application_conditions() {
    let element = parse(
        "<error xmlns='http://etherx.jabber.org/streams'><new-condition \
         xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><escape-your-data xmlns='urn:example'/>\
         </error>",
    );
    let error = StreamError::from_element(element.as_ref());
    assert_eq!(error.condition(), StreamCondition::UndefinedCondition);
    assert!(error.application().unwrap().is("escape-your-data", "urn:example"));
    assert_eq!(error.to_string(), "undefined-condition");
}

#[test]
fn features_of_real_servers_are_read() {
    // The shape of ejabberd's and jabberd2's offers.
    let features = Features::from_element(
        parse(
            "<features xmlns='http://etherx.jabber.org/streams'>\
             <compression xmlns='http://jabber.org/features/compress'><method>zlib</method>\
             </compression><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
             <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>\
             <sm xmlns='urn:xmpp:sm:3'/></features>",
        )
        .as_ref(),
    );
    assert!(features.bind());
    assert_eq!(features.session(), Some(Offer::Voluntary));
    assert_eq!(features.starttls(), None);
    assert!(features.element().child("sm", "urn:xmpp:sm:3").is_some());

    let features = Features::from_element(
        parse(
            "<features xmlns='http://etherx.jabber.org/streams'>\
             <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
             <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-1</mechanism><mechanism> PLAIN </mechanism>\
             <mechanism>A-NAME-LONGER-THAN-SASL-ALLOWS</mechanism>\
             <hostname xmlns='urn:xmpp:domain-based-name:1'>x</hostname></mechanisms></features>",
        )
        .as_ref(),
    );
    assert_eq!(features.starttls(), Some(Offer::Voluntary));
    assert_eq!(features.mechanisms(), ["SCRAM-SHA-1", "PLAIN"]);
}
