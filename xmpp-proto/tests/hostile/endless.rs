//! Streams that never end, and how much a parser may hold of them.

use xmpp_proto::xml::{ErrorKind, Limits};

use super::HEADER;

/// A never-ending stream: the beginning, and what follows it over and over.
pub(crate) struct Endless {
    pub(crate) begin: String,
    pub(crate) more: String,
    pub(crate) error: ErrorKind,
}

impl Endless {
    /// From the first byte on.
    pub(crate) fn new(begin: &str, more: impl Into<String>, error: ErrorKind) -> Self {
        Self { begin: begin.into(), more: more.into(), error }
    }

    /// Behind the stream's header.
    pub(crate) fn behind_header(begin: &str, more: impl Into<String>, error: ErrorKind) -> Self {
        Self::new(&format!("{HEADER}{begin}"), more, error)
    }
}

/// The most bytes of heap that a parser may take, as the documentation of [`Limits`] has it, and
/// some kilobytes for maps of fixed size.
pub(crate) fn bound(limits: Limits, chunk: usize) -> usize {
    let text = limits.stanza_bytes + 2 * chunk;
    let nodes = limits.stanza_bytes * 32 / 5;
    let open = 40 * limits.depth.min(limits.stanza_bytes / 3);
    let scope = 24 * (limits.attributes + limits.namespaces + limits.foreign_namespaces);
    3 * (text + nodes + open + scope + 2 * limits.header_bytes) + 8 * 1024
}

/// Enough of `unit`, which gets a number, to go beyond `limits`: from there on it may repeat.
pub(crate) fn numbered(limits: Limits, unit: impl Fn(usize) -> String) -> String {
    let mut more = String::new();
    for i in 0.. {
        more.push_str(&unit(i));
        if more.len() > 2 * limits.stanza_bytes.max(limits.header_bytes) {
            break;
        }
    }
    more
}

/// Elements that are never closed.
pub(crate) fn elements(_: Limits) -> Vec<Endless> {
    use ErrorKind::{StanzaTooLong, TooDeep};
    vec![
        Endless::behind_header("<a>", "some text ", StanzaTooLong),
        Endless::behind_header("<a>", " \r\n", StanzaTooLong),
        Endless::behind_header("<a>", "]", StanzaTooLong),
        Endless::behind_header("<a>", "<b>some text</b>", StanzaTooLong),
        Endless::behind_header("<a>", "<b/>", StanzaTooLong),
        // Nothing takes more memory for a byte.
        Endless::behind_header("<a>", "<b/>x", StanzaTooLong),
        Endless::behind_header("<a>", "<b>", TooDeep),
        Endless::behind_header("<a><![CDATA[", "]] >", StanzaTooLong),
        Endless::behind_header("<a>", "<![CDATA[]]>", StanzaTooLong),
        Endless::behind_header("<a></a", " ", StanzaTooLong),
        Endless::behind_header("</stream:stream", " ", StanzaTooLong),
    ]
}

/// Values that are never closed, and tags with more and more attributes.
pub(crate) fn attributes(limits: Limits) -> Vec<Endless> {
    use ErrorKind::StanzaTooLong;
    vec![
        Endless::behind_header("<a b='", "x", StanzaTooLong),
        Endless::behind_header("<a b='", ">", StanzaTooLong),
        Endless::behind_header("<a b='", "\"\n", StanzaTooLong),
        Endless::behind_header("<a b='", "&amp;", StanzaTooLong),
        Endless::behind_header("<a", " ", StanzaTooLong),
        Endless::behind_header("<a b", " ", StanzaTooLong),
        Endless::behind_header("<a b=", " ", StanzaTooLong),
        Endless::behind_header("<a", numbered(limits, |i| format!(" a{i}=''")), StanzaTooLong),
        Endless::behind_header("<a", " a=''", StanzaTooLong),
    ]
}

/// Names that go on and on.
pub(crate) fn names(_: Limits) -> Vec<Endless> {
    use ErrorKind::StanzaTooLong;
    ["<", "<a:", "</", "<a></", "<a b='' ", "<a xmlns:", "<a b:"]
        .map(|begin| Endless::behind_header(begin, "n", StanzaTooLong))
        .into()
}

