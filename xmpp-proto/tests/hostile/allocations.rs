//! How often memory is allocated for what is received and sent.

use allocation_counter::measure;
use xmpp_proto::ns;
use xmpp_proto::xml::{Child, Element, ElementRef, Item, Parser, Writer};

use super::HEADER;

const STANZAS: &str = "<message from='romeo@example.net/orchard' to='juliet@example.com' id='1' \
     type='chat'><body>Good night, good night! <![CDATA[parting]]> is such sweet &lt;3</body>\
     <active xmlns='http://jabber.org/protocol/chatstates'/></message>\n\
     <presence from='nurse@example.com/x'><show>away</show></presence>\
     <iq type='get' id='2' xml:lang='en'><ping xmlns='urn:xmpp:ping'/></iq>\
     <x:a xmlns:x='urn:foreign' x:b='c'><y xmlns='urn:more'/></x:a>";

/// Reads all names, and all values and texts that need no decoding.
fn look(element: ElementRef<'_>) -> usize {
    let mut seen = element.name().len() + element.ns().len();
    seen += element.attrs().map(|attr| attr.name().len() + attr.value().len()).sum::<usize>();
    for child in element.children() {
        seen += match child {
            Child::Element(child) => look(child),
            Child::Text(text) => text.len(),
        };
    }
    seen
}

/// Calls `with` for the stanzas of many rounds; the allocations of the last ones, and how many
/// stanzas that were.
fn count(mut with: impl FnMut(ElementRef<'_>)) -> (u64, u64) {
    let mut parser = Parser::default();
    parser.push(HEADER.as_bytes());
    assert!(matches!(parser.next(), Ok(Some(Item::Header(_)))));
    let mut stanzas = 0;
    let mut round = || {
        for chunk in STANZAS.as_bytes().chunks(100) {
            parser.push(chunk);
            while let Some(item) = parser.next().expect("well-formed") {
                let Item::Element(element) = item else { panic!("stanzas only") };
                stanzas += 1;
                with(element);
            }
        }
    };
    // Until the buffers have the size that they need.
    (0..10).for_each(|_| round());
    let info = measure(|| (0..100).for_each(|_| round()));
    (info.count_total, stanzas * 100 / 110)
}

#[test]
fn a_borrowed_stanza_costs_no_allocation() {
    let mut seen = 0;
    let (allocations, stanzas) = count(|stanza| {
        // One text of these must be decoded, which needs a place.
        if stanza.name() != "message" {
            seen += look(stanza);
        }
        seen += stanza.attr("id").map_or(0, |id| id.len());
    });
    assert_eq!((allocations, stanzas), (0, 400));
    assert!(seen > 0);
}

#[test]
fn an_owned_stanza_costs_two_allocations() {
    let (allocations, stanzas) = count(|stanza| drop(stanza.to_element()));
    assert_eq!((allocations, stanzas), (2 * 400, 400));
}

#[test]
fn a_decoded_text_costs_one_allocation() {
    let (allocations, _) = count(|stanza| {
        if let Some(body) = stanza.child("body", ns::CLIENT) {
            assert!(body.text().ends_with("<3"));
        }
    });
    assert_eq!(allocations, 100);
}

#[test]
fn a_clone_costs_no_allocation_and_neither_does_writing_into_a_warm_buffer() {
    let elements: Vec<Element> = {
        let (elements, error) = super::read(format!("{HEADER}{STANZAS}").as_bytes(), 100);
        assert_eq!((elements.len(), error), (4, None));
        elements
    };
    let mut writer = Writer::new(ns::CLIENT, true);
    let mut out = Vec::new();
    let mut round = || {
        out.clear();
        for element in &elements {
            let clone = element.clone();
            writer.write(clone.as_ref(), &mut out);
        }
    };
    round();
    let info = measure(round);
    assert_eq!(info.count_total, 0);
}
