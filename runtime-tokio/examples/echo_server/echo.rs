//! What the server does with its sessions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xmpp_proto::endpoint::AskBind;
use xmpp_proto::jid::{FullJid, Jid};
use xmpp_proto::ns;
use xmpp_proto::sasl::StoredCredentials;
use xmpp_proto::stanza::{Condition, IqType, Message, Stanza, StanzaError};
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Bound, Query, ServerEvent, Session, SessionDriver, SessionEvents};

use crate::support::{Failure, say};

const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
const ROSTER: &str = "jabber:iq:roster";

/// The accounts, and who is there.
pub(crate) struct Echo {
    accounts: HashMap<String, StoredCredentials>,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    last: u64,
    all: HashMap<u64, Session>,
    bound: HashMap<FullJid, u64>,
}

impl Echo {
    pub(crate) fn new(accounts: HashMap<String, StoredCredentials>) -> Self {
        Self { accounts, sessions: Mutex::default() }
    }

    /// Serves one client to the end of its connection.
    pub(crate) async fn serve(
        &self,
        session: Session,
        mut events: SessionEvents,
        driver: SessionDriver,
    ) {
        let driver = tokio::spawn(driver);
        let number = self.enter(&session);
        let mut jid = None;
        while let Some(event) = events.next().await {
            // What cannot be answered or sent any more belongs to a stream that has ended, which is
            // the last event.
            let _ = self.handle(&session, number, &mut jid, event).await;
        }
        self.leave(number, jid.as_ref());
        // It ends when the transport is closed, too. A panic in it was printed.
        let _ = driver.await;
    }

    async fn handle(
        &self,
        session: &Session,
        number: u64,
        jid: &mut Option<FullJid>,
        event: ServerEvent,
    ) -> Result<(), Failure> {
        match event {
            ServerEvent::Credentials(ask) => {
                let found = self.accounts.get(ask.username()).cloned();
                session.credentials(ask, found).await?;
            }
            ServerEvent::Bind(ask) => {
                self.take_place(number, &ask);
                *jid = Some(ask.jid().clone());
                session.bind(ask, Bound::Accept).await?;
            }
            ServerEvent::Online { jid } => say(&format!("online {jid}")),
            ServerEvent::Stanza(Stanza::Message(message)) => {
                if let Some(echo) = echo(&message)? {
                    session.send(echo).await?;
                }
            }
            // Nothing is routed, so there is nobody else (RFC 6120 §8.3.3.19).
            ServerEvent::Stanza(Stanza::Iq(iq)) if iq.type_().is_request() => {
                session.send(iq.error_reply(Condition::ServiceUnavailable)?).await?;
            }
            ServerEvent::Query(query) => {
                let answer = answer(&query);
                session.answer(query, answer).await?;
            }
            ServerEvent::Ended(ended) => {
                let jid = jid.as_ref().map_or("-", |jid| jid.as_str());
                say(&format!("ended {jid} {}", ended.reason));
            }
            _ => {}
        }
        Ok(())
    }

    fn enter(&self, session: &Session) -> u64 {
        let mut sessions = self.sessions();
        sessions.last += 1;
        let number = sessions.last;
        sessions.all.insert(number, session.clone());
        number
    }

    /// Whoever has this resource already has to go (RFC 6120 §7.7.2.2).
    fn take_place(&self, number: u64, ask: &AskBind) {
        let mut sessions = self.sessions();
        let older = sessions.bound.insert(ask.jid().clone(), number);
        if let Some(older) = older.and_then(|older| sessions.all.get(&older)) {
            older.close_with(StreamError::new(StreamCondition::Conflict));
        }
    }

    fn leave(&self, number: u64, jid: Option<&FullJid>) {
        let mut sessions = self.sessions();
        sessions.all.remove(&number);
        if let Some(jid) = jid
            && sessions.bound.get(jid) == Some(&number)
        {
            sessions.bound.remove(jid);
        }
    }

    pub(crate) fn close_all(&self, error: &StreamError) {
        for session in self.sessions().all.values() {
            session.close_with(error.clone());
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message, back to its sender, as if from whom it was sent to. Errors have no reply.
fn echo(message: &Message) -> Result<Option<Message>, Failure> {
    let (Some(reply), Some(body), Some(sender)) = (message.reply(), message.body(), message.from())
    else {
        return Ok(None);
    };
    // RFC 6120 §10.3.1: without `to` it is for the sender's own account.
    let from = message.to().cloned().unwrap_or_else(|| Jid::from(sender.to_bare()));
    Ok(Some(reply.from(from).body(&body).build()?))
}

/// Pings (XEP-0199), what this is (XEP-0030), and a roster (RFC 6121 §2.1), which is empty.
fn answer(query: &Query) -> Result<Option<Element>, StanzaError> {
    let refused = || StanzaError::new(Condition::ServiceUnavailable);
    let iq = query.iq();
    let payload = iq.payload().filter(|_| iq.type_() == IqType::Get).ok_or_else(refused)?;
    let answer = match (payload.name(), payload.ns()) {
        ("ping", ns::PING) => return Ok(None),
        ("query", DISCO_INFO) => Element::builder("query", DISCO_INFO)
            .child_with("identity", DISCO_INFO, |identity| {
                identity.attr("category", "server").attr("type", "im").attr("name", "echo_server")
            })
            .child_with("feature", DISCO_INFO, |feature| feature.attr("var", DISCO_INFO))
            .child_with("feature", DISCO_INFO, |feature| feature.attr("var", ns::PING)),
        ("query", ROSTER) => Element::builder("query", ROSTER),
        _ => return Err(refused()),
    };
    answer.build().map(Some).map_err(|_| StanzaError::new(Condition::InternalServerError))
}
