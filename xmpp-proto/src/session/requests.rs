//! The table of requests that wait for their answers (RFC 6120 §8.2.3).

use alloc::collections::BTreeMap;

use crate::Instant;
use crate::endpoint::IqToken;
use crate::jid::{FullJid, Jid};
use crate::stanza::Iq;
use crate::sync::Arc;

struct Pending {
    token: IqToken,
    to: Option<Jid>,
    deadline: Instant,
}

/// Requests by id, and their deadlines in order.
#[derive(Default)]
pub(crate) struct Requests {
    pending: BTreeMap<Arc<str>, Pending>,
    deadlines: BTreeMap<(Instant, IqToken), Arc<str>>,
}

impl Requests {
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Notes a request. Ids come from the machine's generator and do not collide.
    pub(crate) fn insert(&mut self, id: &str, token: IqToken, to: Option<Jid>, deadline: Instant) {
        let id: Arc<str> = Arc::from(id);
        self.deadlines.insert((deadline, token), Arc::clone(&id));
        self.pending.insert(id, Pending { token, to, deadline });
    }

    /// Takes the request that `answer` answers, if its id *and* its sender match; a wrong sender
    /// leaves the request pending.
    pub(crate) fn take(&mut self, answer: &Iq, own: &FullJid) -> Option<IqToken> {
        let id = answer.id();
        let pending = self.pending.get(id)?;
        if !is_from(answer.from(), pending.to.as_ref(), own) {
            return None;
        }
        let (token, deadline) = (pending.token, pending.deadline);
        self.deadlines.remove(&(deadline, token));
        self.pending.remove(id);
        Some(token)
    }

    /// Takes one request whose deadline has passed.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<IqToken> {
        let first = self.deadlines.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let ((_, token), id) = first.remove_entry();
        self.pending.remove(&id);
        Some(token)
    }

    /// Takes all requests, in the order in which they were made.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = IqToken> + use<> {
        self.pending.clear();
        let mut tokens: alloc::vec::Vec<_> =
            core::mem::take(&mut self.deadlines).into_keys().map(|(_, token)| token).collect();
        tokens.sort_unstable();
        tokens.into_iter()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first_key_value().map(|((deadline, _), _)| *deadline)
    }
}

/// Whether an answer from `from` may answer a request that was sent to `to`.
///
/// The server answers requests without `to`, and those to the account's bare JID, on behalf of
/// the account: without `from`, or from the bare or full JID (RFC 6120 §8.1.2.1, §10.3.3). Every
/// other answer comes from exactly where the request went.
fn is_from(from: Option<&Jid>, to: Option<&Jid>, own: &FullJid) -> bool {
    let own_bare = own.to_bare();
    let is_own_bare = |jid: &Jid| *jid == *own_bare;
    match (to, from) {
        (None, None) => true,
        (Some(to), None) => is_own_bare(to),
        (Some(to), Some(from)) if !is_own_bare(to) => from == to,
        (_, Some(from)) => is_own_bare(from) || *from == **own,
    }
}
