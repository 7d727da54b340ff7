use super::*;
use proptest::prelude::*;

fn finds(pattern: &str, text: &str) -> bool {
    Ere::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches(text.as_bytes())
}

#[test]
fn what_matches_and_what_does_not() {
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("", &["", "a"], &[]),
        ("abc", &["abc", "xabcx"], &["ab", "ABC"]),
        ("^a.c$", &["abc", "a\nc"], &["abcd", "ac"]),
        ("a|b", &["a", "b"], &["c"]),
        ("^(tel|sip):\\+33", &["tel:+331", "sip:+33@x"], &["tel:33", "xtel:+33"]),
        ("a{2}", &["aa", "aaa"], &["a"]),
        ("^a{2,3}$", &["aa", "aaa"], &["a", "aaaa"]),
        ("^a{2,}$", &["aa", "aaaaa"], &["a"]),
        ("a{x}", &["a{x}"], &["a"]),
        ("{", &["{"], &["a"]),
        ("a{,2}", &["a{,2}"], &["a"]),
        ("*a", &["*a"], &["a"]),
        ("(*a|+b|?c)", &["*a", "+b", "?c"], &["a", "b", "c"]),
        ("^*1$", &["*1"], &["1", "11"]),
        ("a**", &["", "aa"], &[]),
        ("[]a]", &["]", "a"], &["b"]),
        ("[^]a]", &["b"], &["]", "a"]),
        ("[a\\b]", &["a", "b", "\\"], &["c"]),
        ("[[a]", &["[", "a"], &["b"]),
        ("[a&&b]", &["a", "b", "&"], &["c"]),
        ("[a~~b]", &["~"], &["c"]),
        ("[a-]", &["a", "-"], &["b"]),
        ("[-a]", &["a", "-"], &["b"]),
        ("[a-c]", &["a", "b", "c"], &["-", "d"]),
        ("[%--]", &["%", "&", "-"], &["."]),
        ("[[:digit:]]", &["7"], &["d", ":"]),
        ("[^[:space:]x]", &["a"], &[" ", "x"]),
        ("[[=a=][.-.]]", &["a", "-"], &["b"]),
        ("\\.", &["."], &["a"]),
        ("\\d+", &["12"], &["d"]),
        ("\\e", &["e"], &["f"]),
        ("^\\<sip:a\\>$", &["<sip:a>"], &["sip:a"]),
        ("[<>]x", &["<x", ">x"], &["ax"]),
        ("a]b}", &["a]b}"], &["ab"]),
        ("(?:a|b)c", &["ac", "bc"], &["c"]),
        ("(?i)abc", &["ABC"], &["abd"]),
        ("sip:[^@]*@example\\.org", &["sip:a@example.org"], &["sip:a@exampleXorg", "tel:a"]),
        ("caf\u{e9}", &["caf\u{e9}"], &["cafe"]),
    ];
    for (pattern, matching, others) in rows {
        for text in *matching {
            assert!(finds(pattern, text), "{pattern} does not match {text:?}");
        }
        for text in *others {
            assert!(!finds(pattern, text), "{pattern} matches {text:?}");
        }
    }
}

#[test]
fn what_is_no_regular_expression() {
    for pattern in [
        "(",
        ")",
        "a)",
        "[",
        "[a",
        "[]",
        "[^]",
        "[[:digit:]",
        "[[:nope:]]",
        "[[=ab=]]",
        "[[.]",
        "\\",
        "\\1",
        "[b-a]",
    ] {
        assert!(Ere::new(pattern).is_err(), "{pattern} was compiled");
    }
    for pattern in ["(?=a)", "(?<n>a)", "(?", "(?x)a", "a{256}", "a{2,9999}", "(?-"] {
        assert!(matches!(Ere::new(pattern), Err(EreError::Syntax { .. })), "{pattern} was compiled");
    }
    assert_eq!(Ere::new(&"a".repeat(MAX_PATTERN + 1)).err(), Some(EreError::TooLong));
    assert!(Ere::new(&"a".repeat(MAX_PATTERN)).is_ok());
}

#[test]
fn what_is_too_large_once_compiled_is_refused() {
    assert_eq!(Ere::new("((((a{255}){255}){255}){255})").err(), Some(EreError::Refused));
    let deep = "(".repeat(200) + &")".repeat(200);
    assert_eq!(Ere::new(&deep).err(), Some(EreError::Refused));
}

#[test]
fn a_name_is_matched_as_a_whole_and_in_any_case() {
    let name = Ere::fitting("to|From", Fit::Whole).unwrap();
    assert!(name.matches(b"TO") && name.matches(b"from"));
    assert!(!name.matches(b"History-Info") && !name.matches(b"fromage"));
    let identity = Ere::between("sip:a.b+", "x|y", "@c.d").unwrap();
    assert!(identity.matches(b"sip:a.b+x@c.d"));
    assert!(!identity.matches(b"sip:aXb+x@c.d") && !identity.matches(b"sip:a.b+z@c.d"));
    assert!(!identity.matches(b"sip:a.b+x@c.d.evil") && !identity.matches(b"SIP:a.b+x@c.d"));
}

/// An engine that goes back and forth would take years.
#[test]
fn time_is_linear() {
    let pattern = Ere::new("^(a*)*(a*)*(a|aa)+$").unwrap();
    let mut text = vec![b'a'; 20_000];
    text.push(b'!');
    assert!(!pattern.matches(&text));
}

proptest! {
    #[test]
    fn escaped_text_matches_itself(text in "[ -~]{0,40}") {
        let pattern: String = text.chars().flat_map(|c| {
            let escape = c.is_ascii_punctuation().then_some('\\');
            escape.into_iter().chain([c])
        }).collect();
        prop_assert!(Ere::fitting(&pattern, Fit::WholeExactly).unwrap().matches(text.as_bytes()));
    }

    #[test]
    fn one_bracket_holds_what_is_in_it(set in "[a-z\\]\\[&~^.*$|(){}+?\\\\]{1,8}", probe in "[ -~]") {
        let is_first_close = set.starts_with(']');
        prop_assume!(!set.starts_with('^') && !set.chars().skip(1).any(|c| c == ']'));
        prop_assume!(!["[.", "[=", "[:"].iter().any(|class| set.contains(class)));
        let pattern = format!("[{set}]");
        let ere = Ere::fitting(&pattern, Fit::WholeExactly).unwrap();
        prop_assert_eq!(ere.matches(probe.as_bytes()), set.contains(&probe), "{} {}", pattern, is_first_close);
    }

    #[test]
    fn any_pattern_is_survived(pattern in "[ab()\\[\\]{}|*+?^$.\\\\,0-9:=-]{0,20}", text in "[ab{}]{0,10}") {
        if let Ok(ere) = Ere::new(&pattern) {
            let _ = ere.matches(text.as_bytes());
        }
    }
}
