//! Two clients who talk through a real server, on a network that breaks all the time.
//!
//! `docs/testing.md` says how to run it for long. What happens is drawn from a seed, which is printed;
//! what it meets is not, since servers and clocks go their own ways.

mod book;
mod links;
mod losses;
mod party;
#[path = "../support/proxy.rs"]
mod proxy;
mod random;
#[path = "../session/mod.rs"]
mod session;
#[path = "../support/mod.rs"]
mod support;
mod weather;

use core::time::Duration;

use losses::{KEPT, Restart};
use support::Server;
use support::ejabberd::{Ejabberd, Resumption};
use support::prosody::{Builder, Prosody};
use weather::{Climate, Weather, say};

const PROSODY: Climate =
    Climate { server: "Prosody", whole_stanzas: true, fast_login: false, concurrent: false };
const PROSODY_WITH_TOKENS: Climate =
    Climate { server: "Prosody with tokens", fast_login: true, ..PROSODY };
const EJABBERD: Climate =
    Climate { server: "ejabberd", whole_stanzas: false, fast_login: false, concurrent: true };

/// How long the servers wait for a sign of life.
const SILENCE: Duration = Duration::from_secs(3);
/// Longer than any cut lasts.
const LONG: Duration = Duration::from_mins(10);

/// Of all cuts, each server has half. Prosody's are divided between its two ways to log in.
fn share() -> u64 {
    random::cuts().div_ceil(2)
}

fn prosody(builder: Builder, hibernation: Duration) -> Option<Prosody> {
    builder
        .user("alice", "secret")
        .user("bob", "secret")
        .write_in_the_loop()
        .read_timeout(SILENCE)
        .hibernation_time(hibernation)
        .start()
}

fn ejabberd(within: Duration) -> Option<Ejabberd> {
    Ejabberd::builder()
        .user("alice", "secret")
        .user("bob", "secret")
        .resumption(Resumption { within, ack_timeout: SILENCE })
        .start()
}

/// XEP-0198 §5: while sessions can be resumed, cuts lose nothing, repeat nothing, and change no order.
async fn cut_links(climate: Climate, server: &impl Server, share: u64) {
    let mut weather = Weather::start(climate, server, false, random::seed()).await;
    let mut cuts = 0;
    while cuts < share {
        cuts += weather.strike().await;
    }
    say(&format!("{cuts} cuts, {}", weather.clear().await));
}

/// XEP-0198 §4, §5: where a session is lost, each stanza is acknowledged or handed back; sent again,
/// it arrives.
async fn lose_sessions(climate: Climate, mut server: impl Restart) {
    let mut weather = Weather::start(climate, &server, true, random::seed()).await;
    let times = share().div_ceil(10);
    for _ in 0..times {
        weather.lose(&mut server).await;
    }
    say(&format!("{times} losses, {}", weather.clear().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_on_prosody_lose_repeat_and_reorder_nothing() {
    let Some(server) = prosody(Prosody::builder(), LONG) else { return };
    cut_links(PROSODY, &server, share().div_ceil(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_on_prosody_with_tokens_lose_repeat_and_reorder_nothing() {
    // Each token is exchanged for another one as soon as it is used.
    let builder = Prosody::builder().sasl2().config("sasl2_fast_token_min_ttl = 0");
    let Some(server) = prosody(builder, LONG) else { return };
    cut_links(PROSODY_WITH_TOKENS, &server, share().div_ceil(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_on_ejabberd_lose_repeat_and_reorder_nothing() {
    let Some(server) = ejabberd(LONG) else { return };
    cut_links(EJABBERD, &server, share()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unacked_when_prosody_loses_sessions_is_handed_back() {
    let Some(server) = prosody(Prosody::builder(), KEPT) else { return };
    lose_sessions(PROSODY, server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unacked_when_ejabberd_loses_sessions_is_handed_back() {
    let Some(mut server) = ejabberd(KEPT) else { return };
    // Or it would not know its accounts any more after it was killed: what it writes, it writes late.
    server.stop();
    server.start_again();
    lose_sessions(EJABBERD, server).await;
}
