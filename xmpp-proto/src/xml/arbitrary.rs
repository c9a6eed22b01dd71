//! For tests: trees as plain data, to generate elements from and to know what they must mean.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Child, Element, ElementBuilder, ElementRef};
use crate::ns;

/// One call on a builder.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Attr { name: String, ns: String, value: String },
    Text(String),
    Child(Spec),
}

/// An element as the calls that build it, in an order that no document would have.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) ns: String,
    pub(crate) ops: Vec<Op>,
}

impl Spec {
    fn fill(&self, mut builder: ElementBuilder) -> ElementBuilder {
        for (i, op) in self.ops.iter().enumerate() {
            builder = match op {
                Op::Attr { name, ns, value } => builder.attr_ns(name, ns, value),
                Op::Text(text) => builder.text(text),
                Op::Child(child) if i % 2 == 0 => builder.child(child.build()),
                Op::Child(child) => {
                    builder.child_with(&child.name, &child.ns, |builder| child.fill(builder))
                }
            };
        }
        builder
    }

    pub(crate) fn build(&self) -> Element {
        self.fill(Element::builder(&self.name, &self.ns)).build().expect("a legal tree")
    }
}

/// What an element means, in plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    name: (String, String),
    attrs: Vec<(String, String, String)>,
    children: Vec<ModelChild>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ModelChild {
    Element(Model),
    Text(String),
}

impl From<&Spec> for Model {
    fn from(spec: &Spec) -> Self {
        let mut model = Self {
            name: (spec.name.clone(), spec.ns.clone()),
            attrs: Vec::new(),
            children: Vec::new(),
        };
        for op in &spec.ops {
            match op {
                Op::Attr { name, ns, value } => {
                    model.attrs.retain(|(n, s, _)| (n, s) != (name, ns));
                    model.attrs.push((name.clone(), ns.clone(), value.clone()));
                }
                Op::Text(text) if text.is_empty() => {}
                Op::Text(text) => match model.children.last_mut() {
                    Some(ModelChild::Text(last)) => last.push_str(text),
                    _ => model.children.push(ModelChild::Text(text.clone())),
                },
                Op::Child(child) => model.children.push(ModelChild::Element(child.into())),
            }
        }
        model.attrs.sort();
        model
    }
}

impl From<ElementRef<'_>> for Model {
    /// Reads with the public methods only.
    fn from(element: ElementRef<'_>) -> Self {
        let mut attrs: Vec<_> = element
            .attrs()
            .map(|a| (a.name().to_string(), a.ns().to_string(), a.value().into_owned()))
            .collect();
        attrs.sort();
        let child = |child| match child {
            Child::Element(element) => ModelChild::Element(element.into()),
            Child::Text(text) => ModelChild::Text(text.into_owned()),
        };
        Self {
            name: (element.name().to_string(), element.ns().to_string()),
            attrs,
            children: element.children().map(child).collect(),
        }
    }
}

/// Strings of every character that needs care, and some that do not.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "<", ">", "&", "'", "\"", "]", "]]>", "<![CDATA[", "&amp;", "\t", "\n", "\r", "\r\n", " ",
        "a", "\u{7F}", "\u{85}", "\u{2028}", "é", "\u{FFFD}", "\u{E000}", "\u{1F600}",
        "\u{10FFFF}", "a run of plain text that fills more than one block of the scanner",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..5).prop_map(|v| v.concat())
}

fn element_ns() -> impl Strategy<Value = String> {
    const NAMES: &[&str] =
        &["", ns::CLIENT, ns::STREAM, "jabber:iq:roster", "urn:x", "urn:é:'\"<>&\t\r\n ", "ns0"];
    prop::sample::select(NAMES).prop_map(String::from)
}

fn attr() -> impl Strategy<Value = Op> {
    const NAMES: &[&str] = &["a", "b", "lang", "é", "_.-\u{B7}0", "ns0"];
    const SPACES: &[&str] = &["", "", "", ns::XML, ns::STREAM, ns::CLIENT, "urn:x", "urn:y<'"];
    (prop::sample::select(NAMES), prop::sample::select(SPACES), nasty())
        .prop_map(|(name, ns, value)| Op::Attr { name: name.into(), ns: ns.into(), value })
}

fn element_name() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &["a", "b", "message", "xmlns", "é", "ns0", "stream", "\u{10000}x"];
    prop::sample::select(NAMES).prop_map(String::from)
}

fn with_ops(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Spec> {
    (element_name(), element_ns(), prop::collection::vec(op, 0..6))
        .prop_map(|(name, ns, ops)| Spec { name, ns, ops })
}

/// Any tree that may be built.
pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    let leaf = with_ops(prop_oneof![attr(), nasty().prop_map(Op::Text)]);
    leaf.prop_recursive(5, 24, 4, |inner| {
        with_ops(prop_oneof![attr(), nasty().prop_map(Op::Text), inner.prop_map(Op::Child)])
    })
}
