//! Who has announced which capabilities, and what they are.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::DiscoInfo;
use super::caps::{Caps, CapsHash};
use super::questions::Subject;
use crate::jid::Jid;
use crate::sync::Arc;

/// Entities that have announced capabilities, and what is known of these.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    known: BTreeMap<Jid, Contact>,
    /// The entities by the time of their last presence.
    ages: BTreeMap<u64, Jid>,
    next_age: u64,
    /// Those who have announced the same hash.
    groups: BTreeMap<CapsHash, Group>,
    /// What all answers take, each counted once.
    bytes: usize,
}

#[derive(Debug)]
struct Contact {
    caps: Caps,
    subject: Subject,
    age: u64,
    /// What it says of itself and its hash does not prove.
    told: Option<Arc<DiscoInfo>>,
}

#[derive(Debug, Default)]
struct Group {
    members: BTreeSet<Jid>,
    /// What their hash stands for.
    info: Option<Arc<DiscoInfo>>,
}

impl Contacts {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What an entity has announced.
    pub(super) fn caps(&self, jid: &Jid) -> Option<&Caps> {
        self.known.get(jid).map(|contact| &contact.caps)
    }

    /// What is known of an entity.
    pub(super) fn info(&self, jid: &Jid) -> Option<&Arc<DiscoInfo>> {
        let contact = self.known.get(jid)?;
        contact.told.as_ref().or_else(|| match &contact.subject {
            Subject::Hash(hash) => self.verified(hash),
            Subject::Entity(_) => None,
        })
    }

    /// What a hash stands for, if somebody here has announced it and it was verified.
    pub(super) fn verified(&self, hash: &CapsHash) -> Option<&Arc<DiscoInfo>> {
        self.groups.get(hash)?.info.as_ref()
    }

    /// Notes that an entity was heard of.
    pub(super) fn touch(&mut self, jid: &Jid) {
        let Some(contact) = self.known.get_mut(jid) else { return };
        self.ages.remove(&contact.age);
        contact.age = self.next_age;
        self.ages.insert(self.next_age, jid.clone());
        self.next_age += 1;
    }

    /// Notes what an entity has announced. It must not be among the known ones.
    pub(super) fn insert(&mut self, jid: &Jid, caps: Caps, subject: Subject) {
        if let Subject::Hash(hash) = &subject {
            self.groups.entry(hash.clone()).or_default().members.insert(jid.clone());
        }
        let contact = Contact { caps, subject, age: self.next_age, told: None };
        self.known.insert(jid.clone(), contact);
        self.ages.insert(self.next_age, jid.clone());
        self.next_age += 1;
    }

    /// Forgets an entity. What was to be found out of it comes back.
    pub(super) fn remove(&mut self, jid: &Jid) -> Option<Subject> {
        let contact = self.known.remove(jid)?;
        self.ages.remove(&contact.age);
        self.bytes -= size(contact.told.as_ref());
        if let Subject::Hash(hash) = &contact.subject
            && let Some(group) = self.groups.get_mut(hash)
        {
            group.members.remove(jid);
            if group.members.is_empty() {
                self.bytes -= size(group.info.as_ref());
                self.groups.remove(hash);
            }
        }
        Some(contact.subject)
    }

    /// Forgets the one who was silent for the longest time.
    pub(super) fn remove_oldest(&mut self) -> Option<(Jid, Subject)> {
        let jid = self.ages.first_key_value()?.1.clone();
        let subject = self.remove(&jid)?;
        Some((jid, subject))
    }

    /// Notes what a hash stands for. Those of whom it was not known come back: not who said
    /// something else of itself.
    pub(super) fn verify(&mut self, hash: &CapsHash, info: &Arc<DiscoInfo>) -> Vec<Jid> {
        let Some(group) = self.groups.get_mut(hash) else { return Vec::new() };
        self.bytes -= size(group.info.as_ref());
        group.info = Some(Arc::clone(info));
        self.bytes += size(group.info.as_ref());
        let told = |jid: &&Jid| self.known.get(*jid).is_some_and(|own| own.told.is_some());
        group.members.iter().filter(|jid| !told(jid)).cloned().collect()
    }

    /// Notes what an entity says of itself, if `subject` is still what is to be found out of it.
    pub(super) fn tell(&mut self, jid: &Jid, subject: &Subject, info: &Arc<DiscoInfo>) -> bool {
        let same = |contact: &&mut Contact| contact.subject == *subject;
        let Some(contact) = self.known.get_mut(jid).filter(same) else { return false };
        self.bytes -= size(contact.told.as_ref());
        contact.told = Some(Arc::clone(info));
        self.bytes += size(contact.told.as_ref());
        true
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn size(info: Option<&Arc<DiscoInfo>>) -> usize {
    info.map_or(0, |info| info.size())
}
