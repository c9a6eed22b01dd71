//! Payloads as values of xmpp-parsers: a message that asks for a receipt, and the receipt.
//!
//! `cargo run -p xmpp-proto --example payload --features minidom`

use std::error::Error;

use xmpp_parsers::chatstates::ChatState;
use xmpp_parsers::receipts::{Received, Request};
use xmpp_proto::jid::Jid;
use xmpp_proto::stanza::{Message, Stanza};

fn main() -> Result<(), Box<dyn Error>> {
    let received = "<message xmlns='jabber:client' type='chat' id='m1' from='romeo@example.net/1'>\
        <body>Wherefore art thou?</body><request xmlns='urn:xmpp:receipts'/></message>";
    let Stanza::Message(message) = Stanza::from_element(received.parse()?)? else {
        return Err("not a message".into());
    };

    if message.payload_as::<Request>()?.is_some()
        && let (Some(from), Some(id)) = (message.from(), message.id())
    {
        let receipt = receipt(from, id)?;
        println!("{}", receipt.element());
    }
    Ok(())
}

fn receipt(to: &Jid, id: &str) -> Result<Message, Box<dyn Error>> {
    Ok(Message::chat(to.clone())
        .with_payload(&Received { id: id.into() })?
        .with_payload(&ChatState::Active)?
        .build()?)
}
