//! A client and a server against each other, in one thread and under virtual time.
//!
//! A [`Pair`] drives both machines as the [contract](crate::endpoint#the-contract) has it, carries
//! bytes between them over a [`Wire`] that cuts, delays and breaks as told, and plays the owner of
//! the server and both applications. What must always hold is checked on the way: a machine that
//! breaks it ends the test, with all that happened.
//!
//! A whole login and one message:
//!
//! ```
//! use xmpp_proto::endpoint::{ClientConfig, ServerConfig, ServerEvent};
//! use xmpp_proto::stanza::{Message, Stanza};
//! use xmpp_proto::testing::pair::{Owner, Pair, Side};
//!
//! let mut client = ClientConfig::new("alice@example.org".parse()?, "secret");
//! client.scram.min_iterations = 1; // the accounts of tests are cheap
//! let server = ServerConfig::new("example.org".parse()?);
//! let mut pair = Pair::new(client, server, Owner::new().with_account("alice", "secret"));
//! pair.login();
//!
//! let bob: xmpp_proto::jid::Jid = "bob@example.org".parse()?;
//! pair.send(Side::Client, Message::chat(bob).body("Hi!").build()?)?;
//! pair.settle();
//! let Some(ServerEvent::Stanza(Stanza::Message(message))) = pair.next_server_event() else {
//!     panic!("nothing came:\n{}", pair.transcript())
//! };
//! assert_eq!(message.body().as_deref(), Some("Hi!"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod drive;
mod end;
mod link;
mod owner;
mod tls;
mod transcript;

#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

pub use link::{Break, How, Wire};
pub use owner::{Answer, Manners, Owner};
pub use tls::Tls;
pub use transcript::{Entry, Lanes, Transcript, What};

use end::{End, Token};
use link::Link;
use owner::Desk;

use crate::endpoint::{
    Client, ClientConfig, Completion, Endpoint, Event, IqToken, Misuse, Rejected, Request,
    SendToken, Server, ServerConfig, ServerEvent,
};
use crate::stanza::Stanza;
use crate::stream::StreamError;
use crate::sync::Arc;
use crate::{Instant, Seed};

/// One end of a [`Pair`], also as an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The client.
    Client = 0,
    /// The server.
    Server = 1,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The other one.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// How an application answers queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With an empty result.
    Result,
    /// With `item-not-found`.
    Error,
    /// Never.
    Silence,
}

/// More turns than anything takes.
const MAX_TURNS: usize = 10_000_000;

/// A client, a server, what lies between, and the people at both ends.
pub struct Pair {
    now: Instant,
    client: End<Client>,
    server: End<Server>,
    link: Link,
    wire: Wire,
    desk: Desk,
    log: Transcript,
    client_config: Arc<ClientConfig>,
    server_config: Arc<ServerConfig>,
    seed: u8,
    /// Transports so far.
    count: u8,
    client_events: VecDeque<Event>,
    server_events: VecDeque<ServerEvent>,
}

impl Pair {
    /// Both machines, and nothing between them yet.
    #[must_use]
    pub fn new(
        client: impl Into<Arc<ClientConfig>>,
        server: impl Into<Arc<ServerConfig>>,
        owner: Owner,
    ) -> Self {
        let now = Instant::from_micros(0);
        let (client_config, server_config) = (client.into(), server.into());
        let [for_client, for_server] = seeds(0, 0);
        let server = Server::new(server_config.clone(), for_server, now);
        Self {
            now,
            client: End::new(Side::Client, Client::new(client_config.clone(), for_client, now)),
            server: End::new(Side::Server, server),
            link: Link::new(Wire::default()),
            wire: Wire::default(),
            desk: Desk::new(owner),
            log: Transcript::default(),
            client_config,
            server_config,
            seed: 0,
            count: 0,
            client_events: VecDeque::new(),
            server_events: VecDeque::new(),
        }
    }

    /// With this transport between them. It counts for every connection from now on.
    #[must_use]
    pub fn with_wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// With other random numbers in both machines. For a pair that has not begun.
    #[must_use]
    pub fn with_seed(mut self, seed: u8) -> Self {
        let [for_client, _] = seeds(seed, 0);
        self.client.machine = Client::new(self.client_config.clone(), for_client, self.now);
        self.seed = seed;
        self
    }

    /// Without a transcript, for long runs.
    #[must_use]
    pub const fn with_no_transcript(mut self) -> Self {
        self.log.quiet = true;
        self
    }

    /// Tells the client to connect. What follows happens in [`Pair::settle`].
    ///
    /// # Errors
    ///
    /// As [`Client::connect`].
    pub fn connect(&mut self) -> Result<(), Misuse> {
        self.client.machine.connect(self.now)?;
        self.client.begun += 1;
        Ok(())
    }

    /// Connects, and brings both online; the events that say so are taken.
    ///
    /// # Panics
    ///
    /// If they do not get there without time passing.
    pub fn login(&mut self) {
        self.connect().expect("the client is idle");
        self.settle();
        assert!(self.is_online(), "the login failed:\n{}", self.log);
        self.client_events.retain(|event| !matches!(event, Event::Online { .. }));
        self.server_events.retain(|event| !matches!(event, ServerEvent::Online { .. }));
    }

