//! HSS, S-CSCFs, I-CSCF and P-CSCF on free loopback ports, each in its own folder. Nothing needs a name server: every
//! element knows the others by address.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::DOMAIN;
use crate::element::Element;
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
    /// Milliseconds that the HSS has to answer.
    pub(crate) hss_ms: u32,
    /// T1 in ms: the time until a silent neighbour counts as gone is 64 of them.
    pub(crate) t1_ms: u32,
    /// Shards of each CSCF.
    pub(crate) shards: u32,
    /// Lines of the plugins' configurations.
    pub(crate) pcscf: String,
    pub(crate) icscf: String,
    pub(crate) scscf: String,
}

impl Setup {
    pub(crate) fn of(subscribers: String) -> Setup {
        let none = String::new;
        Setup {
            subscribers,
            scscfs: 1,
            relayed: false,
            hss_ms: 5_000,
            t1_ms: 500,
            shards: 1,
            pcscf: none(),
            icscf: none(),
            scscf: none(),
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
    _folder: tempfile::TempDir,
}

impl Network {
    /// One with these subscribers, as most tests want it.
    pub(crate) fn of(subscribers: String) -> Network {
        Network::start(&Setup::of(subscribers))
    }

    pub(crate) fn start(setup: &Setup) -> Network {
        // One after the other: the first one compiles the plugins for all.
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        // Ports are held until all are chosen.
        let ports: Vec<_> = (0..6 + 2 * setup.scscfs).map(|_| free_port()).collect();
        let at: Vec<SocketAddr> = ports.iter().map(|(address, _)| *address).collect();
        drop(ports);
        let plan =
            Plan { setup, folder: folder.path(), hss: at[0], pcscf: at[2], icscf: at[4], scscfs: &at[6..] };

        let mut hss = plan.hss(at[1]);
        hss.wait_until_ready();
        let relay = setup.relayed.then(|| Relay::start(hss.at));
        let hss_at = relay.as_ref().map_or(hss.at, Relay::at);
        let mut scscfs: Vec<Element> = (0..setup.scscfs).map(|n| plan.scscf(n, hss_at)).collect();
        scscfs.iter_mut().for_each(Element::wait_until_ready);
        let mut icscf = plan.icscf(at[5], hss_at);
        let mut pcscf = plan.pcscf(at[3]);
        icscf.wait_until_ready();
        pcscf.wait_until_ready();
        let network = Network { pcscf, icscf, scscfs, hss, relay, _folder: folder };
        network.is_connected();
        network
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
    }

    /// Nothing is under way anywhere.
    #[track_caller]
    pub(crate) fn comes_to_rest(&self) {
        self.scscfs.iter().chain([&self.icscf, &self.pcscf]).for_each(Element::comes_to_rest);
    }

    /// What the HSS shows of a subscriber.
    #[track_caller]
    pub(crate) fn subscriber(&self, identity: &str) -> serde_json::Value {
        self.hss.json("GET", &format!("/subscribers/{}", escaped(identity)), "")
    }

    /// `registered`, `unregistered` or `not-registered`: the first set of a subscriber at the HSS.
    #[track_caller]
    pub(crate) fn state(&self, identity: &str) -> String {
        self.subscriber(identity)["sets"][0]["state"].as_str().expect("a state").to_owned()
    }

    /// Has the HSS end a subscriber's registrations; how many S-CSCFs were meant, and how many did it.
    #[track_caller]
    pub(crate) fn deregister(&self, identity: &str, reason: &str) -> (u64, u64) {
        let path = format!("/subscribers/{}/deregister?reason={reason}", escaped(identity));
        let done = self.hss.json("POST", &path, "");
        (done["s_cscfs"].as_u64().expect("a number"), done["s_cscfs_told"].as_u64().expect("a number"))
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

/// For a path of a URL.
fn escaped(identity: &str) -> String {
    identity.replace('+', "%2B").replace(':', "%3A").replace('@', "%40")
}

/// Who is to be where.
struct Plan<'a> {
    setup: &'a Setup,
    folder: &'a Path,
    hss: SocketAddr,
    pcscf: SocketAddr,
    icscf: SocketAddr,
    /// SIP and HTTP by turns.
    scscfs: &'a [SocketAddr],
}

impl Plan<'_> {
    fn folder(&self, name: &str, file: &str) -> PathBuf {
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("strowger.toml"), file).expect("written");
        folder
    }

    fn hss(&self, admin: SocketAddr) -> Element {
        let peers = (0..self.setup.scscfs).map(scscf_name).chain(["icscf".to_owned()]);
        let peers = peers.fold(String::new(), |mut peers, name| {
            writeln!(peers, "[[diameter.peers]]\nidentity = \"{name}.{DOMAIN}\"").expect("written");
            peers
        });
        let listen = self.hss;
        let folder = self.folder(
            "hss",
            &format!(
                "[node]\nrole = \"hss\"\n[hss]\ndatabase = \"sqlite://hss.db\"\nsubscribers = [\"subscribers.toml\"]\n\
                 [diameter]\nidentity = \"hss.{DOMAIN}\"\nrealm = \"{DOMAIN}\"\nlisten = [\"{listen}\"]\n{peers}\
                 [admin]\naddress = \"{admin}\"\n"
            ),
        );
        std::fs::write(folder.join("subscribers.toml"), &self.setup.subscribers).expect("written");
        Element::start(&folder, listen, admin)
    }

    fn scscf(&self, n: usize, hss: SocketAddr) -> Element {
        let (at, admin) = (self.scscfs[2 * n], self.scscfs[2 * n + 1]);
        let plugin = format!(
            "domains = [\"{DOMAIN}\"]\nuri = \"sip:{at}\"\nicscf = \"sip:{}\"\n{}",
            self.icscf, self.setup.scscf
        );
        let cx = format!("[cx]\nserver_name = \"sip:{at}\"\ntimeout_ms = {}\n", self.setup.hss_ms);
        self.cscf("scscf", &scscf_name(n), (at, admin), &plugin, Some(hss), &cx)
    }

    fn icscf(&self, admin: SocketAddr, hss: SocketAddr) -> Element {
        let scscfs = (0..self.setup.scscfs).fold(String::new(), |mut lines, n| {
            writeln!(lines, "{} = \"sip:{}\"", scscf_name(n), self.scscfs[2 * n]).expect("written");
            lines
        });
        let plugin = format!("domains = [\"{DOMAIN}\"]\n{}\n[scscfs]\n{scscfs}", self.setup.icscf);
        let cx = format!("[cx]\ntimeout_ms = {}\n", self.setup.hss_ms);
        self.cscf("icscf", "icscf", (self.icscf, admin), &plugin, Some(hss), &cx)
    }

    fn pcscf(&self, admin: SocketAddr) -> Element {
        let plugin = format!(
            "domain = \"{DOMAIN}\"\nuri = \"sip:{}\"\nicscf = \"sip:{}\"\n{}",
            self.pcscf, self.icscf, self.setup.pcscf
        );
        self.cscf("pcscf", "pcscf", (self.pcscf, admin), &plugin, None, "")
    }

    fn cscf(
        &self,
        role: &str,
        name: &str,
        (at, admin): (SocketAddr, SocketAddr),
        plugin: &str,
        hss: Option<SocketAddr>,
        more: &str,
    ) -> Element {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let file = plugin_of(role);
        let shards = self.setup.shards;
        // Whether who demands one gets a security agreement is the P-CSCF's to say.
        let proxy_require = if role == "pcscf" { "proxy_require = [\"sec-agree\"]\n" } else { "" };
        let (t1, t2) = (self.setup.t1_ms, 8 * self.setup.t1_ms);
        // The home network's domain is the I-CSCF's.
        let domain = if role == "icscf" { DOMAIN.to_owned() } else { format!("{name}.{DOMAIN}") };
        let diameter = hss.map_or_else(String::new, |hss| {
            format!(
                "[diameter]\nidentity = \"{name}.{DOMAIN}\"\nrealm = \"{DOMAIN}\"\nreconnect_s = 1\nwatchdog_s = 6\n\
                 [[diameter.peers]]\nidentity = \"hss.{DOMAIN}\"\naddress = \"{hss}\"\n"
            )
        });
        let folder = self.folder(
            name,
            &format!(
                "[node]\nrole = \"{role}\"\ndomains = [\"{domain}\"]\ndata = \"data\"\nshards = {shards}\ncommit_ms = 5\n\
                 {proxy_require}\
                 [[listen]]\ntransport = \"udp\"\naddress = \"{at}\"\n\
                 [[listen]]\ntransport = \"tcp\"\naddress = \"{at}\"\n\
                 [timers]\nt1_ms = {t1}\nt2_ms = {t2}\n[dns]\nservers = [\"127.0.0.1:9\"]\n\
                 [admin]\naddress = \"{admin}\"\n[trace]\nmessages = 5000\n{diameter}{more}\
                 [plugin]\nfile = {file:?}\ncache = {cache:?}\nconfiguration = '''\n{plugin}\n'''\n"
            ),
        );
        Element::start(&folder, at, admin)
    }
}

fn scscf_name(n: usize) -> String {
    format!("scscf{}", n + 1)
}

/// The plugin of a role, of this checkout, built once with the compiler that `cargo xtask plugins` takes.
fn plugin_of(role: &str) -> &'static Path {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let roles = ["pcscf", "icscf", "scscf"];
    let built = BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout");
        let wasm = toolchain::Wasm::find(&toolchain::Options::in_workspace(&root)).expect("a compiler");
        let packages = ["strowger-plugin-pcscf", "strowger-plugin-icscf", "strowger-plugin-scscf"];
        wasm.build_all(&root, &packages, toolchain::Profile::Speed).expect("the plugins build")
    });
    let n = roles.iter().position(|one| *one == role).expect("a role");
    &built[n]
}
