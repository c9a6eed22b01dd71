use std::io;

use super::{concerns_one, is_shortage};

#[test]
#[cfg(unix)]
fn faults_are_told_apart() {
    let of = io::Error::from_raw_os_error;
    // EMFILE, ENFILE, ENOMEM; EINVAL.
    for number in [24, 23, 12] {
        assert!(is_shortage(&of(number)), "{number}");
        assert!(!concerns_one(&of(number)), "{number}");
    }
    assert!(!is_shortage(&of(22)) && !concerns_one(&of(22)));
    assert!(concerns_one(&io::ErrorKind::ConnectionAborted.into()));
}
