//! What a server, or somebody in its place, may try. Each is refused with its own error, before
//! any costly work, and ends the exchange.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use super::{answer, assert_over, begin};
use crate::sasl::{
    Exchange, Mechanism, MessageFault, Progress, SaslError, ScramLimits, ScramServerError,
};

const GOOD: &str = "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096";

/// An exchange that waits for the server's first message; the nonce is `abc`.
fn waiting() -> Exchange {
    let mut exchange = begin(Mechanism::ScramSha1, "pencil", &ScramLimits::default(), "abc");
    exchange.initial_response().expect("the client begins");
    exchange
}

/// An exchange that has sent its proof.
fn proved() -> Exchange {
    let mut exchange = waiting();
    answer(&mut exchange, GOOD).expect("an honest first message");
    exchange
}

/// What the client makes of the server's first message. Whatever is refused is refused at once,
/// not after key derivation.
fn first(message: impl AsRef<[u8]>) -> SaslError {
    let mut exchange = waiting();
    let error = exchange.handle_challenge(message.as_ref()).expect_err("must be refused");
    assert_over(&mut exchange);
    error
}

/// What the client makes of the server's last message, which must not depend on where it comes.
fn last(message: impl AsRef<[u8]>) -> SaslError {
    let mut exchange = proved();
    let error = exchange.handle_success(Some(message.as_ref())).expect_err("must be refused");
    assert_over(&mut exchange);

    let mut exchange = proved();
    let in_challenge = exchange.handle_challenge(message.as_ref());
    assert_eq!(in_challenge.expect_err("must be refused"), error);
    assert_over(&mut exchange);
    error
}

fn bad(what: MessageFault) -> SaslError {
    SaslError::BadMessage { what }
}

fn missing(attribute: char) -> SaslError {
    bad(MessageFault::Expected { attribute })
}

fn misplaced(attribute: char) -> SaslError {
    bad(MessageFault::Misplaced { attribute })
}

#[test]
fn the_good_message_is_good() {
    assert!(matches!(waiting().handle_challenge(GOOD.as_bytes()), Ok(Progress::Work)));
}

#[test]
fn a_nonce_that_is_not_ours_extended() {
    for nonce in ["abc", "ab", "", "xyzabc", "xyzabcdef", "ABCdef", "bcd"] {
        let message = format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096");
        assert_eq!(first(message), SaslError::NonceNotExtended, "{nonce}");
    }
}

#[test]
fn a_nonce_that_is_not_printable() {
    for nonce in ["abc def", "abc\t", "abc\x7f", "abc\u{e9}"] {
        let message = format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096");
        assert_eq!(first(message), bad(MessageFault::BadNonce), "{nonce}");
    }
    assert_eq!(first("r=abc\0,s=QSXCR+Q6sek8bf92,i=4096"), bad(MessageFault::Syntax));
}

#[test]
fn a_nonce_that_is_too_long() {
    let message = format!("r=abc{},s=QSXCR+Q6sek8bf92,i=4096", "x".repeat(510));
    assert_eq!(first(message), bad(MessageFault::NonceTooLong { max: 512 }));
}

#[test]
fn a_mandatory_extension_wherever_it_stands() {
    for message in [
        "m=ext,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abcdef,m=ext,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abcdef,s=QSXCR+Q6sek8bf92,m=ext,i=4096",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,m=ext",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,x=1,m=",
    ] {
        assert_eq!(first(message), SaslError::MandatoryExtension, "{message}");
    }
    for message in ["m=ext,v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,m=ext"]
    {
        assert_eq!(last(message), SaslError::MandatoryExtension, "{message}");
    }
}

#[test]
fn attributes_missing_or_in_another_order() {
    assert_eq!(first("s=QSXCR+Q6sek8bf92,i=4096"), missing('r'));
    assert_eq!(first("s=QSXCR+Q6sek8bf92,r=abcdef,i=4096"), missing('r'));
    assert_eq!(first("x=1,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096"), missing('r'));
    assert_eq!(first("R=abcdef,s=QSXCR+Q6sek8bf92,i=4096"), missing('r'));
    assert_eq!(first("r=abcdef"), missing('s'));
    assert_eq!(first("r=abcdef,i=4096"), missing('s'));
    assert_eq!(first("r=abcdef,i=4096,s=QSXCR+Q6sek8bf92"), missing('s'));
    assert_eq!(first("r=abcdef,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096"), missing('s'));
    assert_eq!(first("r=abcdef,s=QSXCR+Q6sek8bf92"), missing('i'));
    assert_eq!(first("r=abcdef,s=QSXCR+Q6sek8bf92,x=1,i=4096"), missing('i'));
}

#[test]
fn attributes_repeated_or_of_another_message() {
    for attribute in "aceinprsv".chars() {
        assert_eq!(first(format!("{GOOD},{attribute}=4096")), misplaced(attribute));
        assert_eq!(first(format!("{GOOD},x=1,{attribute}=4096")), misplaced(attribute));
        let message = format!("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,{attribute}=1");
        assert_eq!(last(message), misplaced(attribute));
    }
}

