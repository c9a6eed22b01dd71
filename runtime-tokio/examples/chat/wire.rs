//! Prints what goes over the wire: the library emits one `tracing` event per stream element, and
//! this is the least that makes them visible.

use core::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Prints the events of `xmpp::wire` on standard error and nothing else.
pub(crate) fn print() {
    // Failing means that somebody else prints already.
    let _ = tracing::subscriber::set_global_default(Wire { whose: None });
}

/// Prints what it hears.
pub(crate) struct Wire {
    whose: Option<&'static str>,
}

impl Wire {
    /// For one of several: each line begins with the name.
    pub(crate) const fn of(name: &'static str) -> Self {
        Self { whose: Some(name) }
    }
}

impl Subscriber for Wire {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "xmpp::wire"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        match self.whose {
            Some(name) => eprintln!("{name:>5} {}", line.0),
            None => eprintln!("{}", line.0),
        }
    }

    // There are no spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}"); // writing to a string does not fail
        }
    }
}
