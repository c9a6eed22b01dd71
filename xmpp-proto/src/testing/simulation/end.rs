//! A client: its machine, the application that uses it, and the process that both live in.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use super::model::Number;
use super::plan::Plan;
use crate::Instant;
use crate::domain::Domain;
use crate::endpoint::{
    AttemptId, Client, ClientConfig, IqToken, LostCause, ResumeState, SendToken, ServerTls, Target,
    TlsMode,
};
use crate::jid::{BareJid, FullJid, Jid};
use crate::sasl::{Mechanism, StoredCredentials};
use crate::sync::Arc;

/// The domain of all simulations.
pub(super) const DOMAIN: &str = "example.org";

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Message(Number),
    Answer,
    Presence,
}

/// What becomes of an attempt to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Opens,
    Fails(LostCause),
    /// Nobody answers.
    Silence,
}

pub(super) struct End {
    pub(super) config: Arc<ClientConfig>,
    pub(super) account: BareJid,
    /// Whether it was promised that nothing gets lost.
    pub(super) managed: bool,
    /// None while there is no process.
    pub(super) machine: Option<Client>,
    /// What the last process has left, and what it was waiting for.
    pub(super) saved: Option<(ResumeState, Vec<Sent>)>,
    /// When the process starts.
    pub(super) starts_at: Option<Instant>,
    /// When the application connects again, after an end.
    pub(super) connects_at: Option<Instant>,
    /// Until then it takes no events.
    pub(super) paused_until: Option<Instant>,
    /// When the process dies.
    pub(super) crashes_at: Option<Instant>,
    /// When it sends again what was refused.
    pub(super) retries_at: Option<Instant>,
    /// When it says something next.
    pub(super) says_at: Option<Instant>,
    /// The lookup that is under way.
    pub(super) resolving: Option<(Instant, AttemptId)>,
    /// The connection that is being opened.
    pub(super) opening: Option<(Instant, AttemptId, Fate)>,
    /// Until then no connection can be had.
    pub(super) unreachable_until: Instant,
    pub(super) unreachable: Fate,
    /// How many of its next links die early.
    pub(super) doomed: u32,
    /// What it wants to say, in order.
    pub(super) outbox: BTreeSet<Number>,
    pub(super) wants_presence: bool,
    pub(super) tokens: BTreeMap<SendToken, Sent>,
    pub(super) asked: BTreeSet<IqToken>,
    /// It may have something to do.
    pub(super) stirred: bool,
    /// The deadline of its machine.
    pub(super) timer: Option<Instant>,
}

impl End {
    /// The client with this number, and its account.
    pub(super) fn new(index: usize, plan: &Plan, domain: &mut Domain) -> Self {
        let keys = StoredCredentials::from_password("secret", b"a salt", 1);
        let keys = keys.expect("the password can be prepared");
        let account = domain.add_account(&format!("c{index}"), keys).expect("the name is new");
        let mut config = ClientConfig::new(account.clone(), "secret")
            .with_resource("r")
            .with_mechanisms([Mechanism::Plain])
            .with_management(plan.management_of(index))
            .with_reconnect(Some(plan.reconnect.clone()))
            .with_tls(match plan.tls {
                ServerTls::StartTls => TlsMode::StartTls,
                ServerTls::Direct => TlsMode::Direct,
                ServerTls::InsecurePlaintext => TlsMode::InsecurePlaintext,
            });
        if !plan.dns {
            config = config.with_target(Target::new("server.example.org", 5222));
        }
        config.insecure_plain_without_tls = true;
        config.keepalive = plan.keepalive;
        config.event_capacity = plan.event_capacity;
        Self {
            managed: plan.management_of(index).is_some() && plan.server_management.is_some(),
            config: Arc::new(config),
            account,
            machine: None,
            saved: None,
            starts_at: None,
            connects_at: None,
            paused_until: None,
            crashes_at: None,
            retries_at: None,
            says_at: None,
            resolving: None,
            opening: None,
            unreachable_until: Instant::default(),
            unreachable: Fate::Silence,
            doomed: 0,
            outbox: BTreeSet::new(),
            wants_presence: false,
            tokens: BTreeMap::new(),
            asked: BTreeSet::new(),
            stirred: true,
            timer: None,
        }
    }

    pub(super) fn jid(&self) -> Jid {
        self.account.clone().into()
    }

    pub(super) fn full_jid(&self) -> FullJid {
        self.account.with_resource("r").expect("it can be a resource")
    }

    /// The moments at which something happens by itself.
    pub(super) fn moments(&self) -> impl Iterator<Item = Instant> + '_ {
        let opening = self.opening.as_ref().filter(|(.., fate)| *fate != Fate::Silence);
        [
            self.timer,
            self.starts_at,
            self.connects_at,
            self.paused_until,
            self.crashes_at,
            self.retries_at,
            self.says_at,
            self.resolving.map(|(at, _)| at),
            opening.map(|(at, ..)| *at),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether it has all that it wants, and waits for nothing.
    pub(super) fn is_quiet(&self) -> bool {
        self.machine.as_ref().is_some_and(Client::is_online)
            && self.outbox.is_empty()
            && self.tokens.is_empty()
            && self.asked.is_empty()
            && !self.wants_presence
            && self.paused_until.is_none()
            && self.crashes_at.is_none()
    }
}
