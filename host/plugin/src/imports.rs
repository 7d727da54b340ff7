//! The host's side of every imported interface.
//!
//! In: what a guest asks, in the contract's types. Out: what [`Services`] answers, in the same; changes that take
//! place only with the decision are kept in [`Effects`]. Bounds of the contract are enforced here: where the contract
//! has a way to say no it is used, else the guest traps ([`Misuse`]). What the answers mean is for `Services`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::strowger::auth::digest;
use crate::bindings::strowger::cx::{assignment, authentication, query, types as cx_types};
use crate::bindings::strowger::host::{clock, log, random, timer, token};
use crate::bindings::strowger::ims::{filter_criteria, reg_event, subscribers, types as ims_types};
use crate::bindings::strowger::location::registrar;
use crate::bindings::strowger::sip::{client, transaction, types};
use crate::bindings::strowger::store::key_value;
use crate::context::{ConsultContext, Effects, Variables};
use crate::guest::MemoryLimit;
use crate::limits::{
    MAX_LOG_LINE, MAX_LOG_LINES, MAX_LOG_LINES_A_SECOND, MAX_PROVISIONALS, MAX_RANDOM, MAX_REALM, MAX_REASON,
    MAX_SEALED, MAX_SEALED_TOKEN, MAX_TOKEN, TIMER_DELAYS,
};
use crate::log_budget::{Line, LogBudget};
use crate::plugin::Identity;
use crate::role::Role;
use crate::services::{Asking, CredentialsKind, Level, Services, Staged, Verdict};
use crate::tape::{Ear, Recorder};

/// An import was used against the contract where the contract has no answer for that: the guest traps.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Misuse {
    #[error("there is no message in hand")]
    NoMessage,
    #[error("more variables, or longer ones, than the contract allows")]
    Variables,
    #[error("a provisional answer needs a status from 101 to 199 and a reason of one line, at most 8 a call")]
    Provisional,
    #[error("at most 256 random bytes at once")]
    Random,
    #[error("at most 512 bytes are sealed at once")]
    Sealed,
    #[error("not a flow token of this host")]
    FlowToken,
}

/// The message in hand.
pub(crate) struct Subject {
    pub(crate) message: Arc<sip::Message>,
    pub(crate) context: ConsultContext,
}

impl Subject {
    /// The request that this is about.
    fn request(&self) -> &sip::Message {
        self.context.request.as_ref().unwrap_or(&self.message)
    }
}

/// What a store holds: the host as one guest sees it.
pub(crate) struct Hosted {
    pub(crate) identity: Arc<Identity>,
    pub(crate) memory: MemoryLimit,
    /// Who answers in this call.
    services: Arc<dyn Services>,
    /// Nothing of this call is for the world ([`Ear::Play`]).
    is_played: bool,
    /// Who answers where nobody listens ([`Ear`]).
    machine: Arc<dyn Services>,
    subject: Option<Subject>,
    /// Read when it is first asked for.
    now_ms: Option<u64>,
    log_lines: u32,
    log_lines_dropped: u32,
    log_budget: Arc<LogBudget>,
    effects: Effects,
    /// What `register` and `remove` staged, which can be withdrawn.
    pub(crate) bindings: Vec<Staged>,
}

/// Links what the role grants, and nothing else.
pub(crate) fn link(linker: &mut Linker<Hosted>, role: &Role) -> wasmtime::Result<()> {
    type This = HasSelf<Hosted>;
    for interface in role.granted() {
        match interface {
            "strowger:sip/types" => types::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:sip/transaction" => transaction::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:host/log" => log::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:host/clock" => clock::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:host/random" => random::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:host/timer" => timer::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:auth/digest" => digest::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:location/registrar" => registrar::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:store/key-value" => key_value::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:host/token" => token::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:sip/client" => client::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:ims/types" => ims_types::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:ims/subscribers" => subscribers::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:ims/filter-criteria" => {
                filter_criteria::add_to_linker::<_, This>(linker, |hosted| hosted)?
            }
            "strowger:ims/reg-event" => reg_event::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:cx/types" => cx_types::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:cx/query" => query::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            "strowger:cx/authentication" => {
                authentication::add_to_linker::<_, This>(linker, |hosted| hosted)?
            }
            "strowger:cx/assignment" => assignment::add_to_linker::<_, This>(linker, |hosted| hosted)?,
            _ => {} // granted by an operator who expects a newer host; nothing can import it
        }
    }
    Ok(())
}

impl Hosted {
    pub(crate) fn new(
        services: Arc<dyn Services>,
        identity: Arc<Identity>,
        memory: MemoryLimit,
        log_budget: Arc<LogBudget>,
    ) -> Hosted {
        Hosted {
            identity,
            memory,
            services: Arc::clone(&services),
            machine: services,
            is_played: false,
            subject: None,
            now_ms: None,
            log_lines: 0,
            log_lines_dropped: 0,
            log_budget,
            effects: Effects::default(),
            bindings: Vec::new(),
        }
    }

