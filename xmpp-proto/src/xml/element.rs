//! Elements: [`ElementRef`] borrows one from a parser or from an [`Element`], which owns its tree.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::builder::ElementBuilder;
use super::navigate::{Attr, Attrs, Children, Elements, Tree};
use super::tape::{Kind, Node};
use super::{copy, eq, writer};
use crate::sync::Arc;

/// A borrowed element: a place in a tree. Copying it copies a few words.
///
/// Names are expanded (Namespaces in XML §2.1): a local name and a namespace name, where the
/// empty string means "no namespace". Prefixes do not survive parsing.
///
/// Two elements are equal if their expanded names, their attributes as a set, and their children
/// in order are equal; how they were written plays no part.
#[derive(Clone, Copy)]
pub struct ElementRef<'a> {
    tree: Tree<'a>,
    index: u32,
}

impl<'a> ElementRef<'a> {
    /// The element at `index` of a tape: `text` and `aux` as in [`tape`](super::tape).
    #[inline]
    pub(crate) fn new(text: &'a str, aux: &'a str, nodes: &'a [Node], index: u32) -> Self {
        Self { tree: Tree { text, aux, nodes }, index }
    }

    #[inline]
    pub(crate) fn at(tree: Tree<'a>, index: u32) -> Self {
        Self { tree, index }
    }

    #[inline]
    pub(crate) fn tree(self) -> Tree<'a> {
        self.tree
    }

    #[inline]
    pub(crate) fn index(self) -> u32 {
        self.index
    }

    #[inline]
    pub(crate) fn node(self) -> Node {
        self.tree.node(self.index).unwrap_or(Node::element(0, 0, 0))
    }

    /// The local name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'a str {
        self.tree.slice(self.node().name())
    }

    /// The namespace name; empty if the element is in no namespace.
    #[must_use]
    #[inline]
    pub fn ns(self) -> &'a str {
        self.tree.namespace(self.node().ns())
    }

    /// Whether this is the element `name` of namespace `ns`.
    #[must_use]
    #[inline]
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The value of the attribute `name` that is in no namespace, as nearly all attributes of
    /// XMPP are.
    #[must_use]
    #[inline]
    pub fn attr(self, name: &str) -> Option<Cow<'a, str>> {
        self.attrs().find(|attr| attr.node().ns() == 0 && attr.name() == name).map(Attr::value)
    }

    /// The value of the attribute `name` of namespace `ns`: `attr_ns("lang", ns::XML)` is
    /// `xml:lang`.
    #[must_use]
    #[inline]
    pub fn attr_ns(self, name: &str, ns: &str) -> Option<Cow<'a, str>> {
        self.attrs().find(|attr| attr.name() == name && attr.ns() == ns).map(Attr::value)
    }

    /// The attributes, in the order in which they were written. Namespace declarations are not
    /// among them.
    #[must_use]
    #[inline]
    pub fn attrs(self) -> Attrs<'a> {
        self.tree.attrs(self.index)
    }

    /// The children: elements and runs of character data, in document order.
    #[must_use]
    #[inline]
    pub fn children(self) -> Children<'a> {
        self.tree.children(self.index)
    }

    /// The child elements, in document order.
    #[must_use]
    #[inline]
    pub fn elements(self) -> Elements<'a> {
        Elements { children: self.children() }
    }

    /// The first child element `name` of namespace `ns`.
    #[must_use]
    #[inline]
    pub fn child(self, name: &str, ns: &str) -> Option<ElementRef<'a>> {
        self.elements().find(|child| child.is(name, ns))
    }

    /// The character data directly within this element, concatenated; that of child elements is
    /// left out. Borrowed if it is one run without references.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        let mut text = Cow::Borrowed("");
        let mut children = self.children();
        while let Some((_, node)) = children.next_node() {
            if node.kind() != Kind::Text {
                continue;
            }
            let run = self.tree.value(node);
            if text.is_empty() {
                text = run;
            } else {
                text.to_mut().push_str(&run);
            }
        }
        text
    }

    /// A copy that owns its tree. For a whole stanza out of the parser that is two allocations
    /// and two copies (one more of each if it uses a namespace that only the stream header names
    /// and this crate does not know); of an element within a tree, only its part is copied.
    #[must_use]
    pub fn to_element(self) -> Element {
        copy::to_element(self)
    }

    /// A builder that starts with a copy of this element, to change it.
    pub fn to_builder(self) -> ElementBuilder {
        ElementBuilder::copy_of(self)
    }

    /// The element as a document of its own: namespaces are declared where they change.
    ///
    /// The result has no XML declaration and no byte beyond the element itself.
    #[must_use]
    pub fn to_xml(self) -> String {
        writer::to_xml(self)
    }
}

impl fmt::Display for ElementRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writer::display(*self, f)
    }
}

impl fmt::Debug for ElementRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'b> PartialEq<ElementRef<'b>> for ElementRef<'_> {
    fn eq(&self, other: &ElementRef<'b>) -> bool {
        eq::equal(*self, *other)
    }
}

impl Eq for ElementRef<'_> {}

impl PartialEq<Element> for ElementRef<'_> {
    fn eq(&self, other: &Element) -> bool {
        eq::equal(*self, other.as_ref())
    }
}

