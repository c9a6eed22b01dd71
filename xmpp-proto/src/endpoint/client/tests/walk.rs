//! Sessions that last, under whatever happens to their transports: a client against a model of a
//! server that manages streams (XEP-0198), with many random lives.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::ToString;
use core::time::Duration;

use super::super::Link;
use super::peer::*;
use super::*;
use crate::endpoint::{Endpoint, LostCause, Misuse, SendToken};
use crate::testing::{BIND_FEATURES, bind_result};
use crate::xml::{Item, Limits, Parser};

/// Numbers that look random (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// One session, as the server sees it.
#[derive(Default)]
struct Session {
    /// The stanzas that it has handled, and the bodies of those that have one, in order.
    count: u32,
    handled: Vec<String>,
    /// What it has sent and the client has not acknowledged, and the count of what it has.
    unacked: VecDeque<String>,
    acked: u32,
    /// All that it ever sent.
    sent: Vec<String>,
}

fn stanza(body: &str) -> String {
    format!("<message><body>{body}</body></message>")
}

/// A server that knows what it was told, and nothing else.
struct Peer {
    parser: Parser,
    headers: u32,
    sessions: BTreeMap<String, Session>,
    current: Option<String>,
    /// It forgets a session when it is asked for it.
    forgets: bool,
    made: u32,
    says: String,
}

impl Peer {
    fn new() -> Self {
        Self {
            parser: Parser::new(Limits::default()),
            headers: 0,
            sessions: BTreeMap::new(),
            current: None,
            forgets: false,
            made: 0,
            says: String::new(),
        }
    }

    /// A new transport.
    fn accept(&mut self) {
        self.parser = Parser::new(Limits::default());
        self.headers = 0;
        self.current = None;
        self.says.clear();
    }

    fn session(&mut self) -> Option<&mut Session> {
        self.sessions.get_mut(self.current.as_ref()?)
    }

    /// It sends a message, if there is anybody to send it to.
    fn message(&mut self, body: &str) {
        let stanza = stanza(body);
        if let Some(session) = self.session() {
            session.sent.push(body.into());
            session.unacked.push_back(body.into());
            self.says += &stanza;
        }
    }

    fn tell(&mut self) {
        if let Some(h) = self.session().map(|session| session.count) {
            self.says += &told(h);
        }
    }

    /// The client's count; one that cannot be true is a fault of the client.
    fn acknowledge(session: &mut Session, h: u32) {
        let count = h.checked_sub(session.acked).expect("a count goes back");
        assert!(count as usize <= session.unacked.len(), "{h} of {}", session.sent.len());
        session.unacked.drain(..count as usize);
        session.acked = h;
    }

    /// Bytes of the client.
    fn hear(&mut self, bytes: &str) {
        self.parser.push(bytes.as_bytes());
        self.parser.flush();
        loop {
            let element =
                match self.parser.next().unwrap_or_else(|error| panic!("{error} in {bytes}")) {
                    None => return,
                    Some(Item::Header(_)) => {
                        self.headers += 1;
                        self.says += HEADER;
                        if self.headers == 1 {
                            self.says += &mechanisms(&["PLAIN"]);
                        } else {
                            self.says += &BIND_FEATURES.replace("</stream:features>", SM);
                            self.says += "</stream:features>";
                        }
                        continue;
                    }
                    Some(Item::End) => {
                        self.says += "</stream:stream>";
                        continue;
                    }
                    Some(Item::Element(element)) => element.to_element(),
                };
            let element = element.as_ref();
            let attr = |name: &str| element.attr(name).unwrap_or_default().into_owned();
            match element.name() {
                "auth" => {
                    self.says += SUCCESS;
                    self.parser.restart();
                }
                // A ping: whoever sends it takes anything for an answer.
                "iq" if self.current.is_some() => self.session().unwrap().count += 1,
                "iq" => self.says += &bind_result(&attr("id"), "alice@example.org/r1"),
                "enable" => {
                    self.made += 1;
                    let id = format!("s{}", self.made);
                    self.sessions.insert(id.clone(), Session::default());
                    self.says += &ENABLED.replace("sm1", &id).replace("/>", " max='600'/>");
                    self.current = Some(id);
                }
                "resume" => {
                    let (id, h) = (attr("previd"), attr("h").parse().unwrap());
                    let session = self.sessions.get_mut(&id).expect("a session of this server");
                    Self::acknowledge(session, h);
                    let handled = session.count;
                    if core::mem::take(&mut self.forgets) {
                        self.says += &match handled % 2 {
                            0 => UNKNOWN.to_string(),
                            _ => UNKNOWN.replace("><item", &format!(" h='{handled}'><item")),
                        };
                        continue;
                    }
                    self.says += &resumed(handled).replace("sm1", &id);
                    for body in &session.unacked {
                        self.says += &stanza(body);
                    }
                    self.current = Some(id);
                }
                "r" => self.tell(),
                "a" => {
                    let h = attr("h").parse().unwrap();
                    Self::acknowledge(self.session().expect("a managed stream"), h);
                }
                "message" => {
                    let body = element.child("body", crate::ns::CLIENT).unwrap().text();
                    let body = body.into_owned();
                    let session = self.session().expect("sent on a managed stream");
                    session.count += 1;
                    session.handled.push(body);
                }
                other => panic!("the client sent <{other}/>"),
            }
        }
    }
}

