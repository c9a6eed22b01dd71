//! What was pushed and is not yet consumed, checked once when it arrives.

use alloc::string::String;

use crate::xml::chars;
use crate::xml::classify::{PADDING, Survey, survey};
use crate::xml::error::{Error, ErrorKind};

/// Validated data, followed by padding. Every byte is checked here to be UTF-8 and an XML
/// character, so that the parser slices out `&str` and never looks again.
#[derive(Default)]
pub(super) struct Input {
    text: String,
    /// Bytes of `text` without the padding.
    len: usize,
    /// How many bytes were discarded before `text`.
    base: u64,
    /// Bytes pushed since the beginning, those after a fault included.
    received: u64,
    /// The beginning of a character whose end has not arrived.
    tail: [u8; 4],
    tail_len: usize,
    /// Whether `text` may contain a carriage return.
    carriage_returns: bool,
    /// What is wrong right behind `text`. Nothing is appended after it.
    fault: Option<Error>,
}

impl Input {
    /// The data; it is followed by padding once something was pushed.
    #[inline]
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            text: &self.text,
            len: self.len,
            carriage_returns: self.carriage_returns,
            last: self.fault.is_some(),
        }
    }

    #[inline]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    #[inline]
    pub(super) fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// The absolute offset of a position in the data.
    #[inline]
    pub(super) fn offset(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// The position of an absolute offset; 0 if what stood there is discarded.
    pub(super) fn position(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX)
    }

    pub(super) fn clear(&mut self) {
        let mut text = core::mem::take(&mut self.text);
        text.clear();
        *self = Self { text, ..Self::default() };
    }

    /// Gives back memory that the data does not need.
    pub(super) fn shrink(&mut self) {
        if self.len > 0 && self.text.len() == self.len {
            self.text.push_str(PADDING);
        }
        self.text.shrink_to_fit();
    }

    /// Discards the first `done` bytes if that is at least as much as what is left, so that the
    /// total cost of moving data stays linear. Returns how many bytes were discarded. The padding
    /// goes with them, until more is pushed.
    pub(super) fn compact(&mut self, done: usize) -> usize {
        if done == 0 || done < self.len - done {
            return 0;
        }
        self.text.truncate(self.len);
        if done < self.len {
            self.text.drain(..done);
        } else {
            self.text.clear();
            self.carriage_returns = false;
        }
        self.len -= done;
        self.base += done as u64;
        done
    }

    /// Keeps nothing of what comes from now on, as if it were this fault.
    pub(super) fn refuse(&mut self, kind: ErrorKind) {
        let offset = self.offset(self.len);
        self.fault.get_or_insert(Error::new(kind, offset));
    }

    /// Checks and appends a chunk.
    pub(super) fn push(&mut self, mut chunk: &[u8]) {
        self.received += chunk.len() as u64;
        self.text.truncate(self.len);
        if self.fault.is_none() {
            self.text.reserve(chunk.len() + self.tail.len() + PADDING.len());
            if self.tail_len > 0 {
                chunk = self.finish(chunk);
            }
            self.append_bytes(chunk);
            self.len = self.text.len();
        }
        self.text.push_str(PADDING);
    }

    /// Completes the character that the end of the last chunk cut; returns what comes behind it.
    #[cold]
    fn finish<'a>(&mut self, mut chunk: &'a [u8]) -> &'a [u8] {
        while self.tail_len > 0 && self.fault.is_none() {
            let Some((&byte, rest)) = chunk.split_first() else { break };
            chunk = rest;
            self.complete(byte);
        }
        if self.fault.is_none() { chunk } else { &[] }
    }

    /// Adds a byte to the character that the end of the last chunk cut.
    #[cold]
    #[inline(never)]
    fn complete(&mut self, byte: u8) {
        // A character has at most four bytes, and a wrong one is refused before it is full.
        let Some(slot) = self.tail.get_mut(self.tail_len) else { return };
        *slot = byte;
        self.tail_len += 1;
        let tail = self.tail;
        match core::str::from_utf8(&tail[..self.tail_len]) {
            Ok(character) => {
                self.tail_len = 0;
                self.append(character);
            }
            Err(error) if error.error_len().is_some() => self.fail(ErrorKind::InvalidUtf8),
            Err(_) => {}
        }
    }

    fn append_bytes(&mut self, bytes: &[u8]) {
        let (body, rest) = bytes.split_at(bytes.len() - unfinished(bytes));
        if let Ok(text) = simdutf8::basic::from_utf8(body) {
            self.append(text);
        } else {
            let valid = match core::str::from_utf8(body) {
                Ok(text) => text,
                Err(error) => core::str::from_utf8(&body[..error.valid_up_to()])
                    .expect("this length is where the prefix stops being valid"),
            };
            self.append(valid);
            return self.fail(ErrorKind::InvalidUtf8);
        }
        if self.fault.is_none() {
            for &byte in rest {
                self.complete(byte);
            }
        }
    }

    #[inline]
    fn append(&mut self, text: &str) {
        let survey = survey(text.as_bytes());
        if survey.control || survey.high {
            self.append_rare(text, survey);
        } else {
            self.text.push_str(text);
        }
    }

    /// Appends what has control characters or goes beyond ASCII.
    #[inline(never)]
    fn append_rare(&mut self, text: &str, survey: Survey) {
        self.carriage_returns |= survey.control && memchr::memchr(b'\r', text.as_bytes()).is_some();
        if survey.control && has_forbidden_control(text.as_bytes())
            || survey.high && has_noncharacter(text.as_bytes())
        {
            let bad = text.char_indices().find(|&(_, c)| !chars::is_char(c));
            if let Some((at, c)) = bad {
                self.text.push_str(&text[..at]);
                return self.fail(ErrorKind::ForbiddenChar(u32::from(c)));
            }
        }
        self.text.push_str(text);
    }

    fn fail(&mut self, kind: ErrorKind) {
        // The first fault is the one that counts.
        if self.fault.is_none() {
            self.fault = Some(Error::new(kind, self.base + self.text.len() as u64));
        }
    }
}

