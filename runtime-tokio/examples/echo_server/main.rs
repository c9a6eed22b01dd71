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
#[path = "../support/server.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::task::JoinSet;
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_runtime_tokio::{Listener, ListenerConfig};

use crate::args::Args;
use crate::echo::Echo;
use crate::support::{Failure, accounts, say, stop};

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
