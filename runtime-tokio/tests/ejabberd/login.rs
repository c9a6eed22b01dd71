//! Every way in.

use xmpp_proto::endpoint::{AuthFault, ClientConfig, Phase, Reason, TlsVersion};
use xmpp_proto::sasl::{ChannelBinding, FailureCondition, Mechanism};
use xmpp_runtime_tokio::TlsMode;

use crate::session::scenarios;
use crate::support::TlsVersions;
use crate::support::certs::Authority;
use crate::support::ejabberd::{Ejabberd, PasswordFormat, ScramHash};
use crate::{Session, account, without_password};

/// Logs in, looks at the TLS session, and closes.
async fn check(config: xmpp_runtime_tokio::Config, version: TlsVersion) {
    let (session, jid) = Session::online(config).await;
    assert_eq!(jid.to_bare().as_str(), "alice@localhost");
    let tls = session.client.with_machine(|machine, _| machine.tls().cloned()).await.unwrap();
    assert_eq!(tls.and_then(|tls| tls.version), Some(version));
    session.client.close();
    let ended = session.ended().await;
    assert_eq!((ended.reason, ended.phase), (Reason::ClosedByUs, Phase::Online));
}

#[tokio::test]
async fn stored_keys_with_every_hash_over_starttls_and_direct_tls() {
    for (hash, scram) in [
        (ScramHash::Sha1, Mechanism::ScramSha1),
        (ScramHash::Sha256, Mechanism::ScramSha256),
        (ScramHash::Sha512, Mechanism::ScramSha512),
    ] {
        let builder = Ejabberd::builder().password_format(PasswordFormat::Scram(hash));
        let Some(server) = builder.user("alice", "wonder land").start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            for mechanism in [scram, Mechanism::Plain] {
                let config = account(&server, "alice", "wonder land", mode);
                check(config.mechanisms([mechanism]), TlsVersion::V1_3).await;
            }
            // Left to itself, the client takes what is there: not the -PLUS, which this server
            // offers and binds to something that TLS 1.3 does not define.
            check(account(&server, "alice", "wonder land", mode), TlsVersion::V1_3).await;
        }
    }
}

#[tokio::test]
async fn stored_passwords_with_every_mechanism() {
    let builder = Ejabberd::builder().password_format(PasswordFormat::Plain);
    let Some(server) = builder.user("alice", "wonder land").start() else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        for mechanism in
            [Mechanism::ScramSha1, Mechanism::ScramSha256, Mechanism::ScramSha512, Mechanism::Plain]
        {
            let config = account(&server, "alice", "wonder land", mode);
            check(config.mechanisms([mechanism]), TlsVersion::V1_3).await;
        }
        check(account(&server, "alice", "wonder land", mode), TlsVersion::V1_3).await;
    }
}

#[tokio::test]
async fn both_versions_of_tls() {
    for (versions, version) in
        [(TlsVersions::Only12, TlsVersion::V1_2), (TlsVersions::Only13, TlsVersion::V1_3)]
    {
        let builder = Ejabberd::builder().tls_versions(versions);
        let builder = builder.password_format(PasswordFormat::Plain).user("alice", "secret");
        let Some(server) = builder.start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = account(&server, "alice", "secret", mode);
            for mechanism in [
                Mechanism::ScramSha1,
                Mechanism::ScramSha256,
                Mechanism::ScramSha512,
                Mechanism::Plain,
            ] {
                check(config.clone().mechanisms([mechanism]), version).await;
            }
            check(config, version).await;
        }
    }
}

#[tokio::test]
async fn anonymous_gets_an_address_from_the_server() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let Some(server) = Ejabberd::builder().tls_versions(versions).start() else { return };
        scenarios::anonymous_gets_an_address_from_the_server(&server).await;
    }
}

#[tokio::test]
async fn the_resource_is_ours_or_the_servers_choice() {
    let Some(server) = Ejabberd::builder().user("alice", "secret").start() else { return };
    scenarios::the_resource_is_ours_or_the_servers_choice(&server).await;
}

#[tokio::test]
async fn its_plus_is_not_taken_since_it_names_no_type_of_channel_binding() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let Some(server) =
            Ejabberd::builder().tls_versions(versions).user("alice", "secret").start()
        else {
            return;
        };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = account(&server, "alice", "secret", mode);
            let config = config.channel_binding(ChannelBinding::Required);
            let ended = Session::start(config).ended().await;
            let Reason::Auth(AuthFault::NoChannelBinding { plus_offered, offered, available }) =
                &ended.reason
            else {
                panic!("{ended:?}")
            };
            assert!(*plus_offered && offered.is_empty() && !available.is_empty(), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_client_certificate_of_the_account_is_enough() {
    // RFC 6120 §13.8: TLS with EXTERNAL.
    client_certificate(TlsVersions::Only12, TlsVersion::V1_2).await;
    client_certificate(TlsVersions::Only13, TlsVersion::V1_3).await;
}

async fn client_certificate(versions: TlsVersions, version: TlsVersion) {
    let builder = Ejabberd::builder().client_certificates().tls_versions(versions);
    let builder = builder.user("alice", "secret");
    let Some(server) = builder.user("bob", "secret").start() else { return };
    let authority = Authority::existing(server.dir(), "ca");
    let alice = authority.issue_client("alice", "alice@localhost");
    let external = |jid: &str, mode| {
        let core = ClientConfig::external(jid.parse().unwrap());
        without_password(&server, core, mode)
            .client_cert(std::fs::read(&alice.cert).unwrap(), std::fs::read(&alice.key).unwrap())
            .unwrap()
    };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        check(external("alice@localhost", mode), version).await;

        // Not for anybody else.
        let ended = Session::start(external("bob@localhost", mode)).ended().await;
        let Reason::Auth(AuthFault::Refused(failure)) = &ended.reason else { panic!("{ended:?}") };
        assert!(
            matches!(
                failure.condition,
                FailureCondition::NotAuthorized | FailureCondition::InvalidAuthzid
            ),
            "{failure:?}"
        );
    }
}
