use super::*;
use crate::xml::ErrorKind::*;

/// What follows the header, the kind, and where the error points, counted from the header's end.
pub(super) const STANZAS: &[(&[u8], ErrorKind, u64)] = &[
    // XML 1.0: tags.
    (b"<>", InvalidName, 1),
    (b"< a/>", InvalidName, 1),
    (b"<1a/>", InvalidName, 1),
    (b"<-a/>", InvalidName, 1),
    (b"<.a/>", InvalidName, 1),
    (b"<a\xC3\x97/>", UnexpectedByte, 2),
    (b"<a></b>", MismatchedEndTag, 3),
    (b"<a></aa>", MismatchedEndTag, 3),
    (b"<aa></a>", MismatchedEndTag, 4),
    (b"<a></A>", MismatchedEndTag, 3),
    (b"<a></a b='1'>", UnexpectedByte, 7),
    (b"<a></ a>", MismatchedEndTag, 3),
    (b"<abcdefghi></abcdefghj>", MismatchedEndTag, 11),
    (b"<abcdefghi></abcdefghij>", MismatchedEndTag, 11),
    (b"<a></>", MismatchedEndTag, 3),
    (b"<a/ >", UnexpectedByte, 3),
    (b"<a/b/>", UnexpectedByte, 3),
    (b"<a<b/></a>", UnexpectedByte, 2),
    (b"<a <b/></a>", InvalidName, 3),
    (b"<<a/>", InvalidName, 1),
    (b"<a\"/>", UnexpectedByte, 2),
    (b"<a></a<", UnexpectedByte, 6),
    // XML 1.0: attributes.
    (b"<a b/>", UnexpectedByte, 4),
    (b"<a b>", UnexpectedByte, 4),
    (b"<a b=1/>", UnexpectedByte, 5),
    (b"<a b='1'c='2'/>", UnexpectedByte, 8),
    (b"<a b='1' b='2'/>", DuplicateAttribute, 9),
    (b"<a abcdefghi='1' abcdefghi='2'/>", DuplicateAttribute, 17),
    (b"<a b='<'/>", UnexpectedByte, 6),
    (b"<a b='1/><c>", UnexpectedByte, 9),
    (b"<a ='1'/>", InvalidName, 3),
    (b"<a 1='1'/>", InvalidName, 3),
    (b"<a b=>", UnexpectedByte, 5),
    (b"<a b==\"1\"/>", UnexpectedByte, 5),
    (b"<a b='&'/>", InvalidReference, 6),
    (b"<a b='&x;'/>", UnknownEntity, 6),
    (b"<a b='&#0;'/>", InvalidReference, 6),
    // XML 1.0: references.
    (b"<a>&</a>", InvalidReference, 3),
    (b"<a>& </a>", InvalidReference, 3),
    (b"<a>&;</a>", InvalidReference, 3),
    (b"<a>&lol;</a>", UnknownEntity, 3),
    (b"<a>&nbsp;</a>", UnknownEntity, 3),
    (b"<a>&LT;</a>", UnknownEntity, 3),
    (b"<a>&lt</a>", InvalidReference, 3),
    (b"<a>&#;</a>", InvalidReference, 3),
    (b"<a>&#x;</a>", InvalidReference, 3),
    (b"<a>&#X41;</a>", InvalidReference, 3),
    (b"<a>&#6g;</a>", InvalidReference, 3),
    (b"<a>&#-5;</a>", InvalidReference, 3),
    (b"<a>&#+65;</a>", InvalidReference, 3),
    (b"<a>&#x1F;</a>", InvalidReference, 3),
    (b"<a>&#xD800;</a>", InvalidReference, 3),
    (b"<a>&#xFFFE;</a>", InvalidReference, 3),
    (b"<a>&#x110000;</a>", InvalidReference, 3),
    (b"<a>&#99999999999;</a>", InvalidReference, 3),
    (b"<a>&#000000065;</a>", InvalidReference, 3),
    (b"<a>&#00000000000000000000000000000065;</a>", InvalidReference, 3),
    (b"<a>&an-entity-with-a-name-longer-than-any-reference;</a>", UnknownEntity, 3),
    // XML 1.0: character data.
    (b"<a>]]></a>", CdataEnd, 3),
    (b"<a>x]]]></a>", CdataEnd, 5),
    (b"<a><![CDATA[]]>]]></a>", CdataEnd, 15),
    (b"<a><![cdata[]]></a>", UnexpectedByte, 6),
    (b"<a><![CDAT<", UnexpectedByte, 10),
    (b"<a><!<", UnexpectedByte, 5),
    // RFC 6120 §11.1.
    (b"<!DOCTYPE a>", Doctype, 0),
    (b"<!ENTITY a 'b'>", Doctype, 0),
    (b"<a><!DOCTYPE a></a>", Doctype, 3),
    (b"<?xml version='1.0'?>", ProcessingInstruction, 0),
    (b"<?php?>", ProcessingInstruction, 0),
    (b"<a><?php?></a>", ProcessingInstruction, 3),
    (b"<!-- x -->", Comment, 0),
    (b"<a><!-- x --></a>", Comment, 3),
    (b"<!\x20", UnexpectedByte, 2),
    // RFC 6120 §11.6 and XML 1.0 §2.2.
    (b"<a>\xFF</a>", InvalidUtf8, 3),
    (b"<a>\x00</a>", ForbiddenChar(0), 3),
    (b"<a>\x08</a>", ForbiddenChar(8), 3),
    (b"<a>\x0B</a>", ForbiddenChar(0xB), 3),
    (b"<a>\x1F</a>", ForbiddenChar(0x1F), 3),
    (b"<a b='\x01'/>", ForbiddenChar(1), 6),
    (b"<a\x0C/>", ForbiddenChar(0xC), 2),
    (b"<a>\xEF\xBF\xBE</a>", ForbiddenChar(0xFFFE), 3),
    (b"<a>\xEF\xBF\xBF</a>", ForbiddenChar(0xFFFF), 3),
    (b"\x01", ForbiddenChar(1), 0),
    // Namespaces in XML 1.0.
    (b"<:a/>", InvalidName, 1),
    (b"<p:/>", InvalidName, 3),
    (b"<p:q:a/>", InvalidName, 4),
    (b"<stream:1a/>", InvalidName, 8),
    (b"<a :b='1'/>", InvalidName, 3),
    (b"<a p:='1'/>", InvalidName, 5),
    (b"<a p:b:c='1'/>", InvalidName, 6),
    (b"<a xmlns:='x'/>", InvalidName, 9),
    (b"<p:a/>", UndeclaredPrefix, 1),
    (b"<a p:b='1'/>", UndeclaredPrefix, 3),
    (b"<a><b xmlns:p='x'/><p:c/></a>", UndeclaredPrefix, 20),
    (b"<a><b xmlns:p='x'></b><p:c/></a>", UndeclaredPrefix, 23),
    (b"<a xmlns:p=''/>", EmptyNamespace, 3),
    (b"<a xmlns:p='p' xmlns:q='p' p:b='1' q:b='2'/>", DuplicateAttribute, 35),
    (b"<a xmlns:p='p' xmlns:p='q'/>", DuplicateAttribute, 15),
    (b"<a xmlns='p' xmlns='p'/>", DuplicateAttribute, 13),
    (b"<a xml:lang='a' xml:lang='b'/>", DuplicateAttribute, 16),
    (b"<a xmlns:xml='x'/>", ReservedPrefix, 3),
    (b"<a xmlns:xml=''/>", ReservedPrefix, 3),
    (b"<a xmlns:xmlns='x'/>", ReservedPrefix, 3),
    (b"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", ReservedPrefix, 3),
    (b"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", ReservedPrefix, 3),
    (b"<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", ReservedPrefix, 3),
    (b"<a xmlns='http://www.w3.org/2000/xmlns/'/>", ReservedPrefix, 3),
    (b"<a xmlns='http://www.w3.org/2000/xmln&#115;/'/>", ReservedPrefix, 3),
    (b"<xmlns:a/>", ReservedPrefix, 1),
    // The stream.
    (b"x", TextOutsideStanza, 0),
    (b"<a/>x", TextOutsideStanza, 4),
    (b" \n&lt;", TextOutsideStanza, 2),
    (b"<![CDATA[x]]>", TextOutsideStanza, 0),
    (b"</stream>", MismatchedEndTag, 0),
    (b"</stream:strean>", MismatchedEndTag, 0),
    (b"</stream:stream/>", UnexpectedByte, 15),
    (b"</stream:stream>x", TrailingData, 16),
    (b"</stream:stream> <a/>", TrailingData, 17),
];

