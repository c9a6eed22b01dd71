//! What other libraries read.

#[cfg(feature = "expat")]
pub(crate) mod expat;
pub(crate) mod minidom;
pub(crate) mod rxml;
