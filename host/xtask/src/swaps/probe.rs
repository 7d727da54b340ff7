//! What a switch costs the messages that meet it: two phones of our own beside SIPp's send MESSAGEs through all three
//! CSCFs, and take the time of each request and of each answer to the microsecond. (SIPp's own clock has steps of some
//! milliseconds.)
//!
//! In: where phones send, and when something was switched. Out: the times of messages that were on their way then, beside
//! those of all others.

use super::network::DOMAIN;
use anyhow::{Context, Result, bail};
use sip::{HeaderId, Message};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The phones' users, and the password of both.
pub(crate) const USERS: [&str; 2] = ["probing", "probed"];
const PASSWORD: &str = crate::sipp::PASSWORD;
/// MESSAGEs a second.
const RATE: u32 = 100;
/// What a receiver waits before it looks whether it is over.
const LOOK: Duration = Duration::from_millis(200);
/// After the last MESSAGE, for its answer.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_BYTES: usize = 65_535;

/// A message's way through the network: when it began, and what it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
}

/// What has happened to one MESSAGE.
#[derive(Clone, Copy, Default)]
struct Way {
    sent: Option<Instant>,
    answered: Option<Instant>,
    is_over: bool,
}

#[derive(Default)]
struct Heard {
    ways: Vec<Way>,
    samples: Vec<Sample>,
}

/// MESSAGEs under way.
pub(crate) struct Probe {
    stop: Arc<AtomicBool>,
    heard: Arc<Mutex<Heard>>,
    threads: Vec<JoinHandle<()>>,
}

/// What it has seen in the end.
pub(crate) struct Probed {
    /// The times of requests and of answers.
    pub(crate) samples: Vec<Sample>,
    /// MESSAGEs, and those of them that no answer of 200 came to.
    pub(crate) messages: usize,
    pub(crate) lost: usize,
}

