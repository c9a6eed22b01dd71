//! What the tables in `docs/conformance` promise is there: each feature of RFC 6120 §15 and each
//! requirement of RFC 6121 and XEP-0198 with its levels, and the tests that show it, each of which
//! cites its clause.

use std::path::{Path, PathBuf};
use std::{env, fs};

use Role::{Client, Server};

/// One of the tables.
struct Table {
    /// The name of its files.
    name: &'static str,
    /// How many features its list has.
    features: usize,
    /// The features that MUST be there and have a reason instead of a test.
    reasons: &'static [(&'static str, Role)],
}

const RFC6120: Table = Table {
    name: "rfc6120",
    features: 63,
    reasons: &[
        ("stanza-attribute-from-validate", Server),
        ("stanza-attribute-to-validate", Server),
        ("stream-attribute-initial-from", Server),
        ("stream-attribute-initial-to", Server),
        ("stream-fqdn-resolution", Server),
        ("stream-reconnect", Client),
        ("stream-reconnect", Server),
        ("xml-namespace-content-server", Server),
    ],
};

const RFC6121: Table = Table { name: "rfc6121", features: 68, reasons: &[] };

const XEP0198: Table =
    Table { name: "xep0198", features: 49, reasons: &[("security-early-data", Client)] };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// What is wrong with a table. `list` has its features; `source` reads a file with tests.
fn faults(
    reasons: &[(&str, Role)],
    list: &str,
    table: &str,
    source: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let list: Vec<Vec<_>> = list.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let rows = rows(table);
    for row in &rows {
        if !list.iter().any(|listed| name(listed[0]) == row[0]) {
            faults.push(format!("{}: not in the list", row[0]));
        }
    }
    for listed in list {
        let feature = name(listed[0]);
        let found: Vec<_> = rows.iter().filter(|row| row[0] == feature).collect();
        let &[row] = found.as_slice() else {
            faults.push(format!("{feature}: {} rows", found.len()));
            continue;
        };
        let &[_, section, client, client_tests, server, server_tests] = row.as_slice() else {
            faults.push(format!("{feature}: {} columns", row.len()));
            continue;
        };
        if [section, client, server] != listed[1..] {
            faults.push(format!("{feature}: another section or level"));
        }
        for (role, level, cell) in [(Client, client, client_tests), (Server, server, server_tests)]
        {
            let fault = |fault| format!("{feature}, {role:?}: {fault}");
            let excused = reasons.contains(&(feature, role));
            faults.extend(cell_faults(excused, level, cell, &source).map(fault));
        }
    }
    faults
}

/// The name of a feature, without what explains it.
fn name(feature: &str) -> &str {
    feature.split_once(':').map_or(feature, |(name, _)| name)
}

/// The cells of each row but the first, which has the titles.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| line.trim().trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn cell_faults(
    excused: bool,
    level: &str,
    cell: &str,
    source: impl Fn(&str) -> Option<String>,
) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    let mut shown = level != "MUST";
    if (level == "N/A") != (cell == "–") {
        faults.push(format!("{cell:?} where the level is {level}"));
    }
    for item in cell.split("<br>").filter(|_| level != "N/A") {
        if item.starts_with("reason: ") {
            shown |= excused;
        } else if let Some((file, test)) = reference(item) {
            shown = true;
            let text = source(file);
            faults.extend(test_fault(text.as_deref(), test).map(|why| format!("{item} {why}")));
        } else {
            faults.push(format!("{item:?} is neither a test nor a reason"));
        }
    }
    if !shown {
        faults.push("nothing shows it".into());
    }
    faults.into_iter()
}

/// The file and the name in a reference to a test.
fn reference(item: &str) -> Option<(&str, &str)> {
    item.strip_prefix('`')?.strip_suffix('`')?.split_once("::")
}

/// What is wrong with the test of this name in a file.
fn test_fault(source: Option<&str>, name: &str) -> Option<&'static str> {
    let Some(source) = source else { return Some("is in no file") };
    let lines: Vec<_> = source.lines().collect();
    let named = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        let rest = line.strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('('))
    };
    let Some(at) = lines.iter().position(|line| named(line)) else {
        return Some("does not exist");
    };
    // What stands right above it: its attributes, and perhaps a comment.
    let is_above = |line: &&&str| ["#[", "//"].iter().any(|it| line.trim_start().starts_with(it));
    let above: Vec<_> = lines[..at].iter().rev().take_while(is_above).collect();
    let is_test = |line: &&str| ["#[test]", "#[tokio::test"].iter().any(|it| line.contains(it));
    if !above.iter().any(|line| is_test(line)) || above.iter().any(|line| line.contains("ignore")) {
        return Some("is no test");
    }
    // rustfmt puts the end of a function below its beginning.
    let indent = lines[at].len() - lines[at].trim_start().len();
    let end = format!("{}}}", " ".repeat(indent));
    let len = lines[at..].iter().position(|line| *line == end).unwrap_or(0);
    let cites = |line: &&str| ["§", "rfc612", "xep0198"].iter().any(|it| line.contains(it));
    if lines[at - above.len()..=at + len].iter().any(cites) {
        return None;
    }
    Some("cites no clause")
}

