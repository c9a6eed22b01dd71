//! What a client is configured with, and its start.

use core::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use xmpp_proto::Seed;
use xmpp_proto::endpoint::{
    Client as Machine, ClientConfig, Connect, Event, FastLogin, Keepalive, Reconnect, ResumeState,
    StreamManagement, Target, TlsMode,
};
use xmpp_proto::jid::BareJid;
use xmpp_proto::modules::{Modular, Module};
use xmpp_proto::sasl::{ChannelBinding, Mechanism, Secret};
use xmpp_proto::stanza::Stanza;
use xmpp_runtime_common::hickory_resolver::net::runtime::TokioRuntimeProvider;
use xmpp_runtime_common::rustls::client::danger::ServerCertVerifier;
use xmpp_runtime_common::{TlsBuilder, TlsConfig, default_provider, entropy};

use crate::clock::Clock;
use crate::command::Waiters;
use crate::driver::{ClientDriver, Closing, Driver};
use crate::error::ConfigError;
use crate::events::{Events, Outlet};
use crate::handle::{Client, Handle, Receipt};
use crate::pump::Pump;
use crate::transport::{Means, Resolver};

/// The configuration of a client: the account, where to connect to, whom to trust.
///
/// With nothing but the account, it asks DNS for the servers of the account's domain (RFC 6120
/// §3.2, XEP-0368), goes from one to the next until one answers, insists on TLS, and trusts the
/// authorities of the operating system. The certificate must always name the domain of the
/// account, whatever host is connected to.
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    core: ClientConfig,
    trust: Trust,
    dns: Option<Vec<SocketAddr>>,
    event_capacity: usize,
    command_capacity: usize,
}

#[derive(Clone, Debug)]
enum Trust {
    Build(TlsBuilder),
    Ready(TlsConfig),
}

impl Config {
    /// The default configuration for the account `jid`, such as `alice@example.org`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Jid`] if that is not a bare JID.
    pub fn new(jid: &str, password: impl Into<Secret>) -> Result<Self, ConfigError> {
        Ok(Self::from_core(ClientConfig::new(BareJid::new(jid)?, password)))
    }

    /// A machine's configuration and the defaults of this adapter: for logins without a password,
    /// such as [`ClientConfig::anonymous`] and [`ClientConfig::external`].
    ///
    /// ```
    /// use xmpp_proto::endpoint::ClientConfig;
    /// use xmpp_runtime_tokio::Config;
    ///
    /// let config = Config::from_core(ClientConfig::anonymous("guest.example.org".parse()?));
    /// # Ok::<(), xmpp_proto::jid::JidError>(())
    /// ```
    pub fn from_core(core: ClientConfig) -> Self {
        let event_capacity = core.event_capacity;
        Self {
            core,
            trust: Trust::Build(TlsBuilder::new()),
            dns: None,
            event_capacity,
            command_capacity: 64,
        }
    }

    /// Connects to this host and port instead of the servers that DNS names. The host is a name or an
    /// IP address (IPv6 without brackets).
    pub fn host(mut self, host: impl Into<String>, port: u16) -> Self {
        self.core = self.core.with_target(Target::new(host, port));
        self
    }

    /// Chooses between TLS in whichever way DNS says, which without DNS is STARTTLS (the default),
    /// direct TLS only, and no TLS at all.
    pub fn tls(mut self, mode: TlsMode) -> Self {
        self.core = self.core.with_tls(mode);
        self
    }

