//! The examples `echo_server` and `server` before clients that others wrote.

mod contact;
mod echo;
mod server;
#[path = "../session/mod.rs"]
mod session;
#[path = "../support/mod.rs"]
mod support;

use server::Example;
use support::Server;
use support::clients::{Client, Errand, Tls, Visit, Visitor};

const USER: &str = "alice";
const PASSWORD: &str = "secret";
/// What must be escaped in XML or may be, and characters of two, three and four bytes.
const BODY: &str = "<a> & \"b\" 'c' &amp; ]]> é 你好,世界 😀👩‍👩‍👧‍👦";

/// Sends [`USER`] on a visit to the server.
fn send(
    client: Client,
    tls: Tls,
    server: &impl Server,
    errand: Errand,
    peer: &str,
    words: &[&str],
) -> Visitor {
    client.start(&Visit {
        errand,
        address: match tls {
            Tls::StartTls => server.address(),
            Tls::Direct => server.tls_address(),
        },
        tls,
        ca_file: server.ca_file(),
        jid: &format!("{USER}@localhost/test"),
        password: PASSWORD,
        peer,
        words,
    })
}

fn start(client: Client, example: &'static str, more: &[&str]) -> Option<Example> {
    // Looked for first: a server that nobody visits need not start.
    let users = [(USER, PASSWORD), ("bob", PASSWORD)];
    client.require().then(|| Example::start(example, &users, more)).flatten()
}

/// The mechanism is SCRAM, so that the server has proved to know the password, too.
#[track_caller]
fn assert_scram(visitor: &Visitor) {
    let mechanism = visitor.info("mechanism");
    assert!(mechanism.is_some_and(|name| name.starts_with("SCRAM-SHA-")), "{mechanism:?}");
}
