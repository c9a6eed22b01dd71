//! A domain on sockets: many sessions of one machine, each with a task of its own.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use xmpp_proto::domain::{Domain, DomainConfig, DomainEvent, MemoryStorage, SessionId, Storage};
use xmpp_proto::{Instant, Seed};
use xmpp_runtime_common::{default_provider, entropy};

use crate::clock::Clock;
use crate::error::ConfigError;
use crate::listener::{Accepted, Listener, ListenerConfig};
use crate::pump::Pump;
use crate::transport::Stream;

/// A domain that listens.
///
/// ```no_run
/// use xmpp_proto::domain::DomainConfig;
/// use xmpp_proto::sasl::StoredCredentials;
/// use xmpp_runtime_tokio::{DomainListener, ListenerConfig};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ListenerConfig::new("example.org")?
///     .starttls("127.0.0.1:5222".parse()?)
///     .certificate_files("example.org", "cert.pem", "key.pem")?;
/// let mut listener = DomainListener::bind(config, DomainConfig::new("example.org".parse()?)).await?;
/// let alice = StoredCredentials::from_password("a password", b"a random salt", 4096)?;
/// listener.domain().with(|domain, _| domain.add_account("alice", alice))?;
/// loop {
///     tokio::spawn(listener.accept().await?);
/// }
/// # }
/// ```
///
/// Who listens where, with which certificates, and how many there may be is the listener's
/// configuration; everything else about the streams is the domain's.
pub struct DomainListener<S: Storage = MemoryStorage> {
    listener: Listener,
    handle: DomainHandle<S>,
}

/// Reaches into a running domain. Clones are for the same one.
pub struct DomainHandle<S: Storage = MemoryStorage> {
    shared: Arc<Shared<S>>,
}

/// One client's connection: a future that does all its work and that the caller spawns. Dropping it
/// cuts the connection.
#[must_use = "nothing happens unless it is spawned or awaited"]
pub struct DomainConnection<S: Storage = MemoryStorage> {
    id: SessionId,
    pump: Pump,
    shared: Arc<Shared<S>>,
}

/// What happens in a domain, in order.
pub struct DomainEvents<S: Storage = MemoryStorage> {
    shared: Arc<Shared<S>>,
}

struct Shared<S: Storage> {
    clock: Clock,
    state: Mutex<State<S>>,
}

struct State<S: Storage> {
    domain: Domain<S>,
    /// The tasks of the sessions.
    tasks: HashMap<SessionId, Waker>,
    /// Whoever waits for events.
    listening: Option<Waker>,
    /// Whoever keeps the time of sessions that have no task, and until when.
    keeping: Option<Waker>,
    expiry: Option<Instant>,
}

impl<S: Storage> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // The domain is whole after each call, and a panic in one is a defect that was reported.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Storage> State<S> {
    /// Wakes the tasks of those sessions that have something to do now.
    fn wake(&mut self) {
        while let Some(id) = self.domain.poll_ready() {
            if let Some(task) = self.tasks.get(&id) {
                task.wake_by_ref();
            }
        }
        if self.domain.has_events()
            && let Some(listening) = self.listening.take()
        {
            listening.wake();
        }
        let expiry = self.domain.poll_hibernation();
        if core::mem::replace(&mut self.expiry, expiry) != expiry
            && let Some(keeping) = self.keeping.take()
        {
            keeping.wake();
        }
    }

    /// Sees to the sessions that have no task and whose time is up.
    fn keep_time(&mut self, now: Instant) {
        if self.domain.poll_hibernation().is_some_and(|at| at <= now) {
            self.domain.handle_timeout(now);
            self.wake();
        }
    }
}

impl DomainListener {
    /// Listens at all addresses of the configuration, for a new domain in memory.
    ///
    /// # Errors
    ///
    /// As [`Listener::bind`].
    pub async fn bind(config: ListenerConfig, domain: DomainConfig) -> Result<Self, ConfigError> {
        Self::bind_with(config, domain, MemoryStorage::default()).await
    }
}

