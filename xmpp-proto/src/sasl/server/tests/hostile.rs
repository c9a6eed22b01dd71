//! What a client may try in SCRAM. Each attempt has its condition and ends the exchange.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use proptest::prelude::*;
use sha1::Sha1;

use super::{
    Account, Behind, Seen, assert_over, bound, malformed, not_authorized, quick, respond, sasl,
    with_nonce,
};
use crate::sasl::derive::{Derivation, Proof};
use crate::sasl::server::{ServerExchange, ServerFault, ServerProgress, ServerSasl};
use crate::sasl::{FailureCondition, Mechanism, ScramLimits};

/// What becomes of a first message, before anybody is looked up.
fn first(mechanism: Mechanism, cx: &ServerSasl<'_>, message: impl AsRef<[u8]>) -> ServerFault {
    let mut server = with_nonce(mechanism, cx, "def");
    let (seen, behind) = respond(&mut server, message.as_ref(), Some(&super::pencil()));
    assert_eq!(behind, Behind::default(), "{}", message.as_ref().escape_ascii());
    assert_over(&mut server);
    seen.expect_err("must be refused")
}

#[test]
fn rfc5802_7_what_is_no_first_message() {
    let limits = quick();
    for message in [
        "",
        ",",
        ",,",
        "n",
        "n,",
        "n,,",
        "n,,,",
        "n=user,r=abc",
        "n,n=user,r=abc",
        ",,n=user,r=abc",
        "q,,n=user,r=abc",
        "N,,n=user,r=abc",
        "nn,,n=user,r=abc",
        " n,,n=user,r=abc",
        "p,,n=user,r=abc",
        "p=,,n=user,r=abc",
        "p=tls_exporter,,n=user,r=abc",
        "F,n,,n=user,r=abc",
        "n,b=x,n=user,r=abc",
        "n,user@example.org,n=user,r=abc",
        "n,a=,n=user,r=abc",
        "n,a=x=y,n=user,r=abc",
        "n,a=\0,n=user,r=abc",
        "n,,n=user",
        "n,,r=abc",
        "n,,r=abc,n=user",
        "n,,x=1,n=user,r=abc",
        "n,,n=user,x=1,r=abc",
        "n,,n=,r=abc",
        "n,,n,r=abc",
        "n,,n=us=er,r=abc",
        "n,,n=user=,r=abc",
        "n,,n=us=2cer,r=abc",
        "n,,n=us=3der,r=abc",
        "n,,n=us\0er,r=abc",
        "n,,n=us\x01er,r=abc",
        "n,,n=user,r=",
        "n,,n=user,r=ab c",
        "n,,n=user,r=ab\x7f",
        "n,,n=user,r=\u{e9}",
        "n,,n=user,r=abc,",
        "n,,n=user,r=abc,x",
        "n,,n=user,r=abc,x=",
        "n,,n=user,r=abc,xy=1",
        "n,,n=user,r=abc,1=1",
        "n,,n=user,r=abc,n=other",
        "n,,n=user,r=abc,r=def",
        "n,,n=user,r=abc,i=1",
        "n,,n=user,r=abc,p=AAAA",
    ] {
        assert_eq!(
            first(Mechanism::ScramSha1, &sasl(&limits), message),
            malformed(),
            "{message:?}"
        );
    }
    let message = b"n,,n=us\xffer,r=abc";
    assert_eq!(first(Mechanism::ScramSha1, &sasl(&limits), message), malformed());
}

#[test]
fn rfc5802_5_1_a_mandatory_extension_is_refused_wherever_it_stands() {
    let limits = quick();
    for message in [
        "n,,m=ext,n=user,r=abc",
        "n,,n=user,m=ext,r=abc",
        "n,,n=user,r=abc,m=ext",
        "n,,n=user,r=abc,x=1,m=ext",
    ] {
        assert_eq!(first(Mechanism::ScramSha1, &sasl(&limits), message), malformed(), "{message}");
    }
}

#[test]
fn rfc5802_6_the_flag_fits_the_mechanism() {
    let limits = quick();
    let wrong_type = ServerFault { condition: FailureCondition::NotAuthorized, counts: false };
    for (mechanism, plus) in super::SCRAM {
        for (mechanism, cx, flag, fault) in [
            (mechanism, sasl(&limits), "p=tls-exporter", malformed()),
            (mechanism, bound(&limits), "p=tls-exporter", malformed()),
            (mechanism, bound(&limits), "y", not_authorized()),
            (plus, bound(&limits), "n", malformed()),
            (plus, bound(&limits), "y", malformed()),
            (plus, bound(&limits), "p=tls-unique", wrong_type.clone()),
            (plus, bound(&limits), "p=tls-server-end-point", wrong_type.clone()),
            (plus, bound(&limits), "p=TLS-EXPORTER", wrong_type.clone()),
            // A stream without TLS.
            (plus, sasl(&limits), "p=tls-exporter", wrong_type.clone()),
        ] {
            let message = format!("{flag},,n=user,r=abc");
            assert_eq!(first(mechanism, &cx, message), fault, "{mechanism} {flag}");
        }
        let mut server = with_nonce(plus, &bound(&limits), "def");
        super::challenge(&mut server, "p=tls-exporter,,n=user,r=abc", None);
    }
}

