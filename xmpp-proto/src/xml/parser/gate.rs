//! Small chunks are held back until they can complete something.
//!
//! To parse costs some hundred instructions whatever there is to parse, and a tag that the end of
//! the data cuts is read twice. That does not matter where chunks are as large as packets, but
//! some transports hand out a few bytes at a time. Only the end of a stanza completes an item, so
//! small chunks are only kept until what may be that end has come, or so much that parsing is
//! worth its while.
//!
//! They are kept apart from the parser's input, not at its end: that is text, checked when it
//! arrives, and to check many bytes at once costs far less than to copy them twice.

use alloc::vec::Vec;

use crate::xml::chars::is_space;
use crate::xml::classify::{SLACK, find_end_tag};

/// A chunk of this many bytes is parsed at once.
const LARGE: usize = 512;

/// So many bytes are parsed in any case.
const PLENTY: usize = 1024;

/// What the parser waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// Whatever comes: nothing is held back.
    Anything,
    /// The start of a stanza.
    Start,
    /// The end of a tag: it may be an empty stanza's.
    Tag,
    /// The stanza's end tag.
    End(Name),
}

/// What is known of a stanza's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// Its first byte.
    pub(super) first: u8,
    /// How long it is; 0 if that was not counted, but the stanza's start tag is held back.
    pub(super) len: usize,
}

