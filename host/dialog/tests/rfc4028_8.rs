//! RFC 4028 §8, session timers at a proxy: §8.1 requests, §8.2 responses, §8.3 expiry.

mod call;

use call::{Path, made, request, response};
use sip::Refresher::{Uac, Uas};
use strowger_dialog::session_timer::{
    GREATEST_INTERVAL, LEAST_INTERVAL, Policy, Remembered, Ruling, Session, Settled, rule, settle,
};
use strowger_dialog::{Change, State, Why};

fn ruling(lines: &[&str], least: u32, wanted: Option<u32>) -> Ruling {
    rule(&request("INVITE", "c", "alice", None, lines).head(), Policy { least, wanted })
}

/// Session-Expires and Min-SE as they are changed, and what is remembered.
#[track_caller]
fn forwarded(ruling: Ruling) -> (Option<String>, Option<u32>, Remembered) {
    match ruling {
        Ruling::Forward { session_expires, min_se, remembered } => {
            (session_expires.map(|session| session.to_string()), min_se, remembered)
        }
        Ruling::Refuse { min_se } => panic!("refused with Min-SE {min_se}"),
    }
}

const TIMER: &str = "Supported: 100rel, timer";

/// §8.1: "the proxy MAY insert a Session-Expires header field … MUST NOT include a refresher parameter".
#[test]
fn a_timer_is_asked_for_where_nobody_did() {
    let (session, min_se, remembered) = forwarded(ruling(&[TIMER], 90, Some(1800)));
    assert_eq!((session.as_deref(), min_se), (Some("1800"), None));
    assert_eq!(remembered, Remembered { interval: Some(1800), client_supports: true });

    let (session, _, remembered) = forwarded(ruling(&[], 90, None));
    assert_eq!((session, remembered), (None, Remembered { interval: None, client_supports: false }));
}

/// §8.1: "not with a duration lower than the value in the Min-SE header field".
#[test]
fn min_se_is_respected() {
    let (session, ..) = forwarded(ruling(&["Min-SE: 2000"], 90, Some(1800)));
    assert_eq!(session.as_deref(), Some("2000"));
    let (session, ..) =
        forwarded(ruling(&["Session-Expires: 4000;refresher=uac", "Min-SE: 2000"], 90, Some(1800)));
    assert_eq!(session.as_deref(), Some("2000;refresher=uac"), "the refresher stays");
}

/// §8.1: a value may be reduced, never increased.
#[test]
fn a_longer_interval_is_reduced_and_a_shorter_one_left() {
    let (session, _, remembered) = forwarded(ruling(&[TIMER, "Session-Expires: 3600"], 90, Some(1800)));
    assert_eq!((session.as_deref(), remembered.interval), (Some("1800"), Some(1800)));
    let (session, _, remembered) = forwarded(ruling(&[TIMER, "x: 600;refresher=uas"], 90, Some(1800)));
    assert_eq!((session, remembered.interval), (None, Some(600)));
    let (session, _, remembered) = forwarded(ruling(&[TIMER, "Session-Expires: 3600"], 90, None));
    assert_eq!((session, remembered.interval), (None, Some(3600)));
}

/// §8.1: 422 with Min-SE, to a client that understands it.
#[test]
fn too_small_an_interval_is_refused() {
    assert_eq!(ruling(&[TIMER, "Session-Expires: 90"], 600, None), Ruling::Refuse { min_se: 600 });
    assert_eq!(ruling(&[TIMER, "Session-Expires: 60"], 0, None), Ruling::Refuse { min_se: 90 });
    assert!(matches!(ruling(&[TIMER, "Session-Expires: 600"], 600, None), Ruling::Forward { .. }));
}

