//! ONNX Runtime's C functions: statuses become results, and what is handed out has an owner.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

use ort_sys::{
    ONNXTensorElementDataType, OrtApi, OrtErrorCode, OrtKernelContext, OrtKernelInfo, OrtStatusPtr,
    OrtTensorTypeAndShapeInfo, OrtTypeInfo, OrtValue,
};

/// A failure on its way to ONNX Runtime.
#[must_use]
pub enum Failure {
    /// Ours, in words.
    Own { code: OrtErrorCode, sentence: String },
    /// One of its own functions, which it releases.
    Runtime(OrtStatusPtr),
}

impl Failure {
    pub fn new(code: OrtErrorCode, sentence: impl Into<String>) -> Self {
        Failure::Own { code, sentence: sentence.into() }
    }

    pub fn invalid(sentence: impl Into<String>) -> Self {
        Failure::new(OrtErrorCode::ORT_INVALID_ARGUMENT, sentence)
    }

    /// Says which node it is about.
    pub fn of_node(self, name: &str) -> Self {
        match self {
            Failure::Own { code, sentence } => Failure::Own { code, sentence: format!("node \"{name}\": {sentence}") },
            other => other,
        }
    }

    fn into_status(self, runtime: Runtime) -> OrtStatusPtr {
        match self {
            Failure::Own { code, sentence } => {
                let text = CString::new(format!("QuantizeAndDequantize: {sentence}")).unwrap_or_default();
                // SAFETY: a C string, of which the status holds a copy.
                unsafe { (runtime.0.CreateStatus)(code, text.as_ptr()) }
            }
            Failure::Runtime(status) => status,
        }
    }
}

/// ONNX Runtime's table of functions.
#[derive(Clone, Copy)]
pub struct Runtime(&'static OrtApi);

impl Runtime {
    /// # Safety
    ///
    /// The table is ONNX Runtime's, of at least the version that this crate is built for. It stays as long as the runtime
    /// does, which outlives the libraries that it loads.
    pub unsafe fn new(api: *const OrtApi) -> Self {
        // SAFETY: the caller's promise.
        Runtime(unsafe { &*api })
    }

    pub fn api(self) -> &'static OrtApi {
        self.0
    }

    /// Runs what ONNX Runtime has called for; no panic gets out.
    pub fn guard(self, work: impl FnOnce() -> Result<(), Failure>) -> OrtStatusPtr {
        let outcome = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
            // A payload's destructor is foreign code; leaking it is the safe way out of a defect.
            std::mem::forget(payload);
            Err(Failure::new(OrtErrorCode::ORT_RUNTIME_EXCEPTION, "a defect of the operator stopped this call"))
        });
        outcome.map_or_else(|failure| failure.into_status(self), |()| OrtStatusPtr::default())
    }

    pub fn check(self, status: OrtStatusPtr) -> Result<(), Failure> {
        if status.0.is_null() { Ok(()) } else { Err(Failure::Runtime(status)) }
    }

    /// Whether a call succeeded whose failure is an answer, not a failure of ours.
    pub fn succeeds(self, status: OrtStatusPtr) -> bool {
        let succeeded = status.0.is_null();
        // SAFETY: a status of this runtime that nothing else holds; NULL is fine.
        unsafe { (self.0.ReleaseStatus)(status.0) };
        succeeded
    }

    /// What a function gives that is first asked for the length and then for the text, both with the NUL.
    fn text(self, read: impl Fn(*mut c_char, &mut usize) -> OrtStatusPtr) -> Result<String, Failure> {
        let mut len = 0;
        self.check(read(ptr::null_mut(), &mut len))?;
        let mut bytes = vec![0u8; len];
        self.check(read(bytes.as_mut_ptr().cast(), &mut len))?;
        Ok(CStr::from_bytes_until_nul(&bytes).unwrap_or_default().to_string_lossy().into_owned())
    }

    /// # Safety
    ///
    /// `info` is valid.
    unsafe fn element(self, info: *const OrtTensorTypeAndShapeInfo) -> Result<ONNXTensorElementDataType, Failure> {
        let mut element = ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        // SAFETY: the caller's promise.
        self.check(unsafe { (self.0.GetTensorElementType)(info, &mut element) })?;
        Ok(element)
    }

    /// # Safety
    ///
    /// `info` is valid.
    unsafe fn rank(self, info: *const OrtTensorTypeAndShapeInfo) -> Result<usize, Failure> {
        let mut rank = 0;
        // SAFETY: the caller's promise.
        self.check(unsafe { (self.0.GetDimensionsCount)(info, &mut rank) })?;
        Ok(rank)
    }

    /// Dimensions that are not known are -1.
    ///
    /// # Safety
    ///
    /// `info` is valid.
    pub unsafe fn dimensions(self, info: *const OrtTensorTypeAndShapeInfo) -> Result<Vec<i64>, Failure> {
        // SAFETY: the caller's promise.
        let mut dimensions = vec![0; unsafe { self.rank(info) }?];
        // SAFETY: as many as there are.
        self.check(unsafe { (self.0.GetDimensions)(info, dimensions.as_mut_ptr(), dimensions.len()) })?;
        Ok(dimensions)
    }

    /// # Safety
    ///
    /// `value` is NULL or a tensor that lives as long as `'a`.
    unsafe fn tensor<'a>(self, value: *const OrtValue) -> Result<Option<Tensor<'a>>, Failure> {
        if value.is_null() {
            return Ok(None);
        }
        let mut info = ptr::null_mut();
        // SAFETY: a tensor.
        self.check(unsafe { (self.0.GetTensorTypeAndShape)(value, &mut info) })?;
        // SAFETY: what was handed out.
        let (element, shape) = unsafe { (self.element(info), self.dimensions(info)) };
        // SAFETY: it was handed out to be released.
        unsafe { (self.0.ReleaseTensorTypeAndShapeInfo)(info) };
        let (element, shape, mut data) = (element?, shape?, ptr::null_mut());
        // SAFETY: a tensor; of those that are not ours to write the data is only read.
        self.check(unsafe { (self.0.GetTensorMutableData)(value.cast_mut(), &mut data) })?;
        Ok(Some(Tensor { element, shape, data, of: std::marker::PhantomData }))
    }
}

