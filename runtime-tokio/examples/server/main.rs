//! A small XMPP server, in memory.
//!
//! ```text
//! cargo run -p xmpp-runtime-tokio --example server -- --domain localhost \
//!     --c2s 127.0.0.1:5222 --c2s-tls 127.0.0.1:5223 --user alice:secret --user bob:secret
//! ```
//!
//! It makes a certificate when it starts and says where the authority for it lies; clients have to be
//! told to trust that. It says who comes and goes.
//!
//! It is for trying things out and for tests. Production servers are Prosody and ejabberd, which also
//! cluster.

mod args;
#[path = "../support/certificate.rs"]
mod certificate;
#[path = "../support/server.rs"]
mod support;

use std::process::ExitCode;

use clap::Parser;
use tempfile::TempDir;
use tokio::task::JoinSet;
use xmpp_proto::domain::{Domain, DomainConfig, DomainEvent};
use xmpp_runtime_tokio::{DomainHandle, DomainListener, ListenerConfig, ServerTlsConfig};

use crate::args::Args;
use crate::certificate::Certificate;
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
    say("a small server in memory, for trying things out and for tests");
    say("production servers are Prosody and ejabberd, which also cluster");
    let users = core::mem::take(&mut args.users);
    let accounts = tokio::task::spawn_blocking(|| accounts::<Vec<_>>(users)).await??;
    let (tls, _directory) = tls(&args)?;
    // Behind one proxy, or in a load test, all clients have one address.
    let mut config =
        ListenerConfig::new(&args.domain)?.tls_config(tls).max_connections_per_ip(None);
    let mut names = Vec::new();
    if let Some(address) = args.c2s() {
        config = config.starttls(address);
        names.push("c2s");
    }
    if let Some(address) = args.c2s_tls {
        config = config.direct_tls(address);
        names.push("c2s-tls");
    }
    let mut domain = DomainConfig::new(args.domain.parse()?);
    "xmpp-runtime-tokio's example".clone_into(&mut domain.software);
    let mut listener = DomainListener::bind(config, domain).await?;
    for (name, keys) in accounts {
        listener.domain().with(|domain, _| domain.add_account(&name, keys))?;
    }
    for (name, address) in names.iter().zip(listener.local_addrs()) {
        say(&format!("listening {name} {address}"));
    }

    let domain = listener.domain().clone();
    let telling = tokio::spawn(tell(domain.clone()));
    let mut connections = JoinSet::new();
    let mut stop = core::pin::pin!(stop());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(connection) => drop(connections.spawn(connection)),
                Err(error) => eprintln!("not accepted: {error}"),
            },
            // Those that have ended need not be remembered.
            Some(_) = connections.join_next() => {}
            stopped = &mut stop => break stopped?,
        }
    }
    drop(listener);
    domain.with(Domain::shut_down);
    while connections.join_next().await.is_some() {}
    telling.abort();
    Ok(())
}

/// Says who comes and goes.
async fn tell(domain: DomainHandle) {
    let mut events = domain.events();
    loop {
        match events.next().await {
            DomainEvent::Online { jid, .. } => say(&format!("online {jid}")),
            DomainEvent::Ended { jid, ended, .. } => {
                let jid = jid.as_ref().map_or("-", |jid| jid.as_str());
                say(&format!("ended {jid} {}", ended.reason));
            }
            _ => {}
        }
    }
}

/// The given certificate, or one that is made now. Its authority lies in the directory for as long as
/// that is there.
fn tls(args: &Args) -> Result<(ServerTlsConfig, Option<TempDir>), Failure> {
    let builder = ServerTlsConfig::builder().versions(args.versions());
    if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
        return Ok((builder.certificate_files(&args.domain, cert, key)?.build()?, None));
    }
    let made = Certificate::new(&args.domain)?;
    let directory = tempfile::Builder::new().prefix("xmpp-server-").tempdir()?;
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, &made.ca)?;
    say(&format!("certificate authority {}", path.display()));
    let builder = builder.certificate_pem(&args.domain, &made.chain, &made.key)?;
    Ok((builder.build()?, Some(directory)))
}
