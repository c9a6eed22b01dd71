//! The one name for shared, immutable buffers.
//!
//! `alloc::sync::Arc` does not exist on targets without atomics (thumbv6m); the feature
//! `portable-atomic` maps this alias to a library that emulates it there.

#[cfg(not(feature = "portable-atomic"))]
pub(crate) use alloc::sync::Arc;
#[cfg(feature = "portable-atomic")]
pub(crate) use portable_atomic_util::Arc;
