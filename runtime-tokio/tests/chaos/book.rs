//! The book that is kept of a conversation: what was sent, what became of it, what arrived; and what
//! must be true of that.

use std::collections::BTreeMap;

use xmpp_proto::stanza::Stanza;

/// What a sender is told of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server has it.
    Acked,
    /// Handed back: it may have arrived.
    Unacked,
    /// Handed back: it has certainly not arrived.
    Failed,
}

/// One direction of a conversation. Messages are numbered from 1.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    /// Whether sessions may be lost. Then messages are handed back and sent again.
    may_lose_sessions: bool,
    sent: Vec<Sent>,
    arrived: BTreeMap<usize, Vec<u32>>,
    faults: Vec<String>,
    /// How many were sent again.
    resent: u32,
    /// How many of those came twice.
    repeated: u32,
    /// How many the server delivered once more to a session after the one that had them.
    redelivered: u32,
    /// How many the server has overtake others while it moved a session.
    overtaken: u32,
    /// How many were acknowledged, and are kept back by the server, or lost with it.
    written_off: u32,
}

#[derive(Debug, Default)]
struct Sent {
    /// Its outcome has yet to come.
    waits: bool,
    end: End,
    /// Was handed back, and is to be sent again.
    back: Option<Stanza>,
    /// Was handed back as one that may have arrived, or returned by the server.
    doubtful: bool,
    resent: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    None,
    Acked,
    /// Acknowledged, and kept back by the server, or lost with it.
    WrittenOff,
}

impl Sent {
    /// Whether there is nothing more to come of it.
    fn is_done(&self, arrived: bool) -> bool {
        let ended = self.end == End::WrittenOff || self.end == End::Acked && arrived;
        ended && !self.waits && self.back.is_none()
    }
}

/// What happened in one direction, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) sent: usize,
    pub(crate) resent: u32,
    pub(crate) repeated: u32,
    pub(crate) redelivered: u32,
    pub(crate) overtaken: u32,
    pub(crate) written_off: u32,
}

impl Direction {
    /// Nothing may be lost, repeated or handed back.
    pub(crate) fn kept() -> Self {
        Self::default()
    }

    /// Sessions may be lost: what is handed back is sent again.
    pub(crate) fn with_losses() -> Self {
        Self { may_lose_sessions: true, ..Self::default() }
    }

    /// Sends another message, and gives its number.
    pub(crate) fn send(&mut self) -> usize {
        self.sent.push(Sent { waits: true, ..Sent::default() });
        self.sent.len()
    }

    /// The first one that was handed back, to be sent again.
    pub(crate) fn send_again(&mut self) -> Option<(usize, Stanza)> {
        let back = |(at, sent): (usize, &mut Sent)| {
            if sent.waits { None } else { Some((at + 1, sent.back.take()?)) }
        };
        let (number, stanza) = self.sent.iter_mut().enumerate().find_map(back)?;
        let sent = &mut self.sent[number - 1];
        (sent.waits, sent.resent) = (true, true);
        self.resent += 1;
        Some((number, stanza))
    }

    /// The outcome of sending a message, with the stanza if it is handed back.
    pub(crate) fn fate(&mut self, number: usize, fate: Fate, back: Option<Stanza>) {
        let sent = &mut self.sent[number - 1];
        if !core::mem::take(&mut sent.waits) {
            self.faults.push(format!("{number} has a second outcome, {fate:?}"));
        }
        match fate {
            Fate::Acked => sent.end = End::Acked,
            Fate::Unacked | Fate::Failed => {
                sent.doubtful |= fate == Fate::Unacked;
                if back.is_none() {
                    self.faults.push(format!("{number} is {fate:?} and not handed back"));
                }
                sent.back = back;
                if !self.may_lose_sessions {
                    self.faults.push(format!("{number} is {fate:?}, though no session was lost"));
                }
            }
        }
    }

    /// The server has returned a message with an error, for want of the receiver.
    pub(crate) fn returned(&mut self, number: usize, stanza: Stanza) {
        if !self.may_lose_sessions {
            self.faults.push(format!("{number} was returned, though no session was lost"));
        }
        let sent = &mut self.sent[number - 1];
        sent.doubtful = true;
        sent.end = End::None;
        sent.back = Some(stanza);
    }

    /// A message has arrived, in the receiver's session of this number. `moved` is whether the server
    /// may have changed the order.
    pub(crate) fn arrive(&mut self, number: usize, session: u32, moved: bool) {
        let Some(sent) = number.checked_sub(1).and_then(|at| self.sent.get_mut(at)) else {
            return self.faults.push(format!("{number} has arrived, and was never sent"));
        };
        if sent.end == End::WrittenOff {
            sent.end = End::Acked;
            self.written_off -= 1;
        }
        let last = self.arrived.keys().next_back().copied().unwrap_or(0);
        let before = self.arrived.entry(number).or_default();
        if let Some(last) = before.last() {
            if sent.doubtful && sent.resent {
                self.repeated += 1;
            } else if self.may_lose_sessions && *last != session {
                self.redelivered += 1;
            } else {
                let again = if sent.resent { ", though it had certainly not arrived" } else { "" };
                self.faults.push(format!("{number} has arrived twice{again}"));
            }
        } else if number < last && moved {
            self.overtaken += 1;
        } else if !self.may_lose_sessions && number != last + 1 && !moved {
            self.faults.push(format!("{number} has arrived after {last}"));
        }
        before.push(session);
    }

    /// How many are not at their end: neither acknowledged and arrived, nor written off.
    pub(crate) fn under_way(&self) -> usize {
        let open = |(at, sent): &(usize, &Sent)| !sent.is_done(self.has_arrived(at + 1));
        // Older ones are done: nobody sends so much ahead.
        self.sent.iter().enumerate().rev().take(512).filter(open).count()
    }

