use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::super::arbitrary::{self, Model, Spec};
use super::super::namespace::{self, FIRST_LOCAL};
use super::super::{Child, Writer};
use super::*;
use crate::ns;

fn message() -> Element {
    Element::builder("message", ns::CLIENT)
        .attr("to", "juliet@example.com")
        .attr("type", "chat")
        .attr_ns("lang", ns::XML, "en")
        .text("\n  ")
        .child_with("body", ns::CLIENT, |body| body.text("hi"))
        .text("\n")
        .child_with("x", "urn:example:private", |x| x.attr("a", "1").child_with("y", "", |y| y))
        .child_with("body", ns::CLIENT, |body| body.attr_ns("lang", ns::XML, "de").text("hallo"))
        .build()
        .unwrap()
}

#[test]
fn names_and_attributes_are_read() {
    let message = message();
    assert_eq!((message.name(), message.ns()), ("message", ns::CLIENT));
    assert!(message.is("message", ns::CLIENT));
    assert!(!message.is("message", ns::SERVER));
    assert!(!message.is("presence", ns::CLIENT));
    assert_eq!(message.attr("type").as_deref(), Some("chat"));
    assert_eq!(message.attr("typ"), None);
    assert_eq!(message.attr("lang"), None, "xml:lang is another attribute");
    assert_eq!(message.attr_ns("lang", ns::XML).as_deref(), Some("en"));
    assert_eq!(message.attr_ns("to", "").as_deref(), Some("juliet@example.com"));
    let names: Vec<_> = message.attrs().map(|attr| (attr.name(), attr.ns())).collect();
    assert_eq!(names, [("to", ""), ("type", ""), ("lang", ns::XML)]);
    assert_eq!(message.attrs().len(), 3);
}

#[test]
fn children_are_read_in_order() {
    let message = message();
    let kinds: Vec<_> = message
        .children()
        .map(|child| match child {
            Child::Element(element) => element.name().to_string(),
            Child::Text(text) => text.into_owned(),
        })
        .collect();
    assert_eq!(kinds, ["\n  ", "body", "\n", "x", "body"]);
    let elements: Vec<_> = message.elements().map(ElementRef::text).collect();
    assert_eq!(elements, ["hi", "", "hallo"]);
    assert_eq!(message.child("body", ns::CLIENT).unwrap().text(), "hi");
    let x = message.child("x", "urn:example:private").unwrap();
    assert_eq!(x.attr("a").as_deref(), Some("1"));
    assert_eq!(x.child("y", "").unwrap().ns(), "");
    assert!(message.child("body", "").is_none());
    assert!(message.child("y", "").is_none(), "a grandchild is no child");
}

#[test]
fn text_is_that_directly_within() {
    let element = Element::builder("a", "")
        .text("one")
        .child_with("b", "", |b| b.text("hidden"))
        .text("two")
        .build()
        .unwrap();
    assert_eq!(element.text(), "onetwo");
    assert!(matches!(message().child("body", ns::CLIENT).unwrap().text(), Cow::Borrowed("hi")));
    assert_eq!(Element::builder("a", "").build().unwrap().text(), "");
}

/// `<a xmlns='urn:decoded' x='1 &amp;&#9;2'>t&lt;<b xmlns='urn:plain'/><![CDATA[]]></a>` as a
/// parser lays it out, with the first namespace in `aux`.
const RAW: &str = "a x='1 &amp;\t2'>t&lt;<b xmlns='urn:plain'/><![CDATA[]]></a>";

fn raw_nodes() -> Vec<Node> {
    let at = |s: &str| u32::try_from(RAW.find(s).unwrap()).unwrap();
    let mut a = Node::element(0, 1, FIRST_LOCAL);
    a.set_children(2);
    a.set_next(5);
    let mut b = Node::element(at("b xmlns"), 1, FIRST_LOCAL + 1);
    b.set_children(4);
    b.set_next(4);
    let end = u32::try_from(RAW.len()).unwrap();
    alloc::vec![
        a,
        Node::attribute(at("x="), 1, namespace::NONE, at("1 &"), 9, true),
        Node::text(at("t&lt;"), 5, true),
        b,
        Node::text(at("<![CDATA[]]>"), 12, true),
        Node::namespace(end, 11),
        Node::namespace(at("urn:plain"), 9),
    ]
}

#[test]
fn a_parsed_tree_is_decoded_when_read() {
    let nodes = raw_nodes();
    let a = ElementRef::new(RAW, "urn:decoded", &nodes, 0);
    assert_eq!((a.name(), a.ns()), ("a", "urn:decoded"));
    assert_eq!(a.attr("x").as_deref(), Some("1 & 2"));
    assert_eq!(a.text(), "t<");
    assert_eq!(a.child("b", "urn:plain").unwrap().index(), 3);
    assert_eq!(a.children().count(), 2, "an empty CDATA section is no child");
    assert_eq!(a.to_xml(), "<a xmlns='urn:decoded' x='1 &amp; 2'>t&lt;<b xmlns='urn:plain'/></a>");
}

