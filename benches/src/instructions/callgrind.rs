//! Running workloads under callgrind.

use std::env;
use std::fmt;
use std::io;
use std::process::Command;

use super::vector_level;
use crate::workload::Workload;

/// How often a workload is done in the shorter and in the longer of two runs. Their difference is
/// what it costs; the start of the process and the preparation are in both.
const PASSES: (u64, u64) = (1, 3);

/// What a workload costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Instructions per unit of work.
    pub instructions: f64,
    /// The [`vector_level`] of the run.
    pub level: String,
}

/// Why a workload could not be measured.
#[derive(Debug)]
pub enum CountError {
    /// The program could not be run under valgrind.
    NotRun(io::Error),
    /// It was run and failed, or said what cannot be understood; this is the end of what it said.
    Failed(String),
}

impl fmt::Display for CountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun(error) => {
                write!(f, "valgrind cannot be run: {error}; Debian's package is `valgrind`")
            }
            Self::Failed(output) => write!(f, "the run under valgrind failed:\n{output}"),
        }
    }
}

impl std::error::Error for CountError {}

/// Counts the instructions of the workload `name`.
///
/// It runs this program again, with the arguments `run`, `name` and the number of passes; what
/// belongs there is [`answer`].
///
/// # Errors
///
/// Valgrind is missing, or fails.
pub fn count(name: &str) -> Result<Measured, CountError> {
    let (short, _) = run(name, PASSES.0)?;
    let (long, said) = run(name, PASSES.1)?;
    let failed = || CountError::Failed(said.clone());
    let (units, level) = understand(&said).ok_or_else(failed)?;
    let more = long.checked_sub(short).ok_or_else(failed)?;
    Ok(Measured { instructions: ratio(more, (PASSES.1 - PASSES.0) * units), level })
}

/// Does a workload and says to [`count`] what was done.
#[must_use]
pub fn answer(mut workload: Workload, passes: u64) -> String {
    for _ in 0..passes {
        workload.pass();
    }
    format!("{} {}", workload.units(), vector_level())
}

/// What [`answer`] says.
fn understand(said: &str) -> Option<(u64, String)> {
    let (units, level) = said.trim_end().split_once(' ')?;
    Some((units.parse().ok().filter(|units| *units > 0)?, level.to_owned()))
}

fn run(name: &str, passes: u64) -> Result<(u64, String), CountError> {
    let program = env::current_exe().map_err(CountError::NotRun)?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", name, &passes.to_string()])
        // The environment lies on the stack of the process, so its size moves what is counted.
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .map_err(CountError::NotRun)?;
    let report = String::from_utf8_lossy(&output.stderr);
    match collected(&report).filter(|_| output.status.success()) {
        Some(count) => Ok((count, String::from_utf8_lossy(&output.stdout).into_owned())),
        None => Err(CountError::Failed(report.into_owned())),
    }
}

/// The number of instructions in callgrind's report.
fn collected(report: &str) -> Option<u64> {
    let line = report.lines().find(|line| line.contains("Collected"))?;
    let (_, count) = line.rsplit_once(':')?;
    // With other events than instructions there would be more numbers.
    count.trim().parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(count: u64, units: u64) -> f64 {
    count as f64 / units as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
        ==13862== Callgrind, a call-graph generating cache profiler\n\
        ==13862== Command: target/release/instructions run parse/chat 1\n\
        ==13862== \n\
        ==13862== Events    : Ir\n\
        ==13862== Collected : 126545\n\
        ==13862== \n\
        ==13862== I   refs:      126,545\n";

    #[test]
    fn the_count_is_found_in_the_report() {
        assert_eq!(collected(REPORT), Some(126_545));
        let late = &REPORT[REPORT.find("Events").expect("the report names its events")..];
        assert_eq!(collected(late), Some(126_545));
    }

    #[test]
    fn a_report_without_one_count_is_none() {
        assert_eq!(collected(""), None);
        assert_eq!(collected("valgrind: failed to start tool 'callgrind'"), None);
        assert_eq!(collected("==1== Collected : "), None);
        assert_eq!(collected("==1== Collected : 126545 3021 12"), None);
    }

    #[test]
    fn what_the_run_says_is_understood() {
        let workload = Workload::parse(crate::traffic::text(1000), 4096);
        let units = workload.units();
        let said = answer(workload, 2);
        assert_eq!(understand(&said), Some((units, vector_level().to_owned())));
        for nonsense in ["", "12", "x avx2", "0 avx2", "-1 avx2"] {
            assert_eq!(understand(nonsense), None, "{nonsense}");
        }
    }
}
