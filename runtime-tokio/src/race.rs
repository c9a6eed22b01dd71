//! Happy eyeballs (RFC 8305): a host with several addresses is as fast as the best of them.

use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::io;

use tokio::time::{Sleep, sleep};

/// How long one address has before the next one is tried beside it (RFC 8305 §8).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the addresses, families in turn, the next one as soon as one fails or has had its
/// time alone; the first that answers wins. `Err(None)` if there is no address.
///
/// The fault that is told is that of the first one, which is the one that should have worked.
pub(crate) async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    mut connect: impl FnMut(SocketAddr) -> F,
) -> Result<T, Option<io::Error>>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = interleave(addresses).into_iter();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut started = 0;
    let mut fault: Option<(usize, io::Error)> = None;
    let mut alone: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        loop {
            let patience = alone.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_pending());
            if !patience || running.is_empty() {
                if let Some(address) = waiting.next() {
                    running.push((started, Box::pin(connect(address))));
                    started += 1;
                    alone = Some(Box::pin(sleep(STAGGER)));
                } else if running.is_empty() {
                    return Poll::Ready(Err(fault.take().map(|(_, error)| error)));
                }
            }
            let mut failed = false;
            let mut index = 0;
            while index < running.len() {
                let (number, attempt) = &mut running[index];
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(won)) => return Poll::Ready(Ok(won)),
                    Poll::Ready(Err(error)) => {
                        if fault.as_ref().is_none_or(|(first, _)| *number < *first) {
                            fault = Some((*number, error));
                        }
                        drop(running.remove(index));
                        failed = true;
                    }
                    Poll::Pending => index += 1,
                }
            }
            if failed {
                alone = None; // no reason to wait for the next
            } else if alone.as_mut().is_none_or(|sleep| sleep.as_mut().poll(cx).is_pending())
                || waiting.len() == 0
            {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// The families in turn, beginning with that of the first address (RFC 8305 §4): a family that
/// leads nowhere costs one stagger, however many addresses it has. Within a family the order stays.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        turns.extend(first.next());
        turns.extend(second.next());
    }
    turns
}

#[cfg(test)]
mod tests;