    /// A call begins.
    pub(crate) fn begin(&mut self, subject: Option<Subject>, ear: Ear) {
        self.is_played = matches!(ear, Ear::Play(_));
        match ear {
            Ear::Nobody => {}
            Ear::Record(tape) => {
                self.services = Arc::new(Recorder::new(Arc::clone(&self.machine), tape));
            }
            Ear::Play(player) => self.services = player,
        }
        self.subject = subject;
        self.now_ms = None;
        self.log_lines = 0;
        self.log_lines_dropped = 0;
        self.memory.refused = false;
    }

    /// A call ends: the message is given up, the effects go out, with the number of log lines that were too many.
    pub(crate) fn end(&mut self) -> (Effects, u32) {
        self.subject = None;
        if !Arc::ptr_eq(&self.services, &self.machine) {
            self.services = Arc::clone(&self.machine);
        }
        let mut effects = std::mem::take(&mut self.effects);
        effects.staged.splice(0..0, self.bindings.drain(..));
        (effects, self.log_lines_dropped)
    }

    /// Whether one more line may be written. The first that is too much in a second is told of.
    fn may_log(&mut self) -> bool {
        self.log_lines = self.log_lines.saturating_add(1);
        let line = if self.log_lines > MAX_LOG_LINES {
            Line::Drop
        } else if self.is_played {
            // It is written nowhere, and takes nothing from those that are.
            Line::Write
        } else {
            let now_ms = self.now_ms();
            self.log_budget.take(now_ms)
        };
        if line == Line::DropAndSay {
            let Identity { role, name, version, number, .. } = &*self.identity;
            tracing::warn!(
                role = &**role,
                plugin = &**name,
                version = &**version,
                number,
                "the script writes more than {MAX_LOG_LINES_A_SECOND} lines a second, the rest is counted only"
            );
        }
        self.log_lines_dropped = self.log_lines_dropped.saturating_add(u32::from(line != Line::Write));
        line == Line::Write
    }

    /// Asks the machine something.
    pub(crate) fn ask<R>(&mut self, question: impl FnOnce(&dyn Services, &Asking<'_>) -> R) -> R {
        let now_ms = self.now_ms();
        let subject = self.subject.as_ref();
        let asking = Asking {
            identity: &self.identity,
            message: subject.map(|subject| &*subject.message),
            request: subject.map(Subject::request),
            flow: subject.map(|subject| subject.context.flow),
            transaction: subject.map_or(0, |subject| subject.context.transaction),
            now_ms,
        };
        question(&*self.services, &asking)
    }

    fn now_ms(&mut self) -> u64 {
        *self.now_ms.get_or_insert_with(|| self.services.now_ms())
    }

    /// What is to happen with the decision.
    pub(crate) fn effects_mut(&mut self) -> &mut Effects {
        &mut self.effects
    }

    pub(crate) fn subject(&self) -> wasmtime::Result<&Subject> {
        self.subject.as_ref().ok_or_else(|| Misuse::NoMessage.into())
    }

    /// The variables of one kind as this call sees them: its own changes first.
    fn variables(&self, dialog: bool) -> wasmtime::Result<Option<&Arc<Variables>>> {
        let context = &self.subject()?.context;
        Ok(if dialog {
            self.effects.dialog_variables.as_ref().or(context.dialog_variables.as_ref())
        } else {
            self.effects.variables.as_ref().or(context.variables.as_ref())
        })
    }

    fn get(&self, dialog: bool, name: &str) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.variables(dialog)?.and_then(|all| all.get(name)).map(|value| value.to_vec()))
    }

    fn set(&mut self, dialog: bool, name: &str, value: Option<Vec<u8>>) -> wasmtime::Result<()> {
        let before = self.variables(dialog)?.cloned().unwrap_or_default();
        let changed = if dialog { &mut self.effects.dialog_variables } else { &mut self.effects.variables };
        let changed = changed.get_or_insert(before);
        Arc::make_mut(changed).set(name, value.map(Bytes::from)).map_err(|_| Misuse::Variables.into())
    }
}

impl types::Host for Hosted {}

impl transaction::Host for Hosted {
    fn id(&mut self) -> wasmtime::Result<u64> {
        Ok(self.subject()?.context.transaction)
    }

