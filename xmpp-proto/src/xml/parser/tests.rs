//! The parser as a whole, through its public interface.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;
use crate::xml::ErrorKind;
use crate::xml::element::Element;

mod accepted;
mod generate;
mod lexer;
mod limits;
mod oracle;
mod refused;
mod stream;

/// A stream header as servers send it.
pub(super) const HEADER: &str = "<stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>";

/// What a parser gave out, in owned form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// Root, prefix, content namespace.
    Header(Element, String, Option<String>),
    Element(Element),
    End,
}

pub(super) fn own(item: Item<'_>) -> Owned {
    match item {
        Item::Header(header) => Owned::Header(
            header.element().to_element(),
            header.prefix().to_string(),
            header.content_namespace().map(ToString::to_string),
        ),
        Item::Element(element) => Owned::Element(element.to_element()),
        Item::End => Owned::End,
    }
}

/// All items up to the error, if any, with the input cut at the given lengths; the last one
/// repeats.
pub(super) fn run_with(
    limits: Limits,
    input: &[u8],
    mut cuts: impl FnMut() -> usize,
) -> (Vec<Owned>, Option<Error>) {
    let mut parser = Parser::new(limits);
    let mut items = Vec::new();
    let mut rest = input;
    let mut flushed = false;
    loop {
        loop {
            match parser.next() {
                Ok(Some(item)) => items.push(own(item)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(parser.next().unwrap_err(), error, "errors are latched");
                    return (items, Some(error));
                }
            }
        }
        if rest.is_empty() {
            if flushed {
                return (items, None);
            }
            parser.flush();
            flushed = true;
            continue;
        }
        let (chunk, after) = rest.split_at(cuts().clamp(1, rest.len()));
        parser.push(chunk);
        rest = after;
    }
}

pub(super) const CHUNKS: [usize; 9] = [1, 2, 3, 5, 7, 63, 64, 65, 4096];

/// The items and the error, which must be the same for every chunk size, and for the lexer.
pub(super) fn run(limits: Limits, input: &[u8]) -> (Vec<Owned>, Option<Error>) {
    let whole = run_with(limits, input, || usize::MAX);
    for size in CHUNKS {
        let cut = run_with(limits, input, || size);
        assert_eq!(cut, whole, "chunks of {size}: {:?}", String::from_utf8_lossy(input));
    }
    lexer::agrees(limits, input, &whole, || usize::MAX);
    for size in CHUNKS {
        lexer::agrees(limits, input, &whole, || size);
    }
    whole
}

/// A stanza within a stream, as its canonical text.
pub(super) fn stanza(input: &str) -> String {
    let (items, error) = run(Limits::default(), format!("{HEADER}{input}").as_bytes());
    assert_eq!(error, None, "{input}");
    match items.as_slice() {
        [Owned::Header(..), Owned::Element(element)] => element.to_xml(),
        other => panic!("{input}: {other:?}"),
    }
}
