//! What came of a message, as one line of the table.
//!
//! In: the message, and everything that came of it at its sender and at the phones. Out: [`Seen`], and its words.
//! Whether an answer and a forwarded copy are faithful is judged here; an unfaithful one shows in the words.

use crate::support::Message;

/// Everything that came of a message.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// To whom it was forwarded.
    pub(crate) forwarded: Vec<String>,
    /// Final answers that its sender got.
    pub(crate) answers: Vec<Answer>,
    /// Why the router says that it threw it away.
    pub(crate) discarded: Vec<String>,
    /// Final answers that the router says it sent, and that its sender did not get.
    pub(crate) missing: usize,
    /// What became of the connection.
    pub(crate) connection: Connection,
}

/// A final answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) words: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Connection {
    /// There was none, or it serves the next request.
    #[default]
    GoesOn,
    /// The router closed it.
    Closed,
    /// The router waits for more of the message.
    Waits,
}

impl Seen {
    /// Notes an answer of the router's; one that is sent again counts once.
    pub(crate) fn answer(&mut self, sent: &[u8], came: &Message) {
        let mut words = came.start.trim_start_matches("SIP/2.0 ").to_owned();
        if came.status() == 420 {
            words += &format!(", Unsupported: {}", came.get("Unsupported"));
        }
        if let Some(lost) = lost_in_answer(sent, came) {
            words += &format!(" without {lost:?}");
        }
        let answer = Answer { status: came.status(), words };
        if came.status() >= 200 && !self.answers.contains(&answer) {
            self.answers.push(answer);
        }
    }

    /// One line of the table.
    pub(crate) fn text(&self) -> String {
        let mut parts: Vec<String> = self.forwarded.iter().map(|to| format!("forwarded to {to}")).collect();
        let passed_on = !self.forwarded.is_empty();
        parts.extend(self.answers.iter().map(|answer| match answer.status {
            200 if passed_on && answer.words == "200 Whatever" => "200 comes back".to_owned(),
            _ => answer.words.clone(),
        }));
        if parts.is_empty() {
            parts.extend(self.discarded.iter().map(|why| format!("dropped as {why}")));
        }
        if self.missing > 0 {
            parts.push(format!("{} answers did not arrive", self.missing));
        }
        match self.connection {
            Connection::GoesOn if parts.is_empty() => parts.push("nothing".into()),
            Connection::GoesOn => {}
            Connection::Closed => parts.push("connection closed".into()),
            Connection::Waits => parts.push("waits for the rest".into()),
        }
        parts.join("; ")
    }
}

/// What an answer must bear and this one does not (RFC 3261 §8.2.6.2, §16.7 item 3): From, Call-ID and CSeq, and every
/// Via but the topmost, which may have been stamped.
fn lost_in_answer(sent: &[u8], came: &Message) -> Option<String> {
    let sent =
        requests(sent).into_iter().find(|sent| values(sent, "CSeq", "") == values(came, "CSeq", ""))?;
    let (vias, came_vias) = (values(&sent, "Via", "v"), values(came, "Via", "v"));
    if vias.len() != came_vias.len() || vias.iter().skip(1).ne(came_vias.iter().skip(1)) {
        return Some("its Vias".into());
    }
    let same = [("From", "f"), ("Call-ID", "i")];
    let lost = same.iter().find(|(name, short)| values(&sent, name, short) != values(came, name, short));
    lost.map(|(name, _)| (*name).to_owned())
}

/// The messages within these bytes that can be read: one, or two where a message follows another.
fn requests(bytes: &[u8]) -> Vec<Message> {
    let second = bytes.windows(8).position(|window| window == b"\r\n\r\n\r\nIN").map(|at| at + 6);
    [Some(0), second].into_iter().flatten().filter_map(|at| Message::read(&bytes[at..])).collect()
}

fn values<'m>(message: &'m Message, name: &str, short: &str) -> Vec<&'m str> {
    let is = |own: &str| own.eq_ignore_ascii_case(name) || own.eq_ignore_ascii_case(short);
    message.headers.iter().filter(|(own, _)| is(own)).map(|(_, value)| value.as_str()).collect()
}

/// What a forwarded copy must have byte for byte and has not (RFC 3261 §16.6): the method, the body, and every line of
/// the head but those that a proxy writes: topmost Via, Max-Forwards, Route.
pub(crate) fn lost_on_the_way(sent: &[u8], came: &[u8]) -> Option<String> {
    let (head, body) = parts(sent);
    let (came_head, came_body) = parts(came);
    let method = |head: &[u8]| head.split(|byte| *byte == b' ').next().map(<[u8]>::to_vec);
    if method(head) != method(came_head) {
        return Some("its method".into());
    }
    if body != came_body {
        return Some("its body".into());
    }
    let mut left = lines(came_head).into_iter().skip(1);
    kept(head).into_iter().find(|line| !left.any(|came| came == *line)).map(|line| {
        let shown: String = String::from_utf8_lossy(line).chars().take(40).collect();
        format!("the line {shown:?}")
    })
}

/// Head with its last CRLF, and body as far as Content-Length goes.
fn parts(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n").map_or(message.len(), |at| at + 4);
    let (head, body) = message.split_at(end);
    let length = Message::read(message).and_then(|read| {
        values(&read, "Content-Length", "l").first().and_then(|length| length.parse::<usize>().ok())
    });
    (head, &body[..length.unwrap_or(body.len()).min(body.len())])
}

fn lines(head: &[u8]) -> Vec<&[u8]> {
    head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// Lines of header fields that a proxy leaves alone.
fn kept(head: &[u8]) -> Vec<&[u8]> {
    let (mut kept, mut is_kept, mut vias) = (Vec::new(), true, 0);
    for line in lines(head).into_iter().skip(1).filter(|line| !line.is_empty()) {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            let name = String::from_utf8_lossy(name).to_lowercase();
            vias += u32::from(matches!(name.as_str(), "via" | "v"));
            is_kept = match name.as_str() {
                "via" | "v" => vias > 1,
                "max-forwards" | "route" => false,
                _ => true,
            };
        }
        if is_kept {
            kept.push(line);
        }
    }
    kept
}
