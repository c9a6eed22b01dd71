//! Why an element cannot be built.

use alloc::boxed::Box;
use core::fmt;

/// How much of a name an error keeps, in bytes.
const NAME_KEPT: usize = 64;

/// Why an [`ElementBuilder`](super::ElementBuilder) cannot build: the first fault, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    kind: BuildErrorKind,
    field: Field,
    element: Box<str>,
    attribute: Option<Box<str>>,
}

/// What is wrong.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildErrorKind {
    /// A character that XML excludes altogether (XML 1.0 §2.2), such as most control characters;
    /// no reference can stand for it either.
    ForbiddenChar {
        /// The character.
        char: char,
        /// Its byte offset in the string passed.
        offset: usize,
    },
    /// A name that is not an `NCName` (Namespaces in XML §3): empty, with a colon, or with a
    /// character that names exclude.
    InvalidName,
    /// The attribute name `xmlns`: namespaces are declared by the writer.
    ReservedName,
    /// The namespace of the `xmlns` prefix, in which nothing can be (Namespaces in XML §3).
    ReservedNamespace,
    /// A name beyond 65,535 bytes, or a tree beyond 4 GiB of text, 2^32 nodes or 8,000
    /// namespaces.
    TooLarge,
    /// The closure of `child_with` returned another builder than the one it was given.
    ForeignBuilder,
    /// A stanza of type `error` without the child that says which (RFC 6120 §8.3.1).
    MissingError,
}

/// The part of an element that a fault is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ElementName,
    AttributeName,
    AttributeValue,
    Namespace,
    Text,
    Child,
}

impl BuildError {
    pub(crate) fn new(
        kind: BuildErrorKind,
        field: Field,
        element: &str,
        attribute: Option<&str>,
    ) -> Self {
        let kept = |name: &str| Box::from(&name[..name.floor_char_boundary(NAME_KEPT)]);
        Self { kind, field, element: kept(element), attribute: attribute.map(kept) }
    }

    /// The stanza `element` is an error that does not say which.
    pub(crate) fn missing_error(element: &str) -> Self {
        Self::new(BuildErrorKind::MissingError, Field::Child, element, None)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> BuildErrorKind {
        self.kind
    }

    /// The local name of the element concerned, cut after 64 bytes. If the element's own name is
    /// the fault, it is that name.
    #[must_use]
    pub fn element(&self) -> &str {
        &self.element
    }

    /// The local name of the attribute concerned, cut after 64 bytes, if it is one.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }
}

/// Where the fault is, as the end of a sentence.
struct Place<'a>(&'a BuildError);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BuildError { field, element, attribute, .. } = self.0;
        let element = element.escape_debug();
        let what = match field {
            Field::ElementName | Field::AttributeName => "name",
            Field::AttributeValue => "value",
            Field::Namespace => "namespace",
            Field::Text => "text",
            Field::Child => "children",
        };
        match attribute {
            Some(attribute) => {
                let attribute = attribute.escape_debug();
                write!(f, "the {what} of attribute '{attribute}' of <{element}/>")
            }
            None => write!(f, "the {what} of <{element}/>"),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place(self);
        match self.kind {
            BuildErrorKind::ForbiddenChar { char, offset } => {
                let code = u32::from(char);
                write!(f, "U+{code:04X} at byte {offset} of {place} is not allowed in XML")
            }
            BuildErrorKind::InvalidName => write!(f, "{place} is not an XML name without a colon"),
            BuildErrorKind::ReservedName => {
                write!(f, "{place} is reserved: namespaces are declared by the writer")
            }
            BuildErrorKind::ReservedNamespace => {
                write!(f, "{place} is that of declarations, which holds no names")
            }
            BuildErrorKind::TooLarge => write!(f, "{place} would be too large"),
            BuildErrorKind::ForeignBuilder => {
                let element = self.element.escape_debug();
                write!(f, "the closure that builds <{element}/> returned another builder")
            }
            BuildErrorKind::MissingError => {
                let element = self.element.escape_debug();
                write!(f, "<{element}/> of type 'error' has no child <error/>")
            }
        }
    }
}

impl core::error::Error for BuildError {}
