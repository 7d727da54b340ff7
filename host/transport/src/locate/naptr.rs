//! Choosing a transport by NAPTR records (RFC 3263 §4.1; services of RFC 3263 §10 and RFC 7118 §9).
//!
//! In: the records of a domain, our transports, whether the URI was `sips`. Out: the services to follow in order.
//! A pure function. Not here: regular expressions, which §4.1 rules out for SIP.

use sip::Transport;

/// One NAPTR record, as far as SIP looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naptr {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) flags: Box<[u8]>,
    pub(super) service: Box<[u8]>,
    pub(super) has_regexp: bool,
    pub(super) replacement: Box<str>,
}

/// What to look up next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    /// Flag `s`.
    Srv,
    /// Flag `a`.
    Address,
}

/// One service to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NaptrService {
    pub(super) transport: Transport,
    pub(super) terminal: Terminal,
    pub(super) replacement: Box<str>,
}

/// Outcome of [`choose`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// None of the records is about SIP: go on as if there were none.
    NotSip,
    /// The domain offers SIP, but by no transport that fits.
    NoneUsable,
    /// At least one.
    Services(Vec<NaptrService>),
}

/// Keeps the services that we can use; of these the records with the lowest order, sorted by preference. A `sips`
/// URI takes secure services only.
pub(super) fn choose(records: Vec<Naptr>, ours: &[Transport], secure: bool) -> Choice {
    let mut about_sip = false;
    let mut usable: Vec<(u16, u16, NaptrService)> = Vec::new();
    for record in records {
        let Some((transport, terminal)) = meaning(&record) else { continue };
        about_sip = true;
        if ours.contains(&transport) && (transport.is_secure() || !secure) {
            let service = NaptrService { transport, terminal, replacement: record.replacement };
            usable.push((record.order, record.preference, service));
        }
    }
    usable.sort_by_key(|(order, preference, _)| (*order, *preference));
    let Some(&(lowest, _, _)) = usable.first() else {
        return if about_sip { Choice::NoneUsable } else { Choice::NotSip };
    };
    Choice::Services(
        usable
            .into_iter()
            .take_while(|(order, _, _)| *order == lowest)
            .map(|(_, _, service)| service)
            .collect(),
    )
}

fn meaning(record: &Naptr) -> Option<(Transport, Terminal)> {
    let is = |service: &str| record.service.eq_ignore_ascii_case(service.as_bytes());
    let transport = if is("SIP+D2U") {
        Transport::Udp
    } else if is("SIP+D2T") {
        Transport::Tcp
    } else if is("SIPS+D2T") {
        Transport::Tls
    } else if is("SIP+D2W") {
        Transport::Ws
    } else if is("SIPS+D2W") {
        Transport::Wss
    } else {
        return None;
    };
    let terminal = match &*record.flags {
        b"s" | b"S" => Terminal::Srv,
        b"a" | b"A" => Terminal::Address,
        _ => return None,
    };
    (!record.has_regexp && !record.replacement.is_empty()).then_some((transport, terminal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transport::*;

    fn record(order: u16, preference: u16, flags: &str, service: &str, replacement: &str) -> Naptr {
        Naptr {
            order,
            preference,
            flags: flags.as_bytes().into(),
            service: service.as_bytes().into(),
            has_regexp: false,
            replacement: replacement.into(),
        }
    }

    fn transports(choice: Choice) -> Vec<Transport> {
        match choice {
            Choice::Services(services) => services.iter().map(|service| service.transport).collect(),
            other => panic!("no services: {other:?}"),
        }
    }

    /// The example of RFC 3263 §4.1.
    fn example() -> Vec<Naptr> {
        vec![
            record(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
            record(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
            record(100, 50, "s", "SIP+D2U", "_sip._udp.example.com"),
        ]
    }

    #[test]
    fn the_lowest_order_that_we_support_wins_alone() {
        assert_eq!(transports(choose(example(), &[Udp, Tcp], false)), [Tcp]);
        assert_eq!(transports(choose(example(), &[Udp, Tcp, Tls], false)), [Tls]);
        assert_eq!(transports(choose(example(), &[Udp], false)), [Udp]);
    }

    #[test]
    fn within_an_order_the_preference_decides() {
        let records = vec![
            record(10, 30, "S", "sip+d2u", "a"),
            record(10, 20, "s", "SIP+D2T", "b"),
            record(20, 1, "s", "SIPS+D2T", "c"),
        ];
        assert_eq!(transports(choose(records, &[Udp, Tcp, Tls], false)), [Tcp, Udp]);
    }

    #[test]
    fn sips_takes_secure_services_only() {
        assert_eq!(transports(choose(example(), &[Udp, Tcp, Tls], true)), [Tls]);
        assert_eq!(choose(example(), &[Udp, Tcp], true), Choice::NoneUsable);
    }

    #[test]
    fn records_of_others_do_not_count() {
        let records = vec![
            record(1, 1, "u", "E2U+sip", ""),
            record(1, 1, "s", "AAA+D2S", "_diameter._sctp.example.com"),
            record(1, 1, "x", "SIP+D2U", "a"),
            record(1, 1, "s", "SIP+D2U", ""),
            Naptr { has_regexp: true, ..record(1, 1, "s", "SIP+D2U", "a") },
        ];
        assert_eq!(choose(records, &[Udp, Tcp, Tls], false), Choice::NotSip);
        assert_eq!(choose(vec![record(1, 1, "s", "SIP+D2W", "a")], &[Udp], false), Choice::NoneUsable);
    }

    #[test]
    fn the_flag_names_the_next_look_up() {
        let Choice::Services(services) = choose(vec![record(1, 1, "a", "SIPS+D2W", "h")], &[Wss], true)
        else {
            panic!("no services");
        };
        assert_eq!(services[0].terminal, Terminal::Address);
        assert_eq!(&*services[0].replacement, "h");
    }
}
