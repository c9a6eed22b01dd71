//! The tree that is being built, and the content of elements.

use alloc::vec::Vec;

use super::fault::{Fault, Stop, TagScan};
use super::gate::{Name, Watch};
use super::input::Source;
use super::name;
use super::scope::{Scope, offset};
use super::tag::{Names, Prefixed};
use super::text::Run;
use crate::xml::chars::{NAME_START, is_name_char};
use crate::xml::classify::Maps;
use crate::xml::error::ErrorKind;
use crate::xml::limits::Limits;
use crate::xml::tape::Node;

/// An element whose end tag has not come.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// The first eight bytes of the qualified name, and which bits of a word they are.
    pub(super) word: u64,
    pub(super) mask: u64,
    /// The qualified name, relative to the tree's text.
    pub(super) name: u32,
    pub(super) name_len: u32,
    /// Index of the element's node.
    pub(super) node: u32,
    /// What to restore behind the element: default namespace and number of bindings.
    pub(super) default: u16,
    pub(super) bindings: u16,
}

/// The tree that is being built out of the data from `start` on, and the place in the grammar.
pub(super) struct Tree {
    pub(super) limits: Limits,
    pub(super) nodes: Vec<Node>,
    pub(super) frames: Vec<Frame>,
    pub(super) scope: Scope,
    /// Attributes with prefixes of the tag that is being read.
    pub(super) prefixed: Vec<Prefixed>,
    /// Names of the attributes of the tag that is being read, if there are many.
    pub(super) names: Names,
    /// Where the current token begins; all before it is consumed.
    pub(super) at: usize,
    /// Where the tree's text begins.
    pub(super) start: usize,
    /// Where it must have ended, and the error if it has not.
    pub(super) limit: usize,
    pub(super) too_long: ErrorKind,
    /// Character data that is being read.
    pub(super) run: Run,
    /// Set while the tag at `at` waits for data.
    pub(super) pending: Option<TagScan>,
}

