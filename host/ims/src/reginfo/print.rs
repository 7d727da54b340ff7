//! From registration information to XML (RFC 3680 §5, RFC 5628 §5).
//!
//! In: [`Reginfo`]. Out: the document; the namespace of GRUUs is declared only where there is one.

use super::{Contact, ContactState, DocumentState, Reginfo, Registration};
use crate::q;
use crate::xml::Writer;

pub(super) fn reginfo(reginfo: &Reginfo) -> String {
    let mut out = Writer::new();
    out.open("reginfo");
    out.attribute("xmlns", "urn:ietf:params:xml:ns:reginfo");
    let mut contacts = reginfo.registrations.iter().flat_map(|registration| &registration.contacts);
    if contacts.any(|contact| contact.public_gruu.is_some() || contact.temporary_gruu.is_some()) {
        out.attribute("xmlns:gr", "urn:ietf:params:xml:ns:gruuinfo");
    }
    out.attribute("version", &reginfo.version.to_string());
    out.attribute("state", if reginfo.state == DocumentState::Full { "full" } else { "partial" });
    for one in &reginfo.registrations {
        registration(one, &mut out);
    }
    out.finish()
}

fn registration(registration: &Registration, out: &mut Writer) {
    out.open("registration");
    out.attribute("aor", &registration.aor);
    out.attribute("id", &registration.id);
    out.attribute("state", registration.state.as_str());
    for one in &registration.contacts {
        contact(one, out);
    }
    out.close();
}

fn contact(contact: &Contact, out: &mut Writer) {
    out.open("contact");
    out.attribute("id", &contact.id);
    out.attribute("state", if contact.state == ContactState::Active { "active" } else { "terminated" });
    out.attribute("event", contact.event.as_str());
    let numbers = [
        ("duration-registered", contact.duration_registered),
        ("expires", contact.expires),
        ("retry-after", contact.retry_after),
        ("cseq", contact.cseq.map(u64::from)),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            out.attribute(name, &number.to_string());
        }
    }
    if let Some(thousandths) = contact.q {
        out.attribute("q", &q::print(thousandths));
    }
    if let Some(call_id) = &contact.call_id {
        out.attribute("callid", call_id);
    }
    out.leaf("uri", &contact.uri);
    if let Some(name) = &contact.display_name {
        out.open("display-name");
        if let Some(language) = &name.language {
            out.attribute("xml:lang", language);
        }
        out.text(&name.text);
        out.close();
    }
    for (name, value) in &contact.unknown_params {
        out.open("unknown-param");
        out.attribute("name", name);
        out.text(value);
        out.close();
    }
    if let Some(uri) = &contact.public_gruu {
        out.open("gr:pub-gruu");
        out.attribute("uri", uri);
        out.close();
    }
    if let Some(gruu) = &contact.temporary_gruu {
        out.open("gr:temp-gruu");
        out.attribute("uri", &gruu.uri);
        out.attribute("first-cseq", &gruu.first_cseq.to_string());
        out.close();
    }
    out.close();
}
