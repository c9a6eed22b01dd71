//! quick-xml: events that borrow from a buffer.

use std::borrow::Cow;
use std::hint::black_box;
use std::io::{self, BufRead, Read};

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::{Contender, Events};
use crate::checksum::Visitor;
use crate::measure::{Fault, Input};

/// Its reader with namespaces, over chunks. Every attribute is looked at, which is when quick-xml
/// checks for duplicates and quotes.
pub const BUFFERED: Contender = Contender::of_events::<Reader>("quick-xml, NsReader");

struct Reader;

impl Events for Reader {
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault> {
        let chunks = Chunks { stream: input.stream.as_bytes(), chunk: input.chunk, at: 0 };
        let mut reader = NsReader::from_reader(chunks);
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer)? {
                Event::Start(tag) => start(&reader, &tag, visitor)?,
                Event::Empty(tag) => {
                    start(&reader, &tag, visitor)?;
                    visitor.end();
                }
                Event::End(_) => visitor.end(),
                Event::Text(text) if V::READS => visitor.text(&text.xml10_content()),
                Event::CData(text) if V::READS => visitor.text(&text.xml10_content()),
                Event::GeneralRef(reference) if V::READS => {
                    visitor.text(&resolve(&reference)?);
                }
                Event::Eof => return Ok(()),
                event => {
                    black_box(event);
                }
            }
        }
    }
}

fn start<V: Visitor>(
    reader: &NsReader<Chunks<'_>>,
    tag: &BytesStart<'_>,
    visitor: &mut V,
) -> Result<(), Fault> {
    let (ns, name) = reader.resolver().resolve_element(tag.name());
    visitor.start(name.as_ref(), namespace(&ns)?);
    for attr in tag.attributes() {
        let attr = black_box(attr?);
        if attr.key.as_namespace_binding().is_some() {
            continue;
        }
        let (ns, name) = reader.resolver().resolve_attribute(attr.key);
        let ns = black_box(namespace(&ns)?);
        if V::READS {
            visitor.attr(name.as_ref(), ns, &attr.normalized_value(XmlVersion::Explicit1_0)?);
        }
    }
    Ok(())
}

fn namespace<'a>(found: &'a ResolveResult<'_>) -> Result<&'a str, Fault> {
    match found {
        ResolveResult::Bound(ns) => Ok(ns.as_ref()),
        ResolveResult::Unbound => Ok(""),
        ResolveResult::Unknown(prefix) => Err(format!("unknown prefix {prefix}").into()),
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Fault> {
    if let Some(char) = reference.resolve_char_ref()? {
        return Ok(Cow::Owned(char.into()));
    }
    let text = resolve_predefined_entity(reference);
    Ok(Cow::Borrowed(text.ok_or("unknown entity")?))
}

/// Gives out a chunk at a time, as a socket would.
struct Chunks<'a> {
    stream: &'a [u8],
    chunk: usize,
    at: usize,
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = (self.at / self.chunk + 1) * self.chunk;
        Ok(&self.stream[self.at..end.min(self.stream.len())])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
