//! What it costs to lose nothing: memory for what is not acknowledged, and the time from the moment at
//! which a link is back to the first message on it.

use core::fmt::Write;
use core::time::Duration;
use std::time::Instant;

use tokio::runtime::Runtime;
use xmpp_benches::allocations;
use xmpp_proto::endpoint::{ClientConfig, StreamManagement, TlsMode};
use xmpp_proto::jid::Jid;
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::stanza::{Message, Presence, Stanza};
use xmpp_proto::testing::Script;
use xmpp_runtime_tokio::{Client, Config, Event, Events, TlsConfig, connect};

use crate::proxy::{How, Proxy};
use crate::server::Example;
use crate::{Fault, real};

const PASSWORD: &str = "secret";
const BODY: &str = "Wherefore art thou, Romeo? Deny thy father and refuse thy name.";

/// Messages that wait to be acknowledged.
const UNACKED: usize = 400;

/// The heap that a message takes until it is acknowledged.
pub(crate) fn memory() -> Result<String, Fault> {
    let config = ClientConfig::new("alice@example.org".parse()?, PASSWORD)
        .one_stream()
        .with_tls(TlsMode::Direct)
        .with_mechanisms([Mechanism::Plain])
        .with_management(Some(StreamManagement::default()));
    let mut script = Script::new(config.clone());
    script.login_with(&config, "<sm xmlns='urn:xmpp:sm:3'/>");
    script.receive("<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>");
    let to: Jid = "bob@example.org".parse()?;
    let message = || Message::chat(to.clone()).body(BODY).build();
    let (alone, kept) = allocations::held(|| (0..UNACKED).map(|_| message()).collect::<Vec<_>>());
    drop(kept);
    let (held, sent) = allocations::held(|| {
        for _ in 0..UNACKED {
            let now = script.now();
            script.client().send(now, message()?.into())?;
            script.drain();
            script.take_sent();
        }
        Ok::<_, Fault>(())
    });
    sent?;
    let waiting = script.client().unacked().count();
    if waiting != UNACKED {
        return Err(format!("{waiting} messages wait to be acknowledged").into());
    }
    let of = UNACKED as u64;
    Ok(format!(
        "| a chat message of {} bytes that is not acknowledged | heap, bytes |\n|---|---|\n\
         | all of it | {} |\n| of these, the message itself | {} |",
        BODY.len(),
        held / of,
        alone / of
    ))
}

/// The time from the moment at which a network is back to the first message on it.
pub(crate) fn comeback(runtime: &Runtime, rounds: usize) -> Result<String, Fault> {
    let users = ["alice".to_owned(), "bob".to_owned()];
    let ours = Example::start("server", &users, PASSWORD)?;
    let tls = TlsConfig::builder().ca_file(ours.ca_file())?.build()?;
    let proxy = Proxy::to(ours.direct).start();
    let mut times = runtime.block_on(async {
        let through = config("alice", proxy.address(), &tls)?;
        let (alice, mut events, to) = online(through).await?;
        let (bob, _bobs, _) = online(config("bob", ours.direct, &tls)?).await?;
        let mut times = Vec::new();
        for _ in 0..rounds {
            proxy.refuse();
            proxy.cut(How::Reset);
            until(&mut events, |event| matches!(event, Event::Disconnected(_))).await?;
            // It waits at the server, which has acknowledged it.
            bob.send(Message::chat(to.clone()).body(BODY).build()?).await?.await?;
            proxy.accept();
            let back = Instant::now();
            alice.network_changed();
            until(&mut events, |event| matches!(event, Event::Stanza(Stanza::Message(_)))).await?;
            times.push(back.elapsed());
        }
        Ok::<_, Fault>(times)
    })?;
    times.sort_unstable();
    let mut out = String::from(
        "| from the network's return to the first message, direct TLS 1.3 and SCRAM-SHA-256-PLUS, \
         resumed | ms |\n|---|---|\n",
    );
    let ms = |time: &Duration| time.as_secs_f64() * 1e3;
    for (name, at) in [("median", times.len() / 2), ("slowest", times.len().saturating_sub(1))] {
        let time = times.get(at).map(ms).unwrap_or_default();
        writeln!(out, "| {name} of {} | {time:.1} |", real(times.len()))?;
    }
    Ok(out)
}

fn config(name: &str, address: core::net::SocketAddr, tls: &TlsConfig) -> Result<Config, Fault> {
    Ok(Config::new(&format!("{name}@localhost"), PASSWORD)?
        .host(address.ip().to_string(), address.port())
        .tls(TlsMode::Direct)
        .tls_config(tls.clone()))
}

async fn online(config: Config) -> Result<(Client, Events, Jid), Fault> {
    let (client, mut events, driver) = connect(config)?;
    tokio::spawn(driver);
    match events.next().await {
        Some(Event::Online { jid }) => {
            client.send(Presence::available().build()?).await?.await?;
            Ok((client, events, jid.into()))
        }
        other => Err(format!("not online: {other:?}").into()),
    }
}

async fn until(events: &mut Events, found: impl Fn(&Event) -> bool) -> Result<(), Fault> {
    loop {
        match events.next().await {
            Some(event) if found(&event) => return Ok(()),
            Some(Event::SessionLost | Event::Ended(_)) | None => {
                return Err("the session was lost".into());
            }
            Some(_) => {}
        }
    }
}
