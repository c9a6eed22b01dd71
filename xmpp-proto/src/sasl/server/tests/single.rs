//! PLAIN, ANONYMOUS and EXTERNAL.

use alloc::vec;

use super::{
    Account, Seen, assert_over, invalid_authzid, malformed, not_authorized, respond, sasl, user,
};
use crate::jid::BareJid;
use crate::sasl::server::{ServerExchange, ServerFault, ServerProgress};
use crate::sasl::{
    FailureCondition, Mechanism, ScramHash, ScramKeys, ScramLimits, StoredCredentials,
};

fn start(mechanism: Mechanism, limits: &ScramLimits) -> ServerExchange {
    ServerExchange::start(mechanism, &sasl(limits), &mut super::rng())
}

#[test]
fn rfc4616_2_what_is_no_message_of_plain() {
    let limits = super::quick();
    let long = [b"\0user\0".as_slice(), &[b'x'; 4091]].concat();
    for message in [
        &b""[..],
        b"\0",
        b"\0\0",
        b"user",
        b"user\0pencil",
        b"\0user\0",
        b"\0\0pencil",
        b"\0user\0pencil\0",
        b"\0\0user\0pencil",
        b"\0user\0pen\0cil",
        b"\0user\0\xff",
        b"\0us\x01er\0pencil",
        &long,
    ] {
        let mut server = start(Mechanism::Plain, &limits);
        let (seen, behind) = respond(&mut server, message, Some(&super::pencil()));
        assert_eq!(seen, Err(malformed()), "{}", message.escape_ascii());
        assert!(behind.asked.is_empty() && behind.slices == 0);
        assert_over(&mut server);
    }
}

#[test]
fn rfc4616_2_a_password_that_cannot_be_prepared_is_not_verified() {
    let limits = super::quick();
    let mut server = start(Mechanism::Plain, &limits);
    let (seen, behind) = respond(&mut server, b"\0user\0pencil\n", Some(&super::pencil()));
    assert_eq!(seen, Err(not_authorized()));
    assert!(behind.asked.is_empty(), "whether the user exists makes no difference");
}

#[test]
fn plain_takes_the_longest_message_that_is_allowed() {
    let limits = super::quick();
    let message = [b"\0user\0".as_slice(), &[b'x'; 4090]].concat();
    let (seen, behind) =
        respond(&mut start(Mechanism::Plain, &limits), &message, Some(&super::pencil()));
    assert_eq!(seen, Err(not_authorized()));
    assert_eq!(behind.asked, ["user"]);
}

#[test]
fn plain_is_checked_by_the_cheapest_keys() {
    let keys =
        |hash, iterations| ScramKeys::derive(hash, "pencil", b"s", iterations).expect("good");
    let stored = StoredCredentials::new();
    let all = stored
        .clone()
        .with(keys(ScramHash::Sha1, 50))
        .with(keys(ScramHash::Sha256, 9))
        .with(keys(ScramHash::Sha512, 20));
    let limits = super::quick();
    for (stored, slices) in [
        (all, 8),
        (stored.clone().with(keys(ScramHash::Sha512, 30)), 29),
        (stored.with(keys(ScramHash::Sha1, 5)), 4),
    ] {
        let mut server = start(Mechanism::Plain, &limits);
        let (seen, behind) = respond(&mut server, b"\0user\0pencil", Some(&stored));
        assert_eq!(seen, Ok(Seen::Success(user("user@example.org"), None)));
        assert_eq!(behind.slices, slices);
        assert_over(&mut server);
    }
}

#[test]
fn plain_does_no_more_iterations_than_the_limit() {
    let limits = ScramLimits { max_iterations: 10, ..super::quick() };
    let keys =
        |hash, iterations| ScramKeys::derive(hash, "pencil", b"s", iterations).expect("good");
    for (iterations, good) in [(10, true), (11, false)] {
        let stored = StoredCredentials::new().with(keys(ScramHash::Sha1, iterations));
        let (seen, behind) =
            respond(&mut start(Mechanism::Plain, &limits), b"\0user\0pencil", Some(&stored));
        assert_eq!(seen.is_ok(), good);
        assert_eq!(behind.slices, if good { 9 } else { 1 });
    }
}

