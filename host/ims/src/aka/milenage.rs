//! Milenage: f1, f1*, f2, f3, f4, f5 and f5* on AES-128 (TS 35.206 §4).
//!
//! In: K and OPc once; then RAND, and SQN and AMF for f1 and f1*. Out: MAC-A, MAC-S, RES, CK, IK, AK, AK*. Not here:
//! what is made of them (`vector.rs`, `isim.rs`). The numbers of TS 35.207 and TS 35.208 are in
//! `tests/sections/ts35208_4.rs`.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use super::{Amf, Key, OperatorKey, Rand, Res, Secret, SessionKey, Sqn};

type Block = [u8; 16];

/// The algorithm set with a subscriber's key in it.
#[derive(Clone)]
pub struct Milenage {
    cipher: Aes128,
    opc: OperatorKey,
}

/// OPc from OP and K (§4.1): what a server keeps instead of OP.
#[must_use]
pub fn opc(k: &Key, op: &OperatorKey) -> OperatorKey {
    Secret::new(xor(encrypt(&Aes128::new(k.expose().into()), *op.expose()), op.expose()))
}

impl Milenage {
    /// K and OPc.
    #[must_use]
    pub fn new(k: &Key, opc: &OperatorKey) -> Milenage {
        Milenage { cipher: Aes128::new(k.expose().into()), opc: opc.clone() }
    }

    /// f1: MAC-A, by which the network proves itself.
    #[must_use]
    pub fn f1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> [u8; 8] {
        halves(self.out1(rand, sqn, amf)).0
    }

    /// f1*: MAC-S, by which the ISIM proves that it asks for resynchronisation.
    #[must_use]
    pub fn f1_star(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> [u8; 8] {
        halves(self.out1(rand, sqn, amf)).1
    }

    /// f2: RES.
    #[must_use]
    pub fn f2(&self, rand: &Rand) -> Res {
        Secret::new(halves(self.out(rand, 0, 1)).1)
    }

    /// f3: CK.
    #[must_use]
    pub fn f3(&self, rand: &Rand) -> SessionKey {
        Secret::new(self.out(rand, 4, 2))
    }

    /// f4: IK.
    #[must_use]
    pub fn f4(&self, rand: &Rand) -> SessionKey {
        Secret::new(self.out(rand, 8, 4))
    }

    /// f5: AK, which hides SQN.
    #[must_use]
    pub fn f5(&self, rand: &Rand) -> Secret<6> {
        Secret::new(first_six(self.out(rand, 0, 1)))
    }

    /// f5*: AK*, which hides SQN in resynchronisation.
    #[must_use]
    pub fn f5_star(&self, rand: &Rand) -> Secret<6> {
        Secret::new(first_six(self.out(rand, 12, 8)))
    }

    /// OUT1: c1 is zero, r1 is 64 bits.
    fn out1(&self, rand: &Rand, sqn: Sqn, amf: Amf) -> Block {
        let mut in1 = [0; 16];
        for half in in1.as_chunks_mut::<8>().0 {
            let (number, field) = half.split_at_mut(6);
            number.copy_from_slice(&sqn.to_bytes());
            field.copy_from_slice(&amf);
        }
        let temp = self.temp(rand);
        let rotated = rotate(xor(in1, self.opc.expose()), 8);
        self.encrypt_and_add(xor(*temp, &rotated))
    }

    /// OUT2 to OUT5: `rotation` in bytes to the left, `constant` in the last byte.
    fn out(&self, rand: &Rand, rotation: usize, constant: u8) -> Block {
        let temp = self.temp(rand);
        let mut block = rotate(xor(*temp, self.opc.expose()), rotation);
        if let Some(last) = block.last_mut() {
            *last ^= constant;
        }
        let out = self.encrypt_and_add(block);
        block.zeroize();
        out
    }

    fn temp(&self, rand: &Rand) -> Zeroizing<Block> {
        Zeroizing::new(encrypt(&self.cipher, xor(*rand, self.opc.expose())))
    }

    fn encrypt_and_add(&self, block: Block) -> Block {
        xor(encrypt(&self.cipher, block), self.opc.expose())
    }
}

/// Shows no key.
impl std::fmt::Debug for Milenage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Milenage(redacted)")
    }
}

fn encrypt(cipher: &Aes128, block: Block) -> Block {
    let mut block = block.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

fn xor(mut one: Block, two: &Block) -> Block {
    for (one, two) in one.iter_mut().zip(two) {
        *one ^= two;
    }
    one
}

fn rotate(mut block: Block, bytes: usize) -> Block {
    block.rotate_left(bytes);
    block
}

fn halves(block: Block) -> ([u8; 8], [u8; 8]) {
    let (mut first, mut second) = ([0; 8], [0; 8]);
    first.copy_from_slice(&block[..8]);
    second.copy_from_slice(&block[8..]);
    (first, second)
}

fn first_six(block: Block) -> [u8; 6] {
    let mut six = [0; 6];
    six.copy_from_slice(&block[..6]);
    six
}
