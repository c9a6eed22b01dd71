//! The end of a stream (RFC 6120 §4.4, §4.9).

use core::time::Duration;

use super::*;
use crate::endpoint::{ConnInfo, Endpoint, LostCause, Server, Timer};
use crate::stream::{StreamCondition, StreamError};
use crate::{Instant, Seed};

#[track_caller]
fn flushed(host: &mut Host) {
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Flush, .. })), "{action:?}");
}

#[test]
fn rfc6120_4_4_the_client_closes() {
    for host in [Host::opened, Host::secured, Host::authenticated, Host::online] {
        let mut host = host(config());
        host.take_sent();
        host.receive(CLOSE);
        // §4.4: answered by a closing tag, then TCP is closed.
        assert_eq!(host.take_sent(), CLOSE);
        flushed(&mut host);
        assert_eq!(host.ended().reason, Reason::ClosedByPeer);
    }
}

#[test]
fn rfc6120_4_4_we_close() {
    for host in [Host::opened, Host::secured, Host::authenticated, Host::online] {
        let mut host = host(config());
        host.take_sent();
        host.server.close(host.now);
        host.server.close(host.now);
        host.drain();
        assert_eq!(host.take_sent(), CLOSE);
        assert!(host.next_action().is_none(), "§4.4: the peer's closing tag is awaited");
        assert_eq!(host.server.phase(), Phase::Closing);
        host.receive(CLOSE);
        flushed(&mut host);
        assert_eq!(host.take_sent(), "");
        assert_eq!(host.ended().reason, Reason::ClosedByUs);
    }
    // §4.4: what was on its way still arrives.
    let mut host = Host::online(config());
    host.server.close(host.now);
    host.receive("<message to='bob@example.net'/><iq type='get' id='1'><q xmlns='x'/></iq>");
    assert_eq!(host.stanza().to().unwrap().as_str(), "bob@example.net");
    assert_eq!(host.take_sent(), CLOSE, "nothing behind the closing tag");
    // A peer that does not answer is left.
    assert_eq!(host.server.next_timer().unwrap().0, Timer::Close);
    host.pass(Duration::from_secs(5));
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    assert_eq!(host.ended().reason, Reason::TimedOut(Timer::Close));
}

#[test]
fn rfc6120_4_9_1_2_a_stream_that_has_no_header_yet_gets_one_before_its_end() {
    let due = |direct_tls: bool| {
        let mut host = if direct_tls { Host::new(direct()) } else { Host::secured(config()) };
        if !direct_tls {
            assert_eq!(host.log_in_as("alice", "secret"), SUCCESS);
        }
        host
    };
    for direct_tls in [true, false] {
        let mut host = due(direct_tls);
        host.server.close(host.now);
        host.drain();
        let sent = host.take_sent();
        assert!(sent.starts_with("<?xml ") && sent.ends_with(CLOSE), "§4.9.1.2: {sent}");
        assert_eq!(sent.matches("<stream:").count(), 1);

        let mut host = due(direct_tls);
        let error = StreamError::new(StreamCondition::SystemShutdown);
        host.server.close_with(host.now, error.clone());
        host.drain();
        let (ended, before) = host.refused("system-shutdown");
        assert!(before.starts_with("<?xml "), "§4.9.1.2: {before}");
        assert_eq!(ended.reason, Reason::ClosedWith(error));
    }
}

#[test]
fn rfc6120_4_9_3_3_another_client_takes_the_resource() {
    let mut host = Host::online(config());
    let error = StreamError::new(StreamCondition::Conflict).with_text("by your phone");
    host.server.close_with(host.now, error.clone());
    host.receive("<message/>");
    // §4.9.3.3, with the text and nothing behind it.
    let sent = host.take_sent();
    assert_eq!(
        sent,
        format!(
            "<stream:error><conflict xmlns='{0}'/><text xmlns='{0}'>by your phone</text>\
             </stream:error>{CLOSE}",
            ns::STREAM_ERROR
        )
    );
    flushed(&mut host);
    assert_eq!(host.ended().reason, Reason::ClosedWith(error));
    assert!(host.server.jid().is_none());
}

#[test]
fn rfc6120_4_9_1_an_error_of_the_client_is_not_answered_with_one() {
    for host in [Host::opened, Host::secured, Host::authenticated, Host::online] {
        let mut host = host(config());
        host.take_sent();
        host.receive(goodbye("undefined-condition"));
        // §4.9.1.1: the peer has closed; we do.
        assert_eq!(host.take_sent(), CLOSE);
        let ended = host.ended();
        assert!(matches!(ended.reason, Reason::Reported(_)), "{ended}");
    }
}

