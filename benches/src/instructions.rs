//! The guard: counts the instructions that hot paths take, and compares with what they took when
//! somebody last looked.
//!
//! Instructions are counted by callgrind, a tool of valgrind, which runs the program on a processor
//! of its own. Times depend on the machine and on what else it does; counts do not, so a change of
//! a few percent shows, on a busy machine too. What they leave out is how long an instruction
//! takes: memory, branches, vectors that slow a core down. Hence the benchmarks beside.
//!
//! A count holds for one compiler and one kind of processor, so there is a [`Baseline`] for each
//! pair that somebody has measured.

mod baseline;
mod callgrind;
mod hot_paths;
mod linearity;

pub use baseline::{Baseline, BaselineError, Row, TOLERANCE, Verdict, compare};
pub use callgrind::{CountError, Measured, answer, count};
pub use hot_paths::HOT_PATHS;
pub use linearity::{Outcome, Rule, SERIES, Series};

use crate::workload::Workload;

/// A workload and what it is called.
pub struct Benchmark {
    /// `what/traffic`.
    pub name: &'static str,
    /// What the instructions are counted per.
    pub unit: &'static str,
    /// Prepares it.
    pub workload: fn() -> Workload,
}

/// The version of the compiler that built this program, such as `1.95.0`.
pub const RUSTC: &str = env!("RUSTC_VERSION");

/// The vector instructions that libraries find when they look for them at run time. Within
/// valgrind that is what valgrind has, which is less than what the newest processors have.
#[must_use]
pub fn vector_level() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") { "avx2" } else { "sse2" }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        std::env::consts::ARCH
    }
}

/// The workload of a name: one of [`HOT_PATHS`], or a series and a value.
#[must_use]
pub fn find(name: &str) -> Option<Workload> {
    if let Some(benchmark) = HOT_PATHS.iter().find(|benchmark| benchmark.name == name) {
        return Some((benchmark.workload)());
    }
    let (series, value) = name.rsplit_once('@')?;
    let series = SERIES.iter().find(|candidate| candidate.name == series)?;
    value.parse().ok().map(|value| series.workload(value))
}
