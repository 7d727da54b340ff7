//! kill -9 in the middle of registrations: whatever was acknowledged is there after the restart, on each of the databases.
//!
//! Has no test harness: run without arguments it is the test; it starts itself as the process that is to be killed. That
//! one binds, binds anew and removes contacts as fast as it can, and prints each change that it was told is durable:
//! `phone step`. The steps of a phone follow each other, so after the restart a phone is where its last printed step led,
//! or one step further: durable, but killed before it could be told. So is the document that is put before each step.

#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "servers/mod.rs"]
mod servers;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use servers::{Kind, Server};
use sip::{Flow, Message, Transport};
use strowger_storage::{Limits, Options, Place, Store};

const LIMITS: Limits = Limits { min_expires: 10, max_expires: 7200, default_expires: 3600, max_bindings: 10 };
const PHONES: u32 = 1000;
/// The collection of documents.
const STEPS: &str = "steps";
/// A kill only tells something if it comes while a group is prepared: what a process has written is the kernel's, and
/// survives it. So many kills, not one.
const KILLS: u32 = 12;
/// Phones that were acknowledged something, from which on a kill proves something.
const ENOUGH: usize = 500;
const ALIVE: Duration = Duration::from_millis(700);

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, word, url, run] = &arguments[..]
        && word == "until-killed"
    {
        register_until_killed(url, run);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    acknowledged_is_durable(&format!("sqlite:{}", folder.path().join("a.sqlite").display()));
    println!("test acknowledged_is_durable on SQLite ... ok");
    for kind in [Kind::MariaDb, Kind::Postgres] {
        if let Some(server) = Server::start(kind) {
            acknowledged_is_durable(&server.url());
            println!("test acknowledged_is_durable on {kind:?} ... ok");
        }
    }
}

fn open(url: &str, options: &Options) -> Store {
    let place = Place::of(url, "kill9").expect("a place");
    Store::open_at(place, None, options).expect("it opens")
}

fn acknowledged_is_durable(url: &str) {
    let mut last = HashMap::new();
    for run in 0..KILLS {
        let printed = run_and_kill(url, run);
        assert!(
            printed.len() > ENOUGH,
            "{} changes were acknowledged: too few to prove anything",
            printed.len()
        );
        last.extend(printed);
        let store = open(url, &Options::default());
        let documents: HashMap<_, _> = store.documents().take(STEPS).into_iter().collect();
        let mut further = 0;
        for (phone, step) in &last {
            let found = store.registrations().lookup(&aor(phone), now_ms());
            let found: Vec<_> = found.iter().map(|binding| &*binding.parameters).collect();
            let is_at = |step: u32| match binds(step) {
                true => found == [format!(";step={step}")],
                false => found.is_empty(),
            };
            assert!(is_at(*step) || is_at(step + 1), "{phone} was acknowledged step {step}, found {found:?}");
            further += u32::from(!is_at(*step));
            let document = documents.get(&**phone).map(|document| String::from_utf8_lossy(document).parse());
            let at = document.expect("it came with the first step").expect("a number");
            assert!(
                (*step..=step + 1).contains(&at),
                "{phone} was acknowledged step {step}, its document {at}"
            );
        }
        println!("run {run}: {} phones as acknowledged, {further} of them one step further", last.len());
    }
}

/// The last printed step of every phone.
fn run_and_kill(url: &str, run: u32) -> HashMap<String, u32> {
    let own = std::env::current_exe().expect("this test");
    let mut child = Command::new(own)
        .arg("until-killed")
        .arg(url)
        .arg(run.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    // it has loaded what there is, and is at work
    let first = lines.next();
    // at no particular point of its work: a thread of its own that knows nothing of it
    let killer = std::thread::spawn(move || {
        std::thread::sleep(ALIVE + Duration::from_micros(u64::from(run) * 3_700));
        let alive = child.try_wait().expect("a child").is_none();
        child.kill().expect("SIGKILL");
        child.wait().expect("gone");
        alive
    });
    let mut last = HashMap::new();
    for line in first.into_iter().chain(lines) {
        let line = line.expect("text");
        // the kill may cut the last line short
        let Some((phone, step)) = line.strip_suffix(" durable").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let before = last.insert(phone.to_owned(), step.parse::<u32>().expect("a number"));
        assert!(before.is_none_or(|before| before + 1 == last[phone]));
    }
    assert!(killer.join().expect("no panic"), "it ended by itself");
    last
}

fn register_until_killed(url: &str, run: &str) {
    let options = Options { window: Duration::from_millis(2), ..Options::default() };
    let store = open(url, &options);
    // steps asked for and steps acknowledged
    let steps: Arc<Vec<(AtomicU32, AtomicU32)>> = Arc::new((0..PHONES).map(|_| Default::default()).collect());
    loop {
        for place in 0..PHONES as usize {
            let (asked, told) = &steps[place];
            let step = asked.load(Ordering::Relaxed);
            if step != told.load(Ordering::Acquire) {
                continue;
            }
            let step = step + 1;
            asked.store(step, Ordering::Relaxed);
            let phone = format!("u{run}-{place}");
            let message = register(&phone, step);
            assert!(store.documents().put(STEPS, &phone, step.to_string().as_bytes()));
            let flow = Flow {
                transport: Transport::Udp,
                listener: 0,
                connection: 0,
                remote: ([127, 0, 0, 1], 7000).into(),
            };
            let (_, change) = store
                .registrations()
                .register(message.head(), &aor(&phone), &LIMITS, flow, now_ms())
                .expect("granted");
            let steps = Arc::clone(&steps);
            store.registrations().commit(
                change.expect("a change"),
                Box::new(move |outcome| {
                    outcome.expect("durable");
                    writeln!(std::io::stdout(), "{phone} {step} durable").expect("read");
                    steps[place].1.store(step, Ordering::Release);
                }),
            );
        }
    }
}

/// Whether a step leaves a binding: two of three do.
fn binds(step: u32) -> bool {
    !step.is_multiple_of(3)
}

fn aor(phone: &str) -> String {
    format!("sip:{phone}@bench.test")
}

fn register(phone: &str, step: u32) -> Message {
    let expires = if binds(step) { 3600 } else { 0 };
    let text = format!(
        "REGISTER sip:bench.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:7000;branch=z9hG4bK-{step}\r\n\
         From: <sip:{phone}@bench.test>;tag=1\r\nTo: <sip:{phone}@bench.test>\r\nCall-ID: {phone}\r\n\
         CSeq: {step} REGISTER\r\nContact: <sip:{phone}@127.0.0.1:6000>;step={step};expires={expires}\r\n\r\n"
    );
    Message::parse_datagram(text.as_bytes()).expect("a REGISTER")
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
