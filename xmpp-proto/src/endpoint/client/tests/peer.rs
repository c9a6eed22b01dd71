//! A server that manages streams, step by step, and what a client says of its stanzas.

use core::time::Duration;

use super::*;
use crate::endpoint::{
    Client, Completion, Endpoint, LostCause, Outcome, SendToken, StreamManagement, Timer,
};
use crate::testing::bind_result;

pub(super) const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";
pub(super) const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true' max='300'/>";
pub(super) const ENABLED: &str = "<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='true'/>";
pub(super) const ASK: &str = "<r xmlns='urn:xmpp:sm:3'/>";
pub(super) const UNKNOWN: &str = "<failed xmlns='urn:xmpp:sm:3'><item-not-found \
    xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";

pub(super) fn told(h: u32) -> String {
    format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>")
}

pub(super) fn resume(h: u32) -> String {
    format!("<resume xmlns='urn:xmpp:sm:3' previd='sm1' h='{h}'/>")
}

pub(super) fn resumed(h: u32) -> String {
    format!("<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='{h}'/>")
}

/// A chat message as it stands on the stream.
pub(super) fn chat(body: &str) -> String {
    format!("<message to='bob@example.org' type='chat'><body>{body}</body></message>")
}

/// A client with all that makes sessions last, as it is by default, but in no hurry to ask.
pub(super) fn lasting() -> ClientConfig {
    let request_after = Duration::from_secs(2);
    let management = StreamManagement { request_after, ..StreamManagement::default() };
    ClientConfig::new("alice@example.org".parse().unwrap(), "secret")
        .with_mechanisms([Mechanism::Plain])
        .with_tls(TlsMode::Direct)
        .with_management(Some(management))
}

/// A client that is online, with a session that can be resumed.
pub(super) fn managed(config: ClientConfig) -> Script {
    managed_by(config, Chunks::Whole, SM, ENABLED)
}

/// As [`managed`], with a server that offers and answers this.
pub(super) fn managed_by(
    config: ClientConfig,
    chunks: Chunks,
    features: &str,
    enabled: &str,
) -> Script {
    let mut script = Script::new(config.clone()).with_chunks(chunks);
    script.login_with(&config, features);
    assert!(matches!(script.next_event(), Some(Event::Online { .. })));
    assert!(script.take_sent().contains(ENABLE));
    script.receive(enabled);
    assert!(script.next_event().is_none());
    check(&mut script);
    script
}

/// Nothing that is due is left for later: an adapter would spin.
#[track_caller]
pub(super) fn check(script: &mut Script) {
    let now = script.now();
    script.client().handle_timeout(now);
    script.drain();
    let next = script.client().next_timer();
    assert!(next.is_none_or(|(_, at)| at > now), "{next:?} is due at {now:?}");
}

#[track_caller]
pub(super) fn send(script: &mut Script, body: &str) -> SendToken {
    let now = script.now();
    let token = script.client().send(now, message("bob@example.org", body)).unwrap();
    script.drain();
    token
}

/// The transport breaks. How long the client waits for the next attempt, and whether it keeps its
/// session.
#[track_caller]
pub(super) fn lose(script: &mut Script) -> (Duration, bool) {
    script.lose(LostCause::Reset);
    disconnected(script)
}

/// What the client says when it is to come back by itself.
#[track_caller]
pub(super) fn disconnected(script: &mut Script) -> (Duration, bool) {
    check(script);
    loop {
        match script.next_event() {
            Some(Event::Disconnected(it)) => {
                let pause = it.retry_at.saturating_duration_since(script.now());
                return (pause, it.resumable);
            }
            Some(Event::Ended(ended)) => panic!("it is the end: {ended}"),
            Some(_) => {}
            None => panic!("the transport is there"),
        }
    }
}

/// Time passes up to the next attempt, and DNS is asked. The transport is due then.
#[track_caller]
pub(super) fn wait_for_attempt(script: &mut Script) {
    let Some((Timer::Reconnect, at)) = script.client().deadline else {
        panic!("no attempt is due but {:?}", script.client().deadline)
    };
    let pause = at.saturating_duration_since(script.now());
    script.pass(pause);
    script.resolve();
}

/// The next attempt, up to the features after authentication: what the client says to these.
#[track_caller]
pub(super) fn attempt(script: &mut Script, features: &str) -> String {
    wait_for_attempt(script);
    script.open();
    log_in(script, features)
}

/// On a new transport, from the first header on: what the client says to the last features.
#[track_caller]
pub(super) fn log_in(script: &mut Script, features: &str) -> String {
    script.receive(HEADER);
    script.receive(mechanisms(&["PLAIN"]));
    script.receive(SUCCESS);
    script.receive(HEADER);
    script.take_sent();
    script.receive(crate::testing::BIND_FEATURES.replace("</stream:features>", features));
    script.receive("</stream:features>");
    check(script);
    script.take_sent()
}

/// The next attempt, which leads to the session as it was: `h` is the server's count. What the
/// client says then.
#[track_caller]
pub(super) fn come_back(script: &mut Script, h: u32) -> String {
    let asked = attempt(script, SM);
    assert!(asked.starts_with("<resume "), "{asked}");
    script.receive(resumed(h));
    check(script);
    assert!(matches!(script.next_event(), Some(Event::Resumed)));
    script.take_sent()
}

/// The server binds: `asked` is what the client said last.
#[track_caller]
pub(super) fn bind(script: &mut Script, asked: &str) -> String {
    let at = asked.rfind(" id='").expect("an id") + 5;
    let id: String = asked[at..].chars().take_while(|c| *c != '\'').collect();
    script.receive(bind_result(&id, "alice@example.org/r2"));
    check(script);
    script.take_sent()
}

/// What became of a stanza, with its body where it was handed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Written,
    Acked,
    Unacked(String),
    Failed(String),
    Saved,
}

pub(super) fn body(stanza: &Stanza) -> String {
    let Stanza::Message(message) = stanza else { return stanza.element().to_xml() };
    message.body().unwrap_or_default().into_owned()
}

/// The outcomes that there are by now.
#[track_caller]
pub(super) fn fates(script: &mut Script) -> Vec<(SendToken, Fate)> {
    let mut fates = Vec::new();
    while let Some(completion) = script.next_completion() {
        let Completion::Outcome { token, outcome } = completion else { panic!("{completion:?}") };
        let fate = match outcome {
            Outcome::Written => Fate::Written,
            Outcome::Acked => Fate::Acked,
            Outcome::Unacked(stanza) => Fate::Unacked(body(&stanza)),
            Outcome::Failed(stanza) => Fate::Failed(body(&stanza)),
            Outcome::Saved => Fate::Saved,
        };
        fates.push((token, fate));
    }
    fates
}

/// The names of the events that there are by now.
pub(super) fn events(script: &mut Script) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(event) = script.next_event() {
        let text = format!("{event:?}");
        let name = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        names.push(name.into());
    }
    names
}

/// A client with another life: the same account, other random numbers.
pub(super) fn another(state: crate::endpoint::ResumeState, config: ClientConfig) -> Client {
    let seed = crate::Seed::new([7; 32]);
    Client::with_resume(config, state, seed, crate::Instant::from_micros(0)).unwrap()
}
