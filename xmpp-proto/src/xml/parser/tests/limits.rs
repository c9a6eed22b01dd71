//! Limits, and work that stays linear whatever comes.

use core::fmt::Write;

use super::*;

/// The one error, the same for all chunk sizes: kind and offset behind the header.
fn refused(limits: Limits, input: &str) -> (ErrorKind, u64) {
    let (_, error) = run(limits, format!("{HEADER}{input}").as_bytes());
    let error = error.expect("a limit is exceeded");
    (error.kind(), error.offset() - HEADER.len() as u64)
}

fn accepted(limits: Limits, input: &str) {
    let (items, error) = run(limits, format!("{HEADER}{input}").as_bytes());
    assert_eq!((items.len(), error), (2, None), "{input}");
}

#[test]
fn oversized_stanza() {
    let limits = Limits::default().with_stanza_bytes(100);
    let fits = format!("<a>{}</a>", "x".repeat(93));
    assert_eq!(fits.len(), 100);
    accepted(limits, &fits);
    let inputs = [
        format!("<a>{}</a>", "x".repeat(94)),
        format!("<a>{}", "x".repeat(98)),
        format!("<a b='{}'/>", "x".repeat(98)),
        format!("<a b='{}", "x".repeat(98)),
        format!("<{}", "x".repeat(101)),
        format!("<a><![CDATA[{}", "x".repeat(98)),
        format!("<a>{}", "<b/>".repeat(98)),
        format!("<a>{}", "<b>".repeat(40)),
        format!("<a>{}", "&lt;".repeat(40)),
        // What is wrong behind the limit is not looked at.
        format!("<a>{}</b>", "x".repeat(97)),
        format!("<a>{}<b c='1' c='1'/>", "x".repeat(90)),
        format!("<a>{}\u{1}", "x".repeat(99)),
    ];
    for input in inputs {
        assert_eq!(refused(limits, &input), (ErrorKind::StanzaTooLong, 100), "{input}");
    }
    // White space between stanzas is not part of any.
    let spaced = format!("{}{fits}", " ".repeat(1000));
    accepted(limits, &spaced);
    // An end tag of the stream is bounded too.
    let endless = format!("</stream:stream{}>", " ".repeat(100));
    assert_eq!(refused(limits, &endless), (ErrorKind::StanzaTooLong, 100));
}

#[test]
fn oversized_header() {
    let limits = Limits::default().with_header_bytes(64);
    let inputs = [
        format!("<?xml version='1.0'{}?><a>", " ".repeat(100)),
        format!("<?xml version='1.0'{}", " ".repeat(100)),
        format!("<a b='{}'>", "x".repeat(100)),
        format!("<a b='{}", "x".repeat(100)),
        format!("<a{}>", " ".repeat(100)),
    ];
    for input in inputs {
        let (items, error) = run(limits, input.as_bytes());
        assert_eq!((items.len(), error), (0, Some(Error::new(ErrorKind::HeaderTooLong, 64))));
    }
    let fits = format!("<?xml version='1.0'?>{}<a{}>", " ".repeat(1000), " ".repeat(61));
    assert_eq!(run(limits, fits.as_bytes()).0.len(), 1);
}

#[test]
fn depth_bomb() {
    let limits = Limits::default().with_depth(3);
    accepted(limits, "<a><a><a/></a></a>");
    accepted(limits, "<a><a><a></a></a><a><a/></a></a>");
    assert_eq!(refused(limits, "<a><a><a><a/></a></a></a>"), (ErrorKind::TooDeep, 9));
    assert_eq!(refused(Limits::default(), &"<a>".repeat(10_000)), (ErrorKind::TooDeep, 128 * 3));
}

#[test]
fn attribute_flood() {
    // As many as the header has.
    let limits = Limits::default().with_attributes(4);
    accepted(limits, "<a b='' xmlns:c='d' xmlns='e' f=''/>");
    let input = "<a b='' xmlns:c='d' xmlns='e' f='' c:g=''/>";
    assert_eq!(refused(limits, input), (ErrorKind::TooManyAttributes, 35));
    let mut flood = String::from("<a");
    for i in 0..10_000 {
        write!(flood, " a{i}=''").expect("into a string");
    }
    flood.push_str("/>");
    assert_eq!(refused(Limits::default(), &flood).0, ErrorKind::TooManyAttributes);
}

