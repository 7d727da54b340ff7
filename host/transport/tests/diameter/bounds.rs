//! Every bound of the shell, reached.

use diameter::dictionary::base::{CLASS, ORIGIN_HOST, ORIGIN_REALM, RESULT_CODE};
use diameter::node::What;
use diameter::peer::CloseReason;
use diameter::{Builder, CommandCode, Flags, Outcome};
use strowger_transport::DiameterFailure;

use crate::authority::Authority;
use crate::raw::{Raw, RawListener};
use crate::world::*;

#[tokio::test]
async fn outstanding_requests() {
    let listener = RawListener::new().await;
    let setup = Setup::new(SCSCF).connecting(HSS, listener.address());
    let service = setup.limits(|_, node| node.outstanding_per_peer = 3).start();
    let mut raw = listener.welcome(HSS).await;
    open(&service, 1).await;
    let mut asked: Vec<_> = (0..3).map(|_| ask(&service)).collect();
    assert_eq!(said(soon(ask(&service)).await), Err(DiameterFailure::Busy));
    let request = raw.message().await;
    raw.agree(&request, HSS).await;
    assert_eq!(said(soon(asked.remove(0)).await), Ok(Outcome::SUCCESS));
    asked.push(ask(&service));
    assert_eq!(said(soon(ask(&service)).await), Err(DiameterFailure::Busy));
}

#[tokio::test]
async fn a_messages_length() {
    let listener = RawListener::new().await;
    let setup = Setup::new(SCSCF).connecting(HSS, listener.address());
    let service = setup.limits(|_, node| node.message = 1000).start();
    let mut raw = listener.welcome(HSS).await;
    open(&service, 1).await;
    let long = lir("s;1;1".to_owned(), SCSCF, &"x".repeat(1000));
    let length = long.bytes().len();
    assert_eq!(said(soon(service.send(long.clone(), LONG)).await), Err(DiameterFailure::TooLong { length }));
    raw.send(&long).await;
    assert!(raw.next().await.is_none());
    assert_eq!(service.connections().broken_streams, 1);
}

#[tokio::test]
async fn accepted_connections() {
    let setup = Setup::new(HSS).expecting(SCSCF);
    let hss = setup.limits(|shell, _| shell.connections = 2).start();
    let there = hss.listening()[0];
    let mut first = Raw::introduce(there, SCSCF).await;
    let second = Raw::connect(there).await;
    until(|| hss.connections().accepted == 2).await;
    assert!(Raw::connect(there).await.next().await.is_none());
    assert_eq!(hss.connections().refused, 1);
    // there is room again
    drop(second);
    until(|| hss.connections().live == 1).await;
    let _third = Raw::connect(there).await;
    until(|| hss.connections().accepted == 3).await;
    let pending = ask(&hss);
    let request = first.message().await;
    first.agree(&request, SCSCF).await;
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
}

#[tokio::test]
async fn a_handshake() {
    let authority = Authority::new();
    let mut setup = Setup::new(HSS).expecting(SCSCF);
    setup.0.listen[0].tls = Some(authority.install(HSS));
    let hss = setup.limits(|shell, _| shell.handshake = std::time::Duration::from_millis(30)).start();
    let mut silent = Raw::connect(hss.listening()[0]).await;
    assert!(silent.next().await.is_none());
    until(|| hss.connections().handshakes_failed == 1).await;
    assert_eq!(hss.connections().accepted, 0);
}

/// A peer asks and never reads an answer: it is closed, and what we asked it goes to the other one, with the T bit.
#[tokio::test]
async fn bytes_that_wait() {
    let (slow, well) = (RawListener::new().await, RawListener::new().await);
    let setup = Setup::new(SCSCF).connecting(HSS, slow.address()).connecting(HSS2, well.address());
    let setup = setup.limits(|shell, _| shell.waiting_bytes = 100_000);
    let origin = setup.0.node.origin.clone();
    let service = setup.answering(move |incoming| {
        let mut out = Builder::answer(incoming.message().header());
        out.put(RESULT_CODE, &2001_u32).put(ORIGIN_HOST, &origin.host).put(ORIGIN_REALM, &origin.realm);
        out.put_bytes(CLASS, &[0; 50_000]);
        incoming.answer(out.finish().unwrap());
    });
    let (mut deaf, mut raw) = (slow.welcome(HSS).await, well.welcome(HSS2).await);
    open(&service, 2).await;
    let asked: Vec<_> = (0..3).map(|_| ask(&service)).collect();
    // as much as the kernel takes, and then as much as we do
    let mut number = 0;
    while service.connections().overfull == 0 {
        number += 1;
        assert!(number < 1000, "100,000 bytes are soon full");
        let request = lir(format!("{HSS};1;{number}"), HSS, "tel:+1");
        deaf.send(&request.stamped(number, number, Flags::REQUEST | Flags::PROXIABLE)).await;
        until(|| counted(&service, What::RequestReceived) == u64::from(number)).await;
    }
    for pending in asked {
        let request = raw.request(CommandCode::LOCATION_INFO).await;
        assert!(request.header().flags.contains(Flags::RETRANSMITTED));
        raw.agree(&request, HSS2).await;
        assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
    }
    assert_eq!(service.peers()[0].last_closed, Some(CloseReason::Lost));
}
