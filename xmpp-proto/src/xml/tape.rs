//! The tape: a tree as one flat list of 16-byte nodes in document order.
//!
//! An element is followed by its attributes, then by its children (elements and runs of
//! character data) in document order; `next` leads past the subtree. Nothing here owns text:
//! nodes hold byte ranges, so a tree moves and copies as two plain buffers.
//!
//! ```text
//! <a x='1'>hi<b/></a>   0 Element a   next=4 children=2
//!                       1 Attribute x='1'
//!                       2 Text "hi"
//!                       3 Element b   next=4 children=4
//!                       4 Namespace nodes of the tree, if any (see below)
//! ```
//!
//! Namespaces are small integers: 0 is "no namespace", `1..WELL_KNOWN` index a table compiled
//! in, and everything above is local to the tree: id `WELL_KNOWN + i` is the `Namespace` node
//! at `nodes[0].next() + i`. So node 0 is always the root of the whole tree.
//!
//! Ranges are offsets into the tree's text. Offsets at or past the end of that text continue in
//! `aux`, a second piece that a borrowed tree carries for namespace names which do not stand in
//! the stanza itself (declared on the stream header, or written with references); owning a tree
//! copies both into one buffer, so that the offsets stay right.

/// What a [`Node`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Element,
    Attribute,
    Text,
    Namespace,
}

/// One node of the tape. The meaning of the fields depends on the kind; use the constructors
/// and accessors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    a: u32,
    b: u32,
    c: u32,
    len: u16,
    /// Bits 0-1: kind. Bit 2: the text must be decoded. Bits 3-15: namespace id.
    tag: u16,
}

const KIND: u16 = 0b11;
const DECODE: u16 = 0b100;
const NS_SHIFT: u32 = 3;

/// The largest namespace id that fits a node.
pub(crate) const MAX_NS: u16 = u16::MAX >> NS_SHIFT;

impl Node {
    /// An element whose local name is `text[name..name + name_len]`. `next` and `children` are
    /// set later with [`Node::set_next`] and [`Node::set_children`].
    #[inline]
    pub(crate) const fn element(name: u32, name_len: u16, ns: u16) -> Self {
        Self { a: name, b: 0, c: 0, len: name_len, tag: ns << NS_SHIFT }
    }

    /// An attribute; `decode` if its value holds references or white space to normalise.
    #[inline]
    pub(crate) const fn attribute(
        name: u32,
        name_len: u16,
        ns: u16,
        value: u32,
        value_len: u32,
        decode: bool,
    ) -> Self {
        let decode = if decode { DECODE } else { 0 };
        Self { a: name, b: value, c: value_len, len: name_len, tag: ns << NS_SHIFT | decode | 1 }
    }

    /// A run of character data, CDATA sections included; `decode` if it holds references,
    /// CDATA sections or carriage returns.
    #[inline]
    pub(crate) const fn text(start: u32, len: u32, decode: bool) -> Self {
        let decode = if decode { DECODE } else { 0 };
        Self { a: start, b: 0, c: len, len: 0, tag: decode | 2 }
    }

    /// The name of a namespace local to the tree, already decoded.
    #[inline]
    pub(crate) const fn namespace(start: u32, len: u32) -> Self {
        Self { a: start, b: 0, c: len, len: 0, tag: 3 }
    }

    #[inline]
    pub(crate) const fn kind(self) -> Kind {
        match self.tag & KIND {
            0 => Kind::Element,
            1 => Kind::Attribute,
            2 => Kind::Text,
            _ => Kind::Namespace,
        }
    }

    /// Whether the value or text must be decoded before use.
    #[inline]
    pub(crate) const fn decode(self) -> bool {
        self.tag & DECODE != 0
    }

    /// Namespace id of an element or attribute.
    #[inline]
    pub(crate) const fn ns(self) -> u16 {
        self.tag >> NS_SHIFT
    }

    /// Range of the local name of an element or attribute: start and length in bytes.
    #[inline]
    pub(crate) const fn name(self) -> (u32, u32) {
        (self.a, self.len as u32)
    }

    /// Range of an attribute's value, of text, or of a namespace name: start and length.
    #[inline]
    pub(crate) const fn value(self) -> (u32, u32) {
        match self.kind() {
            Kind::Attribute => (self.b, self.c),
            _ => (self.a, self.c),
        }
    }

    /// Index of the node after an element's subtree.
    #[inline]
    pub(crate) const fn next(self) -> u32 {
        self.b
    }

    /// Index of the first node after an element's attributes.
    #[inline]
    pub(crate) const fn children(self) -> u32 {
        self.c
    }

    #[inline]
    pub(crate) const fn set_ns(&mut self, ns: u16) {
        self.tag = self.tag & (KIND | DECODE) | ns << NS_SHIFT;
    }

    #[inline]
    pub(crate) const fn set_next(&mut self, next: u32) {
        self.b = next;
    }

    #[inline]
    pub(crate) const fn set_children(&mut self, children: u32) {
        self.c = children;
    }
}
