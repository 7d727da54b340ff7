//! Bindings whose time is over: removed, and told to the script. In: a look every second. Out: [`ToShard::Event`].

use std::sync::Weak;
use std::time::Duration;

use storage::Ended;

use crate::clock::wall_ms;
use crate::control::Shared;
use crate::message::ToShard;

const LOOK: Duration = Duration::from_secs(1);

/// Bindings that are looked at in one go.
const AT_ONCE: usize = 1024;

/// Looks until the host is gone.
pub(crate) async fn run(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        let mut ended = Vec::new();
        while shared.registrations.expire(wall_ms(), AT_ONCE, &mut ended) {
            tell(&shared, &mut ended);
            tokio::task::yield_now().await;
        }
        tell(&shared, &mut ended);
        shared.keys.expire(wall_ms());
        if let Some(ims) = &shared.ims {
            ims.expire(wall_ms());
        }
    }
}

fn tell(shared: &Shared, ended: &mut Vec<Ended>) {
    if ended.is_empty() {
        return;
    }
    if let Some(ims) = &shared.ims {
        for one in ended.iter() {
            ims.ended(&one.address_of_record, &one.contact, wall_ms());
        }
    }
    shared.inboxes[0].extend(ended.drain(..).map(|ended| {
        ToShard::Event(plugin::Event::RegistrationEnded {
            address_of_record: ended.address_of_record.into(),
            contact: ended.contact.into(),
            why: "expired",
        })
    }));
}
