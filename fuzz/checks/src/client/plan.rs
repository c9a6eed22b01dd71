//! What an input says: the configuration of a client, and what happens to it.

use core::time::Duration;

use xmpp_proto::endpoint::{
    CertificateFault, ClientConfig, DnsRecords, LostCause, SrvAnswer, SrvRecord, Target, TlsFault,
    TlsMode,
};
use xmpp_proto::sasl::Mechanism;

use super::PASSWORD;
use crate::choices::Choices;

/// More than this does not happen.
const MAX_OPS: usize = 48;

/// An input.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) config: ClientConfig,
    /// Whether the driver reads only when it should, and hears of the end of a transport only when
    /// all that came before it was read. Then chunks make no difference.
    pub(super) keeps_rules: bool,
    /// Whether all output is written at once, or only when an operation says so.
    pub(super) writes: bool,
    /// Whether events are taken at once.
    pub(super) takes_events: bool,
    pub(super) seed: u8,
    pub(super) ops: Vec<Op<'a>>,
}

/// Something that happens.
#[derive(Debug)]
pub(super) enum Op<'a> {
    /// The server says these bytes. If they wait, they are read together with what follows.
    Bytes {
        bytes: &'a [u8],
        wait: bool,
    },
    /// The server says one of its sentences, with a number in it.
    Say {
        which: u8,
        number: u8,
        wait: bool,
    },
    /// The server, or the adapter, does what brings the login on.
    Help,
    /// That, until the client is online.
    Login,
    /// The next action succeeds.
    Succeed,
    /// The next action fails.
    Fail(LostCause),
    /// DNS answers.
    Resolve(DnsRecords),
    /// The transport takes so many bytes.
    Write(usize),
    /// Time passes up to the next deadline.
    UntilDeadline,
    /// Time passes.
    Pass(Duration),
    /// A clock goes wrong.
    Back(Duration),
    /// The application does something.
    Connect,
    Close,
    Send {
        kind: u8,
        size: u8,
    },
    Request {
        kind: u8,
        timeout: Option<Duration>,
    },
    Answer {
        which: usize,
        kind: u8,
    },
    TakeEvents(u8),
    /// The transport goes away.
    Lose(LostCause),
    /// The adapter reports something about an earlier transport.
    Stale(u8),
    /// The adapter hands over what nobody asked for.
    Flood(&'a [u8]),
}

impl<'a> Plan<'a> {
    pub(super) fn read(data: &'a [u8]) -> Self {
        let mut choices = Choices::new(data);
        let bits = choices.byte();
        let config = config(bits, &mut choices);
        let how = choices.byte();
        let seed = choices.byte();
        let mut ops = Vec::new();
        while !choices.is_empty() && ops.len() < MAX_OPS {
            ops.push(Op::read(&mut choices));
        }
        Self {
            config,
            keeps_rules: how & 1 == 0,
            writes: how & 2 == 0,
            takes_events: how & 4 == 0,
            seed,
            ops,
        }
    }
}

