//! Why the grammar stops, and how that is kept independent of where chunks end.

use super::input::Source;
use crate::xml::error::ErrorKind;

/// Something wrong in the data.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    /// What the error points at.
    pub(super) at: usize,
    /// The last position that had to be seen to know. At or past the end of the data, the fault
    /// only says that the data ends here.
    pub(super) seen: usize,
}

impl Fault {
    #[cold]
    pub(super) fn new(kind: ErrorKind, at: usize) -> Self {
        Self { kind, at, seen: at }
    }

    #[cold]
    pub(super) fn seen(kind: ErrorKind, at: usize, seen: usize) -> Self {
        Self { kind, at, seen }
    }
}

/// Why parsing cannot go on.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// The data ends within a token or between tokens.
    More,
    Fail(Fault),
}

/// Looks for the place at which a tag can be judged: its `>` outside quotes, or what cannot be
/// within a tag: a `<`, or a quote that does not follow an equals sign. Remembers how far it got,
/// so that a tag that arrives in many chunks is read once here and once or twice by the grammar.
#[derive(Clone, Copy)]
pub(super) struct TagScan {
    pub(super) at: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Outside,
    /// Behind an equals sign and white space.
    Equals,
    /// Within this kind of quotes.
    Quoted(u8),
}

impl TagScan {
    /// For the tag whose `<` stands at `tag`.
    pub(super) fn new(tag: usize) -> Self {
        Self { at: tag + 1, state: State::Outside }
    }

    /// The place, if it is in the data.
    pub(super) fn find(&mut self, src: Source<'_>) -> Option<usize> {
        let data = src.bytes().get(..src.len).unwrap_or_default();
        while let Some(&byte) = data.get(self.at) {
            self.state = match (self.state, byte) {
                (State::Quoted(quote), _) => {
                    let rest = &data[self.at..];
                    let Some(run) = memchr::memchr2(quote, b'<', rest) else {
                        self.at = data.len();
                        return None;
                    };
                    self.at += run;
                    if rest[run] == b'<' {
                        return Some(self.at);
                    }
                    State::Outside
                }
                (_, b'>' | b'<') | (State::Outside, b'"' | b'\'') => return Some(self.at),
                (State::Equals, b'"' | b'\'') => State::Quoted(byte),
                (_, b'=') | (State::Equals, b' ' | b'\t' | b'\n' | b'\r') => State::Equals,
                _ => State::Outside,
            };
            self.at += 1;
        }
        None
    }
}
