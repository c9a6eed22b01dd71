//! Handing stanzas to sessions: now if there is room, later if the client is slow, and what becomes
//! of those that are too many.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::sessions::Session;
use super::storage::Storage;
use super::{Domain, SessionId};
use crate::Instant;
use crate::endpoint::{Misuse, Query};
use crate::stanza::{Condition, ErrorType, Iq, Message, Stanza, StanzaError};
use crate::stream::{StreamCondition, StreamError};
use crate::xml::Element;

/// The answer to a query: a result, perhaps with a payload, or an error.
pub(super) type Answer = Result<Option<Element>, StanzaError>;

/// Something for a client.
#[derive(Debug)]
pub(super) enum Parcel {
    Stanza(Stanza),
    /// To a query that its machine waits for.
    Answer(Query, Answer),
}

impl Parcel {
    /// About the bytes that it takes on the stream.
    fn size(&self) -> usize {
        match self {
            Self::Stanza(stanza) => stanza.element().to_xml().len(),
            Self::Answer(_, Ok(Some(payload))) => payload.to_xml().len() + 128,
            Self::Answer(..) => 256,
        }
    }
}

/// What waits until the client has read what is before it.
#[derive(Default)]
pub(super) struct Backlog {
    /// Each with its size, and when it came.
    parcels: VecDeque<(usize, Instant, Parcel)>,
    bytes: usize,
}

impl Backlog {
    fn push(&mut self, now: Instant, parcel: Parcel, max: usize) -> Result<(), Parcel> {
        let size = parcel.size();
        if self.bytes.saturating_add(size) > max {
            return Err(parcel);
        }
        self.bytes += size;
        self.parcels.push_back((size, now, parcel));
        Ok(())
    }

    fn pop(&mut self) -> Option<(Instant, Parcel)> {
        let (size, at, parcel) = self.parcels.pop_front()?;
        self.bytes -= size;
        Some((at, parcel))
    }

    fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// Everything, in order.
    fn take_all(&mut self) -> impl Iterator<Item = (Instant, Parcel)> + use<> {
        core::mem::take(self).parcels.into_iter().map(|(_, at, parcel)| (at, parcel))
    }
}

/// Why a session did not take a parcel.
enum Refusal {
    /// Its stream is closing, or was never negotiated.
    Gone(Parcel),
    /// Its client reads too slowly.
    Full(Parcel),
}

impl Session {
    /// Sends the parcel, behind all earlier ones.
    fn take(&mut self, now: Instant, parcel: Parcel, max: usize) -> Result<(), Refusal> {
        if !self.server.is_open() {
            return Err(Refusal::Gone(parcel));
        }
        if self.backlog.is_empty() && self.server.has_room() {
            return self.write(now, parcel).map_err(Refusal::Full);
        }
        self.backlog.push(now, parcel, max).map_err(Refusal::Full)
    }

    /// Hands the parcel to the machine. It comes back if there is no room.
    fn write(&mut self, now: Instant, parcel: Parcel) -> Result<(), Parcel> {
        match parcel {
            Parcel::Stanza(stanza) => self
                .server
                .send(now, stanza)
                .map(drop)
                .map_err(|rejected| Parcel::Stanza(rejected.item)),
            Parcel::Answer(query, answer) => {
                match self.server.answer(now, query, answer.clone()) {
                    Err(rejected)
                        if matches!(rejected.why, Misuse::OutputFull | Misuse::TooManyUnacked) =>
                    {
                        Err(Parcel::Answer(rejected.item, answer))
                    }
                    // The machine has answered it already, when its time was up.
                    _ => Ok(()),
                }
            }
        }
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn flush(&mut self, now: Instant) {
        while self.server.has_room()
            && let Some((at, parcel)) = self.backlog.pop()
        {
            if let Err(parcel) = self.write(now, parcel) {
                let size = parcel.size();
                self.backlog.bytes += size;
                return self.backlog.parcels.push_front((size, at, parcel));
            }
        }
    }
}

impl<S: Storage> Domain<S> {
    /// Hands a stanza to a session: at once, or once its client has read what is before it. What it
    /// cannot take goes the way of [`Self::salvage`] or [`Self::overflow`].
    pub(super) fn deliver_to(&mut self, id: SessionId, stanza: Stanza) {
        self.hand_over(id, Parcel::Stanza(stanza));
    }

