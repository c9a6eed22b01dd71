//! Contacts: what clients with modules and every server must do together, as `alice` and `bob` with
//! the password `secret`.

use std::sync::{Arc, Mutex};

use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_proto::jid::{BareJid, FullJid, Jid};
use xmpp_proto::module_set;
use xmpp_proto::modules::disco::{Disco, DiscoEvent, Identity};
use xmpp_proto::modules::ping::Ping;
use xmpp_proto::modules::presence::{Policy, PresenceConfig, PresenceEvent, Presences};
use xmpp_proto::modules::roster::{
    Roster, RosterConfig, RosterCopy, RosterEvent, RosterItem, RosterStorage, Subscription,
};
use xmpp_proto::modules::version::{SoftwareVersion, Version};
use xmpp_proto::stanza::{Presence, Show};
use xmpp_runtime_tokio::{AskError, Client, Config, Event, Events, TlsMode, connect_with};

use super::{PATIENCE, account};
use crate::support::Server;

/// A roster that the next client of the account finds again.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<RosterCopy>>);

impl RosterStorage for Shelf {
    type Error = &'static str;

    fn load(&mut self) -> Result<RosterCopy, Self::Error> {
        Ok(self.0.lock().map_err(|_| "a test has failed")?.clone())
    }

    fn replace(&mut self, copy: &RosterCopy) -> Result<(), Self::Error> {
        *self.0.lock().map_err(|_| "a test has failed")? = copy.clone();
        Ok(())
    }
}

module_set! {
    struct Parts {
        roster: Roster<Shelf> => Roster,
        disco: Disco => Disco,
        presence: Presences => Presence,
        ping: Ping => Ping,
        version: SoftwareVersion => Version,
    }
    #[derive(Debug)]
    enum PartsEvent;
}

use PartsEvent as Told;

struct Person {
    client: Client<Parts>,
    events: Events<Event<PartsEvent>>,
    driver: JoinHandle<()>,
    jid: FullJid,
    /// What has come and was not waited for yet.
    seen: Vec<PartsEvent>,
}

impl Person {
    async fn log_in(server: &impl Server, name: &str, shelf: &Shelf, policy: Policy) -> Self {
        let config = account(server, name, "secret", TlsMode::StartTls);
        Self::start(config, shelf, policy).await
    }

    async fn start(config: Config, shelf: &Shelf, policy: Policy) -> Self {
        let roster = Roster::with_storage(shelf.clone(), RosterConfig::new()).unwrap();
        let identity = Identity::new("client", "bot").with_name("a test");
        let version = Version::new("a test", "0.1").with_os("none");
        let parts = Parts {
            roster,
            disco: Disco::new("https://example.org/test", identity),
            presence: Presences::new(PresenceConfig::new().with_policy(policy)),
            ping: Ping::new(),
            version: SoftwareVersion::new(&version).unwrap(),
        };
        let (client, mut events, driver) = connect_with(config, parts).unwrap();
        let driver = tokio::spawn(driver);
        let mut seen = Vec::new();
        let jid = loop {
            match timeout(PATIENCE, events.next()).await.expect("in time") {
                Some(Event::Online { jid }) => break jid,
                Some(Event::Module(event)) => seen.push(event),
                other => panic!("not online, but {other:?}"),
            }
        };
        Self { client, events, driver, jid, seen }
    }

