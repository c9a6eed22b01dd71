//! A server that does as it is told: just enough XMPP to log one client in, written by hand.

use core::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use xmpp_proto::sasl::Mechanism;
use xmpp_runtime_tokio::{Client, Config, Driver, Event, Events, TlsMode, connect};

pub(crate) const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='localhost' version='1.0'>";
const MECHANISMS: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const BIND: &str = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
     </stream:features>";

/// Fails a test that hangs.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), what).await.expect("this hangs")
}

pub(crate) async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Without TLS, so that the peer can be read.
pub(crate) fn plaintext(port: u16) -> Config {
    Config::new("alice@localhost", "pw")
        .unwrap()
        .host("127.0.0.1", port)
        .tls(TlsMode::InsecurePlaintext)
        .mechanisms([Mechanism::Plain])
        .core(|core| core.insecure_plain_without_tls = true)
}

/// The other end of a connection.
pub(crate) struct Peer<S = TcpStream> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

impl Peer {
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        Self::over(soon(listener.accept()).await.unwrap().0)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Reads up to the end of `pattern` and returns everything up to there.
    pub(crate) async fn expect(&mut self, pattern: &str) -> String {
        soon(async {
            loop {
                let found =
                    self.unread.windows(pattern.len()).position(|part| part == pattern.as_bytes());
                if let Some(at) = found {
                    let rest = self.unread.split_off(at + pattern.len());
                    let read = core::mem::replace(&mut self.unread, rest);
                    return String::from_utf8(read).unwrap();
                }
                let read = self.stream.read_buf(&mut self.unread).await.unwrap();
                assert!(read > 0, "the end came before {pattern}: {:?}", self.rest());
            }
        })
        .await
    }

    /// What was read and not expected.
    pub(crate) fn rest(&self) -> String {
        String::from_utf8_lossy(&self.unread).into_owned()
    }

    /// Reads to the end of the connection.
    pub(crate) async fn read_to_end(&mut self) -> std::io::Result<String> {
        soon(self.stream.read_to_end(&mut self.unread)).await?;
        Ok(self.rest())
    }

    pub(crate) async fn say(&mut self, text: &str) {
        soon(self.stream.write_all(text.as_bytes())).await.unwrap();
        soon(self.stream.flush()).await.unwrap();
    }

    /// Answers the client's header with ours and these features.
    pub(crate) async fn open(&mut self, features: &str) {
        self.expect("<stream:stream").await;
        self.expect(">").await;
        self.say(&format!("{HEADER}{features}")).await;
    }

    /// Everything up to a bound resource.
    pub(crate) async fn log_in(&mut self) {
        self.open(MECHANISMS).await;
        self.expect("</auth>").await;
        self.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").await;
        self.open(BIND).await;
        let request = self.expect("</iq>").await;
        let id = attribute(&request, "id");
        self.say(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@localhost/x</jid></bind></iq>"
        ))
        .await;
    }
}

/// The value of the first such attribute.
pub(crate) fn attribute(xml: &str, name: &str) -> String {
    let (_, value) = xml.split_once(&format!(" {name}='")).expect("the attribute is there");
    value.split_once('\'').unwrap().0.to_owned()
}

/// A client that has just come online, and its server. The driver is spawned.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) events: Events,
    pub(crate) driver: tokio::task::JoinHandle<()>,
    pub(crate) peer: Peer,
}

/// A client with this configuration, changed as wished, online.
pub(crate) async fn session(change: impl FnOnce(Config) -> Config) -> Session {
    let (listener, port) = listen().await;
    let (client, mut events, driver) = start(change(plaintext(port)));
    let driver = tokio::spawn(driver);
    let mut peer = Peer::accept(&listener).await;
    peer.log_in().await;
    let online = soon(events.next()).await;
    assert!(matches!(&online, Some(Event::Online { jid }) if jid.as_str() == "alice@localhost/x"));
    Session { client, events, driver, peer }
}

pub(crate) fn start(config: Config) -> (Client, Events, Driver) {
    connect(config).unwrap()
}
