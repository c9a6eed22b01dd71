//! RFC 6120 §11, clause by clause. That each fault ends the stream with the condition that the
//! clause names is tested with the client.

use xmpp_proto::ns;
use xmpp_proto::xml::{Element, ErrorKind};

use super::{HEADER, accepted, read, refused, refused_stanza};

/// An XML declaration and what follows it.
fn declared(attributes: &str) -> String {
    format!("<?xml{attributes}?>{HEADER}")
}

#[test]
fn rfc6120_11_1_comments() {
    assert_eq!(refused_stanza("<message><!-- x --></message>"), (ErrorKind::Comment, 9));
}

#[test]
fn rfc6120_11_1_processing_instructions() {
    let found = refused_stanza("<message><?php x?></message>");
    assert_eq!(found, (ErrorKind::ProcessingInstruction, 9));
}

#[test]
fn rfc6120_11_1_internal_and_external_dtd_subsets() {
    for subset in ["[<!ELEMENT a ANY>]", "SYSTEM 'a.dtd'", "PUBLIC 'a' 'a.dtd' [<!ENTITY b 'c'>]"] {
        assert_eq!(refused(format!("<!DOCTYPE a {subset}>{HEADER}")), (ErrorKind::Doctype, 0));
    }
}

#[test]
fn rfc6120_11_1_entity_references_other_than_the_predefined() {
    assert_eq!(refused_stanza("<a>&lol;</a>"), (ErrorKind::UnknownEntity, 3));
    assert_eq!(refused_stanza("<a b='&lol;'/>"), (ErrorKind::UnknownEntity, 6));
    let stanza = accepted("<a b='&lt;&gt;&amp;&apos;&quot;'>&lt;&gt;&amp;&apos;&quot;</a>");
    assert_eq!((stanza.attr("b").as_deref(), &*stanza.text()), (Some("<>&'\""), "<>&'\""));
}

#[test]
fn rfc6120_11_1_nothing_of_that_is_sent() {
    let content = "<!-- x --><?php x?><!DOCTYPE a>&lol;<![CDATA[x]]>";
    let stanza = Element::builder("a", ns::CLIENT).attr("b", content).text(content).build();
    let xml = stanza.expect("these are characters like others").to_xml();
    assert!(!xml.contains("<!") && !xml.contains("<?") && !xml.contains("&lol;"), "{xml}");
}

#[test]
fn rfc6120_11_2_prefixes_mean_nothing_but_their_namespaces() {
    let plain = accepted("<message><body xmlns='urn:x' a='1'/></message>");
    let prefixed =
        accepted("<c:message xmlns:c='jabber:client' xmlns:x='urn:x'><x:body a='1'/></c:message>");
    assert_eq!(plain, prefixed);
    assert_ne!(plain, accepted("<message><body xmlns='urn:x' xmlns:x='urn:x' x:a='1'/></message>"));
    assert_ne!(
        plain,
        accepted("<message xmlns='jabber:server'><body xmlns='urn:x' a='1'/></message>")
    );
}

#[test]
fn rfc6120_11_3_data_that_is_not_xml_well_formed_is_not_accepted() {
    for (stanza, kind) in [
        ("<a></b>", ErrorKind::MismatchedEndTag),
        ("<a><b></a></b>", ErrorKind::MismatchedEndTag),
        ("<a b='1' b='1'/>", ErrorKind::DuplicateAttribute),
        ("<a b=1/>", ErrorKind::UnexpectedByte),
        ("<a b/>", ErrorKind::UnexpectedByte),
        ("<a b='<'/>", ErrorKind::UnexpectedByte),
        ("<a>&</a>", ErrorKind::InvalidReference),
        ("<a>]]></a>", ErrorKind::CdataEnd),
        ("<1/>", ErrorKind::InvalidName),
        ("<a>\u{1}</a>", ErrorKind::ForbiddenChar(1)),
    ] {
        assert_eq!(refused_stanza(stanza).0, kind, "{stanza}");
    }
}

#[test]
fn rfc6120_11_3_data_that_is_not_namespace_well_formed_is_not_accepted() {
    for (stanza, kind) in [
        ("<p:a/>", ErrorKind::UndeclaredPrefix),
        ("<a p:b=''/>", ErrorKind::UndeclaredPrefix),
        ("<a:b:c xmlns:a='urn:a'/>", ErrorKind::InvalidName),
        ("<a xmlns:p=''/>", ErrorKind::EmptyNamespace),
        ("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", ErrorKind::DuplicateAttribute),
        ("<a xmlns:xmlns='urn:x'/>", ErrorKind::ReservedPrefix),
        ("<a xmlns:xml='urn:x'/>", ErrorKind::ReservedPrefix),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", ErrorKind::ReservedPrefix),
    ] {
        assert_eq!(refused_stanza(stanza).0, kind, "{stanza}");
    }
}

#[test]
fn rfc6120_11_3_data_that_is_not_well_formed_is_not_generated() {
    let builders = [
        Element::builder("a b", ""),
        Element::builder("p:a", ""),
        Element::builder("a", "").attr("b c", ""),
        Element::builder("a", "").attr("p:b", ""),
        Element::builder("a", "").attr("xmlns", "urn:x"),
        Element::builder("a", "").attr("b", "\u{1}"),
        Element::builder("a", "").text("\0"),
        Element::builder("a", "urn:\u{FFFF}"),
        Element::builder("a", ns::XMLNS),
    ];
    for builder in builders {
        assert!(builder.build().is_err());
    }
}

