//! Locating SIP servers (RFC 3263): from a URI or a Via to the hops to try, in order.
//!
//! ```text
//!  numeric host ───────────────────────────────────────────────▶ one hop
//!  name in the hosts file ─────────────────────────────────────▶ hops
//!  port given ────────────────────────────────▶ A/AAAA ────────▶ hops
//!  transport given ──────────────▶ SRV ─ none ▶ A/AAAA ────────▶ hops
//!  neither ────────▶ NAPTR ─ none ▶ SRV of every transport ─ none ▶ A/AAAA ▶ hops
//! ```
//! In: [`LocateRequest`] (§4) or [`ResponseTarget`] (§5), reports of dead hops. Out: [`Hop`]s, those known to be
//! dead left out. The records' cache, bounded by their TTL, is the resolver's. Not here: trying the hops one after
//! the other and ENUM.

mod dead;
mod dns;
mod hosts;
mod naptr;
mod request;
mod response;
mod srv;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sip::Transport;

use dead::DeadHops;
use dns::{Dns, Found};
pub use request::{LocateRequest, numeric};
pub use response::{ResponseTarget, numeric_response};
use srv::{Luck, Service};

/// Most hops that one location gives.
pub const MAX_HOPS: usize = 16;

/// Most NAPTR records of one domain that are followed.
pub const MAX_NAPTR: usize = 8;

/// Most SRV records of one service that are followed.
pub const MAX_SRV: usize = 16;

/// Most addresses of one host that are taken.
pub const MAX_ADDRESSES: usize = 8;

/// Most hops remembered as dead.
pub const MAX_DEAD: usize = 4096;

/// One way to try.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Protocol to use.
    pub transport: Transport,
    /// Where to.
    pub addr: SocketAddr,
    /// The domain that the peer's certificate must be for (RFC 5922 §7.1): the host of the URI, whatever the SRV
    /// records named. `None` without TLS, and where the URI had an address (the certificate must name that).
    pub server_name: Option<Arc<str>>,
}

/// Which kinds of addresses can be used, and which are tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AddressFamilies {
    /// IPv4, then IPv6.
    #[default]
    Ipv4First,
    /// IPv6, then IPv4.
    Ipv6First,
    /// IPv4 only.
    Ipv4Only,
    /// IPv6 only.
    Ipv6Only,
}

/// How a [`Locator`] works.
#[derive(Clone, Debug)]
pub struct LocatorConfig {
    /// DNS servers with their ports. Empty: the system's, with its search domains.
    pub nameservers: Vec<SocketAddr>,
    /// File of names that are known without DNS, in the format of `/etc/hosts`, read once. `None`: `localhost` only.
    pub hosts_file: Option<PathBuf>,
    /// How long one query waits for an answer before it is repeated.
    pub query_timeout: Duration,
    /// How often a query is repeated.
    pub attempts: usize,
    /// How long one location may take in all.
    pub total_timeout: Duration,
    /// Most responses kept in the cache.
    pub cache_size: u64,
    /// Longest time a positive answer is kept, whatever its TTL.
    pub max_ttl: Duration,
    /// Longest time a negative answer is kept.
    pub max_negative_ttl: Duration,
    /// The transports that this node can use towards others, the preferred first; the order counts where DNS
    /// states none (§4.1).
    pub transports: Vec<Transport>,
    /// Kinds of addresses that this node can reach.
    pub families: AddressFamilies,
    /// Seed of the choice among SRV records of one priority.
    pub seed: u64,
}

impl Default for LocatorConfig {
    fn default() -> Self {
        LocatorConfig {
            nameservers: Vec::new(),
            hosts_file: Some("/etc/hosts".into()),
            query_timeout: Duration::from_secs(2),
            attempts: 2,
            total_timeout: Duration::from_secs(8),
            cache_size: 8192,
            max_ttl: Duration::from_secs(3600),
            max_negative_ttl: Duration::from_secs(60),
            transports: vec![Transport::Udp, Transport::Tcp, Transport::Tls],
            families: AddressFamilies::default(),
            seed: 0,
        }
    }
}

/// Why a target cannot be located.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// The host is not a domain name or address.
    #[error("the host is not a valid domain name")]
    BadHost,
    /// The URI, or everything that the domain offers, needs a transport that this node does not use; `sips` over
    /// UDP is such a case.
    #[error("no transport that both sides can use")]
    NoTransport,
    /// The domain does not exist or has no address.
    #[error("no {record} record")]
    NotFound {
        /// The kind of record looked for last.
        record: &'static str,
    },
    /// The domain says that it has no SIP service (an SRV target of `.`, RFC 2782).
    #[error("the domain offers no such service")]
    Unavailable,
    /// No answer in time.
    #[error("DNS did not answer in time")]
    Timeout,
    /// The DNS servers failed or refused.
    #[error("DNS failed at the {record} query")]
    Failed {
        /// The kind of record looked for.
        record: &'static str,
    },
    /// There is no DNS server to ask.
    #[error("no DNS server is configured")]
    NoNameserver,
}

