//! What the applications do with their clients: they talk, and keep book.

use alloc::format;
use alloc::string::String;

use super::end::Sent;
use super::model::{Verdict, id_of};
use super::run::Run;
use crate::endpoint::{
    Completion, Endpoint, Event, Misuse, Outcome, Query, Request, RequestError, SendToken,
};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{Message, MessageType, Presence, Stanza};
use crate::xml::Element;

impl Run {
    /// A client says something, or asks for something.
    pub(super) fn say(&mut self, index: usize) -> Verdict {
        let others = self.ends.len() - 1;
        let to = (index + 1 + self.dice.index(others)) % self.ends.len();
        if self.dice.percent(self.plan.requests) {
            return self.ask(index, to);
        }
        let number = self.model.say(index, to);
        self.note(index, &[1, number as u64], || format!("wants to say m{number} to c{to}"));
        self.ends[index].outbox.insert(number);
        self.flush(index)
    }

    fn ask(&mut self, index: usize, to: usize) -> Verdict {
        let ping = Element::builder("ping", ns::PING).build();
        let mut request = Request::get(ping.map_err(|error| format!("{error}"))?);
        let whom = self.dice.of(0..4);
        if whom > 0 {
            let to: Jid = match whom {
                1 => self.ends[to].jid(),
                _ => self.ends[to].full_jid().into(),
            };
            request = request.to(to);
        }
        let now = self.now;
        let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
        match client.request(now, request) {
            Ok(token) => {
                self.report.requests += 1;
                self.note(index, &[2], || format!("asks: {token:?}"));
                if !self.ends[index].asked.insert(token) {
                    return Err("a request has the token of an earlier one".into());
                }
            }
            Err(rejected) => self.refused(&rejected.why)?,
        }
        Ok(())
    }

    /// Whether a refusal is one that may come.
    fn refused(&mut self, why: &Misuse) -> Verdict {
        match why {
            Misuse::NotOnline | Misuse::UnknownQuery => Ok(()),
            Misuse::OutputFull | Misuse::TooManyRequests | Misuse::TooManyUnacked => {
                self.report.refused += 1;
                Ok(())
            }
            other => Err(format!("a command was refused: {other}")),
        }
    }

    /// Sends what the application wants to say, as far as it is taken.
    pub(super) fn flush(&mut self, index: usize) -> Verdict {
        let now = self.now;
        loop {
            let end = &mut self.ends[index];
            end.retries_at = None;
            let next = end.outbox.first().copied();
            let (stanza, sent): (Option<Stanza>, Sent) = match next {
                _ if end.wants_presence => {
                    (Presence::available().build().ok().map(Into::into), Sent::Presence)
                }
                None => return Ok(()),
                Some(number) => {
                    let to = self.ends[self.model.receiver(number)].jid();
                    let message =
                        Message::chat(to).id(&id_of(number)).body(&self.model.body(number)).build();
                    (message.ok().map(Into::into), Sent::Message(number))
                }
            };
            let Some(stanza) = stanza else { return Err("a stanza cannot be built".into()) };
            let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
            match client.send(now, stanza) {
                Ok(token) => self.has_sent(index, token, sent)?,
                Err(rejected) => {
                    self.refused(&rejected.why)?;
                    if rejected.why != Misuse::NotOnline {
                        let pause = self.dice.millis(200..3000);
                        self.ends[index].retries_at = Some(now + pause);
                    }
                    return Ok(());
                }
            }
        }
    }

    fn has_sent(&mut self, index: usize, token: SendToken, sent: Sent) -> Verdict {
        self.note(index, &[3], || format!("sends {sent:?} as {token:?}"));
        let end = &mut self.ends[index];
        match sent {
            Sent::Message(number) => {
                end.outbox.remove(&number);
                self.model.sent(number)?;
            }
            Sent::Presence => end.wants_presence = false,
            Sent::Answer => {}
        }
        match self.ends[index].tokens.insert(token, sent) {
            None => Ok(()),
            Some(_) => Err("a stanza has the token of an earlier one".into()),
        }
    }

    /// A command has come to its end.
    pub(super) fn handle_completion(&mut self, index: usize, completion: Completion) -> Verdict {
        self.note(index, &[4], || format!("{completion:?}"));
        match completion {
            Completion::Reply { token, result } => {
                if !self.ends[index].asked.remove(&token) {
                    return Err(format!("{token:?} was answered, and nobody waits for that"));
                }
                if matches!(result, Ok(_) | Err(RequestError::Stanza(_))) {
                    self.report.answered += 1;
                }
                Ok(())
            }
            Completion::Outcome { token, outcome } => {
                let Some(sent) = self.ends[index].tokens.remove(&token) else {
                    return Err(format!("{token:?} has an outcome, and nobody waits for that"));
                };
                self.handle_outcome(index, sent, &outcome)
            }
        }
    }

