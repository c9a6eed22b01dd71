//! Namespaces in scope, as small integers.
//!
//! Ids below [`FIRST_LOCAL`] index the table compiled in. The others are local to the tree that
//! is being built, in the order in which its names were first needed. Names declared on the
//! stream header outlive its tree; they get a local id in each tree that uses them.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::input::Source;
use super::name;
use crate::xml::decode;
use crate::xml::error::ErrorKind;
use crate::xml::namespace::{self, FIRST_LOCAL, WELL_KNOWN};
use crate::xml::tape::Node;

/// Marks the index of a name that the stream header declared.
const INHERITED: u16 = 1 << 15;

/// A declaration of a prefix.
#[derive(Clone, Copy)]
struct Binding {
    /// The first eight bytes of the prefix.
    word: u64,
    /// The prefix: relative to the tree's text, or to the header's for its own declarations.
    start: u32,
    len: u32,
    /// Id, or an index with [`INHERITED`].
    ns: u16,
}

/// A name local to the tree.
#[derive(Clone, Copy)]
struct Local {
    /// A hash, to tell names apart fast.
    key: u64,
    start: u32,
    len: u32,
    /// Whether the name stands in `aux` and not in the tree's text.
    in_aux: bool,
}

impl Local {
    /// Its node in a tree whose text has `text_len` bytes.
    #[inline]
    fn node(&self, text_len: usize) -> Node {
        let start = if self.in_aux { offset(text_len) + self.start } else { self.start };
        Node::namespace(start, self.len)
    }
}

/// What the stream header declared.
#[derive(Default)]
struct Inherited {
    /// Prefixes and names, one after the other.
    text: String,
    names: Vec<Range<usize>>,
    /// How many of the bindings are the header's.
    bindings: usize,
    /// Id, or an index with [`INHERITED`].
    default: u16,
}

/// Which namespace a prefix, or none, means here.
#[derive(Default)]
pub(super) struct Scope {
    /// The id of the default namespace.
    pub(super) default: u16,
    bindings: Vec<Binding>,
    locals: Vec<Local>,
    aux: String,
    inherited: Inherited,
    max_bindings: usize,
    max_locals: usize,
}

impl Scope {
    pub(super) fn new(max_bindings: usize, max_locals: usize) -> Self {
        Self { max_bindings, max_locals, ..Self::default() }
    }

    /// From now on there may be this much.
    pub(super) const fn set_limits(&mut self, max_bindings: usize, max_locals: usize) {
        self.max_bindings = max_bindings;
        self.max_locals = max_locals;
    }

    /// Forgets the stream.
    pub(super) fn clear(&mut self) {
        self.inherited = Inherited::default();
        self.bindings.clear();
        self.locals.clear();
        self.aux.clear();
        self.default = namespace::NONE;
    }

    pub(super) fn shrink(&mut self) {
        self.locals.shrink_to_fit();
        self.aux.shrink_to_fit();
    }

    /// Begins a tree with nothing in scope but the header's declarations.
    #[inline]
    pub(super) fn begin_tree(&mut self, src: Source<'_>, base: usize) {
        self.bindings.truncate(self.inherited.bindings);
        self.locals.clear();
        self.aux.clear();
        self.default = self.inherited.default;
        if self.default & INHERITED != 0 {
            // There is room: the header's tree had a local id for this name too.
            self.default = self.adopt(src, base, self.default).unwrap_or(namespace::NONE);
        }
    }

    /// Text that the tree's namespace nodes continue in.
    #[inline]
    pub(super) fn aux(&self) -> &str {
        &self.aux
    }

    #[inline(always)]
    pub(super) fn bindings(&self) -> usize {
        self.bindings.len()
    }

    #[inline(always)]
    pub(super) fn truncate(&mut self, bindings: usize) {
        self.bindings.truncate(bindings);
    }

    /// Whether one of the bindings from `first` on declares this prefix.
    pub(super) fn declares(
        &self,
        src: Source<'_>,
        base: usize,
        first: usize,
        prefix: Range<usize>,
    ) -> bool {
        (first..self.bindings.len()).any(|i| self.matches(src, base, i, prefix.clone()))
    }