/// Small numbers throughout, so that limits are met soon.
fn config(bits: u8, choices: &mut Choices<'_>) -> ClientConfig {
    let jid = "alice@example.org".parse().expect("an address");
    let config = match bits >> 2 & 3 {
        0 => ClientConfig::new(jid, PASSWORD).with_mechanisms([Mechanism::Plain]),
        1 => ClientConfig::new(jid, PASSWORD).with_mechanisms(Mechanism::ScramSha1.at_least()),
        2 => ClientConfig::new(jid, PASSWORD).with_mechanisms(Mechanism::ALL),
        _ => ClientConfig::anonymous("example.org".parse().expect("an address")),
    };
    let mut config = config.one_stream();
    config.tls = match bits & 3 {
        0 | 1 => TlsMode::StartTls,
        2 => TlsMode::Direct,
        _ => TlsMode::InsecurePlaintext,
    };
    config.insecure_plain_without_tls = bits & 0x10 != 0;
    if bits & 0x20 == 0 {
        config.target = Some(Target::new("xmpp.example.org", 5222));
    }
    config.resource = (bits & 0x40 != 0).then(|| "desk".into());
    config.lang = (bits & 0x80 != 0).then(|| "de".into());

    let counts = choices.byte();
    config.event_capacity = 1 + usize::from(counts & 3);
    config.max_requests = 1 + usize::from(counts >> 2 & 3);
    config.max_queries = usize::from(counts >> 4 & 3);
    config.max_targets = 1 + usize::from(counts >> 6);
    let sizes = choices.byte();
    config.output_limit = 64 << (sizes & 7);
    config.output_high_water = config.output_limit / 2;
    config.max_chunk = 8 << (sizes >> 3 & 7);
    config.limits = config.limits.with_stanza_bytes(256 << (sizes >> 6)).with_header_bytes(256);
    config.limits = config.limits.with_depth(8).with_attributes(8).with_name_bytes(64);
    config.scram.min_iterations = 2;
    config.scram.max_iterations = 16;
    config.scram.work_slice = 3;

    let times = u64::from(choices.byte());
    config.negotiation_timeout = Duration::from_millis(60 - (times & 1) * 50);
    config.connect_timeout = Duration::from_millis(15 + (times >> 1 & 1) * 60);
    config.close_timeout = Duration::from_millis(5 - (times >> 2 & 1) * 5);
    config.request_timeout = Duration::from_millis(30);
    config.answer_timeout = Duration::from_millis(30 - (times >> 3 & 1) * 30);
    config
}

impl<'a> Op<'a> {
    fn read(choices: &mut Choices<'a>) -> Self {
        let kind = choices.byte() % 24;
        match kind {
            0 | 1 => {
                let length = choices.byte().into();
                Self::Bytes { bytes: choices.take(length), wait: kind == 1 }
            }
            2..=4 => Self::Say { which: choices.byte(), number: choices.byte(), wait: kind == 4 },
            5 => Self::Help,
            6 => Self::Login,
            7 => Self::Succeed,
            8 => Self::Fail(cause(choices)),
            9 => Self::Resolve(DnsRecords { xmpps: answer(choices), xmpp: answer(choices) }),
            10 => Self::Write(choices.byte().into()),
            11 => Self::UntilDeadline,
            12 => Self::Pass(Duration::from_micros(500 * u64::from(choices.byte()))),
            13 => Self::Back(Duration::from_millis(choices.byte().into())),
            14 => Self::Connect,
            15 => Self::Close,
            16 | 17 => Self::Send { kind: choices.byte(), size: choices.byte() },
            18 => {
                let (kind, time) = (choices.byte(), choices.byte());
                let timeout = (time != 0).then(|| Duration::from_millis((time - 1).into()));
                Self::Request { kind, timeout }
            }
            19 => Self::Answer { which: choices.byte().into(), kind: choices.byte() },
            20 => Self::TakeEvents(choices.byte()),
            21 => Self::Lose(cause(choices)),
            22 => Self::Stale(choices.byte()),
            _ => {
                let length = choices.byte().into();
                Self::Flood(choices.take(length))
            }
        }
    }
}

fn cause(choices: &mut Choices<'_>) -> LostCause {
    match choices.byte() & 7 {
        0 | 1 => LostCause::Eof,
        2 => LostCause::Reset,
        3 => LostCause::Refused,
        4 => LostCause::NameNotFound("no such name".into()),
        5 => LostCause::Tls(TlsFault::Certificate {
            fault: CertificateFault::Untrusted,
            report: None,
        }),
        6 => LostCause::Tls(TlsFault::Handshake("handshake".into())),
        _ => LostCause::Io("broken".into()),
    }
}

fn answer(choices: &mut Choices<'_>) -> SrvAnswer {
    let kind = choices.byte();
    match kind & 7 {
        6 => SrvAnswer::None,
        7 => SrvAnswer::Failed("no answer".into()),
        count => {
            let record = |_| {
                let bits = choices.byte();
                let hosts = ["a.example", "b.example.", ".", "", "::1", "c.example"];
                let port = [0, 5222, 5223, 443][usize::from(bits >> 6)];
                let host = hosts[usize::from(bits & 7) % hosts.len()];
                SrvRecord::new(u16::from(bits >> 3 & 1), u16::from(bits >> 4 & 3), port, host)
            };
            SrvAnswer::Records((0..count).map(record).collect())
        }
    }
}