/// §8.1: a client that does not is spared; interval and Min-SE are raised.
#[test]
fn too_small_an_interval_of_a_client_without_timers_is_raised() {
    let (session, min_se, remembered) = forwarded(ruling(&["Session-Expires: 90"], 600, None));
    assert_eq!((session.as_deref(), min_se), (Some("600"), Some(600)));
    assert_eq!(remembered, Remembered { interval: Some(600), client_supports: false });
    // its Min-SE is larger already, and stays
    let (session, min_se, _) = forwarded(ruling(&["Session-Expires: 90", "Min-SE: 700"], 600, None));
    assert_eq!((session.as_deref(), min_se), (Some("700"), None));
}

/// §8.1, row by row: what is asked for, what this proxy wants, and the header fields that go on (`None`: refused).
#[test]
fn requests_row_by_row() {
    let policy = (120, Some(1800));
    let passive = (0, None);
    let rows = [
        (policy, (Some(1800), None, true), Some((Some(1800), None))),
        (policy, (Some(600), None, false), Some((Some(600), None))),
        (policy, (Some(120), Some(100), true), Some((Some(120), Some(100)))),
        // too small: refused where that is understood, raised where not
        (policy, (Some(119), None, true), None),
        (policy, (Some(90), Some(90), true), None),
        (policy, (Some(100), None, false), Some((Some(120), Some(120)))),
        (policy, (Some(100), Some(200), false), Some((Some(200), Some(200)))),
        // too large: lowered, but not below what the request demands
        (policy, (Some(7200), None, true), Some((Some(1800), None))),
        (policy, (Some(7200), Some(3600), true), Some((Some(3600), Some(3600)))),
        (policy, (Some(7200), Some(9000), true), Some((Some(7200), Some(9000)))),
        // none: put in
        (policy, (None, None, false), Some((Some(1800), None))),
        (policy, (None, Some(2000), true), Some((Some(2000), Some(2000)))),
        // who wants nothing changes nothing, but for what RFC 4028 itself forbids
        (passive, (None, None, true), Some((None, None))),
        (passive, (Some(7200), Some(90), true), Some((Some(7200), Some(90)))),
        (passive, (Some(89), None, true), None),
        // Min-SE is 90 where it is absent (§5)
        (passive, (Some(89), None, false), Some((Some(90), None))),
        // wanting less than the own minimum
        ((600, Some(300)), (None, None, true), Some((Some(600), None))),
        ((600, Some(300)), (Some(700), None, true), Some((Some(600), None))),
    ];
    for ((least, wanted), asked, expected) in rows {
        let (interval, min_se, is_supported) = asked;
        let session = interval.map(|interval: u32| format!("Session-Expires: {interval}"));
        let floor = min_se.map(|min_se: u32| format!("Min-SE: {min_se}"));
        let timer = is_supported.then(|| TIMER.to_owned());
        let lines: Vec<String> = [session, floor, timer].into_iter().flatten().collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        match (ruling(&lines, least, wanted), expected) {
            (Ruling::Forward { session_expires, min_se: raised, remembered }, Some(expected)) => {
                let forwarded = session_expires.map(|session| session.interval).or(interval);
                assert_eq!((forwarded, raised.or(min_se)), expected, "{least} {wanted:?} {asked:?}");
                assert_eq!(remembered, Remembered { interval: forwarded, client_supports: is_supported });
            }
            (Ruling::Refuse { min_se }, None) => assert_eq!(min_se, least.max(LEAST_INTERVAL)),
            (ruling, _) => panic!("{least} {wanted:?} {asked:?}: {ruling:?}"),
        }
    }
}

#[test]
fn a_value_that_is_none_counts_as_absent() {
    let (session, ..) = forwarded(ruling(&["Session-Expires: soon"], 90, Some(1800)));
    assert_eq!(session.as_deref(), Some("1800"));
    let (_, _, remembered) = forwarded(ruling(&["Session-Expires: 4000000000"], 90, None));
    assert_eq!(remembered.interval, Some(GREATEST_INTERVAL));
}

