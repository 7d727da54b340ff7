//! A name server of an IMS domain as a role of the binary: `role = "dns"`.
//!
//! In: its configuration. Out: a running server of `dns`, by which CSCFs in a laboratory find each other as in a network.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use dns::{DnsServer, ImsZone};
use runtime::config::LogTable;
use serde::Deserialize;

use crate::configuration::RoleTable;
use crate::dns_command::zone;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DnsConfig {
    /// `role = "dns"`.
    pub(crate) node: RoleTable,
    /// The zone.
    pub(crate) dns: DnsTable,
    /// Logging.
    #[serde(default)]
    pub(crate) log: LogTable,
}

/// `[dns]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DnsTable {
    /// Where it answers, UDP and TCP.
    pub(crate) listen: SocketAddr,
    /// The domain, such as `ims.mnc001.mcc001.3gppnetwork.org`.
    pub(crate) domain: String,
    /// Address of elements without one of their own.
    pub(crate) address: IpAddr,
    /// `role = "[address:]port"`.
    pub(crate) elements: BTreeMap<String, String>,
}

impl DnsConfig {
    /// Reads it.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<DnsConfig> {
        let config: DnsConfig = toml::from_str(text)
            .map_err(|error| anyhow!("{}: {}", path.display(), error.to_string().trim_end()))?;
        let zone = config.zone().with_context(|| path.display().to_string())?;
        zone.to_zone_file().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn zone(&self) -> Result<ImsZone> {
        let elements: Vec<_> = self.dns.elements.clone().into_iter().collect();
        zone(&self.dns.domain, self.dns.address, &elements)
    }

    /// Starts to answer.
    pub(crate) fn start(&self) -> Result<DnsServer> {
        let threads = tokio::runtime::Handle::current();
        let server = DnsServer::start(&threads, &self.zone()?, self.dns.listen).context("dns.listen")?;
        tracing::info!("role dns for {} on {}", self.dns.domain, server.address());
        Ok(server)
    }
}
