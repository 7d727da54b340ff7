//! Peers that send garbage, half a message, nothing, or too late. RFC 6733 §5.6.1, §6.2.1, §7.

use std::time::Duration;

use diameter::node::What;
use diameter::{CommandCode, Outcome, ResultCode};
use strowger_transport::{DiameterFailure, DiameterService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::raw::{Raw, RawListener, cer};
use crate::world::*;

/// A service that is open to a peer which is a socket.
async fn with_raw_peer() -> (DiameterService, Raw, RawListener) {
    let listener = RawListener::new().await;
    let service = Setup::new(SCSCF).connecting(HSS, listener.address()).start();
    let raw = listener.welcome(HSS).await;
    open(&service, 1).await;
    (service, raw, listener)
}

/// It works as on the first day.
async fn is_well(service: &DiameterService, raw: &mut Raw) {
    let pending = ask(service);
    let request = raw.request(CommandCode::LOCATION_INFO).await;
    raw.agree(&request, HSS).await;
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
}

#[tokio::test]
async fn nothing_comes_and_then_the_answer_comes_too_late() {
    let (service, mut raw, _listener) = with_raw_peer().await;
    let pending = ask_within(&service, Duration::from_millis(30));
    let request = raw.message().await;
    assert_eq!(said(soon(pending).await), Err(DiameterFailure::Deadline));
    raw.agree(&request, HSS).await;
    until(|| counted(&service, What::AnswerUnmatched) == 1).await;
    assert_eq!(counted(&service, What::Deadline), 1);
    is_well(&service, &mut raw).await;
}

#[tokio::test]
async fn a_request_that_was_given_up_has_no_answer() {
    let (service, mut raw, _listener) = with_raw_peer().await;
    let pending = ask(&service);
    let request = raw.message().await;
    assert_eq!(service.peers()[0].outstanding, 1);
    drop(pending);
    assert_eq!(service.peers()[0].outstanding, 0);
    raw.agree(&request, HSS).await;
    until(|| counted(&service, What::AnswerUnmatched) == 1).await;
    is_well(&service, &mut raw).await;
}

#[tokio::test]
async fn an_answer_in_pieces_is_an_answer() {
    let (service, mut raw, _listener) = with_raw_peer().await;
    let pending = ask(&service);
    let request = raw.message().await;
    let answer = success(&request, &origin(HSS));
    for byte in answer.bytes().chunks(1) {
        raw.bytes(byte).await;
    }
    assert_eq!(said(soon(pending).await), Ok(Outcome::SUCCESS));
}

#[tokio::test]
async fn half_an_answer_and_the_end_is_a_failed_peer() {
    let (service, mut raw, listener) = with_raw_peer().await;
    let pending = ask(&service);
    let request = raw.message().await;
    let answer = success(&request, &origin(HSS));
    raw.bytes(&answer.bytes()[..answer.bytes().len() / 2]).await;
    drop(raw);
    assert_eq!(said(soon(pending).await), Err(DiameterFailure::PeerFailed));
    let mut raw = listener.welcome(HSS).await;
    until(|| service.ready()).await;
    is_well(&service, &mut raw).await;
    assert_eq!(service.peers()[0].opened, 2);
}

#[tokio::test]
async fn garbage_of_a_peer_ends_its_connection() {
    let (service, mut raw, listener) = with_raw_peer().await;
    let pending = ask(&service);
    raw.message().await;
    raw.bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(said(soon(pending).await), Err(DiameterFailure::PeerFailed));
    // §2.1: "MUST be closed using a RESET call (send a TCP RST bit)"
    let reset = soon(raw.stream.read(&mut [0; 16])).await.unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(service.connections().broken_streams, 1);
    let mut raw = listener.welcome(HSS).await;
    until(|| service.ready()).await;
    is_well(&service, &mut raw).await;
}

#[tokio::test]
async fn strangers_are_heard_out_and_shown_the_door() {
    let setup = Setup::new(HSS).expecting(SCSCF);
    let hss = setup.limits(|_, node| node.cer_within = Duration::from_millis(50)).start();
    let there = hss.listening()[0];
    // half a CER, and nothing, until it is too late
    let mut half = Raw::connect(there).await;
    half.bytes(&cer(SCSCF).bytes()[..30]).await;
    let mut silent = Raw::connect(there).await;
    assert!(half.next().await.is_none() && silent.next().await.is_none());
    // a CER of nobody
    let mut nobody = Raw::connect(there).await;
    nobody.send(&cer("nobody.ims.test")).await;
    let unknown = Outcome::Result(ResultCode::UNKNOWN_PEER);
    assert_eq!(nobody.message().await.outcome(), Some(unknown));
    assert!(nobody.next().await.is_none());
    // a request before the CER
    let mut hasty = Raw::connect(there).await;
    hasty.send(&lir("s;1;1".to_owned(), SCSCF, "tel:+1")).await;
    assert!(hasty.next().await.is_none());
    let counts = hss.connections();
    assert_eq!((counts.strangers, counts.unknown_peers, hss.ready()), (3, 1, false));
    // and who belongs here is let in
    Raw::introduce(there, SCSCF).await;
}

#[tokio::test]
async fn whatever_bytes_come_the_service_goes_on() {
    let hss = Setup::new(HSS).expecting(SCSCF).start();
    let there = hss.listening()[0];
    let mut luck: u64 = 1;
    let mut next = move || {
        luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (luck >> 33) as usize
    };
    let cer = cer(SCSCF);
    for round in 0..200 {
        let mut bytes = match round % 2 {
            0 => (0..next() % 600).map(|_| next() as u8).collect::<Vec<_>>(),
            _ => cer.bytes().to_vec(),
        };
        for _ in 0..1 + next() % 4 {
            let length = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(next() % length) {
                *byte = next() as u8;
            }
        }
        let mut raw = Raw::connect(there).await;
        // the service may have had enough before all is said
        let _ = raw.stream.write_all(&bytes).await;
    }
    until(|| hss.connections().live == 0).await;
    let mut raw = Raw::introduce(there, SCSCF).await;
    is_well(&hss, &mut raw).await;
}
