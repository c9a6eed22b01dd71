//! SCRAM bound to TLS 1.3 with `tls-exporter` (RFC 9266), on a Prosody that can.

use xmpp_proto::endpoint::{AuthFault, Reason};
use xmpp_proto::sasl::{ChannelBinding, Mechanism};
use xmpp_runtime_tokio::{Config, TlsMode};

use crate::support::prosody::{PasswordHash, Prosody, TlsVersions};
use crate::{Session, account};

async fn check(config: Config) {
    let (session, _) = Session::online(config).await;
    session.client.close();
    assert_eq!(session.ended().await.reason, Reason::ClosedByUs);
}

#[tokio::test]
async fn rfc9266_scram_is_bound_with_tls_exporter_on_tls_1_3() {
    for (hash, plus) in [
        (PasswordHash::Sha1, Mechanism::ScramSha1Plus),
        (PasswordHash::Sha256, Mechanism::ScramSha256Plus),
    ] {
        let builder = Prosody::builder().sasl_plugin().password_hash(hash).log_everything();
        let Some(server) = builder.user("alice", "secret").start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = account(&server, "alice", "secret", mode);
            check(config.clone().mechanisms([plus])).await;
            check(config.clone().channel_binding(ChannelBinding::Required)).await;
            // Left to itself, the client takes the -PLUS, as the server wants it to: it refuses
            // the flag of a client that could bind and was not offered to.
            check(config).await;
        }
        let ended = Session::start(account(&server, "alice", "Secret", TlsMode::Direct));
        let reason = ended.ended().await.reason;
        assert!(matches!(reason, Reason::Auth(AuthFault::Refused(_))), "{reason:?}");
    }
}

#[tokio::test]
async fn without_a_common_type_scram_is_not_bound_and_required_is_refused() {
    // On TLS 1.2, Prosody binds to `tls-unique` only; on 1.3, without the plug-in, to nothing.
    let tls12 = Prosody::builder().sasl_plugin().tls_versions(TlsVersions::Only12);
    let stock12 = Prosody::builder().tls_versions(TlsVersions::Only12);
    for (builder, plus) in [(tls12, true), (stock12, true), (Prosody::builder(), false)] {
        let Some(server) = builder.user("alice", "secret").start() else { return };
        for mode in [TlsMode::StartTls, TlsMode::Direct] {
            let config = account(&server, "alice", "secret", mode);
            check(config.clone()).await;
            let required = config.channel_binding(ChannelBinding::Required);
            let reason = Session::start(required).ended().await.reason;
            let Reason::Auth(AuthFault::NoChannelBinding { plus_offered, .. }) = reason else {
                panic!("{reason:?}")
            };
            assert_eq!(plus_offered, plus);
        }
    }
}