    fn has_arrived(&self, number: usize) -> bool {
        self.arrived.contains_key(&number)
    }

    /// Those of all that are not at their end.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let open = |(at, sent): (usize, &Sent)| {
            let arrived = self.has_arrived(at + 1);
            (!sent.is_done(arrived)).then(|| format!("{}: arrived: {arrived}, {sent:?}", at + 1))
        };
        self.sent.iter().enumerate().filter_map(open).collect()
    }

    /// How many have arrived, each counted once.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived.len()
    }

    /// How many are acknowledged.
    pub(crate) fn acked(&self) -> usize {
        self.sent.iter().filter(|sent| sent.end == End::Acked).count()
    }

    /// Whether the fate of all is known and nothing waits to be sent again.
    pub(crate) fn is_decided(&self) -> bool {
        self.sent.iter().all(|sent| !sent.waits && sent.back.is_none())
    }

    /// What was acknowledged and has not arrived is no longer waited for.
    pub(crate) fn write_off(&mut self) {
        for (at, sent) in self.sent.iter_mut().enumerate() {
            if sent.end == End::Acked && !self.arrived.contains_key(&(at + 1)) {
                sent.end = End::WrittenOff;
                self.written_off += 1;
            }
        }
    }

    /// What is wrong.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    pub(crate) fn sum(&self) -> Sum {
        Sum {
            sent: self.sent.len(),
            resent: self.resent,
            repeated: self.repeated,
            redelivered: self.redelivered,
            overtaken: self.overtaken,
            written_off: self.written_off,
        }
    }
}

#[cfg(test)]
mod tests {
    use xmpp_proto::jid::Jid;
    use xmpp_proto::stanza::Message;

    use super::*;

    fn stanza() -> Stanza {
        let to: Jid = "b@c".parse().unwrap();
        Message::chat(to).build().unwrap().into()
    }

    fn sent(mut direction: Direction, n: usize) -> Direction {
        for _ in 0..n {
            direction.send();
        }
        direction
    }

    #[test]
    fn what_is_lost_repeated_or_out_of_order_is_found() {
        let mut lost = sent(Direction::kept(), 3);
        lost.arrive(1, 1, false);
        lost.arrive(3, 1, false);
        assert_eq!(lost.faults(), ["3 has arrived after 1"]);
        let mut repeated = sent(Direction::kept(), 2);
        repeated.arrive(1, 1, false);
        repeated.arrive(1, 1, false);
        assert_eq!(repeated.faults().len(), 1);
        let mut invented = sent(Direction::kept(), 2);
        invented.arrive(3, 1, false);
        invented.arrive(0, 1, false);
        assert_eq!(invented.faults().len(), 2);
    }

    #[test]
    fn an_order_that_the_server_changed_is_not_a_loss() {
        let mut direction = sent(Direction::kept(), 3);
        direction.arrive(1, 1, false);
        direction.arrive(3, 1, true);
        assert_eq!((direction.faults().len(), direction.unfinished().len()), (0, 3));
        direction.arrive(2, 1, true);
        assert_eq!((direction.faults().len(), direction.sum().overtaken), (0, 1));
        direction.arrive(2, 1, true);
        assert_eq!(direction.faults(), ["2 has arrived twice"]);
    }

    #[test]
    fn nothing_is_handed_back_while_sessions_are_kept() {
        let mut direction = sent(Direction::kept(), 2);
        direction.fate(1, Fate::Acked, None);
        assert_eq!(direction.faults().len(), 0);
        direction.fate(2, Fate::Unacked, Some(stanza()));
        assert_eq!(direction.faults().len(), 1);
    }

    #[test]
    fn there_is_one_outcome_for_each() {
        let mut direction = sent(Direction::kept(), 1);
        direction.fate(1, Fate::Acked, None);
        direction.fate(1, Fate::Acked, None);
        assert_eq!(direction.faults().len(), 1);
    }

    #[test]
    fn only_what_may_have_arrived_comes_twice() {
        for (fate, faults) in [(Fate::Unacked, 0), (Fate::Failed, 1)] {
            let mut direction = sent(Direction::with_losses(), 1);
            direction.arrive(1, 1, false);
            direction.fate(1, fate, Some(stanza()));
            assert_eq!(direction.under_way(), 1);
            assert_eq!(direction.send_again().unwrap().0, 1);
            assert!(direction.send_again().is_none());
            direction.arrive(1, 1, false);
            direction.fate(1, Fate::Acked, None);
            assert_eq!(direction.faults().len(), faults, "{fate:?}");
            assert_eq!(direction.under_way(), 0);
        }
    }

    #[test]
    fn a_server_may_deliver_again_to_the_next_session_only() {
        let mut direction = sent(Direction::with_losses(), 1);
        direction.arrive(1, 1, false);
        direction.arrive(1, 2, false);
        assert_eq!((direction.faults().len(), direction.sum().redelivered), (0, 1));
        direction.arrive(1, 2, false);
        assert_eq!(direction.faults().len(), 1);
    }

    #[test]
    fn what_is_acknowledged_and_never_arrives_stays_under_way() {
        let mut direction = sent(Direction::with_losses(), 2);
        direction.fate(1, Fate::Acked, None);
        direction.fate(2, Fate::Acked, None);
        direction.arrive(2, 1, false);
        assert_eq!(direction.under_way(), 1);
        direction.write_off();
        assert_eq!((direction.under_way(), direction.sum().written_off), (0, 1));
        // It was only late.
        direction.arrive(1, 2, false);
        assert_eq!((direction.faults().len(), direction.sum().written_off), (0, 0));
    }
}
