//! Whole TLS handshakes in memory: what each way of trusting accepts, and how what it refuses is
//! reported.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use xmpp_proto::endpoint::{CertificateFault, CertificateReport, LostCause, TlsFault, TlsVersion};
use xmpp_runtime_common::{
    CaSource, TlsBuilder, TlsConfig, TlsConfigError, default_provider, entropy, lost_cause, rustls,
    server_name, spki_sha256, tls_fault, tls_info, tls_server_end_point,
};

macro_rules! cert {
    ($name:literal) => {
        include_bytes!(concat!("certs/", $name)).as_slice()
    };
}

const CA: &[u8] = cert!("ca.pem");
const OTHER_CA: &[u8] = cert!("other-ca.pem");
const LOCALHOST: (&[u8], &[u8]) = (cert!("localhost.pem"), cert!("localhost.key"));
const OTHER_NAME: (&[u8], &[u8]) = (cert!("other-name.pem"), cert!("other-name.key"));
const SELF_SIGNED: (&[u8], &[u8]) = (cert!("self-signed.pem"), cert!("self-signed.key"));

fn server((cert, key): (&[u8], &[u8])) -> ServerConfig {
    let cert = CertificateDer::from_pem_slice(cert).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    ServerConfig::builder_with_provider(default_provider().unwrap())
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap()
}

fn trusting(ca: &[u8]) -> TlsConfig {
    TlsBuilder::new().ca_pem(ca).unwrap().build().unwrap()
}

/// Both ends after the handshake, or what the adapter would report.
fn handshake(
    client: Arc<ClientConfig>,
    server: ServerConfig,
    domain: &str,
) -> Result<(ClientConnection, ServerConnection), LostCause> {
    let mut client = ClientConnection::new(client, server_name(domain)?).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        // The way errors reach an adapter: wrapped by the stream type.
        client.process_new_packets().map_err(|error| {
            lost_cause(&io::Error::new(io::ErrorKind::InvalidData, error), domain)
        })?;
    }
    Ok((client, server))
}

