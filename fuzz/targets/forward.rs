#![no_main]

use libfuzzer_sys::fuzz_target;
use qdq_fuzz::forward::Forward;

fuzz_target!(|call: Forward| call.check());
