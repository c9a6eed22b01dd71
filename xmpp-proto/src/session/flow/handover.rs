//! What a server does with the session on a stream: it grants it, takes it out, and goes on with it
//! on another stream (XEP-0198 §3, §5).

use alloc::boxed::Box;
use alloc::format;

use super::{Flow, Queries};
use crate::endpoint::{PeerFault, SendToken};
use crate::ns;
use crate::session::{Management, Resumable};

/// A session without a stream: what its client has not acknowledged, and what it has asked.
pub(crate) struct Carried {
    pub(crate) management: Box<Management>,
    queries: Queries,
}

impl Flow {
    /// The client wants its stream managed, and has it from now on: in both directions, counting
    /// begins here (XEP-0198 §4).
    pub(crate) fn grant(&mut self, resumable: Option<Resumable>) {
        let enabled = match &resumable {
            Some(Resumable { id, max, .. }) => {
                let max = max.map(|max| format!(" max='{}'", max.as_secs())).unwrap_or_default();
                format!("<enabled xmlns='{}' id='{id}' resume='true'{max}/>", ns::SM)
            }
            None => format!("<enabled xmlns='{}'/>", ns::SM),
        };
        self.out.write_raw(|out| out.extend_from_slice(enabled.as_bytes()));
        self.manage();
        if let Some(management) = &mut self.management {
            management.start_counting();
            management.resumable = resumable;
        }
    }

    /// Whether the session outlives its transport. Not if it was resumed too often in vain: it may
    /// hold something that its client does not survive.
    pub(crate) fn is_resumable(&self) -> bool {
        let config = &self.limits.management;
        let resumable = |it: &Management| it.resumable.is_some() && !it.is_fruitless(config);
        self.management.as_deref().is_some_and(resumable)
    }

    /// The stream ends properly, so that nothing can be resumed any more (XEP-0198 §7).
    pub(crate) fn forbid_resumption(&mut self) {
        if let Some(management) = &mut self.management {
            management.resumable = None;
        }
    }

    /// Takes the session out, to go on elsewhere.
    pub(crate) fn take_out(&mut self) -> Option<Carried> {
        let mut management = self.management.take()?;
        management.suspend(self.out.written());
        self.tell_saved(&management);
        Some(Carried { management, queries: core::mem::take(&mut self.queries) })
    }

    /// Goes on with a session that was taken out elsewhere, and whose client has handled `h` stanzas
    /// (XEP-0198 §5).
    ///
    /// # Errors
    ///
    /// If the client cannot have handled that many. Then the session is here, and nothing was said.
    pub(crate) fn carry_on(&mut self, carried: Carried, h: u32) -> Result<(), PeerFault> {
        let Carried { mut management, queries } = carried;
        management.rename(|| SendToken(self.take_token()));
        let resumed = management.to_resume().map(|(id, received)| {
            format!("<resumed xmlns='{}' previd='{id}' h='{received}'/>", ns::SM)
        });
        self.queries = queries;
        self.management = Some(management);
        self.handle_ack(h)?;
        let resumed = resumed.unwrap_or_default();
        self.out.write_raw(|out| out.extend_from_slice(resumed.as_bytes()));
        self.resume(h)
    }
}
