//! Clients of a test's own, on a server of its own.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod contacts;
pub(crate) mod scenarios;

use core::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_proto::endpoint::{ClientConfig, Ended};
use xmpp_proto::jid::FullJid;
use xmpp_proto::stanza::{Presence, Stanza};
use xmpp_runtime_tokio::{Client, Config, Driver, Event, Events, TlsMode, connect};

use crate::support::Server;

/// Nothing on loopback takes longer, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// `name@localhost` on the server, over the transport of the given mode.
pub(crate) fn account(server: &impl Server, name: &str, password: &str, mode: TlsMode) -> Config {
    at(server, &format!("{name}@localhost"), password, mode).ca_file(server.ca_file()).unwrap()
}

/// The same with nothing said about whom to trust.
pub(crate) fn at(server: &impl Server, jid: &str, password: &str, mode: TlsMode) -> Config {
    toward(server, Config::new(jid, password).unwrap(), mode)
}

/// A client that needs no password.
pub(crate) fn without_password(server: &impl Server, core: ClientConfig, mode: TlsMode) -> Config {
    toward(server, Config::from_core(core), mode).ca_file(server.ca_file()).unwrap()
}

fn toward(server: &impl Server, config: Config, mode: TlsMode) -> Config {
    let address = match mode {
        TlsMode::Direct => server.tls_address(),
        _ => server.address(),
    };
    config.host(address.ip().to_string(), address.port()).tls(mode)
}

/// A client and its driver.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) events: Events,
    driver: JoinHandle<()>,
}

impl Session {
    pub(crate) fn start(config: Config) -> Self {
        let (client, events, driver) = connect(config).unwrap();
        Self::of(client, events, driver)
    }

    pub(crate) fn of(client: Client, events: Events, driver: Driver) -> Self {
        Self { client, events, driver: tokio::spawn(driver) }
    }

    /// Logs in and becomes available.
    pub(crate) async fn online(config: Config) -> (Self, FullJid) {
        let mut session = Self::start(config);
        let jid = match session.next().await {
            Event::Online { jid } => jid,
            other => panic!("not online, but {other:?}"),
        };
        session.client.send(Presence::available().build().unwrap()).await.unwrap().await.unwrap();
        (session, jid)
    }

    pub(crate) async fn next(&mut self) -> Event {
        let event = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
        event.expect("there is an event before the end")
    }

    /// The next message, past the presence that servers send.
    pub(crate) async fn message(&mut self) -> xmpp_proto::stanza::Message {
        loop {
            match self.next().await {
                Event::Stanza(Stanza::Message(message)) => return message,
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("no message, but {other:?}"),
            }
        }
    }

    /// How the stream ends; then the driver must end, too, and the events with it.
    pub(crate) async fn ended(mut self) -> Ended {
        let ended = loop {
            if let Event::Ended(ended) = self.next().await {
                break ended;
            }
        };
        timeout(PATIENCE, self.driver).await.expect("the driver ends").unwrap();
        assert!(self.events.next().await.is_none());
        assert!(self.client.is_closed());
        ended
    }
}
