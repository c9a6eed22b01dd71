//! From bytes to elements: the stream parser.
//!
//! A [`Parser`] takes chunks as they come from a transport and gives out one [`Item`] at a time:
//! the stream's header, each stanza as a whole, the end. It accepts the subset of XML 1.0 that
//! RFC 6120 §11 leaves to XMPP, checks all of it, namespaces included, and refuses the rest;
//! see [`ErrorKind`] for what it tells apart.
//!
//! What it answers does not depend on how the input is cut into chunks: items, errors and error
//! offsets are the same. Only *when* a fault is reported may differ: a fault within a tag is
//! reported when the tag's end has arrived (or a limit is reached), and small chunks within a
//! stanza or the root's start tag are looked at when they may complete it, when a kilobyte of them
//! has come, or after [`Parser::flush`]. An item is handed out as soon as its last byte was pushed.
//!
//! # How it works
//!
//! One pass over the bytes, and one copy. [`gate`] keeps small chunks until they can complete
//! something. [`input`] checks a chunk for UTF-8 and forbidden characters and appends it to one
//! buffer. [`classify`](super::classify)
//! finds the next byte of interest. [`tree`], [`tag`] and [`text`] are the grammar; they write
//! the [tape](super::tape) of the stanza, whose nodes are ranges of that buffer, so a stanza is
//! borrowed without another copy. [`reader`] drives them, for [`Parser`] and for [`Lexer`], which
//! forgets the nodes of each tag as soon as it is given out: what one accepts, the other does.
//! References are checked while scanning and decoded when read.
//! A tag cut by the end of a chunk is undone and read again when its end has arrived; long text
//! goes on where it stopped.

#![expect(clippy::inline_always, reason = "calls in the hot loop cost more than their bodies")]

mod document;
mod fault;
mod gate;
mod input;
mod lexer;
mod name;
mod prolog;
mod reader;
mod reference;
mod scope;
mod stream;
mod tag;
mod text;
mod token;
mod tree;

use core::fmt;
use core::ops::Range;

use self::gate::{Gate, Watch};
pub use self::lexer::Lexer;
use self::reader::{Inside, Mode, Reader, Step};
pub use self::token::{EndTag, StartTag, Text, Token};
use super::element::ElementRef;
use super::error::Error;
use super::limits::Limits;

/// A parser for one XML stream (RFC 6120 §4), driven by the caller: it never blocks and knows
/// nothing of transports.
///
/// ```
/// use xmpp_proto::xml::{Item, Limits, Parser};
///
/// let mut parser = Parser::new(Limits::default());
/// parser.push(b"<stream:stream xmlns='jabber:client' id='x7' ");
/// assert!(parser.next()?.is_none()); // needs more input
/// parser.push(b"xmlns:stream='http://etherx.jabber.org/streams'><message><bo");
///
/// let Some(Item::Header(header)) = parser.next()? else { panic!("the header comes first") };
/// assert_eq!(header.element().attr("id").as_deref(), Some("x7"));
/// assert_eq!(header.content_namespace(), Some("jabber:client"));
///
/// parser.push(b"dy>hi</body></message> </stream:stream>");
/// let Some(Item::Element(message)) = parser.next()? else { panic!("then the stanza") };
/// assert_eq!(message.child("body", "jabber:client").unwrap().text(), "hi");
/// assert!(matches!(parser.next()?, Some(Item::End)));
/// # Ok::<(), xmpp_proto::xml::Error>(())
/// ```
///
/// It holds at most the bytes pushed and not yet consumed, and the tree of one stanza; both are
/// bounded by [`Limits`] if the caller drains [`next`](Self::next) after each
/// [`push`](Self::push).
pub struct Parser {
    gate: Gate,
    /// Whether there is nothing to be found until more is parsed.
    idle: bool,
    reader: Reader,
}

/// What [`Parser::next`] gives out.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// The start tag of the stream's root element.
    Header(Header<'a>),
    /// A child of the root element, complete: a stanza or another first-level element.
    Element(ElementRef<'a>),
    /// The end tag of the root element.
    End,
}

/// The start tag of a stream's root element (RFC 6120 §4.7). Whether it is a stream header that
/// XMPP allows is for the caller to judge.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    element: ElementRef<'a>,
    prefix: &'a str,
    content_namespace: &'a str,
}

impl<'a> Header<'a> {
    /// The root element with its attributes and without children.
    #[must_use]
    pub const fn element(self) -> ElementRef<'a> {
        self.element
    }

    /// The prefix of the root element's name, nearly always `stream`; empty if there is none.
    #[must_use]
    pub const fn prefix(self) -> &'a str {
        self.prefix
    }

    /// The default namespace that the header declares for the stream's content (RFC 6120
    /// §4.8.2).
    #[must_use]
    pub fn content_namespace(self) -> Option<&'a str> {
        Some(self.content_namespace).filter(|ns| !ns.is_empty())
    }
}

