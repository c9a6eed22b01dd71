use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::format;

use super::{ItemError, RosterItem, RosterLimits, RosterPayload, RosterPayloadError, Subscription};
use crate::jid::{BareJid, JidError};
use crate::xml::Element;

fn bare(text: &str) -> BareJid {
    BareJid::new(text).unwrap()
}

fn element(xml: &str) -> Element {
    xml.parse().unwrap()
}

fn item(xml: &str) -> Result<RosterItem, ItemError> {
    RosterItem::from_element(element(xml).as_ref(), &RosterLimits::default())
}

fn request(xml: &str) -> Result<RosterItem, ItemError> {
    RosterItem::from_request(element(xml).as_ref(), &RosterLimits::default())
}

/// An item with `children`.
fn with(children: &str) -> String {
    format!("<item xmlns='jabber:iq:roster' jid='romeo@example.net'>{children}</item>")
}

#[test]
fn an_item_with_everything_is_read_and_written_back() {
    // RFC 6121 §2.1.2
    let xml = "<item xmlns='jabber:iq:roster' jid='romeo@example.net' name='Romeo' \
        subscription='from' ask='subscribe' approved='true'>\
        <group>Friends</group><group>Lovers</group></item>";
    let read = item(xml).unwrap();
    assert_eq!(read.jid, bare("romeo@example.net"));
    assert_eq!(read.name.as_deref(), Some("Romeo"));
    assert_eq!(read.subscription, Subscription::From);
    assert!(read.ask);
    assert!(read.approved);
    assert_eq!(read.groups, ["Friends", "Lovers"]);
    assert_eq!(read.to_element().unwrap(), element(xml));
}

#[test]
fn what_an_item_does_not_say_is_none() {
    // RFC 6121 §2.1.2.5: without the attribute, neither sees the other.
    let read = item(&with("")).unwrap();
    assert_eq!(read, RosterItem::new(bare("romeo@example.net")));
    assert_eq!(
        read.to_element().unwrap().to_xml(),
        "<item xmlns='jabber:iq:roster' jid='romeo@example.net' subscription='none'/>",
    );
}

#[test]
fn unknown_values_of_a_server_count_as_none() {
    let read = item(
        "<item xmlns='jabber:iq:roster' jid='romeo@example.net' name='' subscription='maybe' \
         ask='unsubscribe' approved='perhaps'><other xmlns='urn:x'/></item>",
    );
    assert_eq!(read, Ok(RosterItem::new(bare("romeo@example.net"))));
}

#[test]
fn approved_is_an_xml_boolean() {
    for (value, approved) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        let xml = format!("<item xmlns='jabber:iq:roster' jid='a.example' approved='{value}'/>");
        assert_eq!(item(&xml).unwrap().approved, approved, "{value}");
    }
}

#[test]
fn an_item_without_a_bare_address_is_refused() {
    // RFC 6121 §2.1.2.3.
    assert_eq!(item("<item xmlns='jabber:iq:roster'/>"), Err(ItemError::MissingJid));
    assert_eq!(
        item("<item xmlns='jabber:iq:roster' jid='romeo@example.net/orchard'/>"),
        Err(ItemError::MalformedJid(JidError::HasResource { offset: 17 })),
    );
    assert!(matches!(
        item("<item xmlns='jabber:iq:roster' jid='@example.net'/>"),
        Err(ItemError::MalformedJid(_)),
    ));
    assert_eq!(item("<item xmlns='urn:x' jid='a.example'/>"), Err(ItemError::NotAnItem));
}

#[test]
fn groups_that_are_empty_or_repeat_are_mended_for_clients_and_refused_for_servers() {
    // RFC 6121 §2.3.3
    let empty = with("<group/><group>Friends</group>");
    let twice = with("<group>Friends</group><group>Friends</group>");
    assert_eq!(item(&empty).unwrap().groups, ["Friends"]);
    assert_eq!(item(&twice).unwrap().groups, ["Friends"]);
    assert_eq!(request(&empty), Err(ItemError::EmptyGroup));
    assert_eq!(request(&twice), Err(ItemError::DuplicateGroup));
}

