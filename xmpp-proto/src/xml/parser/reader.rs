//! What parser and lexer share: the buffer, the place in the stream, the error that ended it.

use alloc::string::String;
use core::fmt;
use core::ops::Range;

use super::fault::{Fault, Stop};
use super::gate::Watch;
use super::input::{Input, Source};
use super::prolog::Prolog;
use super::tree::Tree;
use crate::xml::classify::Maps;
use crate::xml::error::{Error, ErrorKind};
use crate::xml::limits::Limits;
use crate::xml::namespace::FIRST_LOCAL;

/// Reads a stream or a document in steps. What a step within a stanza is, is up to who drives it.
pub(super) struct Reader {
    pub(super) input: Input,
    maps: Maps,
    pub(super) tree: Tree,
    phase: Phase,
    mode: Mode,
    /// The qualified name of the root element, as written.
    pub(super) root: String,
    /// Where what the last step read stands: absolute offsets.
    span: Range<u64>,
    error: Option<Error>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A root element whose children come one by one.
    Stream,
    /// A root element that is read like one stanza.
    Document,
}

impl Mode {
    fn prolog(self) -> Prolog {
        match self {
            Self::Stream => Prolog::Fresh,
            Self::Document => Prolog::Unmarked,
        }
    }
}

/// Where in the stream the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What a step has read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The start tag of a stream's root element.
    Header,
    /// A stanza, or as much of it as the driver wants.
    Inside,
    /// The end of a stream's root element.
    End,
}

/// What the driver has read within a stanza.
pub(super) struct Inside {
    /// Where it begins; it ends where the tree's next token is.
    pub(super) from: usize,
    /// Whether the stanza is complete.
    pub(super) complete: bool,
}

impl Reader {
    pub(super) fn new(limits: Limits, mode: Mode) -> Self {
        Self {
            input: Input::default(),
            maps: Maps::new(),
            tree: Tree::new(limits.clamped(FIRST_LOCAL)),
            phase: Phase::Prolog(mode.prolog()),
            mode,
            root: String::new(),
            span: 0..0,
            error: None,
        }
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.tree.set_limits(limits.clamped(FIRST_LOCAL));
    }

    /// Takes a chunk. All of a stanza is kept until it is complete: the names in its end tags
    /// are compared with it.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.compact();
        if self.error.is_some() && self.input.len() > self.tree.limits.stanza_bytes {
            // Nobody reads any more, and there is no more to keep than for one stanza.
            self.input.refuse(ErrorKind::StanzaTooLong);
        }
        self.input.push(chunk);
        self.maps.clear();
    }

    /// Classifies what was pushed if a stanza begins with it, which is then asked for anyway.
    /// Within a stanza it may be text, most of which is not.
    #[inline]
    pub(super) fn prepare(&mut self) {
        if self.phase == Phase::Between {
            self.maps.prepare(self.input.source().bytes(), self.tree.at);
        }
    }

    /// Discards what is read.
    fn compact(&mut self) {
        let done = match self.phase {
            Phase::Stanza => self.tree.start,
            _ => self.tree.at,
        };
        let discarded = self.input.compact(done);
        if discarded > 0 {
            self.tree.shift(discarded);
        }
    }

    /// The next step, or `None` if more data is needed. `inside` reads on within a stanza.
    #[inline]
    pub(super) fn step(
        &mut self,
        inside: impl FnOnce(&mut Tree, Source<'_>, &mut Maps) -> Result<Inside, Stop>,
    ) -> Result<Option<Step>, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let error = match self.advance(inside) {
            Ok((step, from)) => {
                self.span = self.input.offset(from)..self.input.offset(self.tree.at);
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

    /// Reads on to the end of a step; says what it was and where it began.
    #[inline]
    fn advance(
        &mut self,
        inside: impl FnOnce(&mut Tree, Source<'_>, &mut Maps) -> Result<Inside, Stop>,
    ) -> Result<(Step, usize), Stop> {
        let Self { input, maps, tree, phase, mode, root, .. } = self;
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
                    let empty = tree.header(src, maps, root)?;
                    *phase = if empty { Phase::Ending } else { Phase::Between };
                    return Ok((Step::Header, tree.start));
                }
                Phase::Stanza => {
                    let Inside { from, complete } = inside(tree, src, maps)?;
                    if complete {
                        *phase = match mode {
                            Mode::Stream => Phase::Between,
                            Mode::Document => Phase::Ended,
                        };
                    }
                    return Ok((Step::Inside, from));
                }
                Phase::Between => {
                    if tree.between(src)? {
                        *phase = Phase::Stanza;
                        continue;
                    }
                    let from = tree.at;
                    let end = tree.end_of_root(src, root)?;
                    tree.abandon(end);
                    *phase = Phase::Ended;
                    return Ok((Step::End, from));
                }
                Phase::Ending => {
                    *phase = Phase::Ended;
                    return Ok((Step::End, tree.at));
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

    /// What may complete an item, now that all of the data was read.
    pub(super) fn waits_for(&self) -> Watch {
        match self.phase {
            Phase::Between if self.tree.at >= self.input.len() => Watch::Start,
            Phase::Stanza => self.tree.waits_for(self.input.source()),
            // The start tag of the root element.
            Phase::Prolog(_) if self.tree.pending.is_some() => Watch::Tag,
            _ => Watch::Anything,
        }
    }

    /// Whether all of the data was read, up to the end of a stanza.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Between
            && self.tree.at >= self.input.len()
            && self.input.fault().is_none()
    }

    /// Whether a stream's root element is open.
    pub(super) fn in_root(&self) -> bool {
        self.mode == Mode::Stream
            && matches!(self.phase, Phase::Between | Phase::Stanza | Phase::Ending)
    }

    /// Bytes pushed behind the last step.
    pub(super) fn unread(&self) -> usize {
        usize::try_from(self.input.received() - self.span.end).unwrap_or(usize::MAX)
    }

    /// Where what the last step read stands.
    pub(super) const fn span(&self) -> &Range<u64> {
        &self.span
    }

    /// What the last step read, as it was written; empty once more was pushed.
    #[inline]
    pub(super) fn last_text(&self) -> &str {
        let len = usize::try_from(self.span.end - self.span.start).unwrap_or(usize::MAX);
        let end = self.tree.at;
        self.input.text().get(end.saturating_sub(len)..end).unwrap_or_default()
    }

    /// Begins a new stream right behind the last step.
    pub(super) fn restart(&mut self) {
        let at = match self.phase {
            // If none of the stanza was given out, all of it belongs to the new stream.
            Phase::Stanza => self.tree.start.max(self.input.position(self.span.end)),
            _ => self.tree.at,
        };
        // White space that was already skipped counts as the beginning of the new stream.
        let fresh = self.input.offset(at) == self.span.end;
        self.begin(at, if fresh { self.mode.prolog() } else { Prolog::Begun });
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.input.clear();
        self.maps.clear();
        self.span = 0..0;
        self.begin(0, self.mode.prolog());
    }

    fn begin(&mut self, at: usize, prolog: Prolog) {
        self.tree.abandon(at);
        self.tree.nodes.clear();
        self.tree.scope.clear();
        self.phase = Phase::Prolog(prolog);
        self.root.clear();
        self.error = None;
    }

    pub(super) fn shrink(&mut self) {
        self.compact();
        self.input.shrink();
        self.maps.shrink();
        self.tree.shrink();
    }

    /// Says where the reader is, not what it holds: that may be confidential.
    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("phase", &self.phase)
            .field("position", &self.span.end)
            .field("unread", &self.unread())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
