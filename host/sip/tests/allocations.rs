//! Parsing allocates twice, and once more for the top Via of what came from the network, however many header fields there are; reading and printing do not.

// A counting allocator cannot be written without unsafe; it stays in this test.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use strowger_sip::{Draft, HeaderId, Message};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<T>(what: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.with(Cell::get);
    let value = what();
    (COUNT.with(Cell::get) - before, value)
}

fn request(more: usize) -> Vec<u8> {
    [
        "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;rport;branch=z9hG4bK1\r\n",
        "Max-Forwards: 70\r\nTo: Bob <sip:bob@biloxi.com>\r\nFrom: \"Al\" <sip:alice@atlanta.com>;tag=1\r\n",
        "Call-ID: a84b4c76e66710\r\nCSeq: 1 INVITE\r\nRoute: <sip:p1;lr>, <sip:p2;lr>\r\nContact: <sip:a@h>\r\n",
        &"X-More: something\r\n".repeat(more),
        "Content-Length: 2\r\n\r\nhi",
    ]
    .concat()
    .into_bytes()
}

#[test]
fn parsing_allocates_two_or_three_times() {
    let source = "192.0.2.1:5070".parse().unwrap();
    for more in [0, 10, 30] {
        let bytes = request(more);
        assert_eq!(counted(|| Message::parse_datagram(&bytes)).0, 2, "{more} more header fields");
        assert_eq!(counted(|| Message::parse_stream(&bytes)).0, 2, "{more} more header fields");
        assert_eq!(
            counted(|| Message::parse_datagram_from(&bytes, source)).0,
            3,
            "{more} more header fields"
        );
    }
    let (count, message) = counted(|| Message::parse_datagram(&request(200)));
    assert!(count < 10 && message.is_ok(), "beyond the inline spans: {count}");
}

#[test]
fn reading_does_not_allocate() {
    let message = Message::parse_datagram(&request(0)).unwrap();
    let (count, ok) = counted(|| {
        let head = message.head();
        head.via().unwrap().branch().is_some()
            && head.from().unwrap().uri().is_ok()
            && head.to().unwrap().uri().is_ok()
            && head.cseq().is_ok()
            && head.max_forwards().is_ok()
            && head.routes().all(|route| route.unwrap().uri().unwrap().is_loose())
            && head.contacts().all(|contact| contact.is_ok())
            && strowger_sip::validate(&head).is_ok()
    });
    assert_eq!((count, ok), (0, true));
}

#[test]
fn printing_into_a_vector_with_room_does_not_allocate() {
    let message = Message::parse_datagram(&request(0)).unwrap();
    let mut out = Vec::with_capacity(4096);
    let (count, ()) = counted(|| {
        let mut draft = Draft::forward(message.head());
        draft.set_request_uri("sip:bob@192.0.2.4");
        draft.prepend(HeaderId::VIA, "SIP/2.0/UDP p1;branch=z9hG4bK2");
        draft.prepend(HeaderId::RECORD_ROUTE, "<sip:p1;lr>");
        draft.put(HeaderId::MAX_FORWARDS, 69_u32);
        draft.remove(6);
        draft.print(&mut out);
    });
    assert_eq!(count, 0);
    assert!(Message::parse_datagram(&out).is_ok());
}
