//! A server, the other end of its transport, and a clock.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use core::time::Duration;

use super::*;
use crate::endpoint::{
    AskBind, AskCredentials, Completion, ConnInfo, Endpoint, LostCause, Server, Step,
};
use crate::rng::Rng;
use crate::sasl::{
    Allowed, ChannelBinding, ChannelData, Credentials, Exchange, Known, Offer, Progress,
};
use crate::stream::Features;
use crate::{Instant, Seed};

/// Drives a [`Server`] by its contract: bytes wait outside until it wants them, and whatever it
/// says is kept.
pub(in super::super) struct Host {
    pub(super) server: Server,
    pub(super) now: Instant,
    config: ServerConfig,
    chunks: Chunks,
    taken: usize,
    /// What the client has sent and the server has not read.
    pub(super) inbox: VecDeque<u8>,
    open: bool,
    sent: Vec<u8>,
    actions: VecDeque<Action>,
    completions: VecDeque<Completion>,
    events: VecDeque<ServerEvent>,
    pub(super) takes_events: bool,
    /// Whether the client reads.
    pub(super) takes_output: bool,
    /// The steps of work so far.
    pub(super) works: usize,
    tls: TlsInfo,
    /// What is stored of alice.
    pub(super) found: StoredCredentials,
}

/// More steps than any drain needs: a machine that goes on is caught in a loop.
const MAX_STEPS: usize = 1_000_000;

impl Host {
    /// A server whose transport is open, and secured if TLS is direct: a header is due.
    pub(super) fn new(config: ServerConfig) -> Self {
        Self::with(config, Chunks::Whole, tls13())
    }

    /// The same, with this much known of TLS.
    pub(super) fn with_tls(config: ServerConfig, tls: TlsInfo) -> Self {
        Self::with(config, Chunks::Whole, tls)
    }

    pub(super) fn with(config: ServerConfig, chunks: Chunks, tls: TlsInfo) -> Self {
        Self::seeded(config, chunks, tls, 42)
    }

    pub(super) fn seeded(config: ServerConfig, chunks: Chunks, tls: TlsInfo, seed: u8) -> Self {
        let now = Instant::from_micros(0);
        let mut host = Self {
            server: Server::new(config.clone(), Seed::new([seed; 32]), now),
            now,
            config,
            chunks,
            taken: 0,
            inbox: VecDeque::new(),
            open: true,
            sent: Vec::new(),
            actions: VecDeque::new(),
            completions: VecDeque::new(),
            events: VecDeque::new(),
            takes_events: true,
            takes_output: true,
            works: 0,
            tls,
            found: stored(),
        };
        let link = host.server.attempt();
        host.server.handle_connected(now, link, ConnInfo::new());
        host.drain();
        if host.config.tls == ServerTls::Direct {
            assert_eq!(host.secure(), None);
        }
        host
    }

    /// Cuts what is received from now on in another way.
    pub(super) fn set_chunks(&mut self, chunks: Chunks) {
        self.chunks = chunks;
    }

    /// A server whose features are out on the first stream.
    pub(super) fn opened(config: ServerConfig) -> Self {
        let mut host = Self::new(config);
        host.receive(HEADER);
        host
    }

    /// Comes to the offer of SASL.
    pub(super) fn secured(config: ServerConfig) -> Self {
        let mut host = Self::new(config);
        host.start_tls();
        host
    }

    /// Comes to the offer of resource binding, as alice.
    pub(super) fn authenticated(config: ServerConfig) -> Self {
        let mut host = Self::secured(config);
        host.log_in();
        host
    }

    /// Comes online as `alice@example.org/desk`, with nothing left to look at.
    pub(super) fn online(config: ServerConfig) -> Self {
        Self::online_with(config, Chunks::Whole)
    }

    pub(super) fn online_with(config: ServerConfig, chunks: Chunks) -> Self {
        let mut host = Self::with(config, chunks, tls13());
        host.start_tls();
        host.log_in();
        host.bind();
        assert_eq!(host.take_sent(), bound("b1", "alice@example.org/desk"));
        host
    }

    /// The first header, and STARTTLS with another unless configured otherwise.
    pub(super) fn start_tls(&mut self) {
        self.receive(HEADER);
        if self.config.tls == ServerTls::StartTls {
            self.receive(STARTTLS);
            self.secure();
            self.receive(HEADER);
        }
        self.take_sent();
    }

