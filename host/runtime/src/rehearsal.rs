//! A plugin on its way in makes recorded calls again, before anybody's calls go to it: `[plugin.rehearsal]`.
//!
//! ```text
//!  files ─▶ recorded cases, recordings ─▶ a thread that gives way to calls ─▶ Rehearsal | RehearsalError
//!                                           └ cases, each of which must hold; then calls, from everywhere alike
//! ```
//! Every call has a fresh guest, fuel in the place of time, and nothing of the world (`recording::replay`); the machine code
//! with fuel is made for it, and thrown away. In: a plugin file that starts, the table. Out: what was decided otherwise, or
//! why the plugin is refused. When it is asked for, and what comes of the answer, is `loading.rs`'s.
//!
//! | file | what |
//! |---|---|
//! | `rehearsal.rs` | the calls, one after the other |
//! | `rehearsal/material.rs` | files: found, counted, read |
//! | `rehearsal/report.rs` | what is counted and told |
//! | `rehearsal/error.rs` | why a plugin is refused |

mod error;
mod material;
mod report;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use plugin::{Player, Plugin, Role};
use recording::{Call, Replayed};

use crate::config::{Differences, PluginTable};
use crate::shadow::kind;
pub use error::RehearsalError;
use material::{Material, gather, name_of};
pub use report::{Rehearsal, RehearsalDifference, RehearsalFigures};

/// How nice the thread is to others (nice(2)).
const NICENESS: i32 = 10;
/// Fuel is that of a deadline of so many ms at least: `init`, which has another one, is given it too.
const LEAST_DEADLINE_MS: u64 = 50;

/// A plugin file, and how it is tried.
struct Trial<'a> {
    bytes: &'a [u8],
    role: &'a Role,
    configuration: &'a str,
    /// Linear memory of a guest, bytes.
    memory: u64,
    deadline: Duration,
    /// Recorded calls that are made at most.
    most: u64,
    /// What they may take.
    time: Duration,
    differences: Differences,
    /// False: nobody waits for it any more.
    goes_on: &'a (dyn Fn() -> bool + Sync),
    clock: &'a (dyn Fn() -> Instant + Sync),
}

/// Lets a plugin file make the calls again that the table names; `None`: it names none. It ends soon after `goes_on` gives
/// false. Blocking.
///
/// # Errors
/// [`RehearsalError`]: the first thing for which the plugin is refused.
pub(crate) fn rehearse(
    bytes: &[u8],
    role: &Role,
    table: &PluginTable,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Rehearsal>, RehearsalError> {
    let Some(rehearsal) = &table.rehearsal else { return Ok(None) };
    let trial = Trial {
        bytes,
        role,
        configuration: &table.configuration,
        memory: u64::from(table.memory_mb) << 20,
        deadline: Duration::from_millis(u64::from(table.deadline_ms)),
        most: u64::from(rehearsal.calls),
        time: Duration::from_secs(u64::from(rehearsal.seconds)),
        differences: rehearsal.differences,
        goes_on,
        clock: &Instant::now,
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("strowger-rehearsal".into()).spawn_scoped(scope, || {
            // On Linux this is the thread's own, and that of those it starts. Not being allowed to is no reason not to try.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            trial.run(&gather(&rehearsal.files, role.name())?)
        });
        let ended = thread.map_err(RehearsalError::Thread)?.join();
        ended.unwrap_or(Err(RehearsalError::BrokenOff)).map(Some)
    })
}

impl Trial<'_> {
    fn run(&self, material: &Material) -> Result<Rehearsal, RehearsalError> {
        let deadline_ms = u64::try_from(self.deadline.as_millis()).unwrap_or(u64::MAX);
        let longest = self.time.max(self.deadline);
        let engine = recording::engine_within(self.memory, deadline_ms.max(LEAST_DEADLINE_MS), longest)?;
        let plugin = engine.load(self.bytes, self.role, self.configuration, nothing())?;
        let mut calls = Calls { trial: self, plugin, began: (self.clock)(), told: Rehearsal::default() };
        calls.told.left_out.clone_from(&material.left_out);
        calls.cases(material)?;
        calls.recordings(material)?;
        calls.end(material)
    }
}

/// A machine for `init`, which asks nothing.
fn nothing() -> Arc<Player> {
    Player::new(0, Vec::new())
}

/// The calls of a trial.
struct Calls<'a> {
    trial: &'a Trial<'a>,
    plugin: Arc<Plugin>,
    began: Instant,
    told: Rehearsal,
}

