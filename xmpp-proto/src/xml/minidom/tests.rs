use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::thread;

use ::minidom::rxml::{Namespace, NcName};
use proptest::prelude::*;

use super::*;
use crate::ns;
use crate::xml::BuildErrorKind;
use crate::xml::arbitrary::{Op, Spec, nasty, spec};
use crate::xml::chars;

fn element(xml: &str) -> Element {
    xml.parse().unwrap()
}

fn name(name: &str) -> NcName {
    name.try_into().unwrap()
}

/// The tree as one builds it with minidom, without any code of ours.
fn dom(spec: &Spec) -> Dom {
    let mut dom = Dom::bare(&*spec.name, &*spec.ns);
    for op in &spec.ops {
        match op {
            Op::Attr { name: attr, ns, value } => {
                dom.set_attr(Namespace::from(ns.clone()), name(attr), value);
            }
            Op::Text(text) if text.is_empty() => {}
            Op::Text(text) => dom.append_text(text),
            Op::Child(child) => drop(dom.append_child(self::dom(child))),
        }
    }
    dom
}

#[test]
fn xml_2_3_rxml_knows_all_names_but_those_of_one_range() {
    for c in '\0'..=char::MAX {
        let (alone, later) = (String::from(c), String::from_iter(['a', c]));
        let known = !('\u{FDF0}'..='\u{FFFD}').contains(&c);
        let is_ncname = |name| chars::is_ncname(name) && known;
        assert_eq!(is_ncname(&alone), NcName::try_from(&*alone).is_ok(), "{c:?}");
        assert_eq!(is_ncname(&later), NcName::try_from(&*later).is_ok(), "{c:?}");
    }
    for xml in ["<a><\u{FDF0}/></a>", "<a><b a\u{FFFD}=''/></a>"] {
        assert!(matches!(Dom::try_from(&element(xml)), Err(::minidom::Error::XmlError(_))));
    }
}

#[test]
fn prefixes_and_the_order_of_attributes_mean_nothing() {
    let ours = element("<p:a xmlns:p='urn:p' p:z='1' b='2' a='3'><b xmlns='urn:b'/></p:a>");
    let theirs: Dom = "<a xmlns='urn:p' a='3' xmlns:q='urn:p' b='2' q:z='1'><b xmlns='urn:b'/></a>"
        .parse()
        .unwrap();
    assert_eq!(Dom::try_from(&ours).unwrap(), theirs);
    assert_eq!(Element::try_from(&theirs).unwrap(), ours);
}

#[test]
fn namespaces_and_languages_are_kept() {
    let ours = element(
        "<a xml:lang='de' xmlns='jabber:client'><b xmlns='' xml:lang=''/><c xmlns='urn:c'/></a>",
    );
    let theirs = Dom::try_from(&ours).unwrap();
    assert_eq!(theirs.attr_ns(Namespace::xml(), "lang"), Some("de"));
    assert_eq!(theirs.ns(), ns::CLIENT);
    assert_eq!(theirs.children().map(Dom::ns).collect::<Vec<_>>(), ["", "urn:c"]);
    assert_eq!(Element::try_from(&theirs).unwrap(), ours);
}

#[test]
fn a_part_of_a_tree_is_converted_alone() {
    let ours = element("<a xmlns='urn:a'>1<b xmlns='urn:b' x='&#49;'>2<![CDATA[<]]></b>3</a>");
    let theirs = Dom::try_from(ours.child("b", "urn:b").unwrap()).unwrap();
    assert_eq!(theirs, "<b xmlns='urn:b' x='1'>2&lt;</b>".parse().unwrap());
}

#[test]
fn text_in_pieces_becomes_what_a_parser_reads() {
    let mut theirs = Dom::bare("a", "urn:a");
    for text in ["", "1", "", "2"] {
        theirs.append_text_node(text);
    }
    theirs.append_child(Dom::bare("b", "urn:a")).append_text_node("");
    assert_eq!(Element::try_from(&theirs).unwrap(), element("<a xmlns='urn:a'>12<b/></a>"));
}

#[test]
fn what_xml_does_not_allow_is_refused() {
    let kind = |dom: Dom| {
        let mut outer = Dom::bare("outer", "");
        outer.append_child(dom);
        // Children after a fault change nothing.
        outer.append_child(Dom::bare("late", "")).append_text("late");
        Element::try_from(&outer).unwrap_err().kind()
    };
    assert_eq!(kind(Dom::bare("a:b", "")), BuildErrorKind::InvalidName);
    assert_eq!(kind(Dom::bare("", "")), BuildErrorKind::InvalidName);
    assert_eq!(kind(Dom::bare("a", ns::XMLNS)), BuildErrorKind::ReservedNamespace);
    let forbidden = BuildErrorKind::ForbiddenChar { char: '\0', offset: 1 };
    assert_eq!(kind(Dom::bare("a", "x\0")), forbidden);
    assert_eq!(kind(Dom::builder("a", "").append("x\0").build()), forbidden);
    assert_eq!(kind(Dom::builder("a", "").attr(name("k"), "x\0").build()), forbidden);
    let declaration = Dom::builder("a", "").attr(name("xmlns"), "x").build();
    assert_eq!(kind(declaration), BuildErrorKind::ReservedName);
}

#[test]
fn depth_costs_no_stack() {
    const DEPTH: usize = 50_000;
    let convert = || {
        let mut builder = Element::builder("a", "");
        for _ in 1..DEPTH {
            builder.open("a", "");
        }
        for _ in 1..DEPTH {
            builder.close();
        }
        let ours = builder.build().unwrap();
        let mut theirs = Dom::try_from(&ours).unwrap();
        assert_eq!(Element::try_from(&theirs).unwrap(), ours);
        // minidom would recurse to drop it.
        let mut depth = 1;
        while let Some(Node::Element(child)) = theirs.take_nodes().pop() {
            theirs = child;
            depth += 1;
        }
        assert_eq!(depth, DEPTH);
    };
    thread::Builder::new().stack_size(64 << 10).spawn(convert).unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_element_survives_both_ways(spec in spec()) {
        let (ours, theirs) = (spec.build(), dom(&spec));
        prop_assert_eq!(&Dom::try_from(&ours).unwrap(), &theirs);
        prop_assert_eq!(&Element::try_from(&theirs).unwrap(), &ours);
    }

    #[test]
    fn what_one_library_writes_is_what_the_other_has(spec in spec()) {
        let (ours, theirs) = (spec.build(), dom(&spec));
        // Without a default, minidom refuses elements that are in no namespace.
        let read = Dom::from_reader_with_prefixes(ours.to_string().as_bytes(), String::new());
        prop_assert_eq!(read.unwrap(), theirs.clone());
        prop_assert_eq!(String::from(&theirs).parse::<Element>().unwrap(), ours);
    }

    #[test]
    fn text_is_kept_however_it_is_cut(pieces in proptest::collection::vec(nasty(), 0..6)) {
        let mut theirs = Dom::bare("a", "");
        for piece in &pieces {
            theirs.append_text_node(&**piece);
        }
        let ours = Element::try_from(&theirs).unwrap();
        prop_assert_eq!(ours.text(), pieces.concat());
        prop_assert!(ours.children().count() <= 1);
    }
}
