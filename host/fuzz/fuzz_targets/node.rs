//! A node in a world of any behaviour. The body is `node::fuzzing::node`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| node::fuzzing::node(bytes));
