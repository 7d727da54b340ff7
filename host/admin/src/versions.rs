//! Versions of a plugin over HTTP: which there are, a share for one, promoting, going back, and what was done.
//!
//! In: requests. Out: JSON; what is refused says why in a sentence. Changing asks for what `access.rs` asks for.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use runtime::{PluginStatus, PushError, VersionError};
use serde::Deserialize;
use serde_json::json;

use crate::routes::{Admin, failure};

/// Who gives a command, in words: a header field of ours, for the history. What HTTP says of itself is the address.
const OPERATOR: &str = "x-operator";

/// Characters of it that count.
const MAX_OPERATOR: usize = 64;

/// Lines of history where nobody says how many.
const LINES: usize = 50;

pub(crate) async fn plugins(State(admin): State<Arc<Admin>>) -> Response {
    Json(admin.host.plugins()).into_response()
}

pub(crate) async fn plugins_of_role(State(admin): State<Arc<Admin>>, Path(role): Path<String>) -> Response {
    let of_role: Vec<_> = admin.host.plugins().into_iter().filter(|plugin| plugin.role == role).collect();
    if of_role.is_empty() {
        return failure(StatusCode::NOT_FOUND, &format!("no plugin has the role {role}"));
    }
    Json(of_role).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushQuery {
    /// Take it for new transactions at once.
    #[serde(default)]
    activate: bool,
    /// Give it this share of the subscribers at once, in tenths of a percent.
    share: Option<u16>,
}

pub(crate) async fn push(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path(role): Path<String>,
    query: Result<Query<PushQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(why) = admin.access.may_change(from, &headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    let query = match query {
        Ok(Query(query)) => query,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    if query.activate && query.share.is_some() {
        return failure(StatusCode::BAD_REQUEST, "activate and share: it is the one or the other");
    }
    let body = match body {
        Ok(body) => body,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    let who = who(from, &headers);
    // Compiling takes up to a second: not on a thread that answers others.
    let pushed = tokio::task::spawn_blocking(move || {
        let pushed = admin.host.push(&role, &body, query.activate, &who).map_err(refused_push)?;
        match query.share {
            Some(share) => admin.host.split(&role, pushed.number, share, &who).map_err(refused),
            None => Ok(pushed),
        }
    });
    match pushed.await {
        Ok(Ok(plugin)) => Json(plugin).into_response(),
        Ok(Err((status, why))) => failure(status, &why),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the plugin's load was broken off"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitQuery {
    /// Tenths of a percent of the subscribers; 0 takes it back.
    share: u16,
}

pub(crate) async fn split(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    version: Version,
    query: Result<Query<SplitQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    change_version(&admin, from, &headers, version, |role, number, who| {
        admin.host.split(role, number, query.share, who)
    })
}

pub(crate) async fn promote(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    version: Version,
    headers: HeaderMap,
) -> Response {
    change_version(&admin, from, &headers, version, |role, number, who| admin.host.promote(role, number, who))
}

/// Calls of this version go on with the active one.
pub(crate) async fn adopt(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    version: Version,
    headers: HeaderMap,
) -> Response {
    change_version(&admin, from, &headers, version, |role, number, who| admin.host.adopt(role, number, who))
}

pub(crate) async fn rollback(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path(role): Path<String>,
    headers: HeaderMap,
) -> Response {
    change(&admin, from, &headers, |who| admin.host.rollback(&role, who))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    /// How many, the newest ones.
    last: Option<usize>,
}

/// What was done with versions. It has addresses of who did it, so it is for who may change things.
pub(crate) async fn history(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    if let Err(why) = admin.access.may_change(from, &headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    match query {
        Ok(Query(query)) => Json(admin.host.history(query.last.unwrap_or(LINES))).into_response(),
        Err(why) => failure(why.status(), &why.body_text()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichQuery {
    /// A public identity: `sip:alice@ims.test`, `tel:+49…`.
    identity: String,
}

/// Which version a subscriber's next transaction takes.
pub(crate) async fn which(
    State(admin): State<Arc<Admin>>,
    query: Result<Query<WhichQuery>, QueryRejection>,
) -> Response {
    let identity = match query {
        Ok(Query(query)) => query.identity,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    match admin.host.version_for(&identity) {
        Ok(number) => Json(json!({ "number": number })).into_response(),
        Err(why) => failure(StatusCode::UNPROCESSABLE_ENTITY, &why.to_string()),
    }
}

/// A role and a version's number, as the path has them.
type Version = Result<Path<(String, u32)>, PathRejection>;

fn change_version(
    admin: &Admin,
    from: SocketAddr,
    headers: &HeaderMap,
    version: Version,
    command: impl FnOnce(&str, u32, &str) -> Result<PluginStatus, VersionError>,
) -> Response {
    match version {
        Ok(Path((role, number))) => change(admin, from, headers, |who| command(&role, number, who)),
        Err(why) => failure(why.status(), &why.body_text()),
    }
}

fn change(
    admin: &Admin,
    from: SocketAddr,
    headers: &HeaderMap,
    command: impl FnOnce(&str) -> Result<PluginStatus, VersionError>,
) -> Response {
    if let Err(why) = admin.access.may_change(from, headers) {
        return failure(StatusCode::FORBIDDEN, why);
    }
    match command(&who(from, headers)) {
        Ok(plugin) => Json(plugin).into_response(),
        Err(error) => {
            let (status, why) = refused(error);
            failure(status, &why)
        }
    }
}

fn refused(error: VersionError) -> (StatusCode, String) {
    let status = match error {
        VersionError::UnknownRole { .. } | VersionError::Unknown(_) => StatusCode::NOT_FOUND,
        VersionError::Split(_) | VersionError::NothingBefore | VersionError::Active => StatusCode::CONFLICT,
        VersionError::Share(_) | VersionError::Identity => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, error.to_string())
}

fn refused_push(error: PushError) -> (StatusCode, String) {
    let status = match error {
        PushError::UnknownRole { .. } => StatusCode::NOT_FOUND,
        PushError::Load(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, error.to_string())
}

/// Who gives a command: from where, and what he says of himself.
pub(crate) fn who(from: SocketAddr, headers: &HeaderMap) -> String {
    let operator = headers.get(OPERATOR).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match operator {
        "" => format!("http {from}"),
        operator => format!("{} by http {from}", operator.chars().take(MAX_OPERATOR).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_it_was_is_the_address_and_what_he_says_of_himself_cut_short() {
        let from = SocketAddr::from(([192, 0, 2, 4], 5));
        let mut headers = HeaderMap::new();
        assert_eq!(who(from, &headers), "http 192.0.2.4:5");
        headers.insert(OPERATOR, "ann".parse().unwrap());
        assert_eq!(who(from, &headers), "ann by http 192.0.2.4:5");
        headers.insert(OPERATOR, "x".repeat(100).parse().unwrap());
        assert_eq!(who(from, &headers).len(), MAX_OPERATOR + " by http 192.0.2.4:5".len());
    }
}
