//! Extended regular expressions of IEEE 1003.1-2004 §9.4, as TS 29.228 §B.2.3 and TS 23.003 §13.4A use them.
//!
//! In: a pattern as an operator wrote it. Out: [`Ere`], which finds in time linear in its input, whatever the pattern;
//! or [`EreError`]. A pattern is translated to the syntax of crate `regex` and compiled once.
//!
//! ```text
//!   IEEE 1003.1                          here
//!   [a\b]  [[a]  []a]  [a&&b]            the same: within brackets nothing is special but ] - ^ and [: [= [.
//!   [[:alpha:]]                          the same      [[=a=]] [[.a.]]: the one character
//!   a{2,3}                               the same      { that begins no interval: itself
//!   * + ? at the start                   undefined there: themselves, as GNU has it
//!   \d \w \s \b and their opposites      undefined there: what Perl means by them, which is what operators mean
//!   \x for any other letter              undefined there: the letter
//!   \< and \>                            undefined there: < and >, which stand around URIs
//!   \1 to \9, (?=…)                      refused: no automaton can do it
//! ```
//! Upper and lower case differ unless the caller says otherwise. A byte is a character: header fields are bytes.

use regex::bytes::{Regex, RegexBuilder};

use crate::bounds::{MAX_COMPILED_PATTERN, MAX_PATTERN, MAX_PATTERN_DEPTH, MAX_REPETITION};

/// A pattern that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EreError {
    /// The pattern is longer than [`MAX_PATTERN`].
    #[error("a regular expression of more than {MAX_PATTERN} bytes")]
    TooLong,
    /// It is no extended regular expression.
    #[error("no regular expression: {what} at byte {offset}")]
    Syntax {
        /// Bytes from the start of the pattern.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// It is one, but not one that can be compiled within the bounds, or that this crate can do.
    #[error("a regular expression that is too large or of no known form")]
    Refused,
}

/// A compiled extended regular expression.
#[derive(Debug, Clone)]
pub struct Ere(Regex);

/// How a pattern is laid on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It may be found anywhere, upper and lower case differ: values.
    Anywhere,
    /// All of the text, in any case: names.
    Whole,
    /// All of the text, upper and lower case differ: identities.
    WholeExactly,
}

impl Ere {
    /// Compiles a pattern that may be found anywhere in a text, as IEEE 1003.1 has it.
    ///
    /// # Errors
    /// It is too long, no extended regular expression, or too large once compiled.
    pub fn new(pattern: &str) -> Result<Ere, EreError> {
        Ere::fitting(pattern, Fit::Anywhere)
    }

    pub(crate) fn fitting(pattern: &str, fit: Fit) -> Result<Ere, EreError> {
        if pattern.len() > MAX_PATTERN {
            return Err(EreError::TooLong);
        }
        Ere::compile(&translate(pattern)?, fit)
    }

    /// A pattern with literal text before and behind it, all of which must be there.
    pub(crate) fn between(before: &str, pattern: &str, behind: &str) -> Result<Ere, EreError> {
        if before.len() + pattern.len() + behind.len() > MAX_PATTERN {
            return Err(EreError::TooLong);
        }
        let translated =
            format!("{}(?:{}){}", regex::escape(before), translate(pattern)?, regex::escape(behind));
        Ere::compile(&translated, Fit::WholeExactly)
    }

    fn compile(translated: &str, fit: Fit) -> Result<Ere, EreError> {
        let text = match fit {
            Fit::Anywhere => translated.to_owned(),
            // \A and \z: a pattern of alternatives is one group within.
            Fit::Whole | Fit::WholeExactly => format!("\\A(?:{translated})\\z"),
        };
        RegexBuilder::new(&text)
            .case_insensitive(fit == Fit::Whole)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(MAX_COMPILED_PATTERN)
            .dfa_size_limit(MAX_COMPILED_PATTERN)
            .nest_limit(MAX_PATTERN_DEPTH)
            .build()
            .map(Ere)
            .map_err(|_| EreError::Refused)
    }

    /// Whether the text matches.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }
}

/// From the one syntax to the other.
fn translate(pattern: &str) -> Result<String, EreError> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut at = 0;
    // Whether what comes next has nothing before it that could be repeated.
    let mut begins = true;
    while let Some(c) = pattern.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = pattern.get(at + c.len_utf8()..).unwrap_or_default();
        let mut taken = c.len_utf8();
        let mut begins_next = false;
        match c {
            '\\' => taken += escaped(rest, at, &mut out)?,
            '[' => taken = bracket(pattern, at, &mut out)?,
            '*' | '+' | '?' if begins => push_literal(c, &mut out),
            '{' if begins || interval(rest).is_none() => push_literal(c, &mut out),
            '{' => {
                let (length, most) = interval(rest).unwrap_or_default();
                if most > MAX_REPETITION {
                    return Err(EreError::Syntax { offset: at, what: "more repetitions than there may be" });
                }
                out.push_str(pattern.get(at..at + 1 + length).unwrap_or_default());
                taken += length;
            }
            '(' if rest.starts_with('?') => {
                taken += group_kind(rest, at, &mut out)?;
                begins_next = true;
            }
            '(' | '|' | '^' => {
                out.push(c);
                begins_next = true;
            }
            '}' | ']' => push_literal(c, &mut out),
            // Repetitions, closing parentheses, dots, dollars, and everything that means itself in both.
            _ => out.push(c),
        }
        at += taken;
        begins = begins_next;
    }
    Ok(out)
}

