//! What one call of a script asked the machine, and what it was told: enough to make the call again anywhere.
//!
//! In: a call that is listened to ([`Ear`]). Out: [`Exchange`]s, which a [`Player`] gives back to another version, at
//! another time, on another machine: nothing of the world is touched then. Where the other version asks what nobody
//! asked before, it gets the answer that says least, and the player notes the question.
//!
//! | file | what |
//! |---|---|
//! | `tape.rs` | the words, and what a call may be listened to with |
//! | `tape/recorder.rs` | asks the machine, and writes down |
//! | `tape/player.rs` | answers from what was written down |
//!
//! Secrets never come to a script, and so not onto a tape. What a decision means is for `canonical.rs`.

mod player;
mod recorder;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::ims_services::{
    Assignment, AuthenticationScheme, AuthenticationVerdict, Authorization, AuthorizationKind, CxFailure,
    Location, Position, RegistrationType, SessionCase, SubscribeRefusal, Subscriber, Triggered,
};
use crate::services::{
    Binding, CredentialsKind, Entry, Level, PutRefusal, Refusal, Registration, RegistrationLimits, Verdict,
};

pub use player::Player;
pub(crate) use recorder::Recorder;

/// Exchanges of one call that are kept; a call that asks more cannot be made again ([`Tape::is_whole`]).
pub const MAX_EXCHANGES: usize = 512;

/// How a call of a script is made.
#[derive(Debug, Clone, Default)]
pub enum Ear {
    /// For the world, and nobody listens.
    #[default]
    Nobody,
    /// For the world; every exchange goes onto the tape.
    Record(Arc<Tape>),
    /// For nothing: the player answers, what the call wants done is not done, and no counter of its version moves.
    Play(Arc<Player>),
}

/// What a script asked the machine. One for each method of [`Services`](crate::Services) but the clock, which stands on
/// the [`Tape`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the method of this name, and has its arguments")]
pub enum Question {
    Random(usize),
    Log(Level, String),
    Verify(CredentialsKind, String),
    Register(String, RegistrationLimits),
    IsRegistered(String),
    IsRegisteredHere(String),
    Lookup(String),
    Remove(String),
    Targets(String),
    Get(String),
    Put {
        key: String,
        value: Vec<u8>,
        lifetime_ms: Option<u64>,
        expected: Option<u64>,
    },
    Delete(String),
    StartTimer {
        token: String,
        after_ms: u64,
    },
    CancelTimer(String),
    Settle,
    Seal(Vec<u8>),
    Unseal(String),
    FlowToken(TapedFlow),
    FlowOf(String),
    UserAuthorization(Authorization),
    LocationInfo {
        public_identity: String,
        originating: bool,
        kind: Option<AuthorizationKind>,
    },
    VerifyPrivate {
        private_identity: String,
        realm: String,
    },
    Challenge {
        private_identity: String,
        public_identity: String,
        realm: String,
        scheme: AuthenticationScheme,
    },
    ChallengeValue(u64),
    Assign {
        public_identity: String,
        private_identity: String,
        kind: Assignment,
    },
    Subscriber(String),
    ForgetSubscriber(String),
    NextCriteria {
        served_user: String,
        session_case: SessionCase,
        after: Option<Position>,
    },
    RegisterCriteria {
        served_user: String,
        registration_type: RegistrationType,
    },
    Subscribe {
        public_identity: String,
        contact: String,
        max_expires: u32,
    },
}

impl Question {
    /// Whether it changes something: part of what the script decided, and not only of how it came to it.
    #[must_use]
    pub fn is_deed(&self) -> bool {
        matches!(
            self,
            Question::Register(..)
                | Question::Remove(_)
                | Question::Put { .. }
                | Question::Delete(_)
                | Question::StartTimer { .. }
                | Question::CancelTimer(_)
                | Question::Challenge { .. }
                | Question::Assign { .. }
                | Question::ForgetSubscriber(_)
                | Question::Subscribe { .. }
        )
    }
}

impl Question {
    /// Bytes of what is long in it.
    fn bytes(&self) -> usize {
        match self {
            Question::Log(_, line) => line.len(),
            Question::Put { key, value, .. } => key.len() + value.len(),
            Question::Seal(data) => data.len(),
            Question::Unseal(token) => token.len(),
            _ => 0,
        }
    }
}

/// What the machine said. Changes that were staged are told of by their being there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is what the method with these results returned")]
pub enum Answer {
    Nothing,
    Flag(bool),
    Bytes(Vec<u8>),
    Text(String),
    Data(Option<Vec<u8>>),
    Verdict(Verdict),
    Registered(Result<(Registration, bool), Refusal>),
    Bindings(Vec<Binding>),
    Removed(u32, bool),
    Targets(Vec<TapedTarget>),
    Entry(Option<Entry>),
    Put(Result<u64, PutRefusal>),
    Flow(Option<TapedFlow>),
    Location(Result<Location, CxFailure>),
    Private(AuthenticationVerdict),
    Challenged(Result<u64, CxFailure>),
    Assigned(Result<(Option<Subscriber>, bool), CxFailure>),
    Subscriber(Option<Subscriber>),
    Criteria(Vec<Triggered>),
    Subscribed(Result<TapedSubscription, SubscribeRefusal>),
}

