//! Two services talk (RFC 6733 §2.1 over TCP, §13.1 over TLS), in both directions.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use diameter::node::{ConfigError, What};
use diameter::peer::CloseReason;
use diameter::{CommandCode, Failure, FailureKind, Outcome, ResultCode};
use strowger_transport::diameter::Incoming;
use strowger_transport::{
    ClientTls, DiameterError, DiameterFailure, DiameterListener, DiameterService, PeerAddress, PeerTransport,
};
use tokio::runtime::Handle;

use crate::authority::Authority;
use crate::world::*;

/// An HSS, and an S-CSCF that connects to it.
async fn pair() -> (DiameterService, DiameterService) {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let scscf = Setup::new(SCSCF).connecting(HSS, hss.listening()[0]).start();
    open(&scscf, 1).await;
    open(&hss, 1).await;
    (scscf, hss)
}

/// Requests cross in both directions.
async fn talk(scscf: &DiameterService, hss: &DiameterService) {
    for _ in 0..10 {
        let (there, back) = (ask(scscf), ask(hss));
        assert_eq!(said(soon(there).await), Ok(Outcome::SUCCESS));
        assert_eq!(said(soon(back).await), Ok(Outcome::SUCCESS));
    }
}

#[tokio::test]
async fn over_tcp() {
    let (scscf, hss) = pair().await;
    talk(&scscf, &hss).await;
    assert!(scscf.ready() && hss.ready());
    assert_eq!((scscf.connections().connected, hss.connections().accepted), (1, 1));
    assert_eq!((counted(&scscf, What::RequestSent), counted(&scscf, What::RequestReceived)), (10, 10));
    let (command, latency) = scscf.latencies()[0];
    assert_eq!((command, latency.count()), (CommandCode::LOCATION_INFO, 10));
    let peer = &scscf.peers()[0];
    assert_eq!((peer.identity.as_str(), peer.opened, peer.last_closed), (HSS, 1, None));
}

#[tokio::test]
async fn a_peer_is_found_by_its_name() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let there = PeerAddress::tcp(name(HSS), "localhost", hss.listening()[0].port());
    let scscf = Setup::new(SCSCF).connecting_by(there).start();
    open(&scscf, 1).await;
    assert_eq!(said(soon(ask(&scscf)).await), Ok(Outcome::SUCCESS));
}

#[tokio::test]
async fn answers_come_from_any_thread_in_any_order() {
    let (sender, receiver) = channel::<Incoming>();
    let hss = Setup::new(HSS).expecting(SCSCF).answering(move |incoming| sender.send(incoming).unwrap());
    let scscf = Setup::new(SCSCF).connecting(HSS, hss.listening()[0]).start();
    open(&scscf, 1).await;
    let asked: Vec<_> = (0..3).map(|_| ask(&scscf)).collect();
    let origin = hss.origin().clone();
    let host = std::thread::spawn(move || {
        let mut requests: Vec<Incoming> = receiver.iter().take(3).collect();
        assert!(requests.iter().all(|incoming| incoming.peer().as_str() == SCSCF));
        // the last first; one is forgotten, one is refused
        requests.pop().unwrap().refuse(&Failure::of_message(FailureKind::AvpUnsupported));
        drop(requests.pop());
        let first = requests.pop().unwrap();
        let answer = success(first.message(), &origin);
        first.answer(answer);
    });
    let mut ends = Vec::new();
    for pending in asked {
        ends.push(said(soon(pending).await).unwrap());
    }
    let [unable, unsupported] =
        [ResultCode::UNABLE_TO_COMPLY, ResultCode::AVP_UNSUPPORTED].map(Outcome::Result);
    assert_eq!(ends, [Outcome::SUCCESS, unable, unsupported]);
    host.join().unwrap();
}

