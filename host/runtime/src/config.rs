//! What an operator writes about a host: the TOML file's tables as types (`docs/operating.md` lists every key).
//!
//! In: TOML text. Out: [`Config`], or an error that names table, key and reason. Reading files and the command line
//! belong to the binary.

mod diameter;
mod guard;
mod pinned;
mod plugin;
mod record;
mod rehearsal;
mod shadow;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use storage::Place;
use trace::Trace;

pub use self::plugin::PluginTable;
use crate::error::StartError;
pub use diameter::{CxTable, DiameterPeerTable, DiameterTable};
pub use guard::PluginGuardTable;
pub use pinned::{PinnedPolicy, PluginPinnedTable};
pub use record::RecordTable;
pub use rehearsal::{Differences, PluginRehearsalTable};
pub use shadow::PluginShadowTable;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What this node is.
    pub node: NodeTable,
    /// Where what must survive a restart is kept, if not in the data folder.
    #[serde(default)]
    pub storage: StorageTable,
    /// Where it listens; at least one entry.
    #[serde(rename = "listen")]
    pub listeners: Vec<ListenTable>,
    /// The script.
    pub plugin: PluginTable,
    /// Who may authenticate.
    #[serde(default)]
    pub users: UsersTable,
    /// HTTP for people and machines.
    #[serde(default)]
    pub admin: AdminTable,
    /// SIP timers.
    #[serde(default)]
    pub timers: TimersTable,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsTable,
    /// Name resolution.
    #[serde(default)]
    pub dns: DnsTable,
    /// Diameter, for a CSCF that asks an HSS.
    pub diameter: Option<DiameterTable>,
    /// What is asked of the HSS.
    #[serde(default)]
    pub cx: CxTable,
    /// TLS towards others.
    #[serde(default)]
    pub tls: TlsTable,
    /// What went over the wire, for ladders.
    #[serde(default)]
    pub trace: TraceTable,
    /// Calls of scripts that are kept, to be made again.
    #[serde(default)]
    pub record: RecordTable,
    /// Logging.
    #[serde(default)]
    pub log: LogTable,
}

impl Config {
    /// Whether every value is within its range and they go together.
    ///
    /// # Errors
    /// [`StartError::Value`] for the first that is not.
    pub fn validate(&self) -> Result<(), StartError> {
        let within = |key: &str, value: u32, range: std::ops::RangeInclusive<u32>, reason| {
            if range.contains(&value) {
                return Ok(());
            }
            Err(StartError::Value { key: key.into(), value: value.to_string(), reason })
        };
        within("node.rest_us", self.node.rest_us, 0..=10_000, "must be 0 to 10,000")?;
        within("node.commit_ms", self.node.commit_ms, 0..=1_000, "must be 0 to 1,000")?;
        if self.storage.place()?.is_some() && self.node.data.is_none() {
            let value = "none".to_owned();
            let reason = "must be given with storage.url: keys of dialogs and nonces are there";
            return Err(StartError::Value { key: "node.data".into(), value, reason });
        }
        if let (Some(file), true) = (&self.users.file, self.users.url.is_some()) {
            let value = file.display().to_string();
            let reason = "must not be given beside users.url";
            return Err(StartError::Value { key: "users.file".into(), value, reason });
        }
        within("node.shards", u32::from(self.node.shards), 0..=64, "must be 0 to 64")?;
        within("plugin.deadline_ms", self.plugin.deadline_ms, 1..=10_000, "must be 1 to 10,000")?;
        within("plugin.memory_mb", self.plugin.memory_mb, 2..=1024, "must be 2 to 1,024")?;
        within("plugin.instances", self.plugin.instances, 8..=10_000, "must be 8 to 10,000")?;
        within("plugin.versions", self.plugin.versions, 1..=64, "must be 1 to 64")?;
        let PluginPinnedTable { deadline_s, .. } = self.plugin.pinned;
        within("plugin.pinned.deadline_s", deadline_s, 0..=604_800, "must be 0 to 604,800")?;
        let PluginGuardTable { margin, success_margin, slower_ms, minimum_calls, .. } = self.plugin.guard;
        for (key, points) in [("margin", margin), ("success_margin", success_margin)] {
            if !(0.0..=100.0).contains(&points) {
                let (key, value) = (format!("plugin.guard.{key}"), points.to_string());
                return Err(StartError::Value { key, value, reason: "must be 0 to 100" });
            }
        }
        within("plugin.guard.slower_ms", slower_ms, 1..=10_000, "must be 1 to 10,000")?;
        within("plugin.guard.minimum_calls", minimum_calls, 1..=1_000_000, "must be 1 to 1,000,000")?;
        if let Some(PluginRehearsalTable { files, calls, seconds, .. }) = &self.plugin.rehearsal {
            if !(1..=MAX_REHEARSED).contains(&files.len()) {
                let (key, value) = ("plugin.rehearsal.files".into(), format!("{} entries", files.len()));
                return Err(StartError::Value { key, value, reason: "must have 1 to 64" });
            }
            within("plugin.rehearsal.calls", *calls, 1..=100_000, "must be 1 to 100,000")?;
            within("plugin.rehearsal.seconds", *seconds, 1..=60, "must be 1 to 60")?;
        }
        within("timers.t1_ms", self.timers.t1_ms, 50..=10_000, "must be 50 to 10,000")?;
        within("timers.t2_ms", self.timers.t2_ms, self.timers.t1_ms..=60_000, "must be t1_ms to 60,000")?;
        within("timers.t4_ms", self.timers.t4_ms, 100..=60_000, "must be 100 to 60,000")?;
        within(
            "timers.c_ms",
            self.timers.c_ms,
            180_001..=86_400_000,
            "must be over 180,000 (RFC 3261 16.6)",
        )?;
        within("limits.transactions", self.limits.transactions, 100..=1 << 28, "must be 100 to 268,435,456")?;
        within("limits.connections", self.limits.connections, 1..=1_000_000, "must be 1 to 1,000,000")?;
        if let Some(diameter) = &self.diameter {
            within("diameter.watchdog_s", diameter.watchdog_s, 6..=600, "must be 6 to 600")?;
            within("diameter.reconnect_s", diameter.reconnect_s, 1..=600, "must be 1 to 600")?;
            let reason = "must be 1 to 1,000,000";
            within("diameter.outstanding", diameter.outstanding, 1..=1_000_000, reason)?;
        }
        if self.cx.timeout_ms != 0 {
            within("cx.timeout_ms", self.cx.timeout_ms, 10..=60_000, "must be 10 to 60,000, or 0 for 5,000")?;
        }
        crate::diameter_service::check(self)?;
        let reason = "must have one entry at least";
        if self.listeners.is_empty() {
            return Err(StartError::Value { key: "listen".into(), value: "[]".into(), reason });
        }
        if self.listeners.len() > MAX_LISTENERS {
            let value = self.listeners.len().to_string();
            let reason = "must have 64 entries at most";
            return Err(StartError::Value { key: "listen".into(), value, reason });
        }
        for entry in &self.listeners {
            if let (Some(value), true) = (entry.segmentation, entry.transport != TransportName::Udp) {
                let key = format!("listen.segmentation ({})", entry.address);
                return Err(StartError::Value { key, value: value.to_string(), reason: "is for udp only" });
            }
            let secure = matches!(entry.transport, TransportName::Tls | TransportName::Wss);
            let files = [("listen.certificate", &entry.certificate), ("listen.key", &entry.key)];
            for (key, file) in files {
                let reason = match (secure, file) {
                    (true, None) => "must be given for tls and wss",
                    (false, Some(_)) => "is for tls and wss only",
                    _ => continue,
                };
                let value = file.as_ref().map_or_else(|| "nothing".into(), |file| file.display().to_string());
                return Err(StartError::Value { key: format!("{key} ({})", entry.address), value, reason });
            }
        }
        Ok(())
    }
}

