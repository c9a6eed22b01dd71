//! A domain full of people: clients that are nothing but bytes, and transports that take all that
//! they are given.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_proto::domain::{Domain, DomainConfig, SessionId};
use xmpp_proto::endpoint::{ConnInfo, Endpoint as _, ServerTls, Step};
use xmpp_proto::sasl::{Mechanism, StoredCredentials};
use xmpp_proto::{Instant, Seed};

const NOW: Instant = Instant::from_micros(0);
const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

/// A client writes so many messages at once, as over a socket.
pub const BURST: usize = 50;

/// To so many others, however many there are: what a session takes at once costs less.
const OTHERS: usize = 8;

/// A domain in which everybody is online, and available, with one session each.
pub struct Crowd {
    domain: Domain,
    clients: Vec<SessionId>,
    written: u64,
}

impl Crowd {
    /// So many people, who are called [`user`].
    ///
    /// # Panics
    ///
    /// If somebody cannot log in.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let mut config = DomainConfig::new("localhost".parse().expect("it is an address"));
        config.server.mechanisms = vec![Mechanism::Plain];
        config.server.insecure_plain_without_tls = true;
        config.server.rate = None;
        config.max_sessions = usize::MAX;
        config.max_roster_items = usize::MAX;
        config.max_backlog = usize::MAX;
        let domain = Domain::new(config, Seed::new([7; 32]), NOW);
        let mut crowd = Self { domain, clients: Vec::with_capacity(count), written: 0 };
        // Checked quickly: logins are not what is measured.
        let keys = StoredCredentials::from_password("secret", b"0123456789abcdef", 1);
        let keys = keys.expect("the password is one");
        for number in 0..count {
            crowd.add(&user(number), keys.clone());
        }
        crowd
    }

    /// Everybody sees the presence of the first.
    pub fn subscribe_all_to_first(&mut self) {
        for number in 1..self.clients.len() {
            let (first, other) = (user(0), user(number));
            self.receive(number, &format!("<presence type='subscribe' to='{first}@localhost'/>"));
            self.receive(0, &format!("<presence type='subscribed' to='{other}@localhost'/>"));
        }
    }

    /// A client says this; everything that follows from it is done. Nothing happens if there is no
    /// such client.
    pub fn receive(&mut self, client: usize, text: &str) {
        let Some(id) = self.clients.get(client) else { return };
        self.give(*id, text);
    }

    /// How many bytes the domain has written to all clients.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    fn add(&mut self, name: &str, keys: StoredCredentials) {
        self.domain.add_account(name, keys).expect("there is no such account");
        let id = self.domain.accept(NOW, ServerTls::InsecurePlaintext).expect("there is room");
        let mut port = self.domain.session(id).expect("it was just accepted");
        let link = port.attempt();
        port.handle_connected(NOW, link, ConnInfo::new());
        let login = BASE64.encode(format!("\0{name}\0secret"));
        for text in [
            HEADER,
            &format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>"
            ),
            HEADER,
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>r</resource></bind></iq>",
            "<presence/>",
        ] {
            self.give(id, text);
        }
        let online = self.domain.session(id).is_some_and(|port| port.jid().is_some());
        assert!(online, "{name} is online");
        while self.domain.poll_event().is_some() {}
        self.clients.push(id);
    }

    fn give(&mut self, id: SessionId, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let Some(mut port) = self.domain.session(id) else { return };
            let (chunk, later) = rest.split_at(rest.len().min(port.max_chunk()));
            let link = port.attempt();
            port.handle_received(NOW, link, chunk);
            rest = later;
            self.drive(id);
            while let Some(ready) = self.domain.poll_ready() {
                self.drive(ready);
            }
        }
    }

    fn drive(&mut self, id: SessionId) {
        let Some(mut port) = self.domain.session(id) else { return };
        let link = port.attempt();
        loop {
            let written = match port.step() {
                Step::Wait { write: [], .. } => return,
                Step::Wait { write, .. } => write.len(),
                _ => continue,
            };
            self.written += written as u64;
            port.handle_written(NOW, link, written);
        }
    }
}

/// What one of the people is called.
#[must_use]
pub fn user(number: usize) -> String {
    format!("user{number:05}")
}

/// What client `from` of `count` writes at once: [`BURST`] messages, spread over all the others.
#[must_use]
pub fn burst(from: usize, count: usize) -> String {
    let message = |step: usize| {
        let to = user((from + 1 + (step % OTHERS) * count / (OTHERS + 1)) % count);
        format!(
            "<message to='{to}@localhost/r' type='chat' id='m{step}'>\
             <body>Wherefore art thou, Romeo? Deny thy father and refuse thy name.</body>\
             <thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread></message>"
        )
    };
    (0..BURST).map(message).collect()
}
