#![no_main]

use libfuzzer_sys::fuzz_target;
use qdq_fuzz::gradient::Gradient;

fuzz_target!(|call: Gradient| call.check());
