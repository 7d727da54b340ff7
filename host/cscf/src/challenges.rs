//! Authentication vectors that wait for their response (TS 24.229 §5.4.1.2; RFC 3310; TS 33.203 Annex N).
//!
//! ```text
//!   vector ─▶ kept ── value for the 401, once ──▶ (waits, at most 4 minutes) ─┬─ right response ──▶ Accepted; AKA: gone
//!                                                                             ├─ AUTS ──▶ Resynchronise; gone, AUTS kept
//!                                                                             ├─ AKA, no response ──▶ NetworkRefused; gone
//!                                                                             └─ wrong response ──▶ Rejected; third time: gone
//! ```
//! In: SIP-Auth-Data-Items of the HSS, REGISTERs with credentials, the time. Out: values of WWW-Authenticate, verdicts. CK
//! and IK leave with the 401 and are forgotten then; of XRES only the hash that a response is checked by is kept. Not
//! here: whom to challenge, and what becomes of a verdict.

use std::collections::{HashMap, VecDeque};

use auth::{Algorithm, Exchange, Hash, Qop, QopValues};
use diameter::cx::SipAuthDataItem;
use ims::aka::AkaVersion;
use sip::{Credentials, Head, HeaderId};

use crate::words::{AuthenticationVerdict, CxFailure};

/// How long a challenge waits, ms: the timer reg-await-auth (TS 24.229 table 7.8.1).
pub const REG_AWAIT_AUTH_MS: u64 = 240_000;

/// How long the nonce of a SIP Digest may be used again, ms.
const DIGEST_LIFETIME_MS: u64 = 3_600_000;

/// Challenges that are kept; the oldest go first.
pub const MAX_CHALLENGES: usize = 500_000;

/// AUTS that wait for the next request to the HSS; the oldest go first.
pub const MAX_RESYNCHRONISATIONS: usize = 100_000;

/// Wrong responses that a challenge stands.
const MAX_WRONG: u8 = 3;

/// Header fields of credentials that are looked at.
const MAX_CREDENTIALS: usize = 16;

/// RAND and AUTS on their way to the HSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resynchronisation {
    /// The RAND that was answered.
    pub rand: [u8; 16],
    /// The answer.
    pub auts: [u8; 14],
}

struct Kept {
    number: u64,
    private_identity: Box<str>,
    realm: Box<str>,
    ha1: Hash,
    kind: Kind,
    made_ms: u64,
    wrong: u8,
}

enum Kind {
    /// Good once.
    Aka { rand: [u8; 16] },
    /// Good again and again, with a count that grows.
    Digest { count: u32 },
}

impl Kind {
    /// How long it waits, ms.
    const fn lifetime(&self) -> u64 {
        match self {
            Kind::Aka { .. } => REG_AWAIT_AUTH_MS,
            Kind::Digest { .. } => DIGEST_LIFETIME_MS,
        }
    }

    /// Which queue it stands in.
    const fn queue(&self) -> usize {
        match self {
            Kind::Aka { .. } => 0,
            Kind::Digest { .. } => 1,
        }
    }
}

/// Challenges in the order in which they were made; those that are gone may still stand in it.
type Queue = VecDeque<(u64, Box<str>)>;

/// All challenges that wait.
pub struct Challenges {
    by_nonce: HashMap<Box<str>, Kept>,
    /// Values of WWW-Authenticate that have not been sent yet, by number.
    values: HashMap<u64, Vec<u8>>,
    /// One for each lifetime, so that the first of each is the first to end.
    queues: [Queue; 2],
    /// By private identity, with when it came.
    resynchronisations: HashMap<Box<str>, (u64, Resynchronisation)>,
    /// Those, in the order in which they came.
    resynchronising: VecDeque<(u64, Box<str>)>,
    next: u64,
    max: usize,
    max_resynchronisations: usize,
}

impl Default for Challenges {
    fn default() -> Challenges {
        Challenges::with_room(MAX_CHALLENGES, MAX_RESYNCHRONISATIONS)
    }
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Challenges({})", self.by_nonce.len())
    }
}

