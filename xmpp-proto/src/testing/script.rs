//! A client, a scripted peer and a virtual clock.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::time::Duration;

use super::Chunks;
use crate::endpoint::{
    Action, AttemptId, Client, ClientConfig, Completion, ConnInfo, Connect, DnsRecords, LostCause,
    Step, Target, TlsInfo, TlsMode,
};
use crate::xml::{Element, ElementBuilder, Writer};
use crate::{Instant, Seed, ns};

/// A client, the other end of its transport, and a clock.
///
/// It drives a [`Client`] as an adapter would, carries out its actions in memory and keeps what it
/// says. The test plays the server; time passes only when the test says so.
pub struct Script<C: Connect = Client> {
    client: C,
    now: Instant,
    link: Option<AttemptId>,
    records: DnsRecords,
    chunks: Chunks,
    received: usize,
    sent: Vec<u8>,
    actions: VecDeque<Action>,
    completions: VecDeque<Completion>,
    events: VecDeque<C::Event>,
    takes_events: bool,
    /// How many more bytes the transport takes; all, if there is no limit.
    room: Option<usize>,
    tls: TlsInfo,
}

/// More steps than any drain needs: a machine that goes on is caught in a loop.
const MAX_STEPS: usize = 1_000_000;

impl Script {
    /// A client that is not connected yet, with a fixed seed: every run is the same.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self::of(Client::new(config, Seed::new([42; 32]), Instant::from_micros(0)))
    }
}

impl<C: Connect<Event: Debug>> Script<C> {
    /// A client of any kind that is not connected yet, such as one with modules.
    #[must_use]
    pub fn of(client: C) -> Self {
        Self {
            client,
            now: Instant::from_micros(0),
            link: None,
            records: DnsRecords::default(),
            chunks: Chunks::Whole,
            received: 0,
            sent: Vec::new(),
            actions: VecDeque::new(),
            completions: VecDeque::new(),
            events: VecDeque::new(),
            takes_events: true,
            room: None,
            tls: TlsInfo::new(),
        }
    }

