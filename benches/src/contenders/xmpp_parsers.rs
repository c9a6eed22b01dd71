//! xmpp-parsers: typed stanzas, built by xso from rxml's events.

use rxml::Event;
use rxml::xml_lang::XmlLangStack;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza::Stanza;
use xso::{Context, FromEventsBuilder as _, FromXml};

use super::{Check, Contender, Known, rxml as driver};
use crate::measure::{Fault, Input, Sum, measure};

/// Its `Stanza`. What it refuses is not built, and no time is spent on the rest of it but rxml's.
pub const TYPED: Contender = Contender {
    name: "xmpp-parsers, stanzas",
    run: |input| {
        measure(|| {
            let mut sum = Sum::default();
            parse(input, |stanza| sum.add(stanza.as_ref().map_or(0, read)))?;
            Ok(sum)
        })
    },
    check: Check::Stanzas(|input| {
        let mut stanzas = Vec::new();
        parse(input, |stanza| stanzas.push(stanza.as_ref().map(known)))?;
        Ok(stanzas)
    }),
};

/// What becomes of a child of the root element.
enum Progress {
    Building(Box<<Stanza as FromXml>::Builder>),
    Built(Box<Stanza>),
    Refused,
}

impl Progress {
    fn feed(self, event: Event, context: &Context<'_>) -> Self {
        let Self::Building(mut builder) = self else { return self };
        match builder.feed(event, context) {
            Ok(None) => Self::Building(builder),
            Ok(Some(stanza)) => Self::Built(Box::new(stanza)),
            Err(_) => Self::Refused,
        }
    }
}

/// Hands out each child of the root element, or `None` if it was refused.
fn parse(input: &Input, mut each: impl FnMut(Option<Stanza>)) -> Result<(), Fault> {
    let mut languages = XmlLangStack::new();
    let mut depth = 0;
    let mut progress = Progress::Refused;
    driver::parse::<rxml::Parser>(input, |event| {
        languages.handle_event(&event);
        let context = Context::empty().with_language(languages.current());
        match event {
            Event::StartElement(_, name, attrs) if depth == 1 => {
                progress = match Stanza::from_events(name, attrs, &context) {
                    Ok(builder) => Progress::Building(Box::new(builder)),
                    Err(_) => Progress::Refused,
                };
                depth += 1;
                return Ok(());
            }
            Event::StartElement(..) => depth += 1,
            Event::EndElement(_) => depth -= 1,
            Event::XmlDeclaration(..) | Event::Text(..) => {}
        }
        let ends = depth == 1 && matches!(event, Event::EndElement(_));
        progress = std::mem::replace(&mut progress, Progress::Refused).feed(event, &context);
        if ends {
            each(match std::mem::replace(&mut progress, Progress::Refused) {
                Progress::Built(stanza) => Some(*stanza),
                Progress::Building(_) | Progress::Refused => None,
            });
        }
        Ok(())
    })
}

/// Reads addresses and id, the bodies, and the names of the payloads.
fn read(stanza: &Stanza) -> usize {
    let (from, to, id) = head(stanza);
    let addresses = [from, to].into_iter().flatten().map(|jid| jid.as_str().len());
    let head = addresses.sum::<usize>() + id.map_or(0, str::len);
    head + match stanza {
        Stanza::Message(message) => {
            message.bodies.values().map(String::len).sum::<usize>() + names(&message.payloads)
        }
        Stanza::Presence(presence) => {
            presence.statuses.values().map(String::len).sum::<usize>() + names(&presence.payloads)
        }
        Stanza::Iq(Iq::Get { payload, .. } | Iq::Set { payload, .. }) => payload.name().len(),
        Stanza::Iq(Iq::Result { payload, .. } | Iq::Error { payload, .. }) => {
            payload.as_ref().map_or(0, |payload| payload.name().len())
        }
    }
}

fn names(payloads: &[Element]) -> usize {
    payloads.iter().map(|payload| payload.name().len()).sum()
}

fn known(stanza: &Stanza) -> Known {
    let (from, to, id) = head(stanza);
    let mut bodies = Vec::new();
    if let Stanza::Message(message) = stanza {
        bodies.extend(message.bodies.values().cloned());
        bodies.sort();
    }
    Known {
        from: from.map(|jid| jid.as_str().to_owned()),
        to: to.map(|jid| jid.as_str().to_owned()),
        id: id.map(str::to_owned),
        bodies,
    }
}

type Head<'a> =
    (Option<&'a xmpp_parsers::jid::Jid>, Option<&'a xmpp_parsers::jid::Jid>, Option<&'a str>);

fn head(stanza: &Stanza) -> Head<'_> {
    match stanza {
        Stanza::Message(Message { from, to, id, .. }) => {
            (from.as_ref(), to.as_ref(), id.as_ref().map(|id| id.0.as_str()))
        }
        Stanza::Presence(Presence { from, to, id, .. }) => {
            (from.as_ref(), to.as_ref(), id.as_deref())
        }
        Stanza::Iq(iq) => (iq.from(), iq.to(), Some(iq.id())),
    }
}
