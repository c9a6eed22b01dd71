use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{
    certificate_report, days, distinguished_name, spki_sha256, time, xmpp_addr, xmpp_addrs,
};
use crate::der::Der;

fn certificate(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).unwrap()
}

fn localhost() -> CertificateDer<'static> {
    certificate(include_bytes!("../../tests/certs/localhost.pem"))
}

// Expected values in this file come from `openssl x509`, `openssl pkey` and `date`.

#[test]
fn a_report_tells_what_openssl_tells() {
    let ca = certificate(include_bytes!("../../tests/certs/ca.pem"));
    let report = certificate_report(&localhost(), core::slice::from_ref(&ca));
    assert_eq!(report.chain, [localhost().to_vec(), ca.to_vec()]);
    assert_eq!(report.names, ["localhost", "127.0.0.1", "::1"]);
    assert_eq!((report.subject.as_str(), report.issuer.as_str()), ("CN=localhost", "CN=Test CA"));
    assert_eq!((report.not_before, report.not_after), (Some(1_795_255_826), Some(4_948_855_826)));
    let hash = "aac6d51bcabf2874fde30ec7b38e94428d41e5d98914fd97413c247dc872f20f";
    assert_eq!(report.spki_sha256_hex().as_deref(), Some(hash));
    assert_eq!(report.spki_sha256, spki_sha256(&localhost()));
}

#[test]
fn a_certificate_cut_or_changed_anywhere_is_read_as_far_as_it_goes() {
    let whole = localhost();
    for length in 0..whole.len() {
        let cut = CertificateDer::from(whole[..length].to_vec());
        let report = certificate_report(&cut, &[]);
        assert_eq!(report.spki_sha256, None, "the outermost length is wrong at {length}");
        assert_eq!(report.chain, [cut.to_vec()]);
    }
    for index in 0..whole.len() {
        for byte in [0, 0x7f, 0x80, 0x83, 0xff] {
            let mut changed = whole.to_vec();
            changed[index] = byte;
            // Any answer is right; a panic is not.
            let report = certificate_report(&CertificateDer::from(changed), &[]);
            assert!(report.names.len() <= 64);
        }
    }
}

#[test]
fn a_chain_is_passed_on_up_to_a_limit() {
    let chain = vec![localhost(); 50];
    assert_eq!(certificate_report(&localhost(), &chain).chain.len(), 16);
}

#[test]
fn rfc5280_4_1_2_5_times() {
    let read = |tag: u8, text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        let bytes = [&[tag, length], text.as_bytes()].concat();
        time(Der::new(&bytes).value().unwrap())
    };
    for (tag, text, expected) in [
        (0x17, "700101000000Z", Some(0)),
        (0x17, "491231235959Z", Some(2_524_607_999)),
        (0x17, "500101000000Z", Some(-631_152_000)),
        (0x18, "20500101000000Z", Some(2_524_608_000)),
        (0x18, "20240229120000Z", Some(1_709_208_000)),
        // RFC 5280 §4.1.2.5: no well-defined expiration date.
        (0x18, "99991231235959Z", Some(253_402_300_799)),
        (0x17, "700101000000", None),
        (0x17, "70010100000Z", None),
        (0x17, "701301000000Z", None),
        (0x17, "700100000000Z", None),
        (0x17, "70010124000:Z", None),
        (0x18, "20500101000000+0100", None),
        (0x04, "700101000000Z", None),
    ] {
        assert_eq!(read(tag, text), expected, "{text}");
    }
}

#[test]
fn days_follow_the_gregorian_calendar() {
    let mut expected = days(1600, 1, 1);
    for year in 1600..2400 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(lengths) {
            for day in 1..=length {
                assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
                expected += 1;
            }
        }
    }
    assert_eq!(days(1970, 1, 1), 0);
}

#[test]
fn names_cannot_play_with_the_terminal() {
    // SET { SEQUENCE { OID 2.5.4.3, UTF8String "a", ESC, "b" } }, twice; and an unknown part.
    let part: &[u8] = b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03a\x1bb";
    let unknown: &[u8] = b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x2a\x0c\x03abc";
    let name = [part, unknown, part].concat();
    assert_eq!(distinguished_name(Der::new(&name)), "CN=a\u{fffd}b, CN=a\u{fffd}b");
}

#[test]
fn rfc6120_13_7_1_4_the_addresses_of_a_client_certificate() {
    let client = certificate(include_bytes!("../../tests/certs/client.pem"));
    assert_eq!(xmpp_addrs(&client), ["alice@localhost", "bob@example.org"]);
    // Other names are none, not even those that look like one.
    assert_eq!(certificate_report(&client, &[]).names, ["localhost"]);
    assert!(xmpp_addrs(&localhost()).is_empty());
    for length in 0..client.len() {
        assert!(xmpp_addrs(&client[..length]).is_empty());
    }
    for index in 0..client.len() {
        for byte in [0, 0x7f, 0x80, 0x83, 0xff] {
            let mut changed = client.to_vec();
            changed[index] = byte;
            // Any answer is right; a panic is not.
            assert!(xmpp_addrs(&changed).len() <= 64);
        }
    }
}

#[test]
fn an_address_is_text_of_the_right_type_and_length() {
    const XMPP_ADDR: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 8, 5];
    let wrap = |tag: u8, inside: &[u8]| {
        let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], inside].concat()
    };
    let name = |id: &[u8], tag: u8, text: &[u8]| {
        let whole = wrap(0xa0, &[wrap(6, id), wrap(0xa0, &wrap(tag, text))].concat());
        xmpp_addr(Der::new(&whole).value().unwrap())
    };
    assert_eq!(name(XMPP_ADDR, 0x0c, "ä@b".as_bytes()).as_deref(), Some("ä@b"));
    assert_eq!(name(XMPP_ADDR, 0x16, b"a@b"), None, "an IA5String");
    assert_eq!(name(XMPP_ADDR, 0x0c, b"a@\xff"), None);
    assert_eq!(name(&[0x2b, 6, 1, 5, 5, 7, 8, 7], 0x0c, b"a@b"), None, "an SRVName");
    assert!(name(XMPP_ADDR, 0x0c, &[b'a'; 2047]).is_some());
    assert_eq!(name(XMPP_ADDR, 0x0c, &[b'a'; 2048]), None);
}
