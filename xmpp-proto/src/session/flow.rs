//! Stanzas both ways on one stream: what is the same whichever end we are.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::{Queries, Requests, Unwritten};
use crate::Instant;
use crate::endpoint::{
    Completion, IqToken, Misuse, Outcome, Query, Rejected, Request, RequestError, SendToken, Timer,
};
use crate::jid::{FullJid, Jid};
use crate::rng::{Rng, Seed};
use crate::stanza::{Condition, Iq, Stanza, StanzaError};
use crate::stream::Outbox;
use crate::xml::{Element, Limits, Parser};

/// Stanzas of more bytes than this leave buffers behind that are given back when the stream is at
/// rest.
const KEPT: u64 = 32 * 1024;

/// How much may wait, and how long: the part of a machine's configuration that [`Flow`] keeps to.
#[derive(Clone, Copy)]
pub(crate) struct FlowLimits {
    pub(crate) request_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) max_requests: usize,
    pub(crate) max_queries: usize,
    pub(crate) output_limit: usize,
    pub(crate) max_chunk: usize,
}

/// One stream's bytes in and out, and what waits on either side of them.
///
/// It does not know whether stanzas may be sent: the machine around it does, and says so where it
/// matters.
pub(crate) struct Flow {
    pub(crate) now: Instant,
    pub(crate) rng: Rng,
    pub(crate) parser: Parser,
    /// Bytes received since the parser last said that it needs more.
    pub(crate) undigested: usize,
    /// The longest item, in bytes, since buffers were last given back.
    longest: u64,
    pub(crate) out: Outbox,
    pub(crate) completions: VecDeque<Completion>,
    requests: Requests,
    queries: Queries,
    unwritten: Unwritten,
    next_token: u64,
    limits: FlowLimits,
}

impl Flow {
    pub(crate) fn new(limits: FlowLimits, xml: Limits, seed: Seed, now: Instant) -> Self {
        Self {
            now,
            rng: Rng::new(seed),
            parser: Parser::new(xml),
            undigested: 0,
            longest: 0,
            out: Outbox::new(),
            completions: VecDeque::new(),
            requests: Requests::default(),
            queries: Queries::default(),
            unwritten: Unwritten::default(),
            next_token: 0,
            limits,
        }
    }

    /// Time never goes back.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Appends what came in. False if that is more than was asked for.
    #[must_use]
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> bool {
        if self.undigested + bytes.len() > self.limits.max_chunk {
            return false;
        }
        self.undigested += bytes.len();
        self.parser.push(bytes);
        true
    }

    /// The parser has just given out an item.
    pub(crate) fn took_item(&mut self) {
        let span = self.parser.span();
        self.longest = self.longest.max(span.end - span.start);
    }

    /// All that was received is digested. A peer that sends a large stanza and falls silent must not
    /// keep the memory that it took: others have streams, too.
    pub(crate) fn rest(&mut self) {
        self.undigested = 0;
        if self.longest > KEPT && self.parser.unread() == 0 {
            self.longest = 0;
            self.parser.shrink();
        }
    }

