//! To and from the elements of the crate `minidom`: the same element, as a tree of nodes.
//!
//! Every name, namespace, attribute and text survives both ways. What does not: prefixes and the
//! order of attributes, which mean nothing; and where minidom's text is empty or in several nodes
//! side by side, it becomes what a parser would read, one node or none.
//!
//! ```
//! use xmpp_proto::xml::Element;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ours: Element = "<tune xmlns='http://jabber.org/protocol/tune'><title>Sorge</title></tune>"
//!     .parse()?;
//! let mut theirs = minidom::Element::try_from(&ours)?;
//! theirs.append_child(minidom::Element::bare("track", "http://jabber.org/protocol/tune"));
//!
//! let back = Element::try_from(&theirs)?;
//! assert!(back.child("track", "http://jabber.org/protocol/tune").is_some());
//! # Ok(())
//! # }
//! ```
//!
//! Neither direction recurses. minidom itself does, to clone, compare, write and drop: what comes
//! from a peer is bounded by [`Limits`](super::Limits), but a deeper tree of your own needs stack.

use alloc::vec;
use core::mem;

use ::minidom::rxml::NcNameStr;
use ::minidom::{Element as Dom, Node};

use super::build_error::BuildError;
use super::builder::ElementBuilder;
use super::element::{Element, ElementRef};
use super::navigate::Child;
use super::xso::shared_namespace;

/// Fails for names with a character of U+FDF0 to U+FFFD: XML 1.0 §2.3 allows these, rxml does not.
impl TryFrom<ElementRef<'_>> for Dom {
    type Error = ::minidom::Error;

    fn try_from(element: ElementRef<'_>) -> Result<Self, Self::Error> {
        let (mut now, mut children) = (start_tag(element)?, element.children());
        let mut outer = vec![];
        loop {
            match children.next() {
                Some(Child::Text(text)) => now.append_text_node(text),
                Some(Child::Element(child)) => {
                    let parent = mem::replace(&mut now, start_tag(child)?);
                    outer.push((parent, mem::replace(&mut children, child.children())));
                }
                None => {
                    let Some((parent, siblings)) = outer.pop() else { return Ok(now) };
                    children = siblings;
                    let child = mem::replace(&mut now, parent);
                    now.append_child(child);
                }
            }
        }
    }
}

/// As from an [`ElementRef`].
impl TryFrom<&Element> for Dom {
    type Error = ::minidom::Error;

    fn try_from(element: &Element) -> Result<Self, Self::Error> {
        element.as_ref().try_into()
    }
}

/// The element without its children.
fn start_tag(element: ElementRef<'_>) -> Result<Dom, ::minidom::Error> {
    // minidom would not check it, and could then not write it.
    let name = <&NcNameStr>::try_from(element.name())?;
    let mut dom = Dom::bare(name.as_str(), element.ns());
    for attr in element.attrs() {
        let namespace = shared_namespace(attr.node().ns(), attr.ns());
        dom.set_attr(namespace, attr.name().try_into()?, attr.value().as_ref());
    }
    Ok(dom)
}

/// Fails where minidom holds what XML does not allow, since its strings are not checked.
impl TryFrom<&Dom> for Element {
    type Error = BuildError;

    fn try_from(dom: &Dom) -> Result<Self, BuildError> {
        let mut builder = Self::builder(dom.name(), &dom.ns());
        set_attrs(&mut builder, dom);
        let mut open = vec![dom.nodes()];
        while let Some(nodes) = open.last_mut() {
            match nodes.next() {
                Some(Node::Text(text)) => builder.push_text(text),
                Some(Node::Element(child)) => {
                    builder.open(child.name(), &child.ns());
                    set_attrs(&mut builder, child);
                    open.push(child.nodes());
                }
                None => {
                    builder.close();
                    open.pop();
                }
            }
        }
        builder.build()
    }
}

fn set_attrs(builder: &mut ElementBuilder, dom: &Dom) {
    for ((ns, name), value) in dom.attrs() {
        builder.set_attr(name, ns, value);
    }
}

#[cfg(test)]
mod tests;
