//! A plugin's configuration: the flat part of TOML.
//!
//! In: the text given to `init`. Out: values by key, or a [`ConfigurationError`] that names key, value and reason; a
//! key that nobody asked for is an error too. `key = value` lines and `[table]` heads (a key is then
//! `table.key`), strings, whole numbers, booleans, and lists of these over one or more lines. Dates, fractions and
//! inline tables are refused: who needs them brings a TOML parser, and 100 kB.

use std::fmt;
use std::ops::RangeInclusive;

/// Bytes of a configuration text that are read; more is refused.
pub const MAX_TEXT: usize = 1 << 20;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Value>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Number(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::List(_) => "a list",
        }
    }
}

/// As it may be written in the file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "\"{text}\""),
            Value::Number(number) => write!(f, "{number}"),
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::List(list) => {
                f.write_str("[")?;
                for (i, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// What is wrong with a configuration; as text it is the sentence that `init` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigurationError {
    /// The text cannot be read.
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wanted there.
        expected: &'static str,
    },
    /// A key stands twice.
    Twice {
        /// The key.
        key: String,
    },
    /// A key must be there and is not.
    Missing {
        /// The key.
        key: String,
    },
    /// A value is not what the key wants.
    Value {
        /// The key.
        key: String,
        /// The value as written.
        value: String,
        /// What the key wants.
        expected: String,
    },
    /// A key that the plugin does not have.
    Unknown {
        /// The key.
        key: String,
    },
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, expected } => write!(f, "line {line}: expected {expected}"),
            Self::Twice { key } => write!(f, "{key}: stands twice"),
            Self::Missing { key } => write!(f, "{key}: is missing"),
            Self::Value { key, value, expected } => write!(f, "{key} = {value}: expected {expected}"),
            Self::Unknown { key } => write!(f, "{key}: no such key"),
        }
    }
}

impl std::error::Error for ConfigurationError {}

impl From<ConfigurationError> for String {
    fn from(error: ConfigurationError) -> Self {
        error.to_string()
    }
}

/// The keys and values of a configuration text, to be taken one by one.
///
/// ```
/// # use strowger_sdk::configuration::{Configuration, ConfigurationError};
/// # fn main() -> Result<(), ConfigurationError> {
/// let mut c = Configuration::parse("domain = \"example.org\"\nmin_expires = 60")?;
/// let domain = c.text("domain")?;
/// let min_expires = c.number("min_expires", 0..=86_400)?.unwrap_or(10);
/// c.finish()?;
/// # assert_eq!((domain.as_deref(), min_expires), (Some("example.org"), 60));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Configuration {
    entries: Vec<(String, Value)>,
}

impl Configuration {
    /// Reads the text.
    pub fn parse(text: &str) -> Result<Self, ConfigurationError> {
        let mut reader = Reader { text, at: 0, line: 1 };
        if text.len() > MAX_TEXT {
            return Err(reader.error("a text of at most 1 MB"));
        }
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut table = String::new();
        loop {
            reader.skip_empty_lines();
            match reader.peek() {
                None => return Ok(Self { entries }),
                Some(b'[') => {
                    reader.at += 1;
                    table = reader.key()?;
                    reader.want(b']', "] behind the table's name")?;
                }
                Some(_) => {
                    let name = reader.key()?;
                    let key = if table.is_empty() { name } else { [&table, ".", &name].concat() };
                    reader.want(b'=', "= behind the key")?;
                    let value = reader.value()?;
                    if entries.iter().any(|(taken, _)| *taken == key) {
                        return Err(ConfigurationError::Twice { key });
                    }
                    entries.push((key, value));
                }
            }
            reader.end_of_line()?;
        }
    }

    /// A string.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, ConfigurationError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(key, &other, "a string")),
        }
    }

    /// The URI of a SIP element: a SIP or SIPS URI without a user part.
    ///
    /// # Errors
    /// Another value under this key.
    pub fn element_uri(&mut self, key: &str) -> Result<Option<String>, ConfigurationError> {
        let text = self.text(key)?;
        match text {
            Some(text)
                if !sip::Uri::parse(text.as_bytes())
                    .is_ok_and(|uri| uri.is_sip() && uri.user().is_none()) =>
            {
                Err(unfit(key, &text, "a SIP URI without a user part"))
            }
            text => Ok(text),
        }
    }

    /// A whole number within these bounds.
    pub fn number(
        &mut self,
        key: &str,
        bounds: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ConfigurationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        if let Value::Number(number) = value
            && let Ok(number) = u32::try_from(number)
            && bounds.contains(&number)
        {
            return Ok(Some(number));
        }
        let (low, high) = (bounds.start().to_string(), bounds.end().to_string());
        Err(wrong(key, &value, &["a whole number from ", &low, " to ", &high].concat()))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Result<Option<bool>, ConfigurationError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Flag(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong(key, &other, "true or false")),
        }
    }

    /// A list of strings, or one string instead of a list of one.
    pub fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, ConfigurationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value {
            Value::Text(text) => Ok(Some(vec![text])),
            Value::List(list) => list
                .into_iter()
                .map(|value| match value {
                    Value::Text(text) => Ok(text),
                    other => Err(wrong(key, &other, "a list of strings")),
                })
                .collect::<Result<_, _>>()
                .map(Some),
            other => Err(wrong(key, &other, "a list of strings")),
        }
    }

    /// All keys of a table, in the order of the file, each with its string: `[routes]` and below it
    /// `"+4930" = "sip:…"`.
    pub fn table(&mut self, table: &str) -> Result<Vec<(String, String)>, ConfigurationError> {
        let mut rows = Vec::new();
        let mut at = 0;
        while at < self.entries.len() {
            let key = &self.entries[at].0;
            match key.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')) {
                None => at += 1,
                Some(name) => {
                    let name = name.to_owned();
                    match self.entries.remove(at) {
                        (_, Value::Text(text)) => rows.push((name, text)),
                        (key, other) => return Err(wrong(&key, &other, "a string")),
                    }
                }
            }
        }
        Ok(rows)
    }

    /// Ends the reading: a key that nobody took is an error.
    pub fn finish(self) -> Result<(), ConfigurationError> {
        match self.entries.into_iter().next() {
            None => Ok(()),
            Some((key, _)) => Err(ConfigurationError::Unknown { key }),
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(own, _)| own == key)?;
        Some(self.entries.remove(at).1)
    }
}

