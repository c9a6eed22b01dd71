//! Stanzas to be built by the typed builders, and what must be read from them afterwards.

use arbitrary::Arbitrary;
use xmpp_proto::jid::Jid;
use xmpp_proto::ns;
use xmpp_proto::stanza::{
    Condition, ErrorType, Iq, IqType, Localized, Message, MessageBuilder, MessageType, Presence,
    PresenceBuilder, PresenceType, Show, Stanza, StanzaError, Thread,
};
use xmpp_proto::xml::{BuildError, Element, ElementBuilder};

use super::sent_stanza;

/// A stanza as the calls that build it. What a kind of stanza does not have is left out.
#[derive(Arbitrary, Debug)]
pub(super) struct Plan<'a> {
    kind: Kind,
    to: Option<&'a str>,
    from: Option<&'a str>,
    id: Option<&'a str>,
    lang: Option<&'a str>,
    /// Bodies, or texts of a status.
    texts: Vec<Text<'a>>,
    subjects: Vec<Text<'a>>,
    thread: Option<(&'a str, Option<&'a str>)>,
    show: Option<u8>,
    priority: Option<i8>,
    payloads: Vec<Payload<'a>>,
    error: Fault<'a>,
}

#[derive(Arbitrary, Debug)]
enum Kind {
    Message(u8),
    Presence(u8),
    Get,
    Set,
}

#[derive(Arbitrary, Debug)]
struct Text<'a> {
    lang: Option<&'a str>,
    text: &'a str,
}

#[derive(Arbitrary, Debug)]
struct Payload<'a> {
    name: u8,
    ns: Result<u8, &'a str>,
    attrs: Vec<(u8, u8, &'a str)>,
    before: &'a str,
    child: Option<(u8, u8, &'a str)>,
    after: &'a str,
}

#[derive(Arbitrary, Debug)]
struct Fault<'a> {
    condition: u8,
    type_: Option<u8>,
    text: Option<Text<'a>>,
    uri: Option<&'a str>,
    by: Option<&'a str>,
    application: Option<Payload<'a>>,
}

const NAMES: [&str; 8] = ["x", "body", "error", "text", "lang", "\u{E9}", "ns0", "a-\u{B7}.0"];
/// None is that of stanzas, whose children have fields of their own.
const SPACES: [&str; 6] =
    ["urn:x", "", ns::XML, ns::STREAM, "jabber:iq:roster", "urn:'\"<>&\t\r\n "];

