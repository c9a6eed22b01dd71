//! For tests: elements as another XML library, rxml, reads them.

extern crate std;

use alloc::string::String;
use alloc::vec::Vec;

use rxml::{Event, Parse, Parser};

use super::{Element, ElementBuilder};

/// The document as rxml reads it, or its complaint.
pub(crate) fn read(document: &str) -> Result<Element, String> {
    let mut parser = Parser::new();
    let mut rest = document.as_bytes();
    let mut builder: Option<ElementBuilder> = None;
    let mut depth = 0_usize;
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(Event::StartElement(_, (ns, name), attrs))) => {
                match &mut builder {
                    None => builder = Some(Element::builder(&name, ns.as_str())),
                    Some(builder) => builder.open(&name, ns.as_str()),
                }
                depth += 1;
                for ((ns, name), value) in attrs {
                    builder.as_mut().expect("just opened").set_attr(&name, ns.as_str(), &value);
                }
            }
            Ok(Some(Event::EndElement(_))) => {
                depth -= 1;
                if depth > 0 {
                    builder.as_mut().expect("open").close();
                }
            }
            Ok(Some(Event::Text(_, text))) => {
                builder.as_mut().expect("rxml has text only in elements").push_text(&text);
            }
            Ok(Some(Event::XmlDeclaration(..))) => {}
            Ok(None) => break,
            Err(error) => return Err(std::format!("{error:?} in {document:?}")),
        }
    }
    let builder = builder.ok_or("no element")?;
    builder.build().map_err(|error| std::format!("{error}"))
}

/// The children of the document's root.
pub(crate) fn read_stream(document: &str) -> Result<Vec<Element>, String> {
    Ok(read(document)?.elements().map(Element::from).collect())
}