    /// Answers a query of a session.
    pub(super) fn answer_to(&mut self, id: SessionId, query: Query, answer: Answer) {
        self.hand_over(id, Parcel::Answer(query, answer));
    }

    /// Hands a message to several sessions of one account. If none has room for it, its sender hears
    /// of that once.
    pub(super) fn deliver_to_all(&mut self, ids: Vec<SessionId>, message: &Message) {
        let mut taken = false;
        for id in ids {
            taken |= self.offer(id, Parcel::Stanza(message.clone().into())).is_ok();
        }
        if !taken {
            self.bounce(&message.clone().into(), too_slow());
        }
    }

    fn hand_over(&mut self, id: SessionId, parcel: Parcel) {
        match self.offer(id, parcel) {
            Ok(()) | Err(Refusal::Gone(Parcel::Answer(..))) => {}
            Err(Refusal::Gone(Parcel::Stanza(stanza))) => self.salvage(stanza, self.now),
            Err(Refusal::Full(Parcel::Stanza(stanza))) => self.overflow(id, &stanza),
            // It asked, and does not read what comes.
            Err(Refusal::Full(Parcel::Answer(..))) => self.doomed.push_back(id),
        }
    }

    fn offer(&mut self, id: SessionId, parcel: Parcel) -> Result<(), Refusal> {
        let Some(session) = self.sessions.get_mut(id) else { return Err(Refusal::Gone(parcel)) };
        session.take(self.now, parcel, self.config.max_backlog)?;
        self.stir(id);
        Ok(())
    }

    /// A client reads so slowly that its backlog is full. What others have sent goes back to them;
    /// what it must know, and cannot be told, ends its stream.
    fn overflow(&mut self, id: SessionId, stanza: &Stanza) {
        let must_know = match stanza {
            Stanza::Message(_) => false,
            Stanza::Presence(_) => true,
            Stanza::Iq(iq) => iq.type_().is_request() && self.is_push(id, iq),
        };
        if must_know {
            self.doomed.push_back(id);
        } else {
            self.bounce(stanza, too_slow());
        }
    }

    /// Whether a request comes from the account itself, such as the push of a roster.
    fn is_push(&self, id: SessionId, iq: &Iq) -> bool {
        let own = self.sessions.get(id).and_then(|session| session.jid.as_ref());
        match (iq.from(), own) {
            (Some(from), Some(own)) => *from == *own.to_bare(),
            (from, _) => from.is_none(),
        }
    }

    /// Ends the streams of those who could not be told what they must know. Each of these ends may
    /// be news for others, who may be too slow for it: so they come one after the other. Then what
    /// ended sessions have left behind goes elsewhere.
    pub(super) fn end_doomed(&mut self) {
        loop {
            if let Some(id) = self.doomed.pop_front() {
                self.end_session(id, StreamError::new(StreamCondition::ResourceConstraint));
            } else if let Some((at, stanza)) = self.returned.pop_front() {
                self.salvage(stanza, at);
            } else {
                return;
            }
        }
    }

    /// Ends a session with an error.
    pub(super) fn end_session(&mut self, id: SessionId, error: StreamError) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.server.close_with(self.now, error);
        self.stir(id);
        self.leave(id);
    }

    /// What waited for a session that is over goes elsewhere.
    pub(super) fn salvage_backlog(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        for (at, parcel) in session.backlog.take_all() {
            if let Parcel::Stanza(stanza) = parcel {
                self.salvage(stanza, at);
            }
        }
    }
}

/// What the sender hears of a stanza for somebody who reads too slowly: it may try again.
const fn too_slow() -> StanzaError {
    StanzaError::new(Condition::ResourceConstraint).with_type(ErrorType::Wait)
}
