//! SIP messages as a peer writes and reads them: text, and no opinion about it.

use super::{at, unique};

/// A message that came. Header fields are unfolded and in the order of the message; names as they came.
#[derive(Debug, Clone)]
pub struct Message {
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub raw: Vec<u8>,
}

impl Message {
    /// Reads one; the body is all that follows the head.
    pub fn read(raw: &[u8]) -> Option<Message> {
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some((_, value))) => *value = format!("{value} {}", line.trim()),
                _ => {
                    let (name, value) = line.split_once(':')?;
                    headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
            }
        }
        Some(Message { start, headers, body: raw[end + 4..].to_vec(), raw: raw.to_vec() })
    }

    /// 0 for requests.
    pub fn status(&self) -> u16 {
        self.start.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
    }

    pub fn method(&self) -> &str {
        if self.status() > 0 { "" } else { self.start.split(' ').next().unwrap_or_default() }
    }

    pub fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// "200" or "INVITE".
    pub fn what(&self) -> String {
        if self.status() > 0 { self.status().to_string() } else { self.method().to_owned() }
    }

    /// The values of all header fields of this name, in any case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The first of them; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// The elements of a list over all header fields of this name. No element of these tests holds a comma.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.all(name).into_iter().flat_map(|value| value.split(',')).map(str::trim).collect()
    }

    pub fn tag(&self, name: &str) -> &str {
        self.get(name).split(";tag=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

/// A request to be written. Change its fields at will.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub uri: String,
    /// URI of From.
    pub from: String,
    /// URI of To.
    pub to: String,
    pub from_tag: String,
    pub to_tag: String,
    pub call_id: String,
    pub cseq: u32,
    pub branch: String,
    /// The whole Via line in place of the sender's.
    pub via: Option<String>,
    /// Empty: none.
    pub max_forwards: String,
    /// Whole lines, each with its CRLF.
    pub more: String,
    pub body: Vec<u8>,
    /// Write Contact: the sender's own address.
    pub contact: bool,
    /// Write Content-Length.
    pub content_length: bool,
}

impl Request {
    /// From a user of the domain to a user or a URI.
    pub fn new(method: &str, from: &str, to: &str) -> Request {
        Request {
            method: method.into(),
            uri: at(to),
            from: at(from),
            to: at(to),
            from_tag: unique("f"),
            to_tag: String::new(),
            call_id: unique("call"),
            cseq: 1,
            branch: unique("z9hG4bK"),
            via: None,
            max_forwards: "70".into(),
            more: String::new(),
            body: Vec::new(),
            contact: true,
            content_length: true,
        }
    }

    pub fn uri(mut self, uri: &str) -> Self {
        self.uri = uri.into();
        self
    }

    /// Adds whole header lines, given with `\n`.
    pub fn with(mut self, lines: &str) -> Self {
        for line in lines.lines() {
            self.more.push_str(line);
            self.more.push_str("\r\n");
        }
        self
    }

    pub fn via(mut self, line: &str) -> Self {
        self.via = Some(line.into());
        self
    }

    pub fn max_forwards(mut self, value: &str) -> Self {
        self.max_forwards = value.into();
        self
    }

    pub fn body(mut self, content_type: &str, body: &[u8]) -> Self {
        self.body = body.into();
        self.with(&format!("Content-Type: {content_type}"))
    }

    /// The next request of the same Call-ID and From, such as one with credentials.
    pub fn again(&self) -> Request {
        Request { cseq: self.cseq + 1, branch: unique("z9hG4bK"), ..self.clone() }
    }

    /// ACK of a final response that is no 2xx, or CANCEL: hop by hop (RFC 3261 §17.1.1.3, §9.1).
    pub fn follow_up(&self, method: &str, to_tag: &str) -> Request {
        Request {
            method: method.into(),
            to_tag: to_tag.into(),
            more: String::new(),
            body: Vec::new(),
            contact: false,
            ..self.clone()
        }
    }

    /// A request of the caller's within the dialog that a response made (§12.2.1.1).
    pub fn within(&self, response: &Message, method: &str, cseq: u32) -> Request {
        let routes = response.list("Record-Route").into_iter().rev();
        Request {
            method: method.into(),
            uri: response.get("Contact").trim_start_matches('<').split('>').next().unwrap_or_default().into(),
            to_tag: response.tag("To").into(),
            cseq,
            branch: unique("z9hG4bK"),
            more: routes.map(|route| format!("Route: {route}\r\n")).collect(),
            body: Vec::new(),
            contact: method != "ACK",
            ..self.clone()
        }
    }

    /// A request of the callee's within the dialog of the INVITE that it got.
    pub fn back(invite: &Message, own_tag: &str, method: &str, cseq: u32) -> Request {
        let inner = |value: &str| value.split(['<', '>']).nth(1).unwrap_or(value).to_owned();
        let routes = invite.list("Record-Route");
        Request {
            uri: inner(invite.get("Contact")),
            from: inner(invite.get("To")),
            to: inner(invite.get("From")),
            from_tag: own_tag.into(),
            to_tag: invite.tag("From").into(),
            call_id: invite.get("Call-ID").into(),
            cseq,
            more: routes.iter().map(|route| format!("Route: {route}\r\n")).collect(),
            ..Request::new(method, "nobody", "nobody")
        }
    }

    /// As it goes out from this address by this transport.
    pub fn bytes(&self, transport: &str, own: &str) -> Vec<u8> {
        let rport = if transport == "UDP" { ";rport" } else { "" };
        let via = match &self.via {
            Some(line) => line.clone(),
            None => format!("Via: SIP/2.0/{transport} {own};branch={}{rport}", self.branch),
        };
        let tag = |tag: &str| if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        let line = |wanted: bool, line: String| if wanted { line + "\r\n" } else { String::new() };
        let suffix = if transport == "UDP" { "" } else { ";transport=tcp" };
        let mut text = format!("{} {} SIP/2.0\r\n", self.method, self.uri);
        text += &line(!via.is_empty(), via);
        text += &line(!self.max_forwards.is_empty(), format!("Max-Forwards: {}", self.max_forwards));
        text += &line(true, format!("From: <{}>{}", self.from, tag(&self.from_tag)));
        text += &line(true, format!("To: <{}>{}", self.to, tag(&self.to_tag)));
        text += &line(true, format!("Call-ID: {}", self.call_id));
        text += &line(true, format!("CSeq: {} {}", self.cseq, self.method));
        text += &line(self.contact, format!("Contact: <sip:me@{own}{suffix}>"));
        text += &self.more;
        text += &line(self.content_length, format!("Content-Length: {}", self.body.len()));
        text += "\r\n";
        [text.as_bytes(), &self.body].concat()
    }
}

/// A response to a request that came, as a peer makes it (§8.2.6). `more`: whole lines, with `\n`.
pub fn answer(request: &Message, status: u16, tag: &str, more: &str) -> Vec<u8> {
    let copied = ["Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq", "Record-Route"];
    let mut text = format!("SIP/2.0 {status} Whatever\r\n");
    for (name, value) in &request.headers {
        if copied.iter().any(|copied| copied.eq_ignore_ascii_case(name)) {
            let to = name.eq_ignore_ascii_case("To") || name.eq_ignore_ascii_case("t");
            let tag = if to && !tag.is_empty() && !value.contains(";tag=") { tag } else { "" };
            let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
            text += &format!("{name}: {value}{tag}\r\n");
        }
    }
    for line in more.lines() {
        text += line;
        text += "\r\n";
    }
    text += "Content-Length: 0\r\n\r\n";
    text.into_bytes()
}
