//! Builder, writer and parser together.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::arbitrary::{self, Model};
use super::*;
use crate::ns;

/// The header of a stream with a default namespace and, if wanted, the prefix `stream`.
fn header(default_ns: &str, stream_prefix: bool) -> String {
    let prefix = if stream_prefix { "stream" } else { "s" };
    format!("<{prefix}:stream xmlns='{default_ns}' xmlns:{prefix}='{}'>", ns::STREAM)
}

/// The stanzas of a stream that arrives in chunks of `chunk` bytes.
fn stanzas(stream: &[u8], chunk: usize) -> Vec<Element> {
    let mut parser = Parser::new(Limits::default());
    let mut elements = Vec::new();
    for chunk in stream.chunks(chunk) {
        parser.push(chunk);
        while let Some(item) = parser.next().expect("what the writer writes is well-formed") {
            if let Item::Element(element) = item {
                elements.push(element.to_element());
            }
        }
    }
    elements
}

#[test]
fn what_the_stream_declares_is_known_in_each_stanza() {
    let stream = "<stream:stream xmlns='urn:own' xmlns:stream='http://etherx.jabber.org/streams' \
                  xmlns:p='urn:p'><a p:k='1'><p:b/></a><p:c/></stream:stream>";
    let read = stanzas(stream.as_bytes(), 7);
    let a = Element::builder("a", "urn:own").attr_ns("k", "urn:p", "1");
    let a = a.child_with("b", "urn:p", |b| b).build().unwrap();
    let c = Element::builder("c", "urn:p").build().unwrap();
    assert_eq!(read, [a, c]);
}

#[test]
fn how_it_was_written_is_no_difference() {
    let same = [
        "<a xmlns='urn:x' b='1' c='&amp;'>x&lt;y\n</a>",
        "<a xmlns='urn:x' c='&#38;' b='1'>x<![CDATA[<]]>y\r\n</a>",
        "<p:a xmlns:p='urn:x' c=\"&#x26;\" b='&#49;'>x&#60;<![CDATA[]]>y\r</p:a>",
        "<?xml version='1.0'?><a\tb='1' c='&amp;' xmlns='urn:&#x78;'\n>x&#x3C;y&#10;</a>",
    ];
    let elements: Vec<Element> = same.iter().map(|xml| xml.parse().unwrap()).collect();
    for element in &elements {
        assert_eq!(element, &elements[0]);
        assert_eq!(element.to_xml().parse().as_ref(), Ok(element));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_document_is_read_back_the_same(spec in arbitrary::spec()) {
        let element = spec.build();
        let xml = element.to_xml();
        let read: Element = xml.parse().expect("what the writer writes is well-formed");
        prop_assert_eq!(&read, &element, "{}", xml);
        prop_assert_eq!(Model::from(read.as_ref()), Model::from(&spec), "{}", xml);
        prop_assert_eq!(read.to_xml(), xml);
    }

    #[test]
    fn a_stream_is_read_back_the_same(
        specs in prop::collection::vec(arbitrary::spec(), 1..4),
        default_ns in prop::sample::select(vec![ns::CLIENT, "urn:x", ns::STREAM, "urn:other"]),
        stream_prefix in any::<bool>(),
        chunk in 1_usize..200,
    ) {
        let elements: Vec<_> = specs.iter().map(arbitrary::Spec::build).collect();
        let mut writer = Writer::new(default_ns, stream_prefix);
        let mut out = header(default_ns, stream_prefix).into_bytes();
        for element in &elements {
            writer.write(element.as_ref(), &mut out);
        }
        prop_assert_eq!(stanzas(&out, chunk), elements);
    }

    #[test]
    fn every_part_of_a_parsed_tree_can_be_owned(spec in arbitrary::spec()) {
        let element = spec.build();
        let read: Element = element.to_xml().parse().unwrap();
        let mut open = vec![(element.as_ref(), read.as_ref())];
        while let Some((built, read)) = open.pop() {
            prop_assert_eq!(read.to_element(), built);
            prop_assert_eq!(read.to_builder().build().unwrap(), built);
            let wrapped = Element::builder("w", "urn:w").child(read).build().unwrap();
            prop_assert_eq!(wrapped.elements().next().unwrap(), built);
            open.extend(built.elements().zip(read.elements()));
        }
    }
}