fn package() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"))
}

fn document(name: &str) -> String {
    let path = package().join("../docs/conformance").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file as the table names it.
fn source(file: &str) -> Option<String> {
    let base = match file.split('/').next() {
        Some("tests") => "",
        Some(directory) if directory.starts_with("runtime-") => "..",
        _ => "src",
    };
    fs::read_to_string(package().join(base).join(Path::new(file))).ok()
}

/// All that is wrong with one of the tables.
fn check_document(document: &Table) {
    let read = |end: &str| self::document(&format!("{}.{end}", document.name));
    let (list, table) = (read("csv"), read("md"));
    assert_eq!(list.lines().skip(1).count(), document.features);
    let mut faults = faults(document.reasons, &list, &table, source);
    // An exception that is not used is no exception.
    for (feature, role) in document.reasons {
        let rows = rows(&table);
        let row = rows.iter().find(|row| row[0] == *feature).expect("a feature");
        let cell = if *role == Client { row[3] } else { row[5] };
        if !cell.contains("reason: ") {
            faults.push(format!("{feature}, {role:?}: has no reason"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_feature_of_rfc_6120_is_in_the_table_and_shown_by_tests_that_cite_it() {
    check_document(&RFC6120);
}

#[test]
fn every_requirement_of_rfc_6121_is_in_the_table_and_shown_by_tests_that_cite_it() {
    check_document(&RFC6121);
}

#[test]
fn every_requirement_of_xep_0198_is_in_the_table_and_shown_by_tests_that_cite_it() {
    check_document(&XEP0198);
}

const LIST: &str = "feature,section,client,server\na: x; y,1,MUST,SHOULD\nb,2,N/A,MUST\n";
const SOURCE: &str = "
#[test]
fn rfc6120_1_named() {
    good();
}

#[test]
#[cfg(feature = \"x\")]
fn cited() {
    // RFC 6120 §1.
    good();
}

/// RFC 6120 §2.
#[tokio::test(start_paused = true)]
async fn above() {
}

proptest! {
    #[test]
    fn inside(x in any::<u8>()) {
        // §3.
    }
}

#[test]
fn bare() {
    good();
}

fn rfc6120_helper() {
}

#[test]
#[ignore]
fn rfc6120_ignored() {
}
";

/// What is found wrong with a table of these rows.
fn check(rows: &[&str]) -> Vec<String> {
    let table = format!("# A title\n\n| feature | …\n|---|\n{}\n", rows.join("\n"));
    faults(&[], LIST, &table, |file| (file == "f.rs").then(|| SOURCE.into()))
}

const A: &str = "| a | 1 | MUST | `f.rs::rfc6120_1_named`<br>`f.rs::cited` | SHOULD | reason: x |";
const B: &str = "| b | 2 | N/A | – | MUST | `f.rs::above`<br>`f.rs::inside` |";

#[test]
fn a_good_table_has_no_faults() {
    assert_eq!(check(&[A, B]), [""; 0]);
}

#[test]
fn a_broken_table_is_found_out() {
    for (rows, fault) in [
        (&[A][..], "b: 0 rows"),
        (&[A, B, B], "b: 2 rows"),
        (&[A, B, "| c | 3 | MUST | – | MUST | – |"], "c: not in the list"),
        (&[A, "| b | 2 | N/A | – | MUST |"], "b: 5 columns"),
        (&[A, &B.replace("| 2 |", "| 3 |")], "b: another section or level"),
        (&[A, &B.replace("MUST", "MAY")], "b: another section or level"),
        (&[A, &B.replace('–', "reason: x")], "b, Client: \"reason: x\" where the level is N/A"),
        (&[&A.replace("reason: x", "–"), B], "a, Server: \"–\" where the level is SHOULD"),
        (&[&A.replace("reason: x", ""), B], "a, Server: \"\" is neither a test nor a reason"),
        (&[A, "| b | 2 | N/A | – | MUST | reason: x |"], "b, Server: nothing shows it"),
        (&[&A.replace("cited", "bare"), B], "a, Client: `f.rs::bare` cites no clause"),
        (&[&A.replace("cited", "cite"), B], "a, Client: `f.rs::cite` does not exist"),
        (
            &[&A.replace("cited", "rfc6120_helper"), B],
            "a, Client: `f.rs::rfc6120_helper` is no test",
        ),
        (
            &[&A.replace("cited", "rfc6120_ignored"), B],
            "a, Client: `f.rs::rfc6120_ignored` is no test",
        ),
        (&[&A.replace("f.rs::cited", "g.rs::cited"), B], "a, Client: `g.rs::cited` is in no file"),
    ] {
        let found = check(rows);
        assert!(found.iter().any(|found| found == fault), "{fault}: {found:?}");
    }
}
