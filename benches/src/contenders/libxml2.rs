//! libxml2: callbacks, from C.

use super::{Contender, Events, LIBXML2};
use crate::c;
use crate::checksum::Visitor;
use crate::measure::{Fault, Input};

/// Its push parser with SAX2 callbacks. The strings it hands over are not looked at in timed runs,
/// nor are their lengths.
pub const SAX: Contender = Contender::of_events::<Sax>(LIBXML2);

struct Sax;

impl Events for Sax {
    fn parse<V: Visitor>(input: &Input, visitor: &mut V) -> Result<(), Fault> {
        c::libxml2::parse(input.chunks(), visitor)
    }
}
