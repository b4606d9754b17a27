//! libqdq's C functions: what they are told, and failures that ONNX Runtime can carry.

use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use ort_sys::{ONNXTensorElementDataType, OrtErrorCode};
use qdq::capi::*;

use crate::runtime::{Failure, Run, Tensor};

/// Attributes and a range that stay as they are, made ready.
pub struct Quantizer(*mut qdq_quantizer);

// SAFETY: libqdq's: immutable once made; any number of threads may use one, and any thread may destroy it.
unsafe impl Send for Quantizer {}
// SAFETY: as above.
unsafe impl Sync for Quantizer {}

impl Quantizer {
    pub fn new(attrs: &qdq_attrs, dtype: qdq_dtype, min: &Tensor<'_>, max: &Tensor<'_>) -> Result<Self, Failure> {
        let (min, max) = (view(min), view(max));
        let mut quantizer = ptr::null_mut();
        // SAFETY: the views are of tensors that are there.
        check(unsafe { qdq_quantizer_create(attrs, dtype, &min, &max, &mut quantizer) })?;
        Ok(Quantizer(quantizer))
    }

    pub fn apply(&self, run: &Run, input: &Tensor<'_>, output: &Tensor<'_>) -> Result<(), Failure> {
        let (input, output) = (view(input), view(output));
        // SAFETY: the views are of tensors that are there, and the output is the run's to write.
        check(unsafe { qdq_quantizer_apply(self.0, &executor(run), &input, &output) })
    }
}

impl Drop for Quantizer {
    fn drop(&mut self) {
        // SAFETY: made by qdq_quantizer_create, and nothing uses it any more.
        unsafe { qdq_quantizer_destroy(self.0) }
    }
}

/// The operation on the tensors of a run, with a range or without.
pub fn quantize_and_dequantize(
    run: &Run,
    attrs: &qdq_attrs,
    input: &Tensor<'_>,
    range: Option<&(Tensor<'_>, Tensor<'_>)>,
    output: &Tensor<'_>,
) -> Result<(), Failure> {
    let (input, output) = (view(input), view(output));
    let range = range.map(|(min, max)| (view(min), view(max)));
    let (min, max) = range.as_ref().map_or((ptr::null(), ptr::null()), |(min, max)| (&raw const *min, &raw const *max));
    // SAFETY: the views are of tensors that are there, and the output is the run's to write.
    check(unsafe { qdq_quantize_and_dequantize_v4(&input, min, max, attrs, &executor(run), &output) })
}

/// Checks attributes as the operation does, on a tensor of this rank that has no elements.
pub fn check_attributes(attrs: &qdq_attrs, dtype: qdq_dtype, rank: usize) -> Result<(), Failure> {
    let shape = vec![0; rank];
    // A rank beyond i32 is none: the library says so.
    let rank = i32::try_from(rank).unwrap_or(i32::MAX);
    let nothing =
        qdq_tensor { data: ptr::null_mut(), shape: shape.as_ptr(), strides: ptr::null(), rank, dtype, flags: 0 };
    let attrs = qdq_attrs { range_given: 0, ..*attrs };
    // SAFETY: nothing is read or written of a tensor that has no elements.
    check(unsafe { qdq_quantize_and_dequantize_v4(&nothing, ptr::null(), ptr::null(), &attrs, ptr::null(), &nothing) })
}

/// The defaults.
pub fn default_attributes() -> Result<qdq_attrs, Failure> {
    let mut attrs = MaybeUninit::uninit();
    // SAFETY: there is room for a struct of this size.
    check(unsafe { qdq_attrs_init(attrs.as_mut_ptr(), size_of::<qdq_attrs>()) })?;
    // SAFETY: it was filled in.
    Ok(unsafe { attrs.assume_init() })
}

/// libqdq's number of an element type; 0, which it refuses, of one that it does not have.
pub fn dtype(element: ONNXTensorElementDataType) -> qdq_dtype {
    match element {
        ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT => QDQ_DTYPE_F32,
        ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE => QDQ_DTYPE_F64,
        ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 => QDQ_DTYPE_F16,
        ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 => QDQ_DTYPE_BF16,
        _ => 0,
    }
}

fn view(tensor: &Tensor<'_>) -> qdq_tensor {
    qdq_tensor {
        data: tensor.data,
        shape: tensor.shape.as_ptr(),
        strides: ptr::null(),
        rank: i32::try_from(tensor.shape.len()).unwrap_or(i32::MAX),
        dtype: dtype(tensor.element),
        flags: 0,
    }
}

/// The session's threads. It does not say how many they are: the work is divided for as many as there are cores.
fn executor(run: &Run) -> qdq_executor {
    qdq_executor {
        struct_size: size_of::<qdq_executor>(),
        num_threads: 0,
        reserved: 0,
        parallel_for: Some(parallel_for),
        host_data: (&raw const *run).cast_mut().cast(),
    }
}

unsafe extern "C" fn parallel_for(host_data: *mut c_void, count: usize, task: qdq_task, data: *mut c_void) -> i32 {
    // SAFETY: libqdq passes the executor's host_data on, during the call that was given the executor.
    let run = unsafe { &*host_data.cast_const().cast::<Run>() };
    // SAFETY: libqdq's task: for any thread, and it does not unwind.
    let is_done = task.is_some_and(|task| unsafe { run.parallel_for(count, task, data) });
    if is_done { 0 } else { 1 }
}

fn check(status: qdq_status) -> Result<(), Failure> {
    let code = match status {
        QDQ_STATUS_OK => return Ok(()),
        QDQ_STATUS_OUT_OF_MEMORY | QDQ_STATUS_INTERNAL | QDQ_STATUS_EXECUTOR => OrtErrorCode::ORT_RUNTIME_EXCEPTION,
        _ => OrtErrorCode::ORT_INVALID_ARGUMENT,
    };
    // SAFETY: a C string of this thread, copied before its next failure.
    let sentence = unsafe { CStr::from_ptr(qdq_last_error()) };
    Err(Failure::new(code, sentence.to_string_lossy()))
}
