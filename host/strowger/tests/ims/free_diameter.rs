//! freeDiameter as a relay agent (RFC 6733 §2.8.1) between CSCFs and HSS: the only peer that any of them has.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::DOMAIN;

/// Its name for Diameter.
pub(crate) const AGENT: &str = "agent.ims.test";

/// The program; or the test is reported as skipped.
pub(crate) fn program() -> Option<PathBuf> {
    toolchain::needs::program("freeDiameterd", "freediameter")
}

/// A running relay. Dropped, it is killed.
pub(crate) struct FreeDiameter {
    child: Child,
    folder: PathBuf,
    /// Where CSCFs connect.
    pub(crate) at: SocketAddr,
}

impl FreeDiameter {
    /// Starts it: it connects to the HSS, and lets in who has a name of this domain.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        at: SocketAddr,
        hss: (&str, SocketAddr),
    ) -> FreeDiameter {
        let folder = folder.join("agent");
        std::fs::create_dir(&folder).expect("a folder");
        let write = |name: &str, content: String| {
            let path = folder.join(name);
            std::fs::write(&path, content).expect("written");
            path.display().to_string()
        };
        // Nothing here is by TLS, but without a certificate it does not start.
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([AGENT.to_owned()]).expect("a certificate");
        let certificate = write("cert.pem", cert.pem());
        let key = write("key.pem", signing_key.serialize_pem());
        let allowed = write("allowed.conf", format!("ALLOW_IPSEC *.{DOMAIN}\n"));
        let (hss, hss_at) = hss;
        // Every CSCF speaks Cx too: without this one of them is asked where the HSS is gone. That a CSCF is the
        // Destination-Host counts for more.
        let routes = write("routes.conf", "* : [\"cscf\"] += NO_DELIVERY ;\n".to_owned());
        let configuration = write(
            "freediameter.conf",
            format!(
                "Identity = \"{AGENT}\"; Realm = \"{DOMAIN}\"; Port = {}; SecPort = 0;\n\
                 No_SCTP; No_IPv6; ListenOn = \"{}\"; TwTimer = 6; TcTimer = 1; AppServThreads = 1;\n\
                 TLS_Cred = \"{certificate}\", \"{key}\"; TLS_CA = \"{certificate}\"; TLS_DH_Bits = 1024;\n\
                 LoadExtension = \"acl_wl.fdx\" : \"{allowed}\";\nLoadExtension = \"rt_default.fdx\" : \"{routes}\";\n\
                 ConnectPeer = \"{hss}\" {{ ConnectTo = \"{}\"; Port = {}; No_TLS; No_SCTP; No_IPv6; }};\n",
                at.port(),
                at.ip(),
                hss_at.ip(),
                hss_at.port()
            ),
        );
        let log = File::create(folder.join("log")).expect("a log");
        let child = Command::new(program)
            .args(["-c", &configuration])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("freeDiameter starts");
        FreeDiameter { child, folder, at }
    }
}

impl Drop for FreeDiameter {
    fn drop(&mut self) {
        // It may be gone already; then both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!("── {} ──\n{}", self.folder.display(), tail.join("\n"));
        }
    }
}
