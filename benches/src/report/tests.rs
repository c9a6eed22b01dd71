use super::*;
use crate::corpus::{CHAT, MUC};

/// A report about two contenders; the times are of 1 MB each, in milliseconds.
fn report(fast: (&'static str, [u64; 3]), slow: (&'static str, [u64; 3])) -> Report {
    let row = |(name, times): (&'static str, [u64; 3])| Row {
        name,
        figures: times
            .map(|time| Figures {
                bytes: 1_000_000,
                stanzas: 1000,
                time: Duration::from_millis(time),
                allocations: Allocations { count: 2500, bytes: 1_234_000, peak: 512 },
            })
            .to_vec(),
    };
    Report { streams: vec![CHAT.name, MUC.name, BASE64.name], rows: vec![row(fast), row(slow)] }
}

#[test]
fn ratios_are_of_speeds_and_base64_is_apart() {
    let report = report(("a", [2, 1, 1]), ("b", [4, 8, 50]));
    let ratios = report.ratios("a", "b").unwrap();
    assert!((ratios.mean - 4.0).abs() < 1e-9, "{}", ratios.mean);
    assert!((ratios.worst - 2.0).abs() < 1e-9, "{}", ratios.worst);
    assert!((ratios.base64.unwrap() - 50.0).abs() < 1e-9);
    assert!(report.ratios("a", "c").is_none());
}

#[test]
fn each_part_of_a_target_can_miss_it() {
    let (fast, slow) = (ours::BORROWED.name, minidom::TREE.name);
    for (times, meets) in [
        ([20, 13, 24], true),
        ([16, 13, 24], false), // the mean
        ([40, 11, 24], false), // the worst
        ([20, 13, 23], false), // base64
    ] {
        let report = report((fast, [1, 1, 1]), (slow, times));
        assert_eq!(report.meets_targets(), meets, "{times:?}");
        assert_eq!(report.targets().contains("| **no** |"), !meets);
    }
}

#[test]
fn what_takes_no_part_misses_nothing() {
    let report = report(("a", [1, 1, 1]), ("b", [1, 1, 1]));
    assert!(report.meets_targets());
    assert_eq!(report.targets().matches("not measured").count(), TARGETS.len());
    assert!(report.headline().is_empty());
}

#[test]
fn tables_are_markdown() {
    let report = report(("a", [1, 2, 4]), ("b", [8, 4, 50]));
    assert_eq!(
        report.allocations(),
        "| allocations / bytes of a stanza / peak | chat | muc | base64 |\n\
         | --- | --- | --- | --- |\n\
         | a | 2.5 / 1.2 k / 512 | 2.5 / 1.2 k / 512 | 2.5 / 1.2 k / 512 |\n\
         | b | 2.5 / 1.2 k / 512 | 2.5 / 1.2 k / 512 | 2.5 / 1.2 k / 512 |\n"
    );
    assert!(report.speeds(&[]).lines().count() == 2);
}
