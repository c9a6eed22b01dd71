//! What the benchmarks share: the traffic they parse, and other libraries as contenders.

pub mod corpus;
