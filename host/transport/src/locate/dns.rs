//! The three DNS look-ups that RFC 3263 needs, on top of hickory-resolver.
//!
//! In: a name. Out: plain records (those of the hosts file before those of DNS), "nothing there", or a [`LocateError`]. Nothing of hickory leaves this file, but
//! for the cache that it keeps. A name without a dot is looked up with the system's search domains, if at all; any
//! other name is taken as fully qualified, which saves queries.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};

use super::hosts::Hosts;
use super::naptr::Naptr;
use super::srv::Srv;
use super::{LocateError, LocatorConfig, MAX_ADDRESSES, MAX_NAPTR, MAX_SRV};

/// What a look-up gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// At least one record.
    Records(Vec<T>),
    /// The name does not exist, or has no record of this kind.
    Nothing,
}

/// A caching resolver, or none where the system names no server, and the names that need none.
pub(super) struct Dns {
    resolver: Option<TokioResolver>,
    hosts: Hosts,
}

impl Dns {
    pub(super) fn new(config: &LocatorConfig) -> Dns {
        let hosts = config.hosts_file.as_deref().map(Hosts::read).unwrap_or_default();
        let resolver = resolver(config)
            .inspect_err(
                |error| tracing::warn!(%error, "no DNS: only addresses and the hosts file are located"),
            )
            .ok();
        Dns { resolver, hosts }
    }

    /// Whether the name needs no DNS.
    pub(super) fn is_local(&self, name: &str) -> bool {
        !self.hosts.addresses(name).is_empty()
    }

    pub(super) fn clear_cache(&self) {
        if let Some(resolver) = &self.resolver {
            resolver.clear_cache();
        }
    }

    pub(super) async fn naptr(&self, name: &str) -> Result<Found<Naptr>, LocateError> {
        self.records(name, RecordType::NAPTR, "NAPTR", MAX_NAPTR * 4, |data| match data {
            RData::NAPTR(naptr) => Some(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: naptr.flags.clone(),
                service: naptr.services.clone(),
                has_regexp: !naptr.regexp.is_empty(),
                replacement: text(&naptr.replacement),
            }),
            _ => None,
        })
        .await
    }

    pub(super) async fn srv(&self, name: &str) -> Result<Found<Srv>, LocateError> {
        self.records(name, RecordType::SRV, "SRV", MAX_SRV * 4, |data| match data {
            RData::SRV(srv) => Some(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: text(&srv.target),
            }),
            _ => None,
        })
        .await
    }

    /// A and AAAA of a host.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LocateError> {
        const RECORD: &str = "A or AAAA";
        let local = self.hosts.addresses(name);
        if !local.is_empty() {
            return Ok(local);
        }
        let resolver = self.resolver.as_ref().ok_or(LocateError::NoNameserver)?;
        match resolver.lookup_ip(qualified(name)?).await {
            Ok(found) => Ok(found.iter().take(MAX_ADDRESSES * 2).collect()),
            Err(error) => match failure(&error, RECORD) {
                None => Err(LocateError::NotFound { record: RECORD }),
                Some(failure) => Err(failure),
            },
        }
    }

    async fn records<T>(
        &self,
        name: &str,
        kind: RecordType,
        record: &'static str,
        most: usize,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Found<T>, LocateError> {
        let resolver = self.resolver.as_ref().ok_or(LocateError::NoNameserver)?;
        match resolver.lookup(qualified(name)?, kind).await {
            Ok(found) => {
                let records: Vec<T> =
                    found.answers().iter().filter_map(|answer| read(&answer.data)).take(most).collect();
                Ok(if records.is_empty() { Found::Nothing } else { Found::Records(records) })
            }
            Err(error) => match failure(&error, record) {
                None => Ok(Found::Nothing),
                Some(failure) => Err(failure),
            },
        }
    }
}

fn resolver(config: &LocatorConfig) -> Result<TokioResolver, NetError> {
    let builder = match &*config.nameservers {
        [] => TokioResolver::builder_tokio()?,
        servers => ours(servers),
    };
    build(builder, config)
}

fn ours(servers: &[SocketAddr]) -> ResolverBuilder<TokioRuntimeProvider> {
    let servers = servers
        .iter()
        .map(|server| {
            let on_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let connections = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
            NameServerConfig::new(server.ip(), true, connections)
        })
        .collect();
    let config = ResolverConfig::from_name_servers(servers);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

fn build(
    mut builder: ResolverBuilder<TokioRuntimeProvider>,
    config: &LocatorConfig,
) -> Result<TokioResolver, NetError> {
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = config.query_timeout;
    options.attempts = config.attempts;
    options.cache_size = config.cache_size;
    options.positive_max_ttl = Some(config.max_ttl);
    options.negative_max_ttl = Some(config.max_negative_ttl);
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.try_tcp_on_error = true;
    options.max_active_requests = MAX_ACTIVE;
    builder.build()
}

/// Most queries in flight to one server.
const MAX_ACTIVE: usize = 1024;

fn qualified(name: &str) -> Result<Name, LocateError> {
    if name.is_empty() || name.len() > sip::bounds::MAX_HOST {
        return Err(LocateError::BadHost);
    }
    let mut parsed = Name::from_ascii(name).map_err(|_| LocateError::BadHost)?;
    if name.contains('.') {
        parsed.set_fqdn(true);
    }
    Ok(parsed)
}

/// A name as text without the final dot.
fn text(name: &Name) -> Box<str> {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).into()
}

/// `None` when the error only says that there is no such record.
fn failure(error: &NetError, record: &'static str) -> Option<LocateError> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(_)) => None,
        NetError::Timeout => Some(LocateError::Timeout),
        _ => Some(LocateError::Failed { record }),
    }
}
