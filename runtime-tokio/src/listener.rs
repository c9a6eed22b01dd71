//! The listener: accepts connections and puts a server's machine on each.

mod config;

pub use config::ListenerConfig;

use core::future::poll_fn;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use xmpp_proto::Seed;
use xmpp_proto::endpoint::{Server, ServerConfig};
use xmpp_runtime_common::rustls::crypto::CryptoProvider;
use xmpp_runtime_common::{ServerTlsConfig, default_provider, entropy};

use crate::admission::{Admission, Slot};
use crate::clock::Clock;
use crate::command::Waiters;
use crate::driver::{Closing, Driver, SessionDriver};
use crate::error::ConfigError;
use crate::events::{Events, Outlet, SessionEvents};
use crate::handle::Handle;
use crate::pump::Pump;
use crate::session::Session;
use crate::transport::{Means, Stream};

/// How long accepting rests after a fault that another try at once would only meet again.
const REST: Duration = Duration::from_millis(100);

/// Accepts client-to-server connections.
///
/// ```no_run
/// use xmpp_runtime_tokio::{Bound, Listener, ListenerConfig, ServerEvent};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ListenerConfig::new("example.org")?
///     .starttls("[::]:5222".parse()?)
///     .direct_tls("[::]:5223".parse()?)
///     .certificate_files("example.org", "cert.pem", "key.pem")?;
/// let mut listener = Listener::bind(config).await?;
/// loop {
///     let (session, mut events, driver) = listener.accept().await?;
///     tokio::spawn(driver);
///     tokio::spawn(async move {
///         while let Some(event) = events.next().await {
///             let answered = match event {
///                 ServerEvent::Credentials(ask) => session.credentials(ask, None).await,
///                 ServerEvent::Bind(ask) => session.bind(ask, Bound::Accept).await,
///                 other => Ok(println!("{other:?}")),
///             };
///             answered.unwrap_or_else(|why| println!("{why}"));
///         }
///     });
/// }
/// # }
/// ```
///
/// # Limits
///
/// At most [`max_connections`](ListenerConfig::max_connections) are open at once, from when they are
/// accepted until their driver has ended. When there are so many, [`accept`](Self::accept) waits:
/// further clients wait in the operating system's queue, which costs nothing and gives way as soon as
/// somebody leaves. Above [`max_connections_per_ip`](ListenerConfig::max_connections_per_ip)
/// connections are dropped at once, since others wait behind them. No connection does anything before
/// its driver is run, and each one has its own deadlines from then on. A client that has logged in may
/// be silent for as long as it likes; whether it is still there a ping tells
/// ([`request`](crate::Handle::request), XEP-0199).
///
/// # The end
///
/// Dropping the listener closes its sockets; connections that were accepted go on. They are the
/// application's to close, such as with [`Session::close_with`] and `system-shutdown`.
pub struct Listener {
    sockets: Vec<Socket>,
    /// Which one is asked first, so that a busy one does not keep others waiting.
    turn: usize,
    admission: Admission,
    /// Not before this moment, after a fault.
    rest: Option<Instant>,
    dropped: u64,
    tls: Option<ServerTlsConfig>,
    provider: Arc<CryptoProvider>,
    event_capacity: usize,
    command_capacity: usize,
}

struct Socket {
    listener: TcpListener,
    local: SocketAddr,
    core: Arc<ServerConfig>,
}

/// A connection that was accepted.
pub(crate) struct Accepted {
    pub(crate) socket: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    pub(crate) core: Arc<ServerConfig>,
    pub(crate) slot: Slot,
}

impl Listener {
    /// Listens at all addresses of the configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Bind`], [`ConfigError::Tls`] if the TLS configuration cannot be built (not if
    /// all addresses are for plain text), and [`ConfigError::Entropy`].
    pub async fn bind(config: ListenerConfig) -> Result<Self, ConfigError> {
        let tls = config.build_tls()?;
        let provider = match &tls {
            Some(tls) => Arc::clone(tls.provider()),
            None => default_provider()?,
        };
        let mut core = config.core;
        if core.decoy_key.is_none() {
            core.decoy_key = Some(entropy(&provider)?);
        }
        let mut sockets = Vec::with_capacity(config.addresses.len());
        for (address, mode) in config.addresses {
            let fault = |error| ConfigError::Bind { address, error };
            let listener = TcpListener::bind(address).await.map_err(fault)?;
            let local = listener.local_addr().map_err(fault)?;
            let core = Arc::new(core.clone().with_tls(mode));
            sockets.push(Socket { listener, local, core });
        }
        Ok(Self {
            sockets,
            turn: 0,
            admission: Admission::new(config.max_connections, config.max_per_ip),
            rest: None,
            dropped: 0,
            tls,
            provider,
            event_capacity: core.event_capacity.max(1),
            command_capacity: config.command_capacity,
        })
    }