impl Tree {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            nodes: Vec::new(),
            frames: Vec::new(),
            scope: Scope::new(limits.namespaces, limits.foreign_namespaces),
            prefixed: Vec::new(),
            names: Names::default(),
            at: 0,
            start: 0,
            limit: usize::MAX,
            too_long: ErrorKind::StanzaTooLong,
            run: Run::default(),
            pending: None,
        }
    }

    pub(super) const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.scope.set_limits(limits.namespaces, limits.foreign_namespaces);
    }

    pub(super) fn shrink(&mut self) {
        if self.frames.is_empty() {
            self.nodes = Vec::new();
        }
        self.frames.shrink_to_fit();
        self.prefixed.shrink_to_fit();
        self.scope.shrink();
    }

    /// Forgets the tree that is being built; the next token is at `at`.
    pub(super) fn abandon(&mut self, at: usize) {
        self.frames.clear();
        self.at = at;
        self.start = at;
        self.limit = usize::MAX;
        self.run = Run::default();
        self.pending = None;
    }

    /// Moves all positions back because the data before them was discarded.
    pub(super) fn shift(&mut self, discarded: usize) {
        self.at -= discarded;
        self.start = self.start.saturating_sub(discarded);
        if self.limit != usize::MAX {
            self.limit -= discarded;
        }
        if let Some(scan) = &mut self.pending {
            scan.at -= discarded;
        }
    }

    /// A token of at most `bytes` bytes begins at `start`.
    #[inline]
    pub(super) fn begin_token(&mut self, start: usize, bytes: usize, too_long: ErrorKind) {
        self.start = start;
        self.limit = start.saturating_add(bytes);
        self.too_long = too_long;
    }

    #[inline]
    pub(super) fn begin_tree(&mut self, src: Source<'_>) {
        self.nodes.clear();
        self.frames.clear();
        self.scope.begin_tree(src, self.start);
    }

    /// Completes the tree whose text ends at `end`.
    #[inline]
    pub(super) fn end_tree(&mut self, end: usize) -> Result<(), Stop> {
        if end > self.limit {
            return Err(self.exceeded());
        }
        self.scope.end_tree(&mut self.nodes, end - self.start);
        self.end_stanza();
        self.at = end;
        Ok(())
    }

    /// From here on no limit counts bytes.
    #[inline]
    pub(super) fn end_stanza(&mut self) {
        self.limit = usize::MAX;
    }

    #[cold]
    pub(super) fn exceeded(&self) -> Stop {
        Stop::Fail(Fault::new(self.too_long, self.limit))
    }

    /// A fault outside tags, which stands as soon as it is seen.
    #[cold]
    pub(super) fn fail(&self, fault: Fault) -> Stop {
        if fault.seen >= self.limit { self.exceeded() } else { Stop::Fail(fault) }
    }

    #[cold]
    pub(super) fn more(&mut self, at: usize) -> Stop {
        self.at = at;
        Stop::More
    }

    /// Whether the tag that waits for data must wait on.
    #[inline]
    pub(super) fn must_wait(&mut self, src: Source<'_>) -> bool {
        let Some(scan) = &mut self.pending else { return false };
        let wait = scan.find(src).is_none() && !src.last;
        if !wait {
            self.pending = None;
        }
        wait
    }

    /// A fault within the tag at `tag`: counts once the tag can be judged, so that it does not
    /// matter how much of the tag has arrived. Until then the tag waits.
    #[cold]
    #[inline(never)]
    pub(super) fn tag_fault(&mut self, src: Source<'_>, tag: usize, fault: Fault) -> Stop {
        let mut scan = TagScan::new(tag);
        match scan.find(src) {
            Some(end) if end >= self.limit => self.exceeded(),
            Some(_) => Stop::Fail(fault),
            None if src.len > self.limit => self.exceeded(),
            None if src.last && fault.seen < src.len => Stop::Fail(fault),
            None => {
                self.pending = Some(scan);
                self.more(tag)
            }
        }
    }

    /// Reads on in a tree until its root element is closed; returns where it ends.
    pub(super) fn content(&mut self, src: Source<'_>, maps: &mut Maps) -> Result<usize, Stop> {
        if self.must_wait(src) {
            return Err(Stop::More);
        }
        let mut at = self.at;
        if self.run.is_open() {
            at = self.text(src, maps, at, true)?;
        }
        let mut ahead = src.word(at);
        loop {
            if ahead.to_le_bytes()[0] != b'<' {
                (at, ahead) = self.characters(src, maps, at)?;
            }
            let [_, second, ..] = ahead.to_le_bytes();
            if second == b'/' {
                at = self.end_tag(src, at)?;
            } else if NAME_START[usize::from(second)] || second >= 0x80 {
                at = self.start_tag(src, maps, at)?;
            } else {
                at = self.rare(src, maps, at)?;
                ahead = src.word(at);
                continue;
            }
            if self.frames.is_empty() {
                return Ok(at);
            }
            ahead = src.word(at);
        }
    }

    /// Reads the character data that begins at `start`. Returns where the tag after it begins, and
    /// the word there.
    #[inline(always)]
    pub(super) fn characters(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        start: usize,
    ) -> Result<(usize, u64), Stop> {
        let mut at = maps.text(src.bytes(), start);
        let mut ahead = src.word(at);
        let [first, second, ..] = ahead.to_le_bytes();
        let ends = first == b'<' && (second == b'/' || NAME_START[usize::from(second)]);
        // A long text is searched for markup only, so carriage returns may have been passed.
        if ends && !src.carriage_returns {
            let len = offset(at - start);
            self.nodes.push(Node::text(offset(start - self.start), len, false));
        } else {
            self.run = Run::begin(offset(start - self.start));
            at = self.text(src, maps, at, false)?;
            ahead = src.word(at);
        }
        Ok((at, ahead))
    }

    /// What stands at `at` and is neither an end tag nor a start tag with an ASCII name.
    #[cold]
    #[inline(never)]
    pub(super) fn rare(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        at: usize,
    ) -> Result<usize, Stop> {
        if at + 1 >= src.len {
            return Err(self.more(at));
        }
        match src.byte(at + 1) {
            b'!' => {
                self.run = Run::begin(offset(at - self.start));
                self.text(src, maps, at, false)
            }
            b'?' => {
                let fault = Fault::seen(ErrorKind::ProcessingInstruction, at, at + 1);
                Err(self.fail(fault))
            }
            _ => {
                let fault = Fault::new(ErrorKind::InvalidName, at + 1);
                Err(self.tag_fault(src, at, fault))
            }
        }
    }

    /// Reads the end tag at `at` and closes the innermost element.
    #[inline(always)]
    pub(super) fn end_tag(&mut self, src: Source<'_>, at: usize) -> Result<usize, Stop> {
        let name = at + 2;
        let Some(frame) = self.frames.last().copied() else {
            return Err(self.tag_fault(src, at, Fault::new(ErrorKind::MismatchedEndTag, at)));
        };
        let len = frame.name_len as usize;
        let mut end = name + len;
        if src.word(name) & frame.mask != frame.word
            || src.byte(end) != b'>'
            || (len > 8 && !self.same_name(src, name, frame))
        {
            match end_tag_slow(src, at, src.slice(self.name_at(frame), self.name_at(frame) + len)) {
                Ok(close) => end = close,
                Err(fault) => return Err(self.tag_fault(src, at, fault)),
            }
        }
        self.frames.pop();
        self.scope.truncate(usize::from(frame.bindings));
        self.scope.default = frame.default;
        let next = offset(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            node.set_next(next);
        }
        Ok(end + 1)
    }

    /// What may complete the tree, now that all of the data was read.
    pub(super) fn waits_for(&self, src: Source<'_>) -> Watch {
        let unread = src.bytes().get(self.at..src.len).unwrap_or_default();
        match self.frames.first() {
            Some(frame) if !unread.contains(&b'<') => Watch::End(Name {
                first: src.byte(self.name_at(*frame)),
                len: frame.name_len as usize,
            }),
            _ => Watch::Tag,
        }
    }

    #[inline]
    fn name_at(&self, frame: Frame) -> usize {
        self.start + frame.name as usize
    }

    #[inline]
    fn same_name(&self, src: Source<'_>, at: usize, frame: Frame) -> bool {
        let (open, len) = (self.name_at(frame), frame.name_len as usize);
        src.bytes().get(at..at + len) == src.bytes().get(open..open + len)
    }

    /// Reads the end tag of the stream's root element.
    pub(super) fn end_of_root(&mut self, src: Source<'_>, root: &str) -> Result<usize, Stop> {
        if self.must_wait(src) {
            return Err(Stop::More);
        }
        match end_tag_slow(src, self.at, root) {
            Ok(close) if close >= self.limit => Err(self.exceeded()),
            Ok(close) => Ok(close + 1),
            Err(fault) => Err(self.tag_fault(src, self.at, fault)),
        }
    }

    /// The frame of an element whose qualified name stands at `name`.
    #[inline(always)]
    pub(super) fn frame(
        &self,
        src: Source<'_>,
        name: core::ops::Range<usize>,
        node: usize,
        bindings: usize,
    ) -> Frame {
        let mask = name::mask(name.len());
        #[expect(clippy::cast_possible_truncation, reason = "the limit is clamped to 16 bits")]
        let bindings = bindings as u16;
        Frame {
            word: src.word(name.start) & mask,
            mask,
            name: offset(name.start - self.start),
            name_len: offset(name.len()),
            node: offset(node),
            default: self.scope.default,
            bindings,
        }
    }
}

/// Reads an end tag exactly: it must repeat the name as it was written (XML 1.0 §3), white space
/// may follow. Returns where its `>` stands.
#[cold]
#[inline(never)]
fn end_tag_slow(src: Source<'_>, at: usize, name: &str) -> Result<usize, Fault> {
    let name_at = at + 2;
    let actual = src.bytes().get(name_at..).unwrap_or_default();
    let same = actual.iter().zip(name.as_bytes()).take_while(|(a, b)| a == b).count();
    if same < name.len() {
        return Err(Fault::seen(ErrorKind::MismatchedEndTag, at, name_at + same));
    }
    let end = name_at + name.len();
    let close = src.skip_space(end);
    match src.byte(close) {
        b'>' => Ok(close),
        // The name goes on.
        byte if close == end && (byte >= 0x80 || byte == b':' || is_name_char(byte.into())) => {
            Err(Fault::seen(ErrorKind::MismatchedEndTag, at, close))
        }
        _ => Err(Fault::new(ErrorKind::UnexpectedByte, close)),
    }
}
