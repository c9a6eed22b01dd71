//! Messages that nobody can take now (RFC 6121 §8.5.2.2.1, XEP-0160).

use super::storage::{Storage, StorageError};
use super::{Domain, SessionId};
use crate::Instant;
use crate::jid::{BareJid, Jid};
use crate::ns;
use crate::stanza::{Condition, Message, MessageType, Stanza};
use crate::xml::ElementRef;

/// Chat state notifications (XEP-0085).
const CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";

impl<S: Storage> Domain<S> {
    /// Keeps a message for an account until it is available again, or says that it cannot.
    pub(super) fn keep(&mut self, account: &BareJid, message: Message) {
        match message.type_() {
            // XEP-0160 §3: of no interest later.
            MessageType::Chat if is_mere_state(&message) => {
                // RFC 6121 §8.5.3.2.1: but nothing for a resource just vanishes.
                if message.to().is_some_and(Jid::is_full) {
                    self.refuse(&message.into());
                }
            }
            MessageType::Normal | MessageType::Chat => match self.try_keep(account, &message) {
                Ok(true) => {}
                // RFC 6121 §8.5.1: as if the account had no room, so that nobody can tell.
                Ok(false) => self.refuse(&message.into()),
                Err(_) => self.bounce(&message.into(), Condition::InternalServerError.into()),
            },
            MessageType::Headline | MessageType::Groupchat | MessageType::Error => {
                self.refuse(&message.into());
            }
        }
    }

    /// False if there is no room, or no such account.
    fn try_keep(&mut self, account: &BareJid, message: &Message) -> Result<bool, StorageError> {
        let Some(local) = self.local_part(account) else { return Ok(false) };
        if self.config.max_offline == 0 || !self.storage.has_account(local)? {
            return Ok(false);
        }
        let message = self.stamped(message, self.now);
        let bytes = message.element().to_xml().len();
        let stored = self.storage.stored(local)?;
        if stored.messages >= self.config.max_offline
            || stored.bytes.saturating_add(bytes) > self.config.max_offline_bytes
        {
            return Ok(false);
        }
        self.storage.store(local, message, bytes)?;
        Ok(true)
    }

    /// The message with the time `at` which it came, if that is known (XEP-0203). One that was kept
    /// before has it already.
    pub(super) fn stamped(&self, message: &Message, at: Instant) -> Message {
        let own = self.config.domain.as_str();
        let is_ours = |child: ElementRef<'_>| {
            child.is("delay", ns::DELAY) && child.attr("from").as_deref() == Some(own)
        };
        if message.element().elements().any(is_ours) {
            return message.clone();
        }
        let Some(stamp) = self.clock.stamp(at) else { return message.clone() };
        let stamped = message
            .element()
            .to_builder()
            .child_with("delay", ns::DELAY, |delay| delay.attr("from", own).attr("stamp", &stamp));
        let stamped = stamped.build().ok().and_then(|element| Stanza::from_element(element).ok());
        match stamped {
            Some(Stanza::Message(stamped)) => stamped,
            _ => message.clone(),
        }
    }

    /// A resource has become one that takes messages to its account: it gets what was kept.
    ///
    /// To be called when its priority was negative, or it was not available, and that changes
    /// (XEP-0160 §3).
    pub(super) fn hand_over_kept(&mut self, account: &BareJid, session: SessionId) {
        let Some(local) = self.local_part(account) else { return };
        // What cannot be read now stays for the next time.
        for message in self.storage.take_stored(local).unwrap_or_default() {
            self.deliver_to(session, message.into());
        }
    }
}

/// Whether the message says no more than that somebody is typing, or has stopped.
fn is_mere_state(message: &Message) -> bool {
    let mut children = message.element().elements().peekable();
    children.peek().is_some()
        && children.all(|child| child.ns() == CHAT_STATES || child.is("thread", ns::CLIENT))
}
