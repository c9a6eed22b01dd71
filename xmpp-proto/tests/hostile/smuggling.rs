//! Stanza smuggling: input that two parsers might read differently, so that one of them finds a
//! stanza where the other one saw text.

use xmpp_proto::xml::{Element, ErrorKind};

use super::{HEADER, accepted, read, refused_stanza};

/// Places in a stanza where a byte may stand; it is put between the two parts.
const PLACES: [(&[u8], &[u8]); 10] = [
    (b"<a", b"></a>"),
    (b"<a><", b"/></a>"),
    (b"<a></a", b">"),
    (b"<a b", b"=''/>"),
    (b"<a b='", b"'/>"),
    (b"<a xmlns='", b"'/>"),
    (b"<a>", b"</a>"),
    (b"<a>&", b";</a>"),
    (b"<a><![CDATA[", b"]]></a>"),
    (b"", b"<a/>"),
];

/// Overlong forms, surrogates, what lies beyond U+10FFFF, stray and missing bytes.
const NOT_UTF8: [&[u8]; 12] = [
    b"\xC0\x80",
    b"\xC0\xBC", // an overlong `<`
    b"\xC1\xBF",
    b"\xE0\x80\xBC",
    b"\xE0\x9F\xBF",
    b"\xF0\x80\x80\xBC",
    b"\xED\xA0\x80",
    b"\xED\xA0\x80\xED\xB0\x80", // a pair of them, as CESU-8 has it
    b"\xF4\x90\x80\x80",
    b"\xF8\x88\x80\x80\x80",
    b"\x80",
    b"\xFF",
];

#[test]
fn overlong_surrogate_and_stray_utf8_in_every_place() {
    for (before, after) in PLACES {
        for bad in NOT_UTF8 {
            let at = before.len() as u64;
            let found = refused_stanza([before, bad, after].concat());
            assert_eq!(found, (ErrorKind::InvalidUtf8, at), "{bad:X?} behind {before:?}");
        }
    }
}

/// Zoom: a parser that trusts the length in the first byte does not see the markup behind it, one
/// that does not sees a stanza.
#[test]
fn cve_2022_22784_a_truncated_character_does_not_swallow_markup() {
    for (before, after) in PLACES {
        for lead in [&b"\xC3"[..], b"\xE3", b"\xEB", b"\xEB\x80", b"\xF0", b"\xF0\x9F\x98"] {
            for markup in [&b"<"[..], b">", b"'", b"/>", b"&", b"<b><message/>"] {
                let at = before.len() as u64;
                let found = refused_stanza([before, lead, markup, after].concat());
                assert_eq!(found, (ErrorKind::InvalidUtf8, at), "{lead:X?} behind {before:?}");
            }
        }
    }
}

/// expat did not check the later bytes of characters in names.
#[test]
fn cve_2022_25235_names_are_checked_byte_by_byte() {
    for bad in [&b"\xC3\x28"[..], b"\xE6\x9D\x3D", b"\xE6\x28\xB1", b"\xF0\x90\x28\x80"] {
        for (before, after) in [(&b"<\xC3\xA9"[..], &b"/>"[..]), (b"<a \xE6\x9D\xB1", b"=''/>")] {
            let found = refused_stanza([before, bad, after].concat());
            assert_eq!(found, (ErrorKind::InvalidUtf8, before.len() as u64), "{bad:X?}");
        }
    }
}

/// expat joined namespace and name by a character that may occur in a namespace name.
#[test]
fn cve_2022_25236_a_namespace_never_runs_into_a_name() {
    for separator in [" ", "\n", "&#10;", "}", "|", "#", ":", "!", "&#x7F;", "\u{F8FF}"] {
        let stanza = accepted(&format!("<a xmlns='urn:x{separator}b'/>"));
        assert_eq!(stanza.name(), "a");
        assert!(stanza.ns().starts_with("urn:x") && stanza.ns().ends_with('b'), "{stanza}");
        let other = accepted("<b xmlns='urn:x'/>");
        assert_ne!(stanza, other);
        assert_eq!(stanza.to_xml().parse().as_ref(), Ok(&stanza));
        let prefixed = accepted(&format!("<p:a xmlns:p='urn:x{separator}b'/>"));
        assert_eq!(prefixed, stanza);
    }
}

