//! How a pair is driven, one turn after the other.

use alloc::format;

use super::end::{End, Token, World};
use super::link::Link;
use super::transcript::{Transcript, What};
use super::{Mode, Pair, Side, seeds};
use crate::Instant;
use crate::endpoint::{
    Action, Ask, Commands, DnsRecords, Endpoint, Event, LostCause, Query, Server, ServerEvent,
};
use crate::stanza::{Condition, Message, MessageType, Stanza};

/// What an end acts upon, borrowed apart from the end itself.
macro_rules! world {
    ($pair:expr) => {
        World { now: $pair.now, link: &mut $pair.link, log: &mut $pair.log, moved: false }
    };
}

impl Pair {
    /// Tells the machines the time, if they wait for it. It counts only where nothing else happens.
    pub(super) fn keep_time(&mut self) -> bool {
        let mut cx = world!(self);
        let mut due = false;
        if self.client.keep_time(&mut cx) {
            due = true;
            while let Some(action) = self.client.drain(&mut cx) {
                self.carry_out(&action);
                cx = world!(self);
            }
            self.client.check_deadline(&cx);
        }
        if self.count > 0 && self.server.keep_time(&mut cx) {
            due = true;
            let none = self.server.drain(&mut cx);
            debug_assert!(none.is_none(), "a server asks for no transport");
            self.server.check_deadline(&cx);
        }
        due
    }

    pub(super) fn turn_client(&mut self) -> bool {
        let mut moved = false;
        loop {
            let mut cx = world!(self);
            let action = self.client.drain(&mut cx);
            moved |= cx.moved;
            match action {
                Some(action) => self.carry_out(&action),
                None => break,
            }
        }
        while self.client.manners.takes_events
            && let Some(event) = self.client.machine.poll_event()
        {
            moved = true;
            self.hear_client(event);
        }
        moved |= self.send_todo(Side::Client);
        let mut cx = world!(self);
        self.client.read(&mut cx);
        moved | cx.moved
    }

    pub(super) fn turn_server(&mut self) -> bool {
        if self.count == 0 {
            return false;
        }
        let mut cx = world!(self);
        let none = self.server.drain(&mut cx);
        debug_assert!(none.is_none(), "a server asks for no transport");
        let mut moved = cx.moved;
        while let Some(result) = self.desk.answer_late(self.now, &mut self.server.machine) {
            moved = true;
            self.log.note(self.now, Side::Server, || What::Told(format!("answer: {result:?}")));
        }
        while self.server.manners.takes_events
            && let Some(event) = self.server.machine.poll_event()
        {
            moved = true;
            self.hear_server(event);
        }
        moved |= self.send_todo(Side::Server);
        let mut cx = world!(self);
        self.server.read(&mut cx);
        moved | cx.moved
    }

    /// Looks up names and opens transports.
    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Resolve { id, .. } => {
                self.client.machine.handle_resolved(self.now, *id, DnsRecords::default());
            }
            Action::Connect { .. } => self.open(),
            other => panic!("nobody knows what to do about {other:?}"),
        }
    }

    /// A new transport, and a server at its other end.
    fn open(&mut self) {
        if self.count > 0 {
            self.end_old();
        }
        let [_, seed] = seeds(self.seed, self.count);
        self.server.machine = Server::new(self.server_config.clone(), seed, self.now);
        self.server.begun += 1;
        self.desk.forget();
        self.count = self.count.wrapping_add(1);
        self.link = Link::new(self.wire.clone());
        let mut cx = world!(self);
        self.client.open(&mut cx, self.count);
        self.server.open(&mut cx, self.count);
    }

    /// The last server learns that its client is gone.
    fn end_old(&mut self) {
        self.server.manners.takes_events = true;
        let mut cx = world!(self);
        self.server.lose(&mut cx, LostCause::Reset);
        while self.turn_server() {}
        let cx = world!(self);
        self.server.check(&cx);
        assert!(
            self.server.ends == self.server.begun,
            "the old server has not ended:\n{}",
            self.log
        );
    }

    fn hear_client(&mut self, event: Event) {
        self.log.note(self.now, Side::Client, || What::Event(format!("{event:?}")));
        match event {
            Event::Query(query) => answer(self.now, &mut self.client, &mut self.log, query),
            Event::Ended(_) => {
                self.client.ends += 1;
                self.client_events.push_back(event);
            }
            Event::Stanza(stanza) => {
                self.client.reply_to(&stanza);
                self.client_events.push_back(Event::Stanza(stanza));
            }
            other => self.client_events.push_back(other),
        }
    }

    fn hear_server(&mut self, event: ServerEvent) {
        self.log.note(self.now, Side::Server, || What::Event(format!("{event:?}")));
        let ask: Ask = match event {
            ServerEvent::Credentials(ask) => ask.into(),
            ServerEvent::Identity(ask) => ask.into(),
            ServerEvent::Bind(ask) => ask.into(),
            ServerEvent::Resume(ask) => ask.into(),
            ServerEvent::Query(query) => {
                return answer(self.now, &mut self.server, &mut self.log, query);
            }
            ServerEvent::Ended(_) => {
                self.server.ends += 1;
                return self.server_events.push_back(event);
            }
            ServerEvent::Stanza(stanza) => {
                self.server.reply_to(&stanza);
                return self.server_events.push_back(ServerEvent::Stanza(stanza));
            }
            other => return self.server_events.push_back(other),
        };
        if let Some(result) = self.desk.hear(self.now, &mut self.server.machine, ask) {
            self.log.note(self.now, Side::Server, || What::Told(format!("answer: {result:?}")));
        }
    }

    /// Sends what the application has to say, as long as there is room.
    fn send_todo(&mut self, side: Side) -> bool {
        match side {
            Side::Client => self.client.send_todo(self.now),
            Side::Server => self.server.send_todo(self.now),
        }
    }

    pub(super) fn check(&mut self) {
        let cx = world!(self);
        self.client.check(&cx);
        if self.count > 0 {
            self.server.check(&cx);
        }
    }
}

fn answer<M: Commands>(now: Instant, end: &mut End<M>, log: &mut Transcript, query: Query) {
    let answer = match end.manners.queries {
        Mode::Result => Ok(None),
        Mode::Error => Err(Condition::ItemNotFound.into()),
        Mode::Silence => return,
    };
    match end.machine.answer(now, query, answer) {
        Ok(token) => {
            end.waiting.insert(Token::Send(token));
        }
        Err(rejected) => log.note(now, end.side, || What::Told(format!("answer: {rejected}"))),
    }
}

impl<M: Commands> End<M> {
    fn send_todo(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while self.machine.has_room()
            && let Some(stanza) = self.todo.pop_front()
        {
            moved = true;
            match self.machine.send(now, stanza) {
                Ok(token) => self.waiting.insert(Token::Send(token)),
                Err(rejected) => panic!("there was room, and yet: {rejected}"),
            };
        }
        moved
    }

    /// Answers a chat message, if that is how this application is.
    fn reply_to(&mut self, stanza: &Stanza) {
        if let (true, Stanza::Message(message)) = (self.manners.replies, stanza)
            && message.type_() == MessageType::Chat
            && let Some(to) = message.from()
        {
            let body = message.body().unwrap_or_default();
            let reply = Message::builder(to.clone()).body(&body);
            let reply = match message.to() {
                Some(from) if self.side == Side::Server => reply.from(from.clone()),
                _ => reply,
            };
            self.todo.push_back(reply.build().expect("what was read can be written").into());
        }
    }
}
