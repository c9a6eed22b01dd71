//! The server's end of TLS handshakes in memory: which certificate is shown, what is asked of
//! clients, and what the machine is told.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use xmpp_proto::endpoint::{LostCause, TlsFault, TlsVersion};
use xmpp_runtime_common::{
    ServerTlsBuilder, ServerTlsConfig, TlsBuilder, TlsConfig, TlsConfigError, client_lost_cause,
    default_provider, rustls, server_name, server_tls_info, tls_info,
};

macro_rules! cert {
    ($name:literal) => {
        include_bytes!(concat!("certs/", $name)).as_slice()
    };
}

const CA: &[u8] = cert!("ca.pem");
const CLIENT_CA: &[u8] = cert!("client-ca.pem");
const LOCALHOST: (&[u8], &[u8]) = (cert!("localhost.pem"), cert!("localhost.key"));
const OTHER_NAME: (&[u8], &[u8]) = (cert!("other-name.pem"), cert!("other-name.key"));
const CLIENT: (&[u8], &[u8]) = (cert!("client.pem"), cert!("client.key"));
const BOTH: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

fn der(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).unwrap()
}

fn localhost() -> ServerTlsBuilder {
    ServerTlsConfig::builder().certificate_pem("localhost", LOCALHOST.0, LOCALHOST.1).unwrap()
}

fn client() -> TlsBuilder {
    TlsBuilder::new().ca_pem(CA).unwrap()
}

fn showing((cert, key): (&[u8], &[u8])) -> TlsConfig {
    client().client_cert_pem(cert, key).unwrap().build().unwrap()
}

