//! Properties of messages that nobody wrote: what is parsed prints back, edits do what they say, frames end where
//! messages end, and no bytes break a promise.

// In a test an unwrap that fails is the finding.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use strowger_sip::fuzzing::TARGETS;
use strowger_sip::{Draft, Edit, Frame, HeaderEdit, HeaderId, Host, Message, Uri, View, frame, unfold, view};

/// A header field as it is written, and as it is meant.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    line: String,
    value: String,
}

/// Names that have a number, compact forms, and others; no Content-Length, which is added where it is wanted.
fn name() -> impl Strategy<Value = String> {
    let known = (1..=HeaderId::COUNT)
        .prop_filter("the frame's own", |number| *number != HeaderId::CONTENT_LENGTH.0)
        .prop_map(|number| HeaderId(number).name().to_owned());
    prop_oneof![3 => known, 1 => "[vVfti]", 1 => "[xX]-[A-Za-z0-9.!%*_+`'~-]{1,40}"]
}

fn header() -> impl Strategy<Value = Written> {
    let words = vec("[!-~]{1,12}", 0..5);
    let breaks = vec(prop_oneof![Just(" "), Just("\t "), Just("\r\n "), Just(" \r\n\t")], 6);
    (name(), "[ \t]{0,2}", words, breaks, "[ \t]{0,2}").prop_map(|(name, before, words, breaks, behind)| {
        let first = breaks[5];
        let mut line = format!("{name}{before}:{first}");
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                line.push_str(breaks[i - 1]);
            }
            line.push_str(word);
        }
        line.push_str(&behind);
        line.push_str("\r\n");
        Written { name, line, value: words.join(" ") }
    })
}

fn start_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z]{1,12} (sip|tel|urn):[a-z0-9@.;=]{1,30} SIP/2\\.0",
        "SIP/2\\.0 [1-6][0-9]{2} [ -~]{0,30}",
    ]
}

#[derive(Clone, Debug)]
struct Text {
    start: String,
    headers: Vec<Written>,
    body: Vec<u8>,
}