/// Most files and folders of a rehearsal.
const MAX_REHEARSED: usize = 64;

/// Most listening addresses.
const MAX_LISTENERS: usize = 64;

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeTable {
    /// Role whose grants the plugin gets, such as `edge`.
    pub role: String,
    /// Domains and addresses, besides those it listens on, that are this element's own.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Option tags of Proxy-Require (RFC 3261 §16.3 item 5) that the plugin decides about; others are answered 420.
    #[serde(default)]
    pub proxy_require: Vec<String>,
    /// Folder for what must survive a restart. None: nothing survives.
    pub data: Option<PathBuf>,
    /// Threads that carry signalling. 0: one for every two processors.
    #[serde(default)]
    pub shards: u16,
    /// Microseconds a busy shard rests between two rounds, so that messages come in batches; 0 to 10,000. It is
    /// the most that is added to a message's way, and only while others are under way.
    #[serde(default = "NodeTable::default_rest")]
    pub rest_us: u32,
    /// Milliseconds that a change of registrations waits for others to become durable with them, where they come
    /// thick; 0 to 1,000. It is added to the answer of a REGISTER, and each group costs a write and a flush of the disk.
    #[serde(default = "NodeTable::default_commit")]
    pub commit_ms: u32,
    /// Value of the Server header field in answers of this element; empty: none.
    #[serde(default = "NodeTable::default_server")]
    pub server: String,
    /// Seconds that a stopping host gives to what is under way.
    #[serde(default = "NodeTable::default_drain")]
    pub drain_s: u32,
}

impl NodeTable {
    fn default_rest() -> u32 {
        2000
    }
    fn default_commit() -> u32 {
        100
    }
    fn default_server() -> String {
        format!("Strowger/{}", env!("CARGO_PKG_VERSION"))
    }
    fn default_drain() -> u32 {
        30
    }
}

/// `[storage]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageTable {
    /// `sqlite:FILE`, `mysql://user:password@host/database` or `postgres://…`: registrations, scripts' tables and what a
    /// CSCF knows of its subscribers. None: SQLite in the data folder.
    pub url: Option<String>,
    /// The name of this node, by which its rows are known in a database that several share.
    #[serde(default)]
    pub node: String,
}

