//! RFC 3261 §17.1.3: matching responses to client transactions; §18.1.2: what matches none.

use crate::bench::{answer, changed, udp};
use strowger_transaction::{Response, loop_hash_of_branch, shard_of_branch};

#[test]
fn branch_and_method_of_cseq_must_agree() {
    let mut b = udp();
    let invite = b.send("INVITE");
    b.trace();
    let to_invite = answer(&b.last.clone().unwrap().0, 180, "tag=peer");
    let options = b.send("OPTIONS");
    b.trace();
    let to_options = answer(&b.last.clone().unwrap().0, 200, "tag=peer");
    assert_eq!(b.answered_with(&changed(&to_invite, "1 INVITE", "1 OPTIONS")), Response::Stray);
    assert_eq!(b.answered_with(&changed(&to_invite, "1 INVITE", "1 CANCEL")), Response::Stray);
    assert_eq!(b.answered_with(&changed(&to_invite, "1 INVITE", "1 ACK")), Response::Stray);
    assert_eq!(b.answered_with(&changed(&to_options, "1 OPTIONS", "1 NEW")), Response::Stray);
    assert_eq!(b.answered_with(&to_invite), Response::Pass(invite));
    assert_eq!(b.answered_with(&to_options), Response::Pass(options));
}

#[test]
fn a_branch_is_compared_without_case() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.trace();
    let branch = b.table.branch(id, 0);
    let loud = answer(&b.last.clone().unwrap().0, 180, "tag=peer");
    let loud = changed(&loud, &branch, &branch.to_ascii_uppercase());
    assert_eq!(b.answered_with(&loud), Response::Pass(id));
}

#[test]
fn methods_without_a_name_are_told_apart() {
    let mut b = udp();
    let id = b.send("NEW");
    b.trace();
    let response = answer(&b.last.clone().unwrap().0, 200, "tag=peer");
    assert_eq!(b.answered_with(&changed(&response, "1 NEW", "1 NEWER")), Response::Stray);
    assert_eq!(b.answered_with(&response), Response::Pass(id));
}

#[test]
fn strays() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.trace();
    let branch = b.table.branch(id, 0).to_string();
    let response = answer(&b.last.clone().unwrap().0, 180, "tag=peer");
    for other in ["z9hG4bKforeign", "z9hG4bK", "z9hG4bK0000000000000000000000000000000000000000"] {
        assert_eq!(b.answered_with(&changed(&response, &branch, other)), Response::Stray);
    }
    assert_eq!(b.answered_with(&changed(&response, &format!(";branch={branch}"), "")), Response::Stray);
    assert_eq!(b.answered_with(&changed(&response, "CSeq: 1 INVITE", "CSeq: 1")), Response::Stray);
    // Another node, or this one after a restart.
    let mut other = strowger_transaction::Transactions::new([7; 16], 1, Default::default());
    let message = sip::Message::parse_datagram(&response).unwrap();
    assert_eq!(other.handle_response(b.now, &message), Response::Stray);
    // A branch that was made and not used yet.
    let unsent = b.table.new_client().unwrap();
    let unsent_branch = b.table.branch(unsent, 0);
    assert_eq!(b.answered_with(&changed(&response, &branch, &unsent_branch)), Response::Stray);
    b.sees(&[]);
}

#[test]
fn a_later_transaction_in_the_same_place_is_another() {
    let mut b = udp();
    let first = b.send("INVITE");
    b.trace();
    let late = answer(&b.last.clone().unwrap().0, 200, "tag=peer");
    b.table.forget_client(first);
    let second = b.send("INVITE");
    assert_eq!(first.slot(), second.slot());
    assert_ne!(b.table.branch(first, 0), b.table.branch(second, 0));
    assert_eq!(b.answered_with(&late), Response::Stray);
}

#[test]
fn a_branch_tells_shard_and_loop_hash_and_matches_with_any() {
    let mut b = udp();
    let id = b.send("INVITE");
    b.trace();
    let (plain, hashed) = (b.table.branch(id, 0), b.table.branch(id, 77));
    assert_eq!(shard_of_branch(hashed.as_bytes()), Some(1));
    assert_eq!(loop_hash_of_branch(hashed.as_bytes()), Some(77));
    let response = answer(&b.last.clone().unwrap().0, 180, "tag=peer");
    assert_eq!(b.answered_with(&changed(&response, &plain, &hashed)), Response::Pass(id));
}

#[test]
fn a_datagram_that_came_back_names_its_transaction() {
    let mut b = udp();
    let invite = b.send("INVITE");
    b.answered(180);
    let sent = b.last.clone().unwrap().0;
    b.table.cancel(b.now, invite);
    b.trace();
    let cancel = b.last.clone().unwrap();
    // An ICMP error quotes only the beginning.
    assert_eq!(b.table.client_of_datagram(&sent[..130]), Some(invite));
    let of_cancel = b.table.client_of_datagram(&cancel.0).unwrap();
    assert_eq!(strowger_transaction::TransactionId::Client(of_cancel), cancel.1);
    assert_eq!(b.table.client_of_datagram(&answer(&sent, 200, "")), None);
    assert_eq!(b.table.client_of_datagram(&sent[..60]), None);
    b.table.forget_client(invite);
    assert_eq!(b.table.client_of_datagram(&sent), None);
}