/// An element that owns its tree. It cannot be changed; cloning it shares the tree.
///
/// All of it, however deep, lies in two buffers: one of text, one of nodes. The reading methods
/// are those of [`ElementRef`].
///
/// ```
/// use xmpp_proto::xml::{Child, Element};
///
/// let item: Element = "<item xmlns='urn:x' id='1'>before<b/>after</item>".parse()?;
/// assert!(item.is("item", "urn:x"));
/// assert_eq!(item.attr("id").as_deref(), Some("1"));
/// assert_eq!(item.text(), "beforeafter");
/// assert!(matches!(item.children().next(), Some(Child::Text(text)) if text == "before"));
///
/// let changed = item.to_builder().attr("id", "2").text("!").build()?;
/// assert_eq!(changed.to_xml(), "<item xmlns='urn:x' id='2'>before<b/>after!</item>");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Element {
    text: Arc<str>,
    nodes: Arc<[Node]>,
}

impl Element {
    /// Begins an element `name` of namespace `ns` (empty for none). Faults are reported by
    /// [`ElementBuilder::build`].
    pub fn builder(name: &str, ns: &str) -> ElementBuilder {
        ElementBuilder::new(name, ns)
    }

    /// An element from the two buffers of a tape.
    #[inline]
    pub(crate) fn from_parts(text: Arc<str>, nodes: Arc<[Node]>) -> Self {
        Self { text, nodes }
    }

    /// The element as a reference, which is a place in its tree.
    #[must_use]
    #[inline]
    pub fn as_ref(&self) -> ElementRef<'_> {
        ElementRef::new(&self.text, "", &self.nodes, 0)
    }

    /// The local name; see [`ElementRef::name`].
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        self.as_ref().name()
    }

    /// The namespace name; see [`ElementRef::ns`].
    #[must_use]
    #[inline]
    pub fn ns(&self) -> &str {
        self.as_ref().ns()
    }

    /// Whether this is the element `name` of namespace `ns`.
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.as_ref().is(name, ns)
    }

    /// The value of an attribute in no namespace; see [`ElementRef::attr`].
    #[must_use]
    #[inline]
    pub fn attr(&self, name: &str) -> Option<Cow<'_, str>> {
        self.as_ref().attr(name)
    }

    /// The value of an attribute in a namespace; see [`ElementRef::attr_ns`].
    #[must_use]
    #[inline]
    pub fn attr_ns(&self, name: &str, ns: &str) -> Option<Cow<'_, str>> {
        self.as_ref().attr_ns(name, ns)
    }

    /// The attributes; see [`ElementRef::attrs`].
    #[must_use]
    #[inline]
    pub fn attrs(&self) -> Attrs<'_> {
        self.as_ref().attrs()
    }

    /// The children; see [`ElementRef::children`].
    #[must_use]
    #[inline]
    pub fn children(&self) -> Children<'_> {
        self.as_ref().children()
    }

    /// The child elements; see [`ElementRef::elements`].
    #[must_use]
    #[inline]
    pub fn elements(&self) -> Elements<'_> {
        self.as_ref().elements()
    }

    /// The first child element `name` of namespace `ns`.
    #[must_use]
    #[inline]
    pub fn child(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.as_ref().child(name, ns)
    }

    /// The character data directly within; see [`ElementRef::text`].
    #[must_use]
    #[inline]
    pub fn text(&self) -> Cow<'_, str> {
        self.as_ref().text()
    }

    /// A builder that starts with a copy of this element: set, replace or remove attributes,
    /// append children.
    pub fn to_builder(&self) -> ElementBuilder {
        self.as_ref().to_builder()
    }

    /// The bytes of memory that the tree takes.
    #[cfg(feature = "client")]
    pub(crate) fn weight(&self) -> usize {
        self.text.len() + core::mem::size_of_val::<[Node]>(&self.nodes)
    }

    /// The element as a document of its own; see [`ElementRef::to_xml`].
    #[must_use]
    pub fn to_xml(&self) -> String {
        self.as_ref().to_xml()
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        // Shared buffers are the same tree: nothing to read.
        (Arc::ptr_eq(&self.text, &other.text) && Arc::ptr_eq(&self.nodes, &other.nodes))
            || eq::equal(self.as_ref(), other.as_ref())
    }
}

impl Eq for Element {}

impl<'b> PartialEq<ElementRef<'b>> for Element {
    fn eq(&self, other: &ElementRef<'b>) -> bool {
        eq::equal(self.as_ref(), *other)
    }
}

impl From<ElementRef<'_>> for Element {
    fn from(element: ElementRef<'_>) -> Self {
        element.to_element()
    }
}

/// What can be lent as an [`ElementRef`]: elements owned, shared or borrowed, and types that are
/// written as one element.
pub trait AsElement {
    /// The element.
    fn as_element(&self) -> ElementRef<'_>;
}

impl AsElement for Element {
    fn as_element(&self) -> ElementRef<'_> {
        self.as_ref()
    }
}

impl AsElement for ElementRef<'_> {
    fn as_element(&self) -> ElementRef<'_> {
        *self
    }
}

impl<T: AsElement + ?Sized> AsElement for &T {
    fn as_element(&self) -> ElementRef<'_> {
        (**self).as_element()
    }
}

#[cfg(test)]
mod tests;
