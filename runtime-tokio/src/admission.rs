//! Who may hold how many connections.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts the open connections of a listener, and those of each address.
pub(crate) struct Admission {
    total: Arc<Semaphore>,
    by_source: Option<Arc<BySource>>,
}

struct BySource {
    limit: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One open connection; dropping it makes room for another.
pub(crate) struct Slot {
    _total: OwnedSemaphorePermit,
    source: Option<(Arc<BySource>, IpAddr)>,
}

impl Admission {
    pub(crate) fn new(limit: usize, limit_per_source: Option<usize>) -> Self {
        let by_source = limit_per_source
            .map(|limit| Arc::new(BySource { limit, open: Mutex::new(HashMap::new()) }));
        Self { total: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))), by_source }
    }

    /// Waits until there is room for one more.
    pub(crate) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.total).acquire_owned().await.ok()
    }

    /// Takes the room for a connection from `source`, unless that has too many.
    pub(crate) fn admit(&self, room: OwnedSemaphorePermit, source: IpAddr) -> Option<Slot> {
        let Some(by_source) = &self.by_source else {
            return Some(Slot { _total: room, source: None });
        };
        let source = network(source);
        let mut open = by_source.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(source).or_insert(0);
        if *count >= by_source.limit {
            if *count == 0 {
                open.remove(&source);
            }
            return None;
        }
        *count += 1;
        Some(Slot { _total: room, source: Some((Arc::clone(by_source), source)) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((by_source, source)) = &self.source else { return };
        let mut open = by_source.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(*source) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What one subscriber is given: an IPv4 address, or 64 bits of IPv6 (RFC 6177 §2).
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