impl Parser {
    /// A parser at the beginning of a stream. Limits beyond what the tree can express are cut
    /// down, see [`Limits`].
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_mode(limits, Mode::Stream)
    }

    /// A parser for a document that stands alone: it gives out the root element as a whole, as
    /// one [`Item::Element`], and nothing else. [`Limits::stanza_bytes`] bounds the document. A
    /// byte order mark may stand before it.
    ///
    /// A document in a string is parsed with [`FromStr`](core::str::FromStr) more easily.
    ///
    /// ```
    /// use xmpp_proto::xml::{Item, Limits, Parser};
    ///
    /// let mut parser = Parser::document(Limits::default().with_stanza_bytes(1000));
    /// for chunk in ["<?xml version='1.0'?><list><it", "em/><item/></list>\n"] {
    ///     parser.push(chunk.as_bytes());
    ///     if let Some(Item::Element(list)) = parser.next()? {
    ///         assert_eq!(list.elements().count(), 2);
    ///     }
    /// }
    /// assert!(parser.next()?.is_none()); // nothing but white space followed
    /// # Ok::<(), xmpp_proto::xml::Error>(())
    /// ```
    #[must_use]
    pub fn document(limits: Limits) -> Self {
        Self::with_mode(limits, Mode::Document)
    }

    fn with_mode(limits: Limits, mode: Mode) -> Self {
        Self { gate: Gate::new(), idle: false, reader: Reader::new(limits, mode) }
    }

    /// Takes the next chunk of the stream. The chunk is only checked and copied; what is wrong
    /// with it is reported by [`next`](Self::next), after everything that stands before it.
    #[inline]
    pub fn push(&mut self, chunk: &[u8]) {
        match chunk {
            // Serial lines deliver byte by byte.
            [byte] if self.gate.take_byte(*byte) => {}
            _ => self.push_chunk(chunk),
        }
    }

    #[inline(never)]
    fn push_chunk(&mut self, chunk: &[u8]) {
        if self.gate.takes(chunk) {
            match self.gate.take(chunk) {
                0 => {}
                due => self.release(due),
            }
        } else {
            self.flush();
            self.idle = false;
            self.reader.push(chunk);
        }
    }

    /// Looks at all that was pushed, so that [`next`](Self::next) reports a fault even if it is
    /// in the last few bytes of a stanza that was pushed in small chunks. Worth a call when no
    /// more input will come; items never need it.
    pub fn flush(&mut self) {
        match self.gate.held().len() {
            0 => {}
            held => self.release(held),
        }
    }

    /// Parses what was held back, up to `due` bytes.
    #[inline]
    fn release(&mut self, due: usize) {
        self.idle = false;
        self.reader.push(self.gate.held().get(..due).unwrap_or_default());
        self.reader.prepare();
        self.gate.release(due);
    }

    /// The next item, or `None` if it is not complete: push more and call again.
    ///
    /// # Errors
    ///
    /// What the peer sent is not the XML that XMPP allows, or goes beyond a limit. The stream
    /// is lost: the same error is returned until [`restart`](Self::restart) or
    /// [`reset`](Self::reset).
    #[expect(clippy::should_implement_trait, reason = "items borrow from the parser")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.idle {
            return Ok(None);
        }
        match self.step() {
            Ok(Some(step)) => {
                // Small chunks mostly end with the stanza: nobody need look again.
                if self.reader.is_done() {
                    self.idle = true;
                    self.gate.watch(Watch::Start);
                }
                Ok(Some(self.item(step)))
            }
            Ok(None) => {
                self.idle = true;
                self.gate.watch(self.reader.waits_for());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        self.reader.step(|tree, src, maps| {
            let end = tree.content(src, maps)?;
            tree.end_tree(end)?;
            Ok(Inside { from: tree.start, complete: true })
        })
    }

    fn item(&self, step: Step) -> Item<'_> {
        let Reader { input, tree, root, .. } = &self.reader;
        let text = input.text().get(tree.start..tree.at).unwrap_or_default();
        let element = ElementRef::new(text, tree.scope.aux(), &tree.nodes, 0);
        match step {
            Step::Inside => Item::Element(element),
            Step::End => Item::End,
            Step::Header => Item::Header(Header {
                element,
                prefix: name::of_tag(root).0,
                content_namespace: tree.scope.inherited_default(),
            }),
        }
    }

    /// Bytes pushed that come after the last item handed out, white space included. After an
    /// invalid byte nothing more is kept, but all of it is counted.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.reader.unread() + self.gate.held().len()
    }

    /// Absolute offset of the end of the last item handed out: bytes since the parser was made
    /// or last [`reset`](Self::reset).
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.reader.span().end
    }

    /// Where the last item handed out stands in the input: from its `<` to behind its `>`, as
    /// absolute offsets. The end is [`position`](Self::position).
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        self.reader.span().clone()
    }

    /// A new stream begins right behind the last item, on the same transport, as after
    /// successful SASL negotiation (RFC 6120 §4.3.3). Declarations of the old header are
    /// forgotten; bytes that were not read stay. Offsets go on.
    ///
    /// An error that was found behind the last item is forgotten too, unless the bytes as such
    /// are invalid, since these bytes belong to the new stream.
    pub fn restart(&mut self) {
        self.reader.restart();
        // Only now: behind an error, what is too much is refused for good.
        self.release(self.gate.held().len());
    }

    /// Sets other limits, for what begins from now on: a server allows more once it knows who
    /// sends. An element that has begun keeps those it began with.
    pub fn set_limits(&mut self, limits: Limits) {
        self.reader.set_limits(limits);
    }

    /// Forgets everything, as for a new transport or after TLS negotiation (RFC 6120
    /// §5.4.3.3): unread bytes, declarations, errors. Offsets begin again at 0. Buffers are
    /// kept.
    pub fn reset(&mut self) {
        self.gate.clear();
        self.idle = false;
        self.reader.reset();
    }

    /// Gives back memory that a large stanza has left behind. Worth a call when the stream is
    /// idle; between stanzas of usual size it would only cost time.
    pub fn shrink(&mut self) {
        self.gate.shrink();
        self.reader.shrink();
    }
}

/// Says where the parser is, not what it holds: that may be confidential.
impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.debug("Parser", f)
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

#[cfg(test)]
mod tests;
