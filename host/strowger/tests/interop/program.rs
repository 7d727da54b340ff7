//! A program that is talked to: its output is read all the time, kept, and waited for.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// What a program has printed, line by line, and how far a test has got in it.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    seen: usize,
    /// Streams that are still read.
    open: usize,
}

impl Output {
    /// Reads lines from here until the end, in a thread of its own.
    fn read(&self, from: impl Read + Send + 'static) {
        let output = self.clone();
        self.0.0.lock().unwrap().open += 1;
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut line = Vec::new();
            while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                output.add(String::from_utf8_lossy(&line).trim_end());
                line.clear();
            }
            output.0.0.lock().unwrap().open -= 1;
            output.0.1.notify_all();
        });
    }

    /// One more line.
    pub(crate) fn add(&self, line: &str) {
        self.0.0.lock().unwrap().all.push(line.to_owned());
        self.0.1.notify_all();
    }

    /// The next line that holds all of these, among those that have not been waited for yet; `None` if none comes.
    fn next(&self, all_of: &[&str], patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        let mut lines = self.0.0.lock().unwrap();
        loop {
            let fits = |line: &String| all_of.iter().all(|part| line.contains(part));
            if let Some(at) = lines.all[lines.seen..].iter().position(fits) {
                let at = lines.seen + at;
                lines.seen = at + 1;
                return Some(lines.all[at].clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.open == 0 {
                return None;
            }
            lines = self.0.1.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        self.0.0.lock().unwrap().all.join("\n")
    }
}

/// A running program. Dropped, it is killed.
pub(crate) struct Program {
    pub(crate) name: String,
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) output: Output,
}

impl Program {
    pub(crate) fn start(name: &str, command: &mut Command) -> Program {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
        let output = Output::default();
        output.read(child.stdout.take().unwrap());
        output.read(child.stderr.take().unwrap());
        let input = child.stdin.take();
        Program { name: name.to_owned(), child, input, output }
    }

    /// A line of input.
    pub(crate) fn say(&mut self, line: &str) {
        let written = writeln!(self.input.as_mut().unwrap(), "{line}");
        written.unwrap_or_else(|error| {
            panic!("{} takes no `{line}`: {error}\n{}", self.name, self.output.text())
        });
    }

    /// Waits for a line that holds all of these parts.
    #[track_caller]
    pub(crate) fn sees(&self, all_of: &[&str]) -> String {
        match self.output.next(all_of, PATIENCE) {
            Some(line) => line,
            None => panic!("{} prints no line with {all_of:?}:\n{}", self.name, self.output.text()),
        }
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not end:\n{}", self.name, self.output.text());
    }

    /// Its end without a word to anybody.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
