//! roxmltree: a read-only tree of a whole document.

use std::hint::black_box;

use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::{Check, Contender};
use crate::checksum::{Checksum, Visitor};
use crate::measure::{Fault, Input, Sum, measure};

/// The whole stream as one document: it takes no chunks.
pub const DOCUMENT: Contender = Contender {
    name: "roxmltree, whole document",
    run: |input| {
        measure(|| {
            let document = parse(input)?;
            let mut sum = Sum::default();
            for stanza in stanzas(&document) {
                sum.add(black_box(stanza).tag_name().name().len());
            }
            Ok(sum)
        })
    },
    check: Check::Checksums(|input| {
        let document = parse(input)?;
        let mut checksum = Checksum::of_stanzas();
        for stanza in stanzas(&document) {
            visit(stanza, &mut checksum);
        }
        Ok(checksum.into_stanzas())
    }),
};

fn parse(input: &Input) -> Result<Document<'_>, Fault> {
    // The others get bytes: so does this one.
    let text = str::from_utf8(input.stream.as_bytes())?;
    Ok(Document::parse_with_options(text, ParsingOptions::default())?)
}

fn stanzas<'a, 'input>(document: &'a Document<'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    document.root_element().children().filter(Node::is_element)
}

fn visit(element: Node<'_, '_>, visitor: &mut impl Visitor) {
    let tag = element.tag_name();
    visitor.start(tag.name(), tag.namespace().unwrap_or_default());
    for attr in element.attributes() {
        visitor.attr(attr.name(), attr.namespace().unwrap_or_default(), attr.value());
    }
    for child in element.children() {
        match child.node_type() {
            NodeType::Element => visit(child, visitor),
            NodeType::Text => visitor.text(child.text().unwrap_or_default()),
            NodeType::Root | NodeType::PI | NodeType::Comment => {}
        }
    }
    visitor.end();
}
