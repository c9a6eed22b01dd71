//! The library rsasl as the client, for every mechanism that a server can do here.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::{anonymous, external, plain, scram};
use rsasl::mechname::Mechname;
use rsasl::prelude::{ChannelBindingCallback, Registry, SASLClient, SASLConfig, SessionError};
use rsasl::property::{AuthId, AuthzId, Password};

use super::{Account, Seen, bound, not_authorized, respond, sasl, user};
use crate::jid::BareJid;
use crate::sasl::server::{ServerExchange, ServerFault, ServerProgress, ServerSasl};
use crate::sasl::{Mechanism, ScramLimits, StoredCredentials};

static MECHANISMS: &[rsasl::prelude::Mechanism] = &[
    anonymous::ANONYMOUS,
    external::EXTERNAL,
    plain::PLAIN,
    scram::SCRAM_SHA1,
    scram::SCRAM_SHA256,
    scram::SCRAM_SHA512,
    scram::SCRAM_SHA1_PLUS,
    scram::SCRAM_SHA256_PLUS,
    scram::SCRAM_SHA512_PLUS,
];

struct Knows {
    password: &'static str,
    authzid: Option<&'static str>,
    /// Without it, rsasl does not know -PLUS.
    bind: bool,
}

impl SessionCallback for Knows {
    fn enable_channel_binding(&self) -> bool {
        self.bind
    }

    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        request.satisfy::<AuthId>("us,e=r")?;
        request.satisfy::<Password>(self.password.as_bytes())?;
        if let Some(authzid) = self.authzid {
            request.satisfy::<AuthzId>(authzid)?;
        }
        Ok(())
    }
}

/// What the client's end of the channel looks like.
struct Channel(&'static [u8]);

impl ChannelBindingCallback for Channel {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == "tls-exporter").then_some(self.0)
    }
}

/// What the server says, and whether rsasl believes it.
fn log_in(
    mechanism: Mechanism,
    cx: &ServerSasl<'_>,
    knows: Knows,
    channel: Channel,
) -> (Result<Account, ServerFault>, bool) {
    let config: Arc<SASLConfig> = SASLConfig::builder()
        .with_registry(Registry::with_mechanisms(MECHANISMS))
        .with_callback(knows)
        .expect("a configuration");
    let name = Mechname::parse(mechanism.name().as_bytes()).expect("a name");
    let mut client =
        SASLClient::with_cb(config, channel).start_suggested(&[name]).expect("rsasl has it");
    let mut step = |input: Option<&[u8]>| {
        let mut out = Vec::new();
        client.step(input, &mut out).map(|_| out)
    };

    let mut server = ServerExchange::start(mechanism, cx, &mut super::rng());
    assert_eq!(server.mechanism(), mechanism);
    let stored = StoredCredentials::from_password("pencil", b"some salt", 4096).expect("good");
    let mut response = step(None).expect("the client begins");
    loop {
        match respond(&mut server, &response, Some(&stored)).0 {
            Ok(Seen::Challenge(data)) => response = step(Some(&data)).expect("understood"),
            Ok(Seen::Success(account, data)) => {
                let believed = data.is_none_or(|data| step(Some(&data)).is_ok());
                return (Ok(account), believed);
            }
            Err(fault) => return (Err(fault), false),
        }
    }
}

#[test]
fn password_mechanisms() {
    let limits = ScramLimits::default();
    for &mechanism in &super::ALL[2..] {
        let bind = mechanism.binds_channel();
        let cx = if bind { bound(&limits) } else { sasl(&limits) };
        for authzid in [None, Some("us,e=r@example.org")] {
            let knows = Knows { password: "pencil", authzid, bind };
            let outcome = log_in(mechanism, &cx, knows, Channel(b"this channel"));
            assert_eq!(outcome, (Ok(user("us,e=r@example.org")), true), "{mechanism}");
        }
        let knows = Knows { password: "crayon", authzid: None, bind };
        let outcome = log_in(mechanism, &cx, knows, Channel(b"this channel"));
        assert_eq!(outcome.0, Err(not_authorized()), "{mechanism}");
        let knows = Knows { password: "pencil", authzid: Some("other@example.org"), bind };
        let outcome = log_in(mechanism, &cx, knows, Channel(b"this channel"));
        assert_eq!(outcome.0, Err(super::invalid_authzid()), "{mechanism}");
    }
}

#[test]
fn plus_over_two_channels_with_somebody_between_them() {
    let limits = ScramLimits::default();
    for (_, plus) in super::SCRAM {
        let knows = Knows { password: "pencil", authzid: None, bind: true };
        let outcome = log_in(plus, &bound(&limits), knows, Channel(b"another channel"));
        assert_eq!(outcome.0, Err(not_authorized()), "{plus}");
    }
}

#[test]
fn anonymous_and_external() {
    let limits = ScramLimits::default();
    let knows = Knows { password: "", authzid: None, bind: false };
    let outcome = log_in(Mechanism::Anonymous, &sasl(&limits), knows, Channel(b""));
    assert_eq!(outcome, (Ok(Account::Guest), true));

    for authzid in [None, Some("a@example.org")] {
        let config: Arc<SASLConfig> = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(MECHANISMS))
            .with_callback(Knows { password: "", authzid, bind: false })
            .expect("a configuration");
        let name = Mechname::parse(b"EXTERNAL").expect("a name");
        let mut client = SASLClient::new(config).start_suggested(&[name]).expect("it has it");
        let mut first = Vec::new();
        client.step(None, &mut first).expect("the client begins");
        let cx = sasl(&limits);
        let mut server = ServerExchange::start(Mechanism::External, &cx, &mut super::rng());
        let progress = server.handle_response(Some(&first)).expect("understood");
        let ServerProgress::NeedIdentity { authzid: asked } = progress else {
            panic!("{progress:?}")
        };
        assert_eq!(asked, authzid.map(|authzid: &str| -> String { authzid.to_string() }));
        let account = BareJid::new("a@example.org").expect("an address");
        let progress = server.handle_identity(Some(account)).expect("whom it asked for");
        assert!(matches!(
            progress,
            ServerProgress::Success { account, data: None } if account == user("a@example.org")
        ));
    }
}
