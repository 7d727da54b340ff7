//! The Diameter connections of a CSCF, from its configuration.
//!
//! In: `[diameter]` and `[cx]`. Out: a running service and who asks (`cscf::Cx`), or the first key that is wrong.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cscf::Cx;
use diameter::base::Origin;
use diameter::node::Application;
use diameter::peer::{PeerSettings, PeerTimers};
use diameter::{AvpBits, CommandCode, DiameterIdentity, Dictionary, cx};
use ims::service_profile::SharedIfcSets;
use tokio::runtime::Handle;
use trace::Trace;
use transport::ClientTls;
use transport::diameter::{
    DEFAULT_PORT, DEFAULT_TLS_PORT, DiameterConfig, DiameterListener, DiameterService, Feed, Feeds,
    PeerAddress, PeerTransport, Requests,
};

use crate::clock::wall_ms;
use crate::config::{Config, DiameterPeerTable, DiameterTable};
use crate::error::StartError;
use crate::inbox::Inbox;
use crate::message::ToShard;
use crate::secrets::fresh;

/// How long the HSS has to answer, where nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

fn wrong(key: &str, value: &str, reason: &'static str) -> StartError {
    StartError::Value { key: key.into(), value: value.into(), reason }
}

fn identity(key: &str, value: &str) -> Result<DiameterIdentity, StartError> {
    value.parse().map_err(|_| wrong(key, value, "must be a DiameterIdentity, such as hss.example.org"))
}

/// Everything about Diameter that can be wrong.
pub(crate) fn check(config: &Config) -> Result<(), StartError> {
    let Some(table) = &config.diameter else { return Ok(()) };
    asker(config, table)?;
    configuration(config, table)?;
    Ok(())
}

/// Who asks, and whom.
pub(crate) fn asker(config: &Config, table: &DiameterTable) -> Result<Cx, StartError> {
    let realm = config.cx.realm.as_deref().unwrap_or(&table.realm);
    let host = config.cx.host.as_deref().map(|host| identity("cx.host", host)).transpose()?;
    let name = &config.cx.server_name;
    if config.node.role == "scscf" && sip::Uri::parse(name.as_bytes()).is_err() {
        return Err(wrong("cx.server_name", name, "must be this S-CSCF's SIP URI"));
    }
    Ok(Cx {
        origin: origin(table)?,
        destination_realm: identity("cx.realm", realm)?,
        destination_host: host,
        server_name: name.clone(),
        shares_ifc: config.cx.shared_ifc.is_some(),
    })
}

/// The shared sets of filter criteria; none where no file is named.
pub(crate) fn shared_ifc(config: &Config) -> Result<SharedIfcSets, StartError> {
    let Some(file) = &config.cx.shared_ifc else { return Ok(SharedIfcSets::default()) };
    let document =
        std::fs::read(file).map_err(|source| StartError::SharedIfcFile { file: file.clone(), source })?;
    SharedIfcSets::parse(&document).map_err(|source| StartError::SharedIfc { file: file.clone(), source })
}

/// How long the HSS has to answer.
pub(crate) fn timeout(config: &Config) -> Duration {
    match config.cx.timeout_ms {
        0 => DEFAULT_TIMEOUT,
        ms => Duration::from_millis(u64::from(ms)),
    }
}

fn origin(table: &DiameterTable) -> Result<Origin, StartError> {
    Ok(Origin {
        host: identity("diameter.identity", &table.identity)?,
        realm: identity("diameter.realm", &table.realm)?,
        state_id: Some((wall_ms() / 1000) as u32),
    })
}

/// Connections go to a shard, which reads them with its sockets: an answer of the HSS wakes it alone.
struct ToReader(Arc<Inbox<ToShard>>);

impl Feeds for ToReader {
    fn opened(&self, feed: Feed) {
        // Where the shard is hopelessly behind, the feed is dropped, and the service reads by itself.
        let _ = self.0.push(ToShard::Feed(feed));
    }
}

/// Starts it. `reader`: of the shard that reads its connections.
pub(crate) fn start(
    threads: &Handle,
    config: &Config,
    table: &DiameterTable,
    requests: Arc<dyn Requests>,
    reader: Arc<Inbox<ToShard>>,
    trace: Option<Arc<Trace>>,
) -> Result<DiameterService, StartError> {
    let feeds: Option<Arc<dyn Feeds>> = Some(Arc::new(ToReader(reader)));
    let configuration = DiameterConfig { trace, feeds, ..configuration(config, table)? };
    Ok(DiameterService::start(threads, configuration, requests)?)
}

