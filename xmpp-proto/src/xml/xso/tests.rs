use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error as _;
use std::thread;

use ::minidom::Element as Dom;
use ::xso::{AsXml, FromXml};
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult};
use xmpp_parsers::message::{Lang, Message, Thread};
use xmpp_parsers::ping::Ping;
use xmpp_parsers::time::TimeResult;

use super::*;
use crate::xml::BuildErrorKind;

mod table;

fn element(xml: &str) -> Element {
    xml.parse().unwrap()
}

/// Its language and those within may come from around it.
#[derive(FromXml, AsXml, Debug, PartialEq)]
#[xml(namespace = "urn:x", name = "note")]
struct Note {
    #[xml(lang(default))]
    lang: Option<String>,
    #[xml(child(n = ..))]
    inner: Vec<Inner>,
}

#[derive(FromXml, AsXml, Debug, PartialEq)]
#[xml(namespace = "urn:x", name = "inner")]
struct Inner {
    #[xml(lang(default))]
    lang: Option<String>,
    #[xml(text)]
    text: String,
}

/// Two variants for one element, told apart by what is in it.
#[derive(FromXml, AsXml, Debug, PartialEq)]
#[xml()]
enum Either {
    #[xml(transparent)]
    Note(Note),
    #[xml(transparent)]
    Again(Note),
}

#[test]
fn an_element_of_another_type_is_a_mismatch() {
    for xml in [
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<info xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query/>",
    ] {
        let error = element(xml).decode::<DiscoInfoQuery>().unwrap_err();
        assert!(error.is_mismatch() && error.cause().is_none() && error.source().is_none());
    }
    let error = element("<query xmlns='urn:q'/>").decode::<Ping>().unwrap_err();
    assert_eq!((error.element(), error.ns()), ("query", "urn:q"));
    assert_eq!(error.to_string(), "<query/> of namespace `urn:q` is no xmpp_parsers::ping::Ping",);
}

#[test]
fn faulty_content_is_named_and_not_repeated() {
    let result =
        element("<query xmlns='http://jabber.org/protocol/disco#info'><identity/></query>");
    let error = result.decode::<DiscoInfoResult>().unwrap_err();
    assert!(!error.is_mismatch());
    assert!(error.to_string().contains("'category'"), "{error}");
    assert!(error.source().is_some());

    let time = element("<time xmlns='urn:xmpp:time'><tzo>secret</tzo><utc>secret</utc></time>");
    let error = time.decode::<TimeResult>().unwrap_err();
    assert!(!error.is_mismatch());
    assert!(!format!("{error}").contains("secret"), "{error}");

    // Names that rxml does not know.
    for xml in ["<\u{FDF0}/>", "<a \u{FDF0}=''/>", "<a><b \u{FDF0}=''/></a>"] {
        let error = element(xml).decode::<Dom>().unwrap_err();
        assert!(matches!(error.cause(), Some(XsoError::XmlError(_))), "{error}");
    }

    let long = "é".repeat(100);
    let error = Element::builder(&long, &long).build().unwrap().decode::<Ping>().unwrap_err();
    assert_eq!((error.element(), error.ns()), (&long[..64], &long[..64]));
}

#[test]
fn xml_2_12_languages_are_inherited_within_the_tree() {
    let tree = element(
        "<m xmlns='urn:x' xml:lang='de'><p xml:lang='&#102;r'><note/></p>\
         <note><inner>x</inner></note><note xml:lang='en'><inner>y</inner></note>\
         <note><inner xml:lang=''>z</inner></note></m>",
    );
    let first: Note =
        tree.child("p", "urn:x").unwrap().child("note", "urn:x").unwrap().decode().unwrap();
    assert_eq!(first, Note { lang: Some("fr".into()), inner: Vec::new() });
    let found: Vec<_> = tree
        .elements()
        .filter_map(|note| note.decode::<Note>().ok())
        .map(|note| (note.lang.unwrap(), note.inner[0].lang.clone().unwrap()))
        .collect();
    let wanted = [("de", "de"), ("en", "en"), ("de", "")];
    assert_eq!(found, wanted.map(|(outer, inner)| (outer.into(), inner.into())));

    let lonely: Note = element("<note xmlns='urn:x'><inner/></note>").decode().unwrap();
    assert_eq!(lonely.lang, None);
    assert_eq!(Element::encode(&lonely).unwrap(), element("<note xmlns='urn:x'><inner/></note>"));
}

#[test]
fn types_with_several_variants_for_one_element_are_found() {
    let note = element("<note xmlns='urn:x'/>");
    assert!(matches!(note.decode(), Ok(Either::Note(_))));
    assert!(element("<other xmlns='urn:x'/>").decode::<Either>().unwrap_err().is_mismatch());
}

#[test]
fn whole_stanzas_are_values_too() {
    let ours = element(
        "<message xmlns='jabber:client' to='a@b' type='chat' xml:lang='en'><body>hi</body>\
         <thread>t</thread><x xmlns='urn:x'>y</x></message>",
    );
    let theirs: Message = ours.decode().unwrap();
    assert_eq!(theirs.bodies.get(&Lang::from("en")).map(String::as_str), Some("hi"));
    assert_eq!(theirs.thread, Some(Thread { parent: None, id: "t".into() }));
    assert_eq!(theirs.payloads, [Dom::try_from(ours.child("x", "urn:x").unwrap()).unwrap()]);
    let again: Message = Element::encode(&theirs).unwrap().decode().unwrap();
    assert_eq!(again, theirs);
}