#[test]
fn nul_and_other_characters_that_xml_excludes_in_every_place() {
    for (before, after) in PLACES {
        for code in [0, 1, 8, 0xB, 0xC, 0xE, 0x1F, 0xFFFE, 0xFFFF] {
            let bad = char::from_u32(code).expect("no surrogate").to_string();
            let found = refused_stanza([before, bad.as_bytes(), after].concat());
            let expected = (ErrorKind::ForbiddenChar(code), before.len() as u64);
            assert_eq!(found, expected, "behind {before:?}");
        }
    }
    for reference in ["&#0;", "&#x0;", "&#11;", "&#x1F;", "&#xD800;", "&#xFFFF;", "&#x110000;"] {
        let text = refused_stanza(format!("<a>{reference}</a>"));
        assert_eq!(text, (ErrorKind::InvalidReference, 3), "{reference}");
        let value = refused_stanza(format!("<a b='{reference}'/>"));
        assert_eq!(value, (ErrorKind::InvalidReference, 6), "{reference}");
    }
}

#[test]
fn names_that_are_none() {
    for name in ["1", "-", ".", "a b", "a\u{D7}", "\u{B7}a", "a\u{37E}", "a:b:c", ":a", "a:", ""] {
        refused_stanza(format!("<{name}/>"));
        refused_stanza(format!("<a {name}=''/>"));
        refused_stanza(format!("<a></a{name}>x"));
    }
}

#[test]
fn prefixes_that_are_not_bound() {
    for (stanza, at) in [
        ("<p:a/>", 1),
        ("<a p:b=''/>", 3),
        ("<a><b xmlns:p='urn:p'/><p:c/></a>", 24),
        ("<a xmlns:P='urn:p'><p:b/></a>", 20),
    ] {
        assert_eq!(refused_stanza(stanza), (ErrorKind::UndeclaredPrefix, at), "{stanza}");
    }
}

/// What looks like a stanza and is text stays text, also when it is written again.
#[test]
fn markup_in_text_values_and_sections_stays_there() {
    let smuggled = "</body></message><message from='admin@example.com'><body>do it";
    let escaped = smuggled.replace('<', "&lt;");
    for stanza in [
        format!("<message><body><![CDATA[{smuggled}]]></body></message>"),
        format!("<message><body>{escaped}</body></message>"),
        format!("<message><body>{}</body></message>", smuggled.replace('<', "&#60;")),
    ] {
        let message = accepted(&stanza);
        assert_eq!(message.elements().next().expect("a body").text(), smuggled);
        let again: Element = message.to_xml().parse().expect("well-formed");
        assert_eq!(again, message);
    }
    let message = accepted(&format!("<message id=\"{escaped}\"/>"));
    assert_eq!(message.attr("id").as_deref(), Some(smuggled));
    assert_eq!(message.to_xml().parse(), Ok(message));
}

/// Two sections, or the end of one in the text, are not a way to write `]]>`.
#[test]
fn the_end_of_a_section_is_found_at_the_first_place() {
    let message = accepted("<a><![CDATA[]]]]><![CDATA[>]]></a>");
    assert_eq!(message.text(), "]]>");
    let message = accepted("<a><![CDATA[<![CDATA[]]></a>");
    assert_eq!(message.text(), "<![CDATA[");
    assert_eq!(refused_stanza("<a><![CDATA[]]>]]></a>"), (ErrorKind::CdataEnd, 15));
    assert_eq!(refused_stanza("<a>]]&#62;]]></a>"), (ErrorKind::CdataEnd, 10));
}

/// Whatever comes after a fault is not read, in whatever chunks.
#[test]
fn nothing_behind_a_fault_becomes_a_stanza() {
    let stream = format!("{HEADER}<a/><b></c><message>smuggled</message>");
    for chunk in 1..stream.len() {
        let (elements, error) = read(stream.as_bytes(), chunk);
        let names: Vec<_> = elements.iter().map(Element::name).collect();
        assert_eq!(names, ["a"]);
        assert_eq!(error.map(|(kind, _)| kind), Some(ErrorKind::MismatchedEndTag));
    }
}
