use core::net::Ipv4Addr;
use std::net::TcpListener;

use super::*;

#[tokio::test]
async fn ip_literals_need_no_resolver() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let runtime = TokioRuntimeProvider::default();
    for dns in [Resolver::system(runtime.clone()), Resolver::with_servers([], runtime)] {
        assert!(open(Target::new("127.0.0.1", port), &dns).await.is_ok());
        let refused = open(Target::new("::1", port), &dns).await;
        assert!(matches!(refused, Err(LostCause::Refused | LostCause::Unreachable(_))));
    }
}