impl Challenges {
    /// With room for so many challenges, and so many AUTS.
    #[must_use]
    pub fn with_room(max: usize, max_resynchronisations: usize) -> Challenges {
        Challenges {
            by_nonce: HashMap::new(),
            values: HashMap::new(),
            queues: Default::default(),
            resynchronisations: HashMap::new(),
            resynchronising: VecDeque::new(),
            next: 0,
            max: max.max(1),
            max_resynchronisations: max_resynchronisations.max(1),
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_nonce.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_nonce.is_empty()
    }

    /// Keeps a vector; its number. `luck`: for the nonce of a SIP Digest.
    ///
    /// # Errors
    /// The item lacks something, or is of a scheme that is not known here.
    pub fn keep(
        &mut self,
        item: &SipAuthDataItem,
        private_identity: &str,
        realm: &str,
        now_ms: u64,
        luck: [u8; 16],
    ) -> Result<u64, CxFailure> {
        self.expire(now_ms);
        self.next += 1;
        let number = self.next;
        let (nonce, kept, value) = match &item.sip_digest_authenticate {
            Some(digest) => self.digest(digest, private_identity, number, now_ms, luck)?,
            None => aka(item, private_identity, realm, number, now_ms)?,
        };
        // The same vector once more takes the place of itself.
        if let Some(before) = self.by_nonce.remove(&nonce) {
            self.values.remove(&before.number);
        }
        while self.by_nonce.len() >= self.max {
            self.forget_oldest();
        }
        let queue = &mut self.queues[kept.kind.queue()];
        if queue.len() >= 2 * self.max {
            queue.retain(|(number, nonce)| is_kept(&self.by_nonce, *number, nonce));
        }
        queue.push_back((number, nonce.clone()));
        self.values.insert(number, value);
        self.by_nonce.insert(nonce, kept);
        Ok(number)
    }

    fn digest(
        &self,
        digest: &diameter::cx::SipDigestAuthenticate,
        private_identity: &str,
        number: u64,
        now_ms: u64,
        luck: [u8; 16],
    ) -> Result<(Box<str>, Kept, Vec<u8>), CxFailure> {
        let algorithm = digest.digest_algorithm.as_deref().unwrap_or("MD5");
        let algorithm = Algorithm::from_name(algorithm.as_bytes()).ok_or(CxFailure::Malformed)?;
        let ha1 = Hash::from_hex(algorithm, digest.digest_ha1.expose()).ok_or(CxFailure::Malformed)?;
        let nonce: String = luck.iter().map(|byte| format!("{byte:02x}")).collect();
        let value =
            auth::challenge_value(&digest.digest_realm, &nonce, algorithm, false, &[Qop::Auth]).into_bytes();
        let kept = Kept {
            number,
            private_identity: private_identity.into(),
            realm: digest.digest_realm.as_str().into(),
            ha1,
            kind: Kind::Digest { count: 0 },
            made_ms: now_ms,
            wrong: 0,
        };
        Ok((nonce.into(), kept, value))
    }

    /// The value of WWW-Authenticate of a challenge: given once.
    pub fn take_value(&mut self, number: u64) -> Option<Vec<u8>> {
        self.values.remove(&number)
    }

    /// What `verify` found to be sent to the HSS with the next request for this private identity.
    pub fn take_resynchronisation(&mut self, private_identity: &str) -> Option<Resynchronisation> {
        self.resynchronisations.remove(private_identity).map(|(_, one)| one)
    }

    /// Checks the Authorization of a request (TS 24.229 §5.4.1.2.3).
    pub fn verify(
        &mut self,
        head: Head<'_>,
        private_identity: &str,
        realm: &str,
        now_ms: u64,
    ) -> AuthenticationVerdict {
        self.expire(now_ms);
        let fields = head.fields(HeaderId::AUTHORIZATION).take(MAX_CREDENTIALS);
        let of_this = |credentials: &Credentials<'_>| {
            credentials.is("Digest")
                && credentials.param("username").is_some_and(|user| *user == *private_identity.as_bytes())
        };
        let found = fields.filter_map(|value| Credentials::parse(value).ok()).find(of_this);
        let Some(credentials) = found else { return AuthenticationVerdict::Absent };
        let param = |name: &str| credentials.param(name).filter(|value| !value.is_empty());
        let Some(nonce) = param("nonce") else { return AuthenticationVerdict::Absent };
        let Ok(nonce) = std::str::from_utf8(&nonce) else { return AuthenticationVerdict::Stale };
        // A clock that was set back may have left one in its queue.
        let is_fresh = |kept: &&mut Kept| kept.made_ms + kept.kind.lifetime() > now_ms;
        let kept = self.by_nonce.get_mut(nonce).filter(is_fresh);
        let Some(kept) = kept else { return AuthenticationVerdict::Stale };
        let is_fit = *kept.private_identity == *private_identity
            && credentials.param("realm").is_some_and(|own| *own == *kept.realm.as_bytes())
            && (*kept.realm == *realm || matches!(kept.kind, Kind::Digest { .. }));
        if !is_fit {
            return AuthenticationVerdict::Rejected;
        }
        let number = kept.number;
        let verdict = match (&kept.kind, param("auts"), param("response")) {
            (Kind::Aka { rand }, Some(auts), _) => match ims::aka::auts_from_base64(&auts) {
                Ok(auts) => {
                    let resynchronisation = Resynchronisation { rand: *rand, auts };
                    self.forget(number, nonce);
                    self.resynchronise(private_identity, resynchronisation, now_ms);
                    return AuthenticationVerdict::Resynchronise;
                }
                Err(_) => AuthenticationVerdict::Rejected,
            },
            (Kind::Aka { .. }, None, None) => {
                self.forget(number, nonce);
                return AuthenticationVerdict::NetworkRefused;
            }
            (_, _, Some(response)) => check(head, &credentials, nonce, &response, kept),
            (Kind::Digest { .. }, _, None) => AuthenticationVerdict::Rejected,
        };
        match verdict {
            AuthenticationVerdict::Accepted if matches!(kept.kind, Kind::Aka { .. }) => {
                self.forget(number, nonce)
            }
            AuthenticationVerdict::Rejected => {
                kept.wrong += 1;
                if kept.wrong >= MAX_WRONG {
                    self.forget(number, nonce);
                }
            }
            _ => {}
        }
        verdict
    }

