//! The whole client machine between an application, a transport and a server that do what they
//! like, under virtual time.
//!
//! An input is a `Plan`: how the client is configured, and then what happens, one
//! `Op` after the other. A helpful server can be asked to bring the client online, so
//! that what follows attacks a session. After every operation a `World` checks what
//! a machine promises. Then all is done once more, and must go the same way: in half of the plans
//! with the received bytes cut elsewhere, in the other half, where the driver breaks its own
//! rules, exactly as before.

mod ledger;
mod plan;
mod server;
mod wire;
mod world;

use plan::Plan;
use world::{Chunks, World};

/// What must never be seen.
const PASSWORD: &str = "5ecret-pa55word";

/// The check of this module.
///
/// # Panics
/// If the client breaks one of the promises of a machine.
pub fn check(data: &[u8]) {
    // Whoever knows the password can say it himself, and errors quote what was said.
    if data.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()) {
        return;
    }
    let plan = Plan::read(data);
    let whole = World::run(&plan, Chunks::Whole);
    let chunks = if plan.keeps_rules { Chunks::Random(plan.seed) } else { Chunks::Whole };
    let again = World::run(&plan, chunks);
    compare(&plan, &whole, &again);
}

/// Both went the same way. Only when the parser notices a fault depends on the chunks: small ones
/// it may hold back.
fn compare(plan: &Plan<'_>, whole: &[String], again: &[String]) {
    let pairs = whole.iter().zip(again);
    let Some(at) = pairs.clone().position(|(one, other)| one != other) else {
        assert_eq!(whole.len(), again.len(), "{plan:#?}");
        return;
    };
    let is_faulty = |entry: &String| entry.contains("Peer(Xml(");
    if plan.keeps_rules && whole[at..].iter().chain(&again[at..]).any(is_faulty) {
        return;
    }
    // What comes behind `<proceed/>` ends the attempt, with it or after it; by then more or less is
    // written, and what is not never will be.
    let is_smuggled = |entry: &String| entry.contains("Peer(DataAfterProceed)");
    if plan.keeps_rules && whole.iter().chain(again).any(is_smuggled) {
        return;
    }
    panic!("{plan:#?}\nstep {at} is\n{}\nand then\n{}", whole[at], again[at]);
}