    /// Asks these DNS servers instead of the operating system's, for the domain's servers and for
    /// their addresses.
    ///
    /// ```
    /// # use xmpp_runtime_tokio::Config;
    /// let config = Config::new("alice@example.org", "a password")?
    ///     .dns(["9.9.9.9:53".parse()?, "[2620:fe::fe]:53".parse()?]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dns(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.dns = Some(servers.into_iter().collect());
        self
    }

    /// Comes back by itself in this way, or never: then each broken connection is the end. The
    /// default is to come back once the client was online.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use xmpp_runtime_tokio::Config;
    /// use xmpp_proto::endpoint::Reconnect;
    ///
    /// let patient = Reconnect::default()
    ///     .with_pauses(Duration::from_secs(5), Duration::from_mins(10))
    ///     .with_initial(true); // even if there is no network when the program starts
    /// let config = Config::new("alice@example.org", "a password")?.reconnect(patient);
    /// # Ok::<(), xmpp_runtime_tokio::ConfigError>(())
    /// ```
    pub fn reconnect(mut self, reconnect: impl Into<Option<Reconnect>>) -> Self {
        self.core.reconnect = reconnect.into();
        self
    }

    /// Manages streams in this way where the server can (XEP-0198), or never. The default is to do so.
    pub fn management(mut self, management: impl Into<Option<StreamManagement>>) -> Self {
        self.core.management = management.into();
        self
    }

    /// Tells dead links from silent servers in this way.
    pub const fn keepalive(mut self, keepalive: Keepalive) -> Self {
        self.core.keepalive = keepalive;
        self
    }

    /// Asks for this resource; without it the server chooses one (RFC 6120 §7.6).
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.core = self.core.with_resource(resource);
        self
    }

    /// Allows these SASL mechanisms only, best first.
    pub fn mechanisms(mut self, mechanisms: impl Into<Vec<Mechanism>>) -> Self {
        self.core = self.core.with_mechanisms(mechanisms);
        self
    }

    /// Whether SCRAM is bound to the TLS channel; by default where the server names a type that is
    /// available here. See [`xmpp_proto::sasl`].
    pub const fn channel_binding(mut self, policy: ChannelBinding) -> Self {
        self.core.channel_binding = policy;
        self
    }

    /// Logs in with fewer round trips in this way where the server can, or never: see [`FastLogin`].
    /// The default is whatever needs no decision of the application.
    ///
    /// ```
    /// # use xmpp_runtime_tokio::Config;
    /// use xmpp_proto::endpoint::FastLogin;
    ///
    /// # let (installation, stored) = ([7; 16], None);
    /// let mut fast = FastLogin::new(installation).with_software("Sonnet");
    /// fast.token = stored; // what the last `Event::Token` brought
    /// let config = Config::new("alice@example.org", "a password")?.fast_login(fast);
    /// # Ok::<(), xmpp_runtime_tokio::ConfigError>(())
    /// ```
    pub fn fast_login(mut self, fast_login: impl Into<Option<FastLogin>>) -> Self {
        self.core = self.core.with_fast_login(fast_login.into());
        self
    }

    /// Trusts the authorities in a PEM file instead of the operating system's.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`], which names the file.
    pub fn ca_file(self, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        self.try_trust(|trust| Ok(trust.ca_file(path)?))
    }

    /// Trusts the authorities in these PEM bytes instead of the operating system's.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`].
    pub fn ca_pem(self, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        self.try_trust(|trust| Ok(trust.ca_pem(pem)?))
    }

    /// Trusts the authorities of the operating system beside others that are named.
    #[cfg(feature = "native-roots")]
    pub fn native_roots(self) -> Self {
        self.trust(TlsBuilder::native_roots)
    }

    /// Trusts Mozilla's authorities, as compiled in.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(self) -> Self {
        self.trust(TlsBuilder::webpki_roots)
    }

    /// Trusts whoever has the key with this SHA-256 hash, in addition to authorities that are named
    /// and instead of the operating system's: see [pins](TlsBuilder#pins).
    ///
    /// ```
    /// # use xmpp_runtime_tokio::Config;
    /// use xmpp_proto::endpoint::Ended;
    ///
    /// /// After the user has compared the hash with what the server's operator says.
    /// fn trust_it(config: Config, ended: &Ended) -> Option<Config> {
    ///     let certificate = ended.certificate()?;
    ///     Some(config.pin(certificate.spki_sha256?))
    /// }
    /// # let _ = trust_it;
    /// ```
    pub fn pin(self, spki_sha256: [u8; 32]) -> Self {
        self.trust(|trust| trust.pin_spki(spki_sha256))
    }

    /// The same for exactly one certificate, in DER.
    pub fn pin_certificate(self, der: impl Into<Vec<u8>>) -> Self {
        self.trust(|trust| trust.pin_certificate(der))
    }

    /// Shows a certificate to servers that ask for one, as the mechanism EXTERNAL needs it: the
    /// chain and the private key, both PEM. See [`TlsBuilder::client_cert_pem`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`].
    pub fn client_cert(
        self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        self.try_trust(|trust| Ok(trust.client_cert_pem(chain, key)?))
    }

    /// The same from one PEM file that holds both.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Tls`], which names the file if it cannot be read.
    pub fn client_cert_file(self, path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        self.try_trust(|trust| Ok(trust.client_cert_file(path)?))
    }

    /// Leaves the whole judgement of certificates to `verifier`: see [`TlsBuilder::verifier`].
    pub fn verifier(self, verifier: Arc<dyn ServerCertVerifier>) -> Self {
        self.trust(|trust| trust.verifier(verifier))
    }

    /// Uses a finished TLS configuration, to share it between many clients or to make it with
    /// rustls itself. What was said about trust and certificates before is
    /// forgotten.
    pub fn tls_config(mut self, tls: TlsConfig) -> Self {
        self.trust = Trust::Ready(tls);
        self
    }

    /// The most events that wait for the application, in the machine and once more on the way
    /// from there. At least 1; the default is 64.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.event_capacity = events.max(1);
        self.core.event_capacity = self.event_capacity;
        self
    }

    /// The most commands that wait for the driver. At least 1; the default is 64.
    pub fn command_capacity(mut self, commands: usize) -> Self {
        self.command_capacity = commands.max(1);
        self
    }

    /// Changes anything else about the machine: limits, deadlines, language.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use xmpp_runtime_tokio::Config;
    /// let config = Config::new("alice@example.org", "a password")?
    ///     .core(|core| core.negotiation_timeout = Duration::from_secs(10));
    /// # Ok::<(), xmpp_runtime_tokio::ConfigError>(())
    /// ```
    pub fn core(mut self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        change(&mut self.core);
        self
    }

    fn trust(mut self, change: impl FnOnce(TlsBuilder) -> TlsBuilder) -> Self {
        self.trust = Trust::Build(change(self.builder()));
        self
    }

    fn try_trust(
        mut self,
        change: impl FnOnce(TlsBuilder) -> Result<TlsBuilder, ConfigError>,
    ) -> Result<Self, ConfigError> {
        self.trust = Trust::Build(change(self.builder())?);
        Ok(self)
    }

    fn builder(&mut self) -> TlsBuilder {
        match core::mem::replace(&mut self.trust, Trust::Build(TlsBuilder::new())) {
            Trust::Build(builder) => builder,
            Trust::Ready(_) => TlsBuilder::new(),
        }
    }
}