    /// The transport took the first `n` bytes of the output.
    pub(crate) fn handle_written(&mut self, n: usize) {
        self.out.consume(n);
        while let Some(token) = self.unwritten.take_written(self.out.written()) {
            let outcome = Outcome::Written;
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
    }

    /// Not the high-water mark, which is for what the application sends: two peers that both have
    /// much to say must both go on reading, or neither ever writes again. Above it there is room
    /// for what the machine itself answers; only a peer that takes no answers fills that.
    pub(crate) fn is_output_full(&self) -> bool {
        self.out.len() > self.limits.output_limit
    }

    fn check_room(&self, online: bool) -> Result<(), Misuse> {
        if !online {
            return Err(Misuse::NotOnline);
        }
        if self.is_output_full() {
            return Err(Misuse::OutputFull);
        }
        Ok(())
    }

    fn take_token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    pub(crate) fn send(
        &mut self,
        stanza: Stanza,
        online: bool,
    ) -> Result<SendToken, Rejected<Stanza>> {
        if let Err(why) = self.check_room(online) {
            return Err(Rejected { item: stanza, why });
        }
        self.out.write(stanza.element().as_ref());
        let token = SendToken(self.take_token());
        self.unwritten.push(self.out.end(), token, stanza);
        Ok(token)
    }

    /// Sends a request, with `from` as its sender where the other side does not know it.
    pub(crate) fn request(
        &mut self,
        request: Request,
        from: Option<&Jid>,
        online: bool,
    ) -> Result<IqToken, Rejected<Request>> {
        if let Err(why) = self.check_room(online) {
            return Err(Rejected { item: request, why });
        }
        if self.requests.len() >= self.limits.max_requests {
            return Err(Rejected { item: request, why: Misuse::TooManyRequests });
        }
        let id = self.rng.id();
        let payload = request.payload.clone();
        let mut iq = if request.set { Iq::set(&id, payload) } else { Iq::get(&id, payload) };
        if let Some(to) = &request.to {
            iq = iq.to(to.clone());
        }
        if let Some(from) = from {
            iq = iq.from(from.clone());
        }
        match iq.build() {
            Ok(iq) => self.out.write(iq.element().as_ref()),
            Err(error) => {
                return Err(Rejected { item: request, why: Misuse::Invalid(error.into()) });
            }
        }
        let token = IqToken(self.take_token());
        let timeout = request.timeout.unwrap_or(self.limits.request_timeout);
        self.requests.insert(&id, token, request.to, self.now + timeout);
        Ok(token)
    }

    pub(crate) fn answer(
        &mut self,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
        online: bool,
    ) -> Result<SendToken, Rejected<Query>> {
        if !self.queries.contains(query.token) {
            return Err(Rejected { item: query, why: Misuse::UnknownQuery });
        }
        let reply = match answer {
            Ok(payload) => query.iq.result(payload),
            Err(error) => query.iq.error_reply(error),
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Err(Rejected { item: query, why: Misuse::Invalid(error) }),
        };
        match self.send(reply.into(), online) {
            Ok(token) => {
                self.queries.remove(query.token);
                Ok(token)
            }
            Err(rejected) => Err(Rejected { item: query, why: rejected.why }),
        }
    }

    /// Notes a query that the application is to answer; without room for it, it is refused.
    pub(crate) fn take_query(&mut self, iq: Iq) -> Option<Query> {
        if self.queries.len() >= self.limits.max_queries {
            self.refuse(&iq);
            return None;
        }
        let token = self.queries.insert(iq.clone(), self.now + self.limits.answer_timeout);
        Some(Query { token, iq })
    }

    /// RFC 6120 §8.2.3: an entity that does not understand a request says so.
    pub(crate) fn refuse(&mut self, iq: &Iq) {
        if let Ok(reply) = iq.error_reply(Condition::ServiceUnavailable) {
            self.out.write(reply.element().as_ref());
        }
    }

    /// Takes in what may be the answer to a request that was sent on behalf of, or to, `own`. What
    /// nobody waits for, or what comes from somebody else, is handed back (RFC 6120 §8.2.3).
    pub(crate) fn handle_answer(&mut self, iq: Iq, own: &FullJid) -> Result<(), Iq> {
        let Some(token) = self.requests.take(&iq, own) else { return Err(iq) };
        let result = match iq.error() {
            Some(error) => Err(RequestError::Stanza(error)),
            None => Ok(iq),
        };
        self.completions.push_back(Completion::Reply { token, result });
        Ok(())
    }

    /// Gives up what has waited too long.
    pub(crate) fn handle_timeout(&mut self, online: bool) {
        while let Some(token) = self.requests.take_due(self.now) {
            let result = Err(RequestError::TimedOut);
            self.completions.push_back(Completion::Reply { token, result });
        }
        while let Some(iq) = self.queries.take_due(self.now) {
            if online {
                self.refuse(&iq);
            }
        }
    }

    pub(crate) fn timers(&self) -> [Option<(Timer, Instant)>; 2] {
        [
            self.requests.poll_timeout().map(|at| (Timer::Request, at)),
            self.queries.poll_timeout().map(|at| (Timer::Answer, at)),
        ]
    }

    /// The transport is gone, and with it all bytes on their way.
    pub(crate) fn reset(&mut self) {
        self.undigested = 0;
        self.out.reset();
        self.parser.reset();
    }

    /// The stream is over: every token gets its completion.
    pub(crate) fn end(&mut self) {
        self.queries.clear();
        self.fail_unwritten();
        for token in self.requests.take_all() {
            let result = Err(RequestError::Disconnected);
            self.completions.push_back(Completion::Reply { token, result });
        }
    }

    /// Hands back what the transport has not taken.
    pub(crate) fn fail_unwritten(&mut self) {
        for (token, stanza) in self.unwritten.take_all() {
            let outcome = Outcome::Failed(stanza);
            self.completions.push_back(Completion::Outcome { token, outcome });
        }
    }
}
