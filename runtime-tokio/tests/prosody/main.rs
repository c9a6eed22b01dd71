//! The runtime against real Prosody servers, each started by the test that needs it.

mod failures;
mod login;
#[path = "../support/mod.rs"]
mod support;
mod traffic;

use core::time::Duration;

use support::prosody::Prosody;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_proto::endpoint::Ended;
use xmpp_proto::jid::FullJid;
use xmpp_proto::stanza::{Presence, Stanza};
use xmpp_runtime_tokio::{Client, Config, Event, Events, TlsMode, connect};

/// Nothing on loopback takes longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// `name@localhost` on the server, over the transport of the given mode.
fn account(server: &Prosody, name: &str, password: &str, mode: TlsMode) -> Config {
    let address = match mode {
        TlsMode::Direct => server.tls_address(),
        _ => server.address(),
    };
    Config::new(&format!("{name}@localhost"), password)
        .unwrap()
        .host(address.ip().to_string(), address.port())
        .tls(mode)
        .ca_file(server.ca_file())
        .unwrap()
}

/// A client and its driver.
struct Session {
    client: Client,
    events: Events,
    driver: JoinHandle<()>,
}

impl Session {
    fn start(config: Config) -> Self {
        let (client, events, driver) = connect(config).unwrap();
        Self { client, events, driver: tokio::spawn(driver) }
    }

    /// Logs in and becomes available.
    async fn online(config: Config) -> (Self, FullJid) {
        let mut session = Self::start(config);
        let jid = match session.next().await {
            Event::Online { jid } => jid,
            other => panic!("not online, but {other:?}"),
        };
        session.client.send(Presence::available().build().unwrap()).await.unwrap().await.unwrap();
        (session, jid)
    }

    async fn next(&mut self) -> Event {
        let event = timeout(PATIENCE, self.events.next()).await.expect("an event in time");
        event.expect("there is an event before the end")
    }

    /// The next message, past the presence that servers send.
    async fn message(&mut self) -> xmpp_proto::stanza::Message {
        loop {
            match self.next().await {
                Event::Stanza(Stanza::Message(message)) => return message,
                Event::Stanza(Stanza::Presence(_)) => {}
                other => panic!("no message, but {other:?}"),
            }
        }
    }

    /// How the stream ends; then the driver must end, too, and the events with it.
    async fn ended(mut self) -> Ended {
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
