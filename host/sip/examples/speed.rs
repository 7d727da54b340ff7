//! How long the hot path takes: parse, eight typed reads, print with a Via and a Record-Route more.
//!
//! `cargo run --release -p strowger-sip --example speed`. The least of many rounds, in ns a message; neighbours make
//! single rounds slower, never faster.

use std::hint::black_box;
use std::time::Instant;

use strowger_sip::{Draft, HeaderId, Message, frame, respond, validate, view};

/// An INVITE as a phone sends it through an IMS: 17 header fields and an offer.
const INVITE: &str = "\
INVITE sip:+4930123456@ims.example.com;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK-524287-1---7f2a9c3d1e5b;rport
Max-Forwards: 70
Route: <sip:pcscf.visited.example.net:5060;lr>
From: \"Alice\" <sip:alice@ims.example.com>;tag=4fa3b2c1
To: <sip:+4930123456@ims.example.com;user=phone>
Call-ID: 9c1d5a2b7e3f4a60@192.0.2.17
CSeq: 4711 INVITE
Contact: <sip:alice@192.0.2.17:5060>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"
Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, MESSAGE
Supported: 100rel, timer, path
P-Preferred-Identity: <sip:alice@ims.example.com>
P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=2620112340ABCDE
Accept: application/sdp
Session-Expires: 1800;refresher=uac
User-Agent: Phone/1.0
Content-Type: application/sdp
Content-Length: 190

v=0
o=- 3744 3744 IN IP4 192.0.2.17
s=-
c=IN IP4 192.0.2.17
t=0 0
m=audio 49152 RTP/AVP 96 97 0
a=rtpmap:96 AMR-WB/16000
a=rtpmap:97 telephone-event/16000
a=sendrecv
a=ptime:20
a=maxptime:40
";

fn main() {
    let head_and_body = INVITE.replace('\n', "\r\n");
    let body = head_and_body.len() - head_and_body.find("\r\n\r\n").map_or(0, |at| at + 4);
    let bytes = head_and_body.replace("Length: 190", &format!("Length: {body}")).into_bytes();
    let source = "192.0.2.17:5060".parse().expect("an address");
    let parse = || Message::parse_datagram(black_box(&bytes)).expect("it parses");
    let message = parse();
    let mut out = Vec::with_capacity(4096);
    println!("{} bytes, {} header fields", bytes.len(), message.spans().len());
    measure("copy the message", || drop(black_box(black_box(&bytes).clone())));
    measure("parse", || drop(black_box(parse())));
    measure("parse and stamp", || drop(black_box(Message::parse_datagram_from(black_box(&bytes), source))));
    measure("frame", || _ = black_box(frame(black_box(&bytes))));
    measure("validate", || _ = black_box(validate(&black_box(&message).head())));
    measure("8 typed reads", || read(black_box(&message)));
    measure("print with Via and Record-Route", || print(black_box(&message), &mut out));
    measure("parse, 8 reads, print", || {
        let message = parse();
        read(&message);
        print(&message, &mut out);
    });
    measure("parse and 8 reads", || {
        let message = parse();
        read(&message);
    });
    measure("respond", || {
        out.clear();
        respond(black_box(&message).head(), 180, "", Some("a1b2c3"), &mut out, |_| {});
        black_box(&out);
    });
    measure("write a view", || {
        out.clear();
        view::write(black_box(&message).head(), false, &mut out);
        black_box(&out);
    });
}

fn read(message: &Message) {
    let head = message.head();
    let via = head.via().expect("Via");
    black_box((via.host, via.port, via.branch()));
    let from = head.from().expect("From");
    black_box((from.uri().expect("a URI").host(), from.tag()));
    let to = head.to().expect("To");
    black_box((to.uri().expect("a URI").host(), to.tag()));
    black_box(head.call_id().expect("Call-ID"));
    black_box(head.cseq().expect("CSeq").number);
    black_box(head.max_forwards().expect("Max-Forwards"));
    black_box(head.routes().next().expect("Route").expect("Route").uri().expect("a URI").is_loose());
    black_box(head.contacts().next().expect("Contact").expect("Contact"));
}

fn print(message: &Message, out: &mut Vec<u8>) {
    out.clear();
    let mut draft = Draft::forward(message.head());
    draft.prepend(HeaderId::VIA, "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK00112233445566778899aabb");
    draft.prepend(HeaderId::RECORD_ROUTE, "<sip:198.51.100.1:5060;lr>");
    draft.put(HeaderId::MAX_FORWARDS, 69_u32);
    draft.print(out);
    black_box(out);
}

fn measure(name: &str, mut what: impl FnMut()) {
    const ROUNDS: usize = 400;
    const CALLS: u32 = 500;
    let least = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| what());
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{:>6} ns  {name}", (least / CALLS).as_nanos());
}
