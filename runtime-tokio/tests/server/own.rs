//! A server of a test's own, which the test drives by hand.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use xmpp_proto::endpoint::{Ended, TlsVersion};
use xmpp_proto::jid::FullJid;
use xmpp_proto::sasl::{Mechanism, StoredCredentials};
use xmpp_proto::stanza::{Presence, Stanza};
use xmpp_runtime_tokio::{
    Bound, Config, Event, Listener, ListenerConfig, ServerEvent, ServerTlsConfig, Session,
    SessionEvents, connect,
};

use crate::session;
use crate::support::certs::Authority;
use crate::support::dir::TempDir;
use crate::support::{DOMAIN, Server, require_peer};

const PATIENCE: Duration = Duration::from_mins(1);

/// Fails a test that hangs.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("this hangs")
}

/// A listener for `localhost`, with one port for STARTTLS and one for direct TLS, and the account
/// `alice` with the password `secret`.
pub(crate) struct Own {
    pub(crate) listener: Listener,
    addresses: Vec<SocketAddr>,
    ca: PathBuf,
    pub(crate) dir: TempDir,
}

impl Server for Own {
    fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    fn tls_address(&self) -> SocketAddr {
        self.addresses[1]
    }

    fn ca_file(&self) -> &Path {
        &self.ca
    }
}

impl Own {
    /// `None` if the test is skipped for want of openssl.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[TlsVersion::V1_2, TlsVersion::V1_3], |_, config| config).await
    }

    pub(crate) async fn start_with(
        versions: &[TlsVersion],
        change: impl FnOnce(&Path, ListenerConfig) -> ListenerConfig,
    ) -> Option<Self> {
        require_peer("openssl")?;
        let dir = TempDir::new();
        let authority = Authority::new(dir.path(), "ca");
        let identity = authority.issue("server", &[DOMAIN]);
        let clients = Authority::new(dir.path(), "clients");
        let tls = ServerTlsConfig::builder()
            .versions(versions)
            .certificate_files(DOMAIN, &identity.cert, &identity.key)
            .unwrap()
            .client_ca_file(clients.file())
            .unwrap();
        let loopback = "127.0.0.1:0".parse().unwrap();
        let config = ListenerConfig::new(DOMAIN)
            .unwrap()
            .starttls(loopback)
            .direct_tls(loopback)
            .tls_config(tls.build().unwrap());
        let listener = Listener::bind(change(dir.path(), config)).await.unwrap();
        let addresses = listener.local_addrs().collect();
        Some(Self { listener, addresses, ca: authority.file().to_path_buf(), dir })
    }

    pub(crate) async fn accept(&mut self) -> End {
        let (session, events, driver) = soon(self.listener.accept()).await.unwrap();
        End { session, events, driver: tokio::spawn(driver), mechanism: None }
    }

    /// Logs `config` in, and gives both ends.
    pub(crate) async fn online(&mut self, config: Config) -> (session::Session, End, FullJid) {
        let client = session::Session::start(config.reconnect(None));
        let mut end = self.accept().await;
        let jid = end.online().await;
        let mut client = client;
        match client.next().await {
            Event::Online { jid: said } => assert_eq!(said, jid),
            other => panic!("not online, but {other:?}"),
        }
        (client, end, jid)
    }

    /// A connection that speaks as the test says, and its other end.
    pub(crate) async fn raw(&mut self, address: SocketAddr) -> (Raw, End) {
        let socket = TcpStream::connect(address).await.unwrap();
        (Raw(socket), self.accept().await)
    }
}

/// What is kept of alice's password.
pub(crate) fn stored() -> StoredCredentials {
    static STORED: LazyLock<StoredCredentials> = LazyLock::new(|| {
        StoredCredentials::from_password("secret", b"0123456789abcdef", 4096).unwrap()
    });
    STORED.clone()
}

/// The server's end of a stream.
pub(crate) struct End {
    pub(crate) session: Session,
    pub(crate) events: SessionEvents,
    pub(crate) driver: JoinHandle<()>,
    /// With which credentials were asked for.
    pub(crate) mechanism: Option<Mechanism>,
}

impl End {
    pub(crate) async fn next(&mut self) -> ServerEvent {
        soon(self.events.next()).await.expect("there is an event before the end")
    }

    /// Answers all questions until the client is online.
    pub(crate) async fn online(&mut self) -> FullJid {
        match self.log_in().await {
            Ok(jid) => jid,
            Err(ended) => panic!("{ended}"),
        }
    }

    /// Answers all questions to one end or the other.
    pub(crate) async fn log_in(&mut self) -> Result<FullJid, Ended> {
        loop {
            match self.next().await {
                ServerEvent::Credentials(ask) => {
                    assert_eq!(ask.domain().as_str(), DOMAIN);
                    self.mechanism = Some(ask.mechanism());
                    let found = (ask.username() == "alice").then(stored);
                    self.session.credentials(ask, found).await.unwrap();
                }
                ServerEvent::Identity(ask) => {
                    self.mechanism = Some(Mechanism::External);
                    let tls = self.session.tls().await.unwrap().unwrap();
                    let names = xmpp_runtime_tokio::xmpp_addrs(&tls.client_certificate.unwrap());
                    let account = names.first().map(|name| name.parse().unwrap());
                    self.session.identity(ask, account).await.unwrap();
                }
                ServerEvent::Bind(ask) => self.session.bind(ask, Bound::Accept).await.unwrap(),
                ServerEvent::Online { jid } => return Ok(jid),
                ServerEvent::Ended(ended) => return Err(ended),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> xmpp_proto::stanza::Message {
        loop {
            match self.next().await {
                ServerEvent::Stanza(Stanza::Message(message)) => return message,
                ServerEvent::Stanza(Stanza::Presence(_)) => {}
                other => panic!("no message, but {other:?}"),
            }
        }
    }

    /// How the stream ends; then the driver must end, too, and the events with it.
    pub(crate) async fn ended(mut self) -> Ended {
        let ended = loop {
            if let ServerEvent::Ended(ended) = self.next().await {
                break ended;
            }
        };
        soon(self.driver).await.unwrap();
        assert!(self.events.next().await.is_none());
        assert!(self.session.is_closed());
        ended
    }
}

/// The client's end of a stream, without a client.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    pub(crate) async fn read_until(&mut self, pattern: &str) -> String {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(pattern) {
            let n = soon(self.0.read_buf(&mut read)).await.unwrap();
            assert!(n > 0, "the end came before {pattern}: {}", String::from_utf8_lossy(&read));
        }
        String::from_utf8(read).unwrap()
    }

    /// Reads to the end, of whatever kind.
    pub(crate) async fn read_to_end(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        let _ = soon(self.0.read_to_end(&mut read)).await;
        read
    }
}

/// A client that sees no end of itself: how it ends.
pub(crate) async fn ended(config: Config) -> Ended {
    let (_client, mut events, driver) = connect(config).unwrap();
    tokio::spawn(driver);
    loop {
        if let Event::Ended(ended) = soon(events.next()).await.unwrap() {
            return ended;
        }
    }
}

pub(crate) fn presence() -> Presence {
    Presence::available().build().unwrap()
}
