//! What figures depend on: when, where, and with which versions.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The packages whose versions are told.
const PACKAGES: [&str; 7] =
    ["xmpp-proto", "rxml", "minidom", "xmpp-parsers", "xso", "quick-xml", "roxmltree"];

const LOCK: &str = include_str!("../../Cargo.lock");

/// The date, the processor, the compiler, the versions of all contenders, and the command, in a line
/// without an end.
#[must_use]
pub fn describe() -> String {
    let mut parts = vec![today(), processor(), compiler()];
    parts.extend(PACKAGES.map(|name| format!("{name} {}", version(name).unwrap_or("unknown"))));
    #[cfg(feature = "c-peers")]
    parts.extend([crate::c::expat::version(), crate::c::libxml2::version()]);
    let command: Vec<_> = std::env::args().skip(1).collect();
    parts.push(format!("`compare {}`", command.join(" ")).replace(" `", "`"));
    parts.join(", ")
}

/// The version of a package that this was built with.
fn version(package: &str) -> Option<&'static str> {
    let (_, entry) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    entry.split('"').next()
}

fn processor() -> String {
    let found = fs::read_to_string("/proc/cpuinfo").ok().and_then(|all| {
        let line = all.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    found.unwrap_or_else(|| format!("unknown {} processor", std::env::consts::ARCH))
}

/// The compiler in use here, which is the one that built this if `cargo run` did.
fn compiler() -> String {
    let found = Command::new("rustc").arg("--version").output().ok().and_then(|output| {
        let version = String::from_utf8(output.stdout).ok()?;
        let mut words = version.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    found.unwrap_or_else(|| "unknown rustc".to_owned())
}

/// The date in UTC, as ISO 8601 has it.
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = date(since.as_secs() / (24 * 60 * 60));
    format!("{year}-{month:02}-{day:02}")
}

/// Year, month and day of a number of days since the beginning of 1970.
fn date(days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut year, mut rest) = (1970, days);
    while rest >= 365 + u64::from(is_leap(year)) {
        rest -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(11_017), (2000, 3, 1));
        assert_eq!(date(11_322), (2000, 12, 31));
        assert_eq!(date(47_540), (2100, 2, 28));
        assert_eq!(date(47_541), (2100, 3, 1));
    }

    #[test]
    fn all_versions_are_known() {
        for package in PACKAGES {
            assert!(version(package).is_some(), "{package}");
        }
    }
}
