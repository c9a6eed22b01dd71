//! DNS, TCP and TLS: looking up, opening, securing and closing. What is under way lives in
//! [`Link`], which the driver owns, so that nothing is lost when somebody stops waiting.

use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use xmpp_proto::endpoint::{
    Action, AttemptId, DnsRecords, LostCause, Shutdown, Target, TlsFault, TlsInfo,
};
use xmpp_runtime_common::hickory_resolver::net::runtime::TokioRuntimeProvider;
use xmpp_runtime_common::{
    ServerTlsConfig, TlsConfig, client_lost_cause, lost_cause, server_name, tls_info,
};

use crate::admission::Slot;
use crate::race::race;

pub(crate) type Resolver = xmpp_runtime_common::Resolver<TokioRuntimeProvider>;

/// How long a polite end may take: long enough for a round trip anywhere, short enough for a
/// program that waits for it.
const PARTING: Duration = Duration::from_secs(2);

/// How long a broken connection is listened to. The runtime notices within milliseconds that
/// there is something to read, or the end; the application may take longer to make room for it.
const LAST_WORDS: Duration = Duration::from_secs(2);

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a transport is made and secured with.
pub(crate) enum Means {
    /// At the initiating end. TLS may be left out where it is never used.
    Initiating { tls: Option<TlsConfig>, dns: Resolver },
    /// At the receiving end, where the transport is there from the beginning.
    Receiving { tls: Option<ServerTlsConfig>, _slot: Slot },
}

/// An open transport.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// What the machine wants to know of the TLS session, if it is one.
    pub(crate) fn tls_info(&self, means: &Means) -> Option<TlsInfo> {
        let Self::Tls(stream) = self else { return None };
        Some(match (&**stream, means) {
            (TlsStream::Client(stream), _) => tls_info(stream.get_ref().1),
            (TlsStream::Server(stream), Means::Receiving { tls: Some(tls), .. }) => {
                tls.tls_info(stream.get_ref().1)
            }
            (TlsStream::Server(_), _) => TlsInfo::new(),
        })
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())), // a socket has no buffer of its own
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// The transport of the current attempt, and what remains of earlier ones.
#[derive(Default)]
pub(crate) struct Link {
    pub(crate) state: State,
    parting: Vec<Task<()>>,
}

/// How far the transport is.
#[derive(Default)]
pub(crate) enum State {
    /// There is none.
    #[default]
    Down,
    /// It is being looked up, opened or secured.
    Busy { id: AttemptId, task: Task<Done> },
    /// It carries bytes.
    Up(Up),
}

/// How a task has ended.
pub(crate) enum Done {
    Resolved(DnsRecords),
    Open(Stream),
    Failed(LostCause),
}

impl From<Result<Stream, LostCause>> for Done {
    fn from(result: Result<Stream, LostCause>) -> Self {
        result.map_or_else(Self::Failed, Self::Open)
    }
}

/// A transport that carries bytes.
pub(crate) struct Up {
    pub(crate) id: AttemptId,
    pub(crate) stream: Stream,
    /// Whether TLS may hold bytes that the socket has not taken.
    pub(crate) unflushed: bool,
    /// Why writing failed.
    pub(crate) broken: Option<Broken>,
}

/// Writing has failed. Reading goes on for a moment: the peer's last words, such as a stream
/// error, may still be in the socket and say more than the cause.
pub(crate) struct Broken {
    pub(crate) cause: LostCause,
    moment: Pin<Box<Sleep>>,
}

impl Broken {
    pub(crate) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.moment.as_mut().poll(cx).is_ready()
    }
}

impl Up {
    pub(crate) const fn new(id: AttemptId, stream: Stream) -> Self {
        Self { id, stream, unflushed: false, broken: None }
    }

    pub(crate) fn break_off(&mut self, error: &io::Error) {
        let cause = lost_cause(error, "");
        self.broken = Some(Broken { cause, moment: Box::pin(sleep(LAST_WORDS)) });
    }
}

impl Link {
    /// Begins what the machine asks for; its end comes with [`Link::poll`].
    pub(crate) fn act(&mut self, action: Action, means: &Means) {
        match (action, means) {
            (Action::Resolve { id, domain }, Means::Initiating { dns, .. }) => {
                let dns = dns.clone();
                let task = async move { Done::Resolved(dns.lookup(&domain).await) };
                self.state = State::Busy { id, task: Box::pin(task) };
            }
            (Action::Connect { id, target }, Means::Initiating { dns, .. }) => {
                let dns = dns.clone();
                let task = async move { open(target, &dns).await.into() };
                self.state = State::Busy { id, task: Box::pin(task) };
            }
            (Action::Secure { id, server_name, alpn }, Means::Initiating { tls, .. }) => {
                let tls = tls.clone();
                self.wrap(id, |socket| secure(socket, tls, server_name, alpn));
            }
            (Action::SecureServer { id, domain }, Means::Receiving { tls, .. }) => {
                let tls = tls.clone();
                self.wrap(id, |socket| secure_server(socket, tls, domain));
            }
            (Action::Disconnect { id, how }, _) => {
                if self.id() == Some(id)
                    && let State::Up(up) = self.take_state()
                    && how == Shutdown::Flush
                {
                    self.parting.push(Box::pin(part(up.stream)));
                }
            }
            // The machine was built with a newer core that asks for more than this driver knows.
            // Its deadlines end the attempt.
            _ => {}
        }
    }

