//! Where the next byte of interest is.
//!
//! The parser asks three questions of [`Maps`]: where character data may next be interrupted,
//! where an attribute value may be, and where a run of usual name characters ends. Two
//! implementations answer them, chosen by the feature `small`: bitmaps over blocks of 64 bytes,
//! or one table of 256 bytes. Both need data that ends in [`PADDING`].
//!
//! What has to look at every byte comes in two forms: with the feature `std`, the vector
//! instructions of the machine are chosen at run time; without it, plain loops are left to the
//! compiler, which are also less code.

#![expect(clippy::inline_always, reason = "calls in the hot loop cost more than their bodies")]

#[cfg(any(all(not(feature = "small"), not(feature = "std")), test))]
mod bits;
#[cfg(any(not(feature = "small"), test))]
mod blocks;
mod plain;
#[cfg(any(feature = "small", not(feature = "std"), test))]
mod sets;
#[cfg(any(feature = "small", test))]
mod table;
#[cfg(all(feature = "std", any(not(feature = "small"), test)))]
mod vector;

#[cfg(not(feature = "small"))]
pub(crate) use blocks::Maps;
#[cfg(any(feature = "small", not(feature = "std")))]
pub(crate) use plain::{find_end_tag, survey};
#[cfg(feature = "small")]
pub(crate) use table::Maps;
#[cfg(all(feature = "std", not(feature = "small")))]
pub(crate) use vector::{find_end_tag, survey};

/// Bytes that are classified together: as many as a word has bits.
#[cfg(any(not(feature = "small"), test))]
const BLOCK: usize = 64;

/// What must follow the data: a block of a byte at which every question stops, so that no search
/// runs out of the data, and its last block is whole.
pub(crate) const PADDING: &str = "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<";

/// With so many bytes behind the last position, whatever they are, [`find_end_tag`] need not copy
/// the last block.
#[cfg(any(all(feature = "std", not(feature = "small")), test))]
pub(crate) const SLACK: usize = BLOCK + 2;
/// The search byte by byte needs no bytes behind what it searches.
#[cfg(not(any(all(feature = "std", not(feature = "small")), test)))]
pub(crate) const SLACK: usize = 0;

/// What a stretch of data holds that needs a closer look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// A control character that is no line feed.
    pub(crate) control: bool,
    /// A byte beyond ASCII.
    pub(crate) high: bool,
}

#[cfg(test)]
mod tests;
