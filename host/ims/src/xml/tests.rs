use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Element {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn elements_attributes_and_text() {
    let root = read(
        "\u{feff}<?xml version='1.0'?>\n<!-- a <comment> -->\n<p:a x=\"1\" xml:lang='d&quot;e'>\n <b/> t&amp;u \
         <p:b y = '&#x41;&#66;\n'>v<![CDATA[<&amp;>]]>w</p:b>\n</p:a>\n<!-- end -->\n",
    );
    assert_eq!(
        (root.name.as_str(), root.attribute("x"), root.attribute("xml:lang")),
        ("a", Some("1"), Some("d\"e"))
    );
    assert_eq!((root.text(), root.children.len()), ("t&u", 2));
    let b = root.each("b").nth(1).unwrap();
    assert_eq!((b.attribute("y"), b.text()), (Some("AB "), "v<&amp;>w"));
    assert_eq!(root.child("b").unwrap().raw_text(), "");
    assert!(root.child("c").is_none());
}

#[test]
fn line_breaks_become_one_line_feed() {
    assert_eq!(read("<a>x\r\ny\rz&#13;</a>").raw_text(), "x\ny\nz\r");
    assert_eq!(read("<a b='x\r\ny\tz&#10;'/>").attribute("b"), Some("x y z\n"));
    assert_eq!(read("<a><![CDATA[x\r\n]]></a>").raw_text(), "x\n");
}

#[test]
fn what_is_no_document() {
    let wrong = [
        "",
        "x",
        "<a>",
        "</a>",
        "<a></b>",
        "<a></p:a>",
        "<a/><b/>",
        "<a/>x",
        "<a b/>",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='1/>",
        "<1/>",
        "< a/>",
        "<a:/>",
        "<a>&nbsp;</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#99999999999;</a>",
        "<a>&#+65;</a>",
        "<a>&amp</a>",
        "<a>\u{1}</a>",
        "<a b='\u{ffff}'/>",
        "<a><!-- </a>",
        "<a><![CDATA[ </a>",
        "<![CDATA[x]]>",
        "<a",
        "<a/",
        "<?xml",
    ];
    for text in wrong {
        assert!(parse(text.as_bytes()).is_err(), "{text:?} was read");
    }
    assert!(matches!(parse(b"<a>\xff</a>"), Err(XmlError::Syntax { offset: 3, expected: "UTF-8" })));
    let bomb = b"<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
    assert!(matches!(parse(bomb), Err(XmlError::DocumentType { offset: 0 })));
}

#[test]
fn attributes_may_touch() {
    let root = read("<a b='1'c='2'/>");
    assert_eq!((root.attribute("b"), root.attribute("c")), (Some("1"), Some("2")));
}

#[test]
fn every_bound_is_kept() {
    let deep = |depth: usize| [b"<a>".repeat(depth), b"</a>".repeat(depth)].concat();
    assert!(parse(&deep(MAX_XML_DEPTH)).is_ok());
    assert!(matches!(parse(&deep(MAX_XML_DEPTH + 1)), Err(XmlError::TooLarge { limit: MAX_XML_DEPTH, .. })));
    assert!(parse(&deep(40_000)).is_err());
    let wide = |count: usize| [&b"<a>"[..], &b"<b/>".repeat(count), b"</a>"].concat();
    assert!(parse(&wide(MAX_XML_ELEMENTS - 1)).is_ok());
    assert!(matches!(
        parse(&wide(MAX_XML_ELEMENTS)),
        Err(XmlError::TooLarge { limit: MAX_XML_ELEMENTS, .. })
    ));
    let attributes = |count: usize| {
        let all: String = (0..count).map(|i| format!(" a{i}='x'")).collect();
        format!("<a{all}/>")
    };
    assert!(parse(attributes(MAX_XML_ATTRIBUTES).as_bytes()).is_ok());
    assert!(parse(attributes(MAX_XML_ATTRIBUTES + 1).as_bytes()).is_err());
    let long = [b"<a>".to_vec(), vec![b'x'; MAX_XML], b"</a>".to_vec()].concat();
    assert!(matches!(parse(&long), Err(XmlError::TooLarge { limit: MAX_XML, .. })));
}

#[test]
fn what_xml_cannot_hold_is_replaced() {
    let mut writer = Writer::new();
    writer.leaf("a", "\u{0}\u{b}\u{fffe}x");
    assert_eq!(read(&writer.finish()).text(), "\u{fffd}\u{fffd}\u{fffd}x");
}

proptest! {
    #[test]
    fn what_is_written_is_read(text in "\\PC*|[<>&\"' \t\r\n\\]]*", value in "[<>&\"'\t\r\n\\PC]*") {
        let mut writer = Writer::new();
        writer.open("root");
        writer.attribute("value", &value);
        writer.leaf("leaf", &text);
        writer.optional("number", Some(7));
        writer.optional("nothing", None::<u8>);
        let document = writer.finish();
        let root = parse(document.as_bytes()).unwrap();
        let clean = |text: &str| text.chars().map(|c| if is_char(c) { c } else { '\u{fffd}' }).collect::<String>();
        let (value, text) = (clean(&value), clean(&text));
        prop_assert_eq!(root.attribute("value"), Some(value.as_str()));
        prop_assert_eq!(root.child("leaf").unwrap().raw_text(), text);
        prop_assert_eq!(root.child("number").unwrap().text(), "7");
        prop_assert!(root.child("nothing").is_none());
    }
}
