//! Escaping, and the three places that written XML goes to.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Where XML is written to. Writing cannot fail from the writer's point of view.
pub(crate) trait Sink {
    fn put(&mut self, s: &str);

    /// Writes the `len` bytes of `text` from `start` on. Most of them are names and short values,
    /// for which the call that copies bytes costs more than the copy.
    #[inline]
    fn put_part(&mut self, text: &str, start: usize, len: usize) {
        self.put(text.get(start..start + len).unwrap_or_default());
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, s: &str) {
        self.extend_from_slice(s.as_bytes());
    }

    #[inline]
    fn put_part(&mut self, text: &str, start: usize, len: usize) {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        match rest.first_chunk::<SHORT>() {
            // A copy of constant length needs no call.
            Some(chunk) if len <= SHORT => {
                let end = self.len() + len;
                self.extend_from_slice(chunk);
                self.truncate(end);
            }
            _ => self.extend_from_slice(rest.get(..len).unwrap_or_default()),
        }
    }
}

/// How long a part may be to be copied without a call.
const SHORT: usize = 16;

impl Sink for String {
    #[inline]
    fn put(&mut self, s: &str) {
        self.push_str(s);
    }
}

/// A formatter as a sink: keeps the first error and writes nothing after it.
pub(crate) struct Formatter<'a, 'b> {
    pub(crate) inner: &'a mut fmt::Formatter<'b>,
    pub(crate) result: fmt::Result,
}

impl Sink for Formatter<'_, '_> {
    fn put(&mut self, s: &str) {
        if self.result.is_ok() {
            self.result = self.inner.write_str(s);
        }
    }
}

/// Writes character data. `<` and `&` must be escaped (XML 1.0 §2.4), `>` so that `]]>` never
/// occurs, and CR so that it is not taken for a line end (§2.11).
#[inline]
pub(crate) fn text(s: &str, out: &mut impl Sink) {
    escape::<false>(s, out);
}

/// Writes an attribute value, without its quotes; either kind may stand around it. White space
/// other than the space itself is escaped so that normalisation keeps it (XML 1.0 §3.3.3).
#[inline]
pub(crate) fn attr(s: &str, out: &mut impl Sink) {
    escape::<true>(s, out);
}

/// Whether nothing in the `len` bytes of `text` from `start` on must be escaped, in character
/// data or in a value if `ATTR`. Wants the text around them so as to look at whole blocks.
#[inline]
pub(crate) fn is_plain<const ATTR: bool>(text: &str, start: usize, len: usize) -> bool {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let (blocks, tail) = rest.get(..len).unwrap_or_default().as_chunks::<SHORT>();
    for block in blocks {
        if block.iter().fold(0, |found, b| found | special(*b, ATTR)) != 0 {
            return false;
        }
    }
    let last = rest.get(blocks.len() * SHORT..).and_then(<[u8]>::first_chunk::<SHORT>);
    match last {
        Some(block) => {
            let bytes = block.iter().zip(&FIRST[tail.len()]);
            bytes.fold(0, |found, (b, counts)| found | special(*b, ATTR) & counts) == 0
        }
        None => tail.iter().fold(0, |found, b| found | special(*b, ATTR)) == 0,
    }
}

/// For each length, which bytes of a block count.
static FIRST: [[u8; SHORT]; SHORT] = {
    let mut rows = [[0; SHORT]; SHORT];
    let mut len = 0;
    while len < SHORT {
        let mut i = 0;
        while i < len {
            rows[len][i] = 1;
            i += 1;
        }
        len += 1;
    }
    rows
};

/// Copies runs that need no escape as they are.
#[inline]
fn escape<const ATTR: bool>(s: &str, out: &mut impl Sink) {
    let mut rest = s;
    while let Some(at) = find::<ATTR>(rest.as_bytes()) {
        // Special characters are ASCII, so both cuts are at the border of a character.
        let (plain, tail) = rest.split_at(at);
        out.put(plain);
        let (this, after) = tail.split_at(1);
        out.put(match this {
            "&" => "&amp;",
            "<" => "&lt;",
            ">" => "&gt;",
            "'" => "&apos;",
            "\"" => "&quot;",
            "\t" => "&#x9;",
            "\n" => "&#xA;",
            _ => "&#xD;",
        });
        rest = after;
    }
    out.put(rest);
}

/// The first special byte: by blocks as far as they go, then by table.
#[inline]
fn find<const ATTR: bool>(bytes: &[u8]) -> Option<usize> {
    let is_special = |b: &u8| SPECIAL[usize::from(ATTR)][usize::from(*b)];
    let (blocks, tail) = bytes.as_chunks::<16>();
    for (i, block) in blocks.iter().enumerate() {
        if block.iter().fold(0, |found, b| found | special(*b, ATTR)) != 0 {
            return block.iter().position(is_special).map(|at| i * 16 + at);
        }
    }
    tail.iter().position(is_special).map(|at| blocks.len() * 16 + at)
}

/// 1 for a byte that must be escaped, else 0. Written as a sum of comparisons, not as a pattern,
/// because that is what the compiler can do for a whole block at once.
#[inline]
const fn special(b: u8, attr: bool) -> u8 {
    let both = (b == b'&') as u8 | (b == b'<') as u8 | (b == b'>') as u8 | (b == b'\r') as u8;
    let quote = (b == b'\'') as u8 | (b == b'"') as u8;
    let space = (b == b'\t') as u8 | (b == b'\n') as u8;
    both | (attr as u8 & (quote | space))
}

/// The same as a table, for what is too short for blocks: first for text, then for values.
static SPECIAL: [[bool; 256]; 2] = {
    let mut table = [[false; 256]; 2];
    let mut b = 0_u8;
    loop {
        table[0][b as usize] = special(b, false) != 0;
        table[1][b as usize] = special(b, true) != 0;
        if b == u8::MAX {
            break table;
        }
        b += 1;
    }
};
