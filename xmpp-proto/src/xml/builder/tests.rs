use alloc::format;
use alloc::string::ToString;

use proptest::prelude::*;

use super::super::{Child, oracle};
use super::*;
use crate::ns;

fn fault(builder: ElementBuilder) -> BuildError {
    builder.build().expect_err("a fault")
}

#[test]
fn attributes_may_follow_children() {
    let late = Element::builder("a", "")
        .text("x")
        .child_with("b", "", |b| b.child_with("c", "", |c| c).attr("p", "1"))
        .attr("q", "2")
        .attr("r", "3")
        .text("y")
        .build()
        .unwrap();
    assert_eq!(late.to_xml(), "<a q='2' r='3'>x<b p='1'><c/></b>y</a>");
}

#[test]
fn an_attribute_set_again_is_replaced() {
    let element = Element::builder("a", "")
        .attr("p", "1")
        .attr_ns("p", "urn:x", "other")
        .attr("q", "2")
        .child_with("b", "", |b| b)
        .attr("p", "3")
        .build()
        .unwrap();
    assert_eq!(element.attrs().len(), 3);
    assert_eq!(element.attr("p").as_deref(), Some("3"));
    assert_eq!(element.attr_ns("p", "urn:x").as_deref(), Some("other"));
}

#[test]
fn a_copy_can_be_changed() {
    let original = Element::builder("message", ns::CLIENT)
        .attr("id", "1")
        .attr("from", "a@b")
        .child_with("body", ns::CLIENT, |b| b.text("t"))
        .build()
        .unwrap();
    let copy = original.to_builder().remove_attr("from").remove_attr("none").attr("id", "2");
    let copy = copy.child_with("x", "urn:x", |x| x).build().unwrap();
    assert_eq!(
        copy.to_xml(),
        "<message xmlns='jabber:client' id='2'><body>t</body><x xmlns='urn:x'/></message>"
    );
    assert_eq!(original.attr("from").as_deref(), Some("a@b"), "the original is as it was");
}

#[test]
fn text_after_text_is_one_run() {
    let runs = |element: &Element| element.children().count();
    let element = Element::builder("a", "").text("").text("x").attr("p", "1").text("").text("y");
    let element = element.build().unwrap();
    assert_eq!((runs(&element), &*element.text()), (1, "xy"));
    let more = element.to_builder().text("z").build().unwrap();
    assert_eq!((runs(&more), &*more.text()), (1, "xyz"));
    let apart = element.to_builder().child_with("b", "", |b| b.text("t")).text("z");
    let apart = apart.build().unwrap();
    assert_eq!((runs(&apart), &*apart.text()), (3, "xyz"));
}

#[test]
fn no_text_makes_no_child() {
    let element = Element::builder("a", "").text("").build().unwrap();
    assert_eq!(element.children().count(), 0);
    assert_eq!(element.to_xml(), "<a/>");
}

#[test]
fn children_come_owned_shared_or_borrowed() {
    let leaf = Element::builder("leaf", "urn:x").build().unwrap();
    let tree = Element::builder("a", "")
        .child(&leaf)
        .child(leaf.as_ref())
        .child(leaf.clone())
        .children([&leaf, &leaf])
        .build()
        .unwrap();
    assert_eq!(tree.children().count(), 5);
    assert!(tree.children().all(|child| child == Child::Element(leaf.as_ref())));
}

#[test]
fn namespaces_are_kept_once() {
    let element = Element::builder("a", "urn:x")
        .child_with("b", "urn:y", |b| b.attr_ns("c", "urn:x", "1"))
        .child_with("d", "urn:y", |d| d)
        .build()
        .unwrap();
    let twice = Element::builder("e", "urn:y").child(&element).child(&element).build().unwrap();
    assert_eq!(element.as_ref().tree().locals().len(), 2);
    assert_eq!(twice.as_ref().tree().locals().len(), 2);
    assert_eq!(twice.elements().nth(1).unwrap(), element);
}

#[test]
fn xml_2_2_forbidden_characters_are_refused_with_their_place() {
    let error = fault(Element::builder("body", ns::CLIENT).text("abc\u{1}def"));
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\u{1}', offset: 3 });
    assert_eq!(error.element(), "body");
    assert_eq!(error.to_string(), "U+0001 at byte 3 of the text of <body/> is not allowed in XML");
    let error = fault(Element::builder("a", "").attr("b", "é\u{FFFF}"));
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\u{FFFF}', offset: 2 });
    assert_eq!((error.element(), error.attribute()), ("a", Some("b")));
    assert_eq!(
        error.to_string(),
        "U+FFFF at byte 2 of the value of attribute 'b' of <a/> is not allowed in XML"
    );
    let error = fault(Element::builder("a", "urn:\0"));
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\0', offset: 4 });
    for c in ('\0'..' ').chain(['\u{FFFE}', '\u{FFFF}']) {
        let refused = Element::builder("a", "").text(&c.to_string()).build().is_err();
        assert_eq!(refused, !matches!(c, '\t' | '\n' | '\r'), "{c:?}");
    }
    for c in ['\u{FFFD}', '\u{FF21}', '\u{7F}', '\u{80}', '\u{10FFFF}'] {
        assert!(Element::builder("a", "").text(&c.to_string()).build().is_ok(), "{c:?}");
    }
}

