//! A TCP proxy on loopback that breaks what passes through it, as told.
//!
//! ```ignore
//! let proxy = Proxy::to(server.tls_address()).start();
//! // .. a client connects to `proxy.address()` ..
//! proxy.inject(Fault::Cut { way: Way::Down, after: 700, how: How::Reset });
//! ```
//!
//! A connection of a client and the one that the proxy makes for it to the server are a link. Two
//! threads move its bytes, one for each direction; they end with the link, and all of them when the
//! proxy is dropped.
//!
//! It is not part of the other support, since it needs a crate that programs which start servers
//! otherwise do not: `#[path = "../support/proxy.rs"] mod proxy;`.
#![allow(dead_code, reason = "each test binary uses its own part")]

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

/// How long a thread waits for bytes before it looks whether something else is wanted of it.
const TICK: Duration = Duration::from_millis(5);
/// The most links at once. For another one, the oldest is reset.
const MAX_LINKS: usize = 64;
/// The most bytes moved in one go, where records need not stay whole.
const CHUNK: usize = 4096;
/// How long a link lives on after it was closed by FIN, for the ends to close theirs.
const LINGER: Duration = Duration::from_secs(2);
/// The most lines of the log; what comes later is not noted.
const MAX_LOG: usize = 50_000;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// How a link is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Both ends see the other one close.
    Fin,
    /// Both ends see the other one break off.
    Reset,
}

/// What can happen to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is cut when so many more bytes have passed in this direction.
    Cut { way: Way, after: u64, how: How },
    /// What comes, in this direction or in both, is read and thrown away, the end too: neither side
    /// is told anything.
    BlackHole(Option<Way>),
    /// Nothing is read any more, so that both sides have to wait sooner or later.
    Stall,
    /// Every piece waits so long before it is passed on.
    Delay(Duration),
}

/// A proxy that is to be started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Builder {
    target: SocketAddr,
    whole_records: bool,
}

impl Builder {
    /// Passes on whole TLS records only, in the direction [`Way::Up`], and breaks off between two of
    /// them: [`Fault::Cut`] then takes place behind the record that reaches the number of bytes. For
    /// links that begin with TLS.
    pub(crate) const fn whole_records(mut self) -> Self {
        self.whole_records = true;
        self
    }

    /// Starts it. It accepts connections and passes everything on.
    pub(crate) fn start(self) -> Proxy {
        // A socket that never listens keeps the port while connections are refused.
        let keeper = bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has a free port");
        let address = keeper.local_addr().ok().and_then(|it| it.as_socket()).expect("it is bound");
        let shared = Arc::new(Shared {
            builder: self,
            began: Instant::now(),
            stopped: AtomicBool::new(false),
            inner: Mutex::default(),
        });
        let mut proxy = Proxy { address, keeper, shared, acceptor: None };
        proxy.accept();
        let shared = Arc::clone(&proxy.shared);
        proxy.acceptor = Some(thread::spawn(move || shared.run()));
        proxy
    }
}

