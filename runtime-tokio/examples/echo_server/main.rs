//! A server that sends every message back to its sender.
//!
//! ```text
//! cargo run -p xmpp-runtime-tokio --example echo_server -- --domain localhost \
//!     --c2s 127.0.0.1:5222 --c2s-tls 127.0.0.1:5223 --cert cert.pem --key key.pem \
//!     --user alice:secret --user bob:secret
//! ```
//!
//! It prints who comes and goes, and routes nothing.

mod args;
mod echo;

use std::collections::HashMap;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::task::JoinSet;
use xmpp_proto::sasl::StoredCredentials;
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_runtime_common::{default_provider, entropy};
use xmpp_runtime_tokio::{Listener, ListenerConfig};

use crate::args::Args;
use crate::echo::Echo;

type Failure = Box<dyn core::error::Error + Send + Sync>;

/// What RFC 7677 §4 asks of servers at least.
const ITERATIONS: u32 = 4096;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(mut args: Args) -> Result<(), Failure> {
    let users = core::mem::take(&mut args.users);
    let accounts = tokio::task::spawn_blocking(|| accounts(users)).await??;
    // Behind one proxy, or in a load test, all clients have one address.
    let mut config =
        ListenerConfig::new(&args.domain)?.tls_config(args.tls()?).max_connections_per_ip(None);
    let mut names = Vec::new();
    if let Some(address) = args.c2s {
        config = config.starttls(address);
        names.push("c2s");
    }
    if let Some(address) = args.c2s_tls {
        config = config.direct_tls(address);
        names.push("c2s-tls");
    }
    let mut listener = Listener::bind(config).await?;
    for (name, address) in names.iter().zip(listener.local_addrs()) {
        say(&format!("listening {name} {address}"));
    }

    let echo = Arc::new(Echo::new(accounts));
    let mut sessions = JoinSet::new();
    let mut stop = core::pin::pin!(stop());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((session, events, driver)) => {
                    let echo = Arc::clone(&echo);
                    sessions.spawn(async move { echo.serve(session, events, driver).await });
                }
                Err(error) => eprintln!("not accepted: {error}"),
            },
            // Those that have ended need not be remembered.
            Some(_) = sessions.join_next() => {}
            stopped = &mut stop => break stopped?,
        }
    }
    drop(listener);
    echo.close_all(&StreamError::new(StreamCondition::SystemShutdown));
    while sessions.join_next().await.is_some() {}
    Ok(())
}

/// What is kept of the accounts: keys, and not the passwords.
fn accounts(users: Vec<(String, String)>) -> Result<HashMap<String, StoredCredentials>, Failure> {
    let provider = default_provider()?;
    let mut accounts = HashMap::new();
    for (name, password) in users {
        let salt = entropy(&provider)?;
        accounts
            .insert(name, StoredCredentials::from_password(&password, &salt[..16], ITERATIONS)?);
    }
    Ok(accounts)
}

/// Waits for whoever wants the end.
#[cfg(unix)]
async fn stop() -> Result<(), std::io::Error> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(not(unix))]
async fn stop() -> Result<(), std::io::Error> {
    tokio::signal::ctrl_c().await
}

/// Prints a line at once. If nobody reads it, there is nothing better to do than go on.
fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{}", line.replace(['\n', '\r'], " "));
    let _ = out.flush();
}