    /// Begins TLS on the open socket.
    fn wrap<F>(&mut self, id: AttemptId, handshake: impl FnOnce(TcpStream) -> F)
    where
        F: Future<Output = Result<Stream, LostCause>> + Send + 'static,
    {
        if self.id() == Some(id)
            && let State::Up(Up { stream: Stream::Plain(socket), .. }) = self.take_state()
        {
            let handshake = handshake(socket);
            self.state = State::Busy { id, task: Box::pin(async { handshake.await.into() }) };
        }
    }

    /// The transport in use.
    pub(crate) const fn id(&self) -> Option<AttemptId> {
        match &self.state {
            State::Down => None,
            State::Busy { id, .. } | State::Up(Up { id, .. }) => Some(*id),
        }
    }

    pub(crate) fn take_state(&mut self) -> State {
        core::mem::take(&mut self.state)
    }

    /// Goes on with whatever is under way, and tells when a task of the machine's has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(AttemptId, Done)> {
        self.parting.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        let State::Busy { id, task } = &mut self.state else { return Poll::Pending };
        let ended = (*id, ready!(task.as_mut().poll(cx)));
        self.state = State::Down;
        Poll::Ready(ended)
    }

    /// Whether nothing is open or under way any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Down) && self.parting.is_empty()
    }
}

/// Opens a TCP connection to any address of the target.
async fn open(target: Target, dns: &Resolver) -> Result<Stream, LostCause> {
    let unknown = |error: &str| LostCause::NameNotFound(format!("{} ({error})", target.host));
    let addresses: Vec<_> = if dns.is_explicit() {
        let addresses = dns.addresses(&target.host).await.map_err(|error| unknown(&error))?;
        addresses.into_iter().map(|ip| SocketAddr::new(ip, target.port)).collect()
    } else {
        let addresses = lookup_host((target.host.as_str(), target.port)).await;
        addresses.map_err(|error| unknown(&error.to_string()))?.collect()
    };
    let socket = race(addresses, TcpStream::connect).await.map_err(|error| match error {
        Some(error) => lost_cause(&error, &target.host),
        None => LostCause::NameNotFound(target.host.clone()),
    })?;
    // What is queued goes out in one write, so waiting for more to send with it only delays. A
    // socket that cannot do this is slower, not broken.
    let _ = socket.set_nodelay(true);
    Ok(Stream::Plain(socket))
}

/// Runs the TLS handshake. The certificate must be made out for `domain`.
async fn secure(
    socket: TcpStream,
    tls: Option<TlsConfig>,
    domain: String,
    alpn: Option<&'static [u8]>,
) -> Result<Stream, LostCause> {
    let config = tls.ok_or_else(unconfigured)?.client_config(alpn);
    let name = server_name(&domain)?;
    match TlsConnector::from(config).connect(name, socket).await {
        Ok(stream) => Ok(Stream::Tls(Box::new(stream.into()))),
        Err(error) => Err(lost_cause(&error, &domain)),
    }
}

/// Runs the server's side of the TLS handshake, with the certificate of `domain`, or of the name
/// in the handshake.
async fn secure_server(
    socket: TcpStream,
    tls: Option<ServerTlsConfig>,
    domain: Option<String>,
) -> Result<Stream, LostCause> {
    let tls = tls.ok_or_else(unconfigured)?;
    let config = match domain {
        Some(domain) => tls.starttls(&domain),
        None => tls.direct(),
    };
    match TlsAcceptor::from(config).accept(socket).await {
        Ok(stream) => Ok(Stream::Tls(Box::new(stream.into()))),
        Err(error) => Err(client_lost_cause(&error)),
    }
}

fn unconfigured() -> LostCause {
    LostCause::Tls(TlsFault::Handshake("TLS is not configured".to_owned()))
}

/// Ends the connection so that the peer gets every byte: `close_notify`, the end of our half, and
/// then its half is read to the end, since closing a socket with unread bytes resets it.
async fn part(mut stream: Stream) {
    let farewell = async {
        poll_fn(|cx| stream.poll_shutdown(cx)).await?;
        let mut scratch = [0; 1024];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            poll_fn(|cx| stream.poll_read(cx, &mut buf)).await?;
            if buf.filled().is_empty() {
                return io::Result::Ok(());
            }
        }
    };
    // Late or failed, there is nobody left to tell.
    let _ = timeout(PARTING, farewell).await;
}

#[cfg(test)]
mod tests;