#[test]
fn messages_and_nonces_have_a_longest_form() {
    let limits = ScramLimits { message_bytes: 60, nonce_bytes: 20, ..quick() };
    let cx = sasl(&limits);
    // The nonce of both sides counts, and three bytes are the server's.
    for (nonce, good) in [(17, true), (18, false)] {
        let message = format!("n,,n=user,r={}", "x".repeat(nonce));
        let mut server = with_nonce(Mechanism::ScramSha1, &cx, "def");
        let (seen, _) = respond(&mut server, message.as_bytes(), None);
        assert_eq!(seen.is_ok(), good);
        assert!(good || seen == Err(malformed()));
    }
    for (len, good) in [(60, true), (61, false)] {
        let message = format!("n,,n=user,r=abc,x={}", "x".repeat(len - 18));
        assert_eq!(message.len(), len);
        let mut server = with_nonce(Mechanism::ScramSha1, &cx, "def");
        let (seen, _) = respond(&mut server, message.as_bytes(), None);
        assert_eq!(seen.is_ok(), good);
        assert!(good || seen == Err(malformed()));
    }
    let mut server = with_nonce(Mechanism::ScramSha1, &cx, "def");
    super::challenge(&mut server, "n,,n=user,r=abc", None);
    let last = format!("c=biws,r=abcdef,x=123456789012,p={}=", "A".repeat(27));
    assert_eq!(last.len(), 61);
    assert_eq!(respond(&mut server, last.as_bytes(), None).0, Err(malformed()));
}

const FIRST: &str = "n=user,r=abc";
const PROOF: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// An exchange that waits for the proof.
fn challenged() -> (ServerExchange, String) {
    let limits = quick();
    let mut server = with_nonce(Mechanism::ScramSha1, &sasl(&limits), "def");
    let challenge = super::challenge(&mut server, format!("n,,{FIRST}"), Some(&super::pencil()));
    (server, challenge)
}

fn last(message: impl AsRef<[u8]>) -> Result<Seen, ServerFault> {
    let (mut server, _) = challenged();
    let (seen, behind) = respond(&mut server, message.as_ref(), Some(&super::pencil()));
    assert_eq!(behind, Behind::default());
    assert_over(&mut server);
    seen
}

/// The last message with the right proof for it.
fn proved(without_proof: &str) -> String {
    let (_, challenge) = challenged();
    let mut derivation = Derivation::<Sha1>::new("pencil");
    derivation.begin(b"some salt, 16 b.", 2);
    let salted_password = derivation.run(2).expect("all iterations");
    let auth_message = format!("{FIRST},{challenge},{without_proof}");
    let proof = Proof::<Sha1>::new(salted_password.as_bytes(), auth_message.as_bytes());
    format!("{without_proof},p={}", BASE64.encode(proof.client.as_bytes()))
}

#[test]
fn rfc5802_7_what_is_no_last_message() {
    for message in [
        String::new(),
        "c=biws".to_string(),
        "c=biws,r=abcdef".to_string(),
        "c=biws,r=abcdef,".to_string(),
        "c=biws,r=abcdef,x=1".to_string(),
        format!("c=biws,p={PROOF}"),
        format!("r=abcdef,p={PROOF}"),
        format!("r=abcdef,c=biws,p={PROOF}"),
        format!("p={PROOF},c=biws,r=abcdef"),
        format!("n,,c=biws,r=abcdef,p={PROOF}"),
        format!("c=b!ws,r=abcdef,p={PROOF}"),
        format!("c=biw,r=abcdef,p={PROOF}"),
        format!("c=biws,r=abc,p={PROOF}"),
        format!("c=biws,r=def,p={PROOF}"),
        format!("c=biws,r=abcdefg,p={PROOF}"),
        format!("c=biws,r=ABCDEF,p={PROOF}"),
        format!("c=biws,r=,p={PROOF}"),
        format!("c=biws,r=abcdef,p={PROOF},x=1"),
        format!("c=biws,r=abcdef,p={PROOF},p={PROOF}"),
        format!("c=biws,r=abcdef,p={PROOF},"),
        format!("c=biws,r=abcdef,x=,p={PROOF}"),
        format!("c=biws,r=abcdef,x,p={PROOF}"),
        format!("c=biws,r=abcdef,c=biws,p={PROOF}"),
        format!("c=biws,r=abcdef,r=abcdef,p={PROOF}"),
        format!("c=biws,r=abcdef,a=x,p={PROOF}"),
        format!("m=ext,c=biws,r=abcdef,p={PROOF}"),
        format!("c=biws,r=abcdef,m=ext,p={PROOF}"),
        format!("c=biws,r=abcdef,p={PROOF},m=ext"),
        "c=biws,r=abcdef,p=".to_string(),
        "c=biws,r=abcdef,p=AAAA".to_string(),
        format!("c=biws,r=abcdef,p=AAAA{PROOF}"),
        "c=biws,r=abcdef,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA".to_string(),
        "c=biws,r=abcdef,p=!AAAAAAAAAAAAAAAAAAAAAAAAAA=".to_string(),
    ] {
        assert_eq!(last(&message), Err(malformed()), "{message}");
    }
    assert_eq!(last(b"c=biws,r=abcdef,p=\xff"), Err(malformed()));
    let long = format!("c=biws,r=abcdef,x={},p={PROOF}", "x".repeat(4096));
    assert_eq!(last(long), Err(malformed()));
}

