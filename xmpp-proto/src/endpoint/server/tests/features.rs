//! Stream features that the owner adds.

use super::*;
use crate::xml::Element;

#[test]
fn rfc6120_4_3_2_what_the_owner_adds_is_announced_beside_binding_and_not_before() {
    let feature = |name, ns| Element::builder(name, ns).build().unwrap();
    let config = direct()
        .with_feature(feature("ver", ns::ROSTER_VER))
        .with_feature(feature("sub", ns::PRE_APPROVAL));
    let mut host = Host::opened(config);
    assert!(!host.take_sent().contains("urn:xmpp:features"));
    host.log_in_as("alice", "secret");
    host.receive(HEADER);
    let sent = host.take_sent();
    let features = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
        <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>\
        <sm xmlns='urn:xmpp:sm:3'/>\
        <ver xmlns='urn:xmpp:features:rosterver'/><sub xmlns='urn:xmpp:features:pre-approval'/>\
        </stream:features>";
    assert!(sent.ends_with(features), "{sent}");
}
