//! The library rsasl as the server, for every mechanism that it has: two implementations that
//! share no code agree.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::{anonymous, external, plain, scram};
use rsasl::mechname::Mechname;
use rsasl::prelude::{
    ChannelBindingCallback, Registry, SASLConfig, SASLServer, Session, SessionError, Validation,
};
use rsasl::property::{AuthId, AuthzId, Password};
use rsasl::validate::{Validate, ValidationError};

use super::{Account, Hash, respond};
use crate::rng::{Rng, Seed};
use crate::sasl::binding::{Binding, BindingType};
use crate::sasl::choice::Choice;
use crate::sasl::{
    Credentials, Exchange, Known, Mechanism, SaslError, ScramLimits, ScramServerError,
};

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
    #[cfg(feature = "rsasl")]
    rsasl::mechanisms::login::LOGIN,
    #[cfg(feature = "rsasl")]
    rsasl::mechanisms::oauthbearer::OAUTHBEARER,
    #[cfg(feature = "rsasl")]
    rsasl::mechanisms::xoauth2::XOAUTH2,
];

/// One account on the server.
struct Store {
    hash: Option<Hash>,
    password: &'static str,
}

/// The user name and the identity to act as.
type Names = (Option<String>, Option<String>);

/// Who has logged in.
struct Who;

impl Validation for Who {
    type Value = Names;
}

impl SessionCallback for Store {
    fn callback(
        &self,
        _: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if let (Some(hash), Some("user")) = (self.hash, context.get_ref::<AuthId>()) {
            let account = Account::new(hash, self.password, b"some salt", 4096);
            let (stored, server) = account.keys();
            let stored = ScramStoredPassword::new(4096, b"some salt", stored, server);
            request.satisfy::<ScramStoredPassword<'_>>(&stored)?;
        }
        #[cfg(feature = "rsasl")]
        bridged::answer(self.password, context, request)?;
        Ok(())
    }

    fn validate(
        &self,
        session: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let mechanism = session.mechanism().mechanism.as_str();
        if matches!(mechanism, "PLAIN" | "LOGIN")
            && context.get_ref::<Password>() != Some(self.password.as_bytes())
        {
            return Err(ValidationError::Boxed(Box::from("wrong password")));
        }
        let text =
            |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToString::to_string);
        let who = (text(context.get_ref::<AuthId>()), text(context.get_ref::<AuthzId>()));
        validate.finalize::<Who>(who);
        Ok(())
    }
}

/// What the server's end of the channel looks like.
struct Channel {
    name: &'static str,
    data: &'static [u8],
}

impl ChannelBindingCallback for Channel {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        (name == self.name).then_some(self.data)
    }
}

struct Server(Session<Who, Channel>);

impl Server {
    fn new(mechanism: Mechanism, hash: Option<Hash>, password: &'static str) -> Self {
        Self::bound(mechanism, hash, password, Channel { name: "", data: b"" })
    }

    fn bound(
        mechanism: Mechanism,
        hash: Option<Hash>,
        password: &'static str,
        channel: Channel,
    ) -> Self {
        let config: Arc<SASLConfig> = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(MECHANISMS))
            .with_callback(Store { hash, password })
            .expect("a configuration");
        let name = Mechname::parse(mechanism.name().as_bytes()).expect("a name");
        let server = SASLServer::<Who, Channel>::with_cb(config, channel);
        Self(server.start_suggested(name).expect("rsasl has this mechanism"))
    }

    fn step(&mut self, input: Option<&[u8]>) -> Result<Vec<u8>, SessionError> {
        let mut out = Vec::new();
        self.0.step(input, &mut out).map(|_| out)
    }
}

fn client(mechanism: Mechanism, binding: Binding, credentials: &Credentials) -> Exchange {
    let choice = Choice { mechanism, binding };
    let mut rng = Rng::new(Seed::new([3; 32]));
    Exchange::start(choice, credentials, &ScramLimits::default(), Known::default(), &mut rng)
        .expect("good")
}

