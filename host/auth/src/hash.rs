//! H, KD, HA1 and the response of RFC 7616 §3.4.1 to §3.4.3.
//!
//! In: what is hashed, as bytes. Out: a [`struct@Hash`], written in lower-case hexadecimal as the header fields carry
//! it. Not here: where the parts come from (`verify.rs`, `answer.rs`).

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use crate::Algorithm;

/// The longest hash in hexadecimal digits.
const MAX_HEX: usize = 64;

/// A hash by a stated algorithm. Its `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct Hash {
    algorithm: Algorithm,
    bytes: [u8; 32],
}

impl Hash {
    /// A hash from its bytes; `None` if they are not as many as the algorithm makes.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Hash> {
        let mut hash = Hash { algorithm, bytes: [0; 32] };
        if bytes.len() != algorithm.length() {
            return None;
        }
        hash.bytes[..bytes.len()].copy_from_slice(bytes);
        Some(hash)
    }

    /// A hash from its hexadecimal digits in any case; `None` if they are not exactly that.
    pub fn from_hex(algorithm: Algorithm, digits: &[u8]) -> Option<Hash> {
        let mut hash = Hash { algorithm, bytes: [0; 32] };
        if digits.len() != algorithm.length() * 2 {
            return None;
        }
        for (byte, pair) in hash.bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(hash)
    }

    /// What made it.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// 16 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.length()]
    }

    /// In lower-case hexadecimal.
    pub fn hex(&self) -> Hex {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = Hex { digits: [0; MAX_HEX], length: self.algorithm.length() * 2 };
        for (pair, byte) in hex.digits.chunks_exact_mut(2).zip(self.as_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}, redacted)", self.algorithm)
    }
}

/// Equal, in constant time for one length (RFC 7616 §5.8 asks for no oracle).
impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && same(self.as_bytes(), other.as_bytes())
    }
}

impl Eq for Hash {}

/// Lower-case hexadecimal digits, 32 or 64 of them.
#[derive(Clone, Copy)]
pub struct Hex {
    digits: [u8; MAX_HEX],
    length: usize,
}

impl Hex {
    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.length]
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// The HA1s of one user, by algorithm: what a user store keeps instead of a password. Its `Debug` does not show them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Ha1s {
    /// H(user:realm:password) by MD5, where known.
    pub md5: Option<[u8; 16]>,
    /// By SHA-256, where known.
    pub sha256: Option<[u8; 32]>,
    /// By SHA-512/256, where known.
    pub sha512_256: Option<[u8; 32]>,
}

impl Ha1s {
    /// All three from a password.
    pub fn of(user: &str, realm: &str, password: &str) -> Ha1s {
        let parts = [user.as_bytes(), realm.as_bytes(), password.as_bytes()];
        let mut md5 = [0; 16];
        md5.copy_from_slice(joined(Algorithm::Md5, &parts).as_bytes());
        Ha1s {
            md5: Some(md5),
            sha256: Some(joined(Algorithm::Sha256, &parts).bytes),
            sha512_256: Some(joined(Algorithm::Sha512_256, &parts).bytes),
        }
    }

    /// The one for this algorithm.
    pub fn get(&self, algorithm: Algorithm) -> Option<Hash> {
        match algorithm {
            Algorithm::Md5 => self.md5.and_then(|b| Hash::from_bytes(algorithm, &b)),
            Algorithm::Sha256 => self.sha256.and_then(|b| Hash::from_bytes(algorithm, &b)),
            Algorithm::Sha512_256 => self.sha512_256.and_then(|b| Hash::from_bytes(algorithm, &b)),
        }
    }
}

impl fmt::Debug for Ha1s {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1s(redacted)")
    }
}

/// The quality of protection (RFC 7616 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// `auth`: method and URI.
    Auth,
    /// `auth-int`: also the body.
    AuthInt,
}

impl Qop {
    /// The token.
    pub const fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }

    /// The value of a `qop` parameter that names one; case-insensitive.
    pub fn from_name(token: &[u8]) -> Option<Qop> {
        [Qop::Auth, Qop::AuthInt].into_iter().find(|q| q.name().as_bytes().eq_ignore_ascii_case(token))
    }
}

/// What `qop` brings into the response (RFC 7616 §3.4.1).
#[derive(Debug, Clone, Copy)]
pub struct QopValues<'a> {
    /// Which one.
    pub qop: Qop,
    /// The nonce count as its eight digits came.
    pub nc: &'a [u8],
    /// The client's nonce.
    pub cnonce: &'a [u8],
}

/// The request as the digest sees it.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The method's token.
    pub method: &'a [u8],
    /// The `uri` parameter's value, not the Request-URI.
    pub uri: &'a [u8],
    /// The server's nonce.
    pub nonce: &'a [u8],
    /// `None`: the form without qop (RFC 2069).
    pub qop: Option<QopValues<'a>>,
    /// The body; only looked at for `auth-int`.
    pub body: &'a [u8],
}

/// H(user ":" realm ":" password), RFC 7616 §3.4.2. A password may be any bytes: RES of AKA is (RFC 3310 §3.3).
pub fn ha1(user: &str, realm: &str, password: impl AsRef<[u8]>, algorithm: Algorithm) -> Hash {
    joined(algorithm, &[user.as_bytes(), realm.as_bytes(), password.as_ref()])
}

/// The response by HA1's algorithm, RFC 7616 §3.4.1.
pub fn response(ha1: &Hash, exchange: &Exchange<'_>) -> Hash {
    let algorithm = ha1.algorithm;
    let ha1 = ha1.hex();
    let Exchange { method, uri, nonce, qop, body } = *exchange;
    let ha2 = match qop {
        Some(QopValues { qop: Qop::AuthInt, .. }) => {
            let body = joined(algorithm, &[body]).hex();
            joined(algorithm, &[method, uri, body.as_bytes()])
        }
        _ => joined(algorithm, &[method, uri]),
    }
    .hex();
    match qop {
        Some(QopValues { qop, nc, cnonce }) => {
            joined(algorithm, &[ha1.as_bytes(), nonce, nc, cnonce, qop.name().as_bytes(), ha2.as_bytes()])
        }
        None => joined(algorithm, &[ha1.as_bytes(), nonce, ha2.as_bytes()]),
    }
}

/// Equal bytes; the time depends on the length alone.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left.iter().zip(right).fold(0u8, |sum, (l, r)| sum | (l ^ r));
    // keeps the compiler from leaving the loop early
    std::hint::black_box(difference) == 0
}

/// H of the parts with colons between them.
fn joined(algorithm: Algorithm, parts: &[&[u8]]) -> Hash {
    fn run<D: Digest>(parts: &[&[u8]], out: &mut [u8]) {
        let mut digest = D::new();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                digest.update(b":");
            }
            digest.update(part);
        }
        out.copy_from_slice(&digest.finalize());
    }
    let mut bytes = [0; 32];
    match algorithm {
        Algorithm::Md5 => run::<Md5>(parts, &mut bytes[..16]),
        Algorithm::Sha256 => run::<Sha256>(parts, &mut bytes),
        Algorithm::Sha512_256 => run::<Sha512_256>(parts, &mut bytes),
    }
    Hash { algorithm, bytes }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
#[path = "hash/tests.rs"]
mod tests;