    /// Declares a prefix.
    pub(super) fn bind(
        &mut self,
        src: Source<'_>,
        base: usize,
        prefix: Range<usize>,
        ns: u16,
    ) -> Result<(), ErrorKind> {
        if self.bindings.len() >= self.max_bindings {
            return Err(ErrorKind::TooManyNamespaces);
        }
        let word = src.word(prefix.start) & name::mask(prefix.len());
        let start = offset(prefix.start - base);
        self.bindings.push(Binding { word, start, len: offset(prefix.len()), ns });
        Ok(())
    }

    /// The id that a prefix is bound to.
    pub(super) fn resolve(
        &mut self,
        src: Source<'_>,
        base: usize,
        prefix: Range<usize>,
    ) -> Result<u16, ErrorKind> {
        match src.slice(prefix.start, prefix.end) {
            "xml" => return Ok(namespace::XML),
            "xmlns" => return Err(ErrorKind::ReservedPrefix),
            _ => {}
        }
        let last = (0..self.bindings.len())
            .rev()
            .find(|&i| self.matches(src, base, i, prefix.clone()))
            .ok_or(ErrorKind::UndeclaredPrefix)?;
        let ns = self.bindings[last].ns;
        if ns & INHERITED == 0 { Ok(ns) } else { self.adopt(src, base, ns) }
    }

    fn matches(&self, src: Source<'_>, base: usize, index: usize, prefix: Range<usize>) -> bool {
        let binding = self.bindings[index];
        let len = binding.len as usize;
        if len != prefix.len() || (src.word(prefix.start) & name::mask(len)) != binding.word {
            return false;
        }
        let start = binding.start as usize;
        len <= 8
            || src.slice(prefix.start, prefix.end)
                == if index < self.inherited.bindings {
                    self.inherited.text.get(start..start + len).unwrap_or_default()
                } else {
                    src.slice(base + start, base + start + len)
                }
    }

    /// The id of the namespace name that a declaration gives; `raw` is the range of the value.
    #[inline(always)]
    pub(super) fn intern(
        &mut self,
        src: Source<'_>,
        base: usize,
        raw: Range<usize>,
        decode: bool,
    ) -> Result<u16, ErrorKind> {
        let name = src.slice(raw.start, raw.end);
        match namespace::well_known(name) {
            Some(ns) if !decode => Ok(ns),
            _ => self.intern_slow(src, base, name, offset(raw.start - base), decode),
        }
    }

    #[cold]
    #[inline(never)]
    fn intern_slow(
        &mut self,
        src: Source<'_>,
        base: usize,
        name: &str,
        start: u32,
        decode: bool,
    ) -> Result<u16, ErrorKind> {
        if !decode {
            return self.local(src, base, name, Some(start));
        }
        let name = decode::value(name, true);
        match namespace::well_known(&name) {
            Some(ns) => Ok(ns),
            None => self.local(src, base, &name, None),
        }
    }

    /// A local id for a name that stands at `place` in the tree's text, or must go to `aux`.
    #[cold]
    fn local(
        &mut self,
        src: Source<'_>,
        base: usize,
        name: &str,
        place: Option<u32>,
    ) -> Result<u16, ErrorKind> {
        let key = key(name);
        let known = self.locals.iter().position(|local| {
            local.key == key && {
                let (start, len) = (local.start as usize, local.len as usize);
                let text = if local.in_aux {
                    self.aux.get(start..start + len).unwrap_or_default()
                } else {
                    src.slice(base + start, base + start + len)
                };
                text == name
            }
        });
        let index = match known {
            Some(index) => index,
            None if self.locals.len() >= self.max_locals => {
                return Err(ErrorKind::TooManyNamespaces);
            }
            None => {
                let (start, in_aux) = match place {
                    Some(start) => (start, false),
                    None => (offset(self.aux.len()), true),
                };
                if in_aux {
                    self.aux.push_str(name);
                }
                self.locals.push(Local { key, start, len: offset(name.len()), in_aux });
                self.locals.len() - 1
            }
        };
        Ok(FIRST_LOCAL + u16::try_from(index).unwrap_or(0))
    }

