//! Authentication vectors (TS 33.102 §6.3.2) and resynchronisation (§6.3.5) on the home side.
//!
//! In: the algorithm set, RAND from outside, SQN, AMF. Out: RAND, AUTN, XRES, CK, IK; or what an AUTS proves.
//!
//! ```text
//!   AUTN = SQN ⊕ AK ‖ AMF ‖ MAC-A        16 bytes
//!   AUTS = SQN_MS ⊕ AK* ‖ MAC-S          14 bytes
//! ```

use super::secret::is_same;
use super::{Amf, Milenage, Res, Secret, SessionKey, Sqn};

/// A random challenge. It comes from outside and must never come twice.
pub type Rand = [u8; 16];
/// The network's proof, as it is sent.
pub type Autn = [u8; 16];
/// The request for resynchronisation, as it is sent.
pub type Auts = [u8; 14];

/// The AMF of MAC-S (TS 33.102 §6.3.3).
pub(super) const RESYNCHRONISATION_AMF: Amf = [0, 0];

/// A quintet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationVector {
    /// The challenge.
    pub rand: Rand,
    /// The network's proof.
    pub autn: Autn,
    /// The response that is expected.
    pub xres: Res,
    /// The cipher key.
    pub ck: SessionKey,
    /// The integrity key.
    pub ik: SessionKey,
}

impl AuthenticationVector {
    /// A vector of this number.
    #[must_use]
    pub fn generate(milenage: &Milenage, rand: Rand, sqn: Sqn, amf: Amf) -> AuthenticationVector {
        let mut autn = [0; 16];
        autn[..6].copy_from_slice(&hidden(sqn, &milenage.f5(&rand)));
        autn[6..8].copy_from_slice(&amf);
        autn[8..].copy_from_slice(&milenage.f1(&rand, sqn, amf));
        AuthenticationVector {
            rand,
            autn,
            xres: milenage.f2(&rand),
            ck: milenage.f3(&rand),
            ik: milenage.f4(&rand),
        }
    }
}

/// The AUTS does not come from the subscriber's ISIM: no new vector is to be made for it (§6.3.5 step 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("MAC-S of the AUTS is wrong")]
pub struct AutsError;

/// SQN_MS out of an AUTS, its MAC-S checked, for the challenge that it answers.
///
/// # Errors
/// MAC-S is wrong.
pub fn resynchronise(milenage: &Milenage, rand: &Rand, auts: &Auts) -> Result<Sqn, AutsError> {
    let mut concealed = [0; 6];
    concealed.copy_from_slice(&auts[..6]);
    let sqn_ms = Sqn::from_bytes(hidden(Sqn::from_bytes(concealed), &milenage.f5_star(rand)));
    let mac_s = milenage.f1_star(rand, sqn_ms, RESYNCHRONISATION_AMF);
    if is_same(&mac_s, &auts[6..]) { Ok(sqn_ms) } else { Err(AutsError) }
}

/// SQN ⊕ AK, which is its own inverse.
pub(super) fn hidden(sqn: Sqn, ak: &Secret<6>) -> [u8; 6] {
    let mut bytes = sqn.to_bytes();
    for (byte, key) in bytes.iter_mut().zip(ak.expose()) {
        *byte ^= key;
    }
    bytes
}
