//! The lexer: the parser's grammar, given out tag by tag.

use core::fmt;
use core::ops::Range;

use super::fault::Stop;
use super::input::Source;
use super::reader::{Inside, Mode, Reader, Step};
use super::token::{EndTag, StartTag, Text, Token};
use super::tree::Tree;
use crate::xml::chars::NAME_START;
use crate::xml::classify::Maps;
use crate::xml::element::ElementRef;
use crate::xml::error::Error;
use crate::xml::limits::Limits;

/// A lexer for one XML stream or document: like [`Parser`](super::Parser), but it gives out each
/// tag and each run of text as a [`Token`] as soon as it is complete, and makes no tree.
///
/// It is as strict as the parser, with the same code: end tags match, prefixes are resolved,
/// duplicate attributes are found, and [`Limits`] hold. Tokens, errors and error offsets do not
/// depend on how the input is cut into chunks. What comes before an error is given out, also
/// within a stanza: who must not act on half a stanza waits for its end, or takes the parser.
///
/// ```
/// use xmpp_proto::xml::{Lexer, Limits, Token};
///
/// let mut lexer = Lexer::new(Limits::default());
/// let mut out = String::new();
/// for chunk in ["<log xmlns='urn:x'><entry t='1'>on &am", "p; off</entry><ent", "ry/></log>"] {
///     lexer.push(chunk.as_bytes());
///     while let Some(token) = lexer.next()? {
///         match token {
///             Token::Start(tag) if tag.is("entry", "urn:x") => {
///                 out += tag.attr("t").as_deref().unwrap_or("-");
///                 out += ": ";
///             }
///             Token::Text(text) => out += &text.value(),
///             Token::End(tag) if tag.depth() == 1 => out += "\n",
///             _ => {}
///         }
///     }
/// }
/// assert_eq!(out, "1: on & off\n-: \n");
/// # Ok::<(), xmpp_proto::xml::Error>(())
/// ```
///
/// Once its buffers have grown it allocates nothing. It holds the bytes of the stanza that it is
/// in and what was pushed behind them: names of open elements, prefixes and namespace names are
/// looked up there. So a child of the root element, or a whole document, must keep within
/// [`Limits::stanza_bytes`]; the number of such children is not limited.
pub struct Lexer {
    pub(super) reader: Reader,
    last: Last,
}

/// The last token given out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Start,
    /// An empty-element tag, whose end is the next token.
    Empty,
    Text,
    End,
}

