//! What is measured, and the measuring itself.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations::{self, Allocations};
use crate::corpus::{FOOTER, HEADER};

/// Why a contender did not get to the end. Nothing here can do more about it than to tell.
pub type Fault = Box<dyn Error + Send + Sync>;

/// A stream, and how it is handed over.
#[derive(Clone, Debug)]
pub struct Input {
    /// What tables call it.
    pub name: &'static str,
    /// From the header to the end.
    pub stream: String,
    /// Bytes of a chunk.
    pub chunk: usize,
    /// How many children the root element has.
    pub stanzas: u64,
}

impl Input {
    /// A stream as [`Corpus::stream`](crate::corpus::Corpus::stream) makes it, with one stanza on
    /// each line, to be handed over in chunks of this many bytes.
    #[must_use]
    pub fn new(name: &'static str, stream: String, chunk: usize) -> Self {
        let mut input = Self { name, stream, chunk: chunk.max(1), stanzas: 0 };
        input.stanzas = input.body().lines().filter(|line| !line.is_empty()).count() as u64;
        input
    }

    /// The stream in chunks.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.stream.as_bytes().chunks(self.chunk)
    }

    /// What stands between the stream's header and its end.
    #[must_use]
    pub fn body(&self) -> &str {
        let body = self.stream.strip_prefix(HEADER).unwrap_or(&self.stream);
        body.strip_suffix(FOOTER).unwrap_or(body)
    }
}

/// What a run came to. It depends on everything that the run was to read, so that none of it can be
/// left out by the compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many stanzas there were.
    pub stanzas: u64,
    /// The lengths of everything that was read, in bytes.
    pub read: u64,
}

impl Sum {
    /// Adds a stanza of which this many bytes were read.
    pub const fn add(&mut self, read: usize) {
        self.stanzas += 1;
        self.read += read as u64;
    }
}

/// One run of a contender.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// How long it took.
    pub time: Duration,
    /// What it allocated, if allocations were [counted](allocations::count).
    pub allocations: Allocations,
    /// What it came to.
    pub sum: Sum,
}

/// Runs `work` once. What it takes with it and drops counts; what it only borrows does not.
///
/// # Errors
///
/// Those of `work`.
pub fn measure(work: impl FnOnce() -> Result<Sum, Fault>) -> Result<Sample, Fault> {
    allocations::restart();
    let started = Instant::now();
    let sum = black_box(work());
    let time = started.elapsed();
    let allocations = allocations::so_far();
    Ok(Sample { time, allocations, sum: sum? })
}
