//! Sessions that outlive their transports (XEP-0198 §5): how a stream is managed, how a session
//! waits, is taken out, and goes on.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

#[cfg(feature = "domain")]
use super::super::SendToken;
use super::super::{Ended, Misuse, PeerFault, Reason, Rejected, Timer};
use super::{Ask, AskResume, Link, Server, ServerEvent};
use crate::Instant;
use crate::jid::FullJid;
use crate::negotiate::unknown_element;
use crate::session::{Carried, Management, Resumable};
use crate::stanza::{Condition, Stanza};
use crate::stream::{StreamCondition, StreamError, failed, read_bool};
use crate::xml::{Element, ElementRef};

/// A session that was taken out of a [`Server`] by [`Server::surrender`], to go on in another one by
/// [`Server::resume`]: the client's address, what it has not acknowledged, the queries that wait for
/// an answer, and the counts of both sides.
pub struct Dormant {
    pub(super) jid: FullJid,
    pub(super) lang: Option<String>,
    pub(super) carried: Carried,
}

impl Dormant {
    /// The client's address.
    #[must_use]
    pub const fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// The name of the session, which the client knows (XEP-0198 §5).
    #[must_use]
    pub fn id(&self) -> &str {
        self.management().resumable.as_ref().map_or("", |resumable| &resumable.id)
    }

    /// How many stanzas have come from the client, modulo 2^32: what may be said of a session that is
    /// no more ([`Server::resume_failed`]).
    #[must_use]
    pub fn received(&self) -> u32 {
        self.management().received()
    }

    /// The stanzas that the client has not acknowledged, in the order in which they were sent.
    pub fn unacked(&self) -> impl Iterator<Item = &Stanza> {
        self.management().entries().map(|entry| &entry.stanza)
    }

    /// What becomes of a session that does not go on: the stanzas of the owner that the client has
    /// not acknowledged, in order, each with the moment at which it was sent.
    pub fn into_unacked(mut self) -> impl Iterator<Item = (Instant, Stanza)> {
        self.carried.management.take_owned()
    }

    const fn management(&self) -> &Management {
        &self.carried.management
    }
}

