//! A version in the shadow of the active one over HTTP: begun, asked about, ended.
//!
//! In: requests. Out: the report as JSON, `null` where there was none. It has Call-IDs, so that who asks must be one who may
//! change things.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use crate::asked::{Fields, Operator, Version};
use crate::routes::Admin;
use crate::versions::told;

/// Tenths of a percent of the calls where nobody says how many.
const SHARE: u16 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShadowQuery {
    /// Tenths of a percent of the calls.
    #[serde(default = "ShadowQuery::default_share")]
    share: u16,
}

impl ShadowQuery {
    fn default_share() -> u16 {
        SHARE
    }
}

/// Begins, or changes the share.
pub(crate) async fn begin(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    Fields(ShadowQuery { share }): Fields<ShadowQuery>,
    Operator(who): Operator,
) -> Response {
    told(admin.host.shadow(&role, number, share, &who))
}

pub(crate) async fn end(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    Operator(who): Operator,
) -> Response {
    told(admin.host.end_shadow(&role, &who))
}

/// What it has seen.
pub(crate) async fn report(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    _: Operator,
) -> Response {
    told(admin.host.shadow_report(&role))
}