    fn forget(&mut self, number: u64, nonce: &str) {
        self.by_nonce.remove(nonce);
        self.values.remove(&number);
    }

    /// Forgets one if it is still there.
    fn forget_kept(&mut self, number: u64, nonce: &str) {
        if is_kept(&self.by_nonce, number, nonce) {
            self.forget(number, nonce);
        }
    }

    /// Makes room.
    fn forget_oldest(&mut self) {
        let oldest = self.queues.iter_mut().filter(|queue| !queue.is_empty());
        let oldest = oldest.min_by_key(|queue| queue.front().map(|(number, _)| *number));
        match oldest.and_then(VecDeque::pop_front) {
            Some((number, nonce)) => self.forget_kept(number, &nonce),
            // What is kept stands in a queue.
            None => self.by_nonce.clear(),
        }
    }

    fn resynchronise(&mut self, private_identity: &str, with: Resynchronisation, now_ms: u64) {
        while self.resynchronising.len() >= self.max_resynchronisations {
            self.forget_resynchronisation();
        }
        self.resynchronising.push_back((now_ms, private_identity.into()));
        self.resynchronisations.insert(private_identity.into(), (now_ms, with));
    }

    /// Forgets the oldest, unless it was taken or another came since.
    fn forget_resynchronisation(&mut self) {
        let Some((made_ms, identity)) = self.resynchronising.pop_front() else { return };
        if self.resynchronisations.get(&identity).is_some_and(|(at, _)| *at == made_ms) {
            self.resynchronisations.remove(&identity);
        }
    }

    /// Forgets what has waited too long.
    fn expire(&mut self, now_ms: u64) {
        for at in 0..self.queues.len() {
            while let Some((number, nonce)) = self.queues[at].front() {
                let kept = self.by_nonce.get(&**nonce).filter(|kept| kept.number == *number);
                if kept.is_some_and(|kept| kept.made_ms + kept.kind.lifetime() > now_ms) {
                    break;
                }
                if let Some((number, nonce)) = self.queues[at].pop_front() {
                    self.forget_kept(number, &nonce);
                }
            }
        }
        while self.resynchronising.front().is_some_and(|(at, _)| *at + REG_AWAIT_AUTH_MS <= now_ms) {
            self.forget_resynchronisation();
        }
    }
}

/// Whether this nonce is still that of this challenge.
fn is_kept(by_nonce: &HashMap<Box<str>, Kept>, number: u64, nonce: &str) -> bool {
    by_nonce.get(nonce).is_some_and(|kept| kept.number == number)
}

