use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::super::{escape, oracle};
use super::*;

#[test]
fn references_are_resolved() {
    let raw = "&lt;&gt;&amp;&apos;&quot;&#65;&#x42;&#x1F600;&#x0000043;";
    assert_eq!(text(raw, true), "<>&'\"AB\u{1F600}C");
    assert_eq!(value(raw, true), "<>&'\"AB\u{1F600}C");
}

#[test]
fn a_resolved_reference_is_not_read_again() {
    assert_eq!(text("&amp;lt;&#38;amp;", true), "&lt;&amp;");
}

#[test]
fn xml_2_11_line_ends_become_line_feeds() {
    assert_eq!(text("a\r\nb\rc\nd\r\r\ne", true), "a\nb\nc\nd\n\ne");
    assert_eq!(text("<![CDATA[a\r\nb\rc]]>\r", true), "a\nb\nc\n");
}

#[test]
fn xml_2_11_a_character_reference_is_no_line_end() {
    assert_eq!(text("&#13;\n&#xD;", true), "\r\n\r");
    assert_eq!(value("&#13;&#10;&#9;", true), "\r\n\t");
}

#[test]
fn xml_3_3_3_white_space_in_values_becomes_spaces() {
    assert_eq!(value("a\tb\nc\rd\r\ne\n\rf", true), "a b c d e  f");
}

#[test]
fn cdata_is_taken_as_it_is() {
    assert_eq!(text("a<![CDATA[<b>&amp;]]]]><![CDATA[>]]>c", true), "a<b>&amp;]]>c");
    assert_eq!(text("<![CDATA[]]>", true), "");
}

#[test]
fn only_empty_cdata_is_empty() {
    assert!(is_empty(""));
    assert!(is_empty("<![CDATA[]]><![CDATA[]]>"));
    assert!(!is_empty("<![CDATA[ ]]>"));
    assert!(!is_empty("<![CDATA[]]>x"));
    assert!(!is_empty("<![CDATA["));
}

#[test]
fn without_the_flag_nothing_is_read_or_copied() {
    assert!(matches!(text("&lt;\r", false), Cow::Borrowed("&lt;\r")));
    assert!(matches!(value("&lt;\r", false), Cow::Borrowed("&lt;\r")));
}

#[test]
fn what_is_no_reference_stands_for_itself() {
    for raw in ["&", "&;", "&x", "&bogus;", "&#;", "&#x;", "&#xD800;", "&#+65;", "&#x110000;", "<"]
    {
        assert_eq!(text(raw, true), raw);
        assert_eq!(value(raw, true), raw);
    }
    assert_eq!(text("<![CDATA[open", true), "open");
}

/// Pieces that may stand in a value, in any order.
#[rustfmt::skip]
const IN_VALUE: &[&str] = &[
    "&lt;", "&amp;", "&#xD;", "&#10;", "&#x9;", "\n", "\r\n", "\t", " ", "x", "é", "]x",
    "\u{10FFFF}", ";", "#",
];
/// Further pieces that may stand in text, in some orders.
const IN_TEXT: &[&str] = &["<![CDATA[", "<![CDATA[\r\n&lt;<", "]]>"];
/// Pieces to leave out where rxml is asked: it keeps or refuses some lone carriage returns,
/// against XML 1.0 §2.11. (It also keeps those after `]` in CDATA: hence `]x` above.)
const LONE: &[&str] = &["\r", "&", "<"];

fn raw(pieces: &[&[&'static str]]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces.concat()), 0..12).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_string_is_decoded_without_panic(raw in raw(&[IN_VALUE, IN_TEXT, LONE])) {
        let _ = (text(&raw, true), value(&raw, true), is_empty(&raw));
    }

    #[test]
    fn rxml_decodes_text_to_the_same(raw in raw(&[IN_VALUE, IN_TEXT])) {
        // Where rxml refuses, the parser does too, and there is nothing to decode.
        if let Ok(element) = oracle::read(&format!("<a>{raw}</a>")) {
            prop_assert_eq!(element.text(), text(&raw, true));
            prop_assert_eq!(is_empty(&raw), text(&raw, true).is_empty());
        }
    }

    #[test]
    fn rxml_decodes_values_to_the_same(raw in raw(&[IN_VALUE])) {
        let element = oracle::read(&format!("<a b='{raw}'/>")).expect("well-formed");
        prop_assert_eq!(element.attr("b").expect("there"), value(&raw, true));
    }

    #[test]
    fn what_is_escaped_decodes_to_itself(chars in prop::collection::vec(any::<char>(), 0..40)) {
        let plain: String = chars.into_iter().filter(|c| super::super::chars::is_char(*c)).collect();
        let mut escaped = Vec::new();
        escape::text(&plain, &mut escaped);
        prop_assert_eq!(text(core::str::from_utf8(&escaped).unwrap(), true), plain.as_str());
        escaped.clear();
        escape::attr(&plain, &mut escaped);
        prop_assert_eq!(value(core::str::from_utf8(&escaped).unwrap(), true), plain.as_str());
    }
}
