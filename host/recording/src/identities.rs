//! Other identities in the place of those of people: consistent within a recording, and of the same shape.
//!
//! What is taken out are words (runs of letters and digits) of user parts, display names, private identities and device
//! identities; telephone numbers; addresses of phones. Each gets another one of the same length, letters for letters and
//! digits for digits; a number keeps its first digits, so that what routes by prefixes does so still; an address keeps its
//! family and its first part. What stands for what depends on a key that is kept nowhere.
//!
//! A word that is also one of the network's (in its configuration, its host names, or of SIP itself) is taken out only
//! where it stands as an identity (`identities/places.rs`). In: texts to learn from, texts to change in place. Out: texts
//! of the same length. Where identities stand in messages is for `redact.rs`.

mod places;
mod shapes;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;

use places::{addresses, places, runs};
use shapes::Shapes;

/// Words, numbers and addresses that one recording knows; then nothing new is recorded.
pub(crate) const MAX_KNOWN: usize = 200_000;

/// A number has at least so many digits; what is shorter is a service's.
const SHORTEST_NUMBER: usize = 7;
/// Digits that are nobody's: 112, *21#.
const NOBODYS_DIGITS: usize = 3;
/// A word that is shorter is an identity only where identities stand.
const SHORTEST_TELLING: usize = 3;

/// User parts that are the network's own (TS 24.229) or say that there is none (RFC 3323, TS 23.003 §13.6).
const NOBODY: [&[u8]; 6] = [b"orig", b"term", b"anonymous", b"unavailable", b"restricted", b"unknown"];

/// Words of SIP, which may be somebody's name too.
const WORDS_OF_SIP: [&[u8]; 72] = [
    b"sip",
    b"sips",
    b"tel",
    b"urn",
    b"uuid",
    b"user",
    b"phone",
    b"transport",
    b"udp",
    b"tcp",
    b"tls",
    b"ttl",
    b"via",
    b"from",
    b"tag",
    b"branch",
    b"contact",
    b"expires",
    b"call",
    b"cseq",
    b"max",
    b"forwards",
    b"route",
    b"record",
    b"path",
    b"service",
    b"register",
    b"invite",
    b"ack",
    b"bye",
    b"cancel",
    b"options",
    b"message",
    b"notify",
    b"subscribe",
    b"update",
    b"prack",
    b"info",
    b"refer",
    b"publish",
    b"digest",
    b"realm",
    b"nonce",
    b"username",
    b"uri",
    b"response",
    b"algorithm",
    b"qop",
    b"auth",
    b"asserted",
    b"identity",
    b"supported",
    b"require",
    b"allow",
    b"content",
    b"length",
    b"type",
    b"application",
    b"sdp",
    b"relay",
    b"reply",
    b"append",
    b"prepend",
    b"replace",
    b"remove",
    b"target",
    b"send",
    b"deed",
    b"variable",
    b"dialog",
    b"next",
    b"pass",
];

/// What stands for what in one recording.
#[derive(Debug)]
pub struct Identities {
    shapes: Shapes,
    words: HashMap<Vec<u8>, Vec<u8>>,
    /// Numbers, and each end of a number.
    numbers: HashMap<Vec<u8>, Vec<u8>>,
    addresses: HashMap<IpAddr, IpAddr>,
    /// Words that the network uses.
    common: HashSet<Vec<u8>>,
    /// Words and numbers of the configuration: the script may look for them, and the operator wrote them.
    configured: HashSet<Vec<u8>>,
    /// Addresses of the network.
    network: HashSet<IpAddr>,
}

