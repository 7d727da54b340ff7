//! JsSIP and SIP.js, the SIP libraries of browsers, in Node: told what to do by standard input, answering in lines.
//!
//! The libraries come from npm, in the versions that `web_socket/package-lock.json` pins, once for all tests, into a
//! folder below the target folder. There is no media: a call is offered and accepted with a description that nobody
//! sends by.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Phone, address_of_record};
use crate::program::Program;
use crate::router::{DOMAIN, Router};

/// What an npm of any age needs to install exactly what is pinned, and nothing else.
const INSTALL: [&str; 5] = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// Registers and sends messages: its calls need a browser's WebRTC.
    JsSip,
    /// Registers, sends messages, and calls.
    SipJs,
}

pub(crate) struct NodePhone {
    user: String,
    program: Program,
}

impl NodePhone {
    /// Starts it over WebSocket, or secure WebSocket, and waits until it has registered. `None`: something is not
    /// installed, and the test is skipped.
    pub(crate) fn start(
        router: &Router,
        library: Library,
        (user, password): (&str, &str),
        secure: bool,
    ) -> Option<NodePhone> {
        let node = toolchain::needs::program("node", "nodejs")?;
        let folder = match installed()? {
            Ok(folder) => folder,
            Err(why) => {
                toolchain::needs::skip(why);
                return None;
            }
        };
        let script = match library {
            Library::JsSip => "jssip.mjs",
            Library::SipJs => "sipjs.mjs",
        };
        let url = if secure {
            format!("wss://localhost:{}", router.wss.port())
        } else {
            format!("ws://{}", router.ws)
        };
        let mut command = Command::new(node);
        command.current_dir(folder).arg(script).args([&url, DOMAIN, user, password]);
        command.env("NODE_EXTRA_CA_CERTS", router.certificate());
        let program = Program::start(&format!("{script} of {user}"), &mut command);
        program.sees(&["registered 200"]);
        Some(NodePhone { user: user.to_owned(), program })
    }

    /// Sends a text, and waits for the status that it was answered with.
    #[track_caller]
    pub(crate) fn writes(&mut self, user: &str, text: &str, status: u16) {
        self.program.say(&format!("message {} {text}", address_of_record(user)));
        self.program.sees(&[&format!("answered {status}")]);
    }

    /// Waits for a text.
    #[track_caller]
    pub(crate) fn reads(&self, from: &str, text: &str) {
        self.program.sees(&[&format!("message {} {text}", address_of_record(from))]);
    }

    /// Its end without a word to anybody: the browser's window is closed.
    pub(crate) fn vanishes(mut self) {
        self.program.kill();
    }
}

impl Phone for NodePhone {
    fn user(&self) -> &str {
        &self.user
    }

    fn calls(&mut self, user: &str) {
        self.program.say(&format!("call {}", address_of_record(user)));
    }

    fn is_in_a_call(&mut self) {
        self.program.sees(&["call Established"]);
    }

    fn hangs_up(&mut self) {
        self.program.say("hangup");
    }

    fn is_out_of_it(&mut self) {
        self.program.sees(&["call Terminated"]);
    }

    fn leaves(mut self: Box<Self>) {
        self.program.say("unregister");
        self.program.sees(&["unregistered"]);
        self.program.say("quit");
        self.program.ends();
    }
}

/// The folder with the libraries and the scripts, or why it could not be made. `None`: npm is not installed.
fn installed() -> Option<&'static Result<PathBuf, String>> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let npm = toolchain::needs::program("npm", "npm")?;
    Some(INSTALLED.get_or_init(|| install(&npm)))
}

fn install(npm: &Path) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/web_socket");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web_socket");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let lock = "package-lock.json";
    let is_there = std::fs::read(folder.join("node_modules").join(".installed")).ok()
        == std::fs::read(source.join(lock)).ok();
    for file in ["package.json", lock, "jssip.mjs", "sipjs.mjs"] {
        std::fs::copy(source.join(file), folder.join(file)).map_err(|error| format!("{file}: {error}"))?;
    }
    if !is_there {
        let done = Command::new(npm).current_dir(&folder).args(INSTALL).output();
        let done = done.map_err(|error| format!("npm does not start: {error}"))?;
        if !done.status.success() {
            return Err(format!(
                "npm cannot install JsSIP and SIP.js: {}",
                String::from_utf8_lossy(&done.stderr)
            ));
        }
        std::fs::copy(source.join(lock), folder.join("node_modules").join(".installed"))
            .map_err(|error| error.to_string())?;
    }
    Ok(folder)
}
