//! Why a text is not an address.

use core::fmt;

/// One of the three parts of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What stands before the `@`.
    Local,
    /// The domain.
    Domain,
    /// What stands after the `/`.
    Resource,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local part",
            Self::Domain => "domain",
            Self::Resource => "resource",
        })
    }
}

/// Why a text is not an address. Offsets are in bytes from the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JidError {
    /// A part is there but empty, or the domain is missing (RFC 7622 §3.1).
    Empty {
        /// The part.
        part: Part,
        /// Where it would stand.
        offset: usize,
    },
    /// A part is too long after preparation: over 1023 bytes (RFC 7622 §3.2 to §3.4), or a domain
    /// name over the 253 of the DNS, counted in its ASCII form.
    TooLong {
        /// The part.
        part: Part,
        /// Its size in bytes.
        len: usize,
        /// The largest size allowed, in bytes.
        max: usize,
    },
    /// A character that the part may not contain (RFC 7622 §3.2.1, §3.3.1, §3.4.1).
    ForbiddenChar {
        /// The part.
        part: Part,
        /// The character.
        found: char,
        /// Where it stands.
        offset: usize,
    },
    /// A label of the domain is empty, has more than 63 characters, has a hyphen at an edge
    /// (RFC 5890 §2.3.1), or is not one that internationalized domain names have (RFC 5891 §4.2).
    BadLabel {
        /// Where the label starts.
        offset: usize,
    },
    /// What stands in brackets is not an IPv6 address.
    BadIpv6 {
        /// Where the bracket opens.
        offset: usize,
    },
    /// The characters are allowed, but not together: text that runs from right to left breaks the
    /// rule for it (RFC 5893 §2), a character lacks the neighbours it needs (RFC 5892 §A), or the
    /// part never settles when it is prepared again (RFC 8264 §7).
    NoPreparedForm {
        /// The part.
        part: Part,
        /// Where it stands.
        offset: usize,
    },
    /// A non-ASCII character: to prepare it takes the Unicode tables of the feature `unicode`.
    NeedsUnicode {
        /// The part.
        part: Part,
        /// The character.
        found: char,
        /// Where it stands.
        offset: usize,
    },
    /// A full address was asked for and there is no resource.
    NoResource,
    /// A bare address was asked for and there is a resource.
    HasResource {
        /// Where the `/` stands.
        offset: usize,
    },
}

impl JidError {
    /// The part at fault.
    #[must_use]
    pub const fn part(&self) -> Part {
        match *self {
            Self::Empty { part, .. }
            | Self::TooLong { part, .. }
            | Self::ForbiddenChar { part, .. }
            | Self::NoPreparedForm { part, .. }
            | Self::NeedsUnicode { part, .. } => part,
            Self::BadLabel { .. } | Self::BadIpv6 { .. } => Part::Domain,
            Self::NoResource | Self::HasResource { .. } => Part::Resource,
        }
    }

    /// Where the fault stands, in bytes from the start of the text; `None` where it is the size
    /// of a part, or something that is not there.
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        match *self {
            Self::Empty { offset, .. }
            | Self::ForbiddenChar { offset, .. }
            | Self::BadLabel { offset }
            | Self::BadIpv6 { offset }
            | Self::NoPreparedForm { offset, .. }
            | Self::NeedsUnicode { offset, .. }
            | Self::HasResource { offset } => Some(offset),
            Self::TooLong { .. } | Self::NoResource => None,
        }
    }
}

impl fmt::Display for JidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid address: ")?;
        match *self {
            Self::Empty { part, offset } => write!(f, "the {part} at byte {offset} is empty"),
            Self::TooLong { part, len, max } => {
                write!(f, "the {part} has {len} bytes, at most {max} are allowed")
            }
            Self::ForbiddenChar { part, found, offset } => {
                write!(
                    f,
                    "U+{:04X} at byte {offset} is not allowed in the {part}",
                    u32::from(found)
                )
            }
            Self::BadLabel { offset } => write!(
                f,
                "the label at byte {offset} must be one of a domain name: 1 to 63 characters, \
                 letters, digits and hyphens, no hyphen at its ends"
            ),
            Self::BadIpv6 { offset } => {
                write!(f, "the brackets at byte {offset} do not hold an IPv6 address")
            }
            Self::NoPreparedForm { part, offset } => write!(
                f,
                "the {part} at byte {offset} has characters that do not go together, such as \
                 scripts of both directions"
            ),
            Self::NeedsUnicode { part, found, offset } => write!(
                f,
                "U+{:04X} at byte {offset} of the {part} is not ASCII and needs the feature \
                 `unicode`",
                u32::from(found)
            ),
            Self::NoResource => f.write_str("a resource is needed: local@domain/resource"),
            Self::HasResource { offset } => {
                write!(f, "a bare address is needed, but a resource follows at byte {offset}")
            }
        }
    }
}

impl core::error::Error for JidError {}