impl Text {
    fn bytes(&self, with_length: bool) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.start).into_bytes();
        self.headers.iter().for_each(|header| out.extend_from_slice(header.line.as_bytes()));
        if with_length {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

fn text() -> impl Strategy<Value = Text> {
    (start_line(), vec(header(), 0..20), vec(any::<u8>(), 0..60)).prop_map(|(start, headers, body)| Text {
        start,
        headers,
        body,
    })
}

fn printed(draft: &Draft<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    draft.print(&mut out);
    out
}

proptest! {
    // A failing case is printed; it becomes a test with a name, not a line in a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_parsed_prints_back(text in text(), with_length: bool) {
        let bytes = text.bytes(with_length);
        let message = Message::parse_datagram(&bytes).unwrap();
        prop_assert_eq!(printed(&Draft::forward(message.head())), bytes);
    }

    #[test]
    fn the_index_finds_what_was_written(text in text()) {
        let message = Message::parse_datagram(&text.bytes(false)).unwrap();
        let head = message.head();
        prop_assert_eq!(head.start_line(), text.start.as_bytes());
        prop_assert_eq!(head.body(), &text.body[..]);
        prop_assert_eq!(head.spans().len(), text.headers.len());
        for (index, written) in text.headers.iter().enumerate() {
            prop_assert_eq!(head.name_of(index), written.name.as_bytes());
            prop_assert_eq!(head.spans()[index].id, HeaderId::from_name(written.name.as_bytes()));
            let value = unfold(head.value_of(index)).into_owned();
            let words: Vec<_> = value.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty()).collect();
            prop_assert_eq!(words.join(&b' '), written.value.as_bytes());
        }
        for id in HeaderId::all() {
            let first = (0..head.spans().len()).find(|index| head.spans()[*index].id == id);
            prop_assert_eq!(head.index_of(id), first);
        }
    }

    #[test]
    fn a_view_reads_like_its_message(text in text(), with_body: bool) {
        let message = Message::parse_datagram(&text.bytes(true)).unwrap();
        let mut bytes = Vec::new();
        view::write(message.head(), with_body, &mut bytes);
        let view = View::parse(&bytes).unwrap();
        prop_assert_eq!(view.head().raw_head(), message.head().raw_head());
        prop_assert_eq!(view.head().spans(), message.spans());
        prop_assert_eq!(view.head().body_length(), text.body.len());
        prop_assert_eq!(view.head().body(), if with_body { &text.body[..] } else { &[] });
    }

    /// However a stream is cut, its messages come out whole and in order.
    #[test]
    fn streams_come_apart_where_messages_end(texts in vec(text(), 1..4), cuts in vec(1..200_usize, 1..20)) {
        let messages: Vec<_> = texts.iter().map(|text| text.bytes(true)).collect();
        let mut stream = messages.join(&b"\r\n\r\n"[..]).into_iter();
        let mut buffer = Vec::new();
        let mut seen = Vec::new();
        for cut in cuts.into_iter().chain(std::iter::repeat(500)) {
            let before = buffer.len();
            buffer.extend(stream.by_ref().take(cut));
            let is_over = buffer.len() == before;
            loop {
                match frame(&buffer).unwrap() {
                    Frame::Partial { need_at_least } => {
                        prop_assert!(need_at_least > buffer.len());
                        break;
                    }
                    Frame::Keepalive { consumed, .. } => drop(buffer.drain(..consumed)),
                    Frame::Message { length } => seen.push(buffer.drain(..length).collect::<Vec<_>>()),
                }
            }
            if is_over {
                break;
            }
        }
        prop_assert_eq!(seen, messages);
    }

    #[test]
    fn edits_do_what_they_say(text in text(), edits in vec(edit(), 0..12)) {
        let message = Message::parse_datagram(&text.bytes(false)).unwrap();
        let head = message.head();
        let mut draft = Draft::forward(head);
        let mut model = Model::of(&text);
        for edit in &edits {
            if edit.check_in(head).is_ok() {
                draft.apply(edit);
                model.apply(edit);
            }
        }
        let bytes = printed(&draft);
        let result = Message::parse_stream(&bytes).or_else(|_| Message::parse_datagram(&bytes)).unwrap();
        let head = result.head();
        let seen = (0..head.spans().len())
            .filter(|index| head.spans()[*index].id != HeaderId::CONTENT_LENGTH)
            .map(|index| (key(head.name_of(index)), head.value_of(index).to_vec()));
        let seen: Vec<_> = seen.collect();
        prop_assert_eq!(by_name(seen.clone()), by_name(model.left(|_| true)));
        // What came and was not touched keeps its order over all names.
        let untouched = model.left(|line| line.came && !line.is_touched);
        let mut rest = seen.iter();
        prop_assert!(untouched.iter().all(|line| rest.any(|other| other == line)));
        prop_assert_eq!(head.body(), &model.body[..]);
        if let Some(uri) = model.request_uri && head.is_request() {
            prop_assert_eq!(head.request_uri(), uri.as_bytes());
        }
    }

    #[test]
    fn a_uri_gives_its_parts_back(
        user in "[a-z0-9&=+$,;?/_.!~*'()-]{1,20}",
        host in "[a-z0-9]{1,8}(\\.[a-z][a-z0-9]{0,6}){0,3}",
        port in proptest::option::of(any::<u16>()),
        param in "[a-z]{1,6}",
        value in "[a-z0-9\\[\\]/:&+$]{1,9}",
    ) {
        let port_text = port.map_or(String::new(), |port| format!(":{port}"));
        let text = format!("sip:{user}@{host}{port_text};{param}={value}");
        let uri = Uri::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(uri.user(), Some(user.as_bytes()));
        prop_assert_eq!(uri.host(), Host::Name(&host));
        prop_assert_eq!(uri.port(), port);
        prop_assert_eq!(uri.param(&param), Some(Some(value.as_bytes())));
        let escaped: String = user.bytes().map(|byte| match byte {
            b'a'..=b'z' => format!("%{byte:02x}"),
            _ => (byte as char).to_string(),
        }).collect();
        let other = format!("SIP:{escaped}@{}{port_text};{param}={value};more", host.to_uppercase());
        let other = Uri::parse(other.as_bytes()).unwrap();
        prop_assert!(uri.equivalent(&other) && other.equivalent(&uri));
        prop_assert_eq!(uri.aor(), other.aor());
    }

    #[test]
    fn no_bytes_break_a_promise(bytes in vec(any::<u8>(), 0..300), target in 0..TARGETS.len()) {
        TARGETS[target].1(&bytes);
    }
}

fn value() -> impl Strategy<Value = Box<[u8]>> {
    "[!-~]([ -~]{0,20}[!-~])?".prop_map(|value| value.into_bytes().into())
}

