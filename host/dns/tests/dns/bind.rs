//! BIND reads our zone files and answers with them as we do.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use hickory_proto::rr::RecordType;
use strowger_dns::ImsZone;
use tempfile::TempDir;

use crate::world::*;

/// Writes both zone files.
fn write(zone: &ImsZone, folder: &Path) {
    std::fs::write(folder.join("domain.zone"), zone.to_zone_file().unwrap()).unwrap();
    std::fs::write(folder.join("numbers.zone"), zone.to_enum_zone_file().unwrap().unwrap()).unwrap();
}

#[test]
fn named_checkzone_accepts_the_zone_files() {
    let Some(program) = toolchain::needs::program("named-checkzone", "bind9-utils") else { return };
    let folder = tempfile::tempdir().unwrap();
    write(&zone(), folder.path());
    for (name, file) in [("ims.test", "domain.zone"), ("e164.arpa", "numbers.zone")] {
        let mut command = Command::new(&program);
        // names outside of the zone are not looked up: there may be no network
        command.args(["-i", "local", "-k", "fail", "-n", "fail", "-m", "fail", "-M", "fail", "-r", "fail"]);
        let output = command.arg(name).arg(folder.path().join(file)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.trim_end().ends_with("OK"), "{said}");
        let complaints: Vec<_> =
            said.lines().filter(|line| line.contains("zone ") && !line.contains("loaded serial")).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

struct Named {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Named {
    /// `None`: it is not installed.
    fn start(zone: &ImsZone) -> Option<Named> {
        let program = toolchain::needs::program("named", "bind9")?;
        let folder = tempfile::tempdir().unwrap();
        write(zone, folder.path());
        // a port that was free a moment ago
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (place, port) = (folder.path().display(), address.port());
        let config = format!(
            r#"options {{
    directory "{place}"; managed-keys-directory "{place}"; pid-file none; session-keyfile none; lock-file none;
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; allow-query {{ any; }}; dnssec-validation no; notify no; empty-zones-enable no;
    minimal-responses yes;
}};
controls {{ }};
zone "ims.test" {{ type primary; file "domain.zone"; }};
zone "e164.arpa" {{ type primary; file "numbers.zone"; }};
"#
        );
        let path = folder.path().join("named.conf");
        std::fs::write(&path, config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(program);
        command.args(["-g", "-n", "1", "-c"]).arg(path).stdin(Stdio::null());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Some(Named { child, address, folder })
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("named said:\n{log}");
        }
    }
}

#[tokio::test]
async fn bind_gives_the_same_answers() {
    let zone = zone();
    let Some(named) = Named::start(&zone) else { return };
    let ours = serve(&zone);
    // until it answers at all
    ask(named.address, &question("ims.test", RecordType::SOA)).await;
    for (name, kind) in QUESTIONS {
        let question = question(name, *kind);
        let (here, there) = (ask(ours.address(), &question).await, ask(named.address, &question).await);
        assert_eq!(said(&here), said(&there), "{name} {kind}");
    }
}
