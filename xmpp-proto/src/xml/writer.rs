//! Writing elements as XML: namespaces declared where they change, nothing declared twice.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::copy::Part;
use super::decode;
use super::element::ElementRef;
use super::escape::{self, Sink};
use super::namespace::{self, FIRST_LOCAL};
use super::navigate::Tree;
use super::tape::{Kind, Node};

/// Writes elements into a stream of bytes, given what the stream header has declared.
///
/// What it writes is well-formed for every element there can be, and reads back as an equal one.
/// Elements are written with a default namespace, declared where it changes; attributes in a
/// namespace get prefixes `ns0`, `ns1`, ...; `xml:lang` and its like need no declaration.
///
/// A writer keeps its working memory: once warm it allocates only to grow `out`.
///
/// ```
/// use xmpp_proto::ns;
/// use xmpp_proto::xml::{Element, Writer};
///
/// let mut writer = Writer::new(ns::CLIENT, true);
/// let mut out = Vec::new();
/// let presence = Element::builder("presence", ns::CLIENT).attr_ns("lang", ns::XML, "en").build()?;
/// writer.write(presence.as_ref(), &mut out);
/// let error = Element::builder("error", ns::STREAM)
///     .child_with("reset", ns::STREAM_ERROR, |condition| condition)
///     .build()?;
/// writer.write(error.as_ref(), &mut out);
/// assert_eq!(
///     core::str::from_utf8(&out)?,
///     "<presence xml:lang='en'/>\
///      <stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
/// );
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Writer {
    context: Context,
    stacks: Stacks,
}

impl Writer {
    /// A writer for a place where `default_ns` is the default namespace (empty for none) and, if
    /// `stream_prefix`, the prefix `stream` is bound to [`ns::STREAM`](crate::ns::STREAM), as
    /// stream headers do (RFC 6120 §4.8).
    #[must_use]
    pub fn new(default_ns: &str, stream_prefix: bool) -> Self {
        let context = Context { default_ns: String::from(default_ns), stream_prefix };
        Self { context, stacks: Stacks::default() }
    }

    /// Appends the element to `out`.
    pub fn write(&mut self, element: ElementRef<'_>, out: &mut Vec<u8>) {
        write(&self.context, &mut self.stacks, element, out);
    }
}

/// The element as a document of its own.
pub(crate) fn to_xml(element: ElementRef<'_>) -> String {
    // Tags and escapes beyond the text itself: a guess that is rarely short.
    let part = Part::of(element);
    let mut out = String::with_capacity(part.text(element.tree()).len() + 16 * part.nodes.len());
    write(&Context::default(), &mut Stacks::default(), element, &mut out);
    out
}

/// The same into a formatter.
pub(crate) fn display(element: ElementRef<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = escape::Formatter { inner: f, result: Ok(()) };
    write(&Context::default(), &mut Stacks::default(), element, &mut out);
    out.result
}

/// What is declared around the element.
#[derive(Clone, Debug, Default)]
struct Context {
    default_ns: String,
    stream_prefix: bool,
}

/// The writer's working memory.
#[derive(Clone, Debug, Default)]
struct Stacks {
    /// The elements that are open.
    open: Vec<Open>,
    /// The namespaces of the prefixes in scope: `ns0` is the first.
    prefixed: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    node: Node,
    prefix: &'static str,
    /// The default namespace outside.
    outer_default: u16,
    /// How many prefixes were in scope outside.
    outer_prefixed: usize,
}

/// A default namespace that no name in the tree is in.
const ELSEWHERE: u16 = u16::MAX;

/// How many of the innermost prefixes are considered for use: so that the time to write does not
/// grow with the square of hostile input. Beyond it a namespace is declared again.
const PREFIXES_SEARCHED: usize = 32;

fn write(context: &Context, stacks: &mut Stacks, element: ElementRef<'_>, out: &mut impl Sink) {
    stacks.open.clear();
    stacks.prefixed.clear();
    let mut pen = Pen {
        tree: element.tree(),
        stream_prefix: context.stream_prefix,
        default: find_namespace(element.tree(), &context.default_ns),
        stacks,
        out,
    };
    let mut index = element.index();
    let mut node = element.node();
    let end = Tree::after(node, index);
    loop {
        match node.kind() {
            Kind::Element => {
                let open = pen.start(node, index);
                // The nodes after the attributes: children, or what follows the element.
                index = node.children().max(index + 1);
                if node.children() < node.next() {
                    pen.out.put(">");
                    pen.stacks.open.push(open);
                } else {
                    pen.out.put("/>");
                    pen.leave(open);
                }
            }
            Kind::Text => {
                pen.text(node);
                index += 1;
            }
            Kind::Attribute | Kind::Namespace => index += 1,
        }
        while let Some(open) = pen.stacks.open.pop_if(|open| open.node.next() <= index) {
            pen.end(open);
        }
        if index >= end {
            return;
        }
        let Some(next) = pen.tree.node(index) else { return };
        node = next;
    }
}

/// The id of a namespace in a tree.
fn find_namespace(tree: Tree<'_>, name: &str) -> u16 {
    namespace::well_known(name).unwrap_or_else(|| {
        let numbered = (FIRST_LOCAL..ELSEWHERE).zip(tree.locals());
        let mut same = numbered.filter(|(_, node)| tree.slice(node.value()) == name);
        same.next().map_or(ELSEWHERE, |(id, _)| id)
    })
}

