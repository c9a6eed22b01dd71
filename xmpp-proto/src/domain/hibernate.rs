//! Sessions whose clients have lost their transports: they wait, and go on under another name
//! (XEP-0198 §5).

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::event::DomainEvent;
use super::storage::Storage;
use super::{Domain, SessionId};
use crate::Instant;
use crate::endpoint::{AskResume, Dormant, Ended, Endpoint, Reason, Server};
use crate::jid::BareJid;
use crate::stream::{StreamCondition, StreamError};

/// What is known of a session that waited and is no more.
struct Gone {
    account: BareJid,
    id: Box<str>,
    received: u32,
}

/// The sessions that have ended while they waited, the last of them.
#[derive(Default)]
pub(super) struct Memories {
    gone: VecDeque<Gone>,
}

impl Memories {
    fn add(&mut self, gone: Gone, max: usize) {
        while self.gone.len() >= max.max(1) {
            self.gone.pop_front();
        }
        if max > 0 {
            self.gone.push_back(gone);
        }
    }

    /// How many stanzas had come on a session, for its owner alone.
    fn received(&self, account: &BareJid, id: &str) -> Option<u32> {
        let found = self.gone.iter().find(|gone| gone.account == *account && *gone.id == *id)?;
        Some(found.received)
    }
}

impl<S: Storage> Domain<S> {
    /// A session has lost its transport and waits.
    pub(super) fn fall_asleep(&mut self, id: SessionId, until: Instant) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.resumption = session.server.resumption().map(|(id, h)| (id.into(), h));
        let Some(jid) = session.jid.clone() else { return };
        self.sessions.put_to_sleep(id);
        self.tell(DomainEvent::Suspended { session: id, jid, until });
        // Of too many, those end first that have been away longest.
        while self.sessions.asleep() > self.config.max_hibernating {
            let Some(oldest) = self.sessions.wake_first() else { return };
            self.end_session(oldest, StreamError::new(StreamCondition::ResourceConstraint));
        }
    }

    /// A session is over; it may have waited until now.
    pub(super) fn forget_sleeper(&mut self, id: SessionId) {
        self.sessions.wake(id);
        let Some(session) = self.sessions.get_mut(id) else { return };
        if let (Some((name, received)), Some(jid)) = (session.resumption.take(), &session.jid) {
            let gone = Gone { account: jid.to_bare(), id: name, received };
            self.memories.add(gone, self.config.max_remembered);
        }
    }

    /// Whether the end of a session is not to be told, because it goes on under another name.
    pub(super) fn goes_on(ended: &Ended) -> bool {
        matches!(ended.reason, Reason::Detached)
    }

    /// A client comes back for its session.
    pub(super) fn resume(&mut self, id: SessionId, ask: AskResume) {
        if !self.sessions.get(id).is_some_and(|session| session.server.awaits(&ask)) {
            // Its time was up: it has been told so.
            return;
        }
        let Some(old) = self.session_named(&ask) else { return self.refuse_resumption(id, ask) };
        // What it has said before it is gone counts as received.
        while self.work_on(old) {}
        let now = self.now;
        let Some(former) = self.sessions.get_mut(old) else { return };
        let Some(dormant) = former.server.surrender(now) else {
            // That was its farewell.
            return self.refuse_resumption(id, ask);
        };
        former.connected = false;
        former.resumption = None;
        let backlog = core::mem::take(&mut former.backlog);
        self.sessions.wake(old);
        let jid = dormant.jid().clone();
        if let Some(resource) = self.resource_mut(&jid) {
            resource.session = id;
        }
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.jid = Some(jid.clone());
        session.connected = true;
        session.backlog = backlog;
        match session.server.resume(now, ask, Some(dormant)) {
            Ok(()) => self.tell(DomainEvent::Resumed { session: id, former: old, jid }),
            Err(rejected) => {
                self.leave(id);
                for (at, stanza) in rejected.item.into_iter().flat_map(Dormant::into_unacked) {
                    self.salvage(stanza, at);
                }
            }
        }
        // Its client may still be there: then it is told.
        self.stir(old);
    }

    fn refuse_resumption(&mut self, id: SessionId, ask: AskResume) {
        let (now, received) = (self.now, self.memories.received(ask.account(), ask.id()));
        let Some(session) = self.sessions.get_mut(id) else { return };
        // The stream may have gone on without the answer.
        let _ = match received {
            Some(h) => session.server.resume_failed(now, ask, h).is_ok(),
            None => session.server.resume(now, ask, None).is_ok(),
        };
    }

    /// The session that is asked for, if it is one of the account that has logged in.
    fn session_named(&self, ask: &AskResume) -> Option<SessionId> {
        let resources = self.account(ask.account())?.resources.values();
        let name = |id| self.sessions.get(id).and_then(|it| Some(it.server.resumption()?.0));
        resources.map(|resource| resource.session).find(|id| name(*id) == Some(ask.id()))
    }

    /// The driver of a session has let go of it. It stays, if it waits.
    pub(super) fn let_go(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.server.is_suspended() {
            self.sessions.leave_alone(id);
        } else {
            self.sessions.remove(id);
        }
    }

    /// Does the work of those sessions that no driver works for.
    pub(super) fn tend_orphans(&mut self) {
        while let Some(id) = self.orphans.pop_front() {
            while self.work_on(id) {}
            if self.sessions.get(id).is_some_and(|it| it.released && it.server.is_idle()) {
                self.sessions.remove(id);
            }
        }
    }

    /// Time has passed for one session.
    pub(super) fn time_out(&mut self, id: SessionId) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.server.handle_timeout(now);
        if session.released {
            self.sessions.touch(id);
            self.orphans.push_back(id);
        } else {
            self.stir(id);
        }
    }

    /// When a session sent what is handed back now.
    pub(super) fn returned_at(
        &mut self,
        id: SessionId,
        token: crate::endpoint::SendToken,
    ) -> Instant {
        let session = self.sessions.get_mut(id);
        session.and_then(|it| Server::returned_at(&mut it.server, token)).unwrap_or(self.now)
    }
}
