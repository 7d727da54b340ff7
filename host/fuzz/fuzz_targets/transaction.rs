//! A transaction table and a TU of any behaviour. The body is `transaction::fuzzing::transaction`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transaction::fuzzing::transaction(bytes));
