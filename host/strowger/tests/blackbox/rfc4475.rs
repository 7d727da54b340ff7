//! RFC 4475 and RFC 5118: the torture messages, at the front door. What is expected of each is in the tables of the `sip`
//! crate; here the element must stay up, and serve the next one.

use crate::support::{Request, Router};
use crate::torture::{Outcome, rows};

#[test]
fn torture_harms_nobody() {
    let mut router = Router::start();
    let (caller, callee) = router.pair();
    for row in rows() {
        router.peer().send_bytes(&row.bytes());
        router.settle();
        let mut stream = router.stream();
        stream.send_bytes(&row.bytes());
    }
    caller.send(&Request::new("MESSAGE", "alice", "bob"));
    callee.expect("MESSAGE");
    let (_, metrics) = router.http("GET", "/metrics", b"");
    let answered = |status: u16| {
        let code = format!("code=\"{status}\"}}");
        let lines = metrics.lines().filter(|line| line.starts_with("strowger_sip_responses_total"));
        lines.filter_map(|line| line.split_once(code.as_str())?.1.trim().parse::<u32>().ok()).sum::<u32>()
    };
    let expected =
        |status: u16| rows().filter(|row| row.expected == Outcome::Answered(status)).count() as u32;
    // a few have no Via that could be answered to, and some share branch and method: those are one transaction's
    assert!(answered(400) >= expected(400) / 2, "{} of {}", answered(400), expected(400));
    assert_eq!(answered(500), 0, "{metrics}");
    assert!(!router.log().contains("panicked"), "{}", router.log());
}
