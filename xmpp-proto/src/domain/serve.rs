//! What the streams tell and ask, and how their sessions come and go.

use alloc::boxed::Box;

use super::event::DomainEvent;
use super::storage::{Storage, StorageError};
use super::{Domain, SessionId};
use crate::endpoint::{
    AskBind, AskCredentials, Bound, Completion, Endpoint, Outcome, Server, ServerEvent,
};
use crate::jid::{FullJid, Jid};
use crate::stanza::{Condition, Stanza};
use crate::stream::{StreamCondition, StreamError};

impl<S: Storage> Domain<S> {
    /// Lets a session's machine work, and does what follows from it. True if more is left.
    pub(super) fn work(&mut self, id: SessionId) -> bool {
        let more = self.work_on(id);
        self.tend_orphans();
        more
    }

    /// The same, without what that leads to for sessions that have no driver.
    pub(super) fn work_on(&mut self, id: SessionId) -> bool {
        let Some(session) = self.sessions.get_mut(id) else { return false };
        let driven = self.driven.replace(id);
        let mut more = session.server.work();
        while let Some(event) = self.server(id).and_then(Server::poll_event) {
            more = true;
            self.hear(id, event);
        }
        self.take_outcomes(id);
        let (mut is_deaf, mut is_over) = (false, false);
        if let Some(session) = self.sessions.get_mut(id) {
            session.flush(self.now);
            (is_deaf, is_over) = (session.server.is_deaf(), session.server.is_idle());
        }
        if is_deaf {
            self.leave(id);
        }
        if is_over {
            // Behind what the machine has handed back, which was before it.
            self.salvage_backlog(id);
        }
        self.end_doomed();
        self.driven = driven;
        self.sessions.touch(id);
        more
    }

    /// What the machine hands back goes elsewhere.
    fn take_outcomes(&mut self, id: SessionId) {
        while let Some(completion) = self.server(id).and_then(Server::poll_completion) {
            let Completion::Outcome { token, outcome } = completion else { continue };
            if let Outcome::Failed(stanza) | Outcome::Unacked(stanza) = outcome {
                let at = self.returned_at(id, token);
                self.salvage(stanza, at);
            }
        }
    }

    fn server(&mut self, id: SessionId) -> Option<&mut Server> {
        self.sessions.get_mut(id).map(|session| &mut session.server)
    }

    fn hear(&mut self, id: SessionId, event: ServerEvent) {
        match event {
            ServerEvent::Credentials(ask) => self.tell_credentials(id, ask),
            // Nobody has registered a certificate here.
            ServerEvent::Identity(ask) => {
                let now = self.now;
                if let Some(server) = self.server(id) {
                    let _ = server.identity(now, ask, None);
                }
            }
            ServerEvent::Bind(ask) => self.bind(id, ask),
            ServerEvent::Resume(ask) => self.resume(id, ask),
            ServerEvent::Suspended { until, .. } => self.fall_asleep(id, until),
            ServerEvent::Online { jid } => self.come(id, jid),
            ServerEvent::Stanza(stanza) => self.handle_stanza(id, stanza),
            ServerEvent::Query(query) => self.handle_query(id, query),
            // That was seen to when it was allowed. And who sent what is faulty was told.
            ServerEvent::Resumed { .. } | ServerEvent::Faulty(_) => {}
            ServerEvent::Ended(ended) => {
                self.leave(id);
                self.forget_sleeper(id);
                if Self::goes_on(&ended) {
                    return;
                }
                let jid = self.sessions.get(id).and_then(|session| session.jid.clone());
                self.tell(DomainEvent::Ended { session: id, jid, ended: Box::new(ended) });
            }
        }
    }

    fn tell_credentials(&mut self, id: SessionId, ask: AskCredentials) {
        // The account is what binding will make of the name.
        let account = Jid::from_parts(Some(ask.username()), self.config.domain.domain(), None);
        let found = match account.as_ref().map(Jid::local) {
            Ok(Some(local)) => self.storage.credentials(local),
            _ => Ok(None),
        };
        let now = self.now;
        let Some(server) = self.server(id) else { return };
        // The stream may have gone on without the answer.
        let _ = match found {
            Ok(found) => server.credentials(now, ask, found),
            Err(_) => server.unavailable(now, ask),
        };
    }

    fn bind(&mut self, id: SessionId, ask: AskBind) {
        let answer = self.judge_binding(ask.jid());
        let now = self.now;
        let Some(server) = self.server(id) else { return };
        let _ = match answer {
            Ok(answer) => server.bind(now, ask, answer),
            Err(_) => server.unavailable(now, ask),
        };
    }

    /// Whether the resource may be bound. One that is in use passes over to the new session.
    fn judge_binding(&mut self, jid: &FullJid) -> Result<Bound, StorageError> {
        let local = jid.local().unwrap_or_default();
        if !self.storage.has_account(local)? {
            // It was removed since its owner has shown the password.
            return Ok(Bound::Refuse(Condition::NotAllowed.into()));
        }
        let Some(account) = self.accounts.get(local) else { return Ok(Bound::Accept) };
        if let Some(old) = account.session(jid.resource()) {
            // RFC 6120 §7.7.2.2: the newer one wins, for the older one may be a dead connection.
            self.end_session(old, StreamError::new(StreamCondition::Conflict));
            return Ok(Bound::Accept);
        }
        if account.resources.len() >= self.config.max_resources {
            let sessions = account.resources.values().map(|resource| resource.session);
            if let Some(away) = self.sessions.longest_asleep(sessions) {
                // Who comes anew each time must not be locked out by what it has left behind.
                self.end_session(away, StreamError::new(StreamCondition::ResourceConstraint));
                return Ok(Bound::Accept);
            }
            // RFC 6120 §7.6.2.1.
            return Ok(Bound::Refuse(Condition::ResourceConstraint.into()));
        }
        Ok(Bound::Accept)
    }

    /// A session has bound its resource.
    fn come(&mut self, id: SessionId, jid: FullJid) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.jid = Some(jid.clone());
        session.connected = true;
        self.accounts.connect(&jid, id);
        self.tell(DomainEvent::Online { session: id, jid });
    }

    /// A session's resource is gone: nothing more comes from it, and nothing more goes there.
    pub(super) fn leave(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if !core::mem::take(&mut session.connected) {
            return;
        }
        let Some(jid) = session.jid.clone() else { return };
        if let Some(resource) = self.accounts.disconnect(&jid, id) {
            self.presence_ended(&jid, resource);
        }
        self.accounts.forget_empty(&jid.to_bare());
        // Nobody acknowledges it any more, and it is older than whatever comes from now on.
        if let Some(session) = self.sessions.get_mut(id) {
            self.returned.extend(session.server.hand_back());
        }
    }

    fn handle_stanza(&mut self, id: SessionId, stanza: Stanza) {
        let Stanza::Presence(presence) = stanza else { return self.route(stanza) };
        let session = self.sessions.get(id).filter(|session| session.connected);
        if let Some(jid) = session.and_then(|session| session.jid.clone()) {
            self.handle_presence(id, &jid, presence);
        }
    }
}
