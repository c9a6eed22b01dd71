//! Events on their way to the application, and which of them are stanzas that it has yet to take.

use alloc::collections::VecDeque;

/// A queue of events. Those that stand for a stanza that counts carry its number (XEP-0198 §4).
pub(crate) struct Inbox<E> {
    queue: VecDeque<(E, Option<u32>)>,
}

impl<E> Inbox<E> {
    pub(crate) const fn new() -> Self {
        Self { queue: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Adds an event that stands for no stanza.
    pub(crate) fn push(&mut self, event: E) {
        self.queue.push_back((event, None));
    }

    /// Adds an event that stands for the stanza of that number.
    pub(crate) fn push_stanza(&mut self, event: E, number: Option<u32>) {
        self.queue.push_back((event, number));
    }

    pub(crate) fn pop(&mut self) -> Option<E> {
        self.queue.pop_front().map(|(event, _)| event)
    }

    /// The last event, which may be replaced by one that says more.
    pub(crate) fn last_mut(&mut self) -> Option<&mut E> {
        self.queue.back_mut().map(|(event, _)| event)
    }

    /// The session that the stanzas came in is over: none of them counts any more.
    pub(crate) fn forget_numbers(&mut self) {
        for (_, number) in &mut self.queue {
            *number = None;
        }
    }

    /// The number of the first stanza that waits.
    pub(crate) fn first_waiting(&self) -> Option<u32> {
        // Nearly every event is one, so this looks at the first.
        self.queue.iter().find_map(|(_, number)| *number)
    }
}
