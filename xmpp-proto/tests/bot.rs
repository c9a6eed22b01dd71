//! A bot, tested as `docs/testing.md` says: against a whole domain, in one thread and under virtual
//! time.

use core::time::Duration;

use xmpp_proto::Instant;
use xmpp_proto::domain::DomainConfig;
use xmpp_proto::endpoint::Client;
use xmpp_proto::jid::Jid;
use xmpp_proto::modules::{Claim, Cx, Modular, Module};
use xmpp_proto::stanza::{Message, Presence, Stanza};
use xmpp_proto::testing::World;

/// Sends every message back, and says once an hour that it is still there.
#[derive(Default)]
struct EchoBot {
    due: Option<Instant>,
}

impl Module for EchoBot {
    type Event = core::convert::Infallible;

    fn handle_online(&mut self, cx: &mut Cx<'_>) {
        self.due = Some(cx.now() + Duration::from_hours(1));
        let _ = Presence::available().build().map(|presence| cx.send(presence));
    }

    fn handle_ended(&mut self) {
        self.due = None;
    }

    fn handle_stanza(&mut self, cx: &mut Cx<'_>, stanza: &Stanza) -> Claim {
        let Stanza::Message(message) = stanza else { return Claim::Passed };
        // There is no reply to an error, so that two bots do not play ping-pong with one.
        if let (Some(reply), Some(body)) = (message.reply(), message.body()) {
            let _ = reply.body(&body).build().map(|echo| cx.send(echo));
        }
        Claim::Taken
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.due = Some(cx.now() + Duration::from_hours(1));
        let presence = Presence::available().status("still here");
        let _ = presence.build().map(|presence| cx.send(presence));
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }
}

/// A domain in which `bot` is the bot, and everybody else is people.
fn world() -> World<Modular<Option<EchoBot>>> {
    let config = DomainConfig::new("example.org".parse().expect("a domain"));
    let mut world = World::with_clients(config, |config, seed, now| {
        let bot = (config.jid.local() == Some("bot")).then(EchoBot::default);
        Modular::new(Client::new(config, seed, now), bot)
    });
    world.account("alice", "a password");
    world.account("bot", "a password");
    world
}

fn message(body: &str) -> Message {
    let bot: Jid = "bot@example.org".parse().expect("an address");
    Message::chat(bot).body(body).build().expect("text")
}

#[test]
fn what_is_said_to_the_bot_comes_back() {
    let mut world = world();
    world.login("bot@example.org/1");
    let alice = world.login("alice@example.org/phone");
    world.send(alice, message("Hello <&> 你好")).expect("she is online");
    world.settle();
    let [Stanza::Message(echo)] = &world.take_stanzas(alice)[..] else { panic!("no echo") };
    assert_eq!(echo.body().as_deref(), Some("Hello <&> 你好"));
}

#[test]
fn what_was_said_while_the_bot_was_away_comes_back_when_it_returns() {
    let mut world = world();
    let alice = world.login("alice@example.org/phone");
    world.send(alice, message("Are you there?")).expect("she is online");
    world.settle();
    assert!(world.take_stanzas(alice).is_empty());
    world.login("bot@example.org/1");
    world.settle();
    assert_eq!(world.take_stanzas(alice).len(), 1);
}

#[test]
fn the_bot_is_still_there_after_three_hours() {
    let mut world = world();
    let bot = world.login("bot@example.org/1");
    let other = world.login("bot@example.org/2"); // sees what the first one says
    world.take_stanzas(other);
    world.pass(Duration::from_hours(3)); // takes no time
    assert!(world.is_online(bot));
    let seen = world.take_stanzas(other);
    let still_here = |stanza: &&Stanza| {
        matches!(stanza, Stanza::Presence(presence)
        if presence.status().as_deref() == Some("still here"))
    };
    assert_eq!(seen.iter().filter(still_here).count(), 6, "three times, from both: {seen:?}");
}
