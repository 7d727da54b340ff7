//! What an operator says about the server beside its database.

use std::time::Duration;

use diameter::base::Origin;

use crate::bounds;

/// The settings of an [`Hss`](crate::Hss).
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who answers: Origin-Host, Origin-Realm, Origin-State-Id.
    pub origin: Origin,
    /// Connections to the database, at most. A database in memory has one.
    pub connections: u32,
    /// How long a request waits for one of them before it is answered DIAMETER_TOO_BUSY.
    pub patience: Duration,
    /// Whether an S-CSCF may stay assigned when a registration ends, if it wants to keep the profile
    /// (USER_DEREGISTRATION_STORE_SERVER_NAME, TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME).
    pub keeps_server_name: bool,
}

impl Settings {
    /// Those that are usual.
    #[must_use]
    pub fn new(origin: Origin) -> Settings {
        Settings {
            origin,
            connections: bounds::CONNECTIONS,
            patience: bounds::PATIENCE,
            keeps_server_name: true,
        }
    }
}