#[tokio::test]
async fn an_answer_to_something_else_is_not_sent() {
    let hss = Setup::new(HSS).expecting(SCSCF).answering(|incoming| {
        let request = incoming.message().clone();
        incoming.answer(request);
    });
    let scscf = Setup::new(SCSCF).connecting(HSS, hss.listening()[0]).start();
    open(&scscf, 1).await;
    let unable = Outcome::Result(ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(said(soon(ask(&scscf)).await), Ok(unable));
}

#[tokio::test]
async fn what_cannot_be_sent_says_so_at_once() {
    let scscf = Setup::new(SCSCF).expecting(HSS).start();
    assert_eq!(said(soon(ask(&scscf)).await), Err(DiameterFailure::NoPeer));
    let elsewhere = Setup::new(SCSCF).start();
    assert_eq!(said(soon(ask(&elsewhere)).await), Err(DiameterFailure::NoRoute));
    let answer = success(&lir("s".to_owned(), SCSCF, "tel:+1"), scscf.origin());
    assert_eq!(said(soon(scscf.send(answer, LONG)).await), Err(DiameterFailure::NotARequest));
    assert!(!scscf.ready());
}

#[tokio::test]
async fn a_session_id_is_nobody_elses() {
    let service = Setup::new(SCSCF).start();
    let (one, other) = (service.new_session_id(), service.clone().new_session_id());
    assert!(one.starts_with("s.ims.test;") && other.starts_with("s.ims.test;") && one != other);
}

/// An HSS and an S-CSCF that speak TLS; each may be changed first.
fn secure(
    authority: &Authority,
    change: impl FnOnce(&mut Setup, &mut ClientTls),
) -> (DiameterService, Setup) {
    let tls = authority.install(HSS);
    let mut hss = Setup::new(HSS).expecting(SCSCF);
    let mut client_tls = authority.trust();
    hss.0.listen = vec![DiameterListener { address: loopback(), tls: Some(tls) }];
    change(&mut hss, &mut client_tls);
    let hss = hss.start();
    let there = PeerAddress::tls(name(HSS), "127.0.0.1", hss.listening()[0].port());
    let mut scscf = Setup::new(SCSCF).connecting_by(there);
    scscf.0.client_tls = client_tls;
    (hss, scscf)
}

#[tokio::test]
async fn over_tls() {
    let authority = Authority::new();
    let (hss, scscf) = secure(&authority, |_, _| {});
    let scscf = scscf.start();
    open(&scscf, 1).await;
    open(&hss, 1).await;
    talk(&scscf, &hss).await;
    hss.reload_certificates().unwrap();
    scscf.stop(diameter::base::DisconnectCause::Rebooting).await;
    assert_eq!(scscf.connections().live, 0);
}

#[tokio::test]
async fn over_tls_with_a_certificate_of_the_clients() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue(SCSCF);
    authority.replace("client.pem", &certificate);
    authority.replace("client-key.pem", &key);
    let required = |hss: &mut Setup| {
        let tls = hss.0.listen[0].tls.as_mut().unwrap();
        tls.client_authorities = Some(authority.path("ca.pem"));
        tls.client_certificate_required = true;
    };
    let identity = (authority.path("client.pem"), authority.path("client-key.pem"));
    let (hss, scscf) = secure(&authority, |hss, client| {
        required(hss);
        client.identity = Some(identity);
    });
    let scscf = scscf.start();
    open(&scscf, 1).await;
    open(&hss, 1).await;
    talk(&scscf, &hss).await;

    let (hss, without) = secure(&authority, |hss, _| required(hss));
    let without = without.start();
    until(|| hss.connections().handshakes_failed > 0).await;
    assert!(!without.ready() && !hss.ready());
}

#[tokio::test]
async fn a_certificate_for_somebody_else_is_nobodys() {
    let authority = Authority::new();
    let (hss, mut scscf) = secure(&authority, |_, _| {});
    let server_name = Some("other.ims.test".to_owned());
    scscf.0.peers[0].transport = PeerTransport::Tls { server_name };
    let scscf = scscf.start();
    until(|| scscf.peers()[0].last_closed == Some(CloseReason::NotConnected)).await;
    assert!(scscf.connections().connects_failed > 0 && !hss.ready());
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    let refused = |setup: Setup| {
        assert!(setup.0.check().is_err());
        DiameterService::start(&Handle::current(), setup.0, Arc::new(Deaf)).unwrap_err()
    };
    let there = || PeerAddress::tcp(name(HSS), "127.0.0.1", 3868);
    let mut nowhere = Setup::new(SCSCF).connecting_by(there());
    nowhere.0.peers.clear();
    assert!(matches!(refused(nowhere), DiameterError::NoAddress(peer) if peer == name(HSS)));
    let mut twice = Setup::new(SCSCF).connecting_by(there());
    twice.0.peers.push(there());
    assert!(matches!(refused(twice), DiameterError::AddressTwice(_)));
    let mut stranger = Setup::new(SCSCF);
    stranger.0.peers.push(there());
    assert!(matches!(refused(stranger), DiameterError::UnknownPeer(_)));
    let no_name = PeerAddress::tls(name("no_name_of_dns!"), "127.0.0.1", 5658);
    assert!(matches!(refused(Setup::new(SCSCF).connecting_by(no_name)), DiameterError::ServerName { .. }));
    let ourselves = Setup::new(SCSCF).expecting(SCSCF);
    assert!(matches!(refused(ourselves), DiameterError::Node(ConfigError::OwnName(_))));

    let first = Setup::new(SCSCF).start();
    let mut taken = Setup::new(SCSCF);
    taken.0.listen[0].address = first.listening()[0];
    taken.0.check().unwrap();
    let error = DiameterService::start(&Handle::current(), taken.0, Arc::new(Deaf)).unwrap_err();
    assert!(matches!(error, DiameterError::Bind { .. }));
}

struct Deaf;

impl strowger_transport::diameter::Requests for Deaf {
    fn request(&self, _: Incoming) {}
}

#[tokio::test]
async fn the_last_clone_takes_the_connections_with_it() {
    let (scscf, hss) = pair().await;
    let clone = scscf.clone();
    drop(scscf);
    assert_eq!(said(soon(ask(&clone)).await), Ok(Outcome::SUCCESS));
    let pending = ask_within(&clone, Duration::from_secs(3600));
    drop(clone);
    // it was on its way: whichever comes first
    let end = said(soon(pending).await);
    assert!(matches!(end, Err(DiameterFailure::Stopped) | Ok(Outcome::SUCCESS)), "{end:?}");
    until(|| !hss.ready()).await;
}
