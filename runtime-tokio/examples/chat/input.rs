//! Standard input, line by line.

use std::io::{BufRead, stdin};

use tokio::sync::mpsc;

/// The lines of standard input; the channel closes at its end.
///
/// Reading happens on a thread of its own that nobody waits for: a read that never returns, as
/// from an idle terminal, must not keep the program alive.
pub(crate) fn lines() -> mpsc::Receiver<String> {
    let (to, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut input = stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() && to.blocking_send(text.to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}
