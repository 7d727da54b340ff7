//! Between CSCFs and HSS: passes Diameter on, or does to answers of Cx what the test wants. What keeps the connections
//! (capabilities, watchdogs: RFC 6733 §5) always passes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Cx (TS 29.229 §6.3).
const CX: u32 = 16_777_216;
/// Result-Code (RFC 6733 §7.1).
const RESULT_CODE: u32 = 268;
/// DIAMETER_UNABLE_TO_COMPLY.
const UNABLE_TO_COMPLY: u32 = 5_012;

/// Commands of Cx (TS 29.229 §6.1).
pub(crate) const UAR: u32 = 300;
pub(crate) const SAR: u32 = 301;
pub(crate) const LIR: u32 = 302;
pub(crate) const MAR: u32 = 303;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Delay(Duration),
    /// Bytes that are no Diameter come in its place.
    Garbage,
    /// Result-Code DIAMETER_UNABLE_TO_COMPLY, and nothing else but what belongs to every answer.
    Failure,
    /// A header without AVPs.
    Bare,
    /// The connection ends in its place.
    Cut,
    /// It does not come.
    Silence,
}

/// A fault, and the command that it befalls; none: all.
type Plan = Option<(Fault, Option<u32>)>;

pub(crate) struct Relay {
    at: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub(crate) fn start(hss: SocketAddr) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let relay = Relay {
            at: listener.local_addr().expect("an address"),
            plan: Arc::default(),
            open: Arc::default(),
        };
        let (plan, open) = (Arc::clone(&relay.plan), Arc::clone(&relay.open));
        // Until the test's process ends.
        thread::spawn(move || {
            for cscf in listener.incoming().flatten() {
                // Where the HSS is gone, so is the connection.
                let Ok(server) = TcpStream::connect(hss) else { continue };
                let clone = |stream: &TcpStream| stream.try_clone().expect("a socket");
                lock(&open).extend([clone(&cscf), clone(&server)]);
                let (requests, answers) = ((clone(&cscf), clone(&server)), (server, cscf));
                thread::spawn(move || pass(requests.0, requests.1));
                let plan = Arc::clone(&plan);
                thread::spawn(move || judge(answers.0, answers.1, &plan));
            }
        });
        relay
    }

    /// Where CSCFs find the HSS.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    /// From now on this becomes of answers: to this command, or to all.
    pub(crate) fn set(&self, fault: Fault, command: Option<u32>) {
        *lock(&self.plan) = Some((fault, command));
    }

    /// From now on answers pass.
    pub(crate) fn heal(&self) {
        *lock(&self.plan) = None;
    }

    /// Every connection ends.
    pub(crate) fn cut(&self) {
        for stream in lock(&self.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whole messages from one side to the other, until one of them is gone.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    while let Some(message) = read(&mut from) {
        if to.write_all(&message).is_err() {
            break;
        }
    }
    end(&from, &to);
}

fn judge(mut from: TcpStream, mut to: TcpStream, plan: &Mutex<Plan>) {
    while let Some(message) = read(&mut from) {
        let is_answer_of_cx = message[4] & 0x80 == 0 && number(&message[8..12]) == CX;
        let fault = (*lock(plan)).filter(|(_, command)| {
            is_answer_of_cx && command.is_none_or(|command| command == number(&message[4..8]) & 0xFF_FFFF)
        });
        let bytes = match fault.map(|(fault, _)| fault) {
            None => message,
            Some(Fault::Delay(time)) => {
                let Ok(mut to) = to.try_clone() else { break };
                thread::spawn(move || {
                    // This is the fault, not a wait of the test's.
                    thread::sleep(time);
                    let _ = to.write_all(&message);
                });
                continue;
            }
            Some(Fault::Garbage) => vec![0xFF; 64],
            Some(Fault::Failure) => failed(&message),
            Some(Fault::Bare) => with_length(message[..20].to_vec()),
            Some(Fault::Cut) => break,
            Some(Fault::Silence) => continue,
        };
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    end(&from, &to);
}

fn end(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

/// RFC 6733 §3: version, three bytes of length, the rest.
fn read(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 4];
    from.read_exact(&mut message).ok()?;
    let length = number(&message) & 0xFF_FFFF;
    message.resize(usize::try_from(length).ok()?.max(20), 0);
    from.read_exact(&mut message[4..]).ok()?;
    Some(message)
}

/// The same answer with DIAMETER_UNABLE_TO_COMPLY: Session-Id, Origin-Host, Origin-Realm, Auth-Session-State and
/// Vendor-Specific-Application-Id stay.
fn failed(message: &[u8]) -> Vec<u8> {
    let mut answer = message[..20].to_vec();
    let mut rest = &message[20..];
    while rest.len() >= 8 {
        let length = (number(&rest[4..8]) & 0xFF_FFFF) as usize;
        let padded = length.next_multiple_of(4).min(rest.len()).max(8);
        if matches!(number(&rest[..4]), 263 | 264 | 296 | 277 | 260) {
            answer.extend(&rest[..padded]);
        }
        rest = &rest[padded..];
    }
    answer.extend(RESULT_CODE.to_be_bytes());
    answer.extend([0x40, 0, 0, 12]);
    answer.extend(UNABLE_TO_COMPLY.to_be_bytes());
    with_length(answer)
}

fn with_length(mut message: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    message[1..4].copy_from_slice(&length[1..]);
    message
}

/// Four bytes, the most significant first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}
