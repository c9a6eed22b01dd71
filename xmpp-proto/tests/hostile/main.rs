//! Bad input, from the outside: what the core answers to those who attack it, and what they can
//! make it hold. `docs/attacks.md` says which test is about which attack.

mod allocations;
#[cfg(feature = "testing")]
mod client;
mod document;
mod endless;
mod entities;
mod memory;
mod outbound;
mod rfc6120_11;
mod smuggling;
mod stack;

use xmpp_proto::xml::{Element, ErrorKind, Item, Limits, Parser};

/// A stream's header.
const HEADER: &str = "<stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>";

/// The elements that a parser makes of a stream up to the first error, in chunks of `chunk` bytes.
fn read(stream: &[u8], chunk: usize) -> (Vec<Element>, Option<(ErrorKind, u64)>) {
    let mut parser = Parser::new(Limits::default());
    let mut elements = Vec::new();
    let mut chunks = stream.chunks(chunk);
    loop {
        match parser.next() {
            Ok(Some(Item::Element(element))) => elements.push(element.to_element()),
            Ok(Some(_)) => {}
            Ok(None) => match chunks.next() {
                Some(chunk) => {
                    parser.push(chunk);
                    if chunks.len() == 0 {
                        parser.flush();
                    }
                }
                None => return (elements, None),
            },
            Err(error) => return (elements, Some((error.kind(), error.offset()))),
        }
    }
}

/// What is wrong with a stream and where, which must be the same in whatever chunks it comes.
#[track_caller]
fn refused(stream: impl AsRef<[u8]>) -> (ErrorKind, u64) {
    let stream = stream.as_ref();
    let whole = read(stream, stream.len());
    for chunk in 1..stream.len().min(70) {
        assert_eq!(read(stream, chunk), whole, "{}", String::from_utf8_lossy(stream));
    }
    whole.1.unwrap_or_else(|| panic!("accepted: {}", String::from_utf8_lossy(stream)))
}

/// The same behind a stream's header; the place is counted from its end.
#[track_caller]
fn refused_stanza(stanza: impl AsRef<[u8]>) -> (ErrorKind, u64) {
    let (kind, at) = refused([HEADER.as_bytes(), stanza.as_ref()].concat());
    (kind, at - HEADER.len() as u64)
}

/// The one stanza that follows a stream's header.
#[track_caller]
fn accepted(stanza: &str) -> Element {
    let stream = format!("{HEADER}{stanza}");
    let (mut elements, error) = read(stream.as_bytes(), 7);
    assert_eq!((elements.len(), error), (1, None), "{stanza}");
    elements.remove(0)
}
