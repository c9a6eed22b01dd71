//! Stanzas whose bytes the transport has not taken yet.

use alloc::collections::VecDeque;

use crate::endpoint::SendToken;
use crate::stanza::Stanza;

/// Stanzas in the order in which their bytes go out. Bounded by the limit of the output.
#[derive(Default)]
pub(crate) struct Unwritten {
    queue: VecDeque<(u64, SendToken, Stanza)>,
}

impl Unwritten {
    /// Notes a stanza whose last byte stands before position `end` of the transport.
    pub(crate) fn push(&mut self, end: u64, token: SendToken, stanza: Stanza) {
        self.queue.push_back((end, token, stanza));
    }

    /// Takes the next stanza that is written whole once `written` bytes are.
    pub(crate) fn take_written(&mut self, written: u64) -> Option<SendToken> {
        let (end, ..) = self.queue.front()?;
        if *end > written {
            return None;
        }
        self.queue.pop_front().map(|(_, token, _)| token)
    }

    /// Takes all stanzas: the transport is gone.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = (SendToken, Stanza)> + use<> {
        core::mem::take(&mut self.queue).into_iter().map(|(_, token, stanza)| (token, stanza))
    }
}
