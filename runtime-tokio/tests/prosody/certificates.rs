//! Certificates that no authority stands behind: shown, pinned and accepted, or refused.

use xmpp_proto::endpoint::{
    CertificateFault, CertificateReport, Ended, LostCause, Reason, TlsFault,
};
use xmpp_runtime_tokio::TlsMode;

use crate::support::Certificate;
use crate::support::prosody::{Builder, Prosody};
use crate::{Session, account, at};

fn server(certificate: Certificate) -> Builder {
    Prosody::builder().certificate(certificate).user("alice", "secret")
}

fn refused(ended: &Ended) -> (CertificateFault, CertificateReport) {
    let report = ended.certificate().expect("every refusal has a report");
    match &ended.reason {
        Reason::Transport(LostCause::Tls(TlsFault::Certificate { fault, .. })) => {
            (fault.clone(), report.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_refused_is_shown_pinned_and_accepted() {
    for (certificate, name) in [
        (Certificate::Good, "localhost"), // of an authority that is not trusted
        (Certificate::SelfSigned, "localhost"),
        (Certificate::For("other.example"), "other.example"),
        (Certificate::Expired, "localhost"),
    ] {
        let Some(server) = server(certificate).start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = at(&server, "alice@localhost", "secret", mode);
            let distrustful = config.clone().ca_file(server.other_ca_file()).unwrap();
            let ended = Session::start(distrustful).ended().await;
            let (fault, report) = refused(&ended);
            assert_eq!(report.names.first().map(String::as_str), Some(name), "{fault:?}");
            // The tests' expired certificate ends a day before it begins.
            let ends_first = report.not_after.unwrap() < report.not_before.unwrap();
            assert_eq!(ends_first, matches!(certificate, Certificate::Expired));
            assert!(ended.advice().is_some());

            let key = report.spki_sha256.expect("it was readable");
            let (session, _) = Session::online(config.clone().pin(key)).await;
            session.client.close();
            assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
            let leaf = report.chain[0].clone();
            let (session, _) = Session::online(config.pin_certificate(leaf)).await;
            session.client.close();
            assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
        }
    }
}

#[tokio::test]
async fn a_changed_key_is_refused() {
    let Some(old) = server(Certificate::SelfSigned).start() else { return };
    let config = at(&old, "alice@localhost", "secret", TlsMode::Direct).pin([0; 32]);
    let (fault, old) = refused(&Session::start(config).ended().await);
    assert_eq!(fault, CertificateFault::NotPinned);
    let key = old.spki_sha256.unwrap();

    // The same names, another key: a server moved, or somebody in between.
    for certificate in [Certificate::SelfSigned, Certificate::Good] {
        let Some(new) = server(certificate).start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = at(&new, "alice@localhost", "secret", mode);
            for config in [config.clone().pin(key), config.pin_certificate(old.chain[0].clone())] {
                let ended = Session::start(config).ended().await;
                let (fault, report) = refused(&ended);
                assert_eq!(fault, CertificateFault::NotPinned);
                assert!(!ended.is_retryable());
                assert_ne!(report.spki_sha256, Some(key));
            }
        }
        // A trusted authority beside the pin: then that decides.
        let config = account(&new, "alice", "secret", TlsMode::Direct).pin(key);
        match certificate {
            Certificate::Good => drop(Session::online(config).await),
            _ => assert_eq!(
                refused(&Session::start(config).ended().await).0,
                CertificateFault::SelfSigned
            ),
        }
    }
}
