//! Requests that the domain answers: for itself, and on behalf of its accounts.

use alloc::collections::BTreeSet;

use super::deliver::Answer;
use super::service::{Addressee, Question};
use super::storage::Storage;
use super::{Domain, SessionId};
use crate::endpoint::Query;
use crate::jid::BareJid;
use crate::modules::answer_with;
use crate::modules::disco::{DiscoInfo, DiscoItem, DiscoItems, Identity};
use crate::ns;
use crate::stanza::{Condition, Iq, IqType, StanzaError};

impl<S: Storage> Domain<S> {
    /// A request of a client to the domain, or to its own account (RFC 6121 §8.2, RFC 6120 §10.3.3).
    pub(super) fn handle_query(&mut self, id: SessionId, query: Query) {
        let Some(own) = self.sessions.get(id).and_then(|session| session.jid.clone()) else {
            return;
        };
        let account = own.to_bare();
        let iq = query.iq();
        let to_account = iq.to().is_none_or(|to| *to == *account);
        let is_roster = iq.payload().is_some_and(|payload| payload.ns() == ns::ROSTER);
        if to_account && is_roster {
            return self.roster_query(id, &own, query);
        }
        let addressee = if to_account { Addressee::Account(&account) } else { Addressee::Domain };
        let answer = self.find_answer(iq, addressee);
        self.answer_to(id, query, answer);
    }

    /// A stanza of somebody else than a client, or one to something at the domain (RFC 6121 §8.4).
    pub(super) fn answer_for_domain(&mut self, iq: &Iq) {
        if iq.to().is_some_and(crate::jid::Jid::is_full) {
            return self.refuse(&iq.clone().into());
        }
        let answer = self.find_answer(iq, Addressee::Domain);
        self.reply(iq, answer);
    }

    /// A request to an account that is not the asker's own, if it is one at all (RFC 6121
    /// §8.5.2.1.3). Who may not know of it cannot tell whether it exists.
    pub(super) fn answer_for_account(&mut self, account: &BareJid, iq: &Iq) {
        // RFC 6121 §2.3.3: whether there is such an account or not.
        if iq.payload().is_some_and(|payload| payload.ns() == ns::ROSTER) {
            return self.reply(iq, Err(Condition::Forbidden.into()));
        }
        let asker = iq.from().map(crate::jid::Jid::to_bare);
        let answer = if asker.is_some_and(|asker| self.may_see(&asker, account)) {
            self.find_answer(iq, Addressee::Account(account))
        } else {
            Err(Condition::ServiceUnavailable.into())
        };
        self.reply(iq, answer);
    }

    fn reply(&mut self, iq: &Iq, answer: Answer) {
        let reply = match answer {
            Ok(payload) => iq.result(payload),
            Err(error) => iq.error_reply(error),
        };
        if let Ok(reply) = reply
            && reply.to().is_some()
        {
            self.route(reply.into());
        }
    }

    /// What the domain has to say to a request. RFC 6120 §8.4: what nobody understands is
    /// `service-unavailable`.
    fn find_answer(&mut self, iq: &Iq, addressee: Addressee<'_>) -> Answer {
        let question = Question::new(iq, addressee);
        let answers = self.services.iter_mut().find_map(|service| service.answer(&question));
        if let Some(answer) = answers {
            return answer;
        }
        let is_get = iq.type_() == IqType::Get;
        match iq.payload().map(|payload| (payload.name(), payload.ns())) {
            Some(("query", ns::DISCO_INFO)) if is_get => self.info(&question),
            Some(("query", ns::DISCO_ITEMS)) if is_get => self.items(&question),
            _ => Err(Condition::ServiceUnavailable.into()),
        }
    }

    /// What the addressee is and can do (XEP-0030 §3).
    fn info(&self, question: &Question<'_>) -> Answer {
        check_node(question)?;
        let (category, type_) = match question.addressee() {
            Addressee::Domain => ("server", "im"),
            Addressee::Account(_) => ("account", "registered"),
        };
        let info = DiscoInfo::default()
            .with_identity(Identity::new(category, type_))
            .with_features(self.features(question.addressee()));
        answer_with(info.to_element())
    }

    /// What the domain can do, each thing once and in a fixed order.
    fn features(&self, addressee: Addressee<'_>) -> BTreeSet<&str> {
        let services = self.services.iter().flat_map(|service| service.features(addressee));
        let own = match addressee {
            Addressee::Domain => [ns::DISCO_INFO, ns::DISCO_ITEMS].as_slice(),
            Addressee::Account(_) => &[ns::DISCO_INFO, ns::DISCO_ITEMS, ns::ROSTER],
        };
        services.chain(own).copied().collect()
    }

    /// What belongs to the addressee (XEP-0030 §4): to an account, its available resources.
    fn items(&self, question: &Question<'_>) -> Answer {
        check_node(question)?;
        let mut items = DiscoItems::default();
        if let Addressee::Account(jid) = question.addressee()
            && let Some(account) = self.account(jid)
        {
            let available = account.resources.iter().filter(|(_, it)| it.presence.is_some());
            let available = available.filter_map(|(name, _)| jid.with_resource(name).ok());
            items.items.extend(available.map(DiscoItem::new));
        }
        answer_with(items.to_element())
    }
}

/// There are no nodes here (XEP-0030 §7, table 3).
fn check_node(question: &Question<'_>) -> Result<(), StanzaError> {
    let node = question.payload().and_then(|payload| payload.attr("node"));
    if node.is_some_and(|node| !node.is_empty()) {
        return Err(Condition::ItemNotFound.into());
    }
    Ok(())
}
