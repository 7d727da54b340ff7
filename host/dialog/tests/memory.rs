//! What a held dialog costs (the issue: at most 1.8 kB all in; this crate's part is to stay far below).

#![allow(unsafe_code)] // a counting allocator cannot be written without

mod call;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use call::{Path, request, response};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes a dialog may take, tables and a Call-ID of 36 bytes included, when 100,000 are held.
const BOUND: usize = 250;

#[test]
fn a_hundred_thousand_dialogs() {
    const DIALOGS: usize = 100_000;
    let before = HELD.load(Ordering::Relaxed);
    let mut path = Path::new(DIALOGS);
    for number in 0..DIALOGS {
        let call = format!("{number:08}-b2c4-4d6e-8f0a-1234567890ab");
        let invite = request("INVITE", &call, "alice", None, &[]);
        for status in [180, 200] {
            let answer = response(status, "INVITE", &call, "alice", "bob", &[]);
            path.dialogs.handle_response(path.now, &invite.head(), &answer.head(), 1);
        }
    }
    assert_eq!(path.dialogs.counts().confirmed, DIALOGS);
    let held = (HELD.load(Ordering::Relaxed) - before) / DIALOGS;
    println!("{held} bytes a dialog");
    assert!(held <= BOUND, "{held} bytes a dialog");

    for number in 0..DIALOGS {
        let call = format!("{number:08}-b2c4-4d6e-8f0a-1234567890ab");
        path.in_dialog("BYE", &call, ("bob", "alice"), 200, &[]);
        while path.dialogs.poll_output().is_some() {}
    }
    assert!(path.dialogs.is_empty());
    drop(path);
    assert!(HELD.load(Ordering::Relaxed) <= before + 4096, "something stays behind");
}
