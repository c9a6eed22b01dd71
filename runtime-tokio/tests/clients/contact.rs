//! The example `server`: they make a friend, talk, part with them, and leave. The friend is our own
//! client.

use std::borrow::Cow;

use xmpp_proto::jid::{BareJid, FullJid, Jid};
use xmpp_proto::ns;
use xmpp_proto::stanza::{Message, MessageType, Presence, PresenceType, Stanza};
use xmpp_proto::xml::Element;
use xmpp_runtime_tokio::{Event, Request, TlsMode};

use crate::session::{Session, account};
use crate::support::Server;
use crate::support::clients::{Client, Errand, Tls};
use crate::support::prosody::Prosody;
use crate::{BODY, PASSWORD, USER, assert_scram, send, start};

const SERVER: &str = "server";
/// What the friend is called, and where they are sorted in.
const NAME: &str = "Bob \"the <builder>\" & Söhne 😀";
const GROUP: &str = "Küche&Co";
/// What the friend answers, and what they say of themselves.
const REPLY: &str = "]]> 😀 are you <there/>? &lt; 'é' \"再见\"";
const STATUS: &str = "at work & <busy> 仕事中";

/// Our client, as the friend. It answers what is pushed to it.
struct Friend(Session);

impl Friend {
    /// Logs in, asks for the roster, and becomes available. Gives the JID and the subscription to
    /// [`USER`].
    async fn online(server: &impl Server) -> (Self, FullJid, Option<String>) {
        let config = account(server, "bob", PASSWORD, TlsMode::StartTls);
        let mut session = Session::start(config);
        let Event::Online { jid } = session.next().await else { panic!("not online") };
        let query = Element::builder("query", ns::ROSTER).build().unwrap();
        let roster = session.client.request(Request::get(query)).await.unwrap();
        let roster = roster.payload().expect("RFC 6121 §2.1.4: a roster");
        let item = roster
            .elements()
            .find(|item| item.attr("jid").as_deref() == Some(user().as_str()))
            .and_then(|item| item.attr("subscription").map(Cow::into_owned));
        let mut friend = Self(session);
        friend.send(Presence::available().status(STATUS).build().unwrap()).await;
        (friend, jid, item)
    }

    async fn send(&mut self, stanza: impl Into<Stanza>) {
        self.0.client.send(stanza).await.unwrap().await.unwrap();
    }