impl Probe {
    /// Registers both, and begins.
    pub(crate) fn start(pcscf: SocketAddr) -> Result<Probe> {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let [from, to] = [UdpSocket::bind(loopback)?, UdpSocket::bind(loopback)?];
        for (socket, user) in [(&from, USERS[0]), (&to, USERS[1])] {
            socket.connect(pcscf)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            register(socket, user)?;
            socket.set_read_timeout(Some(LOOK))?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hears = from.try_clone()?;
        let threads = [
            std::thread::spawn({
                let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
                move || send(&from, &stop, &heard)
            }),
            std::thread::spawn({
                let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
                move || answer(&to, &stop, &heard)
            }),
            std::thread::spawn({
                let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
                move || hear(&hears, &stop, &heard)
            }),
        ];
        Ok(Probe { stop, heard, threads: threads.into() })
    }

    /// Ends it.
    pub(crate) fn stop(mut self) -> Probed {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has lost messages, which are counted.
            let _ = thread.join();
        }
        let heard = lock(&self.heard);
        let lost = heard.ways.iter().filter(|way| !way.is_over).count();
        Probed { samples: heard.samples.clone(), messages: heard.ways.len(), lost }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send(socket: &UdpSocket, stop: &AtomicBool, heard: &Mutex<Heard>) {
    let began = Instant::now();
    let own = socket.local_addr().map(|own| own.to_string()).unwrap_or_default();
    for n in 0u32.. {
        let due = Duration::from_secs(1) * n / RATE;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let [from, to] = USERS;
        let message = format!(
            "MESSAGE sip:{to}@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKprobe{n}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{from}@{DOMAIN}>;tag=probe{n}\r\nTo: <sip:{to}@{DOMAIN}>\r\n\
             Call-ID: {n}@probe\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        );
        lock(heard).ways.push(Way { sent: Some(Instant::now()), ..Way::default() });
        let _ = socket.send(message.as_bytes());
    }
}

/// The side that gets them.
fn answer(socket: &UdpSocket, stop: &AtomicBool, heard: &Mutex<Heard>) {
    each(socket, stop, |message, now| {
        if !message.is_request() {
            return;
        }
        let head = message.head();
        let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
        for id in [HeaderId::VIA, HeaderId::FROM, HeaderId::TO, HeaderId::CALL_ID, HeaderId::CSEQ] {
            for value in head.fields(id) {
                let tag = if id == HeaderId::TO { ";tag=probed" } else { "" };
                answer.push_str(&format!("{}: {}{tag}\r\n", id.name(), String::from_utf8_lossy(value)));
            }
        }
        answer.push_str("Content-Length: 0\r\n\r\n");
        let mut heard = lock(heard);
        if let Some(n) = number_of(message)
            && let Some(way) = heard.ways.get_mut(n)
            && let (Some(sent), None) = (way.sent, way.answered)
        {
            way.answered = Some(Instant::now());
            heard.samples.push(Sample { at: sent, took: now - sent });
        }
        drop(heard);
        let _ = socket.send(answer.as_bytes());
    });
}

/// The side that sent them.
fn hear(socket: &UdpSocket, stop: &AtomicBool, heard: &Mutex<Heard>) {
    each(socket, stop, |message, now| {
        let mut heard = lock(heard);
        if message.status() == 200
            && let Some(n) = number_of(message)
            && let Some(way) = heard.ways.get_mut(n)
            && let (Some(answered), false) = (way.answered, way.is_over)
        {
            way.is_over = true;
            heard.samples.push(Sample { at: answered, took: now - answered });
        }
    });
}

/// Every message that comes, until it is over and nothing has come for a moment.
fn each(socket: &UdpSocket, stop: &AtomicBool, mut came: impl FnMut(&Message, Instant)) {
    let mut buffer = vec![0; MOST_BYTES];
    let mut stopped = None;
    loop {
        if let Ok(length) = socket.recv(&mut buffer) {
            let now = Instant::now();
            if let Ok(message) = Message::parse_datagram(&buffer[..length]) {
                came(&message, now);
            }
        }
        if stop.load(Ordering::Relaxed) && stopped.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return;
        }
    }
}

fn number_of(message: &Message) -> Option<usize> {
    let call_id = std::str::from_utf8(message.header(HeaderId::CALL_ID)?).ok()?;
    call_id.strip_suffix("@probe")?.parse().ok()
}

/// REGISTER, 401, REGISTER with SIP Digest, 200 (TS 24.229 §5.1.1).
fn register(socket: &UdpSocket, user: &str) -> Result<()> {
    let own = socket.local_addr()?;
    let identity = format!("{user}@{DOMAIN}");
    let uri = format!("sip:{DOMAIN}");
    let request = |cseq: u32, authorization: &str| {
        format!(
            "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{user}{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:{identity}>;tag={user}\r\nTo: <sip:{identity}>\r\nCall-ID: register-{user}\r\n\
             CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{own}>;expires=7200\r\nSupported: path\r\n\
             Authorization: {authorization}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let none =
        format!("Digest username=\"{identity}\",realm=\"{DOMAIN}\",nonce=\"\",uri=\"{uri}\",response=\"\"");
    let challenged = ask(socket, &request(1, &none))?;
    let challenge = challenged.header(HeaderId::WWW_AUTHENTICATE);
    let challenge = challenge.with_context(|| format!("{user} got {}, no challenge", challenged.status()))?;
    let account = auth::Account { user: &identity, password: PASSWORD };
    let exchange = auth::Answer { method: "REGISTER", uri: &uri, body: b"", cnonce: "c0ffee", nc: 1 };
    let accepted = ask(socket, &request(2, &auth::answer(challenge, account, &exchange)?))?;
    match accepted.status() {
        200 => Ok(()),
        status => bail!("{user} is not registered: {status}"),
    }
}

fn ask(socket: &UdpSocket, request: &str) -> Result<Message> {
    let mut buffer = vec![0; MOST_BYTES];
    socket.send(request.as_bytes())?;
    loop {
        let length = socket.recv(&mut buffer).context("no answer to a REGISTER")?;
        let message = Message::parse_datagram(&buffer[..length])?;
        if message.status() >= 200 {
            return Ok(message);
        }
    }
}

/// From when to when something was switched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// Times of messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Those that were on their way in any of the windows, which are in order of time; and all others.
    pub(crate) fn apart(samples: &[Sample], windows: &[Window]) -> (Times, Times) {
        let (mut within, mut without) = (Vec::new(), Vec::new());
        for Sample { at, took } in samples {
            // The first window that does not end before the message began.
            let next = windows.partition_point(|window| window.to < *at);
            let meets = windows.get(next).is_some_and(|window| window.from <= *at + *took);
            if meets { &mut within } else { &mut without }.push(*took);
        }
        (Times::of(within), Times::of(without))
    }

    /// Times in any order.
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Times {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort();
        Times(times)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of 1,000 are not above.
    pub(crate) fn of_1000(&self, share: usize) -> Duration {
        let at = (self.0.len() * share / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }

    /// The longest.
    pub(crate) fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_by_whether_they_met_a_switch() {
        let zero = Instant::now();
        let ms = Duration::from_millis;
        let sample = |at, took| Sample { at: zero + ms(at), took: ms(took) };
        let window = |from, to| Window { from: zero + ms(from), to: zero + ms(to) };
        let samples = [sample(0, 5), sample(8, 3), sample(12, 1), sample(30, 2), sample(39, 2)];
        let (within, without) = Times::apart(&samples, &[window(10, 20), window(40, 50)]);
        assert_eq!(within, Times(vec![ms(1), ms(2), ms(3)]));
        assert_eq!(without, Times(vec![ms(2), ms(5)]));
        assert_eq!((within.of_1000(500), within.of_1000(990), within.longest()), (ms(2), ms(3), ms(3)));
        assert_eq!(Times::default().of_1000(990), Duration::ZERO);
    }
}