#[test]
fn rfc4505_2_any_trace_makes_a_guest() {
    let limits = super::quick();
    let long = "\u{10ffff}".repeat(255);
    for trace in ["", "sirhc@example.org", "\u{e9}", &long] {
        let mut server = start(Mechanism::Anonymous, &limits);
        let (seen, _) = respond(&mut server, trace.as_bytes(), None);
        assert_eq!(seen, Ok(Seen::Success(Account::Guest, None)));
        assert_over(&mut server);
    }
    for trace in [&b"\xff"[..], &[b'x'; 1021]] {
        let mut server = start(Mechanism::Anonymous, &limits);
        assert_eq!(respond(&mut server, trace, None).0, Err(malformed()));
        assert_over(&mut server);
    }
}

fn external(authzid: &[u8], account: Option<&str>) -> Result<ServerProgress, ServerFault> {
    let limits = super::quick();
    let mut server = start(Mechanism::External, &limits);
    server.handle_response(Some(authzid))?;
    let account = account.map(|account| BareJid::new(account).expect("an address"));
    let result = server.handle_identity(account);
    assert_over(&mut server);
    result
}

#[test]
fn rfc4422_a_external_gives_the_account_of_the_certificate() {
    for (authzid, account) in [("", "a@example.org"), ("A@Example.org", "a@example.org")] {
        let progress = external(authzid.as_bytes(), Some(account)).expect("good");
        assert!(matches!(
            progress,
            ServerProgress::Success { account: got, data: None } if got == user(account)
        ));
    }
    assert_eq!(external(b"", None).expect_err("nobody"), not_authorized());
    assert_eq!(external(b"a@example.org", None).expect_err("nobody"), not_authorized());
    let other = external(b"a@example.org", Some("b@example.org"));
    assert_eq!(other.expect_err("somebody else"), invalid_authzid());
}

#[test]
fn rfc6120_6_5_6_what_external_cannot_act_as() {
    for authzid in ["@", "a@example.org/desk", "a b@example.org", "\0"] {
        let error = external(authzid.as_bytes(), Some("a@example.org")).expect_err(authzid);
        assert_eq!(error, invalid_authzid(), "{authzid}");
    }
    let long = vec![b'a'; 4097];
    for authzid in [&b"\xff"[..], &long] {
        let error = external(authzid, Some("a@example.org")).expect_err("no text");
        assert_eq!(error, malformed());
    }
}

#[test]
fn external_asks_for_the_prepared_address() {
    let limits = super::quick();
    for (message, expected) in [(&b""[..], None), (b"A@Example.ORG", Some("a@example.org"))] {
        let mut server = start(Mechanism::External, &limits);
        let progress = server.handle_response(Some(message)).expect("good");
        let ServerProgress::NeedIdentity { authzid } = progress else { panic!("{progress:?}") };
        assert_eq!(authzid.as_deref(), expected);
        let again = server.handle_response(Some(message));
        assert_eq!(again.expect_err("once"), malformed());
        assert_over(&mut server);
    }
}

#[test]
fn rfc6120_6_5_7_a_mechanism_of_the_client_alone_is_invalid() {
    let limits = super::quick();
    let others = Mechanism::ALL.iter().filter(|mechanism| !super::ALL.contains(mechanism));
    let mut count = 0;
    for &mechanism in others {
        let mut server = start(mechanism, &limits);
        let error = server.handle_response(Some(b"x")).expect_err("not here");
        let condition = FailureCondition::InvalidMechanism;
        assert_eq!(error, ServerFault { condition, counts: false });
        assert_over(&mut server);
        count += 1;
    }
    assert_eq!(count, if cfg!(feature = "rsasl") { 6 } else { 3 });
}