    /// Waits for what `wanted` accepts; other things of modules are kept for later.
    async fn until<R>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&PartsEvent) -> Option<R>,
    ) -> R {
        let mut before = self.seen.iter().enumerate();
        if let Some((at, found)) = before.find_map(|(at, event)| Some((at, wanted(event)?))) {
            self.seen.remove(at);
            return found;
        }
        loop {
            match timeout(PATIENCE, self.events.next()).await {
                Ok(Some(Event::Module(event))) => match wanted(&event) {
                    Some(found) => return found,
                    None => self.seen.push(event),
                },
                Ok(Some(Event::Ended(ended))) => panic!("waiting until {what}: {ended}"),
                Ok(Some(_)) => {}
                Ok(None) => panic!("waiting until {what}: the end"),
                Err(late) => panic!("{what}: not {late}, but {:?}", self.seen),
            }
        }
    }

    async fn presence<R>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&PresenceEvent) -> Option<R>,
    ) -> R {
        self.until(what, |event| match event {
            Told::Presence(event) => wanted(event),
            _ => None,
        })
        .await
    }

    async fn roster<R>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&RosterEvent<&'static str>) -> Option<R>,
    ) -> R {
        self.until(what, |event| match event {
            Told::Roster(event) => wanted(event),
            _ => None,
        })
        .await
    }

    /// Waits until the contact looks so in the roster.
    async fn subscription(&mut self, contact: &BareJid, subscription: Subscription) {
        let contact = contact.clone();
        self.roster("the subscription changes", move |event| match event {
            RosterEvent::Changed(item)
                if item.jid == contact && item.subscription == subscription && !item.ask =>
            {
                Some(())
            }
            _ => None,
        })
        .await;
    }

    async fn loaded(&mut self) -> bool {
        self.roster("the roster is loaded", |event| match event {
            RosterEvent::Loaded { is_changed, .. } => Some(*is_changed),
            _ => None,
        })
        .await
    }

    async fn sees(&mut self, who: &FullJid) -> Presence {
        let who = Jid::from(who.clone());
        self.presence("somebody is seen", move |event| match event {
            PresenceEvent::Available { jid, presence } if *jid == who => Some(presence.clone()),
            _ => None,
        })
        .await
    }

    /// Prosody names only the account where all of it goes out of sight.
    async fn misses(&mut self, who: &FullJid) {
        let who = who.clone();
        self.presence("somebody goes", move |event| match event {
            PresenceEvent::Unavailable { jid, .. } if *jid == *who || *jid == *who.to_bare() => {
                Some(())
            }
            _ => None,
        })
        .await;
    }

    async fn asked_by(&mut self, who: &BareJid) {
        let who = who.clone();
        self.presence("somebody asks", move |event| match event {
            PresenceEvent::Request { from, .. } if *from == who => Some(()),
            _ => None,
        })
        .await;
    }

    async fn set(&self, presence: xmpp_proto::stanza::PresenceBuilder) {
        self.client.with(|parts, cx| parts.presence.set(cx, presence)).await.unwrap().unwrap();
    }

    async fn leave(mut self) {
        self.client.close();
        while timeout(PATIENCE, self.events.next()).await.expect("in time").is_some() {}
        timeout(PATIENCE, self.driver).await.expect("in time").unwrap();
    }
}

fn alice() -> BareJid {
    "alice@localhost".parse().unwrap()
}

fn bob() -> BareJid {
    "bob@localhost".parse().unwrap()
}

