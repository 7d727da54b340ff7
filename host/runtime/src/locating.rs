//! Name resolution for a shard: asked on the shard's thread, done on the I/O threads, answered by the inbox.
//!
//! In: the next hop's URI. Out: [`ToShard::Located`]. The rules are `transport::locate`'s (RFC 3263); here a hop gets
//! the listening address that it is sent from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use node::{Hop, Listening, LocateFailure, LocateId};
use sip::{Flow, Transport};
use tokio::runtime::Handle;
use transport::{LocateError, LocateRequest, Locator};

use crate::inbox::Inbox;
use crate::message::ToShard;

/// How long a hop that failed is left out (RFC 3263 §4.3).
const DEAD_FOR: Duration = Duration::from_secs(30);

/// Asks for hops.
#[derive(Clone)]
pub(crate) struct Locating {
    threads: Handle,
    locator: Arc<Locator>,
    listening: Listening,
    inbox: Arc<Inbox<ToShard>>,
}

impl Locating {
    /// Searches by `locator` on `threads`, answered into `inbox`.
    #[must_use]
    pub(crate) fn new(
        threads: Handle,
        locator: Arc<Locator>,
        listening: Listening,
        inbox: Arc<Inbox<ToShard>>,
    ) -> Self {
        Self { threads, locator, listening, inbox }
    }

    /// Looks for where this URI is served.
    pub(crate) fn locate(&self, id: LocateId, uri: &[u8]) {
        let request = sip::Uri::parse(uri).ok().and_then(|uri| LocateRequest::from_uri(&uri));
        let Some(request) = request else {
            return self.inbox.extend([ToShard::Located { id, hops: Err(LocateFailure::NoTransport) }]);
        };
        let this = self.clone();
        self.threads.spawn(async move {
            let hops = match this.locator.locate(&request).await {
                Ok(hops) => this.with_listeners(hops),
                Err(error) => Err(failure(&error)),
            };
            this.inbox.extend([ToShard::Located { id, hops }]);
        });
    }

    /// Leaves a remote out for a while.
    pub(crate) fn report_dead(&self, addr: SocketAddr, transport: Transport) {
        self.locator.report_dead(&transport::Hop { transport, addr, server_name: None }, DEAD_FOR);
    }

    fn with_listeners(&self, hops: Vec<transport::Hop>) -> Result<Vec<Hop>, LocateFailure> {
        let hops: Vec<_> = hops
            .into_iter()
            .filter_map(|hop| {
                let listener = self.listening.for_any(hop.transport, hop.addr)?;
                let flow = Flow { transport: hop.transport, listener, connection: 0, remote: hop.addr };
                Some(Hop { flow, server_name: hop.server_name })
            })
            .collect();
        if hops.is_empty() { Err(LocateFailure::NoTransport) } else { Ok(hops) }
    }
}

fn failure(error: &LocateError) -> LocateFailure {
    match error {
        LocateError::NotFound { .. } | LocateError::Unavailable | LocateError::BadHost => {
            LocateFailure::NotFound
        }
        LocateError::NoTransport => LocateFailure::NoTransport,
        LocateError::Timeout | LocateError::Failed { .. } | LocateError::NoNameserver => {
            LocateFailure::Timeout
        }
    }
}
