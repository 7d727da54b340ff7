//! Which requests got their final response (RFC 3261 §17.2): each transaction one, an INVITE any number of 2xx.
//!
//! In: requests that made a transaction, responses that left. Out: a panic where there is one too many or none.

use std::collections::BTreeMap;

use sip::{HeaderId, Message};

/// A transaction as its client knows it: the branch of its Via and the method in its CSeq.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Vec<u8>, Vec<u8>);

impl Key {
    pub(super) fn of(message: &Message) -> Option<Key> {
        let head = message.head();
        let branch = head.via().ok()?.branch()?.to_ascii_lowercase();
        Some(Key(branch, head.cseq().ok()?.token.to_vec()))
    }

    fn is_invite(&self) -> bool {
        self.1 == b"INVITE"
    }
}

#[derive(Default)]
struct Transaction {
    /// Final responses that differ.
    finals: Vec<(u16, Vec<u8>)>,
    /// It went on to somebody who said nothing in time, or it ended because nothing could be sent to its client.
    may_be_silent: bool,
    /// A damaged request bears the same branch: whose responses are whose, only the node knows.
    garbled: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    transactions: BTreeMap<Key, Transaction>,
    /// A damaged message came: a response may be to what cannot be read.
    any_garbled: bool,
    /// A damaged response came: what it became upstream, its caller may not know for its own.
    is_blind: bool,
}

impl Ledger {
    /// A request made a transaction. One of the same key has ended before.
    pub(super) fn begin(&mut self, key: Key) {
        let garbled = match self.transactions.get(&key) {
            Some(before) => {
                if !self.is_blind {
                    conclude(&key, before);
                }
                before.garbled
            }
            None => false,
        };
        self.transactions.insert(key, Transaction { garbled, ..Transaction::default() });
    }

    /// A damaged message of this key is about to come.
    pub(super) fn garbled(&mut self, key: Option<Key>, is_request: bool) {
        self.any_garbled = true;
        self.is_blind |= !is_request;
        if let Some(key) = key {
            self.transactions.entry(key).or_default().garbled = true;
        }
    }

    pub(super) fn may_be_silent(&mut self, key: &Key) {
        if let Some(transaction) = self.transactions.get_mut(key) {
            transaction.may_be_silent = true;
        }
    }

    /// A response left.
    pub(super) fn answered(&mut self, response: &Message, bytes: &[u8]) {
        if self.is_blind {
            return;
        }
        let key = Key::of(response);
        let is_to_ack = key.as_ref().is_some_and(|key| key.1 == b"ACK");
        assert!(!is_to_ack || self.any_garbled, "an ACK is never answered");
        let known = key.and_then(|key| self.transactions.get_mut(&key).map(|transaction| (key, transaction)));
        let Some((key, transaction)) = known else {
            assert!(self.any_garbled, "a response to nobody's request: {}", bytes.escape_ascii());
            return;
        };
        let status = response.status();
        if status < 200 || transaction.garbled || transaction.finals.iter().any(|(_, known)| known == bytes) {
            return;
        }
        let may_follow = key.is_invite() && is_success(status);
        let fits = transaction.finals.is_empty()
            || may_follow && transaction.finals.iter().all(|(status, _)| is_success(*status));
        assert!(
            fits,
            "{status} after {:?} to {}",
            transaction.finals.iter().map(|(status, _)| status).collect::<Vec<_>>(),
            response.header(HeaderId::CSEQ).unwrap_or_default().escape_ascii()
        );
        transaction.finals.push((status, bytes.to_vec()));
    }

    /// Nothing comes any more.
    pub(super) fn conclude(&self) {
        if !self.is_blind {
            self.transactions.iter().for_each(|(key, transaction)| conclude(key, transaction));
        }
    }
}

fn conclude(key: &Key, transaction: &Transaction) {
    let silent = transaction.garbled || transaction.may_be_silent && !key.is_invite();
    assert!(
        silent || !transaction.finals.is_empty(),
        "no final response to {} {}",
        key.1.escape_ascii(),
        key.0.escape_ascii()
    );
}

fn is_success(status: u16) -> bool {
    matches!(status, 200..=299)
}