/// RFC 6121 §2: fetched, changed, pushed to all, kept by its version (§2.6).
pub(crate) async fn a_roster_is_fetched_changed_and_kept_by_its_version(server: &impl Server) {
    let (shelf, other_shelf) = (Shelf::default(), Shelf::default());
    let mut one = Person::log_in(server, "alice", &shelf, Policy::Ask).await;
    one.loaded().await;
    let mut other = Person::log_in(server, "alice", &other_shelf, Policy::Ask).await;
    other.loaded().await;
    // §2.2: whoever has asked for the roster is told of changes, available or not; but Prosody and
    // ejabberd tell only those that are available.
    one.set(Presence::available()).await;
    other.set(Presence::available()).await;
    one.sees(&other.jid.clone()).await;

    let item = RosterItem::new(bob()).with_name("Bob <&> 你好").with_group("Friends");
    one.client.ask(move |parts, cx| parts.roster.set(cx, &item)).await.unwrap();
    for person in [&mut one, &mut other] {
        let item = person
            .roster("the contact is pushed", |event| match event {
                RosterEvent::Changed(item) => Some(item.clone()),
                _ => None,
            })
            .await;
        assert_eq!(item.jid, bob());
        assert_eq!(item.name.as_deref(), Some("Bob <&> 你好"));
        assert_eq!(item.groups.iter().collect::<Vec<_>>(), ["Friends"]);
        assert_eq!(item.subscription, Subscription::None);
    }
    other
        .client
        .ask(|parts, cx| parts.roster.set_groups(cx, &bob(), ["Work", "Chess"]))
        .await
        .unwrap();
    let groups = one
        .roster("the groups are pushed", |event| match event {
            RosterEvent::Changed(item) => Some(item.groups.clone()),
            _ => None,
        })
        .await;
    assert_eq!(groups.len(), 2);

    // What one client has stored is still right when it comes back, and is not sent again.
    one.leave().await;
    let version = shelf.0.lock().unwrap().version.clone();
    assert!(version.is_some(), "the server gives versions");
    let mut one = Person::log_in(server, "alice", &shelf, Policy::Ask).await;
    assert!(!one.loaded().await, "the copy was right");
    let count = one.client.with(|parts, _| parts.roster.iter().count()).await.unwrap();
    assert_eq!(count, 1);

    // What has changed meanwhile is.
    one.leave().await;
    other.client.ask(|parts, cx| parts.roster.remove(cx, &bob())).await.unwrap();
    let gone = other
        .roster("the removal is pushed", |event| match event {
            RosterEvent::Removed(jid) => Some(jid.clone()),
            _ => None,
        })
        .await;
    assert_eq!(gone, bob());
    let mut one = Person::log_in(server, "alice", &shelf, Policy::Ask).await;
    one.loaded().await;
    // As the whole roster, or as a push that follows.
    while one.client.with(|parts, _| parts.roster.iter().count()).await.unwrap() > 0 {
        one.roster("the removal is pushed", |event| match event {
            RosterEvent::Removed(_) => Some(()),
            _ => None,
        })
        .await;
    }

    // RFC 6121 §2.5.3: the contact is not there any more.
    match one.client.ask(|parts, cx| parts.roster.remove(cx, &bob())).await {
        Ok(()) | Err(AskError::Request(_)) => {}
        other => panic!("{other:?}"),
    }
    one.leave().await;
    other.leave().await;
}

/// RFC 6121 §3: subscribing, approving, cancelling, unsubscribing, in both directions.
pub(crate) async fn subscriptions_go_both_ways_and_end(server: &impl Server) {
    let (for_alice, for_bob) = (Shelf::default(), Shelf::default());
    let mut alice_client = Person::log_in(server, "alice", &for_alice, Policy::Ask).await;
    let mut bob_client = Person::log_in(server, "bob", &for_bob, Policy::Ask).await;
    alice_client.loaded().await;
    bob_client.loaded().await;
    alice_client.set(Presence::available().status("here")).await;
    bob_client.set(Presence::available().show(Show::Chat)).await;

    // §3.1: Alice asks, Bob lets her.
    alice_client
        .client
        .with(|parts, cx| parts.presence.subscribe(cx, &bob(), Some("it is me")))
        .await
        .unwrap()
        .unwrap();
    bob_client.asked_by(&alice()).await;
    bob_client
        .client
        .with(|parts, cx| parts.presence.approve(cx, &alice()))
        .await
        .unwrap()
        .unwrap();
    alice_client
        .presence("Bob lets her", |event| match event {
            PresenceEvent::Approved(jid) if *jid == bob() => Some(()),
            _ => None,
        })
        .await;
    alice_client.subscription(&bob(), Subscription::To).await;
    bob_client.subscription(&alice(), Subscription::From).await;
    assert_eq!(alice_client.sees(&bob_client.jid).await.show(), Some(Show::Chat));

    // The other way round.
    bob_client
        .client
        .with(|parts, cx| parts.presence.subscribe(cx, &alice(), None))
        .await
        .unwrap()
        .unwrap();
    alice_client.asked_by(&bob()).await;
    alice_client
        .client
        .with(|parts, cx| parts.presence.approve(cx, &bob()))
        .await
        .unwrap()
        .unwrap();
    alice_client.subscription(&bob(), Subscription::Both).await;
    bob_client.subscription(&alice(), Subscription::Both).await;
    assert_eq!(bob_client.sees(&alice_client.jid).await.status().as_deref(), Some("here"));

    // §4.4: changes are seen.
    alice_client.set(Presence::available().show(Show::Dnd).status("busy").priority(3)).await;
    let changed = bob_client.sees(&alice_client.jid).await;
    assert_eq!((changed.show(), changed.priority()), (Some(Show::Dnd), 3));

    // §3.3: Bob does not want to see her any more.
    bob_client
        .client
        .with(|parts, cx| parts.presence.unsubscribe(cx, &alice()))
        .await
        .unwrap()
        .unwrap();
    bob_client.subscription(&alice(), Subscription::From).await;
    alice_client.subscription(&bob(), Subscription::To).await;
    bob_client.misses(&alice_client.jid).await;

    // §3.2: and does not let her see him any more.
    bob_client.client.with(|parts, cx| parts.presence.cancel(cx, &alice())).await.unwrap().unwrap();
    alice_client.subscription(&bob(), Subscription::None).await;
    alice_client.misses(&bob_client.jid).await;
    alice_client.leave().await;
    bob_client.leave().await;
}

