//! Every way in.

use core::time::Duration;

use xmpp_proto::endpoint::{AuthFault, Ended, Phase, Reason, TlsVersion};
use xmpp_proto::sasl::{ChannelBinding, FailureCondition, Mechanism};
use xmpp_proto::stanza::{Condition, StanzaError};
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_runtime_tokio::{Bound, Config, Event, ServerEvent, TlsMode, Why};

use crate::own::{Own, ended, stored};
use crate::session::{Session, account};

const MODES: [TlsMode; 2] = [TlsMode::StartTls, TlsMode::Direct];

/// Logs in, looks at both ends of the TLS session, and closes.
async fn check(server: &mut Own, config: Config, version: TlsVersion, mechanism: Mechanism) {
    let (client, end, jid) = server.online(config).await;
    assert_eq!(jid.to_bare().as_str(), "alice@localhost");
    assert_eq!(end.mechanism, Some(mechanism));
    let ours = end.session.tls().await.unwrap().unwrap();
    let theirs =
        client.client.with_machine(|machine, _| machine.tls().cloned()).await.unwrap().unwrap();
    assert_eq!((ours.version, theirs.version), (Some(version), Some(version)));
    assert_eq!(ours.tls_exporter, theirs.tls_exporter);
    assert_eq!(ours.tls_exporter.is_some(), version == TlsVersion::V1_3);
    client.client.close();
    let (ours, theirs) = (end.ended().await, client.ended().await);
    assert_eq!((ours.reason, ours.phase), (Reason::ClosedByPeer, Phase::Online));
    assert_eq!((theirs.reason, theirs.phase), (Reason::ClosedByUs, Phase::Online));
}

#[tokio::test]
async fn both_ways_to_tls_both_versions_and_every_mechanism() {
    // RFC 6120 §3 and §13.8, RFC 9266 §4.2, XEP-0440: -PLUS on TLS 1.3, with tls-exporter, and not on 1.2.
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let Some(mut server) = Own::start_with(&[version], |_, config| config).await else {
            return;
        };
        for mode in MODES {
            let config = account(&server, "alice", "secret", mode);
            for mechanism in Mechanism::DEFAULT {
                let only = config.clone().mechanisms([*mechanism]);
                if mechanism.binds_channel() && version == TlsVersion::V1_2 {
                    continue;
                }
                check(&mut server, only, version, *mechanism).await;
            }
            // Left to itself, the client takes the best.
            let best = match version {
                TlsVersion::V1_3 => Mechanism::ScramSha512Plus,
                _ => Mechanism::ScramSha512,
            };
            check(&mut server, config, version, best).await;
        }
    }
}

#[tokio::test]
async fn xep0440_the_type_is_named_where_plus_is_offered() {
    for (version, works) in [(TlsVersion::V1_2, false), (TlsVersion::V1_3, true)] {
        let Some(mut server) = Own::start_with(&[version], |_, config| config).await else {
            return;
        };
        let config = account(&server, "alice", "secret", TlsMode::Direct)
            .channel_binding(ChannelBinding::Required);
        if works {
            check(&mut server, config, version, Mechanism::ScramSha512Plus).await;
        } else {
            let (theirs, _end) = tokio::join!(ended(config), async {
                let mut end = server.accept().await;
                let _ = end.log_in().await;
                end
            });
            let Reason::Auth(AuthFault::NoChannelBinding { plus_offered, offered, .. }) =
                theirs.reason
            else {
                panic!("{theirs:?}")
            };
            assert!(!plus_offered && offered.is_empty(), "{offered:?}");
        }
    }
}

/// How a login ends at both ends.
async fn refused(server: &mut Own, config: Config) -> (Ended, Ended) {
    let (theirs, ours) = tokio::join!(ended(config), async {
        let mut end = server.accept().await;
        end.log_in().await.expect_err("online")
    });
    (theirs, ours)
}

fn condition(ended: &Ended) -> FailureCondition {
    let Reason::Auth(AuthFault::Refused(failure)) = &ended.reason else { panic!("{ended:?}") };
    failure.condition.clone()
}

