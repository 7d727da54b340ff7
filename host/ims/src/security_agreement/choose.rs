//! What is chosen of an offer, and whether a list came back as it was sent (RFC 3329 §2.3, §2.4; TS 33.203 §7.2).
//!
//! In: lists of mechanisms, and what the operator allows. Out: one of them, or yes and no.

use super::{Ipsec, Mechanism};
use crate::parameter::Parameter;

/// A pair of algorithms that an operator allows; the first of a list is the one he likes best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference<'a> {
    /// For instance `hmac-sha-1-96`.
    pub alg: &'a str,
    /// For instance `aes-cbc`, or `null`.
    pub ealg: &'a str,
}

/// The offer of `ipsec-3gpp` to take: the first of the operator's pairs that the UE offers (TS 33.203 §7.2: the
/// P-CSCF's own list decides). Of several offers with that pair, the one with the highest `q`, then the first. Offers
/// for anything but ESP are not taken.
#[must_use]
pub fn choose<'m>(offer: &'m [Mechanism], preferences: &[Preference<'_>]) -> Option<&'m Ipsec> {
    let usable = || {
        offer.iter().filter_map(|mechanism| {
            let ipsec = mechanism.ipsec.as_ref()?;
            ipsec.protocol().eq_ignore_ascii_case("esp").then_some((mechanism.preference(), ipsec))
        })
    };
    preferences.iter().find_map(|preference| {
        let fitting = usable().filter(|(_, ipsec)| {
            ipsec.alg.eq_ignore_ascii_case(preference.alg)
                && ipsec.encryption().eq_ignore_ascii_case(preference.ealg)
        });
        // The first of equals: max_by_key would take the last.
        fitting.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, ipsec)| ipsec)
    })
}

/// Whether two lists say the same: the same mechanisms with the same parameters, in whatever order either is written
/// (RFC 3329 §2.3.2: preferences are told by `q`). Defaults count as if they were written.
#[must_use]
pub fn is_same(one: &[Mechanism], two: &[Mechanism]) -> bool {
    if one.len() != two.len() {
        return false;
    }
    let mut left: Vec<&Mechanism> = two.iter().collect();
    one.iter().all(|mechanism| match left.iter().position(|other| is_same_mechanism(mechanism, other)) {
        Some(index) => {
            left.swap_remove(index);
            true
        }
        None => false,
    })
}

fn is_same_mechanism(one: &Mechanism, two: &Mechanism) -> bool {
    let same_ipsec = match (&one.ipsec, &two.ipsec) {
        (None, None) => true,
        (Some(one), Some(two)) => is_same_ipsec(one, two),
        _ => false,
    };
    one.name.eq_ignore_ascii_case(&two.name)
        && one.preference() == two.preference()
        && same_ipsec
        && one.others.len() == two.others.len()
        && one
            .others
            .iter()
            .all(|parameter| two.others.iter().any(|other| is_same_parameter(parameter, other)))
        && two
            .others
            .iter()
            .all(|parameter| one.others.iter().any(|other| is_same_parameter(parameter, other)))
}

fn is_same_ipsec(one: &Ipsec, two: &Ipsec) -> bool {
    let tokens = |ipsec: &Ipsec| {
        [ipsec.alg.as_str(), ipsec.encryption(), ipsec.protocol(), ipsec.mode()].map(str::to_ascii_lowercase)
    };
    let numbers = |ipsec: &Ipsec| (ipsec.spi_c, ipsec.spi_s, ipsec.port_c, ipsec.port_s);
    tokens(one) == tokens(two) && numbers(one) == numbers(two)
}

fn is_same_parameter(one: &Parameter, two: &Parameter) -> bool {
    one.is(two.name()) && one.value() == two.value()
}
