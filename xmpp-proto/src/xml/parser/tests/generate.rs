//! Streams that are well formed in every way the grammar allows, and streams damaged at random.

use super::*;

/// Choices, made by the test's generator so that failures shrink.
pub(super) struct Dice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Dice<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number below `n`; 0 once the choices are used up, which ends every loop.
    pub(super) fn roll(&mut self, n: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }

    fn spent(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

const NAMES: [&str; 12] = [
    "a",
    "message",
    "body",
    "b-c",
    "d.e",
    "_f",
    "g_h",
    "\u{e9}t\u{e9}",
    "\u{540d}",
    "abcdefgh",
    "abcdefghijklmnop",
    "xmlnsx",
];
const PREFIXES: [&str; 6] = ["p", "q", "stream", "longer-prefix", "\u{e9}", "xmlish"];
const SPACES: [&str; 8] = [
    "jabber:client",
    "x:y",
    "urn:xmpp:ping",
    "urn:xmpp:sid:0",
    "a&amp;b",
    "&#106;abber:client",
    "http://etherx.jabber.org/streams",
    "urn:long:0123456789012345678901234567890123456789",
];
const TEXTS: [&str; 20] = [
    "x",
    "hello world",
    "it's \"so\"",
    "]",
    "]]",
    "]>",
    ">",
    "&lt;",
    "&amp;",
    "&#65;",
    "&#x1F600;",
    "&quot;&apos;&gt;",
    "\r\n",
    "\r",
    "\n",
    "\t ",
    "\u{20ac}\u{1f600}",
    "\u{fffd}",
    "<![CDATA[]]>",
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
];
const CDATAS: [&str; 8] = ["", "x", "]", "]]", "<a>&lt;", "\r\n", "]]]>", "<![CDATA["];
const VALUES: [&str; 12] = [
    "",
    "x",
    "a b",
    "&lt;&#10;",
    "\t\r\n",
    "]]>",
    ">",
    "\u{e9}",
    "&amp;",
    "/>",
    "=",
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
];
const GAPS: [&str; 6] = [" ", " ", "\n", "\t", "\r\n", "  \n "];
const MAYBE_GAPS: [&str; 6] = ["", "", "", " ", "\n", "\t "];

/// A stream that must be accepted, to its end.
pub(super) fn stream(dice: &mut Dice<'_>) -> String {
    let mut out = String::new();
    out.push_str(dice.pick(&[
        "",
        "<?xml version='1.0'?>",
        "<?xml version=\"1.0\" encoding='utf-8'?>\n",
        "<?xml\tversion = '1.0'\nencoding=\"UTF-8\" standalone='yes' ?>",
    ]));
    out.push_str(dice.pick(&MAYBE_GAPS));
    let mut scope = Vec::new();
    let (root, empty) = open(dice, &mut out, &mut scope, true);
    if !empty {
        while !dice.spent() {
            out.push_str(dice.pick(&MAYBE_GAPS));
            element(dice, &mut out, &mut scope, 0);
        }
        out.push_str(dice.pick(&MAYBE_GAPS));
        close(dice, &mut out, &root);
    }
    out.push_str(dice.pick(&MAYBE_GAPS));
    out
}

fn close(dice: &mut Dice<'_>, out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push_str(dice.pick(&MAYBE_GAPS));
    out.push('>');
}

/// Writes a start tag; returns the name, and whether it is an empty-element tag.
fn open(
    dice: &mut Dice<'_>,
    out: &mut String,
    scope: &mut Vec<&'static str>,
    root: bool,
) -> (String, bool) {
    let mut attributes = Vec::new();
    if dice.roll(3) == 0 {
        attributes.push(("xmlns".to_string(), dice.pick(&SPACES)));
    } else if dice.roll(12) == 11 {
        attributes.push(("xmlns".to_string(), ""));
    }
    let first = dice.roll(PREFIXES.len());
    for i in 0..dice.roll(4).saturating_sub(1) {
        let prefix = PREFIXES[(first + i) % PREFIXES.len()];
        attributes.push((format!("xmlns:{prefix}"), SPACES[(first + i) % SPACES.len()]));
        scope.push(prefix);
    }
    if dice.roll(10) == 9 {
        attributes.push(("xmlns:xml".to_string(), "http://www.w3.org/XML/1998/namespace"));
    }
    let prefix = |dice: &mut Dice<'_>, scope: &[&str]| match dice.roll(4) {
        3 if !scope.is_empty() => format!("{}:", scope[dice.roll(scope.len())]),
        _ => String::new(),
    };
    let name = format!("{}{}", prefix(dice, scope), dice.pick(&NAMES));
    let first = dice.roll(NAMES.len());
    for i in 0..dice.roll(5) {
        // Different local names, so that no two prefixes can make them equal.
        let local = NAMES[(first + i) % NAMES.len()];
        attributes.push((format!("{}{local}", prefix(dice, scope)), dice.pick(&VALUES)));
    }
    if dice.roll(5) == 4 {
        attributes.push(("xml:lang".to_string(), "en"));
    }
    if !attributes.is_empty() {
        let first = dice.roll(attributes.len());
        attributes.rotate_left(first);
    }
    out.push('<');
    out.push_str(&name);
    for (name, value) in attributes {
        out.push_str(dice.pick(&GAPS));
        out.push_str(&name);
        out.push_str(dice.pick(&MAYBE_GAPS));
        out.push('=');
        out.push_str(dice.pick(&MAYBE_GAPS));
        let quote = dice.pick(&['\'', '"']);
        let other = if quote == '"' { "'" } else { "\"" };
        out.push(quote);
        out.push_str(value);
        // A namespace name stays as it is.
        if !name.starts_with("xmlns") && dice.roll(4) == 3 {
            out.push_str(other);
        }
        out.push(quote);
    }
    out.push_str(dice.pick(&MAYBE_GAPS));
    let empty = dice.roll(if root { 30 } else { 4 }) == 3;
    out.push_str(if empty { "/>" } else { ">" });
    (name, empty)
}

