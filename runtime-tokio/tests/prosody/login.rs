//! Every way in.

use xmpp_proto::endpoint::{Phase, Reason, TlsVersion};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::TlsMode;

use crate::session::scenarios;
use crate::support::prosody::{Encryption, PasswordHash, Prosody, TlsVersions};
use crate::{Session, account};

/// Logs in, looks at the TLS session, and closes.
async fn check(config: xmpp_runtime_tokio::Config, version: Option<TlsVersion>) {
    let (session, jid) = Session::online(config).await;
    assert_eq!(jid.to_bare().as_str(), "alice@localhost");
    let tls = session.client.with_machine(|machine, _| machine.tls().cloned()).await.unwrap();
    assert_eq!(tls.and_then(|tls| tls.version), version);
    session.client.close();
    let ended = session.ended().await;
    assert_eq!((ended.reason, ended.phase), (Reason::ClosedByUs, Phase::Online));
}

#[tokio::test]
async fn starttls_and_direct_tls_with_every_mechanism() {
    // RFC 6120 §3, §5, §6, §7, §13.8: over TCP, with TLS, PLAIN or SCRAM, and a bound resource.
    for (hash, scram) in
        [(PasswordHash::Sha1, Mechanism::ScramSha1), (PasswordHash::Sha256, Mechanism::ScramSha256)]
    {
        let builder = Prosody::builder().password_hash(hash).user("alice", "wonder land");
        let Some(server) = builder.start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            for mechanism in [scram, Mechanism::Plain] {
                let config = account(&server, "alice", "wonder land", mode);
                check(config.mechanisms([mechanism]), Some(TlsVersion::V1_3)).await;
            }
        }
        // Left to itself, the client takes what is there.
        check(account(&server, "alice", "wonder land", TlsMode::StartTls), Some(TlsVersion::V1_3))
            .await;
    }
}

#[tokio::test]
async fn both_versions_of_tls() {
    for (versions, version) in
        [(TlsVersions::Only12, TlsVersion::V1_2), (TlsVersions::Only13, TlsVersion::V1_3)]
    {
        for (hash, scram) in [
            (PasswordHash::Sha1, Mechanism::ScramSha1),
            (PasswordHash::Sha256, Mechanism::ScramSha256),
        ] {
            let builder = Prosody::builder().tls_versions(versions).password_hash(hash);
            let Some(server) = builder.user("alice", "secret").start() else { return };
            for mode in [TlsMode::StartTls, TlsMode::Direct] {
                let config = account(&server, "alice", "secret", mode);
                for mechanism in [scram, Mechanism::Plain] {
                    check(config.clone().mechanisms([mechanism]), Some(version)).await;
                }
                check(config, Some(version)).await;
            }
        }
    }
}

#[tokio::test]
async fn starttls_is_used_where_it_is_optional() {
    let builder = Prosody::builder().encryption(Encryption::Optional).user("alice", "secret");
    let Some(server) = builder.start() else { return };
    check(account(&server, "alice", "secret", TlsMode::StartTls), Some(TlsVersion::V1_3)).await;
}

#[tokio::test]
async fn plaintext_works_where_both_sides_say_so() {
    let builder = Prosody::builder().encryption(Encryption::None).user("alice", "secret");
    let Some(server) = builder.start() else { return };
    let config = account(&server, "alice", "secret", TlsMode::InsecurePlaintext);
    check(config.clone(), None).await; // SCRAM
    let plain =
        config.mechanisms([Mechanism::Plain]).core(|core| core.insecure_plain_without_tls = true);
    check(plain, None).await;
}

#[tokio::test]
async fn the_resource_is_ours_or_the_servers_choice() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    scenarios::the_resource_is_ours_or_the_servers_choice(&server).await;
}

#[tokio::test]
async fn anonymous_gets_an_address_from_the_server() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let Some(server) = Prosody::builder().tls_versions(versions).start() else { return };
        scenarios::anonymous_gets_an_address_from_the_server(&server).await;
    }
}