/// Escaped where it would mean something else: `\<` is the beginning of a word there.
fn push_literal(c: char, out: &mut String) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// What stands behind a backslash; how many bytes it takes.
fn escaped(rest: &str, at: usize, out: &mut String) -> Result<usize, EreError> {
    let Some(c) = rest.chars().next() else {
        return Err(EreError::Syntax { offset: at, what: "a backslash at the end" });
    };
    match c {
        '1'..='9' => return Err(EreError::Syntax { offset: at, what: "a back-reference" }),
        'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'b' | 'B' => {
            out.push('\\');
            out.push(c);
        }
        _ => push_literal(c, out),
    }
    Ok(c.len_utf8())
}

/// `(?:` groups and `(?i)` flags are no part of the standard, but what is written for other engines uses them; anything
/// else behind `(?` looks around, which no automaton can do.
fn group_kind(rest: &str, at: usize, out: &mut String) -> Result<usize, EreError> {
    let wrong = EreError::Syntax { offset: at, what: "a group of no known kind" };
    let inner = rest.strip_prefix('?').ok_or(wrong)?;
    let flags = inner.bytes().take_while(|byte| matches!(byte, b'i' | b's' | b'm' | b'-')).count();
    match inner.as_bytes().get(flags) {
        Some(b':' | b')') if flags > 0 || inner.starts_with(':') => {
            let length = flags + 2;
            out.push('(');
            out.push_str(rest.get(..length).unwrap_or_default());
            Ok(length)
        }
        _ => Err(wrong),
    }
}

/// `2}`, `2,}` or `2,3}`: how long it is, and the largest number in it.
fn interval(rest: &str) -> Option<(usize, u32)> {
    let end = rest.find('}')?;
    let inner = rest.get(..end)?;
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let number = |digits: &str| {
        let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { digits.parse::<u32>().ok() } else { None }
    };
    let least = number(least)?;
    let most = if most.is_empty() { least } else { number(most)? };
    Some((end + 1, most.max(least)))
}

/// A bracket expression (§9.3.5) from `[` to `]`; how many bytes it takes.
fn bracket(pattern: &str, begin: usize, out: &mut String) -> Result<usize, EreError> {
    let open = EreError::Syntax { offset: begin, what: "a bracket without an end" };
    let mut at = begin + 1;
    out.push('[');
    if pattern.get(at..).is_some_and(|rest| rest.starts_with('^')) {
        out.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let rest = pattern.get(at..).unwrap_or_default();
        let c = rest.chars().next().ok_or(open)?;
        if c == ']' && at > first {
            out.push(']');
            return Ok(at + 1 - begin);
        }
        if let Some(inner) = rest.strip_prefix('[').filter(|inner| inner.starts_with([':', '=', '.'])) {
            at += class(inner, at, out)?;
            continue;
        }
        at += c.len_utf8();
        let is_range = c == '-' && at > first + 1 && !pattern.get(at..).unwrap_or_default().starts_with(']');
        if is_range {
            out.push('-');
        } else {
            push_literal(c, out);
        }
    }
}

/// `[:alpha:]`, `[=a=]` or `[.a.]` within brackets; `inner` begins behind its `[`. How many bytes it takes.
fn class(inner: &str, at: usize, out: &mut String) -> Result<usize, EreError> {
    let wrong = EreError::Syntax { offset: at, what: "a class of no known name" };
    let (kind, end) = match inner.as_bytes().first() {
        Some(b':') => (':', ":]"),
        Some(b'=') => ('=', "=]"),
        _ => ('.', ".]"),
    };
    let body = inner.get(1..).unwrap_or_default();
    let length = body.find(end).ok_or(wrong)?;
    let name = body.get(..length).unwrap_or_default();
    if kind == ':' {
        const NAMES: [&str; 12] = [
            "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
            "upper", "xdigit",
        ];
        if !NAMES.contains(&name) {
            return Err(wrong);
        }
        out.push_str("[:");
        out.push_str(name);
        out.push_str(":]");
    } else {
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) => push_literal(c, out),
            _ => return Err(wrong),
        }
    }
    Ok(length + 4)
}

#[cfg(test)]
#[path = "ere/tests.rs"]
mod tests;