#[test]
fn rfc5802_5_1_the_header_is_said_twice_and_must_be_the_same() {
    let good = last(proved("c=biws,r=abcdef"));
    assert!(matches!(good, Ok(Seen::Success(Account::User(_), Some(_)))));
    // `y,,`, `n,a=x,`, nothing, and what belongs to a channel that nothing is bound to.
    for header in ["y,,", "n,a=x,", "", "n,,this channel", "n,", "p=tls-exporter,,"] {
        let message = proved(&format!("c={},r=abcdef", BASE64.encode(header)));
        assert_eq!(last(message), Err(not_authorized()), "{header}");
    }
}

#[test]
fn rfc5802_7_extensions_are_covered_by_the_proof_and_ignored() {
    let message = proved("c=biws,r=abcdef,x=1,Y=a=b");
    assert!(matches!(last(&message), Ok(Seen::Success(..))));
    assert_eq!(last(message.replace("x=1", "x=2")), Err(not_authorized()));

    let limits = quick();
    let mut server = with_nonce(Mechanism::ScramSha1, &sasl(&limits), "def");
    let said = super::challenge(&mut server, "n,,n=user,r=abc,x=1,Y=a=b", None);
    assert!(said.starts_with("r=abcdef,s="));
}

#[test]
fn a_proof_is_good_once() {
    let message = proved("c=biws,r=abcdef");
    assert!(last(&message).is_ok());
    let limits = quick();
    let mut server = with_nonce(Mechanism::ScramSha1, &sasl(&limits), "ghi");
    super::challenge(&mut server, format!("n,,{FIRST}"), Some(&super::pencil()));
    assert_eq!(respond(&mut server, message.as_bytes(), None).0, Err(malformed()));
    let replayed = message.replace("abcdef", "abcghi");
    let mut server = with_nonce(Mechanism::ScramSha1, &sasl(&limits), "ghi");
    super::challenge(&mut server, format!("n,,{FIRST}"), Some(&super::pencil()));
    assert_eq!(respond(&mut server, replayed.as_bytes(), None).0, Err(not_authorized()));
}

/// What may be done to an exchange.
#[derive(Clone, Debug)]
enum Call {
    Respond(Option<Vec<u8>>),
    Found(bool),
    Identity,
    Work,
}

fn call() -> impl Strategy<Value = Call> {
    let text = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[nyp](=[a-z-]{0,12})?,(a=[!-~]{0,9})?,n=[!-~]{0,9},r=[!-~]{0,9}(,[a-z]=[!-~]{0,5}){0,2}"
            .prop_map(String::into_bytes),
        "c=(biws|eSws|[A-Za-z0-9]{0,8}),r=[!-~]{0,9},p=[A-Za-z0-9]{0,30}=?"
            .prop_map(String::into_bytes),
        "([a-z@.]{0,9})?\0[ -~]{0,9}\0[ -~]{0,9}".prop_map(String::into_bytes),
        Just(b"n,,n=user,r=abc".to_vec()),
    ];
    prop_oneof![
        4 => prop::option::of(text).prop_map(Call::Respond),
        1 => any::<bool>().prop_map(Call::Found),
        1 => Just(Call::Identity),
        2 => Just(Call::Work),
    ]
}

proptest! {
    #[test]
    fn any_bytes_in_any_order_are_an_answer_or_a_fault(
        mechanism in prop::sample::select(&super::ALL[2..]),
        calls in prop::collection::vec(call(), 1..8),
    ) {
        let limits = quick();
        let mut server = with_nonce(mechanism, &bound(&limits), "def");
        let stored = crate::sasl::StoredCredentials::from_password(
            "a password that nobody guesses", b"salt", 2,
        ).expect("good");
        let mut over = false;
        for call in calls {
            let result = match call {
                Call::Respond(data) => server.handle_response(data.as_deref()),
                Call::Found(found) => server.handle_credentials(found.then(|| stored.clone())),
                Call::Identity => server.handle_identity(None),
                Call::Work => server.work(),
            };
            prop_assert!(!over || result.is_err());
            let succeeded = matches!(result, Ok(ServerProgress::Success { .. }));
            prop_assert!(!succeeded, "nobody knows the password");
            over |= result.is_err();
        }
    }
}
