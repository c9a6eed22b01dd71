//! What must be true, whatever happens: every message, and what may have become of it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::report::Report;
use crate::stanza::Message;

/// Names a message: its place in the model, which is also its `id` on the wire.
pub(super) type Number = usize;

/// What its sender knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is still to be sent, perhaps again.
    Waiting,
    /// It was handed to the machine.
    Sent,
    /// It is part of a saved session.
    Saved,
    /// The domain has taken it over.
    Acked,
    /// All of it was written, and more is not promised.
    Written,
}

struct Entry {
    from: usize,
    to: usize,
    /// Its number in the conversation of these two.
    serial: u64,
    state: State,
    /// How often it was sent again although it may have arrived.
    repeats: u32,
    /// How often it has come in the receiver's present session, and in all.
    received: u32,
    received_in_all: u32,
    bounced: bool,
    /// If it gets lost, that is nobody's fault.
    excused: bool,
}

/// All messages of a run.
pub(super) struct Model {
    clients: usize,
    /// Whether the domain may lose what it has taken over.
    lossy: bool,
    messages: Vec<Entry>,
    /// By sender and receiver: how many there are, and the last that has come for the first time.
    conversations: Vec<(u64, u64)>,
}

/// Whether something holds; if not, why.
pub(super) type Verdict = Result<(), String>;

impl Model {
    pub(super) fn new(clients: usize, lossy: bool) -> Self {
        let conversations = (0..clients * clients).map(|_| (0, 0)).collect();
        Self { clients, lossy, messages: Vec::new(), conversations }
    }

    /// Somebody wants to say something.
    pub(super) fn say(&mut self, from: usize, to: usize) -> Number {
        let (count, _) = &mut self.conversations[from * self.clients + to];
        *count += 1;
        let serial = *count;
        self.messages.push(Entry {
            from,
            to,
            serial,
            state: State::Waiting,
            repeats: 0,
            received: 0,
            received_in_all: 0,
            bounced: false,
            excused: self.lossy,
        });
        self.messages.len() - 1
    }

    /// To whom a message is.
    pub(super) fn receiver(&self, number: Number) -> usize {
        self.messages[number].to
    }

    /// What a message says.
    pub(super) fn body(&self, number: Number) -> String {
        let Entry { from, to, serial, .. } = &self.messages[number];
        // Of different lengths, and with what must be escaped.
        let padding = "<&\u{e9}>".repeat(number * 7 % 23);
        format!("{serial} of {from} to {to} {padding}")
    }

    /// The message as it is on the wire, if it is one of ours.
    pub(super) fn number_of(message: &Message) -> Option<Number> {
        message.id()?.strip_prefix('m')?.parse().ok()
    }

    pub(super) fn sent(&mut self, number: Number) -> Verdict {
        self.messages[number].excused = self.lossy;
        self.change(number, &[State::Waiting], State::Sent)
    }

    pub(super) fn acked(&mut self, number: Number) -> Verdict {
        self.change(number, &[State::Sent], State::Acked)
    }

    pub(super) fn written(&mut self, number: Number) -> Verdict {
        self.change(number, &[State::Sent], State::Written)
    }

    pub(super) fn saved(&mut self, number: Number) -> Verdict {
        self.change(number, &[State::Sent], State::Saved)
    }

    pub(super) fn restored(&mut self, number: Number) -> Verdict {
        self.change(number, &[State::Saved], State::Sent)
    }

    /// It came back to its sender's application, who will send it again: it may have arrived.
    pub(super) fn unacked(&mut self, number: Number, report: &mut Report) -> Verdict {
        self.messages[number].repeats += 1;
        report.resent += 1;
        self.change(number, &[State::Sent, State::Saved], State::Waiting)
    }

    /// The same, but it has certainly not arrived.
    pub(super) fn failed(&mut self, number: Number) -> Verdict {
        self.change(number, &[State::Sent], State::Waiting)
    }

    fn change(&mut self, number: Number, from: &[State], to: State) -> Verdict {
        let entry = &mut self.messages[number];
        if !from.contains(&entry.state) {
            return Err(format!(
                "message {number} was {:?} and is now said to be {to:?}",
                entry.state
            ));
        }
        entry.state = to;
        Ok(())
    }

