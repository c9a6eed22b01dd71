//! Start tags, empty-element tags and their attributes.

use super::fault::{Fault, Stop};
use super::input::Source;
use super::name::{self, QName};
use super::reference;
use super::scope::offset;
use super::tree::Tree;
use crate::xml::chars::{NAME_START, is_space};
use crate::xml::classify::Maps;
use crate::xml::error::ErrorKind;
use crate::xml::namespace;
use crate::xml::tape::{Kind, MAX_NS, Node};

const XMLNS: u64 = name::word("xmlns");

/// Stands in the node of an attribute with a prefix until the tag ends and the prefix can be
/// resolved.
const UNRESOLVED: u16 = MAX_NS;

/// An attribute with a prefix.
#[derive(Clone, Copy)]
pub(super) struct Prefixed {
    /// Index of its node.
    node: usize,
    /// Where its qualified name begins, and where its local name does.
    start: usize,
    local: usize,
}

/// The value of an attribute: where it stands, and whether it must be decoded.
#[derive(Clone, Copy)]
struct Value {
    start: usize,
    end: usize,
    decode: bool,
}

/// What a tag has shown so far.
#[derive(Clone, Copy)]
struct Tag {
    /// Index of the element's node.
    node: usize,
    /// How many bindings were in scope before the tag.
    bindings: usize,
    /// How many nodes there are when no further attribute is allowed. Declarations, which are
    /// no nodes, lower it.
    full: usize,
    /// One bit per attribute without prefix, chosen by its name.
    seen: u64,
    /// The default namespace that the tag declares.
    default: Option<u16>,
    /// How many of the tag's nodes the larger filter of the tree knows.
    filtered: usize,
}

/// A larger filter for the attributes of one tag, for when the one in [`Tag`] does not suffice:
/// with many attributes, and with names that are alike in their first bytes. It costs nothing
/// until then.
#[derive(Default)]
pub(super) struct Names {
    bits: [u64; 8],
}

impl Names {
    /// Adds the name that stands at `start`; true if it may be there already.
    #[inline]
    fn insert(&mut self, src: Source<'_>, start: usize, len: usize) -> bool {
        let mut key = src.word(start) & name::mask(len);
        if len > 8 {
            key = key.rotate_left(25) ^ src.word(start + len - 8) ^ (len as u64).rotate_right(8);
        }
        let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55;
        let (word, bit) = (&mut self.bits[hash as usize / 64], 1 << (hash % 64));
        let found = *word & bit != 0;
        *word |= bit;
        found
    }
}

impl Tree {
    /// Reads the tag at `at`, opens its element unless it is empty, and returns the position
    /// behind it. Leaves no trace if it fails.
    #[cfg_attr(not(feature = "small"), inline(always))]
    #[cfg_attr(feature = "small", inline(never))]
    pub(super) fn start_tag(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        at: usize,
    ) -> Result<usize, Stop> {
        let (nodes, bindings) = (self.nodes.len(), self.scope.bindings());
        match self.read_tag(src, maps, at) {
            Ok(end) => Ok(end),
            Err(fault) => {
                self.nodes.truncate(nodes);
                self.scope.truncate(bindings);
                Err(self.tag_fault(src, at, fault))
            }
        }
    }

    #[inline(always)]
    fn read_tag(&mut self, src: Source<'_>, maps: &mut Maps, at: usize) -> Result<usize, Fault> {
        if at >= self.limit {
            return Err(Fault::new(self.too_long, self.limit));
        }
        if self.frames.len() >= self.limits.depth {
            return Err(Fault::new(ErrorKind::TooDeep, at));
        }
        let start = at + 1;
        let mut name = QName { start, local: start, end: maps.name(src.bytes(), start) };
        let mut ahead = src.word(name.end);
        if !NAME_START[usize::from(src.byte(start))] || is_rare(low(ahead)) {
            name = name::scan(src, start)?;
            ahead = src.word(name.end);
        }
        if name.end - start > self.limits.name_bytes {
            return Err(Fault::new(ErrorKind::NameTooLong, start));
        }
        let node = self.nodes.len();
        let mut tag = Tag {
            node,
            bindings: self.scope.bindings(),
            full: (node + 1).saturating_add(self.limits.attributes),
            seen: 0,
            default: None,
            filtered: 0,
        };
        self.nodes.push(Node::element(0, 0, 0));
        self.prefixed.clear();
        let mut pos = name.end;
        loop {
            // Behind the element's name or an attribute's value.
            let [first, second, ..] = ahead.to_le_bytes();
            if first == b' ' && NAME_START[usize::from(second)] {
                pos += 1;
            } else if first == b'>' {
                self.open(src, &tag, name, false)?;
                return Ok(pos + 1);
            } else if first == b'/' && second == b'>' {
                self.open(src, &tag, name, true)?;
                return Ok(pos + 2);
            } else {
                pos = gap(src, pos)?;
                ahead = src.word(pos);
                if matches!(low(ahead), b'>' | b'/') {
                    continue;
                }
            }
            pos = self.attribute(src, maps, &mut tag, pos)?;
            ahead = src.word(pos);
        }
    }

