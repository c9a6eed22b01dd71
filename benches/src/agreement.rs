//! Whether all contenders understand a stream alike. Speed means nothing where they do not.

use std::fmt;

use crate::contenders::{Check, Contender, Known};
use crate::measure::{Fault, Input};

/// What was found about a stream that all contenders understand alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The contenders whose checksums are the same for all stanzas.
    pub checksums: Vec<&'static str>,
    /// The contenders that make typed stanzas, and how many first-level elements each refuses. What
    /// two of them accept, they know the same of.
    pub refused: Vec<(&'static str, usize)>,
    /// The contenders that only count stanzas.
    pub counts: Vec<&'static str>,
}

/// Why figures about a stream would mean nothing.
#[derive(Debug)]
pub struct Disagreement {
    /// The stream.
    pub input: &'static str,
    /// The contender.
    pub contender: &'static str,
    /// What is wrong.
    pub why: Why,
}

/// What can be wrong with a contender.
#[derive(Debug)]
pub enum Why {
    /// It does not get to the end.
    Fault(Fault),
    /// It finds another number of stanzas.
    Count {
        /// What it finds.
        found: u64,
        /// How many there are.
        expected: u64,
    },
    /// It understands a stanza in another way.
    Stanza {
        /// Which one; the first is 0.
        index: usize,
        /// What it makes of it.
        own: String,
        /// Who makes something else of it.
        with: &'static str,
        /// What that is.
        other: String,
    },
}

impl From<Fault> for Why {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.input, self.contender)?;
        match &self.why {
            Why::Fault(fault) => fault.fmt(f),
            Why::Count { found, expected } => write!(f, "{found} stanzas instead of {expected}"),
            Why::Stanza { index, own, with, other } => {
                write!(f, "stanza {index} is {own}, but {other} for {with}")
            }
        }
    }
}

impl std::error::Error for Disagreement {}

/// Checks all contenders, and runs each once.
///
/// # Errors
///
/// The first contender that fails, or that understands a stanza in another way than one before it.
pub fn check(contenders: &[Contender], input: &Input) -> Result<Agreement, Disagreement> {
    let mut judge = Judge { input, agreement: Agreement::default(), checksums: None, known: None };
    for contender in contenders {
        judge.hear(contender).map_err(|why| Disagreement {
            input: input.name,
            contender: contender.name,
            why,
        })?;
    }
    Ok(judge.agreement)
}

struct Judge<'a> {
    input: &'a Input,
    agreement: Agreement,
    checksums: First<u64>,
    known: First<Option<Known>>,
}

/// The contender that was the first to say something of all stanzas, and what it said.
type First<T> = Option<(&'static str, Vec<T>)>;

impl Judge<'_> {
    fn hear(&mut self, contender: &Contender) -> Result<(), Why> {
        self.expect((contender.run)(self.input)?.sum.stanzas)?;
        match contender.check {
            Check::Checksums(check) => {
                let own = check(self.input)?;
                self.expect(own.len() as u64)?;
                self.agreement.checksums.push(contender.name);
                compare(&mut self.checksums, contender.name, own, |own, other| own == other)
            }
            Check::Stanzas(check) => {
                let own = check(self.input)?;
                self.expect(own.len() as u64)?;
                let refused = own.iter().filter(|known| known.is_none()).count();
                self.agreement.refused.push((contender.name, refused));
                compare(&mut self.known, contender.name, own, |own, other| {
                    own.is_none() || other.is_none() || own == other
                })
            }
            Check::Count => {
                self.agreement.counts.push(contender.name);
                Ok(())
            }
        }
    }

    fn expect(&self, found: u64) -> Result<(), Why> {
        let expected = self.input.stanzas;
        if found == expected { Ok(()) } else { Err(Why::Count { found, expected }) }
    }
}

fn compare<T: fmt::Debug>(
    first: &mut First<T>,
    name: &'static str,
    own: Vec<T>,
    agree: impl Fn(&T, &T) -> bool,
) -> Result<(), Why> {
    let Some((with, others)) = first else {
        *first = Some((name, own));
        return Ok(());
    };
    let mut pairs = own.iter().zip(others).enumerate();
    pairs.find(|(_, (own, other))| !agree(own, other)).map_or(Ok(()), |(index, (own, other))| {
        Err(Why::Stanza { index, own: format!("{own:?}"), with, other: format!("{other:?}") })
    })
}
