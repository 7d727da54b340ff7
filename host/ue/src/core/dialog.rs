//! A dialog as one of its ends sees it (RFC 3261 §12).
//!
//! In: the request and the response that make it, later requests. Out: requests within it, and whether a message
//! belongs to it. What is said in it is others' matter.

use sip::{Head, HeaderId, Message, Method};

use super::request::Request;

/// One end's state of a dialog (§12.1).
#[derive(Clone)]
pub(crate) struct Dialog {
    call_id: String,
    /// Our From of requests: an address with our tag.
    local: String,
    pub(crate) local_tag: String,
    /// Our To of requests.
    remote: String,
    pub(crate) remote_tag: String,
    /// The route set, next hop first.
    routes: Vec<String>,
    /// The remote target.
    target: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&sip::unfold(bytes)).into_owned()
}

/// The URI of the first Contact.
fn contact(head: &Head<'_>) -> Option<String> {
    let address = head.contacts().next()?.ok()?.address()?;
    Some(text(address.uri_bytes))
}

fn record_routes(head: &Head<'_>) -> Vec<String> {
    head.values(HeaderId::RECORD_ROUTE).map(|value| text(value.bytes)).collect()
}

impl Dialog {
    /// The caller's end (§12.1.2). `None`: the response has no To tag, or no Contact.
    pub(crate) fn of_response(request: &Request, response: &Message) -> Option<Dialog> {
        let head = response.head();
        let mut routes = record_routes(&head);
        routes.reverse();
        Some(Dialog {
            call_id: request.call_id.clone(),
            local: request.from.clone(),
            local_tag: text(head.from_tag()?),
            remote: text(head.header(HeaderId::TO)?),
            remote_tag: text(head.to_tag()?),
            routes,
            target: contact(&head)?,
            local_cseq: request.cseq,
            remote_cseq: None,
        })
    }

    /// The callee's end (§12.1.1), with a tag of ours where To has none. `None`: the request has no From tag, or no
    /// Contact.
    pub(crate) fn of_request(request: &Message, local_tag: &str) -> Option<Dialog> {
        let head = request.head();
        let to = text(head.header(HeaderId::TO)?);
        let (local, local_tag) = match head.to_tag() {
            Some(tag) => (to, text(tag)),
            None => (format!("{to};tag={local_tag}"), local_tag.to_owned()),
        };
        Some(Dialog {
            call_id: text(head.call_id().ok()?),
            local,
            local_tag,
            remote: text(head.header(HeaderId::FROM)?),
            remote_tag: text(head.from_tag()?),
            routes: record_routes(&head),
            target: contact(&head)?,
            local_cseq: 0,
            remote_cseq: Some(head.cseq().ok()?.number),
        })
    }

    /// Whether a request of the other side belongs to it (§12.2.2).
    pub(crate) fn has_request(&self, head: &Head<'_>) -> bool {
        self.is(head, head.from_tag(), head.to_tag())
    }

    /// Whether a response to a request of ours belongs to it.
    pub(crate) fn has_response(&self, head: &Head<'_>) -> bool {
        self.is(head, head.to_tag(), head.from_tag())
    }

    /// Whether a request of ours was made by it.
    pub(crate) fn sent(&self, request: &Request) -> bool {
        request.call_id == self.call_id && request.from == self.local && request.to == self.remote
    }

    fn is(&self, head: &Head<'_>, remote_tag: Option<&[u8]>, local_tag: Option<&[u8]>) -> bool {
        head.call_id().is_ok_and(|call_id| call_id == self.call_id.as_bytes())
            && remote_tag == Some(self.remote_tag.as_bytes())
            && local_tag == Some(self.local_tag.as_bytes())
    }

    /// Takes the sequence number of a request of the other side; false: it is out of order: a 500 (§12.2.2).
    pub(crate) fn takes(&mut self, cseq: u32) -> bool {
        let is_in_order = self.remote_cseq.is_none_or(|last| cseq > last);
        if is_in_order {
            self.remote_cseq = Some(cseq);
        }
        is_in_order
    }

    /// The request that the dialog was made of is still to be taken.
    pub(crate) fn forget_remote_cseq(&mut self) {
        self.remote_cseq = None;
    }

    /// A target refresh (§12.2.1.2, §12.2.2): INVITE or UPDATE, or its 2xx.
    pub(crate) fn refresh_target(&mut self, head: &Head<'_>) {
        if let Some(target) = contact(head) {
            self.target = target;
        }
    }

    /// A request went again with this number.
    pub(crate) fn counted(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// It takes the place of an early dialog: its numbers go on from there (§13.2.2.4).
    pub(crate) fn follows(&mut self, early: &Dialog) {
        self.local_cseq = self.local_cseq.max(early.local_cseq);
        self.remote_cseq = self.remote_cseq.or(early.remote_cseq);
    }

    /// The next request (§12.2.1.1).
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_cseq += 1;
        self.numbered(method, self.local_cseq)
    }

    /// The ACK for a 2xx to the INVITE of this number (§13.2.2.4).
    pub(crate) fn ack(&self, cseq: u32) -> Request {
        self.numbered(Method::Ack, cseq)
    }

    fn numbered(&self, method: Method, cseq: u32) -> Request {
        Request {
            method,
            uri: self.target.clone(),
            routes: self.routes.clone(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
            headers: Vec::new(),
            content_type: String::new(),
            body: Vec::new(),
        }
    }
}
