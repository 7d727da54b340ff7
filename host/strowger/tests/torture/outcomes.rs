//! What is to come of each message at a registrar and proxy, and why: thought out from the RFCs.
//!
//! The world they are sent into is in `world.rs`: senders are registered, phones answer 200. The words are those of
//! [`Seen::text`](crate::judge::Seen::text).

/// The outcome of one message.
pub(crate) struct Outcome {
    /// Of its row in the parser's table.
    pub(crate) name: &'static str,
    /// Over UDP.
    pub(crate) udp: &'static str,
    /// Over TCP.
    pub(crate) tcp: &'static str,
    pub(crate) why: &'static str,
}

/// The same over both.
const fn both(name: &'static str, outcome: &'static str, why: &'static str) -> Outcome {
    Outcome { name, udp: outcome, tcp: outcome, why }
}

/// One over UDP, another over TCP.
const fn each(name: &'static str, udp: &'static str, tcp: &'static str, why: &'static str) -> Outcome {
    Outcome { name, udp, tcp, why }
}

const TO_USER: &str = "forwarded to user@example.com; 200 comes back";
const TO_USER_AND_CLOSED: &str = "forwarded to user@example.com; 200 comes back; connection closed";
const BAD: &str = "400 Bad Request";
const BAD_AND_CLOSED: &str = "400 Bad Request; connection closed";
const CHALLENGED: &str = "401 Unauthorized";
const STRAY: &str = "dropped as stray response";

const GRAMMAR: &str = "§16.3 item 1: what breaks the grammar is refused before anything else is looked at";
const CREDENTIALS: &str = "a REGISTER for a domain of ours without credentials (§10.3 step 3)";
const NOT_OURS: &str = "its topmost Via is not ours (§18.1.2)";

