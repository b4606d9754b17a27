//! TensorFlow's `quantize_and_dequantize_v4` (fake quantization) and its gradient, for bfloat16, half, float32 and
//! float64, per tensor or per axis: TensorFlow's bits at the speed of memory, behind a C ABI.
//!
//! # Map
//!
//! Data goes one way: C call -> checks -> attributes and layout -> plan -> executor -> kernel. After the plan nothing
//! can fail.
//!
//! ```text
//! api.rs        the Rust API
//! capi/         the C boundary: include/qdq.h is generated from it
//! status.rs     the numbered failures and their words
//! attrs.rs      attributes, validated once
//! layout.rs     shape, axis and strides to rows a kernel can run
//! overlap.rs    whether strided views share memory
//! operation.rs  the phases of a call in turn:
//! ranges.rs         each channel's range, given or gathered
//! quantizer.rs      the parameters, and what is done with them: apply, gradient, quantize, dequantize
//! channels.rs   the channels' ranges and parameters, an array for each
//! spec.rs       the formulas; nothing else knows them
//! plan.rs       who does what: the pieces of a pass
//! exec/         running them; buffers shared by tasks; the floating-point environment
//! kernel/       the kernels, once, generic over element and vector; one sweep walks all their matrices
//! simd/         the vectors of each instruction set, memory they read and write, and the one switch that picks
//! ```
//!
//! # Numeric contract
//!
//! Every operation of the formulas is one IEEE 754 operation in float32 (float64 for float64), rounded to nearest even;
//! no fused multiply-add, no reassociation, no flush to zero. Results are equal bit for bit on every instruction set, at
//! every number of threads, alignment and floating-point environment of the caller. Only which NaN a NaN result is (its
//! sign and payload) is unspecified.

#![deny(unsafe_code)]

mod api;
mod attrs;
#[allow(unsafe_code)]
pub mod capi;
mod channels;
#[allow(unsafe_code)]
mod exec;
mod kernel;
mod layout;
mod operation;
mod overlap;
mod plan;
mod quantizer;
mod ranges;
#[allow(unsafe_code)]
mod simd;
mod spec;
mod status;

pub use api::{
    Attributes, Code, Element, Error, Executor, Quantizer, Range, quantize_and_dequantize,
    quantize_and_dequantize_grad, quantize_and_dequantize_in_place, update_range,
};
pub use attrs::{Arithmetic, Degenerate, RoundMode};
pub use status::Status;

/// Switches to the kernels of the named instruction set, between calls, and tells whether they are now in use.
#[cfg(fuzzing)]
pub fn switch_isa(name: &std::ffi::CStr) -> bool {
    simd::Isa::switch_to(name)
}
