//! Figures as tables in Markdown.

#![expect(clippy::cast_precision_loss, reason = "no figure here is that large, or that exact")]

use std::time::Duration;

use crate::agreement::Agreement;
use crate::allocations::Allocations;
use crate::contenders::{
    Contender, EXPAT, LIBXML2, minidom, ours, quick_xml, roxmltree, xmpp_parsers,
};
use crate::corpus::BASE64;
use crate::measure::Input;

/// All figures of one run of the comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// The names of the streams.
    pub streams: Vec<&'static str>,
    /// The contenders, in the order of the tables.
    pub rows: Vec<Row>,
}

/// The figures of a contender.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who it is.
    pub name: &'static str,
    /// One for each stream.
    pub figures: Vec<Figures>,
}

/// The figures of a contender with one stream.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Bytes of the stream.
    pub bytes: usize,
    /// Its stanzas.
    pub stanzas: u64,
    /// The median over the rounds.
    pub time: Duration,
    /// Of one run.
    pub allocations: Allocations,
}

impl Figures {
    /// Megabytes per second.
    fn speed(self) -> f64 {
        self.bytes as f64 / 1e6 / self.time.as_secs_f64()
    }
}

/// How much faster one contender must be than another. The mean is the geometric one, and the worst
/// is the smallest ratio, both over the streams of short stanzas: base64 is one long text and says
/// little about XMPP.
struct Target {
    fast: &'static str,
    slow: &'static str,
    mean: f64,
    worst: Option<f64>,
    base64: Option<f64>,
}

impl Target {
    const fn new(fast: &'static str, slow: &'static str, mean: f64) -> Self {
        Self { fast, slow, mean, worst: None, base64: None }
    }

    const fn worst(mut self, worst: f64) -> Self {
        self.worst = Some(worst);
        self
    }

    const fn base64(mut self, base64: f64) -> Self {
        self.base64 = Some(base64);
        self
    }
}

const TARGETS: [Target; 9] = [
    Target::new(ours::BORROWED.name, minidom::TREE.name, 15.0).worst(12.0).base64(24.0),
    Target::new(ours::OWNED_READ.name, minidom::TREE_READ.name, 11.0),
    Target::new(ours::BORROWED.name, EXPAT, 6.0).worst(5.5),
    Target::new(ours::BORROWED.name, LIBXML2, 3.0).worst(2.5),
    Target::new(ours::BORROWED.name, quick_xml::BUFFERED.name, 4.0).worst(3.5),
    Target::new(ours::BORROWED.name, roxmltree::DOCUMENT.name, 1.0).worst(1.0),
    Target::new(ours::TYPED.name, xmpp_parsers::TYPED.name, 15.0),
    Target::new(ours::WRITE.name, ours::OWNED.name, 1.0),
    Target::new(ours::CLIENT.name, ours::OWNED.name, 0.5),
];

/// How much faster one contender was than another.
struct Ratios {
    each: Vec<f64>,
    mean: f64,
    worst: f64,
    base64: Option<f64>,
}

impl Target {
    fn is_met(&self, ratios: &Ratios) -> bool {
        ratios.mean >= self.mean
            && self.worst.is_none_or(|worst| ratios.worst >= worst)
            && self.base64.zip(ratios.base64).is_none_or(|(must, is)| is >= must)
    }
}

impl Report {
    /// The figure to begin with: how much faster elements that own their tree are parsed and read.
    #[must_use]
    pub fn headline(&self) -> String {
        let (fast, slow) = (ours::OWNED_READ.name, minidom::TREE_READ.name);
        let mut table = Table::new(["parsed, owned and read, MB/s", fast, slow, "ratio"]);
        let (Some(own), Some(other), Some(ratios)) =
            (self.row(fast), self.row(slow), self.ratios(fast, slow))
        else {
            return String::new();
        };
        let figures = own.figures.iter().zip(&other.figures).zip(&ratios.each);
        for (stream, ((own, other), ratio)) in self.streams.iter().zip(figures) {
            table.row([
                (*stream).to_owned(),
                format!("{:.0}", own.speed()),
                format!("{:.0}", other.speed()),
                format!("{ratio:.1}"),
            ]);
        }
        let mean = format!("**{:.1}**", ratios.mean);
        table.row([self.mean_name(), String::new(), String::new(), mean]);
        table.text
    }

    /// Megabytes per second of some contenders. Whoever writes is measured by the bytes of the
    /// stream that the elements came from.
    #[must_use]
    pub fn speeds(&self, contenders: &[Contender]) -> String {
        let is_wanted = |row: &&Row| contenders.iter().any(|contender| contender.name == row.name);
        self.table("MB/s", self.rows.iter().filter(is_wanted), |figures| {
            format!("{:.0}", figures.speed())
        })
    }

