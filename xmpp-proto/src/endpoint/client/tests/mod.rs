//! The client against a scripted server, under virtual time.
#![allow(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    reason = "tests are for reading, not for speed"
)]

mod binding;
mod closing;
mod detach;
mod fast;
mod faults;
mod hostile;
mod liveness;
mod login;
mod management;
mod peer;
mod reconnect;
mod resume;
mod scram;
mod stanzas;
mod targets;
#[cfg(feature = "unicode")]
mod unicode;
mod walk;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::endpoint::{ClientConfig, Ended, Event, Reason, TlsMode};
use crate::sasl::Mechanism;
use crate::stanza::{Message, Stanza};
use crate::testing::{Chunks, HEADER, Script};

pub(super) const STARTTLS_REQUIRED: &str = "<stream:features><starttls \
    xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
pub(super) const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
pub(super) const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

pub(super) fn config() -> ClientConfig {
    ClientConfig::new("alice@example.org".parse().unwrap(), "secret")
        .one_stream()
        .with_mechanisms([Mechanism::Plain])
}

pub(super) fn direct() -> ClientConfig {
    config().with_tls(TlsMode::Direct)
}

/// A client whose login succeeded, on the stream that follows: features are due.
pub(super) fn authenticated() -> Script {
    let mut script = Script::new(direct());
    script.connect();
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(SUCCESS);
    script.receive(HEADER);
    script
}

/// A client that is online, with nothing left to look at.
pub(super) fn online(config: ClientConfig) -> Script {
    online_with(config, Chunks::Whole)
}

pub(super) fn online_with(config: ClientConfig, chunks: Chunks) -> Script {
    let mut script = Script::new(config.clone()).with_chunks(chunks);
    script.login(&config);
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
    script.take_sent();
    script
}

pub(super) fn mechanisms(names: &[&str]) -> String {
    let names: String = names.iter().map(|n| format!("<mechanism>{n}</mechanism>")).collect();
    format!(
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{names}\
         </mechanisms></stream:features>"
    )
}

pub(super) fn message(to: &str, body: &str) -> Stanza {
    let to: crate::jid::Jid = to.parse().unwrap();
    Message::chat(to).body(body).build().unwrap().into()
}

#[track_caller]
pub(super) fn ended(script: &mut Script) -> Ended {
    loop {
        match script.next_event() {
            Some(Event::Ended(ended)) => return ended,
            Some(_) => {}
            None => panic!("the stream has not ended"),
        }
    }
}

#[track_caller]
pub(super) fn reason(script: &mut Script) -> Reason {
    ended(script).reason
}

/// Everything a script shows, to compare runs.
pub(super) fn transcript(script: &mut Script) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(script.take_sent());
    while let Some(action) = script.next_action() {
        lines.push(format!("{action:?}"));
    }
    while let Some(completion) = script.next_completion() {
        lines.push(format!("{completion:?}"));
    }
    while let Some(event) = script.next_event() {
        lines.push(format!("{event:?}"));
    }
    lines
}

/// Runs a scenario whole, in small chunks, and cut at every byte of what the server sends; all
/// runs must show the same.
#[track_caller]
pub(super) fn same_for_all_chunks(length: usize, scenario: impl Fn(Chunks) -> Vec<String>) {
    let whole = scenario(Chunks::Whole);
    assert!(!whole.is_empty());
    for n in [1, 2, 3, 7, 64] {
        assert_eq!(scenario(Chunks::Of(n)), whole, "chunks of {n} bytes");
    }
    for at in 1..length {
        assert_eq!(scenario(Chunks::CutAt(at)), whole, "cut at {at}");
    }
}
