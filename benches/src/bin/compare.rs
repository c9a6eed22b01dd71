//! Compares the parser of this project with others, on the same streams in the same chunks, and
//! prints tables in Markdown. See the README beside this package for what is alike and what is not.

use std::num::NonZero;
use std::process::ExitCode;

use clap::Parser;
use xmpp_benches::agreement;
use xmpp_benches::allocations::{self, Counting};
use xmpp_benches::contenders::{self, Contender};
use xmpp_benches::corpus;
use xmpp_benches::environment;
use xmpp_benches::measure::{Fault, Input};
use xmpp_benches::report::{self, Figures, Report, Row};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Compares XML stream parsers. Exits with 1 if they disagree about a stream.
#[derive(Debug, Parser)]
struct Options {
    /// Bytes handed over at a time.
    #[arg(long, default_value = "4096")]
    chunk: NonZero<usize>,
    /// Runs of each contender with each stream; the median counts.
    #[arg(long, default_value = "9")]
    rounds: NonZero<usize>,
    /// Bytes of a stream, at least. A corpus is repeated until it has them.
    #[arg(long, default_value_t = 2_000_000)]
    bytes: usize,
    /// Only checks that all contenders agree, and times nothing.
    #[arg(long)]
    quick: bool,
    /// Exits with 2 if something that was measured is slower than it must be.
    #[arg(long)]
    require: bool,
}

fn main() -> ExitCode {
    match compare(&Options::parse()) {
        Ok(status) => status,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<ExitCode, Fault> {
    let (parsers, writers) = (contenders::parsers(), contenders::writers());
    let all = [&parsers[..], &writers].concat();
    let inputs = corpus::ALL
        .map(|corpus| Input::new(corpus.name, corpus.stream(options.bytes), options.chunk.get()));

    let mut agreements = Vec::new();
    for input in &inputs {
        eprintln!("{}: do all contenders agree?", input.name);
        agreements.push((input, agreement::check(&all, input)?));
    }
    let Options { chunk, rounds, .. } = options;
    println!("{}, median of {rounds}, chunks of {chunk} bytes\n", environment::describe());
    if options.quick {
        println!("{}", report::agreements(&agreements));
        return Ok(ExitCode::SUCCESS);
    }

    let report = measure(&all, &inputs, options.rounds)?;
    println!("{}", report.headline());
    println!("{}", report.speeds(&parsers));
    println!("{}", report.speeds(&writers));
    println!("{}", report.targets());
    println!("{}", report.allocations());
    println!("{}", report::agreements(&agreements));
    if options.require && !report.meets_targets() {
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// Times all contenders with all streams, one after the other in each round, so that whatever else
/// the machine does meets them all.
fn measure(
    contenders: &[Contender],
    inputs: &[Input],
    rounds: NonZero<usize>,
) -> Result<Report, Fault> {
    let row = |contender: &Contender| Row { name: contender.name, figures: Vec::new() };
    let mut rows: Vec<_> = contenders.iter().map(row).collect();
    for input in inputs {
        let mut times = vec![Vec::new(); contenders.len()];
        for round in 1..=rounds.get() {
            eprintln!("{}: round {round} of {rounds}", input.name);
            for (contender, times) in contenders.iter().zip(&mut times) {
                times.push((contender.run)(input)?.time);
            }
        }
        for ((contender, mut times), row) in contenders.iter().zip(times).zip(&mut rows) {
            times.sort();
            row.figures.push(Figures {
                bytes: input.stream.len(),
                stanzas: input.stanzas,
                time: times[times.len() / 2],
                allocations: allocations::count(|| (contender.run)(input))?.allocations,
            });
        }
    }
    Ok(Report { streams: inputs.iter().map(|input| input.name).collect(), rows })
}
