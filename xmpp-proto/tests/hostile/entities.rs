//! Entity expansion, document types, instructions and comments: before the stream, between
//! stanzas, in text and in attributes, and in documents that stand alone, as WebSocket carries them.

use xmpp_proto::xml::{Element, ErrorKind};

use super::{HEADER, accepted, refused, refused_stanza};

const BILLION_LAUGHS: &str = "<!DOCTYPE lolz [<!ENTITY lol 'lol'>\
     <!ENTITY lol1 '&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;'>\
     <!ENTITY lol2 '&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;'>]>";

/// In all places where a document type may stand, or where somebody may put it.
#[track_caller]
fn check_doctype(doctype: &str) {
    let declared = format!("<?xml version='1.0'?>{doctype}{HEADER}");
    assert_eq!(refused(declared), (ErrorKind::Doctype, 21));
    assert_eq!(refused(format!("{doctype}{HEADER}")), (ErrorKind::Doctype, 0));
    assert_eq!(refused_stanza(format!("{doctype}<a/>")), (ErrorKind::Doctype, 0));
    assert_eq!(refused_stanza(format!("<a>{doctype}</a>")), (ErrorKind::Doctype, 3));
    refused_stanza(format!("<a b=\"{doctype}\"/>"));
    let document = format!("{doctype}<message>&lol2;</message>").parse::<Element>();
    assert_eq!(document.map_err(|error| error.kind()), Err(ErrorKind::Doctype));
}

#[test]
fn billion_laughs() {
    check_doctype(BILLION_LAUGHS);
}

#[test]
fn quadratic_blowup_of_one_large_entity() {
    check_doctype(&format!("<!DOCTYPE a [<!ENTITY a '{}'>]>", "x".repeat(3000)));
}

#[test]
fn external_entity() {
    check_doctype("<!DOCTYPE a [<!ENTITY secret SYSTEM 'file:///secret'>]>");
    check_doctype("<!DOCTYPE a PUBLIC '-//A//B//EN' 'http://example.com/a.dtd'>");
    check_doctype("<!DOCTYPE a SYSTEM 'http://example.com/a.dtd'>");
}

#[test]
fn parameter_entity() {
    check_doctype("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://example.com/p.dtd'> %p;]>");
    assert_eq!(accepted("<a>%p;</a>").text(), "%p;");
}

#[test]
fn attribute_list_that_declares_defaults() {
    check_doctype("<!DOCTYPE a [<!ATTLIST message from CDATA 'admin@example.com'>]>");
}

#[test]
fn entities_in_text() {
    for name in ["lol", "lol9", "nbsp", "eacute", "LT", "Amp", "x-y", "_", "\u{E9}"] {
        let found = refused_stanza(format!("<a>x&{name};</a>"));
        assert_eq!(found, (ErrorKind::UnknownEntity, 4), "{name}");
        let document = format!("<a>x&{name};</a>").parse::<Element>();
        assert_eq!(document.map_err(|error| error.kind()), Err(ErrorKind::UnknownEntity));
    }
}

#[test]
fn entities_in_attributes() {
    for name in ["lol", "lol9", "nbsp", "eacute", "LT", "Amp", "x-y", "_", "\u{E9}"] {
        let found = refused_stanza(format!("<a b='x&{name};'/>"));
        assert_eq!(found, (ErrorKind::UnknownEntity, 7), "{name}");
        let found = refused_stanza(format!("<a xmlns='x&{name};'/>"));
        assert_eq!(found, (ErrorKind::UnknownEntity, 11), "{name}");
        let found = refused(format!("<stream id='x&{name};'>"));
        assert_eq!(found, (ErrorKind::UnknownEntity, 13), "{name}");
        let document = format!("<a b='x&{name};'/>").parse::<Element>();
        assert_eq!(document.map_err(|error| error.kind()), Err(ErrorKind::UnknownEntity));
    }
}

/// What a reference stands for is not looked at again.
#[test]
fn references_are_resolved_once() {
    let stanza = accepted("<a b='&amp;lt;&#38;lol;'>&amp;lt;&#38;#60;&#x26;lol;</a>");
    assert_eq!(stanza.attr("b").as_deref(), Some("&lt;&lol;"));
    assert_eq!(stanza.text(), "&lt;&#60;&lol;");
    let stanza = accepted("<a xmlns='&amp;amp;'/>");
    assert_eq!(stanza.ns(), "&amp;");
}

#[test]
fn comments() {
    assert_eq!(refused(format!("<!-- x -->{HEADER}")), (ErrorKind::Comment, 0));
    assert_eq!(refused_stanza("<!-- x --><a/>"), (ErrorKind::Comment, 0));
    assert_eq!(refused_stanza("<a><!-- x --></a>"), (ErrorKind::Comment, 3));
    assert_eq!(refused_stanza("<a>x<!----></a>"), (ErrorKind::Comment, 4));
    assert_eq!(refused_stanza("<a b='<!-- x -->'/>"), (ErrorKind::UnexpectedByte, 6));
    assert_eq!(refused_stanza("<a <!-- x --> />"), (ErrorKind::InvalidName, 3));
    let document = "<a/><!-- x -->".parse::<Element>().map_err(|error| error.kind());
    assert_eq!(document, Err(ErrorKind::TrailingData));
    assert_eq!(accepted("<a><![CDATA[<!-- x -->]]></a>").text(), "<!-- x -->");
}

#[test]
fn processing_instructions() {
    assert_eq!(refused(format!("<?pi?>{HEADER}")), (ErrorKind::ProcessingInstruction, 0));
    let sheet = format!("<?xml-stylesheet href='http://example.com/x'?>{HEADER}");
    assert_eq!(refused(sheet), (ErrorKind::ProcessingInstruction, 0));
    assert_eq!(refused_stanza("<?pi?><a/>"), (ErrorKind::ProcessingInstruction, 0));
    assert_eq!(refused_stanza("<a><?pi x?></a>"), (ErrorKind::ProcessingInstruction, 3));
    assert_eq!(refused_stanza("<a b='<?pi?>'/>"), (ErrorKind::UnexpectedByte, 6));
    let document = "<?pi?><a/>".parse::<Element>().map_err(|error| error.kind());
    assert_eq!(document, Err(ErrorKind::ProcessingInstruction));
}