/// A whole SCRAM exchange: our verdict, and who rsasl thinks we are.
fn scram(client: &mut Exchange, server: &mut Server) -> (Result<(), SaslError>, Option<Names>) {
    let first = client.initial_response().expect("the client begins");
    let challenge = server.step(Some(&first)).expect("the first message is understood");
    let progress = client.handle_challenge(&challenge).expect("the challenge is understood");
    let (last, _) = respond(client, progress).expect("only work is left");
    let signature = server.step(Some(&last)).expect("the last message is understood");
    (client.handle_success(Some(&signature)), server.0.validation())
}

const SCRAM: [(Mechanism, Mechanism, Hash); 3] = [
    (Mechanism::ScramSha1, Mechanism::ScramSha1Plus, Hash::Sha1),
    (Mechanism::ScramSha256, Mechanism::ScramSha256Plus, Hash::Sha256),
    (Mechanism::ScramSha512, Mechanism::ScramSha512Plus, Hash::Sha512),
];

#[test]
fn scram_with_every_hash() {
    // RFC 6120 §13.8 wants SCRAM-SHA-1 of everybody.
    let credentials = Credentials::new("user", "pencil").with_authzid("other@example.org");
    for (mechanism, _, hash) in SCRAM {
        let mut client = client(mechanism, Binding::Unsupported, &credentials);
        let mut server = Server::new(mechanism, Some(hash), "pencil");
        let (verdict, who) = scram(&mut client, &mut server);
        assert_eq!(verdict, Ok(()), "{mechanism}");
        let (user, authzid) = who.expect("rsasl agrees");
        assert_eq!(user.as_deref(), Some("user"));
        assert_eq!(authzid.as_deref(), Some("other@example.org"));
    }
}

#[test]
fn scram_with_the_wrong_password() {
    for (mechanism, _, hash) in SCRAM {
        let mut client =
            client(mechanism, Binding::Unsupported, &Credentials::new("user", "crayon"));
        let mut server = Server::new(mechanism, Some(hash), "pencil");
        let (verdict, who) = scram(&mut client, &mut server);
        assert_eq!(verdict, Err(SaslError::ServerError(ScramServerError::InvalidProof)));
        assert!(who.is_none());
    }
}

#[test]
fn scram_plus_binds_both_types() {
    // RFC 6120 §13.8 wants SCRAM-SHA-1-PLUS of everybody.
    let credentials = Credentials::new("user", "pencil");
    for (_, plus, hash) in SCRAM {
        for &kind in BindingType::ALL {
            let binding = Binding::To { kind, data: b"this channel".into() };
            let mut client = client(plus, binding, &credentials);
            let channel = Channel { name: kind.name(), data: b"this channel" };
            let mut server = Server::bound(plus, Some(hash), "pencil", channel);
            let (verdict, who) = scram(&mut client, &mut server);
            assert_eq!(verdict, Ok(()), "{plus} {kind}");
            assert!(who.is_some());
        }
    }
}

#[test]
fn scram_plus_over_two_channels_with_somebody_between_them() {
    for (_, plus, hash) in SCRAM {
        let kind = BindingType::TlsExporter;
        let binding = Binding::To { kind, data: b"from us to the attacker".into() };
        let mut client = client(plus, binding, &Credentials::new("user", "pencil"));
        let channel = Channel { name: kind.name(), data: b"from the attacker to the server" };
        let mut server = Server::bound(plus, Some(hash), "pencil", channel);
        let (verdict, who) = scram(&mut client, &mut server);
        let error = ScramServerError::ChannelBindingsDontMatch;
        assert_eq!(verdict, Err(SaslError::ServerError(error)));
        assert!(who.is_none());
    }
}

