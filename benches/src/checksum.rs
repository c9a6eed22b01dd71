//! What a stream means, as numbers that can be compared.
//!
//! Every contender that gives out all of a stream can tell it to a [`Visitor`]. [`Checksum`] makes
//! one number of each stanza. The numbers are equal if names, namespaces, attributes in any order,
//! text and nesting are.

/// Is told of the tags and the text of a stream, or of one stanza, in document order.
pub trait Visitor {
    /// Whether names and values are looked at. Where not, a parser calls [`start`](Self::start)
    /// with empty names, [`end`](Self::end), and nothing else: decoding is then not its job.
    const READS: bool;

    /// A start tag.
    fn start(&mut self, name: &str, ns: &str);

    /// An attribute of the start tag before. Declarations of namespaces are none.
    fn attr(&mut self, name: &str, ns: &str, value: &str);

    /// Some character data. A run of it may come in any number of pieces.
    fn text(&mut self, piece: &str);

    /// An end tag, also of an element that is written as one tag.
    fn end(&mut self);
}

/// Counts the children of the root element and reads nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    depth: usize,
    stanzas: u64,
}

impl Count {
    /// How many there were.
    #[must_use]
    pub const fn stanzas(self) -> u64 {
        self.stanzas
    }
}

impl Visitor for Count {
    const READS: bool = false;

    fn start(&mut self, _name: &str, _ns: &str) {
        self.depth += 1;
    }

    fn attr(&mut self, _name: &str, _ns: &str, _value: &str) {}

    fn text(&mut self, _piece: &str) {}

    fn end(&mut self) {
        self.depth -= 1;
        self.stanzas += u64::from(self.depth == 1);
    }
}

/// Makes a number of each stanza.
#[derive(Clone, Debug)]
pub struct Checksum {
    /// The depth at which stanzas stand.
    outer: usize,
    depth: usize,
    hash: Hash,
    /// The sum over the attributes of the tag before, so that their order does not count.
    attributes: u64,
    in_text: bool,
    stanzas: Vec<u64>,
}

/// What stands between the parts of a stanza: bytes that XML does not allow in any of them.
mod mark {
    pub(super) const START: u8 = 1;
    pub(super) const NAMESPACE: u8 = 2;
    pub(super) const VALUE: u8 = 3;
    pub(super) const ATTRIBUTES: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const END: u8 = 6;
}

impl Checksum {
    /// For a stream from its header to its end. The root element itself is left out.
    #[must_use]
    pub const fn of_stream() -> Self {
        Self::new(1)
    }

    /// For stanzas one after the other.
    #[must_use]
    pub const fn of_stanzas() -> Self {
        Self::new(0)
    }

    const fn new(outer: usize) -> Self {
        Self {
            outer,
            depth: 0,
            hash: Hash::NEW,
            attributes: 0,
            in_text: false,
            stanzas: Vec::new(),
        }
    }

    /// The numbers of all stanzas, in order.
    #[must_use]
    pub fn into_stanzas(self) -> Vec<u64> {
        self.stanzas
    }

    fn end_tag_or_text(&mut self) {
        if self.attributes != 0 {
            self.hash.add(&[mark::ATTRIBUTES]);
            self.hash.add(&self.attributes.to_le_bytes());
            self.attributes = 0;
        }
        self.in_text = false;
    }
}

impl Visitor for Checksum {
    const READS: bool = true;

    fn start(&mut self, name: &str, ns: &str) {
        if self.depth == self.outer {
            self.hash = Hash::NEW;
            // Of the root element, or there are none.
            self.attributes = 0;
        }
        self.end_tag_or_text();
        self.hash.add(&[mark::START]);
        self.hash.add(name.as_bytes());
        self.hash.add(&[mark::NAMESPACE]);
        self.hash.add(ns.as_bytes());
        self.depth += 1;
    }

    fn attr(&mut self, name: &str, ns: &str, value: &str) {
        let mut hash = Hash::NEW;
        hash.add(name.as_bytes());
        hash.add(&[mark::NAMESPACE]);
        hash.add(ns.as_bytes());
        hash.add(&[mark::VALUE]);
        hash.add(value.as_bytes());
        self.attributes = self.attributes.wrapping_add(hash.0);
    }

    fn text(&mut self, piece: &str) {
        if self.depth <= self.outer || piece.is_empty() {
            return;
        }
        if !self.in_text {
            self.end_tag_or_text();
            self.hash.add(&[mark::TEXT]);
            self.in_text = true;
        }
        self.hash.add(piece.as_bytes());
    }

    fn end(&mut self) {
        self.end_tag_or_text();
        self.hash.add(&[mark::END]);
        self.depth -= 1;
        if self.depth == self.outer {
            self.stanzas.push(self.hash.0);
        }
    }
}

/// FNV-1a. What is added in two pieces counts as added in one.
#[derive(Clone, Copy, Debug)]
struct Hash(u64);

impl Hash {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests;
