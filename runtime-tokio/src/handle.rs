//! The handle of a running machine.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};
use xmpp_proto::Instant;
use xmpp_proto::endpoint::{Query, Request, ResumeState};
use xmpp_proto::modules::{Asked, Cx, Modular, Module, Refused};
use xmpp_proto::stanza::{Iq, Stanza};

use crate::command::{Answer, Command, Question, Sent, Task};
use crate::error::{AnswerError, AskError, Closed, NotSent, RequestError, SendError, Why};

/// Gives commands to a running client. Clones give them to the same one.
///
/// Commands travel through a bounded queue, in order. They wait there until the client is online,
/// and while the server takes data more slowly than it is given. When the queue is full, giving a
/// command waits: that is the back-pressure.
///
/// When the last clone is dropped, the stream is closed as by [`close`](Handle::close).
///
/// `M` is the modules of the client, which [`connect_with`](crate::connect_with) takes.
pub type Client<M = ()> = Handle<Modular<M>>;

/// Gives commands to a running machine: see [`Client`] and [`Session`](crate::Session).
pub struct Handle<M> {
    // Boxed, because a channel keeps room for 32 of whatever it carries, used or not.
    pub(crate) commands: mpsc::Sender<Box<Command<M>>>,
    pub(crate) hangup: mpsc::Sender<()>,
    // Not bounded, because it need not be: what goes here is what the application itself calls, and
    // none of it waits for room.
    pub(crate) urgent: mpsc::UnboundedSender<Task<M>>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self {
            commands: self.commands.clone(),
            hangup: self.hangup.clone(),
            urgent: self.urgent.clone(),
        }
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<M> Handle<M> {
    /// Sends a message, presence or IQ stanza.
    ///
    /// It returns when the stanza is on its way to the driver; the [`Receipt`] tells what became
    /// of it. Drop the receipt if you do not care.
    ///
    /// ```no_run
    /// # async fn greet(client: &xmpp_runtime_tokio::Client) -> Result<(), Box<dyn core::error::Error>> {
    /// use xmpp_proto::{jid::Jid, stanza::Message};
    ///
    /// let message = Message::chat(Jid::new("bob@localhost")?).body("Hello!").build()?;
    /// let receipt = client.send(message).await?;
    /// receipt.await?; // all of it was taken by the transport
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Dropping this future before it is ready gives the command up, as long as it waits for room
    /// in the queue.
    ///
    /// # Errors
    ///
    /// [`Why::Closed`] with the stanza, if the stream is closed.
    pub async fn send(&self, stanza: impl Into<Stanza>) -> Result<Receipt, SendError> {
        let stanza = stanza.into();
        let Ok(room) = self.commands.reserve().await else {
            return Err(NotSent::new(stanza, Why::Closed));
        };
        let (to, receipt) = oneshot::channel();
        room.send(Box::new(Command::Send { stanza, to }));
        Ok(Receipt(receipt))
    }

    /// Sends a request and waits for its answer.
    ///
    /// ```no_run
    /// # async fn ask(client: &xmpp_runtime_tokio::Client) -> Result<(), Box<dyn core::error::Error>> {
    /// use xmpp_proto::{ns, xml::Element};
    /// use xmpp_runtime_tokio::{Request, RequestError};
    ///
    /// let ping = Request::get(Element::builder("ping", ns::PING).build()?);
    /// match client.request(ping).await {
    ///     Ok(_) => println!("the server is there"),
    ///     Err(RequestError::Stanza(error)) => println!("it does not answer pings: {error}"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Dropping the future gives up the wait, not the request.
    ///
    /// # Errors
    ///
    /// The error it is answered with, or why there is no answer: see [`RequestError`].
    pub async fn request(&self, request: Request) -> Result<Iq, RequestError> {
        let Ok(room) = self.commands.reserve().await else {
            return Err(NotSent::new(request, Why::Closed).into());
        };
        let (to, reply) = oneshot::channel();
        room.send(Box::new(Command::Request { request, to }));
        reply.await.unwrap_or_else(|_| Err(NotSent::vanished().into()))
    }

    /// Answers a query of another entity: with a result, which may have a payload, or with an
    /// error. It returns when the answer is in the queue of outgoing stanzas.
    ///
    /// # Errors
    ///
    /// [`Why::Closed`], or [`Why::Refused`] if the query was answered before or its time is up;
    /// both with the query.
    pub async fn answer(&self, query: Query, answer: Answer) -> Result<(), AnswerError> {
        let Ok(room) = self.commands.reserve().await else {
            return Err(NotSent::new(query, Why::Closed));
        };
        let (to, answered) = oneshot::channel();
        room.send(Box::new(Command::Answer { query, answer, to }));
        answered.await.unwrap_or_else(|_| Err(NotSent::vanished()))
    }

    /// Runs `f` on the machine itself, inside the driver, and gives back its result. For what has
    /// no method here.
    ///
    /// It comes to its turn after the commands given before, and only while the stream is online.
    /// It must not block: nothing else of this stream moves meanwhile. Tokens that `f` is given
    /// belong to nobody; what becomes of them is not told.
    ///
    /// # Errors
    ///
    /// [`Closed`] if `f` was not run.
    pub async fn with_machine<R, F>(&self, f: F) -> Result<R, Closed>
    where
        F: FnOnce(&mut M, Instant) -> R + Send + 'static,
        R: Send + 'static,
    {
        let room = self.commands.reserve().await.map_err(|_| Closed)?;
        let (to, result) = oneshot::channel();
        let task: Task<M> = Box::new(move |machine, now| drop(to.send(f(machine, now))));
        room.send(Box::new(Command::With(task)));
        result.await.map_err(|_| Closed)
    }

    /// Runs `f` on the machine without waiting for its turn, or for the stream to be online.
    pub(crate) async fn with_machine_now<R, F>(&self, f: F) -> Result<R, Closed>
    where
        F: FnOnce(&mut M, Instant) -> R + Send + 'static,
        R: Send + 'static,
    {
        let (to, result) = oneshot::channel();
        let task: Task<M> = Box::new(move |machine, now| drop(to.send(f(machine, now))));
        self.urgent.send(task).map_err(|_| Closed)?;
        result.await.map_err(|_| Closed)
    }

    /// Closes the stream properly: what was handed over before is written, the closing tags are
    /// exchanged, TLS and TCP are ended (RFC 6120 §4.4).
    ///
    /// It returns at once. [`Event::Ended`](crate::Event::Ended) tells when it is done, and the
    /// driver's end tells that the connection is gone. A login under way is given up, unless
    /// commands wait for it: then they are carried out first. If the peer does not take them,
    /// they are handed back after the core's `close_timeout`.
    pub fn close(&self) {
        // Full: somebody has asked before. Closed: nothing is left to close.
        let _ = self.hangup.try_send(());
    }

    /// Whether no more commands are taken: its stream has ended, or the driver was dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }
}

impl<M: Module + 'static> Handle<Modular<M>> {
    /// Says that the network has changed: another one was joined, or the old one came back. A client
    /// that waits for its next attempt tries at once; one that is online makes sure that the server
    /// is still there. See [`Modular::handle_network_change`].
    pub fn network_changed(&self) {
        // If nobody takes it, there is nothing to connect any more.
        let _ = self.urgent.send(Box::new(Modular::handle_network_change));
    }

