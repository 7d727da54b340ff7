//! What the imports of a script answer in a case: `[host]`.
//!
//! In: nothing. Out: [`HostAnswers`], plain data. Answering a component with it is the command line's.

use std::net::SocketAddr;

/// All answers. What a file does not mention has the default of each field.
#[derive(Debug, Clone, PartialEq)]
pub struct HostAnswers {
    /// Protocol the message came by; UDP.
    pub transport: sip::Transport,
    /// Address it came from; 192.0.2.1:5060.
    pub source: SocketAddr,
    /// Wall clock, ms since 1970; 1,700,000,000,000.
    pub now_ms: u64,
    /// Verdict on the credentials, whichever they are; absent.
    pub verdict: VerdictAnswer,
    /// What `register` answers; ok.
    pub register: RegisterAnswer,
    /// Contact values that a successful `register` returns.
    pub contacts: Vec<String>,
    /// Every binding, in the order of the file.
    pub bindings: Vec<Binding>,
    /// Addresses-of-record that are registered from the message's source.
    pub registered_here: Vec<String>,
    /// Variables of the transaction.
    pub variables: Vec<(String, String)>,
    /// Variables of the dialog.
    pub dialog_variables: Vec<(String, String)>,
    /// Rows of the key-value table, each with revision 1.
    pub rows: Vec<(String, String)>,
}

impl Default for HostAnswers {
    fn default() -> Self {
        Self {
            transport: sip::Transport::Udp,
            source: SocketAddr::from(([192, 0, 2, 1], 5060)),
            now_ms: 1_700_000_000_000,
            verdict: VerdictAnswer::Absent,
            register: RegisterAnswer::Ok,
            contacts: Vec::new(),
            bindings: Vec::new(),
            registered_here: Vec::new(),
            variables: Vec::new(),
            dialog_variables: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl HostAnswers {
    /// The bindings of an address-of-record, highest q first.
    #[must_use]
    pub fn bindings_of(&self, address_of_record: &str) -> Vec<&Binding> {
        let mut own: Vec<_> =
            self.bindings.iter().filter(|binding| binding.address_of_record == address_of_record).collect();
        own.sort_by_key(|binding| std::cmp::Reverse(binding.q));
        own
    }

    /// Whether an address-of-record is registered from the message's source.
    #[must_use]
    pub fn is_registered_here(&self, address_of_record: &str) -> bool {
        self.registered_here.iter().any(|own| own == address_of_record)
    }

    /// Whether an address-of-record is registered at all.
    #[must_use]
    pub fn is_registered(&self, address_of_record: &str) -> bool {
        self.is_registered_here(address_of_record)
            || self.bindings.iter().any(|binding| binding.address_of_record == address_of_record)
    }

    /// The targets that a relay to an address-of-record has.
    #[must_use]
    pub fn targets_of(&self, address_of_record: &str) -> Vec<node::Target> {
        self.bindings_of(address_of_record)
            .into_iter()
            .map(|binding| node::Target {
                uri: binding.uri.as_str().into(),
                route: binding.path.iter().map(|path| path.as_str().into()).collect(),
                q: binding.q,
                flow: None,
                flow_only: false,
                next_hop: None,
                timers: None,
            })
            .collect()
    }
}

/// A binding of the location service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Whose.
    pub address_of_record: String,
    /// The Contact URI.
    pub uri: String,
    /// Thousandths, 0 to 1000; 1000.
    pub q: u16,
    /// Seconds left; 3600.
    pub expires: u32,
    /// Path values, outermost first; none.
    pub path: Vec<String>,
}

/// What `verify` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerdictAnswer {
    /// Right, and this user's.
    Accepted(String),
    /// None for this realm.
    Absent,
    /// Right, on an old nonce.
    Stale,
    /// Wrong.
    Rejected,
}

/// What `register` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterAnswer {
    /// The bindings were changed.
    Ok,
    /// They were, and a flow of RFC 5626 is among them.
    Outbound,
    /// 423 with this Min-Expires.
    TooBrief(u32),
    /// More bindings than allowed.
    TooMany,
    /// 400.
    Malformed,
    /// A CSeq that is not above the stored one.
    OutOfOrder,
    /// 503.
    Unavailable,
}
