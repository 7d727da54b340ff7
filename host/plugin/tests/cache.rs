//! Compiled artefacts: found again, recompiled when damaged, kept where nobody else can write.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use strowger_plugin::{Engine, EngineConfig};
use support::{ask, behaviours, engine_with, is_next, load};

fn engine_at(folder: &Path) -> Engine {
    engine_with(|config| config.cache_dir = Some(folder.to_owned()))
}

fn artefacts(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Loads, asks once, and says whether it came from the cache.
fn cached(folder: &Path) -> bool {
    let engine = engine_at(folder);
    assert!(is_next(&ask(&load(&engine, &behaviours("b", "1")).unwrap(), 'x')));
    let status = engine.status();
    assert_eq!(status.compiled + status.cache_hits, 1);
    status.cache_hits == 1
}

#[test]
fn an_artefact_is_found_again_and_a_damaged_one_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deep/compiled");
    assert!(!cached(&folder));
    assert!(cached(&folder));
    let [path] = &*artefacts(&folder) else { panic!("one artefact, nothing unfinished") };
    let whole = fs::read(path).unwrap();
    let damage: [(&str, Vec<u8>); 5] = [
        ("a changed byte of code", {
            let mut bytes = whole.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("a changed checksum", {
            let mut bytes = whole.clone();
            bytes[10] ^= 1;
            bytes
        }),
        ("half of it", whole[..whole.len() / 2].to_vec()),
        ("nothing", Vec::new()),
        ("something else", b"#!/bin/sh\n".to_vec()),
    ];
    for (what, bytes) in damage {
        fs::write(path, bytes).unwrap();
        assert!(!cached(&folder), "{what} is compiled again");
        assert!(cached(&folder), "and whole again after {what}");
        assert_eq!(artefacts(&folder).len(), 1);
    }
}

#[test]
fn an_artefact_is_no_way_around_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let engine = |memory: usize| {
        engine_with(|config| {
            config.cache_dir = Some(folder.path().join("compiled"));
            config.limits.memory = memory;
        })
    };
    let bytes = behaviours("b", "1"); // declares three pages
    let three_pages = 3 << 16;
    assert!(load(&engine(three_pages), &bytes).is_ok());
    let refused = load(&engine(three_pages - (1 << 16)), &bytes).unwrap_err().to_string();
    assert!(refused.contains("more than a guest may have"), "{refused}");
}

#[test]
fn the_folder_is_ours_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compiled");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(path.join("1-1.tmp"), b"half").unwrap();
    assert!(!cached(&path));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    let [artefact] = &*artefacts(&path) else { panic!("what a crash left is gone") };
    assert_eq!(fs::metadata(artefact).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn what_is_not_a_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compiled");
    fs::write(&path, b"").unwrap();
    let error =
        Engine::new(EngineConfig { cache_dir: Some(path.clone()), ..EngineConfig::default() }).unwrap_err();
    let start = format!("the folder of compiled plugins `{}` cannot be used: ", path.display());
    assert!(error.to_string().starts_with(&start), "{error}");
}
