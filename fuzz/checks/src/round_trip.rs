//! What is written is read back as what was meant: by this project's parser, by rxml and by
//! minidom; and what minidom writes is read back too.
//!
//! An input that begins with `<` is parsed; any other is the choices that build an element.

use std::borrow::Cow;

use xmpp_proto::ns;
use xmpp_proto::xml::{Element, ElementBuilder, ErrorKind, Item, Parser, Writer};

use crate::choices::Choices;
use crate::meaning::Meaning;
use crate::peers;

/// The check of this module.
///
/// # Panics
/// If what is written means something else to one of the readers, or nothing at all.
pub fn check(data: &[u8]) {
    let element = if data.starts_with(b"<") {
        core::str::from_utf8(data).ok().and_then(|text| text.parse().ok())
    } else {
        built(&mut Choices::new(data), 1)
    };
    if let Some(element) = element {
        copies(&element);
        document(&element);
        let headers = [(ns::CLIENT, true), ("", true), ("urn:a", false)];
        let (default_ns, stream_prefix) = headers[data.len() % headers.len()];
        stream(&element, default_ns, stream_prefix);
    }
}

/// Copies are equal, of the whole and of a part.
fn copies(element: &Element) {
    let whole = element.to_builder().build().expect("an element that was built");
    assert_eq!(&whole, element);
    if let Some(part) = element.elements().last() {
        assert_eq!(part.to_element(), part);
        assert_eq!(part.to_builder().build().expect("a part of an element"), part);
        let again = read(&part.to_xml());
        assert!(again.is_none_or(|again| again == part), "{part}");
    }
}

/// The element as a document of its own.
fn document(element: &Element) {
    let written = element.to_xml();
    let meaning = Meaning::of(element.as_ref());
    assert_eq!(element.to_string(), written, "there is one way to write a document");
    let Some(again) = read(&written) else { return };
    assert_eq!(&again, element, "{written:?}");
    assert_eq!(again.to_xml(), written, "what is read is written as before");

    peers::rxml::assert_reads(&written, &meaning, &Meaning::document());
    let Some(theirs) = peers::minidom::parse(&written, element) else { return };
    assert_eq!(peers::minidom::meaning(&theirs), meaning, "minidom reads {written:?}");
    let written = String::from(&theirs);
    let again = read(&written).map(|again| Meaning::of(again.as_ref()));
    assert!(again.is_none_or(|again| again == meaning), "minidom writes {written:?}");
}

/// The document as this project reads it, unless it goes beyond a limit.
///
/// A written element can do so although the element as it was read did not: prefixes and
/// declarations are the writer's own.
fn read(document: &str) -> Option<Element> {
    match document.parse() {
        Ok(element) => Some(element),
        Err(error) => match error.kind() {
            ErrorKind::TooManyAttributes
            | ErrorKind::TooManyNamespaces
            | ErrorKind::NameTooLong
            | ErrorKind::TooDeep => None,
            _ => panic!("{error}: {document:?}"),
        },
    }
}

/// The element twice in a stream whose header declares these namespaces.
fn stream(element: &Element, default_ns: &str, stream_prefix: bool) {
    let mut stream = if stream_prefix {
        format!("<stream:stream xmlns:stream='{}' xmlns='{default_ns}'>", ns::STREAM)
    } else {
        format!("<stream xmlns='{default_ns}'>")
    }
    .into_bytes();
    let mut writer = Writer::new(default_ns, stream_prefix);
    let begin = stream.len();
    writer.write(element.as_ref(), &mut stream);
    let end = stream.len();
    writer.write(element.as_ref(), &mut stream);
    assert_eq!(stream[begin..end], stream[end..], "a writer keeps nothing in mind");

    let mut parser = Parser::new(crate::no_limits());
    parser.push(&stream);
    let Ok(Some(Item::Header(header))) = parser.next() else { panic!("the header was refused") };
    let mut meaning = Meaning::stream();
    meaning.open(header.element());
    for _ in 0..2 {
        match parser.next() {
            Ok(Some(Item::Element(again))) => assert_eq!(&again, element),
            other => panic!("{other:?}: {}", stream.escape_ascii()),
        }
        meaning.push(element.as_ref());
    }
    meaning.end();
    stream.extend_from_slice(if stream_prefix { b"</stream:stream>" } else { b"</stream>" });
    let written = core::str::from_utf8(&stream).expect("the writer writes UTF-8");
    peers::rxml::assert_reads(written, &meaning, &Meaning::stream());
}

