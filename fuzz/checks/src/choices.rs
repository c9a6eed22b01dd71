//! What an input says beside the bytes to be parsed.

/// Splits an input behind its last NUL, which no XML holds: before it the bytes to be parsed,
/// behind it choices. So plain XML is an input too, and most of what a fuzzer changes is XML.
pub(crate) fn split(data: &[u8]) -> (&[u8], Choices<'_>) {
    match data.iter().rposition(|&byte| byte == 0) {
        Some(at) => (&data[..at], Choices(&data[at + 1..])),
        None => (data, Choices(&[])),
    }
}

/// Choices, taken one byte at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// An input that is nothing but choices.
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Whether all are used up.
    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 once all are used up.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    /// The next `n` bytes, or as many as there are.
    pub(crate) fn take(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}
