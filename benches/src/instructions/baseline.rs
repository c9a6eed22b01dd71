//! What the hot paths took when somebody last looked, and what has changed since.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RUSTC;

/// A count may grow by this part before the guard fails, and shrink by it before it asks for a new
/// baseline.
pub const TOLERANCE: f64 = 0.03;

const HEADING: &str = "\
# Instructions per unit of work. Written by the guard, to be renewed on purpose only:
# cargo run --release -p xmpp-benches --bin instructions -- renew
";

/// Names and what they cost, for one compiler and one kind of processor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline(pub BTreeMap<String, f64>);

/// A baseline that cannot be used.
#[derive(Debug)]
pub enum BaselineError {
    /// The file cannot be read or written.
    File(PathBuf, io::Error),
    /// This line is no name and number.
    Line(String),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Line(line) => write!(f, "a baseline has names and numbers, but not: {line}"),
        }
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// Where the baseline of this compiler and a vector level lies, or would lie.
    #[must_use]
    pub fn path(level: &str) -> PathBuf {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines");
        directory.join(format!("{RUSTC}-{level}.txt"))
    }

    /// Reads the baseline of a vector level, if there is one.
    ///
    /// # Errors
    ///
    /// It is there and cannot be read.
    pub fn load(level: &str) -> Result<Option<Self>, BaselineError> {
        let path = Self::path(level);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BaselineError::File(path, error)),
        }
    }

    /// Makes it the baseline of a vector level. Returns the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn store(&self, level: &str) -> Result<PathBuf, BaselineError> {
        let path = Self::path(level);
        match fs::write(&path, self.to_string()) {
            Ok(()) => Ok(path),
            Err(error) => Err(BaselineError::File(path, error)),
        }
    }

    fn parse(text: &str) -> Result<Self, BaselineError> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let pair = line.split_once(' ');
            let pair = pair.and_then(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
            pair.filter(|(_, count): &(_, f64)| count.is_finite() && *count > 0.0)
                .ok_or_else(|| BaselineError::Line(line.to_owned()))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADING)?;
        self.0.iter().try_for_each(|(name, count)| writeln!(f, "{name} {count:.3}"))
    }
}

/// One benchmark, then and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it cost; `None` if the baseline does not have it.
    pub baseline: Option<f64>,
    /// What it costs; `None` if only the baseline has it.
    pub now: Option<f64>,
}

/// What to make of a [`Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// About the same.
    Kept,
    /// More than before.
    Worse,
    /// Less than before: the baseline should say so, or the gain can be lost unseen.
    Better,
    /// In one of the two only, so there is nothing to compare.
    Unmatched,
}

impl Row<'_> {
    /// The change as a part of the baseline, positive for more instructions.
    #[must_use]
    pub fn change(&self) -> Option<f64> {
        Some(self.now? / self.baseline? - 1.0)
    }

    /// What to make of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.change() {
            None => Verdict::Unmatched,
            Some(change) if change > TOLERANCE => Verdict::Worse,
            Some(change) if change < -TOLERANCE => Verdict::Better,
            Some(_) => Verdict::Kept,
        }
    }
}

/// Puts two measurements side by side, by name.
#[must_use]
pub fn compare<'a>(baseline: &'a Baseline, now: &'a Baseline) -> Vec<Row<'a>> {
    let gone = baseline.0.keys().filter(|name| !now.0.contains_key(*name));
    let mut names: Vec<_> = now.0.keys().chain(gone).collect();
    names.sort();
    let row = |name: &'a String| Row {
        name,
        baseline: baseline.0.get(name).copied(),
        now: now.0.get(name).copied(),
    };
    names.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(pairs: &[(&str, f64)]) -> Baseline {
        Baseline(pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect())
    }

    fn verdict(then: f64, now: f64) -> Verdict {
        Row { name: "x", baseline: Some(then), now: Some(now) }.verdict()
    }

    #[test]
    fn more_than_three_percent_more_is_worse_and_less_is_better() {
        assert_eq!(verdict(100.0, 102.9), Verdict::Kept);
        assert_eq!(verdict(100.0, 103.1), Verdict::Worse);
        assert_eq!(verdict(100.0, 97.1), Verdict::Kept);
        assert_eq!(verdict(100.0, 96.9), Verdict::Better);
    }

    #[test]
    fn benchmarks_that_came_or_went_are_shown_and_not_compared() {
        let (then, now) =
            (baseline(&[("a", 1.0), ("b", 2.0)]), baseline(&[("b", 3.0), ("c", 4.0)]));
        let rows = compare(&then, &now);
        let seen: Vec<_> = rows.iter().map(|row| (row.name, row.verdict())).collect();
        let expected =
            [("a", Verdict::Unmatched), ("b", Verdict::Worse), ("c", Verdict::Unmatched)];
        assert_eq!(seen, expected);
        assert_eq!(rows[1].change(), Some(0.5));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = baseline(&[("parse/chat", 12.345), ("jid/chat", 3.0)]);
        let text = written.to_string();
        assert!(text.ends_with("jid/chat 3.000\nparse/chat 12.345\n"), "{text}");
        assert_eq!(Baseline::parse(&text).expect("it is a baseline"), written);
    }

    #[test]
    fn nonsense_is_no_baseline() {
        for line in ["parse/chat", "parse/chat x", "parse/chat NaN", "parse/chat 0", "a 1 2"] {
            assert!(Baseline::parse(line).is_err(), "{line}");
        }
    }
}
