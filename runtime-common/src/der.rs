//! Just enough DER (X.690) to read what stands in a certificate.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Reads one value after the other. Each step looks at its input once and never beyond it, so
/// that nothing a peer sends costs more than its length.
#[derive(Clone)]
pub(crate) struct Der<'a>(&'a [u8]);

/// A tag, the content, and both as they were read.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// The values inside.
    pub(crate) const fn inside(self) -> Der<'a> {
        Der(self.content)
    }
}

impl<'a> Der<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next value, or `None` at the end and at whatever is not DER.
    pub(crate) fn value(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Nothing in a TLS handshake is longer than three bytes can say.
            0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Value { tag, content, whole })
    }

    /// The next value, if it has this tag; else nothing is read.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = self.clone();
        let value = ahead.value().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }
}

impl<'a> Iterator for Der<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.value()
    }
}
