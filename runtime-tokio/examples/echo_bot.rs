use xmpp_proto::stanza::{MessageType, Presence, Stanza};
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
                println!("online as {jid}");
                client.send(Presence::builder().build()?).await?;
            }
            Event::Stanza(Stanza::Message(message)) if message.type_() != MessageType::Error => {
                if let Some(body) = message.body() {
                    client.send(message.reply().body(&body).build()?).await?;
                }
            }
            Event::Ended(ended) => return Err(ended.into()),
            _ => {}
        }
    }
    Ok(())
}
