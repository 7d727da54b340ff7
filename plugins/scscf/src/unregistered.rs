//! Users whose services are served while nobody of them is registered (TS 24.229 §5.4.3.2, §5.4.3.3; TS 29.228 §6.1.2): their
//! profile is kept for a while, and not for ever.
//!
//! ```text
//!   SAR, unregistered user ─▶ profile ─▶ (kept) ─┬─ a request ─▶ kept on
//!                                                ├─ REGISTER ──▶ registration.rs
//!                                                └─ none for a time ─▶ SAR, administrative deregistration ─▶ let go
//! ```
//! In: requests for them, a timer. Out: SAR. Timers do not outlive a restart; neither do these profiles, which the host lets
//! go of at its start.

use strowger_sdk::ims::{Assignment, Subscriber};
use strowger_sdk::prelude::*;

use crate::registration::key;
use crate::settings::Settings;

/// Before an identity in the token of the timer.
const KEPT: &str = "kept ";

/// A request is for this user, or on its behalf: the time begins anew.
pub(crate) fn keep(settings: &Settings, identity: &str, subscriber: &Subscriber, host: &impl Host) {
    // One timer for all identities of a set.
    let name = key(subscriber).unwrap_or_else(|| identity.to_owned());
    if !host.start_timer(&[KEPT, &name].concat(), settings.unregistered_expires.saturating_mul(1_000)) {
        host.log(Level::Warning, "the profile of a user who is not registered is kept without a time");
    }
}

/// There has been no request for a while: the HSS may give the user to another S-CSCF (TS 29.228 §6.1.2.1). Who has
/// registered meanwhile stays.
pub(crate) fn is_over(token: &str, host: &impl Host) {
    let Some(identity) = token.strip_prefix(KEPT) else { return };
    let Some(subscriber) = host.subscriber(identity) else { return };
    if subscriber.registered || key(&subscriber).is_some_and(|key| host.is_registered(&key)) {
        return;
    }
    let kind = Assignment::AdministrativeDeregistration;
    if host.assign(identity, &subscriber.private_identity, kind).is_err() {
        // The HSS finds out by itself: it is asked anew when somebody calls.
        host.forget_subscriber(identity);
    }
}
