//! What is to be found out, and who can be asked.

use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::Bound;

use super::caps::{Caps, CapsHash};
use crate::endpoint::IqToken;
use crate::jid::Jid;

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// What a hash stands for: one answer is enough for all who have announced it.
    Hash(CapsHash),
    /// What one entity is: its hash proves nothing.
    Entity(Jid),
}

impl Subject {
    /// What is to be found out where `jid` announces `caps`.
    pub(super) fn of(jid: &Jid, caps: &Caps) -> Self {
        match caps.verifiable() {
            Some(hash) => Self::Hash(hash),
            None => Self::Entity(jid.clone()),
        }
    }
}

/// Open questions. Each has somebody who can be asked, or is under way; everybody can be asked about
/// one thing at most, and is asked one thing at a time.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Who can be asked and was not yet.
    open: BTreeMap<Subject, BTreeSet<Jid>>,
    under_way: BTreeMap<IqToken, (Subject, Jid)>,
    /// Those who are asked just now, and the subjects they are asked about.
    asked: BTreeSet<Jid>,
    subjects: BTreeSet<Subject>,
    /// What was asked last: the others come first.
    last: Option<Subject>,
}

impl Questions {
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// `jid` can be asked about `subject`.
    pub(super) fn join(&mut self, subject: Subject, jid: Jid) {
        self.open.entry(subject).or_default().insert(jid);
    }

    /// `jid` is not to be asked any more.
    pub(super) fn leave(&mut self, subject: &Subject, jid: &Jid) {
        let Some(who) = self.open.get_mut(subject) else { return };
        who.remove(jid);
        if who.is_empty() {
            self.open.remove(subject);
        }
    }

    /// The next thing to ask, and whom. Everything gets its turn.
    pub(super) fn next(&self) -> Option<(Subject, Jid)> {
        let from = match &self.last {
            Some(last) => Bound::Excluded(last),
            None => Bound::Unbounded,
        };
        let behind = self.open.range((from, Bound::Unbounded));
        // At most as many are passed over as are under way, and as many whose only members are asked.
        behind.chain(&self.open).find_map(|(subject, who)| {
            if self.subjects.contains(subject) {
                return None;
            }
            let jid = who.iter().find(|jid| !self.asked.contains(*jid))?;
            Some((subject.clone(), jid.clone()))
        })
    }

    /// `jid` was asked about `subject`.
    pub(super) fn start(&mut self, token: IqToken, subject: Subject, jid: Jid) {
        self.leave(&subject, &jid);
        self.asked.insert(jid.clone());
        self.subjects.insert(subject.clone());
        self.last = Some(subject.clone());
        self.under_way.insert(token, (subject, jid));
    }

    /// A request has come to its end: what it was about, and who was asked.
    pub(super) fn finish(&mut self, token: IqToken) -> Option<(Subject, Jid)> {
        let (subject, jid) = self.under_way.remove(&token)?;
        self.asked.remove(&jid);
        self.subjects.remove(&subject);
        Some((subject, jid))
    }

    /// The question is answered: nobody needs to be asked any more.
    pub(super) fn close(&mut self, subject: &Subject) {
        self.open.remove(subject);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