    /// Whether both are online.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        self.client.machine.is_online() && self.server.machine.is_online()
    }

    /// Whether both streams have ended.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.client.machine.is_idle() && (self.count == 0 || self.server.machine.is_idle())
    }

    /// Lets each side have one turn: it does what it has to do, and reads one chunk. False if
    /// nothing happened, and nothing will before time passes.
    ///
    /// # Panics
    ///
    /// As [`Pair::settle`].
    pub fn turn(&mut self) -> bool {
        self.link.arrive(self.now);
        let moved = self.link.strike(self.now);
        let client = self.turn_client();
        self.turn_server() || client || moved || self.keep_time()
    }

    /// Goes on until nothing happens any more without time passing.
    ///
    /// # Panics
    ///
    /// If a machine breaks its contract, or never comes to rest.
    pub fn settle(&mut self) {
        for _ in 0..MAX_TURNS {
            if !self.turn() {
                return self.check();
            }
        }
        panic!("the pair does not come to rest:\n{}", self.log);
    }

    /// Lets time pass, moment by moment.
    ///
    /// # Panics
    ///
    /// As [`Pair::settle`].
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.tick(at);
        }
        self.tick(end);
    }

    /// Lets time pass until both streams have ended, or nothing would ever happen.
    ///
    /// # Panics
    ///
    /// As [`Pair::settle`].
    pub fn run_to_end(&mut self) {
        self.settle();
        while !self.is_over()
            && let Some(at) = self.next_moment()
        {
            self.tick(at);
        }
    }

    fn tick(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.settle();
    }

    /// When something happens by itself next.
    fn next_moment(&self) -> Option<Instant> {
        let timeouts = [self.client.machine.poll_timeout(), self.server.machine.poll_timeout()];
        let late = [self.link.next_arrival(), self.desk.next_answer()];
        let moments = timeouts.into_iter().chain(late).flatten();
        moments.filter(|at| *at > self.now).min()
    }

    /// Sends a stanza.
    ///
    /// # Errors
    ///
    /// As [`Client::send`] and [`Server::send`].
    pub fn send(
        &mut self,
        from: Side,
        stanza: impl Into<Stanza>,
    ) -> Result<SendToken, Rejected<Stanza>> {
        let stanza = stanza.into();
        let token = match from {
            Side::Client => self.client.machine.send(self.now, stanza),
            Side::Server => self.server.machine.send(self.now, stanza),
        }?;
        self.waiting(from).insert(Token::Send(token));
        self.note_command(from, "send");
        Ok(token)
    }

    /// Sends a stanza as soon as there is room, after those that wait already.
    pub fn queue(&mut self, from: Side, stanza: impl Into<Stanza>) {
        match from {
            Side::Client => self.client.todo.push_back(stanza.into()),
            Side::Server => self.server.todo.push_back(stanza.into()),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// As [`Client::request`] and [`Server::request`].
    pub fn request(&mut self, from: Side, request: Request) -> Result<IqToken, Rejected<Request>> {
        let token = match from {
            Side::Client => self.client.machine.request(self.now, request),
            Side::Server => self.server.machine.request(self.now, request),
        }?;
        self.waiting(from).insert(Token::Iq(token));
        self.note_command(from, "request");
        Ok(token)
    }

    /// Closes the stream properly.
    pub fn close(&mut self, from: Side) {
        self.note_command(from, "close");
        match from {
            Side::Client => self.client.machine.close(self.now),
            Side::Server if self.count == 0 => {}
            Side::Server => self.server.machine.close(self.now),
        }
    }

    /// The server ends the stream with an error.
    pub fn close_with(&mut self, error: StreamError) {
        self.note_command(Side::Server, "close_with");
        if self.count > 0 {
            self.server.machine.close_with(self.now, error);
        }
    }

    /// Lets flow again what a [`How::Stall`] or [`How::Drop`] holds back.
    pub fn release(&mut self) {
        self.link.release();
    }

    fn note_command(&mut self, side: Side, name: &str) {
        self.log.note(self.now, side, || What::Told(String::from(name)));
    }

    const fn waiting(&mut self, side: Side) -> &mut alloc::collections::BTreeSet<Token> {
        match side {
            Side::Client => &mut self.client.waiting,
            Side::Server => &mut self.server.waiting,
        }
    }

    /// The owner of the server, to change its mind.
    pub const fn owner(&mut self) -> &mut Owner {
        &mut self.desk.owner
    }

    /// What the application at one end does, to change it.
    pub const fn manners(&mut self, side: Side) -> &mut Manners {
        match side {
            Side::Client => &mut self.client.manners,
            Side::Server => &mut self.server.manners,
        }
    }

    /// The client, to look at.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client.machine
    }

    /// The server, to look at: that of the last connection.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server.machine
    }

    /// The next event of the client that nobody has dealt with: all but queries.
    pub fn next_client_event(&mut self) -> Option<Event> {
        self.client_events.pop_front()
    }

    /// The next event of the server that nobody has dealt with: all but questions and queries.
    pub fn next_server_event(&mut self) -> Option<ServerEvent> {
        self.server_events.pop_front()
    }

    /// The next command of one end that has come to its end.
    pub fn next_completion(&mut self, side: Side) -> Option<Completion> {
        match side {
            Side::Client => self.client.completions.pop_front(),
            Side::Server => self.server.completions.pop_front(),
        }
    }

    /// How many bytes one end has put on the wire of this connection, TLS included.
    #[must_use]
    pub const fn carried(&self, from: Side) -> usize {
        self.link.entered(from)
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// All that has happened.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.log
    }
}

/// What the two machines draw their random numbers from.
const fn seeds(seed: u8, count: u8) -> [Seed; 2] {
    let mut server = [seed; 32];
    server[0] = count;
    server[1] = 1;
    let mut client = [seed; 32];
    client[1] = 2;
    [Seed::new(client), Seed::new(server)]
}