impl Answer {
    /// Bytes of what is long in it; of lists about so many.
    fn bytes(&self) -> usize {
        const ENTRY: usize = 256;
        match self {
            Answer::Bytes(bytes) | Answer::Data(Some(bytes)) => bytes.len(),
            Answer::Text(text) => text.len(),
            Answer::Entry(Some(entry)) => entry.value.len(),
            Answer::Bindings(all) => ENTRY * all.len(),
            Answer::Registered(Ok((registration, _))) => ENTRY * registration.contacts.len(),
            Answer::Targets(all) => ENTRY * all.len(),
            Answer::Criteria(all) => ENTRY * all.len(),
            Answer::Subscriber(Some(subscriber)) | Answer::Assigned(Ok((Some(subscriber), _))) => {
                ENTRY * subscriber.identities.len()
            }
            _ => 0,
        }
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub question: Question,
    /// What was said.
    pub answer: Answer,
}

/// A flow, as it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapedFlow {
    /// Name of the transport in a Via: `UDP`, `TCP` ….
    transport: Transport,
    listener: u16,
    connection: u64,
    remote: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Transport {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
}

impl From<sip::Flow> for TapedFlow {
    fn from(flow: sip::Flow) -> Self {
        let transport = match flow.transport {
            sip::Transport::Udp => Transport::Udp,
            sip::Transport::Tcp => Transport::Tcp,
            sip::Transport::Tls => Transport::Tls,
            sip::Transport::Ws => Transport::Ws,
            sip::Transport::Wss => Transport::Wss,
        };
        TapedFlow { transport, listener: flow.listener, connection: flow.connection, remote: flow.remote }
    }
}

impl From<TapedFlow> for sip::Flow {
    fn from(flow: TapedFlow) -> Self {
        let transport = match flow.transport {
            Transport::Udp => sip::Transport::Udp,
            Transport::Tcp => sip::Transport::Tcp,
            Transport::Tls => sip::Transport::Tls,
            Transport::Ws => sip::Transport::Ws,
            Transport::Wss => sip::Transport::Wss,
        };
        sip::Flow { transport, listener: flow.listener, connection: flow.connection, remote: flow.remote }
    }
}

/// A target of the location service, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapedTarget {
    uri: Box<str>,
    route: Vec<Box<str>>,
    q: u16,
    flow: Option<TapedFlow>,
    flow_only: bool,
}

impl From<&node::Target> for TapedTarget {
    fn from(target: &node::Target) -> Self {
        TapedTarget {
            uri: target.uri.clone(),
            route: target.route.clone(),
            q: target.q,
            flow: target.flow.map(TapedFlow::from),
            flow_only: target.flow_only,
        }
    }
}

impl From<TapedTarget> for node::Target {
    fn from(target: TapedTarget) -> Self {
        let TapedTarget { uri, route, q, flow, flow_only } = target;
        node::Target { route, q, flow: flow.map(sip::Flow::from), flow_only, ..node::Target::to(uri) }
    }
}

/// A SUBSCRIBE that was taken, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapedSubscription {
    expires: u32,
    to_tag: Box<str>,
}

/// The exchanges of one call while it runs, and after.
#[derive(Debug)]
pub struct Tape {
    /// The wall clock of the call, ms since 1970-01-01 UTC.
    at_ms: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    exchanges: Vec<Exchange>,
    /// There were more.
    overflowed: bool,
}

impl Tape {
    /// An empty tape of a call that begins now.
    #[must_use]
    pub fn new(at_ms: u64) -> Arc<Tape> {
        Arc::new(Tape { at_ms, kept: Mutex::default() })
    }

    /// When the call began, ms since 1970-01-01 UTC: what the script's clock shows.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// Whether nothing is missing: the call asked at most [`MAX_EXCHANGES`] times.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.kept.lock().overflowed
    }

    /// What was asked and said, in the order of the answers.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.look(<[Exchange]>::to_vec)
    }

    /// Looks at what was asked and said, in the order of the answers, without a copy.
    pub fn look<R>(&self, look: impl FnOnce(&[Exchange]) -> R) -> R {
        look(&self.kept.lock().exchanges)
    }

    /// About how much memory it takes: what a script can make long counts, all else is short.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept
            .lock()
            .exchanges
            .iter()
            .map(|one| size_of::<Exchange>() + one.question.bytes() + one.answer.bytes())
            .sum()
    }

    fn write(&self, question: Question, answer: Answer) {
        let mut kept = self.kept.lock();
        if kept.exchanges.len() < MAX_EXCHANGES {
            kept.exchanges.push(Exchange { question, answer });
        } else {
            kept.overflowed = true;
        }
    }
}

#[cfg(test)]
mod tests;
