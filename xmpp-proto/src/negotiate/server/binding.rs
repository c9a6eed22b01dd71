//! Resource binding at the receiving end (RFC 6120 §7).

use super::{BindAnswer, Question, ServerCx, ServerNegotiation, ServerVerdict, State, bounded};
use crate::endpoint::{Misuse, PeerFault, Reason};
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::stanza::{Condition, Iq, IqType, Stanza, StanzaError};
use crate::xml::{Element, ElementRef};

/// RFC 6120 §7.7.2 wants at least five tries for an acceptable resource, and an end to them.
const MAX_BINDS: u8 = 5;

impl ServerNegotiation {
    /// A stanza: the bind request, or something that has no place here.
    pub(super) fn handle_stanza(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        // RFC 6120 §7.1: nothing but the bind request before a resource is bound; nothing at all
        // before authentication (§4.9.3.12).
        let early = Err(Reason::Peer(PeerFault::StanzaBeforeBinding));
        let (Some(account), State::Choice) = (self.account.clone(), &self.state) else {
            return early;
        };
        // §8.1.2.1 goes for this one, too.
        if let Some(from) = element.attr("from")
            && !Jid::from_wire(&from).is_ok_and(|from| from.to_bare() == account)
        {
            return Err(Reason::Peer(PeerFault::ForgedFrom { from: bounded(&from) }));
        }
        // Nor may it be for anybody but the server and the account.
        let for_us = |to: &str| {
            cx.config.serves(to).is_some() || BareJid::from_wire(to).is_ok_and(|to| to == account)
        };
        if element.attr("to").is_some_and(|to| !for_us(&to)) {
            return early;
        }
        let Some(bind) = element.child("bind", ns::BIND) else { return early };
        let asked = bind.child("resource", ns::BIND).map(|resource| resource.text().into_owned());
        let request = match Stanza::from_element(element.to_element()) {
            Ok(Stanza::Iq(iq)) if iq.type_() == IqType::Set => iq,
            _ => return early,
        };
        // RFC 6120 §7.6: without a resource, the server makes one up.
        let asked = asked.filter(|resource| !resource.is_empty());
        let jid = match &asked {
            Some(resource) => account.with_resource(resource),
            None => account.with_resource(&cx.rng.id()),
        };
        let Ok(jid) = jid else {
            return self.refuse_bind(cx, &request, &Condition::BadRequest.into());
        };
        let token = self.ask(cx);
        let question = Question::Bind { token, jid: jid.clone(), asked: asked.is_some() };
        self.state = State::Binding { request, jid };
        Ok(ServerVerdict::Ask(question))
    }

    pub(super) fn refuse_bind(
        &mut self,
        cx: &mut ServerCx<'_>,
        request: &Iq,
        error: &StanzaError,
    ) -> Result<ServerVerdict, Reason> {
        self.state = State::Choice;
        if let Ok(reply) = request.error_reply(error.clone()) {
            cx.out.write(reply.element().as_ref());
        }
        self.binds += 1;
        if self.binds >= MAX_BINDS {
            return Err(Reason::Peer(PeerFault::TooManyBinds));
        }
        Ok(ServerVerdict::Continue)
    }

    pub(crate) fn handle_bind(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
        answer: BindAnswer,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let State::Binding { request, jid } = self.answered(token)? else {
            return Err(Misuse::UnknownQuestion);
        };
        let account = jid.to_bare();
        let jid = match answer {
            BindAnswer::Accept => Ok(jid),
            BindAnswer::Another => account.with_resource(&cx.rng.id()),
            BindAnswer::As(resource) => account.with_resource(&resource),
            BindAnswer::Refuse(error) => return Ok(self.refuse_bind(cx, &request, &error)),
        };
        let Ok(jid) = jid else {
            let error = Condition::InternalServerError.into();
            return Ok(self.refuse_bind(cx, &request, &error));
        };
        // RFC 6120 §7.6.1.
        let bound = Element::builder("bind", ns::BIND)
            .child_with("jid", ns::BIND, |element| element.text(jid.as_str()))
            .build();
        let reply = bound.ok().and_then(|bound| request.result(Some(bound)).ok());
        let Some(reply) = reply else {
            let error = Condition::InternalServerError.into();
            return Ok(self.refuse_bind(cx, &request, &error));
        };
        cx.out.write(reply.element().as_ref());
        self.state = State::Done;
        Ok(Ok(ServerVerdict::Online(jid)))
    }
}
