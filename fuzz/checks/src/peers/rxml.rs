//! rxml 0.14, which is made for XMPP too.

use rxml::error::EndOrError;
use rxml::{Error, Event, Options, Parse, Parser, WithOptions};

use crate::meaning::{Attribute, Meaning, is_space};

/// What rxml reads in a document or stream, added to what is known: all before the first fault,
/// and the fault.
pub(crate) fn read(document: &[u8], meaning: &Meaning) -> (Meaning, Result<(), EndOrError>) {
    with_token_lengths(document, |options| {
        read_with(Parser::with_options(options), document, meaning.clone())
    })
}

/// Reads with room for short tokens, and again with room for every token if that is too little:
/// rxml allocates as much for each, which takes most of the time if there is room for long ones.
pub(super) fn with_token_lengths<T>(
    document: &[u8],
    read: impl Fn(Options) -> (T, Result<(), EndOrError>),
) -> (T, Result<(), EndOrError>) {
    let options = |max_token_length| Options { max_token_length, ..Options::default() };
    match read(options(128)) {
        (_, Err(EndOrError::Error(Error::RestrictedXml(_)))) => read(options(document.len() + 128)),
        other => other,
    }
}

fn read_with(
    mut parser: Parser,
    document: &[u8],
    mut meaning: Meaning,
) -> (Meaning, Result<(), EndOrError>) {
    let mut rest = document;
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(Event::StartElement(_, (ns, name), attributes))) => {
                let mut attributes: Vec<Attribute<'_>> = attributes
                    .iter()
                    .map(|((ns, name), value)| (ns.as_str(), name.as_str(), value.as_str()))
                    .collect();
                meaning.start(&ns, &name, &mut attributes);
            }
            Ok(Some(Event::EndElement(_))) => meaning.end(),
            Ok(Some(Event::Text(_, text))) => meaning.text(&text),
            Ok(Some(Event::XmlDeclaration(..))) => {}
            Ok(None) => return (meaning, Ok(())),
            // It waits for more although there is none.
            Err(error) => return (meaning, Err(error)),
        }
    }
}

/// Panics unless rxml reads this meaning in a document. It does not read all names, see
/// [`LateNames`](crate::differential::Difference::LateNames).
pub(crate) fn assert_reads(document: &str, meaning: &Meaning, empty: &Meaning) {
    match read(document.as_bytes(), empty) {
        (theirs, Ok(())) => assert_eq!(&theirs, meaning, "rxml reads {document:?}"),
        (_, Err(EndOrError::Error(error))) if is_late_name(error) => {}
        (_, Err(error)) => panic!("rxml has {error:?}: {document:?}"),
    }
}

/// Whether this complains about a character that names may hold by XML 1.0 §2.3.
pub(crate) fn is_late_name(error: Error) -> bool {
    matches!(error, Error::UnexpectedChar(_, '\u{FDF0}'..='\u{FFFD}', _))
}

/// The document without four things that rxml 0.14 reads wrongly, or refuses although they are
/// well formed:
///
/// * a carriage return without line feed in an attribute value (XML 1.0 §2.11), and one behind a
///   `]` in a CDATA section, which it does not normalise: line ends are normalised beforehand;
/// * white space before the root element (§2.8), unless an XML declaration follows, which must be
///   at the very beginning.
pub(crate) fn without_known_faults(document: &[u8]) -> Vec<u8> {
    let space = document.iter().take_while(|&&byte| is_space(byte)).count();
    let document = match &document[space..] {
        declared if declared.starts_with(b"<?") => document,
        trimmed => trimmed,
    };
    let mut normalised = Vec::with_capacity(document.len());
    let mut bytes = document.iter().peekable();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&&b'\n') => {}
            b'\r' => normalised.push(b'\n'),
            _ => normalised.push(byte),
        }
    }
    normalised
}
