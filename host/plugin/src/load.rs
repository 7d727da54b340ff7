//! From a file to a plugin: decode, check, compile, link, start one guest, read its manifest.
//!
//! In: bytes, a [`Role`], a configuration text, [`Services`]. Out: an `Arc<Plugin>` with one warm guest, or the first
//! thing that is wrong ([`LoadError`]). Nothing is replaced here; that is `active.rs`. Blocking: tens of milliseconds
//! where the compiled artefact is in the cache, seconds where it is not; not for a thread that carries calls.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use sha2::{Digest, Sha256};
use wasmtime::component::Linker;

use crate::bindings::exports::strowger::sip::lifecycle;
use crate::cache::hex;
use crate::check::{self, Checked};
use crate::compile::compile;
use crate::decode;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::guest::{Ended, Indices, StartError, Template};
use crate::imports;
use crate::limits::{MAX_MANIFEST_NAME, MAX_METHODS};
use crate::plugin::{Gate, Identity, Manifest, Plugin, counted};
use crate::pool::Pool;
use crate::role::Role;
use crate::services::Services;
use crate::stats::Stats;

/// How far a load has come.
#[derive(Debug, Clone, Copy)]
pub enum LoadStep<'a> {
    /// Decoded, and compared with the contract and the role's grants.
    Checked(&'a Checked),
    /// There is machine code of it.
    Compiled,
}

impl Engine {
    /// Looks at a plugin without compiling or running it.
    ///
    /// # Errors
    /// [`LoadError`]: what decoding and checking find.
    pub fn check(&self, bytes: &[u8], role: &Role) -> Result<Checked, LoadError> {
        check::check(&decode::component(bytes)?, role)
    }

    /// Loads a plugin. Blocking: compiling takes up to seconds. What was loaded before is untouched.
    ///
    /// # Errors
    /// [`LoadError`]: the first thing that is wrong.
    pub fn load(
        &self,
        bytes: &[u8],
        role: &Role,
        configuration: &str,
        services: Arc<dyn Services>,
    ) -> Result<Arc<Plugin>, LoadError> {
        self.load_watched(bytes, role, configuration, services, &mut |_| Ok(()))
    }

    /// Loads a plugin that had this number before the host was started again. See [`Engine::load`].
    ///
    /// # Errors
    /// [`LoadError`]: the first thing that is wrong.
    pub fn load_again(
        &self,
        bytes: &[u8],
        role: &Role,
        configuration: &str,
        services: Arc<dyn Services>,
        number: u32,
    ) -> Result<Arc<Plugin>, LoadError> {
        self.count_on_from(number);
        self.load_numbered(bytes, role, configuration, services, Some(number), &mut |_| Ok(()))
    }

    /// Numbers up to this one were given before the host was started again: the next load has a higher one.
    pub fn count_on_from(&self, number: u32) {
        self.inner.counts.versions.fetch_max(number, Relaxed);
    }

