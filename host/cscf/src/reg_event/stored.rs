//! A subscription as the disk holds it: what goes on after a restart.
//!
//! ```text
//!   CSeq, theirs, version, end │ Call-ID │ our tag │ their tag │ set │ From │ To │ target │ Contact │ id │ Route …      a line each
//! ```
//! In: a subscription; later bytes. Out: bytes; later the subscription, a good deal ahead: it is written with each SUBSCRIBE, not
//! with each NOTIFY, and what its NOTIFYs have counted since is not known.

use super::{Key, Subscription};

/// What is added to CSeq and version: more NOTIFYs than there are between two SUBSCRIBEs.
const AHEAD: u32 = 1 << 20;

/// The name of its document.
pub(super) fn name(key: &Key) -> String {
    [&*key.0, &key.1, &key.2].join(" ")
}

/// None of the values has a line break.
pub(super) fn write(key: &Key, subscription: &Subscription) -> Vec<u8> {
    let Subscription { cseq, remote_cseq, version, expires_at_ms, .. } = subscription;
    let numbers = format!("{cseq} {remote_cseq} {version} {expires_at_ms}");
    let event_id = subscription.event_id.as_deref().unwrap_or_default();
    let mut lines = vec![&*numbers, &key.0, &key.1, &key.2, &subscription.set, &subscription.from];
    lines.extend([&*subscription.to, &subscription.remote_target, &subscription.contact, event_id]);
    lines.extend(subscription.routes.iter().map(|route| &**route));
    lines.join("\n").into_bytes()
}

/// `None`: not one of ours.
pub(super) fn read(document: &[u8]) -> Option<(Key, Subscription)> {
    let mut lines = std::str::from_utf8(document).ok()?.split('\n');
    let mut numbers = lines.next()?.split(' ');
    let mut number = || numbers.next()?.parse::<u64>().ok();
    let (cseq, remote_cseq) = (u32::try_from(number()?).ok()?, u32::try_from(number()?).ok()?);
    let (version, expires_at_ms) = (u32::try_from(number()?).ok()?, number()?);
    let mut text = || lines.next().map(Box::<str>::from);
    let key = (text()?, text()?, text()?);
    let (set, from, to, remote_target, contact) = (text()?, text()?, text()?, text()?, text()?);
    let event_id = text().map(|id| (!id.is_empty()).then_some(id))?;
    let subscription = Subscription {
        set,
        from,
        to,
        remote_target,
        routes: lines.map(Into::into).collect(),
        contact,
        event_id,
        // RFC 3261 §8.1.1.5: less than 2^31.
        cseq: cseq.checked_add(AHEAD).filter(|cseq| *cseq < 1 << 31)?,
        remote_cseq,
        version: version.wrapping_add(AHEAD),
        expires_at_ms,
        is_ahead: true,
    };
    Some((key, subscription))
}
