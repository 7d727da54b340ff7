//! A stream of messages: cut, parsed, read, refused. The body is `diameter::fuzzing::message`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| diameter::fuzzing::message(bytes));
