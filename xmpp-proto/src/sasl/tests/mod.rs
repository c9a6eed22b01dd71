mod choice;
mod counterpart;
mod credentials;
mod downgrade;
mod failure;
mod hostile;
mod peer;
mod salted;
mod scram;
mod token;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub(crate) use counterpart::{Account, Hash, Server};

use super::binding::Binding;
use super::choice::Choice;
use super::{Credentials, Exchange, Known, Mechanism, Progress, SaslError, ScramLimits};

/// The mechanism without channel binding.
pub(in crate::sasl) fn unbound(mechanism: Mechanism) -> Choice {
    Choice { mechanism, binding: Binding::Unsupported }
}

/// An exchange with a nonce of the test's choice.
fn begin(mechanism: Mechanism, password: &str, limits: &ScramLimits, nonce: &str) -> Exchange {
    let credentials = Credentials::new("user", password);
    Exchange::with_nonce(
        unbound(mechanism),
        &credentials,
        limits,
        Known::default(),
        nonce.to_string(),
    )
    .expect("the credentials are good")
}

/// The response that follows, after all the work it takes, and how many slices that was.
fn respond(exchange: &mut Exchange, mut progress: Progress) -> Result<(Vec<u8>, usize), SaslError> {
    let mut slices = 0;
    loop {
        match progress {
            Progress::Respond(response) => return Ok((response.to_vec(), slices)),
            Progress::Work => {
                slices += 1;
                progress = exchange.work()?;
            }
        }
    }
}

/// The answer to a challenge as text.
fn answer(exchange: &mut Exchange, challenge: &str) -> Result<String, SaslError> {
    let progress = exchange.handle_challenge(challenge.as_bytes())?;
    let (response, _) = respond(exchange, progress)?;
    Ok(String::from_utf8(response).expect("SCRAM is text"))
}

/// After its end an exchange gives nothing and believes nothing.
fn assert_over(exchange: &mut Exchange) {
    assert!(exchange.initial_response().is_none());
    assert_eq!(exchange.handle_challenge(b"v=").unwrap_err(), SaslError::OutOfTurn);
    assert_eq!(exchange.work().unwrap_err(), SaslError::OutOfTurn);
    assert_eq!(exchange.handle_success(None).unwrap_err(), SaslError::OutOfTurn);
    assert_eq!(exchange.handle_success(Some(b"v=")).unwrap_err(), SaslError::OutOfTurn);
}

#[test]
fn an_exchange_can_move_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Exchange>();
    check::<Progress>();
    check::<Credentials>();
}