    /// As [`Engine::load`], told of each step as it is reached; an error that `reached` gives ends it. What follows the last
    /// step is `init`.
    ///
    /// # Errors
    /// [`LoadError`]: the first thing that is wrong.
    pub fn load_watched(
        &self,
        bytes: &[u8],
        role: &Role,
        configuration: &str,
        services: Arc<dyn Services>,
        reached: &mut dyn FnMut(LoadStep<'_>) -> Result<(), LoadError>,
    ) -> Result<Arc<Plugin>, LoadError> {
        self.load_numbered(bytes, role, configuration, services, None, reached)
    }

    fn load_numbered(
        &self,
        bytes: &[u8],
        role: &Role,
        configuration: &str,
        services: Arc<dyn Services>,
        number: Option<u32>,
        reached: &mut dyn FnMut(LoadStep<'_>) -> Result<(), LoadError>,
    ) -> Result<Arc<Plugin>, LoadError> {
        let engine = &self.inner;
        let component = decode::component(bytes)?;
        let checked = check::check(&component, role)?;
        reached(LoadStep::Checked(&checked))?;
        let compiled = compile(engine, &component)?;
        reached(LoadStep::Compiled)?;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch { reason: format!("{error:#}") };
        let mut linker = Linker::new(&engine.wasmtime);
        imports::link(&mut linker, role).map_err(mismatch)?;
        let pre = linker.instantiate_pre(&compiled).map_err(mismatch)?;
        let indices = Indices::look_up(&pre, checked.hooks).map_err(mismatch)?;
        let identity = Identity {
            role: role.name().into(),
            name: "".into(),
            version: "".into(),
            digest: digest(bytes).into(),
            number: number.unwrap_or_else(|| engine.counts.versions.fetch_add(1, Relaxed) + 1),
        };
        let template = Template {
            engine: self.clone(),
            pre,
            indices,
            identity: Arc::new(identity),
            configuration: configuration.into(),
            services,
            wants_body: false,
            guests: Arc::new(AtomicU32::new(0)),
            log_budget: Arc::default(),
        };
        self.begin(template, checked, bytes.len())
    }

    /// Starts the first guest, and reads its manifest.
    fn begin(&self, mut template: Template, checked: Checked, size: usize) -> Result<Arc<Plugin>, LoadError> {
        let (mut guest, said) = block_on(template.start()).map_err(|error| self.start_error(error))?;
        let (name, version) = (said.name.clone().into(), said.version.clone().into());
        let manifest = manifest(said, checked, size)?;
        template.identity = Arc::new(Identity { name, version, ..(*template.identity).clone() });
        template.wants_body = manifest.wants_body;
        guest.name(template.identity.clone(), template.wants_body);
        let stats = Arc::new(Stats::default());
        stats.guest_started();
        let pool = Pool::new(self.inner.limits.idle_guests);
        pool.put(guest);
        Ok(counted(Plugin { template, pool, stats, played: Stats::default(), manifest, gate: Gate::new() }))
    }

    fn start_error(&self, error: StartError) -> LoadError {
        match error {
            StartError::Busy => LoadError::Busy { guests: self.inner.max_guests },
            StartError::Mismatch(reason) => LoadError::Mismatch { reason },
            StartError::Instantiate(reason) => LoadError::Instantiate { reason },
            StartError::Refused(reason) => LoadError::InitRefused { reason },
            StartError::Init(Ended::Deadline) => {
                LoadError::InitDeadline { deadline: self.inner.limits.init_deadline }
            }
            StartError::Init(Ended::Trap(kind)) => LoadError::InitTrapped { reason: kind.name().into() },
        }
    }
}

impl Plugin {
    /// The same code with another configuration and another machine. It has a number of its own, and needs no compiler.
    ///
    /// # Errors
    /// [`LoadError`]: what its `init` says to that, or its manifest.
    pub fn configured_as(
        &self,
        configuration: &str,
        services: Arc<dyn Services>,
    ) -> Result<Arc<Plugin>, LoadError> {
        let Template { engine, pre, identity, .. } = &self.template;
        let Manifest { hooks, imports, size, .. } = &self.manifest;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch { reason: format!("{error:#}") };
        let number = engine.inner.counts.versions.fetch_add(1, Relaxed) + 1;
        let template = Template {
            engine: engine.clone(),
            pre: pre.clone(),
            indices: Indices::look_up(pre, *hooks).map_err(mismatch)?,
            identity: Arc::new(Identity { number, ..(**identity).clone() }),
            configuration: configuration.into(),
            services,
            wants_body: false,
            guests: Arc::new(AtomicU32::new(0)),
            log_budget: Arc::default(),
        };
        engine.begin(template, Checked { hooks: *hooks, imports: imports.clone() }, *size)
    }
}

/// What a plugin file is known by, over restarts and at all nodes: its SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The manifest, if it keeps the contract.
fn manifest(said: lifecycle::Manifest, checked: Checked, size: usize) -> Result<Manifest, LoadError> {
    let wrong = |reason: String| Err(LoadError::Manifest { reason });
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=MAX_MANIFEST_NAME).contains(&said.name.len()) || !said.name.bytes().all(is_name) {
        return wrong(format!(
            "its name is 1 to {MAX_MANIFEST_NAME} lower-case letters, digits and hyphens, not {:?}",
            said.name
        ));
    }
    if !(1..=MAX_MANIFEST_NAME).contains(&said.version.chars().count())
        || said.version.chars().any(char::is_control)
    {
        return wrong(format!("its version is 1 to {MAX_MANIFEST_NAME} characters, not {:?}", said.version));
    }
    if said.methods.len() > MAX_METHODS {
        return wrong(format!("it names more than {MAX_METHODS} methods"));
    }
    if let Some(method) = said.methods.iter().find(|name| !sip::is_token(name.as_bytes())) {
        return wrong(format!("{method:?} is not a method"));
    }
    let wants_in_dialog = said.wants.contains(lifecycle::Wants::IN_DIALOG);
    if wants_in_dialog && !checked.hooks.in_dialog_request {
        return wrong("it wants in-dialog requests, but exports no on-in-dialog-request".into());
    }
    Ok(Manifest {
        methods: said.methods.into_iter().map(Into::into).collect(),
        wants_body: said.wants.contains(lifecycle::Wants::BODY),
        wants_in_dialog,
        hooks: checked.hooks,
        imports: checked.imports,
        size,
    })
}

/// Polls a future to its end on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
