//! Signed plugins (docs/operating.md): with `plugin.keys` only what one of the keys signed comes in, whichever way it comes.

use std::path::PathBuf;

use minisign::KeyPair;
use serde_json::Value;

use crate::activations::{configure, replace};
use crate::plugins::variant;
use crate::support::router::{edge, strowger};
use crate::support::{Router, until};
use crate::versions::{command, push, told};

struct Signed {
    router: Router,
    pair: KeyPair,
    /// The plugin file that is watched.
    file: PathBuf,
}

impl Signed {
    /// A router that asks for signatures, and whose plugin has one.
    fn start() -> Signed {
        let mut signed = Signed::configured();
        signed.sign(&edge_file());
        signed.router.start_again();
        signed
    }

    /// The same, not running, its plugin not signed.
    fn configured() -> Signed {
        let mut router = Router::start();
        router.kill();
        let pair = KeyPair::generate_unencrypted_keypair().expect("a pair");
        let other = KeyPair::generate_unencrypted_keypair().expect("a pair");
        let file = router.folder().join("own.wasm");
        std::fs::copy(edge(), &file).expect("copied");
        let keys = [other.pk.to_base64(), pair.pk.to_base64()];
        configure(&router, &format!("file = {file:?}\nkeys = {keys:?}"));
        Signed { router, pair, file }
    }

    /// Signs these bytes beside the watched file.
    fn sign(&self, bytes: &[u8]) {
        std::fs::write(self.file.with_extension("wasm.minisig"), signature(&self.pair, bytes))
            .expect("written");
    }

