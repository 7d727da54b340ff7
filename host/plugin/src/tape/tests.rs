use std::sync::Arc;

use super::{Answer, Exchange, MAX_EXCHANGES, Player, Question, Tape};
use crate::plugin::Identity;
use crate::services::{Asking, Entry, Services};

fn identity() -> Identity {
    let word = |text: &str| text.into();
    Identity { role: word("edge"), name: word("e"), version: word("1"), digest: word(""), number: 1 }
}

fn asking(identity: &Identity) -> Asking<'_> {
    Asking { identity, message: None, request: None, flow: None, transaction: 0, now_ms: 0 }
}

fn entry(revision: u64) -> Option<Entry> {
    Some(Entry { value: vec![1], revision })
}

fn got(key: &str, revision: u64) -> Exchange {
    Exchange { question: Question::Get(key.into()), answer: Answer::Entry(entry(revision)) }
}

#[test]
fn the_same_question_is_answered_in_turn_and_then_as_last_time() {
    let player = Player::new(5, vec![got("a", 1), got("b", 9), got("a", 2)]);
    let identity = identity();
    let get = |key| player.get(&asking(&identity), key);
    assert_eq!([get("a"), get("b"), get("a"), get("a")], [entry(1), entry(9), entry(2), entry(2)]);
    assert_eq!(player.now_ms(), 5);
    assert_eq!(player.parting(), Some(3), "the tape has no fourth question");
    assert!(player.unknown().is_empty());
}

#[test]
fn what_nobody_asked_is_noted_and_says_least() {
    let player = Player::new(0, vec![got("a", 1)]);
    let identity = identity();
    assert_eq!(player.get(&asking(&identity), "b"), None);
    assert!(!player.is_registered(&asking(&identity), "sip:a@b"));
    assert_eq!(player.get(&asking(&identity), "a"), entry(1), "the rest of the tape is there still");
    assert_eq!(player.unknown(), [Question::Get("b".into()), Question::IsRegistered("sip:a@b".into())]);
    assert_eq!((player.parting(), player.asked().len()), (Some(0), 3));
}

#[test]
fn who_asks_the_same_does_not_part() {
    let player = Player::new(0, vec![got("a", 1), got("b", 2)]);
    let identity = identity();
    player.get(&asking(&identity), "a");
    player.get(&asking(&identity), "b");
    assert_eq!(player.parting(), None);
}

#[test]
fn a_tape_is_bounded_and_says_so() {
    let tape = Tape::new(1);
    for n in 0..MAX_EXCHANGES {
        tape.write(Question::Get(n.to_string()), Answer::Entry(None));
    }
    assert!(tape.is_whole());
    tape.write(Question::Settle, Answer::Flag(false));
    assert!(!tape.is_whole());
    assert_eq!(tape.exchanges().len(), MAX_EXCHANGES);
    let player: Arc<Player> = Player::of(&tape);
    assert_eq!(player.now_ms(), 1);
}