#[test]
fn what_is_no_list_of_attributes() {
    for message in [
        "",
        "=",
        ",",
        "r",
        "=abc",
        "rr=abcdef",
        "1=abc",
        "\u{e9}=abc",
        "<r>",
        "hello, world",
        "r=abcdef,",
        "r=abcdef,,s=QSXCR+Q6sek8bf92,i=4096",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,x",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,x=",
        "r=abcdef,s=QSXCR+Q6sek8bf92,i=4096,x=\0",
    ] {
        assert_eq!(first(message), bad(MessageFault::Syntax), "{message:?}");
    }
    assert_eq!(first(b"r=abc\xff,s=QSXCR+Q6sek8bf92,i=4096"), bad(MessageFault::NotUtf8));
    assert_eq!(last(b"v=\xff"), bad(MessageFault::NotUtf8));
    assert_eq!(last("v"), bad(MessageFault::Syntax));
    assert_eq!(last("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,"), bad(MessageFault::Syntax));
}

#[test]
fn a_message_that_is_too_long() {
    let fault = bad(MessageFault::TooLong { max: 4096 });
    let padding =
        |to: usize, message: &str| format!("{message},x={}", "y".repeat(to - message.len() - 3));
    assert_eq!(first(padding(4097, GOOD)), fault);
    assert_eq!(first(vec![0xff; 1 << 20]), fault);
    assert_eq!(last(padding(4097, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")), fault);

    // The longest one there is does not make ours longer.
    let mut exchange = waiting();
    let response = answer(&mut exchange, &padding(4096, GOOD)).expect("just short enough");
    assert_eq!(response.len(), "c=biws,r=abcdef,p=".len() + 28);
}

#[test]
fn a_salt_that_is_none() {
    for salt in ["", "=", "====", "QSXCR+Q6sek8bf9", "QSXCR+Q6sek8bf92=", "Q", "QR==", "QQ", "Q-_8"]
    {
        let message = format!("r=abcdef,s={salt},i=4096");
        assert_eq!(first(message), bad(MessageFault::BadSalt), "{salt}");
    }
}

#[test]
fn a_salt_that_is_too_long() {
    let fault = bad(MessageFault::SaltTooLong { max: 512 });
    for (bytes, base64) in
        [(513, "QUFB".repeat(171)), (514, "QUFB".repeat(171) + "QQ=="), (900, "QUFB".repeat(300))]
    {
        assert_eq!(first(format!("r=abcdef,s={base64},i=4096")), fault, "{bytes} bytes");
    }
    let longest = "QUFB".repeat(170) + "QUE=";
    let message = format!("r=abcdef,s={longest},i=4096");
    assert!(waiting().handle_challenge(message.as_bytes()).is_ok(), "512 bytes");
}

#[test]
fn an_iteration_count_that_is_none() {
    for count in [
        "", "0", "00", "04096", "+4096", "-4096", " 4096", "4096 ", "4e3", "0x1000", "4096.0",
        "\u{661}",
    ] {
        let message = format!("r=abcdef,s=QSXCR+Q6sek8bf92,i={count}");
        assert_eq!(first(message), bad(MessageFault::BadIterations), "{count:?}");
    }
}

#[test]
fn too_few_iterations() {
    for got in [1, 2, 999, 4095] {
        let message = format!("r=abcdef,s=QSXCR+Q6sek8bf92,i={got}");
        assert_eq!(first(message), SaslError::IterationsTooLow { got, min: 4096 });
    }
}

#[test]
fn too_many_iterations() {
    for (count, got) in [
        ("2000001", 2_000_001),
        ("4294967295", 4_294_967_295),
        ("4294967296", 4_294_967_296),
        ("4294971392", 4_294_971_392), // 2^32 + 4096
        ("18446744073709551615", u64::MAX),
        ("18446744073709555712", u64::MAX), // 2^64 + 4096
        ("99999999999999999999999999999999999999999999999", u64::MAX),
    ] {
        let message = format!("r=abcdef,s=QSXCR+Q6sek8bf92,i={count}");
        assert_eq!(first(message), SaslError::IterationsTooHigh { got, max: 2_000_000 });
    }
    let limits = ScramLimits { max_iterations: u32::MAX, ..ScramLimits::default() };
    let mut exchange = begin(Mechanism::ScramSha256, "pencil", &limits, "abc");
    exchange.initial_response().expect("the client begins");
    let error = exchange.handle_challenge(b"r=abcd,s=QUFB,i=4294967296").expect_err("too high");
    assert_eq!(error, SaslError::IterationsTooHigh { got: 1 << 32, max: u32::MAX });
}

#[test]
fn errors_of_the_server_in_either_message() {
    for (value, error) in [
        ("invalid-encoding", ScramServerError::InvalidEncoding),
        ("extensions-not-supported", ScramServerError::ExtensionsNotSupported),
        ("invalid-proof", ScramServerError::InvalidProof),
        ("channel-bindings-dont-match", ScramServerError::ChannelBindingsDontMatch),
        ("server-does-support-channel-binding", ScramServerError::ServerDoesSupportChannelBinding),
        ("channel-binding-not-supported", ScramServerError::ChannelBindingNotSupported),
        ("unsupported-channel-binding-type", ScramServerError::UnsupportedChannelBindingType),
        ("unknown-user", ScramServerError::UnknownUser),
        ("invalid-username-encoding", ScramServerError::InvalidUsernameEncoding),
        ("no-resources", ScramServerError::NoResources),
        ("other-error", ScramServerError::OtherError),
        ("made-up", ScramServerError::Other(String::from("made-up"))),
    ] {
        assert_eq!(error.value(), value);
        let error = SaslError::ServerError(error);
        assert_eq!(first(format!("e={value}")), error);
        assert_eq!(last(format!("e={value}")), error);
        assert_eq!(last(format!("e={value},x=1")), error);
    }
}

#[test]
fn an_error_text_made_to_flood_or_forge_a_log() {
    let SaslError::ServerError(ScramServerError::Other(text)) =
        last(format!("e=\r\nfake{}", "\u{e9}".repeat(500)))
    else {
        panic!("an error that is not listed");
    };
    assert!(text.starts_with("\u{fffd}\u{fffd}fake\u{e9}"));
    assert_eq!(text.len(), 128);
}

#[test]
fn a_signature_that_is_wrong() {
    for signature in [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        // Of the wrong length: none, one byte, a SHA-256.
        "",
        "AA==",
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ] {
        assert_eq!(last(format!("v={signature}")), SaslError::WrongSignature, "{signature}");
    }
    for signature in ["rmF9pqV8S7suAoZWja4dJRkFsKQ", "=", "!", "rmF9pqV8S7suAoZWja4dJRkFsKR="] {
        assert_eq!(last(format!("v={signature}")), bad(MessageFault::BadSignature), "{signature}");
    }
}

#[test]
fn every_byte_of_the_signature_counts() {
    const RIGHT: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
    let limits = ScramLimits::default();
    let signature: [u8; 20] = *b"\xae\x61\x7d\xa6\xa5\x7c\x4b\xbb\x2e\x02\x86\x56\x8d\xae\x1d\
                                 \x25\x19\x05\xb0\xa4";
    for byte in 0..=signature.len() {
        let mut shown = signature;
        if let Some(byte) = shown.get_mut(byte) {
            *byte ^= 1 << (*byte % 8);
        }
        let mut exchange =
            begin(Mechanism::ScramSha1, "pencil", &limits, "fyko+d2lbbFgONRv9qkxdawL");
        exchange.initial_response().expect("the client begins");
        answer(&mut exchange, RIGHT).expect("an honest first message");
        let result = exchange.handle_success(Some(super::counterpart::verifier(&shown).as_bytes()));
        let expected = if shown == signature { Ok(()) } else { Err(SaslError::WrongSignature) };
        assert_eq!(result, expected);
    }
}

#[test]
fn success_without_signature() {
    for data in [None, Some(&b""[..])] {
        let mut exchange = proved();
        assert_eq!(exchange.handle_success(data), Err(SaslError::NoSignature));
        assert_over(&mut exchange);
    }
    assert_eq!(last("x=1"), missing('v'));
    assert_eq!(last("r=abcdef"), missing('v'));
}

#[test]
fn success_before_anything_is_proved() {
    let mut nothing_sent = begin(Mechanism::ScramSha1, "pencil", &ScramLimits::default(), "abc");
    let mut first_sent = waiting();
    let mut deriving = waiting();
    deriving.handle_challenge(GOOD.as_bytes()).expect("an honest first message");
    let mut half_done = waiting();
    half_done.handle_challenge(GOOD.as_bytes()).expect("an honest first message");
    half_done.work().expect("the first slice of five");
    for exchange in [&mut nothing_sent, &mut first_sent, &mut deriving, &mut half_done] {
        let result = exchange.handle_success(Some(b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        assert_eq!(result, Err(SaslError::UnexpectedSuccess));
        assert_over(exchange);
    }
    assert_eq!(waiting().handle_success(None), Err(SaslError::UnexpectedSuccess));
}

#[test]
fn a_challenge_before_our_message_or_while_the_key_is_derived() {
    let mut nothing_sent = begin(Mechanism::ScramSha1, "pencil", &ScramLimits::default(), "abc");
    let mut deriving = waiting();
    deriving.handle_challenge(GOOD.as_bytes()).expect("an honest first message");
    for exchange in [&mut nothing_sent, &mut deriving] {
        let error = exchange.handle_challenge(GOOD.as_bytes()).expect_err("not now");
        assert_eq!(error, SaslError::UnexpectedChallenge);
        assert_over(exchange);
    }
}

#[test]
fn the_first_message_again_instead_of_the_last() {
    assert_eq!(last(GOOD), missing('v'));
}

#[test]
fn work_that_nobody_asked_for() {
    for mut exchange in [waiting(), proved()] {
        assert_eq!(exchange.work().unwrap_err(), SaslError::OutOfTurn);
        assert_over(&mut exchange);
    }
}
