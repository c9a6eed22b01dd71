//! Building elements: straight into the tape, every name and character checked on the way.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::build_error::{BuildError, BuildErrorKind, Field};
use super::chars;
use super::copy::{Part, Shift};
use super::element::{AsElement, Element, ElementRef};
use super::namespace::{self, FIRST_LOCAL};
use super::navigate::Tree;
use super::spaces::Spaces;
use super::tape::{Kind, MAX_NS, Node};
use crate::sync::Arc;

/// Room for a usual stanza without growing a buffer.
const TEXT_CAPACITY: usize = 384;
const NODES_CAPACITY: usize = 24;

/// Room behind a copy for what it was made for, such as an address: a copy is to be changed.
const MORE_TEXT: usize = 128;
const MORE_NODES: usize = 4;

/// Builds an [`Element`]: attributes, text and children of the element it began with, in calls
/// that can be chained.
///
/// Nothing fails until [`build`](Self::build), which reports the first fault; calls after a
/// fault do nothing. Every element it yields can be written as well-formed XML.
///
/// ```
/// use xmpp_proto::xml::Element;
///
/// let message = Element::builder("message", "jabber:client")
///     .attr("type", "chat")
///     .child_with("body", "jabber:client", |body| body.text("1 < 2"))
///     .build()?;
/// assert_eq!(
///     message.to_xml(),
///     "<message xmlns='jabber:client' type='chat'><body>1 &lt; 2</body></message>",
/// );
/// # Ok::<(), xmpp_proto::xml::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Clone)]
pub struct ElementBuilder {
    text: String,
    /// The tree so far. An open element keeps the index of its parent where a closed one has
    /// `next`.
    nodes: Vec<Node>,
    spaces: Spaces,
    /// The innermost open element: calls apply to it.
    current: u32,
    /// How many elements are open.
    depth: u32,
    /// Whether the last child of `current` is text, which more text joins.
    ends_with_text: bool,
    fault: Option<Box<BuildError>>,
}

impl ElementBuilder {
    /// Begins an element; `ns` is empty for none.
    pub(crate) fn new(name: &str, ns: &str) -> Self {
        let mut builder = Self::with_capacity(TEXT_CAPACITY, NODES_CAPACITY);
        builder.open(name, ns);
        builder
    }

    fn with_capacity(text: usize, nodes: usize) -> Self {
        Self {
            text: String::with_capacity(text),
            nodes: Vec::with_capacity(nodes),
            spaces: Spaces::default(),
            current: 0,
            depth: 0,
            ends_with_text: false,
            fault: None,
        }
    }

    /// A builder whose element is a copy of `element`, still open.
    pub(crate) fn copy_of(element: ElementRef<'_>) -> Self {
        let part = Part::of(element);
        let text = part.text(element.tree()).len();
        let mut builder = Self::with_capacity(text + MORE_TEXT, part.nodes.len() + MORE_NODES);
        builder.append(element);
        builder.depth = 1;
        let mut children = builder.root().children();
        let mut last = None;
        while let Some((_, node)) = children.next_node() {
            last = Some(node.kind());
        }
        builder.ends_with_text = last == Some(Kind::Text);
        builder
    }

    /// Sets the attribute `name`, in no namespace, to `value`. An attribute of that name is
    /// replaced.
    pub fn attr(self, name: &str, value: &str) -> Self {
        self.attr_ns(name, "", value)
    }

    /// Sets the attribute `name` of namespace `ns` to `value`: `attr_ns("lang", ns::XML, "en")`
    /// is `xml:lang='en'`. An attribute of that name is replaced.
    pub fn attr_ns(mut self, name: &str, ns: &str, value: &str) -> Self {
        self.set_attr(name, ns, value);
        self
    }

    /// Removes the attribute `name` that is in no namespace, if it is there: for copies.
    pub fn remove_attr(mut self, name: &str) -> Self {
        if self.fault.is_none()
            && let Some(at) = self.find_attr(name, namespace::NONE)
        {
            self.nodes.remove(at);
            self.attrs_moved(at, u32::MAX);
        }
        self
    }

    /// Removes the first child called `name`, in the namespace of the current element, if it is there:
    /// for what there is one of at most. Not for elements with text beside their children.
    pub(crate) fn remove_child(&mut self, name: &str) {
        let tree = Tree { text: &self.text, aux: "", nodes: &self.nodes };
        let ns = self.nodes.get(self.current as usize).map(|current| current.ns());
        let mut at = self.first_child();
        while let Some(node) = self.nodes.get(at) {
            let is_element = node.kind() == Kind::Element;
            let before = self.end();
            let end = if is_element { node.next() as usize } else { at + 1 };
            if is_element && Some(node.ns()) == ns && tree.slice(node.name()) == name {
                self.nodes.drain(at..end);
                return self.moved(at, self.end().wrapping_sub(before));
            }
            at = end;
        }
    }

