//! Plugins for the tests: those of `examples/`, built once, and what can be made of their files.

#[path = "../../../plugin/tests/support/contract.rs"]
pub mod contract;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const PACKAGES: [&str; 2] = ["strowger-example-edge", "strowger-example-misbehaving"];

/// Their files.
pub struct Built {
    pub edge: PathBuf,
    pub misbehaving: PathBuf,
}

/// The examples as they are in this checkout. Builds what is not built yet, with the compiler that
/// `cargo xtask plugins` takes.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let wasm = toolchain::Wasm::find(&toolchain::Options::in_workspace(&root)).unwrap();
        let mut files = wasm.build_all(&root, &PACKAGES, toolchain::Profile::Speed).unwrap().into_iter();
        let mut next = || files.next().unwrap();
        Built { edge: next(), misbehaving: next() }
    })
}

/// The same plugin as another file: with a custom section that means nothing (WebAssembly core, §5.5.3).
pub fn variant(plugin: &[u8], name: &str) -> Vec<u8> {
    assert!(name.len() < 64, "both lengths are one byte of LEB128");
    let mut bytes = plugin.to_vec();
    bytes.extend([0, name.len() as u8 + 1, name.len() as u8]);
    bytes.extend(name.as_bytes());
    bytes
}

/// The same plugin for a contract that this host does not have: all versions of its interfaces are another.
pub fn of_another_contract(plugin: &[u8]) -> Vec<u8> {
    const OWN: &[u8] = b"@0.1.0";
    let mut other = plugin.to_vec();
    for at in 0..other.len() - OWN.len() {
        if other[at..].starts_with(OWN) {
            other[at..at + OWN.len()].copy_from_slice(b"@0.9.0");
        }
    }
    other
}

/// A plugin whose `init` says `not today`: `err("not today")` lies where the other one's manifest does.
pub fn failing() -> Vec<u8> {
    let manifest = r#"(data (i32.const 68) "\10\00\00\00\05\00\00\00\20\00\00\00\01\00\00\00")"#;
    let sentence = r#"(data (i32.const 64) "\01\00\00\00\40\01\00\00\09\00\00\00")
                      (data (i32.const 320) "not today")"#;
    made_of(&replaced(&quiet(""), manifest, sentence))
}

/// A plugin whose `init` goes round for ever.
pub fn looping() -> Vec<u8> {
    let returns = "(result i32) (i32.const 64))";
    made_of(&replaced(&quiet(""), returns, "(result i32) (loop $on (br $on)) (i32.const 64))"))
}

fn replaced(text: &str, what: &str, by: &str) -> String {
    assert!(text.contains(what), "{what}");
    text.replace(what, by)
}

fn made_of(text: &str) -> Vec<u8> {
    contract::module(text, &QUIET_WORLDS)
}

/// A plugin in text: it imports `import`, and lets every request go where the standard says. Its values lie in memory as
/// the canonical ABI wants them: `init` returns the address of `ok({ name: "quiet", version: "1" })`, `handle` that of
/// `ok(next([]))`.
pub fn quiet(import: &str) -> String {
    format!(
        r#"(module {import} (memory (export "memory") 2)
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
             (func (export "strowger:sip/lifecycle@0.1.0#init") (param i32 i32) (result i32) (i32.const 64))
             (func (export "strowger:sip/on-request@0.1.0#handle") (param i32 i32) (result i32) (i32.const 256))
             (data (i32.const 16) "quiet")
             (data (i32.const 32) "1")
             (data (i32.const 68) "\10\00\00\00\05\00\00\00\20\00\00\00\01\00\00\00")
             (data (i32.const 260) "\03"))"#
    )
}

/// The worlds that [`quiet`] is made of.
pub const QUIET_WORLDS: [&str; 2] = ["base", "hook-request"];
