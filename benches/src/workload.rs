//! Work to be measured: the same passes for the benchmarks that take time and for the guard that
//! counts instructions.

mod client;

use std::hint::black_box;

use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Message, Presence, Stanza};
use xmpp_proto::xml::{Child, Element, ElementRef, Error, Item, Lexer, Limits, Parser, Writer};

use crate::corpus::{Corpus, FOOTER, HEADER};
use crate::crowd::{BURST, Crowd, burst};

/// The size of chunk that is usual here: about what TLS hands over at a time.
pub const CHUNK: usize = 4096;

/// Something that can be done again and again, each time to the same extent and with warm buffers.
pub struct Workload {
    units: u64,
    pass: Box<dyn FnMut()>,
}

impl Workload {
    fn new(units: usize, mut pass: impl FnMut() + 'static) -> Self {
        pass(); // Buffers grow here, not where somebody measures.
        Self { units: units as u64, pass: Box::new(pass) }
    }

    /// How much a pass does: bytes, unless the constructor says otherwise.
    #[must_use]
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Does it once.
    pub fn pass(&mut self) {
        (self.pass)();
    }

    /// Takes a stream apart into tags and text, which are borrowed and not looked at.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn lex(stream: String, chunk: usize) -> Self {
        let mut lexer = Lexer::new(Limits::default());
        Self::new(stream.len(), move || {
            lexer.reset();
            for chunk in stream.as_bytes().chunks(chunk) {
                lexer.push(chunk);
                while let Some(token) = lexer.next().expect("the stream is accepted") {
                    black_box(token);
                }
            }
        })
    }

    /// Parses a stream in chunks; the elements are borrowed and not looked at.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn parse(stream: String, chunk: usize) -> Self {
        Self::with_elements(stream, chunk, |element| {
            black_box(element);
        })
    }

    /// Parses a stream, copies each element into an [`Element`] of its own and reads all of that.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn own(stream: String, chunk: usize) -> Self {
        Self::with_elements(stream, chunk, |element| {
            read(black_box(element.to_element()).as_ref());
        })
    }

    /// Parses a stream, makes each element a [`Stanza`] and reads what a chat application would.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn understand(stream: String, chunk: usize) -> Self {
        Self::with_elements(stream, chunk, |element| {
            if let Ok(stanza) = Stanza::from_element(element.to_element()) {
                read_stanza(&stanza);
            }
        })
    }

    /// Parses a stream and writes each element again.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn round_trip(stream: String, chunk: usize) -> Self {
        let mut writer = Writer::new(ns::CLIENT, true);
        let mut out = Vec::new();
        Self::with_elements(stream, chunk, move |element| {
            out.clear();
            writer.write(element, &mut out);
            black_box(&out);
        })
    }

    fn with_elements(
        stream: String,
        chunk: usize,
        mut each: impl FnMut(ElementRef<'_>) + 'static,
    ) -> Self {
        let mut parser = Parser::new(Limits::default());
        Self::new(stream.len(), move || {
            feed(&mut parser, &stream, chunk, &mut each).expect("the stream is accepted");
        })
    }

    /// Parses a stream that goes beyond a limit, up to where it is refused; the bytes after that
    /// are not counted.
    ///
    /// # Panics
    ///
    /// If the stream is accepted.
    #[must_use]
    pub fn refuse(stream: String, chunk: usize) -> Self {
        let mut parser = Parser::new(Limits::default());
        let mut refuse = move || {
            let Err(refusal) = feed(&mut parser, &stream, chunk, &mut |_| {}) else {
                panic!("the stream is accepted");
            };
            refusal.pushed
        };
        Self::new(refuse(), move || {
            black_box(refuse());
        })
    }

    /// Writes the elements of a stream that was parsed before. Counts the bytes written.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn write(stream: &str) -> Self {
        let elements = elements(stream);
        let mut writer = Writer::new(ns::CLIENT, true);
        let mut out = Vec::new();
        let mut write = move || {
            out.clear();
            for element in &elements {
                writer.write(element.as_ref(), &mut out);
            }
            black_box(&out).len()
        };
        Self::new(write(), move || {
            write();
        })
    }

    /// Parses the addresses of all stanzas of a stream. Counts the bytes of the addresses.
    ///
    /// # Panics
    ///
    /// If the stream is not accepted.
    #[must_use]
    pub fn addresses(stream: &str) -> Self {
        let mut addresses = Vec::new();
        for stanza in elements(stream) {
            let found = ["from", "to"].into_iter().filter_map(|name| stanza.attr(name));
            addresses.extend(found.map(String::from));
        }
        let bytes = addresses.iter().map(String::len).sum();
        Self::new(bytes, move || {
            for address in &addresses {
                drop(black_box(Jid::from_wire(address)));
            }
        })
    }

    /// A login by SCRAM-SHA-256 with 4,096 iterations, from the stream's header to the client's
    /// proof. Counts logins.
    #[must_use]
    pub fn scram() -> Self {
        Self::new(1, client::prove)
    }

    /// A domain routes messages between so many sessions: each client writes a burst of them, and
    /// all are delivered. Counts messages.
    ///
    /// # Panics
    ///
    /// If somebody cannot log in.
    #[must_use]
    pub fn route(sessions: usize) -> Self {
        let mut crowd = Crowd::new(sessions);
        let bursts: Vec<String> = (0..sessions).map(|from| burst(from, sessions)).collect();
        Self::new(sessions * BURST, move || {
            for (from, burst) in bursts.iter().enumerate() {
                crowd.receive(from, burst);
            }
        })
    }

    /// A domain tells so many subscribers that somebody is away. Counts subscribers.
    ///
    /// # Panics
    ///
    /// If somebody cannot log in.
    #[must_use]
    pub fn broadcast(subscribers: usize) -> Self {
        let mut crowd = Crowd::new(subscribers + 1);
        crowd.subscribe_all_to_first();
        Self::new(subscribers, move || {
            crowd.receive(0, "<presence><show>away</show><status>lunch</status></presence>");
        })
    }

    /// A client that is online receives these stanzas, and an application takes its events and
    /// answers queries.
    ///
    /// # Panics
    ///
    /// If the client does not accept the stanzas.
    #[must_use]
    pub fn receive(stanzas: String, chunk: usize) -> Self {
        let mut client = client::Online::new();
        Self::new(stanzas.len(), move || client.receive(&stanzas, chunk))
    }

    /// A client that is online sends the stanzas of a stream. Counts the bytes sent.
    ///
    /// # Panics
    ///
    /// If the client does not take the stanzas.
    #[must_use]
    pub fn send(stream: &str) -> Self {
        let stanzas = elements(stream).into_iter().map(Stanza::from_element);
        let stanzas: Vec<_> = stanzas.filter_map(Result::ok).collect();
        let mut client = client::Online::new();
        let mut send = move || client.send(&stanzas);
        Self::new(send(), move || {
            send();
        })
    }
}