fn certificate_fault(config: &TlsConfig, chain: (&[u8], &[u8]), domain: &str) -> CertificateFault {
    match handshake(config.client_config(None), server(chain), domain) {
        Err(LostCause::Tls(TlsFault::Certificate { fault, .. })) => fault,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_certificate_of_the_named_ca_is_accepted_for_its_dns_name_and_its_addresses() {
    let tls = trusting(CA);
    for domain in ["localhost", "127.0.0.1", "::1", "[::1]"] {
        // RFC 6120 §13.7.2.
        let ends = handshake(tls.client_config(None), server(LOCALHOST), domain);
        assert!(ends.is_ok(), "{domain}: {:?}", ends.err());
    }
}

#[test]
fn the_version_is_reported_and_both_are_spoken() {
    let tls = trusting(CA);
    let (client, _) = handshake(tls.client_config(None), server(LOCALHOST), "localhost").unwrap();
    assert_eq!(tls_info(&client).version, Some(TlsVersion::V1_3));

    let cert = CertificateDer::from_pem_slice(LOCALHOST.0).unwrap();
    let key = PrivateKeyDer::from_pem_slice(LOCALHOST.1).unwrap();
    let old = ServerConfig::builder_with_provider(default_provider().unwrap())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    let (client, _) = handshake(tls.client_config(None), old, "localhost").unwrap();
    assert_eq!(tls_info(&client).version, Some(TlsVersion::V1_2));
}

#[test]
fn rfc9266_and_rfc5929_what_the_channel_can_be_bound_to() {
    let exported = |server: &ServerConnection| {
        server.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap()
    };
    let tls = trusting(CA);
    let connect = |server| handshake(tls.client_config(None), server, "localhost").unwrap();
    let (client, other_end) = connect(server(LOCALHOST));
    let info = tls_info(&client);
    assert_eq!(info.tls_exporter, Some(exported(&other_end)));
    let leaf = CertificateDer::from_pem_slice(LOCALHOST.0).unwrap();
    assert_eq!(info.tls_server_end_point, tls_server_end_point(&leaf));
    assert!(info.tls_server_end_point.is_some());

    // The one belongs to the connection, the other to the certificate.
    let again = tls_info(&connect(server(LOCALHOST)).0);
    assert_ne!(again.tls_exporter, info.tls_exporter);
    assert_eq!(again.tls_server_end_point, info.tls_server_end_point);

    // RFC 9266 §4.2: not below TLS 1.3.
    let old = tls_info(&connect(only_tls12(LOCALHOST)).0);
    assert_eq!(old.tls_exporter, None);
    assert_eq!(old.tls_server_end_point, info.tls_server_end_point);
}

#[test]
fn a_certificate_of_another_ca_is_untrusted() {
    let fault = certificate_fault(&trusting(OTHER_CA), LOCALHOST, "localhost");
    assert_eq!(fault, CertificateFault::Untrusted);
}

#[cfg(feature = "webpki-roots")]
#[test]
fn a_certificate_of_a_private_ca_is_untrusted_by_the_public_roots() {
    let tls = TlsBuilder::new().webpki_roots().build().unwrap();
    assert_eq!(certificate_fault(&tls, LOCALHOST, "localhost"), CertificateFault::Untrusted);
}

#[test]
fn sources_of_trust_add_up() {
    let tls = TlsBuilder::new().ca_pem(OTHER_CA).unwrap().ca_pem(CA).unwrap().build().unwrap();
    assert!(handshake(tls.client_config(None), server(LOCALHOST), "localhost").is_ok());
}

#[test]
fn rfc6120_13_7_2_a_certificate_for_other_names_tells_needed_and_presented_names() {
    let fault = certificate_fault(&trusting(CA), OTHER_NAME, "localhost");
    let presented = ["other.example", "*.wild.example", "192.0.2.1"].map(str::to_owned).to_vec();
    assert_eq!(fault, CertificateFault::WrongName { expected: "localhost".into(), presented });
}

#[test]
fn a_wildcard_covers_one_label() {
    let tls = trusting(CA);
    let config = || tls.client_config(None);
    assert!(handshake(config(), server(OTHER_NAME), "a.wild.example").is_ok());
    for domain in ["wild.example", "a.b.wild.example"] {
        let fault = certificate_fault(&tls, OTHER_NAME, domain);
        assert!(matches!(fault, CertificateFault::WrongName { .. }), "{domain}: {fault:?}");
    }
}

#[test]
fn a_ca_certificate_presented_as_the_servers_own_is_called_self_signed() {
    for ca in [CA, SELF_SIGNED.0] {
        let fault = certificate_fault(&trusting(ca), SELF_SIGNED, "localhost");
        assert_eq!(fault, CertificateFault::SelfSigned);
    }
}

#[derive(Debug)]
struct At(u64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

#[test]
fn the_time_of_validity_is_checked() {
    const YEAR: u64 = 365 * 24 * 3600;
    for (now, expected) in
        [(10 * YEAR, CertificateFault::NotYetValid), (200 * YEAR, CertificateFault::Expired)]
    {
        let mut config = ClientConfig::clone(&trusting(CA).client_config(None));
        config.time_provider = Arc::new(At(now));
        let fault = certificate_fault(&TlsConfig::from_rustls(config), LOCALHOST, "localhost");
        assert_eq!(fault, expected);
    }
}

#[test]
fn alpn_is_offered_per_connection_and_each_variant_is_built_once() {
    let tls = trusting(CA);
    let mut peer = server(LOCALHOST);
    peer.alpn_protocols = vec![b"xmpp-client".to_vec()];
    let direct = tls.client_config(Some(b"xmpp-client"));
    let (client, _) = handshake(Arc::clone(&direct), peer.clone(), "localhost").unwrap();
    assert_eq!(client.alpn_protocol(), Some(b"xmpp-client".as_slice()));
    let (client, _) = handshake(tls.client_config(None), peer, "localhost").unwrap();
    assert_eq!(client.alpn_protocol(), None);

    assert!(Arc::ptr_eq(&direct, &tls.clone().client_config(Some(b"xmpp-client"))));
    assert!(Arc::ptr_eq(&tls.client_config(None), &tls.client_config(None)));
}

#[test]
fn plain_text_where_tls_was_due_is_said_in_plain_words() {
    let config = trusting(CA).client_config(None);
    let mut client = ClientConnection::new(config, server_name("localhost").unwrap()).unwrap();
    client.read_tls(&mut b"<?xml version='1.0'?><stream:stream".as_slice()).unwrap();
    let error = client.process_new_packets().unwrap_err();
    let cause = lost_cause(&io::Error::new(io::ErrorKind::InvalidData, error), "localhost");
    let text = "what the server sent is not TLS".to_owned();
    assert_eq!(cause, LostCause::Tls(TlsFault::Handshake(text)));
}

#[test]
fn a_server_that_does_not_know_the_domain_is_said_to_have_no_certificate_for_it() {
    let alert = rustls::AlertDescription::UnrecognisedName;
    let fault = tls_fault(&rustls::Error::AlertReceived(alert), "elsewhere.example");
    let text = "the server has no certificate for elsewhere.example".to_owned();
    assert_eq!(fault, TlsFault::Handshake(text));
}

#[test]
fn a_domain_that_no_certificate_can_carry_is_refused_by_name() {
    for domain in ["", "b\u{fc}cher.example", "a b"] {
        let Err(LostCause::Tls(TlsFault::Handshake(text))) = server_name(domain) else {
            panic!("{domain} was accepted")
        };
        assert!(text.contains(&format!("\"{domain}\"")), "{text}");
    }
}

#[test]
fn an_own_verifier_decides_alone() {
    #[derive(Debug)]
    struct Nobody;

    impl rustls::client::danger::ServerCertVerifier for Nobody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            name: &rustls::pki_types::ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
            assert_eq!(name.to_str(), "localhost");
            Err(rustls::CertificateError::Revoked.into())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            unreachable!("the certificate was refused")
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            unreachable!("the certificate was refused")
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            default_provider().unwrap().signature_verification_algorithms.supported_schemes()
        }
    }

    let tls = TlsBuilder::new().ca_pem(CA).unwrap().verifier(Arc::new(Nobody)).build().unwrap();
    assert_eq!(certificate_fault(&tls, LOCALHOST, "localhost"), CertificateFault::Revoked);
}

#[test]
fn faulty_ca_files_are_named() {
    let missing = TlsBuilder::new().ca_file("/nonexistent/ca.pem").unwrap_err();
    assert!(matches!(missing, TlsConfigError::ReadFile { .. }));
    assert!(missing.to_string().contains("/nonexistent/ca.pem"), "{missing}");

    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certs/localhost.key");
    let no_certificate = TlsBuilder::new().ca_file(key).unwrap_err();
    assert!(no_certificate.to_string().contains("localhost.key"), "{no_certificate}");

    assert!(matches!(
        TlsBuilder::new().ca_pem("no PEM at all").unwrap_err(),
        TlsConfigError::NoCertificates(CaSource::Bytes)
    ));
    let cut = &CA[..CA.len() - 30];
    assert!(matches!(TlsBuilder::new().ca_pem(cut).unwrap_err(), TlsConfigError::Pem { .. }));

    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let refused = TlsBuilder::new().ca_pem(CA).unwrap().ca_pem(nonsense).unwrap().build();
    assert!(matches!(refused.unwrap_err(), TlsConfigError::BadCertificate { number: 1, .. }));
}

#[test]
fn io_errors_become_causes() {
    use io::ErrorKind as Kind;
    let cause = |kind: Kind| lost_cause(&io::Error::from(kind), "localhost");
    assert_eq!(cause(Kind::ConnectionRefused), LostCause::Refused);
    assert_eq!(cause(Kind::ConnectionReset), LostCause::Reset);
    assert_eq!(cause(Kind::BrokenPipe), LostCause::Reset);
    assert_eq!(cause(Kind::UnexpectedEof), LostCause::Eof);
    assert!(matches!(cause(Kind::HostUnreachable), LostCause::Unreachable(_)));
    assert!(matches!(cause(Kind::TimedOut), LostCause::Unreachable(_)));
    assert!(matches!(cause(Kind::PermissionDenied), LostCause::Io(_)));
}

#[test]
fn entropy_is_fresh() {
    let provider = default_provider().unwrap();
    assert_ne!(entropy(&provider).unwrap(), entropy(&provider).unwrap());
}

/// What the adapter would report of a refused certificate.
fn report(config: &TlsConfig, chain: (&[u8], &[u8])) -> (CertificateFault, CertificateReport) {
    match handshake(config.client_config(None), server(chain), "localhost") {
        Err(LostCause::Tls(TlsFault::Certificate { fault, report: Some(report) })) => {
            (fault, *report)
        }
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

fn accepts(config: &TlsConfig, server: ServerConfig) -> bool {
    handshake(config.client_config(None), server, "localhost").is_ok()
}

fn only_tls12((cert, key): (&[u8], &[u8])) -> ServerConfig {
    let cert = CertificateDer::from_pem_slice(cert).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    ServerConfig::builder_with_provider(default_provider().unwrap())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap()
}

#[test]
fn every_refusal_tells_what_was_refused() {
    let other_name = CertificateDer::from_pem_slice(OTHER_NAME.0).unwrap();
    for (tls, expected) in [
        (trusting(OTHER_CA), "Untrusted"),
        (trusting(CA), "WrongName"),
        (TlsBuilder::new().pin_spki([0; 32]).build().unwrap(), "NotPinned"),
    ] {
        let (fault, report) = report(&tls, OTHER_NAME);
        assert!(format!("{fault:?}").starts_with(expected), "{fault:?}");
        assert_eq!(report.chain, [other_name.to_vec()]);
        assert_eq!(report.names, ["other.example", "*.wild.example", "192.0.2.1"]);
        assert_eq!(report.spki_sha256, spki_sha256(&other_name));
        assert!(report.spki_sha256.is_some());
    }
}

#[test]
fn what_was_refused_can_be_pinned_and_is_accepted_then() {
    // Of an unknown authority, for another name, its own authority.
    for chain in [LOCALHOST, OTHER_NAME, SELF_SIGNED] {
        let (_, report) = report(&trusting(OTHER_CA), chain);
        let key = TlsBuilder::new().pin_spki(report.spki_sha256.unwrap()).build().unwrap();
        let cert = TlsBuilder::new().pin_certificate(report.chain[0].clone()).build().unwrap();
        for tls in [key, cert] {
            assert!(accepts(&tls, server(chain)));
            assert!(accepts(&tls, only_tls12(chain)));
        }
    }
}

#[test]
fn rfc6125_6_6_2_a_pin_outlives_the_validity_of_its_certificate() {
    let pin = report(&trusting(OTHER_CA), LOCALHOST).1.spki_sha256.unwrap();
    let tls = TlsBuilder::new().pin_spki(pin).build().unwrap();
    let mut config = ClientConfig::clone(&tls.client_config(None));
    config.time_provider = Arc::new(At(200 * 365 * 24 * 3600));
    assert!(accepts(&TlsConfig::from_rustls(config), server(LOCALHOST)));
}

#[test]
fn pins_alone_refuse_everything_else() {
    let pin = report(&trusting(OTHER_CA), SELF_SIGNED).1;
    for tls in [
        TlsBuilder::new().pin_spki(pin.spki_sha256.unwrap()),
        TlsBuilder::new().pin_certificate(pin.chain[0].clone()),
    ] {
        let tls = tls.build().unwrap();
        // Good for everybody who trusts its authority.
        assert_eq!(report(&tls, LOCALHOST).0, CertificateFault::NotPinned);
    }
}

#[test]
fn pins_and_authorities_add_up() {
    let pin = report(&trusting(CA), SELF_SIGNED).1.spki_sha256.unwrap();
    let builder = TlsBuilder::new().pin_spki([0; 32]).pin_spki(pin).ca_pem(CA).unwrap();
    let tls = builder.build().unwrap();
    assert!(accepts(&tls, server(SELF_SIGNED)));
    assert!(accepts(&tls, server(LOCALHOST)));
    // What is neither is refused for the authorities' reasons.
    assert!(matches!(report(&tls, OTHER_NAME).0, CertificateFault::WrongName { .. }));
}

/// Accepts every certificate and every signature, as careless verifiers do.
#[derive(Debug)]
struct Everybody;

impl rustls::client::danger::ServerCertVerifier for Everybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        default_provider().unwrap().signature_verification_algorithms.supported_schemes()
    }
}

/// A server that shows a certificate without having its key.
fn impostor(
    cert: &[u8],
    key: &[u8],
    version: &'static rustls::SupportedProtocolVersion,
) -> ServerConfig {
    let provider = default_provider().unwrap();
    let cert = CertificateDer::from_pem_slice(cert).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certified = rustls::sign::CertifiedKey::new(vec![cert], key);
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
}

#[test]
fn a_pinned_certificate_without_its_key_is_refused() {
    let pin = report(&trusting(OTHER_CA), LOCALHOST).1;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for careless in [false, true] {
            for builder in [
                TlsBuilder::new().pin_spki(pin.spki_sha256.unwrap()),
                TlsBuilder::new().pin_certificate(pin.chain[0].clone()),
            ] {
                let builder =
                    if careless { builder.verifier(Arc::new(Everybody)) } else { builder };
                let tls = builder.build().unwrap();
                let impostor = impostor(LOCALHOST.0, OTHER_NAME.1, version);
                match handshake(tls.client_config(None), impostor, "localhost") {
                    Err(LostCause::Tls(TlsFault::Certificate {
                        fault: CertificateFault::Other(why),
                        report: None,
                    })) => {
                        assert!(why.to_lowercase().contains("signature"), "{why}");
                    }
                    other => panic!("{:?}", other.err()),
                }
            }
        }
        // The careless verifier decides alone where nothing is pinned.
        let tls = TlsBuilder::new().verifier(Arc::new(Everybody)).build().unwrap();
        assert!(accepts(&tls, impostor(LOCALHOST.0, OTHER_NAME.1, version)));
    }
}

