//! Who a phone is and how it behaves: what an ISIM, a network and a user would have told it.
//!
//! In: values of the driver. Out: [`Settings`], checked once by [`crate::Ue::new`].

use std::net::SocketAddr;
use std::time::Duration;

use ims::aka::Isim;
use ims::identity::{Imsi, Plmn};
use sip::{Host, Scheme, Transport, Uri};
use transaction::Timers;

use crate::bounds::MAX_CALLS;

/// What it proves itself with.
#[derive(Clone)]
pub enum Credentials {
    /// An ISIM: IMS AKA (TS 33.203 §6.1).
    Aka(Isim),
    /// A password: SIP digest (TS 33.203 Annex N).
    Password(String),
}

/// Shows no key and no password.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Credentials::Aka(_) => "Aka(redacted)",
            Credentials::Password(_) => "Password(redacted)",
        })
    }
}

/// What it does in calls, as caller and as callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFeatures {
    /// Reliable provisional responses (RFC 3262).
    pub reliable: bool,
    /// Preconditions (RFC 3312); only together with reliable provisional responses.
    pub preconditions: bool,
    /// Session timers (RFC 4028): the interval that it asks for, in seconds, 90 or more. `None`: it asks for none, and
    /// says that it does not know them.
    pub session_timer: Option<u32>,
}

impl CallFeatures {
    /// What a phone of VoLTE does (TS 24.229 §5.1.3.1, GSMA IR.92).
    pub const VOLTE: CallFeatures =
        CallFeatures { reliable: true, preconditions: true, session_timer: Some(1_800) };
    /// INVITE, 180, 200 and ACK, as RFC 3261 alone has it.
    pub const PLAIN: CallFeatures =
        CallFeatures { reliable: false, preconditions: false, session_timer: None };
}

/// A phone's settings. [`Settings::new`] fills in what is usual.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The private user identity, such as `001010000000001@ims.mnc001.mcc001.3gppnetwork.org`.
    pub impi: String,
    /// The public user identity that it registers: a SIP URI with a user.
    pub impu: String,
    /// The home network domain name.
    pub domain: String,
    /// What it proves itself with.
    pub credentials: Credentials,
    /// Where it listens for SIP, over UDP and TCP.
    pub local: SocketAddr,
    /// The P-CSCF: everything that it sends goes there.
    pub pcscf: SocketAddr,
    /// UDP or TCP, for its requests.
    pub transport: Transport,
    /// Requests of more bytes than this go by TCP where others go by UDP (RFC 3261 §18.1.1). `None`: never.
    pub tcp_above: Option<usize>,
    /// The instance identifier (RFC 5626 §4.1), a URN: `urn:gsma:imei:…` or `urn:uuid:…`.
    pub instance: String,
    /// The value of P-Access-Network-Info (RFC 7315 §4.4), as it is sent.
    pub access: Option<String>,
    /// Addresses for media, one for each call at a time.
    pub media: Vec<SocketAddr>,
    /// T1, T2 and T4.
    pub timers: Timers,
    /// Seconds that a registration is asked for.
    pub expires: u32,
    /// Whether it subscribes to its own registration.
    pub subscribes: bool,
    /// What it does in calls.
    pub features: CallFeatures,
    /// How long it takes until resources are reserved; zero: they are there from the beginning.
    pub reservation: Duration,
    /// How long it rings before it says 480.
    pub ring_for: Duration,
    /// How long it waits for an answer before it gives up a call.
    pub answer_within: Duration,
}

impl Settings {
    /// Seconds that TS 24.229 §5.1.1.2.1 has a UE ask for.
    pub const EXPIRES: u32 = 600_000;

    /// The usual: UDP, the timers of TS 24.229 table 7.8, a subscription, the calls of VoLTE, resources within
    /// 50 ms, one address for media beside the one for SIP (port 0 until the shell binds one).
    #[must_use]
    pub fn new(
        impi: &str,
        impu: &str,
        domain: &str,
        credentials: Credentials,
        local: SocketAddr,
        pcscf: SocketAddr,
    ) -> Settings {
        Settings {
            impi: impi.to_owned(),
            impu: impu.to_owned(),
            domain: domain.to_owned(),
            credentials,
            local,
            pcscf,
            transport: Transport::Udp,
            tcp_above: None,
            instance: "urn:gsma:imei:35394803-000000-0".to_owned(),
            access: Some("3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010019B01".to_owned()),
            media: vec![SocketAddr::new(local.ip(), 0)],
            timers: Timers::IMS_PHONE,
            expires: Settings::EXPIRES,
            subscribes: true,
            features: CallFeatures::VOLTE,
            reservation: Duration::from_millis(50),
            ring_for: Duration::from_secs(120),
            answer_within: Duration::from_secs(180),
        }
    }

