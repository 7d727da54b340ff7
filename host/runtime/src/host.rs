//! A host's life: everything opened and wired, run, drained, stopped.
//!
//! In: a [`Config`]. Out: a [`Host`] that carries calls, or the first thing that hinders it, named by its key. The
//! order matters: what can fail for a wrong configuration comes before anything is seen from outside.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use diameter::base::DisconnectCause;

use auth::{Nonces, Policy, ReplayTable, UriCheck};
use node::{Listening, Node, NodeConfig, Returns};
use parking_lot::Mutex;
use plugin::{Active, Engine, EngineConfig, Role, Services};
use proxy::Own;
use storage::{Options as StoreOptions, Store, Users};
use transaction::Limits;
use transport::{ClientTls, Locator, LocatorConfig, StreamLimits, Streams, StreamsConfig};

use crate::activations::Activations;
use crate::audience::Audience;
use crate::audit::Audit;
use crate::clock::{Clock, wall_ms};
use crate::config::{Config, PinnedPolicy};
use crate::configuring::{self, Configuring};
use crate::consult::Consultations;
use crate::control::{Handle, Shared};
use crate::decisions::Decisions;
use crate::diameter_service;
use crate::error::StartError;
use crate::flow_tokens::FlowTokens;
use crate::ims::{self, Ims, Pushed};
use crate::inbox::Inbox;
use crate::listening::{self, Bound};
use crate::loading::signed_plugin;
use crate::locating::Locating;
use crate::message::ToShard;
use crate::metrics::Metrics;
use crate::owner::Owner;
use crate::recorder;
use crate::rehearsal::rehearse;
use crate::remembered::Folder;
use crate::restoring::{Restored, Starting};
use crate::script_timers::ScriptTimers;
use crate::secrets::{self, Secrets};
use crate::services::HostServices;
use crate::shadow::Shadows;
use crate::shard::{Shard, ShardConfig, ShardParts};
use crate::stored::StoredSink;
use crate::streams::{StreamSender, StreamSink};

/// How long a nonce may be used (RFC 7616 §3.3 leaves it to the server).
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// Seconds that refused callers are asked to wait.
const RETRY_AFTER: u32 = 5;

/// How often a draining host looks whether it is done.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// How long connections may take to write what is queued when all else has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Most shards: a branch names its shard in one byte.
const MAX_SHARDS: usize = 64;

