//! A running host's configuration over HTTP: what is other in its file, taking it, going back.
//!
//! In: requests. Out: JSON; what is refused says why in a sentence. All of it asks for what `access.rs` asks for: a
//! configuration has names of others in it, and a script's may have more.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use runtime::{Applied, Handle, ReloadError};
use serde::Deserialize;
use serde_json::json;

use crate::routes::{Admin, failure};
use crate::versions::who;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyQuery {
    /// Tenths of a percent of the subscribers that get the script as the file has it.
    share: Option<u16>,
}

/// What is other in the file.
pub(crate) async fn differences(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Err(why) = admin.access.may_change(from, &headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    match admin.host.configuration_differences() {
        Ok(differences) => Json(differences).into_response(),
        Err(error) => refused(&error),
    }
}

/// Takes what is other in the file.
pub(crate) async fn apply(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    query: Result<Query<ApplyQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    match query {
        Ok(Query(query)) => {
            change(admin, from, &headers, move |host, who| host.apply(query.share, who)).await
        }
        Err(why) => failure(why.status(), &why.body_text()),
    }
}

/// Goes back to what was taken before.
pub(crate) async fn rollback(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    change(admin, from, &headers, Handle::configuration_rollback).await
}

/// The text that a version of the script was configured with.
pub(crate) async fn of_script(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path((role, number)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Response {
    if let Err(why) = admin.access.may_change(from, &headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    match admin.host.script_configuration(&role, number) {
        Ok(text) => Json(json!({ "configuration": text })).into_response(),
        Err(why) => failure(StatusCode::NOT_FOUND, &why.to_string()),
    }
}

/// A script may be compiled for it: not on a thread that answers others.
async fn change(
    admin: Arc<Admin>,
    from: SocketAddr,
    headers: &HeaderMap,
    command: impl FnOnce(&Handle, &str) -> Result<Applied, ReloadError> + Send + 'static,
) -> Response {
    if let Err(why) = admin.access.may_change(from, headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    let who = who(from, headers);
    match tokio::task::spawn_blocking(move || command(&admin.host, &who)).await {
        Ok(Ok(applied)) => Json(applied).into_response(),
        Ok(Err(error)) => refused(&error),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "taking the configuration was broken off"),
    }
}

fn refused(error: &ReloadError) -> Response {
    let status = match error {
        ReloadError::NoSource | ReloadError::NothingBefore | ReloadError::Share(_) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    failure(status, &error.to_string())
}
