//! What a module may know and do while it handles something.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Host, Module, ReadError, Refused};
use crate::Instant;
use crate::endpoint::{Commands, IqToken, Query, Request, SendToken};
use crate::jid::FullJid;
use crate::stanza::{Condition, Iq, IqType, PresenceType, Stanza, StanzaError};
use crate::xml::Element;

/// The world as a module sees it.
pub struct Cx<'a> {
    pub(super) now: Instant,
    pub(super) host: &'a mut dyn Line,
    pub(super) announced: &'a Announced,
    /// Where the tokens of what nobody outside has asked for are noted.
    pub(super) issued: Option<&'a mut Issued>,
}

/// The names of what a client can do, each once, in order (XEP-0030 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(Vec<String>);

impl Features {
    /// What these modules name.
    pub(super) fn of<M: Module>(modules: &M) -> Self {
        let mut names = Vec::new();
        modules.features(&mut |name| names.push(String::from(name)));
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// One after the other, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.binary_search_by(|feature| feature.as_str().cmp(name)).is_ok()
    }
}

/// What a client tells of itself.
#[derive(Default)]
pub(super) struct Announced {
    features: Features,
    /// What is added to presence.
    presence: Vec<Element>,
}

impl Announced {
    /// What these modules have to announce.
    pub(super) fn of<M: Module>(modules: &M) -> Self {
        let features = Features::of(modules);
        let mut presence = Vec::new();
        modules.presence_payloads(&features, &mut |payload| presence.push(payload));
        Self { features, presence }
    }

    /// The stanza as it goes out: presence that says "available" has more to say.
    pub(super) fn complete(&self, stanza: Stanza) -> Stanza {
        match &stanza {
            Stanza::Presence(presence) if presence.type_() == PresenceType::Available => {}
            _ => return stanza,
        }
        let missing = self.presence.iter().filter(|payload| {
            let element = stanza.element();
            element.child(payload.name(), payload.ns()).is_none()
        });
        let mut builder = None;
        for payload in missing {
            let so_far = builder.unwrap_or_else(|| stanza.element().to_builder());
            builder = Some(so_far.child(payload));
        }
        let complete = builder.and_then(|builder| builder.build().ok());
        complete.and_then(|element| Stanza::from_element(element).ok()).unwrap_or(stanza)
    }
}

/// The tokens of what modules have sent and asked by themselves.
#[derive(Default)]
pub(super) struct Issued {
    pub(super) sends: BTreeSet<SendToken>,
    pub(super) requests: BTreeSet<IqToken>,
}

/// The machine, as far as modules see it.
pub(super) trait Line {
    fn jid(&self) -> Option<&FullJid>;
    fn offered(&self) -> Option<&Element>;
    fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Refused>;
    fn request(&mut self, now: Instant, request: Request) -> Result<IqToken, Refused>;
    fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Refused>;
}

impl<C: Host> Line for C {
    fn jid(&self) -> Option<&FullJid> {
        Host::jid(self)
    }

    fn offered(&self) -> Option<&Element> {
        Host::offered(self)
    }

    fn send(&mut self, now: Instant, stanza: Stanza) -> Result<SendToken, Refused> {
        Ok(Commands::send(self, now, stanza)?)
    }

    fn request(&mut self, now: Instant, request: Request) -> Result<IqToken, Refused> {
        Ok(Commands::request(self, now, request)?)
    }

    fn answer(
        &mut self,
        now: Instant,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<SendToken, Refused> {
        Ok(Commands::answer(self, now, query, answer)?)
    }
}

impl Cx<'_> {
    /// The current time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The client's own address, while it is online.
    #[must_use]
    pub fn jid(&self) -> Option<&FullJid> {
        self.host.jid()
    }

    /// Whether the server offers this feature on the stream, such as `ver` of
    /// `urn:xmpp:features:rosterver`. Not while offline.
    #[must_use]
    pub fn offers(&self, name: &str, ns: &str) -> bool {
        self.host.offered().is_some_and(|offered| offered.child(name, ns).is_some())
    }

    /// The features of all modules together.
    #[must_use]
    pub const fn features(&self) -> &Features {
        &self.announced.features
    }

    /// Sends a stanza. To presence that says "available" is added what the modules have to say with
    /// it.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`], as for [`Client::send`](crate::endpoint::Client::send).
    pub fn send(&mut self, stanza: impl Into<Stanza>) -> Result<SendToken, Refused> {
        let stanza = self.announced.complete(stanza.into());
        let token = self.host.send(self.now, stanza)?;
        if let Some(issued) = &mut self.issued {
            issued.sends.insert(token);
        }
        Ok(token)
    }

    /// Sends a request; what comes of it is shown to [`Module::handle_reply`](super::Module::handle_reply).
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`], as for [`Client::request`](crate::endpoint::Client::request).
    pub fn request(&mut self, request: Request) -> Result<IqToken, Refused> {
        let token = self.host.request(self.now, request)?;
        if let Some(issued) = &mut self.issued {
            issued.requests.insert(token);
        }
        Ok(token)
    }

    /// Sends a request whose answer `read` understands.
    ///
    /// # Errors
    ///
    /// As [`Cx::request`].
    pub fn ask<T>(
        &mut self,
        request: Request,
        read: fn(&Iq) -> Result<T, ReadError>,
    ) -> Result<Asked<T>, Refused> {
        self.request(request).map(|token| Asked { token, read })
    }

    /// Answers a query: with a result, which may have a payload, or with an error.
    ///
    /// # Errors
    ///
    /// [`Refused::Machine`], as for [`Client::answer`](crate::endpoint::Client::answer). The query is
    /// then answered by the machine, with `service-unavailable`, when its time is up.
    pub fn answer(
        &mut self,
        query: Query,
        answer: Result<Option<Element>, StanzaError>,
    ) -> Result<(), Refused> {
        let token = self.host.answer(self.now, query, answer)?;
        if let Some(issued) = &mut self.issued {
            issued.sends.insert(token);
        }
        Ok(())
    }
}

impl Cx<'_> {
    /// Answers a query where there is something to be told and nothing to be set (RFC 6120 §8.4).
    /// Where the answer cannot be given, the machine answers.
    pub(super) fn inform(&mut self, query: Query, answer: Result<Option<Element>, StanzaError>) {
        let answer = match query.iq().type_() {
            IqType::Set => Err(Condition::ServiceUnavailable.into()),
            _ => answer,
        };
        let _ = self.answer(query, answer);
    }
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("now", &self.now)
            .field("jid", &self.jid())
            .finish_non_exhaustive()
    }
}

/// A request under way whose answer is a `T`. Adapters make a future of it; whoever drives the
/// machine finds the answer among its completions, by the token.
pub struct Asked<T> {
    token: IqToken,
    read: fn(&Iq) -> Result<T, ReadError>,
}

impl<T> Asked<T> {
    /// The request.
    #[must_use]
    pub const fn token(&self) -> IqToken {
        self.token
    }

    /// Reads the result that [`Completion::Reply`](crate::endpoint::Completion::Reply) has brought.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(&self, result: &Iq) -> Result<T, ReadError> {
        (self.read)(result)
    }
}

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("token", &self.token).finish_non_exhaustive()
    }
}