/// A running host. Dropping it without [`Host::stop`] leaves its threads running until the process ends.
pub struct Host {
    handle: Handle,
    shards: Vec<JoinHandle<()>>,
    store: Store,
    drain: Duration,
    streams: Arc<OnceLock<Streams>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Host {
    /// Opens everything and starts to carry calls. Must be called within a tokio runtime, which does stream I/O, name
    /// resolution and file watching.
    ///
    /// # Errors
    /// [`StartError`]: the first thing that hinders it; what had been opened is closed again.
    pub async fn start(config: Config) -> Result<Host, StartError> {
        config.validate()?;
        let threads = tokio::runtime::Handle::current();
        let shards = shard_count(config.node.shards);
        let store = open_store(&config)?;
        let secrets = Secrets::of(config.node.data.as_deref())?;
        let users = Arc::new(read_users(&config)?);
        let (registrations, keys) = (Arc::clone(store.registrations()), Arc::clone(store.key_value()));
        let nonces = Arc::new(Nonces::new(secrets.nonces, NONCE_LIFETIME));

        let clock = Clock::start();
        let trace = config.trace.start();
        let inboxes = (0..shards).map(|_| Inbox::new().map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let inboxes: Arc<[Arc<Inbox<ToShard>>]> = inboxes.into();
        let pushed = Arc::new(Pushed::default());
        let ims = match &config.diameter {
            None => None,
            Some(table) => {
                let requests = Arc::clone(&pushed) as Arc<dyn transport::diameter::Requests>;
                let reader = Arc::clone(&inboxes[0]);
                let parts = ims::Parts {
                    cx: diameter_service::asker(&config, table)?,
                    diameter: diameter_service::start(
                        &threads,
                        &config,
                        table,
                        requests,
                        reader,
                        trace.clone(),
                    )?,
                    timeout: diameter_service::timeout(&config),
                    registrations: Arc::clone(&registrations),
                    documents: Arc::clone(store.documents()),
                    inboxes: Arc::clone(&inboxes),
                    shared_ifc: diameter_service::shared_ifc(&config)?,
                };
                let ims = Arc::new(Ims::new(parts, wall_ms()));
                pushed.are_for(&ims);
                Some(ims)
            }
        };
        let sealer = cscf::Sealer::new(&secrets.tokens);
        let script_timers = Arc::new(ScriptTimers::new(clock, Arc::clone(&inboxes[0])));
        let services: Arc<dyn Services> = Arc::new(HostServices {
            registrations: Arc::clone(&registrations),
            users: Arc::clone(&users),
            keys: Arc::clone(&keys),
            nonces: Arc::clone(&nonces),
            replays: Mutex::new(ReplayTable::new(
                NONCE_LIFETIME.as_millis() as u64,
                ReplayTable::DEFAULT_MAX,
            )),
            policy: Policy {
                uri: if config.users.strict_uri { UriCheck::SameTarget } else { UriCheck::Anything },
                ..Policy::default()
            },
            timers: Arc::clone(&script_timers),
            flows: FlowTokens::new(sealer.clone(), &secrets::fresh()),
            sealer,
            ims: ims.clone(),
        });

        let engine = Engine::new(engine_config(&config))?;
        let role = Role::named(&config.node.role);
        let active = Arc::new(Active::new(role.clone()));
        let audit = Audit::in_folder(config.node.data.as_deref());
        let folder = config.node.data.as_deref().map(Folder::of);
        let starting = Starting {
            table: &config.plugin,
            engine: &engine,
            active: &active,
            services: &services,
            folder: folder.as_ref(),
            audit: &audit,
        };
        let Restored { loaded, shelf, news } = starting.start()?;
        let asked = loaded.wants().unwrap_or_default();

        // Bound when there is somebody to answer: what comes before waits nowhere.
        let Bound { ports, streams: stream_listeners, addresses } = listening::bind(&config, shards)?;
        let own_addresses = listening::advertised(&config.listeners, &addresses)?;
        let own = config.node.domains.iter().fold(Own::new(own_addresses, secrets.loops), |own, domain| {
            let (host, port) = split_port(domain);
            own.with_alias(host, port)
        });
        let own = Arc::new(own);
        let listening = Listening::new(addresses.clone());
        let locator = Arc::new(Locator::new(LocatorConfig {
            nameservers: config.dns.servers.clone(),
            transports: reachable(&addresses),
            seed: u64::from_le_bytes(secrets::fresh()),
            ..LocatorConfig::default()
        }));

        let owner_key = secrets::fresh();
        let stream_cell = Arc::new(OnceLock::new());
        let owner = Owner::new(Arc::clone(&inboxes), None, owner_key);
        let sink = StreamSink::new(owner, &stream_cell, trace.clone());
        let streams = Streams::start(&threads, streams_config(&config, stream_listeners), Arc::new(sink))?;
        let proxy_require: Arc<[Box<str>]> =
            config.node.proxy_require.iter().map(|tag| tag.as_str().into()).collect();
        let returns = Arc::new(Returns::default());
        let audience = Arc::<Audience>::default();
        let (timers, timer_c) = configuring::timers(&config);
        if let Some(trace) = &trace {
            audience.add(Arc::new(Decisions::new(Arc::clone(trace))));
        }
        let mut heartbeats = Vec::new();
        let mut counters = Vec::new();
        let mut parts = Vec::new();
        for (shard, ports) in ports.into_iter().enumerate() {
            let mut node = Node::new(NodeConfig {
                shard: shard as u8,
                seed: secrets::fresh(),
                route_key: secrets.route,
                own: Arc::clone(&own),
                listening: listening.clone(),
                wall_start_ms: wall_ms(),
                timers,
                timer_c,
                limits: per_shard(config.limits.transactions, shards),
                max_dialogs: config.limits.dialogs as usize / shards,
                udp_bytes: config.limits.udp_bytes as usize,
                proxy_require: Arc::clone(&proxy_require),
                returns: Arc::clone(&returns),
                server: config.node.server.as_str().into(),
                nonces: Arc::clone(&nonces),
                retry_after: RETRY_AFTER,
            });
            node.set_wants(asked);
            node.set_ends_calls(config.plugin.pinned.policy == PinnedPolicy::End);
            let heartbeat = Arc::new(AtomicU64::new(clock.now().0));
            heartbeats.push(Arc::clone(&heartbeat));
            counters.push(Arc::clone(node.counters()));
            let inbox = Arc::clone(&inboxes[shard]);
            let queue = registrations.queue(Arc::new(StoredSink::new(Arc::clone(&inbox))));
            parts.push(ShardParts {
                node,
                ports,
                owner: Owner::new(Arc::clone(&inboxes), Some(shard), owner_key),
                consultations: Consultations::new(
                    Arc::clone(&active),
                    Arc::clone(&loaded),
                    Arc::clone(&inbox),
                    queue,
                    ims.clone(),
                    Arc::clone(&registrations),
                    Arc::clone(&audience),
                ),
                locating: Locating::new(
                    threads.clone(),
                    Arc::clone(&locator),
                    listening.clone(),
                    Arc::clone(&inbox),
                ),
                streams: StreamSender::new(Arc::clone(&stream_cell), shard as u8),
                inbox,
                clock,
                heartbeat,
                script_timers: (shard == 0).then(|| Arc::clone(&script_timers)),
                trace: trace.clone(),
                config: ShardConfig { rest: Duration::from_micros(u64::from(config.node.rest_us)) },
            });
        }
        // A connection may bring a message before this: its shard is not running yet, and finds it in its inbox.
        let _ = stream_cell.set(streams);
        let shards = parts
            .into_iter()
            .enumerate()
            .map(|(number, parts)| spawn(number, parts))
            .collect::<Result<Vec<_>, _>>()?;

        let reload_cell = Arc::clone(&stream_cell);
        let shared = Arc::new(Shared {
            engine,
            active,
            loaded,
            folder,
            shelf: Mutex::new(shelf),
            audit,
            activations: Activations::default(),
            services,
            counters,
            registrations,
            users,
            keys,
            inboxes,
            heartbeats,
            clock,
            draining: AtomicBool::new(false),
            plugin: Mutex::new(config.plugin.clone()),
            listeners: addresses,
            reload_tls: Box::new(move || match reload_cell.get() {
                Some(streams) => {
                    streams.reload_certificates().map(|()| true).map_err(|error| error.to_string())
                }
                None => Ok(false),
            }),
            loading: Mutex::new(()),
            ims,
            trace,
            shadows: Shadows::new(Arc::clone(&audience)),
            configuring: Configuring::default(),
            audience,
            recording_folder: recorder::folder(&config),
            recordings: recorder::Recordings::default(),
        });
        shared.started(news.as_ref());
        recorder::at_start(&shared, &config)?;
        let metrics = Arc::new(Metrics::new(&shared));
        let mut tasks = vec![
            tokio::spawn(crate::expiry::run(Arc::downgrade(&shared))),
            tokio::spawn(crate::guarding::run(Arc::downgrade(&shared))),
            tokio::spawn(crate::pinned::run(Arc::downgrade(&shared))),
        ];
        if config.plugin.watch {
            tasks.push(tokio::spawn(crate::watch::watch(Arc::downgrade(&shared))));
        }
        Ok(Host {
            handle: Handle { shared, metrics },
            shards,
            store,
            drain: Duration::from_secs(u64::from(config.node.drain_s)),
            streams: stream_cell,
            tasks,
        })
    }

    /// The host as others see it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Refuses new calls, and waits for those under way, at most the configured time.
    pub async fn drain(&self) {
        let shared = &self.handle.shared;
        shared.draining.store(true, Ordering::Relaxed);
        for inbox in shared.inboxes.iter() {
            inbox.extend([ToShard::Drain]);
        }
        let idle = async {
            while shared.counters.iter().any(|counters| counters.open_contexts.get() > 0) {
                tokio::time::sleep(DRAIN_LOOK).await;
            }
        };
        if tokio::time::timeout(self.drain, idle).await.is_err() {
            tracing::warn!("the time to drain is over, and requests are still under way");
        }
    }

    /// Ends the shards, closes the store and lets connections write what is queued; what was acknowledged is durable.
    pub async fn stop(self) {
        for task in &self.tasks {
            task.abort();
        }
        self.handle.shared.shadows.end();
        for inbox in self.handle.shared.inboxes.iter() {
            inbox.extend([ToShard::Stop]);
        }
        let diameter = self.handle.shared.ims.as_ref().map(|ims| ims.diameter.clone());
        let Host { handle, shards, mut store, streams, .. } = self;
        let ended = tokio::task::spawn_blocking(move || {
            for shard in shards {
                let _ = shard.join();
            }
            handle.shared.stop_recording();
            store.close();
        });
        let _ = ended.await;
        if let Some(diameter) = diameter {
            diameter.stop(DisconnectCause::Rebooting).await;
        }
        // The last answers are on their way by connections: these write what is queued.
        if let Some(streams) = streams.get() {
            streams.shut_down(LAST_WORDS).await;
        }
    }
}

/// Looks at everything a start would, but opens no port and writes nothing. What was found, for a person.
///
/// # Errors
/// [`StartError`]: the first thing that would hinder a start.
pub fn check(config: &Config) -> Result<String, StartError> {
    config.validate()?;
    let addresses: Vec<_> =
        config.listeners.iter().map(|entry| (sip::Transport::from(entry.transport), entry.address)).collect();
    listening::advertised(&config.listeners, &addresses)?;
    streams_config(config, listening::streams(config)).check()?;
    diameter_service::shared_ifc(config)?;
    let users = read_users(config)?;
    let engine = Engine::new(EngineConfig { cache_dir: None, ..engine_config(config) })?;
    let role = Role::named(&config.node.role);
    let file: &PathBuf = &config.plugin.file;
    let bytes = signed_plugin(&config.plugin)?.bytes;
    let services: Arc<dyn Services> = Arc::new(crate::nothing::NoServices);
    let plugin = engine
        .load(&bytes, &role, &config.plugin.configuration, services)
        .map_err(|source| StartError::Plugin { file: file.clone(), source })?;
    let refused = |source| StartError::Rehearsal { file: file.clone(), source: Box::new(source) };
    let rehearsal = rehearse(&bytes, &role, &config.plugin, &|| true).map_err(refused)?;
    let rehearsal = rehearsal.map(|told| format!(", rehearsed: {told}")).unwrap_or_default();
    let identity = plugin.identity();
    Ok(format!(
        "role {}, {} listeners, {} users, plugin {} {}{rehearsal}: all right",
        role.name(),
        addresses.len(),
        users.len(),
        identity.name,
        identity.version
    ))
}

fn shard_count(configured: u16) -> usize {
    let wanted = match configured {
        0 => std::thread::available_parallelism().map_or(1, |processors| processors.get() / 2),
        number => usize::from(number),
    };
    wanted.clamp(1, MAX_SHARDS)
}

fn per_shard(transactions: u32, shards: usize) -> Limits {
    let each = (transactions / shards as u32).max(1);
    Limits { max_server: each, max_client: each }
}

fn read_users(config: &Config) -> Result<Users, StartError> {
    Ok(match (&config.users.file, &config.users.url) {
        (Some(file), _) => Users::open(file)?,
        (None, Some(url)) => Users::open_at(url).map_err(StartError::UsersServer)?,
        (None, None) => Users::none(),
    })
}

fn open_store(config: &Config) -> Result<Store, StartError> {
    let (options, data) = (store_options(config), config.node.data.as_deref());
    match (config.storage.place()?, data) {
        (Some(place), data) => Store::open_at(place, data, &options).map_err(StartError::Database),
        (None, Some(folder)) => Ok(Store::open(folder, &options)?),
        (None, None) => Ok(Store::in_memory(&options)),
    }
}

fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        max_bindings: config.limits.bindings as usize,
        window: Duration::from_millis(u64::from(config.node.commit_ms)),
        ..StoreOptions::default()
    }
}

