//! A peer that is told anything, and two nodes in any world. The body is `diameter::fuzzing::peer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| diameter::fuzzing::peer(std::time::Instant::now(), bytes));
