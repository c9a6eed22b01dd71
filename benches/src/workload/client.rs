//! The client machine as a workload: a login that gets as far as the proof, and a client that is
//! online.

use std::hint::black_box;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::Instant;
use xmpp_proto::endpoint::{
    Client, ClientConfig, Endpoint as _, Event, Step, StreamManagement, TlsMode,
};
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::stanza::Stanza;
use xmpp_proto::testing::{HEADER, Script};

fn config() -> ClientConfig {
    let jid = "alice@example.org".parse().expect("the address is valid");
    ClientConfig::new(jid, "R0m30myR0m30").one_stream().with_tls(TlsMode::Direct)
}

/// A login up to the client's proof.
pub(super) fn prove() {
    let mut script = Script::new(config().with_mechanisms([Mechanism::ScramSha256]));
    script.connect();
    script.receive(HEADER);
    script.receive(
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
         <mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>",
    );
    let first = said(&script.take_sent());
    let (_, nonce) = first.split_once(",r=").expect("the client's first message has a nonce");
    let challenge = format!("r={nonce}9vYhxl,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    let challenge = BASE64.encode(challenge);
    script.receive(format!(
        "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>"
    ));
    assert!(said(&script.take_sent()).contains(",p="), "the client gives its proof");
}

/// The data of the last SASL element that the client wrote.
fn said(sent: &str) -> String {
    let (rest, _) = sent.rsplit_once("</").expect("an element was written");
    let (_, data) = rest.rsplit_once('>').expect("its start tag is closed");
    let data = BASE64.decode(data).expect("SASL data is base64");
    String::from_utf8(data).expect("SCRAM is text")
}

/// A client that is online, and an application that looks at what comes.
pub(super) struct Online {
    script: Script,
    /// What the server has handled, where the stream is managed (XEP-0198).
    handled: Option<u32>,
}

impl Online {
    pub(super) fn new() -> Self {
        let config = config().with_mechanisms([Mechanism::Plain]);
        let mut script = Script::new(config.clone());
        script.login(&config);
        Self { script, handled: None }
    }

    /// The same on a managed stream, whose server acknowledges what it is asked about.
    pub(super) fn managed() -> Self {
        let config = config().with_mechanisms([Mechanism::Plain]);
        let config = config.with_management(Some(StreamManagement::default()));
        let mut script = Script::new(config.clone());
        script.login_with(&config, "<sm xmlns='urn:xmpp:sm:3'/>");
        script.receive("<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>");
        script.take_sent();
        Self { script, handled: Some(0) }
    }

    /// Takes the stanzas in, and all events out.
    pub(super) fn receive(&mut self, stanzas: &str, chunk: usize) {
        let now = self.script.now();
        let link = self.script.client().attempt();
        for chunk in stanzas.as_bytes().chunks(chunk) {
            self.script.client().handle_received(now, link, chunk);
            self.drain();
        }
    }

    /// Sends the stanzas, and returns how many bytes went out.
    pub(super) fn send(&mut self, stanzas: &[Stanza]) -> usize {
        let now = self.script.now();
        let mut sent = 0;
        for stanza in stanzas {
            let client = self.script.client();
            client.send(now, stanza.clone()).expect("the client is online and has room");
            if let Some(handled) = &mut self.handled {
                *handled += 1;
            }
            if !self.script.client().has_room() {
                sent += self.drain();
            }
        }
        sent + self.drain()
    }

    /// How many stanzas wait to be acknowledged.
    pub(super) fn unacked(&mut self) -> usize {
        self.script.client().unacked().count()
    }

    /// What a driver and an application do until the client waits. Returns how many bytes it
    /// wrote.
    fn drain(&mut self) -> usize {
        let now = self.script.now();
        let handled = self.handled;
        let client = self.script.client();
        let mut sent = 0;
        loop {
            match client.step() {
                Step::Act(action) => panic!("the stream has ended: {action:?}"),
                Step::Done(completion) => drop(black_box(completion)),
                Step::Work => {}
                Step::Wait { write: [], .. } => match client.poll_event() {
                    Some(event) => look_at(client, now, event),
                    None => return sent,
                },
                Step::Wait { write, .. } => {
                    let written = black_box(write).len();
                    let asks = handled.filter(|_| memchr::memmem::find(write, b"<r ").is_some());
                    client.handle_written(now, client.attempt(), written);
                    sent += written;
                    if let Some(handled) = asks {
                        let ack = format!("<a xmlns='urn:xmpp:sm:3' h='{handled}'/>");
                        client.handle_received(now, client.attempt(), ack.as_bytes());
                    }
                }
            }
        }
    }
}

fn look_at(client: &mut Client, now: Instant, event: Event) {
    match event {
        Event::Query(query) => {
            client.answer(now, query, Ok(None)).expect("the query waits for its answer");
        }
        Event::Ended(ended) => panic!("the stream has ended: {ended}"),
        event => drop(black_box(event)),
    }
}