    /// Allocations and bytes for each stanza, and the peak of a run.
    #[must_use]
    pub fn allocations(&self) -> String {
        let corner = "allocations / bytes of a stanza / peak";
        self.table(corner, &self.rows, |Figures { stanzas, allocations, .. }| {
            let stanzas = *stanzas as f64;
            let Allocations { count, bytes, peak } = *allocations;
            let (count, bytes) = (count as f64 / stanzas, bytes as f64 / stanzas);
            format!("{count:.1} / {} / {}", short(bytes), short(peak as f64))
        })
    }

    /// How much faster is what must be faster, and how much it must be.
    #[must_use]
    pub fn targets(&self) -> String {
        let mut headings = vec!["", "times as fast as"];
        headings.extend(&self.streams);
        headings.extend(["mean", "must", "worst", "must", "base64 must", "met"]);
        let mut table = Table::new(&headings);
        let or_none = |must: Option<f64>| must.map_or_else(String::new, |must| format!("{must}"));
        for target in &TARGETS {
            let mut cells = vec![target.fast.to_owned(), target.slow.to_owned()];
            if let Some(ratios) = self.ratios(target.fast, target.slow) {
                cells.extend(ratios.each.iter().map(|ratio| format!("{ratio:.2}")));
                cells.extend([format!("{:.2}", ratios.mean), format!("{}", target.mean)]);
                cells.extend([format!("{:.2}", ratios.worst), or_none(target.worst)]);
                let met = if target.is_met(&ratios) { "yes" } else { "**no**" };
                cells.extend([or_none(target.base64), met.to_owned()]);
            } else {
                cells.resize(headings.len() - 1, String::new());
                cells.push("not measured".to_owned());
            }
            table.row(cells);
        }
        table.text
    }

    /// Whether everything that was measured is as fast as it must be.
    #[must_use]
    pub fn meets_targets(&self) -> bool {
        TARGETS.iter().all(|target| {
            self.ratios(target.fast, target.slow).is_none_or(|ratios| target.is_met(&ratios))
        })
    }

    fn table<'a>(
        &self,
        corner: &str,
        rows: impl IntoIterator<Item = &'a Row>,
        cell: impl Fn(&Figures) -> String,
    ) -> String {
        let mut table = Table::new([&corner].into_iter().chain(&self.streams));
        for row in rows {
            let name = row.name.to_owned();
            table.row([name].into_iter().chain(row.figures.iter().map(&cell)));
        }
        table.text
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    fn ratios(&self, fast: &str, slow: &str) -> Option<Ratios> {
        let (fast, slow) = (self.row(fast)?, self.row(slow)?);
        let pairs = fast.figures.iter().zip(&slow.figures);
        let each: Vec<_> = pairs.map(|(fast, slow)| fast.speed() / slow.speed()).collect();
        let (mut logarithms, mut worst, mut count, mut base64) = (0.0, f64::INFINITY, 0.0, None);
        for (stream, ratio) in self.streams.iter().zip(&each) {
            if *stream == BASE64.name {
                base64 = Some(*ratio);
                continue;
            }
            logarithms += ratio.ln();
            worst = ratio.min(worst);
            count += 1.0;
        }
        Some(Ratios { each, mean: f64::exp(logarithms / count), worst, base64 })
    }

    fn mean_name(&self) -> String {
        let short = self.streams.iter().filter(|stream| **stream != BASE64.name);
        let names: Vec<_> = short.copied().collect();
        format!("geometric mean of {}", names.join(", "))
    }
}

/// A number of bytes, short.
fn short(bytes: f64) -> String {
    if bytes < 1000.0 {
        format!("{bytes:.0}")
    } else if bytes < 1e6 {
        format!("{:.1} k", bytes / 1e3)
    } else {
        format!("{:.1} M", bytes / 1e6)
    }
}

/// A table, row by row, the headings first.
struct Table {
    text: String,
}

impl Table {
    fn new(headings: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut table = Self { text: String::new() };
        let count = table.row(headings);
        table.row(std::iter::repeat_n("---", count));
        table
    }

    /// Adds a row, and returns how many cells it has.
    fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
        let mut count = 0;
        for cell in cells {
            self.text.push_str("| ");
            self.text.push_str(cell.as_ref());
            self.text.push(' ');
            count += 1;
        }
        self.text.push_str("|\n");
        count
    }
}

/// What the contenders agree on, one stream to a row.
#[must_use]
pub fn agreements(agreements: &[(&Input, Agreement)]) -> String {
    let mut table = Table::new(["", "stanzas", "same checksums", "refused", "only counted"]);
    for (input, agreement) in agreements {
        let refused = agreement.refused.iter().map(|(name, count)| format!("{name}: {count}"));
        let refused: Vec<_> = refused.collect();
        table.row([
            input.name,
            &input.stanzas.to_string(),
            &agreement.checksums.len().to_string(),
            &refused.join("; "),
            &agreement.counts.len().to_string(),
        ]);
    }
    table.text
}

#[cfg(test)]
mod tests;