/// A running proxy, stopped on drop. Then all links are gone, and its threads too.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    keeper: Socket,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of the server at this address.
    pub(crate) const fn to(target: SocketAddr) -> Builder {
        Builder { target, whole_records: false }
    }

    /// Where it accepts connections.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The links that are not over, oldest first.
    pub(crate) fn links(&self) -> Vec<Link> {
        self.shared.inner().links.iter().filter(|link| !link.is_over()).cloned().collect()
    }

    /// The youngest link that is not over.
    pub(crate) fn newest(&self) -> Option<Link> {
        self.links().pop()
    }

    /// How many links there have been.
    pub(crate) fn opened(&self) -> usize {
        self.shared.inner().opened
    }

    /// Has this happen to all links that there are.
    pub(crate) fn inject(&self, fault: Fault) {
        for link in self.links() {
            link.inject(fault);
        }
    }

    /// Cuts all links now, or as soon as the record on its way is through.
    pub(crate) fn cut(&self, how: How) {
        for link in self.links() {
            link.cut(how);
        }
    }

    /// Has this happen to a link to come: to the next one, or to the one after those that something
    /// is planned for.
    pub(crate) fn plan(&self, fault: Fault) {
        self.shared.inner().planned.push_back(fault);
    }

    /// Ends all stalls and delays, and forgets what was planned.
    pub(crate) fn forward(&self) {
        self.shared.inner().planned.clear();
        for link in self.links() {
            link.forward();
        }
    }

    /// Refuses new connections from now on, as where no server runs. Links stay.
    pub(crate) fn refuse(&self) {
        self.shared.inner().listener = None;
        self.shared.note("new connections are refused");
    }

    /// Accepts new connections, which it does from its start.
    pub(crate) fn accept(&self) {
        let listening = bind(self.address).and_then(|socket| {
            socket.listen(128)?;
            socket.set_nonblocking(true)?;
            Ok(TcpListener::from(socket))
        });
        self.shared.inner().listener = Some(listening.expect("the port is kept"));
        self.shared.note("new connections are accepted");
    }

    /// What it has done, and when.
    pub(crate) fn log(&self) -> String {
        self.shared.inner().log.join("\n")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        if let Some(acceptor) = self.acceptor.take() {
            // It does not panic; and a panic in a drop would hide the test's.
            let _ = acceptor.join();
        }
        if thread::panicking() {
            eprintln!("--- what the proxy at {} did ---\n{}\n---", self.address, self.log());
        }
    }
}

/// One link. Clones are of the same one.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    number: usize,
    proxy: Arc<Shared>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    up: Passage,
    down: Passage,
    stalled: bool,
    delay: Duration,
    /// It is to be cut, and nothing more may pass.
    cut: Option<How>,
    /// It was closed by FIN, and lives until then.
    lingers: Option<Instant>,
    over: bool,
}

/// One direction of a link.
#[derive(Clone, Copy, Debug, Default)]
struct Passage {
    passed: u64,
    /// How far it may go.
    cut: Option<(u64, How)>,
    swallows: bool,
    /// Nothing comes any more.
    ended: bool,
}

impl State {
    const fn passage(&mut self, way: Way) -> &mut Passage {
        match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        }
    }
}

impl Link {
    /// Which one it is, counted from 1.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// How many bytes have passed.
    pub(crate) fn passed(&self, way: Way) -> u64 {
        self.state().passage(way).passed
    }

    /// Whether it is cut, or was closed by both ends.
    pub(crate) fn is_over(&self) -> bool {
        let state = self.state();
        state.over || state.cut.is_some() || state.lingers.is_some()
    }

    /// Has this happen to it.
    pub(crate) fn inject(&self, fault: Fault) {
        let mut state = self.state();
        match fault {
            Fault::Cut { way, after, how } => {
                let passage = state.passage(way);
                passage.cut = Some((passage.passed + after, how));
            }
            Fault::BlackHole(way) => {
                state.up.swallows |= way != Some(Way::Down);
                state.down.swallows |= way != Some(Way::Up);
            }
            Fault::Stall => state.stalled = true,
            Fault::Delay(delay) => state.delay = delay,
        }
        drop(state);
        self.note(&format!("{fault:?}"));
    }

    /// Cuts it now, or as soon as the record on its way is through.
    pub(crate) fn cut(&self, how: How) {
        self.state().cut.get_or_insert(how);
    }

    /// Ends a stall and a delay. What a black hole has swallowed is gone.
    pub(crate) fn forward(&self) {
        let mut state = self.state();
        state.stalled = false;
        state.delay = Duration::ZERO;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: &str) {
        self.proxy.note(&format!("link {}: {what}", self.number));
    }
}

