//! The thread that writes a recording: makes each call again, and puts it into the file.
//!
//! In: calls that were heard, in the order in which they ended. Out: records, counts. Where only errors are wanted, calls
//! wait here for a while: when one of a Call-ID fails, those before it are written, and those after it too.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;

use node::ConsultError;
use recording::{Scribe, Withheld, Writer};

use super::Wanted;
use super::counts::Counts;
use crate::audience::Heard;

/// Calls that wait for one of their Call-ID to fail; the oldest go.
const MAX_WAITING: usize = 4096;
/// Call-IDs that have failed, whose later calls are written.
const MAX_FAILED: usize = 256;

/// What the thread is told.
pub(super) enum Told {
    Heard(Arc<Heard>),
    Stop,
}

pub(super) struct Writing {
    scribe: Scribe,
    writer: Writer<File>,
    /// Bytes that the file may have.
    room: u64,
    counts: Arc<Counts>,
    /// Where only errors are wanted.
    errors: Option<Errors>,
}

/// What waits for one of its Call-ID to fail.
#[derive(Default)]
struct Errors {
    waiting: VecDeque<(Box<[u8]>, Arc<Heard>)>,
    failed: VecDeque<Box<[u8]>>,
}

impl Writing {
    pub(super) fn new(
        scribe: Scribe,
        writer: Writer<File>,
        room: u64,
        wanted: &Wanted,
        counts: Arc<Counts>,
    ) -> Writing {
        let errors = (*wanted == Wanted::Errors).then(Errors::default);
        Writing { scribe, writer, room, counts, errors }
    }

    /// Until it is told to stop, or nobody can tell it anything any more.
    pub(super) fn run(mut self, told: &Receiver<Told>) {
        while let Ok(Told::Heard(heard)) = told.recv() {
            let calls = match &mut self.errors {
                None => vec![heard],
                Some(errors) => errors.heard(heard),
            };
            for call in calls {
                if !self.counts.is_over.load(Relaxed) {
                    self.write(&call);
                }
            }
        }
    }

    fn write(&mut self, heard: &Heard) {
        match self.try_write(heard) {
            Ok(()) => self.counts.bytes.store(self.writer.written(), Relaxed),
            Err(error) => self.counts.end(format!("the file cannot be written: {error}")),
        }
        if self.writer.written() >= self.room {
            self.counts.end("the recordings have as many bytes as record.bytes says".into());
        }
    }

    fn try_write(&mut self, heard: &Heard) -> std::io::Result<()> {
        let Heard { version, ask, tape, consulted, .. } = heard;
        let (place, script) = self.scribe.script(version);
        if let Some(script) = script {
            self.writer.script(&script)?;
        }
        let call = match self.scribe.call(place, recording::Heard { version, ask, tape, consulted }) {
            Ok(call) => call,
            Err(why) => {
                self.counts.withheld.fetch_add(1, Relaxed);
                if why == Withheld::TooMany {
                    self.counts.end(why.to_string());
                }
                return Ok(());
            }
        };
        let faithful = call.faithful;
        match self.writer.call(call)? {
            true => {
                self.counts.calls.fetch_add(1, Relaxed);
                self.counts.unfaithful.fetch_add(u64::from(!faithful), Relaxed);
            }
            false => {
                self.counts.withheld.fetch_add(1, Relaxed);
            }
        }
        Ok(())
    }
}

impl Errors {
    /// What is to be written now that this call has ended.
    fn heard(&mut self, heard: Arc<Heard>) -> Vec<Arc<Heard>> {
        let is_failure = is_failure(&heard.consulted);
        let call_id = heard.message().and_then(|message| message.head().call_id().ok());
        let Some(call_id) = call_id.map(Box::<[u8]>::from) else {
            return if is_failure { vec![heard] } else { Vec::new() };
        };
        if self.failed.contains(&call_id) {
            return vec![heard];
        }
        self.waiting.push_back((call_id.clone(), heard));
        if !is_failure {
            if self.waiting.len() > MAX_WAITING {
                self.waiting.pop_front();
            }
            return Vec::new();
        }
        let (mut of_call, mut others) = (Vec::new(), VecDeque::with_capacity(self.waiting.len()));
        for (other, heard) in self.waiting.drain(..) {
            match other == call_id {
                true => of_call.push(heard),
                false => others.push_back((other, heard)),
            }
        }
        self.waiting = others;
        self.failed.push_back(call_id);
        if self.failed.len() > MAX_FAILED {
            self.failed.pop_front();
        }
        of_call
    }
}

/// Whether the script failed: gave no decision, or answered 5xx by itself. Where it was not asked at all there is nothing to
/// be made again.
fn is_failure(consulted: &plugin::Consulted) -> bool {
    match &consulted.result {
        Err(ConsultError::Fault | ConsultError::Trap | ConsultError::Deadline | ConsultError::Invalid) => {
            true
        }
        Err(ConsultError::Busy | ConsultError::NoPlugin | ConsultError::Store) => false,
        Ok(outcome) => outcome.status().is_some_and(|status| (500..600).contains(&status)),
    }
}
