//! The plugin file of a router with calls under way is replaced, well and badly: by rename, written slowly, by half of
//! one, by nothing, by noise, by one of another contract, by one that does not start, by a folder. What is good is taken,
//! what is not is named in the log, and no call notices. (`cargo xtask swaps --files` does it to three CSCFs for longer.)

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod under_load;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use under_load::calls::{self, Load};
use under_load::router::{Router, Setup};
use under_load::{alone, plugins, until};

const RATE: u32 = 100;
/// A file is taken when it has been quiet for 200 ms; then it is compiled.
const UNTIL_TAKEN: Duration = Duration::from_secs(30);

struct Watched {
    router: Router,
    plugin: PathBuf,
    _folder: tempfile::TempDir,
}

impl Watched {
    fn start(first: &[u8]) -> Watched {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("edge.wasm");
        fs::write(&plugin, first).unwrap();
        let users = calls::users();
        // Those that do not start have fewer hooks; that such a one is refused for that is tried elsewhere.
        let more = "drop_hooks = true\n";
        let router = Router::start(&Setup { role: "edge", plugin: &plugin, users: &users, more });
        Watched { router, plugin, _folder: folder }
    }

    fn rename(&self, bytes: &[u8]) {
        let beside = self.plugin.with_extension("new");
        fs::write(&beside, bytes).unwrap();
        fs::rename(&beside, &self.plugin).unwrap();
    }

    /// Lines of the log that refuse a file.
    fn refusals(&self) -> Vec<String> {
        let is_refusal = |line: &&str| line.contains("ERROR") && line.contains("plugin");
        self.router.log().lines().filter(is_refusal).map(str::to_owned).collect()
    }

    /// How often a version became the active one.
    fn activations(&self) -> usize {
        self.router.log().lines().filter(|line| line.contains("a plugin is active")).count()
    }

    /// What is done to the file is taken.
    #[track_caller]
    fn takes(&self, what: &str, act: impl FnOnce(&Self)) {
        let (before, refused) = (self.activations(), self.refusals());
        act(self);
        until(what, UNTIL_TAKEN, || self.activations() > before);
        assert_eq!(self.activations(), before + 1, "{what}: once");
        assert_eq!(self.refusals(), refused, "{what}: without a complaint");
    }

    /// What is done to the file is refused with these words.
    #[track_caller]
    fn refuses(&self, what: &str, words: &str, act: impl FnOnce(&Self)) {
        let (before, refused) = (self.router.active(), self.refusals().len());
        act(self);
        until(what, UNTIL_TAKEN, || self.refusals().len() > refused);
        let said = self.refusals();
        println!("{what}: {}", said[refused]);
        assert!(said[refused].contains(words), "{what}: {said:#?}");
        assert!(said[refused].contains(&*self.plugin.to_string_lossy()), "{what}: {said:#?}");
        assert_eq!(self.router.active(), before, "{what}");
    }
}

#[test]
fn no_call_notices_what_becomes_of_the_file() {
    let _alone = alone();
    let edge = fs::read(&plugins::built().edge).unwrap();
    let version = |name: &str| plugins::variant(&edge, name);
    let watched = Watched::start(&version("first"));
    let load = Load::start(watched.router.sip, RATE);

    watched.takes("a rename", |watched| watched.rename(&version("second")));
    watched.takes("a slow writer", |watched| write_slowly(&watched.plugin, &version("third"), 12, 100));
    watched.refuses("half a file", "not a valid plugin", |watched| {
        fs::write(&watched.plugin, &edge[..edge.len() / 2]).unwrap();
    });
    watched.takes("the whole file again", |watched| fs::write(&watched.plugin, version("fourth")).unwrap());
    watched.refuses("nothing", "not WebAssembly", |watched| drop(File::create(&watched.plugin).unwrap()));
    watched.refuses("noise", "not WebAssembly", |watched| {
        fs::write(&watched.plugin, b"\x7fELF nothing of the kind".repeat(5_000)).unwrap();
    });
    for (what, words, bytes) in [
        ("another contract", "contract", plugins::of_another_contract(&edge)),
        ("an init that fails", "not today", plugins::failing()),
        ("an init that loops", "init", plugins::looping()),
    ] {
        watched.refuses(what, words, |watched| watched.rename(&bytes));
    }
    watched.refuses("a folder in its place", "is not a file", |watched| {
        fs::remove_file(&watched.plugin).unwrap();
        fs::create_dir(&watched.plugin).unwrap();
    });
    watched.takes("a file again", |watched| {
        fs::remove_dir(&watched.plugin).unwrap();
        watched.rename(&version("fifth"));
    });
    let number = watched.router.active().number;
    fs::remove_file(&watched.plugin).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(watched.router.active().number, number, "a file that is gone is waited for");
    watched.takes("a file after a while", |watched| fs::write(&watched.plugin, version("sixth")).unwrap());

    let report = load.end();
    println!("{}", report.line());
    assert!(report.failed.is_empty(), "{:#?}", report.failed);
    assert_eq!(report.retransmissions, 0);
    assert!(report.longest() < Duration::from_millis(150), "{}", report.line());
}

/// A writer that rests longer than the file must be quiet: its half files are refused, not each of them, and its whole one is
/// taken.
#[test]
fn a_writer_with_long_rests_gets_there_in_the_end() {
    let _alone = alone();
    let edge = fs::read(&plugins::built().edge).unwrap();
    let watched = Watched::start(&edge);
    let before = watched.router.active().number;
    write_slowly(&watched.plugin, &plugins::variant(&edge, "slow"), 8, 500);
    until("the whole file", UNTIL_TAKEN, || watched.router.active().number > before);
    until("nobody has the one before", UNTIL_TAKEN, || watched.router.versions().len() == 1);
    let refused = watched.refusals();
    assert!((1..=3).contains(&refused.len()), "{refused:#?}");
}

/// Truncates the file and writes it in so many parts, with a rest after each but the last.
fn write_slowly(path: &Path, bytes: &[u8], parts: usize, rest_ms: u64) {
    let mut file = File::create(path).unwrap();
    for (n, part) in bytes.chunks(bytes.len().div_ceil(parts)).enumerate() {
        if n > 0 {
            std::thread::sleep(Duration::from_millis(rest_ms));
        }
        file.write_all(part).unwrap();
    }
}