/// Finds hops by DNS and remembers dead ones. Cheap to share behind an `Arc`.
pub struct Locator {
    dns: Dns,
    transports: Vec<Transport>,
    families: AddressFamilies,
    total_timeout: Duration,
    luck: Luck,
    dead: DeadHops,
}

impl Locator {
    /// Makes a locator. Where no name servers are given and the system's cannot be read, it still locates numeric
    /// hosts, and answers [`LocateError::NoNameserver`] for names.
    pub fn new(config: LocatorConfig) -> Locator {
        Locator {
            dns: Dns::new(&config),
            transports: config.transports,
            families: config.families,
            total_timeout: config.total_timeout,
            luck: Luck::new(config.seed),
            dead: DeadHops::new(MAX_DEAD),
        }
    }

    /// The hops for a request, in the order to try them, at least one (RFC 3263 §4). Must be polled within a tokio
    /// runtime.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub async fn locate(&self, request: &LocateRequest) -> Result<Vec<Hop>, LocateError> {
        let located = tokio::time::timeout(self.total_timeout, self.resolve(request)).await;
        self.alive(located.map_err(|_| LocateError::Timeout)??)
    }

    /// The hops for a response whose top Via, without connection or after it broke, is `target` (RFC 3263 §5,
    /// RFC 3261 §18.2.2). Must be polled within a tokio runtime.
    ///
    /// # Errors
    /// See [`LocateError`].
    pub async fn locate_response(&self, target: &ResponseTarget) -> Result<Vec<Hop>, LocateError> {
        let located = tokio::time::timeout(self.total_timeout, self.resolve_response(target)).await;
        self.alive(located.map_err(|_| LocateError::Timeout)??)
    }

    /// Leaves `hop` out of what is located for the given time: it did not answer, refused the connection, or sent
    /// 503 (§4.3; with Retry-After, that long).
    pub fn report_dead(&self, hop: &Hop, for_how_long: Duration) {
        self.dead.report(hop.transport, hop.addr, Instant::now(), for_how_long);
    }

    /// Takes `hop` back into what is located: it was seen alive.
    pub fn report_alive(&self, hop: &Hop) {
        self.dead.forget(hop.transport, hop.addr);
    }

    /// Whether `hop` is remembered as dead.
    pub fn is_dead(&self, hop: &Hop) -> bool {
        self.dead.contains(hop.transport, hop.addr, Instant::now())
    }

    /// Drops all DNS answers kept.
    pub fn clear_cache(&self) {
        self.dns.clear_cache();
    }

    /// Without the dead hops, unless all are dead: then trying is better than giving up unheard.
    fn alive(&self, mut hops: Vec<Hop>) -> Result<Vec<Hop>, LocateError> {
        hops.truncate(MAX_HOPS);
        let now = Instant::now();
        let dead = |hop: &Hop| self.dead.contains(hop.transport, hop.addr, now);
        if !hops.iter().all(dead) {
            hops.retain(|hop| !dead(hop));
        }
        Ok(hops)
    }

    async fn resolve(&self, request: &LocateRequest) -> Result<Vec<Hop>, LocateError> {
        let explicit = request.explicit_transport()?;
        if let Some(transport) = explicit
            && !self.transports.contains(&transport)
        {
            return Err(LocateError::NoTransport);
        }
        if let Some(address) = request.address() {
            let transport = explicit.unwrap_or(request.default_transport());
            return Ok(vec![Hop::new(transport, address, request.port, None)]);
        }
        let name: Arc<str> = request.host.trim_end_matches('.').into();
        if request.port.is_some() || self.dns.is_local(&name) {
            let transport = explicit.unwrap_or(request.default_transport());
            return self.hosts(&name, &name, transport, request.port).await;
        }
        match explicit {
            Some(transport) => self.by_services(&name, &[transport], transport).await,
            None => match self.by_naptr(&name, request.secure).await? {
                Some(hops) => Ok(hops),
                None => {
                    let usable: Vec<Transport> = self
                        .transports
                        .iter()
                        .copied()
                        .filter(|t| t.is_secure() || !request.secure)
                        .collect();
                    self.by_services(&name, &usable, request.default_transport()).await
                }
            },
        }
    }

    async fn resolve_response(&self, target: &ResponseTarget) -> Result<Vec<Hop>, LocateError> {
        if let Some(hop) = numeric_response(target) {
            return Ok(vec![hop]);
        }
        let (host, port) = target.name_and_port();
        let name: Arc<str> = host.trim_end_matches('.').into();
        if port.is_some() || self.dns.is_local(&name) {
            return self.hosts(&name, &name, target.transport, port).await;
        }
        self.by_services(&name, &[target.transport], target.transport).await
    }

    /// §4.1 first way: `None` if the domain has no NAPTR records at all that concern SIP. Servers that know no such
    /// records answer with an error; that counts as none.
    async fn by_naptr(&self, name: &Arc<str>, secure: bool) -> Result<Option<Vec<Hop>>, LocateError> {
        let records = match self.dns.naptr(name).await {
            Ok(Found::Records(records)) => records,
            Ok(Found::Nothing) | Err(LocateError::Failed { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let services = match naptr::choose(records, &self.transports, secure) {
            naptr::Choice::NotSip => return Ok(None),
            naptr::Choice::NoneUsable => return Err(LocateError::NoTransport),
            naptr::Choice::Services(services) => services,
        };
        let mut failure = None;
        let mut hops = Vec::new();
        for service in services.into_iter().take(MAX_NAPTR) {
            let found = match service.terminal {
                naptr::Terminal::Srv => {
                    self.service(&service.replacement, name, service.transport).await.transpose()
                }
                naptr::Terminal::Address => {
                    Some(self.hosts(&service.replacement, name, service.transport, None).await)
                }
            };
            match found {
                Some(Ok(found)) => hops.extend(found),
                Some(Err(error)) => failure = failure.or(Some(error)),
                None => failure = failure.or(Some(LocateError::NotFound { record: "SRV" })),
            }
            if hops.len() >= MAX_HOPS {
                break;
            }
        }
        match failure {
            Some(error) if hops.is_empty() => Err(error),
            _ => Ok(Some(hops)),
        }
    }

    /// SRV of each transport, in their order; A/AAAA with `fallback` if there is none (§4.1 second way, §4.2).
    async fn by_services(
        &self,
        name: &Arc<str>,
        transports: &[Transport],
        fallback: Transport,
    ) -> Result<Vec<Hop>, LocateError> {
        let queries = transports.iter().filter_map(|transport| {
            let prefix = Service::of(*transport)?.prefix();
            Some(async move { self.service(&format!("{prefix}.{name}"), name, *transport).await })
        });
        let mut failure = None;
        let mut hops = Vec::new();
        for found in join_all(queries).await {
            match found {
                Ok(Some(found)) => hops.extend(found),
                Ok(None) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if !hops.is_empty() {
            return Ok(hops);
        }
        match failure {
            Some(error) => Err(error),
            None => {
                let transport = if transports.contains(&fallback) {
                    fallback
                } else {
                    *transports.first().ok_or(LocateError::NoTransport)?
                };
                self.hosts(name, name, transport, None).await
            }
        }
    }

    /// The hops of one SRV name in the order of RFC 2782; `None` if there are no such records.
    async fn service(
        &self,
        service: &str,
        server_name: &Arc<str>,
        transport: Transport,
    ) -> Result<Option<Vec<Hop>>, LocateError> {
        let records = match self.dns.srv(service).await? {
            Found::Records(records) => records,
            Found::Nothing => return Ok(None),
        };
        if records.iter().all(|record| record.is_refusal()) {
            return Err(LocateError::Unavailable);
        }
        let mut ordered = srv::order(records, |bound| self.luck.up_to(bound));
        ordered.truncate(MAX_SRV);
        let lookups = ordered.iter().filter(|record| !record.is_refusal()).map(|record| async move {
            self.hosts(&record.target, server_name, transport, Some(record.port)).await
        });
        let mut failure = None;
        let mut hops = Vec::new();
        for found in join_all(lookups).await {
            match found {
                Ok(found) => hops.extend(found),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if hops.is_empty() => Err(error),
            _ => Ok(Some(hops)),
        }
    }

    /// The addresses of one host, the preferred family first.
    async fn hosts(
        &self,
        host: &str,
        server_name: &Arc<str>,
        transport: Transport,
        port: Option<u16>,
    ) -> Result<Vec<Hop>, LocateError> {
        let mut addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.dns.addresses(host).await?,
        };
        match self.families {
            AddressFamilies::Ipv4First => addresses.sort_by_key(IpAddr::is_ipv6),
            AddressFamilies::Ipv6First => addresses.sort_by_key(IpAddr::is_ipv4),
            AddressFamilies::Ipv4Only => addresses.retain(IpAddr::is_ipv4),
            AddressFamilies::Ipv6Only => addresses.retain(IpAddr::is_ipv6),
        }
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() {
            return Err(LocateError::NotFound { record: "A or AAAA" });
        }
        let name = transport.is_secure().then(|| server_name.clone());
        Ok(addresses.into_iter().map(|address| Hop::new(transport, address, port, name.clone())).collect())
    }
}

impl Hop {
    fn new(transport: Transport, address: IpAddr, port: Option<u16>, server_name: Option<Arc<str>>) -> Hop {
        let addr = SocketAddr::new(address, port.unwrap_or(transport.default_port()));
        Hop { transport, addr, server_name }
    }
}

impl std::fmt::Debug for Locator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Locator").field("transports", &self.transports).finish_non_exhaustive()
    }
}
