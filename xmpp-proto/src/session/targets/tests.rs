use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::rng::Seed;

const NOW: Instant = Instant::from_micros(0);

fn rng() -> Rng {
    Rng::new(Seed::new([7; 32]))
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> SrvRecord {
    SrvRecord::new(priority, weight, port, target)
}

fn records(xmpps: &[SrvRecord], xmpp: &[SrvRecord]) -> DnsRecords {
    let answer = |records: &[SrvRecord]| match records {
        [] => SrvAnswer::None,
        records => SrvAnswer::Records(records.to_vec()),
    };
    DnsRecords { xmpps: answer(xmpps), xmpp: answer(xmpp) }
}

/// Everything that waits, as `host:port` with `+` for direct TLS.
fn waiting(targets: &Targets) -> Vec<String> {
    let show = |candidate: &Candidate| {
        let plus = if candidate.tls == TlsMode::Direct { "+" } else { "" };
        format!("{}{plus}", candidate.target)
    };
    targets.waiting.iter().map(show).collect()
}

fn resolve_as(tls: TlsMode, records: DnsRecords) -> (Targets, Result<(), Reason>) {
    let mut targets = Targets::default();
    let result = targets.resolve("example.org", tls, records, 16, NOW, &mut rng());
    (targets, result)
}

#[track_caller]
fn check(tls: TlsMode, records: DnsRecords, expected: &[&str]) -> Targets {
    let (targets, result) = resolve_as(tls, records);
    assert_eq!(result, Ok(()));
    assert_eq!(waiting(&targets), expected);
    targets
}

#[test]
fn xep0368_both_kinds_of_records_are_one_set_ordered_by_priority() {
    let both = || {
        records(
            &[srv(20, 0, 443, "c.example."), srv(5, 0, 5223, "a.example.")],
            &[srv(10, 0, 5222, "b.example."), srv(30, 0, 5222, "d.example")],
        )
    };
    let order = ["a.example:5223+", "b.example:5222", "c.example:443+", "d.example:5222"];
    check(TlsMode::StartTls, both(), &order);
    check(TlsMode::Direct, both(), &[order[0], order[2]]);
    check(TlsMode::InsecurePlaintext, both(), &[order[1], order[3]]);
}

#[test]
fn rfc2782_weights_are_shares_over_a_thousand_draws() {
    let mut rng = rng();
    let mut firsts = [0_u32; 4];
    for _ in 0..1000 {
        let mut targets = Targets::default();
        let equals =
            [srv(1, 10, 1, "a"), srv(1, 30, 2, "b"), srv(1, 60, 3, "c"), srv(1, 0, 4, "d")];
        let records = records(&equals[1..3], &[equals[3].clone(), equals[0].clone()]);
        targets.resolve("x", TlsMode::StartTls, records, 16, NOW, &mut rng).unwrap();
        assert_eq!(targets.waiting.len(), 4);
        firsts[usize::from(targets.waiting[0].target.port) - 1] += 1;
    }
    // Five standard deviations: the seed is fixed, so this passes always or never.
    let [a, b, c, d] = firsts;
    assert!((52..=148).contains(&a), "{firsts:?}");
    assert!((227..=373).contains(&b), "{firsts:?}");
    assert!((522..=678).contains(&c), "{firsts:?}");
    // "A very small chance of being selected", but one.
    assert!((1..=25).contains(&d), "{firsts:?}");
}

#[test]
fn rfc2782_the_rest_is_drawn_by_weight_too() {
    let mut rng = rng();
    let mut second = 0;
    for _ in 0..1000 {
        let mut targets = Targets::default();
        let records = records(&[], &[srv(0, 1, 1, "a"), srv(1, 90, 2, "b"), srv(1, 10, 3, "c")]);
        targets.resolve("x", TlsMode::StartTls, records, 16, NOW, &mut rng).unwrap();
        assert_eq!(targets.waiting[0].target.port, 1, "priority comes before weight");
        second += u32::from(targets.waiting[1].target.port == 2);
    }
    assert!((850..=950).contains(&second), "{second}");
}

#[test]
fn without_weights_everyone_is_tried() {
    let none = [srv(1, 0, 1, "a"), srv(1, 0, 2, "b"), srv(1, 0, 3, "c")];
    let (targets, _) = resolve_as(TlsMode::StartTls, records(&[], &none));
    let mut all = waiting(&targets);
    all.sort();
    assert_eq!(all, ["a:1", "b:2", "c:3"]);
}

#[test]
fn rfc6120_3_2_2_without_records_the_domain_itself() {
    for (tls, target) in [
        (TlsMode::StartTls, "example.org:5222"),
        (TlsMode::Direct, "example.org:5223+"),
        (TlsMode::InsecurePlaintext, "example.org:5222"),
    ] {
        check(tls, DnsRecords::default(), &[target]);
        let empty = SrvAnswer::Records(Vec::new());
        check(tls, DnsRecords { xmpps: empty.clone(), xmpp: empty }, &[target]);
    }
    // Records of the other kind do not help.
    check(TlsMode::Direct, records(&[], &[srv(1, 1, 1, "a")]), &["example.org:5223+"]);
}

#[test]
fn rfc2782_the_root_as_target_means_not_offered() {
    let root = [srv(0, 0, 5222, ".")];
    let one = [srv(1, 1, 1, "a")];
    let (_, result) = resolve_as(TlsMode::StartTls, records(&root, &root));
    assert_eq!(result, Err(Reason::NotOffered));
    // Of direct TLS alone: the other kind may still be there, by record or by default.
    check(TlsMode::StartTls, records(&root, &one), &["a:1"]);
    check(TlsMode::StartTls, records(&root, &[]), &["example.org:5222"]);
    let (_, result) = resolve_as(TlsMode::Direct, records(&root, &one));
    assert_eq!(result, Err(Reason::NotOffered));
    // Of STARTTLS alone.
    check(TlsMode::StartTls, records(&one, &root), &["a:1+"]);
    let (_, result) = resolve_as(TlsMode::InsecurePlaintext, records(&[], &root));
    assert_eq!(result, Err(Reason::NotOffered));
    // Beside others it says nothing.
    check(TlsMode::StartTls, records(&[], &[root, one].concat()), &["a:1"]);
}

#[test]
fn unusable_records_are_left_out() {
    let long = "a".repeat(300);
    let bad = [srv(0, 0, 0, "zero.example"), srv(0, 0, 1, &long), srv(0, 0, 1, "")];
    let mut some = bad.to_vec();
    some.extend([srv(1, 1, 1, "a"), srv(1, 1, 1, "a.")]);
    check(TlsMode::StartTls, records(&[], &some), &["a:1"]); // and duplicates once
    let (_, result) = resolve_as(TlsMode::InsecurePlaintext, records(&[], &bad));
    assert_eq!(result, Err(Reason::NotOffered));
}

#[test]
fn failures_of_dns_lead_to_the_domain_and_are_told_in_the_end() {
    let failed = || SrvAnswer::Failed("SERVFAIL".into());
    let both = DnsRecords { xmpps: failed(), xmpp: failed() };
    let targets = check(TlsMode::StartTls, both, &["example.org:5222"]);
    assert_eq!(
        targets.dns_failure.as_deref(),
        Some("_xmpps-client: SERVFAIL; _xmpp-client: SERVFAIL")
    );
    // What one half says is used, whatever became of the other.
    let half = SrvAnswer::Records(vec![srv(1, 1, 1, "a")]);
    check(TlsMode::StartTls, DnsRecords { xmpps: half.clone(), xmpp: failed() }, &["a:1+"]);
    check(TlsMode::StartTls, DnsRecords { xmpps: failed(), xmpp: half }, &["a:1"]);
    // Nobody knows about the half that failed, so it is not "not offered".
    let root = SrvAnswer::Records(vec![srv(0, 0, 0, ".")]);
    check(TlsMode::StartTls, DnsRecords { xmpps: root, xmpp: failed() }, &["example.org:5222"]);
}

#[test]
fn the_number_of_targets_is_bounded_and_the_best_are_kept() {
    let many: Vec<_> = (0..1000).map(|i| srv(1000 - i, 1, 1, &format!("h{i}"))).collect();
    let (targets, _) = resolve_as(TlsMode::StartTls, records(&many, &many));
    let all = waiting(&targets);
    assert_eq!(all.len(), 16);
    assert!(all.contains(&"h999:1".to_string()) && !all.iter().any(|to| to.starts_with("h9:")));
}

fn ended(targets: &Targets, reason: Reason) -> Ended {
    Ended {
        reason,
        phase: Phase::Connecting,
        domain: "example.org".into(),
        target: targets.current().map(|current| current.target.clone()),
        tried: Vec::new(),
        dns_failure: None,
    }
}

fn refused() -> Reason {
    Reason::Transport(LostCause::Refused)
}

#[test]
fn failed_targets_come_last_for_a_while() {
    let two = || records(&[], &[srv(1, 1, 1, "a"), srv(2, 1, 2, "b")]);
    let mut targets = check(TlsMode::StartTls, two(), &["a:1", "b:2"]);
    targets.advance();
    let mut end = ended(&targets, refused());
    assert!(targets.goes_on_after(&mut end, NOW));
    targets.advance();
    targets.succeeded();

    let again = |targets: &mut Targets, now| {
        targets.reset();
        targets.resolve("example.org", TlsMode::StartTls, two(), 16, now, &mut rng()).unwrap();
        waiting(targets)
    };
    assert_eq!(again(&mut targets, NOW + Duration::from_mins(1)), ["b:2", "a:1"]);
    assert_eq!(again(&mut targets, NOW + MEMORY), ["a:1", "b:2"]);
}

#[test]
fn failures_of_all_targets_are_forgotten() {
    let two = || records(&[], &[srv(1, 1, 1, "a"), srv(2, 1, 2, "b")]);
    let mut targets = check(TlsMode::StartTls, two(), &["a:1", "b:2"]);
    targets.advance();
    let mut end = ended(&targets, refused());
    assert!(targets.goes_on_after(&mut end, NOW));
    targets.advance();
    let mut end = ended(&targets, refused());
    assert!(!targets.goes_on_after(&mut end, NOW));
    assert_eq!(end.tried.len(), 1);
    targets.reset();
    targets.resolve("example.org", TlsMode::StartTls, two(), 16, NOW, &mut rng()).unwrap();
    assert_eq!(waiting(&targets), ["a:1", "b:2"]);
    assert!(targets.failed.is_empty());
}

#[test]
fn the_memory_of_failures_is_bounded() {
    let mut targets = Targets::default();
    for port in 1..1000 {
        targets.push(Candidate::new(Target::new("a", port), TlsMode::StartTls));
        targets.advance();
        let mut end = ended(&targets, refused());
        assert!(!targets.goes_on_after(&mut end, NOW));
    }
    assert_eq!(targets.failed.len(), MAX_FAILED);
}

#[test]
fn a_domain_that_is_an_address_needs_no_dns() {
    for (domain, host) in [
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        assert_eq!(ip_literal(domain).unwrap().1, host);
        let candidate = Candidate::domain(domain, TlsMode::Direct);
        assert_eq!(candidate.target, Target::new(host, 5223));
    }
    for domain in ["example.org", "1.2.3", "[192.0.2.1]", "[]", "[::1"] {
        assert!(ip_literal(domain).is_none(), "{domain}");
    }
}

#[test]
fn rfc6120_4_9_3_19_addresses_of_other_hosts() {
    for (text, target) in [
        ("moved.example", "moved.example:5222"),
        ("moved.example.", "moved.example:5222"),
        ("moved.example:80", "moved.example:80"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[2001:41D0:1:A49b::1]:9222", "[2001:41D0:1:A49b::1]:9222"),
        ("[2001:41D0:1:A49b::1]", "[2001:41D0:1:A49b::1]:5222"),
        ("2001:41D0:1:A49b::1", "[2001:41D0:1:A49b::1]:5222"),
        ("bücher.example", "bücher.example:5222"),
    ] {
        assert_eq!(parse_address(text, 5222).unwrap().to_string(), target);
    }
    let long = "a".repeat(254);
    for text in [
        "",
        ".",
        ":80",
        "host:",
        "host:0",
        "host:65536",
        "host:+80",
        "host:80:81",
        "[::1",
        "[::1]80",
        "[host]:80",
        "[::1]:",
        "a b",
        "a/b",
        "http://a",
        "a@b",
        "a\u{0}b",
        &long,
    ] {
        assert!(parse_address(text, 5222).is_none(), "{text:?}");
    }
}
