use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

use super::super::form::{MAX_FIELDS, MAX_VALUES};
use super::super::items::MAX_ITEMS;
use super::super::{DiscoItem, DiscoItems};
use super::*;
use crate::jid::Jid;

fn read(children: &str) -> Result<DiscoInfo, ReadError> {
    let xml = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{children}</query>");
    DiscoInfo::from_element(parse(&xml).as_ref())
}

fn parse(xml: &str) -> Element {
    xml.parse().unwrap()
}

fn too_many<T>(what: &'static str, limit: usize) -> Result<T, ReadError> {
    Err(ReadError::TooMany { what, limit })
}

fn repeat(times: usize, mut child: impl FnMut(usize) -> String) -> String {
    (0..times).fold(String::new(), |mut all, number| {
        write!(all, "{}", child(number)).unwrap();
        all
    })
}

#[test]
fn an_answer_is_read_and_its_features_are_sorted() {
    // XEP-0030 §3.1, example 2.
    let info = read(
        "<identity category='conference' type='text' name='Play-Specific Chatrooms'/>\
         <identity category='directory' type='chatroom' xml:lang='en' name='Rooms'/>\
         <feature var='jabber:iq:time'/><feature var='http://jabber.org/protocol/muc'/>\
         <feature var='jabber:iq:time'/>",
    )
    .unwrap();
    assert!(info.is("conference", "text"));
    assert_eq!(
        info.identities()[1],
        Identity::new("directory", "chatroom").with_name_in("en", "Rooms")
    );
    assert_eq!(info.features(), ["http://jabber.org/protocol/muc", "jabber:iq:time"]);
    assert!(info.has_feature("jabber:iq:time"));
    assert!(!info.has_feature("jabber:iq:version"));
    assert_eq!(info.node(), None);
}

#[test]
fn what_lacks_a_part_is_left_out() {
    let info = read(
        "<identity category='client'/><identity type='pc'/><identity category='' type='pc'/>\
         <feature/><feature var=''/><item/>text<feature xmlns='urn:other' var='x'/>\
         <x xmlns='jabber:x:data' type='result'><field type='fixed'><value>a</value></field></x>",
    )
    .unwrap();
    assert_eq!(info, DiscoInfo::new().with_extension(DataForm::default()));
}

#[test]
fn each_list_of_an_answer_is_bounded() {
    let identity = |n| format!("<identity category='client' type='t{n}'/>");
    assert!(read(&repeat(MAX_IDENTITIES, identity)).is_ok());
    assert_eq!(read(&repeat(MAX_IDENTITIES + 1, identity)), too_many("identities", MAX_IDENTITIES));

    let feature = |n| format!("<feature var='f{n}'/>");
    assert_eq!(read(&repeat(MAX_FEATURES, feature)).unwrap().features().len(), MAX_FEATURES);
    assert_eq!(read(&repeat(MAX_FEATURES + 1, feature)), too_many("features", MAX_FEATURES));

    let form = |inner: &str| format!("<x xmlns='jabber:x:data' type='result'>{inner}</x>");
    assert!(read(&repeat(MAX_FORMS, |_| form(""))).is_ok());
    assert_eq!(read(&repeat(MAX_FORMS + 1, |_| form(""))), too_many("forms", MAX_FORMS));

    let field = |n| format!("<field var='v{n}'/>");
    assert!(read(&form(&repeat(MAX_FIELDS, field))).is_ok());
    let fields = form(&repeat(MAX_FIELDS + 1, field));
    assert_eq!(read(&fields), too_many("fields of a form", MAX_FIELDS));

    let values = |times| format!("<field var='v'>{}</field>", repeat(times, |_| "<value/>".into()));
    assert!(read(&form(&values(MAX_VALUES))).is_ok());
    assert_eq!(read(&form(&values(MAX_VALUES + 1))), too_many("values of a field", MAX_VALUES));
}

#[test]
fn another_element_is_no_answer() {
    let other = parse("<query xmlns='jabber:iq:version'/>");
    assert_eq!(
        DiscoInfo::from_element(other.as_ref()),
        Err(ReadError::Missing { what: "query of disco#info" })
    );
    assert_eq!(
        DiscoItems::from_element(other.as_ref()),
        Err(ReadError::Missing { what: "query of disco#items" })
    );
}

#[test]
fn what_is_written_reads_the_same() {
    let info = DiscoInfo::new()
        .with_node("a<b>&'\"")
        .with_identity(Identity::new("client", "pc").with_name_in("el", "Ψ 0.11"))
        .with_identity(Identity::new("client", "pc"))
        .with_feature("urn:xmpp:ping")
        .with_feature("jabber:iq:version")
        .with_extension(DataForm::new("urn:form").with_field("os", ["Mac", "<&>"]));
    let element = info.to_element().unwrap();
    assert_eq!(DiscoInfo::from_element(element.as_ref()), Ok(info));

    let items = DiscoItems {
        node: Some("music".into()),
        items: [
            DiscoItem::new(Jid::new("a@example.org").unwrap()).with_name("A & B"),
            DiscoItem::new(Jid::new("example.org/x").unwrap()).with_node("music/A"),
        ]
        .into(),
    };
    let element = items.to_element().unwrap();
    assert_eq!(DiscoItems::from_element(element.as_ref()), Ok(items));
}

#[test]
fn items_without_an_address_are_left_out_and_their_number_is_bounded() {
    let read = |children: &str| {
        let xml =
            format!("<query xmlns='http://jabber.org/protocol/disco#items'>{children}</query>");
        DiscoItems::from_element(parse(&xml).as_ref())
    };
    let items = read("<item/><item jid='@'/><item jid='a.example' node=''/>").unwrap();
    assert_eq!(items.items, [DiscoItem::new(Jid::new("a.example").unwrap())]);

    let item = |_| String::from("<item jid='a.example'/>");
    assert_eq!(read(&repeat(MAX_ITEMS, item)).unwrap().items.len(), MAX_ITEMS);
    assert_eq!(read(&repeat(MAX_ITEMS + 1, item)), too_many("items", MAX_ITEMS));
}

#[test]
fn a_question_names_the_node() {
    // XEP-0030 §3.2.
    assert_eq!(
        DiscoInfo::query(Some("n")).unwrap().to_xml(),
        "<query xmlns='http://jabber.org/protocol/disco#info' node='n'/>"
    );
    assert_eq!(
        DiscoItems::query(None).unwrap().to_xml(),
        "<query xmlns='http://jabber.org/protocol/disco#items'/>"
    );
    assert!(DiscoInfo::query(Some("\0")).is_err());
}

#[test]
fn the_type_of_a_form_is_one_hidden_value() {
    // XEP-0068 §3.1.
    let read = |field: &str| {
        let info = read(&format!("<x xmlns='jabber:x:data' type='result'>{field}</x>")).unwrap();
        info.extensions()[0].form_type().map(String::from)
    };
    let hidden = "<field var='FORM_TYPE' type='hidden'><value>a</value></field>";
    assert_eq!(read(hidden).as_deref(), Some("a"));
    assert_eq!(read(&hidden.replace("type='hidden'", "")), None);
    assert_eq!(read(&hidden.replace("<value>a</value>", "")), None);
    assert_eq!(read(&hidden.replace("</field>", "<value>b</value></field>")), None);
}
