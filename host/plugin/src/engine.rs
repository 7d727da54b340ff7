//! The wasmtime engine: one per process, its configuration and its bounds.
//!
//! In: [`EngineConfig`]. Out: [`Engine`], which loads plugins (`load.rs`) and counts what is alive. No WASI, no
//! threads, no garbage collection, no component-model async: what a script can do is in `wit/`.
//!
//! Choices, each measured (docs of the repository): `concurrency_support(false)` (a call costs a third of what it
//! costs otherwise), pooling allocator with copy-on-write memory images, epochs for deadlines, calls on fibers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::limits::{Limits, MAX_TABLE_ELEMENTS};
use crate::ticker::Ticker;

/// Core instances, and tables, that one component needs at most: its module, and what wit-component puts around it.
const CORE_PER_COMPONENT: u32 = 4;
/// Memory that a freed slot keeps resident, bytes. It is kept for all freed slots, so it is small.
const KEEP_RESIDENT: usize = 64 << 10;
/// Freed slots that remember their last module (and keep its memory image alive).
const WARM_SLOTS: u32 = 8;

/// How to run guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Where compiled artefacts are kept; only this process's user may write there. `None`: always compile.
    pub cache_dir: Option<PathBuf>,
    /// Guests of all plugins together. Each reserves 4 GiB of address space, not memory. Default 1,000.
    pub max_guests: u32,
    /// Stack of a guest's own code, bytes. Default 512 KiB.
    pub wasm_stack: usize,
    /// Stack of a call: the guest's own and the host functions' it calls, bytes. Default 1 MiB.
    pub call_stack: usize,
    /// How often epochs end while no guest is caught by one. Default 20 ms.
    pub slow_tick: Duration,
    /// How often epochs end while one is. Default 2 ms.
    pub fast_tick: Duration,
    /// Compile on all cores at once. Off by default: the cores carry calls.
    pub parallel_compilation: bool,
    /// Fuel of a call, about an instruction each: it is counted ([`crate::Consulted::fuel`]), and a call that needs more
    /// ends as at a deadline, on every machine at the same place. It slows guests down. `None`, the default: not counted.
    pub fuel: Option<u64>,
    /// Bounds of each guest.
    pub limits: Limits,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            cache_dir: None,
            max_guests: 1_000,
            wasm_stack: 512 << 10,
            call_stack: 1 << 20,
            slow_tick: Duration::from_millis(20),
            fast_tick: Duration::from_millis(2),
            parallel_compilation: false,
            fuel: None,
            limits: Limits::default(),
        }
    }
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses the configuration, or the address space does not suffice.
    #[error("the WebAssembly engine does not start: {reason}")]
    Engine {
        /// What wasmtime said.
        reason: String,
    },
    /// No thread for the ticks.
    #[error("the thread that ends epochs does not start")]
    Ticker(#[source] std::io::Error),
    /// The cache folder cannot be used safely.
    #[error("the folder of compiled plugins `{path}` cannot be used: {reason}")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is alive in an engine now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStatus {
    /// Loaded plugins, old versions that are still in use included.
    pub plugins: u32,
    /// Guests, idle ones included.
    pub guests: u32,
    /// Loads whose compiled artefact came from the cache.
    pub cache_hits: u32,
    /// Loads that compiled.
    pub compiled: u32,
}

/// Counters behind [`EngineStatus`].
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) plugins: AtomicU32,
    pub(crate) guests: AtomicU32,
    pub(crate) cache_hits: AtomicU32,
    pub(crate) compiled: AtomicU32,
    pub(crate) versions: AtomicU32,
}

/// Runs guests. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<EngineInner>,
}

pub(crate) struct EngineInner {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) limits: Limits,
    pub(crate) fuel: Option<u64>,
    pub(crate) max_guests: u32,
    pub(crate) cache: Option<Cache>,
    pub(crate) ticker: Ticker,
    pub(crate) counts: Arc<Counts>,
}

impl Engine {
    /// Starts an engine and its ticker thread.
    ///
    /// # Errors
    /// [`EngineError`]: the configuration does not hold together, the address space does not suffice, or the cache
    /// folder could be written by others.
    pub fn new(config: EngineConfig) -> Result<Engine, EngineError> {
        let wasmtime = wasmtime::Engine::new(&wasmtime_config(&config))
            .map_err(|error| EngineError::Engine { reason: format!("{error:#}") })?;
        let cache = config.cache_dir.map(|path| Cache::open(path, &wasmtime)).transpose()?;
        let ticker =
            Ticker::start(&wasmtime, config.slow_tick, config.fast_tick).map_err(EngineError::Ticker)?;
        Ok(Engine {
            inner: Arc::new(EngineInner {
                wasmtime,
                limits: config.limits,
                fuel: config.fuel,
                max_guests: config.max_guests,
                cache,
                ticker,
                counts: Arc::default(),
            }),
        })
    }

    /// What is alive now.
    pub fn status(&self) -> EngineStatus {
        let counts = &self.inner.counts;
        EngineStatus {
            plugins: counts.plugins.load(Relaxed),
            guests: counts.guests.load(Relaxed),
            cache_hits: counts.cache_hits.load(Relaxed),
            compiled: counts.compiled.load(Relaxed),
        }
    }

    /// The bounds of each guest.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("status", &self.status()).finish_non_exhaustive()
    }
}

fn wasmtime_config(config: &EngineConfig) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(config.max_guests)
        .total_core_instances(config.max_guests.saturating_mul(CORE_PER_COMPONENT))
        .total_tables(config.max_guests.saturating_mul(CORE_PER_COMPONENT))
        .total_memories(config.max_guests)
        .total_stacks(config.max_guests)
        .max_core_instances_per_component(CORE_PER_COMPONENT)
        .max_tables_per_component(CORE_PER_COMPONENT)
        .max_memories_per_component(1)
        .max_memory_size(config.limits.memory)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        .async_stack_keep_resident(KEEP_RESIDENT);
    let mut wasmtime = Config::new();
    wasmtime
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(config.fuel.is_some())
        .max_wasm_stack(config.wasm_stack)
        .async_stack_size(config.call_stack)
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(config.parallel_compilation)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    wasmtime
}