    /// Cuts what the server sends in another way.
    #[must_use]
    pub fn with_chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = chunks;
        self
    }

    /// What DNS says about the domain. Without this, there are no SRV records.
    #[must_use]
    pub fn with_records(mut self, records: DnsRecords) -> Self {
        self.records = records;
        self
    }

    /// Tells the client this of every TLS handshake, instead of nothing: what there is for channel
    /// binding, above all.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsInfo) -> Self {
        self.tls = tls;
        self
    }

    /// Whether events are taken out of the client as they come, as they are by default; else they
    /// wait inside, as for an application that has no room.
    pub fn take_events(&mut self, takes: bool) {
        self.takes_events = takes;
        self.drain();
    }

    /// The transport takes this many more bytes and then no more, as one that is about to break; or
    /// all, as it does by default. What it does not take waits in the client.
    pub fn take_output(&mut self, room: Option<usize>) {
        self.room = room;
        self.drain();
    }

    /// Starts an attempt and opens the transport to the first target. With direct TLS, secures it
    /// too.
    ///
    /// # Panics
    ///
    /// If the client is open already.
    pub fn connect(&mut self) {
        self.start();
        if matches!(self.actions.front(), Some(Action::Connect { .. })) {
            self.open();
        }
    }

    /// Starts an attempt and answers what the client asks DNS, but opens no transport.
    ///
    /// # Panics
    ///
    /// If the client is open already.
    pub fn start(&mut self) {
        self.client.connect(self.now).expect("the client is idle");
        self.drain();
        self.resolve();
    }

    /// Answers what the client asks DNS. Returns whether it asks.
    pub fn resolve(&mut self) -> bool {
        let is_due = |action: &Action| !matches!(action, Action::Disconnect { .. });
        let Some(at) = self.actions.iter().position(is_due) else { return false };
        let Some(Action::Resolve { id, .. }) = self.actions.get(at) else { return false };
        let (id, records) = (*id, self.records.clone());
        // The ends of earlier transports are of no interest any more.
        self.actions.drain(..=at);
        self.client.handle_resolved(self.now, id, records);
        self.drain();
        true
    }

    /// Opens the transport that the client asks for, and with direct TLS secures it too. Returns
    /// where it leads to.
    ///
    /// # Panics
    ///
    /// If the client does not ask for one.
    pub fn open(&mut self) -> Target {
        let (id, target) = self.take_connect();
        self.link = Some(id);
        self.client.handle_connected(self.now, id, ConnInfo::new());
        self.drain();
        if matches!(self.actions.front(), Some(Action::Secure { .. })) {
            self.secure();
        }
        target
    }

    /// Fails to open the transport that the client asks for. Returns where it would lead to.
    ///
    /// # Panics
    ///
    /// If the client does not ask for one.
    pub fn refuse(&mut self, cause: LostCause) -> Target {
        let (id, target) = self.take_connect();
        self.client.handle_lost(self.now, id, cause);
        self.drain();
        target
    }

    /// The next action, past the ends of earlier transports.
    fn take_connect(&mut self) -> (AttemptId, Target) {
        while let Some(action) = self.actions.pop_front() {
            match action {
                Action::Connect { id, target } => return (id, target),
                Action::Disconnect { .. } => {}
                other => panic!("no transport is due, but {other:?}"),
            }
        }
        panic!("no transport is due")
    }

    /// Finishes the TLS handshake that the client asked for.
    ///
    /// # Panics
    ///
    /// If it did not ask for one.
    pub fn secure(&mut self) {
        let action = self.actions.pop_front();
        let Some(Action::Secure { id, .. }) = action else {
            panic!("no TLS handshake is due, but {action:?}")
        };
        self.client.handle_secured(self.now, id, self.tls.clone());
        self.drain();
    }

    /// The server sends these bytes.
    pub fn receive(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() {
            let n = self.chunks.next(self.received, rest.len());
            let (chunk, tail) = rest.split_at(n.min(self.client.max_chunk()));
            let Some(id) = self.link else { return };
            self.client.handle_received(self.now, id, chunk);
            self.received += chunk.len();
            rest = tail;
            self.drain();
        }
    }

    /// The transport breaks.
    pub fn lose(&mut self, cause: LostCause) {
        if let Some(id) = self.link.take() {
            self.client.handle_lost(self.now, id, cause);
            self.drain();
        }
    }

    /// Time passes, timer by timer.
    ///
    /// # Panics
    ///
    /// If the client leaves a deadline in the past, which would make an adapter spin.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.client.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.client.handle_timeout(self.now);
            self.drain();
            let next = self.client.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "a deadline stays in the past");
        }
        self.now = end;
        self.client.handle_timeout(self.now);
        self.drain();
    }

    /// Brings the client online: STARTTLS unless configured otherwise, PLAIN if that is the only
    /// mechanism allowed by the configuration, and the resource the client asks for or `r1`.
    ///
    /// # Panics
    ///
    /// If the client does not come online. Its configuration must allow PLAIN.
    pub fn login(&mut self, config: &ClientConfig) {
        self.login_with(config, "");
    }

    /// As [`Script::login`], to a server that offers these features together with resource binding.
    ///
    /// # Panics
    ///
    /// As [`Script::login`].
    pub fn login_with(&mut self, config: &ClientConfig, features: &str) {
        self.connect();
        if config.tls == TlsMode::StartTls {
            self.receive(HEADER);
            self.receive(
                "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
                 <required/></starttls></stream:features>",
            );
            self.receive("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            self.secure();
        }
        self.receive(HEADER);
        self.receive(
            "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>PLAIN</mechanism></mechanisms></stream:features>",
        );
        self.receive("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        self.receive(HEADER);
        self.receive(BIND_FEATURES.replace("</stream:features>", features));
        self.receive("</stream:features>");
        let id = self.last_id();
        let resource = config.resource.as_deref().unwrap_or("r1");
        let jid = alloc::format!("{}/{resource}", config.jid);
        self.receive(bind_result(&id, &jid));
        assert!(self.client.is_online(), "the login failed: {:?}", self.events);
    }

    /// The `id` attribute that the client wrote last.
    ///
    /// # Panics
    ///
    /// If it never wrote one.
    #[must_use]
    pub fn last_id(&self) -> String {
        let sent = core::str::from_utf8(&self.sent).expect("the client writes UTF-8");
        let at = sent.rfind(" id='").expect("an id was written") + 5;
        let len = sent[at..].find('\'').expect("the attribute is closed");
        sent[at..at + len].into()
    }

    /// The client, to give it commands; call [`Script::drain`] afterwards.
    pub const fn client(&mut self) -> &mut C {
        &mut self.client
    }

    /// The current time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// What the client wrote since the last call.
    ///
    /// # Panics
    ///
    /// If that is not UTF-8.
    pub fn take_sent(&mut self) -> String {
        String::from_utf8(core::mem::take(&mut self.sent)).expect("the client writes UTF-8")
    }

    /// The next action that the script does not carry out by itself, such as `Secure`.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next finished command.
    pub fn next_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<C::Event> {
        self.events.pop_front()
    }

    /// Drives the client until it waits: takes its output, keeps actions and completions, and
    /// events unless told otherwise.
    ///
    /// # Panics
    ///
    /// If the client never comes to rest.
    pub fn drain(&mut self) {
        for _ in 0..MAX_STEPS {
            let written = match self.client.step() {
                Step::Act(action) => {
                    if matches!(action, Action::Disconnect { .. }) {
                        self.link = None;
                    }
                    self.actions.push_back(action);
                    continue;
                }
                Step::Done(completion) => {
                    self.completions.push_back(completion);
                    continue;
                }
                Step::Work => continue,
                Step::Wait { write, .. } if self.link.is_some() => {
                    let n = self.room.map_or(write.len(), |room| room.min(write.len()));
                    self.sent.extend_from_slice(&write[..n]);
                    self.room = self.room.map(|room| room - n);
                    n
                }
                Step::Wait { .. } => 0,
            };
            if let Some(id) = self.link.filter(|_| written > 0) {
                self.client.handle_written(self.now, id, written);
                continue;
            }
            match self.takes_events.then(|| self.client.poll_event()).flatten() {
                Some(event) => self.events.push_back(event),
                None => return,
            }
        }
        panic!("the client does not come to rest");
    }
}

/// A server's stream header for the domain `example.org`.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' from='example.org' id='s1' version='1.0'>";

/// Stream features that offer resource binding and nothing else.
pub const BIND_FEATURES: &str = "<stream:features>\
    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind></stream:features>";

/// A server's answer to the bind request `id`.
///
/// # Panics
///
/// If the id or the JID holds characters that XML does not allow.
#[must_use]
pub fn bind_result(id: &str, jid: &str) -> String {
    let iq = Element::builder("iq", ns::CLIENT).attr("type", "result").attr("id", id);
    let bind = |bind: ElementBuilder| bind.child_with("jid", ns::BIND, |to| to.text(jid));
    let iq = iq.child_with("bind", ns::BIND, bind).build().expect("ids and JIDs fit into XML");
    let mut out = Vec::new();
    Writer::new(ns::CLIENT, true).write(iq.as_ref(), &mut out);
    String::from_utf8(out).expect("the writer writes UTF-8")
}
