//! Chat from the command line.
//!
//! ```text
//! cargo run -p xmpp-runtime-tokio --example chat
//! ```
//!
//! shows two people who find each other and chat, and their server, all in one process. With an
//! account it logs in there:
//!
//! ```text
//! XMPP_PASSWORD=secret cargo run -p xmpp-runtime-tokio --example chat -- \
//!     --jid alice@localhost --host 127.0.0.1 --port 5222 --ca-file ca.pem --to bob@localhost
//! ```
//!
//! Without `--host`, DNS is asked for the servers of the account's domain.

mod args;
#[path = "../support/certificate.rs"]
mod certificate;
mod demo;
mod input;
mod wire;

use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::Parser;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use xmpp_proto::endpoint::{CertificateReport, Ended, Query, Reason};
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{Condition, IqType, Message, Presence, Stanza, StanzaError};
use xmpp_runtime_tokio::{Client, Config, Event, Events, Receipt, Why, connect};

use crate::args::Args;

type Failure = Box<dyn core::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Some(jid) = args.jid() else {
        return runtime.block_on(demo::run(args.xml));
    };
    if args.xml {
        wire::print();
    }
    let password = match std::env::var("XMPP_PASSWORD") {
        _ if !args.needs_password() => String::new(),
        Ok(password) => password,
        Err(_) => rpassword::prompt_password(format!("Password of {jid}: "))
            .map_err(|error| format!("no password: set XMPP_PASSWORD ({error})"))?,
    };
    let config = args.config(jid, password)?;
    runtime.block_on(chat(config, args.to.clone()))
}

async fn chat(config: Config, to: Option<Jid>) -> Result<(), Failure> {
    let (client, mut events, driver) = connect(config)?;
    let driver = tokio::spawn(driver);

    let jid = online(&mut events).await?;
    // Without presence, the server has nobody to deliver messages to (RFC 6121 §4.2).
    client.send(Presence::available().build()?).await?.await?;
    say(&format!("online {jid}"));

    let sending = tokio::spawn(send_lines(client.clone(), to));
    let ended = receive(client, &mut events).await?;
    driver.await?; // until the connection is closed, too
    finish(ended, sending).await
}

/// Waits for the outcome of the login.
async fn online(events: &mut Events) -> Result<Jid, Failure> {
    loop {
        match events.next().await {
            Some(Event::Online { jid }) => return Ok(jid.into()),
            Some(Event::Ended(ended)) => return Err(explain(&ended).into()),
            Some(_) => {}
            None => return Err("the client has gone".into()),
        }
    }
}

/// What happened and, if it was the certificate, how to trust it in the future.
fn explain(ended: &Ended) -> String {
    let key = ended.certificate().and_then(CertificateReport::spki_sha256_hex);
    match key {
        Some(key) => format!(
            "{ended}; if its operator confirms that this is the server's key, trust it with \
             --pin sha256:{key}"
        ),
        None => ended.to_string(),
    }
}

/// Sends what is typed, then closes the stream. Fails if something could not be sent.
async fn send_lines(client: Client, to: Option<Jid>) -> Result<(), Failure> {
    let mut lines = input::lines();
    let (sent, receipts) = mpsc::unbounded_channel();
    let delivery = tokio::spawn(deliver(client.clone(), receipts));
    let mut number = 0_u32;
    let mut failure = Ok(());
    while let Some(line) = lines.recv().await {
        let Some(to) = &to else {
            complain("not sent: name somebody with --to");
            failure = Err("some lines were not sent".into());
            continue;
        };
        number += 1;
        match Message::chat(to.clone()).id(&format!("line-{number}")).body(&line).build() {
            Ok(message) => drop(sent.send(client.send(message).await?)),
            Err(error) => {
                complain(&format!("not sent: {error}"));
                failure = Err("some lines were not sent".into());
            }
        }
    }
    drop(sent);
    delivery.await??;
    client.close();
    failure
}

/// Sees to what was sent until the server has it. What a broken connection leaves in doubt is sent
/// again, with the same id: whoever got it already can tell.
async fn deliver(
    client: Client,
    mut receipts: mpsc::UnboundedReceiver<Receipt>,
) -> Result<(), Failure> {
    while let Some(mut receipt) = receipts.recv().await {
        while let Err(error) = receipt.await {
            match (error.why(), error.clone().into_item()) {
                (Why::Unacked | Why::Cut, Some(stanza)) => receipt = client.send(stanza).await?,
                _ => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Prints what comes in until the stream ends.
async fn receive(client: Client, events: &mut Events) -> Result<Ended, Failure> {
    while let Some(event) = events.next().await {
        match event {
            Event::Stanza(Stanza::Message(message)) => {
                let from = message.from().map_or("the server", Jid::as_str);
                if let Some(error) = message.error() {
                    complain(&format!("{from}: {error}"));
                } else if let Some(body) = message.body() {
                    say(&format!("{from}: {body}"));
                }
            }
            Event::Query(query) => {
                let client = client.clone();
                let answer = answer(&query);
                // Not awaited here: taking events must go on. If the stream ends first, nobody
                // waits for the answer.
                tokio::spawn(async move { client.answer(query, answer).await });
            }
            // Nothing needs to be done about it; people want to know.
            Event::Disconnected(disconnected) => {
                complain(&format!("disconnected, trying again: {}", disconnected.ended));
            }
            Event::Resumed => complain("connected again, nothing was lost"),
            Event::Online { jid } => {
                // A new session: nobody knows of it yet.
                complain(&format!("connected again as {jid}"));
                client.send(Presence::available().build()?).await?;
            }
            Event::Ended(ended) => return Ok(ended),
            _ => {}
        }
    }
    Err("the client has gone".into())
}

/// Answers pings (XEP-0199 §4) and nothing else.
fn answer(query: &Query) -> Result<Option<xmpp_proto::xml::Element>, StanzaError> {
    let is_ping = query.iq().payload().is_some_and(|payload| payload.is("ping", ns::PING));
    if is_ping && query.iq().type_() == IqType::Get {
        Ok(None)
    } else {
        Err(StanzaError::new(Condition::ServiceUnavailable))
    }
}

/// Whether all went well: everything typed was written, and we were the ones to close.
async fn finish(ended: Ended, sending: JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    if ended.reason == Reason::ClosedByUs {
        sending.await?
    } else {
        sending.abort(); // it may wait for input that never comes
        Err(ended.into())
    }
}

/// Prints a line for the user. If nobody reads it, there is nothing better to do than go on.
fn say(line: &str) {
    let _ = writeln!(stdout().lock(), "{line}");
}

/// Prints one line about a fault. Texts from servers may hold line breaks.
fn complain(text: &str) {
    eprintln!("{}", text.replace(['\n', '\r'], " "));
}
