//! HSS, S-CSCFs, I-CSCF and P-CSCF on free loopback ports, each in its own folder. Nothing needs a name server: every
//! element knows the others by address.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::DOMAIN;
use crate::element::Element;
use crate::free_diameter::{AGENT, FreeDiameter};
use crate::plan::Plan;
use crate::ports::free_port;
use crate::relay::Relay;
use crate::until;

/// How a network is to be.
pub(crate) struct Setup {
    /// The document of the HSS.
    pub(crate) subscribers: String,
    /// How many there are. The I-CSCF prefers them in this order.
    pub(crate) scscfs: usize,
    /// Whether a [`Relay`] is between CSCFs and HSS.
    pub(crate) relayed: bool,
    /// The program that is a Diameter relay agent between CSCFs and HSS. None: they are peers.
    pub(crate) agent: Option<PathBuf>,
    /// Milliseconds that the HSS has to answer.
    pub(crate) hss_ms: u32,
    /// T1 in ms: the time until a silent neighbour counts as gone is 64 of them.
    pub(crate) t1_ms: u32,
    /// Shards of each CSCF.
    pub(crate) shards: u32,
    /// The database that the CSCFs share. None: each has SQLite in its data folder.
    pub(crate) database: Option<String>,
    /// Lines of the plugins' configurations; `{icscf}` in those of the I- and the S-CSCF: where the I-CSCF is.
    pub(crate) pcscf: String,
    pub(crate) icscf: String,
    pub(crate) scscf: String,
    /// The S-CSCFs' document of shared filter criteria; empty: none.
    pub(crate) shared_ifc: String,
}

/// RFC 3261's; phones have those of TS 24.229 table 7.8 then.
pub(crate) const DEFAULT_T1_MS: u32 = 500;

impl Setup {
    pub(crate) fn of(subscribers: String) -> Setup {
        let none = String::new;
        Setup {
            subscribers,
            scscfs: 1,
            relayed: false,
            agent: None,
            hss_ms: 5_000,
            t1_ms: DEFAULT_T1_MS,
            shards: 1,
            database: None,
            pcscf: none(),
            icscf: none(),
            scscf: none(),
            shared_ifc: none(),
        }
    }
}

/// A running network. Dropped, all of it is killed, and its folders are gone.
pub(crate) struct Network {
    pub(crate) pcscf: Element,
    pub(crate) icscf: Element,
    pub(crate) scscfs: Vec<Element>,
    pub(crate) hss: Element,
    relay: Option<Relay>,
    agent: Option<FreeDiameter>,
    _folder: tempfile::TempDir,
}

impl Network {
    /// One with these subscribers, as most tests want it.
    pub(crate) fn of(subscribers: String) -> Network {
        Network::start(&Setup::of(subscribers))
    }

    pub(crate) fn start(setup: &Setup) -> Network {
        let _starting = starting();
        let folder = tempfile::tempdir().expect("a folder");
        let at = addresses(7 + 2 * setup.scscfs);
        let hss_identity = &format!("hss.{DOMAIN}");
        let plan = Plan {
            setup,
            folder: folder.path(),
            hss: at[0],
            hss_identity,
            agent: setup.agent.as_ref().map(|_| AGENT),
            pcscf: at[2],
            icscf: at[4],
            scscfs: &at[7..],
        };

        let mut hss = plan.hss(at[1]);
        hss.wait_until_ready();
        let relay = setup.relayed.then(|| Relay::start(hss.at));
        let agent = setup.agent.as_ref();
        let agent =
            agent.map(|program| FreeDiameter::start(program, folder.path(), at[6], (hss_identity, hss.at)));
        let hss_at = relay.as_ref().map(Relay::at).or(agent.as_ref().map(|agent| agent.at)).unwrap_or(hss.at);
        let mut scscfs: Vec<Element> = (0..setup.scscfs).map(|n| plan.scscf(n, hss_at)).collect();
        scscfs.iter_mut().for_each(Element::wait_until_ready);
        let mut icscf = plan.icscf(at[5], hss_at);
        let mut pcscf = plan.pcscf(at[3]);
        icscf.wait_until_ready();
        pcscf.wait_until_ready();
        let network = Network { pcscf, icscf, scscfs, hss, relay, agent, _folder: folder };
        network.is_connected();
        network
    }

