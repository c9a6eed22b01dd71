//! This parser, rxml and expat read the same in the same stream, but for the differences that are
//! listed in [`Difference`].

use rxml::error::EndOrError;
use xmpp_proto::xml::{Error, ErrorKind, Item, Parser};

use crate::meaning::Meaning;
use crate::peers;

/// The check of this module.
///
/// # Panics
/// If another library disagrees with the parser and no [`Difference`] explains it.
pub fn check(data: &[u8]) {
    differences(data);
}

/// The differences between the parser and the others in what they make of a stream.
///
/// # Panics
/// If one of them is none of [`Difference`].
fn differences(stream: &[u8]) -> Vec<Difference> {
    let ours = Reading::new(stream);
    let mut found = Vec::new();
    found.extend(ours.compare_with_rxml());
    #[cfg(feature = "expat")]
    found.extend(ours.compare_with_expat());
    found
}

/// What another library is known to do otherwise, rightly or wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// RFC 6120 §4.6.1 and §4.4 allow only white space outside stanzas. To an XML parser that is
    /// mixed content.
    TextOutsideStanza,
    /// RFC 6120 §11.1 forbids comments.
    Comment,
    /// RFC 6120 §11.1 forbids processing instructions.
    ProcessingInstruction,
    /// RFC 6120 §11.6 forbids a byte order mark, which expat skips.
    ByteOrderMark,
    /// RFC 6120 §11.6 knows only UTF-8. Expat is told to take the bytes as UTF-8 whatever the
    /// declaration says.
    Encoding,
    /// RFC 6120 §11.8 wants XML 1.0. Expat takes every version number.
    Version,
    /// XML 1.0 allows in names what its fifth edition allows (§2.3). Expat keeps to the fourth.
    FifthEditionNames,
    /// XML 1.0 §2.3 allows U+FDF0 to U+FFFD in names, which rxml leaves out.
    LateNames,
    /// XML 1.0 §3.1 forbids to declare a namespace twice in a tag, which rxml does not notice.
    RepeatedDeclaration,
    /// Namespaces in XML §3 forbids to declare the namespace of `xmlns` as the default one, which
    /// rxml does not notice.
    ReservedDefault,
    /// XML 1.0 §2.9 knows only `yes` and `no`. rxml does not look.
    StandaloneValue,
    /// XML 1.0 §2.1 allows no references behind the root element. rxml takes those to white space.
    ReferenceBehindRoot,
    /// XML 1.0 §2.8 allows `standalone` without `encoding`, which rxml refuses.
    StandaloneAlone,
}

/// What this parser makes of a stream.
struct Reading<'a> {
    stream: &'a [u8],
    meaning: Meaning,
    error: Option<Error>,
    /// Whether the stream came to its end.
    complete: bool,
}

