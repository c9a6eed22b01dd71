//! Parts of a domain that answer requests.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::DomainConfig;
use crate::jid::{BareJid, Jid};
use crate::modules::answer_with;
use crate::modules::version::Version;
use crate::ns;
use crate::stanza::{Iq, IqType, StanzaError};
use crate::xml::{Element, ElementRef};

/// For whom the domain answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee<'a> {
    /// For itself.
    Domain,
    /// On behalf of an account (RFC 6121 §8.5.2.1.3).
    Account(&'a BareJid),
}

/// A request that the domain is to answer.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    iq: &'a Iq,
    addressee: Addressee<'a>,
}

impl<'a> Question<'a> {
    pub(super) const fn new(iq: &'a Iq, addressee: Addressee<'a>) -> Self {
        Self { iq, addressee }
    }

    /// For whom the answer is.
    #[must_use]
    pub const fn addressee(&self) -> Addressee<'a> {
        self.addressee
    }

    /// Who asks: a full address, which the domain vouches for.
    #[must_use]
    pub fn from(&self) -> Option<&'a Jid> {
        self.iq.from()
    }

    /// Whether something is to be changed, and not only told.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.iq.type_() == IqType::Set
    }

    /// What is asked.
    #[must_use]
    pub fn payload(&self) -> Option<ElementRef<'a>> {
        self.iq.payload()
    }
}

/// A part of a domain that answers requests of its own kind, for the domain or for its accounts.
///
/// It is asked on behalf of an account only by that account, and by those who are subscribed to its
/// presence: others get the same `service-unavailable` whether there is such an account or not.
///
/// ```
/// use xmpp_proto::domain::{Addressee, Domain, DomainConfig, Question, Service};
/// use xmpp_proto::stanza::StanzaError;
/// use xmpp_proto::xml::Element;
/// # use xmpp_proto::{Instant, Seed};
///
/// /// Answers the question of all questions.
/// struct Oracle;
///
/// impl Service for Oracle {
///     fn features(&self, addressee: Addressee<'_>) -> &[&str] {
///         match addressee {
///             Addressee::Domain => &["urn:example:oracle"],
///             Addressee::Account(_) => &[],
///         }
///     }
///
///     fn answer(&mut self, question: &Question<'_>) -> Option<Result<Option<Element>, StanzaError>> {
///         let ours = question.addressee() == Addressee::Domain
///             && question.payload()?.is("ask", "urn:example:oracle");
///         let answer = || Element::builder("told", "urn:example:oracle").text("42").build().ok();
///         ours.then(|| Ok(answer()))
///     }
/// }
///
/// # let (seed, now) = (Seed::new([7; 32]), Instant::from_micros(0));
/// let config = DomainConfig::new("example.org".parse()?);
/// let mut domain = Domain::new(config, seed, now);
/// domain.add_service(Oracle);
/// # Ok::<(), xmpp_proto::jid::JidError>(())
/// ```
pub trait Service: Send + Sync {
    /// What service discovery announces of it (XEP-0030 §3.2).
    fn features(&self, addressee: Addressee<'_>) -> &[&str];

    /// Answers a request: with a result, which may have a payload, or with an error. None if it is
    /// not for this service.
    fn answer(&mut self, question: &Question<'_>) -> Option<Result<Option<Element>, StanzaError>>;
}

/// What every domain has.
pub(super) fn built_in(config: &DomainConfig) -> Vec<Box<dyn Service>> {
    let version = Version::new(config.software.clone(), config.software_version.clone());
    Vec::from([Box::new(Ping) as Box<dyn Service>, Box::new(Software(version))])
}

/// XMPP ping (XEP-0199): for the domain (§4.1) and its accounts.
struct Ping;

impl Service for Ping {
    fn features(&self, _: Addressee<'_>) -> &[&str] {
        &[ns::PING]
    }

    fn answer(&mut self, question: &Question<'_>) -> Option<Result<Option<Element>, StanzaError>> {
        let ping = question.payload()?.is("ping", ns::PING) && !question.is_set();
        ping.then_some(Ok(None))
    }
}

/// Software version (XEP-0092): of the domain.
struct Software(Version);

impl Service for Software {
    fn features(&self, addressee: Addressee<'_>) -> &[&str] {
        match addressee {
            Addressee::Domain => &[ns::VERSION],
            Addressee::Account(_) => &[],
        }
    }

    fn answer(&mut self, question: &Question<'_>) -> Option<Result<Option<Element>, StanzaError>> {
        let ours = question.addressee() == Addressee::Domain
            && question.payload()?.is("query", ns::VERSION)
            && !question.is_set();
        ours.then(|| answer_with(self.0.to_element()))
    }
}
