//! The two who talk: each a client, a task that sends, and a task that takes events.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use xmpp_proto::endpoint::Reason;
use xmpp_proto::jid::{FullJid, Jid};
use xmpp_proto::ns;
use xmpp_proto::stanza::{Message, MessageType, Presence, Stanza};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{
    Client, Config, Delivery, Event, Events, Request, RequestError, SendError, Why, connect,
};

use crate::book::{Direction, Fate};
use crate::random::Random;
use crate::session::PATIENCE;

/// Both sides of a conversation, as their tasks and whoever breaks their links see it.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<State>>);

#[derive(Debug)]
pub(crate) struct State {
    /// From the first to the second, and back.
    pub(crate) directions: [Direction; 2],
    pub(crate) sides: [Progress; 2],
    may_lose_sessions: bool,
    /// How long after a resumption the server may deliver out of order.
    disorder: Duration,
    /// Nothing new is sent, as at the beginning.
    pub(crate) pausing: bool,
    faults: Vec<String>,
}

/// How far one side has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) online: bool,
    /// The address that is bound.
    jid: Option<FullJid>,
    /// How many sessions there were.
    pub(crate) sessions: u32,
    pub(crate) resumed: u32,
    resumed_at: Option<Instant>,
    /// How often it was, or stayed, without a link.
    pub(crate) disconnected: u32,
    pub(crate) lost: u32,
    pub(crate) answered: u32,
    pub(crate) unanswered: u32,
    pub(crate) tokens: u32,
    pub(crate) refused: u32,
    ended: Option<String>,
    last: String,
}

