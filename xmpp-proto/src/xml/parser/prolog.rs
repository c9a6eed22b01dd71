//! What may stand before the root element: an XML declaration and white space; in a document, a
//! byte order mark. In a stream that is a character like any other, and so an error (RFC 6120
//! §11.6).

use super::fault::{Fault, Stop};
use super::input::Source;
use super::tree::Tree;
use crate::xml::chars::{is_name_char, is_space};
use crate::xml::error::ErrorKind;

/// How much of the prolog has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prolog {
    /// Nothing, and a byte order mark may follow.
    Unmarked,
    /// Nothing: an XML declaration may follow.
    Fresh,
    /// White space or an XML declaration.
    Begun,
}

impl Tree {
    /// Reads on up to the `<` of the root element's tag, and one byte beyond it.
    pub(super) fn prolog(&mut self, src: Source<'_>, prolog: &mut Prolog) -> Result<(), Stop> {
        loop {
            if self.must_wait(src) {
                return Err(Stop::More);
            }
            let mut at = self.at;
            if *prolog == Prolog::Unmarked && at < src.len {
                if src.slice(at, at + 3) == "\u{FEFF}" {
                    at += 3;
                }
                *prolog = Prolog::Fresh;
            }
            let begin = src.skip_space(at);
            if begin > at {
                *prolog = Prolog::Begun;
            }
            self.at = begin;
            if begin >= src.len {
                return Err(Stop::More);
            }
            let fault = match src.byte(begin) {
                b'<' => {
                    self.begin_token(begin, self.limits.header_bytes, ErrorKind::HeaderTooLong);
                    match src.byte(begin + 1) {
                        _ if begin + 1 >= src.len => return Err(Stop::More),
                        b'?' if *prolog == Prolog::Begun => {
                            Fault::seen(ErrorKind::ProcessingInstruction, begin, begin + 1)
                        }
                        b'?' => {
                            let end = self.declaration(src, begin)?;
                            if end > self.limit {
                                return Err(self.exceeded());
                            }
                            *prolog = Prolog::Begun;
                            self.abandon(end);
                            continue;
                        }
                        b'!' => return self.markup(src, begin, false).map(|_| ()),
                        b'/' => Fault::new(ErrorKind::UnexpectedByte, begin + 1),
                        _ => return Ok(()),
                    }
                }
                _ => Fault::new(ErrorKind::TextOutsideStanza, begin),
            };
            return Err(self.fail(fault));
        }
    }

    fn declaration(&mut self, src: Source<'_>, at: usize) -> Result<usize, Stop> {
        const START: &[u8] = b"<?xml";
        for (i, expected) in START.iter().enumerate() {
            if at + i >= src.len {
                return Err(self.more(at));
            }
            if src.byte(at + i) != *expected {
                let fault = Fault::seen(ErrorKind::ProcessingInstruction, at, at + i);
                return Err(self.fail(fault));
            }
        }
        let behind = at + START.len();
        if behind >= src.len {
            return Err(self.more(at));
        }
        let byte = src.byte(behind);
        if byte >= 0x80 || byte == b':' || is_name_char(char::from(byte)) {
            // A longer target, such as `xml-stylesheet`.
            let fault = Fault::seen(ErrorKind::ProcessingInstruction, at, behind);
            return Err(self.fail(fault));
        }
        read_declaration(src, behind).map_err(|fault| self.tag_fault(src, at, fault))
    }
}

/// XML 1.0 §2.8 `XMLDecl`, from behind `<?xml` on. Returns the position behind `?>`.
fn read_declaration(src: Source<'_>, at: usize) -> Result<usize, Fault> {
    let mut attributes = PseudoAttributes { src, at };
    let Some((version, place)) = attributes.next("version")? else {
        return Err(Fault::new(ErrorKind::InvalidXmlDeclaration, attributes.at));
    };
    if version != "1.0" {
        return Err(Fault::new(ErrorKind::UnsupportedXmlVersion, place));
    }
    if let Some((encoding, place)) = attributes.next("encoding")?
        && !encoding.eq_ignore_ascii_case("utf-8")
    {
        return Err(Fault::new(ErrorKind::UnsupportedEncoding, place));
    }
    if let Some((standalone, place)) = attributes.next("standalone")?
        && !matches!(standalone, "yes" | "no")
    {
        return Err(Fault::new(ErrorKind::InvalidXmlDeclaration, place));
    }
    let end = src.skip_space(attributes.at);
    match (src.byte(end), src.byte(end + 1)) {
        (b'?', b'>') => Ok(end + 2),
        (b'?', _) => Err(Fault::new(ErrorKind::InvalidXmlDeclaration, end + 1)),
        _ => Err(Fault::new(ErrorKind::InvalidXmlDeclaration, end)),
    }
}

struct PseudoAttributes<'a> {
    src: Source<'a>,
    at: usize,
}

impl<'a> PseudoAttributes<'a> {
    /// The value of the attribute if it comes next, and where it stands.
    fn next(&mut self, name: &str) -> Result<Option<(&'a str, usize)>, Fault> {
        let src = self.src;
        let start = src.skip_space(self.at);
        let end = start + name.len();
        if start == self.at || !is_space(src.byte(self.at)) || src.slice(start, end) != name {
            return Ok(None);
        }
        let invalid = |at| Fault::new(ErrorKind::InvalidXmlDeclaration, at);
        let equals = src.skip_space(end);
        if src.byte(equals) != b'=' {
            return Err(invalid(equals));
        }
        let open = src.skip_space(equals + 1);
        let quote = src.byte(open);
        if quote != b'"' && quote != b'\'' {
            return Err(invalid(open));
        }
        let mut close = open + 1;
        while src.byte(close) != quote {
            if src.byte(close) == b'<' {
                return Err(invalid(close));
            }
            close += 1;
        }
        self.at = close + 1;
        Ok(Some((src.slice(open + 1, close), open + 1)))
    }
}
