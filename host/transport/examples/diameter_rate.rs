//! How fast two services of one process ask and answer each other over loopback, and what a pair of request and answer
//! costs in CPU time, both ends and the kernel together.
//!
//! `cargo run --release -p strowger-transport --example diameter_rate [requests] [threads] [window]`: from each thread
//! that many requests are kept under way at once; a window of 1 is a question and its answer, then the next.

// a figure or an explanation of why not
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use diameter::base::Origin;
use diameter::cx::{AnswerHead, LocationInfoAnswer, LocationInfoRequest, RequestHead};
use diameter::node::{Application, Config, Limits};
use diameter::peer::{PeerSettings, PeerTimers};
use diameter::{
    ApplicationId, AvpBits, Command, CommandCode, DiameterIdentity, Dictionary, Message, Outcome, Reading,
};
use rustix::time::{ClockId, clock_gettime};
use strowger_transport::diameter::{Incoming, Requests};
use strowger_transport::{
    ClientTls, DiameterConfig, DiameterLimits, DiameterListener, DiameterService, PeerAddress,
};

const REALM: &str = "ims.test";
const HSS: &str = "hss.ims.test";
const SCSCF: &str = "s.ims.test";

fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|word| word.parse().unwrap()).collect();
    let argument = |at: usize, default| arguments.get(at).copied().unwrap_or(default);
    let (requests, threads, window) = (argument(0, 200_000), argument(1, 2), argument(2, 64));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let hss = start(&runtime, HSS, SCSCF, None);
    let there = PeerAddress::tcp(name(HSS), "127.0.0.1", hss.listening()[0].port());
    let scscf = start(&runtime, SCSCF, HSS, Some(there));
    runtime.block_on(async { scscf.changes().wait_for(|_| scscf.ready()).await.map(drop) }).unwrap();
    run(&scscf, requests / 10, threads, window);
    let before = (Instant::now(), cpu(), switches());
    run(&scscf, requests, threads, window);
    let (wall, used) = (before.0.elapsed(), cpu() - before.1);
    let each = |duration: Duration| duration.as_secs_f64() * 1e6 / requests as f64;
    println!("{requests} pairs, {threads} threads, {window} under way from each");
    println!("{:.0} pairs a second, {:.2} us of CPU each", requests as f64 / wall.as_secs_f64(), each(used));
    println!("{:.2} switches of threads each", (switches() - before.2) as f64 / requests as f64);
    let (_, latency) = scscf.latencies()[0];
    println!("answers within: {:?}", latency.counts);
}

/// Asks from some threads, and waits for all answers.
fn run(service: &DiameterService, requests: usize, threads: usize, window: usize) {
    let ask = || {
        let mut under_way = VecDeque::with_capacity(window);
        for _ in 0..requests / threads {
            if under_way.len() == window
                && let Some(first) = under_way.pop_front()
            {
                wait(first);
            }
            under_way.push_back(service.send(lir(service), Duration::from_secs(30)));
        }
        under_way.into_iter().for_each(wait);
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(ask))));
}

fn wait(pending: impl Future<Output = Result<Message, strowger_transport::DiameterFailure>>) {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    thread_local!(static WAKER: Waker = Waker::from(Arc::new(Unpark(std::thread::current()))));
    let mut pending = pin!(pending);
    loop {
        let polled = WAKER.with(|waker| pending.as_mut().poll(&mut Context::from_waker(waker)));
        match polled {
            Poll::Ready(end) => return assert_eq!(end.unwrap().outcome(), Some(Outcome::SUCCESS)),
            Poll::Pending => std::thread::park(),
        }
    }
}

/// CPU time of the process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How often a thread of the process went to sleep, or was put to it.
fn switches() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let of = |text: String| -> u64 {
        let lines = text.lines().filter(|line| line.contains("ctxt_switches"));
        lines.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum()
    };
    tasks.filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok()).map(of).sum()
}

fn name(text: &str) -> DiameterIdentity {
    text.parse().unwrap()
}

fn origin(host: &str) -> Origin {
    Origin { host: name(host), realm: name(REALM), state_id: Some(1) }
}

fn lir(service: &DiameterService) -> Message {
    let lir = LocationInfoRequest {
        head: RequestHead::new(service.new_session_id(), service.origin().clone(), name(REALM)),
        originating_request: None,
        public_identity: "sip:alice@ims.test".to_owned(),
        user_authorization_type: None,
        session_priority: None,
        other: Vec::new(),
    };
    lir.print().unwrap()
}

/// An HSS that finds everybody at one S-CSCF.
struct Hss(Origin, Dictionary);

impl Requests for Hss {
    fn request(&self, incoming: Incoming) {
        let lir = LocationInfoRequest::parse(incoming.message(), &Reading::new(&self.1)).unwrap();
        let answer = LocationInfoAnswer {
            server_name: Some("sip:s.ims.test".to_owned()),
            ..LocationInfoAnswer::bare(AnswerHead::to(&lir.head, self.0.clone(), Outcome::SUCCESS))
        };
        incoming.answer(answer.print().unwrap());
    }
}

fn start(
    runtime: &tokio::runtime::Runtime,
    host: &str,
    peer: &str,
    there: Option<PeerAddress>,
) -> DiameterService {
    let peer = PeerSettings {
        identity: name(peer),
        realm: name(REALM),
        initiates: there.is_some(),
        timers: PeerTimers::default(),
    };
    let node = Config {
        origin: origin(host),
        host_ip_addresses: vec![[127, 0, 0, 1].into()],
        vendor_id: 0,
        product_name: "rate".to_owned(),
        firmware_revision: None,
        applications: vec![Application::CX],
        serves: vec![(ApplicationId::CX, CommandCode::LOCATION_INFO)],
        peers: vec![peer],
        routes: Vec::new(),
        limits: Limits { incoming: 20_000, ..Limits::default() },
        dictionary: Dictionary::new(),
        bits: AvpBits::Lenient,
        started: 1_795_000_000,
        seed: 7,
    };
    let config = DiameterConfig {
        node,
        listen: vec![DiameterListener { address: "127.0.0.1:0".parse().unwrap(), tls: None }],
        peers: there.into_iter().collect(),
        client_tls: ClientTls::default(),
        trace: None,
        feeds: None,
        limits: DiameterLimits::default(),
    };
    let hss = Hss(origin(host), Dictionary::new());
    DiameterService::start(runtime.handle(), config, Arc::new(hss)).unwrap()
}
