//! Tells the guard on instructions which compiler built it: its baselines hold for one only.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").expect("cargo names the compiler");
    let output = Command::new(rustc).arg("--version").output().expect("the compiler runs");
    let version = String::from_utf8(output.stdout).expect("the compiler writes UTF-8");
    // "rustc 1.95.0 (59807616e 2026-04-14)"
    let number = version.split_whitespace().nth(1).expect("a version follows the name");
    println!("cargo::rustc-env=RUSTC_VERSION={number}");
}
