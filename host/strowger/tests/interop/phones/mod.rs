//! The phones' reins: started with a folder of their own, told what to do, watched.

mod baresip;
mod linphone;
mod node;

pub(crate) use baresip::Baresip;
pub(crate) use linphone::Linphone;
pub(crate) use node::{Library, NodePhone};

use crate::A_MOMENT;
use crate::router::{DOMAIN, Router};

/// By what a phone is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Udp,
    Tcp,
    Tls12,
    Tls13,
}

impl Wire {
    /// As a `transport` parameter.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Wire::Udp => "udp",
            Wire::Tcp => "tcp",
            Wire::Tls12 | Wire::Tls13 => "tls",
        }
    }

    /// Where the router is for it.
    pub(crate) fn port(self, router: &Router) -> u16 {
        match self {
            Wire::Udp | Wire::Tcp => router.sip.port(),
            Wire::Tls12 | Wire::Tls13 => router.tls.port(),
        }
    }

    /// The TLS version as the router logs it.
    pub(crate) fn tls_version(self) -> Option<&'static str> {
        match self {
            Wire::Udp | Wire::Tcp => None,
            Wire::Tls12 => Some("TLSv1_2"),
            Wire::Tls13 => Some("TLSv1_3"),
        }
    }
}

/// What every phone can do. It registers when it starts, accepts every call at once, and waits until what it is asked
/// about has happened, or fails with what it has printed.
pub(crate) trait Phone {
    fn user(&self) -> &str;

    /// Begins a call to a user.
    fn calls(&mut self, user: &str);

    /// A call is established here.
    fn is_in_a_call(&mut self);

    /// Ends the call.
    fn hangs_up(&mut self);

    /// The call is over here.
    fn is_out_of_it(&mut self);

    /// Unregisters, and ends.
    fn leaves(self: Box<Self>);
}

/// A call from one to the other: both see it established, they talk for a moment, one of them ends it, both see its end.
#[track_caller]
pub(crate) fn call(caller: &mut dyn Phone, callee: &mut dyn Phone, ends_it: Side) {
    let called = callee.user().to_owned();
    caller.calls(&called);
    callee.is_in_a_call();
    caller.is_in_a_call();
    std::thread::sleep(A_MOMENT);
    match ends_it {
        Side::Caller => caller.hangs_up(),
        Side::Callee => callee.hangs_up(),
    }
    callee.is_out_of_it();
    caller.is_out_of_it();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Callee,
}

/// Two phones register, call each other both ways, and leave.
pub(crate) fn call_both_ways(router: &mut Router, mut one: Box<dyn Phone>, mut other: Box<dyn Phone>) {
    router.has_registered(2);
    call(&mut *one, &mut *other, Side::Caller);
    call(&mut *other, &mut *one, Side::Callee);
    one.leaves();
    router.has_registered(1);
    other.leaves();
    router.has_registered(0);
}

fn address_of_record(user: &str) -> String {
    format!("sip:{user}@{DOMAIN}")
}