/// References, to entities and to characters.
pub(crate) fn references(_: Limits) -> Vec<Endless> {
    use ErrorKind::{InvalidReference, StanzaTooLong, UnknownEntity};
    vec![
        Endless::behind_header("<a>", "&amp;", StanzaTooLong),
        Endless::behind_header("<a>", "&#x10FFFF;", StanzaTooLong),
        Endless::behind_header("<a>&", "x", UnknownEntity),
        Endless::behind_header("<a>&#", "0", InvalidReference),
        Endless::behind_header("<a>", "&lol;", UnknownEntity),
        // What is wrong in a tag is told when it ends, or has become too long.
        Endless::behind_header("<a b='&", "x", StanzaTooLong),
        Endless::behind_header("<a b='&#", "0", StanzaTooLong),
    ]
}

/// Declarations, in one tag and in many.
pub(crate) fn namespaces(limits: Limits) -> Vec<Endless> {
    use ErrorKind::{StanzaTooLong, TooManyNamespaces};
    let list = numbered(limits, |i| format!(" xmlns:p{i}='u{i}'"));
    let uses = numbered(limits, |i| format!(" p:a{i}=''"));
    let names = numbered(limits, |i| format!("<b xmlns='{i}'/>"));
    let decoded = numbered(limits, |i| format!("<b xmlns='&amp;{i}'/>"));
    let prefixes = numbered(limits, |i| format!("<b xmlns:p{i}='u'>"));
    vec![
        Endless::behind_header("<a", list, StanzaTooLong),
        Endless::behind_header("<a xmlns:p='p'", uses, StanzaTooLong),
        Endless::behind_header("<a xmlns='", "n", StanzaTooLong),
        Endless::behind_header("<a>", names, TooManyNamespaces),
        Endless::behind_header("<a>", decoded, TooManyNamespaces),
        Endless::behind_header("<a>", prefixes, TooManyNamespaces),
    ]
}

/// What RFC 6120 §11.1 forbids.
pub(crate) fn restricted(_: Limits) -> Vec<Endless> {
    use ErrorKind::{Comment, Doctype, ProcessingInstruction};
    vec![
        Endless::behind_header("<!--", "x", Comment),
        Endless::behind_header("<a><!--", "x", Comment),
        Endless::behind_header("<!DOCTYPE a [", "<!ENTITY a 'a'>", Doctype),
        Endless::behind_header("<a><!DOCTYPE a [", "<!ENTITY a 'a'>", Doctype),
        Endless::behind_header("<?x", "x", ProcessingInstruction),
        Endless::behind_header("<a><?x", "x", ProcessingInstruction),
    ]
}

/// The same before there is a stream.
pub(crate) fn headers(limits: Limits) -> Vec<Endless> {
    use ErrorKind::{Doctype, HeaderTooLong};
    let list = numbered(limits, |i| format!(" a{i}=''"));
    let declarations = numbered(limits, |i| format!(" xmlns:p{i}='u{i}'"));
    vec![
        Endless::new("<?xml", " ", HeaderTooLong),
        Endless::new("<?xml version='", "1", HeaderTooLong),
        Endless::new("<?xml version='1.0'", " ", HeaderTooLong),
        Endless::new("<", "a", HeaderTooLong),
        Endless::new("<a", " ", HeaderTooLong),
        Endless::new("<a b='", "x", HeaderTooLong),
        Endless::new("<a", list, HeaderTooLong),
        Endless::new("<a", declarations, HeaderTooLong),
        Endless::new("<?xml version='1.0'?><!DOCTYPE a [", "<!ENTITY a 'a'>", Doctype),
    ]
}

/// What is faulty from its first byte on, and never stops.
pub(crate) fn garbage(_: Limits) -> Vec<Endless> {
    use ErrorKind::{ForbiddenChar, TextOutsideStanza, TrailingData};
    vec![
        Endless::behind_header("", "x", TextOutsideStanza),
        Endless::behind_header("<a/>", "\0", ForbiddenChar(0)),
        Endless::new("<a></a>", "<b/>", TrailingData),
        Endless::new("", "GET / HTTP/1.1\r\n", TextOutsideStanza),
    ]
}
