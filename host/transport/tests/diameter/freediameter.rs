//! freeDiameter as a peer: RFC 6733 §5.3 (capabilities), §5.5 (watchdog), §5.4 (leaving), in both directions.
//!
//! Between the two stands a tap that writes down which message went which way.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use diameter::base::DisconnectCause;
use diameter::{CommandCode, Framer, Message, Outcome};
use parking_lot::Mutex;
use strowger_transport::DiameterService;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::authority::Authority;
use crate::raw::RawListener;
use crate::world::*;

const FREEDIAMETER: &str = "fd.ims.test";

/// What passed, in order: who sent it, which command, whether it was a request, and what an answer said.
type Passed = Arc<Mutex<Vec<(Sender, CommandCode, bool, Option<Outcome>)>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Initiator,
    Responder,
}

/// A relay of bytes that listens.
async fn tap(towards: SocketAddr) -> (SocketAddr, Passed) {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let (address, passed) = (listener.local_addr().unwrap(), Passed::default());
    let written = passed.clone();
    tokio::spawn(async move {
        while let Ok((one, _)) = listener.accept().await {
            let Ok(other) = TcpStream::connect(towards).await else { continue };
            let ((from_one, to_one), (from_other, to_other)) = (one.into_split(), other.into_split());
            tokio::spawn(copy(from_one, to_other, Sender::Initiator, written.clone()));
            tokio::spawn(copy(from_other, to_one, Sender::Responder, written.clone()));
        }
    });
    (address, passed)
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, sender: Sender, passed: Passed) {
    let (mut framer, mut buffer) = (Framer::new(1 << 20), vec![0; 4096]);
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        framer.push(&buffer[..count]);
        while let Ok(Some(frame)) = framer.next() {
            let message = Message::parse(frame).unwrap();
            let header = message.header();
            passed.lock().push((sender, header.command, header.is_request(), message.outcome()));
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// The daemon, ended with its test.
struct Daemon {
    child: Child,
    folder: TempDir,
}

impl Daemon {
    /// Listens on `port` and connects to us at `peer`. `None`: it is not installed.
    fn start(authority: &Authority, port: u16, peer: SocketAddr) -> Option<Daemon> {
        let program = toolchain::needs::program("freeDiameterd", "freediameter")?;
        let folder = tempfile::tempdir().unwrap();
        let tls = authority.install(FREEDIAMETER);
        let shown = |path: &Path| path.display().to_string();
        let (certificate, key) = (shown(&tls.certificate), shown(&tls.key));
        let ca = shown(&authority.path("ca.pem"));
        let peer_port = peer.port();
        // without TLS, but it does not start without a certificate
        let config = format!(
            r#"Identity = "{FREEDIAMETER}"; Realm = "{REALM}"; Port = {port}; SecPort = 0;
No_SCTP; No_IPv6; ListenOn = "127.0.0.1"; TwTimer = 6; TcTimer = 30; AppServThreads = 1;
TLS_Cred = "{certificate}", "{key}"; TLS_CA = "{ca}"; TLS_DH_Bits = 1024;
ConnectPeer = "{SCSCF}" {{ ConnectTo = "127.0.0.1"; Port = {peer_port}; No_TLS; No_SCTP; No_IPv6; }};
"#
        );
        let path = folder.path().join("freediameter.conf");
        std::fs::write(&path, config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Some(Daemon { child, folder })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("freeDiameter said:\n{}", self.log());
        }
    }
}

/// A node whose watchdog asks as early as it may.
fn watchful(setup: Setup) -> DiameterService {
    setup.timers(|timers| timers.tw = Duration::from_secs(6)).start()
}

/// Capabilities are exchanged, both sides' watchdogs are answered, and we leave.
async fn is_a_good_peer(service: &DiameterService, passed: &Passed, initiator: Sender) {
    open(service, 1).await;
    let success = Some(Outcome::SUCCESS);
    let has = |sender, command, is_request, outcome| {
        passed.lock().contains(&(sender, command, is_request, outcome))
    };
    use CommandCode as Code;
    let responder = match initiator {
        Sender::Initiator => Sender::Responder,
        Sender::Responder => Sender::Initiator,
    };
    until(|| passed.lock().len() >= 2).await;
    assert_eq!(
        passed.lock()[..2],
        [
            (Sender::Initiator, Code::CAPABILITIES_EXCHANGE, true, None),
            (Sender::Responder, Code::CAPABILITIES_EXCHANGE, false, success)
        ]
    );
    // whoever's watchdog wakes first asks; the other one starts anew with every message
    until(|| {
        [initiator, responder].into_iter().any(|sender| has(sender, Code::DEVICE_WATCHDOG, false, success))
    })
    .await;
    soon(service.stop(DisconnectCause::Rebooting)).await;
    assert!(has(initiator, Code::DISCONNECT_PEER, true, None), "{:?}", passed.lock());
    assert!(has(responder, Code::DISCONNECT_PEER, false, success), "{:?}", passed.lock());
}

/// A port that was free a moment ago.
async fn free_port() -> u16 {
    RawListener::new().await.address().port()
}

#[tokio::test]
async fn it_connects_to_us() {
    let service = watchful(Setup::new(SCSCF).expecting(FREEDIAMETER));
    let (between, passed) = tap(service.listening()[0]).await;
    let authority = Authority::new();
    let Some(_daemon) = Daemon::start(&authority, free_port().await, between) else { return };
    is_a_good_peer(&service, &passed, Sender::Responder).await;
}

#[tokio::test]
async fn we_connect_to_it() {
    let authority = Authority::new();
    let (port, nobody) = (free_port().await, RawListener::new().await.address());
    let Some(_daemon) = Daemon::start(&authority, port, nobody) else { return };
    let (between, passed) = tap(SocketAddr::from(([127, 0, 0, 1], port))).await;
    let service = watchful(Setup::new(SCSCF).connecting(FREEDIAMETER, between));
    is_a_good_peer(&service, &passed, Sender::Initiator).await;
}