#[tokio::test]
async fn rfc6120_6_5_10_a_wrong_password_and_an_unknown_user_are_not_authorized() {
    let Some(mut server) = Own::start().await else { return };
    for mode in MODES {
        for mechanism in Mechanism::DEFAULT {
            for (name, password) in [("alice", "wrong"), ("nobody", "secret")] {
                let config = account(&server, name, password, mode).mechanisms([*mechanism]);
                let (theirs, _) = refused(&mut server, config).await;
                assert_eq!(condition(&theirs), FailureCondition::NotAuthorized);
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_answered_now_is_temporary() {
    let server = Own::start_with(&[TlsVersion::V1_3], |_, config| {
        config.core(|core| core.question_timeout = Duration::from_millis(200))
    });
    let Some(mut server) = server.await else { return };
    let config = account(&server, "alice", "secret", TlsMode::Direct);
    // RFC 6120 §6.5.12: whether it is said, or the question is dropped.
    for says in [true, false] {
        let (theirs, ()) = tokio::join!(ended(config.clone()), async {
            let mut end = server.accept().await;
            let ServerEvent::Credentials(ask) = end.next().await else { panic!("no question") };
            if says {
                end.session.unavailable(ask).await.unwrap();
            } else {
                drop(ask);
            }
            end.log_in().await.expect_err("online");
        });
        assert_eq!(condition(&theirs), FailureCondition::TemporaryAuthFailure);
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_refused() {
    let Some(mut server) = Own::start().await else { return };
    let client = Session::start(account(&server, "alice", "secret", TlsMode::Direct));
    let mut end = server.accept().await;
    let ServerEvent::Credentials(ask) = end.next().await else { panic!("no question") };
    client.client.close();
    client.ended().await;
    let ServerEvent::Ended(_) = end.next().await else { panic!("not ended") };
    let late = end.session.credentials(ask, Some(stored())).await;
    assert!(matches!(late, Err(Why::Refused(_) | Why::Closed)), "{late:?}");
}

#[tokio::test]
async fn rfc6120_7_7_2_2_conflicts_can_be_settled_in_every_way() {
    let Some(mut server) = Own::start().await else { return };
    let config = account(&server, "alice", "secret", TlsMode::StartTls).resource("desk");
    let (older, older_end, jid) = server.online(config.clone()).await;
    assert_eq!(jid.resource(), "desk");

    for answer in [
        Bound::Another,
        Bound::As("bench".to_owned()),
        Bound::Refuse(StanzaError::new(Condition::Conflict)),
        Bound::Accept,
    ] {
        let mut client = Session::start(config.clone());
        let mut end = server.accept().await;
        loop {
            match end.next().await {
                ServerEvent::Credentials(ask) => {
                    end.session.credentials(ask, Some(stored())).await.unwrap();
                }
                ServerEvent::Bind(ask) => {
                    assert_eq!((ask.jid(), ask.asked()), (&jid, true));
                    break end.session.bind(ask, answer.clone()).await.unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
        let bound = match client.next().await {
            Event::Online { jid } => Some(jid.resource().to_owned()),
            Event::Ended(ended) => {
                let Reason::Bind(error) = ended.reason else { panic!("{ended:?}") };
                assert_eq!(error.condition(), Condition::Conflict);
                None
            }
            other => panic!("{other:?}"),
        };
        match answer {
            Bound::Another => assert_ne!(bound.as_deref(), Some("desk")),
            Bound::As(_) => assert_eq!(bound.as_deref(), Some("bench")),
            Bound::Refuse(_) => assert_eq!(bound, None),
            _ => assert_eq!(bound.as_deref(), Some("desk")),
        }
    }
    // The newer one has it now.
    older_end.session.close_with(StreamError::new(StreamCondition::Conflict));
    let Reason::Reported(error) = older.ended().await.reason else { panic!("not told") };
    assert_eq!(error.condition(), StreamCondition::Conflict);
    let Reason::ClosedWith(error) = older_end.ended().await.reason else { panic!("not closed") };
    assert_eq!(error.condition(), StreamCondition::Conflict);
}
