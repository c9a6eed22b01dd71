//! From bytes to elements: the stream parser.
//!
//! A [`Parser`] takes chunks as they come from a transport and gives out one [`Item`] at a time:
//! the stream's header, each stanza as a whole, the end. It accepts the subset of XML 1.0 that
//! RFC 6120 §11 leaves to XMPP, checks all of it, namespaces included, and refuses the rest;
//! see [`ErrorKind`] for what it tells apart.
//!
//! What it answers does not depend on how the input is cut into chunks: items, errors and error
//! offsets are the same. Only *when* a fault is reported may differ, since a fault within a tag
//! is reported when the tag's end has arrived (or a limit is reached).
//!
//! # How it works
//!
//! One pass over the bytes, and one copy. [`input`] checks a chunk for UTF-8 and forbidden
//! characters when it is pushed and appends it to one buffer. [`classify`](super::classify)
//! finds the next byte of interest. [`tree`], [`tag`] and [`text`] are the grammar; they write
//! the [tape](super::tape) of the stanza, whose nodes are ranges of that buffer, so a stanza is
//! borrowed without another copy. References are checked while scanning and decoded when read.
//! A tag cut by the end of a chunk is undone and read again when its end has arrived; long text
//! goes on where it stopped.

#![expect(clippy::inline_always, reason = "calls in the hot loop cost more than their bodies")]

mod document;
mod fault;
mod input;
mod name;
mod prolog;
mod reference;
mod scope;
mod stream;
mod tag;
mod text;
mod tree;

use alloc::string::String;
use core::fmt;

use self::fault::{Fault, Stop};
use self::input::Input;
use self::prolog::Prolog;
use self::tree::Tree;
use super::classify::Maps;
use super::element::ElementRef;
use super::error::{Error, ErrorKind};
use super::limits::Limits;
use super::namespace::FIRST_LOCAL;

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
    input: Input,
    maps: Maps,
    tree: Tree,
    phase: Phase,
    mode: Mode,
    /// The qualified name of the root element, as written, and the length of its prefix.
    root: String,
    root_prefix: usize,
    /// Absolute offset of the end of the last item handed out.
    item_end: u64,
    error: Option<Error>,
}

/// What the parser reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A root element whose children are handed out one by one.
    Stream,
    /// A root element that is handed out as a whole.
    Document,
}

/// Where in the stream the parser is.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Before the root element.
    Prolog(Prolog),
    /// Between stanzas.
    Between,
    /// Within a stanza.
    Stanza,
    /// The root element was an empty-element tag: its end is to be reported.
    Ending,
    /// Behind the root element.
    Ended,
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

/// An [`Item`] whose parts are still in the parser.
enum Step {
    Header,
    Element,
    End,
}

