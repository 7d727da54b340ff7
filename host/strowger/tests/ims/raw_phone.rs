//! A phone that says what the test wants it to say: a UDP socket with a card.

use auth::{Algorithm, Exchange, Qop, QopValues};
use ims::aka::{Challenge, Isim};

use crate::DOMAIN;
use crate::network::Network;
use crate::subscribers::{Card, isim};
use crate::support::peer::credentials_for;
use crate::support::{Message, PASSWORD, Peer, Request, unique};

/// A phone behind one UDP socket.
pub(crate) struct RawPhone {
    pub(crate) peer: Peer,
    pub(crate) card: Card,
    isim: Isim,
    pcscf: String,
    /// From the last 200 to a REGISTER.
    pub(crate) service_route: Vec<String>,
    /// The REGISTERs of one registration have one Call-ID (RFC 3261 §10.2).
    call_id: String,
    cseq: u32,
}

impl RawPhone {
    pub(crate) fn new(network: &Network, card: Card) -> RawPhone {
        RawPhone::on("127.0.0.1", network, card)
    }

    /// From this address.
    pub(crate) fn on(address: &str, network: &Network, card: Card) -> RawPhone {
        RawPhone {
            peer: Peer::on(address, network.pcscf.at),
            card,
            isim: isim(),
            pcscf: network.pcscf.at.to_string(),
            service_route: Vec::new(),
            call_id: unique("register"),
            cseq: 0,
        }
    }

    #[track_caller]
    pub(crate) fn registered(network: &Network, card: Card) -> RawPhone {
        let mut phone = RawPhone::new(network, card);
        let answered = phone.register("Expires: 600");
        assert_eq!(answered.status(), 200, "{}", answered.text());
        phone
    }

    /// A REGISTER without proof (TS 24.229 §5.1.1.2.2). `more`: further lines.
    pub(crate) fn registration(&mut self, more: &str) -> Request {
        self.cseq += 1;
        let Card { impi, impu, .. } = &self.card;
        let authorization = format!(
            "Authorization: Digest username=\"{impi}\",realm=\"{DOMAIN}\",nonce=\"\",uri=\"sip:{DOMAIN}\",response=\"\""
        );
        let mut request = Request::new("REGISTER", impu, impu).uri(&format!("sip:{DOMAIN}"));
        request.call_id.clone_from(&self.call_id);
        request.cseq = self.cseq;
        request.contact = !more.contains("Contact:");
        request.with("Supported: path").with(more).with(&authorization)
    }

    /// The same request with an answer to the challenge of this 401.
    pub(crate) fn proof(&mut self, request: &Request, challenged: &Message) -> Request {
        self.cseq += 1;
        let challenge = challenged.get("WWW-Authenticate").to_owned();
        let value = match self.card.is_sim {
            true => self.aka(&challenge, request),
            false => credentials_for(&challenge, request, &self.card.impi, PASSWORD, 1),
        };
        let mut again = request.again();
        again.cseq = self.cseq;
        let kept = again.more.lines().filter(|line| !line.starts_with("Authorization:"));
        again.more = kept.map(|line| format!("{line}\r\n")).collect();
        again.with(&format!("Authorization: {value}"))
    }

    /// RFC 3310 §3.3.
    fn aka(&mut self, challenge: &str, request: &Request) -> String {
        let nonce = parameter(challenge, "nonce");
        let Challenge { rand, autn, .. } = Challenge::from_nonce(nonce.as_bytes()).expect("RAND and AUTN");
        let keys = self.isim.authenticate(&rand, &autn).expect("the network proves itself");
        let ha1 = auth::ha1(&self.card.impi, DOMAIN, keys.res.expose(), Algorithm::Md5);
        let has_qop = !parameter(challenge, "qop").is_empty();
        let qop = has_qop.then_some(QopValues { qop: Qop::Auth, nc: b"00000001", cnonce: b"c0ffee" });
        let exchange = Exchange {
            method: request.method.as_bytes(),
            uri: request.uri.as_bytes(),
            nonce: nonce.as_bytes(),
            qop,
            body: b"",
        };
        let response = auth::response(&ha1, &exchange);
        let qop = if has_qop { ",qop=auth,nc=00000001,cnonce=\"c0ffee\"" } else { "" };
        format!(
            "Digest username=\"{}\",realm=\"{DOMAIN}\",nonce=\"{nonce}\",uri=\"{}\",algorithm=AKAv1-MD5,\
             response=\"{}\"{qop}",
            self.card.impi,
            request.uri,
            response.hex().as_str()
        )
    }

    /// Registers: the answer to the REGISTER with proof, or to the first where that is no 401.
    #[track_caller]
    pub(crate) fn register(&mut self, more: &str) -> Message {
        let request = self.registration(more);
        let challenged = self.peer.ask(&request);
        if challenged.status() != 401 {
            return challenged;
        }
        let proof = self.proof(&request, &challenged);
        let answered = self.peer.ask(&proof);
        if answered.status() == 200 {
            self.service_route = answered.list("Service-Route").into_iter().map(str::to_owned).collect();
        }
        answered
    }

    /// A request as a phone makes it: by its P-CSCF and the Service-Route (TS 24.229 §5.1.2A.1.1).
    pub(crate) fn request(&self, method: &str, to: &str) -> Request {
        let routes =
            [format!("<sip:{};lr>", self.pcscf)].into_iter().chain(self.service_route.iter().cloned());
        let routes: Vec<String> = routes.map(|route| format!("Route: {route}")).collect();
        self.bare(method, to).with(&routes.join("\n"))
    }

    /// A request without Route.
    pub(crate) fn bare(&self, method: &str, to: &str) -> Request {
        Request::new(method, &self.card.impu, to)
    }

    /// `sip:me@address:port`: its Contact.
    pub(crate) fn contact(&self) -> String {
        format!("sip:me@{}", self.peer.own())
    }
}

/// A parameter of a challenge; empty where there is none.
pub(crate) fn parameter(challenge: &str, name: &str) -> String {
    let parameters = challenge.trim_start_matches("Digest ").split(',');
    let named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let value = named.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).next();
    value.unwrap_or_default().trim_matches('"').to_owned()
}
