//! Recordings of calls of scripts over HTTP: begin, end, how it stands.
//!
//! In: requests. Out: JSON. All of it is for who may change things: it says whose calls are recorded.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use runtime::{RecordError, RecordingStatus, Wanted};
use serde::Deserialize;

use crate::asked::{Fields, Operator};
use crate::routes::{Admin, failure};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartQuery {
    /// Whose calls: `errors`, `all`, a share such as `1.5%`, or an identity.
    what: String,
    /// Name of the file in the host's folder.
    file: String,
    /// Identities stay as they are.
    #[serde(default)]
    clear: bool,
}

pub(crate) async fn start(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    Operator(who): Operator,
    Fields(StartQuery { what, file, clear }): Fields<StartQuery>,
) -> Response {
    let wanted = match what.parse::<Wanted>() {
        Ok(wanted) => wanted,
        Err(why) => return failure(StatusCode::UNPROCESSABLE_ENTITY, &why.to_string()),
    };
    told(move || admin.host.record(&role, wanted, &file, clear, &who)).await
}

pub(crate) async fn stop(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    Operator(who): Operator,
) -> Response {
    told(move || admin.host.stop_recording(&role, &who)).await
}

pub(crate) async fn status(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    _: Operator,
) -> Response {
    told(move || admin.host.recording(&role)).await
}

/// Files are made, and a thread is waited for: not on a thread that answers others.
async fn told(command: impl FnOnce() -> Result<RecordingStatus, RecordError> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(command).await {
        Ok(Ok(status)) => Json(status).into_response(),
        Ok(Err(error)) => failure(status_of(&error), &error.to_string()),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the command was broken off"),
    }
}

fn status_of(error: &RecordError) -> StatusCode {
    match error {
        RecordError::UnknownRole { .. } | RecordError::None => StatusCode::NOT_FOUND,
        RecordError::Running(_) | RecordError::Full { .. } => StatusCode::CONFLICT,
        RecordError::NoFolder | RecordError::Name(_) | RecordError::File { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        RecordError::Thread(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
