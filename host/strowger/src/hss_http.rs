//! HTTP of a home subscriber server (`docs/subscribers.md`). In: requests. Out: JSON; a failure is
//! `{"error": "a sentence"}` with a status that fits. Everything needs the bearer token, or, where none is configured, a
//! loopback address: subscribers are nobody's business.

use std::net::SocketAddr;
use std::sync::Arc;

use admin::{Own, TraceQuery, failure};
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use diameter::cx::ReasonCode;
use hss::{ManageError, Secrets, Whom};
use serde::Deserialize;
use serde_json::json;

use crate::hss_role::RunningHss;

/// Largest document, in bytes.
const MAX_DOCUMENT: usize = 16 << 20;

/// Subscribers of one page.
const PAGE: usize = 100;

struct Served {
    running: Arc<RunningHss>,
    own: Own,
}

/// The paths over this server, which is `own` among the roles of its process.
pub(crate) fn router(running: Arc<RunningHss>, own: Own) -> Router {
    let served = Arc::new(Served { running, own });
    Router::new()
        .route("/subscribers", get(list).post(import))
        .route("/subscribers/{identity}", get(show).delete(remove))
        .route("/subscribers/{identity}/deregister", post(deregister))
        .route("/subscribers/{identity}/push", post(push))
        // Before a body is read.
        .route_layer(from_fn_with_state(Arc::clone(&served), guard))
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(|| async { "ok\n" }))
        .route("/trace", get(trace))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(MAX_DOCUMENT))
        .with_state(served)
}

fn refused(error: &ManageError) -> Response {
    let status = match error {
        ManageError::Unknown { .. } => StatusCode::NOT_FOUND,
        ManageError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    failure(status, &crate::sentence::sentence_of(error))
}

/// Lets nobody past who may not ask.
async fn guard(
    State(served): State<Arc<Served>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match served.own.access().may_change(from, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => failure(StatusCode::FORBIDDEN, why),
    }
}

async fn metrics(State(served): State<Arc<Served>>) -> Response {
    admin::openmetrics(served.running.metrics.text())
}

async fn trace(
    State(served): State<Arc<Served>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    query: Result<Query<TraceQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    admin::traced(&served.own, from, &headers, query)
}

#[derive(Deserialize)]
struct Paging {
    /// The name that the page before ended with.
    #[serde(default)]
    after: String,
}

async fn list(State(served): State<Arc<Served>>, Query(paging): Query<Paging>) -> Response {
    match served.running.hss.list(&paging.after, PAGE).await {
        Ok(all) => Json(json!(all)).into_response(),
        Err(error) => failure(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn show(State(served): State<Arc<Served>>, Path(identity): Path<String>) -> Response {
    match served.running.hss.show(&identity, Secrets::Hidden).await {
        Ok(shown) => Json(json!(shown)).into_response(),
        Err(error) => refused(&error),
    }
}

async fn import(State(served): State<Arc<Served>>, document: String) -> Response {
    match served.running.import(&document).await {
        Ok(done) => Json(json!({ "added": done.added, "updated": done.updated, "profiles": done.profiles }))
            .into_response(),
        Err(error) => failure(StatusCode::UNPROCESSABLE_ENTITY, &crate::sentence::sentence(&error)),
    }
}

async fn remove(State(served): State<Arc<Served>>, Path(identity): Path<String>) -> Response {
    match served.running.hss.remove(&identity).await {
        Ok(terminations) => {
            let told = served.running.terminate(terminations).await;
            Json(json!({ "removed": identity, "s_cscfs_told": told })).into_response()
        }
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
struct Reason {
    /// `permanent`, `new-server`, `server-change`, `remove-scscf`.
    #[serde(default)]
    reason: String,
}

async fn deregister(
    State(served): State<Arc<Served>>,
    Path(identity): Path<String>,
    Query(reason): Query<Reason>,
) -> Response {
    let reason = match reason.reason.as_str() {
        "" | "permanent" => ReasonCode::PermanentTermination,
        "new-server" => ReasonCode::NewServerAssigned,
        "server-change" => ReasonCode::ServerChange,
        "remove-scscf" => ReasonCode::RemoveScscf,
        other => {
            let why =
                format!("{other} is no reason; there are permanent, new-server, server-change, remove-scscf");
            return failure(StatusCode::BAD_REQUEST, &why);
        }
    };
    match served.running.hss.deregister(&Whom::Subscription(identity.clone()), reason, None).await {
        Ok(terminations) => {
            let meant = terminations.len();
            let told = served.running.terminate(terminations).await;
            Json(json!({ "deregistered": identity, "s_cscfs": meant, "s_cscfs_told": told })).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn push(State(served): State<Arc<Served>>, Path(identity): Path<String>) -> Response {
    match served.running.hss.changed(&identity).await {
        Ok(pushes) => {
            let number = pushes.len();
            let taken = served.running.push(pushes).await;
            Json(json!({ "pushed": number, "taken": taken })).into_response()
        }
        Err(error) => refused(&error),
    }
}