    /// Tells the server whether somebody is using the client, so that it can hold back what is not
    /// urgent (XEP-0352).
    pub fn set_active(&self, active: bool) {
        let _ = self.urgent.send(Box::new(move |machine, now| machine.set_active(now, active)));
    }

    /// Takes the session out, to be [resumed](crate::resume) later, perhaps by another process. The
    /// connection is dropped without closing the stream, so that the server keeps its side for a
    /// while.
    ///
    /// Receipts of what was sent and is not acknowledged say [`Delivery::Saved`]; requests get no
    /// answer any more; commands that the driver has not taken are handed back. Everything that was
    /// received counts as handled: take all events up to [`Event::Ended`](crate::Event::Ended).
    ///
    /// None if there is no session that can be resumed; then nothing has changed.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the driver has ended.
    pub async fn detach(&self) -> Result<Option<ResumeState>, Closed> {
        self.with_machine_now(Modular::detach).await
    }

    /// Runs `f` on the modules, inside the driver, and gives back its result: for their commands, and
    /// to look at what they know.
    ///
    /// ```no_run
    /// use xmpp_proto::modules::presence::Presences;
    /// use xmpp_proto::stanza::Presence;
    /// use xmpp_runtime_tokio::Client;
    ///
    /// # async fn greet(client: &Client<Presences>) -> Result<(), Box<dyn core::error::Error>> {
    /// client.with(|presence, cx| presence.set(cx, Presence::available())).await??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It comes to its turn after the commands given before, and only while the stream is online.
    /// It must not block: nothing else of this stream moves meanwhile. For what is answered, there is
    /// [`ask`](Self::ask).
    ///
    /// # Errors
    ///
    /// [`Closed`] if `f` was not run.
    pub async fn with<R, F>(&self, f: F) -> Result<R, Closed>
    where
        F: FnOnce(&mut M, &mut Cx<'_>) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.with_machine(move |machine, now| machine.with(now, f)).await
    }

