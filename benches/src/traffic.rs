//! Generated traffic: rows of streams in which one thing grows and all else stays as it is, to
//! show what that thing costs.
//!
//! Each function makes a stream for one value of what grows. The streams of a row that vary in the
//! shape of their stanzas have the same tokens in the same numbers; they differ only in where the
//! tokens stand. So a cost per byte that changes within a row is the cost of the shape itself.

use std::fmt::Write as _;

use crate::corpus::{FOOTER, HEADER};

/// A stream is at least this long, whatever grows, so that its header does not count.
const STREAM_BYTES: usize = 128 * 1024;

/// Stanzas of about this many bytes each, made of ever more of the same children.
#[must_use]
pub fn stanzas(bytes: usize) -> String {
    /// The length of a child.
    const CHILD: usize = 106;
    let mut children = 0;
    repeat(|stanza| {
        let end = stanza.len() + bytes;
        stanza.push_str("<iq type='result' id='r01234567' to='mercutio@example.net'>");
        while stanza.len() + CHILD < end {
            children += 1;
            let number = children % 100_000;
            write!(
                stanza,
                "<item jid='contact{number:05}@example.net' name='Number {number:05}' \
                 subscription='both'><group>Friends</group></item>"
            )
            .expect("strings grow");
        }
        stanza.push_str("</iq>");
    })
}

/// 64 attributes to a stanza, `per_element` on each of the first elements and none on the others.
/// 64 is the most that is allowed on one element by default.
#[must_use]
pub fn attributes(per_element: usize) -> String {
    let tag = |number| format!(" a{number:02}='value {number:02}'");
    spread(64, per_element, tag, |_| String::new())
}

/// The same with names that differ only late, as they do where somebody wants comparisons to be
/// slow.
#[must_use]
pub fn similar_attributes(per_element: usize) -> String {
    let tag = |number| format!(" attribute-number-{number:02}='{number:02}'");
    spread(64, per_element, tag, |_| String::new())
}

/// 60 declarations of prefixes to a stanza, `per_element` on each of the first elements and none on
/// the others, and a child for each of them. 64 prefixes may be in scope by default, those of the stream header included.
#[must_use]
pub fn namespaces(per_element: usize) -> String {
    let tag = |number| format!(" xmlns:p{number:02}='urn:x:{number:02}'");
    spread(60, per_element, tag, |number| format!("<p{number:02}:a/>"))
}

/// 240 elements to a stanza, in this many namespaces that nobody knows. 256 of them are allowed by
/// default.
#[must_use]
pub fn foreign_namespaces(number: usize) -> String {
    let tag = |element| format!(" xmlns='urn:example:{:03}'", element % number);
    spread(240, 1, tag, |_| String::new())
}

/// Stanzas of as many elements as `all`, with something in their start tags and behind these:
/// `per_element` times in a row, until it was there `all` times.
fn spread(
    all: usize,
    per_element: usize,
    tag: impl Fn(usize) -> String,
    content: impl Fn(usize) -> String,
) -> String {
    let mut stanza = String::from("<message>");
    for element in 0..all {
        let first = element * per_element;
        let numbers = first.min(all)..(first + per_element).min(all);
        stanza.push_str("<item");
        stanza.extend(numbers.clone().map(&tag));
        stanza.push_str(">text");
        stanza.extend(numbers.map(&content));
        stanza.push_str("</item>");
    }
    stanza.push_str("</message>");
    repeat(|stream| stream.push_str(&stanza))
}

/// Stanzas of 120 elements, in chains of `depth` elements within one another. 127 levels below the
/// stanza are allowed by default.
#[must_use]
pub fn nesting(depth: usize) -> String {
    repeat(|stanza| {
        stanza.push_str("<message>");
        for _ in 0..120 / depth {
            for _ in 0..depth {
                stanza.push_str("<item>some text");
            }
            for _ in 0..depth {
                stanza.push_str("</item>");
            }
        }
        stanza.push_str("</message>");
    })
}