    fn push(&self, arguments: &[&str], file: &str) -> (bool, String) {
        let admin = format!("http://{}", self.router.admin);
        let all =
            [&["plugin", "push", "--admin", &admin, "--role", "edge", "--activate"], arguments, &[file]];
        let output = strowger(&all.concat());
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    #[track_caller]
    fn last_is_refused(&self, who: &str, why: &str) {
        let deed = told(&self.router, "GET", "/history?last=1", b"")[0].clone();
        assert_eq!((&deed["what"], &deed["step"]), (&"refused".into(), &"checked".into()));
        assert!(deed["who"].as_str().is_some_and(|told| told.contains(who)), "{deed}");
        assert!(deed["why"].as_str().is_some_and(|told| told.contains(why)), "{deed}");
    }
}

/// The active version's number.
fn active(router: &Router) -> u64 {
    let all = told(router, "GET", "/plugins", b"");
    let active = all.as_array().into_iter().flatten().find(|version| version["state"] == "active");
    active.and_then(|version| version["number"].as_u64()).unwrap_or_else(|| panic!("none is: {all}"))
}

fn edge_file() -> Vec<u8> {
    std::fs::read(edge()).expect("the plugin")
}

fn signature(pair: &KeyPair, bytes: &[u8]) -> String {
    minisign::sign(Some(&pair.pk), &pair.sk, bytes, None, None).expect("a signature").into_string()
}

#[test]
fn a_router_starts_with_a_signed_plugin_only() {
    let mut signed = Signed::configured();
    let configuration = signed.router.folder().join("strowger.toml").display().to_string();
    let refused = |why: &str| {
        for command in ["check", "run"] {
            let output = strowger(&[command, "--config", &configuration]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("own.wasm") && said.contains(why), "{said}");
        }
    };
    refused("it is not signed, and plugin.keys asks for a signature");
    signed.sign(b"something else");
    refused("its signature does not count");
    signed.sign(&edge_file());
    assert!(strowger(&["check", "--config", &configuration]).status.success());
    signed.router.start_again();
    assert!(active(&signed.router) > 0);
}

#[test]
fn what_is_no_key_is_named_at_the_start() {
    let router = Router::start();
    configure(&router, &format!("file = {:?}\nkeys = [\"RWnonsense\"]", edge()));
    let configuration = router.folder().join("strowger.toml").display().to_string();
    let output = strowger(&["check", "--config", &configuration]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("\"RWnonsense\" is no minisign public key"), "{said}");
}

#[test]
fn what_is_pushed_must_be_signed() {
    let signed = Signed::start();
    let (router, before) = (&signed.router, active(&signed.router));
    let (status, why) = router.http("POST", "/plugins/edge?activate=true", &edge_file());
    assert!(status == 422 && why.contains("not signed"), "{why}");
    signed.last_is_refused("http", "not signed");

    let other = variant(&edge_file(), "other");
    let path = router.folder().join("other.wasm");
    std::fs::write(&path, &other).expect("written");
    let file = path.display().to_string();
    let (taken, said) = signed.push(&[], &file);
    assert!(!taken && said.contains("not signed"), "{said}");
    let foreign = KeyPair::generate_unencrypted_keypair().expect("a pair");
    let beside = path.with_extension("wasm.minisig");
    std::fs::write(&beside, signature(&foreign, &other)).expect("written");
    let (taken, said) = signed.push(&[], &file);
    assert!(!taken && said.contains("its signature does not count"), "{said}");
    signed.last_is_refused("http", "does not count");
    router.wait_for_log("its signature does not count");
    assert_eq!(active(router), before, "what runs is untouched");

    let elsewhere = router.folder().join("signature").display().to_string();
    std::fs::write(&elsewhere, signature(&signed.pair, &other)).expect("written");
    assert_eq!(signed.push(&["--signature", &elsewhere], &file), (true, String::new()));
    std::fs::copy(&elsewhere, &beside).expect("copied");
    assert_eq!(signed.push(&[], &file), (true, String::new()), "the one beside it is taken by itself");
    assert_eq!(active(router), before + 2);
}

/// With its signature, which is asked for again: keys may be others by then.
#[test]
fn what_was_signed_is_there_after_a_restart() {
    let mut signed = Signed::start();
    let other = variant(&edge_file(), "other");
    let path = signed.router.folder().join("other.wasm");
    std::fs::write(&path, &other).expect("written");
    std::fs::write(path.with_extension("wasm.minisig"), signature(&signed.pair, &other)).expect("written");
    assert_eq!(signed.push(&[], &path.display().to_string()), (true, String::new()));
    let before = active(&signed.router);
    signed.router.kill();
    signed.router.start_again();
    assert_eq!(active(&signed.router), before);

    signed.router.kill();
    let next = KeyPair::generate_unencrypted_keypair().expect("a pair");
    let keys = format!("keys = [{:?}]", next.pk.to_base64());
    let rewritten: Vec<_> = signed
        .router
        .configuration()
        .lines()
        .map(|line| if line.starts_with("keys = ") { keys.clone() } else { line.into() })
        .collect();
    std::fs::write(signed.router.folder().join("strowger.toml"), rewritten.join("\n")).expect("written");
    std::fs::write(signed.file.with_extension("wasm.minisig"), signature(&next, &edge_file()))
        .expect("written");
    signed.router.start_again();
    assert!(active(&signed.router) > before, "only the file is signed by the new key");
}

/// Plugin first or signature first: it is taken when both are there.
#[test]
fn a_changed_file_waits_for_its_signature() {
    let signed = Signed::start();
    let (router, before) = (&signed.router, active(&signed.router));
    let second = variant(&edge_file(), "second");
    replace(&signed.file, &second);
    router.wait_for_log("its signature does not count");
    signed.last_is_refused("own.wasm", "does not count");
    assert_eq!(active(router), before);
    signed.sign(&second);
    until("it is taken", || active(router) > before);

    let third = variant(&edge_file(), "third");
    signed.sign(&third);
    replace(&signed.file, &third);
    let digest = |all: &Value| all[0]["digest"].clone();
    let before = digest(&told(router, "GET", "/plugins", b""));
    until("the third", || digest(&told(router, "GET", "/plugins", b"")) != before);
}

/// Before it is sent anywhere.
#[test]
fn a_file_is_checked_with_its_signature() {
    let signed = Signed::configured();
    let file = signed.file.display().to_string();
    let key = signed.pair.pk.to_base64();
    let check = |role: &str, keys: &[&str]| {
        let output = strowger(&[&["plugin", "check", "--role", role], keys, &[&file]].concat());
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (well, said) = check("edge", &[]);
    assert!(well && said.contains("on-request") && !said.contains("signed"), "{said}");
    let (well, said) = check("edge", &["--key", &key]);
    assert!(!well && said.contains("not signed"), "{said}");
    signed.sign(&edge_file());
    let (well, said) = check("edge", &["--key", &key]);
    assert!(well && said.contains("signed: all right"), "{said}");
    let (well, said) = check("icscf", &[]);
    assert!(!well && said.contains("does not grant"), "{said}");
}

#[test]
fn without_keys_a_signature_is_not_looked_at() {
    let router = Router::start();
    let path = router.folder().join("any.wasm");
    std::fs::write(&path, edge_file()).expect("written");
    std::fs::write(path.with_extension("wasm.minisig"), "nonsense").expect("written");
    command(&router, &["push", "--role", "edge", "--activate", &path.display().to_string()]);
    assert_eq!(push(&router, "")["number"], 3);
}
