//! What a document means, in a form that every library can be asked for.

use xmpp_proto::xml::{Attr, Child, Children, ElementRef};

/// The events of a document as one string: start tags with expanded names and with attributes in
/// order of their names, character data, end tags. Control characters that XML excludes stand
/// between the parts, so different events are different strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    events: String,
    /// Whether white space between the children of the root means nothing (RFC 6120 §4.6.1).
    is_stream: bool,
    depth: usize,
    /// Whether the last event is character data, which more of it joins.
    in_text: bool,
}

const START: char = '\x01';
const PART: char = '\x02';
const TEXT: char = '\x03';
const END: char = '\x04';

/// White space as XML 1.0 §2.3 has it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The expanded name of an attribute, namespace first, and its value.
pub(crate) type Attribute<'a> = (&'a str, &'a str, &'a str);

impl Meaning {
    /// Of a document, so far empty.
    pub(crate) fn document() -> Self {
        Self { events: String::new(), is_stream: false, depth: 0, in_text: false }
    }

    /// Of a stream, so far empty.
    pub(crate) fn stream() -> Self {
        Self { is_stream: true, ..Self::document() }
    }

    /// Of an element as a document of its own.
    pub(crate) fn of(element: ElementRef<'_>) -> Self {
        let mut meaning = Self::document();
        meaning.push(element);
        meaning
    }

    pub(crate) fn start(&mut self, ns: &str, name: &str, attributes: &mut [Attribute<'_>]) {
        attributes.sort_unstable();
        self.events.push(START);
        self.part(ns);
        self.part(name);
        for (ns, name, value) in attributes {
            self.part(ns);
            self.part(name);
            self.part(value);
        }
        self.depth += 1;
        self.in_text = false;
    }

    fn part(&mut self, part: &str) {
        self.events.push_str(part);
        self.events.push(PART);
    }

    pub(crate) fn text(&mut self, text: &str) {
        let between = self.is_stream && self.depth == 1;
        if text.is_empty() || between && text.bytes().all(is_space) {
            return;
        }
        if !self.in_text {
            self.events.push(TEXT);
            self.in_text = true;
        }
        self.events.push_str(text);
    }

    pub(crate) fn end(&mut self) {
        self.events.push(END);
        self.depth = self.depth.saturating_sub(1);
        self.in_text = false;
    }

    /// The start tag of an element of this project, children left out.
    pub(crate) fn open(&mut self, element: ElementRef<'_>) {
        let values: Vec<_> = element.attrs().map(Attr::value).collect();
        let mut attributes: Vec<Attribute<'_>> = element
            .attrs()
            .zip(&values)
            .map(|(attr, value)| (attr.ns(), attr.name(), value.as_ref()))
            .collect();
        self.start(element.ns(), element.name(), &mut attributes);
    }

    /// An element of this project and all within it, however deep.
    pub(crate) fn push(&mut self, element: ElementRef<'_>) {
        self.open(element);
        let mut open: Vec<Children<'_>> = vec![element.children()];
        while let Some(children) = open.last_mut() {
            match children.next() {
                Some(Child::Element(child)) => {
                    self.open(child);
                    open.push(child.children());
                }
                Some(Child::Text(text)) => self.text(&text),
                None => {
                    self.end();
                    open.pop();
                }
            }
        }
    }

    pub(crate) fn events(&self) -> &str {
        &self.events
    }
}
