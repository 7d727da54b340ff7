//! A relay between a store and its server that cuts the connection behind a COMMIT: the server carries it out, and the
//! store does not hear of it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::servers::{Kind, SOCKET_OF_POSTGRES};

/// What a transaction ends with, in the text of either protocol.
const COMMIT: &[u8] = b"COMMIT";

pub(crate) struct Relay {
    folder: tempfile::TempDir,
    name: &'static str,
    /// Cuts at the next COMMIT.
    cuts: Arc<AtomicBool>,
    /// Lets nobody in.
    closed: Arc<AtomicBool>,
}

impl Relay {
    pub(crate) fn start(kind: Kind, to: PathBuf) -> Relay {
        let folder = tempfile::tempdir().expect("a folder");
        let name = if kind == Kind::Postgres { SOCKET_OF_POSTGRES } else { "socket" };
        let listener = UnixListener::bind(folder.path().join(name)).expect("bound");
        let (cuts, closed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let relay = Relay { folder, name, cuts: Arc::clone(&cuts), closed: Arc::clone(&closed) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                pass(client, &to, Arc::clone(&cuts));
            }
        });
        relay
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// Cuts behind the next COMMIT; `closed`: and lets nobody in after it.
    pub(crate) fn cut(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
        self.cuts.store(true, Ordering::SeqCst);
    }

    /// Whether it has cut.
    pub(crate) fn has_cut(&self) -> bool {
        !self.cuts.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) {
        self.closed.store(false, Ordering::SeqCst);
    }
}

fn pass(client: UnixStream, to: &Path, cuts: Arc<AtomicBool>) {
    let server = UnixStream::connect(to).expect("the server");
    let twin = |stream: &UnixStream| stream.try_clone().expect("a descriptor");
    let (mut from_client, mut to_client) = (twin(&client), client);
    let (mut from_server, mut to_server) = (twin(&server), server);
    // set once a COMMIT has passed: the server's answer to it, which shows that it was carried out, goes nowhere
    let deaf = Arc::new(AtomicBool::new(false));
    let is_deaf = Arc::clone(&deaf);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            if is_deaf.load(Ordering::SeqCst) || to_client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = from_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_client.read(&mut buffer) {
            let commits = buffer[..length].windows(COMMIT.len()).any(|window| window == COMMIT);
            if commits && cuts.swap(false, Ordering::SeqCst) {
                deaf.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
    });
}
