//! Counts the instructions of the hot paths and compares with the baseline; see the module
//! `instructions`.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use xmpp_benches::instructions::{
    Baseline, HOT_PATHS, RUSTC, Row, SERIES, Series, TOLERANCE, Verdict, answer, compare, count,
    find,
};

const USAGE: &str = "\
Counts the instructions of the hot paths under valgrind.

  instructions                     compares with the baseline of this compiler and processor
  instructions --require-baseline  fails if there is none, or one without all hot paths
  instructions renew               makes what is counted now the baseline
  instructions linearity           checks that what grows in hostile traffic costs no more per byte
";

const RENEW: &str = "cargo run --release -p xmpp-benches --bin instructions -- renew";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if cfg!(debug_assertions) {
        eprintln!("Only an optimised build is worth counting: add --release.");
        return ExitCode::FAILURE;
    }
    let good = match args[..] {
        [] => guard(false),
        ["--require-baseline"] => guard(true),
        ["renew"] => renew(),
        ["linearity"] => linearity(),
        ["run", name, passes] => run(name, passes),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match good {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What this program does under valgrind.
fn run(name: &str, passes: &str) -> Result<bool, Box<dyn Error>> {
    let workload = find(name).ok_or("there is no such workload")?;
    println!("{}", answer(workload, passes.parse()?));
    Ok(true)
}

/// The counts of all hot paths, and the vector level that they hold for.
fn count_all() -> Result<(Baseline, String), Box<dyn Error>> {
    let mut counts = Baseline::default();
    let mut level = String::new();
    for path in HOT_PATHS {
        let measured = count(path.name)?;
        eprintln!("{}: {:.3} instructions per {}", path.name, measured.instructions, path.unit);
        counts.0.insert(path.name.to_owned(), measured.instructions);
        level = measured.level;
    }
    Ok((counts, level))
}

fn renew() -> Result<bool, Box<dyn Error>> {
    let (counts, level) = count_all()?;
    println!("written: {}", counts.store(&level)?.display());
    Ok(true)
}

fn guard(require_baseline: bool) -> Result<bool, Box<dyn Error>> {
    let (now, level) = count_all()?;
    let baseline = Baseline::load(&level)?;
    let compared = baseline.is_some();
    let baseline = baseline.unwrap_or_default();
    let rows = compare(&baseline, &now);
    println!("{:24} {:>14} {:>14} {:>8}", "", "baseline", "now", "change");
    for row in &rows {
        print_row(row);
    }
    println!();
    if !compared {
        println!("Nothing was compared: there is no baseline for rustc {RUSTC} and {level}.");
        println!("To make one: {RENEW}");
        return Ok(!require_baseline);
    }
    let any = |verdict| rows.iter().any(|row| row.verdict() == verdict);
    let percent = TOLERANCE * 100.0;
    if any(Verdict::Worse) {
        println!("FAILED: a hot path takes over {percent} % more instructions than it did.");
        println!("If what it buys is worth that, say so in the commit and renew the baseline:");
        println!("{RENEW}");
        return Ok(false);
    }
    if any(Verdict::Better) {
        println!("A hot path takes over {percent} % fewer instructions. Keep the gain: {RENEW}");
    }
    if any(Verdict::Unmatched) {
        println!("Hot paths came or went. To have all of them in the baseline: {RENEW}");
        return Ok(!require_baseline);
    }
    Ok(true)
}

fn print_row(row: &Row<'_>) {
    let number = |number: Option<f64>| number.map_or_else(|| "-".into(), |n| format!("{n:.3}"));
    let change = row.change().map_or_else(|| "-".into(), |c| format!("{:+.2} %", c * 100.0));
    let remark = match row.verdict() {
        Verdict::Kept => "",
        Verdict::Worse => "  WORSE",
        Verdict::Better => "  better",
        Verdict::Unmatched => "  not compared",
    };
    let (baseline, now) = (number(row.baseline), number(row.now));
    println!("{:24} {baseline:>14} {now:>14} {change:>8}{remark}", row.name);
}

fn linearity() -> Result<bool, Box<dyn Error>> {
    let mut good = true;
    println!("Instructions per byte, while something grows");
    for series in SERIES {
        good &= check(series)?;
    }
    if !good {
        println!("\nFAILED: what costs so much more is a way to keep a receiver busy.");
    }
    Ok(good)
}

fn check(series: &Series) -> Result<bool, Box<dyn Error>> {
    println!("\n{}", series.name);
    let mut costs = Vec::new();
    for value in series.values {
        let cost = count(&series.point(*value))?.instructions;
        println!("{value:>12} {cost:>10.3}");
        costs.push(cost);
    }
    let (factor, limit) = (series.rule.factor(&costs), series.rule.limit());
    let good = factor <= limit;
    let verdict = if good { "good" } else { "TOO MUCH" };
    println!("      factor {factor:>10.3} of at most {limit}: {verdict}");
    Ok(good)
}
