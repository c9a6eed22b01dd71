//! A session as a value: what must be kept to resume it (XEP-0198 §5).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::jid::{BareJid, FullJid};
use crate::session::{Management, Resumable};
use crate::stanza::Stanza;

/// A session that was taken out of a client by [`Client::detach`](super::Client::detach), to be
/// resumed later by [`Client::with_resume`](super::Client::with_resume): after a device has slept, or
/// a program was started anew.
///
/// It holds the stanzas that are not acknowledged, so it is as confidential as they are; there is no
/// password in it, and nobody can resume the session without logging in to its account. With the
/// feature `serde` it can be saved and loaded; what is loaded is checked.
///
/// It is good for one resumption, of the account it came from. How long a server keeps its side is
/// for the server to say ([`ResumeState::max`]); once that has passed, the client begins a new
/// session, and hands back what was not acknowledged.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "saved::Saved", try_from = "saved::Saved"))]
pub struct ResumeState {
    pub(crate) account: BareJid,
    pub(crate) jid: FullJid,
    pub(crate) lang: Option<String>,
    pub(crate) id: Box<str>,
    pub(crate) location: Option<String>,
    pub(crate) max: Option<Duration>,
    pub(crate) acked: u32,
    pub(crate) received: u32,
    pub(crate) unacked: Vec<Unacked>,
}

/// A stanza that was not acknowledged.
#[derive(Clone)]
pub(crate) struct Unacked {
    pub(crate) stanza: Stanza,
    /// Whether somebody waits to hear of its fate.
    pub(crate) awaited: bool,
    /// Whether it may have arrived.
    pub(crate) sent: bool,
}

impl ResumeState {
    /// Everything that is needed of a session. None if it cannot be resumed.
    pub(crate) fn of(
        management: &Management,
        account: BareJid,
        jid: FullJid,
        lang: Option<String>,
    ) -> Option<Self> {
        let Resumable { id, location, max } = management.resumable.clone()?;
        let unacked = management.entries().map(|entry| Unacked {
            stanza: entry.stanza.clone(),
            awaited: entry.token.is_some(),
            sent: entry.may_have_arrived(0),
        });
        Some(Self {
            account,
            jid,
            lang,
            id,
            location,
            max,
            acked: management.acked(),
            received: management.received(),
            unacked: unacked.collect(),
        })
    }

    /// The account that it belongs to.
    #[must_use]
    pub const fn account(&self) -> &BareJid {
        &self.account
    }

    /// The address that is bound.
    #[must_use]
    pub const fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// How long the server keeps its side from the moment at which the transport was gone, if it has
    /// said so.
    #[must_use]
    pub const fn max(&self) -> Option<Duration> {
        self.max
    }

    /// The stanzas that are not acknowledged, in the order in which they were sent.
    pub fn unacked(&self) -> impl Iterator<Item = &Stanza> {
        self.unacked.iter().map(|unacked| &unacked.stanza)
    }
}

/// Whose it is and how much waits; what is said in it is nobody's business.
impl fmt::Debug for ResumeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeState")
            .field("jid", &self.jid)
            .field("unacked", &self.unacked.len())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "serde")]
mod saved {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use core::fmt;
    use core::time::Duration;

    use super::{ResumeState, Unacked};
    use crate::jid::{BareJid, FullJid};
    use crate::stanza::Stanza;
    use crate::xml::Element;

    /// The form that is written now.
    const VERSION: u8 = 1;

    /// XEP-0198 §5: no SM-ID should be longer.
    const MAX_ID: usize = 4000;

    /// More stanzas than any client keeps.
    const MAX_UNACKED: usize = 1 << 16;

    /// What is written and read.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Saved {
        version: u8,
        account: String,
        jid: String,
        lang: Option<String>,
        id: String,
        location: Option<String>,
        max_seconds: Option<u64>,
        acked: u32,
        received: u32,
        unacked: Vec<SavedStanza>,
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct SavedStanza {
        xml: String,
        awaited: bool,
        sent: bool,
    }

    impl From<ResumeState> for Saved {
        fn from(state: ResumeState) -> Self {
            let unacked = state.unacked.iter().map(|unacked| SavedStanza {
                xml: unacked.stanza.element().to_xml(),
                awaited: unacked.awaited,
                sent: unacked.sent,
            });
            Self {
                version: VERSION,
                account: state.account.to_string(),
                jid: state.jid.to_string(),
                lang: state.lang,
                id: state.id.into(),
                location: state.location,
                max_seconds: state.max.map(|max| max.as_secs()),
                acked: state.acked,
                received: state.received,
                unacked: unacked.collect(),
            }
        }
    }

    /// What is wrong with a saved state.
    #[derive(Debug)]
    pub(super) enum Fault {
        Version(u8),
        Address,
        Id,
        Count,
        Stanza(usize),
    }

    impl fmt::Display for Fault {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::Version(version) => write!(f, "version {version} is not known here"),
                Self::Address => f.write_str("the addresses are not those of one account"),
                Self::Id => f.write_str("the name of the session is empty or too long"),
                Self::Count => f.write_str("there are too many stanzas"),
                Self::Stanza(n) => write!(f, "stanza {n} cannot be read"),
            }
        }
    }

    impl TryFrom<Saved> for ResumeState {
        type Error = Fault;

        fn try_from(saved: Saved) -> Result<Self, Fault> {
            if saved.version != VERSION {
                return Err(Fault::Version(saved.version));
            }
            let account = BareJid::from_wire(&saved.account).map_err(|_| Fault::Address)?;
            let jid = FullJid::from_wire(&saved.jid).map_err(|_| Fault::Address)?;
            // A guest's localpart is the server's affair.
            if jid.domain() != account.domain() {
                return Err(Fault::Address);
            }
            if saved.id.is_empty() || saved.id.len() > MAX_ID {
                return Err(Fault::Id);
            }
            if saved.unacked.len() > MAX_UNACKED {
                return Err(Fault::Count);
            }
            let read = |(n, saved): (usize, SavedStanza)| {
                let element: Element = saved.xml.parse().map_err(|_| Fault::Stanza(n))?;
                let stanza = Stanza::from_element(element).map_err(|_| Fault::Stanza(n))?;
                Ok(Unacked { stanza, awaited: saved.awaited, sent: saved.sent })
            };
            let unacked = saved.unacked.into_iter().enumerate().map(read);
            Ok(Self {
                account,
                jid,
                lang: saved.lang,
                id: saved.id.into(),
                location: saved.location,
                max: saved.max_seconds.map(Duration::from_secs),
                acked: saved.acked,
                received: saved.received,
                unacked: unacked.collect::<Result<_, _>>()?,
            })
        }
    }
}