    /// Appends character data. Runs that follow each other are one run; an empty one is none.
    pub fn text(mut self, text: &str) -> Self {
        self.push_text(text);
        self
    }

    /// Appends a copy of an element as a child.
    pub fn child(mut self, child: impl AsElement) -> Self {
        if self.fault.is_none() {
            self.append(child.as_element());
        }
        self
    }

    /// Appends copies of elements as children.
    pub fn children(mut self, children: impl IntoIterator<Item: AsElement>) -> Self {
        for child in children {
            self = self.child(child);
        }
        self
    }

    /// Appends a child element and builds it in place. The closure gets the builder positioned
    /// at the child and must return that builder; it is not called after a fault.
    pub fn child_with(mut self, name: &str, ns: &str, f: impl FnOnce(Self) -> Self) -> Self {
        self.open(name, ns);
        if self.fault.is_some() {
            return self;
        }
        let depth = self.depth;
        let mut built = f(self);
        if built.fault.is_none() && built.depth != depth {
            built.fail(BuildErrorKind::ForeignBuilder, Field::ElementName, name, None);
        }
        built.close();
        built
    }

    /// The element.
    ///
    /// # Errors
    /// The first fault of the calls before: a name that is not one, a character that XML
    /// excludes, a namespace that may not be used, or a size out of bounds.
    pub fn build(mut self) -> Result<Element, BuildError> {
        match self.fault.take() {
            Some(fault) => Err(*fault),
            None => Ok(self.finish()),
        }
    }

    /// The element, if there was no fault.
    pub(crate) fn finish(mut self) -> Element {
        let wanted = self.current;
        while self.depth > 0 {
            self.close();
        }
        let nodes = if self.spaces.nodes.is_empty() {
            Arc::from(self.nodes.as_slice())
        } else {
            self.nodes.iter().chain(&self.spaces.nodes).copied().collect()
        };
        let root = Element::from_parts(Arc::from(self.text.as_str()), nodes);
        // The builder of a nested element, built from within `child_with`.
        if wanted != 0 {
            return ElementRef::at(root.as_ref().tree(), wanted).to_element();
        }
        root
    }

    /// Opens a child of the current element: calls apply to it until [`close`](Self::close).
    pub(crate) fn open(&mut self, name: &str, ns: &str) {
        if self.fault.is_some() {
            return;
        }
        let Some(index) = self.room_for_node(name) else { return };
        let field = Field::ElementName;
        let Some(name_len) = self.check_name(name, field) else { return };
        let Some(ns) = self.namespace(ns, name, None) else { return };
        let Some(start) = self.push(name, field, name, None) else { return };
        let mut node = Node::element(start, name_len, ns);
        node.set_next(self.current);
        node.set_children(index + 1);
        self.nodes.push(node);
        self.current = index;
        self.depth += 1;
        self.ends_with_text = false;
    }

    /// Closes the current element: calls apply to its parent.
    pub(crate) fn close(&mut self) {
        let end = self.end();
        if let Some(node) = self.nodes.get_mut(self.current as usize) {
            let parent = node.next();
            node.set_next(end);
            self.current = if self.depth > 1 { parent } else { 0 };
        }
        self.depth = self.depth.saturating_sub(1);
        self.ends_with_text = false;
    }

    /// [`attr_ns`](Self::attr_ns) in place.
    pub(crate) fn set_attr(&mut self, name: &str, ns: &str, value: &str) {
        if self.fault.is_some() {
            return;
        }
        let field = Field::AttributeName;
        let Some(name_len) = self.check_name(name, field) else { return };
        // Written out, it would be a declaration (Namespaces in XML §3).
        if ns.is_empty() && name == "xmlns" {
            return self.fail(BuildErrorKind::ReservedName, field, "", Some(name));
        }
        let Some(ns) = self.namespace(ns, "", Some(name)) else { return };
        let field = Field::AttributeValue;
        if !self.check_chars(value, field, "", Some(name)) {
            return;
        }
        let old = self.find_attr(name, ns);
        let name_start = match old {
            Some(at) => Some(self.nodes[at].name().0),
            None => self.push(name, field, "", Some(name)),
        };
        let Some(name_start) = name_start else { return };
        let Some(start) = self.push(value, field, "", Some(name)) else { return };
        let node = Node::attribute(name_start, name_len, ns, start, len32(value), false);
        if let Some(at) = old {
            self.nodes[at] = node;
            return;
        }
        if self.room_for_node("").is_none() {
            return;
        }
        let at = self.first_child();
        self.nodes.insert(at, node);
        self.attrs_moved(at + 1, 1);
    }

