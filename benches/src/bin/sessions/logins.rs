//! Logins per second: TLS handshake, SASL, resource binding, and the end.

use core::fmt::Write;
use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;

use tokio::runtime::Runtime;
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::{Config, Event, TlsConfig, TlsMode, connect};

use crate::Fault;
use crate::server::{Example, processor_time};
use crate::support::prosody::{PasswordHash, Prosody};

const ROUNDS: usize = 3;

/// Where to log in, and whom to watch.
struct Target {
    name: &'static str,
    address: SocketAddr,
    tls: TlsConfig,
    pid: u32,
}

#[derive(Clone, Copy)]
struct Figures {
    per_second: f64,
    /// What the server computes for one, in milliseconds.
    cost: f64,
}

pub(crate) fn table(runtime: &Runtime, clients: usize, time: Duration) -> Result<String, Fault> {
    let echo = Example::start("echo_server", ["alice"], "secret")?;
    let mut targets = vec![Target {
        name: "echo_server",
        address: echo.direct,
        tls: TlsConfig::builder().ca_file(echo.ca_file())?.build()?,
        pid: echo.pid(),
    }];
    let prosody = Prosody::builder()
        .password_hash(PasswordHash::Sha256)
        .config("default_iteration_count = 4096")
        .user("alice", "secret")
        .start();
    if let Some(prosody) = &prosody {
        targets.push(Target {
            name: "Prosody",
            address: prosody.tls_address(),
            tls: TlsConfig::builder().ca_file(prosody.ca_file())?.build()?,
            pid: prosody.pid().ok_or("Prosody does not run")?,
        });
    }

    let mut out = format!(
        "Direct TLS 1.3, resumed where the server lets its clients, {clients} clients at a time, 4096 iterations, SHA-256; the \
         clients share the processors with the server. Median of {ROUNDS} rounds.\n\n\
         | logins | server | per second | server's milliseconds of computing for each |\n\
         |---|---|---|---|\n"
    );
    for mechanism in [Mechanism::ScramSha256, Mechanism::Plain] {
        let mut rounds = vec![Vec::new(); targets.len()];
        for _ in 0..ROUNDS {
            for (target, figures) in targets.iter().zip(&mut rounds) {
                figures.push(measure(runtime, target, mechanism, clients, time)?);
            }
        }
        for (target, figures) in targets.iter().zip(&mut rounds) {
            figures.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            let Figures { per_second, cost } = figures[ROUNDS / 2];
            writeln!(out, "| {mechanism} | {} | {per_second:.0} | {cost:.2} |", target.name)?;
        }
    }
    Ok(out)
}

fn measure(
    runtime: &Runtime,
    target: &Target,
    mechanism: Mechanism,
    clients: usize,
    time: Duration,
) -> Result<Figures, Fault> {
    let before = processor_time(target.pid)?;
    let start = Instant::now();
    let count = runtime.block_on(async {
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let config = config(target, mechanism);
                tokio::spawn(async move {
                    let (config, mut count) = (config?, 0_u32);
                    while start.elapsed() < time {
                        log_in(config.clone()).await?;
                        count += 1;
                    }
                    Ok::<_, Fault>(count)
                })
            })
            .collect();
        let mut count = 0;
        for task in tasks {
            count += task.await??;
        }
        Ok::<_, Fault>(count)
    })?;
    let elapsed = start.elapsed().as_secs_f64();
    let computed = processor_time(target.pid)? - before;
    let count = f64::from(count.max(1));
    Ok(Figures { per_second: count / elapsed, cost: computed * 1000.0 / count })
}

fn config(target: &Target, mechanism: Mechanism) -> Result<Config, Fault> {
    Ok(Config::new("alice@localhost", "secret")?
        .host(target.address.ip().to_string(), target.address.port())
        .tls(TlsMode::Direct)
        .tls_config(target.tls.clone())
        .mechanisms([mechanism]))
}

async fn log_in(config: Config) -> Result<(), Fault> {
    let (client, mut events, driver) = connect(config)?;
    tokio::spawn(driver);
    match events.next().await {
        Some(Event::Online { .. }) => {}
        other => return Err(format!("not online: {other:?}").into()),
    }
    client.close();
    while events.next().await.is_some() {}
    Ok(())
}
