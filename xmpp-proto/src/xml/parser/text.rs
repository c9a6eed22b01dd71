//! Character data and CDATA sections: one run of both is one text node.

use super::fault::{Fault, Stop};
use super::input::Source;
use super::reference;
use super::scope::offset;
use super::tree::Tree;
use crate::xml::classify::Maps;
use crate::xml::error::ErrorKind;
use crate::xml::tape::Node;

const CDATA: &[u8] = b"<![CDATA[";

/// A run of character data that is being read. Positions are relative to the tree's text.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    state: State,
    decode: bool,
    /// Whether there is anything but empty sections.
    solid: bool,
    start: u32,
    /// Start of the current stretch of plain text or of the section's content: `]]>` must not
    /// be looked for before it.
    floor: u32,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// There is no run.
    #[default]
    Closed,
    Text,
    Cdata,
}

impl Run {
    #[inline]
    pub(super) fn begin(start: u32) -> Self {
        Self { state: State::Text, start, floor: start, ..Self::default() }
    }

    #[inline]
    pub(super) fn is_open(self) -> bool {
        self.state != State::Closed
    }
}

impl Tree {
    /// Reads the open run on from `at`; returns where the tag after it begins. `resumed` if the
    /// data ended within the run before, which is then likely a long one.
    #[cold]
    #[inline(never)]
    pub(super) fn text(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        mut at: usize,
        resumed: bool,
    ) -> Result<usize, Stop> {
        let mut long = resumed;
        loop {
            if self.run.state == State::Cdata {
                at = self.cdata(src, at)?;
            }
            let stop = if long {
                let rest = src.bytes().get(at..).unwrap_or_default();
                at + memchr::memchr3(b'<', b'&', b']', rest).unwrap_or(rest.len())
            } else {
                maps.text(src.bytes(), at)
            };
            long = false;
            let floor = self.start + self.run.floor as usize;
            match src.byte(stop) {
                // The end of the data: a `]]>` may be cut here, so look at its bytes again.
                _ if stop >= src.len => {
                    return Err(self.more(floor.max(src.len.saturating_sub(2))));
                }
                b'&' => match reference::check(src, stop) {
                    Ok(end) => {
                        self.run.decode = true;
                        self.run.solid = true;
                        at = end;
                    }
                    Err(fault) if fault.seen >= src.len => return Err(self.more(stop)),
                    Err(fault) => return Err(self.fail(fault)),
                },
                b']' => {
                    if src.byte(stop + 1) == b']' && src.byte(stop + 2) == b'>' {
                        let fault = Fault::seen(ErrorKind::CdataEnd, stop, stop + 2);
                        return Err(self.fail(fault));
                    }
                    at = stop + 1;
                }
                b'<' if stop + 1 >= src.len => return Err(self.more(stop)),
                b'<' => {
                    self.run.solid |= stop > floor;
                    if src.byte(stop + 1) != b'!' {
                        self.end_run(src, stop);
                        return Ok(stop);
                    }
                    at = self.markup(src, stop, true)?;
                    self.run.state = State::Cdata;
                    self.run.decode = true;
                    self.run.floor = offset(at - self.start);
                }
                // Quotes and white space.
                _ => at = stop + 1,
            }
        }
    }

    fn end_run(&mut self, src: Source<'_>, end: usize) {
        let start = self.start + self.run.start as usize;
        if self.run.solid {
            let decode = self.run.decode
                || src.carriage_returns
                    && memchr::memchr(b'\r', src.slice(start, end).as_bytes()).is_some();
            self.nodes.push(Node::text(self.run.start, offset(end - start), decode));
        }
        self.run = Run::default();
    }

    /// Looks for the end of a CDATA section from `at` on; returns the position behind it.
    fn cdata(&mut self, src: Source<'_>, mut at: usize) -> Result<usize, Stop> {
        let content = self.start + self.run.floor as usize;
        let data = src.bytes().get(..src.len).unwrap_or_default();
        loop {
            let rest = data.get(at..).unwrap_or_default();
            let Some(run) = memchr::memchr(b'>', rest) else {
                return Err(self.more(src.len));
            };
            at += run + 1;
            if at >= content + 3 && data[at - 3..].starts_with(b"]]>") {
                self.run.solid |= at > content + 3;
                self.run.state = State::Text;
                self.run.floor = offset(at - self.start);
                return Ok(at);
            }
        }
    }

    /// What begins with `<!` at `at`: if it may be and is a CDATA section, the position of its
    /// content; all else is refused (RFC 6120 §11.1) as soon as it is clear what it is.
    #[cold]
    pub(super) fn markup(
        &mut self,
        src: Source<'_>,
        at: usize,
        cdata_allowed: bool,
    ) -> Result<usize, Stop> {
        if at + 2 >= src.len {
            return Err(self.more(at));
        }
        let (kind, place, seen) = match src.byte(at + 2) {
            b'-' => (ErrorKind::Comment, at, at + 2),
            b'A'..=b'Z' | b'a'..=b'z' => (ErrorKind::Doctype, at, at + 2),
            b'[' if cdata_allowed => {
                let actual = src.bytes().get(at..src.len).unwrap_or_default();
                let same = actual.iter().zip(CDATA).take_while(|(a, b)| a == b).count();
                if same == CDATA.len() {
                    return Ok(at + same);
                }
                if at + same >= src.len {
                    return Err(self.more(at));
                }
                (ErrorKind::UnexpectedByte, at + same, at + same)
            }
            b'[' => (ErrorKind::TextOutsideStanza, at, at + 2),
            _ => (ErrorKind::UnexpectedByte, at + 2, at + 2),
        };
        Err(self.fail(Fault::seen(kind, place, seen)))
    }
}
