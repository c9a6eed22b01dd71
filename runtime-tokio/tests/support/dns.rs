//! A DNS server of a test's own: what it answers, and how it fails, is written down beforehand.
//!
//! ```ignore
//! let dns = DnsServer::start(&[("_xmpp-client._tcp.localhost", Srv(&[(1, 1, port, "localhost")]))]);
//! let config = config.dns([dns.address()]);
//! ```

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// What the server knows under a name.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Priority, weight, port, target.
    Srv(&'static [(u16, u16, u16, &'static str)]),
    /// The same, made while the test runs.
    SrvAt(Vec<(u16, u16, u16, &'static str)>),
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// The answer holds the records of the other name, as recursive servers answer.
    Cname(&'static str),
    /// The answer holds the alias and nothing else.
    BareCname(&'static str),
    /// The server fails, whatever is asked.
    ServFail,
    /// No answer, whatever is asked.
    Silent,
    /// No answer to questions of this type.
    SilentFor(u16),
}

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SRV: u16 = 33;

/// The most bytes of an answer over UDP. Longer ones are cut, and told in full over TCP.
const MAX_UDP: usize = 1232;

type Zone = Vec<(String, Entry)>;

/// A running server, stopped on drop.
pub(crate) struct DnsServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// A server on loopback. A name may have several entries; a name without any does not exist.
    pub(crate) fn start(zone: &[(&str, Entry)]) -> Self {
        let zone: Zone = zone.iter().map(|(name, entry)| ((*name).into(), entry.clone())).collect();
        let (udp, tcp) = bind();
        let address = udp.local_addr().expect("it is bound");
        udp.set_read_timeout(Some(Duration::from_millis(20))).expect("not zero");
        tcp.set_nonblocking(true).expect("sockets can do that");
        let (asked, stopped) = (Arc::default(), Arc::<AtomicBool>::default());
        let over_udp = {
            let (zone, asked, stopped) = (zone.clone(), Arc::clone(&asked), Arc::clone(&stopped));
            thread::spawn(move || serve_udp(&udp, &zone, &asked, &stopped))
        };
        let over_tcp = {
            let stopped = Arc::clone(&stopped);
            thread::spawn(move || serve_tcp(&tcp, &zone, &stopped))
        };
        Self { address, asked, stopped, threads: vec![over_udp, over_tcp] }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The questions over UDP so far: name and type.
    pub(crate) fn asked(&self) -> Vec<(String, u16)> {
        self.asked.lock().expect("no test panics in here").clone()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // if it panicked, the test has noticed
        }
    }
}

/// One port for both.
fn bind() -> (UdpSocket, TcpListener) {
    for _ in 0..20 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = udp.local_addr().expect("it is bound");
        if let Ok(tcp) = TcpListener::bind(address) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP")
}

fn serve_udp(
    socket: &UdpSocket,
    zone: &Zone,
    asked: &Mutex<Vec<(String, u16)>>,
    stopped: &AtomicBool,
) {
    let mut buffer = [0; 4096];
    while !stopped.load(Ordering::Relaxed) {
        let Ok((n, from)) = socket.recv_from(&mut buffer) else { continue };
        let Some(question) = Question::read(&buffer[..n]) else { continue };
        asked.lock().expect("no test panics in here").push((question.name.clone(), question.kind));
        let Some(mut answer) = question.answer(zone) else { continue };
        if answer.len() > MAX_UDP {
            answer.truncate(12 + question.raw.len());
            answer[2] |= 0x02; // TC
            answer[6..12].fill(0);
        }
        let _ = socket.send_to(&answer, from); // whoever asked may be gone
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Zone, stopped: &AtomicBool) {
    while !stopped.load(Ordering::Relaxed) {
        let Ok((mut stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        // A client that breaks off has its reasons.
        let _ = (|| {
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut query)?;
            if let Some(answer) = Question::read(&query).and_then(|question| question.answer(zone))
            {
                let length = u16::try_from(answer.len()).expect("no test has so many records");
                stream.write_all(&[&length.to_be_bytes()[..], &answer].concat())?;
            }
            std::io::Result::Ok(())
        })();
    }
}

struct Question {
    id: [u8; 2],
    name: String,
    kind: u16,
    /// As it came, to be repeated in the answer.
    raw: Vec<u8>,
}

impl Question {
    fn read(query: &[u8]) -> Option<Self> {
        let mut labels: Vec<String> = Vec::new();
        let mut at = 12;
        loop {
            let length = usize::from(*query.get(at)?);
            if length == 0 {
                break;
            }
            let label = query.get(at + 1..at + 1 + length)?;
            labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
            at += 1 + length;
        }
        let raw = query.get(12..at + 5)?.to_vec();
        let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
        Some(Self { id: [query[0], query[1]], name: labels.join("."), kind, raw })
    }

    /// `None` if there is to be no answer.
    fn answer(&self, zone: &Zone) -> Option<Vec<u8>> {
        let mut name = self.name.as_str();
        let mut records: Vec<Vec<u8>> = Vec::new();
        let mut code = 3; // NXDOMAIN, unless there is an entry
        loop {
            let mut alias = None;
            for (_, entry) in zone.iter().filter(|(owner, _)| owner == name) {
                code = 0;
                match entry {
                    Entry::Silent => return None,
                    Entry::SilentFor(kind) if *kind == self.kind => return None,
                    Entry::ServFail => return Some(self.write(2, &[])),
                    Entry::Cname(to) | Entry::BareCname(to) => {
                        records.push(record(name, CNAME, &encode_name(to)));
                        alias = matches!(entry, Entry::Cname(_)).then_some(*to);
                    }
                    Entry::A(address) if self.kind == A => {
                        records.push(record(name, A, &address.octets()));
                    }
                    Entry::Aaaa(address) if self.kind == AAAA => {
                        records.push(record(name, AAAA, &address.octets()));
                    }
                    Entry::Srv(services) if self.kind == SRV => push(&mut records, name, services),
                    Entry::SrvAt(services) if self.kind == SRV => {
                        push(&mut records, name, services);
                    }
                    Entry::SilentFor(_)
                    | Entry::A(_)
                    | Entry::Aaaa(_)
                    | Entry::Srv(_)
                    | Entry::SrvAt(_) => {}
                }
            }
            match alias {
                Some(to) => name = to,
                None => return Some(self.write(code, &records)),
            }
        }
    }

    fn write(&self, code: u8, records: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(records.len()).expect("no test has so many").to_be_bytes();
        // A response to a recursive query, by a server that recurses.
        let mut answer = [self.id, [0x81, 0x80 | code], [0, 1], count, [0, 0], [0, 0]].concat();
        answer.extend_from_slice(&self.raw);
        answer.extend(records.concat());
        answer
    }
}

fn push(records: &mut Vec<Vec<u8>>, name: &str, services: &[(u16, u16, u16, &str)]) {
    for (priority, weight, port, target) in services {
        let mut data = [priority, weight, port].map(|n| n.to_be_bytes()).concat();
        data.extend(encode_name(target));
        records.push(record(name, SRV, &data));
    }
}

fn record(name: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = encode_name(name);
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]); // class IN
    record.extend(60_u32.to_be_bytes()); // seconds to live
    record.extend(u16::try_from(data.len()).expect("records are short").to_be_bytes());
    record.extend_from_slice(data);
    record
}

fn encode_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).expect("labels are short"));
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
