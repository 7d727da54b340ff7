//! The command line (docs/operating.md): exit codes, and one sentence that names file, key, value and reason.

use std::process::Output;

use crate::support::Router;
use crate::support::router::{free_port, strowger};

/// One sentence on standard error, and the exit code.
#[track_caller]
fn refused(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
    // what has been said is not said again
    if let Some(reason) = said.trim_end().rsplit_once(": ").map(|(_, reason)| reason) {
        assert!(code == 2 || said.matches(reason).count() == 1, "{said}");
    }
}

/// Writes a variant of a running router's file beside it.
fn variant(router: &Router, changes: &[(&str, &str)]) -> String {
    let mut text = router.configuration();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?}");
        text = text.replace(from, to);
    }
    let file = router.folder().join("variant.toml");
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

#[test]
fn what_another_instance_holds_is_named() {
    let router = Router::start();
    let (sip, admin) = (router.sip.to_string(), router.admin.to_string());
    let (other, third) = (free_port().to_string(), free_port().to_string());
    let run = |changes: &[(&str, &str)]| strowger(&["run", "--config", &variant(&router, changes)]);
    refused(&run(&[]), 1, &["admin.address", &admin, "in use"]);
    refused(&run(&[(&sip, &other), (&admin, &third)]), 1, &["node.data", "another instance"]);
    let elsewhere = ("data = \"data\"", "data = \"other\"");
    refused(&run(&[(&admin, &third), elsewhere]), 1, &["listen", "udp", &sip, "in use"]);
    let udp = (format!("udp\"\naddress = \"{sip}"), format!("udp\"\naddress = \"{other}"));
    let run_tcp = run(&[(&udp.0, &udp.1), (&admin, &third), elsewhere]);
    refused(&run_tcp, 1, &["listen", "tcp", &sip, "in use"]);
    assert_eq!(router.http("GET", "/health", b"").0, 200, "the first one goes on");
}

#[test]
fn a_mistake_in_the_file_is_named() {
    let router = Router::start();
    let check = |changes: &[(&str, &str)]| strowger(&["check", "--config", &variant(&router, changes)]);
    let good = check(&[]);
    assert!(good.status.success() && String::from_utf8_lossy(&good.stdout).contains("all right"), "{good:?}");
    let tls = ("transport = \"tcp\"", "transport = \"tls\"\ncertificate = \"no.crt\"\nkey = \"no.key\"");
    for (change, words) in [
        (("drain_s", "drian_s"), &["variant.toml", "drian_s"][..]),
        (("[timers]", "[tmiers]"), &["tmiers"]),
        (("shards = 1", "shards = \"one\""), &["shards", "line"]),
        (("shards = 1", "shards = 65"), &["node.shards", "65", "64"]),
        (("[timers]", "[timers"), &["variant.toml", "line"]),
        (("\"udp\"", "\"sctp\""), &["sctp"]),
        (("users.tsv", "nobody.tsv"), &["users.file", "nobody.tsv", "No such file"]),
        (("users.tsv", "strowger.toml"), &["users.file", "strowger.toml:1", "tabs"]),
        (
            ("domains = [\"example.test\"]\naliases", "domain = [\"example.test\"]\naliases"),
            &["plugin.file", "domain"],
        ),
        (("role = \"edge\"", "role = \"other\""), &["plugin.file", "other", "does not grant"]),
        (tls, &["no.crt", "No such file"]),
        (
            ("transport = \"tcp\"", "transport = \"tcp\"\nsegmentation = true"),
            &["listen.segmentation", "true", "udp only"],
        ),
        (
            ("[timers]", "[plugin.guard]\nmargin = 100.5\n[timers]"),
            &["plugin.guard.margin", "100.5", "0 to 100"],
        ),
        (
            ("[timers]", "[plugin.guard]\nsuccess_margin = -1.0\n[timers]"),
            &["plugin.guard.success_margin", "-1", "0 to 100"],
        ),
        (("[timers]", "[plugin.guard]\nslower_ms = 0\n[timers]"), &["plugin.guard.slower_ms", "0", "10,000"]),
        (("[timers]", "[plugin.guard]\nmargin = nan\n[timers]"), &["plugin.guard.margin", "NaN"]),
        (
            ("[timers]", "[plugin.guard]\nminimum_calls = 0\n[timers]"),
            &["plugin.guard.minimum_calls", "0", "1,000,000"],
        ),
        (("[timers]", "[plugin.guard]\nmargins = 1.0\n[timers]"), &["margins", "line"]),
        (("[timers]", "[log]\nlevel = \"x=y=z\"\n[timers]"), &["log.level", "x=y=z"]),
    ] {
        refused(&check(&[change]), 1, words);
    }
    refused(&strowger(&["run", "--config", "/nowhere.toml"]), 1, &["/nowhere.toml", "No such file"]);
    let plugin = format!("file = {:?}", crate::support::router::edge());
    refused(
        &check(&[(&plugin, "file = \"users.tsv\"")]),
        1,
        &["plugin.file", "users.tsv", "not WebAssembly"],
    );
}

#[test]
fn arguments_that_are_wrong_end_with_2() {
    for arguments in [&[][..], &["nothing"], &["run"], &["run", "--nothing"], &["plugin", "push"]] {
        refused(&strowger(arguments), 2, &["Usage"]);
    }
    assert!(strowger(&["--help"]).status.success() && strowger(&["--version"]).status.success());
}

#[test]
fn plugins_are_pushed_and_listed_from_the_command_line() {
    let router = Router::start();
    let admin = format!("http://{}", router.admin);
    let file = crate::support::router::edge().display().to_string();
    let push = |role: &str, file: &str| {
        strowger(&["plugin", "push", "--admin", &admin, "--role", role, "--activate", file])
    };
    let pushed = push("edge", &file);
    assert!(pushed.status.success(), "{pushed:?}");
    assert!(String::from_utf8_lossy(&pushed.stdout).contains("#2"), "{pushed:?}");
    refused(&push("other", &file), 1, &["no role other", "edge"]);
    let text = router.folder().join("users.tsv").display().to_string();
    refused(&push("edge", &text), 1, &["not WebAssembly"]);
    // a file with a hole, larger than any plugin may be
    let large = router.folder().join("large.wasm");
    std::fs::File::create(&large).and_then(|file| file.set_len(65 << 20)).expect("a large file");
    refused(&push("edge", &large.display().to_string()), 1, &["large.wasm", "68157440 bytes", "67108864"]);
    refused(&push("edge", "/nowhere.wasm"), 1, &["/nowhere.wasm", "No such file"]);
    let listed = strowger(&["plugin", "list", "--admin", &admin]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("active"), "{listed:?}");
    let status = strowger(&["status", "--admin", &admin]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("running"), "{status:?}");
    let nobody = format!("http://{}", free_port());
    refused(&strowger(&["status", "--admin", &nobody]), 1, &[&nobody, "refused"]);
}
