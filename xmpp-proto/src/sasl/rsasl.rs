//! The bridge to the library rsasl, for mechanisms that are not built in: OAUTHBEARER, XOAUTH2 and
//! LOGIN.
//!
//! These show the server a token or a password and check nothing of it, so the bridge has no
//! secrets to keep but theirs: they are wiped here, while rsasl copies them only into the message.
//! None of the three draws random numbers.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::oauthbearer::properties::OAuthBearerErrored;
use rsasl::mechanisms::xoauth2::properties::XOAuth2Error;
use rsasl::mechanisms::{login, oauthbearer, xoauth2};
use rsasl::mechname::Mechname;
use rsasl::prelude::{MessageSent, Registry, SASLClient, SASLConfig, Session, SessionError, State};
use rsasl::property::{AuthId, AuthzId, OAuthBearerToken, Password};
use zeroize::Zeroizing;

use super::credentials::Secret;
use super::exchange::{Progress, Steps};
use super::failure::bounded;
use super::message::push_saslname;
use super::{Credentials, Mechanism, MessageFault, SaslError};

/// The longest challenge, in bytes: rsasl itself sets no limit.
const MAX_CHALLENGE: usize = 4096;

/// The longest report of rsasl that is kept, in bytes: it may quote the server.
const MAX_DETAIL: usize = 128;

static BRIDGED: &[rsasl::prelude::Mechanism] =
    &[login::LOGIN, oauthbearer::OAUTHBEARER, xoauth2::XOAUTH2];

/// The client's side of a mechanism of rsasl.
pub(super) struct Bridge {
    session: Session,
    /// More than the length of any message: a buffer that grows leaves pieces of secrets behind.
    room: usize,
    /// The first message, until it is taken.
    first: Option<Zeroizing<Vec<u8>>>,
    phase: Phase,
    /// What to answer where there is nothing to say.
    dummy: &'static [u8],
}

enum Phase {
    /// It is the mechanism's turn to hear something.
    Running,
    /// The mechanism has nothing more to say.
    Finished,
}

/// What rsasl asks for.
struct Answers {
    username: Option<String>,
    authzid: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
}

impl SessionCallback for Answers {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if let Some(username) = &self.username {
            request.satisfy::<AuthId>(username)?;
        }
        if let Some(authzid) = &self.authzid {
            request.satisfy::<AuthzId>(authzid)?;
        }
        if let Some(password) = &self.password {
            request.satisfy::<Password>(password.expose().as_bytes())?;
        }
        if let Some(token) = &self.token {
            request.satisfy::<OAuthBearerToken>(token.expose())?;
        }
        // What the server has against the token: it says so again in <failure/>, so that to have
        // looked at it is enough.
        request.get_action::<OAuthBearerErrored>();
        request.get_action::<XOAuth2Error>();
        Ok(())
    }
}

impl Bridge {
    /// An exchange by a mechanism that is not built in.
    pub(super) fn new(mechanism: Mechanism, credentials: &Credentials) -> Result<Self, SaslError> {
        let answers = answers(mechanism, credentials)?;
        let room = 64 + answers.len();
        let config = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(BRIDGED))
            .with_callback(answers)
            .map_err(library)?;
        let name = Mechname::parse(mechanism.name().as_bytes()).map_err(library)?;
        // RFC 7628 §3.2.3.
        let dummy: &[u8] = if mechanism == Mechanism::OauthBearer { b"\x01" } else { b"" };
        let session = SASLClient::new(config).start_suggested(&[name]).map_err(library)?;
        let mut bridge = Self { session, room, first: None, phase: Phase::Running, dummy };
        if bridge.session.are_we_first() {
            bridge.first = Some(bridge.step(None)?.0);
        }
        Ok(bridge)
    }

    fn step(
        &mut self,
        input: Option<&[u8]>,
    ) -> Result<(Zeroizing<Vec<u8>>, MessageSent), SaslError> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.room));
        match self.session.step(input, &mut *out).map_err(library)? {
            State::Running => Ok((out, MessageSent::Yes)),
            State::Finished(sent) => {
                self.phase = Phase::Finished;
                Ok((out, sent))
            }
        }
    }
}

impl Steps for Bridge {
    fn initial_response(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.first.take()
    }

    fn handle_challenge(&mut self, data: &[u8]) -> Result<Progress, SaslError> {
        if self.first.is_some() || matches!(self.phase, Phase::Finished) {
            return Err(SaslError::UnexpectedChallenge);
        }
        if data.len() > MAX_CHALLENGE {
            return Err(MessageFault::TooLong { max: MAX_CHALLENGE }.into());
        }
        let (mut response, _) = self.step(Some(data))?;
        if response.is_empty() {
            response.extend_from_slice(self.dummy);
        }
        Ok(Progress::Respond(response))
    }

    fn work(&mut self) -> Result<Progress, SaslError> {
        Err(SaslError::OutOfTurn)
    }

    fn handle_success(&mut self, data: &[u8]) -> Result<(), SaslError> {
        if self.first.is_some() {
            return Err(SaslError::UnexpectedSuccess);
        }
        if !data.is_empty() {
            return Err(MessageFault::UnexpectedData.into());
        }
        if matches!(self.phase, Phase::Running) {
            // rsasl wants a last step, with which nothing more may need to be said.
            let (response, sent) = self.step(None)?;
            if matches!(sent, MessageSent::Yes) || !response.is_empty() {
                return Err(SaslError::UnexpectedSuccess);
            }
        }
        Ok(())
    }
}

impl Answers {
    fn len(&self) -> usize {
        let texts = [self.username.as_ref(), self.authzid.as_ref()];
        let secrets = [self.password.as_ref(), self.token.as_ref()];
        texts.into_iter().flatten().map(String::len).sum::<usize>()
            + secrets.into_iter().flatten().map(|secret| secret.expose().len()).sum::<usize>()
    }
}

fn answers(mechanism: Mechanism, credentials: &Credentials) -> Result<Answers, SaslError> {
    if mechanism == Mechanism::Login {
        let prepared = credentials.prepare()?;
        return Ok(Answers {
            username: Some(prepared.username.into()),
            authzid: None,
            password: Some(Secret::from(&*prepared.password)),
            token: None,
        });
    }
    let token = Some(credentials.prepare_token()?.clone());
    let (mut username, mut authzid) = (None, None);
    if mechanism == Mechanism::XOauth2 {
        username = Some(credentials.prepare_username()?.into());
    } else if let Some(identity) = identity(credentials)? {
        push_saslname(authzid.get_or_insert_default(), &identity);
    }
    Ok(Answers { username, authzid, password: None, token })
}

/// OAUTHBEARER knows one identity, the one to act as, in a header like SCRAM's; it may be left to
/// the token.
fn identity(credentials: &Credentials) -> Result<Option<Cow<'_, str>>, SaslError> {
    match credentials.prepare_authzid()? {
        None if credentials.username().is_empty() => Ok(None),
        None => credentials.prepare_username().map(Some),
        authzid => Ok(authzid),
    }
}

fn library(error: impl core::fmt::Display) -> SaslError {
    SaslError::Library { detail: bounded(&alloc::format!("{error}"), MAX_DETAIL) }
}
