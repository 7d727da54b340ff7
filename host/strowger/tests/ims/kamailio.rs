//! Kamailio as one of the CSCFs: a process with the configuration of `kamailio/`, in the place of an element of ours.
//!
//! It is addressed and named for Diameter as the element whose place it has. Its peer is found by the peer's name, so
//! that the HSS is called `localhost` here.

use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::plan::Plan;
use crate::{DOMAIN, until};

/// The place that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Pcscf,
    Icscf,
    Scscf,
}

/// The program, where all of its modules are there too; or the test is reported as skipped.
pub(crate) fn program() -> Option<PathBuf> {
    let program = toolchain::needs::program("kamailio", "kamailio")?;
    toolchain::needs::library("kamailio/modules/ims_icscf.so", "kamailio-ims-modules")?;
    toolchain::needs::library("kamailio/modules/presence.so", "kamailio-presence-modules")?;
    Some(program)
}

/// A running Kamailio. Dropped, all of its processes are killed.
pub(crate) struct Kamailio {
    child: Child,
    folder: PathBuf,
    at: SocketAddr,
}

impl Kamailio {
    /// Starts it; [`Kamailio::wait_until_ready`] follows.
    pub(crate) fn start(program: &Path, plan: &Plan<'_>, place: Place) -> Kamailio {
        let (role, name, at) = match place {
            Place::Pcscf => ("pcscf", "pcscf", plan.pcscf),
            Place::Icscf => ("icscf", "icscf", plan.icscf),
            Place::Scscf => ("scscf", "scscf1", plan.scscfs[0]),
        };
        let folder = plan.folder.join(name);
        let tables = folder.join("tables");
        std::fs::create_dir_all(&tables).expect("a folder");
        std::fs::write(folder.join("cdp.xml"), diameter(name, plan)).expect("written");
        for (table, rows) in tables_of_an_icscf(plan.scscfs[0]) {
            std::fs::write(tables.join(table), rows).expect("written");
        }
        let log = File::create(folder.join("log")).expect("a log");
        let configuration =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ims/kamailio").join(format!("{role}.cfg"));
        let child = Command::new(program)
            .args(["-DD", "-E", "-m", "64", "-M", "8", "-f"])
            .arg(configuration)
            .arg("-Y")
            .arg(&folder)
            .arg("-P")
            .arg(folder.join("pid"))
            .args(["-A", &format!("LISTEN=udp:{at}"), "-A", &format!("SELF={at}")])
            .args(["-A", &format!("ICSCF={}", plan.icscf), "-A", &format!("DOMAIN={DOMAIN}")])
            .args(["-A", &format!("FOLDER={}", folder.display())])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("kamailio starts");
        Kamailio { child, folder, at }
    }

    /// It answers OPTIONS.
    #[track_caller]
    pub(crate) fn wait_until_ready(&mut self) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time-out");
        let from = socket.local_addr().expect("an address");
        let mut n = 0;
        until("Kamailio answers OPTIONS", || {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?}");
            n += 1;
            let options = format!(
                "OPTIONS sip:{} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n\
                 From: <sip:test@{from}>;tag={n}\r\nTo: <sip:{}>\r\nCall-ID: {n}@{from}\r\nCSeq: 1 OPTIONS\r\n\
                 Content-Length: 0\r\n\r\n",
                self.at, self.at
            );
            // Where nobody listens yet, the kernel says so at the next call.
            let _ = socket.send_to(options.as_bytes(), self.at);
            let mut answer = [0; 2048];
            socket.recv(&mut answer).is_ok_and(|length| answer[..length].starts_with(b"SIP/2.0 200 "))
        });
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // It has a process for each of its tasks: all of its group. They may be gone already.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read(self.folder.join("log")).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            eprintln!("── {} ──\n{}", self.folder.display(), tail.join("\n"));
        }
    }
}

/// Its side of Cx: one peer, which all requests go to.
fn diameter(name: &str, plan: &Plan<'_>) -> String {
    let (hss, port) = (plan.hss_identity, plan.hss.port());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <DiameterPeer FQDN=\"{name}.{DOMAIN}\" Realm=\"{DOMAIN}\" Vendor_Id=\"10415\" Product_Name=\"CDiameterPeer\"\n\
         AcceptUnknownPeers=\"0\" DropUnknownOnDisconnect=\"1\" Tc=\"1\" Workers=\"1\" QueueLength=\"32\"\n\
         TransactionTimeout=\"5\" SessionsHashSize=\"128\" DefaultAuthSessionTimeout=\"3600\"\n\
         MaxAuthSessionTimeout=\"3600\">\n\
         <Peer FQDN=\"{hss}\" Realm=\"{DOMAIN}\" port=\"{port}\"/>\n\
         <Auth id=\"16777216\" vendor=\"10415\"/>\n<SupportedVendor vendor=\"10415\"/>\n\
         <DefaultRoute FQDN=\"{hss}\" metric=\"10\"/>\n</DiameterPeer>\n"
    )
}

/// The tables of its I-CSCF as db_text keeps them: S-CSCFs to choose from, what they can do, who is believed. A colon in
/// a column is escaped.
fn tables_of_an_icscf(scscf: SocketAddr) -> [(&'static str, String); 4] {
    let uri = format!("sip:{scscf}").replace(':', "\\:");
    [
        (
            "version",
            "table_name(string) table_version(int)\ns_cscf:1\ns_cscf_capabilities:1\nnds_trusted_domains:1\n"
                .into(),
        ),
        ("s_cscf", format!("id(int) name(string) s_cscf_uri(string)\n1:scscf1:{uri}\n")),
        ("s_cscf_capabilities", "id(int) id_s_cscf(int) capability(int)\n1:1:0\n2:1:1\n".into()),
        ("nds_trusted_domains", format!("id(int) trusted_domain(string)\n1:{DOMAIN}\n")),
    ]
}
