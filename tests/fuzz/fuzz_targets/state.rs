#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcollective_fuzz::state::check(data));