/// The error for a key that must be there, for `ok_or_else`.
#[must_use]
pub fn missing(key: &str) -> ConfigurationError {
    ConfigurationError::Missing { key: key.to_owned() }
}

/// The error for a string that a key cannot take.
#[must_use]
pub fn unfit(key: &str, value: &str, expected: &str) -> ConfigurationError {
    wrong(key, &Value::Text(value.to_owned()), expected)
}

fn wrong(key: &str, value: &Value, expected: &str) -> ConfigurationError {
    let expected = match value {
        Value::Number(_) | Value::Text(_) | Value::Flag(_) => expected.to_owned(),
        other => [expected, ", not ", other.kind()].concat(),
    };
    ConfigurationError::Value { key: key.to_owned(), value: value.to_string(), expected }
}

/// A place in the text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> ConfigurationError {
        ConfigurationError::Syntax { line: self.line, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// White space, comments and line ends.
    fn skip_empty_lines(&mut self) {
        loop {
            self.skip_white();
            match self.peek() {
                Some(b'\n') => {
                    self.at += 1;
                    self.line += 1;
                }
                Some(b'#') => self.skip_comment(),
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) {
        while !matches!(self.peek(), None | Some(b'\n')) {
            self.at += 1;
        }
    }

    fn end_of_line(&mut self) -> Result<(), ConfigurationError> {
        self.skip_white();
        match self.peek() {
            None | Some(b'\n' | b'#') => Ok(()),
            Some(_) => Err(self.error("the end of the line")),
        }
    }

    fn want(&mut self, byte: u8, expected: &'static str) -> Result<(), ConfigurationError> {
        self.skip_white();
        if self.peek() != Some(byte) {
            return Err(self.error(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<String, ConfigurationError> {
        self.skip_white();
        if matches!(self.peek(), Some(b'"' | b'\'')) {
            return self.string();
        }
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
            self.at += 1;
        }
        if self.at == begin { Err(self.error("a key")) } else { Ok(self.text[begin..self.at].to_owned()) }
    }

    fn value(&mut self) -> Result<Value, ConfigurationError> {
        self.skip_white();
        match self.peek() {
            Some(b'"' | b'\'') => Ok(Value::Text(self.string()?)),
            Some(b'[') => self.list(),
            _ => self.word(),
        }
    }

    fn list(&mut self) -> Result<Value, ConfigurationError> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.skip_empty_lines();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(values));
                }
                Some(b'[') | None => return Err(self.error("a value or ]")),
                Some(_) => values.push(self.value()?),
            }
            self.skip_empty_lines();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {}
                _ => return Err(self.error(", or ]")),
            }
        }
    }

    /// A number, `true` or `false`.
    fn word(&mut self) -> Result<Value, ConfigurationError> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_+-.".contains(&byte)) {
            self.at += 1;
        }
        match &self.text[begin..self.at] {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            word => match word.replace('_', "").parse() {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => Err(self.error("a string in quotes, a whole number, true, false or a list")),
            },
        }
    }

    /// `"…"` with the escapes `\" \\ \n \t`, or `'…'` without any.
    fn string(&mut self) -> Result<String, ConfigurationError> {
        const OPEN: &str = "the closing quote on the same line";
        let quote = if self.peek() == Some(b'"') { '"' } else { '\'' };
        self.at += 1;
        let mut string = String::new();
        let mut chars = self.text[self.at..].char_indices();
        while let Some((offset, char)) = chars.next() {
            match char {
                '\n' => return Err(self.error(OPEN)),
                _ if char == quote => {
                    self.at += offset + 1;
                    return Ok(string);
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => string.push(escaped),
                    Some((_, 'n')) => string.push('\n'),
                    Some((_, 't')) => string.push('\t'),
                    _ => return Err(self.error("one of \\\" \\\\ \\n \\t")),
                },
                _ => string.push(char),
            }
        }
        Err(self.error(OPEN))
    }
}

#[cfg(test)]
mod tests;