/// How deep elements are nested that are built: the deeper ones come from the parser.
const DEPTH: usize = 8;

const NAMES: [&str; 16] = [
    "a",
    "message",
    "body",
    "b-c",
    "d.e",
    "_f",
    "xml",
    "xmlns",
    "lang",
    "ns0",
    "stream",
    "été",
    "名前",
    "a\u{B7}\u{300}",
    "\u{10000}x",
    "\u{FDF0}",
];

const NAMESPACES: [&str; 16] = [
    "",
    ns::CLIENT,
    ns::SERVER,
    ns::STREAM,
    ns::XML,
    ns::SASL,
    "urn:a",
    "urn:b",
    "urn:c",
    "urn:d",
    "a&b",
    "'",
    "\"<>",
    " ",
    "\r\n\t",
    "]]>",
];

const PIECES: [&str; 24] = [
    "&",
    "<",
    ">",
    "'",
    "\"",
    "]]>",
    "]",
    "\r",
    "\n",
    "\t",
    "\r\n",
    " ",
    "x",
    "&amp;",
    "&#10;",
    "<![CDATA[",
    "<!--",
    "<?",
    "é",
    "\u{FFFD}",
    "\u{1F600}",
    "\u{85}",
    "\u{2028}",
    "0123456789012345678901234567890123456789012345678901234567890123",
];

/// The element that the choices build, unless it cannot be built.
fn built(choices: &mut Choices<'_>, depth: usize) -> Option<Element> {
    let builder = Element::builder(&one_of(&NAMES, choices), &one_of(&NAMESPACES, choices));
    match filled(builder, choices, depth).build() {
        Ok(element) => Some(element),
        Err(error) => {
            // Whatever was refused, the reason fits in a line.
            let reason = error.to_string();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
            None
        }
    }
}

fn filled(mut builder: ElementBuilder, choices: &mut Choices<'_>, depth: usize) -> ElementBuilder {
    while !choices.is_empty() {
        builder = match choices.below(10) {
            0 => return builder,
            1 | 2 => builder.attr(&one_of(&NAMES, choices), &string(choices)),
            3 => {
                let (name, ns) = (one_of(&NAMES, choices), one_of(&NAMESPACES, choices));
                builder.attr_ns(&name, &ns, &string(choices))
            }
            4 => builder.remove_attr(&one_of(&NAMES, choices)),
            5 | 6 => builder.text(&string(choices)),
            _ if depth == DEPTH => builder,
            7 => builder.children(built(choices, depth + 1)),
            _ => {
                let (name, ns) = (one_of(&NAMES, choices), one_of(&NAMESPACES, choices));
                builder.child_with(&name, &ns, |child| filled(child, choices, depth + 1))
            }
        };
    }
    builder
}

/// Mostly one of these, else any string.
fn one_of<'a>(usual: &[&'a str], choices: &mut Choices<'_>) -> Cow<'a, str> {
    match choices.below(256) {
        choice @ 0..240 => Cow::Borrowed(usual[choice % usual.len()]),
        _ => Cow::Owned(string(choices)),
    }
}

/// Pieces that need care, and any characters.
fn string(choices: &mut Choices<'_>) -> String {
    let mut string = String::new();
    for _ in 0..choices.below(8) {
        if let Some(piece) = PIECES.get(choices.below(32)) {
            string.push_str(piece);
        } else {
            let [high, middle, low] = [(); 3].map(|()| choices.byte());
            string.extend(char::from_u32(u32::from_be_bytes([0, high, middle, low])));
        }
    }
    string
}