#[test]
fn what_came_before_the_connection_broke_is_delivered() {
    let mut config = config();
    config.event_capacity = 2;
    let mut host = Host::online(config);
    host.takes_events = false;
    host.receive("<message id='1'/><message id='2'/><message id='3'/><message id='4'/><message");
    let link = host.server.attempt();
    host.server.handle_lost(host.now, link, LostCause::Reset);
    host.takes_events = true;
    host.drain();
    for id in ["1", "2", "3", "4"] {
        assert_eq!(host.stanza().id(), Some(id));
    }
    assert_eq!(host.ended().reason, Reason::Transport(LostCause::Reset));
}

#[test]
fn the_transport_breaks_at_every_step() {
    let script: Vec<String> = Vec::from([
        HEADER.into(),
        plain("alice", "secret"),
        HEADER.into(),
        bind("b1", "desk"),
        "<message><body>hi</body></message>".into(),
        CLOSE.into(),
    ]);
    let all = script.concat();
    for at in 0..all.len() {
        for cause in [LostCause::Eof, LostCause::Reset] {
            let mut host = Host::new(direct());
            // Every question is answered as soon as it is asked.
            for byte in all.as_bytes()[..at].chunks(97) {
                host.receive(byte);
                while let Some(event) = host.next_event() {
                    match event {
                        ServerEvent::Credentials(ask) => {
                            host.server.credentials(host.now, ask, Some(stored())).unwrap();
                        }
                        ServerEvent::Bind(ask) => {
                            host.server.bind(host.now, ask, Bound::Accept).unwrap();
                        }
                        _ => {}
                    }
                    host.drain();
                }
            }
            host.lose(cause.clone());
            assert_eq!(host.ended().reason, Reason::Transport(cause), "after {at} bytes");
            assert!(host.server.outgoing().is_empty());
        }
    }
}

#[test]
fn stale_and_foreign_reports_change_nothing() {
    let mut host = Host::online(config());
    let link = host.server.attempt();
    let other = crate::endpoint::AttemptId(7);
    let now = host.now;
    host.server.handle_received(now, other, b"<stream:error>");
    host.server.handle_written(now, other, 1000);
    host.server.handle_lost(now, other, LostCause::Eof);
    host.server.handle_secured(now, other, TlsInfo::new());
    host.server.handle_connected(now, other, ConnInfo::new());
    // Nor what is reported twice.
    host.server.handle_connected(now, link, ConnInfo::new());
    host.server.handle_secured(now, link, TlsInfo::new());
    host.drain();
    assert!(host.server.is_online());
    assert_eq!(host.server.tls(), Some(&tls13()));
    assert_eq!(host.transcript(), [""]);
    host.lose(LostCause::Eof);
    host.transcript();
    host.server.handle_received(now, link, HEADER.as_bytes());
    host.server.handle_lost(now, link, LostCause::Eof);
    host.server.close(now);
    host.server.close_with(now, StreamError::new(StreamCondition::Reset));
    host.server.handle_connected(now, link, ConnInfo::new());
    host.drain();
    assert_eq!(host.transcript(), [""]);
}

#[test]
fn a_transport_that_is_never_announced_is_given_up() {
    let now = Instant::from_micros(0);
    let mut server = Server::new(config(), Seed::new([1; 32]), now);
    let link = server.attempt();
    assert!(!server.wants_read() && server.phase() == Phase::Connecting);
    server.handle_received(now, link, HEADER.as_bytes());
    assert!(server.outgoing().is_empty());
    let at = server.poll_timeout().unwrap();
    server.handle_timeout(at);
    let how = Shutdown::Abort;
    assert_eq!(server.poll_action(), Some(Action::Disconnect { id: link, how }));
    assert!(server.is_idle());
}

#[test]
fn a_close_without_time_leaves_no_deadline_behind() {
    let mut config = config();
    config.close_timeout = Duration::ZERO;
    let mut host = Host::new(config);
    host.takes_output = false;
    host.pass(Duration::from_secs(30));
    let action = host.next_action();
    assert!(matches!(action, Some(Action::Disconnect { how: Shutdown::Abort, .. })));
    assert_eq!(host.ended().reason, Reason::TimedOut(Timer::Negotiation));
}
