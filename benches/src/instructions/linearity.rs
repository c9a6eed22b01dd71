//! Rows of traffic in which one thing grows: no peer can make a byte cost much more than another.

use crate::corpus::CHAT;
use crate::traffic;
use crate::workload::{CHUNK, Workload, stream};

/// What a TCP segment brings.
const SEGMENT: usize = 1460;

/// What becomes of the streams of a [`Series`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are accepted.
    Accepted,
    /// They go beyond a limit; what counts is the cost up to there.
    Refused,
}

/// What a cost per byte may do while something grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Stay: the dearest value costs at most this many times the cheapest.
    Even(f64),
    /// Fall, or stay: no value costs more than this many times the cheapest one before it.
    NoDearer(f64),
}

impl Rule {
    /// How far from it the costs are, in the order of their values: at most [`Rule::limit`] is
    /// good.
    #[must_use]
    pub fn factor(self, costs: &[f64]) -> f64 {
        let mut cheapest = f64::INFINITY;
        let mut dearest_later = 1.0_f64;
        for &cost in costs {
            cheapest = cheapest.min(cost);
            dearest_later = dearest_later.max(cost / cheapest);
        }
        match self {
            Self::NoDearer(_) => dearest_later,
            Self::Even(_) => {
                costs.iter().copied().fold(1.0, |most, cost| most.max(cost / cheapest))
            }
        }
    }

    /// The largest factor that is allowed.
    #[must_use]
    pub const fn limit(self) -> f64 {
        match self {
            Self::Even(limit) | Self::NoDearer(limit) => limit,
        }
    }
}

/// Streams in which one thing grows.
pub struct Series {
    /// What it is called.
    pub name: &'static str,
    /// The values of what grows.
    pub values: &'static [usize],
    /// What the costs per byte must do.
    pub rule: Rule,
    /// What becomes of the streams.
    pub outcome: Outcome,
    stream: fn(usize) -> String,
    /// Bytes per chunk; `None` if that is what grows.
    chunk: Option<usize>,
}

impl Series {
    /// The workload of one value.
    #[must_use]
    pub fn workload(&self, value: usize) -> Workload {
        let (stream, chunk) = ((self.stream)(value), self.chunk.unwrap_or(value));
        match self.outcome {
            Outcome::Accepted => Workload::parse(stream, chunk),
            Outcome::Refused => Workload::refuse(stream, chunk),
        }
    }

    /// What [`find`](super::find) finds it by.
    #[must_use]
    pub fn point(&self, value: usize) -> String {
        format!("{}@{value}", self.name)
    }
}

const EVEN: Rule = Rule::Even(1.2);

const ATTRIBUTES: &[usize] = &[1, 2, 4, 8, 16, 32, 64];
const SIZES: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
const CUT: &[usize] = &[10_000, 100_000, 1_000_000];
/// Where every byte is a call.
const FEW: &[usize] = &[100, 1_000, 10_000];