    /// [`text`](Self::text) in place.
    pub(crate) fn push_text(&mut self, text: &str) {
        if self.fault.is_some() || text.is_empty() || !self.check_chars(text, Field::Text, "", None)
        {
            return;
        }
        if self.ends_with_text
            && let Some(last) = self.nodes.pop()
        {
            let (start, len) = last.value();
            let ends_here = start as usize + len as usize == self.text.len();
            let start = if ends_here && !last.decode() {
                Some(start)
            } else {
                let tree = Tree { text: &self.text, aux: "", nodes: &[] };
                let before = tree.value(last).into_owned();
                self.push(&before, Field::Text, "", None)
            };
            let Some(start) = start else { return };
            if self.push(text, Field::Text, "", None).is_some() {
                let len = self.text_end() - start;
                self.nodes.push(Node::text(start, len, false));
            }
            return;
        }
        if self.room_for_node("").is_none() {
            return;
        }
        let Some(start) = self.push(text, Field::Text, "", None) else { return };
        self.nodes.push(Node::text(start, len32(text), false));
        self.ends_with_text = true;
    }

    /// Copies an element and all within it to the end of the tree.
    fn append(&mut self, element: ElementRef<'_>) {
        let tree = element.tree();
        let part = Part::of(element);
        let room = MAX_NODES.saturating_sub(self.nodes.len());
        if part.nodes.len() > room {
            return self.fail(BuildErrorKind::TooLarge, Field::Child, "", None);
        }
        let index_to = self.end();
        let text = part.text(tree);
        let Some(text_to) = self.push(text, Field::Child, "", None) else { return };
        let shift = Shift { text: part.text.start, text_to, index: element.index(), index_to };
        if part.has_locals {
            // Where each namespace of the old tree is in the new one; `NONE` where not yet known.
            let mut known = vec![namespace::NONE; tree.locals().len()];
            for node in part.nodes {
                let mut ns = node.ns();
                if let Some(slot) =
                    ns.checked_sub(FIRST_LOCAL).and_then(|local| known.get_mut(usize::from(local)))
                {
                    if *slot == namespace::NONE {
                        let Some(id) = self.intern(tree.namespace(ns), "", None) else { return };
                        *slot = id;
                    }
                    ns = *slot;
                }
                self.nodes.push(shift.apply(*node, ns));
            }
        } else {
            self.nodes.extend(part.nodes.iter().map(|node| shift.apply(*node, node.ns())));
        }
        self.ends_with_text = false;
    }

