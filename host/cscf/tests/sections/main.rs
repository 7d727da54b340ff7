//! The machines of a CSCF's host, by what they are: challenges, requests to the HSS, sets of identities, the notifier.
//! Each test names its clause.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod challenges;
mod cx;
mod digest;
mod reg_event;
mod subscribers;
mod subscriptions;
mod user_data;
