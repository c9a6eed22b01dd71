//! Reading a tape: resolving ranges and namespaces, and the iterators over one element's parts.

use alloc::borrow::Cow;
use core::fmt;
use core::iter::FusedIterator;

use super::decode;
use super::element::ElementRef;
use super::namespace::{FIRST_LOCAL, WELL_KNOWN};
use super::tape::{Kind, Node};

/// The buffers of a tree; see [`tape`](super::tape).
///
/// Every tape comes from the parser or the builder, which keep its indices and ranges in order.
/// Reading is total all the same: a range or an index out of bounds reads as nothing.
#[derive(Clone, Copy)]
pub(crate) struct Tree<'a> {
    pub(crate) text: &'a str,
    pub(crate) aux: &'a str,
    pub(crate) nodes: &'a [Node],
}

impl<'a> Tree<'a> {
    #[inline]
    pub(crate) fn node(self, index: u32) -> Option<Node> {
        self.nodes.get(index as usize).copied()
    }

    /// The text of a range, in the text or in what continues it.
    #[inline]
    pub(crate) fn slice(self, (start, len): (u32, u32)) -> &'a str {
        let (start, len) = (start as usize, len as usize);
        let found = match start.checked_sub(self.text.len()) {
            None => self.text.get(start..start.saturating_add(len)),
            Some(start) => self.aux.get(start..start.saturating_add(len)),
        };
        found.unwrap_or("")
    }

    /// The name of namespace `id`.
    #[inline]
    pub(crate) fn namespace(self, id: u16) -> &'a str {
        match WELL_KNOWN.get(usize::from(id)) {
            Some(name) => name,
            None => self.local(id - FIRST_LOCAL).map_or("", |node| self.slice(node.value())),
        }
    }

    /// The nodes of the namespaces local to the tree, in the order of their ids.
    #[inline]
    pub(crate) fn locals(self) -> &'a [Node] {
        let end = self.nodes.first().map_or(0, |root| root.next() as usize);
        self.nodes.get(end..).unwrap_or(&[])
    }

    #[inline]
    fn local(self, number: u16) -> Option<Node> {
        self.locals().get(usize::from(number)).copied()
    }

    /// The meaning of a text node or an attribute.
    #[inline]
    pub(crate) fn value(self, node: Node) -> Cow<'a, str> {
        let raw = self.slice(node.value());
        match node.kind() {
            Kind::Attribute => decode::value(raw, node.decode()),
            _ => decode::text(raw, node.decode()),
        }
    }

    /// Whether a text node means nothing: it is then no child at all.
    #[inline]
    pub(crate) fn is_void(self, text: Node) -> bool {
        let (_, len) = text.value();
        len == 0 || (text.decode() && decode::is_empty(self.slice(text.value())))
    }

    /// The index of the node after the one at `index` and all that lies within it.
    #[inline]
    pub(crate) fn after(node: Node, index: u32) -> u32 {
        match node.kind() {
            Kind::Element => node.next().max(index.saturating_add(1)),
            _ => index.saturating_add(1),
        }
    }

    #[inline]
    pub(crate) fn attrs(self, index: u32) -> Attrs<'a> {
        let end = self.node(index).map_or(0, Node::children);
        let range = index as usize + 1..end as usize;
        Attrs { tree: self, nodes: self.nodes.get(range).unwrap_or(&[]).iter() }
    }

    #[inline]
    pub(crate) fn children(self, index: u32) -> Children<'a> {
        let (at, end) = self.node(index).map_or((0, 0), |node| (node.children(), node.next()));
        Children { tree: self, at, end }
    }
}

/// An attribute of an element.
#[derive(Clone, Copy)]
pub struct Attr<'a> {
    tree: Tree<'a>,
    node: Node,
}

impl<'a> Attr<'a> {
    /// The local name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'a str {
        self.tree.slice(self.node.name())
    }

    /// The namespace name; empty for an attribute written without a prefix.
    #[must_use]
    #[inline]
    pub fn ns(self) -> &'a str {
        self.tree.namespace(self.node.ns())
    }

    /// The value, references resolved and white space normalised (XML 1.0 §3.3.3). Borrowed
    /// unless there was something to do.
    #[must_use]
    #[inline]
    pub fn value(self) -> Cow<'a, str> {
        self.tree.value(self.node)
    }

    #[inline]
    pub(crate) fn node(self) -> Node {
        self.node
    }
}

impl fmt::Debug for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attr")
            .field("name", &self.name())
            .field("ns", &self.ns())
            .field("value", &self.value())
            .finish()
    }
}

/// The attributes of an element, in the order in which they were written.
#[derive(Clone)]
pub struct Attrs<'a> {
    tree: Tree<'a>,
    nodes: core::slice::Iter<'a, Node>,
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attr<'a>> {
        let node = *self.nodes.next()?;
        Some(Attr { tree: self.tree, node })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.nodes.size_hint()
    }
}

impl ExactSizeIterator for Attrs<'_> {}
impl FusedIterator for Attrs<'_> {}

impl fmt::Debug for Attrs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A child of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child<'a> {
    /// A child element.
    Element(ElementRef<'a>),
    /// A run of character data between two tags, references and CDATA sections resolved; never
    /// empty.
    Text(Cow<'a, str>),
}

/// The children of an element, in document order.
#[derive(Clone)]
pub struct Children<'a> {
    tree: Tree<'a>,
    at: u32,
    end: u32,
}

impl Children<'_> {
    /// The next child as a node and its index; empty runs of text are passed over.
    #[inline]
    pub(crate) fn next_node(&mut self) -> Option<(u32, Node)> {
        while self.at < self.end {
            let index = self.at;
            let node = self.tree.node(index)?;
            self.at = Tree::after(node, index);
            if node.kind() == Kind::Element || !self.tree.is_void(node) {
                return Some((index, node));
            }
        }
        None
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Child<'a>;

    #[inline]
    fn next(&mut self) -> Option<Child<'a>> {
        let (index, node) = self.next_node()?;
        Some(match node.kind() {
            Kind::Element => Child::Element(ElementRef::at(self.tree, index)),
            _ => Child::Text(self.tree.value(node)),
        })
    }
}

impl FusedIterator for Children<'_> {}

impl fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The child elements of an element, in document order.
#[derive(Clone)]
pub struct Elements<'a> {
    pub(super) children: Children<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = ElementRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<ElementRef<'a>> {
        let Children { tree, at, end } = &mut self.children;
        while *at < *end {
            let index = *at;
            let node = tree.node(index)?;
            *at = Tree::after(node, index);
            if node.kind() == Kind::Element {
                return Some(ElementRef::at(*tree, index));
            }
        }
        None
    }
}

impl FusedIterator for Elements<'_> {}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