/// Starts a client without modules. The caller spawns the [`Driver`](crate::Driver); nothing happens
/// before.
///
/// The first login is tried once, with each server of the domain until one is ready for
/// authentication: it ends in [`Event::Online`](crate::Event::Online) or
/// in [`Event::Ended`](crate::Event::Ended) with the reason. From then on the client comes back by
/// itself: see [`Config::reconnect`].
///
/// # Errors
///
/// [`ConfigError::Tls`] if the TLS configuration cannot be built (not for
/// [`TlsMode::InsecurePlaintext`]), and [`ConfigError::Entropy`].
pub fn connect(config: Config) -> Result<(Client, Events, ClientDriver), ConfigError> {
    connect_with(config, ())
}

/// A client with modules, its events and its driver.
pub type Connected<M> = (Client<M>, Events<Event<<M as Module>::Event>>, ClientDriver<M>);

/// Starts a client with modules, as [`connect`] starts one without.
///
/// ```no_run
/// use xmpp_proto::modules::ping::Ping;
/// use xmpp_runtime_tokio::{Config, Event, connect_with};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new("alice@example.org", "her password")?;
/// let (client, mut events, driver) = connect_with(config, Ping::default())?;
/// tokio::spawn(driver);
/// while let Some(event) = events.next().await {
///     match event {
///         Event::Online { .. } => {
///             let client = client.clone();
///             tokio::spawn(async move {
///                 let answer = client.ask(|ping, cx| ping.ping(cx, None)).await;
///                 println!("the server: {answer:?}");
///             });
///         }
///         Event::Ended(ended) => println!("{ended}"),
///         other => println!("{other:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`connect`].
pub fn connect_with<M>(config: Config, modules: M) -> Result<Connected<M>, ConfigError>
where
    M: Module<Event: Send + 'static>,
{
    start(config, None, modules).map(|(connected, _)| connected)
}