impl Identities {
    /// Nothing is known yet. The key is forgotten with this value.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Identities {
        Identities {
            shapes: Shapes::new(key),
            words: HashMap::new(),
            numbers: HashMap::new(),
            addresses: HashMap::new(),
            common: WORDS_OF_SIP.iter().map(|word| word.to_vec()).collect(),
            configured: HashSet::new(),
            network: HashSet::new(),
        }
    }

    /// Whether no more can be known.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.words.len() + self.numbers.len() + self.addresses.len() + self.common.len() >= MAX_KNOWN
    }

    /// A text of the operator's: what is in it stays everywhere.
    pub fn configured(&mut self, text: &[u8]) {
        self.network.extend(addresses(text).map(|(_, address)| address));
        self.configured.extend(runs(text).map(|run| text[run].to_vec()));
    }

    /// An address of the network: it stays.
    pub fn network_address(&mut self, address: IpAddr) {
        self.network.insert(address);
    }

    /// Addresses in this text are the network's.
    pub(crate) fn network_text(&mut self, text: &[u8]) {
        self.network.extend(addresses(text).map(|(_, address)| address));
        for place in places(text, false) {
            self.common_words(&text[place.host]);
        }
    }

    /// Learns who stands where identities stand; of a `whole` value also `user@domain` without a scheme.
    pub(crate) fn learn(&mut self, text: &[u8], whole: bool) {
        for place in places(text, whole) {
            self.identity(&text[place.identity.clone()]);
            let host = &text[place.host.clone()];
            if addresses(host).next().is_none() {
                self.common_words(host);
            }
        }
    }

    fn common_words(&mut self, host: &[u8]) {
        self.common.extend(runs(host).map(|run| host[run].to_ascii_lowercase()));
    }

    /// Addresses in this text are phones'.
    pub(crate) fn learn_addresses(&mut self, text: &[u8]) {
        for (_, address) in addresses(text) {
            self.address(address);
        }
    }

    /// The address of a phone.
    pub(crate) fn address(&mut self, address: IpAddr) {
        if !self.network.contains(&address) && !self.addresses.contains_key(&address) {
            let other = self.shapes.address(address);
            self.addresses.insert(address, other);
        }
    }

    /// An identity: a user part, a display name, a private identity.
    pub(crate) fn identity(&mut self, identity: &[u8]) {
        if NOBODY.contains(&identity) {
            return;
        }
        if let Some(digits) = number(identity) {
            return self.number(digits);
        }
        for run in runs(identity) {
            let word = &identity[run];
            if !self.words.contains_key(word) && !self.configured.contains(word) {
                let other = self.shapes.word(word);
                self.words.insert(word.to_vec(), other);
            }
        }
    }

    fn number(&mut self, digits: Vec<u8>) {
        if digits.len() <= NOBODYS_DIGITS
            || self.numbers.contains_key(&digits)
            || self.configured.contains(&digits)
        {
            return;
        }
        let other = self.shapes.number(&digits);
        // Scripts take prefixes off, and put others on.
        let shortest = SHORTEST_NUMBER.min(digits.len());
        for begin in 1..=digits.len() - shortest {
            self.numbers.entry(digits[begin..].to_vec()).or_insert_with(|| other[begin..].to_vec());
        }
        self.numbers.insert(digits, other);
    }

    /// What stands in the place of this address.
    #[must_use]
    pub fn address_for(&self, address: IpAddr) -> IpAddr {
        if self.network.contains(&address) {
            return address;
        }
        self.addresses.get(&address).copied().unwrap_or(address)
    }

    /// Puts others in the place of all that is known; the text keeps its length.
    pub fn replace(&self, text: &mut [u8], whole: bool) {
        let before = text.to_vec();
        for run in runs(&before) {
            let word = &before[run.clone()];
            if let Some(other) = self.telling(word) {
                text[run].copy_from_slice(&other);
            }
        }
        for place in places(&before, whole) {
            self.replace_identity(&before, place.identity, text);
        }
        for (range, address) in addresses(&before) {
            let other = self.address_for(address);
            if other != address {
                shapes::write_address(&before[range.clone()], other, &mut text[range]);
            }
        }
    }

    /// What stands for a run of letters and digits wherever it is.
    fn telling(&self, word: &[u8]) -> Option<Vec<u8>> {
        if word.iter().all(u8::is_ascii_digit) {
            let longest = word.len().checked_sub(SHORTEST_NUMBER)?;
            return (0..=longest).find_map(|begin| {
                let other = self.numbers.get(&word[begin..])?;
                Some([&word[..begin], other].concat())
            });
        }
        let common = || self.common.contains(&word.to_ascii_lowercase());
        (word.len() >= SHORTEST_TELLING && !common()).then(|| self.words.get(word).cloned()).flatten()
    }

    fn replace_identity(&self, before: &[u8], identity: Range<usize>, text: &mut [u8]) {
        let (from, into) = (&before[identity.clone()], &mut text[identity]);
        if NOBODY.contains(&from) {
            return into.copy_from_slice(from);
        }
        if let Some(digits) = number(from) {
            let Some(other) = self.numbers.get(&digits) else { return };
            let places = into.iter_mut().filter(|byte| byte.is_ascii_digit());
            return places.zip(other).for_each(|(place, digit)| *place = *digit);
        }
        for run in runs(from) {
            if let Some(other) = self.words.get(&from[run.clone()]) {
                into[run].copy_from_slice(other);
            }
        }
    }
}

/// The digits of a telephone number: with visual separators (RFC 3966 §5.1.1) and `+`, or without.
fn number(identity: &[u8]) -> Option<Vec<u8>> {
    let identity = identity.strip_prefix(b"+").unwrap_or(identity);
    let is_separator = |byte: &u8| matches!(byte, b'-' | b'.' | b'(' | b')');
    let is_number =
        !identity.is_empty() && identity.iter().all(|byte| byte.is_ascii_digit() || is_separator(byte));
    is_number.then(|| identity.iter().copied().filter(u8::is_ascii_digit).collect())
}

#[cfg(test)]
#[path = "identities/tests.rs"]
mod tests;