impl Parser {
    /// A parser at the beginning of a stream. Limits beyond what the tree can express are cut
    /// down, see [`Limits`].
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_mode(limits, Mode::Stream)
    }

    fn with_mode(limits: Limits, mode: Mode) -> Self {
        Self {
            input: Input::default(),
            maps: Maps::new(),
            tree: Tree::new(limits.clamped(FIRST_LOCAL)),
            phase: Phase::Prolog(match mode {
                Mode::Stream => Prolog::Fresh,
                Mode::Document => Prolog::Unmarked,
            }),
            mode,
            root: String::new(),
            root_prefix: 0,
            item_end: 0,
            error: None,
        }
    }

    /// Takes the next chunk of the stream. The chunk is only checked and copied; what is wrong
    /// with it is reported by [`next`](Self::next), after everything that stands before it.
    pub fn push(&mut self, chunk: &[u8]) {
        let done = match self.phase {
            Phase::Stanza => self.tree.start,
            _ => self.tree.at,
        };
        let discarded = self.input.compact(done);
        self.tree.shift(discarded);
        if self.error.is_some() && self.input.len() > self.tree.limits.stanza_bytes {
            // Nobody reads any more, and there is no more to keep than for one stanza.
            self.input.refuse(ErrorKind::StanzaTooLong);
        }
        self.input.push(chunk);
        self.maps.clear();
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
        match self.step() {
            Ok(Some(step)) => Ok(Some(self.item(&step))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let error = match self.advance() {
            Ok(step) => {
                self.item_end = self.input.offset(self.tree.at);
                return Ok(Some(step));
            }
            Err(Stop::Fail(Fault { kind, at, .. })) => Error::new(kind, self.input.offset(at)),
            Err(Stop::More) if self.input.len() > self.tree.limit => {
                Error::new(self.tree.too_long, self.input.offset(self.tree.limit))
            }
            Err(Stop::More) => match self.input.fault() {
                Some(fault) => fault.clone(),
                None => return Ok(None),
            },
        };
        self.error = Some(error.clone());
        Err(error)
    }

    fn advance(&mut self) -> Result<Step, Stop> {
        let Self { input, maps, tree, phase, mode, root, root_prefix, .. } = self;
        let src = input.source();
        loop {
            match phase {
                Phase::Prolog(prolog) => {
                    tree.prolog(src, prolog)?;
                    if *mode == Mode::Document {
                        let bytes = tree.limits.stanza_bytes;
                        tree.begin_token(tree.at, bytes, ErrorKind::StanzaTooLong);
                        tree.begin_tree(src);
                        *phase = Phase::Stanza;
                        continue;
                    }
                    tree.begin_tree(src);
                    let empty = tree.header(src, maps, root, root_prefix)?;
                    *phase = if empty { Phase::Ending } else { Phase::Between };
                    return Ok(Step::Header);
                }
                Phase::Stanza => {
                    let end = tree.content(src, maps)?;
                    tree.end_tree(end)?;
                    *phase = match mode {
                        Mode::Stream => Phase::Between,
                        Mode::Document => Phase::Ended,
                    };
                    return Ok(Step::Element);
                }
                Phase::Between => {
                    if tree.between(src)? {
                        *phase = Phase::Stanza;
                        continue;
                    }
                    let end = tree.end_of_root(src, root)?;
                    tree.abandon(end);
                    *phase = Phase::Ended;
                    return Ok(Step::End);
                }
                Phase::Ending => {
                    *phase = Phase::Ended;
                    return Ok(Step::End);
                }
                Phase::Ended => {
                    tree.at = src.skip_space(tree.at);
                    if tree.at < src.len {
                        let fault = Fault::new(ErrorKind::TrailingData, tree.at);
                        return Err(Stop::Fail(fault));
                    }
                    return Err(Stop::More);
                }
            }
        }
    }

    fn item(&self, step: &Step) -> Item<'_> {
        let tree = &self.tree;
        let text = self.input.text().get(tree.start..tree.at).unwrap_or_default();
        let element = ElementRef::new(text, tree.scope.aux(), &tree.nodes, 0);
        match step {
            Step::Element => Item::Element(element),
            Step::End => Item::End,
            Step::Header => Item::Header(Header {
                element,
                prefix: self.root.get(..self.root_prefix).unwrap_or_default(),
                content_namespace: tree.scope.inherited_default(),
            }),
        }
    }

    /// Bytes pushed that come after the last item handed out, white space included. After an
    /// invalid byte nothing more is kept, but all of it is counted.
    #[must_use]
    pub fn unread(&self) -> usize {
        usize::try_from(self.input.received() - self.item_end).unwrap_or(usize::MAX)
    }

    /// Absolute offset of the end of the last item handed out: bytes since the parser was made
    /// or last [`reset`](Self::reset).
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.item_end
    }

    /// A new stream begins right behind the last item, on the same transport, as after
    /// successful SASL negotiation (RFC 6120 §4.3.3). Declarations of the old header are
    /// forgotten; bytes that were not read stay. Offsets go on.
    ///
    /// An error that was found behind the last item is forgotten too, unless the bytes as such
    /// are invalid, since these bytes belong to the new stream.
    pub fn restart(&mut self) {
        let at = match self.phase {
            Phase::Stanza => self.tree.start,
            _ => self.tree.at,
        };
        // White space that was already skipped counts as the beginning of the new stream.
        let fresh = self.input.offset(at) == self.item_end;
        self.begin_stream(at, if fresh { Prolog::Fresh } else { Prolog::Begun });
    }

    /// Forgets everything, as for a new transport or after TLS negotiation (RFC 6120
    /// §5.4.3.3): unread bytes, declarations, errors. Offsets begin again at 0. Buffers are
    /// kept.
    pub fn reset(&mut self) {
        self.input.clear();
        self.maps.clear();
        self.item_end = 0;
        self.begin_stream(0, Prolog::Fresh);
    }

    fn begin_stream(&mut self, at: usize, prolog: Prolog) {
        self.tree.abandon(at);
        self.tree.nodes.clear();
        self.tree.scope.clear();
        self.phase = Phase::Prolog(prolog);
        self.root.clear();
        self.root_prefix = 0;
        self.error = None;
    }

    /// Gives back memory that a large stanza has left behind. Worth a call when the stream is
    /// idle; between stanzas of usual size it would only cost time.
    pub fn shrink(&mut self) {
        self.input.shrink();
        self.maps.shrink();
        self.tree.shrink();
    }
}

/// Says where the parser is, not what it holds: that may be confidential.
impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("phase", &self.phase)
            .field("position", &self.item_end)
            .field("unread", &self.unread())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

#[cfg(test)]
mod tests;