impl<S: Storage> DomainListener<S> {
    /// Listens at all addresses of the configuration, for a domain that keeps what it must in
    /// `storage`.
    ///
    /// # Errors
    ///
    /// As [`Listener::bind`].
    pub async fn bind_with(
        config: ListenerConfig,
        domain: DomainConfig,
        storage: S,
    ) -> Result<Self, ConfigError> {
        let listener = Listener::bind(config).await?;
        let clock = Clock::start();
        let provider = default_provider()?;
        let seed = Seed::new(entropy(&provider)?);
        let mut domain = Domain::with_storage(domain, storage, seed, clock.now());
        if let Ok(since_1970) = SystemTime::now().duration_since(UNIX_EPOCH) {
            let micros = u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX);
            domain.set_wall_clock(clock.now(), micros);
        }
        let state =
            State { domain, tasks: HashMap::new(), listening: None, keeping: None, expiry: None };
        let shared = Arc::new(Shared { clock, state: Mutex::new(state) });
        Ok(Self { listener, handle: DomainHandle { shared } })
    }

    /// The addresses that are listened at, in the order in which they were given, with the ports
    /// that the system has chosen.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.listener.local_addrs()
    }

    /// The domain.
    #[must_use]
    pub const fn domain(&self) -> &DomainHandle<S> {
        &self.handle
    }

    /// The next connection, which the caller spawns. One that finds the domain full ends at once.
    ///
    /// While this is awaited, sessions whose clients do not come back in time come to their end.
    ///
    /// Nothing is lost if this is dropped before it is ready, as in `tokio::select!`.
    ///
    /// # Errors
    ///
    /// As [`Listener::accept`].
    pub async fn accept(&mut self) -> io::Result<DomainConnection<S>> {
        loop {
            let shared = &self.handle.shared;
            let accepted = keep_time(shared, self.listener.accept_socket()).await;
            let Accepted { socket, core, slot, .. } = accepted?;
            let mut pump = self.listener.pump(shared.clock, slot);
            let now = shared.clock.now();
            let mut state = shared.lock();
            let Ok(id) = state.domain.accept(now, core.tls) else { continue };
            if let Some(mut port) = state.domain.session(id) {
                let attempt = port.attempt();
                pump.open(&mut port, now, attempt, Stream::Plain(socket));
            }
            return Ok(DomainConnection { id, pump, shared: Arc::clone(shared) });
        }
    }
}

/// Waits for `until`, and keeps the time of sessions that wait to be resumed.
async fn keep_time<S: Storage, T>(shared: &Shared<S>, until: impl Future<Output = T>) -> T {
    let mut until = core::pin::pin!(until);
    let mut timer = None;
    core::future::poll_fn(|cx| {
        if let Poll::Ready(done) = until.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        let mut state = shared.lock();
        loop {
            state.keep_time(shared.clock.now());
            state.keeping = Some(cx.waker().clone());
            let Some(at) = state.domain.poll_hibernation() else { break };
            let Some(at) = shared.clock.to_tokio(at) else { break };
            let sleep = timer.insert(Box::pin(tokio::time::sleep_until(at)));
            if sleep.as_mut().poll(cx).is_pending() {
                break;
            }
        }
        Poll::Pending
    })
    .await
}

impl<S: Storage> Clone for DomainHandle<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<S: Storage> DomainHandle<S> {
    /// Runs `f` on the domain itself. It must not block: nothing else of this domain moves meanwhile.
    pub fn with<R>(&self, f: impl FnOnce(&mut Domain<S>, Instant) -> R) -> R {
        let mut state = self.shared.lock();
        let result = f(&mut state.domain, self.shared.clock.now());
        state.wake();
        result
    }

    /// What happens in the domain from now on. Each event is told to one listener only.
    #[must_use]
    pub fn events(&self) -> DomainEvents<S> {
        DomainEvents { shared: Arc::clone(&self.shared) }
    }
}

impl<S: Storage> DomainEvents<S> {
    /// The next event. Nothing is lost if this is dropped before it is ready.
    pub async fn next(&mut self) -> DomainEvent {
        core::future::poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some(event) = state.domain.poll_event() {
                return Poll::Ready(event);
            }
            state.listening = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl<S: Storage> Future for DomainConnection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { id, pump, shared } = &mut *self;
        let mut state = shared.lock();
        let Some(mut port) = state.domain.session(*id) else { return Poll::Ready(()) };
        loop {
            if !pump.drain(&mut port, drop) {
                cx.waker().wake_by_ref();
                break;
            }
            if !pump.poll_io(&mut port, cx) {
                break;
            }
        }
        let over = port.is_over() && pump.link.is_over();
        if !over && state.tasks.get(id).is_none_or(|task| !task.will_wake(cx.waker())) {
            state.tasks.insert(*id, cx.waker().clone());
        }
        state.wake();
        if over { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<S: Storage> Drop for DomainConnection<S> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let now = self.shared.clock.now();
        state.domain.release(now, self.id);
        state.tasks.remove(&self.id);
        state.wake();
    }
}