#[test]
fn plain_anonymous_and_external() {
    let password = Credentials::new("user", "pencil");
    for (mechanism, credentials, user, authzid) in [
        (Mechanism::Plain, password.clone(), Some("user"), None),
        (Mechanism::Plain, password.with_authzid("other"), Some("user"), Some("other")),
        (Mechanism::Anonymous, Credentials::none(), None, None),
        (Mechanism::External, Credentials::none().with_authzid("a@b"), None, Some("a@b")),
    ] {
        let mut client = client(mechanism, Binding::Unsupported, &credentials);
        let mut server = Server::new(mechanism, None, "pencil");
        let first = client.initial_response().expect("the client begins");
        assert_eq!(server.step(Some(&first)).expect("accepted"), b"");
        assert_eq!(client.handle_success(None), Ok(()));
        let (got_user, got_authzid) = server.0.validation().expect("rsasl agrees");
        assert_eq!((got_user.as_deref(), got_authzid.as_deref()), (user, authzid), "{mechanism}");
    }
    let wrong = Credentials::new("user", "crayon");
    let mut client = client(Mechanism::Plain, Binding::Unsupported, &wrong);
    let mut server = Server::new(Mechanism::Plain, None, "pencil");
    let first = client.initial_response().expect("the client begins");
    assert!(server.step(Some(&first)).is_err());
}

/// The mechanisms in which rsasl is on our side as well.
#[cfg(feature = "rsasl")]
mod bridged {
    use rsasl::mechanisms::oauthbearer::properties::{OAuthBearerError, OAuthBearerValidate};
    use rsasl::mechanisms::xoauth2::properties::XOAuth2Validate;
    use rsasl::property::OAuthBearerToken;

    use super::*;
    use crate::sasl::{Field, MessageFault, Progress};

    pub(super) fn answer(
        password: &str,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        // Of OAUTHBEARER the server gets the whole value of `auth`.
        let token = context.get_ref::<OAuthBearerToken>();
        let good = token.map(|token| token.strip_prefix("Bearer ").unwrap_or(token));
        let good = good == Some(password);
        let error = OAuthBearerError::new("invalid_token", None, None);
        request.satisfy::<OAuthBearerValidate>(&if good { Ok(()) } else { Err(error) })?;
        let error = "{\"status\":\"401\"}";
        request.satisfy::<XOAuth2Validate>(&if good { Ok(()) } else { Err(error) })?;
        Ok(())
    }

    #[test]
    fn a_token_is_sent_as_the_mechanism_wants_it() {
        let token = Credentials::with_token("user@example.org", "ya29.vF9d==");
        for (mechanism, message) in [
            (
                Mechanism::OauthBearer,
                &b"n,a=user@example.org,\x01auth=Bearer ya29.vF9d==\x01\x01"[..],
            ),
            (Mechanism::XOauth2, b"user=user@example.org\x01auth=Bearer ya29.vF9d==\x01\x01"),
        ] {
            let mut client = client(mechanism, Binding::Unsupported, &token);
            let first = client.initial_response().expect("the client begins");
            assert_eq!(*first, message, "{mechanism}");
            let mut server = Server::new(mechanism, None, "ya29.vF9d==");
            let said = server.step(Some(&first)).expect("accepted");
            assert_eq!(said, b"");
            assert!(server.0.validation().is_some());
            assert_eq!(client.handle_success(None), Ok(()));
            super::super::assert_over(&mut client);
        }
    }

    #[test]
    fn rfc7628_3_2_3_a_refused_token_is_answered_by_a_dummy() {
        let token = Credentials::with_token("user", "expired");
        for (mechanism, dummy) in
            [(Mechanism::OauthBearer, &b"\x01"[..]), (Mechanism::XOauth2, b"")]
        {
            let mut client = client(mechanism, Binding::Unsupported, &token);
            let first = client.initial_response().expect("the client begins");
            let mut server = Server::new(mechanism, None, "fresh");
            let report = server.step(Some(&first)).expect("answered");
            assert!(report.starts_with(b"{"), "{mechanism}");
            let progress = client.handle_challenge(&report).expect("a report");
            let Progress::Respond(response) = progress else { panic!("no work") };
            assert_eq!(*response, dummy);
            // After that there is nothing but failure.
            assert!(client.handle_challenge(b"").is_err());
        }
    }

    #[test]
    fn rfc7628_identities_are_escaped() {
        let token = Credentials::with_token("a=b,c", "t");
        let mut client = client(Mechanism::OauthBearer, Binding::Unsupported, &token);
        let first = client.initial_response().expect("the client begins");
        assert_eq!(*first, b"n,a=a=3Db=2Cc,\x01auth=Bearer t\x01\x01");
        let nobody = Credentials::with_token("", "t");
        let mut client = super::client(Mechanism::OauthBearer, Binding::Unsupported, &nobody);
        assert_eq!(*client.initial_response().expect("once"), b"n,,\x01auth=Bearer t\x01\x01");
    }

