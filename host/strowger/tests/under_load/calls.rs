//! A load of calls: INVITE, 100, 180, 200, ACK, a moment, BYE, 200, so many a second, each from a registered caller to a
//! registered callee. Whatever is not just so is in the report.
//!
//! Two threads, each with its socket: one calls, one answers. The answering one keeps nothing but what it counts.

use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sip::{HeaderId, Message};

use super::phone::{self, MOST_BYTES, Place, text};

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// A call that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long they talk.
const TALK: Duration = Duration::from_millis(30);
/// The longest a thread waits for a message before it looks at its clock.
const LOOK: Duration = Duration::from_millis(2);

/// Users of each side.
const USERS: usize = 4;

/// Who must be among the users of the router.
pub fn users() -> Vec<String> {
    (0..USERS).flat_map(|n| [caller(n), callee(n)]).collect()
}

fn caller(n: usize) -> String {
    format!("caller{n}")
}

fn callee(n: usize) -> String {
    format!("callee{n}")
}

/// What has happened since the last report.
#[derive(Debug, Default)]
pub struct Report {
    /// Calls that ended as they should.
    pub completed: usize,
    /// A sentence for each that did not.
    pub failed: Vec<String>,
    /// Requests that had to be sent again, by either side's count.
    pub retransmissions: usize,
    /// From INVITE to 180, through the plugin, and from BYE to its 200, past it.
    pub response_times: Vec<Duration>,
}

impl Report {
    /// The longest response time.
    pub fn longest(&self) -> Duration {
        self.response_times.iter().copied().max().unwrap_or_default()
    }

    /// The response time that half of all are below.
    pub fn median(&self) -> Duration {
        let mut all = self.response_times.clone();
        all.sort();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!(
            "{} calls completed, {} failed, {} retransmissions, response times: median {:.1?}, longest {:.1?}",
            self.completed,
            self.failed.len(),
            self.retransmissions,
            self.median(),
            self.longest()
        )
    }
}

