//! What a REGISTER does to the bindings of an address-of-record: RFC 3261 §10.3 items 6 to 8, RFC 5626 §6.
//!
//! ```text
//!   bindings now ──┐
//!   Register ──────┼─▶ all wishes, one after the other ─▶ Outcome: bindings then, what each fresh one replaces, what is
//!   Limits ────────┘      │                                         removed; and the Contacts of the 200 OK
//!                         └─▶ the first that cannot be granted ─▶ Refusal, nothing changed
//! ```
//! Pure: time is in the [`Register`]. Not here: reading the message (`register.rs`), making the change
//! (`registrations.rs`).

use std::fmt::Write as _;

use sip::Uri;
use smallvec::SmallVec;

use crate::digits;
use crate::packed::{BindingRef, Packed};
use crate::register::{FlowName, Register, Wish, Wishes};

/// The bindings that one address-of-record may ever hold, whatever a script grants.
pub const MAX_BINDINGS: u32 = 255;

/// §10.3 item 7: only a wish under one hour can be too brief.
const ONE_HOUR_S: u32 = 3600;

/// What a registrar grants. Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A wish under this and under one hour is [`Refusal::TooBrief`].
    pub min_expires: u32,
    /// A longer wish is cut to this.
    pub max_expires: u32,
    /// Where nothing was wished.
    pub default_expires: u32,
    /// Bindings an address-of-record may hold; [`MAX_BINDINGS`] at most.
    pub max_bindings: u32,
}

/// What a REGISTER leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// Contact header field values of all bindings, with their parameters, `q` (where it was given) and `expires`.
    pub contacts: Vec<String>,
    /// A flow of RFC 5626 was bound: the 200 needs `Require: outbound`.
    pub outbound: bool,
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// 423 with this Min-Expires, seconds.
    #[error("shorter than {0} seconds")]
    TooBrief(u32),
    /// More bindings than the limits allow.
    #[error("too many bindings")]
    TooMany,
    /// 400: a Contact, Expires or Path that cannot be read or is out of bounds, `*` against §10.3 item 6, or a flow
    /// bound beside other contacts (RFC 5626 §6).
    #[error("a REGISTER that cannot be read")]
    Malformed,
    /// 500: a CSeq not above the one stored for the same Call-ID (§10.3 items 6 and 7).
    #[error("a CSeq that is not above the stored one")]
    OutOfOrder,
    /// 503: the store takes no more.
    #[error("the store takes no more")]
    Unavailable,
}

/// What becomes of the bindings.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    /// All bindings then; those with row 0 are fresh.
    pub(crate) bindings: SmallVec<[BindingRef<'a>; 4]>,
    /// For each fresh one in order: the row it replaces, or 0.
    pub(crate) replaces: SmallVec<[u64; 2]>,
    /// Rows of bindings that are removed.
    pub(crate) removed: SmallVec<[u64; 2]>,
    /// Rows of bindings whose time is over.
    pub(crate) expired: SmallVec<[u64; 2]>,
    /// A flow was bound.
    pub(crate) outbound: bool,
}

/// A binding, and the row it replaces where it is fresh.
struct Held<'a> {
    binding: BindingRef<'a>,
    replaces: u64,
}

/// The bindings after this REGISTER; all wishes are granted or none.
pub(crate) fn apply<'a, 'm: 'a>(
    current: Option<Packed<'a>>,
    register: &'a Register<'m>,
    limits: &Limits,
) -> Result<Outcome<'a>, Refusal> {
    let mut outcome = Outcome::default();
    let mut held = SmallVec::<[Held<'a>; 4]>::new();
    for binding in current.into_iter().flat_map(Packed::bindings) {
        if binding.expires_at_ms > register.now_ms {
            held.push(Held { binding, replaces: 0 });
        } else {
            outcome.expired.push(binding.row);
        }
    }
    match &register.wishes {
        Wishes::None => {}
        Wishes::RemoveAll => {
            for one in &held {
                in_order(&one.binding, register)?;
                outcome.removed.push(one.binding.row);
            }
            held.clear();
        }
        Wishes::Contacts(contacts) => {
            for wish in contacts {
                grant(&mut held, &mut outcome, wish, register, limits)?;
            }
        }
    }
    if held.len() > limits.max_bindings.min(MAX_BINDINGS) as usize {
        return Err(Refusal::TooMany);
    }
    for one in held {
        if one.binding.row == 0 {
            outcome.replaces.push(one.replaces);
        }
        outcome.bindings.push(one.binding);
    }
    Ok(outcome)
}