/// Added to [`Gate::fill`] while nothing more is held back, so that to find no room for a byte is
/// the only test that it takes.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// The bytes that are held back.
pub(super) struct Gate {
    /// The bytes, and behind them room for more, or [`SLACK`].
    buffer: Vec<u8>,
    /// How many bytes are held back.
    fill: usize,
    watch: Watch,
    /// Before this there is nothing of what is waited for.
    searched: usize,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Self { buffer: Vec::new(), fill: CLOSED, watch: Watch::Anything, searched: 0 }
    }

    #[inline]
    fn len(&self) -> usize {
        self.fill & !CLOSED
    }

    /// What is held back.
    #[inline]
    pub(super) fn held(&self) -> &[u8] {
        self.buffer.get(..self.len()).unwrap_or_default()
    }

    /// Says what the parser waits for, now that it has read all it was given.
    #[inline]
    pub(super) fn watch(&mut self, watch: Watch) {
        self.open(self.len(), watch);
    }

    #[inline]
    fn open(&mut self, len: usize, watch: Watch) {
        self.watch = watch;
        self.searched = 0;
        self.fill = if watch == Watch::Anything { len | CLOSED } else { len };
        // Bytes alone are to find no more room than this.
        self.buffer.truncate(len.max(PLENTY + SLACK));
    }

    /// Forgets what is held back.
    pub(super) fn clear(&mut self) {
        self.open(0, Watch::Anything);
    }

    pub(super) fn shrink(&mut self) {
        self.buffer.truncate(self.len());
        self.buffer.shrink_to_fit();
    }

    /// Whether the chunk is one to hold back.
    #[inline]
    pub(super) fn takes(&self, chunk: &[u8]) -> bool {
        chunk.len() < LARGE && self.watch != Watch::Anything
    }

    /// Takes a byte that can be held back without a closer look.
    #[inline]
    pub(super) fn take_byte(&mut self, byte: u8) -> bool {
        if byte == b'>' && !self.is_inner() {
            return false;
        }
        let Some(slot) = self.buffer.get_mut(self.fill) else { return false };
        *slot = byte;
        self.fill += 1;
        true
    }

    /// Whether a `>` that comes now completes nothing.
    #[inline]
    fn is_inner(&mut self) -> bool {
        match self.watch {
            Watch::End(name) if name.len > 0 => !self.is_cut(name),
            Watch::Start | Watch::End(_) => self.is_inner_early(),
            Watch::Tag | Watch::Anything => false,
        }
    }

    /// Whether all of the stanza's end tag but its `>` has come.
    #[inline(never)]
    fn is_cut(&self, name: Name) -> bool {
        // White space may stand behind the name.
        let held = self.held();
        held.last().is_none_or(|&byte| is_space(byte))
            || held
                .len()
                .checked_sub(2 + name.len)
                .and_then(|at| held.get(at..at + 3))
                .is_some_and(|tag| *tag == [b'<', b'/', name.first])
    }

    #[inline(never)]
    fn is_inner_early(&mut self) -> bool {
        if self.watch == Watch::Start && !self.start() {
            return false;
        }
        let held = self.buffer.get(..self.fill).unwrap_or_default();
        match self.watch {
            // The first one: it completes nothing but an empty stanza.
            Watch::Start => {
                self.searched == held.len() && held.last().is_some_and(|&byte| byte != b'/')
            }
            Watch::End(Name { first, .. }) => {
                let tag = held.iter().position(|&byte| byte == b'<').unwrap_or(0);
                let ends = |byte: &u8| *byte == b'>' || is_space(*byte);
                let len = held[tag + 1..].iter().position(ends).unwrap_or(0);
                self.watch = Watch::End(Name { first, len });
                len > 0 && !self.is_cut(Name { first, len })
            }
            _ => false,
        }
    }

    /// Takes a chunk; returns how many bytes are now to be parsed.
    pub(super) fn take(&mut self, chunk: &[u8]) -> usize {
        let len = self.fill + chunk.len();
        if len + SLACK > self.buffer.len() {
            self.grow(len + SLACK);
        }
        if let Some(place) = self.buffer.get_mut(self.fill..len) {
            place.copy_from_slice(chunk);
        }
        self.fill = len;
        // Enough to parse all of it, unless what stays is less than a chunk.
        let due = self.due();
        if len >= PLENTY && len - due >= LARGE { len } else { due }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, len: usize) {
        let enough = len.next_power_of_two().min(PLENTY + SLACK);
        self.buffer.resize(enough.max(len), 0);
    }

    /// Holds back all but the first `done` bytes, which are parsed now, and nothing else until it
    /// is known what the parser waits for.
    pub(super) fn release(&mut self, done: usize) {
        let len = self.len();
        if done < len {
            self.buffer.copy_within(done..len, 0);
        }
        self.open(len - done, Watch::Anything);
    }

    /// How many bytes are to be parsed because they may complete something.
    #[inline]
    fn due(&mut self) -> usize {
        let name = match self.watch {
            Watch::End(name) => name,
            _ => match self.due_early() {
                Ok(name) => name,
                Err(due) => return due,
            },
        };
        // Of a tag that is cut nothing is searched, since there is no end of it.
        let end = self.fill.saturating_sub(2);
        if let Some(at) = find_end_tag(&self.buffer, self.searched..end, name.first) {
            self.searched = at;
            self.watch = Watch::Tag;
            return self.last_tag_end();
        }
        self.searched = self.searched.max(end);
        0
    }

    /// The same as long as no end tag is searched; the name if one is to be searched now.
    #[inline]
    fn due_early(&mut self) -> Result<Name, usize> {
        if self.watch == Watch::Start && !self.start() {
            return Err(self.fill);
        }
        match self.watch {
            Watch::Tag => Err(self.last_tag_end()),
            Watch::End(name) => Ok(name),
            Watch::Anything | Watch::Start => Err(0),
        }
    }

    /// Looks at the start of a stanza, if it has come. False if it is something else.
    #[inline(always)]
    fn start(&mut self) -> bool {
        let held = self.buffer.get(..self.fill).unwrap_or_default();
        let space = held.iter().take_while(|&&b| is_space(b)).count();
        let first = match held[space..] {
            [] | [b'<'] => return true,
            [b'<', first, ..] if first.is_ascii_alphabetic() => first,
            _ => return false,
        };
        let Some(end) = memchr::memchr(b'>', &held[self.searched..]) else {
            self.searched = held.len();
            return true;
        };
        self.searched += end;
        // No value holds a `<`, so what stands before one is no part of a value.
        match (held[self.searched - 1], held.get(self.searched + 1)) {
            (b'/', _) => self.watch = Watch::Tag,
            (_, Some(b'<')) => self.watch = Watch::End(Name { first, len: 0 }),
            (_, Some(_)) => self.watch = Watch::Tag,
            (_, None) => {}
        }
        true
    }

    /// The position behind the last `>` that was not searched for before; 0 if there is none.
    #[inline(always)]
    fn last_tag_end(&mut self) -> usize {
        if self.held().last() == Some(&b'>') {
            return self.fill;
        }
        let held = self.buffer.get(self.searched..self.fill).unwrap_or_default();
        let Some(end) = memchr::memrchr(b'>', held) else {
            self.searched = self.fill;
            return 0;
        };
        self.searched + end + 1
    }
}
