//! What a registration costs: CPU time per registration at a given rate, of the threads behind the store and of the caller.
//!
//!     cargo run --release -p strowger-storage --example rate -- [RATE] [WINDOW_MS] [SECONDS] [new|again] [KEYS]
//!
//! `again`: 20,000 phones register over and over instead of new ones. `KEYS`: documents that are put with each. Linux only: it reads /proc.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sip::{Flow, Message, Transport};
use strowger_storage::{CommitSink, Limits, Options, Store};

const LIMITS: Limits = Limits { min_expires: 10, max_expires: 7200, default_expires: 3600, max_bindings: 10 };
const PHONES: u64 = 20_000;

#[derive(Default)]
struct Counting {
    durable: AtomicU64,
    lost: AtomicU64,
    calls: AtomicU64,
}

impl CommitSink for Counting {
    fn committed(&self, tokens: &[u64], durable: bool) {
        let count = if durable { &self.durable } else { &self.lost };
        count.fetch_add(tokens.len() as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (rate, window, seconds) = (number(4000), number(20), number(10));
    let again = arguments.next().is_some_and(|word| word == "again");
    let keys: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let folder = std::env::temp_dir().join(format!("strowger-rate-{}", std::process::id()));
    let options = Options { window: Duration::from_millis(window), ..Options::default() };
    let mut store = Store::open(&folder, &options).expect("a new folder");
    let registrations = Arc::clone(store.registrations());
    let sink = Arc::new(Counting::default());
    let mut queue = registrations.queue(sink.clone());

    let (mut made, mut caller) = (0u64, Duration::ZERO);
    let behind = cpu_behind();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_millis(1));
        let due = start.elapsed().as_micros() as u64 * rate / 1_000_000;
        let messages: Vec<_> = (made..due).map(|n| register(if again { n % PHONES } else { n }, n)).collect();
        let round = Instant::now();
        for (aor, message) in &messages {
            let flow = Flow {
                transport: Transport::Udp,
                listener: 0,
                connection: 0,
                remote: ([127, 0, 0, 1], 7000).into(),
            };
            let (_, change) =
                registrations.register(message.head(), aor, &LIMITS, flow, now_ms()).expect("granted");
            for key in 0..keys {
                store.documents().put("rate", &format!("{aor} {key}"), &[b'x'; 200]);
            }
            queue.commit(change.expect("a change"), made);
            made += 1;
        }
        queue.flush();
        caller += round.elapsed();
    }
    let behind = cpu_behind() - behind;
    store.close();
    let counters = store.counters();
    let groups = counters.groups.load(Ordering::Relaxed);
    let log = std::fs::metadata(folder.join("strowger.sqlite")).map_or(0, |file| file.len());
    println!(
        "{rate}/s, window {window} ms, {}: {made} registrations, {} durable, {} lost, {groups} groups, {} wake-ups of the shard",
        if again { "again" } else { "new" },
        sink.durable.load(Ordering::Relaxed),
        sink.lost.load(Ordering::Relaxed),
        sink.calls.load(Ordering::Relaxed),
    );
    println!(
        "CPU per registration: storage threads {:.2} us, caller {:.2} us (wall); per group {:.0} us; commits {:.2} ms on average, {:.1} at most; {} kB on disk",
        behind.as_secs_f64() * 1e6 / made as f64,
        caller.as_secs_f64() * 1e6 / made as f64,
        behind.as_secs_f64() * 1e6 / groups.max(1) as f64,
        counters.busy_us.load(Ordering::Relaxed) as f64 / 1e3 / groups.max(1) as f64,
        counters.longest_us.load(Ordering::Relaxed) as f64 / 1e3,
        log / 1024,
    );
    drop(store);
    let _ = std::fs::remove_dir_all(folder);
    println!("caller without a disk, warm: {:.2} us", caller_alone().as_secs_f64() * 1e6);
}

/// Time to compute and make one change in memory, the best of ten runs.
fn caller_alone() -> Duration {
    let messages: Vec<_> = (0..PHONES).map(|phone| register(phone, phone)).collect();
    let flow =
        Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: ([127, 0, 0, 1], 7000).into() };
    let runs = (0..10).map(|_| {
        let store = Store::in_memory(&Options::default());
        let registrations = store.registrations();
        let mut queue = registrations.queue(Arc::new(Counting::default()));
        let start = Instant::now();
        for (aor, message) in &messages {
            let (_, change) = registrations.register(message.head(), aor, &LIMITS, flow, 1).expect("granted");
            queue.commit(change.expect("a change"), 0);
        }
        start.elapsed() / PHONES as u32
    });
    runs.min().unwrap_or_default()
}

fn register(phone: u64, call: u64) -> (String, Message) {
    let text = format!(
        "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:7000;branch=z9hG4bK-{call}\r\nMax-Forwards: 70\r\n\
         From: <sip:u{phone:07}@bench.test>;tag=1r{call}\r\nTo: <sip:u{phone:07}@bench.test>\r\nCall-ID: {call}-1@127.0.0.1\r\n\
         CSeq: 2 REGISTER\r\nContact: <sip:u{phone:07}@127.0.0.1:6000>;expires=3600\r\nContent-Length: 0\r\n\r\n"
    );
    (format!("sip:u{phone:07}@bench.test"), Message::parse_datagram(text.as_bytes()).expect("a REGISTER"))
}

/// CPU time of all threads of this process but this one.
fn cpu_behind() -> Duration {
    let own =
        std::fs::read_link("/proc/thread-self").ok().and_then(|path| Some(path.file_name()?.to_owned()));
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        if Some(task.file_name()) != own {
            sum += schedstat(&task.path());
        }
    }
    Duration::from_nanos(sum)
}

fn schedstat(task: &Path) -> u64 {
    let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
