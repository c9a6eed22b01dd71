//! What hashes of capabilities stand for, kept for the next time (XEP-0115 §8.2).

use alloc::collections::BTreeMap;

use super::DiscoInfo;
use super::caps::CapsHash;
use crate::sync::Arc;

/// A memory for what hashes stand for. [`Disco`](super::Disco) puts in only what it has verified.
///
/// Implement it to keep that longer than the process lives; [`MemoryCache`] does not.
pub trait CapsCache {
    /// What `hash` stands for, if it is known.
    fn get(&mut self, hash: &CapsHash) -> Option<Arc<DiscoInfo>>;

    /// Keeps what `hash` stands for. A cache may keep or forget it as it sees fit.
    fn put(&mut self, hash: &CapsHash, info: Arc<DiscoInfo>);
}

/// A bounded [`CapsCache`] in memory. Where there is no room, what was not used for the longest time
/// goes.
#[derive(Debug)]
pub struct MemoryCache {
    entries: BTreeMap<CapsHash, Entry>,
    /// The hashes by their last use.
    uses: BTreeMap<u64, CapsHash>,
    next_use: u64,
    bytes: usize,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    info: Arc<DiscoInfo>,
    size: usize,
    used: u64,
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(Self::MAX_ENTRIES, Self::MAX_BYTES)
    }
}

impl MemoryCache {
    /// How many answers are kept by default.
    pub const MAX_ENTRIES: usize = 1024;
    /// How many bytes they take by default, about: 4 MiB.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;

    /// An empty cache for at most `max_entries` answers that take about `max_bytes` together.
    #[must_use]
    pub const fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            uses: BTreeMap::new(),
            next_use: 0,
            bytes: 0,
            max_entries,
            max_bytes,
        }
    }

    /// How many answers it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes they take, about.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, hash: &CapsHash) {
        if let Some(entry) = self.entries.remove(hash) {
            self.uses.remove(&entry.used);
            self.bytes -= entry.size;
        }
    }

    fn note_use(&mut self, hash: &CapsHash) -> u64 {
        let used = self.next_use;
        self.next_use += 1;
        self.uses.insert(used, hash.clone());
        used
    }
}

impl CapsCache for MemoryCache {
    fn get(&mut self, hash: &CapsHash) -> Option<Arc<DiscoInfo>> {
        let before = self.entries.get(hash)?.used;
        self.uses.remove(&before);
        let used = self.note_use(hash);
        let entry = self.entries.get_mut(hash)?;
        entry.used = used;
        Some(Arc::clone(&entry.info))
    }

    fn put(&mut self, hash: &CapsHash, info: Arc<DiscoInfo>) {
        let size = info.size() + 2 * (size_of::<CapsHash>() + hash.ver().len());
        self.remove(hash);
        if self.max_entries == 0 || size > self.max_bytes {
            return;
        }
        while self.entries.len() >= self.max_entries || self.bytes + size > self.max_bytes {
            let Some((_, oldest)) = self.uses.pop_first() else { break };
            self.remove(&oldest);
        }
        let used = self.note_use(hash);
        self.bytes += size;
        self.entries.insert(hash.clone(), Entry { info, size, used });
    }
}

#[cfg(test)]
mod tests;
