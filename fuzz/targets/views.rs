#![no_main]

use libfuzzer_sys::fuzz_target;
use qdq_fuzz::views::Views;

fuzz_target!(|call: Views| call.check());