    /// Reads the attribute at `start`; returns the position behind its value. Only the usual
    /// kind is read here: all else, faults included, goes the slow way from the start.
    #[inline(always)]
    fn attribute(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        tag: &mut Tag,
        start: usize,
    ) -> Result<usize, Fault> {
        let end = maps.name(src.bytes(), start);
        let word = src.word(start);
        let [equals, quote, ..] = src.word(end).to_le_bytes();
        if equals == b'='
            && is_quote(quote)
            && NAME_START[usize::from(low(word))]
            && end - start <= self.limits.name_bytes
            && self.nodes.len() < tag.full
        {
            let value = end + 2;
            let close = maps.value(src.bytes(), value);
            let key = word & name::mask(end - start);
            let bit = filter_bit(key);
            if src.byte(close) == quote && key != XMLNS && tag.seen & bit == 0 {
                tag.seen |= bit;
                let name = QName { start, local: start, end };
                let value = Value { start: value, end: close, decode: false };
                self.push_attribute(name, namespace::NONE, value);
                return Ok(close + 1);
            }
            if src.byte(close) == quote && key == XMLNS {
                let value = Value { start: value, end: close, decode: false };
                tag.default = Some(self.declare_default(src, tag.default, start, value)?);
                tag.full -= 1;
                return Ok(close + 1);
            }
            if src.byte(close) == quote {
                let name = QName { start, local: start, end };
                let value = Value { start: value, end: close, decode: false };
                tag.filtered = self.compare_name(src, tag.node, tag.filtered, name, value)?;
                return Ok(close + 1);
            }
        }
        let (end, so_far) = self.attribute_slow(src, maps, *tag, start)?;
        *tag = so_far;
        Ok(end)
    }

    /// Reads any attribute.
    #[cold]
    #[inline(never)]
    fn attribute_slow(
        &mut self,
        src: Source<'_>,
        maps: &mut Maps,
        mut tag: Tag,
        start: usize,
    ) -> Result<(usize, Tag), Fault> {
        let (name, value) = attribute_name(src, start)?;
        let quote = src.byte(value - 1);
        if name.end - start > self.limits.name_bytes {
            return Err(Fault::new(ErrorKind::NameTooLong, start));
        }
        if self.nodes.len() >= tag.full {
            return Err(Fault::new(ErrorKind::TooManyAttributes, start));
        }
        let (end, decode) = read_value(src, maps, value, quote)?;
        let value = Value { start: value, end, decode };
        let key = src.word(start) & name::mask(name.end - start);
        if name.has_prefix() {
            if self.prefixed_attribute(src, tag.bindings, name, value)? {
                tag.full -= 1;
            }
        } else if key == XMLNS {
            tag.default = Some(self.declare_default(src, tag.default, start, value)?);
            tag.full -= 1;
        } else {
            let bit = filter_bit(key);
            if tag.seen & bit == 0 {
                tag.seen |= bit;
                self.push_attribute(name, namespace::NONE, value);
            } else {
                tag.filtered = self.compare_name(src, tag.node, tag.filtered, name, value)?;
            }
        }
        Ok((end + 1, tag))
    }

    #[inline(always)]
    fn push_attribute(&mut self, name: QName, ns: u16, value: Value) {
        #[expect(clippy::cast_possible_truncation, reason = "the limit is clamped to 16 bits")]
        let name_len = (name.end - name.local) as u16;
        self.nodes.push(Node::attribute(
            offset(name.local - self.start),
            name_len,
            ns,
            offset(value.start - self.start),
            offset(value.end - value.start),
            value.decode,
        ));
    }

