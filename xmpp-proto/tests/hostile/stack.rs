//! Depth costs no stack: all of this runs in 64 KiB, where a recursion of some hundred levels
//! ends the process.

use std::thread;

use xmpp_proto::ns;
use xmpp_proto::stanza::Stanza;
use xmpp_proto::xml::{Element, ErrorKind, Item, Limits, Parser, Writer};

use super::HEADER;

const LEVELS: usize = 1_000_000;

/// More levels than the stack has bytes.
const DEEP: usize = 80_000;
const STACK: usize = 64 * 1024;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread starts");
    thread.join().expect("the work is done");
}

/// As deep as there are bytes.
fn unlimited() -> Limits {
    Limits::default().with_depth(usize::MAX).with_stanza_bytes(usize::MAX)
}

/// The first stanza of a stream.
fn parse(limits: Limits, stanza: &str) -> Result<Element, ErrorKind> {
    let mut parser = Parser::new(limits);
    parser.push(HEADER.as_bytes());
    assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
    for chunk in stanza.as_bytes().chunks(64 * 1024) {
        parser.push(chunk);
        match parser.next() {
            Ok(None) => {}
            Ok(Some(Item::Element(element))) => return Ok(element.to_element()),
            Ok(Some(other)) => panic!("{other:?}"),
            Err(error) => return Err(error.kind()),
        }
    }
    panic!("the stanza does not end");
}

/// A message of so many levels around a text.
fn nested(levels: usize, leaf: &str) -> String {
    let (open, close) = ("<a>".repeat(levels - 1), "</a>".repeat(levels - 1));
    format!("<message id='1'>{open}{leaf}{close}</message>")
}

#[test]
fn a_million_levels_end_in_a_depth_error() {
    on_a_small_stack(|| {
        for open in ["<a>", "<a b='c'>", "<a xmlns='urn:x'>", "x<a>", "<xml:a>"] {
            let bomb = open.repeat(LEVELS);
            assert_eq!(parse(Limits::default(), &format!("<a>{bomb}")), Err(ErrorKind::TooDeep));
            let document = format!("<a>{bomb}").parse::<Element>().map_err(|error| error.kind());
            assert_eq!(document, Err(ErrorKind::TooDeep));
        }
    });
}

#[test]
fn a_million_levels_are_parsed_if_the_limits_allow_it() {
    on_a_small_stack(|| {
        let element = parse(unlimited(), &nested(LEVELS, "x")).expect("within the limits");
        let (mut inner, mut levels) = (element.as_ref(), 1);
        while let Some(child) = inner.elements().next() {
            inner = child;
            levels += 1;
        }
        assert_eq!((levels, inner.text().as_ref()), (LEVELS, "x"));
    });
}

#[test]
fn deep_trees_are_compared_and_cloned() {
    on_a_small_stack(|| {
        let [one, same, other] =
            ["x", "x", "y"].map(|leaf| parse(unlimited(), &nested(DEEP, leaf)).expect("allowed"));
        assert!(one == same && one != other);
        let clone = one.clone();
        drop(one);
        assert!(clone.as_ref() == same);
    });
}

#[test]
fn deep_trees_are_printed_and_written() {
    on_a_small_stack(|| {
        let xml = nested(DEEP, "x");
        let element = parse(unlimited(), &xml).expect("allowed");
        let mut out = Vec::new();
        Writer::new(ns::CLIENT, true).write(element.as_ref(), &mut out);
        assert!(out == xml.as_bytes());
        let document = element.to_xml();
        assert_eq!(document.len(), xml.len() + " xmlns='jabber:client'".len());
        assert!(format!("{element}") == document && format!("{element:?}") == document);
    });
}

#[test]
fn deep_trees_are_copied_changed_and_converted() {
    on_a_small_stack(|| {
        let element = parse(unlimited(), &nested(DEEP, "x")).expect("allowed");
        let inner = element.elements().next().expect("there are levels");
        let owned = inner.to_element();
        assert!(owned == inner);
        let wrapped = Element::builder("w", "urn:w").child(&owned).build().expect("valid");
        assert!(wrapped.elements().next().expect("the child") == owned);
        let changed = element.to_builder().attr("id", "2").text("y").build().expect("valid");
        assert!(changed != element);
        let Ok(Stanza::Message(message)) = Stanza::from_element(changed) else {
            panic!("a message")
        };
        assert_eq!((message.id(), message.body()), (Some("2"), None));
        assert!(format!("{message:?}").len() > DEEP);
    });
}

/// What is not known by heart takes other ways through parser, copies and writer.
#[test]
fn deep_trees_of_foreign_namespaces_take_no_stack_either() {
    on_a_small_stack(|| {
        let open = "<p:a xmlns:p='urn:p' p:b='&amp;'><a xmlns='urn:q'>".repeat(DEEP / 2);
        let xml = format!("<a>{open}{}</a>", "</a></p:a>".repeat(DEEP / 2));
        let limits = unlimited().with_namespaces(usize::MAX);
        let element = parse(limits, &xml).expect("allowed");
        let inner = element.elements().next().expect("there are levels").to_element();
        assert!(element.elements().next().expect("there are levels") == inner);
        let again = Element::builder("a", ns::CLIENT).child(&inner).build().expect("valid");
        assert!(again == element);
        assert!(element.to_xml() == again.to_xml());
    });
}
