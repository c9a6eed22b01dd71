//! rxml as the judge: what this parser accepts, rxml accepts, and reads the same.
//!
//! There are four exceptions in rxml 0.14. It refuses an XML declaration with `standalone` and
//! without `encoding`, which XML 1.0 §2.8 allows (no stream here has one); white space before the
//! root element (§2.8); a carriage return without line feed in an attribute value, which is a
//! line feed (§2.11). It forgets to normalise a line end behind a `]` in a CDATA section.
//! [`prepare`] rewrites the last three for rxml.
//!
//! The reverse does not hold. [`KNOWN`] lists all that rxml 0.14 accepts and this parser
//! refuses, with the reason.

extern crate std;

use proptest::prelude::*;
use rxml::{Event, Parse};

use super::generate::{Dice, damage, stream};
use super::*;
use crate::xml::builder::ElementBuilder;

/// Streams that rxml accepts and this parser refuses, the kind of error, and why.
const KNOWN: &[(&str, ErrorKind, &str)] = &[
    (
        "<a>x</a>",
        ErrorKind::TextOutsideStanza,
        "well-formed XML, but RFC 6120 §4.6.1 allows only white space between stanzas",
    ),
    ("<a><![CDATA[x]]></a>", ErrorKind::TextOutsideStanza, "the same"),
    (
        "<a xmlns='x' xmlns='y'></a>",
        ErrorKind::DuplicateAttribute,
        "XML 1.0 §3.1 forbids it; rxml does not notice for declarations",
    ),
    (
        "<a xmlns='http://www.w3.org/2000/xmlns/'></a>",
        ErrorKind::ReservedPrefix,
        "Namespaces in XML §3: this name must not be declared as the default namespace",
    ),
    (
        "<?xml version='1.0' encoding='UTF-8' standalone='Yes'?><a></a>",
        ErrorKind::InvalidXmlDeclaration,
        "XML 1.0 §2.9 knows only `yes` and `no`",
    ),
];

/// The input without what rxml reads wrongly.
fn prepare(input: &[u8]) -> Vec<u8> {
    let space =
        input.iter().take_while(|&&byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    let trimmed = &input[space..];
    let input = if trimmed.starts_with(b"<?") { input } else { trimmed };
    let mut out = Vec::new();
    for (at, &byte) in input.iter().enumerate() {
        if byte == b'\r' && input.get(at + 1) != Some(&b'\n') {
            out.push(b'\n');
        } else if byte != b'\r' || out.last() != Some(&b']') {
            out.push(byte);
        }
    }
    out
}

/// What rxml reads: items, and whether it found no fault.
fn judge(input: &[u8]) -> (Vec<Owned>, bool) {
    let mut parser = rxml::Parser::new();
    let input = prepare(input);
    let mut rest = input.as_slice();
    let mut items = Vec::new();
    let mut builder: Option<ElementBuilder> = None;
    let mut depth = 0_usize;
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(Event::StartElement(_, (ns, name), attrs))) => {
                match &mut builder {
                    Some(builder) => builder.open(&name, ns.as_str()),
                    None => builder = Some(Element::builder(&name, ns.as_str())),
                }
                depth += 1;
                let open = builder.as_mut().expect("set above");
                for ((ns, name), value) in attrs {
                    open.set_attr(&name, ns.as_str(), &value);
                }
                if depth == 1 {
                    items.extend(builder.take().map(finish));
                }
            }
            Ok(Some(Event::EndElement(_))) => {
                depth -= 1;
                match depth {
                    0 => items.push(Owned::End),
                    1 => items.extend(builder.take().map(finish)),
                    _ => builder.as_mut().expect("within a stanza").close(),
                }
            }
            Ok(Some(Event::Text(_, text))) => {
                if let Some(builder) = &mut builder {
                    builder.push_text(&text);
                }
            }
            Ok(Some(Event::XmlDeclaration(..))) => {}
            Ok(None) => return (items, true),
            Err(_) => return (items, false),
        }
    }
}

fn finish(builder: ElementBuilder) -> Owned {
    let illegal = |_| Element::builder("what-rxml-should-refuse", "").build().expect("legal");
    Owned::Element(builder.build().unwrap_or_else(illegal))
}

/// Ours in the form that the judge uses: the header as its element alone.
fn plain(items: Vec<Owned>) -> Vec<Owned> {
    let plain = |item| match item {
        Owned::Header(element, ..) => Owned::Element(element),
        other => other,
    };
    items.into_iter().map(plain).collect()
}

fn compare(input: &[u8]) {
    let text = input.escape_ascii();
    let (ours, error) = run_with(Limits::default(), input, || usize::MAX);
    let (theirs, accepted) = judge(input);
    // A character that the end cuts is not yet an error here.
    let complete = ours.last() == Some(&Owned::End) && core::str::from_utf8(input).is_ok();
    let ours = plain(ours);
    assert!(theirs.len() >= ours.len(), "rxml stops earlier: {error:?}: {text}");
    assert_eq!(theirs[..ours.len()], ours, "{text}");
    match error {
        None if complete => assert!(accepted && theirs.len() == ours.len(), "rxml refuses: {text}"),
        // The input ends too early.
        None => {}
        Some(error) => {
            let known = KNOWN.iter().any(|(_, kind, _)| *kind == error.kind());
            assert!(!accepted || known, "rxml has no {error}: {text}");
        }
    }
}

