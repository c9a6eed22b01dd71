//! Stanzas: what the typed builders make is the same after it was written and parsed, field by
//! field; and whatever element arrives, the typed views read it without a fuss, and what they
//! accept survives being written and parsed.
//!
//! An input that begins with `<` is what a peer sends behind its stream header. Any other input is
//! a plan of a stanza to build.

mod plan;
mod views;

use arbitrary::{Arbitrary, Unstructured};
use xmpp_proto::ns;
use xmpp_proto::stanza::Stanza;
use xmpp_proto::testing::HEADER;
use xmpp_proto::xml::{Element, ElementRef, Item, Limits, Parser, Writer};

/// The check of this module.
///
/// # Panics
/// If a stanza does not survive, or a view contradicts another.
pub fn check(data: &[u8]) {
    if data.starts_with(b"<") {
        let mut parser = Parser::new(Limits::default());
        parser.push(HEADER.as_bytes());
        parser.push(data);
        while let Ok(Some(item)) = parser.next() {
            if let Item::Element(element) = item {
                views::check(element);
            }
        }
    } else if let Ok(plan) = plan::Plan::arbitrary(&mut Unstructured::new(data)) {
        plan.check();
    }
}

/// The element after it was written into a stream and parsed again.
fn sent(element: ElementRef<'_>) -> Element {
    let mut bytes = HEADER.as_bytes().to_vec();
    Writer::new(ns::CLIENT, true).write(element, &mut bytes);
    // What is written may have more attributes than what was read: prefixes are declared anew.
    let mut parser = Parser::new(crate::no_limits());
    parser.push(&bytes);
    assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
    let read = match parser.next() {
        Ok(Some(Item::Element(element))) => element.to_element(),
        other => panic!("{other:?} instead of {element:?}"),
    };
    assert!(matches!(parser.next(), Ok(None)), "more than one element");
    assert_eq!(read, element.to_element());
    read
}

/// The stanza after it was written into a stream and parsed again.
fn sent_stanza(stanza: &Stanza) -> Stanza {
    let read = Stanza::from_element(sent(stanza.element().as_ref())).expect("a stanza");
    assert_eq!(read, *stanza);
    assert_eq!((read.to(), read.from()), (stanza.to(), stanza.from()));
    assert_eq!((read.id(), read.lang()), (stanza.id(), stanza.lang()));
    assert_eq!(read.is_error(), stanza.is_error());
    assert_eq!(read.error(), stanza.error());
    read
}
