//! The time of day, for what people read.

use alloc::format;
use alloc::string::String;

use crate::Instant;

/// What is known of the time of day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WallClock {
    /// A moment, and the microseconds from 1970 to it.
    anchor: Option<(Instant, u64)>,
}

impl WallClock {
    pub(super) const fn set(&mut self, now: Instant, unix_micros: u64) {
        self.anchor = Some((now, unix_micros));
    }

    /// The time of day as XEP-0082 writes it, in seconds, if it is known.
    pub(super) fn stamp(&self, now: Instant) -> Option<String> {
        let (then, micros) = self.anchor?;
        let unix = micros.saturating_add(now.as_micros()).saturating_sub(then.as_micros());
        Some(date_time(unix / 1_000_000))
    }
}

/// Seconds since 1970 as `CCYY-MM-DDThh:mm:ssZ` (XEP-0082 §3.2).
fn date_time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The Gregorian date so many days after 1970-01-01.
///
/// Years are counted from March on, so that the leap day is the last of its year, and from the year
/// 0, where a cycle of 400 years begins.
fn date(days: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    let days = days + 719_468;
    let (cycle, day_of_cycle) = (days / CYCLE, days % CYCLE);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Months have 30.6 days on average: 153 in five of them, from March on.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = cycle * 400 + year_of_cycle + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_that_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_107_456_000, "2100-02-28T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(date_time(seconds), expected);
        }
    }

    #[test]
    fn the_time_of_day_passes_with_the_other_clock() {
        let mut clock = WallClock::default();
        assert_eq!(clock.stamp(Instant::from_micros(5)), None);
        clock.set(Instant::from_micros(2_000_000), 1_234_567_890_000_000);
        let stamp = |at| clock.stamp(Instant::from_micros(at));
        assert_eq!(stamp(2_000_000).as_deref(), Some("2009-02-13T23:31:30Z"));
        assert_eq!(stamp(61_000_000).as_deref(), Some("2009-02-13T23:32:29Z"));
        // A moment before the anchor is one, too.
        assert_eq!(stamp(0).as_deref(), Some("2009-02-13T23:31:28Z"));
    }
}