    /// The addresses that are listened at, in the order in which they were given, with the ports
    /// that the system has chosen.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|socket| socket.local)
    }

    /// How many connections were dropped because their address had too many.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The next connection: its handle, its events, and the driver that does all its work and that
    /// the caller spawns. The first event follows from what the client does; the last one is
    /// [`ServerEvent::Ended`](crate::ServerEvent::Ended).
    ///
    /// Nothing is lost if this is dropped before it is ready, as in `tokio::select!`. With no
    /// address configured it waits forever.
    ///
    /// # Errors
    ///
    /// What the operating system says, if it is neither about a single connection, which is then
    /// skipped, nor about a lack of descriptors or memory, after which accepting rests for a moment.
    /// The listener can be used on; it rests after these, too.
    pub async fn accept(&mut self) -> io::Result<(Session, SessionEvents, SessionDriver)> {
        let accepted = self.accept_socket().await?;
        self.serve(accepted)
    }

    /// The next connection, and nothing done with it.
    pub(crate) async fn accept_socket(&mut self) -> io::Result<Accepted> {
        loop {
            if let Some(until) = self.rest {
                sleep_until(until).await;
                self.rest = None;
            }
            let Some(room) = self.admission.room().await else {
                return Err(io::Error::other("the listener is closed")); // nobody closes it
            };
            let (at, accepted) = poll_fn(|cx| self.poll_accept(cx)).await;
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if concerns_one(&error) => continue,
                Err(error) => {
                    self.rest = Some(Instant::now() + REST);
                    if is_shortage(&error) {
                        continue;
                    }
                    return Err(error);
                }
            };
            match self.admission.admit(room, peer.ip()) {
                Some(slot) => return Ok(self.accepted(at, socket, peer, slot)),
                None => self.dropped += 1,
            }
        }
    }

    fn poll_accept(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<(usize, io::Result<(TcpStream, SocketAddr)>)> {
        let count = self.sockets.len();
        for offset in 0..count {
            let at = (self.turn + offset) % count;
            if let Poll::Ready(accepted) = self.sockets[at].listener.poll_accept(cx) {
                self.turn = at + 1;
                return Poll::Ready((at, accepted));
            }
        }
        Poll::Pending
    }

    fn accepted(&self, at: usize, socket: TcpStream, peer: SocketAddr, slot: Slot) -> Accepted {
        let Socket { core, local, .. } = &self.sockets[at];
        // As for clients: a socket that cannot do this is slower, not broken.
        let _ = socket.set_nodelay(true);
        let local = socket.local_addr().unwrap_or(*local);
        Accepted { socket, peer, local, core: Arc::clone(core), slot }
    }

    /// The transport of a connection, and its end of it for the pump.
    pub(crate) fn pump(&self, clock: Clock, slot: Slot) -> Pump {
        let means = Means::Receiving { tls: self.tls.clone(), _slot: slot };
        Pump::new(clock, means, Arc::clone(&self.provider))
    }

    fn serve(&mut self, accepted: Accepted) -> io::Result<(Session, SessionEvents, SessionDriver)> {
        let Accepted { socket, peer, local, core, slot } = accepted;
        let seed = match entropy(&self.provider) {
            Ok(seed) => Seed::new(seed),
            Err(error) => {
                self.rest = Some(Instant::now() + REST);
                return Err(io::Error::other(error));
            }
        };
        let clock = Clock::start();
        let grace = core.close_timeout;
        let mut machine = Server::new(core, seed, clock.now());
        let id = machine.attempt();
        let mut pump = self.pump(clock, slot);
        pump.open(&mut machine, clock.now(), id, Stream::Plain(socket));

        let (outlet, queue) = mpsc::channel(self.event_capacity);
        let (give, commands) = mpsc::channel(self.command_capacity);
        let (hang, hangup) = mpsc::channel(1);
        let (urge, urgent) = mpsc::unbounded_channel();
        let driver = Driver {
            machine,
            pump,
            waiters: Waiters::default(),
            outlet: Outlet::new(outlet),
            commands,
            urgent,
            hangup,
            grace,
            closing: Closing::No,
        };
        let handle = Handle { commands: give, hangup: hang, urgent: urge };
        Ok((Session { handle, peer, local }, Events { queue }, driver))
    }
}

/// Whether a fault is that of the connection that was to be accepted: it is gone already, or came
/// from a network that is (accept(2) passes these on).
fn concerns_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut
    )
}

/// Whether the system has no descriptors, buffers or memory left: ENFILE, EMFILE, ENOBUFS, ENOMEM.
/// They come back when connections close.
fn is_shortage(error: &io::Error) -> bool {
    const NUMBERS: [i32; 4] =
        if cfg!(target_os = "linux") { [23, 24, 105, 12] } else { [23, 24, 55, 12] };
    const WINDOWS: [i32; 2] = [10024, 10055]; // WSAEMFILE, WSAENOBUFS
    let numbers = if cfg!(windows) { &WINDOWS[..] } else { &NUMBERS[..] };
    error.kind() == io::ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|number| numbers.contains(&number))
}

#[cfg(test)]
mod tests;