/// RFC 6121 §4: several resources of one account come and go; caps (XEP-0115), ping and version.
pub(crate) async fn resources_are_seen_and_tell_what_they_can_do(server: &impl Server) {
    let (for_alice, for_bob) = (Shelf::default(), Shelf::default());
    let mut alice_client = Person::log_in(server, "alice", &for_alice, Policy::AcceptAll).await;
    let mut phone = Person::log_in(server, "bob", &for_bob, Policy::AcceptAll).await;
    alice_client.loaded().await;
    phone.loaded().await;
    alice_client.set(Presence::available()).await;
    phone.set(Presence::available().priority(1)).await;
    alice_client
        .client
        .with(|parts, cx| parts.presence.subscribe(cx, &bob(), None))
        .await
        .unwrap()
        .unwrap();
    alice_client.sees(&phone.jid).await;

    let desk = Person::log_in(server, "bob", &Shelf::default(), Policy::AcceptAll).await;
    desk.set(Presence::available().priority(5).status("at the desk")).await;
    alice_client.sees(&desk.jid).await;
    let best = alice_client
        .client
        .with(|parts, _| {
            let count = parts.presence.resources(&bob()).count();
            (count, parts.presence.best(&bob()).map(|(jid, _)| jid.clone()))
        })
        .await
        .unwrap();
    assert_eq!(best, (2, Some(Jid::from(desk.jid.clone()))));

    // One of them is asked what it can do; the other has the same hash.
    let caps = |wanted: FullJid| {
        move |event: &PartsEvent| match event {
            Told::Disco(DiscoEvent::Caps { jid, info }) if *jid == *wanted => Some(info.clone()),
            _ => None,
        }
    };
    for jid in [&phone.jid, &desk.jid] {
        let info = alice_client.until("caps are known", caps(jid.clone())).await;
        assert!(info.is("client", "bot"), "{info:?}");
        assert!(info.has_feature("urn:xmpp:ping"), "{info:?}");
    }

    let to_desk = Jid::from(desk.jid.clone());
    let version = alice_client.client.ask(move |parts, cx| parts.version.ask(cx, to_desk)).await;
    assert_eq!(version.unwrap(), Version::new("a test", "0.1").with_os("none"));
    let domain: Jid = "localhost".parse().unwrap();
    for to in [None, Some(domain.clone()), Some(desk.jid.clone().into())] {
        alice_client.client.ask(move |parts, cx| parts.ping.ping(cx, to)).await.unwrap();
    }
    let at = domain.clone();
    let server_version = alice_client.client.ask(move |parts, cx| parts.version.ask(cx, at)).await;
    assert!(!server_version.unwrap().name.is_empty());
    let info = alice_client.client.ask(move |parts, cx| parts.disco.info(cx, domain, None)).await;
    assert!(info.unwrap().is("server", "im"));

    let desk_jid = Jid::from(desk.jid.clone());
    desk.leave().await;
    alice_client
        .presence("the desk goes", move |event| match event {
            PresenceEvent::Unavailable { jid, .. } if *jid == desk_jid => Some(()),
            _ => None,
        })
        .await;
    let left = alice_client
        .client
        .with(|parts, _| parts.presence.best(&bob()).map(|(jid, _)| jid.clone()))
        .await
        .unwrap();
    assert_eq!(left, Some(Jid::from(phone.jid.clone())));
    phone.leave().await;
    alice_client.leave().await;
}
