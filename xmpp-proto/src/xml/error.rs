//! What can be wrong with a stream of XML.

use core::fmt;

/// Why a [`Parser`](super::Parser) or a [`Lexer`](super::Lexer) cannot go on, and where.
///
/// The stream is lost: XML has no way to recover, and RFC 6120 §4.9 makes every such error
/// fatal for the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: u64,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: u64) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where: bytes pushed before the offending byte, name or tag, counted since the parser
    /// was made or last [`reset`](super::Parser::reset).
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl core::error::Error for Error {}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Bytes that are not UTF-8 (RFC 6120 §11.6).
    InvalidUtf8,
    /// This code point is not an XML character (XML 1.0 §2.2).
    ForbiddenChar(u32),
    /// Not a name where one must stand, or a name with two colons or an empty part.
    InvalidName,
    /// A prefix that is not bound in this scope.
    UndeclaredPrefix,
    /// The prefixes `xml` and `xmlns` or their namespaces bound or used against the rules of
    /// Namespaces in XML §3.
    ReservedPrefix,
    /// A prefix bound to the empty name, which Namespaces in XML 1.0 §2.2 forbids.
    EmptyNamespace,
    /// Two attributes of one element with the same expanded name, or two declarations of the
    /// same prefix.
    DuplicateAttribute,
    /// An end tag that does not name the open element.
    MismatchedEndTag,
    /// A document type declaration (RFC 6120 §11.1).
    Doctype,
    /// A processing instruction (RFC 6120 §11.1), or an XML declaration that is not at the
    /// very start.
    ProcessingInstruction,
    /// A comment (RFC 6120 §11.1).
    Comment,
    /// A reference to an entity other than the five that XML 1.0 §4.6 predefines
    /// (RFC 6120 §11.1).
    UnknownEntity,
    /// An ampersand that begins no reference, or a character reference to no XML character.
    InvalidReference,
    /// `]]>` outside a CDATA section (XML 1.0 §2.4).
    CdataEnd,
    /// The XML declaration names an encoding other than UTF-8 (RFC 6120 §11.6).
    UnsupportedEncoding,
    /// The XML declaration names a version other than 1.0.
    UnsupportedXmlVersion,
    /// An XML declaration that is not well formed (XML 1.0 §2.8).
    InvalidXmlDeclaration,
    /// Characters other than white space outside stanzas.
    TextOutsideStanza,
    /// A byte that the grammar does not allow here.
    UnexpectedByte,
    /// More than white space after the end of the stream.
    TrailingData,
    /// A standalone document that ends too early.
    UnexpectedEnd,
    /// [`Limits::stanza_bytes`](super::Limits::stanza_bytes).
    StanzaTooLong,
    /// [`Limits::header_bytes`](super::Limits::header_bytes).
    HeaderTooLong,
    /// [`Limits::depth`](super::Limits::depth).
    TooDeep,
    /// [`Limits::attributes`](super::Limits::attributes).
    TooManyAttributes,
    /// [`Limits::name_bytes`](super::Limits::name_bytes).
    NameTooLong,
    /// [`Limits::namespaces`](super::Limits::namespaces) or
    /// [`Limits::foreign_namespaces`](super::Limits::foreign_namespaces).
    TooManyNamespaces,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::ForbiddenChar(code) => {
                return write!(f, "character U+{code:04X} is not allowed in XML");
            }
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::InvalidName => "invalid name",
            Self::UndeclaredPrefix => "undeclared namespace prefix",
            Self::ReservedPrefix => "misuse of a reserved prefix or namespace",
            Self::EmptyNamespace => "prefix bound to the empty namespace name",
            Self::DuplicateAttribute => "duplicate attribute",
            Self::MismatchedEndTag => "end tag does not match the open element",
            Self::Doctype => "document type declaration",
            Self::ProcessingInstruction => "processing instruction",
            Self::Comment => "comment",
            Self::UnknownEntity => "reference to an unknown entity",
            Self::InvalidReference => "invalid reference",
            Self::CdataEnd => "']]>' outside a CDATA section",
            Self::UnsupportedEncoding => "encoding other than UTF-8",
            Self::UnsupportedXmlVersion => "XML version other than 1.0",
            Self::InvalidXmlDeclaration => "malformed XML declaration",
            Self::TextOutsideStanza => "text outside stanzas",
            Self::UnexpectedByte => "unexpected byte",
            Self::TrailingData => "data after the end of the stream",
            Self::UnexpectedEnd => "unexpected end of the document",
            Self::StanzaTooLong => "stanza exceeds the size limit",
            Self::HeaderTooLong => "stream header exceeds the size limit",
            Self::TooDeep => "elements nested beyond the limit",
            Self::TooManyAttributes => "more attributes than the limit",
            Self::NameTooLong => "name exceeds the size limit",
            Self::TooManyNamespaces => "more namespaces than the limit",
        })
    }
}
