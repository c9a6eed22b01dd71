//! Counts what is allocated: how often, how much, and how much at most at a time.
//!
//! [`Counting`] passes everything on to the system's allocator. A program that wants figures makes
//! it the global allocator; in any other, all of them are zero. Counting costs a few atomic
//! operations for each allocation, so it is off except between [`count`] and its end, and times are
//! taken in other runs.

#![allow(unsafe_code)] // The trait of allocators asks for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Below zero once something is freed that was allocated before counting began.
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// What was allocated in some stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Allocations and reallocations.
    pub count: u64,
    /// Bytes asked for; a reallocation asks for all of its new size.
    pub bytes: u64,
    /// The most bytes in use at one time, beyond those in use at the beginning.
    pub peak: u64,
}

/// Switches counting on until the end of `work`.
pub fn count<T>(work: impl FnOnce() -> T) -> T {
    ON.store(true, Relaxed);
    let result = work();
    ON.store(false, Relaxed);
    result
}

/// What `work` made, and the bytes that it holds: those in use at the end that were not before.
pub fn held<T>(work: impl FnOnce() -> T) -> (u64, T) {
    restart();
    let result = count(work);
    (u64::try_from(LIVE.load(Relaxed)).unwrap_or(0), result)
}

/// Begins a new stretch.
pub(crate) fn restart() {
    COUNT.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
}

/// What was allocated since [`restart`].
pub(crate) fn so_far() -> Allocations {
    Allocations {
        count: COUNT.load(Relaxed),
        bytes: BYTES.load(Relaxed),
        peak: PEAK.load(Relaxed).unsigned_abs(),
    }
}

pub(crate) fn is_counting() -> bool {
    ON.load(Relaxed)
}

/// Notes that `asked` bytes were allocated, which take `taken` bytes more than before.
pub(crate) fn allocated(asked: usize, taken: i64) {
    COUNT.fetch_add(1, Relaxed);
    BYTES.fetch_add(asked as u64, Relaxed);
    let live = LIVE.fetch_add(taken, Relaxed) + taken;
    PEAK.fetch_max(live, Relaxed);
}

pub(crate) fn freed(bytes: usize) {
    LIVE.fetch_sub(signed(bytes), Relaxed);
}

/// No allocation is larger than `isize::MAX`.
pub(crate) fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The system's allocator, with a count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

// SAFETY: everything is done by `System`, with the arguments as they came; the counters are only
// counters.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_counting() {
            allocated(layout.size(), signed(layout.size()));
        }
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_counting() {
            allocated(layout.size(), signed(layout.size()));
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_counting() {
            freed(layout.size());
        }
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_counting() {
            allocated(size, signed(size) - signed(layout.size()));
        }
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}
