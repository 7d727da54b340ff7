//! Methods (RFC 3261 §7.1 and the RFCs that add some).
//!
//! In: a method token. Out: [`Method`]. Tokens we have no name for are [`Method::Other`]; the token itself stays in
//! the message (`Head::method_token`). Methods are case-sensitive (§7.1).

/// A method, by number. The numbers are part of the published view layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Method {
    /// RFC 3261 §13.
    Invite = 1,
    /// RFC 3261 §13, §17.
    Ack = 2,
    /// RFC 3261 §15.
    Bye = 3,
    /// RFC 3261 §9.
    Cancel = 4,
    /// RFC 3261 §10.
    Register = 5,
    /// RFC 3261 §11.
    Options = 6,
    /// RFC 3428.
    Message = 7,
    /// RFC 6665.
    Subscribe = 8,
    /// RFC 6665.
    Notify = 9,
    /// RFC 3903.
    Publish = 10,
    /// RFC 6086.
    Info = 11,
    /// RFC 3311.
    Update = 12,
    /// RFC 3262.
    Prack = 13,
    /// RFC 3515.
    Refer = 14,
    /// Any other token.
    Other = 0,
}

impl Method {
    /// All methods with a name.
    pub const ALL: [Method; 14] = [
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Register,
        Method::Options,
        Method::Message,
        Method::Subscribe,
        Method::Notify,
        Method::Publish,
        Method::Info,
        Method::Update,
        Method::Prack,
        Method::Refer,
    ];

    /// The method of this token, [`Method::Other`] for one without a name here.
    #[must_use]
    pub fn from_token(token: &[u8]) -> Method {
        match token {
            b"INVITE" => Method::Invite,
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"REGISTER" => Method::Register,
            b"OPTIONS" => Method::Options,
            b"MESSAGE" => Method::Message,
            b"SUBSCRIBE" => Method::Subscribe,
            b"NOTIFY" => Method::Notify,
            b"PUBLISH" => Method::Publish,
            b"INFO" => Method::Info,
            b"UPDATE" => Method::Update,
            b"PRACK" => Method::Prack,
            b"REFER" => Method::Refer,
            _ => Method::Other,
        }
    }

    /// The method of this number in a view; unknown numbers are [`Method::Other`].
    #[must_use]
    pub fn from_number(number: u8) -> Method {
        Method::ALL.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or(Method::Other)
    }

    /// The token, in the only case it may be written in; empty for [`Method::Other`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Message => "MESSAGE",
            Method::Subscribe => "SUBSCRIBE",
            Method::Notify => "NOTIFY",
            Method::Publish => "PUBLISH",
            Method::Info => "INFO",
            Method::Update => "UPDATE",
            Method::Prack => "PRACK",
            Method::Refer => "REFER",
            Method::Other => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_comes_back_from_its_token_and_its_number() {
        for method in Method::ALL {
            assert_eq!(Method::from_token(method.as_str().as_bytes()), method);
            assert_eq!(Method::from_number(method as u8), method);
        }
    }

    #[test]
    fn methods_are_case_sensitive() {
        assert_eq!(Method::from_token(b"Invite"), Method::Other);
        assert_eq!(Method::from_token(b""), Method::Other);
        assert_eq!(Method::from_number(0), Method::Other);
        assert_eq!(Method::from_number(200), Method::Other);
    }
}
