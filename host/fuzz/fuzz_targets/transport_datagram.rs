//! A datagram that may be STUN. The body is `transport::fuzzing::datagram`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transport::fuzzing::datagram(bytes));
