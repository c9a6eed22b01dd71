//! minidom 0.19, the element tree of xmpp-rs.

use minidom::tree_builder::TreeBuilder;
use minidom::{Element, Error, Node};
use rxml::error::EndOrError;
use rxml::{Parse, RawParser, WithOptions};
use xmpp_proto::ns;
use xmpp_proto::xml::{self, ElementRef};

use crate::meaning::{Attribute, Meaning};
use crate::peers::rxml::{is_late_name, with_token_lengths};

/// Parses a document, which this project has written for `element`. `None` if minidom cannot: it
/// wants a namespace for the root element, it knows no elements in that of the prefix `xml`, and
/// it reads with rxml, which does not know all names.
///
/// # Panics
/// If minidom refuses the document for another reason.
pub(crate) fn parse(document: &str, element: &xml::Element) -> Option<Element> {
    let (parsed, result) = with_token_lengths(document.as_bytes(), |options| {
        build(RawParser::with_options(options), document)
    });
    match (parsed, result) {
        (Ok(root), Ok(())) => Some(root.expect("a document has a root")),
        (Err(Error::MissingNamespace), _)
            if element.ns().is_empty() || any(element.as_ref(), |e| e.ns() == ns::XML) =>
        {
            None
        }
        (_, Err(EndOrError::Error(error))) if is_late_name(error) => None,
        (parsed, result) => panic!("minidom has {parsed:?}, {result:?}: {document:?}"),
    }
}

/// What minidom makes of rxml's events, and what ends them.
fn build(
    mut parser: RawParser,
    document: &str,
) -> (Result<Option<Element>, Error>, Result<(), EndOrError>) {
    let mut builder = TreeBuilder::new();
    let mut rest = document.as_bytes();
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(event)) => {
                if let Err(error) = builder.process_event(event) {
                    return (Err(error), Ok(()));
                }
            }
            Ok(None) => return (Ok(builder.root), Ok(())),
            Err(error) => return (Ok(None), Err(error)),
        }
    }
}

/// Whether this holds of an element or of any within it.
fn any(element: ElementRef<'_>, holds: impl Fn(ElementRef<'_>) -> bool) -> bool {
    let mut open = vec![element];
    while let Some(element) = open.pop() {
        if holds(element) {
            return true;
        }
        open.extend(element.elements());
    }
    false
}

/// What an element of minidom means.
pub(crate) fn meaning(element: &Element) -> Meaning {
    let mut meaning = Meaning::document();
    push(element, &mut meaning);
    meaning
}

fn push(element: &Element, meaning: &mut Meaning) {
    let mut attributes: Vec<Attribute<'_>> = element
        .attrs()
        .iter()
        .map(|((ns, name), value)| (ns.as_str(), name.as_str(), value.as_str()))
        .collect();
    meaning.start(&element.ns(), element.name(), &mut attributes);
    for node in element.nodes() {
        match node {
            Node::Element(child) => push(child, meaning),
            Node::Text(text) => meaning.text(text),
        }
    }
    meaning.end();
}
