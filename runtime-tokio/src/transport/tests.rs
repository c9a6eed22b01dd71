use core::net::Ipv4Addr;

use tokio::net::TcpListener;

use super::*;

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn refusing() -> SocketAddr {
    listening().await.1
}

#[tokio::test]
async fn an_address_that_refuses_is_passed_over_at_once() {
    let (_listener, good) = listening().await;
    let began = std::time::Instant::now();
    let socket = race(vec![refusing().await, refusing().await, good]).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap(), good);
    assert!(began.elapsed() < STAGGER, "waited after a refusal");
}

#[tokio::test]
async fn when_no_address_answers_the_first_error_is_told() {
    let error = race(vec![refusing().await, refusing().await]).await.unwrap_err();
    assert_eq!(error.unwrap().kind(), io::ErrorKind::ConnectionRefused);
    assert!(race(Vec::new()).await.unwrap_err().is_none());
}

#[tokio::test]
async fn ip_literals_need_no_resolver() {
    let (_listener, address) = listening().await;
    assert!(open(Target::new("127.0.0.1", address.port())).await.is_ok());
    let refused = open(Target::new("::1", address.port())).await;
    assert!(matches!(refused, Err(LostCause::Refused | LostCause::Unreachable(_))));
}
