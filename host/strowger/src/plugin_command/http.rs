//! Talks to a running host's HTTP interface. In: where, path, body. Out: its JSON, or its sentence as an error.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use ureq::http::Response;
use ureq::{Agent, RequestBuilder};

use crate::AdminUrl;

/// Most that the host may take: a push compiles a component, and may rehearse it.
const TIMEOUT: Duration = Duration::from_secs(180);

pub(crate) fn get(at: &AdminUrl, path: &str) -> Result<Value> {
    let url = url(at, path);
    let request = authorized(agent().get(&url), at);
    read(&url, request.call().with_context(|| url.clone())?)
}

/// Sends a plugin, or nothing.
pub(crate) fn post(at: &AdminUrl, path: &str, body: &[u8]) -> Result<Value> {
    let kind = if body.is_empty() { "text/plain" } else { "application/wasm" };
    post_with(at, path, &[("Content-Type", kind)], body)
}

/// Sends a body with these header fields.
pub(crate) fn post_with(at: &AdminUrl, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Result<Value> {
    let url = url(at, path);
    let mut post = fields.iter().fold(agent().post(&url), |post, (name, value)| post.header(*name, *value));
    // For the host's history: its log says who, not only from where.
    if let Some(operator) = std::env::var("USER").ok().filter(|user| is_name(user)) {
        post = post.header("X-Operator", operator);
    }
    let request = authorized(post, at);
    read(&url, request.send(body).with_context(|| url.clone())?)
}

pub(crate) fn delete(at: &AdminUrl, path: &str) -> Result<Value> {
    let url = url(at, path);
    let request = authorized(agent().delete(&url), at);
    read(&url, request.call().with_context(|| url.clone())?)
}

fn is_name(user: &str) -> bool {
    (1..=64).contains(&user.len()) && user.bytes().all(|byte| byte.is_ascii_graphic())
}

/// With the bearer token, where there is one.
fn authorized<Body>(request: RequestBuilder<Body>, at: &AdminUrl) -> RequestBuilder<Body> {
    match &at.token {
        Some(token) => request.header("Authorization", format!("Bearer {token}")),
        None => request,
    }
}

fn agent() -> Agent {
    Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build().into()
}

fn url(at: &AdminUrl, path: &str) -> String {
    format!("{}{path}", at.admin.trim_end_matches('/'))
}

fn read(url: &str, mut response: Response<ureq::Body>) -> Result<Value> {
    let status = response.status();
    let body: Value = response
        .body_mut()
        .read_json()
        .with_context(|| format!("{url}: {status}, and not the JSON of a Strowger host"))?;
    if status.is_success() {
        return Ok(body);
    }
    Err(anyhow!("{}", body["error"].as_str().unwrap_or("the host refused without a reason")))
}

/// For a path or a query (RFC 3986 §2.1).
pub(crate) fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}