/// A client, the server, and all that was said.
struct Life {
    script: Script,
    peer: Peer,
    dice: Dice,
    sent: Vec<(SendToken, String)>,
    fates: BTreeMap<SendToken, Fate>,
    /// What the application got, session by session.
    got: Vec<Vec<String>>,
    count: u32,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut config = lasting();
        config.event_capacity = 1 + usize::try_from(dice.below(6)).unwrap();
        let mut management = config.management.unwrap();
        management.max_unacked = 8;
        management.request_every = 1 + u32::try_from(dice.below(5)).unwrap();
        management.ack_every = 1 + u32::try_from(dice.below(5)).unwrap();
        management.max_replays = 3 + u8::try_from(dice.below(4)).unwrap();
        let mut script =
            Script::new(config.with_management(Some(management))).with_chunks(Chunks::Random(seed));
        script.connect();
        Self {
            script,
            peer: Peer::new(),
            dice,
            sent: Vec::new(),
            fates: BTreeMap::new(),
            got: Vec::new(),
            count: 0,
        }
    }

    /// What the client has said reaches the server, and what that says the client, unless it is lost
    /// on the way, from a random byte on.
    fn talk(&mut self, breaks: bool) {
        for _ in 0..200 {
            let mut heard = self.script.take_sent();
            if breaks {
                let cut = self.dice.below(heard.len() as u64 + 1);
                heard.truncate(usize::try_from(cut).unwrap());
            }
            self.peer.hear(&heard);
            let mut says = String::new();
            // Whoever does not read is not written to.
            if self.script.client().wants_read() {
                says = core::mem::take(&mut self.peer.says);
            }
            if breaks {
                let cut = self.dice.below(says.len() as u64 + 1);
                says.truncate(usize::try_from(cut).unwrap());
            }
            self.script.receive(&says);
            self.look();
            if breaks {
                self.script.lose(LostCause::Reset);
                self.script.take_sent();
                return self.peer.accept();
            }
            if heard.is_empty() && says.is_empty() {
                return;
            }
        }
        panic!("they never stop talking");
    }

    fn look(&mut self) {
        check(&mut self.script);
        for (token, fate) in fates(&mut self.script) {
            assert!(self.fates.insert(token, fate).is_none(), "{token:?} has two outcomes");
        }
        while let Some(event) = self.script.next_event() {
            match event {
                Event::Online { .. } => self.got.push(Vec::new()),
                Event::Stanza(stanza) => self.got.last_mut().unwrap().push(body(&stanza)),
                Event::Ended(ended) => panic!("{ended}"),
                _ => {}
            }
        }
    }

    fn send(&mut self) {
        self.count += 1;
        let body = format!("c{}", self.count);
        let now = self.script.now();
        match self.script.client().send(now, message("bob@example.org", &body)) {
            Ok(token) => self.sent.push((token, body)),
            Err(rejected) => {
                assert!(matches!(rejected.why, Misuse::NotOnline | Misuse::TooManyUnacked));
            }
        }
        self.script.drain();
    }

    /// The next attempt gets a transport, or does not.
    fn attempt(&mut self) {
        match &self.script.client().link {
            Link::Waiting(_) => {
                // What was wanted before is wanted no more.
                while self.script.next_action().is_some() {}
                wait_for_attempt(&mut self.script);
            }
            Link::Resolving | Link::Connecting => {
                self.script.resolve();
            }
            _ => return,
        }
        self.look();
        if !matches!(self.script.client().link, Link::Connecting) {
            return;
        }
        if self.dice.one_in(4) {
            self.script.refuse(LostCause::Refused);
        } else {
            // What the last transport did not bring is lost.
            self.script.take_sent();
            self.peer.accept();
            self.script.open();
        }
        self.look();
    }

    fn step(&mut self) {
        match self.dice.below(16) {
            0..=3 => self.send(),
            4 | 5 => {
                self.count += 1;
                let body = format!("s{}", self.count);
                self.peer.message(&body);
            }
            6 => self.peer.tell(),
            7 | 8 => self.talk(false),
            9 => {
                let room = self.dice.below(400);
                self.script.take_output(Some(usize::try_from(room).unwrap()));
                self.send();
                self.send();
                self.talk(true);
                self.script.take_output(None);
            }
            10 => self.talk(true),
            11 => {
                let time = Duration::from_millis(self.dice.below(5000));
                self.script.pass(time);
            }
            12 => {
                let takes = self.dice.one_in(2);
                self.script.take_events(takes);
            }
            13 => {
                self.peer.forgets = self.dice.one_in(3);
            }
            14 => {
                let now = self.script.now();
                self.script.client().handle_network_change(now);
                self.script.drain();
            }
            _ => {
                self.attempt();
                self.talk(false);
            }
        }
        self.look();
    }

    /// In the end everything works, and the client is closed.
    fn finish(&mut self) {
        self.peer.forgets = false;
        self.script.take_events(true);
        let is_done = |life: &mut Self| {
            let client = life.script.client();
            client.is_online() && client.unacked().count() == 0 && client.outgoing().is_empty()
        };
        for _ in 0..200 {
            self.talk(false);
            if is_done(self) {
                return;
            }
            if self.script.client().is_online() {
                self.script.pass(Duration::from_secs(3));
                self.look();
            } else {
                self.attempt();
            }
        }
        panic!("it comes back, and everything is acknowledged");
    }

    fn judge(&self) {
        assert_eq!(self.fates.len(), self.sent.len(), "exactly one outcome for each token");
        let handled: Vec<_> = self.peer.sessions.values().flat_map(|it| &it.handled).collect();
        for (token, body) in &self.sent {
            let times = handled.iter().filter(|it| **it == body).count();
            match &self.fates[token] {
                // XEP-0198 §4: nothing is acknowledged that the server does not have.
                Fate::Acked => assert_eq!(times, 1, "{body}"),
                // It may have arrived.
                Fate::Unacked(back) => assert!(times <= 1 && back == body),
                Fate::Failed(back) => assert!(times == 0 && back == body, "{body}"),
                other => panic!("{other:?}"),
            }
        }
        let number = |body: &String| body[1..].parse::<u32>().unwrap();
        for session in self.peer.sessions.values() {
            // XEP-0198 §5: nothing twice, and nothing out of order.
            assert!(session.handled.is_sorted_by(|a, b| number(a) < number(b)));
        }
        // The other way round: each session's stanzas once and in order, up to where it was lost.
        let sent: Vec<_> = self.peer.sessions.values().map(|session| &session.sent).collect();
        for got in &self.got {
            assert!(got.is_sorted_by(|a, b| number(a) < number(b)), "{got:?}");
            let is_known = sent.iter().any(|sent| sent.starts_with(got));
            assert!(got.is_empty() || is_known, "{got:?}");
        }
        let last = self.peer.current.as_ref().unwrap();
        assert_eq!(self.got.last(), Some(&self.peer.sessions[last].sent), "nothing is missing");
    }
}

#[test]
fn xep0198_4_and_5_nothing_is_lost_doubled_or_made_up_in_many_random_lives() {
    let (mut acked, mut unacked, mut failed, mut sessions) = (0, 0, 0, 0);
    for seed in 0..200 {
        let mut life = Life::new(seed);
        life.talk(false);
        for _ in 0..120 {
            life.step();
        }
        life.finish();
        life.judge();
        for fate in life.fates.values() {
            match fate {
                Fate::Acked => acked += 1,
                Fate::Unacked(_) => unacked += 1,
                _ => failed += 1,
            }
        }
        sessions += life.peer.sessions.len();
    }
    // It was no quiet life.
    assert!(acked > 1000 && unacked > 50 && failed > 50, "{acked} {unacked} {failed}");
    assert!(sessions > 300, "{sessions}");
}
