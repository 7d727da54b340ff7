//! SIPp at the other end: its own scenarios of a caller and a callee, and one of `sipp/` with reliable responses and
//! preconditions. RTP comes back as an echo.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{bind, plain, settings, succeed};

/// SIPp, ended when this is dropped.
struct Sipp {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free just now.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Sipp {
    /// Goes through a scenario once. `None`: it is not installed.
    fn start(scenario: &[&str], port: u16, more: &[String]) -> Option<Sipp> {
        let program = toolchain::needs::program("sipp", "sip-tester")?;
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(scenario);
        command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-mi", "127.0.0.1", "-m", "1", "-nostdin"]);
        command.args(["-timeout", "30s", "-timeout_error", "-trace_err", "-error_file", "errors"]).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Sipp { child: command.spawn().unwrap(), folder })
    }

    /// It comes to its end, and everything was as its scenario says.
    async fn succeeds(mut self) {
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        let errors = std::fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default();
        assert!(status.success(), "{status}\n{errors}");
    }

    /// Until it listens; it says nothing of that.
    async fn listens(&self, port: u16) {
        while UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[tokio::test]
async fn sipp_is_called_and_echoes_media() {
    let (port, media) = (free_port(), free_port() & !1);
    let more = ["-rtp_echo".to_owned(), "-mp".to_owned(), media.to_string()];
    let Some(sipp) = Sipp::start(&["-sn", "uas"], port, &more) else { return };
    sipp.listens(port).await;
    let mut alice = bind(plain("alice", at(port))).await;
    let script =
        "call sip:bob@127.0.0.1 expect 200\nexpect packets 10 10s\nhang up\nexpect ended 5s\npause 100ms";
    let report = succeed(&mut alice, script).await;
    assert_eq!(report.media[0].remote.port(), media);
    sipp.succeeds().await;
}

#[tokio::test]
async fn sipp_calls() {
    let mut alice = bind(plain("alice", at(free_port()))).await;
    let phone = alice.settings().local.to_string();
    let port = free_port();
    let more = ["-s".to_owned(), "alice".to_owned(), "-d".to_owned(), "200".to_owned(), phone];
    let Some(sipp) = Sipp::start(&["-sn", "uac"], port, &more) else { return };
    succeed(&mut alice, "answer after 50ms\nexpect answered 10s\nexpect ended 10s\npause 100ms").await;
    sipp.succeeds().await;
}

/// 183 and 180 reliably, PRACK, UPDATE: the callee of RFC 3262 and RFC 3312, written in SIPp's language.
#[tokio::test]
async fn sipp_is_called_as_in_volte() {
    let port = free_port();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/phone/sipp/volte_uas.xml");
    let Some(sipp) = Sipp::start(&["-sf", &scenario.to_string_lossy()], port, &[]) else { return };
    sipp.listens(port).await;
    let mut alice = bind(settings("alice", at(port))).await;
    let script = "call sip:bob@127.0.0.1 expect 200\ntalk 100ms\nhang up\nexpect ended 5s\npause 100ms";
    let report = succeed(&mut alice, script).await;
    assert!(report.to_string().contains("progress 183"), "{report}");
    sipp.succeeds().await;
}
