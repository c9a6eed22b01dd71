//! TLS as far as the machines see it: who speaks it, when, and what both ends know afterwards.
//!
//! Records are a type, a length of two bytes and the text itself. A handshake is three of them:
//! hello, hello back, finished.

use alloc::vec::Vec;

use super::Side;
use super::link::{Link, handshake};
use crate::Instant;
use crate::endpoint::{AttemptId, CertificateFault, LostCause, TlsFault, TlsInfo, TlsVersion};

/// What TLS handshakes come to. The default is TLS 1.3 without client certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tls {
    /// The version. Only 1.3 has `tls-exporter`.
    pub version: TlsVersion,
    /// What the client shows; the server trusts it.
    pub client_certificate: Option<Vec<u8>>,
    /// The hash of the server's certificate, as the client learns it.
    pub server_end_point: Option<Vec<u8>>,
    /// Whether somebody in the middle has a session of their own with each end.
    pub middle: bool,
    /// Why the client refuses the server's certificate, if it does.
    pub refusal: Option<CertificateFault>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            version: TlsVersion::V1_3,
            client_certificate: None,
            server_end_point: None,
            middle: false,
            refusal: None,
        }
    }
}

impl Tls {
    /// TLS 1.3.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With another version.
    #[must_use]
    pub const fn with_version(mut self, version: TlsVersion) -> Self {
        self.version = version;
        self
    }

    /// With a certificate that the client shows and the server trusts.
    #[must_use]
    pub fn with_client_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.client_certificate = Some(der.into());
        self
    }

    /// With somebody in the middle, whose certificate the client trusts.
    #[must_use]
    pub const fn with_middle(mut self) -> Self {
        self.middle = true;
        self
    }

    /// With a certificate that the client refuses.
    #[must_use]
    pub fn with_refusal(mut self, fault: CertificateFault) -> Self {
        self.refusal = Some(fault);
        self
    }

    /// What one end knows after the handshake on the transport of this number.
    fn info(&self, side: Side, count: u8) -> TlsInfo {
        let mut info = TlsInfo::new().with_version(self.version);
        if self.version == TlsVersion::V1_3 {
            let session = if self.middle { side as u8 } else { 2 };
            let mut exporter = [session; 32];
            exporter[0] = count;
            info = info.with_tls_exporter(exporter);
        }
        match side {
            Side::Client => info.tls_server_end_point.clone_from(&self.server_end_point),
            Side::Server => info.client_certificate.clone_from(&self.client_certificate),
        }
        info
    }
}

const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;
const DATA: u8 = 0x17;

const HELLO: &[u8] = b"hello";
const HELLO_BACK: &[u8] = b"hello back";
const FINISHED: &[u8] = b"finished";
const CLOSE_NOTIFY: &[u8] = &[1, 0];
const FATAL: &[u8] = &[2, 40];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Plain,
    /// Waits for this handshake message.
    Expects(&'static [u8]),
    Secured,
}

/// What was read.
pub(super) enum Taken {
    /// For the machine.
    Bytes(Vec<u8>),
    /// Of TLS alone.
    Nothing,
    Secured(TlsInfo),
    Lost(LostCause),
}

/// One end's hold on the transport.
pub(super) struct Port {
    side: Side,
    pub(super) id: Option<AttemptId>,
    security: Security,
    head: Vec<u8>,
    rest: usize,
    body: Vec<u8>,
    count: u8,
}

impl Port {
    pub(super) const fn new(side: Side) -> Self {
        Self {
            side,
            id: None,
            security: Security::Plain,
            head: Vec::new(),
            rest: 0,
            body: Vec::new(),
            count: 0,
        }
    }

    /// A transport is there, the one of this number.
    pub(super) fn open(&mut self, id: AttemptId, count: u8) {
        *self = Self { id: Some(id), count, ..Self::new(self.side) };
    }

    pub(super) const fn is_securing(&self) -> bool {
        matches!(self.security, Security::Expects(_))
    }

    /// Begins a handshake.
    pub(super) fn secure(&mut self, now: Instant, link: &mut Link) {
        if self.side == Side::Client {
            self.security = Security::Expects(HELLO_BACK);
            self.put(now, link, HANDSHAKE, HELLO);
        } else {
            self.security = Security::Expects(HELLO);
        }
    }

