//! What a contact takes in memory: bytes that the store has allocated per contact, and per subscriber.
//!
//!     cargo run --release -p strowger-storage --example memory -- [CONTACTS]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use sip::{Flow, Message, Transport};
use strowger_storage::{Limits, Options, Store, Users};

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

/// What the allocators at hand round up to.
fn rounded(size: usize) -> usize {
    size.div_ceil(16) * 16
}

#[expect(unsafe_code, reason = "an allocator that counts cannot be written without")]
// SAFETY: every call is handed to the system's allocator as it is
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(rounded(layout.size()), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(rounded(layout.size()), Ordering::Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LIMITS: Limits = Limits { min_expires: 10, max_expires: 7200, default_expires: 3600, max_bindings: 10 };

fn main() {
    let contacts: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("strowger-memory-{}", std::process::id()));
    let store = Store::open(&folder, &Options::default()).expect("a new folder");
    let before = ALLOCATED.load(Ordering::Relaxed);
    for phone in 0..contacts {
        let text = format!(
            "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:7000;branch=z9hG4bK-{phone}\r\nMax-Forwards: 70\r\n\
             From: <sip:u{phone:07}@bench.test>;tag=1\r\nTo: <sip:u{phone:07}@bench.test>\r\nCall-ID: {phone}-12345@127.0.0.1\r\n\
             CSeq: 2 REGISTER\r\nContact: <sip:u{phone:07}@127.0.0.1:6000>;expires=3600\r\nContent-Length: 0\r\n\r\n"
        );
        let message = Message::parse_datagram(text.as_bytes()).expect("a REGISTER");
        let flow = Flow {
            transport: Transport::Udp,
            listener: 0,
            connection: 0,
            remote: ([127, 0, 0, 1], 7000).into(),
        };
        let now_ms = 2_000_000_000_000 + phone / 4;
        let (_, change) = store
            .registrations()
            .register(message.head(), &format!("sip:u{phone:07}@bench.test"), &LIMITS, flow, now_ms)
            .expect("granted");
        let (done, durable) = std::sync::mpsc::channel();
        let wait = phone % 1000 == 999;
        store.registrations().commit(
            change.expect("a change"),
            Box::new(move |outcome| {
                outcome.expect("durable");
                let _ = done.send(());
            }),
        );
        if wait {
            durable.recv().expect("told");
        }
    }
    // the last group, and what the thread keeps for it
    std::thread::sleep(std::time::Duration::from_millis(200));
    let now = ALLOCATED.load(Ordering::Relaxed);
    let count = store.registrations().count() as u64;
    println!("{count} contacts: {} bytes each", (now - before) as u64 / count);

    let lines: String = (0..contacts)
        .map(|n| format!("u{n:07}\tbench.test\tpw{n:07}\t{:032x}\n", u128::from(n) << 64 | 7))
        .collect();
    let file = folder.join("users.tsv");
    std::fs::write(&file, lines).expect("written");
    let before = ALLOCATED.load(Ordering::Relaxed);
    let started = std::time::Instant::now();
    let users = Users::open(&file).expect("users");
    let took = started.elapsed();
    let now = ALLOCATED.load(Ordering::Relaxed);
    println!("{} users: {} bytes each, read in {took:?}", users.len(), (now - before) / users.len());
    drop(store);
    let started = std::time::Instant::now();
    let store = Store::open(&folder, &Options::default()).expect("the same folder");
    println!("{} contacts loaded in {:?}", store.registrations().count(), started.elapsed());
    drop(store);
    let _ = std::fs::remove_dir_all(folder);
}