impl Workload {
    /// A client that is online sends the stanzas of a stream, on a managed stream (XEP-0198) or not.
    /// Counts the stanzas.
    ///
    /// # Panics
    ///
    /// If the client does not take the stanzas.
    #[must_use]
    pub fn send_stanzas(stream: &str, managed: bool) -> Self {
        let stanzas = elements(stream).into_iter().map(Stanza::from_element);
        let stanzas: Vec<_> = stanzas.filter_map(Result::ok).collect();
        let mut client = if managed { client::Online::managed() } else { client::Online::new() };
        Self::new(stanzas.len(), move || {
            client.send(&stanzas);
            assert!(client.unacked() <= 10, "what was asked about is acknowledged");
        })
    }
}

/// The first stanzas of a corpus, one per line: as many as fit into this many bytes, but at least
/// one.
#[must_use]
pub fn stanzas(corpus: Corpus, bytes: usize) -> String {
    let stanzas = corpus.stanzas();
    let lines = stanzas.split_inclusive('\n');
    let ends = lines.scan(0, |end, line| {
        *end += line.len();
        Some(*end)
    });
    let end = ends.take_while(|end| *end <= bytes).last();
    let end = end.or_else(|| stanzas.find('\n')).unwrap_or(stanzas.len());
    stanzas[..end].to_owned()
}

/// A complete stream of [`stanzas`].
#[must_use]
pub fn stream(corpus: Corpus, bytes: usize) -> String {
    [HEADER, &stanzas(corpus, bytes), FOOTER].concat()
}

/// Why a stream was not accepted.
#[derive(Debug)]
struct Refusal {
    #[expect(dead_code, reason = "shown where a stream was to be accepted")]
    error: Error,
    /// How many bytes had been pushed.
    pushed: usize,
}

fn feed(
    parser: &mut Parser,
    stream: &str,
    chunk: usize,
    each: &mut impl FnMut(ElementRef<'_>),
) -> Result<(), Refusal> {
    parser.reset();
    let mut pushed = 0;
    for chunk in stream.as_bytes().chunks(chunk) {
        parser.push(chunk);
        pushed += chunk.len();
        loop {
            match parser.next() {
                Ok(Some(Item::Element(element))) => each(element),
                Ok(Some(Item::Header(_) | Item::End)) => {}
                Ok(None) => break,
                Err(error) => return Err(Refusal { error, pushed }),
            }
        }
    }
    Ok(())
}

fn elements(stream: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut parser = Parser::new(Limits::default());
    feed(&mut parser, stream, CHUNK, &mut |element| elements.push(element.to_element()))
        .expect("the stream is accepted");
    elements
}

/// Looks at every name, value and text.
fn read(root: ElementRef<'_>) {
    black_box((root.name(), root.ns()));
    for attr in root.attrs() {
        black_box((attr.name(), attr.ns(), attr.value()));
    }
    for child in root.children() {
        match child {
            Child::Element(element) => read(element),
            Child::Text(text) => drop(black_box(text)),
        }
    }
}

fn read_stanza(stanza: &Stanza) {
    black_box((stanza.from(), stanza.to(), stanza.id()));
    match stanza {
        Stanza::Message(message) => read_message(message),
        Stanza::Presence(presence) => read_presence(presence),
        Stanza::Iq(iq) => {
            black_box((iq.type_(), iq.payload()));
        }
    }
}

fn read_message(message: &Message) {
    black_box((message.type_(), message.body(), message.thread()));
    for payload in message.payloads() {
        black_box((payload.name(), payload.ns()));
    }
}

fn read_presence(presence: &Presence) {
    black_box((presence.type_(), presence.show(), presence.status(), presence.priority()));
    for payload in presence.payloads() {
        black_box((payload.name(), payload.ns()));
    }
}

#[cfg(test)]
mod tests;
