//! A small XMPP domain in memory: accounts, rosters, presence, routing, offline messages.
//!
//! A [`Domain`] holds one [`Server`] for each stream and is the owner of all of
//! them: it knows who has an account, binds resources, and routes what they send (RFC 6121 §8). It
//! does no I/O. Whoever drives it accepts transports, and drives each session's [`Port`] as the
//! [contract](crate::endpoint#the-contract) has it; [`Domain::poll_ready`] says which sessions have
//! something to say because of what others did.
//!
//! What lasts is in a [`Storage`], in memory by default. Requests to the domain and to accounts are
//! answered by [`Service`]s, to which an embedder adds its own.
//!
//! ```
//! use xmpp_proto::domain::{Domain, DomainConfig};
//! use xmpp_proto::endpoint::{ConnInfo, Endpoint, ServerTls, Step};
//! use xmpp_proto::sasl::StoredCredentials;
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (now, incoming) = (Instant::from_micros(0), [b"<?xml version='1.0'?>".as_slice()]);
//! # let seed = Seed::new([7; 32]); // take fresh random bytes for real
//! let config = DomainConfig::new("example.org".parse()?);
//! let mut domain = Domain::new(config, seed, now);
//! let keys = StoredCredentials::from_password("a password", b"a random salt", 10_000)?;
//! domain.add_account("alice", keys)?;
//!
//! // Somebody connects.
//! let id = domain.accept(now, ServerTls::StartTls)?;
//! let mut port = domain.session(id).expect("it is new");
//! let link = port.attempt();
//! port.handle_connected(now, link, ConnInfo::new());
//! for bytes in incoming {
//!     port.handle_received(now, link, bytes);
//!     loop {
//!         match port.step() {
//!             Step::Work => {}
//!             Step::Wait { write, .. } if !write.is_empty() => {
//!                 let written = write.len(); // to the socket
//!                 port.handle_written(now, link, written);
//!             }
//!             Step::Wait { .. } => break,
//!             other => println!("{other:?}"), // TLS to start, a transport to close
//!         }
//!     }
//! }
//!
//! // Others may have got something because of that.
//! while let Some(id) = domain.poll_ready() {
//!     let Some(_port) = domain.session(id) else { continue };
//!     // drive it in the same way
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Nothing vanishes unseen
//!
//! A message or a request reaches somebody, is kept, or goes back to its sender with an error; so
//! does what waited for a client that left before it has read it. Exceptions are those of RFC 6121
//! §8.5: headlines, errors and results, presence, and mere chat states to an account.
//!
//! A client that reads more slowly than others write to it has a backlog
//! ([`DomainConfig::max_backlog`]). Once that is full, messages and requests for it go back with
//! `resource-constraint`; but if it is presence, a roster push or the answer to a request of its own
//! that finds no room, the stream ends with that error, for what the client believes would be wrong.
//!
//! # Clients that lose their transport
//!
//! A client that has its stream managed may come back (XEP-0198 §5). Until then its session
//! hibernates: its resource stays connected, with its presence and with what it has asked to be told
//! of, and what is for it waits, up to the limits of [`ServerConfig::management`] and then of a
//! backlog. To the driver it is over, and is [released](Domain::release) as any other. When the client
//! has logged in again and asks for its session, that goes on under the name of the new stream, even if
//! the old transport has not been missed yet.
//!
//! A session ends, as if its stream had ended just then, if its client has not come back in time, if
//! another client binds its resource, if it misses what it must know, if its account is removed, if
//! the domain is shut down, or if more than [`DomainConfig::max_hibernating`] wait. What its client has
//! not acknowledged goes the way of what comes for a resource that is not there (§4): to another
//! resource, into the storage, or back; messages say when they were sent (XEP-0203). Some of it may
//! have arrived all the same, for nobody can tell. What was acknowledged does not come again.
//!
//! Events tell of it in this order: `Online`, then any number of `Suspended` and `Resumed` in turns,
//! then `Ended`.
//!
//! # What strangers learn
//!
//! Requests to an account, and anything to one of its resources that is not there, are answered in
//! the same way whether there is such an account or not, except to those who are subscribed to it.
//! Messages are different as long as they are kept for absent users: an account that exists takes
//! them, up to a limit. Where that must not be, set [`DomainConfig::max_offline`] to 0. And who asks to
//! see the presence of an account that does not exist is told so, as RFC 6121 §3.1.2 has it.
//!
//! # What it does not do
//!
//! There is no way to other domains: what is for them goes back as `remote-server-not-found`. There
//! is no login by client certificate, and no registration: [accounts](Domain::add_account) are the
//! embedder's affair.

