//! What the benchmarks share: the traffic they parse, and other libraries as contenders.

pub mod agreement;
pub mod allocations;
#[cfg(feature = "c-peers")]
pub mod c;
pub mod checksum;
pub mod contenders;
pub mod corpus;
pub mod crowd;
pub mod environment;
pub mod instructions;
pub mod measure;
pub mod report;
pub mod traffic;
pub mod workload;