    #[test]
    fn login_answers_two_questions() {
        let credentials = Credentials::new("user", "pencil");
        let mut client = client(Mechanism::Login, Binding::Unsupported, &credentials);
        assert!(client.initial_response().is_none(), "the server begins");
        let mut server = Server::new(Mechanism::Login, None, "pencil");
        let mut question = server.step(None).expect("a question");
        for text in ["user", "pencil"] {
            let progress = client.handle_challenge(&question).expect("a question");
            let Progress::Respond(answer) = progress else { panic!("no work") };
            assert_eq!(*answer, text.as_bytes());
            question = server.step(Some(&answer)).expect("an answer");
        }
        assert!(server.0.validation().is_some());
        assert_eq!(client.handle_success(None), Ok(()));
    }

    #[test]
    fn login_is_not_over_before_the_password() {
        let credentials = Credentials::new("user", "pencil");
        for questions in 0..2 {
            let mut client = client(Mechanism::Login, Binding::Unsupported, &credentials);
            for _ in 0..questions {
                client.handle_challenge(b"?").expect("a question");
            }
            assert_eq!(client.handle_success(None), Err(SaslError::UnexpectedSuccess));
        }
    }

    #[test]
    fn what_a_hostile_server_says_to_the_bridge() {
        let token = Credentials::with_token("user", "t");
        let start = |mechanism| {
            let mut client = client(mechanism, Binding::Unsupported, &token);
            client.initial_response().expect("the client begins");
            client
        };
        for mechanism in [Mechanism::OauthBearer, Mechanism::XOauth2] {
            let huge = [b'x'; 4097];
            let error = start(mechanism).handle_challenge(&huge).expect_err("too long");
            assert_eq!(error, MessageFault::TooLong { max: 4096 }.into());
            let error = start(mechanism).handle_challenge(b"\xff").expect_err("not text");
            assert!(matches!(error, SaslError::Library { .. }), "{error:?}");
            let error = start(mechanism).handle_success(Some(b"{}"));
            assert_eq!(error, Err(MessageFault::UnexpectedData.into()));
        }
        let error = start(Mechanism::OauthBearer).handle_challenge(b"{").expect_err("no JSON");
        assert!(matches!(error, SaslError::Library { .. }), "{error:?}");
    }

    #[test]
    fn tokens_that_are_none() {
        let error = |token: &str, mechanism| {
            let credentials = Credentials::with_token("user", token);
            let choice = Choice { mechanism, binding: Binding::Unsupported };
            let mut rng = Rng::new(Seed::new([3; 32]));
            Exchange::start(
                choice,
                &credentials,
                &ScramLimits::default(),
                Known::default(),
                &mut rng,
            )
            .unwrap_err()
        };
        let what = Field::Token;
        for mechanism in [Mechanism::OauthBearer, Mechanism::XOauth2] {
            assert_eq!(error("", mechanism), SaslError::Empty { what });
            let code = 1;
            assert_eq!(error("a\x01b", mechanism), SaslError::ControlCharacter { what, code });
            assert_eq!(error("\u{e9}", mechanism), SaslError::NonAscii { what });
        }
        // What would begin another field of the message.
        let forged = Credentials::with_token("a\x01auth=Bearer b", "t");
        for mechanism in [Mechanism::OauthBearer, Mechanism::XOauth2] {
            let choice = Choice { mechanism, binding: Binding::Unsupported };
            let mut rng = Rng::new(Seed::new([3; 32]));
            let error = Exchange::start(
                choice,
                &forged,
                &ScramLimits::default(),
                Known::default(),
                &mut rng,
            );
            let (what, code) = (Field::Username, 1);
            assert_eq!(error.unwrap_err(), SaslError::ControlCharacter { what, code });
        }
        let missing = SaslError::Missing { what: Field::Password };
        assert_eq!(error("t", Mechanism::Plain), missing);
        assert!(!alloc::format!("{:?}", Credentials::with_token("u", "ya29")).contains("ya29"));
    }
}