#[test]
fn names_must_be_names_without_colon() {
    for name in ["", "a:b", ":a", "1a", "-a", "a b", "a>", "a\u{0}", "a/", "\u{B7}a", "a\u{D7}"] {
        let error = fault(Element::builder(name, ""));
        assert_eq!((error.kind(), error.element()), (BuildErrorKind::InvalidName, name));
        let error = fault(Element::builder("a", "").attr(name, ""));
        assert_eq!((error.kind(), error.attribute()), (BuildErrorKind::InvalidName, Some(name)));
        let error = fault(Element::builder("a", "").child_with(name, "", |b| b));
        assert_eq!(error.kind(), BuildErrorKind::InvalidName);
    }
    let error = fault(Element::builder("a\u{1}", ""));
    assert_eq!(error.to_string(), "the name of <a\\u{1}/> is not an XML name without a colon");
}

#[test]
fn declarations_cannot_be_forged() {
    let error = fault(Element::builder("a", "").attr("xmlns", "urn:x"));
    assert_eq!(error.kind(), BuildErrorKind::ReservedName);
    let error = fault(Element::builder("a", "").attr_ns("x", ns::XMLNS, "urn:x"));
    assert_eq!(error.kind(), BuildErrorKind::ReservedNamespace);
    let error = fault(Element::builder("a", ns::XMLNS));
    assert_eq!(error.kind(), BuildErrorKind::ReservedNamespace);
}

#[test]
fn a_name_beyond_65535_bytes_is_refused() {
    let longest = "a".repeat(65_535);
    assert_eq!(Element::builder(&longest, "").build().unwrap().name(), longest);
    let error = fault(Element::builder(&format!("{longest}a"), ""));
    assert_eq!(error.kind(), BuildErrorKind::TooLarge);
    assert_eq!(error.element().len(), 64, "an error is not as large as its cause");
}

#[test]
fn too_many_namespaces_are_refused() {
    let names = || (0..).map(|i| format!("urn:{}", i * 7919 % 65_536));
    let most = usize::from(MAX_NS - FIRST_LOCAL) + 1;
    let mut builder = Element::builder("a", "");
    for name in names().take(most) {
        builder = builder.child_with("b", &name, |b| b);
    }
    let element = builder.clone().build().unwrap();
    assert!(names().zip(element.elements()).all(|(name, b)| b.ns() == name));
    let again = Element::builder("a", "").children(element.elements()).build().unwrap();
    assert_eq!(again, element);
    let error = fault(builder.child_with("b", "urn:one-more", |b| b));
    assert_eq!(error.kind(), BuildErrorKind::TooLarge);
}

#[test]
fn the_first_fault_is_reported() {
    let mut called = false;
    let builder = Element::builder("a", "").attr("b:c", "").text("\u{1}").attr("d", "e");
    let error = fault(builder.child_with("x", "", |x| {
        called = true;
        x
    }));
    assert_eq!(error.kind(), BuildErrorKind::InvalidName);
    assert_eq!(error.attribute(), Some("b:c"));
    assert!(!called, "nothing is built after a fault");
    let nested = Element::builder("a", "").child_with("b", "", |b| b.text("\u{2}")).attr(":", "");
    assert_eq!(fault(nested).element(), "b");
}

#[test]
fn another_builder_returned_is_a_fault() {
    let error = fault(
        Element::builder("a", "").child_with("b", "", |_| Element::builder("c", "").text("x")),
    );
    assert_eq!(error.kind(), BuildErrorKind::ForeignBuilder);
    assert_eq!(error.element(), "b");
}

#[test]
fn a_nested_builder_builds_its_own_element() {
    let mut inner = None;
    let outer = Element::builder("a", "urn:x")
        .child_with("b", "urn:y", |b| {
            let b = b.attr("c", "d").child_with("e", "", |e| e);
            inner = Some(b.clone().build().unwrap());
            b
        })
        .build()
        .unwrap();
    assert_eq!(inner.unwrap(), outer.child("b", "urn:y").unwrap());
}

#[test]
fn debug_says_where_it_is_and_shows_no_content() {
    let builder = Element::builder("auth", ns::SASL).text("c2VjcmV0");
    assert_eq!(format!("{builder:?}"), r#"ElementBuilder { element: "auth", fault: None, .. }"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is passed, in whatever place: it is refused, or comes out as it went in.
    #[test]
    fn nothing_breaks_out_of_its_place(
        name in hostile(), space in hostile(), attr in hostile(), value in hostile(), text in hostile(),
    ) {
        let built = Element::builder("a", ns::CLIENT)
            .child_with(&name, &space, |b| b.attr_ns(&attr, &space, &value).text(&text))
            .build();
        let Ok(element) = built else { return Ok(()) };
        let xml = element.to_xml();
        let read: Element = xml.parse().expect("well-formed");
        // rxml has no name characters in U+FDF0 to U+FFFD, against XML 1.0 §2.3.
        if !xml.contains(|c| matches!(c, '\u{FDF0}'..='\u{FFFD}')) {
            prop_assert_eq!(oracle::read(&xml), Ok(element.clone()));
        }
        prop_assert_eq!(&read, &element);
        let b = read.child(&name, &space).expect("the only child");
        prop_assert_eq!(b.attr_ns(&attr, &space).expect("there"), value);
        prop_assert_eq!(b.text(), text);
    }
}

/// Mostly a short name, sometimes anything.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-c]",
        1 => "xml(ns)?(:a)?",
        1 => Just(String::from(ns::XML)),
        1 => ".{0,6}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}
