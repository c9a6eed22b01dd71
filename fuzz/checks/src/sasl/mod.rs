//! A client logs in at a server that says whatever it likes: it never takes a server for its own
//! that has not shown it knows the password, never computes more than it is willing to, and shows
//! its secrets to nobody.
//!
//! An input is choices: first what both sides are configured with, then move by move what the
//! server says. Most moves begin with what an honest server would say and change some bytes of it.

mod setup;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::Instant;
use xmpp_proto::endpoint::{Action, AttemptId, Client, ConnInfo, Endpoint, Event, Phase, Step};
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::testing::HEADER;

use crate::choices::Choices;
use crate::scram::{ClientFinal, ClientFirst, Hash, Proof, ServerFirst};
use setup::{Setup, WORK_SLICE};

/// A server that has said more than this is not heard any longer.
const MOVES: usize = 8;

/// More steps than a login of these inputs can take.
const MAX_STEPS: usize = 200;

const NOW: Instant = Instant::from_micros(0);

/// The check of this module.
///
/// # Panics
/// If the client is fooled, works too much, or gives a secret away.
pub fn check(data: &[u8]) {
    let mut choices = Choices::new(data);
    let setup = Setup::read(&mut choices);
    // Who knows the secret already can say it himself, and errors quote what was said.
    if setup.secret.is_in(data) {
        return;
    }
    let mut login = Login::begin(&setup);
    for _ in 0..MOVES {
        if login.mechanism.is_none() || login.client.phase() != Phase::Authenticating {
            break;
        }
        login.listen(&mut choices);
    }
}

/// A login, seen from the server.
struct Login<'a> {
    setup: &'a Setup,
    client: Client,
    transport: Option<AttemptId>,
    /// What the client wrote and nobody has looked at.
    sent: String,
    /// The pieces of work that the client did since the server spoke last.
    worked: u32,
    mechanism: Option<Mechanism>,
    client_first: Option<ClientFirst>,
    server_first: Option<ServerFirst>,
    client_final: Option<ClientFinal>,
    /// What came last that may hold the server's signature.
    server_final: Vec<u8>,
    /// Whether the server has been honest so far.
    is_honest: bool,
}

/// What the server says.
struct Move {
    element: Element,
    data: Vec<u8>,
    is_honest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Challenge,
    Success,
    Failure,
}

impl<'a> Login<'a> {
    /// A client that has seen what mechanisms there are, and has chosen.
    fn begin(setup: &'a Setup) -> Self {
        let client = Client::new(setup.config.clone(), setup.seed(), NOW);
        let mut login = Self {
            setup,
            client,
            transport: None,
            sent: String::new(),
            worked: 0,
            mechanism: None,
            client_first: None,
            server_first: None,
            client_final: None,
            server_final: Vec::new(),
            is_honest: true,
        };
        login.client.connect(NOW).expect("a new client is idle");
        login.drive();
        login.receive(HEADER);
        login.sent.clear();
        login.receive(&setup.features());
        let Some((attributes, data)) = login.said("auth") else { return login };
        let name = attributes.split('\'').nth(3);
        let mechanism = name.and_then(Mechanism::from_name).expect("a mechanism of ours");
        setup.check_choice(mechanism);
        login.mechanism = Some(mechanism);
        if Hash::of(mechanism).is_some() {
            let first = ClientFirst::read(&data).expect("a first message of SCRAM");
            assert_eq!(first.username(), setup.secret.username);
            assert!(first.nonce().len() >= 16, "a nonce that can be guessed");
            setup.check_header(mechanism, &first.header);
            login.client_first = Some(first);
        }
        login
    }