/// The URL may hold a password.
impl std::fmt::Debug for StorageTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageTable").field("node", &self.node).finish_non_exhaustive()
    }
}

impl StorageTable {
    /// Where that is. None: in the data folder.
    ///
    /// # Errors
    /// The URL is none of ours, or the node has no name.
    pub fn place(&self) -> Result<Option<Place>, StartError> {
        Ok(self.url.as_deref().map(|url| Place::of(url, &self.node)).transpose()?)
    }
}

/// A transport's name in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl From<TransportName> for sip::Transport {
    fn from(name: TransportName) -> Self {
        match name {
            TransportName::Udp => sip::Transport::Udp,
            TransportName::Tcp => sip::Transport::Tcp,
            TransportName::Tls => sip::Transport::Tls,
            TransportName::Ws => sip::Transport::Ws,
            TransportName::Wss => sip::Transport::Wss,
        }
    }
}

/// `[[listen]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenTable {
    /// Which transport.
    pub transport: TransportName,
    /// Address and port to bind.
    pub address: SocketAddr,
    /// `host` or `host:port` to write into Via and Record-Route; default: the address.
    pub advertise: Option<String>,
    /// Hand datagrams of one size to one remote to the kernel in one piece that it cuts (udp); default: false.
    pub segmentation: Option<bool>,
    /// PEM file with the certificate chain (tls, wss).
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key (tls, wss).
    pub key: Option<PathBuf>,
}

/// `[users]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsersTable {
    /// A file of lines `user TAB domain TAB password TAB HA1`, or an SQLite database with the table
    /// `subscriber(username, domain, password, ha1)`.
    pub file: Option<PathBuf>,
    /// In the place of a file: `mysql://user:password@host/database` or `postgres://…`, with that table.
    pub url: Option<String>,
    /// Refuse credentials whose `uri` is not the Request-URI (RFC 7616 §3.4.6). Off by default: many user agents and
    /// load generators write the address they send to instead. A captured answer cannot be used again either way:
    /// each nonce count of a nonce is good once.
    #[serde(default)]
    pub strict_uri: bool,
}

/// The URL may hold a password.
impl std::fmt::Debug for UsersTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsersTable").field("file", &self.file).finish_non_exhaustive()
    }
}

/// `[admin]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminTable {
    /// Address of the HTTP server; none: off.
    pub address: Option<SocketAddr>,
    /// Bearer token for everything that changes something. None: only from loopback addresses.
    pub token: Option<String>,
}

/// `[timers]`, all in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimersTable {
    /// RTT estimate (RFC 3261 §17.1.1.1); 50 to 10,000.
    pub t1_ms: u32,
    /// Longest retransmission interval.
    pub t2_ms: u32,
    /// Longest life of a message in the network.
    pub t4_ms: u32,
    /// Timer C: an INVITE without a final response; over 180,000 by RFC 3261 §16.6.
    pub c_ms: u32,
}

impl Default for TimersTable {
    fn default() -> Self {
        Self { t1_ms: 500, t2_ms: 4000, t4_ms: 5000, c_ms: 185_000 }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    /// Transactions of each side, over all shards.
    pub transactions: u32,
    /// Dialogs, over all shards.
    pub dialogs: u32,
    /// Bindings in all.
    pub bindings: u32,
    /// Stream connections in all.
    pub connections: u32,
    /// Stream connections from one address.
    pub connections_per_address: u32,
    /// Seconds a stream connection may be silent.
    pub idle_s: u32,
    /// Bytes above which a request to a UDP target goes by TCP (RFC 3261 §18.1.1); 0: never.
    pub udp_bytes: u32,
    /// Socket buffer in bytes, each way.
    pub socket_buffer: u32,
}

impl Default for LimitsTable {
    fn default() -> Self {
        Self {
            transactions: 2_000_000,
            dialogs: 2_000_000,
            bindings: 5_000_000,
            connections: 50_000,
            connections_per_address: 10_000,
            idle_s: 900,
            udp_bytes: 1300,
            socket_buffer: 8 << 20,
        }
    }
}

/// `[dns]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsTable {
    /// Name servers; default: the system's.
    #[serde(default)]
    pub servers: Vec<SocketAddr>,
}

/// `[tls]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsTable {
    /// PEM file of authorities to trust when connecting out; default: the well-known ones.
    pub authorities: Option<PathBuf>,
    /// Accept any certificate when connecting out. For laboratories.
    #[serde(default)]
    pub insecure: bool,
}

/// `[trace]`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceTable {
    /// Names of messages that are kept, the last ones, up to 1,000,000; 0: none. Each costs about 300 bytes and some
    /// microseconds.
    pub messages: u32,
}

impl TraceTable {
    /// What to trace into.
    #[must_use]
    pub fn start(self) -> Option<Arc<Trace>> {
        (self.messages > 0).then(|| Arc::new(Trace::new(self.messages as usize)))
    }
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogTable {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,strowger_transport=debug`.
    pub level: String,
    /// Shape of the lines.
    pub format: LogFormat,
}

impl Default for LogTable {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}
