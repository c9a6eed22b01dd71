//! How much of what a peer may send.

use super::tape::MAX_NS;

/// Upper bounds that [`Parser`](super::Parser) and [`Lexer`](super::Lexer) enforce. Each has its own
/// [`ErrorKind`](super::ErrorKind), so that a machine can tell its peer what was too much.
///
/// # Memory
///
/// A [`Parser`](super::Parser) that is drained after each chunk needs at most the sum of:
///
/// - the text: `stanza_bytes`, and twice the size of a chunk;
/// - the tree: 16 bytes for each element, attribute and run of text. In usual stanzas that is about
///   as much as the text; in the densest, `<a/>x` over and over, 6.4 times as much;
/// - 40 bytes for each open element, of which there are at most `depth`;
/// - 24 bytes for each of `attributes`, `namespaces` and `foreign_namespaces`, and twice
///   `header_bytes`.
///
/// Buffers double when they grow and exist twice while they do, so the peak may be three times the
/// sum, and that is the bound: 23 times `stanza_bytes` where chunks are small beside it. With the
/// defaults the worst stanza takes 13 MiB; common traffic takes some kilobytes. What a large stanza
/// has left behind, [`Parser::shrink`](super::Parser::shrink) gives back. An owned
/// [`Element`](super::Element) takes its text and its tree, and no more.
///
/// ```
/// let limits = xmpp_proto::xml::Limits::default().with_stanza_bytes(256 * 1024).with_depth(32);
/// assert_eq!(limits.stanza_bytes, 262_144);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one stanza, from its `<` to its last `>`. Default 1 MiB. RFC 6120 §13.12 asks
    /// for at least 10,000. The parser holds at most one such stanza and what was pushed after
    /// it. Values above 1 GiB count as 1 GiB.
    pub stanza_bytes: usize,
    /// Bytes of the XML declaration, and of the stream header's tag, each. Default 8 KiB.
    pub header_bytes: usize,
    /// Nesting of elements in a stanza; the stanza itself counts as 1, the stream's root
    /// element is not counted. Default 128.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included. Default 64. The cost of the
    /// check for duplicates can grow with the square of this number.
    pub attributes: usize,
    /// Bytes of one qualified name (prefix, colon and local name). Default 256, at most 65,535.
    pub name_bytes: usize,
    /// Prefixes in scope at one time, those of the stream header included. Default 64.
    pub namespaces: usize,
    /// Different namespace names in one stanza, not counting those built into this crate.
    /// Default 256, at most some thousands.
    pub foreign_namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stanza_bytes: 1024 * 1024,
            header_bytes: 8 * 1024,
            depth: 128,
            attributes: 64,
            name_bytes: 256,
            namespaces: 64,
            foreign_namespaces: 256,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $setter:ident: $field:ident;)*) => {
        impl Limits {
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $setter(mut self, $field: usize) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Sets [`stanza_bytes`](Self::stanza_bytes).
    with_stanza_bytes: stanza_bytes;
    /// Sets [`header_bytes`](Self::header_bytes).
    with_header_bytes: header_bytes;
    /// Sets [`depth`](Self::depth).
    with_depth: depth;
    /// Sets [`attributes`](Self::attributes).
    with_attributes: attributes;
    /// Sets [`name_bytes`](Self::name_bytes).
    with_name_bytes: name_bytes;
    /// Sets [`namespaces`](Self::namespaces).
    with_namespaces: namespaces;
    /// Sets [`foreign_namespaces`](Self::foreign_namespaces).
    with_foreign_namespaces: foreign_namespaces;
}

impl Limits {
    /// The same limits, cut down to what the tape's 32-bit offsets, 16-bit name lengths and
    /// 13-bit namespace ids can express. `first_local` is the first id free for foreign names.
    pub(crate) fn clamped(mut self, first_local: u16) -> Self {
        const MAX_BYTES: usize = 1 << 30;
        self.stanza_bytes = self.stanza_bytes.min(MAX_BYTES);
        self.header_bytes = self.header_bytes.min(MAX_BYTES);
        self.name_bytes = self.name_bytes.min(usize::from(u16::MAX));
        self.namespaces = self.namespaces.min(usize::from(u16::MAX));
        self.foreign_namespaces =
            self.foreign_namespaces.min(usize::from(MAX_NS.saturating_sub(first_local)));
        self
    }
}
