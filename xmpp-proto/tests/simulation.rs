//! Many runs of clients and a domain on a bad network.
//!
//! | what | command |
//! |---|---|
//! | as in CI | `cargo test -p xmpp-proto --features domain,serde,testing --test simulation` |
//! | ten thousand | `XMPP_SIM_SEEDS=10000 cargo test -p xmpp-proto --features domain,serde,testing --test simulation -- --nocapture` |
//! | one, line by line | `XMPP_SIM_SEED=7 cargo test -p xmpp-proto --features domain,serde,testing --test simulation -- --nocapture` |
//!
//! `XMPP_SIM_FIRST` is the first of the seeds; without it, it is 0.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use xmpp_proto::endpoint::ResumeState;
use xmpp_proto::testing::Simulation;
use xmpp_proto::testing::simulation::Report;

/// How many seeds are run unless somebody says otherwise.
const SEEDS: u64 = 1000;

/// How much of the history a failure shows.
const LINES: usize = 400;

/// A session between two processes is a text.
#[expect(clippy::needless_pass_by_value, reason = "the simulation hands it over")]
fn save(state: ResumeState) -> ResumeState {
    let text = serde_json::to_string(&state).expect("a state can be written");
    serde_json::from_str(&text).expect("what was written can be read")
}

fn simulation(seed: u64) -> Simulation {
    Simulation::new(seed).with_saving(save)
}

/// Runs a seed; why it has failed, if it has.
fn run(simulation: Simulation) -> Result<Report, String> {
    match catch_unwind(AssertUnwindSafe(|| simulation.run())) {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("it panics: {}", text.unwrap_or("without words")))
        }
    }
}

/// Runs a seed that has failed once more, and tells what happened.
fn explain(seed: u64, why: &str) -> String {
    let history = Rc::new(RefCell::new(VecDeque::new()));
    let tail = Rc::clone(&history);
    let again = simulation(seed).with_log(move |at, line| {
        let mut tail = tail.borrow_mut();
        if tail.len() == LINES {
            tail.pop_front();
        }
        tail.push_back(line_of(at, line));
    });
    let plan = format!("{:?}", again.plan());
    let again = run(again).err().unwrap_or_else(|| "it does not fail again!".into());
    let mut text = String::new();
    for line in history.borrow().iter() {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{plan}\nseed {seed}: {why}");
    if again != why {
        let _ = writeln!(text, "and once more: {again}");
    }
    let _ = write!(
        text,
        "to replay: XMPP_SIM_SEED={seed} cargo test -p xmpp-proto --features domain,serde,testing \
         --test simulation -- --nocapture"
    );
    text
}

fn line_of(at: xmpp_proto::Instant, line: &str) -> String {
    let micros = at.as_micros();
    format!("{:5}.{:06} {line}", micros / 1_000_000, micros % 1_000_000)
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Runs many seeds, as many at once as there are processors.
fn run_many(first: u64, count: u64) -> Report {
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Report::default());
    let failures = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    match run(simulation(seed)) {
                        Ok(report) => sum.lock().expect("nobody panics with it").add(&report),
                        Err(why) => failures.lock().expect("nor with this").push((seed, why)),
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("all threads are done");
    failures.sort();
    if let Some((seed, why)) = failures.first() {
        for (seed, why) in &failures {
            let line = why.lines().next().unwrap_or_default();
            eprintln!("{seed}: {line:.300}");
        }
        panic!("{}\n{} of {count} seeds fail", explain(*seed, why), failures.len());
    }
    sum.into_inner().expect("all threads are done")
}

#[test]
fn sessions_lose_nothing_on_bad_networks() {
    if let Some(seed) = number("XMPP_SIM_SEED") {
        let loud = simulation(seed);
        println!("{:?}", loud.plan());
        let loud = loud.with_log(|at, line| println!("{}", line_of(at, line)));
        let report = run(loud).unwrap_or_else(|why| panic!("{why}"));
        return println!("{report}");
    }
    let (first, count) = (number("XMPP_SIM_FIRST").unwrap_or(0), number("XMPP_SIM_SEEDS"));
    let begun = Instant::now();
    let report = run_many(first, count.unwrap_or(SEEDS));
    println!("{report}\nin {:.1} s", begun.elapsed().as_secs_f64());
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        let once = run(simulation(seed)).unwrap_or_else(|why| panic!("{}", explain(seed, &why)));
        // That somebody reads along changes nothing.
        let again = run(simulation(seed).with_log(|_, _| {})).expect("it did not fail before");
        assert_eq!(once, again, "seed {seed}");
    }
}