/// One Contact of a REGISTER.
fn grant<'a, 'm: 'a>(
    held: &mut SmallVec<[Held<'a>; 4]>,
    outcome: &mut Outcome<'a>,
    wish: &'a Wish<'m>,
    register: &'a Register<'m>,
    limits: &Limits,
) -> Result<(), Refusal> {
    let seconds = match wish.expires {
        Some(0) => return remove(held, outcome, wish, register),
        Some(wished) if wished < limits.min_expires && wished < ONE_HOUR_S => {
            return Err(Refusal::TooBrief(limits.min_expires));
        }
        wished => wished.unwrap_or(limits.default_expires).min(limits.max_expires).max(1),
    };
    let fresh = BindingRef {
        row: 0,
        expires_at_ms: register.now_ms + u64::from(seconds) * 1000,
        q: wish.q,
        cseq: register.cseq,
        outbound: wish.outbound.is_some(),
        flow: Some(register.flow),
        uri: wish.uri_text,
        parameters: &wish.parameters,
        call_id: register.call_id,
        path: &register.path,
    };
    outcome.outbound |= wish.outbound.is_some();
    match held.iter_mut().find(|one| is_same(&one.binding, wish)) {
        Some(one) => {
            in_order(&one.binding, register)?;
            // a second wish for the same replaces what the first one replaced
            if one.binding.row != 0 {
                one.replaces = one.binding.row;
            }
            one.binding = fresh;
        }
        None => held.push(Held { binding: fresh, replaces: 0 }),
    }
    Ok(())
}

/// A wish with an expiry of 0. One without a flow removes all flows of its URI too.
fn remove(
    held: &mut SmallVec<[Held<'_>; 4]>,
    outcome: &mut Outcome<'_>,
    wish: &Wish<'_>,
    register: &Register<'_>,
) -> Result<(), Refusal> {
    let goes = |binding: &BindingRef<'_>| {
        is_same(binding, wish) || (wish.outbound.is_none() && is_same_uri(binding, &wish.uri))
    };
    for one in held.iter().filter(|one| goes(&one.binding)) {
        in_order(&one.binding, register)?;
        match (one.binding.row, one.replaces) {
            (0, 0) => {}
            (0, replaced) => outcome.removed.push(replaced),
            (row, _) => outcome.removed.push(row),
        }
    }
    held.retain(|one| !goes(&one.binding));
    Ok(())
}

/// Whether a wish is about this binding: by instance and reg-id if both are flows (RFC 5626 §6), else by URI
/// (RFC 3261 §10.3 item 7).
fn is_same(binding: &BindingRef<'_>, wish: &Wish<'_>) -> bool {
    match (binding.outbound, &wish.outbound) {
        (true, Some(name)) => FlowName::of(binding.parameters) == Some(*name),
        (false, None) => is_same_uri(binding, &wish.uri),
        _ => false,
    }
}

fn is_same_uri(binding: &BindingRef<'_>, uri: &Uri<'_>) -> bool {
    binding.uri.as_bytes() == uri.as_bytes()
        || Uri::parse(binding.uri.as_bytes()).is_ok_and(|bound| bound.equivalent(uri))
}

/// §10.3 items 6 and 7: for the same Call-ID only a higher CSeq counts. What this very request bound is no obstacle.
fn in_order(binding: &BindingRef<'_>, register: &Register<'_>) -> Result<(), Refusal> {
    if binding.row != 0 && binding.call_id == register.call_id && register.cseq <= binding.cseq {
        return Err(Refusal::OutOfOrder);
    }
    Ok(())
}

/// The Contact value of a binding in a 200 OK (§10.3 item 8).
pub(crate) fn contact_value(binding: &BindingRef<'_>, now_ms: u64) -> String {
    let mut value = String::with_capacity(binding.uri.len() + binding.parameters.len() + 28);
    value.push('<');
    value.push_str(binding.uri);
    value.push('>');
    value.push_str(binding.parameters);
    // writing to a String cannot fail
    if let Some(q) = binding.q {
        let _ = match (q / 1000, q % 1000) {
            (whole, 0) => write!(value, ";q={whole}"),
            (_, fraction) => write!(value, ";q=0.{}", format!("{fraction:03}").trim_end_matches('0')),
        };
    }
    value.push_str(";expires=");
    digits::push(&mut value, seconds_left(binding, now_ms).into());
    value
}

/// Begun seconds count.
pub(crate) fn seconds_left(binding: &BindingRef<'_>, now_ms: u64) -> u32 {
    u32::try_from(binding.expires_at_ms.saturating_sub(now_ms).div_ceil(1000)).unwrap_or(u32::MAX)
}