#[derive(Debug)]
struct Shared {
    builder: Builder,
    began: Instant,
    stopped: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    listener: Option<TcpListener>,
    links: Vec<Link>,
    threads: Vec<JoinHandle<()>>,
    planned: VecDeque<Fault>,
    opened: usize,
    log: Vec<String>,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: &str) {
        let at = self.began.elapsed().as_secs_f64();
        let log = &mut self.inner().log;
        if log.len() < MAX_LOG {
            log.push(format!("{at:9.3} {what}"));
        }
    }

    /// Accepts until the proxy is dropped, then waits for all threads.
    fn run(self: Arc<Self>) {
        while !self.stopped.load(Ordering::Relaxed) {
            let accepted = self.inner().listener.as_ref().map(TcpListener::accept);
            match accepted {
                Some(Ok((client, _))) => self.open(client),
                // Nobody comes, or nobody may.
                Some(Err(_)) | None => thread::sleep(TICK),
            }
            let mut inner = self.inner();
            inner.links.retain(|link| !link.state().over);
            inner.threads.retain(|thread| !thread.is_finished());
        }
        let threads = core::mem::take(&mut self.inner().threads);
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn open(self: &Arc<Self>, client: TcpStream) {
        let server = match TcpStream::connect(self.builder.target).and_then(|server| {
            for socket in [&client, &server] {
                socket.set_nonblocking(false)?;
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(TICK))?;
                socket.set_write_timeout(Some(TICK))?;
            }
            Ok(server)
        }) {
            Ok(server) => server,
            Err(error) => {
                self.note(&format!("a connection is reset, because of the server's: {error}"));
                return reset_on_close(&client);
            }
        };
        let mut inner = self.inner();
        inner.opened += 1;
        let number = inner.opened;
        let link = Link { number, proxy: Arc::clone(self), state: Arc::default() };
        let planned = inner.planned.pop_front();
        let surplus = (inner.links.len() + 1).saturating_sub(MAX_LINKS);
        for oldest in inner.links.iter().take(surplus) {
            oldest.cut(How::Reset);
        }
        inner.links.push(link.clone());
        drop(inner);
        link.note("opened");
        if let Some(fault) = planned {
            link.inject(fault);
        }
        let ends = Arc::new(Ends { client, server });
        for way in [Way::Up, Way::Down] {
            let mover = Mover { link: link.clone(), ends: Arc::clone(&ends), way };
            self.inner().threads.push(thread::spawn(move || mover.run()));
        }
    }
}

#[derive(Debug)]
struct Ends {
    client: TcpStream,
    server: TcpStream,
}

/// What a thread does: it moves the bytes of one direction. The one that moves them up also carries
/// out cuts, so that these never come in the midst of a record.
#[derive(Debug)]
struct Mover {
    link: Link,
    ends: Arc<Ends>,
    way: Way,
}

impl Mover {
    fn run(self) {
        let whole = self.link.proxy.builder.whole_records && self.way == Way::Up;
        let mut held = Vec::new();
        let mut chunk = vec![0; CHUNK];
        while let Some(mut state) = self.next() {
            let passage = *state.passage(self.way);
            if state.stalled || passage.ended || state.cut.is_some() {
                thread::sleep(TICK);
                continue;
            }
            let n = match { self.from() }.read(&mut chunk) {
                Ok(0) => {
                    self.end();
                    continue;
                }
                Ok(n) => n,
                Err(error) if is_timeout(&error) => continue,
                Err(_) => {
                    self.broken();
                    continue;
                }
            };
            // Something else may be wanted by now.
            let mut state = *self.link.state();
            if state.passage(self.way).swallows {
                continue;
            }
            self.delay(state.delay);
            held.extend_from_slice(&chunk[..n]);
            let ready = if whole { whole_records(&held) } else { held.len() };
            let rest = held.split_off(ready);
            if whole {
                for record in records(&held) {
                    self.pass(record);
                }
            } else {
                self.pass(&held);
            }
            held = rest;
        }
    }

    /// How things stand, or `None` when the link is over.
    fn next(&self) -> Option<State> {
        let mut state = self.link.state();
        let late = state.lingers.is_some_and(|until| Instant::now() > until);
        state.over |= late || state.up.ended && state.down.ended;
        if state.over {
            return None;
        }
        if self.is_stopped() {
            state.cut = Some(How::Reset);
        }
        if self.way == Way::Up
            && let Some(how) = state.cut.take()
        {
            let Ends { client, server } = &*self.ends;
            match how {
                How::Fin => {
                    state.lingers = Some(Instant::now() + LINGER);
                    state.stalled = false;
                    for passage in [Way::Up, Way::Down] {
                        state.passage(passage).swallows = true;
                    }
                    // An end that is gone already cannot be told.
                    let _ = client.shutdown(Shutdown::Write);
                    let _ = server.shutdown(Shutdown::Write);
                }
                How::Reset => {
                    state.over = true;
                    reset_on_close(client);
                    reset_on_close(server);
                }
            }
            let (up, down) = (state.up.passed, state.down.passed);
            drop(state);
            self.link.note(&format!("cut by {how:?} after {up} bytes up and {down} down"));
            return self.next();
        }
        Some(*state)
    }

