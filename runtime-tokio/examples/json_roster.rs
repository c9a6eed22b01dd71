//! Keeps the roster in a JSON file, so that the next start asks only for what has changed.
//!
//! ```text
//! XMPP_PASSWORD=secret XMPP_PORT=5222 XMPP_CA_FILE=ca.pem \
//!     cargo run -p xmpp-runtime-tokio --example json_roster
//! ```

use std::path::PathBuf;
use std::{fs, io};

use serde_json::{Value, json};
use xmpp_proto::jid::BareJid;
use xmpp_proto::modules::roster::{
    Roster, RosterConfig, RosterCopy, RosterEvent, RosterItem, RosterStorage, Subscription,
};
use xmpp_runtime_tokio::{Config, Event, connect_with};

struct JsonFile(PathBuf);

impl RosterStorage for JsonFile {
    type Error = io::Error;

    fn load(&mut self) -> io::Result<RosterCopy> {
        let text = match fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(RosterCopy::default());
            }
            text => text?,
        };
        let copy: Value = serde_json::from_str(&text)?;
        let version = copy["version"].as_str().map(ToOwned::to_owned);
        let items = copy["items"].as_array().into_iter().flatten().filter_map(read);
        Ok(RosterCopy::new(version, items))
    }

    fn replace(&mut self, copy: &RosterCopy) -> io::Result<()> {
        let items: Vec<Value> = copy.items.values().map(written).collect();
        let text = json!({ "version": copy.version, "items": items }).to_string();
        // There is always one file that is whole.
        let new = self.0.with_extension("new");
        fs::write(&new, text)?;
        fs::rename(new, &self.0)
    }
}

fn written(item: &RosterItem) -> Value {
    json!({
        "jid": item.jid.as_str(), "name": item.name, "groups": item.groups,
        "subscription": item.subscription.name(), "ask": item.ask, "approved": item.approved,
    })
}

fn read(value: &Value) -> Option<RosterItem> {
    let mut item = RosterItem::new(BareJid::new(value["jid"].as_str()?).ok()?);
    item.name = value["name"].as_str().map(ToOwned::to_owned);
    item.subscription = Subscription::from_name(value["subscription"].as_str()?)?;
    item.ask = value["ask"].as_bool()?;
    item.approved = value["approved"].as_bool()?;
    let groups = value["groups"].as_array()?.iter().filter_map(Value::as_str);
    Some(groups.fold(item, RosterItem::with_group))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::new("alice@localhost", std::env::var("XMPP_PASSWORD")?)?
        .host("127.0.0.1", std::env::var("XMPP_PORT")?.parse()?)
        .ca_file(std::env::var("XMPP_CA_FILE")?)?;
    let roster = Roster::with_storage(JsonFile("roster.json".into()), RosterConfig::new())?;
    let (client, mut events, driver) = connect_with(config, roster)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Module(RosterEvent::Loaded { is_changed, .. }) => {
                println!("the file was {}", if is_changed { "out of date" } else { "right" });
                let client = client.clone();
                tokio::spawn(async move {
                    let names = client.with(|roster, _| {
                        roster.iter().map(|item| item.jid.to_string()).collect::<Vec<_>>()
                    });
                    println!("{}", names.await.unwrap_or_default().join("\n"));
                    client.close();
                });
            }
            Event::Ended(ended) => println!("{ended}"),
            _ => {}
        }
    }
    Ok(())
}