    /// A subscriber without an ISIM application, who registers by the identities of the IMSI (TS 23.003 §13.2, §13.3,
    /// §13.4B). Who it is afterwards, the network says.
    #[must_use]
    pub fn of_imsi(imsi: &Imsi, home: &Plmn, isim: Isim, local: SocketAddr, pcscf: SocketAddr) -> Settings {
        let (impi, impu) = (imsi.private_identity(home), imsi.temporary_public_identity(home));
        let domain = home.home_network_domain();
        Settings::new(impi.as_str(), impu.as_str(), &domain, Credentials::Aka(isim), local, pcscf)
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let is_text = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '"');
        if !is_text(&self.impi) {
            return Err(SettingsError::Impi);
        }
        let impu = Uri::parse(self.impu.as_bytes()).map_err(|_| SettingsError::Impu)?;
        if impu.scheme() != Scheme::Sip || impu.user().is_none_or(<[u8]>::is_empty) {
            return Err(SettingsError::Impu);
        }
        if Host::parse(self.domain.as_bytes()).is_none() {
            return Err(SettingsError::Domain);
        }
        let instance = Uri::parse(self.instance.as_bytes()).map_err(|_| SettingsError::Instance)?;
        if instance.scheme() != Scheme::Urn || !is_text(&self.instance) {
            return Err(SettingsError::Instance);
        }
        if self.access.as_deref().is_some_and(|access| access.chars().any(char::is_control)) {
            return Err(SettingsError::Access);
        }
        if !matches!(self.transport, Transport::Udp | Transport::Tcp) {
            return Err(SettingsError::Transport(self.transport));
        }
        if self.local.is_ipv4() != self.pcscf.is_ipv4() {
            return Err(SettingsError::Family);
        }
        if self.media.is_empty() || self.media.len() > MAX_CALLS {
            return Err(SettingsError::Media(self.media.len()));
        }
        let preconditions_alone = self.features.preconditions && !self.features.reliable;
        let interval = self.features.session_timer.unwrap_or(dialog::session_timer::RECOMMENDED_INTERVAL);
        if preconditions_alone || interval < dialog::session_timer::LEAST_INTERVAL {
            return Err(SettingsError::Features);
        }
        Ok(())
    }
}

/// What is wrong with settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The private identity is empty, or holds a quote or a control character.
    #[error("the private identity is not one")]
    Impi,
    /// The public identity is no SIP URI with a user.
    #[error("the public identity is no SIP URI with a user")]
    Impu,
    /// The home domain is no host name.
    #[error("the home network domain is no host name")]
    Domain,
    /// The instance identifier is no URN.
    #[error("the instance identifier is no URN")]
    Instance,
    /// The access network information holds a control character.
    #[error("the access network information holds a control character")]
    Access,
    /// Neither UDP nor TCP.
    #[error("a phone does not speak {}", .0.name())]
    Transport(Transport),
    /// One of the two addresses is IPv4 and the other IPv6.
    #[error("the phone and the P-CSCF are not of one address family")]
    Family,
    /// No address for media, or more than there are calls.
    #[error("{0} addresses for media, where 1 to {MAX_CALLS} can be")]
    Media(usize),
    /// Preconditions without reliable provisional responses, or a session interval below 90 seconds.
    #[error("preconditions need reliable responses, and a session interval is 90 seconds or more")]
    Features,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let local = "192.0.2.10:5060".parse().unwrap();
        let pcscf = "192.0.2.1:5060".parse().unwrap();
        let password = Credentials::Password("secret".to_owned());
        Settings::new("alice@ims.example", "sip:alice@ims.example", "ims.example", password, local, pcscf)
    }

    #[test]
    fn what_is_usual_is_right_and_shows_no_secret() {
        assert_eq!(settings().check(), Ok(()));
        assert!(!format!("{:?}", settings()).contains("secret"));
    }

    #[test]
    fn the_identities_of_an_imsi() {
        let key = || ims::aka::Secret::new([1; 16]);
        let isim = Isim::new(ims::aka::Milenage::new(&key(), &key()), Default::default());
        let (imsi, home) = (Imsi::parse("001010123456789").unwrap(), Plmn::new("001", "01").unwrap());
        let Settings { local, pcscf, .. } = settings();
        let settings = Settings::of_imsi(&imsi, &home, isim, local, pcscf);
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.domain, "ims.mnc001.mcc001.3gppnetwork.org");
        assert_eq!(settings.impu, "sip:001010123456789@ims.mnc001.mcc001.3gppnetwork.org");
        assert_eq!(settings.impi, "001010123456789@ims.mnc001.mcc001.3gppnetwork.org");
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Case = (SettingsError, fn(&mut Settings));
        let cases: [Case; 10] = [
            (SettingsError::Impi, |s| s.impi = "a\"b".to_owned()),
            (SettingsError::Impu, |s| s.impu = "sip:ims.example".to_owned()),
            (SettingsError::Impu, |s| s.impu = "tel:+1".to_owned()),
            (SettingsError::Domain, |s| s.domain = "a b".to_owned()),
            (SettingsError::Instance, |s| s.instance = "sip:x".to_owned()),
            (SettingsError::Access, |s| s.access = Some("a\r\nb".to_owned())),
            (SettingsError::Transport(Transport::Tls), |s| s.transport = Transport::Tls),
            (SettingsError::Family, |s| s.pcscf = "[2001:db8::1]:5060".parse().unwrap()),
            (SettingsError::Media(MAX_CALLS + 1), |s| s.media = vec![s.local; MAX_CALLS + 1]),
            (SettingsError::Features, |s| s.features.reliable = false),
        ];
        for (error, change) in cases {
            let mut wrong = settings();
            change(&mut wrong);
            assert_eq!(wrong.check(), Err(error));
        }
    }
}
