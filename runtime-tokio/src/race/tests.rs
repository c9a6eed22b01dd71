//! Mostly under tokio's paused clock: time passes only while everybody waits.

use core::future::pending;
use core::net::IpAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    let parse = |text: &&str| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 5222);
    texts.iter().map(parse).collect()
}

/// What an address does, told from its last digit: `1` answers after 30 ms, `2` refuses, all else
/// is a black hole.
async fn fake(address: SocketAddr) -> io::Result<SocketAddr> {
    match address.ip().to_string().pop() {
        Some('1') => {
            sleep(Duration::from_millis(30)).await;
            Ok(address)
        }
        Some('2') => Err(io::ErrorKind::ConnectionRefused.into()),
        Some('3') => Err(io::ErrorKind::HostUnreachable.into()),
        _ => pending().await,
    }
}

async fn winner(texts: &[&str]) -> (String, u128) {
    let start = Instant::now();
    let won = race(addresses(texts), fake).await.unwrap();
    (won.ip().to_string(), start.elapsed().as_millis())
}

#[test]
fn rfc8305_4_families_take_turns() {
    let mixed = addresses(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]);
    let turns: Vec<_> = interleave(mixed).iter().map(|to| to.ip().to_string()).collect();
    assert_eq!(turns, ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]);
    // The resolver's first choice stays the first.
    let turns = interleave(addresses(&["10.0.0.1", "10.0.0.2", "::1"]));
    assert_eq!(turns, addresses(&["10.0.0.1", "::1", "10.0.0.2"]));
    assert!(interleave(Vec::new()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_family_that_leads_nowhere_costs_one_stagger() {
    let black_hole = ["2001:db8::a", "2001:db8::b", "2001:db8::c", "2001:db8::d", "10.0.0.1"];
    assert_eq!(winner(&black_hole).await, ("10.0.0.1".into(), 280));
    let black_hole = ["10.0.0.4", "10.0.0.5", "10.0.0.6", "2001:db8::1"];
    assert_eq!(winner(&black_hole).await, ("2001:db8::1".into(), 280));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_costs_nothing() {
    assert_eq!(winner(&["::2", "10.0.0.2", "::3", "10.0.0.1"]).await, ("10.0.0.1".into(), 30));
}

#[tokio::test(start_paused = true)]
async fn the_first_address_wins_if_it_works() {
    assert_eq!(winner(&["::1", "10.0.0.1"]).await, ("::1".into(), 30));
}

#[tokio::test(start_paused = true)]
async fn the_fault_is_that_of_the_first_address() {
    let error = race(addresses(&["10.0.0.2", "::3"]), fake).await.unwrap_err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(race(Vec::new(), fake).await.unwrap_err().is_none());
}

#[tokio::test]
async fn real_sockets_that_refuse_are_passed_over_at_once() {
    let listening = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (dead, good) = (listening().await.local_addr().unwrap(), listening().await);
    let address = good.local_addr().unwrap();
    let began = std::time::Instant::now();
    let socket = race(vec![dead, address], TcpStream::connect).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap(), address);
    assert!(began.elapsed() < STAGGER, "waited after a refusal");
    let error = race(vec![dead], TcpStream::connect).await.unwrap_err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
