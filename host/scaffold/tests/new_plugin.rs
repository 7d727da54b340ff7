//! A new plugin as its author finds it: its tests pass without a network, its case files can be read.
//!
//! Building it to wasm and running the cases against the component is tested with the command line.

use std::path::Path;
use std::process::Command;

use strowger_scaffold as scaffold;

#[test]
fn a_new_plugin_builds_and_its_tests_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let plugin = folder.path().join("hello-desk");
    scaffold::new_plugin("hello-desk", &plugin).expect("a plugin");
    // One folder for all runs, so that what does not change is built once.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(&plugin)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn the_case_files_of_a_new_plugin_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = scaffold::new_plugin("hello", folder.path()).expect("a plugin");
    let cases: Vec<_> = written.iter().filter(|path| path.extension().is_some_and(|e| e == "case")).collect();
    assert!(!cases.is_empty());
    for path in cases {
        let text = std::fs::read_to_string(path).expect("a file");
        scaffold::cases::Case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
