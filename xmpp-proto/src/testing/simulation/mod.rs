//! Clients and a domain on a bad network, as often as you like.
//!
//! A [`Simulation`] is one run of several clients and a domain in one thread and under virtual time.
//! Its network delays, cuts, stalls, resets and swallows what is sent; clients lose their network and
//! get another, their processes end and start again with the saved session or without, and the domain
//! itself may go and come back. All the while the clients send each other numbered messages and
//! requests. After a while nothing goes wrong any more, and all must become quiet.
//!
//! A model looks on, and knows what must hold:
//!
//! - each message reaches the one it is for, or comes back to its sender;
//! - in each conversation, the messages come for the first time in the order in which they were
//!   written;
//! - no message comes twice, but those that the sender was told to be uncertain
//!   ([`Outcome::Unacked`](crate::endpoint::Outcome::Unacked)) and has sent again, and those that the
//!   receiver's domain keeps because nobody had acknowledged them when the session was given up;
//! - each token of a stanza and of a request gets one outcome;
//! - what is [`Acked`](crate::endpoint::Outcome::Acked) is the domain's to lose, and it does not,
//!   unless it dies; nor does a client lose what it has received, unless its process dies with what
//!   waited for the application while the stream was resumed;
//! - no machine has a deadline that stays in the past, and in the end none does anything but keep its
//!   link alive.
//!
//! What happens is decided by a number, the seed: each run with it is the same, to the byte, and a
//! seed that has shown a fault shows it again.
//!
//! ```
//! use xmpp_proto::testing::Simulation;
//!
//! let report = Simulation::new(7).run()?;
//! assert_eq!(report.digest, Simulation::new(7).run()?.digest);
//! println!("{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To see what one kind of fault does, make a [`Plan`] of it:
//!
//! ```
//! use xmpp_proto::testing::Simulation;
//! use xmpp_proto::testing::simulation::{Fault, Plan};
//!
//! let plan = Plan::calm().with_faults([Fault::Restart]);
//! let report = Simulation::new(1).with_plan(plan).run()?;
//! assert_eq!(report.excused, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod app;
mod dice;
mod drive;
mod end;
mod faults;
mod link;
mod model;
mod plan;
mod report;
mod run;

use alloc::boxed::Box;

pub use plan::{Fault, Plan};
pub use report::{Failure, Report};

use report::Log;
use run::Run;

use crate::Instant;
use crate::domain::DomainConfig;
use crate::endpoint::ResumeState;
use crate::jid::BareJid;
use crate::sasl::Mechanism;

/// What becomes of a session between two processes.
type Save = Box<dyn FnMut(ResumeState) -> ResumeState>;

/// One run. See the [module docs](self).
#[must_use]
pub struct Simulation {
    seed: u64,
    plan: Plan,
    save: Save,
    log: Option<Log>,
}

impl Simulation {
    /// The run of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, plan: Plan::of(seed), save: Box::new(|state| state), log: None }
    }

    /// With another plan than that of the seed.
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Saves and loads sessions in this way when a client's process ends and another one starts:
    /// with the feature `serde`, as text. Otherwise they are handed on as they are.
    pub fn with_saving(mut self, save: impl FnMut(ResumeState) -> ResumeState + 'static) -> Self {
        self.save = Box::new(save);
        self
    }

    /// Tells everything that happens, line by line.
    pub fn with_log(mut self, log: impl FnMut(Instant, &str) + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// What must hold and did not. The same seed and plan show it again.
    pub fn run(self) -> Result<Report, Failure> {
        let mut run = Run::new(self.seed, self.plan, self.save, self.log);
        match run.go() {
            Ok(()) => Ok(run.report),
            Err(what) => {
                run.model.finish(&mut run.report);
                run.report.micros = run.now.as_micros();
                Err(Failure { seed: self.seed, at: run.now, what, report: Box::new(run.report) })
            }
        }
    }
}

/// The configuration of a simulated domain: whatever nobody takes is kept, however much that is.
fn config(plan: &Plan) -> DomainConfig {
    let domain: BareJid = end::DOMAIN.parse().expect("it is a domain");
    let mut config = DomainConfig::new(domain);
    config.max_offline = 1_000_000;
    config.max_offline_bytes = 1 << 30;
    if plan.scarce {
        config.max_offline = 5;
        config.max_backlog = 2000;
        config.max_hibernating = 1;
        config.max_remembered = 2;
    }
    config.server.mechanisms = [Mechanism::Plain].into();
    config.server.insecure_plain_without_tls = true;
    config.server.scram.min_iterations = 1;
    config.server.management = plan.server_management;
    config.server.keepalive = plan.server_keepalive;
    config
}

#[cfg(test)]
mod tests;
