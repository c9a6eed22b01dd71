//! Calls in and out of turn.

use super::{assert_over, bound, malformed, out_of_turn, quick, rng};
use crate::jid::BareJid;
use crate::sasl::server::{Account, ServerExchange, ServerProgress};
use crate::sasl::{Mechanism, ScramLimits, StoredCredentials};

fn start(mechanism: Mechanism, limits: &ScramLimits) -> ServerExchange {
    ServerExchange::start(mechanism, &bound(limits), &mut rng())
}

/// The first message of an honest client.
fn first(mechanism: Mechanism) -> &'static [u8] {
    match mechanism {
        Mechanism::Plain => b"\0user\0pencil",
        mechanism if mechanism.binds_channel() => b"p=tls-exporter,,n=user,r=abc",
        Mechanism::Anonymous | Mechanism::External => b"",
        _ => b"n,,n=user,r=abc",
    }
}

#[test]
fn rfc6120_6_4_2_a_client_without_initial_response_is_asked_to_begin() {
    let limits = quick();
    for mechanism in super::ALL {
        let mut server = start(mechanism, &limits);
        let progress = server.handle_response(None).expect("a challenge");
        assert!(matches!(progress, ServerProgress::Challenge(data) if data.is_empty()));
        let progress = server.handle_response(Some(first(mechanism))).expect("it begins");
        assert!(!matches!(progress, ServerProgress::Challenge(_)), "{mechanism}");
    }
}

#[test]
fn a_client_is_asked_to_begin_once() {
    let limits = quick();
    for mechanism in super::ALL {
        let mut server = start(mechanism, &limits);
        server.handle_response(None).expect("a challenge");
        // Nothing is then an empty message.
        match server.handle_response(None) {
            Ok(ServerProgress::Success { account: Account::Guest, .. }) => {
                assert_eq!(mechanism, Mechanism::Anonymous);
            }
            Ok(ServerProgress::NeedIdentity { authzid: None }) => {
                assert_eq!(mechanism, Mechanism::External);
            }
            other => assert_eq!(other.expect_err("empty"), malformed(), "{mechanism}"),
        }
    }
}

#[test]
fn a_client_that_does_not_wait_for_its_turn_breaks_the_rules() {
    let limits = quick();
    for &mechanism in &super::ALL[2..] {
        let mut server = start(mechanism, &limits);
        server.handle_response(Some(first(mechanism))).expect("asks for keys");
        let fault = server.handle_response(Some(first(mechanism))).expect_err("too early");
        assert_eq!(fault, malformed());
        assert_over(&mut server);
    }
    let mut server = start(Mechanism::Plain, &limits);
    server.handle_response(Some(first(Mechanism::Plain))).expect("asks for keys");
    server.handle_credentials(None).expect("work");
    let fault = server.handle_response(Some(b"")).expect_err("too early");
    assert_eq!(fault, malformed());
    assert_over(&mut server);
}

#[test]
fn answers_to_no_question_end_the_exchange_and_count_for_nobody() {
    let limits = quick();
    let account = || BareJid::new("user@example.org").expect("an address");
    let calls: [&dyn Fn(&mut ServerExchange) -> bool; 3] = [
        &|server| {
            server
                .handle_credentials(Some(super::pencil()))
                .is_err_and(|fault| fault == out_of_turn())
        },
        &|server| {
            server.handle_identity(Some(account())).is_err_and(|fault| fault == out_of_turn())
        },
        &|server| server.work().is_err_and(|fault| fault == out_of_turn()),
    ];
    for mechanism in super::ALL {
        for (number, call) in calls.iter().enumerate() {
            let mut server = start(mechanism, &limits);
            assert!(call(&mut server), "{mechanism} at the beginning");
            assert_over(&mut server);

            let asked = match mechanism {
                Mechanism::Anonymous => continue,
                Mechanism::External => 1,
                _ => 0,
            };
            if number != asked {
                let mut server = start(mechanism, &limits);
                server.handle_response(Some(first(mechanism))).expect("a question");
                assert!(call(&mut server), "{mechanism} after the question");
                assert_over(&mut server);
            }
            // After the answer PLAIN wants to work, SCRAM to hear the client.
            if asked == 0 && (number, mechanism) != (2, Mechanism::Plain) {
                let mut server = start(mechanism, &limits);
                server.handle_response(Some(first(mechanism))).expect("a question");
                server.handle_credentials(Some(StoredCredentials::new())).expect("an answer");
                assert!(call(&mut server), "{mechanism} after the answer");
                assert_over(&mut server);
            }
        }
    }
}

#[test]
fn an_exchange_can_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<ServerExchange>();
    check::<ServerProgress>();
    check::<StoredCredentials>();
}
