//! The purity line: crates below it touch nothing. Proved three ways: nothing that touches the world is compiled into
//! them, their source names no clock and no luck, and they build for a target that has neither.

use crate::files::Text;
use crate::{setup, workspace};
use anyhow::Result;
use toolchain::Profile;

/// The crates below the line, with the SDK, which lives in guests.
pub(crate) const PURE: &[&str] = &[
    "strowger-sip",
    "strowger-transaction",
    "strowger-dialog",
    "strowger-proxy",
    "strowger-auth",
    "strowger-ims",
    "strowger-diameter",
    "strowger-node",
    "strowger-sdk",
];

/// A folder below the line in a crate that reaches above it.
const PURE_FOLDERS: &[&str] = &["host/ue/src/core/"];

/// Crates that touch the world.
const BANNED_CRATES: &[&str] =
    &["tokio", "mio", "socket2", "rustix", "nix", "getrandom", "rand", "libc", "notify"];

/// Words that touch the world, and what to do instead.
const BANNED_WORDS: &[(&str, &str)] = &[
    ("Instant::now", "take the time as an argument"),
    ("SystemTime::now", "take the time as an argument"),
    ("std::env", "take it as an argument"),
    ("std::fs", "take the content as an argument"),
    ("std::process", "it belongs in the shell"),
    ("UdpSocket", "it belongs in transport"),
    ("TcpStream", "it belongs in transport"),
    ("TcpListener", "it belongs in transport"),
    ("thread_rng", "take a seed as an argument"),
    ("thread::spawn", "it belongs in runtime"),
    ("thread::sleep", "it belongs in runtime"),
    ("RandomState", "it draws from the system's entropy: take a seed as an argument"),
    ("collections::HashMap", "std's draws from the system's entropy: use hashbrown with a seeded hasher"),
    ("collections::HashSet", "std's draws from the system's entropy: use hashbrown with a seeded hasher"),
];

/// What is compiled into the pure crates.
pub(crate) fn check_trees() -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for package in PURE {
        let mut cargo =
            workspace::cargo(&["tree", "--edges", "normal", "--prefix", "none", "--package", package]);
        let tree = workspace::output(&mut cargo)?;
        let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        names.sort_unstable();
        names.dedup();
        let banned = names.into_iter().filter(|name| BANNED_CRATES.contains(name));
        wrong.extend(banned.map(|name| format!("{package} is pure and has {name} in its tree")));
    }
    Ok(wrong)
}

/// What the pure crates' source says outside of tests and comments.
pub(crate) fn check_source(texts: &[Text]) -> Vec<String> {
    let folders: Vec<String> = PURE
        .iter()
        .map(|package| match package.strip_prefix("strowger-").unwrap_or(package) {
            "sdk" => "sdk/src/".to_owned(),
            name => format!("host/{name}/src/"),
        })
        .chain(PURE_FOLDERS.iter().map(|folder| (*folder).to_owned()))
        .collect();
    let is_pure = |text: &&Text| {
        text.is(&[".rs"]) && folders.iter().any(|f| text.name.starts_with(f)) && !is_test(&text.name)
    };
    texts.iter().filter(is_pure).flat_map(|text| words_in(&text.name, &text.content)).collect()
}

fn is_test(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

/// Tests stand at the bottom of a file: what follows `#[cfg(test)]` on a line of its own with a module after it is
/// not looked at.
fn words_in(name: &str, content: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = content.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| next.starts_with("mod tests {")) {
            break;
        }
        let code = line.split("//").next().unwrap_or_default();
        for (word, instead) in BANNED_WORDS.iter().filter(|(word, _)| code.contains(word)) {
            found.push(format!("{name}:{}: {word} in a pure crate: {instead}", number + 1));
        }
    }
    found
}

/// Builds the pure crates for a target without clock, sockets and luck.
pub(crate) fn build() -> Result<()> {
    let wasm = setup::compiler()?;
    let mut cargo = wasm.cargo("check");
    cargo
        .current_dir(workspace::root())
        .args(["--lib", "--release"])
        // As plugins are built, for which wit-bindgen's macros are compiled anyway.
        .args(Profile::Speed.settings())
        .arg("--target-dir")
        .arg(workspace::target().join("wasm"));
    for package in PURE {
        cargo.args(["--package", package]);
    }
    workspace::run(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_found_with_its_line_and_comments_and_tests_may_name_it() {
        let content = "//! Never calls Instant::now.\nfn f() {\n    let t = Instant::now(); // SystemTime::now\n}\n\
                       #[cfg(test)]\nmod tests {\n    use std::collections::HashMap;\n}\n";
        assert_eq!(
            words_in("host/sip/src/x.rs", content),
            ["host/sip/src/x.rs:3: Instant::now in a pure crate: take the time as an argument"]
        );
    }

    #[test]
    fn only_pure_crates_are_looked_at() {
        let text = |name: &str| Text { name: name.to_owned(), content: "thread_rng()".to_owned() };
        let names =
            ["host/sip/src/a.rs", "host/transport/src/a.rs", "host/sip/src/a/tests.rs", "sdk/src/a.rs"];
        assert_eq!(check_source(&names.map(text)).len(), 2);
    }
}