/// A dense tensor of ONNX Runtime's.
pub struct Tensor<'a> {
    pub element: ONNXTensorElementDataType,
    pub shape: Vec<i64>,
    pub data: *mut c_void,
    of: std::marker::PhantomData<&'a OrtValue>,
}

/// An attribute of a node.
pub enum Attribute {
    Absent,
    Int(i64),
    Text(String),
    /// Of another type, which it names.
    Other(&'static str),
}

/// A node of a model, while its kernel is made.
pub struct Node {
    runtime: Runtime,
    info: *const OrtKernelInfo,
}

impl Node {
    /// # Safety
    ///
    /// `info` is valid as long as the result is used.
    pub unsafe fn new(runtime: Runtime, info: *const OrtKernelInfo) -> Self {
        Node { runtime, info }
    }

    pub fn name(&self) -> Result<String, Failure> {
        // SAFETY: the info is valid, as promised; the runtime minds the length.
        self.runtime.text(|out, len| unsafe { (self.runtime.0.KernelInfo_GetNodeName)(self.info, out, len) })
    }

    /// Whether an optional input is there: one that is left out before others has an empty name.
    pub fn has_input(&self, index: usize) -> Result<bool, Failure> {
        let (api, mut count) = (self.runtime.0, 0);
        // SAFETY: the info is valid, as promised.
        self.runtime.check(unsafe { (api.KernelInfo_GetInputCount)(self.info, &mut count) })?;
        if index >= count {
            return Ok(false);
        }
        // SAFETY: the info is valid, as promised; the runtime minds the length.
        let name =
            self.runtime.text(|out, len| unsafe { (api.KernelInfo_GetInputName)(self.info, index, out, len) })?;
        Ok(!name.is_empty())
    }

    /// The type and the rank of an input that is there, as the model declares or implies them; a rank that is not known is 0,
    /// too.
    pub fn input_type(&self, index: usize) -> Result<(ONNXTensorElementDataType, usize), Failure> {
        let (api, mut type_info) = (self.runtime.0, ptr::null_mut());
        // SAFETY: the info is valid, as promised.
        self.runtime.check(unsafe { (api.KernelInfo_GetInputTypeInfo)(self.info, index, &mut type_info) })?;
        // SAFETY: what was handed out.
        let element_and_rank = unsafe { self.element_and_rank(type_info) };
        // SAFETY: it was handed out to be released.
        unsafe { (api.ReleaseTypeInfo)(type_info) };
        element_and_rank
    }

    /// # Safety
    ///
    /// `type_info` is valid.
    unsafe fn element_and_rank(
        &self,
        type_info: *const OrtTypeInfo,
    ) -> Result<(ONNXTensorElementDataType, usize), Failure> {
        let mut info = ptr::null();
        // SAFETY: the caller's promise; what comes out is part of it.
        self.runtime.check(unsafe { (self.runtime.0.CastTypeInfoToTensorInfo)(type_info, &mut info) })?;
        // SAFETY: the input is a tensor, so there is one.
        unsafe { Ok((self.runtime.element(info)?, self.runtime.rank(info)?)) }
    }