    /// Adds an attribute without prefix where the first filter cannot tell whether the tag has it
    /// already. Only names that the larger filter cannot tell apart are compared. That one knows
    /// the first `filtered` attributes of the element; returns how many it knows now.
    #[cold]
    #[inline(never)]
    fn compare_name(
        &mut self,
        src: Source<'_>,
        element: usize,
        filtered: usize,
        name: QName,
        value: Value,
    ) -> Result<usize, Fault> {
        if filtered == 0 {
            self.names = Names::default();
        }
        let first = element + 1;
        for node in self.nodes.get(first + filtered..).unwrap_or_default() {
            let (start, len) = node.name();
            self.names.insert(src, self.start + start as usize, len as usize);
        }
        if self.names.insert(src, name.start, name.end - name.start) {
            let text = src.slice(name.start, name.end);
            let nodes = self.nodes.get(first..).unwrap_or_default();
            let same =
                |node: &Node| node.ns() == namespace::NONE && self.name_of(src, *node) == text;
            if nodes.iter().any(same) {
                return Err(Fault::new(ErrorKind::DuplicateAttribute, name.start));
            }
        }
        self.push_attribute(name, namespace::NONE, value);
        Ok(self.nodes.len() - first)
    }

    fn name_of<'a>(&self, src: Source<'a>, node: Node) -> &'a str {
        let (start, len) = node.name();
        let start = self.start + start as usize;
        src.slice(start, start + len as usize)
    }

    /// `xmlns='...'`, or that once more: Namespaces in XML §3 and §6.2.
    #[inline]
    fn declare_default(
        &mut self,
        src: Source<'_>,
        earlier: Option<u16>,
        start: usize,
        value: Value,
    ) -> Result<u16, Fault> {
        let ns = self
            .scope
            .intern(src, self.start, value.start..value.end, value.decode)
            .map_err(|kind| Fault::new(kind, start))?;
        if earlier.is_some() {
            return Err(Fault::new(ErrorKind::DuplicateAttribute, start));
        }
        if matches!(ns, namespace::XML | namespace::XMLNS) {
            return Err(Fault::new(ErrorKind::ReservedPrefix, start));
        }
        Ok(ns)
    }

    /// An attribute with a prefix, or the declaration of one in a tag that began with so many
    /// bindings. Returns whether it is a declaration.
    #[cold]
    #[inline(never)]
    fn prefixed_attribute(
        &mut self,
        src: Source<'_>,
        bindings: usize,
        name: QName,
        value: Value,
    ) -> Result<bool, Fault> {
        let QName { start, local, end } = name;
        if src.slice(start, local) != "xmlns:" {
            self.prefixed.push(Prefixed { node: self.nodes.len(), start, local });
            self.push_attribute(name, UNRESOLVED, value);
            return Ok(false);
        }
        // Namespaces in XML §2.2, §3: the rules for declarations.
        let ns = self
            .scope
            .intern(src, self.start, value.start..value.end, value.decode)
            .map_err(|kind| Fault::new(kind, start))?;
        let declares_xml = src.slice(local, end) == "xml";
        let kind = if declares_xml != (ns == namespace::XML)
            || ns == namespace::XMLNS
            || src.slice(local, end) == "xmlns"
        {
            ErrorKind::ReservedPrefix
        } else if ns == namespace::NONE {
            ErrorKind::EmptyNamespace
        } else if self.scope.declares(src, self.start, bindings, local..end) {
            ErrorKind::DuplicateAttribute
        } else {
            let bound = self.scope.bind(src, self.start, local..end, ns);
            return bound.map(|()| true).map_err(|kind| Fault::new(kind, start));
        };
        Err(Fault::new(kind, start))
    }

    /// Ends a tag: resolves its prefixes, completes its node, and opens the element.
    #[inline(always)]
    fn open(&mut self, src: Source<'_>, tag: &Tag, name: QName, empty: bool) -> Result<(), Fault> {
        let mut ns = tag.default.unwrap_or(self.scope.default);
        if name.has_prefix() {
            ns = self
                .scope
                .resolve(src, self.start, name.start..name.local - 1)
                .map_err(|kind| Fault::new(kind, name.start))?;
        }
        if !self.prefixed.is_empty() {
            self.resolve_attributes(src, tag.node)?;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the limit is clamped to 16 bits")]
        let name_len = (name.end - name.local) as u16;
        let mut node = Node::element(offset(name.local - self.start), name_len, ns);
        let children = offset(self.nodes.len());
        node.set_children(children);
        node.set_next(children);
        if let Some(slot) = self.nodes.get_mut(tag.node) {
            *slot = node;
        }
        if empty {
            self.scope.truncate(tag.bindings);
            return Ok(());
        }
        let frame = self.frame(src, name.start..name.end, tag.node, tag.bindings);
        self.frames.push(frame);
        if let Some(default) = tag.default {
            self.scope.default = default;
        }
        Ok(())
    }

    /// Resolves the prefixes of attributes and checks that their expanded names differ
    /// (Namespaces in XML §6.3). Attributes without prefix are in no namespace and cannot be
    /// equal to these.
    #[cold]
    #[inline(never)]
    fn resolve_attributes(&mut self, src: Source<'_>, element: usize) -> Result<(), Fault> {
        for index in 0..self.prefixed.len() {
            let Prefixed { node, start, local } = self.prefixed[index];
            let ns = self
                .scope
                .resolve(src, self.start, start..local - 1)
                .map_err(|kind| Fault::new(kind, start))?;
            let Some(slot) = self.nodes.get(node).copied() else { continue };
            let (name, value) = (slot.name(), slot.value());
            #[expect(clippy::cast_possible_truncation, reason = "it came out of a node")]
            let resolved =
                Node::attribute(name.0, name.1 as u16, ns, value.0, value.1, slot.decode());
            let earlier = self.nodes.get(element + 1..node).unwrap_or_default();
            let duplicate = earlier.iter().any(|other| {
                other.kind() == Kind::Attribute
                    && other.ns() == ns
                    && self.name_of(src, *other) == self.name_of(src, slot)
            });
            if duplicate {
                return Err(Fault::new(ErrorKind::DuplicateAttribute, start));
            }
            self.nodes[node] = resolved;
        }
        Ok(())
    }
}

