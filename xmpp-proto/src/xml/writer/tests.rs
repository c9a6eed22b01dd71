use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use proptest::prelude::*;

use super::super::{Element, arbitrary, oracle};
use super::*;
use crate::ns;

fn written(writer: &mut Writer, element: &Element) -> String {
    let mut out = Vec::new();
    writer.write(element.as_ref(), &mut out);
    String::from_utf8(out).unwrap()
}

fn write_once(default_ns: &str, stream_prefix: bool, element: &Element) -> String {
    written(&mut Writer::new(default_ns, stream_prefix), element)
}

#[test]
fn a_namespace_is_declared_where_it_changes() {
    let element = Element::builder("iq", ns::CLIENT)
        .child_with("query", "jabber:iq:roster", |query| {
            query
                .child_with("item", "jabber:iq:roster", |item| item)
                .child_with("error", ns::CLIENT, |error| error)
                .child_with("none", "", |none| none.child_with("x", "", |x| x))
        })
        .child_with("error", ns::CLIENT, |error| error)
        .build()
        .unwrap();
    let within = "<query xmlns='jabber:iq:roster'><item/><error xmlns='jabber:client'/>\
                  <none xmlns=''><x/></none></query><error/></iq>";
    assert_eq!(element.to_xml(), format!("<iq xmlns='jabber:client'>{within}"));
    assert_eq!(write_once(ns::CLIENT, true, &element), format!("<iq>{within}"));
}

#[test]
fn a_default_namespace_that_is_not_well_known_is_used() {
    let element =
        Element::builder("a", "urn:own").child_with("b", "urn:own", |b| b).build().unwrap();
    assert_eq!(write_once("urn:own", false, &element), "<a><b/></a>");
    let other = Element::builder("a", "").build().unwrap();
    assert_eq!(write_once("urn:own", false, &other), "<a xmlns=''/>");
}

#[test]
fn stream_elements_use_the_prefix_of_the_header() {
    // RFC 6120 §4.8.1, §4.8.5.
    let features = Element::builder("features", ns::STREAM)
        .child_with("starttls", ns::TLS, |tls| tls.child_with("required", ns::TLS, |r| r))
        .child_with("x", ns::CLIENT, |x| x)
        .build()
        .unwrap();
    let tls = format!("<starttls xmlns='{}'><required/></starttls>", ns::TLS);
    assert_eq!(
        write_once(ns::CLIENT, true, &features),
        format!("<stream:features>{tls}<x/></stream:features>")
    );
    assert_eq!(
        write_once("urn:ietf:params:xml:ns:xmpp-framing", false, &features),
        format!("<features xmlns='{}'>{tls}<x xmlns='jabber:client'/></features>", ns::STREAM)
    );
}

#[test]
fn attributes_in_namespaces_get_prefixes() {
    let element = Element::builder("a", "")
        .attr_ns("lang", ns::XML, "en")
        .attr_ns("one", "urn:x", "1")
        .attr_ns("two", "urn:y", "2")
        .attr_ns("three", "urn:x", "3")
        .child_with("b", "", |b| b.attr_ns("one", "urn:x", "").attr_ns("z", "urn:z", ""))
        .child_with("b", "", |b| b.attr_ns("z", "urn:z", ""))
        .build()
        .unwrap();
    assert_eq!(
        element.to_xml(),
        "<a xml:lang='en' xmlns:ns0='urn:x' ns0:one='1' xmlns:ns1='urn:y' ns1:two='2' \
         ns0:three='3'><b ns0:one='' xmlns:ns2='urn:z' ns2:z=''/>\
         <b xmlns:ns2='urn:z' ns2:z=''/></a>"
    );
}

#[test]
fn an_attribute_in_the_default_namespace_still_needs_a_prefix() {
    let element = Element::builder("a", "urn:x").attr_ns("b", "urn:x", "").build().unwrap();
    assert_eq!(element.to_xml(), "<a xmlns='urn:x' xmlns:ns0='urn:x' ns0:b=''/>");
}