    /// Runs a module's command that asks something, and waits for the answer.
    ///
    /// ```no_run
    /// use xmpp_proto::jid::Jid;
    /// use xmpp_proto::modules::version::SoftwareVersion;
    /// use xmpp_runtime_tokio::Client;
    ///
    /// # async fn greet(client: &Client<SoftwareVersion>) -> Result<(), Box<dyn core::error::Error>> {
    /// let server: Jid = "example.org".parse()?;
    /// let version = client.ask(|version, cx| version.ask(cx, server)).await?;
    /// println!("{version:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Dropping the future gives up the wait, not the request. Do not await it in the loop that takes
    /// the events: see [`Events`](crate::Events).
    ///
    /// # Errors
    ///
    /// Why there is no answer, or what is wrong with it: see [`AskError`].
    pub async fn ask<T, F>(&self, f: F) -> Result<T, AskError>
    where
        F: FnOnce(&mut M, &mut Cx<'_>) -> Result<Asked<T>, Refused> + Send + 'static,
        T: 'static,
    {
        let room = self.commands.reserve().await.map_err(|_| Closed)?;
        let (tell, asked) = oneshot::channel();
        let (to, reply) = oneshot::channel();
        let run: Question<Modular<M>> = Box::new(move |machine, now| {
            let asked = machine.with(now, f);
            let token = asked.as_ref().ok().map(Asked::token);
            let _ = tell.send(asked); // whoever does not wait does not want it
            token
        });
        room.send(Box::new(Command::Ask { run, to }));
        let asked = asked.await.map_err(|_| Closed)??;
        let iq = reply.await.map_err(|_| Closed)??;
        Ok(asked.read(&iq)?)
    }
}

/// A stanza on its way out: a future of what becomes of it. It can be dropped.
#[derive(Debug)]
pub struct Receipt(pub(crate) oneshot::Receiver<Sent>);

/// What became of a stanza that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// All of it was taken by the transport. Without stream management nobody knows more:
    /// RFC 6120 has no acknowledgements.
    Written,
    /// The server has handled it: it has taken over the responsibility (XEP-0198 §4).
    Acked,
    /// It is part of the state that [`Client::detach`](Handle::detach) has given out, and goes out when
    /// that is resumed.
    Saved,
}

impl Future for Receipt {
    type Output = Result<Delivery, SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|sent| sent.unwrap_or_else(|_| Err(NotSent::vanished())))
    }
}