#[inline(always)]
fn low(word: u64) -> u8 {
    word.to_le_bytes()[0]
}

/// Behind usual name characters: more of the name that the fast path does not read.
#[inline(always)]
fn is_rare(byte: u8) -> bool {
    byte == b':' || byte == b'_' || byte >= 0x80
}

/// The bit of the filter for a name that begins with these bytes.
#[inline(always)]
fn filter_bit(key: u64) -> u64 {
    1 << (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
}

/// Skips white space in a tag, of which there must be some.
#[cold]
#[inline(never)]
fn gap(src: Source<'_>, at: usize) -> Result<usize, Fault> {
    match src.byte(at) {
        byte if is_space(byte) => Ok(src.skip_space(at)),
        b'/' => Err(Fault::new(ErrorKind::UnexpectedByte, at + 1)),
        _ => Err(Fault::new(ErrorKind::UnexpectedByte, at)),
    }
}

#[inline(always)]
fn is_quote(byte: u8) -> bool {
    byte == b'\'' || byte == b'"'
}

/// Reads an attribute's name exactly, and what leads to its value; returns where that begins.
#[cold]
#[inline(never)]
fn attribute_name(src: Source<'_>, start: usize) -> Result<(QName, usize), Fault> {
    let name = name::scan(src, start)?;
    let equals = src.skip_space(name.end);
    if src.byte(equals) != b'=' {
        return Err(Fault::new(ErrorKind::UnexpectedByte, equals));
    }
    let quote = src.skip_space(equals + 1);
    if !is_quote(src.byte(quote)) {
        return Err(Fault::new(ErrorKind::UnexpectedByte, quote));
    }
    Ok((name, quote + 1))
}

/// Reads a value from `at` on. Returns where its closing quote is, and whether it must be decoded.
#[cold]
#[inline(never)]
fn read_value(
    src: Source<'_>,
    maps: &mut Maps,
    mut at: usize,
    quote: u8,
) -> Result<(usize, bool), Fault> {
    let mut decode = false;
    loop {
        at = maps.value(src.bytes(), at);
        match src.byte(at) {
            byte if byte == quote => return Ok((at, decode)),
            b'"' | b'\'' | b']' => at += 1,
            b'\t' | b'\n' | b'\r' => {
                decode = true;
                at += 1;
            }
            b'&' => {
                decode = true;
                at = reference::check(src, at)?;
            }
            _ => return Err(Fault::new(ErrorKind::UnexpectedByte, at)),
        }
    }
}
