//! Streams: headers, scope, restart, reset and what is unread.

use super::*;
use crate::ns;
use crate::xml::ErrorKind;

fn next_is_header(parser: &mut Parser) -> bool {
    matches!(parser.next(), Ok(Some(Item::Header(_))))
}

fn next_is_element(parser: &mut Parser, name: &str) -> bool {
    matches!(parser.next(), Ok(Some(Item::Element(element))) if element.name() == name)
}

/// RFC 6120 §4.7, §4.8: what servers and clients send.
#[test]
fn stream_headers() {
    let with = |start: &str| {
        format!("{start}<stream:stream xmlns:stream='s' xmlns='jabber:client' a='b'>")
    };
    let starts = [
        "",
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\"?>\n",
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version='1.0' encoding=\"utf-8\" ?>\r\n\t ",
        "<?xml version='1.0' standalone='no'?>",
        "<?xml\nversion\t=\r'1.0'\nencoding='Utf-8'\nstandalone=\"yes\"\n?>",
        " \r\n\t",
    ];
    for start in starts {
        let (items, error) = run(Limits::default(), with(start).as_bytes());
        assert_eq!(error, None, "{start}");
        let [Owned::Header(root, prefix, content)] = items.as_slice() else { panic!("{start}") };
        assert!(root.is("stream", "s"));
        assert_eq!(root.attrs().count(), 1);
        assert_eq!(root.attr("a").as_deref(), Some("b"));
        assert_eq!((prefix.as_str(), content.as_deref()), ("stream", Some("jabber:client")));
    }
}

#[test]
fn the_root_may_have_any_prefix_and_content_namespace() {
    let cases = [
        ("<stream xmlns='s'>", "", Some("s")),
        ("<x:stream xmlns:x='s'>", "x", None),
        ("<x:stream xmlns:x='s' xmlns=''>", "x", None),
        ("<x:stream xmlns:x='s' xmlns='jabber:server'>", "x", Some("jabber:server")),
        ("<x:stream xmlns:x='s' xmlns='a&amp;b'>", "x", Some("a&b")),
    ];
    for (input, prefix, content) in cases {
        let (items, error) = run(Limits::default(), input.as_bytes());
        assert_eq!(error, None, "{input}");
        let [Owned::Header(root, p, c)] = items.as_slice() else { panic!("{input}") };
        assert!(root.is("stream", "s"), "{input}");
        assert_eq!((p.as_str(), c.as_deref()), (prefix, content), "{input}");
    }
}

#[test]
fn an_empty_root_is_a_header_and_an_end() {
    let (items, error) = run(Limits::default(), b"<?xml version='1.0'?><a b='c'/> \n");
    assert_eq!(error, None);
    assert!(matches!(items.as_slice(), [Owned::Header(..), Owned::End]));
    let (items, _) = run(Limits::default(), b"<a:b xmlns:a='c'/>");
    assert!(matches!(items.as_slice(), [Owned::Header(_, prefix, _), Owned::End] if prefix == "a"));
}

/// White space between stanzas belongs to none.
#[test]
fn spans_are_those_of_the_items() {
    let stream = "<?xml version='1.0'?>\n<a> \n<b>text</b>\t<c/></a > ";
    for size in CHUNKS {
        let mut parser = Parser::new(Limits::default());
        let mut found = Vec::new();
        for chunk in stream.as_bytes().chunks(size) {
            parser.push(chunk);
            while let Ok(Some(_)) = parser.next() {
                let span = parser.span();
                assert_eq!(span.end, parser.position());
                let place = |offset| usize::try_from(offset).unwrap();
                found.push(&stream[place(span.start)..place(span.end)]);
            }
        }
        assert_eq!(found, ["<a>", "<b>text</b>", "<c/>", "</a >"], "{size}");
    }
}