mod account;
mod clock;
mod config;
mod deliver;
mod event;
mod hibernate;
mod offline;
mod port;
mod presence;
mod queries;
mod roster;
mod route;
mod serve;
mod service;
mod sessions;
mod storage;
mod subscribe;
mod subscription;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

pub use config::DomainConfig;
pub use event::DomainEvent;
pub use port::Port;
pub use service::{Addressee, Question, Service};
pub use sessions::SessionId;
pub use storage::{MemoryStorage, RosterStorage, Storage, StorageError, Stored};

use account::{Account, Accounts, Resource};
use clock::WallClock;
use hibernate::Memories;
use sessions::Sessions;

use crate::Instant;
use crate::endpoint::{Endpoint, LostCause, Server, ServerConfig, ServerTls};
use crate::jid::{BareJid, FullJid, Jid, JidError};
use crate::rng::{Rng, Seed};
use crate::sasl::StoredCredentials;
use crate::stanza::Stanza;
use crate::stream::{StreamCondition, StreamError};
use crate::sync::Arc;

/// A domain: its accounts, and the streams of those who are logged in.
///
/// See the [module docs](self) for how it is driven. All of it is deterministic: the same seed and
/// the same inputs give the same bytes on all streams.
pub struct Domain<S = MemoryStorage> {
    config: Arc<DomainConfig>,
    /// By how TLS starts.
    servers: [Arc<ServerConfig>; 3],
    storage: S,
    services: Vec<Box<dyn Service>>,
    sessions: Sessions,
    accounts: Accounts,
    events: VecDeque<DomainEvent>,
    missed: u64,
    /// Sessions that are to end because they read too slowly.
    doomed: VecDeque<SessionId>,
    /// What sessions have left behind that are over, and when it was sent to them.
    returned: VecDeque<(Instant, Stanza)>,
    /// Sessions without a driver that have something to do.
    orphans: VecDeque<SessionId>,
    memories: Memories,
    /// The session whose driver is at work just now: it will see by itself what is new there.
    driven: Option<SessionId>,
    clock: WallClock,
    rng: Rng,
    now: Instant,
}

impl Domain {
    /// A domain whose accounts are in memory.
    ///
    /// The seed must come from a good source and be used once: everything random on all streams is
    /// drawn from it.
    #[must_use]
    pub fn new(config: impl Into<Arc<DomainConfig>>, seed: Seed, now: Instant) -> Self {
        Self::with_storage(config, MemoryStorage::new(), seed, now)
    }
}

impl<S: Storage> Domain<S> {
    /// A domain with the accounts of `storage`. About the seed, see [`Domain::new`].
    #[must_use]
    pub fn with_storage(
        config: impl Into<Arc<DomainConfig>>,
        storage: S,
        seed: Seed,
        now: Instant,
    ) -> Self {
        let config = config.into();
        let mut rng = Rng::new(seed);
        let mut decoy_key = [0; 32];
        rng.fill(&mut decoy_key);
        let server = |tls| {
            let mut server = config.server.clone().with_tls(tls);
            server.domains = Vec::from([config.domain.clone()]);
            server.decoy_key.get_or_insert(decoy_key);
            Arc::new(server)
        };
        let servers = [ServerTls::StartTls, ServerTls::Direct, ServerTls::InsecurePlaintext];
        Self {
            servers: servers.map(server),
            services: service::built_in(&config),
            storage,
            sessions: Sessions::default(),
            accounts: Accounts::new(&mut rng),
            events: VecDeque::new(),
            missed: 0,
            doomed: VecDeque::new(),
            returned: VecDeque::new(),
            orphans: VecDeque::new(),
            memories: Memories::default(),
            driven: None,
            clock: WallClock::default(),
            rng,
            now,
            config,
        }
    }

    /// Adds a [`Service`], which is asked before those there are.
    pub fn add_service(&mut self, service: impl Service + 'static) {
        self.services.insert(0, Box::new(service));
    }

    /// Says what time it is for people: `unix_micros` microseconds since 1970 (UTC) at the moment
    /// `now`. Without this, messages that were stored carry no time (XEP-0203). To be repeated when
    /// that clock is set.
    pub fn set_wall_clock(&mut self, now: Instant, unix_micros: u64) {
        self.clock.set(now, unix_micros);
    }

    /// Makes an account. `name` is its local part, which is prepared; the address is returned.
    ///
    /// # Errors
    ///
    /// [`AccountError`]; then nothing has changed.
    pub fn add_account(
        &mut self,
        name: &str,
        credentials: StoredCredentials,
    ) -> Result<BareJid, AccountError> {
        let jid = Jid::from_parts(Some(name), self.config.domain.domain(), None)
            .map_err(AccountError::Name)?
            .to_bare();
        let local = jid.local().unwrap_or_default();
        if self.storage.has_account(local)? {
            return Err(AccountError::Taken);
        }
        if self.storage.count_accounts()? >= self.config.max_accounts {
            return Err(AccountError::TooMany);
        }
        self.storage.set_account(local, credentials)?;
        Ok(jid)
    }

