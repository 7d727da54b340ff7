//! The tables about Diameter and the HSS (RFC 6733, TS 29.228), of a CSCF and, but for `[cx]`, of the HSS.
//!
//! In: TOML text. Out: types. Whether they go together is looked at in `diameter_service.rs`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

/// `[diameter]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiameterTable {
    /// Our DiameterIdentity, Origin-Host: a name that the peers know us by.
    pub identity: String,
    /// Our realm, Origin-Realm.
    pub realm: String,
    /// Addresses to listen on, by TCP.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// Host-IP-Address to tell peers; default: those of `listen` and of the SIP listeners.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Whom we know: at least one.
    #[serde(default)]
    pub peers: Vec<DiameterPeerTable>,
    /// Seconds between watchdogs (Tw of RFC 3539), 6 to 600.
    #[serde(default = "DiameterTable::default_watchdog")]
    pub watchdog_s: u32,
    /// Longest wait in seconds before a lost peer is connected to again, 1 to 600.
    #[serde(default = "DiameterTable::default_reconnect")]
    pub reconnect_s: u32,
    /// Requests without an answer at once, of all peers, 1 to 1,000,000; more are refused.
    #[serde(default = "DiameterTable::default_outstanding")]
    pub outstanding: u32,
}

impl DiameterTable {
    fn default_watchdog() -> u32 {
        30
    }
    fn default_reconnect() -> u32 {
        10
    }
    fn default_outstanding() -> u32 {
        20_000
    }
}

/// `[[diameter.peers]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiameterPeerTable {
    /// Its DiameterIdentity.
    pub identity: String,
    /// Its realm; default: ours.
    pub realm: Option<String>,
    /// `host:port` to connect to, a name or an address; none: it connects to us.
    pub address: Option<String>,
    /// Speak TLS from the first byte on.
    #[serde(default)]
    pub tls: bool,
    /// What its certificate must be for; default: its identity.
    pub server_name: Option<String>,
}

/// `[cx]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CxTable {
    /// The HSS's realm; default: `diameter.realm`.
    pub realm: Option<String>,
    /// One HSS alone, by its DiameterIdentity; default: whichever serves the realm.
    pub host: Option<String>,
    /// SIP URI of this S-CSCF, as the HSS stores it (Server-Name).
    pub server_name: String,
    /// Milliseconds that the HSS has to answer, 10 to 60,000; 0: 5,000.
    pub timeout_ms: u32,
    /// File of shared sets of filter criteria (TS 29.228 §B.2.1), for an S-CSCF; default: there are none.
    pub shared_ifc: Option<PathBuf>,
}
