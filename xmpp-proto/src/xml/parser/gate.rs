//! Small chunks are held back until they can complete something.
//!
//! A chunk costs some hundred instructions whatever its size, and a tag that it cuts is read
//! twice. That does not matter where chunks are as large as packets, but some transports hand out
//! a few bytes at a time. Only the end of a stanza completes an item, so small chunks are only
//! kept until what may be that end has come, or so much that parsing is worth its while.

use alloc::vec::Vec;

use crate::xml::chars::is_space;
use crate::xml::classify::find_end_tag;

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
    /// The stanza's end tag: its name begins with this byte.
    End(u8),
}

/// The bytes that are held back.
pub(super) struct Gate {
    held: Vec<u8>,
    watch: Watch,
    /// Before this there is nothing of what is waited for.
    searched: usize,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Self { held: Vec::new(), watch: Watch::Anything, searched: 0 }
    }

    #[inline]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Says what the parser waits for, now that it has read all it was given.
    pub(super) fn watch(&mut self, watch: Watch) {
        self.watch = watch;
        self.searched = 0;
    }

    /// Forgets what is held back.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.watch(Watch::Anything);
    }

    pub(super) fn shrink(&mut self) {
        self.held.shrink_to_fit();
    }

    /// Whether the chunk is one to hold back.
    #[inline]
    pub(super) fn takes(&self, chunk: &[u8]) -> bool {
        chunk.len() < LARGE && self.watch != Watch::Anything
    }

    /// Takes a byte that can be held back without a closer look.
    #[inline]
    pub(super) fn take_byte(&mut self, byte: u8) -> bool {
        let held = self.watch != Watch::Anything
            && byte != b'>'
            && self.held.len() < PLENTY.min(self.held.capacity());
        if held {
            self.held.push(byte);
        }
        held
    }

    /// Takes a chunk; returns how many bytes are now to be parsed.
    pub(super) fn take(&mut self, chunk: &[u8]) -> usize {
        self.held.extend_from_slice(chunk);
        match self.due() {
            0 if self.held.len() >= PLENTY => self.held.len(),
            due => due,
        }
    }

    /// The bytes that are held back, to be given back with [`restore`](Self::restore).
    pub(super) fn open(&mut self) -> Vec<u8> {
        self.watch(Watch::Anything);
        core::mem::take(&mut self.held)
    }

    /// Holds back all but the first `done` bytes.
    pub(super) fn restore(&mut self, mut held: Vec<u8>, done: usize) {
        held.drain(..done);
        self.held = held;
    }

    fn due(&mut self) -> usize {
        if self.watch == Watch::Start && !self.start() {
            return self.held.len();
        }
        let name = match self.watch {
            Watch::Tag => return self.last_tag_end(),
            Watch::End(name) => name,
            Watch::Anything | Watch::Start => return 0,
        };
        // What the last chunk ended with may be the beginning of an end tag.
        let from = self.searched.saturating_sub(2);
        let Some(at) = find_end_tag(&self.held[from..], name) else {
            self.searched = self.held.len();
            return 0;
        };
        self.searched = from + at;
        self.last_tag_end()
    }

    /// Looks at the start of a stanza, if it has come. False if it is something else.
    fn start(&mut self) -> bool {
        let space = self.held.iter().take_while(|&&b| is_space(b)).count();
        let name = match self.held[space..] {
            [] | [b'<'] => return true,
            [b'<', name, ..] if name.is_ascii_alphabetic() => name,
            _ => return false,
        };
        let Some(end) = memchr::memchr(b'>', &self.held[space..]) else { return true };
        self.searched = space + end;
        // No value holds a `<`, so what stands before one is no part of a value.
        match (self.held[self.searched - 1], self.held.get(self.searched + 1)) {
            (b'/', _) => self.watch = Watch::Tag,
            (_, Some(b'<')) => self.watch = Watch::End(name),
            (_, Some(_)) => self.watch = Watch::Tag,
            (_, None) => {}
        }
        true
    }

    /// The position behind the last `>` that was not searched for before; 0 if there is none.
    fn last_tag_end(&self) -> usize {
        let end = memchr::memrchr(b'>', &self.held[self.searched..]);
        end.map_or(0, |end| self.searched + end + 1)
    }
}
