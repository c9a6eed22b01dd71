#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xmpp_fuzz_checks::jid::check(data));
