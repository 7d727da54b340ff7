//! Which phones a caller means (RFC 3841 §7.2, §9.1; TS 24.229 §5.4.3.3 step 10; TS 24.341 §5.3.2).

use strowger_sdk::Binding;
use strowger_sdk::decision::Destination;
use strowger_sdk::sip;
use strowger_sdk::testing::{TestHost, ask};

use crate::world::{ALICE, scscf, serving};

fn binding(uri: &str, q: u16, parameters: &str) -> Binding {
    let path = vec![format!("<{uri}.path;lr>")];
    Binding { uri: uri.to_owned(), q, expires: 600, path, parameters: parameters.to_owned() }
}

/// A phone that takes short messages, and a tablet that does not and is preferred.
fn two_phones() -> TestHost {
    serving()
        .binding(ALICE, binding("sip:phone", 500, ";+g.3gpp.smsip;+sip.instance=\"<urn:gsma:imei:1>\""))
        .binding(ALICE, binding("sip:tablet", 1000, ";video"))
}

fn targets(more: &str) -> Vec<(String, u16, Vec<String>)> {
    let answer = ask(&scscf(), &two_phones(), &sip!("MESSAGE {ALICE} SIP/2.0\n{more}"));
    let target = |target: &strowger_sdk::decision::Target| match &target.destination {
        Destination::Uri(uri) => (uri.clone(), target.q, target.route.clone()),
        Destination::Location(aor) => (format!("location {aor}"), target.q, target.route.clone()),
    };
    answer.relays().targets.iter().map(target).collect()
}

#[test]
fn without_a_wish_it_is_all_of_them() {
    assert_eq!(targets(""), [(format!("location {ALICE}"), 1000, Vec::new())]);
}

#[test]
fn a_short_message_goes_to_the_phone_that_takes_it() {
    let wish = "Accept-Contact: *;+g.3gpp.smsip;explicit;require\nRequest-Disposition: no-fork";
    assert_eq!(targets(wish), [("sip:phone".to_owned(), 500, vec!["<sip:phone.path;lr>".to_owned()])]);
}

#[test]
fn who_must_not_fork_tries_the_best_one_only() {
    let uris: Vec<String> =
        targets("Request-Disposition: no-fork").into_iter().map(|target| target.0).collect();
    assert_eq!(uris, ["sip:tablet"]);
}

#[test]
fn what_is_rejected_is_not_tried() {
    let uris: Vec<String> = targets("Reject-Contact: *;video").into_iter().map(|target| target.0).collect();
    assert_eq!(uris, ["sip:phone"]);
}

#[test]
fn where_no_phone_is_fit_it_is_480_and_what_cannot_be_read_400() {
    let ask = |more: &str| ask(&scscf(), &two_phones(), &sip!("MESSAGE {ALICE} SIP/2.0\n{more}"));
    ask("Accept-Contact: *;+g.nobody;explicit;require").replies(480);
    ask("Accept-Contact: ;;;").replies(400);
}
