//! What a connection costs the whole process: sockets, tasks and TLS included.

use core::fmt::Write;
use core::time::Duration;
use std::net::TcpStream;
use std::thread::sleep;

use tokio::runtime::Runtime;
use xmpp_runtime_tokio::{Client, Config, Event, Events, TlsConfig, TlsMode, connect};

use crate::Fault;
use crate::server::{Example, resident};

/// For a server to take in what was sent, and to give back what it no longer needs.
const REST: Duration = Duration::from_secs(1);

pub(crate) fn table(runtime: &Runtime, silent: usize, online: usize) -> Result<String, Fault> {
    let mut out = String::from(
        "| one connection, the whole process | number | resident memory, bytes each |\n|---|---|---|\n",
    );
    writeln!(out, "| never says a word, STARTTLS port | {silent} | {} |", of_silent(silent)?)?;
    let each = of_online(runtime, online)?;
    writeln!(out, "| online and idle, TLS 1.3 | {online} | {each} |")?;
    Ok(out)
}

fn of_silent(count: usize) -> Result<u64, Fault> {
    let server = Example::start("echo_server", ["alice"], "secret")?;
    let before = resident(server.pid())?;
    let connections: Result<Vec<_>, _> =
        (0..count).map(|_| TcpStream::connect(server.starttls)).collect();
    let connections = connections?;
    sleep(REST);
    let each = resident(server.pid())?.saturating_sub(before) / count as u64;
    drop(connections);
    Ok(each)
}

fn of_online(runtime: &Runtime, count: usize) -> Result<u64, Fault> {
    let server = Example::start("echo_server", ["alice"], "secret")?;
    let tls = TlsConfig::builder().ca_file(server.ca_file())?.build()?;
    runtime.block_on(async {
        // What the first one costs is the server's, not the connection's.
        let first = online(&server, &tls).await?;
        let before = resident(server.pid())?;
        let mut sessions = Vec::with_capacity(count);
        for _ in 0..count {
            sessions.push(online(&server, &tls).await?);
        }
        tokio::time::sleep(REST).await;
        let each = resident(server.pid())?.saturating_sub(before) / count as u64;
        drop((first, sessions));
        Ok(each)
    })
}

async fn online(server: &Example, tls: &TlsConfig) -> Result<(Client, Events), Fault> {
    let config = Config::new("alice@localhost", "secret")?
        .host(server.direct.ip().to_string(), server.direct.port())
        .tls(TlsMode::Direct)
        .tls_config(tls.clone());
    let (client, mut events, driver) = connect(config)?;
    tokio::spawn(driver);
    match events.next().await {
        Some(Event::Online { .. }) => Ok((client, events)),
        other => Err(format!("not online: {other:?}").into()),
    }
}
