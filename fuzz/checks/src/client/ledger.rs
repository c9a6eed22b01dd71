//! What the application handed over, and what has become of it.

use std::collections::BTreeMap;

use xmpp_proto::Instant;
use xmpp_proto::endpoint::{Completion, IqToken, Outcome, RequestError, SendToken};
use xmpp_proto::jid::{FullJid, Jid};
use xmpp_proto::stanza::{Iq, IqType, Stanza};

/// Commands that wait for their outcome, and what became of stanzas.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: BTreeMap<SendToken, Sent>,
    asked: BTreeMap<IqToken, Asked>,
    /// The ids of stanzas that were written, and of those handed back.
    pub(super) written: Vec<String>,
    pub(super) failed: Vec<String>,
}

#[derive(Debug)]
struct Sent {
    /// `None` for an answer, which the machine made.
    stanza: Option<Stanza>,
    /// Where its last byte stands among those of the transport.
    end: u64,
}

#[derive(Debug)]
struct Asked {
    id: String,
    to: Option<Jid>,
    deadline: Instant,
}

impl Ledger {
    pub(super) fn send(&mut self, token: SendToken, stanza: Option<Stanza>, end: u64) {
        let earlier = self.sent.insert(token, Sent { stanza, end });
        assert!(earlier.is_none(), "a token twice");
    }

    pub(super) fn ask(&mut self, token: IqToken, id: &str, to: Option<Jid>, deadline: Instant) {
        let asked = Asked { id: id.to_owned(), to, deadline };
        assert!(self.asked.values().all(|other| other.id != id), "an id twice");
        assert!(self.asked.insert(token, asked).is_none(), "a token twice");
    }

    /// Requests that wait.
    pub(super) fn waiting(&self) -> usize {
        self.asked.len()
    }

    /// A command has come to its end, while `written` bytes of the transport were.
    pub(super) fn complete(
        &mut self,
        completion: Completion,
        now: Instant,
        written: u64,
        own: Option<&FullJid>,
    ) {
        match completion {
            Completion::Outcome { token, outcome } => {
                let sent = self.sent.remove(&token).expect("one outcome for each token");
                let id = sent.stanza.as_ref().and_then(Stanza::id).map(str::to_owned);
                match outcome {
                    Outcome::Written => {
                        assert!(sent.end <= written, "written before the transport took it");
                        self.written.extend(id);
                    }
                    Outcome::Failed(stanza) => {
                        assert!(sent.stanza.is_none_or(|sent| sent == stanza), "another stanza");
                        self.failed.extend(id);
                    }
                    other => panic!("{other:?}"),
                }
            }
            Completion::Reply { token, result } => {
                let asked = self.asked.remove(&token).expect("one reply for each token");
                match result {
                    Ok(iq) => asked.check_reply(&iq, own.expect("online")),
                    Err(RequestError::TimedOut) => assert!(asked.deadline <= now, "too early"),
                    Err(_) => {}
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// After the transport took bytes: all stanzas among them have their outcome.
    pub(super) fn check_written(&self, written: u64) {
        let late = self.sent.values().find(|sent| sent.end <= written);
        assert!(late.is_none(), "written without an outcome: {late:?}");
    }

    /// After the time was told: no request waits longer than it should.
    pub(super) fn check_due(&self, now: Instant) {
        let late = self.asked.values().find(|asked| asked.deadline <= now);
        assert!(late.is_none(), "waits on: {late:?}");
    }

    /// After the end of a stream: nothing waits.
    pub(super) fn check_empty(&self) {
        assert!(self.sent.is_empty(), "lost silently: {:?}", self.sent);
        assert!(self.asked.is_empty(), "never answered: {:?}", self.asked);
    }
}

impl Asked {
    /// RFC 6120 §8.1.2.1, §8.2.3, §10.3.3: the id and the sender are the right ones.
    fn check_reply(&self, iq: &Iq, own: &FullJid) {
        assert_eq!((iq.type_(), iq.id()), (IqType::Result, &*self.id));
        let bare = Jid::from(own.to_bare());
        let to_account = self.to.as_ref().is_none_or(|to| *to == bare);
        let is_right = match iq.from() {
            Some(from) if to_account => *from == bare || *from == **own,
            Some(from) => Some(from) == self.to.as_ref(),
            None => to_account,
        };
        assert!(is_right, "{:?} answers for {:?}", iq.from(), self.to);
    }
}
