//! A phone by UDP that answers every request with 200 and remembers it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{Message, PATIENCE, answer};

/// How often it looks whether it is to end.
const TURN: Duration = Duration::from_millis(20);

/// Ends when dropped.
pub(crate) struct Phone {
    address: SocketAddr,
    came: Arc<Mutex<Vec<Vec<u8>>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Phone {
    /// At a free port for 0. A port that somebody has is waited for.
    pub(crate) fn at(port: u16) -> Phone {
        let began = Instant::now();
        let socket = loop {
            match UdpSocket::bind(("127.0.0.1", port)) {
                Ok(socket) => break socket,
                Err(error) => assert!(began.elapsed() < PATIENCE, "UDP port {port} of 127.0.0.1: {error}"),
            }
            std::thread::sleep(TURN);
        };
        socket.set_read_timeout(Some(TURN)).expect("a time-out");
        let address = socket.local_addr().expect("an address");
        let (came, over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (came, over) = (Arc::clone(&came), Arc::clone(&over));
            move || run(&socket, &came, &over)
        });
        Phone { address, came, over, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that came since the last time.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.came.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(socket: &UdpSocket, came: &Mutex<Vec<Vec<u8>>>, over: &AtomicBool) {
    let mut buffer = vec![0; 65_535];
    while !over.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Some(request) = Message::read(&buffer[..length]).filter(|message| message.status() == 0) else {
            continue;
        };
        came.lock().unwrap_or_else(PoisonError::into_inner).push(request.raw.clone());
        if request.method() != "ACK" {
            let contact = format!("Contact: <sip:phone@{}>", socket.local_addr().expect("an address"));
            let _ = socket.send_to(&answer(&request, 200, "phone", &contact), from);
        }
    }
}