    /// The next stanza from [`USER`], past what says nothing.
    async fn next(&mut self) -> Stanza {
        loop {
            match self.0.next().await {
                Event::Stanza(Stanza::Presence(presence)) if is_noise(&presence) => {}
                Event::Stanza(stanza) => return stanza,
                // RFC 6121 §2.1.6: a roster push.
                Event::Query(query) => self.0.client.answer(query, Ok(None)).await.unwrap(),
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    /// The next presence from [`USER`], which must be of this type.
    async fn presence(&mut self, type_: PresenceType) -> Presence {
        match self.next().await {
            Stanza::Presence(presence) if presence.type_() == type_ => presence,
            other => panic!("no presence of type {type_:?}, but {other:?}"),
        }
    }

    /// The next message from [`USER`], past what presence they send before.
    async fn message(&mut self) -> Message {
        loop {
            match self.next().await {
                Stanza::Message(message) => return message,
                Stanza::Presence(_) => {}
                other @ Stanza::Iq(_) => panic!("no message, but {other:?}"),
            }
        }
    }

    async fn leave(self) {
        self.0.client.close();
        self.0.ended().await;
    }
}

/// RFC 6121 §4.2.2: presence of one's own comes as well. And to a request Prosody says, without a
/// resource, that it is unavailable.
fn is_noise(presence: &Presence) -> bool {
    let from = presence.from();
    from.map(Jid::to_bare) != Some(user())
        || (presence.type_() == PresenceType::Unavailable && from.is_some_and(Jid::is_bare))
}

fn user() -> BareJid {
    BareJid::new(&format!("{USER}@localhost")).unwrap()
}

/// What they and our client do, in turn. Gives their JID.
async fn meet(client: Client, server: &impl Server) -> String {
    let (mut friend, friend_jid, _) = Friend::online(server).await;
    let friend_bare = friend_jid.to_bare();

    let words = [BODY, NAME, GROUP];
    let mut visitor =
        send(client, Tls::StartTls, server, Errand::Contact, friend_bare.as_str(), &words);
    let jid = visitor.expect("online");
    assert!(jid.starts_with("alice@localhost/"), "{jid}");
    assert_eq!(visitor.expect("roster"), "0");

    // RFC 6121 §2.3.2: what was added is pushed, to the one that added it as well.
    let contact = format!("{GROUP} {NAME}");
    assert_eq!(visitor.expect("contact none"), contact);
    // RFC 6121 §3.1.2: so is the request, which arrives from the bare JID.
    assert_eq!(visitor.expect("contact none/ask"), contact);
    let request = friend.presence(PresenceType::Subscribe).await;
    assert_eq!(request.from(), Some(&Jid::from(user())));
    friend.send(Presence::subscribed(user()).build().unwrap()).await;
    // RFC 6121 §3.1.6: the approval is pushed, then presence comes.
    assert_eq!(visitor.expect("contact to"), contact);
    assert_eq!(visitor.expect("presence available"), STATUS);

    friend.send(Presence::subscribe(user()).build().unwrap()).await;
    visitor.expect("asked");
    friend.presence(PresenceType::Subscribed).await;
    let presence = friend.presence(PresenceType::Available).await;
    assert_eq!(presence.from().map(Jid::as_str), Some(jid.as_str()));
    assert_eq!(presence.status().as_deref(), Some("here"));
    assert_eq!(visitor.expect("contact both"), contact);

    let message = friend.message().await;
    assert_eq!(message.type_(), MessageType::Chat);
    assert_eq!(message.from().map(Jid::as_str), Some(jid.as_str()));
    assert_eq!(message.body().as_deref(), Some(BODY));
    friend.send(message.reply().unwrap().body(REPLY).build().unwrap()).await;
    assert_eq!(visitor.expect("message"), REPLY);

    // RFC 6121 §4.5.2: without a word the server says so for our client.
    friend.leave().await;
    visitor.expect("presence unavailable");
    if client == Client::Slixmpp {
        // It gives up the subscription before it removes the contact.
        assert_eq!(visitor.expect("contact from"), contact);
    }
    visitor.expect("contact removed");
    visitor.expect("closed");
    visitor.expect_end();
    assert_scram(&visitor);
    jid
}

/// Nothing is left between them.
async fn assert_parted(server: &impl Server) {
    // RFC 6121 §2.5.2: with the contact, both subscriptions have gone.
    let (friend, _, subscription) = Friend::online(server).await;
    assert_eq!(subscription.as_deref(), Some("none"));
    friend.leave().await;
}

/// The clients before the domain of ours.
async fn meet_on_ours(client: Client) {
    let Some(server) = start(client, SERVER, &[]) else { return };
    let jid = meet(client, &server).await;
    assert_parted(&server).await;
    server.expect_session(&jid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn slixmpp_makes_a_friend_talks_and_parts() {
    meet_on_ours(Client::Slixmpp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn xmpp_js_makes_a_friend_talks_and_parts() {
    meet_on_ours(Client::XmppJs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn libstrophe_makes_a_friend_talks_and_parts() {
    meet_on_ours(Client::Libstrophe).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn gloox_makes_a_friend_talks_and_parts() {
    meet_on_ours(Client::Gloox).await;
}

/// What is asked of our domain here is what a server that others wrote does.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clients_make_a_friend_on_prosody() {
    let clients = [Client::Slixmpp, Client::XmppJs, Client::Libstrophe];
    if !clients.into_iter().all(Client::require) || !Client::Gloox.require() {
        return;
    }
    let prosody = Prosody::builder().user(USER, PASSWORD).user("bob", PASSWORD).start();
    let Some(mut server) = prosody else { return };
    for client in clients {
        meet(client, &server).await;
        assert_parted(&server).await;
    }
    // Prosody 0.12 writes to what gloox has closed, again and again, and does nothing else any more.
    meet(Client::Gloox, &server).await;
    server.kill();
}
