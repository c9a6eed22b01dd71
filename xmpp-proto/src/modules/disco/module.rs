//! The module.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use super::cache::{CapsCache, MemoryCache};
use super::caps::{self, Caps, CapsFault, CapsHash, HashAlgorithm};
use super::contacts::Contacts;
use super::questions::{Questions, Subject};
use super::{DataForm, DiscoInfo, DiscoItems, Identity};
use crate::endpoint::{IqToken, Query, Request, RequestError};
use crate::jid::Jid;
use crate::modules::{Asked, Claim, Cx, Features, Module, ReadError, Refused, answer_with};
use crate::stanza::{Condition, Iq, Presence, PresenceType, Stanza, StanzaError};
use crate::sync::Arc;
use crate::xml::{Element, ElementRef};
use crate::{Instant, ns};

/// How long to wait where the machine takes no further request.
const RETRY: Duration = Duration::from_secs(5);

/// Service discovery and entity capabilities, as a module.
///
/// - It answers disco#info with its identities and the features of all modules, for the client itself
///   and for the node that its presence names. It has no items. Any other node does not exist.
/// - It adds its capabilities to each presence that says "available".
/// - It finds out what those can do whose presence has capabilities: from the cache, or by asking
///   once per hash. An answer counts for all who announce the same hash if it has that hash, and else
///   for the one who gave it.
///
/// Everybody gets an answer, so whoever knows the full address learns that the client is online
/// (XEP-0115 §9.4).
///
/// In a set it stands before modules that take presence for themselves.
#[derive(Debug)]
pub struct Disco<C = MemoryCache> {
    node: String,
    algorithm: HashAlgorithm,
    /// Without features: those are the modules'.
    own: DiscoInfo,
    cache: C,
    limits: DiscoLimits,
    contacts: Contacts,
    questions: Questions,
    retry_at: Option<Instant>,
    events: VecDeque<DiscoEvent>,
}

/// How much [`Disco`] keeps and does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiscoLimits {
    /// Entities whose capabilities are remembered while they are available. Beyond that, who sent no
    /// presence for the longest time is forgotten. Default 4096.
    pub contacts: usize,
    /// Bytes that what they can do takes, about, each answer counted once. Beyond that, the same.
    /// Default 8 MiB.
    pub bytes: usize,
    /// Bytes that one answer may take, about; a larger one is not kept. Default 64 KiB: many times
    /// what programs need.
    pub info_bytes: usize,
    /// Requests under way to find out what hashes stand for. Default 8.
    pub requests: usize,
    /// How long each may take. Default 20 seconds.
    pub timeout: Duration,
}

impl Default for DiscoLimits {
    fn default() -> Self {
        Self {
            contacts: 4096,
            bytes: 8 * 1024 * 1024,
            info_bytes: 64 * 1024,
            requests: 8,
            timeout: Duration::from_secs(20),
        }
    }
}

/// What [`Disco`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscoEvent {
    /// It is known what an entity can do: this is what the hash in its presence stands for.
    Caps {
        /// The entity.
        jid: Jid,
        /// What it is and can do.
        info: Arc<DiscoInfo>,
    },
    /// An entity has told what it can do, but the hash in its presence does not prove it.
    Unverified {
        /// The entity.
        jid: Jid,
        /// What it says of itself.
        info: Arc<DiscoInfo>,
        /// What is wrong with the hash or the answer.
        fault: CapsFault,
    },
}

impl Disco {
    /// A client with one identity. `node` is a URI for the program, the same for all of its versions
    /// and settings, best the one where people find out more (XEP-0115 §4).
    #[must_use]
    pub fn new(node: impl Into<String>, identity: Identity) -> Self {
        Self {
            node: node.into(),
            algorithm: HashAlgorithm::default(),
            own: DiscoInfo::new().with_identity(identity),
            cache: MemoryCache::default(),
            limits: DiscoLimits::default(),
            contacts: Contacts::default(),
            questions: Questions::default(),
            retry_at: None,
            events: VecDeque::new(),
        }
    }
}

impl<C: CapsCache> Disco<C> {
    /// With another memory for what hashes stand for.
    #[must_use]
    pub fn with_cache<D: CapsCache>(self, cache: D) -> Disco<D> {
        Disco {
            cache,
            node: self.node,
            algorithm: self.algorithm,
            own: self.own,
            limits: self.limits,
            contacts: self.contacts,
            questions: self.questions,
            retry_at: self.retry_at,
            events: self.events,
        }
    }