    fn source(&mut self) -> wasmtime::Result<transaction::Origin> {
        let flow = self.subject()?.context.flow;
        let transport = match flow.transport {
            sip::Transport::Udp => transaction::Transport::Udp,
            sip::Transport::Tcp => transaction::Transport::Tcp,
            sip::Transport::Tls => transaction::Transport::Tls,
            sip::Transport::Ws => transaction::Transport::Ws,
            sip::Transport::Wss => transaction::Transport::Wss,
        };
        let address = flow.remote.ip().to_canonical().to_string();
        Ok(transaction::Origin { transport, address, port: flow.remote.port(), connection: flow.connection })
    }

    fn body(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.subject()?.message.head().body().to_vec())
    }

    fn get_variable(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.get(false, &name)
    }

    fn set_variable(&mut self, name: String, value: Option<Vec<u8>>) -> wasmtime::Result<()> {
        self.set(false, &name, value)
    }

    fn get_dialog_variable(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.get(true, &name)
    }

    fn set_dialog_variable(&mut self, name: String, value: Option<Vec<u8>>) -> wasmtime::Result<()> {
        self.set(true, &name, value)
    }

    fn own_routes(&mut self) -> wasmtime::Result<Vec<String>> {
        let routes = &self.subject()?.context.own_routes;
        Ok(routes.iter().flat_map(|routes| routes.iter()).map(|route| route.to_string()).collect())
    }

    fn request(&mut self) -> wasmtime::Result<Vec<u8>> {
        let mut view = Vec::new();
        sip::view::write(self.subject()?.request().head(), true, &mut view);
        Ok(view)
    }

    fn flow_token(&mut self) -> wasmtime::Result<String> {
        let flow = self.subject()?.context.flow;
        Ok(self.ask(|services, _| services.flow_token(flow)))
    }

    fn provisional(&mut self, status: u16, reason: String) -> wasmtime::Result<()> {
        self.subject()?;
        let all = &mut self.effects.provisionals;
        let fits = (101..=199).contains(&status)
            && reason.len() <= MAX_REASON
            && !reason.bytes().any(|byte| byte < b' ')
            && all.len() < MAX_PROVISIONALS;
        if !fits {
            return Err(Misuse::Provisional.into());
        }
        all.push((status, reason.into()));
        Ok(())
    }
}

impl log::Host for Hosted {
    fn log(&mut self, level: log::Level, line: String) -> wasmtime::Result<()> {
        if !self.may_log() {
            return Ok(());
        }
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warning => Level::Warning,
            log::Level::Error => Level::Error,
        };
        let cut = &line[..line.floor_char_boundary(MAX_LOG_LINE)];
        self.ask(|services, asking| services.log(asking, level, cut));
        Ok(())
    }
}

impl clock::Host for Hosted {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.now_ms())
    }
}

impl random::Host for Hosted {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > MAX_RANDOM {
            return Err(Misuse::Random.into());
        }
        let mut out = vec![0; length as usize];
        self.services.random(&mut out);
        Ok(out)
    }
}

impl token::Host for Hosted {
    fn seal(&mut self, data: Vec<u8>) -> wasmtime::Result<String> {
        if data.len() > MAX_SEALED {
            return Err(Misuse::Sealed.into());
        }
        Ok(self.ask(|services, asking| services.seal(asking, &data)))
    }

    fn unseal(&mut self, token: String) -> wasmtime::Result<Option<Vec<u8>>> {
        if token.len() > MAX_SEALED_TOKEN {
            return Ok(None);
        }
        Ok(self.ask(|services, asking| services.unseal(asking, &token)))
    }
}

impl timer::Host for Hosted {
    fn start(&mut self, token: String, after_ms: u32) -> wasmtime::Result<bool> {
        if token.len() > MAX_TOKEN || !TIMER_DELAYS.contains(&after_ms) {
            return Ok(false);
        }
        let after = Duration::from_millis(after_ms.into());
        Ok(self.ask(|services, asking| services.start_timer(asking, &token, after)))
    }

    fn cancel(&mut self, token: String) -> wasmtime::Result<bool> {
        Ok(token.len() <= MAX_TOKEN && self.ask(|services, asking| services.cancel_timer(asking, &token)))
    }
}

impl digest::Host for Hosted {
    fn verify(&mut self, kind: digest::Kind, realm: String) -> wasmtime::Result<digest::Verdict> {
        self.subject()?;
        if realm.len() > MAX_REALM {
            return Ok(digest::Verdict::Absent);
        }
        let kind = match kind {
            digest::Kind::Www => CredentialsKind::Www,
            digest::Kind::Proxy => CredentialsKind::Proxy,
        };
        Ok(match self.ask(|services, asking| services.verify(asking, kind, &realm)) {
            Verdict::Accepted(user) => digest::Verdict::Accepted(user),
            Verdict::Absent => digest::Verdict::Absent,
            Verdict::Stale => digest::Verdict::Stale,
            Verdict::Rejected => digest::Verdict::Rejected,
        })
    }
}
