//! What a module is.

use core::convert::Infallible;

use super::{Cx, Features};
use crate::Instant;
use crate::endpoint::{IqToken, Query, RequestError};
use crate::stanza::{Iq, Stanza};
use crate::xml::Element;

/// Whether a module has taken something as its own business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It has: nobody else is shown it.
    Taken,
    /// It has not: further modules and then the application are shown it. The module may have
    /// learnt from it all the same.
    Passed,
}

/// One capability of a client.
///
/// Every method has a default that does nothing. What a module sends while it handles something is
/// its own affair: the application is not told of its fate. What it sends or asks at the
/// application's command is the application's (see [`Modular::with`](super::Modular::with)).
///
/// Nothing that a peer sends may make a module grow without a limit; that includes its events, which
/// are taken after everything it is shown.
pub trait Module {
    /// What it tells the application.
    type Event;

    /// Names what it adds to what the client can do, as service discovery announces it (XEP-0030
    /// §3.1), such as `urn:xmpp:ping`.
    fn features(&self, each: &mut dyn FnMut(&str)) {
        let _ = each;
    }

    /// What is to be added to each presence that says "available", given all features of the
    /// client.
    fn presence_payloads(&self, features: &Features, each: &mut dyn FnMut(Element)) {
        let _ = (features, each);
    }

    /// The client is online. The application learns it afterwards.
    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// The stream has ended: what belonged to it is gone. Requests that waited were answered before,
    /// with [`RequestError::Disconnected`]. The application learns it afterwards.
    fn handle_ended(&mut self) {}

    /// A message or presence has come.
    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        let _ = (cx, stanza);
        Claim::Passed
    }

    /// Somebody asks something. Whoever takes the query answers it with [`Cx::answer`]; else it is
    /// handed back.
    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        let _ = cx;
        Some(query)
    }

    /// A request of some module, or of the application, was answered or never will be.
    fn handle_reply(
        &mut self,
        cx: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        let _ = (cx, token, reply);
        Claim::Passed
    }

    /// The moment of [`Module::poll_timeout`] has come.
    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        let _ = cx;
    }

    /// When [`Module::handle_timeout`] is due, if at all. After that call it is later, or never.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next thing to tell the application.
    fn poll_event(&mut self) -> Option<Self::Event> {
        None
    }
}

/// No modules.
impl Module for () {
    type Event = Infallible;
}

/// A module that may be left out.
impl<M: Module> Module for Option<M> {
    type Event = M::Event;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        if let Some(module) = self {
            module.features(each);
        }
    }

    fn presence_payloads(&self, features: &Features, each: &mut dyn FnMut(Element)) {
        if let Some(module) = self {
            module.presence_payloads(features, each);
        }
    }

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        if let Some(module) = self {
            module.handle_online(cx);
        }
    }

    fn handle_ended(&mut self) {
        if let Some(module) = self {
            module.handle_ended();
        }
    }

    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        self.as_mut().map_or(Claim::Passed, |module| module.handle_stanza(cx, stanza))
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        match self {
            Some(module) => module.handle_query(cx, query),
            None => Some(query),
        }
    }

    fn handle_reply(
        &mut self,
        cx: &mut Cx<'_>,
        token: IqToken,
        reply: Result<&Iq, &RequestError>,
    ) -> Claim {
        self.as_mut().map_or(Claim::Passed, |module| module.handle_reply(cx, token, reply))
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        if let Some(module) = self {
            module.handle_timeout(cx);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.as_ref()?.poll_timeout()
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.as_mut()?.poll_event()
    }
}
