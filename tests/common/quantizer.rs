//! A prepared quantizer, behind its C functions.

use std::ffi::c_void;
use std::ptr;

use qdq::capi::*;

use super::Status;
use super::element::Element;
use super::view::{Tensor, dtype_of};

/// The parameters that a quantizer tells.
pub const PARAMS: [i32; 6] = [
    QDQ_PARAM_SCALE,
    QDQ_PARAM_INVERSE_SCALE,
    QDQ_PARAM_CLAMP_MIN,
    QDQ_PARAM_CLAMP_MAX,
    QDQ_PARAM_RANGE_MIN,
    QDQ_PARAM_RANGE_MAX,
];

/// Destroyed when dropped. The tensors that its methods take are of live memory, or are refused.
#[derive(Debug)]
pub struct Quantizer(*mut qdq_quantizer);

impl Drop for Quantizer {
    fn drop(&mut self) {
        // SAFETY: made by `create`, and nobody else has it.
        unsafe { qdq_quantizer_destroy(self.0) }
    }
}

impl Quantizer {
    pub fn create<T: Element>(attrs: &qdq_attrs, min: &Tensor, max: &Tensor) -> Result<Quantizer, Status> {
        Quantizer::of_dtype(attrs, dtype_of::<T>(), min, max)
    }

    pub fn of_dtype(attrs: &qdq_attrs, dtype: qdq_dtype, min: &Tensor, max: &Tensor) -> Result<Quantizer, Status> {
        let mut quantizer = ptr::dangling_mut();
        // SAFETY: the pointers are of live values.
        let status = unsafe { qdq_quantizer_create(attrs, dtype, &min.c(), &max.c(), &mut quantizer) };
        assert_eq!(status == QDQ_STATUS_OK, !quantizer.is_null(), "status {status}, {quantizer:p}");
        if status == QDQ_STATUS_OK { Ok(Quantizer(quantizer)) } else { Err(status) }
    }

    pub fn apply(&self, executor: *const qdq_executor, input: &Tensor, output: &Tensor) -> Status {
        // SAFETY: the quantizer is alive; the tensors are, as promised.
        unsafe { qdq_quantizer_apply(self.0, executor, &input.c(), &output.c()) }
    }

    pub fn gradient(
        &self,
        executor: *const qdq_executor,
        gradients: &Tensor,
        input: &Tensor,
        input_backprop: &Tensor,
    ) -> Status {
        // SAFETY: as above.
        unsafe { qdq_quantizer_grad(self.0, executor, &gradients.c(), &input.c(), &input_backprop.c()) }
    }

    pub fn quantize(&self, executor: *const qdq_executor, input: &Tensor, codes: &Tensor) -> Status {
        // SAFETY: as above.
        unsafe { qdq_quantizer_quantize(self.0, executor, &input.c(), &codes.c()) }
    }

    pub fn dequantize(&self, executor: *const qdq_executor, codes: &Tensor, output: &Tensor) -> Status {
        // SAFETY: as above.
        unsafe { qdq_quantizer_dequantize(self.0, executor, &codes.c(), &output.c()) }
    }

    /// A parameter of each of so many channels, of a quantizer for T.
    pub fn get<T: Element>(&self, param: i32, channels: usize) -> Result<Vec<f64>, Status> {
        let (mut doubles, mut floats) = (vec![9.0f64; channels], vec![9.0f32; channels]);
        let values: *mut c_void = if T::SIZE == 8 { doubles.as_mut_ptr().cast() } else { floats.as_mut_ptr().cast() };
        match self.get_at(param, values, channels) {
            QDQ_STATUS_OK if T::SIZE == 8 => Ok(doubles),
            QDQ_STATUS_OK => Ok(floats.into_iter().map(f64::from).collect()),
            status => Err(status),
        }
    }

    /// `values` has room for `len` numbers, or the call is refused.
    pub fn get_at(&self, param: i32, values: *mut c_void, len: usize) -> Status {
        // SAFETY: the quantizer is alive; the rest is the caller's promise.
        unsafe { qdq_quantizer_get(self.0, param, values, len) }
    }
}
