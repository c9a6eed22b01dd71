//! The session of RFC 6121 §7, stanza by stanza. There, it spans three domains; here they are one.

use super::*;
use crate::endpoint::Request;
use crate::ns;
use crate::xml::Element;

const ROMEO: &str = "romeo@example.net/orchard";

fn element(xml: &str) -> Element {
    let end = xml.find([' ', '/', '>']).unwrap();
    let (name, rest) = xml.split_at(end);
    format!("{name} xmlns='{}'{rest}", ns::CLIENT).parse().unwrap()
}

/// A client sends this, byte by byte as the RFC has it.
fn sends(world: &mut World, id: ClientId, xml: &str) {
    world.inject(id, xml);
    world.settle();
}

/// These have come to a client, in any order, and nothing else.
#[track_caller]
fn gets(world: &mut World, id: ClientId, expected: &[&str]) {
    let mut found: Vec<_> = world.take_stanzas(id).into_iter().map(Stanza::into_element).collect();
    for xml in expected {
        let at = found.iter().position(|found| *found == element(xml));
        found.remove(at.unwrap_or_else(|| panic!("{xml} did not come, but {found:?}")));
    }
    assert!(found.is_empty(), "{found:?}");
    assert!(world.next_event(id).is_none());
}

/// A message of the conversation.
fn line(from: &str, to: &str, body: &str) -> String {
    format!(
        "<message from='{from}' to='{to}' type='chat' xml:lang='en'><body>{body}</body>\
         <thread>e0ffe42b28561960c6b12b944a092794b9683a38</thread></message>"
    )
}

/// Romeo sees Juliet and Benvolio, and is seen by Juliet and Mercutio. All but him are there.
struct Cast {
    world: World,
    balcony: ClientId,
    chamber: ClientId,
    mercutio: ClientId,
    nurse: ClientId,
}

fn cast() -> Cast {
    let mut world = World::new(DomainConfig::new("example.net".parse().unwrap()));
    for name in ["romeo", "juliet", "benvolio", "mercutio", "nurse"] {
        world.account(name, name);
    }
    let romeo = world.join("romeo@example.net/wings");
    let balcony = world.join("juliet@example.net/balcony");
    let benvolio = world.join("benvolio@example.net/pda");
    let mercutio = world.join("mercutio@example.net/x");
    let nurse = world.join("nurse@example.net/x");
    world.befriend((romeo, "romeo@example.net"), (balcony, "juliet@example.net"));
    world.let_see((romeo, "romeo@example.net"), (benvolio, "benvolio@example.net"));
    world.let_see((mercutio, "mercutio@example.net"), (romeo, "romeo@example.net"));
    for item in [
        "<item jid='juliet@example.net' name='Juliet'><group>Friends</group></item>",
        "<item jid='benvolio@example.net' name='Benvolio'/>",
        "<item jid='mercutio@example.net' name='Mercutio'/>",
    ] {
        world.set_roster(romeo, item).unwrap();
    }
    world.close(romeo);
    let chamber = world.login("juliet@example.net/chamber");
    sends(
        &mut world,
        balcony,
        "<presence xml:lang='en'><show>away</show><status>be right back</status>\
         <priority>0</priority></presence>",
    );
    sends(&mut world, chamber, "<presence><priority>1</priority></presence>");
    sends(
        &mut world,
        benvolio,
        "<presence xml:lang='en'><show>dnd</show><status>gallivanting</status></presence>",
    );
    for id in [balcony, chamber, benvolio, mercutio, nurse] {
        world.seen(id);
    }
    Cast { world, balcony, chamber, mercutio, nurse }
}

