//! What the guard watches.

use super::Benchmark;
use crate::corpus::{BASE64, CHAT, CJK, MUC, ROSTER};
use crate::workload::{CHUNK, Workload, stanzas, stream};

/// Counts are exact, so little traffic is enough: what it takes to have each kind of stanza in it.
const BYTES: usize = 128 * 1024;

/// Every byte is a call here.
const FEW_BYTES: usize = 32 * 1024;

/// All of them, by name.
pub const HOT_PATHS: &[Benchmark] = &[
    per_byte("client-receive/chat", || Workload::receive(stanzas(CHAT, BYTES), CHUNK)),
    Benchmark {
        name: "client-send-managed/chat",
        unit: "stanza",
        workload: || Workload::send_stanzas(&stream(CHAT, BYTES), true),
    },
    Benchmark {
        name: "client-send-plain/chat",
        unit: "stanza",
        workload: || Workload::send_stanzas(&stream(CHAT, BYTES), false),
    },
    per_byte("client-send/chat", || Workload::send(&stream(CHAT, BYTES))),
    Benchmark {
        name: "domain-broadcast/100",
        unit: "subscriber",
        workload: || Workload::broadcast(100),
    },
    Benchmark { name: "domain-route/10", unit: "message", workload: || Workload::route(10) },
    Benchmark { name: "domain-route/1000", unit: "message", workload: || Workload::route(1000) },
    per_byte("jid/chat", || Workload::addresses(&stream(CHAT, BYTES))),
    per_byte("lex/chat", || Workload::lex(stream(CHAT, BYTES), CHUNK)),
    per_byte("own-and-read/chat", || Workload::own(stream(CHAT, BYTES), CHUNK)),
    per_byte("parse-by-1/chat", || Workload::parse(stream(CHAT, FEW_BYTES), 1)),
    per_byte("parse-by-64/chat", || Workload::parse(stream(CHAT, BYTES), 64)),
    per_byte("parse/base64", || Workload::parse(stream(BASE64, BYTES), CHUNK)),
    per_byte("parse/chat", || Workload::parse(stream(CHAT, BYTES), CHUNK)),
    per_byte("parse/cjk", || Workload::parse(stream(CJK, BYTES), CHUNK)),
    per_byte("parse/muc", || Workload::parse(stream(MUC, BYTES), CHUNK)),
    per_byte("parse/roster", || Workload::parse(stream(ROSTER, BYTES), CHUNK)),
    per_byte("round-trip/chat", || Workload::round_trip(stream(CHAT, BYTES), CHUNK)),
    Benchmark { name: "scram-sha-256/4096", unit: "login", workload: Workload::scram },
    per_byte("understand/chat", || Workload::understand(stream(CHAT, BYTES), CHUNK)),
    per_byte("write/chat", || Workload::write(&stream(CHAT, BYTES))),
];

const fn per_byte(name: &'static str, workload: fn() -> Workload) -> Benchmark {
    Benchmark { name, unit: "byte", workload }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn names_are_sorted_and_one_word_as_in_baselines() {
        assert!(HOT_PATHS.is_sorted_by(|a, b| a.name < b.name));
        assert!(HOT_PATHS.iter().all(|path| !path.name.contains([' ', '@', '#'])));
    }

    #[test]
    fn every_workload_runs_and_counts_something() {
        for path in HOT_PATHS {
            let mut workload = find(path.name).expect("it is found by its name");
            workload.pass();
            assert!(workload.units() > 0, "{}", path.name);
        }
    }
}
