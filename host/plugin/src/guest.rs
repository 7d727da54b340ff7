//! One running instance of a plugin: a wasmtime store of its own, its typed hooks, its meter and its buffers.
//!
//! In: a [`Template`] (what all guests of a plugin share) and calls. Out: what the hook returned, as the contract's
//! types, or wasmtime's error. After an error the store is poisoned and the guest must be dropped; so must it be after
//! a call that was not polled to its end. What the values mean is for `convert.rs`.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use wasmtime::component::InstancePre;
use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, Trap};

use crate::ask::Ask;
use crate::bindings::exports::strowger::sip::{
    lifecycle, on_adopt, on_answer, on_event, on_failure, on_in_dialog_request, on_reply, on_request,
    on_timer,
};
use crate::bindings::strowger::sip::types;
use crate::check::Hooks;
use crate::context::Effects;
use crate::engine::{Counts, Engine};
use crate::imports::{Hosted, Misuse, Subject};
use crate::limits::{Limits, MAX_TABLE_ELEMENTS};
use crate::log_budget::LogBudget;
use crate::meter::Meter;
use crate::plugin::Identity;
use crate::pool::Place;
use crate::services::Services;
use crate::stats::TrapKind;
use crate::tape::Ear;
use crate::ticker::Ticker;
use crate::view_keys;

/// What all guests of a plugin are made from.
pub(crate) struct Template {
    pub(crate) engine: Engine,
    pub(crate) pre: InstancePre<Hosted>,
    pub(crate) indices: Indices,
    pub(crate) identity: Arc<Identity>,
    pub(crate) configuration: Box<str>,
    pub(crate) services: Arc<dyn Services>,
    /// The manifest asks for bodies in views.
    pub(crate) wants_body: bool,
    /// Guests of this plugin that exist.
    pub(crate) guests: Arc<AtomicU32>,
    /// What its guests may write into the log, all together.
    pub(crate) log_budget: Arc<LogBudget>,
}

/// Where the exports are, looked up once per plugin.
pub(crate) struct Indices {
    lifecycle: lifecycle::GuestIndices,
    request: Option<on_request::GuestIndices>,
    in_dialog_request: Option<on_in_dialog_request::GuestIndices>,
    reply: Option<on_reply::GuestIndices>,
    failure: Option<on_failure::GuestIndices>,
    timer: Option<on_timer::GuestIndices>,
    event: Option<on_event::GuestIndices>,
    answer: Option<on_answer::GuestIndices>,
    adopt: Option<on_adopt::GuestIndices>,
}

impl Indices {
    pub(crate) fn look_up(pre: &InstancePre<Hosted>, hooks: Hooks) -> wasmtime::Result<Indices> {
        Ok(Indices {
            lifecycle: lifecycle::GuestIndices::new(pre)?,
            request: hooks.request.then(|| on_request::GuestIndices::new(pre)).transpose()?,
            in_dialog_request: hooks
                .in_dialog_request
                .then(|| on_in_dialog_request::GuestIndices::new(pre))
                .transpose()?,
            reply: hooks.reply.then(|| on_reply::GuestIndices::new(pre)).transpose()?,
            failure: hooks.failure.then(|| on_failure::GuestIndices::new(pre)).transpose()?,
            timer: hooks.timer.then(|| on_timer::GuestIndices::new(pre)).transpose()?,
            event: hooks.event.then(|| on_event::GuestIndices::new(pre)).transpose()?,
            answer: hooks.answer.then(|| on_answer::GuestIndices::new(pre)).transpose()?,
            adopt: hooks.adopt.then(|| on_adopt::GuestIndices::new(pre)).transpose()?,
        })
    }
}

/// The typed exports of one instance.
struct Exports {
    request: Option<on_request::Guest>,
    in_dialog_request: Option<on_in_dialog_request::Guest>,
    reply: Option<on_reply::Guest>,
    failure: Option<on_failure::Guest>,
    timer: Option<on_timer::Guest>,
    event: Option<on_event::Guest>,
    answer: Option<on_answer::Guest>,
    adopt: Option<on_adopt::Guest>,
}

/// What a hook returned.
pub(crate) enum Returned {
    Decision(Result<types::Decision, types::Fault>),
    Reply(Result<types::ReplyDecision, types::Fault>),
    Variables(Result<Option<on_adopt::Variables>, types::Fault>),
    Done,
}

/// A call whose message is with the host already.
pub(crate) enum Begun {
    Message(node::Hook),
    Timer(String),
    Event(Box<on_event::Event>),
    Answer(String),
    Adopt(Box<on_adopt::Adoption>),
}

/// Why a guest did not come to be.
#[derive(Debug)]
pub(crate) enum StartError {
    /// All places, of the plugin or of the engine, are taken.
    Busy,
    /// An export has other types than the contract.
    Mismatch(String),
    /// The component does not fit into what a guest may have.
    Instantiate(String),
    /// `init` ended without a manifest.
    Init(Ended),
    /// `init` returned this sentence.
    Refused(String),
}

