//! Preconditions on quality of service, segmented: one segment on each side (RFC 3312 §4, §5; TS 24.229 §6.1).
//!
//! In: attributes of a stream, from the other side's point of view, and what is reserved here. Out: [`Qos`] from our
//! point of view, its attributes, and whether the session may go on. End-to-end status is not used in IMS and passed
//! over.

use std::fmt;

/// Which ways resources are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    None,
    Send,
    Recv,
    SendRecv,
}

/// How much they are wanted, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    None,
    Optional,
    Mandatory,
}

/// Both segments as one side sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Qos {
    /// What is there on the writer's side.
    pub(crate) local: Status,
    /// What the writer knows of the other side.
    pub(crate) remote: Status,
    pub(crate) wants_local: Strength,
    pub(crate) wants_remote: Strength,
    /// The writer wants to be told when the other side is ready (RFC 3312 §6).
    pub(crate) confirm: bool,
}

impl Qos {
    /// What a first offer says (TS 24.229 §6.1.2): our own side is mandatory, the other one decides for itself.
    pub(crate) fn first(is_reserved: bool) -> Qos {
        Qos {
            local: if is_reserved { Status::SendRecv } else { Status::None },
            remote: Status::None,
            wants_local: Strength::Mandatory,
            wants_remote: Strength::None,
            confirm: false,
        }
    }

    /// With what is reserved here by now.
    pub(crate) fn reserved(self, is_reserved: bool) -> Qos {
        if is_reserved { Qos { local: Status::SendRecv, ..self } } else { self }
    }

    /// With what the other side says of itself. A strength is only ever raised (RFC 3312 §5.2).
    pub(crate) fn heard(self, theirs: Qos) -> Qos {
        Qos { remote: theirs.local, wants_remote: self.wants_remote.max(theirs.wants_local), ..self }
    }

    /// Whether the callee may be alerted: each side that is mandatory is ready (RFC 3312 §8).
    pub(crate) fn is_met(self) -> bool {
        let is_ready = |strength, status| strength < Strength::Mandatory || status == Status::SendRecv;
        is_ready(self.wants_local, self.local) && is_ready(self.wants_remote, self.remote)
    }
}

/// Takes an attribute, where it is one of these. A first one makes all of them, the rest as if absent (RFC 3312 §5).
pub(crate) fn read(attribute: &str, qos: &mut Option<Qos>) {
    let Some((name, value)) = attribute.split_once(':') else { return };
    let mut words = value.split_ascii_whitespace();
    if words.next() != Some("qos") {
        return;
    }
    let absent = Qos {
        local: Status::None,
        remote: Status::None,
        wants_local: Strength::None,
        wants_remote: Strength::None,
        confirm: false,
    };
    match (name, words.next(), words.next(), words.next()) {
        ("curr", Some(side @ ("local" | "remote")), Some(status), _) => {
            let qos = qos.get_or_insert(absent);
            *(if side == "local" { &mut qos.local } else { &mut qos.remote }) = Status::of(status);
        }
        ("des", Some(strength), Some(side @ ("local" | "remote")), _) => {
            let qos = qos.get_or_insert(absent);
            let own = if side == "local" { &mut qos.wants_local } else { &mut qos.wants_remote };
            *own = Strength::of(strength);
        }
        ("conf", Some("remote"), ..) => qos.get_or_insert(absent).confirm = true,
        _ => {}
    }
}

impl Status {
    fn of(word: &str) -> Status {
        match word {
            "send" => Status::Send,
            "recv" => Status::Recv,
            "sendrecv" => Status::SendRecv,
            _ => Status::None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Status::None => "none",
            Status::Send => "send",
            Status::Recv => "recv",
            Status::SendRecv => "sendrecv",
        }
    }
}

impl Strength {
    fn of(word: &str) -> Strength {
        match word {
            "mandatory" => Strength::Mandatory,
            "optional" => Strength::Optional,
            _ => Strength::None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Strength::None => "none",
            Strength::Optional => "optional",
            Strength::Mandatory => "mandatory",
        }
    }
}

/// The attributes, a line each.
impl fmt::Display for Qos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=curr:qos local {}\r\n", self.local.as_str())?;
        write!(f, "a=curr:qos remote {}\r\n", self.remote.as_str())?;
        write!(f, "a=des:qos {} local sendrecv\r\n", self.wants_local.as_str())?;
        write!(f, "a=des:qos {} remote sendrecv\r\n", self.wants_remote.as_str())?;
        if self.confirm {
            f.write_str("a=conf:qos remote sendrecv\r\n")?;
        }
        Ok(())
    }
}