/// Calls that go on until it is dropped.
pub struct Load {
    report: Arc<Mutex<Report>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Registers everybody, and begins.
    pub fn start(router: SocketAddr, calls_per_second: u32) -> Load {
        let report = Arc::new(Mutex::new(Report::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let sockets = [phone::socket(Duration::from_secs(5)), phone::socket(Duration::from_secs(5))];
        for n in 0..USERS {
            phone::register(&sockets[0], router, &caller(n));
            phone::register(&sockets[1], router, &callee(n));
        }
        sockets.iter().for_each(|socket| socket.set_read_timeout(Some(LOOK)).unwrap());
        let [calling, answering] = sockets;
        let callers = Callers {
            socket: calling,
            router,
            interval: Duration::from_secs(1) / calls_per_second,
            calls: HashMap::new(),
            report: Arc::clone(&report),
        };
        let (stop_1, stop_2, report_2) = (Arc::clone(&stop), Arc::clone(&stop), Arc::clone(&report));
        let threads = vec![
            std::thread::spawn(move || callers.run(&stop_1)),
            std::thread::spawn(move || answer(&answering, router, &stop_2, &report_2)),
        ];
        Load { report, stop, threads }
    }

    /// What has happened since this was asked last.
    pub fn report(&self) -> Report {
        std::mem::take(&mut *self.report.lock().unwrap())
    }

    /// Lets calls go on for so long, and reports.
    pub fn run_for(&self, time: Duration) -> Report {
        std::thread::sleep(time);
        self.report()
    }

    /// Begins no more calls, waits for those under way, and reports the rest.
    pub fn end(mut self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.report()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

enum Stage {
    Inviting,
    Talking,
    Ending,
}

struct Call {
    stage: Stage,
    place: Place,
    began: Instant,
    /// When the request of this stage was sent first.
    asked: Instant,
    request: Vec<u8>,
    /// When something is to be done without a message: send again, or hang up.
    due: Instant,
    interval: Duration,
    /// The first provisional response has come, and its time is taken.
    rings: bool,
}

struct Callers {
    socket: UdpSocket,
    router: SocketAddr,
    interval: Duration,
    calls: HashMap<String, Call>,
    report: Arc<Mutex<Report>>,
}

impl Callers {
    fn run(mut self, stop: &AtomicBool) {
        let own = self.socket.local_addr().unwrap();
        let mut next = Instant::now();
        let mut buffer = vec![0; MOST_BYTES];
        for n in 0.. {
            while !stop.load(Ordering::Relaxed) && next <= Instant::now() {
                self.begin(own, n % USERS);
                next += self.interval;
            }
            if stop.load(Ordering::Relaxed) && self.calls.is_empty() {
                return;
            }
            if let Ok(length) = self.socket.recv(&mut buffer)
                && let Ok(response) = Message::parse_datagram(&buffer[..length])
            {
                self.hear(own, &response);
            }
            self.look_at_the_clock(own);
        }
    }

    fn begin(&mut self, own: SocketAddr, n: usize) {
        let place = Place::new(&caller(n), &callee(n));
        let request = place.request("INVITE", own, &format!("Contact: <sip:{}@{own}>\r\n", caller(n)));
        let now = Instant::now();
        self.send(&request);
        let (call_id, due) = (place.call_id.clone(), now + T1);
        let call = Call {
            stage: Stage::Inviting,
            place,
            began: now,
            asked: now,
            request,
            due,
            interval: T1,
            rings: false,
        };
        self.calls.insert(call_id, call);
    }

    fn hear(&mut self, own: SocketAddr, response: &Message) {
        let now = Instant::now();
        let call_id = text(response.header(HeaderId::CALL_ID));
        let Some(call) = self.calls.get_mut(&call_id) else { return };
        let cseq = text(response.header(HeaderId::CSEQ));
        match (&call.stage, response.status()) {
            (Stage::Inviting, status) if !cseq.ends_with("INVITE") => {
                self.fail(&call_id, &format!("{status} to {cseq} where the INVITE is under way"));
            }
            (Stage::Inviting, 100) => call.due = now + PATIENCE,
            (Stage::Inviting, 101..=199) => {
                call.due = now + PATIENCE;
                if !std::mem::replace(&mut call.rings, true) {
                    self.report.lock().unwrap().response_times.push(now - call.asked);
                }
            }
            (Stage::Inviting, 200..=299) => {
                call.place = call.place.within(response);
                let ack = call.place.request("ACK", own, "");
                (call.stage, call.due) = (Stage::Talking, now + TALK);
                self.send(&ack);
            }
            (Stage::Ending, 200..=299) if cseq.ends_with("BYE") => {
                let mut report = self.report.lock().unwrap();
                report.response_times.push(now - call.asked);
                report.completed += 1;
                drop(report);
                self.calls.remove(&call_id);
            }
            // A late 2xx to the INVITE: its ACK is under way.
            (Stage::Talking | Stage::Ending, 200..=299) => self.report.lock().unwrap().retransmissions += 1,
            (_, status) => self.fail(&call_id, &format!("{status} to {cseq}")),
        }
    }

    fn look_at_the_clock(&mut self, own: SocketAddr) {
        let now = Instant::now();
        let mut late = Vec::new();
        for (call_id, call) in &mut self.calls {
            if now - call.began > PATIENCE {
                late.push(call_id.clone());
            } else if call.due <= now {
                if matches!(call.stage, Stage::Talking) {
                    call.place.cseq += 1;
                    call.request = call.place.request("BYE", own, "");
                    (call.stage, call.asked, call.interval) = (Stage::Ending, now, T1);
                } else {
                    call.interval *= 2;
                    self.report.lock().unwrap().retransmissions += 1;
                }
                call.due = now + call.interval;
                let _ = self.socket.send_to(&call.request, self.router);
            }
        }
        for call_id in late {
            self.fail(&call_id, "no end in time");
        }
    }

    fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.router).unwrap();
    }

    fn fail(&mut self, call_id: &str, why: &str) {
        self.calls.remove(call_id);
        self.report.lock().unwrap().failed.push(format!("{call_id}: {why}"));
    }
}

/// The side that is called.
fn answer(socket: &UdpSocket, router: SocketAddr, stop: &AtomicBool, report: &Mutex<Report>) {
    let own = socket.local_addr().unwrap();
    let mut buffer = vec![0; MOST_BYTES];
    let mut seen = HashSet::new();
    let mut quiet_since = Instant::now();
    // Calls under way end after the callers were told to stop.
    while !stop.load(Ordering::Relaxed) || quiet_since.elapsed() < 4 * T1 {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        quiet_since = Instant::now();
        let Ok(request) = Message::parse_datagram(&buffer[..length]) else { continue };
        if !request.is_request() {
            continue;
        }
        let branch = text(request.head().fields(HeaderId::VIA).next());
        if !seen.insert(format!("{branch} {}", text(Some(request.method_token())))) {
            report.lock().unwrap().retransmissions += 1;
        }
        let send = |bytes: Vec<u8>| assert!(socket.send_to(&bytes, router).is_ok());
        match request.method_token() {
            b"INVITE" => {
                let contact = format!("Contact: <sip:callee@{own}>\r\n");
                send(phone::answer(&request, 180, "Ringing", &contact));
                send(phone::answer(&request, 200, "OK", &contact));
            }
            b"ACK" => {}
            _ => send(phone::answer(&request, 200, "OK", "")),
        }
    }
}
