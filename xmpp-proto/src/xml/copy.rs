//! Taking an element out of its tree: what part of the buffers is its own, and how its nodes
//! change when that part moves.

use alloc::string::String;
use core::ops::Range;

use super::builder::ElementBuilder;
use super::element::{Element, ElementRef};
use super::namespace::FIRST_LOCAL;
use super::navigate::Tree;
use super::tape::{Kind, Node};
use crate::sync::Arc;

/// An owned copy of `element` and all within it.
pub(crate) fn to_element(element: ElementRef<'_>) -> Element {
    let tree = element.tree();
    if element.index() == 0 {
        return Element::from_parts(whole_text(tree), Arc::from(tree.nodes));
    }
    let part = Part::of(element);
    if part.has_locals {
        return ElementBuilder::copy_of(element).finish();
    }
    let shift = Shift { text: part.text.start, text_to: 0, index: element.index(), index_to: 0 };
    let nodes = part.nodes.iter().map(|node| shift.apply(*node, node.ns())).collect();
    Element::from_parts(Arc::from(part.text(tree)), nodes)
}

/// The text of a tree with what continues it, if a namespace needs that.
fn whole_text(tree: Tree<'_>) -> Arc<str> {
    let Tree { text, aux, .. } = tree;
    let text_len = text.len();
    if tree.locals().iter().all(|local| (local.value().0 as usize) < text_len) {
        return Arc::from(text);
    }
    let mut joined = String::with_capacity(text_len + aux.len());
    joined.push_str(text);
    joined.push_str(aux);
    Arc::from(joined)
}

/// The part of a tree that one element takes up.
pub(crate) struct Part<'a> {
    /// The element, its attributes and all within it.
    pub(crate) nodes: &'a [Node],
    /// The text that its nodes point into. In a tree fresh from the parser that is exactly the
    /// element, since nodes and text are in the same order.
    pub(crate) text: Range<u32>,
    /// Whether a name in it is in a namespace that only this tree numbers.
    pub(crate) has_locals: bool,
}

impl<'a> Part<'a> {
    pub(crate) fn of(element: ElementRef<'a>) -> Self {
        let range = element.index() as usize..element.node().next() as usize;
        let nodes = element.tree().nodes.get(range).unwrap_or(&[]);
        let (mut start, mut end, mut has_locals) = (u32::MAX, 0, false);
        let mut cover = |(at, len): (u32, u32)| {
            start = start.min(at);
            end = end.max(at.saturating_add(len));
        };
        for node in nodes {
            match node.kind() {
                Kind::Element => cover(node.name()),
                Kind::Attribute => {
                    cover(node.name());
                    cover(node.value());
                }
                _ => cover(node.value()),
            }
            has_locals |= node.ns() >= FIRST_LOCAL;
        }
        Self { nodes, text: start.min(end)..end, has_locals }
    }

    pub(crate) fn text(&self, tree: Tree<'a>) -> &'a str {
        tree.text.get(self.text.start as usize..self.text.end as usize).unwrap_or("")
    }
}

/// How the ranges and indices of nodes change when they move: from where to where.
pub(crate) struct Shift {
    pub(crate) text: u32,
    pub(crate) text_to: u32,
    pub(crate) index: u32,
    pub(crate) index_to: u32,
}

impl Shift {
    /// The node at its new place, in namespace `ns` of its new tree.
    #[inline]
    pub(crate) fn apply(&self, node: Node, ns: u16) -> Node {
        let text = |at: u32| at.wrapping_sub(self.text).wrapping_add(self.text_to);
        let index = |at: u32| at.wrapping_sub(self.index).wrapping_add(self.index_to);
        let (name, name_len) = node.name();
        let (value, value_len) = node.value();
        #[expect(clippy::cast_possible_truncation, reason = "the length of a name is a u16")]
        let name_len = name_len as u16;
        match node.kind() {
            Kind::Element => {
                let mut moved = Node::element(text(name), name_len, ns);
                moved.set_next(index(node.next()));
                moved.set_children(index(node.children()));
                moved
            }
            Kind::Attribute => {
                Node::attribute(text(name), name_len, ns, text(value), value_len, node.decode())
            }
            _ => Node::text(text(value), value_len, node.decode()),
        }
    }
}
