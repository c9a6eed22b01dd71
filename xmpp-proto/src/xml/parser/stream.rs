//! The stream level: the root element's tags, and what stands between stanzas.

use alloc::string::String;

use super::fault::{Fault, Stop};
use super::input::Source;
use super::tree::Tree;
use crate::xml::classify::Maps;
use crate::xml::error::ErrorKind;

impl Tree {
    /// Reads the start tag of the root element at the current place and keeps its name and what
    /// it declares. Returns whether the element is empty.
    #[cold]
    #[inline(never)]
    pub(super) fn header(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        root: &mut String,
    ) -> Result<bool, Stop> {
        let end = self.start_tag(src, maps, self.at)?;
        self.end_tree(end)?;
        let (local, len) = self.nodes.first().map_or((0, 0), |node| node.name());
        root.clear();
        root.push_str(src.slice(self.start + 1, self.start + (local + len) as usize));
        let empty = self.frames.pop().is_none();
        self.scope.inherit(src, self.start);
        Ok(empty)
    }

    /// Skips white space between stanzas (RFC 6120 §4.6.1) up to a tag, which it begins. True
    /// if that is the tag of a stanza, false if it is an end tag.
    #[inline]
    pub(super) fn between(&mut self, src: Source<'_>) -> Result<bool, Stop> {
        let at = src.skip_space(self.at);
        self.at = at;
        if at >= src.len {
            return Err(Stop::More);
        }
        if src.byte(at) != b'<' {
            return Err(Stop::Fail(Fault::new(ErrorKind::TextOutsideStanza, at)));
        }
        self.begin_token(at, self.limits.stanza_bytes, ErrorKind::StanzaTooLong);
        match src.byte(at + 1) {
            _ if at + 1 >= src.len => Err(Stop::More),
            b'/' => Ok(false),
            b'!' => Err(self.markup(src, at, false).err().unwrap_or(Stop::More)),
            b'?' => {
                let fault = Fault::seen(ErrorKind::ProcessingInstruction, at, at + 1);
                Err(self.fail(fault))
            }
            _ => {
                self.begin_tree(src);
                Ok(true)
            }
        }
    }
}