fn engine_config(config: &Config) -> EngineConfig {
    let plugin = &config.plugin;
    let cache_dir =
        plugin.cache.clone().or_else(|| config.node.data.as_ref().map(|data| data.join("plugins")));
    let limits = plugin::Limits {
        memory: plugin.memory_mb as usize * (1 << 20),
        deadline: Duration::from_millis(u64::from(plugin.deadline_ms)),
        guests: plugin.instances,
        ..plugin::Limits::default()
    };
    EngineConfig { cache_dir, max_guests: plugin.instances, limits, ..EngineConfig::default() }
}

fn streams_config(config: &Config, listeners: Vec<transport::StreamListener>) -> StreamsConfig {
    let limits = StreamLimits {
        max_connections: config.limits.connections as usize,
        max_connections_per_source: config.limits.connections_per_address as usize,
        idle: Duration::from_secs(u64::from(config.limits.idle_s)),
        ..StreamLimits::default()
    };
    let client_tls = ClientTls {
        authorities: config.tls.authorities.clone().into_iter().collect(),
        verify: !config.tls.insecure,
        identity: None,
    };
    StreamsConfig { listeners, limits, client_tls }
}

/// Transports by which others can be reached: those we listen on and that can be connected to.
fn reachable(addresses: &[(sip::Transport, std::net::SocketAddr)]) -> Vec<sip::Transport> {
    use sip::Transport::{Tcp, Tls, Udp};
    [Udp, Tcp, Tls].into_iter().filter(|&one| addresses.iter().any(|&(own, _)| own == one)).collect()
}

/// `host:port` apart; an IPv6 address needs brackets before its port.
fn split_port(domain: &str) -> (&str, Option<u16>) {
    match domain.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (domain, None),
        },
        _ => (domain, None),
    }
}

fn spawn(number: usize, parts: ShardParts) -> Result<JoinHandle<()>, std::io::Error> {
    // What a shard holds must not cross threads once it runs, so it is put together where it runs.
    std::thread::Builder::new().name(format!("strowger-{number}")).spawn(move || {
        if let Err(error) = Shard::new(parts).and_then(Shard::run) {
            tracing::error!(shard = number, %error, "a shard has ended");
        }
    })
}
