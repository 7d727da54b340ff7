//! What one call of a script costs: with nobody listening, with a listener that does not want it, recorded as for a shadow,
//! and made again in one.
//!
//! In: the edge example as `cargo xtask plugins` builds it. Out: a line an operation, as in `main.rs`. The first three are what
//! a thread that carries calls does; the last one is a thread's of its own.

use std::future::Future;
use std::hint::black_box;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use plugin::{
    Answer, Ask, Canonical, ConsultContext, Consulted, Ear, Engine, EngineConfig, Exchange, Place, Player,
    Plugin, Question, Role, Services, Tape,
};
use sip::{HeaderId, Message};

use crate::{INVITE, median};

/// Its name, and how to do it once.
type Operation = (&'static str, fn(&Call));

const OPERATIONS: [Operation; 4] = [
    ("consult", |call| drop(black_box(call.nobody()))),
    ("consult, not wanted", |call| drop(black_box(call.unwanted()))),
    ("consult, recorded", |call| drop(black_box(call.recorded()))),
    ("made again, compared", |call| {
        black_box(call.again());
    }),
];

/// A request, whom to ask about it, and a call of it that was recorded.
struct Call {
    plugin: Arc<Plugin>,
    ask: Ask,
    message: Arc<Message>,
    tape: Arc<Tape>,
    live: Consulted,
}

/// All operations in turns, so many rounds of so many.
///
/// # Errors
/// A sentence: there is no plugin, or it is not fit.
pub(crate) fn run(rounds: usize, times: u32) -> Result<(), String> {
    let call = Call::new()?;
    let mut nanos: Vec<Vec<f64>> = vec![Vec::new(); OPERATIONS.len()];
    for _ in 0..rounds {
        for (taken, (_, operation)) in nanos.iter_mut().zip(OPERATIONS) {
            let start = Instant::now();
            (0..times).for_each(|_| operation(&call));
            taken.push(start.elapsed().as_nanos() as f64 / f64::from(times));
        }
    }
    let medians: Vec<f64> = nanos.iter_mut().map(|taken| median(taken)).collect();
    for ((name, _), taken) in OPERATIONS.iter().zip(&medians) {
        println!("{name:<24} {taken:>8.0} ns   {:.2} of {}", taken / medians[0], OPERATIONS[0].0);
    }
    Ok(())
}

impl Call {
    fn new() -> Result<Call, String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/edge.wasm");
        let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let engine = Engine::new(EngineConfig::default()).map_err(|error| error.to_string())?;
        // A machine at which Alice is registered, and Bob is not.
        let question = Question::IsRegisteredHere("sip:alice@example.org".into());
        let machine = Player::new(0, vec![Exchange { question, answer: Answer::Flag(true) }]);
        let machine: Arc<dyn Services> = machine;
        let configuration = "domains = [\"example.org\"]";
        let plugin = engine.load(&bytes, &Role::named("edge"), configuration, machine);
        let plugin = plugin.map_err(|error| error.to_string())?;
        let message = Message::parse_datagram(INVITE.as_bytes()).map_err(|error| format!("{error:?}"))?;
        let message = Arc::new(message);
        let remote = ([192, 0, 2, 10], 5060).into();
        let flow = sip::Flow { transport: sip::Transport::Udp, listener: 0, connection: 0, remote };
        let (hook, context) = (node::Hook::Request, ConsultContext::new(1, flow));
        let ask = Ask::Message { hook, message: Arc::clone(&message), context };
        let tape = Tape::new(0);
        let live = finish(plugin.call(ask.clone(), Ear::Record(Arc::clone(&tape))));
        if !matches!(&live.result, Ok(plugin::Outcome::Decision(node::Decision::Relay(_)))) {
            return Err(format!("the plugin does not relay: {:?}", live.result));
        }
        Ok(Call { plugin, ask, message, tape, live })
    }

    fn nobody(&self) -> Consulted {
        finish(self.plugin.call(self.ask.clone(), Ear::Nobody))
    }

    fn unwanted(&self) -> Consulted {
        let call_id = self.message.header(HeaderId::CALL_ID).unwrap_or_default();
        assert!(self.plugin.identity().number == 1 && !Place::of(call_id).is_among(black_box(0)));
        self.nobody()
    }

    fn recorded(&self) -> (Consulted, Consulted, Ask) {
        let kept = self.ask.clone();
        let tape = Tape::new(0);
        let consulted = finish(self.plugin.call(self.ask.clone(), Ear::Record(tape)));
        let told = consulted.told();
        (consulted, told, kept)
    }

    fn again(&self) -> bool {
        let player = Player::of(&self.tape);
        let made = finish(self.plugin.call(self.ask.clone(), Ear::Play(Arc::clone(&player))));
        let asked: Vec<Question> = self.tape.exchanges().into_iter().map(|one| one.question).collect();
        let form =
            |consulted: &Consulted, asked: &[Question]| Canonical::of(consulted, Some(&self.message), asked);
        form(&made, &player.asked()) == form(&self.live, &asked)
    }
}

/// Nothing is waited for here.
fn finish<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return done;
        }
    }
}
