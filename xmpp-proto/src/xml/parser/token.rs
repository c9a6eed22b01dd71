//! What a [`Lexer`](super::Lexer) gives out.

use alloc::borrow::Cow;
use core::fmt;

use super::name;
use crate::xml::decode;
use crate::xml::element::ElementRef;
use crate::xml::navigate::Attrs;

/// What [`Lexer::next`](super::Lexer::next) gives out. It borrows from the lexer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Token<'a> {
    /// A start tag, or the first half of an empty-element tag.
    Start(StartTag<'a>),
    /// A whole run of character data, from one tag to the next. Runs that mean nothing (empty
    /// CDATA sections) and white space between stanzas are left out.
    Text(Text<'a>),
    /// An end tag, or the second half of an empty-element tag.
    End(EndTag<'a>),
}

impl<'a> Token<'a> {
    /// The token as it was written. All that a lexer passes over between two tokens is the XML
    /// declaration, white space between stanzas, and runs of empty CDATA sections.
    #[must_use]
    pub const fn raw(self) -> &'a str {
        match self {
            Self::Start(tag) => tag.raw(),
            Self::Text(text) => text.raw(),
            Self::End(tag) => tag.raw(),
        }
    }
}

/// A start tag: what [`ElementRef`] tells of an element without its content, and how it was
/// written.
#[derive(Clone, Copy)]
pub struct StartTag<'a> {
    /// The element without children.
    element: ElementRef<'a>,
    raw: &'a str,
    depth: usize,
}

impl<'a> StartTag<'a> {
    #[inline]
    pub(super) const fn new(element: ElementRef<'a>, raw: &'a str, depth: usize) -> Self {
        Self { element, raw, depth }
    }

    /// The local name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'a str {
        self.element.name()
    }

    /// The namespace name; empty if the element is in no namespace.
    #[must_use]
    #[inline]
    pub fn ns(self) -> &'a str {
        self.element.ns()
    }

    /// Whether this is the element `name` of namespace `ns`.
    #[must_use]
    #[inline]
    pub fn is(self, name: &str, ns: &str) -> bool {
        self.element.is(name, ns)
    }

    /// The prefix as it was written, empty if there is none. What it means is in
    /// [`ns`](Self::ns); two prefixes may mean the same.
    #[must_use]
    pub fn prefix(self) -> &'a str {
        name::of_tag(self.raw).0
    }

    /// The value of the attribute `name` that is in no namespace; see [`ElementRef::attr`].
    #[must_use]
    #[inline]
    pub fn attr(self, name: &str) -> Option<Cow<'a, str>> {
        self.element.attr(name)
    }

    /// The value of the attribute `name` of namespace `ns`; see [`ElementRef::attr_ns`].
    #[must_use]
    #[inline]
    pub fn attr_ns(self, name: &str, ns: &str) -> Option<Cow<'a, str>> {
        self.element.attr_ns(name, ns)
    }

    /// The attributes, in the order in which they were written. Namespace declarations are not
    /// among them.
    #[must_use]
    #[inline]
    pub fn attrs(self) -> Attrs<'a> {
        self.element.attrs()
    }

    /// How many elements are open around this one: 0 for the root element.
    #[must_use]
    #[inline]
    pub const fn depth(self) -> usize {
        self.depth
    }

    /// The tag as it was written, from `<` to `>`. It ends in `/>` if and only if it is an
    /// empty-element tag.
    #[must_use]
    #[inline]
    pub const fn raw(self) -> &'a str {
        self.raw
    }
}

impl fmt::Debug for StartTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StartTag").field(&self.raw).finish()
    }
}

/// A run of character data: text, references and CDATA sections between two tags. As
/// [`Display`](fmt::Display) it writes what it means, without allocating.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    raw: &'a str,
    decode: bool,
}

impl<'a> Text<'a> {
    #[inline]
    pub(super) const fn new(raw: &'a str, decode: bool) -> Self {
        Self { raw, decode }
    }

    /// What the run means: references and CDATA sections resolved, line ends normalised (XML
    /// 1.0 §2.11). Borrowed unless there was something to do.
    #[must_use]
    #[inline]
    pub fn value(self) -> Cow<'a, str> {
        decode::text(self.raw, self.decode)
    }

    /// The run as it was written.
    #[must_use]
    #[inline]
    pub const fn raw(self) -> &'a str {
        self.raw
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.decode {
            return f.write_str(self.raw);
        }
        let mut result = Ok(());
        decode::text_pieces(self.raw, |piece| result = result.and_then(|()| f.write_str(piece)));
        result
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&self.raw).finish()
    }
}

/// An end tag. Its namespace is that of the start tag of the same depth before it.
#[derive(Clone, Copy)]
pub struct EndTag<'a> {
    /// Text whose last tag is one of the element, or the name alone.
    named: &'a str,
    raw: &'a str,
    depth: usize,
}

impl<'a> EndTag<'a> {
    #[inline]
    pub(super) const fn new(named: &'a str, raw: &'a str, depth: usize) -> Self {
        Self { named, raw, depth }
    }

    /// The local name.
    #[must_use]
    pub fn name(self) -> &'a str {
        name::of_tag(self.named).1
    }

    /// The prefix, which is the start tag's.
    #[must_use]
    pub fn prefix(self) -> &'a str {
        name::of_tag(self.named).0
    }

    /// How many elements are still open: 0 behind the root element.
    #[must_use]
    #[inline]
    pub const fn depth(self) -> usize {
        self.depth
    }

    /// The tag as it was written; empty if the element was an empty-element tag.
    #[must_use]
    #[inline]
    pub const fn raw(self) -> &'a str {
        self.raw
    }
}

impl fmt::Debug for EndTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndTag").field(&self.raw).finish()
    }
}
