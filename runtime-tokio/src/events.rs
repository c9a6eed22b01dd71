//! The way of events from the machine to the application: a bounded queue, filled only as far as
//! there is room.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::mpsc::{self, error::TrySendError};
use xmpp_proto::endpoint::{Event, ServerEvent};

/// What happens on the stream, in order.
///
/// Whoever stops taking events stops the machine from reading, sooner or later: then answers to
/// requests do not arrive either. So do not await a request in the loop that takes the events;
/// spawn a task for that.
///
/// Dropping this discards all further events; queries of others are then answered with
/// `service-unavailable` when their time is up.
#[derive(Debug)]
pub struct Events<E = Event> {
    // Boxed, because a channel keeps room for 32 of whatever it carries, used or not.
    pub(crate) queue: mpsc::Receiver<Box<E>>,
}

/// What happens on a client's stream at the server's end. Questions among it are answered by the
/// methods of [`Session`](crate::Session).
pub type SessionEvents = Events<ServerEvent>;

impl<E> Events<E> {
    /// The next event, or `None` after the last one, which is [`Event::Ended`].
    ///
    /// Nothing is lost if this is dropped before it is ready, as in `tokio::select!`.
    pub async fn next(&mut self) -> Option<E> {
        self.queue.recv().await.map(|event| *event)
    }
}

impl<E> Stream for Events<E> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        self.queue.poll_recv(cx).map(|event| event.map(|event| *event))
    }
}

/// The driver's end.
pub(crate) struct Outlet<E> {
    queue: Option<mpsc::Sender<Box<E>>>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Room for one event.
pub(crate) struct Room<'a, E>(Option<mpsc::Permit<'a, Box<E>>>);

impl<E> Room<'_, E> {
    pub(crate) fn put(self, event: E) {
        // Without a permit there is nobody to take it.
        if let Some(permit) = self.0 {
            permit.send(Box::new(event));
        }
    }
}

impl<E: Send + 'static> Outlet<E> {
    pub(crate) const fn new(queue: mpsc::Sender<Box<E>>) -> Self {
        Self { queue: Some(queue), waiting: None }
    }

    /// Room for one event, or a wake-up when there is some. There is always room where nobody
    /// listens.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Room<'_, E>> {
        let Some(queue) = &self.queue else { return Poll::Pending };
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
            }
            match queue.try_reserve() {
                Ok(permit) => return Poll::Ready(Room(Some(permit))),
                Err(TrySendError::Closed(())) => return Poll::Ready(Room(None)),
                // The driver is the only sender: the room that this waits for stays free.
                Err(TrySendError::Full(())) => {
                    let queue = queue.clone();
                    self.waiting = Some(Box::pin(async move { drop(queue.reserve_owned().await) }));
                }
            }
        }
    }

    /// Tells the application that the last event is out.
    pub(crate) fn end(&mut self) {
        self.queue = None;
        self.waiting = None;
    }

    pub(crate) const fn is_ended(&self) -> bool {
        self.queue.is_none()
    }
}
