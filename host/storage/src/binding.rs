//! A contact bound to an address-of-record, as others see it (RFC 3261 §10; WIT `strowger:location/registrar`).
//!
//! In: a packed binding. Out: owned values: [`Binding`] for scripts and consoles, [`node::Target`] for a request's
//! target set (RFC 3261 §16.5). Not here: the packed form (`packed.rs`).

use sip::{Flow, Host, Scheme, Transport, Uri};

use crate::packed::BindingRef;

/// The q of a Contact without one, in thousandths.
const DEFAULT_Q: u16 = 1000;

/// A contact bound to an address-of-record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact URI.
    pub uri: Box<str>,
    /// Preference in thousandths, 0 to 1000.
    pub q: u16,
    /// When it ends, wall clock in ms since 1970.
    pub expires_at_ms: u64,
    /// Path header field values (RFC 3327), outermost first.
    pub path: Vec<Box<str>>,
    /// All parameters of the Contact header field but q and expires, as they came; begins with `;` or is empty.
    pub parameters: Box<str>,
    /// Call-ID of the REGISTER that bound it.
    pub call_id: Box<str>,
    /// CSeq of that REGISTER.
    pub cseq: u32,
    /// Where that REGISTER came from. `None` after a restart if it was a connection.
    pub flow: Option<Flow>,
    /// Bound as a flow of RFC 5626.
    pub outbound: bool,
}

impl Binding {
    /// Seconds left; begun ones count.
    pub fn seconds_left(&self, now_ms: u64) -> u32 {
        u32::try_from(self.expires_at_ms.saturating_sub(now_ms).div_ceil(1000)).unwrap_or(u32::MAX)
    }
}

impl From<BindingRef<'_>> for Binding {
    fn from(binding: BindingRef<'_>) -> Self {
        Binding {
            uri: binding.uri.into(),
            q: q(&binding),
            expires_at_ms: binding.expires_at_ms,
            path: path(&binding),
            parameters: binding.parameters.into(),
            call_id: binding.call_id.into(),
            cseq: binding.cseq,
            flow: binding.flow,
            outbound: binding.outbound,
        }
    }
}

/// Preference in thousandths.
pub(crate) fn q(binding: &BindingRef<'_>) -> u16 {
    binding.q.unwrap_or(DEFAULT_Q)
}

/// A binding as a target; `None` where it can be reached by its flow only, and that has not survived a restart.
pub(crate) fn target(binding: &BindingRef<'_>) -> Option<node::Target> {
    let way = way(binding);
    let flow = binding.flow.filter(|_| way != Way::Uri);
    let flow_only = way == Way::Flow;
    (flow.is_some() || !flow_only).then(|| node::Target {
        uri: binding.uri.into(),
        route: path(binding),
        q: q(binding),
        flow,
        flow_only,
        next_hop: None,
        timers: None,
    })
}

/// How a binding is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Where its URI points.
    Uri,
    /// By the flow it was registered from; where its URI points once that is gone.
    FlowFirst,
    /// By that flow or not at all.
    Flow,
}

/// The flow is the only way where the phone asked for that (RFC 5626 §5.3) and to a WebSocket (RFC 7118 §5). It is the
/// better one for who registered by a connection as itself, with an address: behind a NAT nobody else gets there, and
/// seldom does a phone have a certificate. Behind a Path the edge knows the flow.
fn way(binding: &BindingRef<'_>) -> Way {
    if !binding.path.is_empty() {
        return Way::Uri;
    }
    let uri = Uri::parse(binding.uri.as_bytes()).ok();
    let named = uri.as_ref().and_then(Uri::transport).and_then(Transport::from_token);
    let by_socket = |transport| matches!(transport, Transport::Ws | Transport::Wss);
    if binding.outbound
        || named.is_some_and(by_socket)
        || binding.flow.is_some_and(|flow| by_socket(flow.transport))
    {
        return Way::Flow;
    }
    let (Some(uri), Some(flow)) = (uri, binding.flow.filter(|flow| flow.connection != 0)) else {
        return Way::Uri;
    };
    let fits = match named {
        None => true,
        // below TLS it is TCP (RFC 3261 §26.2.2)
        Some(Transport::Tcp) if uri.scheme() == Scheme::Sips => flow.transport == Transport::Tls,
        Some(named) => flow.transport == named,
    };
    if fits && is_address(&uri.host()) { Way::FlowFirst } else { Way::Uri }
}

/// Whether a Contact's host names a machine as it sees itself, and not a service: an address, or a name that nobody can
/// look up (RFC 7118 §5.2.1).
fn is_address(host: &Host<'_>) -> bool {
    match host {
        Host::Name(name) => {
            name.len() > 8 && name.as_bytes()[name.len() - 8..].eq_ignore_ascii_case(b".invalid")
        }
        Host::V4(_) | Host::V6(_) => true,
    }
}

fn path(binding: &BindingRef<'_>) -> Vec<Box<str>> {
    binding.path.split('\n').filter(|value| !value.is_empty()).map(Into::into).collect()
}

/// Whether a request from `flow` comes from where the binding was registered: over the same connection, or for
/// datagrams from the same IP address (a phone may send from another port than it registered from).
pub(crate) fn is_from(binding: &BindingRef<'_>, flow: &Flow) -> bool {
    binding.flow.is_some_and(|bound| {
        bound.transport == flow.transport
            && bound.connection == flow.connection
            && (flow.connection != 0 || bound.remote.ip() == flow.remote.ip())
    })
}