/// An AKA vector (RFC 3310 §3.2): nonce, what is kept, and the header field's value with the keys for the P-CSCF.
fn aka(
    item: &SipAuthDataItem,
    private_identity: &str,
    realm: &str,
    number: u64,
    now_ms: u64,
) -> Result<(Box<str>, Kept, Vec<u8>), CxFailure> {
    let version = match item.sip_authentication_scheme.as_deref() {
        None => AkaVersion::V1,
        // The vector is the same whatever the hash; the one that is offered is that of RFC 4169.
        Some(scheme) if scheme.starts_with("Digest-AKAv2") => AkaVersion::V2,
        Some(scheme) if scheme.starts_with("Digest-AKAv1") => AkaVersion::V1,
        Some(_) => return Err(CxFailure::Malformed),
    };
    let authenticate = item.sip_authenticate.as_deref().ok_or(CxFailure::Malformed)?;
    let xres = item.sip_authorization.as_ref().ok_or(CxFailure::Malformed)?.expose();
    let key = |key: &Option<diameter::Secret>| key.as_ref().map(|key| key.expose().to_vec());
    let (ck, ik) = (key(&item.confidentiality_key), key(&item.integrity_key));
    let (rand, rest) = authenticate.split_first_chunk::<16>().ok_or(CxFailure::Malformed)?;
    let (autn, server_data) = rest.split_first_chunk::<16>().ok_or(CxFailure::Malformed)?;
    if !(4..=16).contains(&xres.len()) {
        return Err(CxFailure::Malformed);
    }
    let challenge = ims::aka::Challenge { rand: *rand, autn: *autn, server_data: server_data.to_vec() };
    let nonce = challenge.to_nonce();
    // The keys that the P-CSCF gets are the phone's: those of the vector, or in AKAv2 what is derived from them, whose
    // originals never leave (RFC 4169 §3).
    let (ha1, ck, ik) = match version {
        AkaVersion::V1 => (auth::ha1(private_identity, realm, xres, Algorithm::Md5), ck, ik),
        AkaVersion::V2 => {
            let fixed = |key: &Option<Vec<u8>>| key.as_deref().and_then(|key| <[u8; 16]>::try_from(key).ok());
            let res = <[u8; 8]>::try_from(xres).map_err(|_| CxFailure::Malformed)?;
            let (ck, ik) = fixed(&ck).zip(fixed(&ik)).ok_or(CxFailure::Malformed)?;
            let (ck, ik) = (ims::aka::Secret::new(ck), ims::aka::Secret::new(ik));
            let password = ims::aka::akav2_password(&ims::aka::Secret::new(res), &ck, &ik);
            let ha1 = auth::ha1(private_identity, realm, password, Algorithm::Md5);
            let (ck, ik) = (ims::aka::akav2_cipher_key(&ck), ims::aka::akav2_integrity_key(&ik));
            (ha1, Some(ck.expose().to_vec()), Some(ik.expose().to_vec()))
        }
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut value =
        format!("Digest realm=\"{}\",nonce=\"{nonce}\",algorithm={}", quoted(realm), version.algorithm());
    for (name, key) in [("ck", &ck), ("ik", &ik)] {
        if let Some(key) = key {
            value.push_str(&format!(",{name}=\"{}\"", hex(key)));
        }
    }
    value.push_str(",qop=\"auth\"");
    let kept = Kept {
        number,
        private_identity: private_identity.into(),
        realm: realm.into(),
        ha1,
        kind: Kind::Aka { rand: *rand },
        made_ms: now_ms,
        wrong: 0,
    };
    Ok((nonce.into(), kept, value.into_bytes()))
}

/// Without what would end a quoted string.
fn quoted(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '"' | '\\') && !character.is_control()).collect()
}

/// Whether the response is right, and for SIP Digest its count new.
fn check(
    head: Head<'_>,
    credentials: &Credentials<'_>,
    nonce: &str,
    given: &[u8],
    kept: &mut Kept,
) -> AuthenticationVerdict {
    let (uri, qop) = (credentials.param("uri"), credentials.param("qop"));
    let (nc, cnonce) = (credentials.param("nc"), credentials.param("cnonce"));
    let Some(uri) = uri else { return AuthenticationVerdict::Rejected };
    let values = match &qop {
        None => None,
        Some(token) => match (Qop::from_name(token), &nc, &cnonce) {
            (Some(qop), Some(nc), Some(cnonce)) => Some(QopValues { qop, nc, cnonce }),
            _ => return AuthenticationVerdict::Rejected,
        },
    };
    let exchange = Exchange {
        method: head.method_token(),
        uri: &uri,
        nonce: nonce.as_bytes(),
        qop: values,
        body: head.body(),
    };
    let right = Hash::from_hex(kept.ha1.algorithm(), given)
        .is_some_and(|given| auth::response(&kept.ha1, &exchange) == given);
    if !right {
        return AuthenticationVerdict::Rejected;
    }
    if let Kind::Digest { count } = &mut kept.kind {
        // Without qop the count is not in the response: anybody can write it.
        let new = nc.as_deref().filter(|_| qop.is_some());
        let new = new.and_then(|nc| u32::from_str_radix(std::str::from_utf8(nc).ok()?, 16).ok());
        match new {
            Some(new) if new > *count => *count = new,
            // Without a count the nonce would be good once; with an old one it is a replay.
            _ if *count > 0 => return AuthenticationVerdict::Stale,
            _ => *count = 1,
        }
    }
    AuthenticationVerdict::Accepted
}
