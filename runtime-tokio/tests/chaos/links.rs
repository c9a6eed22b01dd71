//! The proxy's own test: the other tests stand on it.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use crate::proxy::{Fault, How, Link, Proxy, Way};

const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough for what would come to have come.
const QUIET: Duration = Duration::from_millis(150);

/// A server that hands its connections over.
fn server() -> (TcpListener, Receiver<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (give, accepted) = channel();
    let accepting = listener.try_clone().unwrap();
    thread::spawn(move || {
        while let Ok((socket, _)) = accepting.accept() {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            if give.send(socket).is_err() {
                return;
            }
        }
    });
    (listener, accepted)
}

struct Set {
    proxy: Proxy,
    listener: TcpListener,
    accepted: Receiver<TcpStream>,
}

impl Set {
    fn new() -> Self {
        let (listener, accepted) = server();
        let proxy = Proxy::to(listener.local_addr().unwrap()).start();
        Self { proxy, listener, accepted }
    }

    fn with_whole_records() -> Self {
        let (listener, accepted) = server();
        let proxy = Proxy::to(listener.local_addr().unwrap()).whole_records().start();
        Self { proxy, listener, accepted }
    }

    /// The client's end, the server's end, and the link between.
    fn link(&self) -> (TcpStream, TcpStream, Link) {
        let client = TcpStream::connect(self.proxy.address()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let server = self.accepted.recv_timeout(PATIENCE).unwrap();
        wait_until(|| self.proxy.newest().is_some());
        (client, server, self.proxy.newest().unwrap())
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        // Whoever accepts ends with the receiver, once more accepted.
        let address = self.listener.local_addr().unwrap();
        (_, self.accepted) = channel();
        let _ = TcpStream::connect(address);
    }
}

#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "it takes too long");
        thread::sleep(Duration::from_millis(1));
    }
}

fn read(socket: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}

/// Everything that comes, and how it ends.
fn rest(socket: &mut TcpStream) -> (Vec<u8>, How) {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        match socket.read(&mut chunk) {
            Ok(0) => return (bytes, How::Fin),
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (bytes, How::Reset),
            Err(error) => panic!("{error}"),
        }
    }
}

