//! Sessions that cannot be resumed: because it takes too long, or because the server was stopped.

use core::time::Duration;

use tokio::task::block_in_place;
use tokio::time::sleep;

use crate::party::State;
use crate::proxy::How;
use crate::support::Server;
use crate::support::ejabberd::Ejabberd;
use crate::support::prosody::Prosody;
use crate::weather::Weather;

/// How long the servers of these tests keep a session.
pub(crate) const KEPT: Duration = Duration::from_secs(1);

/// A server that can be stopped and started again.
pub(crate) trait Restart: Server {
    /// Asks it to shut down, and waits until it is gone.
    fn stop(&mut self);
    /// Has it gone at once.
    fn kill(&mut self);
    /// With the same ports and accounts.
    fn start_again(&mut self);
}

impl Restart for Prosody {
    fn stop(&mut self) {
        Self::stop(self);
    }

    fn kill(&mut self) {
        Self::kill(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self);
    }
}

impl Restart for Ejabberd {
    fn stop(&mut self) {
        Self::stop(self);
    }

    fn kill(&mut self) {
        Self::kill(self);
    }

    fn start_again(&mut self) {
        Self::start_again(self);
    }
}

#[derive(Clone, Copy, Debug)]
enum Loss {
    /// Clients cannot come back before their sessions are given up, or hardly.
    TooLate(&'static [usize]),
    /// The server is stopped and started again.
    Restart,
    /// The same, without a chance to put anything aside.
    Crash,
}

impl Weather {
    /// Has sessions lost once, and waits until everything that was handed back has arrived.
    pub(crate) async fn lose<S: Restart>(&mut self, server: &mut S) {
        let some = 1 + usize::try_from(self.random.below(10)).unwrap_or(0);
        self.progress(some).await;
        let loss = self.random.weighted(&[
            (1, Loss::TooLate(&[0])),
            (1, Loss::TooLate(&[1])),
            (1, Loss::TooLate(&[0, 1])),
            (2, Loss::Restart),
            (1, Loss::Crash),
        ]);
        match loss {
            Loss::TooLate(sides) => {
                for &side in sides {
                    self.proxies[side].refuse();
                    let how = self.random.weighted(&[(1, How::Fin), (1, How::Reset)]);
                    self.proxies[side].cut(how);
                }
                // Some come back in time.
                sleep(KEPT / 2 + self.random.millis(2000)).await;
                for &side in sides {
                    self.proxies[side].accept();
                }
                self.count(format_args!("{} came back late", sides.len()));
            }
            Loss::Restart | Loss::Crash => {
                let sessions = self.sessions();
                let stop = if matches!(loss, Loss::Crash) { S::kill } else { S::stop };
                block_in_place(|| stop(server));
                sleep(self.random.millis(500)).await;
                block_in_place(|| server.start_again());
                let anew = |state: &State| {
                    state.sides.iter().zip(sessions).all(|(side, before)| side.sessions > before)
                };
                self.shared.wait("new sessions after the server's restart", anew).await;
                self.count(match loss {
                    Loss::Crash => "the server was killed, and started again",
                    _ => "the server was stopped, and started again",
                });
            }
        }
        self.shared.wait("two who are online again", State::is_online).await;
        if !matches!(loss, Loss::TooLate(_)) {
            self.settle(matches!(loss, Loss::Crash)).await;
            self.shared.lock().pausing = false;
        }
    }

    fn sessions(&self) -> [u32; 2] {
        self.shared.lock().sides.each_ref().map(|side| side.sessions)
    }
}
