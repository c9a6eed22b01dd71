//! Names and passwords beyond ASCII, on a server that prepares by stringprep.

use xmpp_proto::jid::BareJid;
use xmpp_proto::sasl::Mechanism;
use xmpp_proto::stanza::Message;
use xmpp_runtime_tokio::TlsMode;

use crate::support::prosody::Prosody;
use crate::{Session, account};

#[tokio::test]
async fn names_passwords_and_resources_are_prepared_as_the_server_does() {
    let builder = Prosody::builder().user("jürgen", "geheim wörter 🔑").user("straße", "x²");
    let Some(server) = builder.start() else { return };
    for mechanism in [Mechanism::ScramSha1, Mechanism::Plain] {
        // Typed in another way: upper case, a soft hyphen, a combining mark, a wide space.
        let config = account(
            &server,
            "JU\u{308}RGEN",
            "ge\u{AD}heim\u{3000}wo\u{308}rter 🔑",
            TlsMode::StartTls,
        )
        .mechanisms([mechanism])
        .resource("Küche\u{A0}♚");
        let (mut session, jid) = Session::online(config).await;
        assert_eq!(jid.as_str(), "jürgen@localhost/Küche ♚");
        assert!(jid.is_prepared());
        let message = Message::chat(jid.clone()).body("hi").build().unwrap();
        session.client.send(message).await.unwrap().await.unwrap();
        let message = session.message().await;
        assert_eq!(message.to().unwrap(), &jid);
        assert_eq!(message.from().unwrap(), &jid);
        session.client.close();
        session.ended().await;

        // The server knows the account by another name, and a password by other characters.
        let config = account(&server, "Straße", "x2", TlsMode::StartTls).mechanisms([mechanism]);
        let (session, jid) = Session::online(config).await;
        assert_eq!(jid.to_bare(), BareJid::new("strasse@localhost").unwrap());
        session.client.close();
        session.ended().await;
    }
}