#[test]
fn xep0178_a_client_certificate_is_shown_to_a_server_that_asks() {
    let (cert, key) = OTHER_NAME;
    let both = [key, cert].concat();
    for builder in [
        TlsBuilder::new().client_cert_pem(cert, key).unwrap(),
        TlsBuilder::new().client_cert_pem(&both, &both).unwrap(),
    ] {
        let tls = builder.ca_pem(CA).unwrap().build().unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(CA).unwrap()).unwrap();
        let provider = default_provider().unwrap();
        let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&provider),
        );
        let asking = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(LOCALHOST.0).unwrap()],
                PrivateKeyDer::from_pem_slice(LOCALHOST.1).unwrap(),
            )
            .unwrap();
        // RFC 6120 §13.8: TLS with EXTERNAL.
        let (_, server) = handshake(tls.client_config(None), asking, "localhost").unwrap();
        let shown = server.peer_certificates().unwrap();
        assert_eq!(shown, [CertificateDer::from_pem_slice(cert).unwrap()]);
    }
}

#[test]
fn faulty_client_certificates_are_told_apart_and_their_key_is_not_shown() {
    let fault = |chain: &[u8], key: &[u8]| {
        let builder = TlsBuilder::new().client_cert_pem(chain, key)?;
        assert!(format!("{builder:?}").contains("elided"), "{builder:?}");
        builder.ca_pem(CA)?.build()
    };
    let (cert, key) = LOCALHOST;
    assert!(fault(cert, key).is_ok());
    for (chain, key, says) in [
        (key, key, "no PEM certificate"),
        (cert, cert, "no PEM private key"),
        (&cert[..cert.len() - 30], key, "certificate is not valid PEM"),
        (cert, OTHER_NAME.1, "key"),
    ] {
        match fault(chain, key) {
            Err(TlsConfigError::ClientCertificate(text)) => assert!(text.contains(says), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let missing = TlsBuilder::new().client_cert_file("/nonexistent/me.pem").unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/me.pem"), "{missing}");
}