    /// An input that is the same at every run.
    pub fn constant(&self, index: usize) -> Result<Option<Tensor<'_>>, Failure> {
        let (mut is_constant, mut value) = (0, ptr::null());
        let get = self.runtime.0.KernelInfoGetConstantInput_tensor;
        // SAFETY: the info is valid, as promised.
        self.runtime.check(unsafe { get(self.info, index, &mut is_constant, &mut value) })?;
        if is_constant == 0 {
            return Ok(None);
        }
        // SAFETY: a tensor of the model's.
        unsafe { self.runtime.tensor(value) }
    }

    /// ONNX Runtime says only whether there is an attribute of a name and a type; so all types are tried.
    pub fn attribute(&self, name: &CStr) -> Result<Attribute, Failure> {
        let (runtime, api, info, name) = (self.runtime, self.runtime.0, self.info, name.as_ptr());
        let (mut int, mut float, mut len) = (0, 0.0, 0);
        // SAFETY: the info is valid, as promised, and the name is a C string.
        if runtime.succeeds(unsafe { (api.KernelInfoGetAttribute_int64)(info, name, &mut int) }) {
            return Ok(Attribute::Int(int));
        }
        // SAFETY: as above; it minds the length.
        let text = |out, len: &mut usize| unsafe { (api.KernelInfoGetAttribute_string)(info, name, out, len) };
        if runtime.succeeds(text(ptr::null_mut(), &mut len)) {
            return runtime.text(text).map(Attribute::Text);
        }
        // SAFETY: as above.
        if runtime.succeeds(unsafe { (api.KernelInfoGetAttribute_float)(info, name, &mut float) }) {
            return Ok(Attribute::Other("a float"));
        }
        // SAFETY: as above; without a place for the numbers it gives their count.
        let ints = unsafe { (api.KernelInfoGetAttributeArray_int64)(info, name, ptr::null_mut(), &mut len) };
        // SAFETY: as above.
        let floats = unsafe { (api.KernelInfoGetAttributeArray_float)(info, name, ptr::null_mut(), &mut len) };
        if runtime.succeeds(ints) | runtime.succeeds(floats) {
            return Ok(Attribute::Other("of another type"));
        }
        Ok(Attribute::Absent)
    }
}

/// A run of a node.
pub struct Run {
    runtime: Runtime,
    context: *mut OrtKernelContext,
}

impl Run {
    /// # Safety
    ///
    /// `context` is valid as long as the result is used.
    pub unsafe fn new(runtime: Runtime, context: *mut OrtKernelContext) -> Self {
        Run { runtime, context }
    }

    /// None where an optional input was left out.
    pub fn input(&self, index: usize) -> Result<Option<Tensor<'_>>, Failure> {
        let mut value = ptr::null();
        // SAFETY: the context is valid, as promised.
        self.runtime.check(unsafe { (self.runtime.0.KernelContext_GetInput)(self.context, index, &mut value) })?;
        // SAFETY: NULL or a tensor of this run.
        unsafe { self.runtime.tensor(value) }
    }

    pub fn output(&self, index: usize, shape: &[i64]) -> Result<Option<Tensor<'_>>, Failure> {
        let (get, mut value) = (self.runtime.0.KernelContext_GetOutput, ptr::null_mut());
        // SAFETY: the context is valid, as promised; as many dimensions as there are.
        self.runtime.check(unsafe { get(self.context, index, shape.as_ptr(), shape.len(), &mut value) })?;
        // SAFETY: NULL or a tensor of this run.
        unsafe { self.runtime.tensor(value) }
    }

    /// Runs task(data, i) for each i below the count, on the threads that the session has for its operators. Returns when all
    /// have.
    ///
    /// # Safety
    ///
    /// The task may be called so, from any thread, and does not unwind.
    pub unsafe fn parallel_for(
        &self,
        count: usize,
        task: unsafe extern "C" fn(*mut c_void, usize),
        data: *mut c_void,
    ) -> bool {
        // 0: a task is a unit of work, not to be put in batches.
        // SAFETY: the context is valid, as promised; the caller's promise of the task.
        let status = unsafe { (self.runtime.0.KernelContext_ParallelFor)(self.context, task, count, 0, data) };
        self.runtime.succeeds(status)
    }
}
