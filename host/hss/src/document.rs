//! A document of subscribers and profiles: TOML with `[[subscriber]]` and `[[profile]]` tables.
//!
//! In: the text. Out: [`Document`], or the first thing that is wrong, by line where it is no TOML and by entry and key
//! where it is. No message shows the line or the value of a key or a password. What an entry means is `subscriber.rs`
//! and `profile.rs`.

use serde::de::DeserializeOwned;

use crate::bounds::{MAX_DOCUMENT, MAX_ENTRIES};
use crate::error::{DocumentError, EntryError};
use crate::profile::Profile;
use crate::subscriber::{Subscriber, title_of};

/// What a document holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// In their order.
    pub subscribers: Vec<Subscriber>,
    /// In their order.
    pub profiles: Vec<Profile>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no TOML, holds something else, holds too much, or an entry has a key or a type that it cannot have.
    pub fn parse(text: &str) -> Result<Document, DocumentError> {
        if text.len() > MAX_DOCUMENT {
            return Err(DocumentError::TooMuch { what: "bytes", limit: MAX_DOCUMENT });
        }
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start).min(text.len());
            let before = text.as_bytes().get(..offset).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            DocumentError::Syntax { line, reason: error.message().to_owned() }
        })?;
        let mut document = Document::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("subscriber", toml::Value::Array(entries)) => {
                    document.subscribers = read(entries, "subscriber", title_of)?;
                }
                ("profile", toml::Value::Array(entries)) => {
                    document.profiles = read(entries, "profile", name_of)?;
                }
                _ => return Err(DocumentError::Key { key }),
            }
        }
        Ok(document)
    }
}

fn name_of(table: &toml::Table) -> Option<String> {
    table.get("name").and_then(toml::Value::as_str).map(str::to_owned)
}

fn read<T: DeserializeOwned>(
    entries: Vec<toml::Value>,
    table: &'static str,
    title: impl Fn(&toml::Table) -> Option<String>,
) -> Result<Vec<T>, DocumentError> {
    if entries.len() > MAX_ENTRIES {
        return Err(DocumentError::TooMuch { what: table, limit: MAX_ENTRIES });
    }
    let mut read = Vec::with_capacity(entries.len());
    for (place, entry) in entries.into_iter().enumerate() {
        let name = entry.as_table().and_then(&title).unwrap_or_else(|| (place + 1).to_string());
        let entry = entry.try_into::<T>().map_err(|error| wrong(table, name, &error))?;
        read.push(entry);
    }
    Ok(read)
}

/// The reason, and behind "in" the key, as the reader of TOML says it.
fn wrong(table: &'static str, name: String, error: &toml::de::Error) -> EntryError {
    let whole = error.to_string();
    let path = whole.trim_end().rsplit_once("\nin `").and_then(|(_, path)| path.strip_suffix('`'));
    let reason = error.message().to_owned();
    // Of a key that means nothing the reader says only to which table it was written.
    let unknown = reason.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let key = match (path, unknown) {
        (Some(path), Some(unknown)) if path != unknown && !path.ends_with(&format!(".{unknown}")) => {
            format!("{path}.{unknown}")
        }
        (Some(path), _) => path.to_owned(),
        (None, Some(unknown)) => unknown.to_owned(),
        (None, None) => "?".to_owned(),
    };
    EntryError { table, name, key, value: None, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Document::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn subscribers_and_profiles() {
        let text = "
            [[subscriber]]
            imsi = '001010000000001'
            msisdn = ['+1555', '+1666']
            identities = ['sip:a@b', { identity = 'tel:+1', barred = true }]
            charging.primary_collection = 'aaa://ccf.test'
            [[profile]]
            name = 'p'
            [[profile.criteria]]
            server = 'sip:as.test'
            [[subscriber]]
            impi = 'b@c'";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.subscribers.len(), 2);
        assert_eq!(document.subscribers[0].msisdn, ["+1555", "+1666"]);
        assert!(document.subscribers[0].identities[1].barred);
        assert_eq!(document.profiles[0].criteria.len(), 1);
        assert_eq!(Document::parse(""), Ok(Document::default()));
    }

    #[test]
    fn what_is_wrong_is_named_by_line_or_by_entry_and_key() {
        assert!(error("a = 1\nb = = 2").starts_with("line 2: "), "{}", error("a = 1\nb = = 2"));
        assert_eq!(error("subscribers = 1"), "subscribers: expected [[subscriber]] and [[profile]]");
        for (text, beginning) in [
            ("[[subscriber]]\nimsi='001'\nimpu='x'", "subscriber 001: impu: unknown field"),
            ("[[subscriber]]\nimpi='a@b'\nk=123456", "subscriber a@b: k: expected a text in quotes"),
            ("[[subscriber]]\n[[subscriber]]\nmsisdn=[1]", "subscriber 2: msisdn"),
            ("[[subscriber]]\nidentities=[{identity='sip:x', bared=true}]", "subscriber sip:x: identities"),
            (
                "[[subscriber]]\nimpi='a@b'\n[subscriber.charging]\nprimary='x'",
                "subscriber a@b: charging.primary",
            ),
            ("[[profile]]\nname='p'\n[[profile.criteria]]\npriority='x'", "profile p: criteria"),
        ] {
            let found = error(text);
            assert!(found.starts_with(beginning), "{found}");
            assert!(!found.contains("123456"), "{found}");
        }
    }

    #[test]
    fn a_fault_in_the_text_does_not_show_the_line() {
        let found = error("[[subscriber]]\nk = \"465b5ce8b199b49faa5f0a2ee238a6bc");
        assert!(found.starts_with("line 2: ") && !found.contains("465b"), "{found}");
    }

    #[test]
    fn a_document_is_bounded() {
        let long = " ".repeat(MAX_DOCUMENT + 1);
        assert_eq!(
            Document::parse(&long),
            Err(DocumentError::TooMuch { what: "bytes", limit: MAX_DOCUMENT })
        );
        let many = "[[subscriber]]\n".repeat(MAX_ENTRIES + 1);
        let expected = DocumentError::TooMuch { what: "subscriber", limit: MAX_ENTRIES };
        assert_eq!(Document::parse(&many), Err(expected));
    }
}
