//! RFC 6733 §5.4 over sockets: leaving.

use std::time::Duration;

use diameter::base::{DisconnectCause, DisconnectPeerRequest};
use diameter::node::What;
use diameter::peer::CloseReason;
use diameter::{Command, CommandCode, Outcome};
use strowger_transport::DiameterFailure;

use crate::raw::{Raw, RawListener};
use crate::world::*;

#[tokio::test]
async fn every_peer_is_told_why() {
    let listener = RawListener::new().await;
    let service = Setup::new(SCSCF).connecting(HSS, listener.address()).expecting(HSS2).start();
    let mut one = listener.welcome(HSS).await;
    let mut two = Raw::introduce(service.listening()[0], HSS2).await;
    open(&service, 2).await;
    let pending = ask(&service);
    let request = one.message().await;
    let stopping = tokio::spawn({
        let service = service.clone();
        async move { service.stop(DisconnectCause::Busy).await }
    });
    for (raw, host) in [(&mut one, HSS), (&mut two, HSS2)] {
        let dpr = raw.request(CommandCode::DISCONNECT_PEER).await;
        let read = DisconnectPeerRequest::parse(&dpr, &service.reading()).unwrap();
        assert_eq!(read.disconnect_cause, DisconnectCause::Busy);
        if host == HSS {
            // what was under way still counts
            raw.agree(&request, host).await;
        }
        raw.agree(&dpr, host).await;
        assert!(raw.next().await.is_none());
    }
    drop((one, two));
    soon(stopping).await.unwrap();
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
    assert_eq!((service.connections().live, service.ready()), (0, false));
    assert_eq!(said(soon(ask(&service)).await), Err(DiameterFailure::Stopped));
    assert!(tokio::net::TcpStream::connect(service.listening()[0]).await.is_err());
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_waited_for_and_then_left() {
    let listener = RawListener::new().await;
    let setup = Setup::new(SCSCF).connecting(HSS, listener.address());
    let service = setup.limits(|shell, _| shell.farewell = Duration::from_millis(50)).start();
    let mut raw = listener.welcome(HSS).await;
    open(&service, 1).await;
    let pending = ask(&service);
    raw.request(CommandCode::LOCATION_INFO).await;
    soon(service.stop(DisconnectCause::Rebooting)).await;
    assert_eq!(said(soon(pending).await), Err(DiameterFailure::Stopped));
    raw.request(CommandCode::DISCONNECT_PEER).await;
    assert!(raw.next().await.is_none());
}

#[tokio::test]
async fn two_services_part_in_peace() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let scscf = Setup::new(SCSCF).connecting(HSS, hss.listening()[0]).start();
    open(&scscf, 1).await;
    assert_eq!(said(soon(ask(&scscf)).await), Ok(Outcome::SUCCESS));
    soon(scscf.stop(DisconnectCause::DoNotWantToTalkToYou)).await;
    until(|| hss.connections().live == 0).await;
    let cause = DisconnectCause::DoNotWantToTalkToYou;
    assert_eq!(hss.peers()[0].last_closed, Some(CloseReason::Disconnected(cause)));
    assert_eq!(counted(&scscf, What::AnswerReceived(Some(Outcome::SUCCESS))), 1);
}
