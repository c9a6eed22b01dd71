//! What `docs/attacks.md` promises is there.

use std::path::Path;
use std::{env, fs};

/// The tests that the document names, as `file::test`.
fn named(document: &str) -> Vec<(&str, &str)> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter_map(|name| name.split_once(".rs::")).collect()
}

#[test]
fn every_test_that_the_document_names_exists() {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let package = Path::new(&package);
    let document = fs::read_to_string(package.join("../docs/attacks.md")).expect("it is there");
    let named = named(&document);
    assert!(named.len() > 40, "the table is read");
    for (file, test) in named {
        let path = package.join(file).with_extension("rs");
        let source = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{file}.rs, of which the document tells: {error}"));
        let (before, _) = source
            .split_once(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("{file}.rs has no test {test}"));
        let attribute = before.trim_end().ends_with("#[test]");
        assert!(attribute, "{test} in {file}.rs is no test");
    }
}

/// The other way round: a test of an attack that nobody finds is worth half.
#[test]
fn the_document_names_every_test_of_an_attack() {
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let package = Path::new(&package);
    let document = fs::read_to_string(package.join("../docs/attacks.md")).expect("it is there");
    let named = named(&document);
    for entry in fs::read_dir(package.join("tests/hostile")).expect("this directory") {
        let path = entry.expect("it can be listed").path();
        let file = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        if file == "document" {
            continue;
        }
        let source = fs::read_to_string(&path).expect("it can be read");
        for part in source.split("#[test]").skip(1) {
            let name = part.split_once("fn ").and_then(|(_, name)| name.split_once('('));
            let (name, _) = name.expect("a test is a function");
            let known = named.contains(&(&format!("tests/hostile/{file}"), name));
            assert!(known, "docs/attacks.md does not name {file}.rs::{name}");
        }
    }
}
