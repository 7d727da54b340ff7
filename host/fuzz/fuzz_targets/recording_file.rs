//! Recordings of calls, whoever wrote them. The body is `recording::fuzzing::file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| recording::fuzzing::file(bytes));
