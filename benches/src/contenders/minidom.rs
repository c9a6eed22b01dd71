//! minidom: trees of owned strings, built from rxml's raw events.

use std::hint::black_box;

use minidom::tree_builder::TreeBuilder;
use minidom::{Element, Node};
use rxml::{RawEvent, RawParser};

use super::{Check, Contender, checksums, rxml as driver};
use crate::checksum::{Checksum, Visitor};
use crate::corpus::{FOOTER, HEADER};
use crate::measure::{Fault, Input, Sample, Sum, measure};

/// Elements; the name of each stanza is looked at.
pub const TREE: Contender = Contender {
    name: "rxml + minidom",
    run: |input| run(input, |element| Ok(element.name().len())),
    check: Check::Checksums(|input| {
        let mut checksum = Checksum::of_stanzas();
        parse(input, |element| {
            visit(&element, &mut checksum);
            Ok(())
        })?;
        Ok(checksum.into_stanzas())
    }),
};

/// The same, and all of each element is read.
pub const TREE_READ: Contender = Contender {
    name: "rxml + minidom, read",
    run: |input| run(input, |element| Ok(read(element))),
    ..TREE
};

/// Writes elements that are there already.
pub const WRITE: Contender = Contender {
    name: "minidom, write_to",
    run: |input| {
        let elements = elements(input)?;
        measure(|| {
            let mut out = Vec::new();
            let mut sum = Sum::default();
            for element in &elements {
                sum.add(write(element, &mut out)?);
            }
            Ok(sum)
        })
    },
    check: Check::Checksums(|input| {
        let mut stream = String::from(HEADER);
        let mut out = Vec::new();
        for element in elements(input)? {
            write(&element, &mut out)?;
            stream.push_str(str::from_utf8(&out)?);
        }
        stream.push_str(FOOTER);
        checksums::<driver::Namespaces>(&Input::new(input.name, stream, input.chunk))
    }),
};

/// Parses each element and writes it.
pub const ROUND_TRIP: Contender = Contender {
    name: "rxml + minidom, parsed and written",
    run: |input| {
        let mut out = Vec::new();
        run(input, |element| write(element, &mut out))
    },
    check: Check::Count,
};

fn run(
    input: &Input,
    mut each: impl FnMut(&Element) -> Result<usize, Fault>,
) -> Result<Sample, Fault> {
    measure(|| {
        let mut sum = Sum::default();
        parse(input, |element| {
            sum.add(each(black_box(&element))?);
            Ok(())
        })?;
        Ok(sum)
    })
}

fn parse(input: &Input, mut each: impl FnMut(Element) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut builder = TreeBuilder::new();
    driver::parse::<RawParser>(input, |event| {
        let is_end = matches!(event, RawEvent::ElementFoot(_));
        builder.process_event(event)?;
        if is_end && builder.depth() == 1 {
            builder.unshift_child().map_or(Ok(()), &mut each)
        } else {
            Ok(())
        }
    })
}

fn elements(input: &Input) -> Result<Vec<Element>, Fault> {
    let mut elements = Vec::new();
    parse(input, |element| {
        elements.push(element);
        Ok(())
    })?;
    Ok(elements)
}

fn write(element: &Element, out: &mut Vec<u8>) -> Result<usize, Fault> {
    out.clear();
    element.write_to(out)?;
    Ok(out.len())
}

fn visit(element: &Element, visitor: &mut impl Visitor) {
    visitor.start(element.name(), &element.ns());
    for ((ns, name), value) in element.attrs() {
        visitor.attr(name, ns, value);
    }
    for node in element.nodes() {
        match node {
            Node::Element(child) => visit(child, visitor),
            Node::Text(text) => visitor.text(text),
        }
    }
    visitor.end();
}

/// Reads every name, value and text.
fn read(element: &Element) -> usize {
    let mut bytes = element.name().len();
    for ((_, name), value) in element.attrs() {
        bytes += name.len() + value.len();
    }
    for node in element.nodes() {
        bytes += match node {
            Node::Element(child) => read(child),
            Node::Text(text) => text.len(),
        };
    }
    bytes
}