impl Lexer {
    /// A lexer at the beginning of a stream: a root element that holds other elements and, between
    /// them, white space. Limits beyond what positions can express are cut down, see [`Limits`].
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { reader: Reader::new(limits, Mode::Stream), last: Last::End }
    }

    /// A lexer for a document that stands alone, of any structure. [`Limits::stanza_bytes`]
    /// bounds the document; the root element counts in [`Limits::depth`]. A byte order mark may
    /// stand before it.
    ///
    /// The document is complete with the [`Token::End`] of depth 0. If the input ends before, that
    /// is for the caller to notice.
    #[must_use]
    pub fn document(limits: Limits) -> Self {
        Self { reader: Reader::new(limits, Mode::Document), last: Last::End }
    }

    /// Takes the next chunk. The chunk is only checked and copied; what is wrong with it is
    /// reported by [`next`](Self::next), after everything that stands before it.
    pub fn push(&mut self, chunk: &[u8]) {
        self.reader.push(chunk);
    }

    /// The next token, or `None` if it is not complete: push more and call again.
    ///
    /// # Errors
    ///
    /// The input is not the XML that XMPP allows, or goes beyond a limit. It is lost: the same
    /// error is returned until [`restart`](Self::restart) or [`reset`](Self::reset).
    #[expect(clippy::should_implement_trait, reason = "tokens borrow from the lexer")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Token<'_>>, Error> {
        match self.step() {
            Ok(Some(step)) => Ok(Some(self.token(step))),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        let Self { reader, last } = self;
        let step = reader.step(|tree, src, maps| {
            let from = if *last == Last::Empty {
                *last = Last::End;
                tree.at
            } else {
                let (from, kind) = tree.token(src, maps)?;
                *last = kind;
                from
            };
            let complete = *last == Last::End && tree.frames.is_empty();
            if complete {
                tree.end_stanza();
            }
            Ok(Inside { from, complete })
        })?;
        match step {
            Some(Step::Header) => *last = Last::Start,
            Some(Step::End) => *last = Last::End,
            _ => {}
        }
        Ok(step)
    }

    fn token(&self, step: Step) -> Token<'_> {
        let Reader { input, tree, root, .. } = &self.reader;
        let text = input.text().get(tree.start..tree.at).unwrap_or_default();
        let raw = self.reader.last_text();
        match self.last {
            Last::Start | Last::Empty => {
                let element = ElementRef::new(text, tree.scope.aux(), &tree.nodes, 0);
                Token::Start(StartTag::new(element, raw, self.depth() - 1))
            }
            Last::Text => {
                let decode = tree.nodes.first().is_some_and(|node| node.decode());
                Token::Text(Text::new(raw, decode))
            }
            Last::End => {
                let named = match step {
                    Step::End => root,
                    // The name stands in the empty-element tag, which is the last one.
                    _ if raw.is_empty() => text,
                    _ => raw,
                };
                Token::End(EndTag::new(named, raw, self.depth()))
            }
        }
    }

    /// How many elements are open behind the last token handed out. That of an empty-element tag
    /// is open until its [`Token::End`] is handed out.
    #[must_use]
    pub fn depth(&self) -> usize {
        usize::from(self.reader.in_root())
            + self.reader.tree.frames.len()
            + usize::from(self.last == Last::Empty)
    }

    /// Bytes pushed that come after the last token handed out, white space included. After an
    /// invalid byte nothing more is kept, but all of it is counted.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.reader.unread()
    }

    /// Absolute offset of the end of the last token handed out: bytes since the lexer was made or
    /// last [`reset`](Self::reset).
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.reader.span().end
    }

    /// Where the last token handed out stands in the input, as absolute offsets; empty for the end
    /// of an empty-element tag. The end is [`position`](Self::position).
    #[must_use]
    pub fn span(&self) -> Range<u64> {
        self.reader.span().clone()
    }

    /// A new stream, or another document, begins right behind the last token, even if elements
    /// are open. Declarations are forgotten; bytes that were not read stay. Offsets go on.
    ///
    /// An error that was found behind the last token is forgotten too, unless the bytes as such
    /// are invalid.
    pub fn restart(&mut self) {
        self.reader.restart();
        self.last = Last::End;
    }

    /// Forgets everything: unread bytes, declarations, errors. Offsets begin again at 0. Buffers
    /// are kept.
    pub fn reset(&mut self) {
        self.reader.reset();
        self.last = Last::End;
    }

    /// Gives back memory that a large stanza has left behind. Worth a call when the input pauses.
    pub fn shrink(&mut self) {
        self.reader.shrink();
    }
}

/// Says where the lexer is, not what it holds: that may be confidential.
impl fmt::Debug for Lexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.debug("Lexer", f)
    }
}

impl Default for Lexer {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Tree {
    /// Reads the next token of a stanza; its node, and for tags those of attributes and
    /// namespaces, are then the only ones. Returns where it begins, and what it is.
    ///
    /// A token that reaches beyond the limit is not given out, since with less of it at hand the
    /// limit would have been met first. Of text, the end is known when the `<` after it is there.
    fn token(&mut self, src: Source<'_>, maps: &mut Maps) -> Result<(usize, Last), Stop> {
        self.nodes.clear();
        if self.must_wait(src) {
            return Err(Stop::More);
        }
        let mut at = self.at;
        loop {
            let [first, second, ..] = src.word(at).to_le_bytes();
            if self.run.is_open() {
                at = self.text(src, maps, at, true)?;
            } else if first != b'<' {
                (at, _) = self.characters(src, maps, at)?;
            } else if second == b'/' {
                let end = self.end_tag(src, at)?;
                self.end_token(end, end)?;
                return Ok((at, Last::End));
            } else if NAME_START[usize::from(second)] || second >= 0x80 {
                let open = self.frames.len();
                let end = self.start_tag(src, maps, at)?;
                self.end_token(end, end)?;
                self.scope.end_tag(&mut self.nodes, end - self.start);
                let empty = self.frames.len() == open;
                return Ok((at, if empty { Last::Empty } else { Last::Start }));
            } else {
                at = self.rare(src, maps, at)?;
            }
            // A run that means nothing has no node.
            if let Some(text) = self.nodes.first() {
                let from = self.start + text.value().0 as usize;
                self.end_token(at, at + 1)?;
                return Ok((from, Last::Text));
            }
        }
    }

    /// The token ends at `end`, and everything before `seen` was needed to know.
    #[inline]
    fn end_token(&mut self, end: usize, seen: usize) -> Result<(), Stop> {
        if seen > self.limit {
            return Err(self.exceeded());
        }
        self.at = end;
        Ok(())
    }
}