    fn is_stopped(&self) -> bool {
        self.link.proxy.stopped.load(Ordering::Relaxed)
    }

    fn from(&self) -> &TcpStream {
        match self.way {
            Way::Up => &self.ends.client,
            Way::Down => &self.ends.server,
        }
    }

    fn to(&self) -> &TcpStream {
        match self.way {
            Way::Up => &self.ends.server,
            Way::Down => &self.ends.client,
        }
    }

    /// The sender has closed. Behind a black hole the other side does not learn of it.
    fn end(&self) {
        let mut state = self.link.state();
        let passage = state.passage(self.way);
        passage.ended = true;
        if !passage.swallows {
            let _ = self.to().shutdown(Shutdown::Write);
        }
    }

    /// The sender has broken off, and so does the link, unless it is a black hole.
    fn broken(&self) {
        let mut state = self.link.state();
        let passage = state.passage(self.way);
        passage.ended = true;
        if !passage.swallows {
            state.cut.get_or_insert(How::Reset);
        }
    }

    fn delay(&self, delay: Duration) {
        let end = Instant::now() + delay;
        while !self.link.is_over() && Instant::now() < end {
            thread::sleep(TICK.min(delay));
        }
    }

    /// Passes this on, as far as it may go.
    fn pass(&self, bytes: &[u8]) {
        let whole = self.link.proxy.builder.whole_records && self.way == Way::Up;
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_stopped() {
            let mut state = self.link.state();
            // What is begun is brought to its end, where records are whole.
            let begun = whole && rest.len() < bytes.len();
            if state.over || !begun && (state.cut.is_some() || state.passage(self.way).swallows) {
                return;
            }
            let passage = state.passage(self.way);
            let left = passage.cut.map(|(at, _)| at.saturating_sub(passage.passed));
            if left == Some(0) && !begun {
                state.cut = state.cut.or(state.passage(self.way).cut.map(|(_, how)| how));
                return;
            }
            let most = left.filter(|_| !whole).map_or(rest.len(), |left| {
                rest.len().min(usize::try_from(left).unwrap_or(usize::MAX))
            });
            // Counted before, so that nobody receives what is not counted.
            state.passage(self.way).passed += most as u64;
            drop(state);
            let written = { self.to() }.write(&rest[..most]);
            let mut state = self.link.state();
            let passage = state.passage(self.way);
            passage.passed -= (most - *written.as_ref().unwrap_or(&0)) as u64;
            match written {
                Ok(n) => {
                    rest = &rest[n..];
                    if let Some((at, how)) = passage.cut
                        && passage.passed >= at
                        && (!whole || rest.is_empty())
                    {
                        state.cut.get_or_insert(how);
                    }
                }
                Err(error) if is_timeout(&error) => {}
                // The receiver is gone. Its closing, or its reset, is read by the other thread.
                Err(_) => return,
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// The TLS records at the beginning of `bytes` that are complete: a type, a version, a length of two
/// bytes, and so many bytes (RFC 8446 §5.1).
fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let length = [*rest.get(3)?, *rest.get(4)?];
        let (record, behind) =
            rest.split_at_checked(5 + usize::from(u16::from_be_bytes(length)))?;
        rest = behind;
        Some(record)
    })
}

/// How many bytes they are.
fn whole_records(bytes: &[u8]) -> usize {
    records(bytes).map(<[u8]>::len).sum()
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // Links that are gone, and the socket that keeps the port, are not in the way.
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

/// From now on, closing the socket breaks the connection off.
fn reset_on_close(socket: &TcpStream) {
    // An end that is gone already cannot be told.
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}