impl Shared {
    pub(crate) fn new(may_lose_sessions: bool, disorder: Duration) -> Self {
        let direction =
            || if may_lose_sessions { Direction::with_losses() } else { Direction::kept() };
        Self(Arc::new(Mutex::new(State {
            directions: [direction(), direction()],
            sides: Default::default(),
            may_lose_sessions,
            disorder,
            pausing: true,
            faults: Vec::new(),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this is so; looks for faults meanwhile.
    ///
    /// # Panics
    ///
    /// Panics at the first fault, and when it takes too long.
    #[track_caller]
    pub(crate) fn wait(
        &self,
        what: &str,
        condition: impl Fn(&State) -> bool + Send,
    ) -> impl Future<Output = ()> {
        let caller = core::panic::Location::caller();
        async move {
            let end = Instant::now() + PATIENCE;
            loop {
                {
                    let state = self.lock();
                    state.check();
                    if condition(&state) {
                        return;
                    }
                    assert!(
                        Instant::now() < end,
                        "{caller}: no {what} in time: {:#?}\n{:#?}",
                        state.sides,
                        state.directions.each_ref().map(Direction::unfinished),
                    );
                }
                sleep(Duration::from_millis(2)).await;
            }
        }
    }

    /// Whether this becomes so within that time.
    pub(crate) async fn comes(
        &self,
        within: Duration,
        condition: impl Fn(&State) -> bool + Send,
    ) -> bool {
        let end = Instant::now() + within;
        loop {
            {
                let state = self.lock();
                state.check();
                if condition(&state) {
                    return true;
                }
            }
            if Instant::now() > end {
                return false;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

impl State {
    #[track_caller]
    pub(crate) fn check(&self) {
        let faults: Vec<_> =
            self.directions.iter().flat_map(Direction::faults).chain(&self.faults).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{:#?}", self.sides);
    }

    /// Whether everything that was sent is at its end.
    pub(crate) fn is_settled(&self) -> bool {
        self.directions.iter().all(|it| it.under_way() == 0)
    }

    pub(crate) fn is_online(&self) -> bool {
        self.sides.iter().all(|side| side.online)
    }
}

/// How somebody talks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// How many messages may be under way at once.
    pub(crate) window: usize,
    /// The most bytes of a text.
    pub(crate) longest: u64,
    /// The longest pause between two messages, in milliseconds.
    pub(crate) pause: u64,
    /// Whether events sometimes have to wait.
    pub(crate) slow: bool,
}

/// One side.
pub(crate) struct Party {
    pub(crate) client: Client,
    tasks: [JoinHandle<()>; 2],
    talking: JoinHandle<()>,
}

impl Party {
    /// Goes online and talks to the other one.
    pub(crate) fn start(
        me: usize,
        config: Config,
        shared: &Shared,
        manner: Manner,
        mut random: Random,
    ) -> Self {
        let (client, events, driver) = connect(config).unwrap();
        let driver = tokio::spawn(driver);
        let pauses = Random::new(random.next());
        let listen = listen(me, client.clone(), events, shared.clone(), manner, pauses);
        let listening = tokio::spawn(listen);
        let talk = talk(me, client.clone(), shared.clone(), manner, random);
        let talking = tokio::spawn(talk);
        Self { client, tasks: [driver, listening], talking }
    }

    /// Closes the stream. Everything must come to its end.
    pub(crate) async fn end(self, shared: &Shared, me: usize) {
        self.talking.abort();
        self.client.close();
        shared.wait("end", |state| state.sides[me].ended.is_some()).await;
        for task in self.tasks {
            timeout(PATIENCE, task).await.expect("it ends").unwrap();
        }
    }
}

async fn listen(
    me: usize,
    client: Client,
    mut events: Events,
    shared: Shared,
    manner: Manner,
    mut random: Random,
) {
    while let Some(event) = events.next().await {
        // Not everybody takes events at once. What waits is received, and not handled.
        if manner.slow && random.percent(10) {
            sleep(random.millis(30)).await;
        }
        let mut state = shared.lock();
        let may_lose = state.may_lose_sessions;
        let side = &mut state.sides[me];
        side.last = format!("{event:?}").chars().take(200).collect();
        match event {
            Event::Online { jid } => {
                side.jid = Some(jid);
                side.sessions += 1;
                side.online = true;
                if side.sessions > 1 && !may_lose {
                    state.faults.push(format!("{me} has another session"));
                }
                let client = client.clone();
                tokio::spawn(async move {
                    let presence = Presence::available().build().unwrap();
                    let _ = client.send(presence).await; // without a stream, nobody misses it
                });
            }
            Event::Resumed => {
                side.resumed += 1;
                side.resumed_at = Some(Instant::now());
                side.online = true;
            }
            Event::Disconnected(_) => {
                side.disconnected += 1;
                side.online = false;
            }
            Event::SessionLost => {
                side.lost += 1;
                if !may_lose {
                    state.faults.push(format!("{me} has lost its session"));
                }
            }
            Event::Stanza(Stanza::Message(message)) => take(me, &mut state, &message),
            Event::Stanza(Stanza::Presence(_)) => {}
            // The client uses them by itself, and the password where they are refused.
            Event::Token(_) => side.tokens += 1,
            Event::TokenRefused => side.refused += 1,
            Event::Query(query) => {
                let client = client.clone();
                // Whoever asks learns it if this fails.
                tokio::spawn(async move { drop(client.answer(query, Ok(None)).await) });
            }
            Event::Ended(ended) => {
                side.online = false;
                side.ended = Some(ended.reason.to_string());
                if ended.reason != Reason::ClosedByUs {
                    state.faults.push(format!("{me} has ended: {ended}"));
                }
            }
            other => state.faults.push(format!("{me}: {other:?}")),
        }
    }
}

fn take(me: usize, state: &mut State, message: &Message) {
    let body = message.body().unwrap_or_default().into_owned();
    let number = body.split(' ').next().and_then(|number| number.parse().ok());
    let id = message.id().map(str::to_owned);
    if message.type_() == MessageType::Error {
        // The server returns what we have sent, whole or not.
        let number = id.and_then(|id| id.strip_prefix("m-")?.parse().ok());
        let (Some(number), Some(peer)) = (number, message.from()) else {
            return state.faults.push(format!("{me} gets an error for nothing: {message:?}"));
        };
        let again = text(number, peer, "");
        return state.directions[me].returned(number, again);
    }
    let Some(number) = number else {
        return state.faults.push(format!("{me} does not understand {body:?}"));
    };
    let side = &state.sides[me];
    let moved = side.resumed_at.is_some_and(|at| at.elapsed() < state.disorder);
    state.directions[1 - me].arrive(number, side.sessions, moved);
}

async fn talk(me: usize, client: Client, shared: Shared, manner: Manner, mut random: Random) {
    loop {
        let next = {
            let mut state = shared.lock();
            let (pausing, peer) = (state.pausing, state.sides[1 - me].jid.clone());
            let direction = &mut state.directions[me];
            peer.and_then(|peer| match direction.send_again() {
                Some((number, stanza)) => Some((number, Some(stanza), peer)),
                None if pausing || direction.under_way() >= manner.window => None,
                None => Some((direction.send(), None, peer)),
            })
        };
        let Some((number, again, peer)) = next else {
            sleep(Duration::from_millis(2)).await;
            continue;
        };
        let stanza = again.unwrap_or_else(|| {
            let padding = usize::try_from(random.below(manner.longest)).unwrap_or(0);
            text(number, &peer.clone().into(), &"x".repeat(padding))
        });
        let sent = client.send(stanza).await;
        let book = shared.clone();
        tokio::spawn(async move {
            let result = match sent {
                Ok(receipt) => receipt.await,
                Err(error) => Err(error),
            };
            let (fate, back) = fate(result);
            book.lock().directions[me].fate(number, fate, back);
        });
        if number % 25 == 0 {
            tokio::spawn(ask(me, client.clone(), peer, shared.clone()));
        }
        sleep(random.millis(manner.pause)).await;
    }
}

/// The message of this number.
fn text(number: usize, to: &Jid, padding: &str) -> Stanza {
    let body = format!("{number} {padding}");
    Message::chat(to.clone()).id(&format!("m-{number}")).body(&body).build().unwrap().into()
}

/// Asks the other side whether it is there. While sessions are kept it always answers.
async fn ask(me: usize, client: Client, peer: FullJid, shared: Shared) {
    let ping = Element::builder("ping", ns::PING).build().unwrap();
    let result = client.request(Request::get(ping).to(peer)).await;
    let mut state = shared.lock();
    match result {
        Ok(_) => state.sides[me].answered += 1,
        Err(_) if state.may_lose_sessions => state.sides[me].unanswered += 1,
        // The conversation is over.
        Err(RequestError::Disconnected | RequestError::NotSent(_)) if state.pausing => {}
        Err(error) => state.faults.push(format!("{me} has asked in vain: {error}")),
    }
}

/// What became of a stanza.
fn fate(result: Result<Delivery, SendError>) -> (Fate, Option<Stanza>) {
    match result {
        Ok(Delivery::Acked) => (Fate::Acked, None),
        Ok(other) => panic!("with stream management, nothing is {other:?}"),
        Err(error) if matches!(error.why(), Why::Unacked) => (Fate::Unacked, error.into_item()),
        Err(error) => (Fate::Failed, error.into_item()),
    }
}