/// All of them.
pub const SERIES: &[Series] = &[
    shape("bytes-per-stanza", &[200, 1_000, 10_000, 100_000, 1_000_000], EVEN, traffic::stanzas),
    // From 32 on, a second filter is asked whether a name is there already.
    shape("attributes-per-element", ATTRIBUTES, EVEN, traffic::attributes),
    // Names that are alike in their first eight bytes are all for the second filter.
    shape("similar-attributes", ATTRIBUTES, Rule::Even(2.0), traffic::similar_attributes),
    // These are searched one after the other: the limits on their numbers bound the cost.
    shape("prefixes-in-scope", &[1, 2, 4, 15, 30, 60], Rule::Even(3.5), traffic::namespaces),
    shape(
        "foreign-namespaces",
        &[1, 2, 4, 15, 60, 240],
        Rule::Even(2.0),
        traffic::foreign_namespaces,
    ),
    shape("nesting", &[1, 2, 8, 30, 60, 120], EVEN, traffic::nesting),
    Series {
        name: "bytes-per-chunk",
        values: &[SEGMENT, CHUNK, 16_384],
        rule: EVEN,
        outcome: Outcome::Accepted,
        stream: chat,
        chunk: None,
    },
    // A call costs some hundred instructions beside what its bytes cost, and some hundreds more if
    // a stanza ends there: at 64 bytes half as much as the bytes, at 256 a third.
    Series {
        name: "small-chunks",
        values: &[64, 256, CHUNK],
        rule: Rule::Even(1.55),
        outcome: Outcome::Accepted,
        stream: chat,
        chunk: None,
    },
    Series {
        name: "byte-by-byte",
        values: &[CHUNK, 1],
        rule: Rule::NoDearer(4.0),
        outcome: Outcome::Accepted,
        stream: chat,
        chunk: None,
    },
    grows("empty-elements", SEGMENT, SIZES, traffic::empty_elements),
    grows("keepalives", SEGMENT, SIZES, traffic::keepalives),
    // A tag that is cut is read twice, so the row begins where all are.
    grows("spaces-in-tags", SEGMENT, CUT, traffic::spaces_in_tags),
    grows("text", SEGMENT, SIZES, traffic::text),
    grows("references", SEGMENT, SIZES, traffic::references),
    grows("brackets", SEGMENT, SIZES, traffic::brackets),
    grows("cdata", SEGMENT, SIZES, traffic::cdata),
    grows("cdata-sections", SEGMENT, SIZES, traffic::cdata_sections),
    grows("cdata-brackets", SEGMENT, SIZES, traffic::cdata_brackets),
    grows("attribute", SEGMENT, SIZES, traffic::attribute),
    grows("attribute-of-brackets", SEGMENT, SIZES, traffic::attribute_of_brackets),
    grows("attribute-of-references", SEGMENT, SIZES, traffic::attribute_of_references),
    grows("text-by-64", 64, SIZES, traffic::text),
    grows("cdata-by-64", 64, SIZES, traffic::cdata),
    grows("attribute-by-64", 64, SIZES, traffic::attribute),
    grows("text-by-1", 1, FEW, traffic::text),
    grows("cdata-by-1", 1, FEW, traffic::cdata),
    grows("attribute-by-1", 1, FEW, traffic::attribute),
    too_many("too-many-attributes", traffic::attributes_of_one),
    too_many("too-many-declarations", traffic::declarations_of_one),
];

/// The shape of stanzas varies.
const fn shape(
    name: &'static str,
    values: &'static [usize],
    rule: Rule,
    stream: fn(usize) -> String,
) -> Series {
    Series { name, values, rule, outcome: Outcome::Accepted, stream, chunk: Some(CHUNK) }
}

/// A token grows, and is cut by ever more chunks.
const fn grows(
    name: &'static str,
    chunk: usize,
    values: &'static [usize],
    stream: fn(usize) -> String,
) -> Series {
    let (rule, outcome) = (Rule::NoDearer(1.2), Outcome::Accepted);
    Series { name, values, rule, outcome, stream, chunk: Some(chunk) }
}

/// A tag grows beyond a limit. The row begins where the tag is cut and so read twice.
const fn too_many(name: &'static str, stream: fn(usize) -> String) -> Series {
    let values = &[1_000, 10_000, 100_000];
    Series { outcome: Outcome::Refused, ..grows(name, SEGMENT, values, stream) }
}

fn chat(_: usize) -> String {
    stream(CHAT, 128 * 1024)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn even_costs_stay_and_others_may_fall() {
        let (even, no_dearer) = (Rule::Even(1.2), Rule::NoDearer(1.2));
        assert!((even.factor(&[2.0, 1.0, 3.0]) - 3.0).abs() < 1e-9);
        assert!((no_dearer.factor(&[4.0, 2.0, 3.0]) - 1.5).abs() < 1e-9);
        assert!((even.factor(&[4.0, 2.0, 1.0]) - 4.0).abs() < 1e-9);
        assert!((no_dearer.factor(&[4.0, 2.0, 1.0]) - 1.0).abs() < 1e-9);
        assert!((even.factor(&[]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn every_series_has_its_own_name_and_values_to_compare() {
        let mut names: Vec<_> = SERIES.iter().map(|series| series.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERIES.len());
        assert!(SERIES.iter().all(|series| series.values.len() > 1));
        assert!(names.iter().all(|name| !name.contains('@')));
    }

    #[test]
    fn the_ends_of_every_series_do_what_is_expected() {
        for series in SERIES {
            for value in [series.values[0], series.values[series.values.len() - 1]] {
                let point = series.point(value);
                assert!(find(&point).is_some_and(|workload| workload.units() > 0), "{point}");
            }
        }
        assert!(find("nesting@x").is_none());
        assert!(find("no such thing@1").is_none());
    }
}
