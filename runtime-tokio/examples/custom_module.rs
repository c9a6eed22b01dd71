//! A module of an app's own: a thermometer that answers who asks, and asks others.

use xmpp_proto::endpoint::{Query, Request};
use xmpp_proto::jid::Jid;
use xmpp_proto::modules::ping::Ping;
use xmpp_proto::modules::{Asked, Cx, Module, ReadError, Refused};
use xmpp_proto::stanza::{Iq, IqType};
use xmpp_proto::{module_set, xml::Element};
use xmpp_runtime_tokio::{Config, Event, connect_with};

const NS: &str = "urn:example:temperature";

struct Thermometer {
    celsius: f64,
}

impl Thermometer {
    /// Asks another one.
    fn ask(cx: &mut Cx<'_>, whom: Jid) -> Result<Asked<f64>, Refused> {
        let question = Element::builder("temperature", NS).build()?;
        cx.ask(Request::get(question).to(whom), read)
    }
}

fn read(answer: &Iq) -> Result<f64, ReadError> {
    let payload = answer.payload().filter(|payload| payload.is("temperature", NS));
    let text = payload.ok_or(ReadError::Missing { what: "temperature" })?.text();
    text.parse().map_err(|_| ReadError::Invalid { what: "temperature", value: text.into() })
}

impl Module for Thermometer {
    /// Who has asked.
    type Event = Jid;

    fn features(&self, each: &mut dyn FnMut(&str)) {
        each(NS);
    }

    fn handle_query(&mut self, cx: &mut Cx<'_>, query: Query) -> Option<Query> {
        let asked = query.iq().payload().is_some_and(|payload| payload.is("temperature", NS));
        if !asked || query.iq().type_() != IqType::Get {
            return Some(query); // somebody else's
        }
        let answer = Element::builder("temperature", NS).text(&self.celsius.to_string()).build();
        let _ = cx.answer(query, Ok(answer.ok())); // unless the stream ends just now
        None
    }
}

module_set! {
    struct Device {
        thermometer: Thermometer => Thermometer,
        ping: Ping => Ping,
    }
    #[derive(Debug)]
    enum DeviceEvent;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::new("alice@localhost", std::env::var("XMPP_PASSWORD")?)?
        .host("127.0.0.1", std::env::var("XMPP_PORT")?.parse()?)
        .ca_file(std::env::var("XMPP_CA_FILE")?)?;
    let device = Device { thermometer: Thermometer { celsius: 21.5 }, ping: Ping::new() };
    let (client, mut events, driver) = connect_with(config, device)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        println!("{event:?}");
        if let Event::Online { jid } = event {
            let client = client.clone(); // answers do not come while nobody takes events
            tokio::spawn(async move {
                let own = client.ask(|_, cx| Thermometer::ask(cx, jid.into())).await;
                println!("{}", own.map_or_else(|why| why.to_string(), |it| format!("{it} °C")));
                client.close();
            });
        }
    }
    Ok(())
}
