//! Messages over sockets, beside Prosody and ejabberd.

use core::fmt::Write;
use core::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use tokio::runtime::Runtime;
use xmpp_proto::jid::{FullJid, Jid};
use xmpp_proto::stanza::{Message, Presence, Stanza};
use xmpp_runtime_tokio::{Client, Config, Event, Events, TlsConfig, TlsMode, connect};

use crate::server::{Example, processor_time};
use crate::support::ejabberd::Ejabberd;
use crate::support::prosody::{PasswordHash, Prosody};
use crate::{Fault, real};

const ROUNDS: usize = 3;
const PASSWORD: &str = "secret";
const BODY: &str = "Wherefore art thou, Romeo? Deny thy father and refuse thy name.";

/// A server, and those who write to each other through it.
struct Target {
    name: &'static str,
    pid: u32,
    pairs: Vec<[Person; 2]>,
}

struct Person {
    client: Client,
    events: Events,
    jid: FullJid,
}

#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    /// What the server computes for one message, in microseconds.
    cost: f64,
}

pub(crate) fn table(runtime: &Runtime, pairs: usize, each: usize) -> Result<String, Fault> {
    let users: Vec<String> = (0..pairs * 2).map(|number| format!("user{number}")).collect();
    let ours = Example::start("server", &users, PASSWORD)?;
    let mut prosody = Prosody::builder().password_hash(PasswordHash::Sha256);
    let mut ejabberd = Ejabberd::builder();
    for user in &users {
        prosody = prosody.user(user, PASSWORD);
        ejabberd = ejabberd.user(user, PASSWORD);
    }
    let (prosody, ejabberd) = (prosody.start(), ejabberd.start());

    let mut targets = Vec::new();
    let mut add = |name, address, ca: &Path, pid| {
        let pairs = runtime.block_on(log_in(&users, address, ca))?;
        targets.push(Target { name, pid, pairs });
        Ok::<_, Fault>(())
    };
    add("server", ours.direct, ours.ca_file(), ours.pid())?;
    if let Some(prosody) = &prosody {
        let pid = prosody.pid().ok_or("Prosody does not run")?;
        add("Prosody", prosody.tls_address(), prosody.ca_file(), pid)?;
    }
    if let Some(ejabberd) = &ejabberd {
        let pid = ejabberd.pid().ok_or("ejabberd does not run")?;
        add("ejabberd", ejabberd.tls_address(), ejabberd.ca_file(), pid)?;
    }

    let mut rounds = vec![Vec::new(); targets.len()];
    for _ in 0..ROUNDS {
        for (target, figures) in targets.iter_mut().zip(&mut rounds) {
            figures.push(measure(runtime, target, each)?);
        }
    }
    let mut out = format!(
        "{} clients, TLS 1.3, {each} chat messages each in a round, to the other of a pair; the \
         clients share the processors with the server. Median of {ROUNDS} rounds.\n\n\
         | server | messages per second | server's microseconds of computing for each | ratio |\n\
         |---|---|---|---|\n",
        pairs * 2
    );
    let mut own = None;
    for (target, figures) in targets.iter().zip(&mut rounds) {
        figures.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let Figures { per_second, cost } = figures[ROUNDS / 2];
        let ratio = cost / *own.get_or_insert(cost);
        writeln!(out, "| {} | {per_second:.0} | {cost:.1} | {ratio:.1} |", target.name)?;
    }
    Ok(out)
}

async fn log_in(
    users: &[String],
    address: SocketAddr,
    ca: &Path,
) -> Result<Vec<[Person; 2]>, Fault> {
    let tls = TlsConfig::builder().ca_file(ca)?.build()?;
    let mut pairs = Vec::new();
    for names in users.chunks_exact(2) {
        let [one, other] = names else { continue };
        let one = person(one, address, &tls).await?;
        pairs.push([one, person(other, address, &tls).await?]);
    }
    Ok(pairs)
}

async fn person(name: &str, address: SocketAddr, tls: &TlsConfig) -> Result<Person, Fault> {
    let config = Config::new(&format!("{name}@localhost"), PASSWORD)?
        .host(address.ip().to_string(), address.port())
        .tls(TlsMode::Direct)
        .tls_config(tls.clone());
    let (client, mut events, driver) = connect(config)?;
    tokio::spawn(driver);
    let jid = match events.next().await {
        Some(Event::Online { jid }) => jid,
        other => return Err(format!("not online: {other:?}").into()),
    };
    client.send(Presence::available().build()?).await?;
    Ok(Person { client, events, jid })
}

fn measure(runtime: &Runtime, target: &mut Target, each: usize) -> Result<Figures, Fault> {
    let before = processor_time(target.pid)?;
    let start = Instant::now();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for pair in core::mem::take(&mut target.pairs) {
            tasks.push(tokio::spawn(talk(pair, each)));
        }
        for task in tasks {
            target.pairs.push(task.await??);
        }
        Ok::<_, Fault>(())
    })?;
    let elapsed = start.elapsed().as_secs_f64();
    let computed = processor_time(target.pid)? - before;
    let count = real(target.pairs.len() * 2 * each);
    Ok(Figures { per_second: count / elapsed, cost: computed * 1e6 / count })
}

/// Both write to each other, until all has arrived.
async fn talk(pair: [Person; 2], each: usize) -> Result<[Person; 2], Fault> {
    let [one, other] = pair;
    let (to_one, to_other) = (Jid::from(one.jid.clone()), Jid::from(other.jid.clone()));
    let (one, other) =
        tokio::try_join!(exchange(one, to_other, each), exchange(other, to_one, each))?;
    Ok([one, other])
}

async fn exchange(mut person: Person, to: Jid, each: usize) -> Result<Person, Fault> {
    let client = person.client.clone();
    let writing = async {
        for _ in 0..each {
            client.send(Message::chat(to.clone()).body(BODY).build()?).await?;
        }
        Ok::<_, Fault>(())
    };
    let reading = async {
        let mut count = 0;
        while count < each {
            match person.events.next().await {
                Some(Event::Stanza(Stanza::Message(message))) if message.error().is_none() => {
                    count += 1;
                }
                Some(Event::Stanza(Stanza::Presence(_))) => {}
                other => return Err(format!("no message: {other:?}").into()),
            }
        }
        Ok::<_, Fault>(())
    };
    tokio::try_join!(writing, reading)?;
    Ok(person)
}
