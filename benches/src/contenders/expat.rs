//! expat: callbacks, from C.

use super::{Contender, EXPAT, Events};
use crate::c;
use crate::checksum::Visitor;
use crate::measure::{Fault, Input};

/// Its parser with namespaces. The strings it hands over are not looked at in timed runs, nor are
/// their lengths.
pub const SAX: Contender = Contender::of_events::<Sax>(EXPAT);

struct Sax;

impl Events for Sax {
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault> {
        c::expat::parse(input.chunks(), visitor)
    }
}
