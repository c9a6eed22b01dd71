//! What the machine alone takes: no sockets, no TLS.

use core::fmt::Write;
use core::time::Duration;
use std::time::Instant;

use xmpp_benches::allocations;
use xmpp_benches::crowd::{BURST, Crowd, burst};

use crate::{Fault, real};

const ROUNDS: usize = 5;

/// How much of everything.
pub(crate) struct Scale {
    sessions: [usize; 3],
    items: usize,
    subscribers: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self { sessions: [10, 1_000, 10_000], items: 50_000, subscribers: 10_000 }
    }
}

impl Scale {
    pub(crate) const fn quick() -> Self {
        Self { sessions: [10, 20, 30], items: 100, subscribers: 20 }
    }
}

/// The heap of one more session.
pub(crate) fn heap(scale: &Scale) -> String {
    let count = scale.sessions[1];
    let empty = allocations::held(|| Crowd::new(0)).0;
    let held = allocations::held(|| Crowd::new(count)).0;
    let each = (held - empty) / count as u64;
    format!(
        "| one session of {count} in a domain, online, available and idle | heap, bytes |\n\
         |---|---|\n| all of it: stream, account, keys, presence | {each} |"
    )
}

/// Messages from one to the next.
pub(crate) fn routing(scale: &Scale, messages: usize) -> Result<String, Fault> {
    let mut out = String::from(
        "| sessions | messages routed per second | nanoseconds each | of the first row |\n\
         |---|---|---|---|\n",
    );
    let mut first = None;
    for count in scale.sessions {
        let mut crowd = Crowd::new(count);
        let texts: Vec<String> = (0..count).map(|from| burst(from, count)).collect();
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let before = crowd.written();
            let start = Instant::now();
            for turn in 0..messages / BURST {
                let from = turn % count;
                crowd.receive(from, &texts[from]);
            }
            times.push(start.elapsed());
            if crowd.written() - before < (messages * 100) as u64 {
                return Err("not all messages have arrived".into());
            }
        }
        times.sort_unstable();
        let each = times[ROUNDS / 2].as_secs_f64() / real(messages);
        let first = *first.get_or_insert(each);
        let (nanos, ratio) = (each * 1e9, each / first);
        writeln!(out, "| {count} | {:.0} | {nanos:.0} | {ratio:.2} |", 1.0 / each)?;
    }
    Ok(out)
}

/// A large roster.
pub(crate) fn roster(scale: &Scale) -> Result<String, Fault> {
    const GET: &str = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>";
    let mut crowd = Crowd::new(1);
    // From now on it is told of changes.
    crowd.receive(0, GET);
    let set = |number| {
        format!(
            "<iq type='set' id='s{number}'><query xmlns='jabber:iq:roster'>\
             <item jid='contact{number}@localhost' name='Contact {number}'>\
             <group>Friends</group></item></query></iq>"
        )
    };
    let sets: Vec<String> = (0..scale.items).map(set).collect();
    let start = Instant::now();
    for set in &sets {
        crowd.receive(0, set);
    }
    let filling = start.elapsed();
    let before = crowd.written();
    let start = Instant::now();
    crowd.receive(0, GET);
    let getting = start.elapsed();
    let bytes = crowd.written() - before;
    let items = scale.items;
    if bytes < items as u64 * 80 {
        return Err(format!("a roster of {items} contacts has only {bytes} bytes").into());
    }
    Ok(format!(
        "| a roster of {items} contacts | milliseconds | microseconds for each contact |\n\
         |---|---|---|\n{}\n{}\n\nThe answer has {bytes} bytes.",
        row("added one by one", filling, items),
        row("asked for", getting, items),
    ))
}

/// Presence to many.
pub(crate) fn broadcast(scale: &Scale) -> Result<String, Fault> {
    let count = scale.subscribers;
    let mut crowd = Crowd::new(count + 1);
    crowd.subscribe_all_to_first();
    let before = crowd.written();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        crowd.receive(0, "<presence><show>away</show><status>lunch</status></presence>");
        times.push(start.elapsed());
    }
    times.sort_unstable();
    if crowd.written() - before < (ROUNDS * count * 80) as u64 {
        return Err("not everybody has seen the presence".into());
    }
    Ok(format!(
        "| presence to {count} subscribers | milliseconds | microseconds for each of them |\n\
         |---|---|---|\n{}",
        row("one broadcast, all deliveries included", times[ROUNDS / 2], count),
    ))
}

fn row(what: &str, time: Duration, count: usize) -> String {
    let (millis, each) = (time.as_secs_f64() * 1e3, time.as_secs_f64() * 1e6 / real(count));
    format!("| {what} | {millis:.1} | {each:.2} |")
}
