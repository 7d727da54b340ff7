//! Who the subscribers are: the document that the HSS takes, and the cards and passwords that the phones have.

use std::fmt::Write;
use std::ops::RangeInclusive;

use ims::aka::{INDICES, Isim, Milenage, Secret, SequenceChecker, opc};
use ue::Credentials;

use crate::DOMAIN;
use crate::support::PASSWORD;

/// TS 35.208 test set 1.
const K: &str = "465b5ce8b199b49faa5f0a2ee238a6bc";
const OP: &str = "cdc202d5123e20f62b6d676ac72cb318";

/// The identities of a subscriber's device, and how it proves them.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) impi: String,
    /// A SIP URI.
    pub(crate) impu: String,
    /// Proves itself with an ISIM, else with the password.
    pub(crate) is_sim: bool,
}

impl Card {
    /// One of [`sims`].
    pub(crate) fn sim(n: u32) -> Card {
        Card {
            impi: format!("00101{n:010}@{DOMAIN}"),
            impu: format!("sip:{}@{DOMAIN}", number(n)),
            is_sim: true,
        }
    }

    /// One that has a password: `alice` is `alice@ims.test`, `sip:alice@ims.test`.
    pub(crate) fn soft(user: &str) -> Card {
        Card { impi: format!("{user}@{DOMAIN}"), impu: format!("sip:{user}@{DOMAIN}"), is_sim: false }
    }

    /// The same device with another public identity.
    pub(crate) fn with_impu(self, user: &str) -> Card {
        Card { impu: format!("sip:{user}@{DOMAIN}"), ..self }
    }

    pub(crate) fn credentials(&self) -> Credentials {
        if self.is_sim { Credentials::Aka(isim()) } else { Credentials::Password(PASSWORD.to_owned()) }
    }
}

/// The card that all have.
pub(crate) fn isim() -> Isim {
    isim_after(0)
}

/// One that has accepted sequence numbers up to this one (TS 33.102 §C.2.2).
pub(crate) fn isim_after(seq: u64) -> Isim {
    let k = Secret::from_hex(K).expect("a key");
    let opc = opc(&k, &Secret::from_hex(OP).expect("a key"));
    Isim::new(Milenage::new(&k, &opc), SequenceChecker::restore([seq; INDICES]))
}

/// The telephone number of a card of [`sims`].
pub(crate) fn number(n: u32) -> String {
    format!("+1555{n:04}")
}

/// Subscribers with a SIM. `more`: further lines of each.
pub(crate) fn sims(numbers: RangeInclusive<u32>, more: &str) -> String {
    numbers.fold(String::new(), |mut document, n| {
        let number = number(n);
        writeln!(
            document,
            "[[subscriber]]\nimsi = \"00101{n:010}\"\ndomain = \"{DOMAIN}\"\nk = \"{K}\"\nop = \"{OP}\"\n\
             msisdn = \"{number}\"\n{more}"
        )
        .expect("written");
        document
    })
}

/// A subscriber with a password. `more`: further lines.
pub(crate) fn soft(user: &str, more: &str) -> String {
    format!("[[subscriber]]\nimpi = \"{user}@{DOMAIN}\"\npassword = \"{PASSWORD}\"\n{more}\n")
}
