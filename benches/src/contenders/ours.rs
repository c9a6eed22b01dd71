//! This project.

use std::hint::black_box;

use xmpp_proto::ns;
use xmpp_proto::stanza::{Iq, Message, Presence, Stanza};
use xmpp_proto::xml::{
    Child, Element, ElementRef, Item, Lexer, Limits, Parser, StartTag, Token, Writer,
};

use super::{Check, Contender, Events, Known, checksums, rxml};
use crate::checksum::{Checksum, Visitor};
use crate::corpus::{FOOTER, HEADER};
use crate::measure::{Fault, Input, Sample, Sum, measure};
use crate::workload::Workload;

/// Tags and runs of text that borrow from the lexer, without a tree.
pub const LEXER: Contender = Contender::of_events::<Tokens>("xmpp-proto, Lexer");

/// Elements that borrow from the parser; the name of each stanza is looked at.
pub const BORROWED: Contender = Contender {
    name: "xmpp-proto, borrowed",
    run: |input| run(input, |element| element.name().len()),
    check: Check::Checksums(|input| checksums_of(input, visit)),
};

/// The same, and all of each element is read.
pub const BORROWED_READ: Contender =
    Contender { name: "xmpp-proto, borrowed, read", run: |input| run(input, read), ..BORROWED };

/// Elements that own their tree.
pub const OWNED: Contender = Contender {
    name: "xmpp-proto, owned",
    run: |input| run(input, |element| black_box(element.to_element()).name().len()),
    check: Check::Checksums(|input| {
        checksums_of(input, |element, sum| visit(element.to_element().as_ref(), sum))
    }),
};

/// The same, and all of each element is read.
pub const OWNED_READ: Contender = Contender {
    name: "xmpp-proto, owned, read",
    run: |input| run(input, |element| read(element.to_element().as_ref())),
    ..OWNED
};

/// [`Message`], [`Presence`] and [`Iq`] with checked addresses.
pub const TYPED: Contender = Contender {
    name: "xmpp-proto, stanzas",
    run: |input| {
        run(input, |element| match Stanza::from_element(element.to_element()) {
            Ok(stanza) => read_stanza(&stanza),
            Err(fault) => fault.into_element().name().len(),
        })
    },
    check: Check::Stanzas(|input| {
        let mut stanzas = Vec::new();
        parse(input, |element| {
            stanzas.push(Stanza::from_element(element.to_element()).ok().map(|it| known(&it)));
        })?;
        Ok(stanzas)
    }),
};

/// The machine that applications drive: a client that is online, from bytes to events, with an
/// application that answers each request.
pub const CLIENT: Contender = Contender {
    name: "xmpp-proto, Client",
    run: |input| {
        let mut client = Workload::receive(input.body().to_owned(), input.chunk);
        measure(|| {
            client.pass();
            Ok(Sum { stanzas: input.stanzas, read: 0 })
        })
    },
    check: Check::Count,
};

/// Writes elements that are there already.
pub const WRITE: Contender = Contender {
    name: "xmpp-proto, Writer",
    run: |input| {
        let elements = elements(input)?;
        measure(|| {
            let mut pen = Pen::new();
            let mut sum = Sum::default();
            for element in &elements {
                sum.add(pen.write(element.as_ref()));
            }
            Ok(sum)
        })
    },
    check: Check::Checksums(|input| {
        let mut stream = String::from(HEADER);
        let mut pen = Pen::new();
        for element in elements(input)? {
            pen.write(element.as_ref());
            stream.push_str(str::from_utf8(&pen.out)?);
        }
        stream.push_str(FOOTER);
        checksums::<rxml::Namespaces>(&Input::new(input.name, stream, input.chunk))
    }),
};

/// Parses each element, and writes it without a copy.
pub const ROUND_TRIP: Contender = Contender {
    name: "xmpp-proto, parsed and written",
    run: |input| {
        let mut pen = Pen::new();
        run(input, |element| pen.write(element))
    },
    check: Check::Count,
};

struct Tokens;