/// How a call ended that did not return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Deadline,
    Trap(TrapKind),
}

/// As metrics call it.
impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Ended::Deadline => "deadline",
            Ended::Trap(kind) => kind.name(),
        })
    }
}

pub(crate) struct Guest {
    store: Store<Hosted>,
    exports: Exports,
    meter: Arc<Meter>,
    ticker: Ticker,
    view: Vec<u8>,
    calls: u32,
    deadline: Duration,
    fuel: Option<u64>,
    wants_body: bool,
    _place: Place,
}

impl Template {
    /// Makes a guest and calls its `init`.
    pub(crate) async fn start(&self) -> Result<(Box<Guest>, lifecycle::Manifest), StartError> {
        let engine = &self.engine.inner;
        let limits = &engine.limits;
        let place = Place::take(&self.guests, limits.guests, &engine.counts).ok_or(StartError::Busy)?;
        let meter = Arc::new(Meter::new(limits.init_deadline));
        engine.ticker.call_begins();
        let mut store = self.store(limits, &meter);
        let started = meter
            .time(async {
                let instance = self.pre.instantiate_async(&mut store).await.map_err(instantiation)?;
                let mismatch = |error| StartError::Mismatch(format!("{error:#}"));
                let indices = &self.indices;
                let lifecycle = indices.lifecycle.load(&mut store, &instance).map_err(mismatch)?;
                let mut exports = Exports {
                    request: None,
                    in_dialog_request: None,
                    reply: None,
                    failure: None,
                    timer: None,
                    event: None,
                    answer: None,
                    adopt: None,
                };
                if let Some(index) = &indices.request {
                    exports.request = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.in_dialog_request {
                    exports.in_dialog_request = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.reply {
                    exports.reply = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.failure {
                    exports.failure = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.timer {
                    exports.timer = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.event {
                    exports.event = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.answer {
                    exports.answer = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                if let Some(index) = &indices.adopt {
                    exports.adopt = Some(index.load(&mut store, &instance).map_err(mismatch)?);
                }
                match lifecycle.call_init(&mut store, &self.configuration).await {
                    Ok(Ok(manifest)) => Ok((exports, manifest)),
                    Ok(Err(sentence)) => Err(StartError::Refused(sentence)),
                    Err(error) => Err(StartError::Init(ended(&error, store.data()))),
                }
            })
            .await;
        let (exports, manifest) = started?;
        store.data_mut().end();
        let guest = Guest {
            store,
            exports,
            meter,
            ticker: engine.ticker.clone(),
            view: Vec::new(),
            calls: 0,
            deadline: limits.deadline,
            fuel: engine.fuel,
            wants_body: self.wants_body,
            _place: place,
        };
        Ok((Box::new(guest), manifest))
    }

    fn store(&self, limits: &Limits, meter: &Arc<Meter>) -> Store<Hosted> {
        let memory = MemoryLimit { most: limits.memory, refused: false };
        let log_budget = self.log_budget.clone();
        let hosted = Hosted::new(self.services.clone(), self.identity.clone(), memory, log_budget);
        let mut store = Store::new(&self.engine.inner.wasmtime, hosted);
        store.limiter(|hosted| &mut hosted.memory);
        store.set_hostcall_fuel(limits.hostcall_bytes);
        let (meter, ticker) = (meter.clone(), self.engine.inner.ticker.clone());
        store.epoch_deadline_callback(move |_| {
            ticker.guest_caught();
            Ok(meter.at_tick())
        });
        store.set_epoch_deadline(1);
        fill(&mut store, self.engine.inner.fuel);
        store
    }
}

impl Guest {
    /// Takes what a hook is to be asked. [`Guest::call`] comes next.
    pub(crate) fn begin(&mut self, ask: Ask, ear: Ear) -> Begun {
        self.calls += 1;
        let (subject, begun) = match ask {
            Ask::Message { hook, message, context } => {
                self.view.clear();
                sip::view::write(message.head(), self.wants_body, &mut self.view);
                view_keys::hide(&message, &mut self.view);
                (Some(Subject { message, context }), Begun::Message(hook))
            }
            Ask::Timer(token) => (None, Begun::Timer(token)),
            Ask::Event(event) => (None, Begun::Event(Box::new(event.into()))),
            Ask::Answer { token, response } => {
                self.view.clear();
                sip::view::write(response.head(), true, &mut self.view);
                view_keys::hide(&response, &mut self.view);
                (None, Begun::Answer(token))
            }
            Ask::Adopt(adoption) => (None, Begun::Adopt(Box::new(adoption.into()))),
        };
        self.store.data_mut().begin(subject, ear);
        begun
    }

    /// Calls the hook. On an error, or if the future is dropped, the guest must not be used again.
    pub(crate) async fn call(&mut self, begun: Begun) -> Result<Returned, Ended> {
        self.ticker.call_begins();
        self.meter.begin(self.deadline);
        self.store.set_epoch_deadline(1);
        fill(&mut self.store, self.fuel);
        let Guest { store, exports, meter, view, .. } = self;
        let view = view.as_slice();
        let returned = meter.time(async {
            Ok(match &begun {
                Begun::Message(node::Hook::Request) => match &exports.request {
                    Some(guest) => Returned::Decision(guest.call_handle(&mut *store, view).await?),
                    None => Returned::Done,
                },
                Begun::Message(node::Hook::InDialogRequest) => match &exports.in_dialog_request {
                    Some(guest) => Returned::Decision(guest.call_handle(&mut *store, view).await?),
                    None => Returned::Done,
                },
                Begun::Message(node::Hook::Failure) => match &exports.failure {
                    Some(guest) => Returned::Decision(guest.call_handle(&mut *store, view).await?),
                    None => Returned::Done,
                },
                Begun::Message(node::Hook::Reply) => match &exports.reply {
                    Some(guest) => Returned::Reply(guest.call_handle(&mut *store, view).await?),
                    None => Returned::Done,
                },
                Begun::Timer(token) => {
                    if let Some(guest) = &exports.timer {
                        guest.call_fired(&mut *store, token).await?;
                    }
                    Returned::Done
                }
                Begun::Event(event) => {
                    if let Some(guest) = &exports.event {
                        guest.call_happened(&mut *store, event).await?;
                    }
                    Returned::Done
                }
                Begun::Answer(token) => {
                    if let Some(guest) = &exports.answer {
                        guest.call_answered(&mut *store, token, view).await?;
                    }
                    Returned::Done
                }
                Begun::Adopt(adoption) => match &exports.adopt {
                    Some(guest) => Returned::Variables(guest.call_adopt(&mut *store, adoption).await?),
                    None => Returned::Done,
                },
            })
        });
        returned.await.map_err(|error: wasmtime::Error| ended(&error, self.store.data()))
    }

    /// The host's side, as it is after a call.
    pub(crate) fn hosted(&mut self) -> &mut Hosted {
        self.store.data_mut()
    }

    /// Ends a call: gives up the message and hands out the effects, and how many log lines were too many.
    pub(crate) fn end(&mut self) -> (Effects, u32) {
        self.store.data_mut().end()
    }

    /// How long this call has had the thread.
    pub(crate) fn spent(&self) -> Duration {
        self.meter.spent()
    }

    /// How long this call has lasted, with what it waited for.
    pub(crate) fn lasted(&self) -> Duration {
        self.meter.lasted()
    }

    /// Fuel that this call has used, where it is counted.
    pub(crate) fn fuel(&self) -> Option<u64> {
        Some(self.fuel?.saturating_sub(self.store.get_fuel().ok()?))
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// Sets what is known only after the first `init`.
    pub(crate) fn name(&mut self, identity: Arc<Identity>, wants_body: bool) {
        self.store.data_mut().identity = identity;
        self.wants_body = wants_body;
    }
}

/// A new call has all the fuel again, where it is counted.
fn fill(store: &mut Store<Hosted>, fuel: Option<u64>) {
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).expect("fuel is given only to an engine that counts it");
    }
}

/// Linear memory and tables of one guest.
pub(crate) struct MemoryLimit {
    most: usize,
    /// Growth was refused since the last call began.
    pub(crate) refused: bool,
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.most;
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

fn instantiation(error: wasmtime::Error) -> StartError {
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        StartError::Busy
    } else {
        StartError::Instantiate(format!("{error:#}"))
    }
}

/// What kind of end an error of wasmtime is.
fn ended(error: &wasmtime::Error, hosted: &Hosted) -> Ended {
    if error.downcast_ref::<Misuse>().is_some() {
        return Ended::Trap(TrapKind::Misuse);
    }
    Ended::Trap(match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt | Trap::OutOfFuel) => return Ended::Deadline,
        Some(Trap::StackOverflow) => TrapKind::Stack,
        _ if hosted.memory.refused => TrapKind::Memory,
        Some(Trap::UnreachableCodeReached) => TrapKind::Panic,
        Some(
            Trap::MemoryOutOfBounds
            | Trap::TableOutOfBounds
            | Trap::IndirectCallToNull
            | Trap::BadSignature
            | Trap::HeapMisaligned,
        ) => TrapKind::Bounds,
        Some(
            Trap::StringOutOfBounds
            | Trap::ListOutOfBounds
            | Trap::InvalidDiscriminant
            | Trap::UnalignedPointer
            | Trap::InvalidChar,
        )
        | None => TrapKind::Value,
        Some(_) => TrapKind::Other,
    })
}

const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Guest>();
    is_send::<Counts>();
};
