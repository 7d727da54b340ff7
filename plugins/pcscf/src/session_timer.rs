//! Session timers (RFC 4028 §8; IR.92 §2.2.8): every session is refreshed now and then, so that one whose phones are gone
//! does not stay for ever.
//!
//! ```text
//!   INVITE, UPDATE ─┬─ too short, of who knows timers ─▶ 422 with Min-SE
//!                   └─ Session-Expires put in, cut or raised ─▶ … ─▶ 2xx ─▶ put in for a caller whose callee knows none
//! ```
//! In: a session refresh request, and its 2xx. Out: either with its header fields, or a refusal. Who refreshes are the
//! phones; that a dialog which nobody refreshes is forgotten is the host's.

use strowger_sdk::prelude::*;
use strowger_sdk::sip::Head;

use crate::settings::Settings;

/// Variable of the transaction: the interval as it was forwarded, and whether the client knows timers (`1800 1`).
const ASKED: &str = "session";

/// What Min-SE means where it is absent (RFC 4028 §5).
pub(crate) const LEAST: u32 = 90;

/// A session refresh request on its way (§8.1); the refusal of one that asks for too little.
pub(crate) fn refresh(
    settings: &Settings,
    request: &mut Request<'_>,
    host: &impl Host,
) -> Option<strowger_sdk::Reply> {
    let wanted = settings.session_expires?;
    if !matches!(request.method(), Method::Invite | Method::Update) {
        return None;
    }
    let head = request.received();
    let knows_timers = knows(&head);
    let asked = head.session_expires().ok().flatten();
    let floor = head.min_se().ok().flatten().map_or(LEAST, |least| least.interval);
    let least = settings.min_se;
    let interval = match &asked {
        Some(asked) if asked.interval < least && knows_timers => {
            return Some(reply(422).header(HeaderId::MIN_SE, least.to_string()));
        }
        // Only a proxy before us can have put it there: it is raised, and Min-SE with it.
        Some(asked) if asked.interval < least => {
            if floor < least {
                request.set_header(HeaderId::MIN_SE, least.to_string());
            }
            least.max(floor)
        }
        Some(asked) => asked.interval.min(wanted.max(floor)),
        None => wanted.max(floor),
    };
    if asked.as_ref().is_none_or(|asked| asked.interval != interval) {
        let refresher = match asked.as_ref().and_then(|asked| asked.refresher()) {
            Some(strowger_sdk::sip::Refresher::Uac) => ";refresher=uac",
            Some(strowger_sdk::sip::Refresher::Uas) => ";refresher=uas",
            None => "",
        };
        request.set_header(HeaderId::SESSION_EXPIRES, format!("{interval}{refresher}"));
    }
    let remembered = format!("{interval} {}", u8::from(knows_timers));
    host.set_variable(ASKED, Some(remembered.as_bytes()));
    None
}

/// Its 2xx: a callee that knows nothing of timers leaves the refreshes to the caller, who is told so (§8.2).
pub(crate) fn settle(response: &mut Response<'_>, host: &impl Host) {
    if !(200..300).contains(&response.status()) || response.has(HeaderId::SESSION_EXPIRES) {
        return;
    }
    let remembered = host.variable(ASKED).unwrap_or_default();
    let Some(interval) =
        remembered.strip_suffix(b" 1").and_then(|interval| std::str::from_utf8(interval).ok())
    else {
        return;
    };
    response.append(HeaderId::SESSION_EXPIRES, [interval, ";refresher=uac"].concat());
    if !response.has_option(HeaderId::REQUIRE, "timer") {
        response.append(HeaderId::REQUIRE, "timer");
    }
}

fn knows(head: &Head<'_>) -> bool {
    head.has_option_tag(HeaderId::SUPPORTED, "timer")
}