#[test]
fn entity_bomb() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]>";
    assert_eq!(refused(Limits::default(), bomb), (ErrorKind::Doctype, 0));
    assert_eq!(refused(Limits::default(), "<a>&lol2;</a>"), (ErrorKind::UnknownEntity, 3));
}

#[test]
fn long_names() {
    // As long as `stream:stream`.
    let limits = Limits::default().with_name_bytes(13);
    accepted(limits, "<abcdefghijklm abcdefghijklm=''><stream:abcdef/></abcdefghijklm>");
    assert_eq!(refused(limits, "<abcdefghijklmn/>"), (ErrorKind::NameTooLong, 1));
    assert_eq!(refused(limits, "<a abcdefghijklmn=''/>"), (ErrorKind::NameTooLong, 3));
    assert_eq!(refused(limits, "<a><stream:abcdefg/></a>"), (ErrorKind::NameTooLong, 4));
    let seven = "\u{e9}".repeat(7);
    assert_eq!(refused(limits, &format!("<{seven}/>")), (ErrorKind::NameTooLong, 1));
    let unlimited = Limits::default().with_name_bytes(usize::MAX);
    let long = "x".repeat(65_536);
    assert_eq!(refused(unlimited, &format!("<{long}/>")), (ErrorKind::NameTooLong, 1));
    accepted(unlimited, &format!("<{}/>", &long[1..]));
}

#[test]
fn many_namespaces() {
    // The header declares one prefix.
    let limits = Limits::default().with_namespaces(3).with_foreign_namespaces(2);
    accepted(limits, "<a xmlns:p='p' xmlns:q='q'/>");
    accepted(limits, "<a><b xmlns:p='p' xmlns:q='q'/><b xmlns:r='p' xmlns:s='q'/></a>");
    accepted(limits, "<a><b xmlns='p'/><b xmlns='q'/><b xmlns='p'/></a>");
    let prefixes = "<a xmlns:p='p' xmlns:q='q' xmlns:r='p'/>";
    assert_eq!(refused(limits, prefixes), (ErrorKind::TooManyNamespaces, 27));
    let names = "<a><b xmlns='p'/><b xmlns='q'/><b xmlns='r'/></a>";
    assert_eq!(refused(limits, names), (ErrorKind::TooManyNamespaces, 34));
}

/// A stanza that never ends is refused at the limit and not kept.
#[test]
fn memory_is_bounded() {
    let limits = Limits::default().with_stanza_bytes(64 * 1024);
    let endless: [(&str, &str); 6] = [
        ("<a>", "some text "),
        ("<a>", "<b/>"),
        ("<a b='", ">"),
        ("<a", "a"),
        ("<a><![CDATA[", "]]"),
        ("<a ", " "),
    ];
    for (start, more) in endless {
        let mut parser = Parser::new(limits);
        parser.push(HEADER.as_bytes());
        assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
        parser.push(start.as_bytes());
        let chunk = more.repeat(4096 / more.len());
        let mut error = None;
        for _ in 0..10_000 {
            parser.push(chunk.as_bytes());
            if let Err(e) = parser.next() {
                error = Some(e);
                break;
            }
        }
        let offset = (HEADER.len() + 64 * 1024) as u64;
        assert_eq!(error, Some(Error::new(ErrorKind::StanzaTooLong, offset)), "{start}");
        assert!(parser.reader.input.len() <= 64 * 1024 + 2 * 4096, "{start}");
    }
}

/// Who goes on pushing after an error does not fill memory either.
#[test]
fn memory_is_bounded_after_an_error() {
    let mut parser = Parser::new(Limits::default().with_stanza_bytes(1000));
    parser.push(HEADER.as_bytes());
    parser.push(b"<a/>x");
    while let Ok(Some(_)) = parser.next() {}
    for _ in 0..1000 {
        parser.push(b"<a/><a/><a/><a/><a/>");
        assert!(matches!(parser.next(), Err(e) if e.kind() == ErrorKind::TextOutsideStanza));
        assert!(parser.reader.input.len() < 2000);
    }
    assert_eq!(parser.unread(), 1 + 20 * 1000);
}

