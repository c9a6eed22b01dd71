//! The streams of a domain: where they are kept, which of them have something for their driver, and
//! when.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use super::deliver::Backlog;
use crate::Instant;
use crate::endpoint::{Endpoint, Server};
use crate::jid::FullJid;

/// Names a session of a [`Domain`](super::Domain). Once the session is released the name means
/// nothing any more, and is never given to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    index: u32,
    generation: u32,
}

/// One stream and what belongs to it.
pub(super) struct Session {
    pub(super) server: Server,
    /// The client's address, once there is one; it stays when the stream ends.
    pub(super) jid: Option<FullJid>,
    /// Whether it is a connected resource of its account.
    pub(super) connected: bool,
    pub(super) backlog: Backlog,
    /// What it is resumed by while it waits for that, and how many stanzas have come on it.
    pub(super) resumption: Option<(Box<str>, u32)>,
    /// Its driver has let go of it.
    pub(super) released: bool,
    /// Its place among those that wait to be resumed.
    nap: Option<u64>,
    /// Whether it waits in the list of those that are ready.
    ready: bool,
    /// Where it stands in the set of timers.
    timer: Option<Instant>,
}

impl Session {
    fn new(server: Server) -> Self {
        let backlog = Backlog::default();
        Self {
            server,
            jid: None,
            connected: false,
            backlog,
            resumption: None,
            released: false,
            nap: None,
            ready: false,
            timer: None,
        }
    }
}

/// A place for a session, and how many have had it before.
#[derive(Default)]
struct Slot {
    generation: u32,
    session: Option<Box<Session>>,
}

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    slots: Vec<Slot>,
    free: Vec<u32>,
    ready: VecDeque<SessionId>,
    timers: BTreeSet<(Instant, SessionId)>,
    /// Those of them that belong to sessions without a driver.
    alone: BTreeSet<(Instant, SessionId)>,
    /// Those that wait to be resumed, in the order in which they began to.
    asleep: BTreeMap<u64, SessionId>,
    naps: u64,
    count: usize,
}

impl Sessions {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Adds a session. None if there are more than can be named.
    pub(super) fn insert(&mut self, server: Server) -> Option<SessionId> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => u32::try_from(self.slots.len()).ok()?,
        };
        let place = usize::try_from(index).ok()?;
        if place == self.slots.len() {
            self.slots.push(Slot::default());
        }
        let slot = self.slots.get_mut(place)?;
        slot.session = Some(Box::new(Session::new(server)));
        self.count += 1;
        let id = SessionId { index, generation: slot.generation };
        self.touch(id);
        Some(id)
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Session> {
        let slot = self.slots.get(usize::try_from(id.index).ok()?)?;
        if slot.generation == id.generation { slot.session.as_deref() } else { None }
    }

    pub(super) fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        let slot = self.slots.get_mut(usize::try_from(id.index).ok()?)?;
        if slot.generation == id.generation { slot.session.as_deref_mut() } else { None }
    }

    /// Takes a session out; its name dies with it.
    pub(super) fn remove(&mut self, id: SessionId) {
        self.wake(id);
        let Some(timer) = self.get(id).map(|session| session.timer) else { return };
        if let Some(at) = timer {
            self.timers.remove(&(at, id));
            self.alone.remove(&(at, id));
        }
        let place = usize::try_from(id.index).unwrap_or(usize::MAX);
        let Some(slot) = self.slots.get_mut(place) else { return };
        slot.session = None;
        self.count -= 1;
        // A place whose names are used up is given up: no name may come again.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(id.index);
        }
    }

    /// The names of all sessions, in no order that means anything, but always the same.
    pub(super) fn ids(&self) -> Vec<SessionId> {
        let ids = self.slots.iter().zip(0..).filter(|(slot, _)| slot.session.is_some());
        ids.map(|(slot, index)| SessionId { index, generation: slot.generation }).collect()
    }

    /// Its driver has something to do.
    pub(super) fn mark_ready(&mut self, id: SessionId) {
        let Some(session) = self.get_mut(id) else { return };
        if !core::mem::replace(&mut session.ready, true) {
            self.ready.push_back(id);
        }
    }

    /// The next session whose driver has something to do.
    pub(super) fn poll_ready(&mut self) -> Option<SessionId> {
        loop {
            let id = self.ready.pop_front()?;
            if let Some(session) = self.get_mut(id) {
                session.ready = false;
                return Some(id);
            }
        }
    }

    /// How many wait to be resumed.
    pub(super) fn asleep(&self) -> usize {
        self.asleep.len()
    }

    /// It waits to be resumed.
    pub(super) fn put_to_sleep(&mut self, id: SessionId) {
        self.naps += 1;
        let nap = self.naps;
        let Some(session) = self.get_mut(id) else { return };
        if session.nap.is_none() {
            session.nap = Some(nap);
            self.asleep.insert(nap, id);
        }
    }

    /// It does not wait any more.
    pub(super) fn wake(&mut self, id: SessionId) {
        if let Some(nap) = self.get_mut(id).and_then(|session| session.nap.take()) {
            self.asleep.remove(&nap);
        }
    }

    /// Of these, the one that has waited longest to be resumed.
    pub(super) fn longest_asleep(&self, ids: impl Iterator<Item = SessionId>) -> Option<SessionId> {
        let naps = ids.filter_map(|id| Some((self.get(id)?.nap?, id)));
        naps.min().map(|(_, id)| id)
    }

    /// The one that has waited longest does not wait any more.
    pub(super) fn wake_first(&mut self) -> Option<SessionId> {
        let (_, id) = self.asleep.pop_first()?;
        if let Some(session) = self.get_mut(id) {
            session.nap = None;
        }
        Some(id)
    }

    /// Brings the timer of a session up to date. To be called whenever its machine was.
    pub(super) fn touch(&mut self, id: SessionId) {
        let Some(session) = self.get_mut(id) else { return };
        let wanted = session.server.poll_timeout();
        let released = session.released;
        let set = core::mem::replace(&mut session.timer, wanted);
        if set == wanted {
            return;
        }
        if let Some(at) = set {
            self.timers.remove(&(at, id));
            self.alone.remove(&(at, id));
        }
        if let Some(at) = wanted {
            self.timers.insert((at, id));
            if released {
                self.alone.insert((at, id));
            }
        }
    }

    /// It has no driver any more.
    pub(super) fn leave_alone(&mut self, id: SessionId) {
        self.touch(id);
        let Some(session) = self.get_mut(id) else { return };
        session.released = true;
        if let Some(at) = session.timer {
            self.alone.insert((at, id));
        }
    }

    /// The first deadline of those that have no driver.
    pub(super) fn next_timer_alone(&self) -> Option<Instant> {
        self.alone.first().map(|(at, _)| *at)
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The sessions whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<SessionId> {
        self.timers.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect()
    }
}
