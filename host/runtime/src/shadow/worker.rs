//! The part of a shadow that has a thread of its own: the candidate makes the calls again, and what it decides is compared.
//!
//! In: calls with their tapes. Out: figures and examples. The thread has the lowest priority that there is, and rests as
//! long as it has worked, so that a candidate that runs wild has half of one processor at most, and of that only what
//! nobody else wants. It looks for calls by itself: nobody wakes it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use node::ConsultError;
use plugin::{Canonical, Ear, Player, Plugin, Question};
use rustix::time::{ClockId, clock_gettime};

use super::kind;
use super::listener::{Queued, Shadow};
use super::report::{Finding, example};
use crate::audience::{Audience, Heard};

/// Why a shadow ends whose version has left.
const GONE: &str = "its version is kept no longer";

/// How long the thread rests when no call waits: those of a while, one after the other, cost a fraction of what each costs
/// that finds the processor cold.
const REST: Duration = Duration::from_millis(100);
/// How long it works at most before it rests as long.
const WORK: Duration = Duration::from_millis(20);

/// The lowest priority of a thread (`nice`).
const LOWEST: i32 = 19;

/// Of so many calls one is made by both versions, so that what they cost can be compared.
const TIMED_ONE_IN: u64 = 8;

/// How often a version is held for a call: by this thread, and by the call.
const HELD: usize = 2;

/// Starts the thread; it ends soon after the shadow does.
///
/// # Errors
/// The system gives no thread.
pub(super) fn start(
    shadow: Arc<Shadow>,
    calls: Receiver<Queued>,
    active: &Arc<Plugin>,
    candidate: &Arc<Plugin>,
    audience: Arc<Audience>,
) -> std::io::Result<()> {
    let (active, candidate) = (Arc::downgrade(active), Arc::downgrade(candidate));
    let worker = Worker { shadow, calls, active, candidate, audience, made: 0 };
    std::thread::Builder::new().name("strowger-shadow".into()).spawn(move || worker.run()).map(drop)
}

struct Worker {
    shadow: Arc<Shadow>,
    calls: Receiver<Queued>,
    active: Weak<Plugin>,
    candidate: Weak<Plugin>,
    audience: Arc<Audience>,
    made: u64,
}

impl Worker {
    fn run(mut self) {
        // On Linux this is the thread's own, whatever POSIX says. Without it the thread still rests half of the time.
        if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
            tracing::warn!(%error, "the thread of a shadow keeps its priority");
        }
        while self.shadow.is_running() {
            let began = Instant::now();
            let mut rest = Duration::ZERO;
            while began.elapsed() < WORK && self.shadow.is_running() {
                match self.calls.try_recv() {
                    Ok(queued) => {
                        self.shadow.taken(&queued);
                        self.hear(&queued.call);
                    }
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                        rest = REST;
                        break;
                    }
                }
            }
            if self.candidate.strong_count() == 0 {
                self.shadow.end(GONE, &self.audience);
            }
            std::thread::sleep(began.elapsed().max(rest));
        }
    }

    fn hear(&mut self, call: &Heard) {
        self.shadow.holding.store(HELD, Relaxed);
        match self.candidate.upgrade() {
            Some(candidate) if call.tape.is_whole() => self.make(call, &candidate),
            _ => self.shadow.drop_one(),
        }
        self.shadow.holding.store(0, Relaxed);
    }

    fn make(&mut self, call: &Heard, candidate: &Arc<Plugin>) {
        self.made += 1;
        let active = self.made.is_multiple_of(TIMED_ONE_IN).then(|| self.active.upgrade()).flatten();
        // Who comes second finds the tape in the cache: they take turns.
        let is_second = self.made.is_multiple_of(2 * TIMED_ONE_IN);
        let control = |now: bool| active.as_ref().filter(|_| now).map(|active| Made::by(active, call));
        let before = control(is_second);
        let made = Made::by(candidate, call);
        let control = before.or_else(|| control(!is_second));
        if made.error == Some(ConsultError::Busy) {
            self.shadow.drop_one();
            return;
        }
        let live = call.canonical();
        let finding = made.finding(&live);
        let mut counted = self.shadow.counted.lock();
        counted.count(finding);
        let is_busy = |control: &Made| control.error == Some(ConsultError::Busy);
        if let Some(control) = control.filter(|control| finding != Finding::Failed && !is_busy(control)) {
            counted.cost(made.cpu, control.cpu, control.canonical != live);
        }
        if finding != Finding::Same {
            let at_ms = call.tape.at_ms();
            counted.difference(made.kind(&live, finding), at_ms, || {
                let differences = live.differences(&made.canonical);
                let asked = made.guessed.iter().map(|question| format!("? {question:?}"));
                let lines = asked.chain(differences).map(|line| self.shadow.mask.line(&line));
                example(&call.ask, at_ms, lines)
            });
        }
    }
}

/// A call that a version has made again.
struct Made {
    canonical: Canonical,
    error: Option<ConsultError>,
    /// What it asked that nobody had asked before, and was answered as nobody knows.
    guessed: Vec<Question>,
    cpu: Duration,
}

impl Made {
    fn by(version: &Arc<Plugin>, call: &Heard) -> Made {
        let player = Player::of(&call.tape);
        let before = clock_gettime(ClockId::ThreadCPUTime);
        let consulted = finish(version.call(call.ask.clone(), Ear::Play(Arc::clone(&player))));
        let after = clock_gettime(ClockId::ThreadCPUTime);
        let guessed = player.unknown().into_iter().filter(is_guessed).collect();
        Made {
            canonical: Canonical::of(&consulted, call.message(), &player.asked()),
            error: consulted.result.err(),
            guessed,
            cpu: Duration::try_from(after - before).unwrap_or_default(),
        }
    }

    fn finding(&self, live: &Canonical) -> Finding {
        match &self.error {
            Some(ConsultError::Trap | ConsultError::Deadline | ConsultError::Invalid)
                if self.canonical != *live =>
            {
                Finding::Failed
            }
            _ if !self.guessed.is_empty() => Finding::AskedMore,
            _ if self.canonical == *live => Finding::Same,
            Some(_) => Finding::Failed,
            None => Finding::Different,
        }
    }

    fn kind(&self, live: &Canonical, finding: Finding) -> String {
        match (finding, self.guessed.first()) {
            (Finding::AskedMore, Some(question)) => {
                let question = format!("{question:?}");
                let end = question.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(question.len());
                format!("asked more: {}", &question[..end])
            }
            _ => kind::of(live, &self.canonical),
        }
    }
}

/// Whether a script cannot know what it goes on with: of a line for the log, and of what the host does as a rule, it can.
fn is_guessed(question: &Question) -> bool {
    !matches!(question, Question::Log(..) | Question::Put { .. } | Question::StartTimer { .. })
}

/// A call that plays waits for nothing: where it is not ready it gave others the thread, and goes on.
fn finish<F: Future + Unpin>(mut call: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match Pin::new(&mut call).poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
