//! A session that is to go on, at the receiving end (XEP-0198 §5).

use super::{Question, ServerCx, ServerNegotiation, ServerVerdict, State, send, unknown_element};
use crate::endpoint::{Misuse, PeerFault, Reason};
use crate::stanza::Condition;
use crate::stream::{failed, read_h};
use crate::xml::ElementRef;

/// As often as a resource, a session may be asked for in vain.
const MAX_FAILURES: u8 = 5;

/// XEP-0198 §5: the name of a session should not be longer. None of ours is.
const MAX_SM_ID: usize = 4000;

impl ServerNegotiation {
    /// An element of stream management, which is offered, and which only `<resume/>` is in time for.
    pub(super) fn handle_management(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        match element.name() {
            "resume" if self.account.is_some() && matches!(self.state, State::Choice) => {
                self.handle_resume(cx, element)
            }
            // XEP-0198 §3: the order is enforced.
            "resume" | "enable" => self.refuse_management(cx, Condition::UnexpectedRequest, None),
            _ => Err(Reason::Peer(unknown_element(element))),
        }
    }

    fn handle_resume(
        &mut self,
        cx: &mut ServerCx<'_>,
        element: ElementRef<'_>,
    ) -> Result<ServerVerdict, Reason> {
        if !cx.config.management.is_some_and(|management| management.resume) {
            return self.refuse_management(cx, Condition::FeatureNotImplemented, None);
        }
        let (Some(id), Some(h)) = (element.attr("previd"), read_h(element)) else {
            return self.refuse_management(cx, Condition::BadRequest, None);
        };
        if id.is_empty() || id.len() > MAX_SM_ID {
            return self.refuse_management(cx, Condition::ItemNotFound, None);
        }
        let Some(account) = self.account.clone() else {
            return self.refuse_management(cx, Condition::UnexpectedRequest, None);
        };
        let token = self.ask(cx);
        self.state = State::Resuming;
        Ok(ServerVerdict::Ask(Question::Resume { token, account, id: id.into_owned(), h }))
    }

    /// Says no. XEP-0198 §5: a resource may still be bound; §6: misuse may end the stream.
    pub(super) fn refuse_management(
        &mut self,
        cx: &mut ServerCx<'_>,
        condition: Condition,
        h: Option<u32>,
    ) -> Result<ServerVerdict, Reason> {
        send(cx, failed(condition, h))?;
        self.misuses += 1;
        if self.misuses >= MAX_FAILURES {
            return Err(Reason::Peer(PeerFault::ManagementMisused));
        }
        Ok(ServerVerdict::Continue)
    }

    /// There is no such session (any more). `h`: what is known of how far it came.
    pub(crate) fn refuse_resumption(
        &mut self,
        cx: &mut ServerCx<'_>,
        token: u64,
        h: Option<u32>,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        self.answered(token)?;
        Ok(self.refuse_management(cx, Condition::ItemNotFound, h))
    }

    /// There is such a session, with which the stream goes on.
    pub(crate) fn accept_resumption(
        &mut self,
        token: u64,
    ) -> Result<Result<ServerVerdict, Reason>, Misuse> {
        let State::Resuming = self.answered(token)? else { return Err(Misuse::UnknownQuestion) };
        self.state = State::Done;
        Ok(Ok(ServerVerdict::Continue))
    }

    /// Whether the question `token` waits for its answer.
    #[cfg(feature = "domain")]
    pub(crate) fn awaits(&self, token: u64) -> bool {
        self.asked.is_some_and(|(asked, _)| asked == token)
    }
}