#[test]
fn rfc6121_7_a_sample_session() {
    let Cast { mut world, balcony, chamber, mercutio, nurse } = cast();
    let romeo = world.login(ROMEO);

    // Examples 1 and 2: the roster. Items may come in any order.
    let query = "<query xmlns='jabber:iq:roster'/>".parse().unwrap();
    let answer = world.ask(romeo, Request::get(query)).unwrap();
    assert_eq!(answer.to(), Some(&jid(ROMEO)));
    let mut items: Vec<_> =
        answer.payload().unwrap().elements().map(|it| it.to_element().to_string()).collect();
    items.sort();
    let expected = [
        "<item jid='benvolio@example.net' name='Benvolio' subscription='to'/>",
        "<item jid='juliet@example.net' name='Juliet' subscription='both'>\
         <group>Friends</group></item>",
        "<item jid='mercutio@example.net' name='Mercutio' subscription='from'/>",
    ];
    let in_roster = |xml: &str| {
        let xml = xml.replacen("<item", "<item xmlns='jabber:iq:roster'", 1);
        xml.parse::<Element>().unwrap().to_string()
    };
    assert_eq!(items, expected.map(in_roster));

    // Examples 3 to 7: initial presence, which brings that of contacts.
    sends(&mut world, romeo, "<presence/>");
    let initial = |to: &str| format!("<presence from='{ROMEO}' to='{to}'/>");
    let own = initial("romeo@example.net");
    // Who is there is told to the resource that asks, and not to all that Romeo might have.
    gets(
        &mut world,
        romeo,
        &[
            &own,
            "<presence from='juliet@example.net/balcony' to='romeo@example.net/orchard' \
             xml:lang='en'><show>away</show><status>be right back</status><priority>0</priority>\
             </presence>",
            "<presence from='juliet@example.net/chamber' to='romeo@example.net/orchard'>\
             <priority>1</priority></presence>",
            "<presence from='benvolio@example.net/pda' to='romeo@example.net/orchard' \
             xml:lang='en'><show>dnd</show><status>gallivanting</status></presence>",
        ],
    );
    for id in [balcony, chamber] {
        gets(&mut world, id, &[&initial("juliet@example.net")]);
    }
    gets(&mut world, mercutio, &[&initial("mercutio@example.net")]);

    // Example 8: directed presence to somebody who is not in the roster.
    let directed = format!(
        "<presence from='{ROMEO}' to='nurse@example.net' xml:lang='en'><show>dnd</show>\
         <status>courting Juliet</status><priority>0</priority></presence>"
    );
    sends(&mut world, romeo, &directed);
    gets(&mut world, nurse, &[&directed]);

    // Example 9: a conversation.
    for body in [
        "My ears have not yet drunk a hundred words",
        "Of that tongue's utterance, yet I know the sound:",
        "Art thou not Romeo, and a Montague?",
    ] {
        let message = line("juliet@example.net/balcony", "romeo@example.net", body);
        sends(&mut world, balcony, &message);
        gets(&mut world, romeo, &[&message]);
    }
    let body = "Neither, fair saint, if either thee dislike.";
    let reply = line(ROMEO, "juliet@example.net/balcony", body);
    sends(&mut world, romeo, &reply);
    gets(&mut world, balcony, &[&reply]);
    let body = "How cam'st thou hither, tell me, and wherefore?";
    let answer = line("juliet@example.net/balcony", ROMEO, body);
    sends(&mut world, balcony, &answer);
    gets(&mut world, romeo, &[&answer]);

    // Examples 10 to 12: presence changes, and not for the nurse.
    let says = "<show>away</show><status>I shall return!</status><priority>1</priority>";
    sends(&mut world, romeo, &format!("<presence xml:lang='en'>{says}</presence>"));
    let updated =
        |to: &str| format!("<presence from='{ROMEO}' to='{to}' xml:lang='en'>{says}</presence>");
    for id in [balcony, chamber] {
        gets(&mut world, id, &[&updated("juliet@example.net")]);
    }
    gets(&mut world, mercutio, &[&updated("mercutio@example.net")]);
    gets(&mut world, romeo, &[&updated("romeo@example.net")]);
    gets(&mut world, nurse, &[]);

    // Examples 13 and 14: one resource of a contact leaves.
    sends(&mut world, chamber, "<presence type='unavailable'/>");
    let left = "<presence from='juliet@example.net/chamber' to='romeo@example.net' \
                type='unavailable'/>";
    gets(&mut world, romeo, &[left]);
    let own = left.replace("romeo", "juliet");
    for id in [balcony, chamber] {
        gets(&mut world, id, &[&own]);
    }

    // Examples 15 and 16: the user leaves, and the nurse hears of it, too.
    let says = "<status>gone home</status>";
    let leaves = "type='unavailable' xml:lang='en'";
    sends(&mut world, romeo, &format!("<presence {leaves}>{says}</presence>"));
    let gone = |to: &str| format!("<presence from='{ROMEO}' to='{to}' {leaves}>{says}</presence>");
    gets(&mut world, balcony, &[&gone("juliet@example.net")]);
    gets(&mut world, mercutio, &[&gone("mercutio@example.net")]);
    gets(&mut world, nurse, &[&gone("nurse@example.net")]);
    gets(&mut world, chamber, &[]);
    gets(&mut world, romeo, &[&gone("romeo@example.net")]);

    // Examples 17 and 18: both streams are closed. All has been said.
    world.close(romeo);
    world.settle();
    let Some(Event::Ended(ended)) = world.next_event(romeo) else { panic!("not closed") };
    assert_eq!(ended.reason, Reason::ClosedByUs);
    for id in [balcony, chamber, mercutio, nurse] {
        gets(&mut world, id, &[]);
    }
}