/// The stanzas of a session that is resumed, and what becomes of each.
pub type Awaited = Vec<(Stanza, Receipt)>;

/// Starts a client that goes on with a session which [`Client::detach`](Handle::detach) has taken out
/// of another one, perhaps in another process. If the server has forgotten it, a new one begins.
///
/// What was sent and is not acknowledged is given out together with the [`Receipt`]s.
///
/// ```no_run
/// use xmpp_proto::endpoint::ResumeState;
/// use xmpp_runtime_tokio::{Config, Event, resume};
///
/// # async fn run(saved: ResumeState) -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new("alice@example.org", "her password")?;
/// let ((client, mut events, driver), awaited) = resume(config, saved, ())?;
/// tokio::spawn(driver);
/// println!("{} stanzas are not acknowledged yet", awaited.len());
/// while let Some(event) = events.next().await {
///     match event {
///         Event::Resumed => println!("nothing was lost"),
///         Event::Online { .. } => println!("the server has forgotten the session"),
///         other => println!("{other:?}"),
///     }
/// }
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`connect`], and [`ConfigError::ForeignState`] if the session belongs to another account.
pub fn resume<M>(
    config: Config,
    state: ResumeState,
    modules: M,
) -> Result<(Connected<M>, Awaited), ConfigError>
where
    M: Module<Event: Send + 'static>,
{
    start(config, Some(state), modules)
}

fn start<M>(
    config: Config,
    state: Option<ResumeState>,
    modules: M,
) -> Result<(Connected<M>, Awaited), ConfigError>
where
    M: Module<Event: Send + 'static>,
{
    let tls = match config.trust {
        _ if config.core.tls == TlsMode::InsecurePlaintext => None,
        Trust::Build(builder) => Some(builder.build()?),
        Trust::Ready(tls) => Some(tls),
    };
    let provider = match &tls {
        Some(tls) => Arc::clone(tls.provider()),
        None => default_provider()?,
    };
    let runtime = TokioRuntimeProvider::default();
    let dns = match config.dns {
        Some(servers) => Resolver::with_servers(servers, runtime),
        None => Resolver::system(runtime),
    };
    let clock = Clock::start();
    let grace = config.core.close_timeout;
    let seed = Seed::new(entropy(&provider)?);
    let machine = match state {
        None => Machine::new(config.core, seed, clock.now()),
        Some(state) => Machine::with_resume(config.core, state, seed, clock.now())
            .map_err(|_| ConfigError::ForeignState)?,
    };
    let mut waiters = Waiters::default();
    let awaited = machine.unacked().map(|(token, stanza)| (stanza.clone(), waiters.expect(token)));
    let awaited = awaited.collect();
    let mut machine = Modular::new(machine, modules);
    let connecting = machine.connect(clock.now());
    debug_assert!(connecting.is_ok(), "a new machine is not connected");

    let (outlet, queue) = mpsc::channel(config.event_capacity);
    let (give, commands) = mpsc::channel(config.command_capacity);
    let (hang, hangup) = mpsc::channel(1);
    let (urge, urgent) = mpsc::unbounded_channel();
    let driver = Driver {
        machine,
        pump: Pump::new(clock, Means::Initiating { tls, dns }, provider),
        waiters,
        outlet: Outlet::new(outlet),
        commands,
        urgent,
        hangup,
        grace,
        closing: Closing::No,
    };
    let handle = Handle { commands: give, hangup: hang, urgent: urge };
    Ok(((handle, Events { queue }, driver), awaited))
}
