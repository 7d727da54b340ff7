//! Keys, passwords and sequence numbers as they are written down.
//!
//! In: text. Out: the text to whoever asks for it by name. A fault of theirs never shows the value: not in `Debug`, not
//! in the message of a parser.

use std::fmt;

use ims::aka::Sqn;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroize;

/// A key or a password as text. Overwritten when dropped. Written out by serde as it is: what is not to be seen must
/// not be put into a [`super::Subscriber`] that is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> SecretText {
        SecretText(text.into())
    }

    /// The text. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        deserializer.deserialize_any(OfText)
    }
}

/// Says of no value that it is wrong: serde's own messages would show it.
struct OfText;

const QUOTES: &str = "expected a text in quotes";

impl Visitor<'_> for OfText {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
        Ok(SecretText::new(text))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretText, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretText, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretText, E> {
        Err(E::custom(QUOTES))
    }
}

/// A sequence number (TS 33.102 Annex C): twelve hexadecimal digits in quotes, or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqnText(pub Sqn);

impl Serialize for SqnText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:012x}", self.0.number()))
    }
}

impl<'de> Deserialize<'de> for SqnText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SqnText, D::Error> {
        deserializer.deserialize_any(OfSqn)
    }
}

struct OfSqn;

const SQN: &str = "expected 12 hexadecimal digits in quotes, or a number of 48 bits";

impl Visitor<'_> for OfSqn {
    type Value = SqnText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SQN.trim_start_matches("expected "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SqnText, E> {
        let is_hex = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if is_hex { u64::from_str_radix(text, 16).ok() } else { None };
        number.and_then(Sqn::new).map(SqnText).ok_or_else(|| E::custom(SQN))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<SqnText, E> {
        Sqn::new(number).map(SqnText).ok_or_else(|| E::custom(SQN))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<SqnText, E> {
        u64::try_from(number).map_err(|_| E::custom(SQN)).and_then(|number| self.visit_u64(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct Row {
        k: Option<SecretText>,
        sqn: Option<SqnText>,
    }

    #[test]
    fn a_key_without_its_quotes_is_refused_and_not_shown() {
        for wrong in ["k = 31415926", "k = 3.1415926", "k = [31415926]"] {
            let error = toml::from_str::<toml::Table>(wrong).unwrap().try_into::<Row>().unwrap_err();
            assert!(!error.to_string().contains("31415926"), "{error}");
        }
        let row: Row = toml::from_str("k = '31415926'").unwrap();
        assert_eq!(format!("{row:?}"), "Row { k: Some(SecretText(redacted)), sqn: None }");
    }

    #[test]
    fn a_sequence_number_is_hexadecimal_in_quotes_and_decimal_without() {
        let number = |text: &str| toml::from_str::<Row>(text).map(|row| row.sqn.unwrap().0.number()).ok();
        assert_eq!(number("sqn = '000000000020'"), Some(32));
        assert_eq!(number("sqn = 32"), Some(32));
        assert_eq!(number("sqn = '32'"), None);
        assert_eq!(number("sqn = -1"), None);
        assert_eq!(number("sqn = 281474976710656"), None);
        assert_eq!(serde_json::to_string(&SqnText(Sqn::new(32).unwrap())).unwrap(), "\"000000000020\"");
    }
}