/// Whose it is and how much waits; what is said in it is nobody's business.
impl fmt::Debug for Dormant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dormant")
            .field("jid", &self.jid)
            .field("unacked", &self.management().len())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Answers the question for a session that is to be resumed: the session, which another machine
    /// has [surrendered](Self::surrender), or that there is none. [`ServerEvent::Resumed`] follows if
    /// there is one; if not, the client may still bind a resource.
    ///
    /// A client that claims to have got more than it was sent ends the stream and the session: what
    /// it has not acknowledged is handed back by this machine.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer, and
    /// [`Misuse::ForeignState`] if this is not the session that was asked for, or not one of the
    /// account that has logged in: then the client was told that there is none. With the session.
    pub fn resume(
        &mut self,
        now: Instant,
        ask: AskResume,
        found: Option<Dormant>,
    ) -> Result<(), Rejected<Option<Dormant>>> {
        self.flow.advance(now);
        let AskResume { token, account, id, h } = ask;
        let Some(dormant) = found else {
            let told = self.refuse_resumption(token, None);
            return told.map_err(|why| Rejected { item: None, why });
        };
        if *dormant.jid.to_bare() != *account || dormant.id() != id {
            let told = self.refuse_resumption(token, None);
            let why = told.err().unwrap_or(Misuse::ForeignState);
            return Err(Rejected { item: Some(dormant), why });
        }
        let accepted = self.negotiate(|negotiation, _| negotiation.accept_resumption(token));
        if let Err(why) = accepted {
            return Err(Rejected { item: Some(dormant), why });
        }
        self.go_on(dormant, h);
        Ok(())
    }

    /// Answers the question for a session that was there and is no more: `h` is how many stanzas had
    /// come from the client (XEP-0198 §5), which thus learns which of its own got through. It may
    /// bind a resource.
    ///
    /// # Errors
    ///
    /// [`Misuse::UnknownQuestion`] if the stream has gone on without the answer.
    pub fn resume_failed(&mut self, now: Instant, ask: AskResume, h: u32) -> Result<(), Misuse> {
        self.flow.advance(now);
        self.refuse_resumption(Ask::from(ask).token(), Some(h))
    }

    fn refuse_resumption(&mut self, token: u64, h: Option<u32>) -> Result<(), Misuse> {
        self.negotiate(|negotiation, cx| negotiation.refuse_resumption(cx, token, h))
    }

    /// Takes a session out that can be resumed, so that it goes on in another machine. If its stream
    /// is still open, that ends with `conflict` (XEP-0198 §5).
    ///
    /// What the client had sent before counts as handled: take all events up to
    /// [`ServerEvent::Ended`]. What was sent and not acknowledged is part of the session
    /// ([`Outcome::Saved`](crate::endpoint::Outcome::Saved)), and so are queries that wait for an
    /// answer: they are answered where the session goes on. Requests get no answer any more.
    ///
    /// None if there is no such session. Then nothing has changed.
    pub fn surrender(&mut self, now: Instant) -> Option<Dormant> {
        self.flow.advance(now);
        if !self.is_open() || !self.flow.is_resumable() {
            return None;
        }
        let (jid, lang) = (self.jid.clone()?, self.lang.clone());
        let carried = self.flow.take_out()?;
        let ended = self.ended(Reason::Detached);
        match &self.link {
            Link::Online => self.end(ended, Some(StreamError::new(StreamCondition::Conflict))),
            _ => self.finish(ended),
        }
        Some(Dormant { jid, lang, carried })
    }

    /// What the client has not acknowledged, in order, each with the moment at which it was sent: once
    /// the machine is [deaf](Self::is_deaf) there is no reason to wait for the transport's end.
    #[cfg(feature = "domain")]
    pub(crate) fn hand_back(&mut self) -> impl Iterator<Item = (Instant, Stanza)> + use<> {
        let deaf = self.is_deaf();
        let management = self.flow.management.take_if(|_| deaf);
        management.into_iter().flat_map(|mut management| management.take_owned())
    }

    /// The name of the session and how many stanzas have come from the client, if it can be resumed.
    #[must_use]
    pub fn resumption(&self) -> Option<(&str, u32)> {
        if !self.is_open() || !self.flow.is_resumable() {
            return None;
        }
        self.flow.management.as_deref().and_then(Management::to_resume)
    }

    /// Whether the question waits for its answer.
    #[cfg(feature = "domain")]
    pub(crate) fn awaits(&self, ask: &AskResume) -> bool {
        matches!(&self.link, Link::Negotiating(negotiation) if negotiation.awaits(ask.token))
    }

    /// When a stanza was sent that was handed back, in the order in which they were.
    #[cfg(feature = "domain")]
    pub(crate) fn returned_at(&mut self, token: SendToken) -> Option<Instant> {
        let returned = &mut self.flow.returned;
        if returned.front().is_none_or(|(first, _)| *first != token) {
            return None;
        }
        returned.pop_front().map(|(_, at)| at)
    }

    /// The session goes on, on this stream.
    fn go_on(&mut self, dormant: Dormant, h: u32) {
        let Dormant { jid, lang, carried } = dormant;
        self.come_online(&jid);
        self.lang = self.lang.take().or(lang);
        self.events.push(ServerEvent::Resumed { jid });
        if let Err(fault) = self.flow.carry_on(carried, h) {
            self.fail(Reason::Peer(fault));
        }
    }

    /// An element of stream management on a negotiated stream.
    pub(super) fn handle_management(&mut self, element: ElementRef<'_>) {
        let handled = match element.name() {
            "enable" => self.handle_enable(element),
            // XEP-0198 §6: there is nothing to resume on a stream that has its session, and nothing
            // to acknowledge on one that is not managed.
            "resume" => self.refuse(Condition::UnexpectedRequest),
            "r" | "a" if self.flow.management.is_none() && self.is_online() => {
                self.refuse(Condition::UnexpectedRequest)
            }
            "r" | "a" => self.flow.handle_nonza(element).map(drop).map_err(Reason::Peer),
            _ => Err(Reason::Peer(unknown_element(element))),
        };
        if let Err(reason) = handled {
            self.fail(reason);
        }
    }

    /// XEP-0198 §3.
    fn handle_enable(&mut self, enable: ElementRef<'_>) -> Result<(), Reason> {
        if !self.is_online() {
            return Ok(());
        }
        if self.flow.management.is_some() {
            // One attempt and no more.
            self.refuse(Condition::UnexpectedRequest)?;
            return Err(Reason::Peer(PeerFault::ManagementMisused));
        }
        let allowed = self.config.management.filter(|config| config.resume);
        let resumable = allowed.filter(|_| read_bool(enable, "resume")).map(|config| {
            let asked = enable.attr("max").and_then(|max| max.trim().parse().ok());
            // `max` is a positive number of seconds.
            let most = config.max_resume.as_secs().max(1);
            let max = asked.filter(|asked| *asked > 0).map_or(most, |asked: u64| asked.min(most));
            // Nobody can guess it, and whoever finds it cannot use it without the password.
            let id = format!("{}{}", self.flow.rng.id(), self.flow.rng.id());
            Resumable { id: id.into(), location: None, max: Some(Duration::from_secs(max)) }
        });
        self.flow.grant(resumable);
        Ok(())
    }

    fn refuse(&mut self, condition: Condition) -> Result<(), Reason> {
        if self.is_online() {
            let failed: Element = failed(condition, None).map_err(Reason::Config)?;
            self.flow.out.write(failed.as_ref());
        }
        Ok(())
    }

    /// The transport of a session that may be resumed is gone, from now on for so long.
    pub(super) fn arm_resumption(&mut self) {
        let resumable = self.flow.management.as_ref().and_then(|it| it.resumable.as_ref());
        let max = resumable.and_then(|resumable| resumable.max).unwrap_or_default();
        self.deadline = Some((Timer::Resumption, self.flow.now + max));
    }

    /// All that came before is digested: the session waits.
    pub(super) fn suspend(&mut self, ended: Ended) {
        self.link = Link::Suspended(ended.clone());
        if !matches!(self.deadline, Some((Timer::Resumption, _))) {
            self.arm_resumption();
        }
        self.tls = None;
        self.flow.reset();
        self.flow.parser.shrink();
        let until = self.deadline.map_or(self.flow.now, |(_, at)| at);
        self.events.push(ServerEvent::Suspended { ended, until });
    }

    /// Whether stanzas are taken, to go out now or when the session goes on.
    pub(crate) fn is_open(&self) -> bool {
        match &self.link {
            Link::Online | Link::Suspended(_) => true,
            Link::Lost(_) => self.flow.is_resumable(),
            _ => false,
        }
    }
}