    /// Replaces the credentials of an account. Whoever is logged in stays so. False if there is no
    /// such account.
    ///
    /// # Errors
    ///
    /// If the storage fails; then nothing has changed.
    pub fn set_credentials(
        &mut self,
        account: &BareJid,
        credentials: StoredCredentials,
    ) -> Result<bool, StorageError> {
        let Some(local) = self.local_part(account) else { return Ok(false) };
        if !self.storage.has_account(local)? {
            return Ok(false);
        }
        self.storage.set_account(local, credentials)?;
        Ok(true)
    }

    /// Removes an account, its roster and its messages. Its sessions end with `not-authorized`
    /// (RFC 6120 §4.9.3.12), and those who were subscribed to it, or it to them, are told. False if
    /// there is no such account.
    ///
    /// # Errors
    ///
    /// If the storage fails; then the account is still there, though its sessions may have ended.
    pub fn remove_account(
        &mut self,
        now: Instant,
        account: &BareJid,
    ) -> Result<bool, StorageError> {
        self.advance(now);
        let Some(local) = self.local_part(account) else { return Ok(false) };
        if !self.storage.has_account(local)? {
            return Ok(false);
        }
        for id in self.sessions_of(account) {
            self.end_session(id, StreamError::new(StreamCondition::NotAuthorized));
        }
        self.roster_ended(account);
        let removed = self.storage.remove_account(local);
        // What waited for it goes back: there is nobody left to keep it for.
        self.end_doomed();
        self.tend_orphans();
        removed
    }

    /// A stream for a transport that was accepted. The driver goes on with
    /// [`handle_connected`](Endpoint::handle_connected) of its [port](Self::session), and lets go of
    /// it with [`release`](Self::release).
    ///
    /// # Errors
    ///
    /// [`DomainFull`] if there are as many sessions as are allowed.
    pub fn accept(&mut self, now: Instant, tls: ServerTls) -> Result<SessionId, DomainFull> {
        self.advance(now);
        if self.sessions.len() - self.sessions.asleep() >= self.config.max_sessions {
            return Err(DomainFull);
        }
        let [start_tls, direct, plain] = &self.servers;
        let config = match tls {
            ServerTls::StartTls => start_tls,
            ServerTls::Direct => direct,
            ServerTls::InsecurePlaintext => plain,
        };
        let mut seed = [0; 32];
        self.rng.fill(&mut seed);
        let server = Server::new(config.clone(), Seed::new(seed), self.now);
        self.sessions.insert(server).ok_or(DomainFull)
    }

