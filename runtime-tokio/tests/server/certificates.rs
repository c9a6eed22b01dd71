//! Certificates of clients, and of several domains.

use xmpp_proto::endpoint::{AuthFault, ClientConfig, Reason, TlsVersion};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::{Config, ServerTlsConfig, TlsMode};

use crate::own::{Own, ended};
use crate::session::{account, without_password};
use crate::support::certs::{Authority, Identity};

const MODES: [TlsMode; 2] = [TlsMode::StartTls, TlsMode::Direct];

fn showing(config: Config, identity: &Identity) -> Config {
    let read = |path| std::fs::read(path).unwrap();
    config.client_cert(read(&identity.cert), read(&identity.key)).unwrap()
}

async fn with_external(version: TlsVersion) -> Option<Own> {
    let mechanisms = [&[Mechanism::External], Mechanism::DEFAULT].concat();
    Own::start_with(&[version], |_, config| config.mechanisms(mechanisms)).await
}

fn external(server: &Own, mode: TlsMode) -> Config {
    let core = ClientConfig::external("alice@localhost".parse().unwrap());
    without_password(server, core, mode)
}

#[tokio::test]
async fn xep0178_a_client_certificate_is_enough() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let Some(mut server) = with_external(version).await else { return };
        let clients = Authority::existing(server.dir.path(), "clients");
        let alice = clients.issue_client("alice", "alice@localhost");
        for mode in MODES {
            let config = showing(external(&server, mode), &alice);
            let (client, end, jid) = server.online(config).await;
            assert_eq!(jid.to_bare().as_str(), "alice@localhost");
            assert_eq!(end.mechanism, Some(Mechanism::External));
            client.client.close();
            client.ended().await;
        }
        // Whoever shows one may still use a password.
        let config = showing(account(&server, "alice", "secret", TlsMode::Direct), &alice);
        let (_client, end, _) = server.online(config).await;
        assert_ne!(end.mechanism, Some(Mechanism::External));
    }
}

#[tokio::test]
async fn an_untrusted_certificate_is_as_good_as_none() {
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let Some(mut server) = with_external(version).await else { return };
        let strangers = Authority::new(server.dir.path(), "strangers");
        let alice = strangers.issue_client("alice-of-strangers", "alice@localhost");
        for mode in MODES {
            for config in [external(&server, mode), showing(external(&server, mode), &alice)] {
                let (theirs, _) = tokio::join!(ended(config), async {
                    let mut end = server.accept().await;
                    end.log_in().await
                });
                let Reason::Auth(AuthFault::NoMechanism { offered }) = theirs.reason else {
                    panic!("{theirs:?}")
                };
                assert!(!offered.iter().any(|name| name == "EXTERNAL"), "{offered:?}");
            }
            let config = showing(account(&server, "alice", "secret", mode), &alice);
            let (_client, end, _) = server.online(config).await;
            assert_eq!(end.session.tls().await.unwrap().unwrap().client_certificate, None);
        }
    }
}

#[tokio::test]
async fn each_domain_has_its_certificate() {
    // RFC 6120 §5.4.3.1 for STARTTLS, XEP-0368 for direct TLS.
    let server = Own::start_with(&[TlsVersion::V1_3], |dir, config| {
        let authority = Authority::existing(dir, "ca");
        let mut tls = ServerTlsConfig::builder();
        for domain in ["first.example", "localhost"] {
            let identity = authority.issue(&format!("{domain}-own"), &[domain]);
            tls = tls.certificate_files(domain, &identity.cert, &identity.key).unwrap();
        }
        config.tls_config(tls.build().unwrap())
    });
    let Some(mut server) = server.await else { return };
    for mode in MODES {
        let config = account(&server, "alice", "secret", mode);
        server.online(config).await;
    }
}