    /// PLAIN, and the header that follows.
    pub(super) fn log_in(&mut self) {
        assert_eq!(self.log_in_as("alice", "secret"), SUCCESS);
        self.receive(HEADER);
        assert!(self.take_sent().ends_with(BIND_OFFER));
    }

    /// Tries PLAIN. Returns what the server answers.
    pub(super) fn log_in_as(&mut self, user: &str, password: &str) -> String {
        self.receive(plain(user, password));
        self.look_up();
        self.take_sent()
    }

    /// Takes `desk`.
    pub(super) fn bind(&mut self) {
        self.receive(bind("b1", "desk"));
        let ask = self.bind_question();
        self.answer_bind(ask, Bound::Accept);
        let Some(ServerEvent::Online { jid }) = self.next_event() else { panic!("not online") };
        assert_eq!(jid.as_str(), "alice@example.org/desk");
    }

    #[track_caller]
    pub(super) fn credentials_question(&mut self) -> AskCredentials {
        match self.next_event() {
            Some(ServerEvent::Credentials(ask)) => ask,
            other => panic!("{other:?}"),
        }
    }

    /// Answers the question for credentials.
    #[track_caller]
    pub(super) fn look_up(&mut self) {
        let ask = self.credentials_question();
        let found = (ask.username() == "alice").then(|| self.found.clone());
        self.server.credentials(self.now, ask, found).unwrap();
        self.drain();
    }

