//! rxml: events that own what they say.

use rxml::error::EndOrError;
use rxml::{Event, Parse, RawEvent, RawParser};

use super::{Check, Contender, Events};
use crate::checksum::{Count, Visitor};
use crate::measure::{Fault, Input, Sum, measure};

/// Events before namespaces are resolved, so there is nothing to compare.
pub const RAW: Contender = Contender {
    name: "rxml, raw",
    run: |input| {
        measure(|| {
            let mut count = Count::default();
            parse::<RawParser>(input, |event| {
                match event {
                    RawEvent::ElementHeadOpen(..) => count.start("", ""),
                    RawEvent::ElementFoot(_) => count.end(),
                    RawEvent::XmlDeclaration(..)
                    | RawEvent::Attribute(..)
                    | RawEvent::ElementHeadClose(_)
                    | RawEvent::Text(..) => {}
                }
                Ok(())
            })?;
            Ok(Sum { stanzas: count.stanzas(), read: 0 })
        })
    },
    check: Check::Count,
};

/// Events with namespaces and attributes.
pub const NAMESPACES: Contender = Contender::of_events::<Namespaces>("rxml, namespaces");

/// rxml with namespaces, as [`Events`].
pub(super) struct Namespaces;

impl Events for Namespaces {
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault> {
        parse::<rxml::Parser>(input, |event| {
            match event {
                Event::XmlDeclaration(..) => {}
                Event::StartElement(_, (ns, name), attrs) => {
                    visitor.start(&name, &ns);
                    if V::READS {
                        for ((ns, name), value) in &attrs {
                            visitor.attr(name, ns, value);
                        }
                    }
                }
                Event::Text(_, text) => visitor.text(&text),
                Event::EndElement(_) => visitor.end(),
            }
            Ok(())
        })
    }
}

/// Feeds one of the two parsers, and hands its events on.
pub(super) fn parse<P: Parse + Default>(
    input: &Input,
    mut each: impl FnMut(P::Output) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut parser = P::default();
    for mut chunk in input.chunks() {
        loop {
            match parser.parse(&mut chunk, false) {
                Ok(Some(event)) => each(event)?,
                Ok(None) | Err(EndOrError::NeedMoreData) => break,
                Err(EndOrError::Error(error)) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