    /// One session, to be driven. None if it was released.
    pub fn session(&mut self, id: SessionId) -> Option<Port<'_, S>> {
        self.sessions.get(id).filter(|session| !session.released)?;
        Some(Port::new(self, id))
    }

    /// The driver is done with a session, and its name means nothing to it any more. If the stream is
    /// not over, its transport counts as lost. A session that may be resumed stays where it is, and
    /// needs no driver until it goes on under another name.
    pub fn release(&mut self, now: Instant, id: SessionId) {
        self.advance(now);
        if let Some(session) = self.sessions.get_mut(id)
            && !session.server.is_idle()
        {
            let link = session.server.attempt();
            session.server.handle_lost(now, link, LostCause::Reset);
        }
        while self.work(id) {}
        self.let_go(id);
    }

    /// The next session that has something for its driver: bytes, actions, work, a new deadline.
    /// Each is named once, until there is more. Sessions whose driver is at work are not named.
    pub fn poll_ready(&mut self) -> Option<SessionId> {
        self.sessions.poll_ready()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, if at all: the first deadline of all
    /// sessions.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.sessions.next_timer()
    }

    /// The same, of those sessions only that have no driver: for drivers that keep the time of
    /// their own [ports](Self::session), so that somebody keeps that of the others.
    #[must_use]
    pub fn poll_hibernation(&self) -> Option<Instant> {
        self.sessions.next_timer_alone()
    }

    /// Time has passed. Sessions that have waited for it are [ready](Self::poll_ready).
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        for id in self.sessions.due(self.now) {
            self.time_out(id);
        }
        self.tend_orphans();
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<DomainEvent> {
        self.events.pop_front()
    }

    /// Whether there is an event to be taken.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many events were dropped because nobody took them.
    #[must_use]
    pub const fn missed_events(&self) -> u64 {
        self.missed
    }

    /// Ends all streams with `system-shutdown` (RFC 6120 §4.9.3.20), and all sessions that wait to be
    /// resumed.
    pub fn shut_down(&mut self, now: Instant) {
        self.advance(now);
        let ids = self.sessions.ids();
        // First all, then what follows from it: nobody needs to hear that others are leaving, too.
        for id in &ids {
            if let Some(session) = self.sessions.get_mut(*id) {
                let error = StreamError::new(StreamCondition::SystemShutdown);
                session.server.close_with(self.now, error);
            }
            self.stir(*id);
        }
        for id in ids {
            self.leave(id);
        }
        self.end_doomed();
        self.tend_orphans();
    }

    /// Routes a stanza of the embedder, such as an announcement. Without `from` it comes from the
    /// domain itself; who it says it is from is not checked. Presence that asks for something, or is
    /// about subscriptions, is treated as what comes from another server: it concerns the account that
    /// it is for, and nothing changes for the one it is from (RFC 6121 §8.5.2.1.2).
    pub fn deliver(&mut self, now: Instant, stanza: impl Into<Stanza>) {
        self.advance(now);
        let stanza = stanza.into();
        if let Some(stanza) = route::signed(stanza, &self.config.domain) {
            self.route(stanza);
        }
        self.end_doomed();
        self.tend_orphans();
    }

    /// What it was configured with.
    #[must_use]
    pub fn config(&self) -> &DomainConfig {
        &self.config
    }

    /// Its address.
    #[must_use]
    pub fn jid(&self) -> &BareJid {
        &self.config.domain
    }

    /// Its storage.
    #[must_use]
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// How many sessions there are, those that are not online and those that
    /// [hibernate](Self::hibernating) included.
    #[must_use]
    pub const fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// How many sessions have lost their transport and wait to be resumed (XEP-0198 §5).
    #[must_use]
    pub fn hibernating(&self) -> usize {
        self.sessions.asleep()
    }

    /// The connected resources of an account, in the order of their names.
    pub fn resources(&self, account: &BareJid) -> impl Iterator<Item = FullJid> + '_ {
        let account = account.clone();
        let connected = self.account(&account);
        let names = connected.into_iter().flat_map(|connected| connected.resources.names());
        names.filter_map(move |name| account.with_resource(name).ok())
    }

    /// Time never goes back.
    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Whether an address is one of another domain.
    fn is_remote(&self, jid: &Jid) -> bool {
        jid.domain() != self.config.domain.domain()
    }

    /// The local part, if the address is that of an account of this domain, whether there is one or
    /// not.
    fn local_part<'a>(&self, account: &'a BareJid) -> Option<&'a str> {
        if self.is_remote(account) { None } else { account.local() }
    }

    /// An account that somebody is logged in to.
    fn account(&self, jid: &BareJid) -> Option<&Account> {
        self.accounts.get(self.local_part(jid)?)
    }

    /// A connected resource.
    fn resource_mut(&mut self, jid: &FullJid) -> Option<&mut Resource> {
        let bare = jid.to_bare();
        let local = self.local_part(&bare)?;
        self.accounts.get_mut(local)?.resources.get_mut(jid.resource())
    }

    /// The sessions of an account.
    fn sessions_of(&self, jid: &BareJid) -> Vec<SessionId> {
        let resources =
            self.account(jid).into_iter().flat_map(|account| account.resources.values());
        resources.map(|resource| resource.session).collect()
    }

    /// A session has something for its driver.
    fn stir(&mut self, id: SessionId) {
        self.sessions.touch(id);
        if let Some(session) = self.sessions.get(id)
            && session.released
        {
            if !session.server.is_suspended() {
                self.orphans.push_back(id);
            }
            return;
        }
        if self.driven != Some(id) {
            self.sessions.mark_ready(id);
        }
    }

    fn tell(&mut self, event: DomainEvent) {
        if self.events.len() >= self.config.max_events.max(1) {
            self.events.pop_front();
            self.missed += 1;
        }
        self.events.push_back(event);
    }
}

impl<S> fmt::Debug for Domain<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain")
            .field("domain", &self.config.domain)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

/// There are as many sessions as [`DomainConfig::max_sessions`] allows. The transport is best closed
/// without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainFull;

impl fmt::Display for DomainFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the domain has as many sessions as it is allowed to have")
    }
}

impl core::error::Error for DomainFull {}

/// Why an account was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountError {
    /// The name cannot be the local part of an address.
    Name(JidError),
    /// There is such an account.
    Taken,
    /// There are as many accounts as [`DomainConfig::max_accounts`] allows.
    TooMany,
    /// The storage failed.
    Storage(StorageError),
}

impl From<StorageError> for AccountError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "no account can have that name: {error}"),
            Self::Taken => f.write_str("there is an account of that name"),
            Self::TooMany => f.write_str("the domain has as many accounts as it may have"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AccountError {}

#[cfg(test)]
mod tests;