fn element(dice: &mut Dice<'_>, out: &mut String, scope: &mut Vec<&'static str>, depth: usize) {
    let outer = scope.len();
    let (name, empty) = open(dice, out, scope, false);
    if !empty {
        for _ in 0..dice.roll(5) {
            match dice.roll(4) {
                0 if depth < 6 => element(dice, out, scope, depth + 1),
                // Two brackets must not meet the `>` of the next text.
                1 => {
                    out.push_str(dice.pick(&TEXTS));
                    out.push(';');
                }
                2 => {
                    out.push_str("<![CDATA[");
                    out.push_str(dice.pick(&CDATAS).trim_end_matches("]>"));
                    out.push_str("]]>");
                }
                _ => out.push_str(" plain text "),
            }
        }
        close(dice, out, &name);
    }
    scope.truncate(outer);
}

/// Bytes and pieces that matter to the grammar.
const DAMAGE: [&[u8]; 44] = [
    b"<",
    b">",
    b"&",
    b"'",
    b"\"",
    b"=",
    b"/",
    b"!",
    b"?",
    b"[",
    b"]",
    b"]]>",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\t",
    b"-",
    b"a",
    b"_",
    b";",
    b"#",
    b"x",
    b"\x00",
    b"\x0B",
    b"\x1F",
    b"\x80",
    b"\xC3",
    b"\xEF\xBF\xBE",
    b"\xED\xA0\x80",
    b"\xF0\x9F",
    b"<!--",
    b"<!DOCTYPE",
    b"<![CDATA[",
    b"<?",
    b"</",
    b"/>",
    b" xmlns=''",
    b" xmlns='x:y'",
    b" xmlns:p='x:y'",
    b" xml:lang=''",
    b"p:",
    b"&#",
    b"xmlns",
];

/// The bytes with some replaced, removed, repeated or inserted.
pub(super) fn damage(dice: &mut Dice<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.roll(3) {
        let at = (dice.roll(256) * 256 + dice.roll(256)) % (bytes.len() + 1);
        let end = (at + dice.roll(4)).min(bytes.len());
        match dice.roll(6) {
            0 => {
                bytes.splice(at..end, []);
            }
            1 => {
                let piece = bytes[at..(at + dice.roll(40)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => bytes.truncate(at),
            3 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            _ => {
                let piece = dice.pick(&DAMAGE);
                bytes.splice(at..end, piece.iter().copied());
            }
        }
    }
}