    fn root(&self) -> ElementRef<'_> {
        ElementRef::new(&self.text, "", &self.nodes, 0)
    }

    /// The index of the first child of the current element, or where it would be.
    fn first_child(&self) -> usize {
        self.nodes.get(self.current as usize).map_or(0, |node| node.children() as usize)
    }

    fn find_attr(&self, name: &str, ns: u16) -> Option<usize> {
        let tree = Tree { text: &self.text, aux: "", nodes: &self.nodes };
        let first = self.current as usize + 1;
        let attrs = self.nodes.get(first..self.first_child())?;
        let same = |node: &Node| node.ns() == ns && tree.slice(node.name()) == name;
        attrs.iter().position(same).map(|at| at + first)
    }

    /// Corrects the indices after the attributes of the current element changed in number by
    /// `by` (added wrapping): those of the nodes from `from` on, which are all closed, and its own.
    fn attrs_moved(&mut self, from: usize, by: u32) {
        if let Some(node) = self.nodes.get_mut(self.current as usize) {
            node.set_children(node.children().wrapping_add(by));
        }
        self.moved(from, by);
    }

    /// Corrects the indices of the nodes from `from` on, which are all closed, after as many were
    /// inserted before them as `by` says (added wrapping).
    fn moved(&mut self, from: usize, by: u32) {
        for node in self.nodes.iter_mut().skip(from) {
            if node.kind() == Kind::Element {
                node.set_next(node.next().wrapping_add(by));
                node.set_children(node.children().wrapping_add(by));
            }
        }
    }

    /// The index that a further node gets, if there is room for one.
    fn room_for_node(&mut self, element: &str) -> Option<u32> {
        if self.nodes.len() >= MAX_NODES {
            self.fail(BuildErrorKind::TooLarge, Field::Child, element, None);
            return None;
        }
        Some(self.end())
    }

    /// The number of nodes.
    #[expect(clippy::cast_possible_truncation, reason = "never more than MAX_NODES")]
    fn end(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// The length of the text.
    #[expect(clippy::cast_possible_truncation, reason = "`push` keeps it within u32")]
    fn text_end(&self) -> u32 {
        self.text.len() as u32
    }

    /// Appends to the text; its start, if there is room.
    fn push(&mut self, s: &str, field: Field, element: &str, attr: Option<&str>) -> Option<u32> {
        let start = self.text_end();
        if s.len() > (u32::MAX - start) as usize {
            self.fail(BuildErrorKind::TooLarge, field, element, attr);
            return None;
        }
        self.text.push_str(s);
        Some(start)
    }

    fn check_name(&mut self, name: &str, field: Field) -> Option<u16> {
        let kind = if !chars::is_ncname(name) {
            BuildErrorKind::InvalidName
        } else if let Ok(len) = u16::try_from(name.len()) {
            return Some(len);
        } else {
            BuildErrorKind::TooLarge
        };
        match field {
            Field::ElementName => self.fail(kind, field, name, None),
            _ => self.fail(kind, field, "", Some(name)),
        }
        None
    }

    fn check_chars(&mut self, s: &str, field: Field, element: &str, attr: Option<&str>) -> bool {
        let Some((offset, char)) = forbidden_char(s) else { return true };
        self.fail(BuildErrorKind::ForbiddenChar { char, offset }, field, element, attr);
        false
    }

    /// The id of a namespace that the caller names.
    fn namespace(&mut self, ns: &str, element: &str, attr: Option<&str>) -> Option<u16> {
        if let Some(id) = namespace::well_known(ns) {
            // Nothing can be in it (Namespaces in XML §3), so nothing could be written.
            if id == namespace::XMLNS {
                self.fail(BuildErrorKind::ReservedNamespace, Field::Namespace, element, attr);
                return None;
            }
            return Some(id);
        }
        if !self.check_chars(ns, Field::Namespace, element, attr) {
            return None;
        }
        self.intern(ns, element, attr)
    }

    /// The id of a namespace whose name is in order, known or new.
    fn intern(&mut self, ns: &str, element: &str, attr: Option<&str>) -> Option<u16> {
        if let Some(id) = namespace::well_known(ns) {
            return Some(id);
        }
        let at = match self.spaces.find(&self.text, ns) {
            Ok(id) => return Some(id),
            Err(at) => at,
        };
        if self.spaces.nodes.len() > usize::from(MAX_NS - FIRST_LOCAL) {
            self.fail(BuildErrorKind::TooLarge, Field::Namespace, element, attr);
            return None;
        }
        let start = self.push(ns, Field::Namespace, element, attr)?;
        Some(self.spaces.insert(at, Node::namespace(start, len32(ns))))
    }

    /// Keeps the fault; `element` is empty for the current one.
    #[cold]
    fn fail(&mut self, kind: BuildErrorKind, field: Field, element: &str, attr: Option<&str>) {
        let tree = Tree { text: &self.text, aux: "", nodes: &self.nodes };
        let current = ElementRef::at(tree, self.current).name();
        let element =
            if element.is_empty() && field != Field::ElementName { current } else { element };
        self.fault = Some(Box::new(BuildError::new(kind, field, element, attr)));
    }
}

impl fmt::Debug for ElementBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = ElementRef::at(self.root().tree(), self.current);
        f.debug_struct("ElementBuilder")
            .field("element", &current.name())
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// As many nodes as a `u32` counts, less the namespaces behind them.
const MAX_NODES: usize = (u32::MAX - MAX_NS as u32) as usize;

/// The length of a string that is part of the text, which `push` keeps within `u32`.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn len32(s: &str) -> u32 {
    s.len() as u32
}

/// The first character that is not allowed in XML, and its byte offset.
fn forbidden_char(s: &str) -> Option<(usize, char)> {
    // Without early exit, and with sums of comparisons, the compiler does many bytes at once.
    // U+FFFE and U+FFFF begin with EF; tabs and line ends are sorted out below.
    let suspect = |b| u8::from(b < 0x20) | u8::from(b == 0xEF);
    if s.bytes().fold(0, |found, b| found | suspect(b)) == 0 {
        return None;
    }
    s.char_indices().find(|(_, c)| !chars::is_char(*c))
}

#[cfg(test)]
mod tests;