impl Calls<'_> {
    /// Whether the time is over.
    fn is_over(&self) -> Result<bool, RehearsalError> {
        match (self.trial.goes_on)() {
            true => Ok(self.elapsed() >= self.trial.time),
            false => Err(RehearsalError::Stopping),
        }
    }

    fn elapsed(&self) -> Duration {
        (self.trial.clock)().duration_since(self.began)
    }

    /// Recorded cases: each says what is to be decided, with a configuration of its own.
    fn cases(&mut self, material: &Material) -> Result<(), RehearsalError> {
        for (done, file) in material.cases.iter().enumerate() {
            if self.is_over()? {
                return Err(self.out_of_time(format!("{} recorded cases", material.cases.len() - done)));
            }
            let (script, call) = material::case(file)?.call();
            let plugin = match script.configuration == self.trial.configuration {
                true => Arc::clone(&self.plugin),
                false => self
                    .plugin
                    .configured_as(&script.configuration, nothing())
                    .map_err(|source| RehearsalError::CaseStart { file: file.clone(), source })?,
            };
            let replayed = recording::replay(&plugin, &call)
                .map_err(|source| RehearsalError::Unreadable { call: name_of(file), source })?;
            if !replayed.is_same() {
                return Err(RehearsalError::Case {
                    file: file.clone(),
                    what: kind::of(&call.decision, &replayed.decision),
                    step: report::step(&replayed),
                });
            }
            self.told.cases += 1;
        }
        Ok(())
    }

    /// Recorded calls, with the configuration that the plugin is to have.
    fn recordings(&mut self, material: &Material) -> Result<(), RehearsalError> {
        let mut place = 0;
        for recorded in &material.recordings {
            let mut reader = material::open(&recorded.file)?;
            let mut number = 0;
            while let Some(call) = material::next(&mut reader, &recorded.file)? {
                number += 1;
                if material::role_of(&reader, &call) != self.trial.role.name() {
                    continue;
                }
                let is_chosen = is_chosen(place, self.trial.most, material.calls());
                place += 1;
                if !is_chosen || self.told.calls == self.trial.most {
                    continue;
                }
                if self.is_over()? {
                    return Ok(());
                }
                self.call(&recorded.file, number, &call)?;
            }
        }
        Ok(())
    }

    fn call(&mut self, file: &Path, number: usize, call: &Call) -> Result<(), RehearsalError> {
        let named = || report::named(file, number, call);
        let replayed = recording::replay(&self.plugin, call)
            .map_err(|source| RehearsalError::Unreadable { call: named(), source })?;
        if let Some(failed) = &replayed.failed {
            return Err(RehearsalError::Failed {
                call: named(),
                failed: failed.to_string(),
                as_before: if replayed.is_same() { ", as it was recorded" } else { "" },
                step: report::step(&replayed),
            });
        }
        self.told.calls += 1;
        if !replayed.is_same() {
            self.told.differs(what(call, &replayed), named);
        }
        Ok(())
    }

    fn end(mut self, material: &Material) -> Result<Rehearsal, RehearsalError> {
        let wanted = material.calls().min(self.trial.most);
        let missed = wanted.saturating_sub(self.told.calls);
        if missed > 0 && self.told.calls == 0 && self.told.cases == 0 {
            return Err(self.out_of_time(format!("{missed} recorded calls")));
        }
        for (calls, why) in
            [(material.calls() - wanted, "more than plugin.rehearsal.calls"), (missed, "no time for them")]
        {
            if calls > 0 {
                self.told.left_out.push(format!("{calls} recorded calls: {why}"));
            }
        }
        self.told.took_ms = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
        match self.trial.differences {
            Differences::Refuse if self.told.different > 0 => {
                Err(RehearsalError::Different(Box::new(self.told)))
            }
            _ => Ok(self.told),
        }
    }

    fn out_of_time(&self, left: String) -> RehearsalError {
        RehearsalError::Time { seconds: self.trial.time.as_secs(), left }
    }
}

/// Whether the one at this place, from 0, is among so many of all, taken from everywhere alike.
fn is_chosen(place: u64, most: u64, all: u64) -> bool {
    all <= most || (place + 1) * most / all > place * most / all
}

/// In which way a call is decided otherwise. Where it asked what nobody had asked, the answer was a guess, and so is what it
/// decided.
fn what(call: &Call, replayed: &Replayed) -> String {
    match report::guessed(replayed) {
        Some(question) => format!("asked more: {question}"),
        None => kind::of(&call.decision, &replayed.decision),
    }
}

#[cfg(test)]
mod tests;