fn is_quiet(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(QUIET)).unwrap();
    let result = socket.read(&mut [0; 1]);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    matches!(result, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn everything_passes_and_each_end_is_closed_as_the_other() {
    let set = Set::new();
    let (mut client, mut server, link) = set.link();
    let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
    let copy = text.clone();
    let mut writing = client.try_clone().unwrap();
    let writer = thread::spawn(move || writing.write_all(&copy).unwrap());
    assert_eq!(read(&mut server, text.len()), text);
    writer.join().unwrap();
    server.write_all(b"well").unwrap();
    assert_eq!(read(&mut client, 4), b"well");
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(rest(&mut server), (vec![], How::Fin));
    // The other direction is still open.
    server.write_all(b"bye").unwrap();
    drop(server);
    assert_eq!(rest(&mut client), (b"bye".to_vec(), How::Fin));
    wait_until(|| link.is_over() && set.proxy.links().is_empty());
    assert_eq!((link.passed(Way::Up), link.passed(Way::Down)), (text.len() as u64, 7));
}

#[test]
fn a_reset_of_one_end_reaches_the_other() {
    let set = Set::new();
    let (client, mut server, _) = set.link();
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(rest(&mut server), (vec![], How::Reset));
}

#[test]
fn a_link_is_cut_behind_the_nth_byte_in_either_direction() {
    let set = Set::new();
    for how in [How::Fin, How::Reset] {
        for way in [Way::Up, Way::Down] {
            let (mut client, mut server, link) = set.link();
            client.write_all(b"before").unwrap();
            server.write_all(b"before").unwrap();
            read(&mut client, 6);
            read(&mut server, 6);
            link.inject(Fault::Cut { way, after: 3, how });
            let (mut from, mut to) = match way {
                Way::Up => (client, server),
                Way::Down => (server, client),
            };
            from.write_all(b"12").unwrap();
            assert_eq!(read(&mut to, 2), b"12");
            from.write_all(b"345").unwrap();
            let (bytes, ended) = rest(&mut to);
            // A reset may overtake the last bytes in the receiver's socket, but nothing follows.
            assert!(bytes == b"3" || how == How::Reset && bytes.is_empty(), "{bytes:?}");
            assert_eq!(ended, how);
            assert_eq!(rest(&mut from), (vec![], how));
            assert_eq!(link.passed(way), 9);
            assert!(link.is_over());
            let note = format!("link {}: cut by {how:?}", link.number());
            wait_until(|| set.proxy.log().contains(&note));
        }
    }
}

#[test]
fn a_black_hole_is_silent_and_the_other_direction_may_go_on() {
    let set = Set::new();
    let (mut client, mut server, link) = set.link();
    link.inject(Fault::BlackHole(Some(Way::Up)));
    thread::sleep(QUIET);
    client.write_all(b"nobody hears this").unwrap();
    assert!(is_quiet(&mut server));
    server.write_all(b"but this").unwrap();
    assert_eq!(read(&mut client, 8), b"but this");

    link.inject(Fault::BlackHole(None));
    thread::sleep(QUIET);
    server.write_all(b"nor that").unwrap();
    assert!(is_quiet(&mut client));
    // Not even the end is heard.
    drop(client);
    assert!(is_quiet(&mut server));
    assert!(!link.is_over());
    link.cut(How::Reset);
    assert_eq!(rest(&mut server), (vec![], How::Reset));
}

#[test]
fn a_stall_holds_back_until_it_ends() {
    let set = Set::new();
    let (mut client, mut server, link) = set.link();
    link.inject(Fault::Stall);
    thread::sleep(QUIET);
    client.write_all(b"up").unwrap();
    server.write_all(b"down").unwrap();
    assert!(is_quiet(&mut server) && is_quiet(&mut client));
    set.proxy.forward();
    assert_eq!(read(&mut server, 2), b"up");
    assert_eq!(read(&mut client, 4), b"down");
}

#[test]
fn a_delay_holds_up_each_piece() {
    let set = Set::new();
    let (mut client, mut server, link) = set.link();
    link.inject(Fault::Delay(QUIET));
    for _ in 0..2 {
        let began = Instant::now();
        client.write_all(b"late").unwrap();
        assert_eq!(read(&mut server, 4), b"late");
        assert!(began.elapsed() >= QUIET);
    }
}

#[test]
fn faults_can_be_planned_for_links_to_come() {
    let set = Set::new();
    set.proxy.plan(Fault::Cut { way: Way::Up, after: 2, how: How::Fin });
    set.proxy.plan(Fault::BlackHole(None));
    let (mut client, mut server, _) = set.link();
    client.write_all(b"abc").unwrap();
    assert_eq!(rest(&mut server), (b"ab".to_vec(), How::Fin));
    let (mut client, mut server, _) = set.link();
    client.write_all(b"abc").unwrap();
    assert!(is_quiet(&mut server));
    let (mut client, mut server, _) = set.link();
    client.write_all(b"abc").unwrap();
    assert_eq!(read(&mut server, 3), b"abc");
    assert_eq!(set.proxy.opened(), 3);
}

#[test]
fn connections_are_refused_and_accepted_again_on_the_same_port() {
    let set = Set::new();
    let (mut client, mut server, _) = set.link();
    set.proxy.refuse();
    let refused = TcpStream::connect(set.proxy.address()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // Those that are open stay so.
    client.write_all(b"x").unwrap();
    assert_eq!(read(&mut server, 1), b"x");
    set.proxy.accept();
    let (mut client, mut server, _) = set.link();
    client.write_all(b"y").unwrap();
    assert_eq!(read(&mut server, 1), b"y");
}

#[test]
fn a_server_that_is_not_there_resets_the_client() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::to(free.local_addr().unwrap()).start();
    drop(free);
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(rest(&mut client), (vec![], How::Reset));
}

/// A TLS record of application data.
fn record(length: u16) -> Vec<u8> {
    let mut record = vec![23, 3, 3];
    record.extend(length.to_be_bytes());
    record.resize(5 + usize::from(length), b'x');
    record
}

#[test]
fn records_stay_whole_on_their_way_up() {
    let set = Set::with_whole_records();
    let (mut client, mut server, link) = set.link();
    let two = [record(300), record(10)].concat();
    // What is not complete waits.
    client.write_all(&two[..310]).unwrap();
    assert_eq!(read(&mut server, 305), two[..305]);
    assert!(is_quiet(&mut server));
    client.write_all(&two[310..]).unwrap();
    assert_eq!(read(&mut server, 15), two[305..]);

    // The cut comes behind the record in which it falls.
    link.inject(Fault::Cut { way: Way::Up, after: 7, how: How::Fin });
    client.write_all(&[record(20), record(20)].concat()).unwrap();
    assert_eq!(rest(&mut server), (record(20), How::Fin));

    // Down, nothing stays whole.
    let (mut client, mut server, link) = set.link();
    link.inject(Fault::Cut { way: Way::Down, after: 7, how: How::Fin });
    server.write_all(&record(20)).unwrap();
    assert_eq!(rest(&mut client), (record(20)[..7].to_vec(), How::Fin));
}

#[test]
fn nothing_is_left_when_the_proxy_is_dropped() {
    let set = Set::new();
    let ends: Vec<_> = (0..10).map(|_| set.link()).collect();
    ends[0].2.inject(Fault::Stall);
    ends[1].2.inject(Fault::BlackHole(None));
    ends[2].2.inject(Fault::Delay(Duration::from_secs(1)));
    let began = Instant::now();
    drop(set);
    for (mut client, mut server, _) in ends {
        assert_eq!(rest(&mut client).1, How::Reset);
        assert_eq!(rest(&mut server).1, How::Reset);
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}