#[test]
fn an_element_of_minidom_is_a_value() {
    let ours = element("<a xmlns='urn:a' k='v'>t<b>u</b></a>");
    let theirs: Dom = ours.decode().unwrap();
    assert_eq!(theirs, Dom::try_from(&ours).unwrap());
    assert_eq!(Element::encode(&theirs).unwrap(), ours);
}

/// A type that writes whatever it holds.
struct Written(fn() -> Vec<Item<'static>>);

impl AsXml for Written {
    type ItemIter<'x> = alloc::vec::IntoIter<Result<Item<'x>, XsoError>>;

    fn as_xml_iter(&self) -> Result<Self::ItemIter<'_>, XsoError> {
        Ok((self.0)().into_iter().map(Ok).collect::<Vec<_>>().into_iter())
    }
}

fn head(name: &'static str) -> Item<'static> {
    Item::ElementHeadStart(Namespace::from_str("urn:x"), Cow::Owned(name.try_into().unwrap()))
}

fn attr(name: &'static str, value: &'static str) -> Item<'static> {
    Item::Attribute(Namespace::NONE, Cow::Owned(name.try_into().unwrap()), Cow::Borrowed(value))
}

#[test]
fn only_one_whole_element_is_written() {
    let refused: [fn() -> Vec<Item<'static>>; 8] = [
        Vec::new,
        || [Item::Text("x".into())].into(),
        || [Item::ElementFoot].into(),
        || [attr("a", "b")].into(),
        || [head("a"), Item::ElementHeadEnd].into(),
        || [head("a"), Item::ElementFoot, Item::ElementFoot].into(),
        || [head("a"), Item::ElementFoot, Item::Text("x".into())].into(),
        || [head("a"), Item::ElementFoot, head("b"), Item::ElementFoot].into(),
    ];
    for items in refused {
        let error = Element::encode(&Written(items)).unwrap_err();
        assert!(matches!(error, EncodeError::NotOneElement), "{error}");
    }
    assert!(matches!(Element::encode(&None::<Ping>), Err(EncodeError::NotOneElement)));
    assert!(Element::encode(&Some(Ping)).is_ok());
    let fine = Written(|| {
        [
            Item::XmlDeclaration(::minidom::rxml::XmlVersion::V1_0),
            head("a"),
            attr("k", "v"),
            Item::ElementHeadEnd,
            Item::Text("1".into()),
            head("b"),
            Item::ElementFoot,
            Item::Text("2".into()),
            Item::ElementFoot,
        ]
        .into()
    });
    assert_eq!(Element::encode(&fine).unwrap(), element("<a xmlns='urn:x' k='v'>1<b/>2</a>"));
}

#[test]
fn what_xml_does_not_allow_is_not_written() {
    let query = DiscoInfoQuery { node: Some("a\0".into()) };
    let EncodeError::Build(error) = Element::encode(&query).unwrap_err() else { panic!() };
    assert_eq!(error.kind(), BuildErrorKind::ForbiddenChar { char: '\0', offset: 1 });
    assert_eq!(error.attribute(), Some("node"));
    let declaration = Written(|| [head("a"), attr("xmlns", "b"), Item::ElementFoot].into());
    assert!(matches!(Element::encode(&declaration), Err(EncodeError::Build(_))));
}

/// Takes everything and keeps nothing.
#[derive(Debug, PartialEq)]
struct Depth(usize);

struct DepthBuilder {
    now: usize,
    most: usize,
}

impl FromXml for Depth {
    type Builder = DepthBuilder;

    fn from_events(_: QName, _: AttrMap, _: &Context<'_>) -> Result<DepthBuilder, FromEventsError> {
        Ok(DepthBuilder { now: 1, most: 1 })
    }
}

impl FromEventsBuilder for DepthBuilder {
    type Output = Depth;

    fn feed(&mut self, event: Event, _: &Context<'_>) -> Result<Option<Depth>, XsoError> {
        match event {
            Event::StartElement(..) => self.now += 1,
            Event::EndElement(_) => self.now -= 1,
            _ => {}
        }
        self.most = self.most.max(self.now);
        Ok((self.now == 0).then_some(Depth(self.most)))
    }
}

#[test]
fn depth_costs_no_stack() {
    let convert = || {
        let mut builder = Element::builder("a", "");
        for _ in 1..50_000 {
            builder.open("a", "");
        }
        for _ in 1..50_000 {
            builder.close();
        }
        assert_eq!(builder.build().unwrap().decode::<Depth>().unwrap(), Depth(50_000));
    };
    thread::Builder::new().stack_size(64 << 10).spawn(convert).unwrap().join().unwrap();
}

/// A type that asks for more than there is.
#[derive(Debug)]
struct Endless;

struct EndlessBuilder;

impl FromXml for Endless {
    type Builder = EndlessBuilder;

    fn from_events(
        _: QName,
        _: AttrMap,
        _: &Context<'_>,
    ) -> Result<EndlessBuilder, FromEventsError> {
        Ok(EndlessBuilder)
    }
}

impl FromEventsBuilder for EndlessBuilder {
    type Output = Endless;

    fn feed(&mut self, _: Event, _: &Context<'_>) -> Result<Option<Endless>, XsoError> {
        Ok(None)
    }
}

#[test]
fn a_type_that_never_ends_is_an_error() {
    let error = element("<a>b<c/></a>").decode::<Endless>().unwrap_err();
    assert!(!error.is_mismatch());
}
