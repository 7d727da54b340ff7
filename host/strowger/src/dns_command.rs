//! `strowger dns …`: the names by which an IMS domain is found (TS 23.003 §13; RFC 3263).
//!
//! In: a domain and where its elements are. Out: a zone file, or a server that answers for it.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use dns::{DnsServer, Element, ImsZone, Protocol, Role};

#[derive(Debug, Subcommand)]
pub(crate) enum DnsCommand {
    /// Print a zone file for BIND
    Zone(ZoneArgs),
    /// Answer for the zone until interrupted
    Serve {
        #[command(flatten)]
        zone: ZoneArgs,
        /// Where to listen, UDP and TCP
        #[arg(long, default_value = "127.0.0.1:9053")]
        listen: SocketAddr,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ZoneArgs {
    /// The domain, such as ims.mnc001.mcc001.3gppnetwork.org
    #[arg(long)]
    domain: String,
    /// Address of elements without one of their own
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// An element and its port, such as pcscf=5060, icscf=192.0.2.1:4060, hss=3868; by default those of a laboratory
    #[arg(long = "element", value_name = "ROLE=[ADDRESS:]PORT")]
    elements: Vec<String>,
}

impl ZoneArgs {
    fn zone(&self) -> Result<ImsZone> {
        let usual = ["pcscf=5060", "icscf=4060", "scscf=6060", "hss=3868"].map(str::to_owned);
        let elements = if self.elements.is_empty() { &usual[..] } else { &self.elements };
        let split = |element: &String| {
            let (role, place) =
                element.split_once('=').with_context(|| format!("{element}: not ROLE=PORT"))?;
            Ok((role.to_owned(), place.to_owned()))
        };
        let elements = elements.iter().map(split).collect::<Result<Vec<_>>>()?;
        zone(&self.domain, self.address, &elements)
    }
}

/// The zone of a domain. `elements`: roles, and where each is, `[ADDRESS:]PORT`.
///
/// # Errors
/// What is no role, and what is no place.
pub(crate) fn zone(domain: &str, address: IpAddr, elements: &[(String, String)]) -> Result<ImsZone> {
    let mut zone = ImsZone::new(domain, address);
    for (role, place) in elements {
        let (address, port) = match place.parse::<SocketAddr>() {
            Ok(place) => (place.ip(), place.port()),
            Err(_) => (address, place.parse().with_context(|| format!("{role} = {place}: not a port"))?),
        };
        let sip = |role| {
            Element::new(role, address).speaking(Protocol::SipUdp, port).speaking(Protocol::SipTcp, port)
        };
        zone = zone.with(match role.as_str() {
            "pcscf" => sip(Role::Pcscf),
            "icscf" => sip(Role::Icscf),
            "scscf" => sip(Role::Scscf),
            "hss" => Element::new(Role::Hss, address).speaking(Protocol::Diameter, port),
            other => bail!("{other} is no element; there are pcscf, icscf, scscf, hss"),
        });
    }
    Ok(zone)
}

pub(crate) fn execute(command: DnsCommand) -> Result<()> {
    match command {
        DnsCommand::Zone(args) => {
            print!("{}", args.zone()?.to_zone_file()?);
            Ok(())
        }
        DnsCommand::Serve { zone, listen } => serve(&zone.zone()?, listen),
    }
}

fn serve(zone: &ImsZone, listen: SocketAddr) -> Result<()> {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    threads.block_on(async {
        let server = DnsServer::start(&tokio::runtime::Handle::current(), zone, listen)?;
        println!("answering on {}", server.address());
        tokio::signal::ctrl_c().await?;
        server.stop().await;
        Ok(())
    })
}
