//! What programs that serve have in common: their accounts, their end, and what they say.

use std::io::{Write, stdout};

use xmpp_proto::sasl::StoredCredentials;
use xmpp_runtime_common::{default_provider, entropy};

pub(crate) type Failure = Box<dyn core::error::Error + Send + Sync>;

/// What RFC 7677 §4 asks of servers at least.
const ITERATIONS: u32 = 4096;

/// An account on the command line.
pub(crate) fn account(text: &str) -> Result<(String, String), &'static str> {
    let (name, password) = text.split_once(':').ok_or("write NAME:PASSWORD")?;
    Ok((name.to_owned(), password.to_owned()))
}

/// What is kept of the accounts: keys, and not the passwords.
pub(crate) fn accounts<C>(users: Vec<(String, String)>) -> Result<C, Failure>
where
    C: FromIterator<(String, StoredCredentials)>,
{
    let provider = default_provider()?;
    let keys = |(name, password): (String, String)| {
        let salt = entropy(&provider)?;
        let keys = StoredCredentials::from_password(&password, &salt[..16], ITERATIONS)?;
        Ok((name, keys))
    };
    users.into_iter().map(keys).collect()
}

/// Waits for whoever wants the end.
#[cfg(unix)]
pub(crate) async fn stop() -> Result<(), std::io::Error> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(not(unix))]
pub(crate) async fn stop() -> Result<(), std::io::Error> {
    tokio::signal::ctrl_c().await
}

/// Prints a line at once. If nobody reads it, there is nothing better to do than go on.
pub(crate) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{}", line.replace(['\n', '\r'], " "));
    let _ = out.flush();
}
