//! Two people and their server, in this process: what the library is for, in one command.

use core::net::SocketAddr;
use core::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use xmpp_proto::domain::DomainConfig;
use xmpp_proto::jid::BareJid;
use xmpp_proto::modules::disco::Identity;
use xmpp_proto::modules::im::{Im, ImEvent};
use xmpp_proto::modules::presence::PresenceEvent;
use xmpp_proto::sasl::{Mechanism, StoredCredentials};
use xmpp_proto::stanza::{Message, Presence, Show, Stanza};
use xmpp_runtime_common::{default_provider, entropy};
use xmpp_runtime_tokio::{
    Client, Config, DomainListener, Event, Events, ListenerConfig, connect_with,
};

use crate::certificate::Certificate;
use crate::wire::Wire;
use crate::{Failure, say};

/// Nothing here takes longer, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);
const ACCOUNTS: [(&str, &str); 2] = [("alice", "wonderland"), ("bob", "builder")];

/// Plays it all.
pub(crate) async fn run(xml: bool) -> Result<(), Failure> {
    timeout(PATIENCE, play(xml)).await.map_err(|_| "nothing happens any more")?
}

async fn play(xml: bool) -> Result<(), Failure> {
    say("A server for localhost in this process, with accounts for Alice and Bob.");
    let (server, ca) = serve().await?;
    // Both before anything happens: what `tracing` leaves out for the only one, it leaves out for good.
    let [for_alice, for_bob] = ACCOUNTS.map(|(name, _)| xml.then(|| Dispatch::new(Wire::of(name))));
    let mut alice = Person::log_in(ACCOUNTS[0], server, &ca, for_alice).await?;
    let mut bob = Person::log_in(ACCOUNTS[1], server, &ca, for_bob).await?;
    say("Both are online: TCP, STARTTLS with TLS 1.3, SCRAM-SHA-256-PLUS.");

    say("\nAlice wants to see when Bob is there. He lets her, and wants the same.");
    alice.subscribe(&bob).await?;
    bob.until(&format!("is asked by {}", alice.name), |event| {
        matches!(event, PresenceEvent::Request { .. })
    })
    .await?;
    bob.approve(&alice).await?;
    bob.subscribe(&alice).await?;
    alice.until("may see Bob", |event| matches!(event, PresenceEvent::Approved(_))).await?;
    alice.sees("sees Bob come online", &bob, None).await?;
    alice.until("is asked by Bob", |event| matches!(event, PresenceEvent::Request { .. })).await?;
    alice.approve(&bob).await?;
    bob.until("may see Alice", |event| matches!(event, PresenceEvent::Approved(_))).await?;
    bob.sees("sees Alice come online", &alice, None).await?;
    alice.tell_roster().await?;

    say("\nThey chat.");
    alice.writes(&mut bob, "Good morning, Bob! ☀ <3 & 你好").await?;
    bob.writes(&mut alice, "Good morning, Alice. I am off to lunch.").await?;
    bob.client
        .with(|im, cx| {
            im.presence.set(cx, Presence::available().show(Show::Away).status("at lunch"))
        })
        .await??;
    alice.sees("sees that Bob is away: at lunch", &bob, Some(Show::Away)).await?;

    say("\nThey leave.");
    let gone = bob.jid.clone();
    bob.leave().await?;
    alice
        .until("sees Bob go offline", |event| {
            matches!(event, PresenceEvent::Unavailable { jid, .. } if *jid.to_bare() == *gone)
        })
        .await?;
    alice.leave().await?;
    say("\nThe same with an account and a server of your own: --help");
    Ok(())
}

/// Starts the server: a domain in memory, on a port that the system chooses. Clients are to trust the
/// authority that is returned.
async fn serve() -> Result<(SocketAddr, String), Failure> {
    let certificate = Certificate::new("localhost")?;
    let config = ListenerConfig::new("localhost")?
        .starttls(SocketAddr::from(([127, 0, 0, 1], 0)))
        .certificate_pem("localhost", &certificate.chain, &certificate.key)?;
    let domain = DomainConfig::new("localhost".parse()?);
    let mut listener = DomainListener::bind(config, domain).await?;
    let provider = default_provider()?;
    let salt = entropy(&provider)?;
    for (name, password) in ACCOUNTS {
        let keys = StoredCredentials::from_password(password, &salt[..16], 4096)?;
        listener.domain().with(|domain, _| domain.add_account(name, keys))?;
    }
    let address = listener.local_addrs().next().ok_or("it does not listen")?;
    tokio::spawn(async move {
        while let Ok(connection) = listener.accept().await {
            tokio::spawn(connection);
        }
    });
    Ok((address, certificate.ca))
}

