//! The operator `QuantizeAndDequantize` of the domain `qdq` for ONNX Runtime 1.17 and newer, as a custom-op library:
//! libqdq behind ONNX Runtime's C API, in one file that needs nothing else.
//!
//! ```text
//! lib.rs         RegisterCustomOps, the one function that ONNX Runtime looks up
//! operator.rs    the operator as ONNX Runtime sees it: names, types, shape inference; one table for each element type
//! kernel.rs      a node of a model: made once from its attributes, run any number of times
//! attributes.rs  a node's attributes to those of libqdq
//! library.rs     libqdq's C functions, with failures that ONNX Runtime can carry
//! runtime.rs     ONNX Runtime's C functions, with owners for what they hand out
//! ```
//!
//! libqdq is called through its C functions, as any host would, but is linked in.

mod attributes;
mod kernel;
mod library;
mod operator;
mod runtime;

use std::ffi::CStr;

use ort_sys::{OrtApi, OrtApiBase, OrtErrorCode, OrtSessionOptions, OrtStatusPtr};

use runtime::Runtime;

/// The version of ONNX Runtime's C API that the operator needs: that of 1.17, the first with `KernelContext_ParallelFor`
/// and with shape inference for custom operators.
const API_VERSION: u32 = 17;

/// Adds the operator to a session's options. ONNX Runtime looks this function up by its name.
///
/// # Safety
///
/// The arguments are what ONNX Runtime passes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RegisterCustomOps(options: *mut OrtSessionOptions, base: *const OrtApiBase) -> OrtStatusPtr {
    // SAFETY: ONNX Runtime passes its own base.
    let base = unsafe { &*base };
    // SAFETY: a function of the base.
    let api = unsafe { (base.GetApi)(API_VERSION) };
    if api.is_null() {
        return too_old(base);
    }
    // SAFETY: the table has the version that was asked for.
    let runtime = unsafe { Runtime::new(api) };
    // SAFETY: the options are what ONNX Runtime passes.
    runtime.guard(|| unsafe { operator::register(runtime, can_infer_shapes(base), options) })
}

/// ONNX Runtime up to 1.23 crashes where it is to infer shapes of an operator of which an optional input was left out.
fn can_infer_shapes(base: &OrtApiBase) -> bool {
    // SAFETY: a function of the base, which gives a C string for ever. Asked for a table that it does not have, the runtime
    // would print so.
    let version = unsafe { CStr::from_ptr((base.GetVersionString)()) };
    let mut numbers = version.to_str().unwrap_or_default().split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(1), Some(24))
}

/// The status that says so, made with the oldest table: every runtime has it.
fn too_old(base: &OrtApiBase) -> OrtStatusPtr {
    const TEXT: &CStr = c"qdq: this runtime is too old; expected ONNX Runtime 1.17 or newer";
    // SAFETY: a function of the base.
    let api: *const OrtApi = unsafe { (base.GetApi)(1) };
    // SAFETY: CreateStatus is the first function of every version's table; no reference to the whole table is made.
    unsafe { ((*api).CreateStatus)(OrtErrorCode::ORT_FAIL, TEXT.as_ptr()) }
}