fn edit() -> impl Strategy<Value = Edit> {
    let header = || (name(), value()).prop_map(|(name, value)| HeaderEdit::named(&name, value));
    prop_oneof![
        header().prop_map(Edit::Append),
        header().prop_map(Edit::Prepend),
        (0..20_u32, value()).prop_map(|(index, value)| Edit::Replace { index, value }),
        (0..20_u32).prop_map(|index| Edit::Remove { index }),
        name().prop_map(|name| Edit::RemoveAll(HeaderId::from_name(name.as_bytes()), name.into())),
        "sip:[a-z]{1,9}".prop_map(|uri| Edit::SetRequestUri(uri.into())),
        vec(any::<u8>(), 0..20)
            .prop_map(|content| Edit::SetBody { content_type: "text/plain".into(), content: content.into() }),
    ]
}

/// What edits mean, done the slow way: the order of header fields of different names means nothing (§7.3.1).
struct Model {
    lines: Vec<Line>,
    body: Vec<u8>,
    request_uri: Option<String>,
}

struct Line {
    key: Key,
    value: Vec<u8>,
    came: bool,
    is_touched: bool,
    is_gone: bool,
}

/// A name in one form, long or compact, in any case.
type Key = (HeaderId, Vec<u8>);

fn key(name: &[u8]) -> Key {
    match HeaderId::from_name(name) {
        HeaderId::OTHER => (HeaderId::OTHER, name.to_ascii_lowercase()),
        id => (id, Vec::new()),
    }
}

fn by_name(mut headers: Vec<(Key, Vec<u8>)>) -> Vec<(Key, Vec<u8>)> {
    headers.sort_by(|one, two| one.0.cmp(&two.0));
    headers
}

fn added(key: Key, value: &[u8]) -> Line {
    Line { key, value: value.to_vec(), came: false, is_touched: true, is_gone: false }
}

impl Model {
    fn of(text: &Text) -> Model {
        let message = Message::parse_datagram(&text.bytes(false)).unwrap();
        let line = |(index, written): (usize, &Written)| Line {
            key: key(written.name.as_bytes()),
            value: message.head().value_of(index).to_vec(),
            came: true,
            is_touched: false,
            is_gone: false,
        };
        let lines = text.headers.iter().enumerate().map(line).collect();
        Model { lines, body: text.body.clone(), request_uri: None }
    }

    fn apply(&mut self, edit: &Edit) {
        let key_of = |id: HeaderId, name: &str| match id {
            HeaderId::OTHER => key(name.as_bytes()),
            id => (id, Vec::new()),
        };
        match edit {
            Edit::Append(header) => self.lines.push(added(key_of(header.id, &header.name), &header.value)),
            Edit::Prepend(header) => {
                self.lines.insert(0, added(key_of(header.id, &header.name), &header.value))
            }
            Edit::Replace { index, value } => self.touch(*index, |line| {
                line.value = value.to_vec();
                line.is_gone = false;
            }),
            Edit::Remove { index } => self.touch(*index, |line| line.is_gone = true),
            Edit::RemoveAll(id, name) => self.remove_all(&key_of(*id, name)),
            Edit::SetRequestUri(uri) => self.request_uri = Some(uri.to_string()),
            Edit::SetBody { content_type, content } => {
                self.body = content.to_vec();
                let key = key(b"Content-Type");
                self.remove_all(&key);
                if content.is_empty() {
                    return;
                }
                match self.lines.iter_mut().find(|line| line.came && line.key == key) {
                    Some(line) => {
                        line.value = content_type.as_bytes().to_vec();
                        line.is_gone = false;
                    }
                    None => self.lines.push(added(key, content_type.as_bytes())),
                }
            }
        }
    }

    fn touch(&mut self, index: u32, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines.iter_mut().filter(|line| line.came).nth(index as usize) {
            line.is_touched = true;
            change(line);
        }
    }

    fn remove_all(&mut self, key: &Key) {
        self.lines.retain(|line| line.came || line.key != *key);
        for line in self.lines.iter_mut().filter(|line| line.key == *key) {
            line.is_touched = true;
            line.is_gone = true;
        }
    }

    fn left(&self, which: impl Fn(&Line) -> bool) -> Vec<(Key, Vec<u8>)> {
        let left = self.lines.iter().filter(|line| !line.is_gone && which(line));
        left.map(|line| (line.key.clone(), line.value.clone())).collect()
    }
}