/// Both ends after the handshake, or the server's fault.
fn handshake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    domain: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut client = ClientConnection::new(client, server_name(domain).unwrap()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    // What follows the handshake proper (session tickets) is exchanged, too.
    for _ in 0..6 {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

fn shown(client: &ClientConnection) -> CertificateDer<'static> {
    client.peer_certificates().unwrap()[0].clone()
}

#[test]
fn the_certificate_is_that_of_the_name_or_of_the_stream_else_the_first() {
    let (cert, key) = OTHER_NAME;
    let tls = localhost()
        .certificate_pem("Other.Example", cert, key)
        .unwrap()
        .certificate_pem("a.wild.example", cert, key)
        .unwrap()
        .build()
        .unwrap();
    let config = client().build().unwrap().client_config(None);
    // XEP-0368: by SNI.
    for (domain, chain) in
        [("localhost", LOCALHOST), ("other.example", OTHER_NAME), ("OTHER.example", OTHER_NAME)]
    {
        let (client, _) = handshake(Arc::clone(&config), tls.direct(), domain).unwrap();
        assert_eq!(shown(&client), der(chain.0), "{domain}");
    }
    // No SNI is sent for an address.
    let (client, _) = handshake(Arc::clone(&config), tls.direct(), "127.0.0.1").unwrap();
    assert_eq!(shown(&client), der(LOCALHOST.0));
    assert!(handshake(Arc::clone(&config), tls.direct(), "elsewhere.example").is_err());

    // RFC 6120 §5.4.3.1: by the stream, whatever the SNI.
    let starttls = |stream, sni| handshake(Arc::clone(&config), tls.starttls(stream), sni);
    let (client, _) = starttls("other.example", "a.wild.example").unwrap();
    assert_eq!(shown(&client), der(OTHER_NAME.0));
    assert_eq!(shown(&starttls("Localhost", "localhost").unwrap().0), der(LOCALHOST.0));
    assert!(starttls("localhost", "other.example").is_err());
    assert_eq!(shown(&starttls("elsewhere.example", "127.0.0.1").unwrap().0), der(LOCALHOST.0));
}

#[test]
fn for_one_domain_the_last_certificate_counts() {
    let (cert, key) = OTHER_NAME;
    let tls = localhost().certificate_pem("LOCALHOST", cert, key).unwrap().build().unwrap();
    let config = client().build().unwrap().client_config(None);
    let (client, _) = handshake(config, tls.direct(), "other.example").unwrap();
    assert_eq!(shown(&client), der(cert));
}

#[test]
fn rfc7301_alpn_is_for_direct_tls_and_not_needed_there() {
    let tls = localhost().build().unwrap();
    let config = client().build().unwrap();
    let negotiate = |offer, server| handshake(config.client_config(offer), server, "localhost");
    let xmpp = Some(b"xmpp-client".as_slice());
    let (client, server) = negotiate(xmpp, tls.direct()).unwrap();
    assert_eq!((client.alpn_protocol(), server.alpn_protocol()), (xmpp, xmpp));
    assert_eq!(negotiate(None, tls.direct()).unwrap().1.alpn_protocol(), None);
    let refused = negotiate(Some(b"h2"), tls.direct()).err();
    assert_eq!(refused, Some(rustls::Error::NoApplicationProtocol));
    for offer in [xmpp, Some(b"h2".as_slice()), None] {
        assert_eq!(negotiate(offer, tls.starttls("localhost")).unwrap().1.alpn_protocol(), None);
    }
}

#[test]
fn versions_can_be_chosen_and_bind_as_they_should() {
    let config = client().build().unwrap().client_config(None);
    for version in BOTH {
        let tls = localhost().versions([version]).build().unwrap();
        let (client, server) = handshake(Arc::clone(&config), tls.direct(), "localhost").unwrap();
        let (theirs, ours) = (tls_info(&client), tls.tls_info(&server));
        assert_eq!(ours.version, Some(version));
        // RFC 9266 §4.2: not below TLS 1.3.
        assert_eq!(ours.tls_exporter.is_some(), version == TlsVersion::V1_3);
        assert_eq!(ours.tls_exporter, theirs.tls_exporter);
        assert_eq!(server_tls_info(&server), ours);
    }
    let tls = localhost().build().unwrap();
    let (_, server) = handshake(config, tls.starttls("localhost"), "localhost").unwrap();
    assert_eq!(tls.tls_info(&server).version, Some(TlsVersion::V1_3));
    assert!(matches!(localhost().versions([]).build(), Err(TlsConfigError::Rustls(_))));
}

#[test]
fn a_client_certificate_is_asked_for_and_reported_if_it_is_trusted() {
    for version in BOTH {
        let asking = localhost().client_ca_pem(CLIENT_CA).unwrap().versions([version]);
        let asking = asking.build().unwrap();
        let trusted = showing(CLIENT);
        for server in [asking.direct(), asking.starttls("localhost")] {
            // RFC 6120 §13.7.2.2. The second session is a resumed one.
            for _ in 0..2 {
                let config = trusted.client_config(None);
                let (_, server) = handshake(config, Arc::clone(&server), "localhost").unwrap();
                let info = asking.tls_info(&server);
                assert_eq!(info.client_certificate.as_deref(), Some(&*der(CLIENT.0)));
                assert_eq!(server_tls_info(&server).client_certificate, None);
            }
            // Another authority's, and none: neither ends the handshake.
            for config in [showing(OTHER_NAME), client().build().unwrap()] {
                for _ in 0..2 {
                    let config = config.client_config(None);
                    let (_, server) = handshake(config, Arc::clone(&server), "localhost").unwrap();
                    assert_eq!(asking.tls_info(&server).client_certificate, None);
                }
            }
        }
        // A server that does not ask is shown nothing.
        let plain = localhost().versions([version]).build().unwrap();
        let config = trusted.client_config(None);
        let (_, server) = handshake(config, plain.direct(), "localhost").unwrap();
        assert!(server.peer_certificates().is_none());
    }
}

/// A client that shows a certificate whose key it does not have.
#[derive(Debug)]
struct Impostor(Arc<rustls::sign::CertifiedKey>);

impl rustls::client::ResolvesClientCert for Impostor {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn whoever_shows_a_certificate_proves_that_it_has_the_key() {
    let key = PrivateKeyDer::from_pem_slice(OTHER_NAME.1).unwrap();
    let key = default_provider().unwrap().key_provider.load_private_key(key).unwrap();
    let stolen = Arc::new(rustls::sign::CertifiedKey::new(vec![der(CLIENT.0)], key));
    for version in BOTH {
        let asking = localhost().client_ca_pem(CLIENT_CA).unwrap().versions([version]);
        let asking = asking.build().unwrap();
        let mut config = ClientConfig::clone(&client().build().unwrap().client_config(None));
        config.client_auth_cert_resolver = Arc::new(Impostor(Arc::clone(&stolen)));
        let refused = handshake(Arc::new(config), asking.direct(), "localhost").err();
        assert!(matches!(refused, Some(rustls::Error::InvalidCertificate(_))), "{refused:?}");
    }
}

#[test]
fn a_rustls_configuration_decides_itself_about_clients() {
    let provider = default_provider().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der(CLIENT_CA)).unwrap();
    let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let mut own = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(
            vec![der(LOCALHOST.0)],
            PrivateKeyDer::from_pem_slice(LOCALHOST.1).unwrap(),
        )
        .unwrap();
    own.alpn_protocols = vec![b"h2".to_vec()];
    let tls = ServerTlsConfig::from_rustls(own);
    let xmpp = Some(b"xmpp-client".as_slice());
    let config = showing(CLIENT).client_config(xmpp);
    let (_, server) = handshake(Arc::clone(&config), tls.direct(), "localhost").unwrap();
    assert_eq!(server.alpn_protocol(), xmpp);
    assert_eq!(tls.tls_info(&server).client_certificate.as_deref(), Some(&*der(CLIENT.0)));
    let (_, server) = handshake(config, tls.starttls("localhost"), "localhost").unwrap();
    assert_eq!(server.alpn_protocol(), None);
    let config = showing(OTHER_NAME).client_config(None);
    assert!(handshake(config, tls.direct(), "localhost").is_err());
}

#[test]
fn faults_are_told_apart_and_keys_are_not_shown() {
    let (cert, key) = LOCALHOST;
    assert!(format!("{:?}", localhost()).contains("elided"));
    for (chain, key, says) in [
        (key, key, "no PEM certificate"),
        (cert, cert, "no PEM private key"),
        (&cert[..cert.len() - 30], key, "certificate is not valid PEM"),
        (cert, OTHER_NAME.1, "key"),
    ] {
        let built = ServerTlsConfig::builder()
            .certificate_pem("localhost", chain, key)
            .and_then(ServerTlsBuilder::build);
        match built {
            Err(TlsConfigError::ServerCertificate { domain, detail }) => {
                assert_eq!(domain, "localhost");
                assert!(detail.contains(says), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
    let nothing = ServerTlsConfig::builder().build();
    assert!(matches!(nothing, Err(TlsConfigError::NoServerCertificate)));
    let missing = ServerTlsConfig::builder()
        .certificate_files("localhost", "/nonexistent/cert.pem", "/nonexistent/key.pem")
        .unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/cert.pem"), "{missing}");
    let missing = localhost().client_ca_file("/nonexistent/ca.pem").unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/ca.pem"), "{missing}");
    assert!(matches!(localhost().client_ca_pem(key), Err(TlsConfigError::NoCertificates(_))));
}

#[test]
fn what_becomes_of_clients_is_said_in_plain_words() {
    let text = |error: rustls::Error| match client_lost_cause(&io::Error::new(
        io::ErrorKind::InvalidData,
        error,
    )) {
        LostCause::Tls(TlsFault::Handshake(text)) => text,
        other => panic!("{other:?}"),
    };
    let tls = localhost().build().unwrap();
    let mut server = ServerConnection::new(tls.direct()).unwrap();
    server.read_tls(&mut b"<?xml version='1.0'?><stream:stream".as_slice()).unwrap();
    let error = server.process_new_packets().unwrap_err();
    assert_eq!(text(error), "what the client sent is not TLS");
    let alert = rustls::AlertDescription::UnknownCA;
    assert!(text(rustls::Error::AlertReceived(alert)).contains("UnknownCA"));
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    assert_eq!(client_lost_cause(&reset), LostCause::Reset);
}
