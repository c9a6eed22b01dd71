//! The owner of the server: accounts, a policy, and all the ways to answer.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::Mode;
use crate::Instant;
use crate::endpoint::{Ask, Bound, Misuse, Server};
use crate::jid::BareJid;
use crate::sasl::StoredCredentials;

/// How the owner answers a kind of question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Truly, and at once.
    #[default]
    Now,
    /// Truly, but after this time.
    After(Duration),
    /// Not at all.
    Never,
    /// That it cannot tell now.
    Unavailable,
    /// Falsely: keys of another password, somebody else's account, an impossible resource.
    Wrong,
}

/// The owner of the server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Owner {
    /// What is stored, by localpart.
    pub accounts: BTreeMap<String, StoredCredentials>,
    /// Whose certificate is whose.
    pub certificates: BTreeMap<Vec<u8>, BareJid>,
    /// What becomes of resources; `None` accepts them.
    pub binding: Option<Bound>,
    /// How questions for credentials are answered.
    pub credentials: Answer,
    /// How questions for the owner of a certificate are answered.
    pub identity: Answer,
    /// How questions for a resource are answered.
    pub bind: Answer,
}

impl Owner {
    /// An owner without accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With an account that has this password. One iteration makes the keys: tests have no secrets,
    /// and little time. Clients accept it if their `ScramLimits` do.
    ///
    /// # Panics
    ///
    /// If the password cannot be prepared.
    #[must_use]
    pub fn with_account(mut self, user: &str, password: &str) -> Self {
        let stored = StoredCredentials::from_password(password, b"a salt", 1);
        self.accounts.insert(user.into(), stored.expect("a usable password"));
        self
    }

    /// With an account that this certificate belongs to.
    #[must_use]
    pub fn with_certificate(mut self, der: impl Into<Vec<u8>>, account: BareJid) -> Self {
        self.certificates.insert(der.into(), account);
        self
    }

    /// With this answer to every question for a resource.
    #[must_use]
    pub fn with_binding(mut self, binding: Bound) -> Self {
        self.binding = Some(binding);
        self
    }

    fn answer(&self, now: Instant, server: &mut Server, ask: Ask) -> Result<(), Misuse> {
        match ask {
            Ask::Credentials(ask) => {
                let found = self.accounts.get(ask.username()).cloned();
                server.credentials(now, ask, found)
            }
            Ask::Identity(ask) => {
                let shown = server.tls().and_then(|tls| tls.client_certificate.as_ref());
                let account = shown.and_then(|der| self.certificates.get(der)).cloned();
                server.identity(now, ask, account)
            }
            Ask::Bind(ask) => server.bind(now, ask, self.binding.clone().unwrap_or(Bound::Accept)),
            Ask::Resume(ask) => server.resume(now, ask, None).map_err(|rejected| rejected.why),
        }
    }
}

/// The owner at work.
pub(super) struct Desk {
    pub(super) owner: Owner,
    late: Vec<(Instant, Ask)>,
    kept: Vec<Ask>,
}

impl Desk {
    pub(super) const fn new(owner: Owner) -> Self {
        Self { owner, late: Vec::new(), kept: Vec::new() }
    }

    /// When it will say something by itself.
    pub(super) fn next_answer(&self) -> Option<Instant> {
        self.late.iter().map(|(at, _)| *at).min()
    }

    /// Questions of an earlier server are nobody's.
    pub(super) fn forget(&mut self) {
        self.late.clear();
        self.kept.clear();
    }

    /// Hears a question. If it answers, what came of that.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        server: &mut Server,
        ask: Ask,
    ) -> Option<Result<(), Misuse>> {
        let how = match &ask {
            Ask::Credentials(_) => self.owner.credentials,
            Ask::Identity(_) => self.owner.identity,
            Ask::Bind(_) | Ask::Resume(_) => self.owner.bind,
        };
        match how {
            Answer::Now => Some(self.owner.answer(now, server, ask)),
            Answer::After(time) => {
                self.late.push((now + time, ask));
                None
            }
            Answer::Never => {
                self.kept.push(ask);
                None
            }
            Answer::Unavailable => Some(server.unavailable(now, ask)),
            Answer::Wrong => Some(lie(now, server, ask)),
        }
    }

    /// Gives an answer that is due. What came of it, if one was.
    pub(super) fn answer_late(
        &mut self,
        now: Instant,
        server: &mut Server,
    ) -> Option<Result<(), Misuse>> {
        let due = self.late.iter().position(|(at, _)| *at <= now)?;
        let (_, ask) = self.late.remove(due);
        Some(self.owner.answer(now, server, ask))
    }
}

fn lie(now: Instant, server: &mut Server, ask: Ask) -> Result<(), Misuse> {
    match ask {
        Ask::Credentials(ask) => {
            let keys = StoredCredentials::from_password("another password", b"salt", 1);
            server.credentials(now, ask, keys.ok())
        }
        Ask::Identity(ask) => {
            let other = alloc::format!("somebody-else@{}", ask.domain());
            server.identity(now, ask, other.parse().ok())
        }
        Ask::Bind(ask) => server.bind(now, ask, Bound::As(String::new())),
        Ask::Resume(ask) => server.resume_failed(now, ask, u32::MAX),
    }
}

/// What the application at one end does with what its machine tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manners {
    /// Whether it takes events at all.
    pub takes_events: bool,
    /// How it answers queries: with an empty result, or `service-unavailable`.
    pub queries: Mode,
    /// Whether it answers each chat message with one of type `normal` and the same body.
    pub replies: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { takes_events: true, queries: Mode::Result, replies: false }
    }
}