    fn handle_outcome(&mut self, index: usize, sent: Sent, outcome: &Outcome) -> Verdict {
        if let Outcome::Unacked(stanza) | Outcome::Failed(stanza) = outcome
            && let Sent::Message(number) = sent
            && stanza.id() != Some(&*id_of(number))
        {
            return Err(format!("another stanza than m{number} came back: {stanza:?}"));
        }
        if matches!(outcome, Outcome::Written) && self.ends[index].managed {
            return Err("what was written on a managed stream is not acknowledged".into());
        }
        let Sent::Message(number) = sent else { return Ok(()) };
        match outcome {
            Outcome::Acked => self.model.acked(number),
            Outcome::Written => self.model.written(number),
            Outcome::Saved => self.model.saved(number),
            Outcome::Unacked(_) => {
                self.ends[index].outbox.insert(number);
                self.model.unacked(number, &mut self.report)
            }
            Outcome::Failed(_) => {
                self.ends[index].outbox.insert(number);
                self.model.failed(number)
            }
        }
    }

    /// Something that an application is told.
    pub(super) fn handle_event(&mut self, index: usize, event: Event) -> Verdict {
        self.note(index, &[5], || describe(&event));
        let now = self.now;
        match event {
            Event::Online { jid } => {
                if jid != self.ends[index].full_jid() {
                    return Err(format!("c{index} was bound as {jid}"));
                }
                self.report.bound += 1;
                let managed = self.ends[index].managed;
                self.model.session_lost(index, managed);
                self.ends[index].wants_presence = true;
                self.flush(index)
            }
            Event::Resumed => {
                self.report.resumed += 1;
                self.flush(index)
            }
            Event::SessionLost => {
                self.report.lost += 1;
                self.ends[index].wants_presence = false;
                Ok(())
            }
            Event::Stanza(Stanza::Message(message)) => self.handle_message(index, &message),
            Event::Stanza(_) | Event::Disconnected(_) => Ok(()),
            Event::Query(query) => self.answer(index, query),
            Event::Ended(ended) => {
                let end = &mut self.ends[index];
                if !end.tokens.is_empty() || !end.asked.is_empty() {
                    return Err(format!(
                        "c{index} has ended ({ended}), and tokens have no outcome"
                    ));
                }
                end.connects_at = Some(now + self.dice.millis(300..8000));
                Ok(())
            }
            other => Err(format!("c{index} was told {other:?}")),
        }
    }

    fn handle_message(&mut self, index: usize, message: &Message) -> Verdict {
        match message.type_() {
            MessageType::Error => self.model.bounced(index, message, &mut self.report),
            _ => self.model.received(index, message, &mut self.report),
        }
    }

    fn answer(&mut self, index: usize, query: Query) -> Verdict {
        let now = self.now;
        // Some applications do not answer everything. The domain's own pings they do: it takes who
        // does not for dead.
        let from_domain = query.iq().from().is_some_and(|from| from.local().is_none());
        if !from_domain && self.dice.percent(5) {
            return Ok(());
        }
        let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
        match client.answer(now, query, Ok(None)) {
            Ok(token) => self.has_sent(index, token, Sent::Answer),
            Err(rejected) => self.refused(&rejected.why),
        }
    }

    /// Takes all that is left of a machine that ends, without going on with the transport.
    pub(super) fn take_rest(&mut self, index: usize) -> Verdict {
        loop {
            let Some(client) = &mut self.ends[index].machine else { return Ok(()) };
            if let Some(completion) = client.poll_completion() {
                self.handle_completion(index, completion)?;
                continue;
            }
            let more = client.work();
            let Some(event) = client.poll_event() else {
                if more {
                    continue;
                }
                return Ok(());
            };
            self.handle_event(index, event)?;
        }
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Stanza(stanza) => format!("takes {}", stanza.element().to_xml()),
        Event::Ended(ended) => format!("Ended: {ended}"),
        Event::Disconnected(it) => {
            format!(
                "Disconnected: {}; resumable: {}, again at {:?}",
                it.ended, it.resumable, it.retry_at
            )
        }
        other => format!("{other:?}"),
    }
}