    #[track_caller]
    pub(super) fn bind_question(&mut self) -> AskBind {
        match self.next_event() {
            Some(ServerEvent::Bind(ask)) => ask,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn answer_bind(&mut self, ask: AskBind, answer: Bound) {
        self.server.bind(self.now, ask, answer).unwrap();
        self.drain();
    }

    /// Logs in by this crate's own client, which knows `channel` of TLS and sees `offer`. Returns
    /// what the server says in the end, if the client trusts it.
    pub(super) fn exchange(
        &mut self,
        offer: &str,
        mechanisms: &[Mechanism],
        channel: ChannelData<'_>,
        password: &str,
    ) -> String {
        let prefixed = offer.replace("<stream:", "<").replace("</stream:", "</");
        let element = prefixed.replace("<features>", &format!("<features xmlns='{}'>", ns::STREAM));
        let features =
            Features::from_element(element.parse::<crate::xml::Element>().unwrap().as_ref());
        let credentials = Credentials::new("alice", password);
        let choice = crate::sasl::choose(
            Offer { mechanisms: features.mechanisms(), bindings: features.channel_bindings() },
            Allowed {
                mechanisms,
                credentials: &credentials,
                policy: ChannelBinding::Preferred,
                secured: true,
                channel,
            },
        )
        .unwrap();
        let mechanism = choice.mechanism;
        let mut rng = Rng::new(Seed::new([9; 32]));
        let mut client =
            Exchange::start(choice, &credentials, &self.config.scram, Known::default(), &mut rng)
                .unwrap();
        self.receive(auth(mechanism.name(), &*client.initial_response().unwrap()));
        if !self.events.is_empty() {
            self.look_up();
        }
        let sent = self.take_sent();
        let Some(challenge) = data(&sent, "challenge") else { return sent };
        let mut progress = client.handle_challenge(&challenge).unwrap();
        let last = loop {
            match progress {
                Progress::Respond(last) => break last,
                Progress::Work => progress = client.work().unwrap(),
            }
        };
        self.receive(response(&*last));
        let sent = self.take_sent();
        if let Some(signature) = data(&sent, "success") {
            client.handle_success(Some(&signature)).unwrap();
        }
        sent
    }

    /// Finishes the TLS handshake that the server asked for. Returns whose certificate it wants to
    /// show.
    #[track_caller]
    pub(super) fn secure(&mut self) -> Option<String> {
        let action = self.actions.pop_front();
        let Some(Action::SecureServer { id, domain }) = action else {
            panic!("no TLS handshake is due, but {action:?}")
        };
        assert!(self.inbox.is_empty(), "this would be part of the handshake");
        self.server.handle_secured(self.now, id, self.tls.clone());
        self.drain();
        domain
    }

    /// The client sends these bytes. They are read when the server wants them.
    pub(super) fn receive(&mut self, bytes: impl AsRef<[u8]>) {
        self.inbox.extend(bytes.as_ref());
        self.drain();
    }

    /// The transport breaks, with all bytes that were not read.
    pub(super) fn lose(&mut self, cause: LostCause) {
        self.open = false;
        self.inbox.clear();
        let link = self.server.attempt();
        self.server.handle_lost(self.now, link, cause);
        self.drain();
    }

    /// Time passes, timer by timer.
    #[track_caller]
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.server.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.server.handle_timeout(self.now);
            let next = self.server.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "a deadline stays in the past");
            self.drain();
        }
        self.now = end;
        self.server.handle_timeout(self.now);
        self.drain();
    }

    /// Drives the server until it waits.
    #[track_caller]
    pub(super) fn drain(&mut self) {
        let link = self.server.attempt();
        for _ in 0..MAX_STEPS {
            let (written, read) = match self.server.step() {
                Step::Act(action) => {
                    if matches!(action, Action::Disconnect { .. }) {
                        self.open = false;
                        self.inbox.clear();
                    }
                    self.actions.push_back(action);
                    continue;
                }
                Step::Done(completion) => {
                    self.completions.push_back(completion);
                    continue;
                }
                Step::Work => {
                    self.works += 1;
                    continue;
                }
                Step::Wait { write, read, until } => {
                    assert!(until.is_none_or(|at| at >= self.now), "a deadline is in the past");
                    let takes = self.open && self.takes_output;
                    let write = if takes { write } else { &[] };
                    self.sent.extend_from_slice(write);
                    (write.len(), read && self.open)
                }
            };
            if written > 0 {
                self.server.handle_written(self.now, link, written);
            } else if read && !self.inbox.is_empty() {
                let n = self.chunks.next(self.taken, self.inbox.len());
                let n = n.min(self.server.max_chunk());
                let chunk: Vec<u8> = self.inbox.drain(..n).collect();
                self.taken += n;
                self.server.handle_received(self.now, link, &chunk);
            } else {
                match self.takes_events.then(|| self.server.poll_event()).flatten() {
                    Some(event) => self.events.push_back(event),
                    None => return,
                }
            }
        }
        panic!("the server does not come to rest");
    }

    /// What the server wrote since the last call.
    pub(super) fn take_sent(&mut self) -> String {
        String::from_utf8(core::mem::take(&mut self.sent)).expect("the server writes UTF-8")
    }

    pub(super) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub(super) fn next_completion(&mut self) -> Option<Completion> {
        self.completions.pop_front()
    }

    pub(super) fn next_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// The next event, which must be a stanza.
    #[track_caller]
    pub(super) fn stanza(&mut self) -> crate::stanza::Stanza {
        match self.next_event() {
            Some(ServerEvent::Stanza(stanza)) => stanza,
            other => panic!("{other:?}"),
        }
    }

    /// How the stream ended. Nothing may come after that.
    #[track_caller]
    pub(super) fn ended(&mut self) -> Ended {
        loop {
            match self.next_event() {
                Some(ServerEvent::Ended(ended)) => {
                    assert!(self.next_event().is_none(), "an event after the end");
                    assert!(self.server.is_idle());
                    assert_eq!(self.server.poll_timeout(), None);
                    return ended;
                }
                Some(_) => {}
                None => panic!("the stream has not ended"),
            }
        }
    }

    /// The server must have said goodbye with this condition and closed the transport politely.
    /// Returns how it ended and what it wrote before.
    #[track_caller]
    pub(super) fn refused(&mut self, condition: &str) -> (Ended, String) {
        let sent = self.take_sent();
        let before = sent.strip_suffix(&goodbye(condition));
        let before = before.unwrap_or_else(|| panic!("{condition} is due: {sent}"));
        // §4.9.1.1: nothing after the error but the closing tag.
        assert!(!before.contains("<stream:error") && !before.contains(CLOSE), "{sent}");
        let action = self.next_action();
        assert!(
            matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })),
            "{action:?}"
        );
        (self.ended(), before.to_string())
    }

    /// The stream goes on.
    #[track_caller]
    pub(super) fn assert_open(&self) {
        assert!(self.open && !self.server.is_idle());
    }

    /// Everything the server has shown, to compare runs.
    pub(super) fn transcript(&mut self) -> Vec<String> {
        let mut lines = Vec::from([self.take_sent()]);
        lines.extend(self.actions.drain(..).map(|action| format!("{action:?}")));
        lines.extend(self.completions.drain(..).map(|completion| format!("{completion:?}")));
        lines.extend(self.events.drain(..).map(|event| format!("{event:?}")));
        lines
    }
}
