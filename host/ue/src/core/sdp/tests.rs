use super::qos::{Status, Strength};
use super::*;

const OFFER: &str = "v=0\r\no=alice 1 1 IN IP4 192.0.2.9\r\ns=x\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=inactive\r\n\
    m=video 4002/2 RTP/AVP 31\r\nc=IN IP4 host.example.com\r\n\
    m=audio 4000 RTP/AVP 96 0\r\nb=AS:38\r\na=rtpmap:96 AMR/8000\r\na=sendrecv\r\n\
    a=curr:qos local none\r\na=curr:qos e2e send\r\na=curr:qos remote recv\r\n\
    a=des:qos mandatory local sendrecv\r\na=des:qos optional remote sendrecv\r\na=conf:qos remote sendrecv\r\n";

#[test]
fn streams_with_what_is_said_for_all_of_them() {
    let description = SessionDescription::parse(OFFER.as_bytes()).unwrap();
    let [video, audio] = &description.streams[..] else { panic!("two streams") };
    assert_eq!((video.port, video.address, video.direction), (4002, None, Direction::Inactive));
    assert!(!video.is_audio() && video.qos.is_none());
    assert_eq!(audio.address, Some("192.0.2.9".parse().unwrap()));
    assert!(audio.is_audio());
    let expected = Qos {
        local: Status::None,
        remote: Status::Recv,
        wants_local: Strength::Mandatory,
        wants_remote: Strength::Optional,
        confirm: true,
    };
    assert_eq!((audio.direction, audio.qos), (Direction::SendRecv, Some(expected)));
}

#[test]
fn what_is_printed_is_read_again() {
    let local = "[2001:db8::1]:4000".parse().unwrap();
    let video = SessionDescription::parse(OFFER.as_bytes()).unwrap().streams.remove(0).rejected();
    let qos = Some(Qos { confirm: true, ..Qos::first(false) });
    let streams = vec![video, Stream::audio(local, Direction::SendOnly, qos)];
    let printed = SessionDescription { streams }.print(7, 2, local.ip());
    let text = String::from_utf8(printed.clone()).unwrap();
    assert!(text.starts_with(
        "v=0\r\no=- 7 2 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=video 0 "
    ));
    let read = SessionDescription::parse(&printed).unwrap();
    assert_eq!(read.streams[1], Stream::audio(local, Direction::SendOnly, qos));
    assert_eq!(read.streams[0].port, 0);
}

#[test]
fn what_is_no_description() {
    let parse = |text: &str| SessionDescription::parse(text.as_bytes());
    assert_eq!(parse(""), Err(SdpError::Malformed { line: 1 }));
    assert_eq!(parse("v=1\r\n"), Err(SdpError::Malformed { line: 1 }));
    assert_eq!(parse("v=0\nhello"), Err(SdpError::Malformed { line: 2 }));
    for wrong in ["m=audio", "m=audio x RTP/AVP 0", "m=audio 70000 RTP/AVP 0", "c=IN IP4"] {
        assert_eq!(parse(&format!("v=0\r\n{wrong}\r\n")), Err(SdpError::Malformed { line: 2 }), "{wrong}");
    }
}

#[test]
fn every_bound_is_reached() {
    let streams = |count: usize| format!("v=0\r\n{}", "m=audio 4 RTP/AVP 0\r\n".repeat(count));
    assert!(SessionDescription::parse(streams(MAX_STREAMS).as_bytes()).is_ok());
    let too_many = Err(SdpError::TooMany { what: "streams", limit: MAX_STREAMS });
    assert_eq!(SessionDescription::parse(streams(MAX_STREAMS + 1).as_bytes()), too_many);
    let formats = |count: usize| format!("v=0\r\nm=audio 4 RTP/AVP{}\r\n", " 0".repeat(count));
    assert!(SessionDescription::parse(formats(MAX_FORMATS).as_bytes()).is_ok());
    let too_many = Err(SdpError::TooMany { what: "formats", limit: MAX_FORMATS });
    assert_eq!(SessionDescription::parse(formats(MAX_FORMATS + 1).as_bytes()), too_many);
    let long = format!("v=0\r\ns={}\r\n", "x".repeat(MAX_SESSION_DESCRIPTION));
    let too_many = Err(SdpError::TooMany { what: "bytes", limit: MAX_SESSION_DESCRIPTION });
    assert_eq!(SessionDescription::parse(long.as_bytes()), too_many);
}

#[test]
fn preconditions_are_met_when_each_mandatory_side_is_ready() {
    let ours = Qos::first(false);
    assert!(!ours.is_met());
    assert!(ours.reserved(true).is_met(), "the other side has not said that it needs anything");
    let theirs = Qos::first(false);
    let both = ours.reserved(true).heard(theirs);
    assert_eq!(both.wants_remote, Strength::Mandatory);
    assert!(!both.is_met());
    assert!(both.heard(theirs.reserved(true)).is_met());
    assert!(!ours.heard(theirs.reserved(true)).is_met(), "ours is not reserved");
}