/// Empty elements, this many bytes of them to a stanza: the most nodes for a byte.
#[must_use]
pub fn empty_elements(bytes: usize) -> String {
    bodies("", "<a/>", "", bytes)
}

/// White space before each stanza, as sent to keep a connection alive.
#[must_use]
pub fn keepalives(bytes: usize) -> String {
    let spaces = " ".repeat(bytes);
    repeat(|stream| stream.extend([&spaces, "<presence/>"]))
}

/// White space in a start tag and in an end tag.
#[must_use]
pub fn spaces_in_tags(bytes: usize) -> String {
    let spaces = " ".repeat(bytes / 2);
    repeat(|stream| stream.extend(["<message", &spaces, "></message", &spaces, ">"]))
}

/// One run of text of this many bytes to a stanza.
#[must_use]
pub fn text(bytes: usize) -> String {
    bodies("", "Neither, fair saint, if either thee dislike. ", "", bytes)
}

/// One run of text to a stanza, all of it `&amp;`.
#[must_use]
pub fn references(bytes: usize) -> String {
    bodies("", "&amp;", "", bytes)
}

/// One run of text to a stanza, all of it `]`, each of which might begin `]]>`.
#[must_use]
pub fn brackets(bytes: usize) -> String {
    bodies("", "]", "", bytes)
}

/// One CDATA section of this many bytes to a stanza.
#[must_use]
pub fn cdata(bytes: usize) -> String {
    bodies("<![CDATA[", "if (a < b && c > d) { swap(); } ", "]]>", bytes)
}

/// CDATA sections without end, of a few bytes each.
#[must_use]
pub fn cdata_sections(bytes: usize) -> String {
    bodies("", "<![CDATA[a < b && c > d]]>", "", bytes)
}

/// A CDATA section, all of it `]`, each of which might begin its end.
#[must_use]
pub fn cdata_brackets(bytes: usize) -> String {
    bodies("<![CDATA[", "]", "]]>", bytes)
}

fn bodies(open: &str, content: &str, close: &str, bytes: usize) -> String {
    let content = content.repeat(bytes / content.len());
    repeat(|stream| {
        stream.extend(["<message><body>", open, &content, close, "</body></message>"]);
    })
}

/// One attribute of this many bytes to a stanza.
#[must_use]
pub fn attribute(bytes: usize) -> String {
    values("Neither, fair saint, if either thee dislike. ", bytes)
}

/// One attribute to a stanza, all of it `>`, each of which might end the tag.
#[must_use]
pub fn attribute_of_brackets(bytes: usize) -> String {
    values(">", bytes)
}

/// One attribute to a stanza, all of it `&lt;`.
#[must_use]
pub fn attribute_of_references(bytes: usize) -> String {
    values("&lt;", bytes)
}

fn values(content: &str, bytes: usize) -> String {
    let content = content.repeat(bytes / content.len());
    repeat(|stream| stream.extend(["<message><body x='", &content, "'/></message>"]))
}

/// One element with this many attributes. More than 64 are refused by default.
#[must_use]
pub fn attributes_of_one(number: usize) -> String {
    one_tag((0..number).map(|number| format!(" a{number}='value'")))
}

/// One element that declares this many prefixes. More than 60 or so are refused by default.
#[must_use]
pub fn declarations_of_one(number: usize) -> String {
    one_tag((0..number).map(|number| format!(" xmlns:p{number}='urn:x:{number}'")))
}

fn one_tag(attributes: impl Iterator<Item = String>) -> String {
    let mut stream = String::from(HEADER);
    stream.push_str("<message><body");
    stream.extend(attributes);
    stream.push_str("/></message>");
    stream.push_str(FOOTER);
    stream
}

/// A stream of so many stanzas that it is long enough.
fn repeat(mut stanza: impl FnMut(&mut String)) -> String {
    let mut stream = String::from(HEADER);
    while stream.len() < STREAM_BYTES {
        stanza(&mut stream);
    }
    stream.push_str(FOOTER);
    stream
}

#[cfg(test)]
mod tests;
