//! The lexer gives out the same tokens and the same error however its input is cut into chunks,
//! and they mean what the parser gives out, of streams and of documents.
//!
//! The choices behind the last NUL are whether it is a document, limits, and the lengths of the
//! chunks.

use std::ops::Range;

use xmpp_proto::xml::{Attr, Error, Item, Lexer, Limits, Parser, Token};

use crate::choices;
use crate::chunks;
use crate::meaning::{Attribute, Meaning};

/// The check of this module.
///
/// # Panics
/// If the lexer's answers depend on the chunks, contradict themselves, or differ from the parser's.
pub fn check(data: &[u8]) {
    let (input, mut choices) = choices::split(data);
    let is_document = choices.below(2) == 1;
    let mut limits = chunks::limits(&mut choices);
    // A document has no header, but its first byte may be that of an XML declaration.
    limits.header_bytes = limits.header_bytes.max(1);
    let lengths = chunks::lengths(choices);

    let whole = lex(input, is_document, limits, &[input.len()]);
    assert_eq!(lex(input, is_document, limits, &[1]), whole, "{}", input.escape_ascii());
    assert_eq!(lex(input, is_document, limits, &lengths), whole, "{lengths:?}");

    let (parsed, error) = parse(input, is_document, limits);
    assert_eq!(whole.error, error, "lexer and parser find the same: {}", input.escape_ascii());
    let (tokens, items) = (whole.meaning.events(), parsed.events());
    assert!(tokens.starts_with(items), "{tokens:?} begins with {items:?}");
}

/// What the lexer gave out.
#[derive(Debug, PartialEq, Eq)]
struct Log {
    meaning: Meaning,
    spans: Vec<Range<u64>>,
    error: Option<Error>,
}

fn lex(input: &[u8], is_document: bool, limits: Limits, lengths: &[usize]) -> Log {
    let mut lexer = if is_document { Lexer::document(limits) } else { Lexer::new(limits) };
    let mut log = Log { meaning: empty(is_document), spans: Vec::new(), error: None };
    // Prefixes and names of the elements that are open.
    let mut open: Vec<(String, String)> = Vec::new();
    let mut lengths = lengths.iter().cycle();
    let mut rest = input;
    loop {
        loop {
            let raw = match lexer.next() {
                Ok(Some(token)) => {
                    log.meaning.add(token, &mut open);
                    token.raw().as_bytes().to_vec()
                }
                Ok(None) => break,
                Err(error) => {
                    log.error = Some(error);
                    return log;
                }
            };
            assert_eq!(lexer.depth(), open.len());
            let span = lexer.span();
            let place = |offset| usize::try_from(offset).expect("an input in memory");
            assert_eq!(input[place(span.start)..place(span.end)], raw, "{span:?}");
            log.spans.push(span);
        }
        if rest.is_empty() {
            return log;
        }
        let length = lengths.next().map_or(1, |&length| length.clamp(1, rest.len()));
        let (chunk, after) = rest.split_at(length);
        lexer.push(chunk);
        rest = after;
    }
}

impl Meaning {
    /// Adds a token, which must fit the elements that are open.
    fn add(&mut self, token: Token<'_>, open: &mut Vec<(String, String)>) {
        match token {
            Token::Start(tag) => {
                assert_eq!(tag.depth(), open.len());
                open.push((tag.prefix().to_owned(), tag.name().to_owned()));
                let values: Vec<_> = tag.attrs().map(Attr::value).collect();
                let mut attributes: Vec<Attribute<'_>> = tag
                    .attrs()
                    .zip(&values)
                    .map(|(attr, value)| (attr.ns(), attr.name(), value.as_ref()))
                    .collect();
                self.start(tag.ns(), tag.name(), &mut attributes);
            }
            Token::Text(text) => self.text(&text.value()),
            Token::End(tag) => {
                let (prefix, name) = open.pop().expect("an element is open");
                assert_eq!((tag.prefix(), tag.name()), (prefix.as_str(), name.as_str()));
                assert_eq!(tag.depth(), open.len());
                self.end();
            }
            other => panic!("no kind of token that is known here: {other:?}"),
        }
    }
}

/// What the parser gives out, and its error.
fn parse(input: &[u8], is_document: bool, limits: Limits) -> (Meaning, Option<Error>) {
    let mut parser = if is_document { Parser::document(limits) } else { Parser::new(limits) };
    let mut meaning = empty(is_document);
    parser.push(input);
    parser.flush();
    loop {
        match parser.next() {
            Ok(Some(Item::Header(header))) => meaning.open(header.element()),
            Ok(Some(Item::Element(element))) => meaning.push(element),
            Ok(Some(Item::End)) => meaning.end(),
            Ok(None) => return (meaning, None),
            Err(error) => return (meaning, Some(error)),
        }
    }
}

fn empty(is_document: bool) -> Meaning {
    if is_document { Meaning::document() } else { Meaning::stream() }
}
