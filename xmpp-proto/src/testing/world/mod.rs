//! A domain and its clients, in one thread and under virtual time.
//!
//! A [`World`] holds one [`Domain`] and any number of clients, drives all of them as the
//! [contract](crate::endpoint#the-contract) has it, and carries bytes between them over transports
//! that never fail unless told to. It is for tests of bots and clients against a server that answers
//! as a server does: accounts, rosters, presence, messages kept for later.
//!
//! ```
//! use xmpp_proto::domain::DomainConfig;
//! use xmpp_proto::jid::Jid;
//! use xmpp_proto::stanza::{Message, Presence, Stanza};
//! use xmpp_proto::testing::World;
//!
//! let mut world = World::new(DomainConfig::new("example.org".parse()?));
//! world.account("alice", "secret");
//! world.account("bob", "hidden");
//! let alice = world.login("alice@example.org/desk");
//! let bob = world.login("bob@example.org/phone");
//! world.send(bob, Presence::available().build()?)?;
//! world.settle();
//! world.take_stanzas(bob);
//!
//! let to: Jid = "bob@example.org".parse()?;
//! world.send(alice, Message::chat(to).body("Hi!").build()?)?;
//! world.settle();
//! let [Stanza::Message(message)] = &world.take_stanzas(bob)[..] else { panic!("nothing came") };
//! assert_eq!(message.body().as_deref(), Some("Hi!"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Clients with [modules](crate::modules) take part in the same way: [`World::with_clients`] says how
//! one is made.

mod end;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use end::End;

use super::Chunks;
use crate::domain::{Domain, DomainConfig, MemoryStorage, SessionId, Storage};
use crate::endpoint::{
    Client, ClientConfig, Commands, Completion, Connect, Endpoint, Event, IqToken, LostCause,
    Query, Rejected, Request, RequestError, SendToken, ServerTls,
};
use crate::jid::FullJid;
use crate::sasl::StoredCredentials;
use crate::stanza::{Iq, Stanza, StanzaError};
use crate::sync::Arc;
use crate::xml::Element;
use crate::{Instant, Seed};

/// More turns than anything takes.
const MAX_TURNS: usize = 100_000_000;

/// Names a client of a [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(usize);

/// How a client is made: it is connected later.
type Build<C> = Box<dyn FnMut(ClientConfig, Seed, Instant) -> C>;

/// A domain and its clients. See the [module docs](self).
pub struct World<C: Connect = Client, S = MemoryStorage> {
    now: Instant,
    domain: Domain<S>,
    build: Build<C>,
    ends: Vec<End<C>>,
    by_session: BTreeMap<SessionId, usize>,
    /// Clients that may have something to do.
    stirred: VecDeque<usize>,
    timers: BTreeSet<(Instant, usize)>,
    passwords: BTreeMap<String, String>,
    tls: ServerTls,
    chunks: Chunks,
    seed: u8,
}

impl World {
    /// A domain, and no clients yet.
    #[must_use]
    pub fn new(config: impl Into<Arc<DomainConfig>>) -> Self {
        Self::with_clients(config, Client::new)
    }
}

impl<C: Connect> World<C> {
    /// A domain whose clients are made by `build`, such as
    /// [`Modular`](crate::modules::Modular) ones.
    #[must_use]
    pub fn with_clients(
        config: impl Into<Arc<DomainConfig>>,
        build: impl FnMut(ClientConfig, Seed, Instant) -> C + 'static,
    ) -> Self {
        Self::with_storage(config, MemoryStorage::new(), build)
    }
}

impl<C: Connect, S: Storage> World<C, S> {
    /// As [`World::with_clients`], with the accounts of `storage`.
    #[must_use]
    pub fn with_storage(
        config: impl Into<Arc<DomainConfig>>,
        storage: S,
        build: impl FnMut(ClientConfig, Seed, Instant) -> C + 'static,
    ) -> Self {
        let now = Instant::from_micros(0);
        Self {
            now,
            domain: Domain::with_storage(config, storage, Seed::new([0xd0; 32]), now),
            build: Box::new(build),
            ends: Vec::new(),
            by_session: BTreeMap::new(),
            stirred: VecDeque::new(),
            timers: BTreeSet::new(),
            passwords: BTreeMap::new(),
            tls: ServerTls::default(),
            chunks: Chunks::Whole,
            seed: 0,
        }
    }