impl<'a> Reading<'a> {
    fn new(stream: &'a [u8]) -> Self {
        let mut parser = Parser::new(crate::no_limits());
        parser.push(stream);
        let mut meaning = Meaning::stream();
        let mut ended = false;
        let error = loop {
            match parser.next() {
                Ok(Some(Item::Header(header))) => meaning.open(header.element()),
                Ok(Some(Item::Element(element))) => meaning.push(element),
                Ok(Some(Item::End)) => {
                    meaning.end();
                    ended = true;
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        // A character that is cut is not an error as long as more may come.
        let complete = ended && error.is_none() && core::str::from_utf8(stream).is_ok();
        Self { stream, meaning, error, complete }
    }

    fn compare_with_rxml(&self) -> Option<Difference> {
        let (theirs, result) =
            peers::rxml::read(&peers::rxml::without_known_faults(self.stream), &Meaning::stream());
        if self.agrees(&theirs, result.is_ok()) {
            return None;
        }
        let difference = match result {
            Ok(()) => self.too_strict().filter(|difference| difference.is_of_rxml()),
            Err(EndOrError::Error(error)) if peers::rxml::is_late_name(error) => {
                Some(Difference::LateNames)
            }
            Err(_) => self.standalone_alone(),
        };
        Some(difference.unwrap_or_else(|| self.fail("rxml", &theirs, &result)))
    }

    #[cfg(feature = "expat")]
    fn compare_with_expat(&self) -> Option<Difference> {
        let (theirs, result) = peers::expat::read(self.stream);
        if self.agrees(&theirs, result.is_ok()) {
            return None;
        }
        let difference = match result {
            Ok(()) => self.too_strict().filter(|difference| difference.is_of_expat()),
            Err(refusal) => self.fifth_edition_name(refusal),
        };
        Some(difference.unwrap_or_else(|| self.fail("expat", &theirs, &result)))
    }

    /// Whether another library takes the whole stream if this parser does, refuses it if this
    /// parser does, and reads the same in all that this parser gave out.
    fn agrees(&self, theirs: &Meaning, accepted: bool) -> bool {
        let (ours, theirs) = (self.meaning.events(), theirs.events());
        accepted == self.complete
            && if accepted { theirs == ours } else { theirs.starts_with(ours) }
    }

    /// Why this parser refuses what others accept, if it is right and stands where it says.
    fn too_strict(&self) -> Option<Difference> {
        let error = self.error.as_ref()?;
        let at = usize::try_from(error.offset()).ok()?;
        let rest = self.stream.get(at..)?;
        let difference = match error.kind() {
            ErrorKind::TextOutsideStanza if at == 0 && rest.starts_with("\u{FEFF}".as_bytes()) => {
                Difference::ByteOrderMark
            }
            ErrorKind::TextOutsideStanza => Difference::TextOutsideStanza,
            // XML 1.0 §2.1 allows both behind the root element, where a stream is over.
            ErrorKind::Comment | ErrorKind::TrailingData if rest.starts_with(b"<!--") => {
                Difference::Comment
            }
            ErrorKind::ProcessingInstruction | ErrorKind::TrailingData
                if rest.starts_with(b"<?") =>
            {
                Difference::ProcessingInstruction
            }
            ErrorKind::UnsupportedEncoding => Difference::Encoding,
            ErrorKind::UnsupportedXmlVersion => Difference::Version,
            ErrorKind::DuplicateAttribute if rest.starts_with(b"xmlns") => {
                Difference::RepeatedDeclaration
            }
            ErrorKind::ReservedPrefix if rest.starts_with(b"xmlns") => Difference::ReservedDefault,
            ErrorKind::TrailingData if rest.starts_with(b"&") => Difference::ReferenceBehindRoot,
            ErrorKind::InvalidXmlDeclaration => Difference::StandaloneValue,
            _ => return None,
        };
        Some(difference)
    }

    /// An XML declaration with `standalone` and without `encoding`.
    fn standalone_alone(&self) -> Option<Difference> {
        let end = self.stream.windows(2).position(|bytes| bytes == b"?>")?;
        let declaration = core::str::from_utf8(&self.stream[..end]).ok()?;
        (declaration.starts_with("<?xml")
            && declaration.contains("standalone")
            && !declaration.contains("encoding"))
        .then_some(Difference::StandaloneAlone)
    }

    #[cfg(feature = "expat")]
    fn fifth_edition_name(&self, refusal: peers::expat::Refusal) -> Option<Difference> {
        let high = self.stream.get(refusal.at).is_some_and(|byte| !byte.is_ascii());
        (refusal.code == peers::expat::Refusal::INVALID_TOKEN && high)
            .then_some(Difference::FifthEditionNames)
    }

    fn fail(&self, peer: &str, theirs: &Meaning, result: &dyn core::fmt::Debug) -> ! {
        panic!(
            "{peer} disagrees about {}\nours: {:?}, complete: {}, {:?}\n{peer}: {:?}, {result:?}",
            self.stream.escape_ascii(),
            self.meaning.events(),
            self.complete,
            self.error,
            theirs.events(),
        )
    }
}

impl Difference {
    fn is_of_rxml(self) -> bool {
        matches!(
            self,
            Self::TextOutsideStanza
                | Self::RepeatedDeclaration
                | Self::ReservedDefault
                | Self::StandaloneValue
                | Self::ReferenceBehindRoot
        )
    }

    #[cfg(feature = "expat")]
    fn is_of_expat(self) -> bool {
        matches!(
            self,
            Self::TextOutsideStanza
                | Self::Comment
                | Self::ProcessingInstruction
                | Self::ByteOrderMark
                | Self::Encoding
                | Self::Version
        )
    }
}

#[cfg(test)]
mod tests;
