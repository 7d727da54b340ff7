//! What an operator sets of a peer, what we say to it, and the names of its timers.

use std::time::Duration;

use crate::base::{Capabilities, DisconnectCause};
use crate::bounds::MAX_WAIT;
use crate::dictionary::Dictionary;
use crate::format::DiameterIdentity;
use crate::result::Outcome;
use crate::value::{AvpBits, Reading};

/// What we are to every peer.
#[derive(Debug)]
pub struct Local {
    /// What CER and CEA say.
    pub capabilities: Capabilities,
    /// How messages are read.
    pub dictionary: Dictionary,
    /// How much AVP flags matter.
    pub bits: AvpBits,
}

impl Local {
    /// How messages are read.
    pub const fn reading(&self) -> Reading<'_> {
        Reading { dictionary: &self.dictionary, bits: self.bits }
    }
}

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSettings {
    /// Its Origin-Host.
    pub identity: DiameterIdentity,
    /// Its realm.
    pub realm: DiameterIdentity,
    /// Whether we open connections. If not, we wait for it.
    pub initiates: bool,
    /// Its timers.
    pub timers: PeerTimers,
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerTimers {
    /// Tc (RFC 6733 §2.1): the longest wait before another connection.
    pub tc: Duration,
    /// The shortest.
    pub first_reconnect: Duration,
    /// The wait after a peer said that it is busy.
    pub busy: Duration,
    /// Tw (RFC 3539 §3.4.1): silence after which a watchdog is sent. At least six seconds.
    pub tw: Duration,
    /// How long a connection may take to open, and an answer to CER or DPR to come.
    pub exchange: Duration,
}

impl PeerTimers {
    /// "Tw MUST NOT be set lower than 6 seconds."
    pub const MIN_TW: Duration = Duration::from_secs(6);
    /// "a jitter of plus or minus 2 seconds".
    pub(super) const TW_JITTER: Duration = Duration::from_secs(2);

    /// The same, with Tw not below its least value, and nothing beyond [`MAX_WAIT`].
    pub(super) fn bounded(self) -> PeerTimers {
        let most = |wait: Duration| wait.min(MAX_WAIT);
        PeerTimers {
            tc: most(self.tc),
            first_reconnect: most(self.first_reconnect),
            busy: most(self.busy),
            tw: most(self.tw).max(PeerTimers::MIN_TW),
            exchange: most(self.exchange),
        }
    }
}

impl Default for PeerTimers {
    fn default() -> Self {
        PeerTimers {
            tc: Duration::from_secs(30),
            first_reconnect: Duration::from_secs(1),
            busy: Duration::from_secs(300),
            tw: Duration::from_secs(30),
            exchange: Duration::from_secs(10),
        }
    }
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerName {
    /// Connect again (RFC 6733 §2.1).
    Tc,
    /// The watchdog (RFC 3539 §3.4.1).
    Tw,
    /// A connection is not opened.
    Connect,
    /// CEA does not come, or an election does not end.
    CapabilitiesExchange,
    /// DPA, or the end of the connection, does not come.
    Disconnect,
}

/// Why a peer is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The connection could not be opened.
    NotConnected,
    /// The connection was lost.
    Lost,
    /// Something did not come in time.
    Timeout(TimerName),
    /// The watchdog gave it up.
    Watchdog,
    /// Its CEA does not let us in.
    Refused(Outcome),
    /// It answered a CER with something else, or with a CEA that cannot be read.
    NotCea,
    /// Its CEA is of somebody else.
    WrongIdentity,
    /// Its CEA has no application or no security in common with us.
    NothingInCommon,
    /// We were told to.
    Stopped(DisconnectCause),
    /// The peer wanted it.
    Disconnected(DisconnectCause),
}