impl Plan<'_> {
    /// Builds the stanza, sends it, and reads it.
    pub(super) fn check(&self) {
        match self.kind {
            Kind::Message(type_) => self.check_message(type_),
            Kind::Presence(type_) => self.check_presence(type_),
            Kind::Get => self.check_iq(IqType::Get),
            Kind::Set => self.check_iq(IqType::Set),
        }
    }

    fn check_message(&self, type_: u8) {
        use MessageType::{Chat, Groupchat, Headline, Normal};
        let type_ = [Chat, Groupchat, Headline, Normal][usize::from(type_ & 3)];
        let to = self.to().unwrap_or_else(|| Jid::new("a@b").expect("an address"));
        let mut builder = Message::builder(to.clone()).type_(type_);
        if let Some(from) = self.from() {
            builder = builder.from(from);
        }
        if let Some(id) = self.id {
            builder = builder.id(id);
        }
        if let Some(lang) = self.lang {
            builder = builder.lang(lang);
        }
        for text in &self.texts {
            builder = match text.lang {
                Some(lang) => builder.body_in(lang, text.text),
                None => builder.body(text.text),
            };
        }
        for text in &self.subjects {
            builder = match text.lang {
                Some(lang) => builder.subject_in(lang, text.text),
                None => builder.subject(text.text),
            };
        }
        builder = match self.thread {
            Some((id, Some(parent))) => builder.thread_of(id, parent),
            Some((id, None)) => builder.thread(id),
            None => builder,
        };
        let Some(payloads) = self.payloads() else { return };
        builder = payloads.iter().fold(builder, MessageBuilder::payload);

        let mut fields: Vec<&str> = vec![to.as_str()];
        fields.extend(self.subjects.iter().flat_map(Text::fields));
        fields.extend(self.thread.iter().flat_map(|(id, parent)| [Some(*id), *parent]).flatten());
        let Some(message) = self.built(builder.build(), fields) else { return };
        let Stanza::Message(read) = sent_stanza(&message.clone().into()) else {
            panic!("not a message any more")
        };
        for message in [message, read] {
            assert_eq!(message.type_(), type_);
            assert_eq!(message.to(), Some(&to));
            self.check_head(&message.clone().into());
            self.check_texts(&self.texts, message.bodies(), message.body().as_deref());
            self.check_lookup(&self.texts, |langs| message.body_in(langs).map(Into::into));
            self.check_texts(&self.subjects, message.subjects(), message.subject().as_deref());
            self.check_lookup(&self.subjects, |langs| message.subject_in(langs).map(Into::into));
            let thread = self
                .thread
                .map(|(id, parent)| (id, parent.filter(|parent| *parent != id)))
                .map(|(id, parent)| Thread { id: id.into(), parent: parent.map(Into::into) });
            assert_eq!(message.thread(), thread);
            assert!(message.payloads().eq(payloads.iter().map(Element::as_ref)));
            self.check_error(|error| message.error_reply(error).map(Into::into).ok());
            self.check_error(|error| message.error_reply_quoting(error).map(Into::into).ok());
        }
    }

    fn check_presence(&self, type_: u8) {
        let all = PresenceType::ALL;
        let type_ = match all[usize::from(type_) % all.len()] {
            PresenceType::Error => PresenceType::Available,
            type_ => type_,
        };
        let mut builder = Presence::builder(type_);
        if let Some(to) = self.to() {
            builder = builder.to(to);
        }
        if let Some(from) = self.from() {
            builder = builder.from(from);
        }
        if let Some(id) = self.id {
            builder = builder.id(id);
        }
        if let Some(lang) = self.lang {
            builder = builder.lang(lang);
        }
        for text in &self.texts {
            builder = match text.lang {
                Some(lang) => builder.status_in(lang, text.text),
                None => builder.status(text.text),
            };
        }
        let shows = [Show::Away, Show::Chat, Show::Dnd, Show::Xa];
        let show = self.show.map(|show| shows[usize::from(show & 3)]);
        if let Some(show) = show {
            builder = builder.show(show);
        }
        if let Some(priority) = self.priority {
            builder = builder.priority(priority);
        }
        let Some(payloads) = self.payloads() else { return };
        builder = payloads.iter().fold(builder, PresenceBuilder::payload);

        let to = self.to();
        let Some(presence) = self.built(builder.build(), to.iter().map(Jid::as_str)) else {
            return;
        };
        let Stanza::Presence(read) = sent_stanza(&presence.clone().into()) else {
            panic!("not presence any more")
        };
        for presence in [presence, read] {
            assert_eq!(presence.type_(), type_);
            assert_eq!(presence.to(), to.as_ref());
            self.check_head(&presence.clone().into());
            self.check_texts(&self.texts, presence.statuses(), presence.status().as_deref());
            self.check_lookup(&self.texts, |langs| presence.status_in(langs).map(Into::into));
            // RFC 6121 §4.5.1: they belong to one type.
            let is_available = type_ == PresenceType::Available;
            assert_eq!(presence.show(), show.filter(|_| is_available));
            let priority = self.priority.filter(|_| is_available);
            assert_eq!(presence.priority(), priority.unwrap_or(0));
            assert!(presence.payloads().eq(payloads.iter().map(Element::as_ref)));
            self.check_error(|error| presence.error_reply(error).map(Into::into).ok());
        }
    }

    fn check_iq(&self, type_: IqType) {
        let Some(payloads) = self.payloads() else { return };
        let Some(payload) = payloads.first() else { return };
        let id = self.id.unwrap_or_default();
        let mut builder =
            if type_ == IqType::Get { Iq::get(id, payload) } else { Iq::set(id, payload) };
        if let Some(to) = self.to() {
            builder = builder.to(to);
        }
        if let Some(from) = self.from() {
            builder = builder.from(from);
        }
        if let Some(lang) = self.lang {
            builder = builder.lang(lang);
        }
        let to = self.to();
        let Some(iq) = self.built(builder.build(), to.iter().map(Jid::as_str)) else { return };
        let Stanza::Iq(read) = sent_stanza(&iq.clone().into()) else {
            panic!("not an IQ any more")
        };
        for iq in [iq, read] {
            assert_eq!((iq.type_(), iq.id(), iq.to()), (type_, id, to.as_ref()));
            assert_eq!(iq.payload(), Some(payload.as_ref()));
            self.check_error(|error| iq.error_reply(error).map(Into::into).ok());
            self.check_error(|error| iq.error_reply_quoting(error).map(Into::into).ok());
            let result = iq.result(payloads.get(1).cloned()).expect("a result is due");
            let Stanza::Iq(result) = sent_stanza(&result.into()) else { panic!("not an IQ") };
            assert_eq!((result.type_(), result.id()), (IqType::Result, id));
            assert_eq!((result.to(), result.from()), (iq.from(), iq.to()));
            assert_eq!(result.payload(), payloads.get(1).map(Element::as_ref));
        }
    }

    fn to(&self) -> Option<Jid> {
        Jid::from_wire(self.to?).ok()
    }

    fn from(&self) -> Option<Jid> {
        Jid::from_wire(self.from?).ok()
    }

    /// `None` if one of them cannot be built.
    fn payloads(&self) -> Option<Vec<Element>> {
        self.payloads.iter().map(Payload::build).collect()
    }

    /// What was built, which it must be exactly if XML has all characters in it.
    fn built<'s, T>(
        &'s self,
        result: Result<T, BuildError>,
        fields: impl IntoIterator<Item = &'s str>,
    ) -> Option<T> {
        let from = self.from();
        let is_iq = matches!(self.kind, Kind::Get | Kind::Set);
        let texts = self.texts.iter().filter(|_| !is_iq).flat_map(Text::fields);
        let is_good = texts.chain(self.id).chain(self.lang).chain(fields).all(is_xml)
            && from.as_ref().is_none_or(|from| is_xml(from.as_str()));
        match result {
            Ok(built) => {
                assert!(is_good, "a character that XML does not have went in: {self:?}");
                Some(built)
            }
            Err(error) => {
                assert!(!is_good, "{error}: {self:?}");
                None
            }
        }
    }

    fn check_head(&self, stanza: &Stanza) {
        assert_eq!(stanza.id(), self.id);
        assert_eq!(stanza.from(), self.from().as_ref());
        assert_eq!(stanza.lang().as_deref(), self.own_lang());
        assert!(!stanza.is_error() && stanza.error().is_none());
    }

    /// XML 1.0 §2.12: empty means that it is not known.
    fn own_lang(&self) -> Option<&str> {
        self.lang.filter(|lang| !lang.is_empty())
    }

    fn lang_of<'s>(&'s self, text: &Text<'s>) -> Option<&'s str> {
        text.lang.map_or(self.own_lang(), |lang| Some(lang).filter(|lang| !lang.is_empty()))
    }

    fn check_texts<'s>(
        &self,
        expected: &[Text<'_>],
        found: impl Iterator<Item = Localized<'s>>,
        best: Option<&str>,
    ) {
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found.lang.as_deref(), self.lang_of(expected));
            assert_eq!(found.text, expected.text);
        }
        let own = expected.iter().find(|text| self.lang_of(text) == self.own_lang());
        assert_eq!(best, own.or(expected.first()).map(|text| text.text));
    }

    /// Who asks for the language of a text gets the first text in that language.
    fn check_lookup(&self, texts: &[Text<'_>], read: impl Fn(&[&str]) -> Option<String>) {
        for text in texts {
            let Some(lang) = self.lang_of(text) else { continue };
            let is_it = |other: &&Text<'_>| {
                self.lang_of(other).is_some_and(|other| other.eq_ignore_ascii_case(lang))
            };
            let first = texts.iter().find(is_it).map(|text| text.text);
            assert_eq!(read(&[lang]).as_deref(), first);
        }
    }

    /// An answer with the planned error has that error.
    fn check_error(&self, answer: impl Fn(&StanzaError) -> Option<Stanza>) {
        let Some(error) = self.error.build() else { return };
        let Some(answer) = answer(&error) else {
            let texts = self.error.text.iter().flat_map(Text::fields).chain(error.uri());
            let by = error.by().map(Jid::as_str);
            assert!(!texts.chain(by).all(is_xml), "{error}");
            return;
        };
        assert_eq!(answer.to(), self.from().as_ref());
        let read = sent_stanza(&answer).error().expect("an error");
        assert_eq!((read.type_(), read.condition()), (error.type_(), error.condition()));
        assert_eq!(read.text(), error.text());
        assert_eq!(read.text_lang(), error.text_lang().filter(|lang| !lang.is_empty()));
        assert_eq!(read.uri(), error.uri().map(str::trim).filter(|uri| !uri.is_empty()));
        assert_eq!(read.by(), error.by());
        assert_eq!(read.application(), error.application());
    }
}

