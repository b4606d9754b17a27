//! Structured fuzzing of the C functions: inputs are descriptions of calls, valid ones and broken ones, and every call is
//! checked on every instruction set that the processor has.
//!
//! ```text
//! dice.rs       the fuzzer's bytes as choices
//! describe.rs   attributes, executors, shapes, strides, values: what calls are made of
//! memory.rs     bytes with guards around them, which AddressSanitizer watches
//! scene.rs      the tensors of a call in such memory, apart or not
//! workers.rs    attributes and executors as C has them; a host that runs tasks backwards, skips them, or fails
//! rules.rs      the header's rules: which statuses a call may end with
//! oracle.rs     the expected numbers, by the naive reference of the library's tests
//! run.rs        a call on each instruction set, and what holds for all calls
//! case.rs       a call of the operation or its gradient, typed or on views
//! forward.rs  gradient.rs  views.rs  phases.rs      the targets
//! ```
//!
//! The rules know nothing of the order in which the library checks: where one rule is broken its status is expected, where
//! several are, one of theirs.

#![feature(cfg_sanitize)]

// The library's tests know how to compute everything naively, and what numbers are worth a try.
#[path = "../../tests/common/channel.rs"]
pub mod channel;
#[path = "../../tests/common/data.rs"]
pub mod data;
#[path = "../../tests/common/element.rs"]
pub mod element;
#[path = "../../tests/common/reference.rs"]
pub mod reference;

pub mod case;
pub mod describe;
pub mod dice;
pub mod forward;
pub mod gradient;
pub mod memory;
pub mod oracle;
pub mod phases;
pub mod rules;
pub mod run;
pub mod scene;
pub mod views;
pub mod workers;

/// Evaluates `$body` with `$T` as the type of a dtype; of one that has no elements, f32, which then goes unused.
#[macro_export]
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            qdq::capi::QDQ_DTYPE_F64 => {
                type $T = f64;
                $body
            }
            qdq::capi::QDQ_DTYPE_F16 => {
                type $T = half::f16;
                $body
            }
            qdq::capi::QDQ_DTYPE_BF16 => {
                type $T = half::bf16;
                $body
            }
            _ => {
                type $T = f32;
                $body
            }
        }
    };
}
