//! The paths of the HTTP interface (`docs/operating.md` lists them with examples).
//!
//! In: requests. Out: JSON or text. A failure is `{"error": "a sentence"}` with a status that fits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use runtime::Handle;
use serde::Deserialize;
use serde_json::json;

use crate::asked::Operator;
use crate::{Access, MAX_PLUGIN_BYTES, Own, configuration, console, recording, shadow, versions};

pub(crate) struct Admin {
    pub(crate) host: Handle,
    pub(crate) access: Access,
    /// What it is among the roles of this process.
    pub(crate) own: Own,
}

/// The paths over this host, which is `own` among the roles of its process.
pub fn router(host: Handle, own: Own) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/trace", get(trace))
        .route("/nodes", get(nodes))
        .route("/plugins", get(versions::plugins))
        .route("/plugins/activations", get(versions::activations))
        .route("/plugins/{role}", get(versions::plugins_of_role).post(versions::push))
        .route("/plugins/{role}/{number}", get(versions::details))
        .route("/plugins/{role}/{number}/split", post(versions::split))
        .route("/plugins/{role}/{number}/promote", post(versions::promote))
        .route("/plugins/{role}/{number}/calls", get(versions::calls))
        .route("/plugins/{role}/{number}/adopt", post(versions::adopt))
        .route("/plugins/{role}/{number}/end", post(versions::end))
        .route("/plugins/{role}/{number}/shadow", post(shadow::begin))
        .route("/plugins/{role}/shadow", get(shadow::report).delete(shadow::end))
        .route("/plugins/{role}/rollback", post(versions::rollback))
        .route(
            "/plugins/{role}/{number}/configuration",
            get(configuration::of_script).post(configuration::of_another_script),
        )
        .route("/configuration", get(configuration::differences).post(configuration::apply))
        .route("/configuration/rollback", post(configuration::rollback))
        .route("/record/{role}", get(recording::status).post(recording::start).delete(recording::stop))
        .route("/history", get(versions::history))
        .route("/which", get(versions::which))
        .merge(console::routes())
        .layer(DefaultBodyLimit::max(MAX_PLUGIN_BYTES))
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        .with_state(Arc::new(Admin { host, access: own.access().clone(), own }))
}

async fn unknown() -> Response {
    failure(
        StatusCode::NOT_FOUND,
        "no such path; there are / /health /ready /metrics /status /nodes /trace /history /which /configuration /record/ROLE \
         /plugins /plugins/ROLE",
    )
}

async fn other_method() -> Response {
    failure(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method; see the Allow header")
}

/// Every shard has turned its loop within the last seconds.
async fn health(State(admin): State<Arc<Admin>>) -> Response {
    match admin.host.health() {
        Ok(()) => "ok\n".into_response(),
        Err(why) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

/// New calls are welcome: listeners up, plugin loaded, not draining.
async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    match admin.host.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(why) => failure(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    openmetrics(admin.host.metrics())
}

/// Metrics as Prometheus reads them.
pub fn openmetrics(text: String) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn status(State(admin): State<Arc<Admin>>) -> Response {
    Json(admin.host.status()).into_response()
}

async fn trace(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    query: Result<Query<TraceQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    traced(&admin.own, from, &headers, query)
}

/// The answer to `GET /trace` of any role: what went over the wire. It has whose calls these are, so it is for who may change
/// things.
pub fn traced(
    own: &Own,
    from: SocketAddr,
    headers: &HeaderMap,
    query: Result<Query<TraceQuery>, QueryRejection>,
) -> Response {
    if let Err(why) = own.access().may_change(from, headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    let query = match query {
        Ok(Query(query)) => query,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    let Some((role, trace)) = own.trace(query.of.as_deref()) else {
        return failure(
            StatusCode::NOT_FOUND,
            match query.of {
                None => "nothing is traced: say how many messages under [trace]",
                Some(_) => "no role of this name is traced in this process, or it has another token",
            },
        );
    };
    let trace::Page { messages, next, lost } = trace.after(query.after, query.call.as_deref());
    Json(json!({ "role": role, "messages": messages, "next": next, "lost": lost })).into_response()
}

/// The roles of this process whose traces `/trace?of=ROLE` gives.
async fn nodes(State(admin): State<Arc<Admin>>, _: Operator) -> Response {
    Json(json!({ "own": admin.own.name(), "traced": admin.own.traced() })).into_response()
}

/// What is asked of `/trace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceQuery {
    /// Messages after this number.
    #[serde(default)]
    pub after: u64,
    /// Of this Call-ID or Session-Id only.
    pub call: Option<String>,
    /// Of another role of this process.
    pub of: Option<String>,
}

/// A failure: a sentence with a status that fits.
pub fn failure(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
