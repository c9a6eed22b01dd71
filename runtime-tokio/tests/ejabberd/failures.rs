//! Ways not to get in, or to be thrown out.

use xmpp_proto::endpoint::{
    AuthFault, CertificateFault, Ended, LostCause, Phase, Reason, TlsFault,
};
use xmpp_proto::sasl::{FailureCondition, Mechanism};
use xmpp_proto::stream::StreamCondition;
use xmpp_runtime_tokio::{Config, TlsMode};

use crate::session::scenarios;
use crate::support::Certificate;
use crate::support::ejabberd::{Ejabberd, PasswordFormat, ScramHash};
use crate::{Session, account, at};

async fn failed(config: Config) -> Ended {
    Session::start(config).ended().await
}

fn reported(ended: &Ended) -> StreamCondition {
    match &ended.reason {
        Reason::Reported(error) => error.condition(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_authorized() {
    for (format, scram) in [
        (PasswordFormat::Plain, Mechanism::ScramSha256),
        (PasswordFormat::Scram(ScramHash::Sha1), Mechanism::ScramSha1),
    ] {
        let builder = Ejabberd::builder().password_format(format).user("alice", "secret");
        let Some(server) = builder.start() else { return };
        for mechanism in [scram, Mechanism::Plain] {
            for (user, password) in [("alice", "Secret"), ("nobody", "secret")] {
                let config = account(&server, user, password, TlsMode::StartTls);
                let ended = failed(config.mechanisms([mechanism])).await;
                assert_eq!(ended.phase, Phase::Authenticating);
                assert!(!ended.is_retryable());
                let Reason::Auth(AuthFault::Refused(failure)) = &ended.reason else {
                    panic!("{ended:?}")
                };
                assert_eq!(failure.condition, FailureCondition::NotAuthorized);
            }
        }
    }
}

#[tokio::test]
async fn certificates_are_judged_as_with_any_server() {
    let builder = Ejabberd::builder().certificate(Certificate::SelfSigned);
    let Some(server) = builder.user("alice", "secret").start() else { return };
    for mode in [TlsMode::StartTls, TlsMode::Direct] {
        let ended = failed(account(&server, "alice", "secret", mode)).await;
        let Reason::Transport(LostCause::Tls(TlsFault::Certificate { fault, .. })) = &ended.reason
        else {
            panic!("{ended:?}")
        };
        assert_eq!(*fault, CertificateFault::SelfSigned);
        let key = ended.certificate().unwrap().spki_sha256.unwrap();
        let pinned = at(&server, "alice@localhost", "secret", mode).pin(key);
        let (session, _) = Session::online(pinned).await;
        session.client.close();
        assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
    }
}

#[tokio::test]
async fn a_domain_that_is_not_served_is_host_unknown() {
    let Some(server) = Ejabberd::builder().start() else { return };
    let ended = failed(at(&server, "alice@elsewhere.example", "secret", TlsMode::StartTls)).await;
    assert_eq!(reported(&ended), StreamCondition::HostUnknown);
}

#[tokio::test]
async fn the_older_of_two_equal_resources_ends_in_conflict() {
    let Some(server) = Ejabberd::builder().user("alice", "secret").start() else { return };
    let ended = scenarios::the_older_of_two_equal_resources(&server).await;
    assert!(!ended.is_retryable());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_and_a_kill_are_noticed() {
    let Some(mut server) = Ejabberd::builder().user("alice", "secret").start() else { return };
    let config = account(&server, "alice", "secret", TlsMode::StartTls).reconnect(None);
    let (session, _) = Session::online(config.clone()).await;
    tokio::task::block_in_place(|| server.stop());
    let ended = session.ended().await;
    match &ended.reason {
        Reason::Reported(error) => assert_eq!(error.condition(), StreamCondition::SystemShutdown),
        // Under load, the Erlang node is gone before it has written its last words.
        other => assert!(
            matches!(other, Reason::Transport(LostCause::Eof | LostCause::Reset)),
            "{ended:?}"
        ),
    }
    assert!(ended.is_retryable());

    tokio::task::block_in_place(|| server.start_again());
    let (session, _) = Session::online(config).await;
    tokio::task::block_in_place(|| server.kill());
    let ended = session.ended().await;
    assert!(
        matches!(ended.reason, Reason::Transport(LostCause::Eof | LostCause::Reset)),
        "{ended:?}"
    );
}
