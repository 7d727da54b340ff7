//! The body of a third-party REGISTER (TS 24.229 §5.4.1.7 and §5.4.1.7A, table 5.4.1.7-1): what an application server
//! is told beside the fact.
//!
//! ```text
//!   ServiceInfo of its criteria     application/3gpp-ims+xml   <ims-3gpp version="1"><service-info>…
//!   IncludeRegisterRequest          message/sip                the REGISTER of the user
//!   IncludeRegisterResponse         message/sip                the 200 to it
//!   one of them: the body itself; several: multipart/mixed; none: no body
//! ```
//! In: criteria and messages. Out: a Content-Type and a body. Not here: the header fields of the REGISTER.

use crate::multipart::{self, Part};
use crate::service_profile::ApplicationServer;
use crate::xml::{self, Writer, XmlError};

/// The media type of service information (TS 24.229 §7.6).
pub const SERVICE_INFO_TYPE: &str = "application/3gpp-ims+xml";
const MESSAGE_TYPE: &str = "message/sip";

/// A body and its type.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The value of Content-Type.
    pub content_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Says nothing about people.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({}, {} bytes)", self.content_type, self.bytes.len())
    }
}

/// The body for this application server; `None` where it is told nothing. `request` and `response` are the whole
/// messages; `response` may be missing where the REGISTER was not answered yet.
#[must_use]
pub fn body(server: &ApplicationServer, request: &[u8], response: Option<&[u8]>) -> Option<Body> {
    let service_info = server.service_info.as_deref().map(service_info_xml);
    let mut parts = Vec::new();
    if let Some(service_info) = &service_info {
        parts.push(Part { content_type: SERVICE_INFO_TYPE.as_bytes(), body: service_info.as_bytes() });
    }
    let request = server.include_register_request.then_some(request);
    let response = response.filter(|_| server.include_register_response);
    for message in [request, response].into_iter().flatten() {
        parts.push(Part { content_type: MESSAGE_TYPE.as_bytes(), body: message });
    }
    match &parts[..] {
        [] => None,
        [one] => Some(Body {
            content_type: String::from_utf8_lossy(one.content_type).into_owned(),
            bytes: one.body.to_vec(),
        }),
        _ => {
            let (content_type, bytes) = multipart::mixed(&parts);
            Some(Body { content_type, bytes })
        }
    }
}

/// The document that carries a ServiceInfo, whatever is in that (TS 24.229 §7.6.2).
#[must_use]
pub fn service_info_xml(service_info: &str) -> String {
    let mut out = Writer::new();
    out.open("ims-3gpp");
    out.attribute("version", "1");
    out.leaf("service-info", service_info);
    out.finish()
}

/// The ServiceInfo in such a document; `None` where it holds something else.
///
/// # Errors
/// It is no XML that is read here.
pub fn parse_service_info(document: &[u8]) -> Result<Option<String>, XmlError> {
    let root = xml::parse(document)?;
    let is_ours = root.name == "ims-3gpp";
    let info = root.child("service-info").filter(|_| is_ours);
    Ok(info.map(|info| info.raw_text().to_owned()))
}
