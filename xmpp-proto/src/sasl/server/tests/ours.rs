//! The client's side of this crate and the server's, together.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Behind, CHANNEL, Seen, assert_over, not_authorized, respond, sasl, user};
use crate::rng::{Rng, Seed};
use crate::sasl::binding::{Binding, BindingType, ChannelData};
use crate::sasl::choice::Choice;
use crate::sasl::server::{ServerExchange, ServerFault, ServerSasl};
use crate::sasl::tests::unbound;
use crate::sasl::{
    Credentials, Exchange, Known, Mechanism, Progress, ScramLimits, StoredCredentials,
};

/// What both sides think of a login.
struct Login {
    result: Result<Seen, ServerFault>,
    behind: Behind,
    /// Whether the client believes it, where the server said yes.
    believed: bool,
}

fn log_in(
    mut client: Exchange,
    mut server: ServerExchange,
    found: Option<&StoredCredentials>,
) -> Login {
    let first = client.initial_response().expect("the client begins");
    let (mut result, mut behind) = respond(&mut server, &first, found);
    if let Ok(Seen::Challenge(data)) = &result {
        let mut progress = client.handle_challenge(data).expect("an honest challenge");
        let response = loop {
            match progress {
                Progress::Respond(response) => break response,
                Progress::Work => progress = client.work().expect("only work is left"),
            }
        };
        let (last, more) = respond(&mut server, &response, None);
        result = last;
        assert_eq!(more, Behind::default(), "SCRAM computes and asks nothing at its end");
    }
    assert_over(&mut server);
    let believed = match &result {
        Ok(Seen::Success(_, data)) => client.handle_success(data.as_deref()).is_ok(),
        _ => false,
    };
    behind.asked.sort();
    Login { result, behind, believed }
}

fn mechanism() -> impl Strategy<Value = Mechanism> {
    prop::sample::select(&super::ALL[2..])
}

/// With -PLUS to the channel of the tests.
fn choice(mechanism: Mechanism, channel: &[u8]) -> Choice {
    if mechanism.binds_channel() {
        let kind = BindingType::TlsExporter;
        Choice { mechanism, binding: Binding::To { kind, data: channel.into() } }
    } else {
        unbound(mechanism)
    }
}

proptest! {
    #[test]
    fn a_login_succeeds_exactly_if_the_password_is_the_right_one(
        mechanism in mechanism(),
        // What may stand in a local part, with all that SCRAM escapes.
        username in "[!#-%(-.0-9;=?A-Z\\[-~]{1,40}",
        authzid in any::<bool>(),
        password in "[ -~]{1,160}",
        other in "[ -~]{1,80}",
        salt in prop::collection::vec(any::<u8>(), 1..64),
        iterations in 1_u32..50,
        work_slice in 0_u32..60,
        seed in any::<[u8; 32]>(),
    ) {
        let address = format!("{username}@example.org").to_ascii_lowercase();
        let mut credentials = Credentials::new(&*username, &*password);
        if authzid {
            credentials = credentials.with_authzid(&*address);
        }
        let limits = ScramLimits { min_iterations: 1, work_slice, ..ScramLimits::default() };
        let mut rng = Rng::new(Seed::new(seed));
        for stored_password in [&password, &other] {
            let knows = *stored_password == password;
            let stored =
                StoredCredentials::from_password(stored_password, &salt, iterations).expect("good");
            let cx = ServerSasl { channel: CHANNEL, ..sasl(&limits) };
            let server = ServerExchange::start(mechanism, &cx, &mut rng);
            let client =
                Exchange::start(choice(mechanism, b"this channel"), &credentials, &limits, Known::default(), &mut rng)
                    .expect("printable");
            let login = log_in(client, server, Some(&stored));
            prop_assert_eq!(&login.behind.asked, &[username.to_ascii_lowercase()]);
            let slices = if mechanism == Mechanism::Plain {
                (iterations - 1).div_ceil(work_slice.max(1)).max(1)
            } else {
                0
            };
            prop_assert_eq!(login.behind.slices, slices as usize);
            prop_assert_eq!(login.believed, knows);
            match login.result {
                Ok(Seen::Success(account, _)) => prop_assert_eq!(account, user(&address)),
                other => prop_assert_eq!(other, Err(not_authorized())),
            }
        }
    }
}

fn one(
    choice: Choice,
    credentials: &Credentials,
    cx: &ServerSasl<'_>,
    found: Option<&StoredCredentials>,
) -> Login {
    let mut rng = super::rng();
    let server = ServerExchange::start(choice.mechanism, cx, &mut rng);
    let client =
        Exchange::start(choice, credentials, cx.limits, Known::default(), &mut rng).expect("good");
    log_in(client, server, found)
}

