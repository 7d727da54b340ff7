//! What each element of a network is told: a folder with its `strowger.toml`, and the element that runs in it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::DOMAIN;
use crate::element::Element;
use crate::network::{DEFAULT_T1_MS, Setup};

/// Who is to be where.
pub(crate) struct Plan<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) folder: &'a Path,
    pub(crate) hss: SocketAddr,
    /// The HSS's name for Diameter.
    pub(crate) hss_identity: &'a str,
    /// The name of the Diameter agent that is the only peer of CSCFs and HSS. None: they are each other's.
    pub(crate) agent: Option<&'a str>,
    pub(crate) pcscf: SocketAddr,
    pub(crate) icscf: SocketAddr,
    /// SIP and HTTP by turns.
    pub(crate) scscfs: &'a [SocketAddr],
}

impl Plan<'_> {
    fn folder(&self, name: &str, file: &str) -> PathBuf {
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("strowger.toml"), file).expect("written");
        folder
    }

    pub(crate) fn hss(&self, admin: SocketAddr) -> Element {
        let cscfs = (0..self.setup.scscfs).map(scscf_name).chain(["icscf".to_owned()]);
        let cscfs = cscfs.map(|name| format!("{name}.{DOMAIN}"));
        let peers: Vec<String> = self.agent.map_or_else(|| cscfs.collect(), |agent| vec![agent.to_owned()]);
        let peers = peers.iter().fold(String::new(), |mut lines, identity| {
            writeln!(lines, "[[diameter.peers]]\nidentity = \"{identity}\"").expect("written");
            lines
        });
        let (listen, identity) = (self.hss, self.hss_identity);
        let folder = self.folder(
            "hss",
            &format!(
                "[node]\nrole = \"hss\"\n[hss]\ndatabase = \"sqlite://hss.db\"\nsubscribers = [\"subscribers.toml\"]\n\
                 [diameter]\nidentity = \"{identity}\"\nrealm = \"{DOMAIN}\"\nlisten = [\"{listen}\"]\n{peers}\
                 [admin]\naddress = \"{admin}\"\n[trace]\nmessages = 5000\n"
            ),
        );
        std::fs::write(folder.join("subscribers.toml"), &self.setup.subscribers).expect("written");
        Element::start(&folder, listen, admin)
    }

    pub(crate) fn scscf(&self, n: usize, hss: SocketAddr) -> Element {
        let (at, admin) = (self.scscfs[2 * n], self.scscfs[2 * n + 1]);
        let plugin = format!(
            "domains = [\"{DOMAIN}\"]\nuri = \"sip:{at}\"\nicscf = \"sip:{}\"\n{}",
            self.icscf,
            self.setup.scscf.replace("{icscf}", &self.icscf.to_string())
        );
        let mut cx = format!("[cx]\nserver_name = \"sip:{at}\"\ntimeout_ms = {}\n", self.setup.hss_ms);
        if !self.setup.shared_ifc.is_empty() {
            let file = self.folder.join(format!("{}-shared-ifc.xml", scscf_name(n)));
            std::fs::write(&file, &self.setup.shared_ifc).expect("written");
            writeln!(cx, "shared_ifc = \"{}\"", file.display()).expect("written");
        }
        self.cscf("scscf", &scscf_name(n), (at, admin), &plugin, Some(hss), &cx)
    }

    pub(crate) fn icscf(&self, admin: SocketAddr, hss: SocketAddr) -> Element {
        let scscfs = (0..self.setup.scscfs).fold(String::new(), |mut lines, n| {
            writeln!(lines, "{} = \"sip:{}\"", scscf_name(n), self.scscfs[2 * n]).expect("written");
            lines
        });
        let own = self.setup.icscf.replace("{icscf}", &self.icscf.to_string());
        let plugin = format!("domains = [\"{DOMAIN}\"]\n{own}\n[scscfs]\n{scscfs}");
        let cx = format!("[cx]\ntimeout_ms = {}\n", self.setup.hss_ms);
        self.cscf("icscf", "icscf", (self.icscf, admin), &plugin, Some(hss), &cx)
    }

    pub(crate) fn pcscf(&self, admin: SocketAddr) -> Element {
        let mut plugin = format!(
            "domain = \"{DOMAIN}\"\nuri = \"sip:{}\"\nicscf = \"sip:{}\"\n{}",
            self.pcscf, self.icscf, self.setup.pcscf
        );
        // Where neighbours are to be given up soon, so are phones, unless the test says otherwise.
        if self.setup.t1_ms != DEFAULT_T1_MS && !self.setup.pcscf.contains("t1_ms") {
            let t1 = self.setup.t1_ms;
            writeln!(plugin, "\nt1_ms = {t1}\nt2_ms = {0}\nt4_ms = {0}", 8 * t1).expect("written");
        }
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
        let peer = self.agent.unwrap_or(self.hss_identity);
        let diameter = hss.map_or_else(String::new, |hss| {
            format!(
                "[diameter]\nidentity = \"{name}.{DOMAIN}\"\nrealm = \"{DOMAIN}\"\nreconnect_s = 1\nwatchdog_s = 6\n\
                 [[diameter.peers]]\nidentity = \"{peer}\"\naddress = \"{hss}\"\n"
            )
        });
        let storage = self
            .setup
            .database
            .as_ref()
            .map_or_else(String::new, |url| format!("[storage]\nurl = \"{url}\"\nnode = \"{name}\"\n"));
        let folder = self.folder(
            name,
            &format!(
                "[node]\nrole = \"{role}\"\ndomains = [\"{domain}\"]\ndata = \"data\"\nshards = {shards}\ncommit_ms = 5\n\
                 {proxy_require}{storage}\
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
pub(crate) fn plugin_of(role: &str) -> &'static Path {
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