/// Consumed bytes do not pile up, and neither do keepalives.
#[test]
fn consumed_bytes_are_discarded() {
    let mut parser = Parser::new(Limits::default());
    parser.push(HEADER.as_bytes());
    assert!(parser.next().is_ok());
    for _ in 0..10_000 {
        parser.push(b"<message><body>hello</body></message> \n<pre");
        assert!(matches!(parser.next(), Ok(Some(Item::Element(_)))));
        assert!(matches!(parser.next(), Ok(None)));
        parser.push(b"sence/>");
        assert!(matches!(parser.next(), Ok(Some(Item::Element(_)))));
        assert!(parser.reader.input.len() < 400);
    }
    for _ in 0..10_000 {
        parser.push(b" ");
        assert!(matches!(parser.next(), Ok(None)));
        assert!(parser.reader.input.len() + parser.gate.held().len() < 2200);
    }
    assert_eq!(parser.unread(), 10_000);
}

/// The tag scan remembers its place, and the bitmaps begin anew wherever the parser goes back
/// to: tags longer than what one stretch of the maps covers, in chunks of every size.
#[test]
fn a_tag_longer_than_the_maps_is_read_whole() {
    let mut tag = String::from("<a");
    for i in 0..60 {
        write!(tag, " attribute-{i}='{}>'", "x/>".repeat(i * 7)).expect("into a string");
    }
    tag.push_str("><b c='d'/></a>");
    assert!(tag.len() > 32 * 1024);
    let (items, error) = run(Limits::default(), format!("{HEADER}{tag}").as_bytes());
    assert_eq!(error, None);
    let Owned::Element(element) = &items[1] else { panic!("a stanza") };
    for (i, attr) in element.attrs().enumerate() {
        assert_eq!(attr.name(), format!("attribute-{i}"));
        assert_eq!(attr.value(), format!("{}>", "x/>".repeat(i * 7)));
    }
    assert_eq!(element.attrs().count(), 60);
    assert_eq!(element.elements().count(), 1);
}

/// A megabyte of each kind of token, byte by byte: quadratic work would take hours.
#[test]
fn hostile_input_takes_linear_work() {
    let limits = Limits::default().with_stanza_bytes(1 << 20).with_foreign_namespaces(8000);
    let size = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let mut names = String::new();
    for i in 0..size / 16 {
        write!(names, "<n xmlns='{}'/>", i % 4000).expect("into a string");
    }
    let inputs = [
        format!("<a b='{}'/>", ">".repeat(size)),
        format!("<a b='{}'/>", "x".repeat(size)),
        format!("<a b='{}'/>", "\"".repeat(size)),
        format!("<a b='{}'/>", "&lt;".repeat(size / 4)),
        format!("<a b='{}'/>", "\n".repeat(size)),
        format!("<a{}b=''/>", " ".repeat(size)),
        format!("<a b{}=''/>", " ".repeat(size)),
        format!("<a>{}</a>", "]".repeat(size)),
        format!("<a>{}</a>", "]]&gt;".repeat(size / 6)),
        format!("<a>{}</a>", "'".repeat(size)),
        format!("<a>{}</a>", "&amp;".repeat(size / 5)),
        format!("<a>{}</a>", "\r\n".repeat(size / 2)),
        format!("<a><![CDATA[{}]]></a>", "]".repeat(size)),
        format!("<a><![CDATA[{}]]></a>", ">".repeat(size)),
        format!("<a>{}</a>", "<![CDATA[]]>".repeat(size / 12)),
        format!("<a>{}</a>", "<b/>".repeat(size / 4)),
        format!("<a></a{}>", " ".repeat(size)),
        format!("<a>{names}</a>"),
    ];
    for input in inputs {
        let stream = format!("{HEADER}{input}");
        let parsed = run_with(limits, stream.as_bytes(), || 1);
        assert_eq!((parsed.0.len(), &parsed.1), (2, &None), "{}", &input[..30]);
        lexer::agrees(limits, stream.as_bytes(), &parsed, || 1);
    }
}