    /// A local id for a name that the stream header declared.
    #[cold]
    fn adopt(&mut self, src: Source<'_>, base: usize, inherited: u16) -> Result<u16, ErrorKind> {
        let range = self.inherited.names.get(usize::from(inherited & !INHERITED)).cloned();
        let text = core::mem::take(&mut self.inherited.text);
        let name = range.and_then(|range| text.get(range)).unwrap_or_default();
        let id = self.local(src, base, name, None);
        self.inherited.text = text;
        id
    }

    /// Appends the namespace nodes of a finished tree whose text has `text_len` bytes.
    #[inline]
    pub(super) fn end_tree(&self, nodes: &mut Vec<Node>, text_len: usize) {
        nodes.extend(self.locals.iter().map(|local| local.node(text_len)));
    }

    /// Makes a tree of the nodes of one tag, whose text ends at `text_len`: appends the namespace
    /// nodes that it needs and no others, so that a tag costs the same however many names its
    /// stanza has.
    #[inline]
    pub(super) fn end_tag(&self, nodes: &mut Vec<Node>, text_len: usize) {
        if !self.locals.is_empty() {
            self.number_anew(nodes, text_len);
        }
    }

    #[cold]
    #[inline(never)]
    fn number_anew(&self, nodes: &mut Vec<Node>, text_len: usize) {
        let own = nodes.len();
        for index in 0..own {
            let Some(number) = nodes[index].ns().checked_sub(FIRST_LOCAL) else { continue };
            let Some(local) = self.locals.get(usize::from(number)) else { continue };
            let name = local.node(text_len);
            let known = nodes[own..].iter().position(|other| *other == name);
            let number = known.unwrap_or_else(|| {
                nodes.push(name);
                nodes.len() - 1 - own
            });
            nodes[index].set_ns(FIRST_LOCAL + u16::try_from(number).unwrap_or(0));
        }
    }

    /// Keeps what the stream header, whose tree is complete, declares.
    pub(super) fn inherit(&mut self, src: Source<'_>, base: usize) {
        let mut inherited = Inherited::default();
        for local in &self.locals {
            let (start, len) = (local.start as usize, local.len as usize);
            let name = if local.in_aux {
                self.aux.get(start..start + len).unwrap_or_default()
            } else {
                src.slice(base + start, base + start + len)
            };
            let from = inherited.text.len();
            inherited.text.push_str(name);
            inherited.names.push(from..inherited.text.len());
        }
        for binding in &mut self.bindings {
            let (start, len) = (base + binding.start as usize, binding.len as usize);
            binding.start = offset(inherited.text.len());
            binding.ns = inheritable(binding.ns);
            inherited.text.push_str(src.slice(start, start + len));
        }
        inherited.bindings = self.bindings.len();
        inherited.default = inheritable(self.default);
        self.inherited = inherited;
    }

    /// The default namespace that the stream header declared; empty if none.
    pub(super) fn inherited_default(&self) -> &str {
        let default = self.inherited.default;
        if default & INHERITED == 0 {
            return WELL_KNOWN.get(usize::from(default)).copied().unwrap_or_default();
        }
        let range = self.inherited.names.get(usize::from(default & !INHERITED)).cloned();
        range.and_then(|range| self.inherited.text.get(range)).unwrap_or_default()
    }
}

/// Sizes and offsets within a tree fit 32 bits because the limits are clamped.
#[inline(always)]
pub(super) fn offset(value: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "trees are smaller than 2 GiB")]
    let offset = value as u32;
    offset
}

fn inheritable(ns: u16) -> u16 {
    if ns < FIRST_LOCAL { ns } else { (ns - FIRST_LOCAL) | INHERITED }
}

/// FNV-1a over the whole name. Collisions only cost a comparison.
fn key(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
