//! A CSCF's dealings with the HSS and with its users' profiles (TS 24.229 §5.3, §5.4): machines of `cscf` behind locks, the
//! Diameter connections, the disk.
//!
//! ```text
//!   script ─▶ services.rs ─▶ asking.rs ─▶ Diameter ─▶ HSS            answers wake the guest that waits
//!                        └─▶ served.rs ─▶ subscribers, documents, reg event ─▶ NOTIFY ─▶ a shard
//!   HSS ─▶ pushed.rs ─▶ served.rs, registrations, the script's on-event
//! ```
//! In: what scripts ask, what the HSS pushes. Out: answers, NOTIFYs, events. What is decided is the scripts'; how a message
//! of Diameter looks is `cscf`'s and `diameter`'s.

mod asking;
mod pushed;
mod served;

use std::sync::Arc;
use std::time::Duration;

use cscf::{Challenges, Cx, Leaving, Notifier, Subscribers};
use ims::service_profile::SharedIfcSets;
use parking_lot::{Mutex, RwLock};
use storage::{Documents, Registrations};
use transport::diameter::DiameterService;

use crate::inbox::Inbox;
use crate::message::ToShard;

pub(crate) use pushed::Pushed;
pub(crate) use served::Watched;

/// Documents of subscribers.
const SUBSCRIBERS: &str = "subscribers";

/// Documents of subscriptions to registrations.
const SUBSCRIPTIONS: &str = "subscriptions";

/// One CSCF's.
pub(crate) struct Ims {
    pub(crate) diameter: DiameterService,
    cx: Cx,
    timeout: Duration,
    challenges: Mutex<Challenges>,
    subscribers: RwLock<Subscribers>,
    notifier: Mutex<Notifier>,
    registrations: Arc<Registrations>,
    documents: Arc<Documents>,
    /// Where requests of this element's own go.
    inbox: Arc<Inbox<ToShard>>,
    /// All shards.
    inboxes: Arc<[Arc<Inbox<ToShard>>]>,
    /// Sets that the HSS took away.
    leaving: Mutex<Leaving>,
}

/// What an [`Ims`] is made of.
pub(crate) struct Parts {
    pub(crate) diameter: DiameterService,
    pub(crate) cx: Cx,
    pub(crate) timeout: Duration,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) documents: Arc<Documents>,
    /// All shards; the first one takes requests of this element's own.
    pub(crate) inboxes: Arc<[Arc<Inbox<ToShard>>]>,
    /// Sets of filter criteria that profiles may name.
    pub(crate) shared_ifc: SharedIfcSets,
}

impl Ims {
    /// With the subscribers and the subscriptions that the disk holds.
    pub(crate) fn new(parts: Parts, now_ms: u64) -> Ims {
        let Parts { diameter, cx, timeout, registrations, documents, inboxes, shared_ifc } = parts;
        if !shared_ifc.is_empty() {
            tracing::info!(sets = shared_ifc.len(), "shared filter criteria are loaded");
        }
        let mut subscribers = Subscribers::default().with_shared(shared_ifc);
        let mut unreadable = 0_u32;
        for (key, document) in documents.take(SUBSCRIBERS) {
            // A profile for services to somebody who is not registered is fetched anew when it is wanted again. A set whose
            // contacts have ended meanwhile is still to be taken leave of.
            if !registrations.is_registered(&key, 0) {
                documents.remove(SUBSCRIBERS, &key);
                continue;
            }
            let is_registered = registrations.is_registered(&key, now_ms);
            unreadable += u32::from(!subscribers.load(&document, is_registered));
        }
        if !subscribers.is_empty() || unreadable > 0 {
            tracing::info!(subscribers = subscribers.len(), unreadable, "subscribers are loaded");
        }
        let ims = Ims {
            diameter,
            cx,
            timeout,
            challenges: Mutex::default(),
            subscribers: RwLock::new(subscribers),
            notifier: Mutex::default(),
            registrations,
            documents,
            inbox: Arc::clone(&inboxes[0]),
            inboxes,
            leaving: Mutex::default(),
        };
        ims.load_subscriptions(now_ms);
        ims
    }

    /// Profiles that come from now on are served with these shared sets of filter criteria.
    pub(crate) fn share_criteria(&self, sets: SharedIfcSets) {
        self.subscribers.write().share(sets);
    }

    /// How much there is of everything.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            subscribers: self.subscribers.read().len(),
            challenges: self.challenges.lock().len(),
            subscriptions: self.notifier.lock().len(),
        }
    }
}

/// How much there is of everything.
pub(crate) struct Counts {
    /// Implicit registration sets that are served.
    pub(crate) subscribers: usize,
    /// Challenges that wait for their answer.
    pub(crate) challenges: usize,
    /// Subscriptions to registrations.
    pub(crate) subscriptions: usize,
}

impl std::fmt::Debug for Ims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ims").finish_non_exhaustive()
    }
}
