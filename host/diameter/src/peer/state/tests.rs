//! The table once more, written from §5.6 line by line, and every pair that it does not have.

use super::{Actions as Do, Event::*, Kind::*, Side::*, State::*, *};

fn events() -> Vec<Event> {
    let mut events =
        vec![Start, Stop, RConnCer, IRcvConnAck, IRcvConnNack, WinElection, Timeout, SendMessage];
    for side in Side::BOTH {
        events.push(PeerDisc(side));
        events.extend(Kind::ALL.map(|kind| Received(side, kind)));
    }
    events
}

/// The lines of the standard: state, event, action, next state.
fn lines() -> Vec<(State, Event, Actions, State)> {
    let mut lines = vec![
        (Closed, Start, Do::CONNECT, WaitConnAck),
        (Closed, RConnCer, Do::ACCEPT | Do::PROCESS_CER | Do::SEND_CEA, ROpen),
        //
        (WaitConnAck, IRcvConnAck, Do::SEND_CER, WaitICea),
        (WaitConnAck, IRcvConnNack, Do::CLEANUP, Closed),
        (WaitConnAck, RConnCer, Do::ACCEPT | Do::PROCESS_CER, WaitConnAckElect),
        (WaitConnAck, Timeout, Do::ERROR, Closed),
        //
        (WaitICea, Received(Initiator, Cea), Do::PROCESS_CEA, IOpen),
        (WaitICea, RConnCer, Do::ACCEPT | Do::PROCESS_CER | Do::ELECT, WaitReturns),
        (WaitICea, PeerDisc(Initiator), Do::DISCONNECT_INITIATOR, Closed),
        (WaitICea, Timeout, Do::ERROR, Closed),
        //
        (WaitConnAckElect, IRcvConnAck, Do::SEND_CER | Do::ELECT, WaitReturns),
        (WaitConnAckElect, IRcvConnNack, Do::SEND_CEA, ROpen),
        (WaitConnAckElect, PeerDisc(Responder), Do::DISCONNECT_RESPONDER, WaitConnAck),
        (WaitConnAckElect, RConnCer, Do::REJECT, WaitConnAckElect),
        (WaitConnAckElect, Timeout, Do::ERROR, Closed),
        //
        (WaitReturns, WinElection, Do::DISCONNECT_INITIATOR | Do::SEND_CEA, ROpen),
        (WaitReturns, PeerDisc(Initiator), Do::DISCONNECT_INITIATOR | Do::SEND_CEA, ROpen),
        (WaitReturns, Received(Initiator, Cea), Do::PROCESS_CEA | Do::DISCONNECT_RESPONDER, IOpen),
        (WaitReturns, PeerDisc(Responder), Do::DISCONNECT_RESPONDER, WaitICea),
        (WaitReturns, RConnCer, Do::REJECT, WaitReturns),
        (WaitReturns, Timeout, Do::ERROR, Closed),
        //
        (Closing, Received(Initiator, Dpa), Do::DISCONNECT_INITIATOR, Closed),
        (Closing, Received(Responder, Dpa), Do::DISCONNECT_RESPONDER, Closed),
        (Closing, Timeout, Do::ERROR, Closed),
        (Closing, PeerDisc(Initiator), Do::DISCONNECT_INITIATOR, Closed),
        (Closing, PeerDisc(Responder), Do::DISCONNECT_RESPONDER, Closed),
    ];
    // I-Rcv-Non-CEA.
    for kind in [Cer, Dwr, Dwa, Dpr, Dpa, Message] {
        lines.push((WaitICea, Received(Initiator, kind), Do::ERROR, Closed));
    }
    for (open, side, disconnect) in
        [(ROpen, Responder, Do::DISCONNECT_RESPONDER), (IOpen, Initiator, Do::DISCONNECT_INITIATOR)]
    {
        lines.extend([
            (open, SendMessage, Do::SEND_MESSAGE, open),
            (open, Received(side, Message), Do::PROCESS, open),
            (open, Received(side, Dwr), Do::SEND_DWA, open),
            (open, Received(side, Dwa), Do::PROCESS_DWA, open),
            (open, RConnCer, Do::REJECT, open),
            (open, Stop, Do::SEND_DPR, Closing),
            (open, Received(side, Dpr), Do::SEND_DPA, Closing),
            (open, PeerDisc(side), disconnect, Closed),
        ]);
    }
    lines
}

/// What we do where the standard is silent.
fn ours() -> Vec<(State, Event, Actions, State)> {
    let mut lines = vec![(Closing, RConnCer, Do::REJECT, Closing)];
    for state in [WaitConnAck, WaitICea, WaitConnAckElect, WaitReturns] {
        lines.push((state, Stop, Do::ERROR, Closed));
    }
    for kind in [Cer, Dwr, Dwa, Dpr, Dpa, Message] {
        lines.push((WaitReturns, Received(Initiator, kind), Do::ERROR, Closed));
    }
    for kind in Kind::ALL {
        lines.push((WaitConnAckElect, Received(Responder, kind), Do::ERROR, Closed));
        lines.push((WaitReturns, Received(Responder, kind), Do::ERROR, Closed));
    }
    for (open, side) in [(ROpen, Responder), (IOpen, Initiator)] {
        lines.push((open, Received(side, Cer), Do::PROCESS_CER | Do::SEND_CEA, open));
        lines.push((open, Timeout, Do::ERROR, Closed));
    }
    for side in Side::BOTH {
        lines.extend([
            (Closing, Received(side, Message), Do::PROCESS, Closing),
            (Closing, Received(side, Dwr), Do::SEND_DWA, Closing),
            (Closing, Received(side, Dpr), Do::SEND_DPA, Closing),
        ]);
    }
    lines
}

#[test]
fn every_pair() {
    let known: Vec<_> = lines().into_iter().chain(ours()).collect();
    let mut pairs = 0;
    for state in State::ALL {
        for event in events() {
            let mut found = known.iter().filter(|(s, e, ..)| (*s, *e) == (state, event));
            let expected = match found.next() {
                Some((.., actions, next)) => Step { next: *next, actions: *actions },
                None => Step { next: state, actions: Do::empty() },
            };
            assert!(found.next().is_none(), "{state:?} x {event:?} is written twice");
            assert_eq!(step(state, event), expected, "{state:?} x {event:?}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 8 * 24);
    assert_eq!((lines().len(), ours().len()), (48, 35));
}

#[test]
fn every_state_is_reached_and_left() {
    let mut reached = vec![Closed];
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        let next = events().into_iter().map(|event| step(state, event).next);
        let fresh: Vec<_> = next.filter(|next| !reached.contains(next)).collect();
        for next in fresh {
            if !reached.contains(&next) {
                reached.push(next);
            }
        }
        at += 1;
    }
    assert_eq!(reached.len(), State::ALL.len());
    // From everywhere a timeout or a lost connection leads back.
    for state in State::ALL.into_iter().filter(|state| *state != Closed) {
        assert_eq!(step(state, Timeout).next, Closed, "{state:?}");
    }
}
