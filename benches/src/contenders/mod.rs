//! The parser of this project and others, each made to do the same with the same stream.

#[cfg(feature = "c-peers")]
pub mod expat;
#[cfg(feature = "c-peers")]
pub mod libxml2;
pub mod minidom;
pub mod ours;
pub mod quick_xml;
pub mod roxmltree;
pub mod rxml;
pub mod xmpp_parsers;

use crate::checksum::{Checksum, Count, Visitor};
use crate::measure::{Fault, Input, Sample, Sum, measure};

/// The name of [expat](https://libexpat.github.io/), which takes part with the feature `c-peers`.
pub const EXPAT: &str = "expat, namespaces";
/// The name of [libxml2](https://gitlab.gnome.org/GNOME/libxml2), which takes part with the feature
/// `c-peers`.
pub const LIBXML2: &str = "libxml2, push SAX2";

/// Someone who takes part.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// What tables call it; each has a name of its own.
    pub name: &'static str,
    /// Does what is timed, once.
    pub run: fn(&Input) -> Result<Sample, Fault>,
    /// How it shows that it understands the stream.
    pub check: Check,
}

/// How a contender shows that it understands a stream. Whatever it is, each timed run says how many
/// stanzas there were.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// The [checksums](Checksum) of all stanzas, in order.
    Checksums(fn(&Input) -> Result<Vec<u64>, Fault>),
    /// What it knows of each first-level element, in order.
    Stanzas(fn(&Input) -> Result<Vec<Option<Known>>, Fault>),
    /// By nothing more.
    Count,
}

/// What a typed stanza says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The sender's address.
    pub from: Option<String>,
    /// The recipient's address.
    pub to: Option<String>,
    /// The id.
    pub id: Option<String>,
    /// The bodies of a message in all languages, sorted by their text.
    pub bodies: Vec<String>,
}

/// Those who parse.
#[must_use]
pub fn parsers() -> Vec<Contender> {
    vec![
        ours::LEXER,
        ours::BORROWED,
        ours::BORROWED_READ,
        ours::OWNED,
        ours::OWNED_READ,
        ours::TYPED,
        ours::CLIENT,
        rxml::RAW,
        rxml::NAMESPACES,
        minidom::TREE,
        minidom::TREE_READ,
        xmpp_parsers::TYPED,
        quick_xml::BUFFERED,
        roxmltree::DOCUMENT,
        #[cfg(feature = "c-peers")]
        expat::SAX,
        #[cfg(feature = "c-peers")]
        libxml2::SAX,
    ]
}

/// Those who write, and those who parse and write.
#[must_use]
pub fn writers() -> Vec<Contender> {
    vec![ours::WRITE, minidom::WRITE, ours::ROUND_TRIP, minidom::ROUND_TRIP]
}

/// Someone who calls a [`Visitor`] while it parses.
trait Events {
    /// Parses the stream in its chunks.
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault>;
}

impl Contender {
    /// The timed run counts; the checked one is the same code with a [`Checksum`].
    const fn of_events<E: Events>(name: &'static str) -> Self {
        Self { name, run: count::<E>, check: Check::Checksums(checksums::<E>) }
    }
}

fn count<E: Events>(input: &Input) -> Result<Sample, Fault> {
    measure(|| {
        let mut count = Count::default();
        E::parse(input, &mut count)?;
        Ok(Sum { stanzas: count.stanzas(), read: 0 })
    })
}

fn checksums<E: Events>(input: &Input) -> Result<Vec<u64>, Fault> {
    let mut checksum = Checksum::of_stream();
    E::parse(input, &mut checksum)?;
    Ok(checksum.into_stanzas())
}