    /// Starts TLS in this way from now on. Clients must be configured for it.
    #[must_use]
    pub const fn with_tls(mut self, tls: ServerTls) -> Self {
        self.tls = tls;
        self
    }

    /// Cuts what both sides send in this way.
    #[must_use]
    pub const fn with_chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = chunks;
        self
    }

    /// With other random numbers in the clients.
    #[must_use]
    pub const fn with_seed(mut self, seed: u8) -> Self {
        self.seed = seed;
        self
    }

    /// Makes an account. Its keys take one iteration: tests have no secrets, and little time.
    ///
    /// # Panics
    ///
    /// If there can be no such account.
    pub fn account(&mut self, name: &str, password: &str) {
        let keys = StoredCredentials::from_password(password, b"a salt", 1);
        let keys = keys.expect("the password can be prepared");
        let jid = self.domain.add_account(name, keys).expect("there is room for the account");
        self.passwords.insert(jid.as_str().into(), password.into());
    }

    /// Tells a new client to log in as `jid`. What follows happens in [`settle`](Self::settle).
    ///
    /// # Panics
    ///
    /// If that is no full address.
    pub fn connect(&mut self, jid: &str) -> ClientId {
        let jid: FullJid = jid.parse().expect("a full address");
        let password = self.passwords.get(jid.to_bare().as_str()).cloned().unwrap_or_default();
        let mut config =
            ClientConfig::new(jid.to_bare(), password).with_resource(jid.resource()).one_stream();
        config.scram.min_iterations = 1;
        self.connect_with(config)
    }

    /// As [`connect`](Self::connect), by a client that has its stream managed, comes back by itself
    /// when its transport breaks, and resumes its session (XEP-0198): as clients do by default.
    ///
    /// # Panics
    ///
    /// If that is no full address.
    pub fn connect_lasting(&mut self, jid: &str) -> ClientId {
        let jid: FullJid = jid.parse().expect("a full address");
        let password = self.passwords.get(jid.to_bare().as_str()).cloned().unwrap_or_default();
        let mut config = ClientConfig::new(jid.to_bare(), password).with_resource(jid.resource());
        config.scram.min_iterations = 1;
        self.connect_with(config)
    }

    /// As [`connect`](Self::connect), with any configuration.
    ///
    /// # Panics
    ///
    /// If the client refuses to connect.
    pub fn connect_with(&mut self, config: ClientConfig) -> ClientId {
        let index = self.ends.len();
        let mut seed = [self.seed; 32];
        seed[..8].copy_from_slice(&(index as u64).to_le_bytes());
        let mut client = (self.build)(config, Seed::new(seed), self.now);
        client.connect(self.now).expect("it is new");
        self.ends.push(End::new(client));
        self.stir(index);
        ClientId(index)
    }

    /// Goes on until nothing happens any more without time passing.
    ///
    /// # Panics
    ///
    /// If that never comes.
    pub fn settle(&mut self) {
        for _ in 0..MAX_TURNS {
            let Some(index) = self.stirred.pop_front() else { return };
            self.turn(index);
        }
        panic!("the world does not come to rest");
    }

    /// Goes on a little: one client is driven, and one chunk goes each way. False if there is nothing
    /// to do without time passing.
    pub fn step(&mut self) -> bool {
        let Some(index) = self.stirred.pop_front() else { return false };
        self.turn(index);
        true
    }

    /// Lets time pass, moment by moment.
    ///
    /// # Panics
    ///
    /// As [`settle`](Self::settle).
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.tick(at);
        }
        self.tick(end);
    }

    /// The current moment.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The domain, to look at.
    #[must_use]
    pub const fn domain(&self) -> &Domain<S> {
        &self.domain
    }

    /// Tells the domain to do something; what follows happens in [`settle`](Self::settle).
    pub fn with_domain<R>(&mut self, f: impl FnOnce(&mut Domain<S>, Instant) -> R) -> R {
        let result = f(&mut self.domain, self.now);
        self.stir_ready();
        result
    }

    /// A client, to look at.
    #[must_use]
    pub fn client(&self, id: ClientId) -> &C {
        &self.ends[id.0].client
    }

    /// Tells a client to do something; what follows happens in [`settle`](Self::settle).
    pub fn with_client<R>(&mut self, id: ClientId, f: impl FnOnce(&mut C, Instant) -> R) -> R {
        let result = f(&mut self.ends[id.0].client, self.now);
        self.stir(id.0);
        result
    }

    /// The session of a client, once its transport is open.
    #[must_use]
    pub fn session(&self, id: ClientId) -> Option<SessionId> {
        self.ends[id.0].session
    }

    /// Whether a client is online.
    #[must_use]
    pub fn is_online(&self, id: ClientId) -> bool {
        self.client(id).is_online()
    }

    /// Sends a stanza.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub fn send(
        &mut self,
        id: ClientId,
        stanza: impl Into<Stanza>,
    ) -> Result<SendToken, Rejected<Stanza>> {
        let stanza = stanza.into();
        self.with_client(id, |client, now| client.send(now, stanza))
    }

    /// Sends a request. Its answer is a completion.
    ///
    /// # Errors
    ///
    /// As [`Client::request`].
    pub fn request(
        &mut self,
        id: ClientId,
        request: Request,
    ) -> Result<IqToken, Rejected<Request>> {
        self.with_client(id, |client, now| client.request(now, request))
    }

    /// Sends a request and takes its answer.
    ///
    /// # Errors
    ///
    /// As [`Completion::Reply`] has it.
    ///
    /// # Panics
    ///
    /// If the request is refused, or not answered without time passing.
    pub fn ask(&mut self, id: ClientId, request: Request) -> Result<Iq, RequestError> {
        let asked = self.request(id, request).expect("it can be asked");
        self.settle();
        let completions = &mut self.ends[id.0].completions;
        let place = completions.iter().position(
            |completion| matches!(completion, Completion::Reply { token, .. } if *token == asked),
        );
        match place.and_then(|place| completions.remove(place)) {
            Some(Completion::Reply { result, .. }) => result,
            _ => panic!("there is no answer yet"),
        }
    }

    /// Answers a query.
    ///
    /// # Errors
    ///
    /// As [`Client::answer`].
    pub fn answer(
        &mut self,
        id: ClientId,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Rejected<Query>> {
        self.with_client(id, |client, now| client.answer(now, query, answer))
    }

    /// Puts bytes on the wire as if the client had sent them, behind what it has sent.
    ///
    /// # Panics
    ///
    /// As [`settle`](Self::settle).
    pub fn inject(&mut self, id: ClientId, bytes: impl Into<Vec<u8>>) {
        self.settle();
        self.ends[id.0].injected.extend(bytes.into());
        self.stir(id.0);
    }

    /// Closes the stream properly.
    pub fn close(&mut self, id: ClientId) {
        self.with_client(id, Commands::close);
    }

    /// Cuts the transport: both sides find it reset. A client may come back by itself, see
    /// [`connect_lasting`](Self::connect_lasting), as soon as it [can](Self::set_reachable).
    pub fn cut(&mut self, id: ClientId) {
        let end = &mut self.ends[id.0];
        end.lose_client(self.now, LostCause::Reset);
        end.lose_session(&mut self.domain, self.now, LostCause::Reset);
        self.stir(id.0);
    }

    /// Cuts the transport so that only the client notices, as when a network is left. The session that
    /// is left at the domain has no driver any more; it is to be
    /// [released](Domain::release) in the end.
    pub fn strand(&mut self, id: ClientId) -> Option<SessionId> {
        let session = self.ends[id.0].strand(self.now);
        if let Some(session) = session {
            self.by_session.remove(&session);
        }
        self.stir(id.0);
        session
    }

    /// Whether a client can open transports from now on. If not, each attempt is refused.
    pub fn set_reachable(&mut self, id: ClientId, reachable: bool) {
        self.ends[id.0].reachable = reachable;
    }

    /// Whether a client reads what comes. One that does not is slow, or its network is.
    pub fn set_reading(&mut self, id: ClientId, reads: bool) {
        self.ends[id.0].reads = reads;
        self.stir(id.0);
    }

    /// The next event of a client.
    pub fn next_event(&mut self, id: ClientId) -> Option<C::Event> {
        self.ends[id.0].events.pop_front()
    }

    /// The next finished command of a client.
    pub fn next_completion(&mut self, id: ClientId) -> Option<Completion> {
        self.ends[id.0].completions.pop_front()
    }

    /// All bytes that a client was sent since the last call. What a stream has of random parts is the
    /// same in every run.
    pub fn take_received(&mut self, id: ClientId) -> Vec<u8> {
        core::mem::take(&mut self.ends[id.0].received)
    }

    /// Keeps what clients are sent for [`take_received`](Self::take_received), from now on.
    pub fn record(&mut self, id: ClientId) {
        self.ends[id.0].records = true;
    }

    fn turn(&mut self, index: usize) {
        let end = &mut self.ends[index];
        end.stirred = false;
        let mut moved = end.drive_client(&mut self.domain, self.now, self.tls);
        if let Some(session) = end.session {
            self.by_session.insert(session, index);
        }
        moved |= end.carry_up(&mut self.domain, self.now, self.chunks);
        moved |= end.drive_session(&mut self.domain, self.now);
        moved |= end.carry_down(&mut self.domain, self.now, self.chunks);
        if let Some(session) = end.take_over(&mut self.domain, self.now) {
            self.by_session.remove(&session);
        }
        let (set, wanted) = (end.timer, end.client.poll_timeout());
        end.timer = wanted;
        if set != wanted {
            self.timers.extend(wanted.map(|at| (at, index)));
            if let Some(at) = set {
                self.timers.remove(&(at, index));
            }
        }
        if moved {
            self.stir(index);
        }
        self.stir_ready();
    }

    fn stir(&mut self, index: usize) {
        if !core::mem::replace(&mut self.ends[index].stirred, true) {
            self.stirred.push_back(index);
        }
    }

    /// Sees to those whom the domain has something for.
    fn stir_ready(&mut self) {
        while let Some(session) = self.domain.poll_ready() {
            if let Some(index) = self.by_session.get(&session) {
                self.stir(*index);
            }
        }
    }

    /// When something happens by itself next.
    fn next_moment(&self) -> Option<Instant> {
        let clients = self.timers.first().map(|(at, _)| *at);
        [clients, self.domain.poll_timeout()]
            .into_iter()
            .flatten()
            .filter(|at| *at > self.now)
            .min()
    }

    fn tick(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.domain.handle_timeout(self.now);
        self.stir_ready();
        let due: Vec<_> =
            self.timers.iter().take_while(|(at, _)| *at <= self.now).copied().collect();
        for (_, index) in due {
            self.ends[index].client.handle_timeout(self.now);
            self.stir(index);
        }
        self.settle();
    }
}