/// Whether a stanza is valid by some schema is for those who know the schema.
#[test]
fn rfc6120_11_4_no_schema_is_asked() {
    let stanza = accepted("<message colour='red'><unknown xmlns='urn:x'/><body/><body/></message>");
    assert_eq!((stanza.attr("colour").as_deref(), stanza.elements().count()), (Some("red"), 3));
}

#[test]
fn rfc6120_11_5_a_declaration_may_come_first_and_once() {
    for attributes in [
        " version='1.0'",
        " version=\"1.0\" encoding=\"utf-8\"",
        "\tversion = '1.0'\nencoding = 'UTF-8' ",
        // "MUST either ignore the standalone document declaration or close the stream".
        " version='1.0' standalone='no'",
        " version='1.0' encoding='UTF-8' standalone='yes'",
    ] {
        let (elements, error) = read(format!("{}<a/>", declared(attributes)).as_bytes(), 5);
        assert_eq!((elements.len(), error), (1, None), "{attributes}");
    }
    let twice = format!("<?xml version='1.0'?>{}", declared(" version='1.0'"));
    assert_eq!(refused(twice), (ErrorKind::ProcessingInstruction, 21));
    let late = refused(format!("\n{}", declared(" version='1.0'")));
    assert_eq!(late, (ErrorKind::ProcessingInstruction, 1));
    assert_eq!(refused_stanza("<?xml version='1.0'?>"), (ErrorKind::ProcessingInstruction, 0));
}

#[test]
fn rfc6120_11_5_a_declaration_follows_the_rules_of_xml() {
    for attributes in [
        "",
        " ",
        " encoding='UTF-8'",
        " encoding='UTF-8' version='1.0'",
        " version='1.0' standalone='maybe'",
        " version='1.0' standalone='no' encoding='UTF-8'",
        " version='1.0'encoding='UTF-8'",
        " version='1.0' lang='en'",
        " version=1.0",
    ] {
        assert_eq!(refused(declared(attributes)).0, ErrorKind::InvalidXmlDeclaration);
    }
}

#[test]
fn rfc6120_11_6_no_encoding_but_utf_8() {
    for name in ["UTF-16", "utf-7", "ISO-8859-1", "US-ASCII", "utf8", "UTF-8 ", ""] {
        let found = refused(declared(&format!(" version='1.0' encoding='{name}'")));
        assert_eq!(found, (ErrorKind::UnsupportedEncoding, 30), "{name}");
    }
    // UTF-16 with and without its mark, UTF-32, and Latin-1 in a stanza.
    let wide =
        |bytes: fn(u16) -> [u8; 2]| HEADER.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let marked = [b"\xFF\xFE", &wide(u16::to_le_bytes)[..]].concat();
    assert_eq!(refused(marked), (ErrorKind::InvalidUtf8, 0));
    assert_eq!(refused(wide(u16::to_be_bytes)), (ErrorKind::ForbiddenChar(0), 0));
    assert_eq!(refused(wide(u16::to_le_bytes)), (ErrorKind::ForbiddenChar(0), 1));
    assert_eq!(refused(b"\0\0\xFE\xFF\0\0\0<"), (ErrorKind::ForbiddenChar(0), 0));
    assert_eq!(refused_stanza(b"<a>caf\xE9</a>"), (ErrorKind::InvalidUtf8, 6));
}

/// "MUST interpret that character as a zero width no-break space, not as a byte order mark".
#[test]
fn rfc6120_11_6_a_byte_order_mark_is_none() {
    assert_eq!(refused(format!("\u{FEFF}{HEADER}")), (ErrorKind::TextOutsideStanza, 0));
    assert_eq!(refused_stanza("\u{FEFF}<a/>"), (ErrorKind::TextOutsideStanza, 0));
    let stanza = accepted("<a b='\u{FEFF}'>\u{FEFF}x\u{FEFF}</a>");
    assert_eq!(stanza.attr("b").as_deref(), Some("\u{FEFF}"));
    assert_eq!(stanza.text(), "\u{FEFF}x\u{FEFF}");
}

#[test]
fn rfc6120_11_7_white_space_may_stand_between_first_level_elements() {
    let stream = format!("{HEADER} \n<a/>\t\r\n<b/> </stream:stream>\n");
    let (elements, error) = read(stream.as_bytes(), 3);
    assert_eq!((elements.len(), error), (2, None));
    let other = refused_stanza("<a/>\u{A0}<b/>");
    assert_eq!(other, (ErrorKind::TextOutsideStanza, 4), "other kinds of space are text");
}

#[test]
fn rfc6120_11_8_xml_1_0_only() {
    for version in ["1.1", "1.2", "2.0", "0.9", "1", "1.0 ", ""] {
        let found = refused(declared(&format!(" version='{version}'")));
        assert_eq!(found, (ErrorKind::UnsupportedXmlVersion, 15), "{version}");
    }
    // What only XML 1.1 allows.
    assert_eq!(refused_stanza("<a>&#1;</a>"), (ErrorKind::InvalidReference, 3));
    assert_eq!(refused_stanza("<a\u{85}b=''/>"), (ErrorKind::UnexpectedByte, 2));
    assert_eq!(refused_stanza("<a xmlns:p='u'><b xmlns:p=''/></a>").0, ErrorKind::EmptyNamespace);
    assert_eq!(accepted("<a>\u{85}\u{2028}</a>").text(), "\u{85}\u{2028}");
}