fn settled(remembered: (Option<u32>, bool), lines: &[&str]) -> Settled {
    let (interval, client_supports) = remembered;
    let answer = response(200, "INVITE", "c", "alice", "bob", lines);
    settle(Remembered { interval, client_supports }, &answer.head())
}

/// §8.2, all cases.
#[test]
fn what_a_2xx_settles() {
    let timer = |interval, refresher| Session { interval, refresher };
    let with = &["Session-Expires: 1200;refresher=uas", "Require: timer"][..];
    for remembered in [(None, false), (None, true), (Some(1800), false), (Some(1800), true)] {
        assert_eq!(settled(remembered, with), Settled::Timer(timer(1200, Some(Uas))));
        let by_client = &["Session-Expires: 600;refresher=uac"];
        assert_eq!(settled(remembered, by_client), Settled::Timer(timer(600, Some(Uac))));
        assert_eq!(settled(remembered, &["Session-Expires: 600"]), Settled::Timer(timer(600, None)));
    }
    assert_eq!(timer(1800, Some(Uac)).to_string(), "1800;refresher=uac");
    assert_eq!(timer(90, Some(Uas)).to_string(), "90;refresher=uas");
    assert_eq!(settled((None, false), &[]), Settled::NoTimer);
    assert_eq!(settled((None, true), &[]), Settled::NoTimer);
    assert_eq!(settled((Some(1800), false), &[]), Settled::NoTimer, "neither end knows timers");
    let inserted = settled((Some(1800), true), &[]);
    assert_eq!(inserted, Settled::Insert(timer(1800, Some(Uac))));
    assert_eq!(inserted.interval(), Some(1800));
    assert_eq!(Settled::NoTimer.interval(), None);
}

/// §8.2 and §8.3: the 2xx starts the timer, refreshes start it anew, and without them the session is over.
#[test]
fn a_session_lives_as_long_as_it_is_refreshed() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered_with("c", 200, "bob", &["Session-Expires: 600;refresher=uac"]));
    assert_eq!(path.dialogs.session_interval(id), Some(600));
    path.pass(500);
    let change =
        path.in_dialog("UPDATE", "c", ("alice", "bob"), 200, &["Session-Expires: 600;refresher=uac"]);
    assert_eq!(change, Change::Known(id));
    path.pass(500);
    path.in_dialog("INVITE", "c", ("bob", "alice"), 200, &["Session-Expires: 300;refresher=uas"]);
    assert_eq!(path.dialogs.session_interval(id), Some(300));
    // other requests are no refreshes, and neither is a refused one
    path.pass(200);
    path.in_dialog("INFO", "c", ("alice", "bob"), 200, &[]);
    path.in_dialog("UPDATE", "c", ("alice", "bob"), 491, &["Session-Expires: 600"]);
    path.pass(99);
    assert_eq!(path.dialogs.state(id), Some(State::Confirmed));
    path.pass(2);
    let over = path.over();
    assert_eq!((over.len(), over[0].id, over[0].why), (1, id, Why::Timeout));
}

/// §8.2: each 2xx settles anew; without Session-Expires there is no expiry any more.
#[test]
fn a_refresh_can_end_the_timer() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered_with("c", 200, "bob", &["Session-Expires: 600;refresher=uac"]));
    path.in_dialog("INVITE", "c", ("bob", "alice"), 200, &[]);
    assert_eq!(path.dialogs.session_interval(id), None);
    path.pass(1000);
    assert_eq!(path.dialogs.state(id), Some(State::Confirmed));
}

/// §4: no interval is below 90 s, whatever somebody writes.
#[test]
fn an_interval_has_a_least_value() {
    let mut path = Path::new(10);
    let id = made(path.invite_answered_with("c", 200, "bob", &["Session-Expires: 1"]));
    path.pass(89);
    assert_eq!(path.dialogs.state(id), Some(State::Confirmed));
    path.pass(2);
    assert_eq!(path.dialogs.state(id), None);
}
