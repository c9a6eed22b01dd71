//! Requests: between users, and to the domain and to accounts (RFC 6121 §8, RFC 6120 §8.2.3).

use super::*;
use crate::endpoint::{IqToken, Request, RequestError};
use crate::ns;
use crate::stanza::{Condition, Iq};
use crate::xml::Element;

fn ping() -> Request {
    Request::get(element("ping", ns::PING))
}

fn element(name: &str, ns: &str) -> Element {
    Element::builder(name, ns).build().unwrap()
}

fn condition(answer: Result<Iq, RequestError>) -> Condition {
    match answer {
        Err(RequestError::Stanza(error)) => error.condition(),
        other => panic!("not an error: {other:?}"),
    }
}

/// The answer, once it has come.
fn reply(world: &mut World, id: ClientId, asked: IqToken) -> Result<Iq, RequestError> {
    match world.next_completion(id) {
        Some(Completion::Reply { token, result }) if token == asked => result,
        other => panic!("not the answer: {other:?}"),
    }
}

#[test]
fn rfc6121_8_5_3_1_a_request_to_a_resource_is_answered_by_it_once() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.login("bob@example.org/phone");
    let asked = world.request(alice, ping().to(jid("bob@example.org/phone"))).unwrap();
    world.settle();
    let query = world.take_queries(bob).remove(0);
    assert_eq!(query.iq().from(), Some(&jid("alice@example.org/desk")));
    world.answer(bob, query, Ok(Some(element("pong", "urn:example")))).unwrap();
    world.settle();
    let answer = reply(&mut world, alice, asked).unwrap();
    assert_eq!(answer.from(), Some(&jid("bob@example.org/phone")));
    assert!(answer.payload().unwrap().is("pong", "urn:example"));
    assert!(world.next_completion(alice).is_none());
}

#[test]
fn rfc6121_8_5_3_2_3_a_request_to_a_resource_that_is_not_there_is_refused() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.login("bob@example.org/phone");
    for to in ["bob@example.org/absent", "carol@example.org/desk", "nobody@example.org/desk"] {
        for request in [ping(), Request::set(element("x", "urn:example"))] {
            let answer = world.ask(alice, request.to(jid(to)));
            assert_eq!(condition(answer), Condition::ServiceUnavailable, "{to}");
        }
    }
}

#[test]
fn rfc6120_8_3_1_results_and_errors_that_nobody_waits_for_are_not_answered() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for to in [
        "bob@example.org/absent",
        "bob@example.org",
        "example.org",
        "example.net",
        "nobody@example.org",
    ] {
        for type_ in ["result", "error"] {
            world.inject(alice, format!("<iq type='{type_}' id='1' to='{to}'/>"));
        }
    }
    world.settle();
    assert!(world.is_online(alice));
    assert!(world.take_stanzas(alice).is_empty());
    assert!(world.next_event(alice).is_none());
}

#[test]
fn a_request_that_was_not_read_by_the_time_its_reader_left_is_refused() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let bob = world.login("bob@example.org/phone");
    world.set_reading(bob, false);
    let asked = world.request(alice, ping().to(jid("bob@example.org/phone"))).unwrap();
    world.settle();
    assert!(world.next_completion(alice).is_none());
    world.cut(bob);
    world.settle();
    assert_eq!(condition(reply(&mut world, alice, asked)), Condition::ServiceUnavailable);
    assert!(world.next_completion(alice).is_none());
}

#[test]
fn xep0199_4_1_the_domain_and_ones_own_account_answer_pings() {
    // RFC 6121 §8.2, §8.4, §8.5.2.1.3.
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for request in [ping(), ping().to(jid("example.org")), ping().to(jid("alice@example.org"))] {
        assert!(world.ask(alice, request).unwrap().payload().is_none());
    }
}

#[test]
fn rfc6121_8_4_nobody_is_at_a_resource_of_the_domain() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let answer = world.ask(alice, ping().to(jid("example.org/admin")));
    assert_eq!(condition(answer), Condition::ServiceUnavailable);
}

#[test]
fn rfc6121_8_3_requests_to_other_domains_are_refused() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for to in ["example.net", "bob@example.net", "bob@example.net/desk"] {
        let answer = world.ask(alice, ping().to(jid(to)));
        assert_eq!(condition(answer), Condition::RemoteServerNotFound);
    }
}

#[test]
fn rfc6120_8_4_what_nobody_understands_is_service_unavailable() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for to in [None, Some("example.org"), Some("alice@example.org")] {
        for name in ["query", "ping"] {
            let request = Request::set(element(name, "urn:example:unknown"));
            let request = match to {
                Some(to) => request.to(jid(to)),
                None => request,
            };
            assert_eq!(condition(world.ask(alice, request)), Condition::ServiceUnavailable);
        }
    }
}

#[test]
fn xep0092_the_domain_tells_its_software() {
    let mut config = config();
    config.software = "A <small> server".into();
    config.software_version = "7".into();
    let mut world = world_of(config);
    let alice = world.login("alice@example.org/desk");
    let request = || Request::get(element("query", ns::VERSION));
    let answer = world.ask(alice, request().to(jid("example.org"))).unwrap();
    let version = answer.payload().unwrap();
    assert_eq!(version.child("name", ns::VERSION).unwrap().text(), "A <small> server");
    assert_eq!(version.child("version", ns::VERSION).unwrap().text(), "7");
    // An account is no software.
    assert_eq!(condition(world.ask(alice, request())), Condition::ServiceUnavailable);
}

