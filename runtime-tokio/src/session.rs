//! The handle of one client's stream at the server's end.

use core::net::SocketAddr;
use core::ops::Deref;

use xmpp_proto::Instant;
use xmpp_proto::endpoint::{
    Ask, AskBind, AskCredentials, AskIdentity, Bound, Misuse, Server, TlsInfo,
};
use xmpp_proto::jid::BareJid;
use xmpp_proto::sasl::StoredCredentials;
use xmpp_proto::stream::StreamError;

use crate::error::{Closed, Why};
use crate::handle::Handle;

/// One client's stream at the server's end. Clones are for the same one.
///
/// It sends, asks, answers and closes as every [`Handle`] does, in order and with back-pressure, and
/// it has the answers to the questions among the [events](crate::SessionEvents). Those and everything
/// else here are carried out at once.
///
/// When the last clone is dropped, the stream is closed as by [`close`](Handle::close), or given up
/// if the client has not logged in yet.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) handle: Handle<Server>,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

impl Deref for Session {
    type Target = Handle<Server>;

    fn deref(&self) -> &Handle<Server> {
        &self.handle
    }
}

impl Session {
    /// The address of the client, or of whoever stands between.
    #[must_use]
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The address it has connected to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Answers the question for credentials: what is stored of the account, or that there is none.
    /// See [`Server::credentials`].
    ///
    /// # Errors
    ///
    /// [`Why::Closed`], or [`Why::Refused`] if the stream has gone on without the answer.
    pub async fn credentials(
        &self,
        ask: AskCredentials,
        found: Option<StoredCredentials>,
    ) -> Result<(), Why> {
        self.tell(move |machine, now| machine.credentials(now, ask, found)).await
    }

    /// Answers the question whose certificate it is: an account, or nobody's. See
    /// [`Server::identity`].
    ///
    /// The certificate is in [`Session::tls`], and [`xmpp_addrs`](crate::xmpp_addrs) reads its
    /// addresses (RFC 6120 §13.7.1.4):
    ///
    /// ```
    /// use xmpp_proto::endpoint::AskIdentity;
    /// use xmpp_proto::jid::BareJid;
    /// use xmpp_runtime_tokio::{Session, Why, xmpp_addrs};
    ///
    /// async fn answer(session: &Session, ask: AskIdentity) -> Result<(), Why> {
    ///     let tls = session.tls().await.map_err(|_| Why::Closed)?;
    ///     let certificate = tls.and_then(|tls| tls.client_certificate).unwrap_or_default();
    ///     let accounts = xmpp_addrs(&certificate).into_iter().filter_map(|it| BareJid::new(&it).ok());
    ///     let accounts = accounts.filter(|it| it.domain() == ask.domain().domain());
    ///     let wanted = ask.authzid().and_then(|it| BareJid::new(it).ok());
    ///     let mut accounts = accounts.filter(|it| wanted.as_ref().is_none_or(|wanted| wanted == it));
    ///     let account = accounts.next(); // and it must exist
    ///     session.identity(ask, account).await
    /// }
    /// # let _ = answer;
    /// ```
    ///
    /// # Errors
    ///
    /// [`Why::Closed`], or [`Why::Refused`] if the stream has gone on without the answer.
    pub async fn identity(&self, ask: AskIdentity, account: Option<BareJid>) -> Result<(), Why> {
        self.tell(move |machine, now| machine.identity(now, ask, account)).await
    }

    /// Answers the question whether a resource may be bound. See [`Server::bind`].
    ///
    /// # Errors
    ///
    /// [`Why::Closed`], or [`Why::Refused`] if the stream has gone on without the answer.
    pub async fn bind(&self, ask: AskBind, answer: Bound) -> Result<(), Why> {
        self.tell(move |machine, now| machine.bind(now, ask, answer)).await
    }

    /// Says that a question cannot be answered now, as when a database is down. See
    /// [`Server::unavailable`].
    ///
    /// # Errors
    ///
    /// [`Why::Closed`], or [`Why::Refused`] if the stream has gone on without the answer.
    pub async fn unavailable(&self, ask: impl Into<Ask>) -> Result<(), Why> {
        let ask = ask.into();
        self.tell(move |machine, now| machine.unavailable(now, ask)).await
    }

    /// Ends the stream with an error that tells the client why, such as `conflict` or
    /// `system-shutdown` (RFC 6120 §4.9.3). See [`Server::close_with`].
    ///
    /// It returns at once and is carried out at once, before commands that wait: those are handed
    /// back. [`ServerEvent::Ended`](crate::ServerEvent::Ended) tells when it is done.
    pub fn close_with(&self, error: StreamError) {
        // If nobody takes it, the stream is closed already.
        let _ =
            self.handle.urgent.send(Box::new(move |machine, now| machine.close_with(now, error)));
    }

    /// What is known of the TLS session, once the stream is secured.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the driver has ended.
    pub async fn tls(&self) -> Result<Option<TlsInfo>, Closed> {
        self.with(|machine, _| machine.tls().cloned()).await
    }

    /// Runs `f` on the machine itself, inside the driver, and gives back its result. For what has
    /// no method here.
    ///
    /// Unlike [`Handle::with_machine`] it does not wait for its turn, or for the client to be online. It
    /// must not block: nothing else of this stream moves meanwhile.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the driver has ended.
    pub async fn with<R, F>(&self, f: F) -> Result<R, Closed>
    where
        F: FnOnce(&mut Server, Instant) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.with_machine_now(f).await
    }

    async fn tell(
        &self,
        answer: impl FnOnce(&mut Server, Instant) -> Result<(), Misuse> + Send + 'static,
    ) -> Result<(), Why> {
        self.with(answer).await.map_err(|_| Why::Closed)?.map_err(Why::Refused)
    }
}