/// Namespaces in XML §6: what the header declares is in scope in every stanza, whether the name
/// is well known, foreign, or written with references.
#[test]
fn declarations_of_the_header_stay_in_scope() {
    let stream = "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' \
         xmlns='urn:foreign:default' xmlns:db='jabber:server:dialback' xmlns:f='urn:foreign:f' \
         xmlns:a-very-long-prefix='x&amp;y' f:x='1'>\
         <a/><db:b/><f:c f:d='2'/>\
         <e xmlns:f='urn:inner'><f:e/></e><f:g xmlns='urn:foreign:f'><h/><stream:i/></f:g>\
         <a-very-long-prefix:j><k xmlns='x&#38;y'/></a-very-long-prefix:j>\
         </stream:stream>";
    let (items, error) = run(Limits::default(), stream.as_bytes());
    assert_eq!(error, None);
    let [header, stanzas @ .., Owned::End] = items.as_slice() else { panic!("{items:?}") };
    let Owned::Header(root, _, content) = header else { panic!("{header:?}") };
    assert_eq!(root.attr_ns("x", "urn:foreign:f").as_deref(), Some("1"));
    assert_eq!(content.as_deref(), Some("urn:foreign:default"));
    let names: Vec<_> = stanzas
        .iter()
        .map(|item| match item {
            Owned::Element(element) => {
                let inner = element.elements().map(|e| (e.name().to_string(), e.ns().to_string()));
                (element.name(), element.ns(), inner.collect::<Vec<_>>())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let inner = |list: &[(&str, &str)]| {
        list.iter().map(|(n, s)| (n.to_string(), s.to_string())).collect::<Vec<_>>()
    };
    let expected = [
        ("a", "urn:foreign:default", inner(&[])),
        ("b", "jabber:server:dialback", inner(&[])),
        ("c", "urn:foreign:f", inner(&[])),
        ("e", "urn:foreign:default", inner(&[("e", "urn:inner")])),
        ("g", "urn:foreign:f", inner(&[("h", "urn:foreign:f"), ("i", ns::STREAM)])),
        ("j", "x&y", inner(&[("k", "x&y")])),
    ];
    assert_eq!(names, expected);
    let Owned::Element(c) = &stanzas[2] else { panic!("a stanza") };
    assert_eq!(c.attr_ns("d", "urn:foreign:f").as_deref(), Some("2"));
}

/// RFC 6120 §5.4.3.3: whoever starts TLS must see that bytes followed `<proceed/>`, be they
/// white space, half a character or nonsense.
#[test]
fn unread_counts_every_byte_after_the_last_item() {
    let proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let injected: [&[u8]; 8] =
        [b"", b" ", b"<", b"<auth", b"\xC3", b"\x00<a/>", b"\xFF\xFF", b"<a/><b/>"];
    for extra in injected {
        let mut parser = Parser::new(Limits::default());
        let stream = [HEADER.as_bytes(), proceed.as_bytes(), extra].concat();
        parser.push(&stream);
        assert_eq!(parser.unread(), stream.len());
        assert!(next_is_header(&mut parser));
        assert_eq!(parser.position(), HEADER.len() as u64);
        assert_eq!(parser.unread(), proceed.len() + extra.len());
        assert!(next_is_element(&mut parser, "proceed"));
        assert_eq!(parser.unread(), extra.len(), "{extra:?}");
        parser.push(b" ");
        assert_eq!(parser.unread(), extra.len() + 1, "{extra:?}");
    }
}

/// Skipped white space stays unread until the next item.
#[test]
fn white_space_is_unread_until_an_item_follows() {
    let mut parser = Parser::new(Limits::default());
    parser.push(HEADER.as_bytes());
    assert!(next_is_header(&mut parser));
    for n in 1..5000 {
        parser.push(b"\n");
        assert!(matches!(parser.next(), Ok(None)));
        assert_eq!(parser.unread(), n);
    }
    parser.push(b"<a/>");
    assert!(next_is_element(&mut parser, "a"));
    assert_eq!(parser.unread(), 0);
    assert_eq!(parser.position(), HEADER.len() as u64 + 4999 + 4);
}

/// RFC 6120 §6.4.6: the new header may come in the same chunk as `<success/>`, and the parser
/// may already have looked at it.
#[test]
fn restart_keeps_what_is_unread() {
    let new = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='s'><f/>";
    for looks in 0..3 {
        for cut in 0..new.len() {
            let mut parser = Parser::new(Limits::default());
            parser.push(HEADER.as_bytes());
            parser.push(b"<a/>");
            parser.push(&new.as_bytes()[..cut]);
            assert!(next_is_header(&mut parser) && next_is_element(&mut parser, "a"));
            for _ in 0..looks {
                // An error, or more input is needed, depending on the cut.
                assert!(!matches!(parser.next(), Ok(Some(_))));
            }
            parser.restart();
            assert_eq!(parser.unread(), cut);
            parser.push(&new.as_bytes()[cut..]);
            let Ok(Some(Item::Header(header))) = parser.next() else { panic!("{looks} {cut}") };
            assert!(header.element().is("stream", "s"));
            assert!(next_is_element(&mut parser, "f"));
            assert_eq!(parser.position(), (HEADER.len() + 4 + new.len()) as u64);
        }
    }
}

/// An error ends one stream; the bytes behind it, held back or not, belong to the next.
#[test]
fn restart_behind_an_error_loses_no_bytes() {
    let new = "<a xmlns='jabber:client'><b>a new stream's stanza</b></a>";
    for size in [1, 30, 600] {
        let mut parser = Parser::new(Limits::default().with_stanza_bytes(50));
        parser.push(HEADER.as_bytes());
        assert!(next_is_header(&mut parser));
        let rest = format!("{new}{}", " ".repeat(40));
        for chunk in rest.as_bytes().chunks(size) {
            parser.push(chunk);
        }
        parser.flush();
        assert!(matches!(parser.next(), Err(e) if e.kind() == ErrorKind::StanzaTooLong));
        parser.restart();
        assert!(next_is_header(&mut parser), "{size}");
        assert!(next_is_element(&mut parser, "b"), "{size}");
    }
}

/// White space before the declaration is an error, also when it was read before the restart.
#[test]
fn restart_does_not_hide_white_space_before_a_declaration() {
    for look in [false, true] {
        let mut parser = Parser::new(Limits::default());
        parser.push(HEADER.as_bytes());
        parser.push(b"<a/> ");
        assert!(next_is_header(&mut parser) && next_is_element(&mut parser, "a"));
        if look {
            assert!(matches!(parser.next(), Ok(None)));
        }
        parser.restart();
        parser.push(b"<?xml version='1.0'?><b>");
        let offset = HEADER.len() as u64 + 5;
        let expected = Error::new(ErrorKind::ProcessingInstruction, offset);
        assert_eq!(parser.next().map(|_| ()), Err(expected), "{look}");
    }
}

#[test]
fn restart_forgets_the_old_scope() {
    let mut parser = Parser::new(Limits::default());
    parser.push(b"<s:s xmlns:s='s' xmlns:p='p' xmlns='d'><p:a/>");
    assert!(next_is_header(&mut parser) && next_is_element(&mut parser, "a"));
    parser.restart();
    parser.push(b"<s><a/><p:b/>");
    let Ok(Some(Item::Header(header))) = parser.next() else { panic!("a header") };
    assert_eq!((header.prefix(), header.content_namespace()), ("", None));
    let Ok(Some(Item::Element(a))) = parser.next() else { panic!("a stanza") };
    assert_eq!(a.ns(), "");
    assert_eq!(parser.next().map(|_| ()), Err(Error::new(ErrorKind::UndeclaredPrefix, 53)));
}

/// Bytes that are invalid as such stay so.
#[test]
fn restart_does_not_forget_invalid_bytes() {
    let mut parser = Parser::new(Limits::default());
    parser.push(b"<s><a/>\xFF<s>");
    assert!(next_is_header(&mut parser) && next_is_element(&mut parser, "a"));
    parser.restart();
    let expected = Error::new(ErrorKind::InvalidUtf8, 7);
    assert_eq!(parser.next().map(|_| ()), Err(expected));
}

#[test]
fn reset_forgets_everything() {
    let mut parser = Parser::new(Limits::default());
    for input in ["<s:s xmlns:s='s' xmlns='d'><a/><b", "<s>\u{1}", "x", "<s/>", "<s></s>"] {
        parser.push(input.as_bytes());
        parser.push(b"\xC3");
        while let Ok(Some(_)) = parser.next() {}
        parser.reset();
        assert_eq!((parser.unread(), parser.position()), (0, 0));
        parser.push(b"<?xml version='1.0'?><s><a>");
        let Ok(Some(Item::Header(header))) = parser.next() else { panic!("{input}") };
        assert!(header.element().is("s", ""));
        assert_eq!(parser.position(), 24);
        assert!(matches!(parser.next(), Ok(None)));
        parser.shrink();
        parser.push(b"</a></s>");
        assert!(next_is_element(&mut parser, "a"));
        assert!(matches!(parser.next(), Ok(Some(Item::End))));
        parser.reset();
    }
}

/// A document is parsed as a whole: XML 1.0 §2.1.
#[test]
fn documents() {
    for start in ["", "\u{FEFF}", "<?xml version='1.0'?>\n", "\u{FEFF}<?xml version='1.0'?>", " "] {
        let element: Element = format!("{start}<a xmlns='x:y'><b>c</b></a>\n").parse().unwrap();
        assert_eq!(element.to_xml(), "<a xmlns='x:y'><b>c</b></a>");
    }
    let errors = [
        ("", ErrorKind::UnexpectedEnd, 0),
        (" ", ErrorKind::UnexpectedEnd, 1),
        ("<a>", ErrorKind::UnexpectedEnd, 3),
        ("<a", ErrorKind::UnexpectedEnd, 2),
        ("<a/><b/>", ErrorKind::TrailingData, 4),
        ("<a/>x", ErrorKind::TrailingData, 4),
        ("<a></b>", ErrorKind::MismatchedEndTag, 3),
        ("<p:a/>", ErrorKind::UndeclaredPrefix, 1),
        ("\u{FEFF}\u{FEFF}<a/>", ErrorKind::TextOutsideStanza, 3),
        ("<!DOCTYPE a><a/>", ErrorKind::Doctype, 0),
    ];
    for (input, kind, offset) in errors {
        assert_eq!(input.parse::<Element>(), Err(Error::new(kind, offset)), "{input}");
    }
}

#[test]
fn errors_say_what_and_where() {
    let error = "<a>\u{1}</a>".parse::<Element>().unwrap_err();
    assert_eq!(error.to_string(), "character U+0001 is not allowed in XML at byte 3");
    assert_eq!((error.kind(), error.offset()), (ErrorKind::ForbiddenChar(1), 3));
}

#[test]
fn items_come_with_their_last_byte_whatever_stands_before() {
    let stanzas = [
        "<a/>",
        "<a />",
        " \n<a>x</a>",
        "<a>></a >",
        "<a b='>'/>",
        "<a b='>'><c/></a\t\n>",
        "<a b='/>'>/></a>",
        "<a b=\">'>\" c='>>'>></a>",
        "<a><a/></a>",
        "<a><a><ab></ab></a></a>",
        "<abc><ab></ab><abd>></abd></abc>",
        "<p:a xmlns:p='urn:x'><p:ab>></p:ab></p:a>",
        "<\u{e9}>x</\u{e9}>",
        "<a><![CDATA[</a>]]></a>",
    ];
    let long = format!("<abc d='{0}'><ab>{0}</ab></abc>", "x>".repeat(700));
    for stanza in stanzas.into_iter().chain([long.as_str()]) {
        for before in [0, 1, 2, 3, 64, 500] {
            let mut parser = Parser::default();
            parser.push(HEADER.as_bytes());
            assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
            assert!(matches!(parser.next(), Ok(None)));
            for _ in 0..3 {
                // Some of it as a chunk, the rest byte by byte.
                let (head, rest) = stanza.as_bytes().split_at(before.min(stanza.len() - 1));
                parser.push(head);
                assert!(matches!(parser.next(), Ok(None)), "{stanza}");
                for (i, byte) in rest.iter().enumerate() {
                    parser.push(&[*byte]);
                    let complete = matches!(parser.next(), Ok(Some(Item::Element(_))));
                    assert_eq!(complete, i + 1 == rest.len(), "{stanza} at {}", before + i);
                    assert!(matches!(parser.next(), Ok(None)), "{stanza}");
                }
                assert_eq!(parser.unread(), 0, "{stanza}");
            }
        }
    }
}

#[test]
fn bytes_and_small_chunks_in_turn_lose_nothing() {
    let text = "x".repeat(3000);
    let stanza = format!("<abc>{text}</abc>");
    for bytes in [3, 5, 6, 500, 1000, 1085, 1095, 1600] {
        for chunk in [2, 64, 300, 511, 512] {
            let mut parser = Parser::default();
            parser.push(HEADER.as_bytes());
            assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
            for _ in 0..2 {
                assert!(matches!(parser.next(), Ok(None)));
                let mut rest = stanza.as_bytes();
                let mut sizes = [1].repeat(bytes).into_iter().chain([chunk]).cycle();
                while rest.len() > 1 {
                    let size = sizes.next().unwrap_or(1).min(rest.len() - 1);
                    parser.push(&rest[..size]);
                    assert!(matches!(parser.next(), Ok(None)));
                    assert!(parser.gate.held().len() < 1200);
                    rest = &rest[size..];
                }
                parser.push(rest);
                let Ok(Some(Item::Element(element))) = parser.next() else { panic!("{bytes}") };
                assert_eq!(element.text(), text, "{bytes} {chunk}");
                assert_eq!(parser.unread(), 0);
            }
        }
    }
}
