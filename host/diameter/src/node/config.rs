//! What a node is given at its start: who it is, whom it knows, what it bounds.
//!
//! In: values. Out: what the node keeps of them, or why it cannot start. Files and addresses belong to the shell.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Capabilities, Origin, VendorSpecificApplicationId};
use crate::bounds::MAX_WAIT;
use crate::dictionary::Dictionary;
use crate::format::{Address, DiameterIdentity};
use crate::header::{ApplicationId, CommandCode};
use crate::node::PeerId;
use crate::node::routes::Route;
use crate::peer::{Local, PeerSettings};
use crate::value::AvpBits;

/// An application that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Its vendor, where it is a vendor's: then it is named in Vendor-Specific-Application-Id.
    pub vendor: Option<u32>,
}

impl Application {
    /// Cx.
    pub const CX: Application = Application { id: ApplicationId::CX, vendor: Some(crate::avp::vendor::TGPP) };
}

/// What a node is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Our identity and realm. The Origin-State-Id has to grow from start to start.
    pub origin: Origin,
    /// Host-IP-Address of CER and CEA: at least one.
    pub host_ip_addresses: Vec<IpAddr>,
    /// Vendor-Id of the software.
    pub vendor_id: u32,
    /// Product-Name.
    pub product_name: String,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
    /// What we speak: at least one.
    pub applications: Vec<Application>,
    /// The requests that the host answers. Any other is answered COMMAND_UNSUPPORTED.
    pub serves: Vec<(ApplicationId, CommandCode)>,
    /// Whom we know.
    pub peers: Vec<PeerSettings>,
    /// Which realm is reached by whom. A realm without a route is reached by the peers that are in it.
    pub routes: Vec<Route>,
    /// The bounds.
    pub limits: Limits,
    /// Which AVPs are known.
    pub dictionary: Dictionary,
    /// How much AVP flags matter.
    pub bits: AvpBits,
    /// When the node starts: seconds since 1970. For identifiers that are unique across restarts.
    pub started: u64,
    /// Another one at each start.
    pub seed: u64,
}

/// What is bounded, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Our requests without an answer, of all peers together.
    pub outstanding: usize,
    /// The same, of one peer.
    pub outstanding_per_peer: usize,
    /// Peers that one request is sent to, one after the other.
    pub attempts: usize,
    /// Requests of others that the host has not answered.
    pub incoming: usize,
    /// How long the host has to answer one. After that UNABLE_TO_COMPLY goes out.
    pub answer_within: Duration,
    /// Accepted connections on which no CER has come.
    pub accepted: usize,
    /// How long one may stay without.
    pub cer_within: Duration,
    /// Bytes of a message.
    pub message: usize,
    /// Requests of others that are remembered, to answer them alike if they come again.
    pub duplicates: usize,
    /// Bytes of the answers that are remembered with them.
    pub duplicate_bytes: usize,
    /// How long they are. "at least 4 minutes" is an End-to-End Identifier unique (§3).
    pub duplicate_window: Duration,
    /// Counters of different peers, commands and results.
    pub counters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            outstanding: 10_000,
            outstanding_per_peer: 5_000,
            attempts: 3,
            incoming: 2_000,
            answer_within: Duration::from_secs(8),
            accepted: 64,
            cer_within: Duration::from_secs(10),
            message: crate::bounds::MAX_MESSAGE,
            duplicates: 4_096,
            duplicate_bytes: 8 * 1024 * 1024,
            duplicate_window: Duration::from_secs(240),
            counters: 4_096,
        }
    }
}

impl Limits {
    /// The same, with nothing that waits beyond [`MAX_WAIT`].
    pub(super) fn bounded(self) -> Limits {
        Limits {
            answer_within: self.answer_within.min(MAX_WAIT),
            cer_within: self.cer_within.min(MAX_WAIT),
            ..self
        }
    }
}

/// Peers of one node. A peer's number has to fit.
pub const MAX_PEERS: usize = 1_000;

/// Why a node cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// §5.3: CER has at least one Host-IP-Address.
    #[error("no address to tell peers")]
    NoAddress,
    /// A node without an application has nothing in common with anybody.
    #[error("no application")]
    NoApplication,
    /// Two peers of one name.
    #[error("the peer {0} is there twice")]
    PeerTwice(DiameterIdentity),
    /// Our own name.
    #[error("{0} is this node itself, and cannot be its peer")]
    OwnName(DiameterIdentity),
    /// A route by somebody who is no peer.
    #[error("a route goes by {0}, which is no peer")]
    UnknownPeer(DiameterIdentity),
    /// [`MAX_PEERS`].
    #[error("too many peers")]
    TooManyPeers,
}

impl Config {
    /// Who is who, and which routes there are.
    pub(super) fn check(&self) -> Result<BTreeMap<DiameterIdentity, PeerId>, ConfigError> {
        if self.host_ip_addresses.is_empty() {
            return Err(ConfigError::NoAddress);
        }
        if self.applications.is_empty() {
            return Err(ConfigError::NoApplication);
        }
        if self.peers.len() > MAX_PEERS {
            return Err(ConfigError::TooManyPeers);
        }
        let mut names = BTreeMap::new();
        for (at, peer) in self.peers.iter().enumerate() {
            if peer.identity == self.origin.host {
                return Err(ConfigError::OwnName(peer.identity.clone()));
            }
            if names.insert(peer.identity.clone(), PeerId(at as u16)).is_some() {
                return Err(ConfigError::PeerTwice(peer.identity.clone()));
            }
        }
        match self.routes.iter().find(|route| !names.contains_key(&route.peer)) {
            Some(route) => Err(ConfigError::UnknownPeer(route.peer.clone())),
            None => Ok(names),
        }
    }

    /// What we say of ourselves.
    pub(super) fn local(&self) -> Arc<Local> {
        let vendors: BTreeSet<u32> = self.applications.iter().filter_map(|one| one.vendor).collect();
        let plain = self.applications.iter().filter(|one| one.vendor.is_none());
        let of_vendors = self.applications.iter().filter_map(|one| Some((one.vendor?, one.id)));
        let capabilities = Capabilities {
            origin: self.origin.clone(),
            host_ip_addresses: self.host_ip_addresses.iter().copied().map(Address::Ip).collect(),
            vendor_id: self.vendor_id,
            product_name: self.product_name.clone(),
            supported_vendor_ids: vendors.into_iter().collect(),
            auth_application_ids: plain.map(|one| one.id.0).collect(),
            inband_security_ids: Vec::new(),
            acct_application_ids: Vec::new(),
            vendor_specific_application_ids: of_vendors
                .map(|(vendor, id)| VendorSpecificApplicationId::of(vendor, id))
                .collect(),
            firmware_revision: self.firmware_revision,
        };
        Arc::new(Local { capabilities, dictionary: self.dictionary.clone(), bits: self.bits })
    }
}
