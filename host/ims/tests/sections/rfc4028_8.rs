//! RFC 4028 §8: a proxy and session timers.

use sip::{Message, Refresher};
use strowger_ims::session_timer::{
    Asked, Forwarded, LEAST, Policy, RequestDecision, ResponseDecision, SessionTimer, on_request, on_response,
};

fn asked(session_expires: Option<u32>, min_se: Option<u32>, is_supported: bool) -> Asked {
    Asked { session_expires, min_se, is_supported }
}

/// §8.1, row by row.
#[test]
fn requests() {
    let policy = Policy { min_se: 120, session_expires: Some(1800) };
    let passive = Policy { min_se: 0, session_expires: None };
    let forward = |session_expires, min_se| Some((session_expires, min_se));
    let rows = [
        (policy, asked(Some(1800), None, true), forward(Some(1800), None)),
        (policy, asked(Some(600), None, false), forward(Some(600), None)),
        (policy, asked(Some(120), Some(100), true), forward(Some(120), Some(100))),
        // Too small: refused where that is understood, raised where not.
        (policy, asked(Some(119), None, true), None),
        (policy, asked(Some(90), Some(90), true), None),
        (policy, asked(Some(100), None, false), forward(Some(120), Some(120))),
        (policy, asked(Some(100), Some(200), false), forward(Some(200), Some(200))),
        // Too large: lowered, but not below what the request demands.
        (policy, asked(Some(7200), None, true), forward(Some(1800), None)),
        (policy, asked(Some(7200), Some(3600), true), forward(Some(3600), Some(3600))),
        (policy, asked(Some(7200), Some(9000), true), forward(Some(7200), Some(9000))),
        // None: put in.
        (policy, asked(None, None, false), forward(Some(1800), None)),
        (policy, asked(None, Some(2000), true), forward(Some(2000), Some(2000))),
        // An operator who wants nothing changes nothing, but for what RFC 4028 itself forbids.
        (passive, asked(None, None, true), forward(None, None)),
        (passive, asked(Some(7200), Some(90), true), forward(Some(7200), Some(90))),
        (passive, asked(Some(89), None, true), None),
        (passive, asked(Some(89), None, false), forward(Some(90), Some(90))),
        (
            Policy { min_se: 600, session_expires: Some(300) },
            asked(None, None, true),
            forward(Some(600), None),
        ),
        (
            Policy { min_se: 600, session_expires: Some(300) },
            asked(Some(700), None, true),
            forward(Some(600), None),
        ),
    ];
    for (policy, asked, expected) in rows {
        let decision = on_request(&policy, &asked);
        match (decision, expected) {
            (RequestDecision::Forward(forwarded), Some((session_expires, min_se))) => {
                assert_eq!(
                    forwarded,
                    Forwarded { session_expires, min_se, uac_supports: asked.is_supported },
                    "{policy:?} {asked:?}"
                );
            }
            (RequestDecision::TooSmall { min_se }, None) => assert_eq!(min_se, policy.min_se.max(LEAST)),
            _ => panic!("{policy:?} {asked:?}: {decision:?}"),
        }
    }
}

/// §8.2: every combination.
#[test]
fn responses() {
    let timer = |interval, refresher| SessionTimer { interval, refresher };
    for uac_supports in [false, true] {
        for session_expires in [None, Some(1800)] {
            let forwarded = Forwarded { session_expires, min_se: None, uac_supports };
            for (named, refresher) in [
                (Some(Refresher::Uac), Refresher::Uac),
                (Some(Refresher::Uas), Refresher::Uas),
                (None, Refresher::Uas),
            ] {
                let expected = ResponseDecision::Timer(timer(600, refresher));
                assert_eq!(on_response(&forwarded, Some((600, named))), expected);
            }
            let expected = match session_expires {
                Some(interval) if uac_supports => ResponseDecision::Insert(timer(interval, Refresher::Uac)),
                _ => ResponseDecision::None,
            };
            assert_eq!(on_response(&forwarded, None), expected, "{forwarded:?}");
        }
    }
    assert_eq!(timer(1800, Refresher::Uac).to_string(), "1800;refresher=uac");
    assert_eq!(timer(90, Refresher::Uas).to_string(), "90;refresher=uas");
}

#[test]
fn what_a_request_says() {
    let request = |lines: &str| {
        let text = format!(
            "INVITE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\n\
             Call-ID: c\r\nCSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        Message::parse_datagram(text.as_bytes()).unwrap()
    };
    let full = request("x: 1800;refresher=uac\r\nMin-SE: 90;x=y\r\nk: 100rel, Timer\r\n");
    assert_eq!(Asked::of(full.head()), Ok(asked(Some(1800), Some(90), true)));
    assert_eq!(Asked::of(request("Supported: 100rel\r\n").head()), Ok(asked(None, None, false)));
    assert!(Asked::of(request("Session-Expires: soon\r\n").head()).is_err());
    assert!(Asked::of(request("Min-SE: -1\r\n").head()).is_err());
}
