//! Authentication and key agreement of 3G and IMS (TS 33.102 §6.3, TS 33.203 §6.1, RFC 3310, RFC 4169).
//!
//! ```text
//!   home environment                              ISIM
//!   SequenceGenerator ─ SQN ─┐
//!   K, OPc ─ Milenage ─ vector ─▶ RAND, AUTN ─▶ Isim::authenticate ─▶ RES, CK, IK
//!                    ▲                                └─ AUTS (SQN not fresh)
//!                    └──── resynchronisation ◀───────────────┘
//! ```
//! In: keys, RAND from outside, sequence numbers. Out: authentication vectors, their check, and what Digest-AKA puts on
//! the wire (`digest.rs`). Keys never show themselves in a log and are overwritten when they are dropped (`secret.rs`).
//! Not here: where subscribers and their keys are kept, the entropy for RAND, the digest itself (`strowger-auth`).

mod digest;
mod isim;
mod milenage;
mod secret;
mod sequence;
mod vector;

pub use digest::{
    AkaVersion, Challenge, ChallengeError, akav1_password, akav2_cipher_key, akav2_integrity_key,
    akav2_password, auts_from_base64, auts_to_base64,
};
pub use isim::{Authenticated, Isim, Refusal};
pub use milenage::{Milenage, opc};
pub use secret::Secret;
pub use sequence::{DELTA, INDICES, SequenceChecker, SequenceGenerator, Sqn};
pub use vector::{AuthenticationVector, Autn, Auts, AutsError, Rand, resynchronise};

/// The authentication management field (TS 33.102 Annex F), two bytes.
pub type Amf = [u8; 2];
/// The subscriber's key K.
pub type Key = Secret<16>;
/// The operator's constant OP, or what it makes with a key: OPc.
pub type OperatorKey = Secret<16>;
/// The cipher key CK or the integrity key IK.
pub type SessionKey = Secret<16>;
/// The response RES, or the expected one XRES.
pub type Res = Secret<8>;