#[test]
fn what_exceeds_a_limit_is_refused_and_what_meets_it_is_not() {
    let limits = RosterLimits { max_items: 2, max_name: 4, max_groups: 2, max_group: 3 };
    let read = |xml: &str| {
        let element = element(xml);
        let lenient = RosterItem::from_element(element.as_ref(), &limits);
        assert_eq!(RosterItem::from_request(element.as_ref(), &limits), lenient);
        lenient.map(|item| (item.name, item.groups))
    };
    let name = |name| format!("<item xmlns='jabber:iq:roster' jid='a.example' name='{name}'/>");
    assert_eq!(read(&name("abcd")), Ok((Some("abcd".into()), vec![])));
    // Bytes, not characters.
    assert_eq!(read(&name("abcä")), Err(ItemError::NameTooLong { limit: 4 }));
    assert_eq!(read(&with("<group>abc</group>")), Ok((None, vec!["abc".into()])));
    assert_eq!(read(&with("<group>abcd</group>")), Err(ItemError::GroupTooLong { limit: 3 }),);
    assert_eq!(
        read(&with("<group>a</group><group>b</group>")),
        Ok((None, vec!["a".into(), "b".into()])),
    );
    assert_eq!(
        read(&with("<group>a</group><group>b</group><group>c</group>")),
        Err(ItemError::TooManyGroups { limit: 2 }),
    );

    let query = |count: usize| {
        let items = "<item jid='a.example'/>".repeat(count);
        let query = element(&format!("<query xmlns='jabber:iq:roster'>{items}</query>"));
        RosterPayload::from_element(query.as_ref(), &limits).map(|payload| payload.items.len())
    };
    assert_eq!(query(2), Ok(2));
    assert_eq!(query(3), Err(RosterPayloadError::TooManyItems { limit: 2 }));
}

#[test]
fn one_bad_item_does_not_cost_the_roster() {
    let query = element(
        "<query xmlns='jabber:iq:roster' ver='ver14'><item jid='a.example'/><item/>\
         <other xmlns='urn:x'/><item jid='b.example' subscription='both'/></query>",
    );
    let read = RosterPayload::from_element(query.as_ref(), &RosterLimits::default()).unwrap();
    assert_eq!(read.ver.as_deref(), Some("ver14"));
    let names: Vec<_> = read.items.iter().map(|item| item.jid.as_str()).collect();
    assert_eq!(names, ["a.example", "b.example"]);
    assert_eq!(read.faults, [ItemError::MissingJid]);
}

#[test]
fn a_payload_is_written_as_it_is_read() {
    let payload = RosterPayload::new()
        .with_ver("v1")
        .with_item(RosterItem::new(bare("a.example")).with_name("A").with_group("<g>"))
        .with_item(RosterItem::new(bare("b.example")).with_subscription(Subscription::Remove));
    let written = payload.to_element().unwrap();
    assert_eq!(
        written.to_xml(),
        "<query xmlns='jabber:iq:roster' ver='v1'>\
         <item jid='a.example' name='A' subscription='none'><group>&lt;g&gt;</group></item>\
         <item jid='b.example' subscription='remove'/></query>",
    );
    let read = RosterPayload::from_element(written.as_ref(), &RosterLimits::default());
    assert_eq!(read, Ok(payload));
}

#[test]
fn a_payload_of_another_kind_is_no_roster() {
    let read = |xml: &str| {
        RosterPayload::from_element(element(xml).as_ref(), &RosterLimits::default()).err()
    };
    assert_eq!(read("<query xmlns='urn:x'/>"), Some(RosterPayloadError::NotARoster));
    assert_eq!(read("<query xmlns='jabber:iq:roster'/>"), None);
}

#[test]
fn a_version_too_long_to_keep_counts_as_none() {
    let ver = "v".repeat(1024);
    let query = element(&format!("<query xmlns='jabber:iq:roster' ver='{ver}'/>"));
    let read = RosterPayload::from_element(query.as_ref(), &RosterLimits::default()).unwrap();
    assert_eq!(read.ver, None);
}
