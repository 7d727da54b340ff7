//! What a script is asked: about a message, or about something that no message carries.
//!
//! In: what the runtime knows. Out: [`Ask`], which hook that is, and what the answer is where there is no such hook. How it
//! is asked is `call.rs`'s.

use std::sync::Arc;

use node::{Decision, Hook, ReplyDecision};

use crate::bindings::exports::strowger::sip::{on_adopt, on_event};
use crate::bindings::strowger::sip::types;
use crate::call::Outcome;
use crate::context::{ConsultContext, Variables};
use crate::plugin::Plugin;

/// Something that happened without a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A binding is no more.
    RegistrationEnded {
        /// Whose.
        address_of_record: String,
        /// The Contact URI.
        contact: String,
        /// `expired`, `removed` or `replaced`.
        why: &'static str,
    },
    /// A dialog is no more.
    DialogEnded {
        /// Its Call-ID.
        call_id: String,
        /// `bye`, `timeout` or `rejected`.
        why: &'static str,
    },
    /// Anything newer.
    Other {
        /// Which.
        name: String,
        /// Tagged values.
        attrs: Vec<(u16, Vec<u8>)>,
    },
}

impl From<Event> for on_event::Event {
    fn from(event: Event) -> Self {
        match event {
            Event::RegistrationEnded { address_of_record, contact, why } => {
                on_event::Event::RegistrationEnded(on_event::RegistrationEnded {
                    address_of_record,
                    contact,
                    why: why.into(),
                })
            }
            Event::DialogEnded { call_id, why } => {
                on_event::Event::DialogEnded(on_event::DialogEnded { call_id, why: why.into() })
            }
            Event::Other { name, attrs } => on_event::Event::Other(on_event::OtherEvent {
                name,
                attrs: attrs.into_iter().map(|(tag, value)| types::Attr { tag, value }).collect(),
            }),
        }
    }
}

/// A call of another version that goes on with the one that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// Name of the version that had it, as its manifest said.
    pub name: String,
    /// That version.
    pub version: String,
    /// The call's Call-ID.
    pub call_id: String,
    /// What is kept in the dialog.
    pub variables: Arc<Variables>,
}

impl From<Adoption> for on_adopt::Adoption {
    fn from(adoption: Adoption) -> Self {
        let Adoption { name, version, call_id, variables } = adoption;
        let variables = variables.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        on_adopt::Adoption { name, version, call_id, variables }
    }
}

/// What a script is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// About a message. For [`Hook::Reply`] and [`Hook::Failure`] it is the response.
    Message {
        /// Which hook.
        hook: Hook,
        /// The message in hand.
        message: Arc<sip::Message>,
        /// What belongs to it.
        context: ConsultContext,
    },
    /// A timer that it started has fired, of this token.
    Timer(String),
    /// Something has happened.
    Event(Event),
    /// The final response to a request of its own.
    Answer {
        /// The request's.
        token: String,
        /// The response.
        response: Arc<sip::Message>,
    },
    /// What it makes of the variables of a call that goes on with it. They are the dialog's in [`Effects`](crate::Effects),
    /// where it makes anything of them.
    Adopt(Adoption),
}

impl Ask {
    /// The message that it is about; none: a timer, an event, or a call as a whole.
    #[must_use]
    pub fn message(&self) -> Option<&sip::Message> {
        match self {
            Ask::Message { message, .. } => Some(message),
            Ask::Answer { response, .. } => Some(response),
            Ask::Timer(_) | Ask::Event(_) | Ask::Adopt(_) => None,
        }
    }

    /// The Call-ID of the call as a whole that it is about; none: it has a message, or is about no call.
    #[must_use]
    pub fn call(&self) -> Option<&str> {
        match self {
            Ask::Event(Event::DialogEnded { call_id, .. }) | Ask::Adopt(Adoption { call_id, .. }) => {
                Some(call_id)
            }
            Ask::Event(_) | Ask::Message { .. } | Ask::Timer(_) | Ask::Answer { .. } => None,
        }
    }

    /// The hook that is asked, as the contract calls its interface.
    #[must_use]
    pub fn hook_name(&self) -> &'static str {
        match self {
            Ask::Message { hook, .. } => hook.name(),
            Ask::Timer(_) => "on-timer",
            Ask::Event(_) => "on-event",
            Ask::Answer { .. } => "on-answer",
            Ask::Adopt(_) => "on-adopt",
        }
    }

    /// The answer where there is no such hook.
    pub(crate) fn default_outcome(&self) -> Outcome {
        match self {
            Ask::Message { hook: Hook::Reply, .. } => Outcome::Reply(ReplyDecision::Pass(Vec::new())),
            Ask::Message { .. } => Outcome::Decision(Decision::Next(Vec::new())),
            Ask::Timer(_) | Ask::Event(_) | Ask::Answer { .. } | Ask::Adopt(_) => Outcome::Done,
        }
    }
}

/// What a call of a script is about, for as long as it lasts.
pub(crate) enum Subject {
    /// A message, and by which hook.
    Message(Hook, Arc<sip::Message>),
    /// A call as a whole, by its Call-ID.
    Call(Box<str>),
    /// Neither.
    Other,
}

impl Subject {
    pub(crate) fn of(ask: &Ask) -> Subject {
        match ask {
            Ask::Message { hook, message, .. } => Subject::Message(*hook, Arc::clone(message)),
            _ => ask.call().map_or(Subject::Other, |call_id| Subject::Call(call_id.into())),
        }
    }

    /// The Call-ID, for a line in the log; empty: there is none.
    pub(crate) fn call_id(&self) -> &[u8] {
        match self {
            Subject::Message(_, message) => message.head().call_id().unwrap_or_default(),
            Subject::Call(call_id) => call_id.as_bytes(),
            Subject::Other => b"",
        }
    }
}

impl Plugin {
    /// Whether this is a call of the script at all; else the answer is its default ([`Plugin::call`]).
    pub fn has_a_hook_for(&self, ask: &Ask) -> bool {
        let hooks = &self.manifest.hooks;
        match ask {
            Ask::Message { hook, message, .. } => self.asks(*hook, method_of(message)),
            Ask::Timer(_) => hooks.timer,
            Ask::Event(_) => hooks.event,
            Ask::Answer { .. } => hooks.answer,
            Ask::Adopt(_) => hooks.adopt,
        }
    }
}

/// The method of a request.
fn method_of(message: &sip::Message) -> &[u8] {
    let head = message.head();
    if head.is_request() { head.method_token() } else { b"" }
}
