//! What a server of this project costs: memory for each stream, and logins per second beside
//! Prosody's, in one run. Prints tables in Markdown.

mod heap;
mod logins;
mod memory;
#[path = "../common/server.rs"]
mod server;
#[path = "../../../../runtime-tokio/tests/support/mod.rs"]
mod support;

use core::time::Duration;
use std::process::ExitCode;

use clap::Parser;
use xmpp_benches::allocations::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Fault = Box<dyn core::error::Error + Send + Sync>;

/// Measures servers. Build the server first, with the same profile:
/// `cargo build --release -p xmpp-runtime-tokio --example echo_server`.
#[derive(Debug, Parser)]
struct Options {
    /// Connections that never speak.
    #[arg(long, default_value_t = 10_000)]
    silent: usize,
    /// Sessions that are online, and idle, over TLS.
    #[arg(long, default_value_t = 1000)]
    online: usize,
    /// Clients that log in, and out, at the same time.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How long they do so, in seconds, in each of three rounds.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Only shows that it works: a few of everything.
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.quick {
        options.silent = 100;
        options.online = 20;
        options.seconds = 0.5;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Fault> {
    println!("{}\n", heap::table()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{}\n", memory::table(&runtime, options.silent, options.online)?);
    let time = Duration::from_secs_f64(options.seconds);
    println!("{}", logins::table(&runtime, options.clients, time)?);
    Ok(())
}