    /// The server says something, and what follows from it is right.
    fn listen(&mut self, choices: &mut Choices<'_>) {
        let Move { element, mut data, is_honest } = self.next_move(choices);
        self.is_honest &= is_honest;
        self.worked = 0;
        self.sent.clear();
        let mut text = BASE64.encode(&data);
        if choices.byte() % 16 == 15 {
            // Base64 is for the client to check.
            self.is_honest = false;
            text = String::from_utf8_lossy(&data).replace(['<', '&'], "=");
            data = BASE64.decode(text.trim()).unwrap_or_default();
        }
        let name = match element {
            Element::Challenge => "challenge",
            Element::Success => "success",
            Element::Failure => "failure",
        };
        let starts_key = self.server_first.is_none() && element == Element::Challenge;
        self.receive(&format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</{name}>"));

        let response = self.said("response").map(|(_, data)| data);
        if self.client_first.is_none() {
            return;
        }
        if starts_key {
            self.check_key(&data, response.as_deref());
        } else if !data.is_empty() {
            self.server_final = data;
        }
        if self.client.phase() == Phase::Binding {
            self.check_success();
            assert!(element == Element::Success, "logged in without success");
        } else if self.is_honest && element == Element::Success {
            let is_right = self.setup.server_knows_password() && self.setup.is_acceptable();
            assert!(!is_right, "an honest server is turned away");
        }
    }

    /// After the server's first message: what it costs the client, and the proof.
    fn check_key(&mut self, server_first: &[u8], response: Option<&[u8]>) {
        let Some(response) = response else {
            assert_eq!(self.worked, 0, "work for a message that was refused");
            assert!(!self.is_honest || !self.setup.is_acceptable(), "an honest message is refused");
            return;
        };
        let limits = self.setup.config.scram;
        let first = ServerFirst::read(server_first).expect("accepted, so it has all it needs");
        let iterations = first.iterations;
        assert!((limits.min_iterations..=limits.max_iterations).contains(&iterations));
        assert!(self.worked <= iterations / WORK_SLICE + 2, "{} pieces of work", self.worked);
        assert!((1..=limits.salt_bytes).contains(&first.salt.len()));
        assert!(server_first.len() <= limits.message_bytes);
        let client_first = self.client_first.as_ref().expect("SCRAM");
        let nonce = first.nonce.strip_prefix(client_first.nonce());
        assert!(nonce.is_some_and(|servers| !servers.is_empty()), "a nonce of another exchange");

        let last = ClientFinal::read(response).expect("a last message of SCRAM");
        assert_eq!(last.nonce(), Some(&*first.nonce));
        let channel = last.channel().expect("a GS2 header");
        let bound = channel.strip_prefix(client_first.header.as_bytes());
        assert_eq!(bound, Some(Setup::channel(&client_first.header)));
        self.server_first = Some(first);
        self.client_final = Some(last);
        assert!(self.proof(&self.setup.secret.prepared).is_some_and(|proof| proof.is_right()));
    }

    /// Whoever the client takes for its server has signed what was said.
    fn check_success(&self) {
        let proof = self.proof(&self.setup.secret.prepared).expect("both have said everything");
        let shown = core::str::from_utf8(&self.server_final).expect("SCRAM is text");
        assert_eq!(shown.split(',').next(), Some(&*proof.verifier()), "no proof of the server");
    }

    fn proof<'s>(&'s self, password: &'s str) -> Option<Proof<'s>> {
        Some(Proof {
            hash: Hash::of(self.mechanism?)?,
            password,
            client_first: self.client_first.as_ref()?,
            server_first: self.server_first.as_ref()?,
            client_final: self.client_final.as_ref()?,
        })
    }

    fn next_move(&self, choices: &mut Choices<'_>) -> Move {
        let kind = choices.byte();
        let usual = if self.server_first.is_none() && self.client_first.is_some() {
            Element::Challenge
        } else {
            Element::Success
        };
        let element = match kind & 7 {
            0..=4 => usual,
            5 => Element::Challenge,
            6 => Element::Success,
            _ => Element::Failure,
        };
        let honest = self.honest();
        let mut data = match kind >> 3 & 7 {
            0..=5 => honest.clone(),
            6 => Vec::new(),
            _ => {
                let length = choices.below(64);
                choices.take(length).to_vec()
            }
        };
        if kind >> 6 == 3 {
            for _ in 0..=choices.below(3) {
                edit(&mut data, choices);
            }
        }
        // The signature may come in a challenge; then nothing comes with success.
        let may_challenge = self.server_final.is_empty() && element == Element::Challenge;
        let is_honest = data == honest && (element == usual || may_challenge);
        Move { element, data, is_honest }
    }

    /// What an honest server says now, if it has the password that this one has.
    fn honest(&self) -> Vec<u8> {
        let Some(client_first) = &self.client_first else { return Vec::new() };
        match self.proof(&self.setup.server_password) {
            Some(_) if !self.server_final.is_empty() => Vec::new(),
            Some(proof) => proof.verifier().into_bytes(),
            None => self.setup.challenge(client_first).into_bytes(),
        }
    }

    /// Data and attributes of the last element of that name that the client wrote.
    fn said(&self, name: &str) -> Option<(&str, Vec<u8>)> {
        let at = self.sent.rfind(&format!("<{name} "))?;
        let (attributes, rest) = self.sent[at..].split_once('>')?;
        let text = rest.split('<').next()?;
        let data = if text == "=" { "" } else { text };
        Some((attributes, BASE64.decode(data).expect("base64")))
    }

    fn receive(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(self.client.max_chunk()) {
            let Some(id) = self.transport else { return };
            self.client.handle_received(NOW, id, chunk);
            self.drive();
        }
    }

    /// Runs the client until it waits for the server, and looks at all that it shows.
    fn drive(&mut self) {
        for _ in 0..MAX_STEPS {
            let written = match self.client.step() {
                Step::Act(action) => {
                    self.setup.secret.check_hidden(&format!("{action:?}"));
                    self.act(&action);
                    continue;
                }
                Step::Done(completion) => panic!("nothing was asked for: {completion:?}"),
                Step::Work => {
                    self.worked += 1;
                    continue;
                }
                Step::Wait { write, .. } => {
                    let text = core::str::from_utf8(write).expect("the client writes UTF-8");
                    self.setup.check_written(text);
                    self.sent.push_str(text);
                    write.len()
                }
            };
            if let Some(id) = self.transport.filter(|_| written > 0) {
                self.client.handle_written(NOW, id, written);
                continue;
            }
            let Some(event) = self.client.poll_event() else { return };
            self.setup.secret.check_hidden(&format!("{event:?}"));
            if let Event::Ended(ended) = event {
                self.setup.secret.check_hidden(&ended.to_string());
            }
        }
        panic!("the client does not come to rest");
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Connect { id, .. } => {
                self.transport = Some(*id);
                self.client.handle_connected(NOW, *id, ConnInfo::new());
            }
            Action::Secure { id, .. } => {
                self.client.handle_secured(NOW, *id, self.setup.tls.clone());
            }
            Action::Disconnect { .. } => self.transport = None,
            other => panic!("the target is known: {other:?}"),
        }
    }
}

/// Changes a message in one place.
fn edit(data: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let at = choices.below(data.len() + 1);
    let length = choices.below(8);
    let end = data.len().min(at + length);
    match choices.below(4) {
        0 => drop(data.splice(at..end, choices.take(length).iter().copied())),
        1 => drop(data.splice(at..at, choices.take(length).iter().copied())),
        2 => drop(data.drain(at..end)),
        _ => data.truncate(at),
    }
}
