//! The driver of a machine: lets commands in, events out, and the rest to the pump.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};
use xmpp_proto::endpoint::{Commands, LostCause, Server};
use xmpp_proto::modules::Modular;

use crate::command::{Command, Task, Waiters};
use crate::events::Outlet;
use crate::pump::Pump;

/// Runs one stream: spawn it on a tokio runtime that has its I/O and time drivers enabled.
///
/// It ends after the last event was taken (or [`Events`](crate::Events) was dropped) and the
/// transport is closed. It never waits for the application: while events are not taken the
/// machine stops reading, and everything else goes on.
///
/// Dropping it cuts the connection. Everything unsent is handed back, and the handles say
/// [`Closed`](crate::Closed) from then on.
#[must_use = "nothing happens unless the driver is spawned or awaited"]
pub struct Driver<M: Commands = Modular<()>> {
    pub(crate) machine: M,
    pub(crate) pump: Pump,
    pub(crate) waiters: Waiters,
    pub(crate) outlet: Outlet<M::Event>,
    pub(crate) commands: mpsc::Receiver<Box<Command<M>>>,
    /// What does not wait for its turn, or for the stream to be online.
    pub(crate) urgent: mpsc::UnboundedReceiver<Task<M>>,
    /// Fires when a handle asks for the end, or when the last one is dropped.
    pub(crate) hangup: mpsc::Receiver<()>,
    /// How long commands that were given before the end may wait for room.
    pub(crate) grace: Duration,
    pub(crate) closing: Closing,
}

/// Runs a client with modules.
pub type ClientDriver<M = ()> = Driver<Modular<M>>;

/// Runs the server's end of one client's stream.
pub type SessionDriver = Driver<Server>;

/// How far the end that the application wants has come.
pub(crate) enum Closing {
    /// Not wanted yet.
    No,
    /// Wanted. What was handed over before goes first: while logging in for as long as that
    /// takes, later until the given moment.
    Wanted(Option<Pin<Box<Sleep>>>),
    /// The machine knows.
    Told,
}

impl<M: Commands<Event: Send + 'static>> Driver<M> {
    /// Runs one thing that cannot wait.
    fn run_urgent(&mut self, cx: &mut Context<'_>) -> bool {
        let Poll::Ready(Some(run)) = self.urgent.poll_recv(cx) else { return false };
        run(&mut self.machine, self.pump.clock.now());
        true
    }

    /// Takes one command, if the machine has room. If not, they wait where they are, and those
    /// who give more wait with them.
    fn take_command(&mut self, cx: &mut Context<'_>) -> bool {
        // Nothing can be sent any more, even while the machine still waits for the application to
        // take what came before the end.
        let over = self.pump.link.id().is_none() && !self.machine.has_future();
        if over {
            self.commands.close();
        }
        // An application that waits for what it has sent before it takes more events must hear that
        // there is no connection, or both would wait for each other.
        let stuck = self.pump.stuck && self.pump.link.id().is_none();
        let machine = &mut self.machine;
        if (over || stuck || machine.has_room())
            && let Poll::Ready(Some(command)) = self.commands.poll_recv(cx)
        {
            if over {
                command.refuse();
            } else {
                self.waiters.apply(machine, self.pump.clock.now(), *command);
            }
            return true;
        }
        self.poll_closing(cx)
    }

    /// Tells the machine to close when a handle has asked for it and nothing is left to send.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> bool {
        let machine = &mut self.machine;
        if matches!(self.closing, Closing::No) && self.hangup.poll_recv(cx).is_ready() {
            self.closing = Closing::Wanted(None);
        }
        let Closing::Wanted(grace) = &mut self.closing else { return false };
        if !self.commands.is_empty() {
            if grace.is_none() && (machine.is_online() || self.pump.link.id().is_none()) {
                *grace = Some(Box::pin(sleep(self.grace)));
            }
            if grace.as_mut().is_none_or(|sleep| sleep.as_mut().poll(cx).is_pending()) {
                return false;
            }
        }
        self.closing = Closing::Told;
        machine.close(self.pump.clock.now());
        true
    }

    /// Hands one event to the application, if it has room.
    fn hand_out_event(&mut self, cx: &mut Context<'_>) -> bool {
        self.pump.stuck = true;
        let Poll::Ready(room) = self.outlet.poll_room(cx) else { return false };
        self.pump.stuck = false;
        if let Some(event) = self.machine.poll_event() {
            room.put(event);
            return true;
        }
        drop(room);
        if self.machine.is_idle() {
            // Nothing comes after the last event of a machine without a transport.
            self.outlet.end();
        }
        false
    }
}

impl<M: Commands<Event: Send + 'static> + Unpin> Future for Driver<M> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            if !this.pump.drain(&mut this.machine, |completion| this.waiters.complete(completion)) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // One thing at a time, then drain again. Commands come first, so that everything
            // queued goes out in one write.
            if this.run_urgent(cx)
                || this.take_command(cx)
                || this.hand_out_event(cx)
                || this.pump.poll_io(&mut this.machine, cx)
            {
                continue;
            }
            let over = this.outlet.is_ended() && this.pump.link.is_over();
            return if over { Poll::Ready(()) } else { Poll::Pending };
        }
    }
}

impl<M: Commands> Drop for Driver<M> {
    /// Hands back what was not sent.
    fn drop(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            command.refuse();
        }
        let now = self.pump.clock.now();
        self.machine.close(now);
        if let Some(id) = self.pump.link.id() {
            let cause = LostCause::Io("the driver was dropped".to_owned());
            self.machine.handle_lost(now, id, cause);
        }
        // What was received and not taken is in the way of the completions. It is bounded.
        loop {
            let drained =
                self.pump.drain(&mut self.machine, |completion| self.waiters.complete(completion));
            if self.machine.poll_event().is_none() && drained {
                return;
            }
        }
    }
}
