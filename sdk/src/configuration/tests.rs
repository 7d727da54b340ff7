use super::*;

const TEXT: &str = r#"
# what this element answers for
domains = [ "example.org",   # ours
            'example.net' ]
realm = "the \"realm\""
min_expires = 3_600
strict = true

[routes]
"+4930" = "sip:gw@192.0.2.1"
default = "sip:gw@192.0.2.2"
"#;

#[test]
fn every_kind_of_value_is_read() {
    let mut c = Configuration::parse(TEXT).unwrap();
    assert_eq!(c.texts("domains").unwrap().unwrap(), ["example.org", "example.net"]);
    assert_eq!(c.text("realm").unwrap().unwrap(), "the \"realm\"");
    assert_eq!(c.number("min_expires", 0..=7200).unwrap(), Some(3600));
    assert_eq!(c.flag("strict").unwrap(), Some(true));
    assert_eq!(c.text("absent").unwrap(), None);
    let routes = c.table("routes").unwrap();
    assert_eq!(routes[0], ("+4930".to_owned(), "sip:gw@192.0.2.1".to_owned()));
    assert_eq!(routes.len(), 2);
    c.finish().unwrap();
}

#[test]
fn one_string_stands_for_a_list_of_one_and_an_empty_text_for_no_keys() {
    let mut c = Configuration::parse("domains = \"example.org\"").unwrap();
    assert_eq!(c.texts("domains").unwrap().unwrap(), ["example.org"]);
    Configuration::parse("").unwrap().finish().unwrap();
}

fn sentence(result: Result<impl fmt::Debug, ConfigurationError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn errors_name_key_value_and_reason() {
    let c = |text| Configuration::parse(text).unwrap();
    assert_eq!(sentence(c("a = 5").number("a", 10..=20)), "a = 5: expected a whole number from 10 to 20");
    assert_eq!(sentence(c("a = -1").number("a", 0..=20)), "a = -1: expected a whole number from 0 to 20");
    assert_eq!(
        sentence(c("a = \"x\"").number("a", 0..=20)),
        "a = \"x\": expected a whole number from 0 to 20"
    );
    assert_eq!(sentence(c("a = [1, 2]").text("a")), "a = [1, 2]: expected a string, not a list");
    assert_eq!(sentence(c("a = [true]").texts("a")), "a = true: expected a list of strings");
    assert_eq!(sentence(c("a = 1").flag("a")), "a = 1: expected true or false");
    assert_eq!(sentence(c("t.a = 1").table("t")), "t.a = 1: expected a string");
    assert_eq!(sentence(c("b = 1\na = 2").finish()), "b: no such key");
    assert_eq!(missing("domains").to_string(), "domains: is missing");
    assert_eq!(unfit("a", "x", "a domain").to_string(), "a = \"x\": expected a domain");
}

#[test]
fn a_text_that_cannot_be_read_names_its_line() {
    for (text, wanted) in [
        ("a = 1\nb", "line 2: expected = behind the key"),
        ("a = 1 2", "line 1: expected the end of the line"),
        ("a = \"x", "line 1: expected the closing quote on the same line"),
        ("a = \"x\n\"", "line 1: expected the closing quote on the same line"),
        ("a = \"\\x\"", "line 1: expected one of \\\" \\\\ \\n \\t"),
        ("a = [1\n,\n2\n", "line 4: expected , or ]"),
        ("a = [[1]]", "line 1: expected a value or ]"),
        ("a = 1.5", "line 1: expected a string in quotes, a whole number, true, false or a list"),
        ("a =", "line 1: expected a string in quotes, a whole number, true, false or a list"),
        ("[t\na = 1", "line 1: expected ] behind the table's name"),
        ("= 1", "line 1: expected a key"),
        ("a = 1\na = 2", "a: stands twice"),
    ] {
        assert_eq!(sentence(Configuration::parse(text)), wanted, "{text:?}");
    }
    assert_eq!(
        sentence(Configuration::parse(&" ".repeat(MAX_TEXT + 1))),
        "line 1: expected a text of at most 1 MB"
    );
}