struct Pen<'a, S> {
    tree: Tree<'a>,
    stream_prefix: bool,
    /// The default namespace in force.
    default: u16,
    stacks: &'a mut Stacks,
    out: &'a mut S,
}

impl<S: Sink> Pen<'_, S> {
    /// Writes a start tag but for its last character.
    fn start(&mut self, node: Node, index: u32) -> Open {
        let ns = node.ns();
        let mut open = Open {
            node,
            prefix: "",
            outer_default: self.default,
            outer_prefixed: self.stacks.prefixed.len(),
        };
        let declare = !self.same(ns, self.default);
        if declare {
            // These two are bound already; `xml` cannot be the default (Namespaces in XML §3).
            match ns {
                namespace::XML => open.prefix = "xml:",
                namespace::STREAM if self.stream_prefix => open.prefix = "stream:",
                _ => self.default = ns,
            }
        }
        self.out.put("<");
        self.out.put(open.prefix);
        self.put(node.name());
        if declare && open.prefix.is_empty() {
            self.out.put(" xmlns='");
            self.namespace(ns);
            self.out.put("'");
        }
        for attr in self.tree.attrs(index) {
            self.attr(attr.node());
        }
        open
    }

    fn end(&mut self, open: Open) {
        self.out.put("</");
        self.out.put(open.prefix);
        self.put(open.node.name());
        self.out.put(">");
        self.leave(open);
    }

    /// Takes back what an element declared.
    fn leave(&mut self, open: Open) {
        self.default = open.outer_default;
        self.stacks.prefixed.truncate(open.outer_prefixed);
    }

    fn attr(&mut self, node: Node) {
        match node.ns() {
            namespace::NONE => self.out.put(" "),
            namespace::XML => self.out.put(" xml:"),
            namespace::STREAM if self.stream_prefix => self.out.put(" stream:"),
            ns => {
                let number = self.prefix(ns);
                self.out.put(" ns");
                self.number(number);
                self.out.put(":");
            }
        }
        self.put(node.name());
        self.out.put("='");
        if node.decode() {
            let raw = self.tree.slice(node.value());
            decode::value_pieces(raw, |piece| escape::attr(piece, self.out));
        } else if self.is_plain::<true>(node.value()) {
            self.put(node.value());
        } else {
            escape::attr(self.tree.slice(node.value()), self.out);
        }
        self.out.put("'");
    }

    fn text(&mut self, node: Node) {
        if node.decode() {
            let raw = self.tree.slice(node.value());
            decode::text_pieces(raw, |piece| escape::text(piece, self.out));
        } else if self.is_plain::<false>(node.value()) {
            self.put(node.value());
        } else {
            escape::text(self.tree.slice(node.value()), self.out);
        }
    }

    /// Writes the name of a namespace as a value.
    fn namespace(&mut self, ns: u16) {
        let name = self.tree.namespace(ns);
        // None of the names that are compiled in must be escaped; a test sees to it.
        if ns < FIRST_LOCAL { self.out.put(name) } else { escape::attr(name, self.out) }
    }

    /// Writes a range of the tree as it is.
    #[inline]
    fn put(&mut self, (start, len): (u32, u32)) {
        let (at, size) = (start as usize, len as usize);
        if at < self.tree.text.len() {
            self.out.put_part(self.tree.text, at, size);
        } else {
            self.out.put(self.tree.slice((start, len)));
        }
    }

    /// Whether a range can be written as it is. False also where it is not worth the look.
    #[inline]
    fn is_plain<const ATTR: bool>(&self, (start, len): (u32, u32)) -> bool {
        let (start, len) = (start as usize, len as usize);
        start < self.tree.text.len() && escape::is_plain::<ATTR>(self.tree.text, start, len)
    }

    /// The number of the prefix for an attribute's namespace, declared here if need be. A number
    /// is the place in the stack, so no two prefixes in scope are the same.
    fn prefix(&mut self, ns: u16) -> usize {
        let prefixed = &self.stacks.prefixed;
        let number = prefixed.len();
        let searched = prefixed.iter().enumerate().rev().take(PREFIXES_SEARCHED);
        for (number, known) in searched {
            if self.same(ns, *known) {
                return number;
            }
        }
        self.stacks.prefixed.push(ns);
        self.out.put(" xmlns:ns");
        self.number(number);
        self.out.put("='");
        self.namespace(ns);
        self.out.put("'");
        number
    }

    fn number(&mut self, number: usize) {
        const DIGITS: &str = "0123456789";
        let mut unit = 1;
        while number / unit >= 10 {
            unit *= 10;
        }
        while unit > 0 {
            let digit = number / unit % 10;
            self.out.put(&DIGITS[digit..=digit]);
            unit /= 10;
        }
    }

    /// Whether two ids of this tree name the same namespace. A tree may number one twice.
    fn same(&self, a: u16, b: u16) -> bool {
        a == b
            || (a >= FIRST_LOCAL
                && b >= FIRST_LOCAL
                && b != ELSEWHERE
                && self.tree.namespace(a) == self.tree.namespace(b))
    }
}

#[cfg(test)]
mod tests;
