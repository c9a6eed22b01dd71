//! The table of queries that wait for the application's answer.

use alloc::collections::BTreeMap;

use crate::Instant;
use crate::stanza::Iq;

/// Queries by token. Tokens only grow and all queries have the same time, so the first is always
/// the next to run out.
#[derive(Default)]
pub(crate) struct Queries {
    waiting: BTreeMap<u64, (Instant, Iq)>,
    next: u64,
}

impl Queries {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Notes a query and names it.
    pub(crate) fn insert(&mut self, iq: Iq, deadline: Instant) -> u64 {
        let token = self.next;
        self.next += 1;
        self.waiting.insert(token, (deadline, iq));
        token
    }

    pub(crate) fn contains(&self, token: u64) -> bool {
        self.waiting.contains_key(&token)
    }

    pub(crate) fn remove(&mut self, token: u64) {
        self.waiting.remove(&token);
    }

    /// Takes one query whose time is up.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Iq> {
        let first = self.waiting.first_entry()?;
        (first.get().0 <= now).then(|| first.remove().1)
    }

    /// Forgets all queries: the stream they came on is gone.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|(_, (deadline, _))| *deadline)
    }
}
