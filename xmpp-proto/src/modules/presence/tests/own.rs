//! The client's own presence (RFC 6121 §4.2, §4.4 to §4.6).

use super::*;

#[test]
fn nothing_is_sent_before_the_application_says_so() {
    let mut script = offline(PresenceConfig::new());
    assert_eq!(login(&mut script), "");
    assert!(script.client().modules().own().is_none());
}

#[test]
fn what_is_set_is_sent_at_once_and_again_at_each_login() {
    let mut script = online(PresenceConfig::new());
    let away = Presence::available().show(Show::Away).status("tea").priority(-3);
    let token = command(&mut script, |presences, cx| presences.set(cx, away).unwrap());
    assert!(token.is_some());
    // RFC 6121 §4.2.1, §4.7.2
    let expected =
        "<presence><show>away</show><status>tea</status><priority>-3</priority></presence>";
    assert_eq!(script.take_sent(), expected);
    for _ in 0..2 {
        script.lose(LostCause::Eof);
        assert_eq!(login(&mut script), expected);
    }
}

#[test]
fn what_is_set_before_the_login_is_sent_then() {
    let mut script = offline(PresenceConfig::new());
    let token = command(&mut script, |presences, cx| presences.available(cx).unwrap());
    assert!(token.is_none());
    assert_eq!(login(&mut script), "<presence/>");
}

#[test]
fn the_last_presence_counts() {
    // RFC 6121 §4.4.1.
    let mut script = online(PresenceConfig::new());
    command(&mut script, |presences, cx| presences.available(cx).unwrap());
    let dnd = Presence::available().show(Show::Dnd);
    command(&mut script, |presences, cx| presences.set(cx, dnd).unwrap());
    script.lose(LostCause::Eof);
    assert_eq!(login(&mut script), "<presence><show>dnd</show></presence>");
}

#[test]
fn who_is_unavailable_stays_so() {
    let mut script = online(PresenceConfig::new());
    command(&mut script, |presences, cx| presences.available(cx).unwrap());
    script.take_sent();
    // RFC 6121 §4.5.1
    let bye = Presence::unavailable().status("bye");
    command(&mut script, |presences, cx| presences.set(cx, bye).unwrap());
    assert_eq!(script.take_sent(), "<presence type='unavailable'><status>bye</status></presence>");
    script.lose(LostCause::Eof);
    assert_eq!(login(&mut script), "");
}

#[test]
fn going_unavailable_while_offline_takes_back_what_was_set() {
    let mut script = offline(PresenceConfig::new());
    command(&mut script, |presences, cx| presences.available(cx).unwrap());
    let token = command(&mut script, |presences, cx| presences.unavailable(cx).unwrap());
    assert!(token.is_none());
    assert_eq!(login(&mut script), "");
}

#[test]
fn whoever_wants_to_sends_it_again_by_itself() {
    let mut script = offline(PresenceConfig::new().with_resend(false));
    command(&mut script, |presences, cx| presences.available(cx).unwrap());
    assert_eq!(login(&mut script), "<presence/>");
    script.lose(LostCause::Eof);
    assert_eq!(login(&mut script), "");
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let mut script = online(PresenceConfig::new());
    command(&mut script, |presences, cx| presences.available(cx).unwrap());
    let bad = Presence::available().status("\u{1}");
    let refused = command(&mut script, |presences, cx| presences.set(cx, bad).unwrap_err());
    assert!(matches!(refused, Refused::Build(_)));
    script.lose(LostCause::Eof);
    assert_eq!(login(&mut script), "<presence/>");
}

#[test]
fn directed_presence_goes_to_one_and_is_not_remembered() {
    let mut script = online(PresenceConfig::new());
    let room = jid("room@chat.example").with_resource("me").unwrap();
    // RFC 6121 §4.6
    let sent = "<presence to='room@chat.example/me'><show>chat</show></presence>";
    let chat = Presence::available().show(Show::Chat);
    command(&mut script, |presences, cx| presences.direct(cx, room.clone(), chat).unwrap());
    assert_eq!(script.take_sent(), sent);
    let chat = Presence::available().to(room).show(Show::Chat);
    command(&mut script, |presences, cx| presences.set(cx, chat).unwrap());
    assert_eq!(script.take_sent(), sent);
    script.lose(LostCause::Eof);
    assert_eq!(login(&mut script), "");
    script.lose(LostCause::Eof);
    let to = jid("bob@example.net");
    let refused = command(&mut script, |presences, cx| {
        presences.direct(cx, to, Presence::available()).unwrap_err()
    });
    assert_eq!(refused, Refused::Machine(Misuse::NotOnline));
}