    /// Puts the machine's bytes on the wire, as many as there is room for; says how many.
    pub(super) fn write(&mut self, now: Instant, link: &mut Link, bytes: &[u8]) -> usize {
        let n = bytes.len().min(link.room(self.side)).min(16 * 1024);
        if n > 0 {
            match self.security {
                Security::Plain => link.put(now, self.side, bytes[..n].to_vec()),
                _ => self.put(now, link, DATA, &bytes[..n]),
            }
        }
        n
    }

    fn put(&self, now: Instant, link: &mut Link, kind: u8, body: &[u8]) {
        let [.., high, low] = body.len().to_be_bytes();
        let mut record = Vec::with_capacity(3 + body.len());
        record.extend_from_slice(&[kind, high, low]);
        record.extend_from_slice(body);
        link.put(now, self.side, record);
    }

    /// Lets go of the transport, with a word of farewell if TLS has one.
    pub(super) fn close(&mut self, now: Instant, link: &mut Link, politely: bool) {
        if politely && self.security == Security::Secured {
            self.put(now, link, ALERT, CLOSE_NOTIFY);
        }
        self.id = None;
        link.close(now, self.side, LostCause::Eof);
    }

    fn fail(&mut self, now: Instant, link: &mut Link, cause: LostCause) -> Taken {
        self.put(now, link, ALERT, FATAL);
        Taken::Lost(cause)
    }

    /// Reads one chunk, but nothing behind a record that changes the state.
    pub(super) fn read(&mut self, now: Instant, link: &mut Link, max: usize) -> Taken {
        let from = self.side.peer();
        let mut bytes = Vec::new();
        for _ in 0..link.next_chunk(from, max) {
            // A record of another kind is read for itself.
            if !bytes.is_empty()
                && self.security == Security::Secured
                && self.head.is_empty()
                && link.peek_byte(from) != Some(DATA)
            {
                break;
            }
            let Some(byte) = link.take_byte(from) else { break };
            if self.security == Security::Plain {
                bytes.push(byte);
                continue;
            }
            if self.head.len() < 3 {
                if self.head.is_empty() && !matches!(byte, ALERT | HANDSHAKE | DATA) {
                    return self.fail(now, link, handshake("that is not TLS"));
                }
                self.head.push(byte);
                if let [_, high, low] = *self.head {
                    self.rest = usize::from(u16::from_be_bytes([high, low]));
                }
                continue;
            }
            self.rest -= 1;
            let data = self.head[0] == DATA;
            if data && self.security == Security::Secured {
                bytes.push(byte);
            } else {
                self.body.push(byte);
            }
            if self.rest == 0 {
                self.head.clear();
                if !data || self.security != Security::Secured {
                    return self.handle_record(now, link);
                }
            }
        }
        if bytes.is_empty() { Taken::Nothing } else { Taken::Bytes(bytes) }
    }

    fn handle_record(&mut self, now: Instant, link: &mut Link) -> Taken {
        let body = core::mem::take(&mut self.body);
        match (self.security, &*body) {
            (Security::Secured, CLOSE_NOTIFY) => Taken::Nothing,
            (_, FATAL) => Taken::Lost(handshake("the peer sent an alert")),
            (Security::Expects(expected), body) if expected == body => match self.side {
                Side::Client if link.tls().refusal.is_some() => {
                    let fault = link.tls().refusal.clone().unwrap_or(CertificateFault::Untrusted);
                    let fault = TlsFault::Certificate { fault, report: None };
                    self.fail(now, link, LostCause::Tls(fault))
                }
                Side::Client => {
                    self.put(now, link, HANDSHAKE, FINISHED);
                    self.secured(link)
                }
                Side::Server if body == HELLO => {
                    self.put(now, link, HANDSHAKE, HELLO_BACK);
                    self.security = Security::Expects(FINISHED);
                    Taken::Nothing
                }
                Side::Server => self.secured(link),
            },
            _ => self.fail(now, link, handshake("an unexpected message")),
        }
    }

    fn secured(&mut self, link: &Link) -> Taken {
        self.security = Security::Secured;
        Taken::Secured(link.tls().info(self.side, self.count))
    }
}