    /// The same network again, as one process that has all roles.
    pub(crate) fn starts_again_as_one_process(&mut self) {
        let cscfs = self.scscfs.iter_mut().chain([&mut self.icscf, &mut self.pcscf]);
        let mut all: Vec<&mut Element> = [&mut self.hss].into_iter().chain(cscfs).collect();
        all.iter_mut().for_each(|element| element.kill());
        Element::start_together(&mut all);
        self.is_connected();
    }

    /// The only S-CSCF, or the first one.
    pub(crate) fn scscf(&self) -> &Element {
        &self.scscfs[0]
    }

    /// What is between CSCFs and HSS.
    pub(crate) fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("a relayed network")
    }

    /// Waits until every CSCF that asks the HSS is connected to it.
    #[track_caller]
    pub(crate) fn is_connected(&self) {
        for element in self.scscfs.iter().chain([&self.icscf]) {
            until("a CSCF is connected to the HSS", || {
                element.metric("strowger_diameter_peer_open", &[]) == 1
            });
        }
        if self.agent.is_some() {
            until("the HSS is connected to the agent", || {
                self.hss.metric("strowger_diameter_peer_open", &[]) == 1
            });
        }
    }

    /// Nothing is under way anywhere.
    #[track_caller]
    pub(crate) fn comes_to_rest(&self) {
        self.scscfs.iter().chain([&self.icscf, &self.pcscf]).for_each(Element::comes_to_rest);
    }

    /// What the HSS shows of a subscriber.
    #[track_caller]
    pub(crate) fn subscriber(&self, identity: &str) -> serde_json::Value {
        subscriber(&self.hss, identity)
    }

    /// `registered`, `unregistered` or `not-registered`: the first set of a subscriber at the HSS.
    #[track_caller]
    pub(crate) fn state(&self, identity: &str) -> String {
        state(&self.hss, identity)
    }

    /// Has the HSS end a subscriber's registrations; how many S-CSCFs were meant, and how many did it.
    #[track_caller]
    pub(crate) fn deregister(&self, identity: &str, reason: &str) -> (u64, u64) {
        deregister(&self.hss, identity, reason)
    }

    /// A subscriber is one no longer.
    #[track_caller]
    pub(crate) fn remove(&self, identity: &str) {
        self.hss.http("DELETE", &format!("/subscribers/{}", escaped(identity)), "");
    }

    /// Gives the HSS a document: subscribers who are there already are changed.
    #[track_caller]
    pub(crate) fn import(&self, document: &str) {
        self.hss.http("POST", "/subscribers", document);
    }
}

/// Held while a network starts: one after the other, for the first one compiles the plugins for all.
pub(crate) fn starting() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As many free addresses of loopback, held until all are chosen.
pub(crate) fn addresses(count: usize) -> Vec<SocketAddr> {
    let ports: Vec<_> = (0..count).map(|_| free_port()).collect();
    ports.iter().map(|(address, _)| *address).collect()
}

/// See [`Network::subscriber`].
#[track_caller]
fn subscriber(hss: &Element, identity: &str) -> serde_json::Value {
    hss.json("GET", &format!("/subscribers/{}", escaped(identity)), "")
}

/// See [`Network::state`].
#[track_caller]
pub(crate) fn state(hss: &Element, identity: &str) -> String {
    subscriber(hss, identity)["sets"][0]["state"].as_str().expect("a state").to_owned()
}

/// See [`Network::deregister`].
#[track_caller]
pub(crate) fn deregister(hss: &Element, identity: &str, reason: &str) -> (u64, u64) {
    let path = format!("/subscribers/{}/deregister?reason={reason}", escaped(identity));
    let done = hss.json("POST", &path, "");
    (done["s_cscfs"].as_u64().expect("a number"), done["s_cscfs_told"].as_u64().expect("a number"))
}

/// For a path of a URL.
fn escaped(identity: &str) -> String {
    identity.replace('+', "%2B").replace(':', "%3A").replace('@', "%40")
}
