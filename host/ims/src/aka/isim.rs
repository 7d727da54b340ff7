//! The ISIM's side of AKA (TS 33.102 §6.3.3, TS 33.203 §6.1): checks the network, answers, or asks for
//! resynchronisation.
//!
//! ```text
//!   RAND, AUTN ─▶ MAC-A wrong ────────────▶ Refusal::Network           says nothing about SQN
//!                 SQN not fresh ──────────▶ Refusal::Synchronisation   AUTS
//!                 else ───────────────────▶ RES, CK, IK                SQN is remembered
//! ```
//! In: a challenge. Out: one of the three. For the built-in user equipment and for tests of the home side.

use super::secret::is_same;
use super::vector::{RESYNCHRONISATION_AMF, hidden};
use super::{Autn, Auts, Milenage, Rand, Res, SequenceChecker, SessionKey, Sqn};

/// A subscriber's ISIM: keys, and the memory of sequence numbers.
#[derive(Debug, Clone)]
pub struct Isim {
    milenage: Milenage,
    checker: SequenceChecker,
}

/// What an ISIM answers to a challenge that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The response.
    pub res: Res,
    /// The cipher key.
    pub ck: SessionKey,
    /// The integrity key.
    pub ik: SessionKey,
}

/// A challenge that is not answered by RES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// MAC-A is wrong: it does not come from the home network (RFC 3310 §3.4: a response with neither RES nor AUTS).
    #[error("MAC-A of the AUTN is wrong")]
    Network,
    /// SQN is not fresh: the home network is asked to catch up.
    #[error("SQN is not fresh")]
    Synchronisation(Auts),
}

impl Isim {
    /// An ISIM that has accepted these numbers.
    #[must_use]
    pub fn new(milenage: Milenage, checker: SequenceChecker) -> Isim {
        Isim { milenage, checker }
    }

    /// What has to be kept.
    #[must_use]
    pub const fn checker(&self) -> &SequenceChecker {
        &self.checker
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// MAC-A is wrong, or SQN is not fresh.
    pub fn authenticate(&mut self, rand: &Rand, autn: &Autn) -> Result<Authenticated, Refusal> {
        let (mut concealed, mut amf) = ([0; 6], [0; 2]);
        concealed.copy_from_slice(&autn[..6]);
        amf.copy_from_slice(&autn[6..8]);
        let sqn = Sqn::from_bytes(hidden(Sqn::from_bytes(concealed), &self.milenage.f5(rand)));
        if !is_same(&self.milenage.f1(rand, sqn, amf), &autn[8..]) {
            return Err(Refusal::Network);
        }
        if !self.checker.accept(sqn) {
            return Err(Refusal::Synchronisation(self.auts(rand)));
        }
        Ok(Authenticated {
            res: self.milenage.f2(rand),
            ck: self.milenage.f3(rand),
            ik: self.milenage.f4(rand),
        })
    }

    /// AUTS for this challenge.
    fn auts(&self, rand: &Rand) -> Auts {
        let sqn_ms = self.checker.sqn_ms();
        let mut auts = [0; 14];
        auts[..6].copy_from_slice(&hidden(sqn_ms, &self.milenage.f5_star(rand)));
        auts[6..].copy_from_slice(&self.milenage.f1_star(rand, sqn_ms, RESYNCHRONISATION_AMF));
        auts
    }
}
