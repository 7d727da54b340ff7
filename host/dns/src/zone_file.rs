//! Zones as text: RFC 1035 §5, for BIND and for ourselves.
//!
//! In: an [`ImsZone`]. Out: zone files, a record to a line, every name whole. What may stand in a record was checked
//! before, so that nothing has to be escaped.

use std::fmt::Write;
use std::net::IpAddr;

use crate::records::{Data, Record, of_domain, of_numbers};
use crate::zone::{ImsZone, ZoneError};

impl ImsZone {
    /// The zone file of the domain, as BIND reads it.
    ///
    /// # Errors
    /// What [`ImsZone::check`] finds.
    pub fn to_zone_file(&self) -> Result<String, ZoneError> {
        self.check()?;
        Ok(self.text(&self.domain, &of_domain(self)))
    }

    /// The zone file of the numbers, for the zone [`ImsZone::number_suffix`]. `None`: there are no numbers.
    ///
    /// # Errors
    /// What [`ImsZone::check`] finds.
    pub fn to_enum_zone_file(&self) -> Result<Option<String>, ZoneError> {
        self.check()?;
        Ok(of_numbers(self).map(|records| self.text(&self.number_suffix, &records)))
    }

    fn text(&self, name: &str, records: &[Record]) -> String {
        let ttl = self.ttl.as_secs();
        let width = records.iter().map(|record| record.owner.len() + 1).max().unwrap_or_default();
        let mut text = format!("; Zone {name}\n");
        for Record { owner, data } in records {
            // to a String writing does not fail
            let _ = writeln!(text, "{:width$} {ttl} IN {}", format!("{owner}."), written(data));
        }
        text
    }
}

fn written(data: &Data) -> String {
    match data {
        Data::Soa { server, mailbox, serial, refresh, retry, expire, negative_ttl } => {
            format!("SOA   {server}. {mailbox}. {serial} {refresh} {retry} {expire} {negative_ttl}")
        }
        Data::Ns(server) => format!("NS    {server}."),
        Data::Address(IpAddr::V4(address)) => format!("A     {address}"),
        Data::Address(IpAddr::V6(address)) => format!("AAAA  {address}"),
        Data::Srv { priority, weight, port, target } => format!("SRV   {priority} {weight} {port} {target}."),
        Data::Naptr { order, preference, flag, service, regexp, replacement } => {
            let replacement = replacement.as_deref().unwrap_or_default();
            format!(r#"NAPTR {order} {preference} "{flag}" "{service}" "{regexp}" {replacement}."#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::{Element, Number, Protocol, Role};

    #[test]
    fn a_small_domain_line_by_line() {
        let here = "192.0.2.1".parse().unwrap();
        let mut zone = ImsZone::new("ims.test", here)
            .with(
                Element::new(Role::Icscf, here)
                    .speaking(Protocol::SipUdp, 4060)
                    .speaking(Protocol::SipTcp, 4060),
            )
            .with(
                Element::named(Role::Hss, "hss1", "2001:db8::1".parse().unwrap())
                    .speaking(Protocol::Diameter, 3868),
            );
        zone.numbers =
            vec![Number { number: "+15551".to_owned(), uri: "sip:+15551@ims.test;user=phone".to_owned() }];
        let squeezed = |text: String| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        let expected = r#"; Zone ims.test
ims.test. 300 IN SOA ns.ims.test. hostmaster.ims.test. 1 3600 600 604800 60
ims.test. 300 IN NS ns.ims.test.
ns.ims.test. 300 IN A 192.0.2.1
icscf.ims.test. 300 IN A 192.0.2.1
hss1.ims.test. 300 IN AAAA 2001:db8::1
ims.test. 300 IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.ims.test.
ims.test. 300 IN NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.ims.test.
ims.test. 300 IN NAPTR 10 30 "s" "aaa+ap16777216:diameter.tcp" "" _diameter._tcp.ims.test.
ims.test. 300 IN NAPTR 10 40 "s" "aaa:diameter.tcp" "" _diameter._tcp.ims.test.
_sip._udp.ims.test. 300 IN SRV 10 10 4060 icscf.ims.test.
_sip._tcp.ims.test. 300 IN SRV 10 10 4060 icscf.ims.test.
_diameter._tcp.ims.test. 300 IN SRV 10 10 3868 hss1.ims.test.
icscf.ims.test. 300 IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.icscf.ims.test.
icscf.ims.test. 300 IN NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.icscf.ims.test.
_sip._udp.icscf.ims.test. 300 IN SRV 10 10 4060 icscf.ims.test.
_sip._tcp.icscf.ims.test. 300 IN SRV 10 10 4060 icscf.ims.test.
hss.ims.test. 300 IN NAPTR 10 10 "s" "aaa+ap16777216:diameter.tcp" "" _diameter._tcp.hss.ims.test.
hss.ims.test. 300 IN NAPTR 10 20 "s" "aaa:diameter.tcp" "" _diameter._tcp.hss.ims.test.
_diameter._tcp.hss.ims.test. 300 IN SRV 10 10 3868 hss1.ims.test.
hss1.ims.test. 300 IN NAPTR 10 10 "s" "aaa+ap16777216:diameter.tcp" "" _diameter._tcp.hss1.ims.test.
hss1.ims.test. 300 IN NAPTR 10 20 "s" "aaa:diameter.tcp" "" _diameter._tcp.hss1.ims.test.
_diameter._tcp.hss1.ims.test. 300 IN SRV 10 10 3868 hss1.ims.test."#;
        assert_eq!(squeezed(zone.to_zone_file().unwrap()), expected.lines().collect::<Vec<_>>());
        let numbers = r#"; Zone e164.arpa
e164.arpa. 300 IN SOA ns.ims.test. hostmaster.ims.test. 1 3600 600 604800 60
e164.arpa. 300 IN NS ns.ims.test.
1.5.5.5.1.e164.arpa. 300 IN NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:+15551@ims.test;user=phone!" ."#;
        assert_eq!(squeezed(zone.to_enum_zone_file().unwrap().unwrap()), numbers.lines().collect::<Vec<_>>());
        zone.numbers.clear();
        assert_eq!(zone.to_enum_zone_file(), Ok(None));
        zone.domain = "ims..test".to_owned();
        assert!(zone.to_zone_file().is_err());
    }
}
