//! Which final response goes upstream when several came back: RFC 3261 §16.7 item 6.
//!
//! In: the status codes of the final responses of one response context. Out: an order among them. A 6xx beats
//! everything; else the lowest class wins; within 4xx those that tell the caller what to change win. Collecting
//! the responses is `response_context.rs`; merging challenges is `challenges.rs`.

/// The place of a final response in the order of §16.7 item 6; the lowest rank goes upstream.
///
/// `status` is a final status, 300 to 699 (a 2xx is forwarded at once and never compared). `cancelled` says that
/// the caller has sent CANCEL: then a 487 is what the caller waits for, and it wins within 4xx.
///
/// Within 4xx: 401 and 407 (they can be merged, item 7), then the others that tell how to resubmit, then ordinary
/// refusals, then 408 and 487, which say nothing about the callee. Within 5xx a 503 comes last, for it would have
/// to leave as a 500.
#[must_use]
pub fn rank(status: u16, cancelled: bool) -> u16 {
    let class = status / 100;
    let preference = match status {
        600..=699 => return 0,
        487 if cancelled => 0,
        401 | 407 => 1,
        // what §16.7 names, and what later standards added in the same spirit: extension required, session
        // interval too small (RFC 4028), interval too brief, bad location information, security agreement
        415 | 420 | 421 | 422 | 423 | 424 | 484 | 494 => 2,
        408 | 487 | 503 => 4,
        _ => 3,
    };
    class * 10 + preference
}

/// The status under which a chosen response leaves: a 503 becomes a 500 (§16.7 item 6), since it spoke of one
/// next hop and not of this element.
#[must_use]
pub fn upstream_status(status: u16) -> u16 {
    if status == 503 { 500 } else { status }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(statuses: &[u16], cancelled: bool) -> u16 {
        statuses.iter().copied().min_by_key(|status| rank(*status, cancelled)).expect("not empty")
    }

    #[test]
    fn the_example_of_16_7_chooses_407() {
        // "if a proxy forwarded a request to 4 locations, and received 503, 407, 501, and 404 responses"
        assert_eq!(best(&[503, 407, 501, 404], false), 407);
    }

    #[test]
    fn a_6xx_beats_every_class() {
        assert_eq!(best(&[302, 404, 503, 603], false), 603);
    }

    #[test]
    fn the_lowest_class_wins() {
        assert_eq!(best(&[503, 404, 302], false), 302);
        assert_eq!(best(&[500, 486], false), 486);
        assert_eq!(best(&[503, 408], false), 408);
    }

    #[test]
    fn within_4xx_what_helps_to_resubmit_wins() {
        for status in [401, 407, 415, 420, 484] {
            assert_eq!(best(&[404, 486, status, 480], false), status);
        }
        assert_eq!(best(&[484, 401], false), 401);
    }

    #[test]
    fn a_refusal_says_more_than_a_timeout() {
        assert_eq!(best(&[408, 486], false), 486);
        assert_eq!(best(&[487, 404], false), 404);
        assert_eq!(best(&[503, 502], false), 502);
    }

    #[test]
    fn a_caller_who_cancelled_gets_487() {
        assert_eq!(best(&[486, 487, 401], true), 487);
        // the class still decides first
        assert_eq!(best(&[302, 487], true), 302);
    }

    #[test]
    fn only_503_changes_its_number() {
        assert_eq!(upstream_status(503), 500);
        assert_eq!(upstream_status(504), 504);
        assert_eq!(upstream_status(600), 600);
    }
}