impl Events for Tokens {
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault> {
        let mut lexer = Lexer::new(Limits::default());
        for chunk in input.chunks() {
            lexer.push(chunk);
            while let Some(token) = lexer.next()? {
                match black_box(token) {
                    Token::Start(tag) => start(tag, visitor),
                    Token::Text(text) if V::READS => visitor.text(&text.value()),
                    Token::End(_) => visitor.end(),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn start<V: Visitor>(tag: StartTag<'_>, visitor: &mut V) {
    visitor.start(tag.name(), tag.ns());
    if V::READS {
        for attr in tag.attrs() {
            visitor.attr(attr.name(), attr.ns(), &attr.value());
        }
    }
}

/// A writer and what it has written last.
struct Pen {
    writer: Writer,
    out: Vec<u8>,
}

impl Pen {
    fn new() -> Self {
        Self { writer: Writer::new(ns::CLIENT, true), out: Vec::new() }
    }

    fn write(&mut self, element: ElementRef<'_>) -> usize {
        self.out.clear();
        self.writer.write(element, &mut self.out);
        self.out.len()
    }
}

fn run(input: &Input, mut each: impl FnMut(ElementRef<'_>) -> usize) -> Result<Sample, Fault> {
    measure(|| {
        let mut sum = Sum::default();
        parse(input, |element| sum.add(each(element)))?;
        Ok(sum)
    })
}

fn parse(input: &Input, mut each: impl FnMut(ElementRef<'_>)) -> Result<(), Fault> {
    let mut parser = Parser::new(Limits::default());
    for chunk in input.chunks() {
        parser.push(chunk);
        while let Some(item) = parser.next()? {
            if let Item::Element(element) = item {
                each(element);
            }
        }
    }
    Ok(())
}

fn elements(input: &Input) -> Result<Vec<Element>, Fault> {
    let mut elements = Vec::new();
    parse(input, |element| elements.push(element.to_element()))?;
    Ok(elements)
}

fn checksums_of(
    input: &Input,
    mut each: impl FnMut(ElementRef<'_>, &mut Checksum),
) -> Result<Vec<u64>, Fault> {
    let mut checksum = Checksum::of_stanzas();
    parse(input, |element| each(element, &mut checksum))?;
    Ok(checksum.into_stanzas())
}

/// Tells of an element and all within it.
pub fn visit(element: ElementRef<'_>, visitor: &mut impl Visitor) {
    visitor.start(element.name(), element.ns());
    for attr in element.attrs() {
        visitor.attr(attr.name(), attr.ns(), &attr.value());
    }
    for child in element.children() {
        match child {
            Child::Element(child) => visit(child, visitor),
            Child::Text(text) => visitor.text(&text),
        }
    }
    visitor.end();
}

/// Reads every name, value and text. Not the namespaces: minidom copies one to show it.
fn read(element: ElementRef<'_>) -> usize {
    let mut bytes = element.name().len();
    for attr in element.attrs() {
        bytes += attr.name().len() + attr.value().len();
    }
    for child in element.children() {
        bytes += match child {
            Child::Element(child) => read(child),
            Child::Text(text) => text.len(),
        };
    }
    bytes
}

/// Reads addresses and id, the bodies, and the names of the payloads.
fn read_stanza(stanza: &Stanza) -> usize {
    let head = [stanza.from(), stanza.to()].into_iter().flatten().map(|jid| jid.as_str().len());
    let head = head.sum::<usize>() + stanza.id().map_or(0, str::len);
    head + match stanza {
        Stanza::Message(message) => read_message(message),
        Stanza::Presence(presence) => read_presence(presence),
        Stanza::Iq(iq) => read_iq(iq),
    }
}

fn read_message(message: &Message) -> usize {
    let bodies: usize = message.bodies().map(|body| body.text.len()).sum();
    bodies + message.payloads().map(|payload| payload.name().len()).sum::<usize>()
}

fn read_presence(presence: &Presence) -> usize {
    let statuses: usize = presence.statuses().map(|status| status.text.len()).sum();
    statuses + presence.payloads().map(|payload| payload.name().len()).sum::<usize>()
}

fn read_iq(iq: &Iq) -> usize {
    iq.payload().map_or(0, |payload| payload.name().len())
}

fn known(stanza: &Stanza) -> Known {
    let mut bodies = Vec::new();
    if let Stanza::Message(message) = stanza {
        bodies.extend(message.bodies().map(|body| body.text.into_owned()));
        bodies.sort();
    }
    Known {
        from: stanza.from().map(|jid| jid.as_str().to_owned()),
        to: stanza.to().map(|jid| jid.as_str().to_owned()),
        id: stanza.id().map(str::to_owned),
        bodies,
    }
}
