#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| maestro_fuzz::wait(input));
