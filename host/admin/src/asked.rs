//! What a request must bring before a handler sees it: somebody who may change things, a query and a path that can be read.
//!
//! In: a request. Out: values; or the answer that says why not, as all failures are said here (`routes::failure`). What is
//! refused first is what a handler names first.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::routes::{Admin, failure};

/// Who gives a command, in words: a header field of ours, for the history. What HTTP says of itself is the address.
const OPERATOR: &str = "x-operator";

/// Characters of it that count.
const MAX_OPERATOR: usize = 64;

/// One who may change things (`access.rs`), in words for the history.
pub(crate) struct Operator(pub(crate) String);

impl FromRequestParts<Arc<Admin>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Operator, Response> {
        let from = ConnectInfo::<SocketAddr>::from_request_parts(parts, admin).await;
        let ConnectInfo(from) = from.map_err(IntoResponse::into_response)?;
        match admin.access.may_change(from, &parts.headers) {
            Ok(()) => Ok(Operator(who(from, &parts.headers))),
            Err(why) => Err(failure(StatusCode::FORBIDDEN, why)),
        }
    }
}

/// The query, read.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Fields<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Fields<T>, Response> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(fields)) => Ok(Fields(fields)),
            Err(why) => Err(failure(why.status(), &why.body_text())),
        }
    }
}

/// A role and a version's number, as the path has them.
pub(crate) struct Version(pub(crate) String, pub(crate) u32);

impl<S: Send + Sync> FromRequestParts<S> for Version {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Version, Response> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path((role, number))) => Ok(Version(role, number)),
            Err(why) => Err(failure(why.status(), &why.body_text())),
        }
    }
}

/// From where, and what he says of himself.
fn who(from: SocketAddr, headers: &HeaderMap) -> String {
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
