//! The bodies of the fuzz targets, as plain functions: any test can run them, without a fuzzer. Not in components, and
//! not part of the crate's interface.
//!
//! In: any bytes. Out: nothing, or a panic that names the promise that was broken: what a script reads after its edits is
//! what the host sends after them.

use sip::fuzzing::{Choices, Target};
use sip::{Draft, HeaderEdit, HeaderId, View};

use crate::Request;
use crate::decision::{Body, Edit, Header};
use crate::ink::Ink;
use crate::message::Message;
use crate::testing::TestMessage;

/// Every target.
pub const TARGETS: [Target; 2] = [("edits", edits), ("view", view)];

/// Edits of one hook.
const EDITS: usize = 12;
/// Names that a script may write, in the forms it may write them in.
const NAMES: [&str; 10] = [
    "Subject",
    "s",
    "Route",
    "X-Any",
    "x-any",
    "Contact",
    "Content-Type",
    "P-Asserted-Identity",
    "X-Other",
    "Supported",
];
/// Names in the message as it came.
const LINES: [&str; 12] = [
    "Subject: one",
    "s:two",
    "X-Any: three",
    "X-ANY :  four",
    "Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>",
    "Contact: <sip:a@192.0.2.9>",
    "m: <sip:b@192.0.2.9>",
    "Content-Type: text/plain",
    "Supported: path\r\n ,timer",
    "X-Other:",
    "k: outbound",
    "Subject: one",
];
const VALUES: [&str; 6] = ["one", "<sip:c@192.0.2.3;lr>", "a\r\n b", "", "text/html", "w, x"];

/// A message, some edits, and both sides' view of what comes of them.
pub fn edits(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut text =
        b"INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa\r\n".to_vec();
    for _ in 0..choices.below(10) {
        text.extend_from_slice(choices.one_of(&LINES).as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"Content-Length: 4\r\n\r\nbody");
    let Ok(message) = sip::Message::parse_datagram(&text) else { panic!("{}", text.escape_ascii()) };
    let ink = Ink::default();
    let mut request = Request::new(message.head(), &ink);
    for _ in 0..choices.below(EDITS) {
        edit(&mut choices, &mut request);
    }
    let reads: Vec<Vec<Vec<u8>>> = NAMES.map(|name| read(&request, name)).to_vec();
    let (uri, body) = (request.uri_bytes().to_vec(), request.body().to_vec());

    let list: Vec<sip::Edit> = request.into_edits().into_iter().map(of_host).collect();
    let mut draft = Draft::forward(message.head());
    for edit in &list {
        assert_eq!(edit.check_in(message.head()), Ok(()), "the host takes what the SDK made: {edit:?}");
        draft.apply(edit);
    }
    if draft.is_full() {
        return;
    }
    let mut out = Vec::new();
    draft.print(&mut out);
    let Ok(sent) = sip::Message::parse_stream(&out) else { panic!("{} cannot be read", out.escape_ascii()) };
    assert_eq!((sent.request_uri(), sent.body()), (&*uri, &*body));
    let ink = Ink::default();
    let sent = Request::new(sent.head(), &ink);
    for (name, before) in NAMES.iter().zip(reads) {
        assert_eq!(read(&sent, name), before, "{name} of {}", out.escape_ascii());
    }
}

fn edit(choices: &mut Choices<'_>, request: &mut Request<'_>) {
    let (name, value) = (*choices.one_of(&NAMES), *choices.one_of(&VALUES));
    match choices.below(9) {
        0 | 1 => drop(request.set_header(name, value)),
        2 => drop(request.append(name, value)),
        3 => drop(request.prepend(name, value)),
        4 | 5 => drop(request.remove(name)),
        6 => drop(request.remove_where(name, |own| own == value.as_bytes())),
        7 => drop(request.set_uri(*choices.one_of(&["sip:c@192.0.2.3", "tel:+1555"]))),
        _ => drop(request.set_body(*choices.one_of(&["text/html", "a/b"]), choices.bytes(3))),
    }
}

/// The values of a name without their folds, which a new line may lose.
fn read(message: &Message<'_>, name: &str) -> Vec<Vec<u8>> {
    message.headers(name).map(|value| sip::unfold(value).into_owned()).collect()
}

fn of_host(edit: Edit) -> sip::Edit {
    let header = |Header { id, name, value }: Header| HeaderEdit {
        id: HeaderId(id),
        name: name.into(),
        value: value.into_bytes().into(),
    };
    match edit {
        Edit::Append(one) => sip::Edit::Append(header(one)),
        Edit::Prepend(one) => sip::Edit::Prepend(header(one)),
        Edit::Replace((index, value)) => sip::Edit::Replace { index, value: value.into_bytes().into() },
        Edit::Remove(index) => sip::Edit::Remove { index },
        Edit::RemoveAll(Header { id, name, .. }) => sip::Edit::RemoveAll(HeaderId(id), name.into()),
        Edit::SetRequestUri(uri) => sip::Edit::SetRequestUri(uri.into()),
        Edit::SetBody(Body { content_type, content }) => {
            sip::Edit::SetBody { content_type: content_type.into(), content: content.into() }
        }
    }
}

/// What a guest reads from the host, and a message as a test writes it: any bytes are refused, or read to the end.
pub fn view(bytes: &[u8]) {
    if let Ok(view) = View::parse(bytes) {
        read_all(view.head());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(message) = TestMessage::parse(text)
    {
        read_all(message.message().head());
    }
}

fn read_all(head: sip::Head<'_>) {
    let ink = Ink::default();
    let request = Request::new(head, &ink);
    let _ = (request.uri().is_ok(), request.is_in_dialog(), request.call_id(), request.cseq(), request.via());
    let _ = (request.from().is_ok(), request.to().is_ok(), request.contacts().count());
    for name in NAMES {
        assert!(request.headers(name).count() <= head.spans().len());
        let _ = (request.name_addrs(name).count(), request.has_option(name, "path"), request.text(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::fuzzing::Mutants;

    #[test]
    fn any_bytes_are_survived() {
        for (_, target) in TARGETS {
            Mutants::new(20).run(3000, 120, target);
        }
    }
}
