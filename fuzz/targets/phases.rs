#![no_main]

use libfuzzer_sys::fuzz_target;
use qdq_fuzz::phases::Phases;

fuzz_target!(|phases: Phases| phases.check());
