//! Client and server against each other: all paths, all sizes, all failures.
#![allow(
    clippy::needless_pass_by_value,
    clippy::large_types_passed_by_value,
    reason = "tests are for reading, not for speed"
)]

mod answers;
mod closing;
mod failures;
mod hostile;
mod paths;
mod sizes;
mod walk;

use alloc::format;
use alloc::string::String;
use std::sync::LazyLock;

use super::{Lanes, Owner, Pair, Side, Tls, Wire};
use crate::endpoint::{
    Bound, ClientConfig, Ended, Event, Request, ServerConfig, ServerEvent, ServerTls, TlsMode,
};
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::sasl::Mechanism;
use crate::stanza::Message;
use crate::xml::Element;

const CERTIFICATE: &[u8] = b"the certificate of alice";

/// How TLS starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    StartTls,
    Direct,
    Plain,
}

/// How the resource comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Asked,
    Generated,
    Another,
    As,
}

/// A way to get online.
#[derive(Clone, Copy, Debug)]
struct Path {
    transport: Transport,
    mechanism: Mechanism,
    resource: Resource,
}

/// The accounts of all tests: to make their keys takes a while.
static OWNER: LazyLock<Owner> = LazyLock::new(|| {
    Owner::new()
        .with_account("alice", "secret")
        .with_certificate(CERTIFICATE, jid("alice@example.org"))
});

fn jid(jid: &str) -> BareJid {
    jid.parse().unwrap()
}

impl Path {
    const fn new(transport: Transport, mechanism: Mechanism) -> Self {
        Self { transport, mechanism, resource: Resource::Generated }
    }

    fn is_possible(self) -> bool {
        let needs_tls = self.mechanism.binds_channel() || self.mechanism == Mechanism::External;
        self.transport != Transport::Plain || !needs_tls
    }

    fn client(self) -> ClientConfig {
        let mut config = match self.mechanism {
            Mechanism::Anonymous => ClientConfig::anonymous(jid("example.org")).one_stream(),
            Mechanism::External => ClientConfig::external(jid("alice@example.org")).one_stream(),
            other => ClientConfig::new(jid("alice@example.org"), "secret")
                .with_mechanisms([other])
                .one_stream(),
        };
        config.tls = match self.transport {
            Transport::StartTls => TlsMode::StartTls,
            Transport::Direct => TlsMode::Direct,
            Transport::Plain => TlsMode::InsecurePlaintext,
        };
        config.insecure_plain_without_tls = true;
        config.scram.min_iterations = 1;
        config.resource = (self.resource != Resource::Generated).then(|| "desk".into());
        config
    }

    fn server(self) -> ServerConfig {
        let mut config = ServerConfig::new(jid("example.org")).with_mechanisms([self.mechanism]);
        config.tls = match self.transport {
            Transport::StartTls => ServerTls::StartTls,
            Transport::Direct => ServerTls::Direct,
            Transport::Plain => ServerTls::InsecurePlaintext,
        };
        config.insecure_plain_without_tls = true;
        config.scram.min_iterations = 1;
        config
    }

    fn owner(self) -> Owner {
        let owner = OWNER.clone();
        match self.resource {
            Resource::Asked | Resource::Generated => owner,
            Resource::Another => owner.with_binding(Bound::Another),
            Resource::As => owner.with_binding(Bound::As("chosen".into())),
        }
    }

    fn wire(self, wire: Wire) -> Wire {
        if self.mechanism == Mechanism::External {
            wire.with_tls(Tls::new().with_client_certificate(CERTIFICATE))
        } else {
            wire
        }
    }

    fn pair(self, wire: Wire) -> Pair {
        Pair::new(self.client(), self.server(), self.owner()).with_wire(self.wire(wire))
    }
}

const SCRAM: Path = Path::new(Transport::StartTls, Mechanism::ScramSha256Plus);
const PLAIN: Path = Path::new(Transport::Direct, Mechanism::Plain);

fn message(body: &str) -> Message {
    let to: Jid = "bob@example.org".parse().unwrap();
    Message::chat(to).body(body).build().unwrap()
}

/// A message for the client of the pair.
fn message_for(pair: &Pair, body: &str) -> Message {
    let to: Jid = pair.server().jid().unwrap().as_str().parse().unwrap();
    let from: Jid = "bob@example.org/phone".parse().unwrap();
    Message::chat(to).from(from).body(body).build().unwrap()
}

fn ping() -> Request {
    Request::get(Element::builder("ping", ns::PING).build().unwrap())
}

/// A message and a request each way, where that can be.
fn talk(pair: &mut Pair) {
    if pair.client().is_online() {
        pair.send(Side::Client, message("to the server")).unwrap();
        pair.request(Side::Client, ping()).unwrap();
    }
    if pair.server().is_online() {
        pair.send(Side::Server, message_for(pair, "to the client")).unwrap();
        pair.request(Side::Server, ping()).unwrap();
    }
    pair.settle();
}

/// Login, talk, and the end: what both machines show of it.
fn whole_life(path: Path, wire: Wire) -> [Lanes; 2] {
    let mut pair = path.pair(wire);
    pair.login();
    talk(&mut pair);
    pair.close(Side::Client);
    pair.run_to_end();
    assert!(pair.is_over(), "{}", pair.transcript());
    Side::BOTH.map(|side| pair.transcript().lanes(side))
}

/// How the client's stream ended.
#[track_caller]
fn client_end(pair: &mut Pair) -> Ended {
    loop {
        match pair.next_client_event() {
            Some(Event::Ended(ended)) => return ended,
            Some(_) => {}
            None => panic!("the client has not ended:\n{}", pair.transcript()),
        }
    }
}

/// How the server's stream ended.
#[track_caller]
fn server_end(pair: &mut Pair) -> Ended {
    loop {
        match pair.next_server_event() {
            Some(ServerEvent::Ended(ended)) => return ended,
            Some(_) => {}
            None => panic!("the server has not ended:\n{}", pair.transcript()),
        }
    }
}

/// Connects and lets everything run its course.
fn run(mut pair: Pair) -> (Ended, Ended, Pair) {
    pair.connect().unwrap();
    pair.run_to_end();
    let ends = (client_end(&mut pair), server_end(&mut pair));
    (ends.0, ends.1, pair)
}

fn wrote(pair: &Pair, side: Side) -> String {
    pair.transcript().lanes(side).wrote
}

#[test]
fn a_transcript_reads_well() {
    let mut pair = PLAIN.pair(Wire::new());
    pair.login();
    let text = format!("{}", pair.transcript());
    assert!(text.contains("   0.000000 server * Online { jid: "), "{text}");
    assert!(text.contains("   0.000000 client > <auth "), "{text}");
}
