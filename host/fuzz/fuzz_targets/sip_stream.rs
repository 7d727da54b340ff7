//! A stream of messages: framed and parsed. The body is `sip::fuzzing::stream`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sip::fuzzing::stream(bytes));
