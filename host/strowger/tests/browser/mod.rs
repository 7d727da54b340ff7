//! A browser that plays a script at a console: Chromium, driven by Playwright out of node. Playwright is a package of npm's,
//! pinned by `package-lock.json` and kept under `target/`. What is missing is named, and the test skipped.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use toolchain::needs;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// Where npm puts what it installs.
const MODULE: &str = "node_modules/playwright-core";

/// What is needed to play.
pub(crate) struct Browser {
    node: PathBuf,
    chromium: PathBuf,
    playwright: PathBuf,
}

impl Browser {
    /// None: something is missing, and it has been said what.
    pub(crate) fn find() -> Option<Browser> {
        let node = needs::program("node", "nodejs")?;
        let npm = needs::program("npm", "npm")?;
        let chromium = needs::program("chromium", "chromium")?;
        match playwright(&npm) {
            Ok(playwright) => Some(Browser { node, chromium, playwright }),
            Err(why) => {
                needs::skip(&format!("npm does not install playwright-core: {why}"));
                None
            }
        }
    }

    /// Starts a script of this folder. Its pictures go into `target/`.
    pub(crate) fn play(&self, script: &str, arguments: &[&str]) -> Play {
        let pictures = target().join("pictures");
        std::fs::create_dir_all(&pictures).expect("a folder");
        let mut child = Command::new(&self.node)
            .arg(Path::new(FOLDER).join(script))
            .args(arguments)
            .env("STROWGER_CHROMIUM", &self.chromium)
            .env("STROWGER_PLAYWRIGHT", &self.playwright)
            .env("STROWGER_PICTURES", pictures)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let says = BufReader::new(child.stdout.take().expect("piped"));
        let hears = child.stdin.take().expect("piped");
        Play { child, says, hears }
    }
}

/// A script that is being played.
pub(crate) struct Play {
    child: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Play {
    /// Does what the script asks for, until it ends; it must end well.
    pub(crate) fn with(mut self, mut act: impl FnMut(&str) -> String) {
        let mut line = String::new();
        while self.says.read_line(&mut line).expect("a line") > 0 {
            let answer = act(line.trim_end());
            writeln!(self.hears, "{answer}").expect("it listens");
            line.clear();
        }
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "the script ended with {status}; what it says is above");
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        // It may have ended; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// Installed once for each lock file. Who comes second finds it, or wins the race and throws its own away.
fn playwright(npm: &Path) -> Result<PathBuf, String> {
    let lock = std::fs::read_to_string(Path::new(FOLDER).join("package-lock.json")).expect("a lock file");
    let version = lock.split("\"playwright-core\": \"").nth(1).and_then(|rest| rest.split('"').next());
    let kept = target().join(format!("playwright-{}", version.expect("a version")));
    if !kept.join(MODULE).is_dir() {
        let fresh = tempfile::tempdir_in(target()).map_err(|error| error.to_string())?;
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(Path::new(FOLDER).join(name), fresh.path().join(name)).expect("copied");
        }
        let installed = Command::new(npm)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(fresh.path())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !installed.status.success() {
            return Err(String::from_utf8_lossy(&installed.stderr).trim().to_owned());
        }
        let _ = std::fs::rename(fresh.path(), &kept);
    }
    Ok(kept.join(MODULE))
}