fn configuration(config: &Config, table: &DiameterTable) -> Result<DiameterConfig, StartError> {
    let serves = if config.node.role == "scscf" { &cx::OF_AN_SCSCF[..] } else { &[] };
    let own = config.listeners.iter().map(|entry| entry.address.ip());
    let client_tls = ClientTls {
        authorities: config.tls.authorities.clone().into_iter().collect(),
        verify: !config.tls.insecure,
        identity: None,
    };
    diameter_config(table, serves, own, client_tls)
}

/// What a Diameter service is started with. `serves`: commands of Cx that it answers; `own`: further addresses of this
/// machine, to tell peers.
///
/// # Errors
/// The first key that is wrong.
pub fn diameter_config(
    table: &DiameterTable,
    serves: &[CommandCode],
    own: impl Iterator<Item = IpAddr>,
    client_tls: ClientTls,
) -> Result<DiameterConfig, StartError> {
    let timers = PeerTimers {
        tc: Duration::from_secs(u64::from(table.reconnect_s)),
        tw: Duration::from_secs(u64::from(table.watchdog_s)),
        ..PeerTimers::default()
    };
    let (mut peers, mut addresses) = (Vec::new(), Vec::new());
    for peer in &table.peers {
        let name = identity("diameter.peers.identity", &peer.identity)?;
        let realm = peer.realm.as_deref().unwrap_or(&table.realm);
        peers.push(PeerSettings {
            identity: name.clone(),
            realm: identity("diameter.peers.realm", realm)?,
            initiates: peer.address.is_some(),
            timers,
        });
        if let Some(address) = &peer.address {
            addresses.push(peer_address(peer, name, address)?);
        }
    }
    let mut host_ip_addresses = table.addresses.clone();
    if host_ip_addresses.is_empty() {
        let all = table.listen.iter().map(SocketAddr::ip).chain(own);
        host_ip_addresses.extend(all.filter(|ip| !ip.is_unspecified()));
        host_ip_addresses.dedup();
    }
    let outstanding = table.outstanding as usize;
    let limits =
        diameter::node::Limits { outstanding, outstanding_per_peer: outstanding, ..Default::default() };
    let node = diameter::node::Config {
        origin: origin(table)?,
        host_ip_addresses,
        vendor_id: 0,
        product_name: "Strowger".into(),
        firmware_revision: None,
        applications: vec![Application::CX],
        serves: serves.iter().map(|&command| (Application::CX.id, command)).collect(),
        peers,
        routes: Vec::new(),
        limits,
        dictionary: Dictionary::new(),
        bits: AvpBits::Lenient,
        started: wall_ms() / 1000,
        seed: u64::from_le_bytes(fresh()),
    };
    let listen = table.listen.iter().map(|&address| DiameterListener { address, tls: None }).collect();
    Ok(DiameterConfig {
        node,
        listen,
        peers: addresses,
        client_tls,
        limits: Default::default(),
        trace: None,
        feeds: None,
    })
}

/// `host`, `host:port`, or an IPv6 address in brackets with or without a port.
fn peer_address(
    peer: &DiameterPeerTable,
    identity: DiameterIdentity,
    address: &str,
) -> Result<PeerAddress, StartError> {
    let bad =
        || wrong("diameter.peers.address", address, "must be a host name or address, with or without a port");
    let default = if peer.tls { DEFAULT_TLS_PORT } else { DEFAULT_PORT };
    let text = format!("sip:{address}");
    let uri = sip::Uri::parse(text.as_bytes()).map_err(|_| bad())?;
    if uri.user().is_some() || address.contains([';', '?']) {
        return Err(bad());
    }
    let host = uri.host().to_string().trim_matches(['[', ']']).to_owned();
    let transport = match peer.tls {
        true => PeerTransport::Tls { server_name: peer.server_name.clone() },
        false => PeerTransport::Tcp,
    };
    Ok(PeerAddress { identity, host, port: uri.port().unwrap_or(default), transport })
}