/// How many bytes at the end begin a character that they do not finish.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.last().is_none_or(u8::is_ascii) {
        return 0;
    }
    for (back, &byte) in bytes.iter().rev().take(3).enumerate() {
        let width = match byte {
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            _ => 1,
        };
        return if width > back + 1 { back + 1 } else { 0 };
    }
    0
}

/// Whether a control character occurs that XML forbids.
fn has_forbidden_control(bytes: &[u8]) -> bool {
    bytes.iter().any(|&b| b < 0x20 && !chars::is_space(b))
}

/// Whether U+FFFE or U+FFFF occurs.
#[expect(clippy::needless_bitwise_bool, reason = "without branches the compiler vectorises")]
fn has_noncharacter(bytes: &[u8]) -> bool {
    let (Some(second), Some(third)) = (bytes.get(1..), bytes.get(2..)) else { return false };
    let mut found = 0;
    for ((&a, &b), &c) in bytes.iter().zip(second).zip(third) {
        found |= u8::from((a == 0xEF) & (b == 0xBF) & (c >= 0xBE));
    }
    found != 0
}

/// The data as the grammar sees it. Positions at or past `len` read as padding.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) len: usize,
    pub(super) carriage_returns: bool,
    /// No more data will follow: what is cut by the end is judged as it stands.
    pub(super) last: bool,
}

impl<'a> Source<'a> {
    /// Data and padding.
    #[inline(always)]
    pub(super) fn bytes(self) -> &'a [u8] {
        self.text.as_bytes()
    }

    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> u8 {
        self.bytes().get(at).copied().unwrap_or(b'<')
    }

    /// The eight bytes from `at` on, the first in the lowest bits.
    #[inline(always)]
    pub(super) fn word(self, at: usize) -> u64 {
        // Positions are far from the largest `usize`; saying so saves a test for overflow.
        let at = at & (usize::MAX >> 1);
        match self.bytes().get(at..at + 8).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => u64::from_le_bytes([b'<'; 8]),
        }
    }

    /// A stretch of the data; empty if the range is not in it.
    #[inline]
    pub(super) fn slice(self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The first position at or after `at` that holds no white space.
    #[inline]
    pub(super) fn skip_space(self, mut at: usize) -> usize {
        while chars::is_space(self.byte(at)) {
            at += 1;
        }
        at
    }
}
