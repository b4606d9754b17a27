//! The C boundary: include/qdq.h is generated from here.
//!
//! ```text
//! functions.rs  one short function for each symbol
//! guard.rs      a call's frame: panics and errors to statuses, the floating-point environment
//! structs.rs    the caller's structs, checked, to validated attributes and an executor
//! dense.rs      the typed calls: the caller's pointers, checked, to buffers; then the operation
//! region.rs     one pointer argument: NULL, alignment, overlap
//! views.rs      the calls on views, likewise
//! tensor.rs     one qdq_tensor argument: its addresses, overlap, dtype
//! dtype.rs      which type each dtype is
//! quantizer.rs  prepared quantizers of any element type
//! error.rs      the thread's last error, and the statuses' names
//! types.rs      the C types and constants
//! ```
//!
//! Rust programs have no need of it: unlike the rest of the crate it trusts what its callers say of their pointers.

#![allow(
    non_camel_case_types,
    clippy::missing_safety_doc,
    missing_docs,
    reason = "C names; the header's comments are C's"
)]
#![allow(clippy::too_many_arguments, reason = "the C API's")]
#![allow(rustdoc::broken_intra_doc_links, reason = "an index in C is no link")]

mod dense;
mod dtype;
mod error;
mod functions;
mod guard;
mod quantizer;
mod region;
mod structs;
mod tensor;
mod types;
mod views;

pub use functions::*;
pub use types::*;
