//! Pings: whether somebody is there, and how long the way is (XEP-0199).
//!
//! ```
//! use core::time::Duration;
//! use xmpp_proto::endpoint::{Client, ClientConfig};
//! use xmpp_proto::modules::Modular;
//! use xmpp_proto::modules::ping::Ping;
//! use xmpp_proto::{Instant, Seed};
//!
//! # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
//! let config = ClientConfig::new("alice@example.org".parse()?, "a password");
//! let ping = Ping::new().every(Duration::from_secs(60));
//! let client = Modular::new(Client::new(config, seed, now), ping);
//! # let _ = client;
//! # Ok::<(), xmpp_proto::jid::JidError>(())
//! ```

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use super::{Asked, Claim, Cx, Module, Refused};
use crate::endpoint::{IqToken, Query, Request, RequestError};
use crate::jid::Jid;
use crate::stanza::Iq;
use crate::xml::Element;
use crate::{Instant, ns};

/// Answers pings, and pings others.
///
/// Everybody gets an answer, so whoever knows the full address learns that the client is online
/// (XEP-0199 §7).
#[derive(Debug, Default)]
pub struct Ping {
    interval: Option<Duration>,
    /// When the server is pinged next.
    due: Option<Instant>,
    /// As many as the machine lets wait for answers.
    under_way: BTreeMap<IqToken, Sent>,
    events: VecDeque<PingEvent>,
}

#[derive(Debug)]
struct Sent {
    to: Option<Jid>,
    at: Instant,
    /// Whether the module did it by itself.
    own: bool,
}

/// What [`Ping`] tells of every ping, whoever asked for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PingEvent {
    /// Somebody is there.
    Answered {
        /// Who was pinged; `None` for the server.
        to: Option<Jid>,
        /// How long it took, there and back.
        round_trip: Duration,
    },
    /// No answer that proves somebody to be there.
    Unanswered {
        /// Who was pinged; `None` for the server.
        to: Option<Jid>,
        /// What came instead.
        error: RequestError,
    },
}

impl Ping {
    /// Answers pings, and sends them on command only.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Pings the server each time this long has passed, while online, and one ping at a time. An
    /// [`Unanswered`](PingEvent::Unanswered) then says that the connection is broken; what follows
    /// from it is for the application to decide.
    #[must_use]
    pub const fn every(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Pings `to`, or the server. What comes of it is told as [`PingEvent`], too.
    ///
    /// Programs that do not know pings answer with an error (XEP-0199 §4). One from the server
    /// proves that the server is there. From elsewhere it proves nothing: servers answer for
    /// whoever is not there, with the same error (XEP-0199 §7).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`] if no request can be sent now.
    pub fn ping(&mut self, cx: &mut Cx<'_>, to: Option<Jid>) -> Result<Asked<()>, Refused> {
        let asked = cx.ask(request(to.as_ref()), |_| Ok(()))?;
        self.note(cx, asked.token(), to, false);
        Ok(asked)
    }

    fn note(&mut self, cx: &Cx<'_>, token: IqToken, to: Option<Jid>, own: bool) {
        self.under_way.insert(token, Sent { to, at: cx.now(), own });
    }
}

impl Module for Ping {
    type Event = PingEvent;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        each(ns::PING);
    }

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        self.due = self.interval.map(|interval| cx.now() + interval);
    }

    fn handle_ended(&mut self) {
        self.due = None;
        self.under_way.clear();
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        if !query.iq().payload().is_some_and(|payload| payload.is("ping", ns::PING)) {
            return Some(query);
        }
        cx.inform(query, Ok(None));
        None
    }

    fn handle_reply(
        &mut self,
        cx: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        let Some(Sent { to, at, own }) = self.under_way.remove(&token) else {
            return Claim::Passed;
        };
        self.events.push_back(match reply {
            // XEP-0199 §4.2: a server that knows no pings answers all the same.
            Err(error)
                if !matches!(error, RequestError::Stanza(_)) || !is_server(cx, to.as_ref()) =>
            {
                PingEvent::Unanswered { to, error: error.clone() }
            }
            _ => {
                let round_trip = cx.now().saturating_duration_since(at);
                PingEvent::Answered { to, round_trip }
            }
        });
        if own { Claim::Taken } else { Claim::Passed }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.due = self.interval.map(|interval| cx.now() + interval.max(MIN_INTERVAL));
        if self.under_way.values().any(|sent| sent.own) {
            return;
        }
        // Where no request can be sent now, the next time will do.
        if let Ok(token) = cx.request(request(None)) {
            self.note(cx, token, None, true);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_event(&mut self) -> Option<PingEvent> {
        self.events.pop_front()
    }
}

/// A shorter interval would leave a deadline in the past.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

fn request(to: Option<&Jid>) -> Request {
    let request = Request::get(Element::builder("ping", ns::PING).finish());
    match to {
        Some(to) => request.to(to.clone()),
        None => request,
    }
}

/// Whether only the server itself answers for this address (XEP-0199 §4.2).
fn is_server(cx: &Cx<'_>, to: Option<&Jid>) -> bool {
    let Some(to) = to else { return true };
    cx.jid().is_some_and(|own| *to == *own.to_bare() || to.as_str() == own.domain())
}

#[cfg(test)]
mod tests;
