//! Running programs: with their output kept, and with a bound on the time they take.
//!
//! In: a `Command`. Out: what it printed, or an [`Error`] that names what it was to do.

use crate::Error;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How much of a failing program's output an error carries, in bytes.
const OUTPUT_KEPT: usize = 600;

/// The `cargo` that started us, else the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The `rustc` that cargo would use.
pub(crate) fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Runs it to its end and gives back its standard output.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<String, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.stdin(Stdio::null()).output().map_err(|source| Error::Start { program, source })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(Error::Failed {
        what: what.to_owned(),
        status: done.status.to_string(),
        output: tail(&String::from_utf8_lossy(&done.stderr)),
    })
}

/// Runs it with every line of its standard error handed to `heard`, which returns how long it may go on from the
/// start. It is killed when that is over.
pub(crate) fn bounded(
    what: &str,
    command: &mut Command,
    mut allowance: Duration,
    mut heard: impl FnMut(&str) -> Option<Duration>,
) -> Result<(), Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| Error::Start { program, source })?;
    let (line_out, lines) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line_out.send(line).is_err() {
                    break;
                }
            }
        });
    }
    let mut said = String::new();
    loop {
        let left = allowance.saturating_sub(started.elapsed());
        match lines.recv_timeout(left) {
            Ok(line) => {
                if let Some(longer) = heard(&line) {
                    allowance = allowance.max(longer);
                }
                said.push_str(&line);
                said.push('\n');
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // It may have ended in this very moment; killing it then does nothing.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::Late { what: what.to_owned(), seconds: allowance.as_secs() });
            }
            // It closed its standard error: it is ending.
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait().map_err(|source| Error::Start { program: what.to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed { what: what.to_owned(), status: status.to_string(), output: tail(&said) })
}

/// The end of a text, on a character's edge, trimmed.
fn tail(text: &str) -> String {
    let text = text.trim();
    let mut from = text.len().saturating_sub(OUTPUT_KEPT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_late_is_ended() {
        let started = Instant::now();
        let late = bounded("waiting", Command::new("sleep").arg("600"), Duration::from_millis(50), |_| None);
        assert!(matches!(late, Err(Error::Late { .. })), "{late:?}");
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_it_says_may_lengthen_its_time() {
        let script = "echo downloading >&2; sleep 0.4; echo done >&2";
        let mut heard = Vec::new();
        bounded("talking", Command::new("sh").args(["-c", script]), Duration::from_millis(200), |line| {
            heard.push(line.to_owned());
            line.contains("downloading").then_some(Duration::from_secs(60))
        })
        .expect("it ends well");
        assert_eq!(heard, ["downloading", "done"]);
    }

    #[test]
    fn a_failure_carries_the_end_of_what_was_said() {
        let failed = output("speaking", Command::new("sh").args(["-c", "echo wrong key >&2; exit 3"]));
        let Err(Error::Failed { what, output, .. }) = failed else { panic!("{failed:?}") };
        assert_eq!((what.as_str(), output.as_str()), ("speaking", "wrong key"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failed = output("nothing", &mut Command::new("strowger-no-such-program"));
        assert!(matches!(failed, Err(Error::Start { program, .. }) if program == "strowger-no-such-program"));
    }

    #[test]
    fn a_long_text_is_cut_on_a_characters_edge() {
        let long = "ü".repeat(OUTPUT_KEPT);
        assert!(tail(&long).len() <= OUTPUT_KEPT);
        assert!(tail(&format!("x{long}")).chars().all(|c| c == 'ü'));
    }
}