#[test]
fn a_parsed_tree_can_be_owned_copied_and_changed() {
    let nodes = raw_nodes();
    let a = ElementRef::new(RAW, "urn:decoded", &nodes, 0);
    let owned = a.to_element();
    assert_eq!(owned, a);
    assert_eq!(owned.to_xml(), a.to_xml());
    let b = a.child("b", "urn:plain").unwrap();
    assert_eq!(b.to_element(), b);
    assert_eq!(b.to_xml(), "<b xmlns='urn:plain'/>");
    let changed = a.to_builder().attr("x", "3").text("u").build().unwrap();
    assert_eq!(changed.to_xml(), "<a xmlns='urn:decoded' x='3'>t&lt;<b xmlns='urn:plain'/>u</a>");
    let joined = b.to_builder().child(a).attr("x", "'").build().unwrap();
    assert_eq!(
        joined.to_xml(),
        "<b xmlns='urn:plain' x='&apos;'><a xmlns='urn:decoded' x='1 &amp; 2'>t&lt;\
         <b xmlns='urn:plain'/></a></b>"
    );
}

#[test]
fn text_that_needs_decoding_is_joined_by_more_text() {
    let mut a = Node::element(0, 1, namespace::NONE);
    a.set_children(1);
    a.set_next(2);
    let nodes = [a, Node::text(1, 4, true)];
    let copy = ElementRef::new("a&lt;", "", &nodes, 0).to_builder().text("&gt;").build().unwrap();
    assert_eq!(copy.text(), "<&gt;");
    assert_eq!(copy.children().count(), 1);
}

#[test]
fn an_owned_part_holds_only_its_own_text() {
    let filler = "x".repeat(10_000);
    let big = Element::builder("a", "")
        .text(&filler)
        .child_with("b", ns::CLIENT, |b| b.attr("c", "d").text("e"))
        .text(&filler)
        .build()
        .unwrap();
    let part = big.child("b", ns::CLIENT).unwrap().to_element();
    assert_eq!(&*part.text, "bcde");
    assert_eq!(part.nodes.len(), 3);
}

#[test]
fn equality_ignores_how_it_was_written() {
    let one = Element::builder("a", "urn:x").attr("p", "1").attr("q", "2").text("t").build();
    let other = Element::builder("a", "urn:x")
        .text("t")
        .attr_ns("unused", "urn:other", "")
        .attr("q", "2")
        .attr("p", "1")
        .build();
    assert_ne!(one, other);
    let nodes = raw_nodes();
    let raw = ElementRef::new(RAW, "urn:decoded", &nodes, 0);
    let built = Element::builder("a", "urn:decoded")
        .attr("x", "1 & 2")
        .text("t<")
        .child_with("b", "urn:plain", |b| b)
        .build()
        .unwrap();
    assert_eq!(raw, built);
    assert_eq!(built, raw);
    assert_eq!(raw.to_element(), built);
}

#[test]
fn equality_tells_apart() {
    let base = || Element::builder("a", "urn:x").attr("p", "1");
    let all = [
        base(),
        Element::builder("b", "urn:x").attr("p", "1"),
        Element::builder("a", "urn:y").attr("p", "1"),
        Element::builder("a", "").attr("p", "1"),
        Element::builder("a", "urn:x").attr("q", "1"),
        base().attr("p", "2"),
        base().attr("q", "1"),
        base().attr_ns("p", "urn:x", "1").remove_attr("p"),
        base().text("t"),
        base().text("u"),
        base().child_with("c", "", |c| c),
        base().child_with("c", "", |c| c).text("t"),
        base().text("t").child_with("c", "", |c| c),
        base().child_with("c", "", |c| c.child_with("d", "", |d| d)),
        base().child_with("c", "", |c| c).child_with("d", "", |d| d),
    ];
    let all: Vec<_> = all.into_iter().map(|builder| builder.build().unwrap()).collect();
    for (i, x) in all.iter().enumerate() {
        for (j, y) in all.iter().enumerate() {
            assert_eq!(x == y, i == j, "{x} and {y}");
        }
    }
}

#[test]
fn a_clone_shares_the_tree() {
    let message = message();
    let clone = message.clone();
    assert!(Arc::ptr_eq(&message.text, &clone.text) && Arc::ptr_eq(&message.nodes, &clone.nodes));
    assert_eq!(clone, message);
}

