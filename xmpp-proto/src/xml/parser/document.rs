//! One standalone document as one element.

use core::str::FromStr;

use super::{Item, Parser};
use crate::xml::element::Element;
use crate::xml::error::{Error, ErrorKind};
use crate::xml::limits::Limits;

/// Parses a document: one element, white space around it, and before it a byte order mark and an
/// XML declaration if there are any.
pub(super) fn parse_document(text: &str, limits: Limits) -> Result<Element, Error> {
    let mut parser = Parser::document(limits);
    parser.push(text.as_bytes());
    let element = match parser.next()? {
        Some(Item::Element(element)) => element.to_element(),
        _ => return Err(Error::new(ErrorKind::UnexpectedEnd, text.len() as u64)),
    };
    // White space may follow; all else is an error.
    parser.next()?;
    Ok(element)
}

/// Parses one standalone document with the default [`Limits`]. Nothing but white space and an
/// XML declaration may stand around the element.
impl FromStr for Element {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_document(text, Limits::default())
    }
}
