//! Every check passes on every input that is kept for it: in `fuzz/seeds`, where fuzzing begins,
//! and in `fuzz/regressions`, where inputs go that once made a check fail.

use std::collections::BTreeSet;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use xmpp_fuzz_checks::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Replays what is kept for every target in the directory of this name.
fn replay(kept: &str) {
    let mut failed = Vec::new();
    for (target, check) in TARGETS {
        let files = files(&fuzz().join(kept).join(target));
        assert!(!files.is_empty(), "no {kept} for {target}");
        for file in files {
            let data = fs::read(&file).expect("a file");
            if panic::catch_unwind(|| check(&data)).is_err() {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "these inputs fail, see above: {failed:#?}");
}

#[test]
fn seeds_pass() {
    replay("seeds");
}

#[test]
fn regressions_pass() {
    replay("regressions");
}

/// No target is forgotten in one of the places that name them, and nothing is kept for one that
/// is no more.
#[test]
fn all_name_the_same_targets() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = |directory: &str| -> BTreeSet<String> {
        let stem = |path: PathBuf| path.file_stem().expect("a name").display().to_string();
        files(&fuzz().join(directory)).into_iter().map(stem).collect()
    };
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("seeds"), targets);
    assert_eq!(names("regressions"), targets);

    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest");
    let binaries: BTreeSet<String> = manifest
        .split("[[bin]]")
        .skip(1)
        .map(|binary| binary.split('"').nth(1).expect("a name in quotes").to_owned())
        .collect();
    assert_eq!(binaries, targets);

    for target in &targets {
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{target}.rs")));
        let call = format!("xmpp_fuzz_checks::{target}::check(data)");
        assert!(source.expect("a target").contains(&call), "{target}.rs calls its check");
    }
}