#[test]
fn special_characters_are_escaped() {
    let element = Element::builder("a", "")
        .attr("b", "<>&'\"\t\n\r ")
        .text("<>&'\"\t\n\r ]]>")
        .build()
        .unwrap();
    assert_eq!(
        element.to_xml(),
        "<a b='&lt;&gt;&amp;&apos;&quot;&#x9;&#xA;&#xD; '>&lt;&gt;&amp;'\"\t\n&#xD; ]]&gt;</a>"
    );
}

#[test]
fn escapes_are_found_wherever_they_stand() {
    for len in 0..40 {
        for at in 0..len {
            let plain: String = (0..len).map(|i| if i == at { '<' } else { 'x' }).collect();
            let mut out = String::new();
            escape::text(&plain, &mut out);
            assert_eq!(out, plain.replace('<', "&lt;"));
        }
    }
}

#[test]
fn more_prefixes_than_are_searched_stay_apart() {
    let mut builder = Element::builder("a", "");
    for i in 0..100 {
        builder = builder.attr_ns("n", &format!("urn:{i}"), &i.to_string());
    }
    let again = builder.clone().build().unwrap();
    let element = builder.child(&again).build().unwrap();
    assert_eq!(oracle::read(&element.to_xml()).unwrap(), element);
}

#[test]
fn a_writer_keeps_nothing_of_what_it_wrote() {
    let mut writer = Writer::new(ns::CLIENT, true);
    let one = Element::builder("a", "urn:x").attr_ns("b", "urn:y", "1").build().unwrap();
    let first = written(&mut writer, &one);
    assert_eq!(written(&mut writer, &one), first);
    let mut out = b"before".to_vec();
    writer.write(one.as_ref(), &mut out);
    assert_eq!(out, format!("before{first}").into_bytes());
}

#[test]
fn part_of_a_tree_is_written_alone() {
    let element = Element::builder("a", "urn:x")
        .child_with("b", "urn:x", |b| b.text("t").child_with("c", "", |c| c))
        .text("after")
        .build()
        .unwrap();
    let b = element.child("b", "urn:x").unwrap();
    assert_eq!(b.to_xml(), "<b xmlns='urn:x'>t<c xmlns=''/></b>");
}

/// 64 KiB, which is less than a byte for each level.
#[test]
fn deep_trees_are_built_and_written_on_a_small_stack() {
    const LEVELS: usize = 80_000;
    let work = || {
        let mut builder = Element::builder("a", ns::CLIENT);
        for _ in 0..LEVELS {
            builder.open("a", ns::CLIENT);
        }
        builder.push_text("x");
        for _ in 0..LEVELS {
            builder.close();
        }
        let element = builder.build().unwrap();
        let (open, close) = ("<a>".repeat(LEVELS + 1), "</a>".repeat(LEVELS + 1));
        assert!(write_once(ns::CLIENT, true, &element) == format!("{open}x{close}"));
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rxml_reads_back_the_same(spec in arbitrary::spec()) {
        let element = spec.build();
        let xml = element.to_xml();
        prop_assert_eq!(oracle::read(&xml), Ok(element), "{}", xml);
    }

    #[test]
    fn rxml_reads_back_the_same_within_a_stream(
        specs in prop::collection::vec(arbitrary::spec(), 1..4),
        default_ns in prop::sample::select(vec![ns::CLIENT, "", "urn:x", ns::STREAM, "urn:other"]),
        stream_prefix in any::<bool>(),
    ) {
        let elements: Vec<_> = specs.iter().map(arbitrary::Spec::build).collect();
        let mut writer = Writer::new(default_ns, stream_prefix);
        let prefix = if stream_prefix { "stream" } else { "s" };
        let header = format!("<{prefix}:x xmlns='{default_ns}' xmlns:{prefix}='{}'>", ns::STREAM);
        let mut out = header.into_bytes();
        for element in &elements {
            writer.write(element.as_ref(), &mut out);
        }
        out.extend_from_slice(format!("</{prefix}:x>").as_bytes());
        let out = String::from_utf8(out).unwrap();
        prop_assert_eq!(oracle::read_stream(&out), Ok(elements), "{}", out);
    }
}
