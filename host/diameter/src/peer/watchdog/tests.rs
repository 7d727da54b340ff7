//! The table of RFC 3539 §3.4.1, every state with every value of Pending and NumDWA.

use super::{Watch::*, WatchActions as Do, WatchEvent::*, *};

const STATES: [Watch; 5] = [Initial, Okay, Suspect, Down, Reopen];
const EVENTS: [WatchEvent; 5] = [ConnectionUp, ConnectionDown, ReceiveDwa, ReceiveNonDwa, TimerExpires];

/// The lines of the standard: what is done, and what state, Pending and NumDWA are after it. `None`: nothing.
fn line(was: Watchdog, event: WatchEvent) -> Option<(Do, Watchdog)> {
    let Watchdog { state, pending, answers } = was;
    let to = |state, pending, answers| Watchdog { state, pending, answers };
    Some(match (state, event, pending) {
        (Initial, ConnectionUp, _) => (Do::SET_TIMER, to(Okay, false, answers)),
        (Okay, ReceiveDwa, _) => (Do::SET_TIMER, to(Okay, false, answers)),
        (Okay, ReceiveNonDwa, _) => (Do::SET_TIMER, was),
        (Okay, TimerExpires, false) => (Do::SEND_WATCHDOG | Do::SET_TIMER, to(Okay, true, answers)),
        (Okay, TimerExpires, true) => (Do::FAILOVER | Do::SET_TIMER, to(Suspect, true, answers)),
        (Okay, ConnectionDown, _) => (Do::FAILOVER | Do::STOP_TIMER, to(Down, pending, answers)),
        (Suspect, ReceiveDwa, _) => (Do::FAILBACK | Do::SET_TIMER, to(Okay, false, answers)),
        (Suspect, ReceiveNonDwa, _) => (Do::FAILBACK | Do::SET_TIMER, to(Okay, pending, answers)),
        (Suspect, TimerExpires, _) => (Do::CLOSE_CONNECTION | Do::STOP_TIMER, to(Down, pending, answers)),
        (Suspect, ConnectionDown, _) => (Do::STOP_TIMER, to(Down, pending, answers)),
        (Down, ConnectionUp, _) => (Do::SEND_WATCHDOG | Do::SET_TIMER, to(Reopen, true, 0)),
        (Reopen, ReceiveDwa, _) if answers == 2 => (Do::FAILBACK | Do::SET_TIMER, to(Okay, false, 3)),
        (Reopen, ReceiveDwa, _) => (Do::empty(), to(Reopen, false, answers + 1)),
        (Reopen, TimerExpires, false) => (Do::SEND_WATCHDOG | Do::SET_TIMER, to(Reopen, true, answers)),
        (Reopen, TimerExpires, true) if answers >= 0 => (Do::SET_TIMER, to(Reopen, true, -1)),
        (Reopen, TimerExpires, true) => (Do::CLOSE_CONNECTION | Do::STOP_TIMER, to(Down, true, answers)),
        (Reopen, ConnectionDown, _) => (Do::STOP_TIMER, to(Down, pending, answers)),
        _ => return None,
    })
}

#[test]
fn every_state_with_every_event() {
    let mut seen = 0;
    for state in STATES {
        for pending in [false, true] {
            for answers in -1..=2 {
                for event in EVENTS {
                    let was = Watchdog { state, pending, answers };
                    let expected = line(was, event).unwrap_or((Do::empty(), was));
                    let mut watchdog = was;
                    let actions = watchdog.handle(event);
                    assert_eq!((actions, watchdog), expected, "{was:?} x {event:?}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 5 * 2 * 4 * 5);
}

#[test]
fn a_peer_that_falls_silent_and_comes_back() {
    let mut watchdog = Watchdog::new();
    let mut step = |event| (watchdog.handle(event), watchdog.state);
    assert_eq!(step(ConnectionUp), (Do::SET_TIMER, Okay));
    assert_eq!(step(TimerExpires), (Do::SEND_WATCHDOG | Do::SET_TIMER, Okay));
    assert_eq!(step(TimerExpires), (Do::FAILOVER | Do::SET_TIMER, Suspect));
    assert_eq!(step(TimerExpires), (Do::CLOSE_CONNECTION | Do::STOP_TIMER, Down));
    // The machine of §5.6 reports what it was told to do.
    assert_eq!(step(ConnectionDown), (Do::empty(), Down));
    assert_eq!(step(ConnectionUp), (Do::SEND_WATCHDOG | Do::SET_TIMER, Reopen));
    assert_eq!(step(ReceiveDwa), (Do::empty(), Reopen));
    assert_eq!(step(TimerExpires), (Do::SEND_WATCHDOG | Do::SET_TIMER, Reopen));
    assert_eq!(step(ReceiveDwa), (Do::empty(), Reopen));
    assert_eq!(step(TimerExpires), (Do::SEND_WATCHDOG | Do::SET_TIMER, Reopen));
    assert_eq!(step(ReceiveDwa), (Do::FAILBACK | Do::SET_TIMER, Okay));
}
