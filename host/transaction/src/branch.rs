//! Our branch: what a response finds its client transaction by, without a map (RFC 3261 §17.1.3, §8.1.1.7).
//!
//! In: a [`ClientId`], a shard, and the proxy's loop hash. Out: 47 characters, and back. After the magic cookie
//! come 25 bytes in base 32: shard, slot, generation, a 64-bit keyed hash of these three, and the 64-bit loop
//! hash (§16.6 item 8: the part that tells a loop from a spiral). The keyed hash makes the branch unique over
//! starts of the node (with another seed) and keeps a stranger from making up a response. Branches are compared
//! without regard to case (§7.3.1), so the alphabet has one.

use siphasher::sip::SipHasher13;

use crate::id::{ClientId, Id};

/// What every branch begins with that is unique (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// Characters of a branch made here.
pub const BRANCH_LENGTH: usize = COOKIE + BYTES * 8 / 5;

const COOKIE: usize = MAGIC_COOKIE.len();
const BYTES: usize = 1 + 4 + 4 + 8 + 8;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const DIGITS: [u8; 256] = digits();
/// In `DIGITS`: not a digit.
const NO_DIGIT: u8 = 0xff;

const fn digits() -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 32 {
        digits[ALPHABET[value] as usize] = value as u8;
        digits[ALPHABET[value].to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    digits
}

/// The value of a `branch` parameter, ready to be printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Branch([u8; BRANCH_LENGTH]);

impl Branch {
    /// The characters.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::ops::Deref for Branch {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Branch {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for Branch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for Branch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which shard made this branch; `None` for one that has not our form. That it has the form is no proof that we
/// made it: the shard's table looks closer.
pub fn shard_of_branch(branch: &[u8]) -> Option<u8> {
    decode(branch).map(|bytes| bytes[0])
}

/// The loop hash in a branch of our form. See [`shard_of_branch`] about proof.
pub fn loop_hash_of_branch(branch: &[u8]) -> Option<u64> {
    decode(branch).map(|bytes| number(&bytes[17..]))
}

/// Makes branches of one shard, and knows its own again.
pub(crate) struct Brancher {
    shard: u8,
    key: SipHasher13,
}

impl Brancher {
    pub(crate) fn new(key: [u8; 16], shard: u8) -> Brancher {
        Brancher { shard, key: SipHasher13::new_with_key(&key) }
    }

    pub(crate) fn make(&self, id: ClientId, loop_hash: u64) -> Branch {
        let mut bytes = [0; BYTES];
        bytes[0] = self.shard;
        bytes[1..5].copy_from_slice(&id.0.slot.to_be_bytes());
        bytes[5..9].copy_from_slice(&id.0.generation.get().to_be_bytes());
        let nonce = self.key.hash(&bytes[..9]);
        bytes[9..17].copy_from_slice(&nonce.to_be_bytes());
        bytes[17..].copy_from_slice(&loop_hash.to_be_bytes());
        encode(&bytes)
    }

    /// The client transaction whose branch this is, if this shard made it (lately or long ago).
    pub(crate) fn client(&self, branch: &[u8]) -> Option<ClientId> {
        let bytes = decode(branch)?;
        if bytes[0] != self.shard || number(&bytes[9..17]) != self.key.hash(&bytes[..9]) {
            return None;
        }
        let [_, a, b, c, d, e, f, g, h, ..] = bytes;
        let generation = std::num::NonZeroU32::new(u32::from_be_bytes([e, f, g, h]))?;
        Some(ClientId(Id { slot: u32::from_be_bytes([a, b, c, d]), generation }))
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Five bytes make eight digits.
fn encode(bytes: &[u8; BYTES]) -> Branch {
    let mut branch = [0; BRANCH_LENGTH];
    branch[..COOKIE].copy_from_slice(MAGIC_COOKIE.as_bytes());
    for (five, eight) in bytes.chunks_exact(5).zip(branch[COOKIE..].chunks_exact_mut(8)) {
        let mut bits = number(five);
        for digit in eight.iter_mut().rev() {
            *digit = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
        }
    }
    Branch(branch)
}

fn decode(branch: &[u8]) -> Option<[u8; BYTES]> {
    if branch.len() != BRANCH_LENGTH || !branch[..COOKIE].eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (eight, five) in branch[COOKIE..].chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0u64;
        let mut wrong = 0;
        for digit in eight {
            let value = DIGITS[*digit as usize];
            wrong |= value;
            bits = bits << 5 | u64::from(value & 31);
        }
        if wrong & !31 != 0 {
            return None;
        }
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32, generation: u32) -> ClientId {
        ClientId::from_u64(u64::from(generation) << 32 | u64::from(slot)).unwrap()
    }

    #[test]
    fn a_branch_spells_its_transaction_and_loop_hash() {
        let brancher = Brancher::new([7; 16], 3);
        for (slot, generation, loop_hash) in
            [(0, 1, 0), (1, 2, 3), (u32::MAX, u32::MAX, u64::MAX), (77, 1 << 30, 0x0123_4567_89ab_cdef)]
        {
            let branch = brancher.make(id(slot, generation), loop_hash);
            assert_eq!(brancher.client(branch.as_bytes()), Some(id(slot, generation)));
            assert_eq!(brancher.client(branch.to_ascii_uppercase().as_bytes()), Some(id(slot, generation)));
            assert_eq!(shard_of_branch(branch.as_bytes()), Some(3));
            assert_eq!(loop_hash_of_branch(branch.as_bytes()), Some(loop_hash));
            assert_eq!((branch.len(), &branch[..7]), (47, "z9hG4bK"));
        }
    }

    #[test]
    fn a_branch_of_another_seed_shard_or_hand_is_not_ours() {
        let brancher = Brancher::new([7; 16], 3);
        let branch = brancher.make(id(5, 1), 9);
        assert_eq!(Brancher::new([8; 16], 3).client(branch.as_bytes()), None);
        assert_eq!(Brancher::new([7; 16], 4).client(branch.as_bytes()), None);
        // Every digit up to the loop hash counts.
        for at in 0..34 {
            let mut forged = branch.0;
            forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(brancher.client(&forged), None, "digit {at}");
        }
    }

    #[test]
    fn what_has_not_our_form() {
        let branch = Brancher::new([7; 16], 3).make(id(5, 1), 9);
        for wrong in ["", "z9hG4bK", "z9hG4bK-524287-1", &branch[1..], &branch[..46], &format!("{branch}0")] {
            assert_eq!(shard_of_branch(wrong.as_bytes()), None);
        }
        let mut wrong = branch.0;
        wrong[46] = b'w';
        assert_eq!(loop_hash_of_branch(&wrong), None);
    }
}
