//! The words of one line of a script.
//!
//! In: a line. Out: words, quoted texts, times, numbers; or what was expected in their place.

use std::collections::VecDeque;
use std::time::Duration;

use super::Expected;
use crate::bounds::MAX_STEP_TIME;

/// A word, or a text in quotes.
enum Piece {
    Word(String),
    Text(String),
}

/// What is left of a line.
pub(super) struct Words {
    pieces: VecDeque<Piece>,
}

impl Words {
    /// Splits a line at white space; a text in quotes is one piece, with `\"`, `\\` and `\n` in it.
    pub(super) fn of(line: &str) -> Result<Words, Expected> {
        let mut pieces = VecDeque::new();
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let behind = if first == '"' {
                let (text, behind) = quoted(&rest[1..])?;
                if behind.starts_with(|c: char| !c.is_whitespace()) {
                    return Err("white space behind a text in quotes");
                }
                pieces.push_back(Piece::Text(text));
                behind
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                pieces.push_back(Piece::Word(rest[..end].to_owned()));
                &rest[end..]
            };
            rest = behind.trim_start();
        }
        Ok(Words { pieces })
    }

    pub(super) fn word(&mut self, expected: Expected) -> Result<String, Expected> {
        match self.pieces.pop_front() {
            Some(Piece::Word(word)) => Ok(word),
            Some(Piece::Text(_)) | None => Err(expected),
        }
    }

    pub(super) fn text(&mut self, expected: Expected) -> Result<String, Expected> {
        self.optional_text().ok_or(expected)
    }

    pub(super) fn optional_text(&mut self) -> Option<String> {
        match self.pieces.pop_front() {
            Some(Piece::Text(text)) => Some(text),
            Some(piece) => {
                self.pieces.push_front(piece);
                None
            }
            None => None,
        }
    }

    /// Takes this word, if it comes next.
    pub(super) fn skip(&mut self, word: &str) -> bool {
        let is_next = matches!(self.pieces.front(), Some(Piece::Word(next)) if next == word);
        if is_next {
            self.pieces.pop_front();
        }
        is_next
    }

    pub(super) fn keyword(&mut self, word: &str, expected: Expected) -> Result<(), Expected> {
        self.skip(word).then_some(()).ok_or(expected)
    }

    pub(super) fn end(&mut self) -> Result<(), Expected> {
        self.pieces.is_empty().then_some(()).ok_or("the end of the line")
    }

    pub(super) fn uri(&mut self) -> Result<String, Expected> {
        let expected = "a URI such as sip:bob@ims.example";
        let word = self.word(expected)?;
        sip::Uri::parse(word.as_bytes()).map(drop).map_err(|_| expected)?;
        Ok(word)
    }

    pub(super) fn number(&mut self) -> Result<u64, Expected> {
        let expected = "a number";
        self.word(expected)?.parse().map_err(|_| expected)
    }

    pub(super) fn status(&mut self) -> Result<u16, Expected> {
        let expected = "a status from 200 to 699";
        let status = self.word(expected)?.parse().map_err(|_| expected)?;
        if (200..700).contains(&status) { Ok(status) } else { Err(expected) }
    }

    /// `expect 200`, or nothing.
    pub(super) fn expected_status(&mut self) -> Result<Option<u16>, Expected> {
        if self.skip("expect") { self.status().map(Some) } else { Ok(None) }
    }

    /// `after 200ms`, or nothing: at once.
    pub(super) fn after(&mut self) -> Result<Duration, Expected> {
        if self.skip("after") { self.duration() } else { Ok(Duration::ZERO) }
    }

    /// `200ms`, `2s`, `5m`
    pub(super) fn duration(&mut self) -> Result<Duration, Expected> {
        let expected = "a time such as 200ms, 2s or 5m, at most a day";
        let word = self.word(expected)?;
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = word.split_at(digits);
        let number: u64 = number.parse().map_err(|_| expected)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            _ => return Err(expected),
        };
        let duration = Duration::from_millis(number.saturating_mul(millis));
        if duration <= MAX_STEP_TIME { Ok(duration) } else { Err(expected) }
    }

    pub(super) fn hexadecimal(&mut self) -> Result<Vec<u8>, Expected> {
        let expected = "bytes as hexadecimal digits";
        let word = self.word(expected)?;
        let (pairs, rest) = word.as_bytes().as_chunks::<2>();
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok());
        let bytes = pairs.iter().map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?));
        bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty()).ok_or(expected)
    }
}

/// The text up to the closing quote, and what is behind it.
fn quoted(rest: &str) -> Result<(String, &str), Expected> {
    let mut text = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((text, &rest[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                _ => return Err("\\\", \\\\ or \\n"),
            },
            other => text.push(other),
        }
    }
    Err("a closing quote")
}