impl<'a> Text<'a> {
    fn fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.lang.into_iter().chain([self.text])
    }
}

impl Payload<'_> {
    /// `None` if XML does not have it.
    fn build(&self) -> Option<Element> {
        let ns = match self.ns {
            Ok(index) => SPACES[usize::from(index) % SPACES.len()],
            Err(ns::CLIENT | ns::STANZA_ERROR) => "urn:y",
            Err(ns) => ns,
        };
        let name = |index: u8| NAMES[usize::from(index) % NAMES.len()];
        let space = |index: u8| SPACES[usize::from(index) % SPACES.len()];
        let mut builder = Element::builder(name(self.name), ns);
        for (index, ns, value) in &self.attrs {
            builder = builder.attr_ns(name(*index), space(*ns), value);
        }
        builder = builder.text(self.before);
        if let Some((index, ns, text)) = self.child {
            let fill = |child: ElementBuilder| child.text(text);
            builder = builder.child_with(name(index), space(ns), fill);
        }
        let element = builder.text(self.after).build().ok()?;
        for (index, ns, _) in &self.attrs {
            let same =
                |(i, n, _): &&(u8, u8, &str)| (name(*i), space(*n)) == (name(*index), space(*ns));
            let last = self.attrs.iter().rfind(same).map(|(_, _, value)| *value);
            assert_eq!(element.attr_ns(name(*index), space(*ns)).as_deref(), last);
        }
        assert_eq!(element.text(), format!("{}{}", self.before, self.after));
        Some(element)
    }
}

impl Fault<'_> {
    /// `None` if its application-specific condition cannot be built.
    fn build(&self) -> Option<StanzaError> {
        let mut error =
            StanzaError::new(Condition::ALL[usize::from(self.condition) % Condition::ALL.len()]);
        if let Some(index) = self.type_ {
            error = error.with_type(ErrorType::ALL[usize::from(index) % ErrorType::ALL.len()]);
        }
        error = match &self.text {
            Some(Text { lang: Some(lang), text }) => error.with_text_in(*lang, *text),
            Some(Text { lang: None, text }) => error.with_text(*text),
            None => error,
        };
        if let Some(uri) = self.uri {
            error = error.with_uri(uri);
        }
        if let Some(by) = self.by.and_then(|by| Jid::from_wire(by).ok()) {
            error = error.with_by(by);
        }
        match &self.application {
            Some(application) => Some(error.with_application(application.build()?)),
            None => Some(error),
        }
    }
}

/// Whether XML has all characters of a text (XML 1.0 §2.2).
fn is_xml(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
            || c >= '\u{10000}'
    })
}
