mod decoy;
mod hostile;
mod keys;
mod ours;
mod peer;
mod single;
mod turns;
mod vectors;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Account, ServerExchange, ServerFault, ServerProgress, ServerSasl, StoredCredentials};
use crate::jid::BareJid;
use crate::rng::{Rng, Seed};
use crate::sasl::binding::ChannelData;
use crate::sasl::{FailureCondition, Mechanism, ScramLimits};

/// Every mechanism that a server can do here.
const ALL: [Mechanism; 9] = [
    Mechanism::Anonymous,
    Mechanism::External,
    Mechanism::Plain,
    Mechanism::ScramSha1,
    Mechanism::ScramSha256,
    Mechanism::ScramSha512,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha512Plus,
];

const SCRAM: [(Mechanism, Mechanism); 3] = [
    (Mechanism::ScramSha1, Mechanism::ScramSha1Plus),
    (Mechanism::ScramSha256, Mechanism::ScramSha256Plus),
    (Mechanism::ScramSha512, Mechanism::ScramSha512Plus),
];

const CHANNEL: ChannelData<'static> =
    ChannelData { tls_exporter: Some(b"this channel"), tls_server_end_point: None };

/// As few iterations as there can be, one in a step.
fn quick() -> ScramLimits {
    ScramLimits { min_iterations: 2, work_slice: 1, ..ScramLimits::default() }
}

/// The domain `example.org` on a channel that nothing is bound to.
fn sasl(limits: &ScramLimits) -> ServerSasl<'_> {
    ServerSasl {
        domain: "example.org",
        channel: ChannelData::default(),
        plus_offered: false,
        offered: None,
        decoy_key: Some(&[7; 32]),
        limits,
    }
}

/// The same with -PLUS.
fn bound(limits: &ScramLimits) -> ServerSasl<'_> {
    ServerSasl { channel: CHANNEL, plus_offered: true, ..sasl(limits) }
}

fn rng() -> Rng {
    Rng::new(Seed::new([3; 32]))
}

/// An exchange whose part of the nonce is `nonce`.
fn with_nonce(mechanism: Mechanism, cx: &ServerSasl<'_>, nonce: &str) -> ServerExchange {
    ServerExchange::with_nonce(mechanism, cx, &mut rng(), nonce.to_string())
}

fn pencil() -> StoredCredentials {
    StoredCredentials::from_password("pencil", b"some salt, 16 b.", 2).expect("good")
}

fn user(address: &str) -> Account {
    Account::User(BareJid::new(address).expect("an address"))
}

fn not_authorized() -> ServerFault {
    ServerFault { condition: FailureCondition::NotAuthorized, counts: true }
}

fn malformed() -> ServerFault {
    ServerFault { condition: FailureCondition::MalformedRequest, counts: true }
}

fn invalid_authzid() -> ServerFault {
    ServerFault { condition: FailureCondition::InvalidAuthzid, counts: true }
}

fn out_of_turn() -> ServerFault {
    ServerFault { condition: FailureCondition::TemporaryAuthFailure, counts: false }
}

/// What happened between a response of the client and what it gets to see next.
#[derive(Debug, Default, PartialEq, Eq)]
struct Behind {
    asked: Vec<String>,
    slices: usize,
}

/// What the client gets to see.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Challenge(Vec<u8>),
    Success(Account, Option<Vec<u8>>),
}

/// Hands in a response, answers the questions that follow and does the work.
fn respond(
    server: &mut ServerExchange,
    data: &[u8],
    found: Option<&StoredCredentials>,
) -> (Result<Seen, ServerFault>, Behind) {
    let mut behind = Behind::default();
    let mut progress = server.handle_response(Some(data));
    loop {
        progress = match progress {
            Err(fault) => return (Err(fault), behind),
            Ok(ServerProgress::Challenge(data)) => {
                return (Ok(Seen::Challenge(data.to_vec())), behind);
            }
            Ok(ServerProgress::Success { account, data }) => {
                return (Ok(Seen::Success(account, data.map(|data| data.to_vec()))), behind);
            }
            Ok(ServerProgress::NeedCredentials { username }) => {
                behind.asked.push(username);
                server.handle_credentials(found.cloned())
            }
            Ok(ServerProgress::NeedIdentity { .. }) => server.handle_identity(None),
            Ok(ServerProgress::Work) => {
                behind.slices += 1;
                server.work()
            }
        }
    }
}

/// The challenge that a response gets.
fn challenge(
    server: &mut ServerExchange,
    data: impl AsRef<[u8]>,
    found: Option<&StoredCredentials>,
) -> String {
    match respond(server, data.as_ref(), found).0 {
        Ok(Seen::Challenge(data)) => String::from_utf8(data).expect("SCRAM is text"),
        other => panic!("{other:?} instead of a challenge"),
    }
}

/// After its end an exchange believes nothing and says nothing.
fn assert_over(server: &mut ServerExchange) {
    for data in [None, Some(&b""[..]), Some(b"n,,n=user,r=abc"), Some(b"\0user\0pencil")] {
        assert_eq!(server.handle_response(data).expect_err("it is over"), malformed());
    }
    assert_eq!(server.handle_credentials(Some(pencil())).expect_err("it is over"), out_of_turn());
    let account = BareJid::new("user@example.org").expect("an address");
    assert_eq!(server.handle_identity(Some(account)).expect_err("it is over"), out_of_turn());
    assert_eq!(server.work().expect_err("it is over"), out_of_turn());
}
