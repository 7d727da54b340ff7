//! A datagram: parsed, read, printed, changed, stamped, answered, viewed. The body is `sip::fuzzing::datagram`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sip::fuzzing::datagram(bytes));
