//! Versions of a plugin over HTTP: which there are, a share for one, promoting, going back, and what was done.
//!
//! In: requests. Out: JSON; what is refused says why in a sentence. Changing asks for what `access.rs` asks for.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, StringRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use runtime::{PushError, SplitWish, Upload, VersionError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::asked::{Fields, Operator, Version};
use crate::routes::{Admin, failure};

/// What is in a plugin's signature file, in base64.
pub(crate) const SIGNATURE: &str = "x-plugin-signature";

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

/// What one version is made of.
pub(crate) async fn details(State(admin): State<Arc<Admin>>, Version(role, number): Version) -> Response {
    told(admin.host.details(&role, number))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushQuery {
    /// Take it for new transactions at once.
    #[serde(default)]
    activate: bool,
    /// Give it this share of the subscribers at once, in tenths of a percent.
    share: Option<u16>,
    /// It may lack hooks that the active version has.
    #[serde(default, rename = "drop-hooks")]
    drop_hooks: bool,
}

pub(crate) async fn push(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    Operator(who): Operator,
    Fields(query): Fields<PushQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if query.activate && query.share.is_some() {
        return failure(StatusCode::BAD_REQUEST, "activate and share: it is the one or the other");
    }
    let body = match body {
        Ok(body) => body,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    let signature = match signature(&headers) {
        Ok(signature) => signature,
        Err(why) => return failure(StatusCode::BAD_REQUEST, why),
    };
    // Compiling takes up to a second: not on a thread that answers others.
    let pushed = tokio::task::spawn_blocking(move || {
        let upload = Upload { bytes: &body, signature: signature.as_deref(), drops_hooks: query.drop_hooks };
        let pushed = admin.host.push(&role, upload, query.activate, &who).map_err(refused_push)?;
        match query.share {
            Some(share) => admin.host.split(&role, pushed.number, &share.into(), &who).map_err(refused),
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
    /// What is hashed: `impu`, `call-id`, `source`, `header:NAME`.
    key: Option<String>,
    /// For this public identity only; a list of them is the body, one a line.
    identity: Option<String>,
    /// For these methods only, between commas.
    method: Option<String>,
    /// For subscribers at these P-CSCFs only, between commas.
    pcscf: Option<String>,
}

impl SplitQuery {
    fn wish(self, body: &str) -> SplitWish {
        let list = |text: Option<String>| -> Vec<String> {
            text.iter().flat_map(|text| text.split(',')).map(|one| one.trim().to_owned()).collect()
        };
        let lines = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        // One more than may be: whoever sends more is told so.
        let lines = lines.take(plugin::MAX_IDENTITIES + 1).map(str::to_owned);
        SplitWish {
            share: self.share,
            key: self.key,
            identities: self.identity.into_iter().chain(lines).collect(),
            methods: list(self.method),
            pcscf: list(self.pcscf),
        }
    }
}

pub(crate) async fn split(
    State(admin): State<Arc<Admin>>,
    Fields(query): Fields<SplitQuery>,
    Version(role, number): Version,
    Operator(who): Operator,
    body: Result<String, StringRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(why) => return failure(why.status(), &why.body_text()),
    };
    // A long list takes a while to read.
    let changed =
        tokio::task::spawn_blocking(move || told(admin.host.split(&role, number, &query.wish(&body), &who)));
    let broken_off = || failure(StatusCode::INTERNAL_SERVER_ERROR, "the split was broken off");
    changed.await.unwrap_or_else(|_| broken_off())
}

pub(crate) async fn promote(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    Operator(who): Operator,
) -> Response {
    told(admin.host.promote(&role, number, &who))
}

/// How many calls are pinned to this version: those that `adopt` and `end` are about. All threads that carry calls are asked.
pub(crate) async fn calls(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    _: Operator,
) -> Response {
    told(admin.host.pinned_calls(&role, number).map(|calls| json!({ "calls": calls })))
}

/// Calls of this version go on with the active one.
pub(crate) async fn adopt(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    Operator(who): Operator,
) -> Response {
    told(admin.host.adopt(&role, number, &who))
}

/// Calls of this version are ended.
pub(crate) async fn end(
    State(admin): State<Arc<Admin>>,
    Version(role, number): Version,
    Operator(who): Operator,
) -> Response {
    told(admin.host.end(&role, number, &who))
}

pub(crate) async fn rollback(
    State(admin): State<Arc<Admin>>,
    Path(role): Path<String>,
    Operator(who): Operator,
) -> Response {
    told(admin.host.rollback(&role, &who))
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
    _: Operator,
    Fields(query): Fields<HistoryQuery>,
) -> Response {
    Json(admin.host.history(query.last.unwrap_or(LINES))).into_response()
}

/// How the last plugins came in, step by step, also while they do. It has addresses of who brought them.
pub(crate) async fn activations(State(admin): State<Arc<Admin>>, _: Operator) -> Response {
    Json(admin.host.activations()).into_response()
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
    Fields(WhichQuery { identity }): Fields<WhichQuery>,
) -> Response {
    match admin.host.version_for(&identity) {
        Ok(number) => Json(json!({ "number": number })).into_response(),
        Err(why) => failure(StatusCode::UNPROCESSABLE_ENTITY, &why.to_string()),
    }
}

/// What came of a command, or of a question.
pub(crate) fn told<T: Serialize>(came: Result<T, VersionError>) -> Response {
    match came {
        Ok(told) => Json(told).into_response(),
        Err(error) => {
            let (status, why) = refused(error);
            failure(status, &why)
        }
    }
}

fn refused(error: VersionError) -> (StatusCode, String) {
    let status = match error {
        VersionError::UnknownRole { .. } | VersionError::Unknown(_) => StatusCode::NOT_FOUND,
        VersionError::Split(_)
        | VersionError::NothingBefore
        | VersionError::Active
        | VersionError::Serving
        | VersionError::OwnShadow
        | VersionError::NoShadow => StatusCode::CONFLICT,
        VersionError::Wish(_) | VersionError::ShadowShare(_) | VersionError::Identity => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        VersionError::Thread(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}

fn refused_push(error: PushError) -> (StatusCode, String) {
    let status = match error {
        PushError::UnknownRole { .. } => StatusCode::NOT_FOUND,
        PushError::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, error.to_string())
}

/// The signature that came with a plugin.
fn signature(headers: &HeaderMap) -> Result<Option<Vec<u8>>, &'static str> {
    let Some(value) = headers.get(SIGNATURE) else { return Ok(None) };
    let read = BASE64.decode(value.as_bytes()).ok().filter(|read| read.len() <= plugin::MAX_SIGNATURE);
    read.map(Some).ok_or("X-Plugin-Signature is the whole .minisig file in base64, on one line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_a_whole_file_in_base64() {
        let mut headers = HeaderMap::new();
        assert_eq!(signature(&headers), Ok(None));
        headers.insert(SIGNATURE, BASE64.encode(b"two\nlines\n").parse().unwrap());
        assert_eq!(signature(&headers), Ok(Some(b"two\nlines\n".to_vec())));
        for wrong in ["RUQ: no base64".to_owned(), BASE64.encode(vec![0; plugin::MAX_SIGNATURE + 1])] {
            headers.insert(SIGNATURE, wrong.parse().unwrap());
            assert!(signature(&headers).is_err());
        }
    }

    #[test]
    fn a_list_of_identities_is_the_body_and_lists_of_words_have_commas() {
        let query = SplitQuery {
            share: 1000,
            key: None,
            identity: Some("sip:a@x".into()),
            method: Some("INVITE, MESSAGE".into()),
            pcscf: None,
        };
        let wish = query.wish("# testers\n sip:b@x \r\n\ntel:+1\n");
        assert_eq!(wish.identities, ["sip:a@x", "sip:b@x", "tel:+1"]);
        assert_eq!((wish.methods, wish.pcscf), (vec!["INVITE".into(), "MESSAGE".into()], vec![]));
    }
}