    /// With one more identity, such as the same in another language.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.own = self.own.with_identity(identity);
        self
    }

    /// With a form that tells more about the client (XEP-0128, XEP-0232).
    #[must_use]
    pub fn with_extension(mut self, form: DataForm) -> Self {
        self.own = self.own.with_extension(form);
        self
    }

    /// With another hash function than SHA-1. Not everybody understands another
    /// (XEP-0115 §9.1).
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: HashAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: DiscoLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Asks what `jid` is and can do, or what its node `node` is (XEP-0030 §3).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`] if no request can be sent now; [`Refused::Build`] if `node` holds a
    /// character that XML does not allow.
    pub fn info(
        &mut self,
        cx: &mut Cx<'_>,
        jid: impl Into<Jid>,
        node: Option<&str>,
    ) -> Result<Asked<DiscoInfo>, Refused> {
        cx.ask(Request::get(DiscoInfo::query(node)?).to(jid), |iq| {
            DiscoInfo::from_element(query_of(iq)?)
        })
    }

    /// Asks what belongs to `jid`, or to its node `node` (XEP-0030 §4).
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info).
    pub fn items(
        &mut self,
        cx: &mut Cx<'_>,
        jid: impl Into<Jid>,
        node: Option<&str>,
    ) -> Result<Asked<DiscoItems>, Refused> {
        cx.ask(Request::get(DiscoItems::query(node)?).to(jid), |iq| {
            DiscoItems::from_element(query_of(iq)?)
        })
    }

    /// What an entity can do that has sent presence with capabilities, if it is known already. It
    /// is forgotten when the entity becomes unavailable and when the stream ends.
    #[must_use]
    pub fn caps_of(&self, jid: &Jid) -> Option<Arc<DiscoInfo>> {
        self.contacts.info(jid).cloned()
    }

    /// What is known of hashes.
    pub const fn cache(&mut self) -> &mut C {
        &mut self.cache
    }

    /// What the client is and can do.
    fn own_info(&self, features: &Features) -> DiscoInfo {
        self.own.clone().with_features(features.iter())
    }

    fn own_caps(&self, info: &DiscoInfo) -> Caps {
        Caps::of(info, self.node.as_str(), self.algorithm)
    }

    /// The answer about the client itself.
    fn answer_info(&self, cx: &Cx<'_>, node: Option<&str>) -> Result<Option<Element>, StanzaError> {
        let mut info = self.own_info(cx.features());
        if let Some(node) = node {
            // XEP-0115 §6.2: what presence announces can be asked about.
            if self.own_caps(&info).query_node() != node {
                // XEP-0030 §7.
                return Err(StanzaError::new(Condition::ItemNotFound));
            }
            // XEP-0030 §3.2: the answer names the node.
            info = info.with_node(node);
        }
        answer_with(info.to_element())
    }

    fn handle_presence(&mut self, cx: &mut Cx<'_>, presence: &Presence) {
        let Some(jid) = presence.from() else { return };
        if cx.jid().is_some_and(|own| **own == *jid) {
            return;
        }
        match presence.type_() {
            PresenceType::Available => {
                if let Some(caps) = Caps::from_presence(presence) {
                    self.handle_caps(jid, caps);
                } else {
                    // XEP-0115 §8.4: servers may leave out what has not changed.
                    self.contacts.touch(jid);
                }
            }
            PresenceType::Unavailable | PresenceType::Error => self.forget(jid),
            _ => return,
        }
        self.ask_next(cx);
    }

    /// Somebody announces capabilities.
    fn handle_caps(&mut self, jid: &Jid, caps: Caps) {
        if self.contacts.caps(jid) == Some(&caps) {
            return self.contacts.touch(jid);
        }
        self.forget(jid);
        let subject = Subject::of(jid, &caps);
        self.contacts.insert(jid, caps, subject.clone());
        match subject {
            Subject::Hash(hash) => {
                let shared = self.contacts.verified(&hash).cloned();
                if let Some(info) = shared {
                    self.events.push_back(DiscoEvent::Caps { jid: jid.clone(), info });
                } else if let Some(info) = self.cache.get(&hash) {
                    self.verified(&hash, &info);
                } else {
                    self.questions.join(Subject::Hash(hash), jid.clone());
                }
            }
            Subject::Entity(_) => self.questions.join(subject, jid.clone()),
        }
        self.make_room();
    }

    fn forget(&mut self, jid: &Jid) {
        if let Some(subject) = self.contacts.remove(jid) {
            self.questions.leave(&subject, jid);
        }
    }

    fn make_room(&mut self) {
        while self.contacts.len() > self.limits.contacts
            || self.contacts.bytes() > self.limits.bytes
        {
            let Some((jid, subject)) = self.contacts.remove_oldest() else { return };
            self.questions.leave(&subject, &jid);
        }
    }

    /// Asks what is to be found out, as far as it may now.
    fn ask_next(&mut self, cx: &mut Cx<'_>) {
        self.retry_at = None;
        while self.questions.under_way() < self.limits.requests {
            let Some((subject, jid)) = self.questions.next() else { return };
            let node = self.contacts.caps(&jid).map(Caps::query_node);
            let Ok(query) = DiscoInfo::query(node.as_deref()) else {
                // It was received, so it can be sent; but if not, it is not worth another try.
                self.questions.leave(&subject, &jid);
                continue;
            };
            let request = Request::get(query).to(jid.clone()).timeout(self.limits.timeout);
            let Ok(token) = cx.request(request) else {
                self.retry_at = Some(cx.now() + RETRY);
                return;
            };
            self.questions.start(token, subject, jid);
        }
    }

    /// `jid` has answered what `subject` is.
    fn learn(&mut self, subject: &Subject, jid: &Jid, answer: ElementRef<'_>) {
        let Ok(told) = DiscoInfo::from_element(answer) else { return };
        if told.size() > self.limits.info_bytes {
            return;
        }
        let fault = match subject {
            Subject::Entity(_) => CapsFault::UnknownHash,
            Subject::Hash(hash) => match caps::verify(answer, hash) {
                // §5.4, rule 3.8: true for everybody who announces it.
                Ok(info) => {
                    let info = Arc::new(info);
                    self.cache.put(hash, Arc::clone(&info));
                    self.questions.close(subject);
                    return self.verified(hash, &info);
                }
                // §5.4, rule 3.9: the next one who announces it is asked.
                Err(fault) => fault,
            },
        };
        let info = Arc::new(told);
        if self.contacts.tell(jid, subject, &info) {
            self.events.push_back(DiscoEvent::Unverified { jid: jid.clone(), info, fault });
        }
    }

    fn verified(&mut self, hash: &CapsHash, info: &Arc<DiscoInfo>) {
        for jid in self.contacts.verify(hash, info) {
            self.events.push_back(DiscoEvent::Caps { jid, info: Arc::clone(info) });
        }
    }
}

impl<C: CapsCache> Module for Disco<C> {
    type Event = DiscoEvent;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        each(ns::DISCO_INFO);
        each(ns::DISCO_ITEMS);
        each(ns::CAPS);
    }

    fn presence_payloads(&self, features: &Features, each: &mut dyn FnMut(Element)) {
        if let Ok(caps) = self.own_caps(&self.own_info(features)).to_element() {
            each(caps);
        }
    }

    fn handle_ended(&mut self) {
        self.contacts.clear();
        self.questions.clear();
        self.retry_at = None;
    }

    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        if let Stanza::Presence(presence) = stanza {
            self.handle_presence(cx, presence);
        }
        Claim::Passed
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        let iq = query.iq();
        let payload = iq.payload().filter(|payload| payload.name() == "query");
        let (is_info, node) = match payload {
            Some(payload) if payload.ns() == ns::DISCO_INFO => (true, payload.attr("node")),
            Some(payload) if payload.ns() == ns::DISCO_ITEMS => (false, payload.attr("node")),
            _ => return Some(query),
        };
        let node = node.as_deref();
        let answer = if is_info {
            self.answer_info(cx, node)
        } else if node.is_some() {
            // XEP-0115 §6.2: what presence names is no node with items either.
            Err(StanzaError::new(Condition::ItemNotFound))
        } else {
            answer_with(DiscoItems::default().to_element())
        };
        cx.inform(query, answer);
        None
    }

    fn handle_reply(
        &mut self,
        cx: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        let Some((subject, jid)) = self.questions.finish(token) else { return Claim::Passed };
        if let Some(answer) = reply.ok().and_then(Iq::payload) {
            self.learn(&subject, &jid, answer);
            self.make_room();
        }
        self.ask_next(cx);
        Claim::Taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.ask_next(cx);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.retry_at
    }

    fn poll_event(&mut self) -> Option<DiscoEvent> {
        self.events.pop_front()
    }
}

fn query_of(iq: &Iq) -> Result<ElementRef<'_>, ReadError> {
    iq.payload().ok_or(ReadError::Missing { what: "query" })
}

#[cfg(test)]
impl<C> Disco<C> {
    /// Contacts, questions that wait, and requests under way.
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        (self.contacts.len(), self.questions.len(), self.questions.under_way())
    }

    /// What is known of contacts.
    pub(super) const fn bytes(&self) -> usize {
        self.contacts.bytes()
    }
}