impl<C: Connect + Endpoint<Event = Event<E>>, E, S: Storage> World<C, S> {
    /// Logs in to an account and binds a resource: `alice@example.org/desk`.
    ///
    /// The event that says so is taken.
    ///
    /// # Panics
    ///
    /// If the login fails, or does not end without time passing.
    pub fn login(&mut self, jid: &str) -> ClientId {
        let id = self.connect(jid);
        self.settle();
        assert!(self.is_online(id), "the login of {jid} failed");
        let events = &mut self.ends[id.0].events;
        events.retain(|event| !matches!(event, Event::Online { .. }));
        id
    }

    /// As [`login`](Self::login), by a client that [lasts](Self::connect_lasting).
    ///
    /// # Panics
    ///
    /// As [`login`](Self::login).
    pub fn login_lasting(&mut self, jid: &str) -> ClientId {
        let id = self.connect_lasting(jid);
        self.settle();
        assert!(self.is_online(id), "the login of {jid} failed");
        let events = &mut self.ends[id.0].events;
        events.retain(|event| !matches!(event, Event::Online { .. }));
        id
    }

    /// All messages and presence that have come to a client. Other events stay.
    pub fn take_stanzas(&mut self, id: ClientId) -> Vec<Stanza> {
        let events = core::mem::take(&mut self.ends[id.0].events);
        let mut stanzas = Vec::new();
        for event in events {
            match event {
                Event::Stanza(stanza) => stanzas.push(stanza),
                other => self.ends[id.0].events.push_back(other),
            }
        }
        stanzas
    }

    /// All requests that have come to a client. Other events stay.
    pub fn take_queries(&mut self, id: ClientId) -> Vec<Query> {
        let events = core::mem::take(&mut self.ends[id.0].events);
        let mut queries = Vec::new();
        for event in events {
            match event {
                Event::Query(query) => queries.push(query),
                other => self.ends[id.0].events.push_back(other),
            }
        }
        queries
    }
}

#[cfg(test)]
mod tests;
