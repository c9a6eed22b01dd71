//! What handles ask of the machine, and who waits for the answer.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;
use xmpp_proto::Instant;
use xmpp_proto::endpoint::{Commands, Completion, IqToken, Outcome, Query, Request, SendToken};
use xmpp_proto::stanza::{Iq, Stanza, StanzaError};
use xmpp_proto::xml::Element;

use crate::error::{NotSent, RequestError, Why};
use crate::handle::{Delivery, Receipt};

pub(crate) type Sent = Result<Delivery, NotSent<Stanza>>;
pub(crate) type Replied = Result<Iq, RequestError>;
pub(crate) type Answered = Result<(), NotSent<Query>>;

/// One command on its way to the driver, with the address of whoever gave it.
pub(crate) enum Command<M> {
    Send { stanza: Stanza, to: oneshot::Sender<Sent> },
    Request { request: Request, to: oneshot::Sender<Replied> },
    Answer { query: Query, answer: Answer, to: oneshot::Sender<Answered> },
    Ask { run: Question<M>, to: oneshot::Sender<Replied> },
    With(Task<M>),
}

/// What is to be done with the machine itself.
pub(crate) type Task<M> = Box<dyn FnOnce(&mut M, Instant) + Send>;
/// What is to be asked through the machine itself.
pub(crate) type Question<M> = Box<dyn FnOnce(&mut M, Instant) -> Option<IqToken> + Send>;
pub(crate) type Answer = Result<Option<Element>, StanzaError>;

impl<M> Command<M> {
    /// Hands the command back: there is no stream any more.
    pub(crate) fn refuse(self) {
        // Whoever does not wait for the answer does not want it.
        match self {
            Self::Send { stanza, to } => drop(to.send(Err(NotSent::new(stanza, Why::Closed)))),
            Self::Request { request, to } => {
                drop(to.send(Err(NotSent::new(request, Why::Closed).into())));
            }
            Self::Answer { query, to, .. } => drop(to.send(Err(NotSent::new(query, Why::Closed)))),
            Self::Ask { .. } | Self::With(_) => {}
        }
    }
}

/// Who waits for which token.
#[derive(Default)]
pub(crate) struct Waiters {
    // Tokens grow and their outcomes come in order, so this is a queue in all but the exception.
    sends: VecDeque<(SendToken, oneshot::Sender<Sent>)>,
    requests: HashMap<IqToken, oneshot::Sender<Replied>>,
}

impl Waiters {
    /// Gives the command to the machine and notes who waits.
    pub(crate) fn apply<M: Commands>(
        &mut self,
        machine: &mut M,
        now: Instant,
        command: Command<M>,
    ) {
        match command {
            Command::Send { stanza, to } => match machine.send(now, stanza) {
                Ok(_) if to.is_closed() => {} // the receipt was dropped
                Ok(token) => self.sends.push_back((token, to)),
                Err(rejected) => drop(to.send(Err(rejected.into()))),
            },
            // Nobody waits any more, so nothing needs to be asked.
            Command::Request { to, .. } if to.is_closed() => {}
            Command::Request { request, to } => match machine.request(now, request) {
                Ok(token) => drop(self.requests.insert(token, to)),
                Err(rejected) => drop(to.send(Err(NotSent::from(rejected).into()))),
            },
            Command::Answer { query, answer, to } => {
                let answered = machine.answer(now, query, answer);
                let _ = to.send(answered.map(drop).map_err(NotSent::from));
            }
            Command::Ask { run, to } => {
                if let Some(token) = run(machine, now) {
                    self.requests.insert(token, to);
                }
            }
            Command::With(run) => run(machine, now),
        }
    }

    /// A stanza of a session that is resumed: whoever holds the receipt hears of its fate.
    pub(crate) fn expect(&mut self, token: SendToken) -> Receipt {
        let (to, receipt) = oneshot::channel();
        self.sends.push_back((token, to));
        Receipt(receipt)
    }

    /// Wakes whoever waits for this.
    pub(crate) fn complete(&mut self, completion: Completion) {
        match completion {
            Completion::Outcome { token, outcome } => {
                let found = self.sends.binary_search_by_key(&token, |(token, _)| *token);
                let Some((_, to)) = found.ok().and_then(|at| self.sends.remove(at)) else { return };
                let _ = to.send(match outcome {
                    Outcome::Failed(stanza) => Err(NotSent::new(stanza, Why::Cut)),
                    Outcome::Unacked(stanza) => Err(NotSent::new(stanza, Why::Unacked)),
                    Outcome::Acked => Ok(Delivery::Acked),
                    Outcome::Saved => Ok(Delivery::Saved),
                    // `Written`, or what a newer core knows beyond that.
                    _ => Ok(Delivery::Written),
                });
            }
            Completion::Reply { token, result } => {
                if let Some(to) = self.requests.remove(&token) {
                    let _ = to.send(result.map_err(RequestError::from));
                }
            }
            _ => {}
        }
    }
}
