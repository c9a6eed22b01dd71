//! The heap that the machine alone takes, without sockets and TLS.

use core::fmt::Write;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use xmpp_benches::allocations;
use xmpp_proto::endpoint::{
    Action, Bound, ConnInfo, Endpoint, Server, ServerConfig, ServerEvent, ServerTls, Step, TlsInfo,
};
use xmpp_proto::sasl::{Mechanism, StoredCredentials};
use xmpp_proto::{Instant, Seed};

use crate::Fault;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

/// How far a stream has come when it falls silent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Accepted,
    Features,
    Online,
}

pub(crate) fn table() -> Result<String, Fault> {
    let mut out = String::from("| one stream, the machine alone | heap, bytes |\n|---|---|\n");
    let own = size_of::<Server>();
    for (name, until) in [
        ("accepted, nothing said", Until::Accepted),
        ("features sent, before login", Until::Features),
        ("online and idle", Until::Online),
    ] {
        let stored = StoredCredentials::from_password("secret", b"0123456789abcdef", 4096)?;
        let (heap, server) = allocations::held(|| server(until, &stored));
        drop(server);
        writeln!(out, "| {name} | {} |", heap + own as u64)?;
    }
    write!(out, "\nOf these, {own} are the machine itself.")?;
    Ok(out)
}

/// A machine that has come so far.
fn server(until: Until, stored: &StoredCredentials) -> Server {
    let mut config = ServerConfig::new("localhost".parse().expect("a domain"));
    config = config.with_tls(ServerTls::Direct).with_mechanisms([Mechanism::Plain]);
    let now = Instant::from_micros(0);
    let mut server = Server::new(config, Seed::new([7; 32]), now);
    let link = server.attempt();
    server.handle_connected(now, link, ConnInfo::new());
    drive(&mut server, stored);
    if until >= Until::Features {
        receive(&mut server, stored, HEADER);
    }
    if until >= Until::Online {
        let login = BASE64.encode("\0alice\0secret");
        let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
        receive(&mut server, stored, &format!("{auth}{login}</auth>"));
        receive(&mut server, stored, HEADER);
        receive(&mut server, stored, BIND);
        assert!(server.is_online(), "the login failed");
    }
    server
}

fn receive(server: &mut Server, stored: &StoredCredentials, text: &str) {
    server.handle_received(Instant::from_micros(0), server.attempt(), text.as_bytes());
    drive(server, stored);
}

fn drive(server: &mut Server, stored: &StoredCredentials) {
    let (now, link) = (Instant::from_micros(0), server.attempt());
    loop {
        let written = match server.step() {
            Step::Act(Action::SecureServer { .. }) => {
                server.handle_secured(now, link, TlsInfo::new());
                continue;
            }
            Step::Wait { write, .. } => write.len(),
            _ => continue,
        };
        server.handle_written(now, link, written);
        match server.poll_event() {
            Some(ServerEvent::Credentials(ask)) => {
                server.credentials(now, ask, Some(stored.clone())).expect("it was asked");
            }
            Some(ServerEvent::Bind(ask)) => {
                server.bind(now, ask, Bound::Accept).expect("it was asked");
            }
            None if written == 0 => return,
            _ => {}
        }
    }
}