#[rustfmt::skip]
pub(crate) const OUTCOMES: &[Outcome] = &[
    both("wsinv", "forwarded to services.example.com; 200 comes back",
        "a loose Route leads to another host; the branch without cookie is matched as RFC 2543 did (§17.2.3)"),
    both("intmeth", "forwarded to 1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com; 200 comes back",
        "a proxy forwards methods that it does not know (§16.1); the password is no part of the address-of-record"),
    both("esc01", "forwarded to sips%3Auser%40example.com@example.net; 200 comes back",
        "the escaped user part is a name of its own, and not user@example.com"),
    both("escnull", CHALLENGED, CREDENTIALS),
    both("esc02", "forwarded to registrar.example.com; 200 comes back",
        "the method is not REGISTER, so it goes to the host that it names as any other"),
    both("lwsdisp", TO_USER, "OPTIONS for a user is the user's to answer (§11)"),
    both("longreq", TO_USER, "all 34 Vias come back; the copy is longer than 1,300 bytes, and by UDP after all since the phone has no TCP (§18.1.1)"),
    each("dblreq", CHALLENGED, "401 Unauthorized; 407 Proxy Authentication Required; connection closed",
        "on a stream what follows is the next message: an INVITE of a caller who is not known by this connection. It is longer than its Content-Length, and the rest begins no message (§18.3)"),
    both("semiuri", "forwarded to user;par=u%40example.net@example.com; 200 comes back",
        "the whole user part is the name, and not user@example.com"),
    both("transports", TO_USER, "what transports others used is nothing to us"),
    both("mpart01", "forwarded to 127.0.0.1:5080 for kumiko@example.org; 200 comes back",
        "a Route without lr: a strict router, which gets the phone's address as the last Route (§16.6 item 6); every byte of the body arrives"),
    both("unreason", STRAY, NOT_OURS),
    both("noreason", STRAY, NOT_OURS),
    both("badinv01", BAD, "§16.3 item 1; who sent it can be read from the Via, so it can be told"),
    each("clerr", BAD, "waits for the rest", "a datagram is all there is; on a stream the rest may come (§18.3), and does not: the sender closes"),
    each("ncl", BAD, BAD_AND_CLOSED, "where a message has no end no other begins (§18.3)"),
    both("scalar02", BAD, GRAMMAR),
    both("scalarlg", "dropped as unparsable", "a response that breaks the grammar goes nowhere (RFC 4475 §3.1.2.5)"),
    both("quotbal", BAD, GRAMMAR),
    both("ltgtruri", BAD, GRAMMAR),
    both("lwsruri", BAD, GRAMMAR),
    both("lwsstart", BAD, GRAMMAR),
    both("trws", BAD, GRAMMAR),
    both("escruri", BAD, GRAMMAR),
    both("baddate", TO_USER, "a proxy does not judge what it does not need (§16.3 item 1)"),
    both("regbadct", BAD, GRAMMAR),
    both("badaspec", BAD, GRAMMAR),
    both("baddn", BAD, GRAMMAR),
    both("badvers", "505 Version Not Supported", "§21.5.6"),
    both("mismatch01", BAD, GRAMMAR),
    both("mismatch02", BAD, GRAMMAR),
    both("bigcode", "dropped as unparsable", "no response, and none is answered"),
    both("badbranch", TO_USER, "matched as RFC 2543 did (§17.2.3)"),
    both("insuf", BAD, GRAMMAR),
    both("unkscm", "416 Unsupported URI Scheme", "§16.3 item 2"),
    both("novelsc", "416 Unsupported URI Scheme", "§16.3 item 2"),
    both("unksm2", CHALLENGED, "a registrar asks who it is (§10.3 step 3) before it looks at To (step 5) and Contact (step 6)"),
    both("bext01", "420 Bad Extension, Unsupported: noProxiesSupportThis, norDoAnyProxiesSupportThis",
        "§16.3 item 5: Proxy-Require is a proxy's business, Require is not"),
    both("invut", TO_USER, "bodies are the user agent's"),
    both("regaut01", CHALLENGED, "credentials of an unknown scheme are none (§22.1): challenged with a scheme that we know"),
    both("multi01", BAD, GRAMMAR),
    each("mcl01", BAD, BAD_AND_CLOSED, "where a message has two ends none is believed (§18.3)"),
    both("bcast", STRAY, "its topmost Via is not ours (§18.1.2), and nothing goes to 255.255.255.255"),
    both("zeromf", "483 Too Many Hops", "§16.3 item 3: OPTIONS for a user would have to go on"),
    both("cparam01", CHALLENGED, CREDENTIALS),
    both("cparam02", CHALLENGED, CREDENTIALS),
    both("regescrt", CHALLENGED, CREDENTIALS),
    both("sdp01", TO_USER, "what the caller accepts is the user agent's business"),
    each("inv2543", "forwarded to UserB@example.com; 200 comes back",
        "forwarded to UserB@example.com without its body; 200 comes back; connection closed",
        "on a stream a message without Content-Length has no body (§18.3, §20.14), and SDP begins no message"),
    both("ipv6-good", CHALLENGED, CREDENTIALS),
    both("ipv6-bad", BAD, GRAMMAR),
    both("port-ambiguous", "502 No Common Transport",
        "2001:db8::10:5070 is somebody else's address, and this router has IPv4 only"),
    both("port-unambiguous", CHALLENGED, "port 5070 of 2001:db8::10 is ours: a REGISTER without credentials (§10.3 step 3)"),
    both("via-received-param-with-delim", "481 Call/Transaction Does Not Exist",
        "a BYE of no dialog to this element itself (§15.1.2); what it claims to be received from is not believed (§18.2.1)"),
    both("via-received-param-no-delim", "200 OK",
        "OPTIONS to this element itself (§11.2); what it claims to be received from is not believed (§18.2.1)"),
    each("ipv6-in-sdp", TO_USER, TO_USER_AND_CLOSED,
        "the address stands for our domain; its Content-Length is 10 bytes short, which begin no message on a stream (§18.3)"),
    both("mult-ip-in-header", "forwarded to host.example.net; 200 comes back",
        "a dialog of others: it goes where its Request-URI points (§16.5)"),
    each("mult-ip-in-sdp", TO_USER, TO_USER_AND_CLOSED,
        "the address stands for our domain; its Content-Length is 8 bytes short, which begin no message on a stream (§18.3)"),
    each("ipv4-mapped-ipv6", TO_USER, TO_USER_AND_CLOSED,
        "the answer goes to where it came from, by the port of the sent-by; its Content-Length is 9 bytes short, which begin no message on a stream (§18.3)"),
    both("ipv6-bug-abnf-3-colons", TO_USER, "the same address as in the next message"),
    both("ipv6-correct-abnf-2-colons", TO_USER, "the address stands for our domain"),
];
