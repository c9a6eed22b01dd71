//! Every way not to get in, or to be thrown out: a value of its own for each, and one attempt.

use std::net::TcpListener;

use xmpp_proto::endpoint::{
    AuthFault, CertificateFault, Ended, LostCause, Phase, Reason, StartTlsFault, TlsFault,
};
use xmpp_proto::sasl::{FailureCondition, Mechanism};
use xmpp_proto::stanza::Message;
use xmpp_proto::stream::StreamCondition;
use xmpp_runtime_tokio::{Config, TlsMode};

use crate::session::scenarios;
use crate::support::prosody::{Certificate, Encryption, Prosody};
use crate::{Session, account};

async fn failed(config: Config) -> Ended {
    Session::start(config).ended().await
}

fn certificate(ended: &Ended) -> &CertificateFault {
    assert_eq!(ended.phase, Phase::Securing);
    assert!(!ended.is_retryable() && ended.advice().is_some());
    match &ended.reason {
        Reason::Transport(LostCause::Tls(TlsFault::Certificate { fault, .. })) => fault,
        other => panic!("{other:?}"),
    }
}

fn reported(ended: &Ended) -> StreamCondition {
    match &ended.reason {
        Reason::Reported(error) => error.condition(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_authorized_after_one_attempt() {
    let builder = Prosody::builder().user("alice", "secret").log_everything();
    let Some(server) = builder.start() else { return };
    let mut attempts = 0;
    for mechanism in [Mechanism::ScramSha1, Mechanism::Plain] {
        for (user, password) in [("alice", "Secret"), ("nobody", "secret")] {
            let config = account(&server, user, password, TlsMode::StartTls);
            let ended = failed(config.mechanisms([mechanism])).await;
            assert_eq!(ended.phase, Phase::Authenticating);
            assert_eq!(ended.condition(), Some("not-authorized"));
            assert!(!ended.is_retryable());
            let Reason::Auth(AuthFault::Refused(failure)) = ended.reason else { panic!() };
            assert_eq!(failure.condition, FailureCondition::NotAuthorized);
            attempts += 1;
        }
    }
    // Each `<auth>` is logged by its first bytes.
    assert_eq!(server.log().matches("<auth").count(), attempts, "{}", server.log());
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        // An authority of the same name with another key.
        let address = if mode == TlsMode::Direct { server.tls_address() } else { server.address() };
        let config = Config::new("alice@localhost", "secret")
            .unwrap()
            .host(address.ip().to_string(), address.port())
            .tls(mode)
            .ca_file(server.other_ca_file())
            .unwrap();
        let ended = failed(config).await;
        assert!(
            matches!(certificate(&ended), CertificateFault::Untrusted | CertificateFault::Other(_)),
            "{ended}"
        );
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let builder = Prosody::builder().certificate(Certificate::For("other.example"));
    let Some(server) = builder.user("alice", "secret").start() else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        let ended = failed(account(&server, "alice", "secret", mode)).await;
        match certificate(&ended) {
            CertificateFault::WrongName { expected, presented } => {
                assert_eq!(expected, "localhost");
                assert!(presented.iter().any(|name| name.contains("other.example")));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn expired_and_self_signed_certificates_are_named_as_such() {
    let builder = Prosody::builder().certificate(Certificate::Expired);
    let Some(server) = builder.user("alice", "secret").start() else { return };
    let ended = failed(account(&server, "alice", "secret", TlsMode::Direct)).await;
    assert_eq!(certificate(&ended), &CertificateFault::Expired);

    let builder = Prosody::builder().certificate(Certificate::SelfSigned);
    let Some(server) = builder.user("alice", "secret").start() else { return };
    let ended = failed(account(&server, "alice", "secret", TlsMode::Direct)).await;
    assert_eq!(certificate(&ended), &CertificateFault::SelfSigned);
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    let builder = Prosody::builder().encryption(Encryption::None).user("alice", "secret");
    let Some(server) = builder.log_everything().start() else { return };
    let ended = failed(account(&server, "alice", "secret", TlsMode::StartTls)).await;
    assert_eq!(ended.reason, Reason::StartTls(StartTlsFault::NotOffered));
    assert_eq!(server.log().matches("<auth").count(), 0);
}

#[tokio::test]
async fn a_server_that_insists_on_tls_is_not_talked_to_without() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    let ended = failed(account(&server, "alice", "secret", TlsMode::InsecurePlaintext)).await;
    assert_eq!(ended.reason, Reason::StartTls(StartTlsFault::Mandatory));
}

#[tokio::test]
async fn direct_tls_to_a_plain_port_says_so() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    let address = server.address();
    let config = account(&server, "alice", "secret", TlsMode::Direct)
        .host(address.ip().to_string(), address.port());
    let ended = failed(config).await;
    assert_eq!(ended.phase, Phase::Securing);
    assert!(matches!(ended.reason, Reason::Transport(LostCause::Tls(TlsFault::Handshake(_)))));
}

#[tokio::test]
async fn a_refused_connection_is_retryable_and_says_where() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = Config::new("alice@localhost", "secret")
        .unwrap()
        .host(address.ip().to_string(), address.port());
    let ended = failed(config).await;
    assert_eq!(ended.reason, Reason::Transport(LostCause::Refused));
    assert!(ended.is_retryable());
    assert!(ended.to_string().contains(&address.to_string()), "{ended}");
}

#[tokio::test]
async fn a_domain_that_is_not_served_is_host_unknown() {
    let Some(server) = Prosody::builder().start() else { return };
    let address = server.address();
    let config = Config::new("alice@elsewhere.example", "secret")
        .unwrap()
        .host(address.ip().to_string(), address.port());
    let ended = failed(config).await;
    assert_eq!(reported(&ended), StreamCondition::HostUnknown);
    assert!(!ended.is_retryable() && ended.advice().is_some());
}

#[tokio::test]
async fn the_older_of_two_equal_resources_ends_in_conflict() {
    let Some(server) = Prosody::builder().user("alice", "secret").start() else { return };
    let ended = scenarios::the_older_of_two_equal_resources(&server).await;
    assert!(!ended.is_retryable());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_is_told_and_a_kill_is_noticed() {
    let Some(mut server) = Prosody::builder().user("alice", "secret").start() else { return };
    // With a session that can be resumed, Prosody says nothing when it shuts down.
    let config =
        account(&server, "alice", "secret", TlsMode::StartTls).reconnect(None).management(None);
    let (session, _) = Session::online(config.clone()).await;
    tokio::task::block_in_place(|| server.stop());
    let ended = session.ended().await;
    assert_eq!(reported(&ended), StreamCondition::SystemShutdown);
    assert!(ended.is_retryable());

    server.start_again();
    let (session, _) = Session::online(config).await;
    tokio::task::block_in_place(|| server.kill());
    let ended = session.ended().await;
    assert!(
        matches!(ended.reason, Reason::Transport(LostCause::Eof | LostCause::Reset)),
        "{ended:?}"
    );
    assert!(ended.is_retryable());
}

#[tokio::test]
async fn a_stanza_over_the_servers_limit_is_a_policy_violation() {
    let builder = Prosody::builder().stanza_limit(10_000).user("alice", "secret");
    let Some(server) = builder.start() else { return };
    let config = account(&server, "alice", "secret", TlsMode::Direct).reconnect(None);
    let (session, jid) = Session::online(config).await;
    let message = Message::chat(jid).body(&"x".repeat(20_000)).build().unwrap();
    session.client.send(message).await.unwrap();
    assert_eq!(reported(&session.ended().await), StreamCondition::PolicyViolation);
}
