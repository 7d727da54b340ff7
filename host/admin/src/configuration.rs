//! A running host's configuration over HTTP: what is other in its file, taking it, going back.
//!
//! In: requests. Out: JSON; what is refused says why in a sentence. All of it asks for what `access.rs` asks for: a
//! configuration has names of others in it, and a script's may have more.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use runtime::{ConfigureError, ReloadError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::asked::{Fields, Operator, Version};
use crate::routes::{Admin, failure};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyQuery {
    /// Tenths of a percent of the subscribers that get the script as the file has it.
    share: Option<u16>,
}

/// What is other in the file.
pub(crate) async fn differences(State(admin): State<Arc<Admin>>, _: Operator) -> Response {
    answer(move || admin.host.configuration_differences()).await
}

/// Takes what is other in the file.
pub(crate) async fn apply(
    State(admin): State<Arc<Admin>>,
    Fields(ApplyQuery { share }): Fields<ApplyQuery>,
    Operator(who): Operator,
) -> Response {
    answer(move || admin.host.apply(share, &who)).await
}

/// Goes back to what was taken before.
pub(crate) async fn rollback(State(admin): State<Arc<Admin>>, Operator(who): Operator) -> Response {
    answer(move || admin.host.configuration_rollback(&who)).await
}

/// The text that a version of the script was configured with.
pub(crate) async fn of_script(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    _: Operator,
) -> Response {
    match admin.host.script_configuration(&role, number) {
        Ok(text) => Json(json!({ "configuration": text })).into_response(),
        Err(why) => failure(StatusCode::NOT_FOUND, &why.to_string()),
    }
}

/// Another version: the plugin of this one, configured with the text in the body.
pub(crate) async fn of_another_script(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    Operator(who): Operator,
    body: Result<String, StringRejection>,
) -> Response {
    let text = match body {
        Ok(text) => text,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    let made = tokio::task::spawn_blocking(move || admin.host.configure_anew(&role, number, &text, &who));
    match made.await {
        Ok(Ok(version)) => Json(version).into_response(),
        Ok(Err(error)) => failure(status_of(&error), &error.to_string()),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the plugin's load was broken off"),
    }
}

fn status_of(error: &ConfigureError) -> StatusCode {
    match error {
        ConfigureError::Version(_) => StatusCode::NOT_FOUND,
        ConfigureError::FileGone { .. } => StatusCode::CONFLICT,
        ConfigureError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ConfigureError::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// A script may be compiled and rehearsed for it, or for who is first: not on a thread that answers others.
async fn answer<T: Serialize + Send + 'static>(
    command: impl FnOnce() -> Result<T, ReloadError> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(command).await {
        Ok(Ok(told)) => Json(told).into_response(),
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
