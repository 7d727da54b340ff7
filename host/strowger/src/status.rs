//! `strowger status`: what a running host is doing. In: its HTTP interface. Out: lines for a person.

use anyhow::Result;
use serde_json::Value;

use crate::AdminUrl;

pub(crate) fn print(at: &AdminUrl) -> Result<()> {
    let status = crate::plugin_command::http::get(at, "/status")?;
    for (key, value) in status.as_object().into_iter().flatten() {
        match value {
            Value::Array(rows) => rows.iter().for_each(|row| println!("{key:<22} {}", line(row))),
            other => println!("{key:<22} {}", line(other)),
        }
    }
    Ok(())
}

/// A value on one line, without JSON's marks.
fn line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key}={}", line(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