    /// A message was handed to the application of `client`.
    pub(super) fn received(
        &mut self,
        client: usize,
        message: &Message,
        report: &mut Report,
    ) -> Verdict {
        let known = Self::number_of(message).filter(|number| *number < self.messages.len());
        let Some(number) = known else { return Err("nobody has sent this message".into()) };
        let body = self.body(number);
        let entry = &mut self.messages[number];
        if entry.to != client {
            return Err(format!("message {number} is for {} and came to {client}", entry.to));
        }
        if entry.state == State::Waiting && entry.repeats == 0 {
            return Err(format!("message {number} came without having been sent"));
        }
        if message.body().as_deref() != Some(&*body) {
            return Err(format!("message {number} came with other words: {message:?}"));
        }
        entry.received += 1;
        entry.received_in_all += 1;
        if entry.received > 1 + entry.repeats {
            return Err(format!(
                "message {number} came {} times in one session, and was sent again {} times",
                entry.received, entry.repeats
            ));
        }
        if entry.received_in_all > 1 {
            report.repeated += 1;
            return Ok(());
        }
        report.delivered += 1;
        let (_, last) = &mut self.conversations[entry.from * self.clients + entry.to];
        // Of what was sent again, one may have bounced unheard before others arrived, or have been
        // written to a receiver that acknowledges nothing and was not there any more.
        let may_be_late = entry.excused && entry.repeats > 0;
        if entry.serial < *last && !may_be_late {
            return Err(format!(
                "message {number} ({} of {} to {}) came after {last}",
                entry.serial, entry.from, entry.to
            ));
        }
        *last = entry.serial.max(*last);
        Ok(())
    }

    /// A message came back with an error to `client`.
    pub(super) fn bounced(
        &mut self,
        client: usize,
        message: &Message,
        report: &mut Report,
    ) -> Verdict {
        let known = Self::number_of(message).filter(|number| *number < self.messages.len());
        let Some(number) = known else { return Err("what bounced was never sent".into()) };
        let entry = &mut self.messages[number];
        if entry.from != client {
            return Err(format!("message {number} of {} came back to {client}", entry.from));
        }
        if !core::mem::replace(&mut entry.bounced, true) {
            report.bounced += 1;
        }
        Ok(())
    }

    /// The session of `client` is over. `managed` says whether it was promised that nothing is lost.
    pub(super) fn session_lost(&mut self, client: usize, managed: bool) {
        for entry in &mut self.messages {
            if entry.to == client {
                entry.received = 0;
                if !managed && entry.state != State::Waiting {
                    entry.excused = true;
                }
            }
            if entry.from == client && entry.state == State::Written {
                entry.excused = true;
            }
        }
    }

    /// A process has died that had received this, had let the server know that when it went on with
    /// the session, and had not taken it.
    pub(super) fn lost_with_process(&mut self, message: &Message) {
        if let Some(entry) = Self::number_of(message).and_then(|it| self.messages.get_mut(it)) {
            entry.excused = true;
        }
    }

    /// The domain dies. What it had taken over and nobody has got is gone with it.
    pub(super) fn domain_died(&mut self) {
        for entry in &mut self.messages {
            // The acknowledgement may be on its way.
            entry.excused |= matches!(entry.state, State::Acked | State::Written | State::Sent);
        }
    }

    /// Whether every message has come, or is excused.
    pub(super) fn is_settled(&self) -> bool {
        self.missing().next().is_none()
    }

    fn missing(&self) -> impl Iterator<Item = (Number, &Entry)> {
        let missing = |entry: &Entry| {
            let final_ = matches!(entry.state, State::Acked | State::Written);
            !(entry.received_in_all > 0 || entry.bounced || entry.excused) || !final_
        };
        self.messages.iter().enumerate().filter(move |(_, entry)| missing(entry))
    }

    /// What has not come, in words.
    pub(super) fn describe_missing(&self) -> String {
        let words = self.missing().map(|(number, entry)| {
            let times = entry.received_in_all;
            let Entry { from, to, serial, state, .. } = entry;
            format!("m{number} ({serial} of {from} to {to}) is {state:?} and came {times} times")
        });
        words.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn finish(&self, report: &mut Report) {
        report.messages += self.messages.len() as u64;
        let excused =
            |entry: &&Entry| entry.received_in_all == 0 && !entry.bounced && entry.excused;
        report.excused += self.messages.iter().filter(excused).count() as u64;
    }
}

/// The `id` of a message.
pub(super) fn id_of(number: Number) -> String {
    let mut id = String::from("m");
    id.push_str(&number.to_string());
    id
}