#[test]
fn rfc5802_6_a_proof_for_another_channel_is_refused() {
    let limits = super::quick();
    for (_, plus) in super::SCRAM {
        let credentials = Credentials::new("user", "pencil");
        let choice = || choice(plus, b"from us to somebody between");
        let cx = super::bound(&limits);
        let login = one(choice(), &credentials, &cx, Some(&super::pencil()));
        assert_eq!(login.result, Err(not_authorized()), "{plus}");
        let channel = ChannelData {
            tls_exporter: Some(b"from us to somebody between"),
            ..ChannelData::default()
        };
        let cx = ServerSasl { channel, ..cx };
        assert!(one(choice(), &credentials, &cx, Some(&super::pencil())).believed, "{plus}");
    }
}

#[test]
fn rfc5802_6_a_client_that_was_offered_plus_and_says_y_is_refused() {
    let limits = super::quick();
    for (mechanism, _) in super::SCRAM {
        for (plus_offered, binding, good) in [
            (true, Binding::NotOffered, false),
            (false, Binding::NotOffered, true),
            (true, Binding::Unsupported, true),
            (false, Binding::Unsupported, true),
        ] {
            let cx = ServerSasl { plus_offered, ..sasl(&limits) };
            let credentials = Credentials::new("user", "pencil");
            let choice = Choice { mechanism, binding };
            let login = one(choice, &credentials, &cx, Some(&super::pencil()));
            assert_eq!(login.believed, good, "{mechanism} {plus_offered}");
            if !good {
                assert_eq!(login.result, Err(not_authorized()));
                assert_eq!(login.behind, Behind::default(), "before anybody is looked up");
            }
        }
    }
}

#[test]
fn rfc6120_6_3_8_only_the_own_address_may_be_acted_as() {
    let limits = super::quick();
    for &mechanism in &super::ALL[2..] {
        for (authzid, good) in [
            ("user@example.org", true),
            ("USER@Example.org", true),
            ("user", false),
            ("user@example.org/desk", false),
            ("user@example.net", false),
            ("other@example.org", false),
            ("example.org", false),
            ("@", false),
        ] {
            let credentials = Credentials::new("user", "pencil").with_authzid(authzid);
            let choice = choice(mechanism, b"this channel");
            let cx = ServerSasl { channel: CHANNEL, ..sasl(&limits) };
            for found in [Some(super::pencil()), None] {
                let login = one(
                    Choice { mechanism, binding: choice.binding.clone() },
                    &credentials,
                    &cx,
                    found.as_ref(),
                );
                assert_eq!(login.believed, good && found.is_some(), "{mechanism} {authzid}");
                if !good {
                    assert_eq!(login.result, Err(super::invalid_authzid()), "{authzid}");
                }
            }
        }
    }
}

#[cfg(feature = "unicode")]
#[test]
fn rfc4013_3_names_and_passwords_are_prepared_on_both_sides() {
    let limits = super::quick();
    // A Roman numeral and a soft hyphen; fullwidth letters become small ones in an address.
    let stored = StoredCredentials::from_password("IX pa\u{ad}ss", b"salt", 2).expect("good");
    let credentials = Credentials::new("\u{ff35}ser\u{e9}", "\u{2168}\u{a0}pass");
    for &mechanism in &super::ALL[2..] {
        let cx = ServerSasl { channel: CHANNEL, ..sasl(&limits) };
        let login = one(choice(mechanism, b"this channel"), &credentials, &cx, Some(&stored));
        assert!(login.believed, "{mechanism}");
        assert_eq!(login.behind.asked, ["user\u{e9}"]);
    }
}

#[cfg(not(feature = "unicode"))]
#[test]
fn what_cannot_be_prepared_here_is_nobodys() {
    let limits = super::quick();
    let mut server = ServerExchange::start(Mechanism::Plain, &sasl(&limits), &mut super::rng());
    let (seen, behind) = respond(&mut server, "\0us\u{e9}r\0pencil".as_bytes(), None);
    assert_eq!(seen, Err(not_authorized()));
    assert_eq!((behind.asked.len(), behind.slices), (0, 1));
    let mut server = ServerExchange::start(Mechanism::Plain, &sasl(&limits), &mut super::rng());
    let (seen, _) = respond(&mut server, "\0user\0p\u{e9}".as_bytes(), Some(&super::pencil()));
    assert_eq!(seen, Err(not_authorized()));
}

#[test]
fn a_nonce_is_never_used_twice() {
    let limits = super::quick();
    let mut rng = super::rng();
    let mut seen: Vec<String> = (0..20)
        .map(|_| {
            let mut server =
                ServerExchange::start(Mechanism::ScramSha256, &sasl(&limits), &mut rng);
            let said = super::challenge(&mut server, "n,,n=user,r=abc", Some(&super::pencil()));
            let nonce = said.split_once(',').expect("a nonce").0;
            // 192 bits in base64 after what is the client's.
            assert_eq!(nonce.len(), "r=abc".len() + 32);
            nonce.into()
        })
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20);
}
