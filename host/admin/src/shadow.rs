//! A version in the shadow of the active one over HTTP: begun, asked about, ended.
//!
//! In: requests. Out: the report as JSON, `null` where there was none. It has Call-IDs, so that who asks must be one who may
//! change things.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use crate::routes::{Admin, failure};
use crate::versions::{Version, change};

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
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    version: Version,
    query: Result<Query<ShadowQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let (role, number, share) = match (version, query) {
        (Ok(Path((role, number))), Ok(Query(ShadowQuery { share }))) => (role, number, share),
        (Err(why), _) => return failure(why.status(), &why.body_text()),
        (_, Err(why)) => return failure(why.status(), &why.body_text()),
    };
    change(&admin, from, &headers, |who| admin.host.shadow(&role, number, share, who))
}

pub(crate) async fn end(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path(role): Path<String>,
    headers: HeaderMap,
) -> Response {
    change(&admin, from, &headers, |who| admin.host.end_shadow(&role, who))
}

/// What it has seen.
pub(crate) async fn report(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path(role): Path<String>,
    headers: HeaderMap,
) -> Response {
    change(&admin, from, &headers, |_| admin.host.shadow_report(&role))
}