/// The values of an attribute of all children.
fn attributes(answer: &Iq, child: &str, name: &str) -> Vec<String> {
    let children = answer.payload().unwrap().elements().filter(|it| it.name() == child);
    children.map(|child| child.attr(name).unwrap().into_owned()).collect()
}

fn info() -> Request {
    Request::get(element("query", ns::DISCO_INFO))
}

fn items() -> Request {
    Request::get(element("query", ns::DISCO_ITEMS))
}

#[test]
fn xep0030_3_the_domain_says_what_it_is() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    let answer = world.ask(alice, info().to(jid("example.org"))).unwrap();
    assert_eq!(attributes(&answer, "identity", "category"), ["server"]);
    assert_eq!(attributes(&answer, "identity", "type"), ["im"]);
    let features = attributes(&answer, "feature", "var");
    for feature in [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::VERSION] {
        assert_eq!(features.iter().filter(|it| **it == feature).count(), 1, "{features:?}");
    }
    assert!(features.is_sorted());
    let answer = world.ask(alice, items().to(jid("example.org"))).unwrap();
    assert_eq!(attributes(&answer, "item", "jid"), [""; 0]);
}

#[test]
fn xep0030_an_account_says_what_it_is_to_its_owner() {
    let mut world = world();
    let desk = world.available("alice@example.org/desk", 0);
    world.available("alice@example.org/attic", -1);
    world.login("alice@example.org/silent");
    for request in [info(), info().to(jid("alice@example.org"))] {
        let answer = world.ask(desk, request).unwrap();
        assert_eq!(attributes(&answer, "identity", "category"), ["account"]);
        assert_eq!(attributes(&answer, "identity", "type"), ["registered"]);
    }
    // XEP-0030 §4: its available resources.
    let answer = world.ask(desk, items()).unwrap();
    assert_eq!(
        attributes(&answer, "item", "jid"),
        ["alice@example.org/attic", "alice@example.org/desk"]
    );
}

#[test]
fn xep0030_7_there_are_no_nodes() {
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    for ns in [ns::DISCO_INFO, ns::DISCO_ITEMS] {
        let query = Element::builder("query", ns).attr("node", "secret").build().unwrap();
        let answer = world.ask(alice, Request::get(query).to(jid("example.org")));
        assert_eq!(condition(answer), Condition::ItemNotFound);
    }
}

#[test]
fn strangers_cannot_tell_whether_there_is_an_account() {
    // RFC 6121 §8.5.1, §8.5.2.1.3, §8.5.2.2.3.
    let mut world = world();
    let alice = world.login("alice@example.org/desk");
    world.available("bob@example.org/phone", 0);
    // Bob is there, carol is away, nobody never was.
    for to in ["bob@example.org", "carol@example.org", "nobody@example.org"] {
        for request in [info(), items(), ping()] {
            let answer = world.ask(alice, request.to(jid(to)));
            assert_eq!(condition(answer), Condition::ServiceUnavailable, "{to}");
        }
        // RFC 6121 §2.3.3: a roster is its owner's affair.
        let roster = Request::get(element("query", ns::ROSTER));
        let answer = world.ask(alice, roster.to(jid(to)));
        assert_eq!(condition(answer), Condition::Forbidden, "{to}");
    }
}

#[test]
fn a_service_answers_its_own_kind_and_announces_it() {
    use crate::domain::{Addressee, Question, Service};
    use crate::stanza::StanzaError;

    const NS: &str = "urn:example:echo";

    /// Says who asked.
    struct Echo;
    impl Service for Echo {
        fn features(&self, _: Addressee<'_>) -> &[&str] {
            &[NS]
        }

        fn answer(
            &mut self,
            question: &Question<'_>,
        ) -> Option<Result<Option<Element>, StanzaError>> {
            question.payload()?.is("echo", NS).then(|| {
                let from = question.from().map(ToString::to_string).unwrap_or_default();
                let kind = if question.is_set() { "set" } else { "get" };
                let place = match question.addressee() {
                    Addressee::Domain => "domain",
                    Addressee::Account(account) => account.local().unwrap_or_default(),
                };
                let text = format!("{from} {kind} {place}");
                Ok(Element::builder("echo", NS).text(&text).build().ok())
            })
        }
    }

    let mut world = world();
    world.with_domain(|domain, _| domain.add_service(Echo));
    let alice = world.login("alice@example.org/desk");
    let answer = world.ask(alice, Request::set(element("echo", NS))).unwrap();
    assert_eq!(answer.payload().unwrap().text(), "alice@example.org/desk set alice");
    let answer =
        world.ask(alice, Request::get(element("echo", NS)).to(jid("example.org"))).unwrap();
    assert_eq!(answer.payload().unwrap().text(), "alice@example.org/desk get domain");
    let answer = world.ask(alice, info().to(jid("example.org"))).unwrap();
    assert!(attributes(&answer, "feature", "var").iter().any(|feature| feature == NS));
}
