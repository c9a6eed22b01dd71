//! What a domain of this project costs: memory for each session, time for each message, large
//! rosters and many subscribers, and what a message costs beside Prosody and ejabberd in one run.
//! Prints tables in Markdown.

mod recovery;
mod sockets;
mod tables;

#[path = "../../../../runtime-tokio/tests/support/proxy.rs"]
mod proxy;
#[path = "../common/server.rs"]
mod server;
#[path = "../../../../runtime-tokio/tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

use clap::Parser;
use xmpp_benches::allocations::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Fault = Box<dyn core::error::Error + Send + Sync>;

/// Measures a domain. Build the server first, with the same profile:
/// `cargo build --release -p xmpp-runtime-tokio --example server`.
#[derive(Debug, Parser)]
struct Options {
    /// Messages that are routed by the machine alone, in each of five rounds.
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Pairs of clients that write to each other over sockets.
    #[arg(long, default_value_t = 4)]
    pairs: usize,
    /// Messages that each of them writes, in each of three rounds.
    #[arg(long, default_value_t = 20_000)]
    each: usize,
    /// How often a link is cut, and comes back.
    #[arg(long, default_value_t = 100)]
    comebacks: usize,
    /// Only shows that it works: a few of everything.
    #[arg(long)]
    quick: bool,
    /// The machine alone, without servers on sockets.
    #[arg(long)]
    machine: bool,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    let mut scale = tables::Scale::default();
    if options.quick {
        options.messages = 2_000;
        options.each = 1_000;
        options.comebacks = 3;
        scale = tables::Scale::quick();
    }
    match run(&options, &scale) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// A count to calculate with.
fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn run(options: &Options, scale: &tables::Scale) -> Result<(), Fault> {
    println!("{}\n", tables::heap(scale));
    println!("{}\n", tables::routing(scale, options.messages)?);
    println!("{}\n", tables::roster(scale)?);
    println!("{}\n", tables::broadcast(scale)?);
    println!("{}", recovery::memory()?);
    if !options.machine {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        println!("\n{}", recovery::comeback(&runtime, options.comebacks)?);
        println!("\n{}", sockets::table(&runtime, options.pairs, options.each)?);
    }
    Ok(())
}