#[test]
fn known_differences_exist() {
    for (input, kind, reason) in KNOWN {
        let (_, error) = run(Limits::default(), input.as_bytes());
        assert_eq!(error.map(|e| e.kind()), Some(*kind), "{input}: {reason}");
        assert!(judge(input.as_bytes()).1, "rxml refuses {input} by now: remove it here");
    }
}

#[test]
fn corpus_of_tables_is_judged_alike() {
    for (input, ..) in accepted::STANZAS {
        compare(format!("{HEADER}{input}</stream:stream>").as_bytes());
    }
    for (input, ..) in refused::STANZAS {
        compare(&[HEADER.as_bytes(), input, b"</stream:stream>"].concat());
    }
    for (input, ..) in refused::HEADERS {
        compare(input);
    }
}

pub(super) fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

pub(super) fn cuts(dice: &mut Dice<'_>) -> impl FnMut() -> usize {
    let most = [1, 2, 4, 16, 100, 300][dice.roll(6)];
    let rolls: Vec<usize> = (0..31).map(|_| 1 + dice.roll(most)).collect();
    let mut rolls = rolls.into_iter().cycle();
    move || rolls.next().unwrap_or(1)
}

/// Limits that nearly every stream meets.
pub(super) fn tight(choices: [u8; 4]) -> Limits {
    let [stanza, header, depth, other] = choices.map(usize::from);
    Limits::default()
        .with_stanza_bytes(stanza)
        .with_header_bytes(header)
        .with_depth(1 + depth % 4)
        .with_attributes(other % 8)
        .with_namespaces(other % 5)
        .with_foreign_namespaces(other % 3)
        .with_name_bytes(4 + other % 16)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..Default::default() })]

    /// Everything the grammar allows is accepted, and means what rxml says.
    #[test]
    fn well_formed_streams_are_accepted_as_rxml_reads_them(choices in choices()) {
        let input = stream(&mut Dice::new(&choices));
        let (items, error) = run_with(Limits::default(), input.as_bytes(), || usize::MAX);
        prop_assert_eq!(error, None, "{}", input);
        prop_assert_eq!(items.last(), Some(&Owned::End), "{}", input);
        compare(input.as_bytes());
    }

    /// What is accepted of damaged streams is accepted by rxml too, and what comes before the
    /// damage is not lost.
    #[test]
    fn damaged_streams_are_judged_as_rxml_does(choices in choices(), hits in any::<[u8; 24]>()) {
        let mut input = stream(&mut Dice::new(&choices)).into_bytes();
        damage(&mut Dice::new(&hits), &mut input);
        compare(&input);
    }

    /// Chunks do not matter, whatever the input.
    #[test]
    fn chunks_do_not_matter(
        choices in choices(),
        hits in any::<[u8; 24]>(),
        damaged in any::<bool>(),
        splits in prop::collection::vec(any::<u8>(), 32),
    ) {
        let mut input = stream(&mut Dice::new(&choices)).into_bytes();
        if damaged {
            damage(&mut Dice::new(&hits), &mut input);
        }
        let whole = run_with(Limits::default(), &input, || usize::MAX);
        let cut = run_with(Limits::default(), &input, cuts(&mut Dice::new(&splits)));
        prop_assert_eq!(&cut, &whole, "{}", String::from_utf8_lossy(&input));
        let bytes = run_with(Limits::default(), &input, || 1);
        prop_assert_eq!(&bytes, &whole, "{}", String::from_utf8_lossy(&input));
    }

    /// The same with limits so tight that they are met everywhere.
    #[test]
    fn chunks_do_not_matter_at_the_limits(
        choices in choices(),
        hits in any::<[u8; 24]>(),
        limits in any::<[u8; 4]>(),
        splits in prop::collection::vec(any::<u8>(), 32),
    ) {
        let mut input = stream(&mut Dice::new(&choices)).into_bytes();
        damage(&mut Dice::new(&hits), &mut input);
        let limits = tight(limits);
        let whole = run_with(limits, &input, || usize::MAX);
        let cut = run_with(limits, &input, cuts(&mut Dice::new(&splits)));
        prop_assert_eq!(&cut, &whole, "{}", String::from_utf8_lossy(&input));
        let bytes = run_with(limits, &input, || 1);
        prop_assert_eq!(&bytes, &whole, "{}", String::from_utf8_lossy(&input));
    }

    /// No input makes the parser panic.
    #[test]
    fn any_bytes(input in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..70) {
        let whole = run_with(Limits::default(), &input, || usize::MAX);
        prop_assert_eq!(run_with(Limits::default(), &input, || size), whole);
    }
}