#[test]
fn streams_that_xml_and_rfc_6120_11_forbid() {
    for (input, kind, offset) in STANZAS {
        let stream = [HEADER.as_bytes(), input].concat();
        let (_, error) = run(Limits::default(), &stream);
        let expected = Error::new(*kind, HEADER.len() as u64 + offset);
        assert_eq!(error, Some(expected), "{}", String::from_utf8_lossy(input));
    }
}

/// Input from the first byte on.
pub(super) const HEADERS: &[(&[u8], ErrorKind, u64)] = &[
    (b"x", TextOutsideStanza, 0),
    (b"GET / HTTP/1.1\r\n", TextOutsideStanza, 0),
    (b"\x16\x03\x01", ForbiddenChar(0x16), 0),
    (b"\xFE\xFF\x00<", InvalidUtf8, 0),
    (b"\xEF\xBB\xBF<a>", TextOutsideStanza, 0),
    (b" \xEF\xBB\xBF<a>", TextOutsideStanza, 1),
    (b"</a>", UnexpectedByte, 1),
    (b"<!DOCTYPE a [<!ENTITY lol 'lol'>]><a>", Doctype, 0),
    (b"<!-- c --><a>", Comment, 0),
    (b"<![CDATA[", TextOutsideStanza, 0),
    (b"<?pi?><a>", ProcessingInstruction, 0),
    (b"<?xml-stylesheet href='x'?><a>", ProcessingInstruction, 0),
    (b"<?xm version='1.0'?><a>", ProcessingInstruction, 0),
    (b" <?xml version='1.0'?><a>", ProcessingInstruction, 1),
    (b"<?xml version='1.0'?><?xml version='1.0'?><a>", ProcessingInstruction, 21),
    (b"<?xml?><a>", InvalidXmlDeclaration, 5),
    (b"<?xml ?><a>", InvalidXmlDeclaration, 5),
    (b"<?xml version='1.1'?><a>", UnsupportedXmlVersion, 15),
    (b"<?xml version='2.0'?><a>", UnsupportedXmlVersion, 15),
    (b"<?xml encoding='UTF-8'?><a>", InvalidXmlDeclaration, 5),
    (b"<?xml version='1.0' encoding='UTF-16'?><a>", UnsupportedEncoding, 30),
    (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>", UnsupportedEncoding, 30),
    (b"<?xml version='1.0'encoding='UTF-8'?><a>", InvalidXmlDeclaration, 19),
    (b"<?xml version='1.0' standalone='maybe'?><a>", InvalidXmlDeclaration, 32),
    (b"<?xml version='1.0' standalone='no' encoding='UTF-8'?><a>", InvalidXmlDeclaration, 36),
    (b"<?xml version=1.0?><a>", InvalidXmlDeclaration, 14),
    (b"<?xml version='1.0><a>", InvalidXmlDeclaration, 19),
    (b"<?xml version='1.0'? ><a>", InvalidXmlDeclaration, 20),
    (b"<a:b xmlns:c='d'>", UndeclaredPrefix, 1),
    (b"<a x='1' x='1'>", DuplicateAttribute, 9),
    (b"<a/>x", TrailingData, 4),
    (b"<a/></a>", TrailingData, 4),
    (b"<a></a><b/>", TrailingData, 7),
];

#[test]
fn stream_headers_that_xml_and_rfc_6120_11_forbid() {
    for (input, kind, offset) in HEADERS {
        let (_, error) = run(Limits::default(), input);
        let expected = Error::new(*kind, *offset);
        assert_eq!(error, Some(expected), "{}", String::from_utf8_lossy(input));
    }
}

/// What stands before the fault is handed out first, wherever chunks end.
#[test]
fn nothing_before_a_fault_is_lost() {
    let good = "<a/><b>x</b> <c/>";
    for (input, kind, offset) in STANZAS {
        let stream = [HEADER.as_bytes(), good.as_bytes(), input].concat();
        let (items, error) = run(Limits::default(), &stream);
        assert!(items.len() >= 4, "{}", String::from_utf8_lossy(input));
        let offset = (HEADER.len() + good.len()) as u64 + offset;
        assert_eq!(error, Some(Error::new(*kind, offset)), "{}", String::from_utf8_lossy(input));
    }
}

/// RFC 3629 §3 and §4: overlong forms, surrogates, values past U+10FFFF, stray and missing
/// continuation bytes. The error points at the first byte of the sequence.
#[test]
fn invalid_utf8_is_refused_wherever_a_chunk_cuts_it() {
    let sequences: [&[u8]; 16] = [
        b"\xC0\x80",
        b"\xC1\xBF",
        b"\xE0\x80\x80",
        b"\xE0\x9F\xBF",
        b"\xF0\x80\x80\x80",
        b"\xF0\x8F\xBF\xBF",
        b"\xED\xA0\x80",
        b"\xED\xBF\xBF",
        b"\xF4\x90\x80\x80",
        b"\xF5",
        b"\xFF",
        b"\x80",
        b"\xC3(",
        b"\xE2\x82(",
        b"\xF0\x9F\x98(",
        b"\xE2\x82",
    ];
    for bad in sequences {
        for before in 0..8 {
            let mut stream = HEADER.as_bytes().to_vec();
            stream.extend_from_slice(b"<a>");
            stream.extend((0..before).map(|_| b'x'));
            let offset = stream.len() as u64;
            stream.extend_from_slice(bad);
            stream.extend_from_slice(b"</a>");
            let (_, error) = run(Limits::default(), &stream);
            assert_eq!(error, Some(Error::new(InvalidUtf8, offset)), "{bad:?}");
        }
    }
}

/// A character cut by the end of a chunk waits; it is not yet an error.
#[test]
fn a_cut_character_is_not_an_error_until_it_cannot_be_completed() {
    let mut parser = Parser::new(Limits::default());
    parser.push(HEADER.as_bytes());
    parser.push(b"<a>\xF0\x9F");
    assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
    assert!(matches!(parser.next(), Ok(None)));
    parser.push(b"\x98");
    assert!(matches!(parser.next(), Ok(None)));
    parser.push(b"\x80</a>");
    let Ok(Some(Item::Element(element))) = parser.next() else { panic!("complete") };
    assert_eq!(element.text(), "\u{1F600}");
}