#[test]
fn display_and_debug_are_the_xml() {
    let message = message();
    assert_eq!(format!("{message}"), message.to_xml());
    assert_eq!(format!("{:?}", message.as_ref()), message.to_xml());
}

#[test]
fn depth_costs_no_stack() {
    const DEPTH: usize = 100_000;
    let build = |leaf: &str| {
        let mut builder = Element::builder("a", "urn:x");
        for i in 0..DEPTH {
            builder.open("a", if i % 2 == 0 { "urn:y" } else { ns::CLIENT });
            builder.set_attr("n", "urn:z", "1");
        }
        builder.push_text(leaf);
        for _ in 0..DEPTH {
            builder.close();
        }
        builder.build().unwrap()
    };
    // A thread of little stack, in which any recursion over the depth would overflow.
    let work = move || {
        let (element, same, other) = (build("x"), build("x"), build("y"));
        assert_eq!(element, same);
        assert_ne!(element, other);
        let inner = element.elements().next().unwrap();
        assert_eq!(inner.to_element(), inner);
        let copy = element.to_builder().attr("late", "1").build().unwrap();
        assert_ne!(copy, element);
        let xml = element.to_xml();
        assert_eq!(xml.matches("</a>").count(), DEPTH + 1);
        assert_eq!(format!("{element:?}").len(), xml.len());
        let mut out = Vec::new();
        Writer::new("urn:x", false).write(element.as_ref(), &mut out);
        drop(element.clone());
        drop((element, same, other));
    };
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap();
}

extern crate std;

/// The same tree with one thing different, or the same.
fn pair() -> impl Strategy<Value = (Spec, Spec)> {
    (arbitrary::spec(), arbitrary::spec(), any::<prop::sample::Index>(), 0..4).prop_map(
        |(a, b, at, how)| {
            let mut changed = a.clone();
            match how {
                0 => return (a, b),
                1 => changed.ops.reverse(),
                2 if !changed.ops.is_empty() => {
                    changed.ops.remove(at.index(changed.ops.len()));
                }
                _ => {}
            }
            (a, changed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_built_is_what_is_read(spec in arbitrary::spec()) {
        prop_assert_eq!(Model::from(spec.build().as_ref()), Model::from(&spec));
    }

    #[test]
    fn equality_is_that_of_the_meaning((a, b) in pair()) {
        let (x, y) = (a.build(), b.build());
        prop_assert_eq!(x == y, Model::from(&a) == Model::from(&b));
        prop_assert_eq!(x == y, y == x);
        prop_assert_eq!(&x, &a.build());
    }

    #[test]
    fn every_part_can_be_owned_and_copied(spec in arbitrary::spec()) {
        let whole = spec.build();
        let mut open: Vec<_> = alloc::vec![whole.as_ref()];
        while let Some(part) = open.pop() {
            let owned = part.to_element();
            prop_assert_eq!(&owned, &part);
            prop_assert_eq!(owned.to_xml(), part.to_xml());
            prop_assert_eq!(Model::from(owned.as_ref()), Model::from(part));
            let same = owned.to_builder().build().unwrap();
            prop_assert_eq!(&same, &part);
            let wrapped = whole.to_builder().child(part).build().unwrap();
            prop_assert_eq!(wrapped.elements().last().unwrap(), part);
            open.extend(part.elements());
        }
    }
}

#[test]
fn elements_may_change_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Element>();
}

/// Nodes that no parser makes.
fn any_node() -> impl Strategy<Value = Node> {
    let at = prop_oneof![0_u32..20, any::<u32>()];
    (0..4, at.clone(), any::<u16>(), at.clone(), at, 0..namespace_ids(), any::<bool>()).prop_map(
        |(kind, a, len, b, c, ns, decode)| match kind {
            0 => {
                let mut node = Node::element(a, len % 8, ns);
                node.set_next(b);
                node.set_children(c);
                node
            }
            1 => Node::attribute(a, len % 8, ns, b, c, decode),
            2 => Node::text(a, c, decode),
            _ => Node::namespace(a, c),
        },
    )
}

fn namespace_ids() -> u16 {
    FIRST_LOCAL + 4
}

proptest! {
    #[test]
    fn reading_a_broken_tape_does_not_panic(
        text in ".{0,12}",
        nodes in prop::collection::vec(any_node(), 0..12),
        index in 0_u32..14,
    ) {
        let element = ElementRef::new(&text, "aux", &nodes, index);
        let _ = (element.name(), element.ns(), element.text(), element.attr("a"));
        let _ = (element.attrs().count(), element.children().count(), element.child("a", ""));
        let _ = (element.to_xml(), element.to_element(), element.to_builder().build());
    }
}