/// Somebody who is online.
struct Person {
    name: &'static str,
    jid: BareJid,
    client: Client<Im>,
    events: Events<Event<ImEvent>>,
    driver: JoinHandle<()>,
}

impl Person {
    async fn log_in(
        (user, password): (&'static str, &'static str),
        server: SocketAddr,
        ca: &str,
        wire: Option<Dispatch>,
    ) -> Result<Self, Failure> {
        let jid: BareJid = format!("{user}@localhost").parse()?;
        let config = Config::new(jid.as_str(), password)?
            .host(server.ip().to_string(), server.port())
            .ca_pem(ca)?
            .mechanisms([Mechanism::ScramSha256Plus]);
        let identity = Identity::new("client", "console").with_name("chat");
        let im = Im::new("https://xmpp.example/chat", identity);
        let (client, mut events, driver) = connect_with(config, im)?;
        let driver = match wire {
            Some(wire) => tokio::spawn(driver.with_subscriber(wire)),
            None => tokio::spawn(driver),
        };
        let jid = loop {
            match events.next().await {
                Some(Event::Online { .. }) => break jid,
                Some(Event::Ended(ended)) => return Err(ended.into()),
                Some(_) => {}
                None => return Err("the client has gone".into()),
            }
        };
        client.with(|im, cx| im.presence.set(cx, Presence::available())).await??;
        let name = if user == "alice" { "Alice" } else { "Bob" };
        Ok(Self { name, jid, client, events, driver })
    }

    async fn subscribe(&self, other: &Self) -> Result<(), Failure> {
        let jid = other.jid.clone();
        self.client.with(move |im, cx| im.presence.subscribe(cx, &jid, None)).await??;
        Ok(())
    }

    async fn approve(&self, other: &Self) -> Result<(), Failure> {
        let jid = other.jid.clone();
        self.client.with(move |im, cx| im.presence.approve(cx, &jid)).await??;
        Ok(())
    }

    /// Waits for something about presence to happen, and says so.
    async fn until(
        &mut self,
        what: &str,
        happens: impl Fn(&PresenceEvent) -> bool,
    ) -> Result<(), Failure> {
        loop {
            match self.next().await? {
                Event::Module(ImEvent::Presence(event)) if happens(&event) => break,
                _ => {}
            }
        }
        say(&format!("  {} {what}", self.name));
        Ok(())
    }

    async fn sees(&mut self, what: &str, who: &Self, show: Option<Show>) -> Result<(), Failure> {
        let wanted = who.jid.clone();
        self.until(what, |event| {
            matches!(event, PresenceEvent::Available { jid, presence }
                if *jid.to_bare() == *wanted && presence.show() == show)
        })
        .await
    }

    async fn writes(&self, other: &mut Self, text: &str) -> Result<(), Failure> {
        self.client.send(Message::chat(other.jid.clone()).body(text).build()?).await?;
        let heard = loop {
            if let Event::Stanza(Stanza::Message(message)) = other.next().await?
                && let Some(body) = message.body()
            {
                break body.into_owned();
            }
        };
        if heard != text {
            return Err(format!("{heard:?} arrived instead of {text:?}").into());
        }
        say(&format!("  {}: {heard}", self.name));
        Ok(())
    }

    async fn tell_roster(&self) -> Result<(), Failure> {
        let contacts = self
            .client
            .with(|im, _| {
                let items = im.roster.iter();
                let items = items.map(|item| format!("{} ({})", item.jid, item.subscription));
                items.collect::<Vec<_>>().join(", ")
            })
            .await?;
        say(&format!("  {}'s contacts: {contacts}", self.name));
        Ok(())
    }

    async fn next(&mut self) -> Result<Event<ImEvent>, Failure> {
        match self.events.next().await {
            Some(Event::Ended(ended)) => Err(ended.into()),
            Some(event) => Ok(event),
            None => Err("the client has gone".into()),
        }
    }

    /// Closes the stream, and waits until it is closed.
    async fn leave(mut self) -> Result<(), Failure> {
        self.client.close();
        while self.events.next().await.is_some() {}
        self.driver.await?;
        say(&format!("  {} has left", self.name));
        Ok(())
    }
}
