//! How presence behaves.

/// What becomes of requests to see our presence (RFC 6121 §3.1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The application decides: [`PresenceEvent::Request`](super::PresenceEvent::Request).
    #[default]
    Ask,
    /// Those of accounts whose presence we see, or want to see, are accepted; about others the
    /// application decides. Who that is: see [the module](super#who-is-known).
    AcceptKnown,
    /// All are accepted: for services that hide nothing.
    AcceptAll,
    /// All are denied.
    DenyAll,
}

/// How [`Presences`](super::Presences) behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresenceConfig {
    /// What becomes of requests to see our presence. Unless set, the application decides.
    pub policy: Policy,
    /// Whether what was set is sent again at each login. True unless set; else the application does.
    pub resend: bool,
    /// How many resources are kept in all. 10,000 unless set. One more displaces the one that was
    /// silent for longest.
    pub max_resources: usize,
    /// How many resources are kept of one account, or one room. 1,000 unless set. One more displaces
    /// that of the same account which was silent for longest.
    pub max_resources_of_one: usize,
    /// Bytes of a text that are kept; more are cut off, at a character. 1,024 unless set. What comes
    /// with the event is whole.
    pub max_status: usize,
    /// How many accounts may be known. 10,000 unless set.
    pub max_known: usize,
    /// How many requests of one account the policy answers in one session. 3 unless set. About
    /// further ones the application decides, so that two clients that answer each other's answers
    /// come to rest.
    pub max_answers: u32,
    /// To how many accounts the policy gives answers in one session. 1,000 unless set. About those of
    /// further ones the application decides.
    pub max_answered: usize,
}

impl PresenceConfig {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            policy: Policy::Ask,
            resend: true,
            max_resources: 10_000,
            max_resources_of_one: 1000,
            max_status: 1024,
            max_known: 10_000,
            max_answers: 3,
            max_answered: 1000,
        }
    }

    /// What becomes of requests to see our presence.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Whether what was set is sent again at each login.
    #[must_use]
    pub const fn with_resend(mut self, resend: bool) -> Self {
        self.resend = resend;
        self
    }

    /// How many resources are kept: in all, and of one account.
    #[must_use]
    pub const fn with_max_resources(mut self, in_all: usize, of_one: usize) -> Self {
        self.max_resources = in_all;
        self.max_resources_of_one = of_one;
        self
    }
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self::new()
    }
}
