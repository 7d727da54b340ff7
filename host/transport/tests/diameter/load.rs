//! Many requests at once, from threads that belong to no runtime.

use std::sync::Barrier;

use diameter::Outcome;
use diameter::node::What;
use strowger_transport::DiameterService;
use strowger_transport::diameter::Pending;

use crate::raw::RawListener;
use crate::world::*;

const THREADS: usize = 4;
const EACH: usize = 5_000;
const ALL: usize = THREADS * EACH;

/// A service through which that many may be under way.
fn roomy(setup: Setup) -> DiameterService {
    let setup = setup.limits(|shell, node| {
        (node.outstanding, node.outstanding_per_peer, node.incoming) = (ALL, ALL, ALL);
        shell.waiting_bytes = 64 << 20;
    });
    setup.start()
}

/// Sends from four threads at once.
fn storm(service: &DiameterService) -> Vec<Vec<Pending>> {
    let barrier = Barrier::new(THREADS);
    let one = || {
        barrier.wait();
        (0..EACH).map(|_| ask(service)).collect()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Waits for all, on four threads at once.
fn calm(storm: Vec<Vec<Pending>>) -> usize {
    let one = |asked: Vec<Pending>| {
        let ends = asked.into_iter().map(|pending| said(on_a_thread(pending)));
        ends.filter(|end| *end == Ok(Outcome::SUCCESS)).count()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = storm.into_iter().map(|asked| scope.spawn(move || one(asked))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_from_four_threads() {
    let hss = roomy(Setup::new(HSS).expecting(SCSCF));
    let scscf = roomy(Setup::new(SCSCF).connecting(HSS, hss.listening()[0]));
    open(&scscf, 1).await;
    let sent = tokio::task::spawn_blocking({
        let scscf = scscf.clone();
        move || calm(storm(&scscf))
    });
    assert_eq!(sent.await.unwrap(), ALL);
    assert_eq!(counted(&hss, What::RequestReceived), ALL as u64);
    assert_eq!(scscf.latencies()[0].1.count(), ALL as u64);
    assert_eq!(scscf.peers()[0].outstanding, 0);
}

/// The peer reads nothing until everything is sent, and then answers the last first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_to_a_slow_peer() {
    let listener = RawListener::new().await;
    let service = roomy(Setup::new(SCSCF).connecting(HSS, listener.address()));
    let mut raw = listener.welcome(HSS).await;
    open(&service, 1).await;
    let sending = tokio::task::spawn_blocking({
        let service = service.clone();
        move || storm(&service)
    });
    let asked = sending.await.unwrap();
    assert_eq!(service.peers()[0].outstanding, ALL);
    let mut answers = Vec::new();
    for _ in 0..ALL {
        let request = raw.message().await;
        answers.push(success(&request, &origin(HSS)));
    }
    for answer in answers.iter().rev() {
        raw.send(answer).await;
    }
    assert_eq!(tokio::task::spawn_blocking(move || calm(asked)).await.unwrap(), ALL);
    assert_eq!(service.connections().overfull, 0);
}
