//! Sends every message back to its sender.

use xmpp_proto::stanza::{Presence, Stanza};
use xmpp_runtime_tokio::{Config, Event, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::new("bot@localhost", std::env::var("XMPP_PASSWORD")?)?
        .host("127.0.0.1", 5222)
        .ca_file("ca.pem")?;
    let (client, mut events, driver) = connect(config)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Online { jid } => {
                println!("online {jid}");
                client.send(Presence::available().build()?).await?;
            }
            Event::Stanza(Stanza::Message(message)) => {
                // Error messages are not replied to, so that two bots do not play ping-pong.
                if let (Some(reply), Some(body)) = (message.reply(), message.body()) {
                    client.send(reply.body(&body).build()?).await?;
                }
            }
            Event::Ended(ended) => return Err(ended.into()),
            _ => {}
        }
    }
    Ok(())
}
