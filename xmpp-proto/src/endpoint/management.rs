//! How stream management is used (XEP-0198).

use core::time::Duration;

/// How a stream is managed (XEP-0198): when acknowledgements are asked for and given, and how much
/// may wait for one.
///
/// What is sent is kept until the peer has acknowledged it; then, and not before, its fate is
/// [`Outcome::Acked`](super::Outcome::Acked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamManagement {
    /// Whether a stream whose transport breaks may be resumed on another one (XEP-0198 §5). The
    /// default is true.
    pub resume: bool,
    /// How long a broken stream may wait to be resumed. A client asks for this time; a server grants
    /// no more than this. The default is 5 minutes.
    pub max_resume: Duration,
    /// The most stanzas that wait for acknowledgement; commands that send are refused beyond that. A
    /// peer that acknowledges nothing while the machine owes twice as much is given up. The default
    /// is 512.
    pub max_unacked: usize,
    /// The same in bytes of memory. The default is 1 MiB.
    pub max_unacked_bytes: usize,
    /// The stanzas after which an acknowledgement is asked for. The default is 10.
    pub request_every: u32,
    /// The time after which one is asked for even if fewer were sent: short, for what follows at once
    /// goes along, and a radio is awake anyway. The default is 50 ms.
    pub request_after: Duration,
    /// The stanzas after which an acknowledgement is given unasked. The default is 64.
    pub ack_every: u32,
    /// The time that an answer waits for the application to take what was received before: only what
    /// it has taken counts. The default is 250 ms.
    pub answer_within: Duration,
    /// The time that the peer has to answer the wish for an acknowledgement while it goes on sending
    /// other things. Then half of the link is dead, which counts as all of it. The default is one
    /// minute.
    pub ack_timeout: Duration,
    /// How often in a row a stream is resumed without anything being acknowledged. Then it is given
    /// up, and what waits is handed back: it may hold something that the server does not survive.
    /// The default is 5.
    pub max_replays: u8,
}

impl Default for StreamManagement {
    fn default() -> Self {
        Self {
            resume: true,
            max_resume: Duration::from_mins(5),
            max_unacked: 512,
            max_unacked_bytes: 1024 * 1024,
            request_every: 10,
            request_after: Duration::from_millis(50),
            ack_every: 64,
            answer_within: Duration::from_millis(250),
            ack_timeout: Duration::from_mins(1),
            max_replays: 5,
        }
    }
}

/// How a silent peer is told from a dead link.
///
/// Whatever comes from the peer shows that the link lives. If nothing comes for `probe_after`, the
/// machine asks for a sign of life: an acknowledgement where the stream is managed (XEP-0198 §4),
/// else a ping (XEP-0199). If nothing comes for `timeout` after a question of any kind that the
/// protocol has answered, the link is dead: the transport is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// The silence after which the machine asks. None for never. The default is one minute for
    /// clients; servers wait for four.
    pub probe_after: Option<Duration>,
    /// The silence after such a question that shows that the link is dead. The default is 20 s.
    pub timeout: Duration,
    /// The time without sending after which a space is sent (RFC 6120 §4.6.1), for devices on the
    /// way that forget idle connections. None, the default, for never: it shows nothing about the
    /// peer.
    pub whitespace: Option<Duration>,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            probe_after: Some(Duration::from_mins(1)),
            timeout: Duration::from_secs(20),
            whitespace: None,
        }
    }
}
