//! The operator as ONNX Runtime sees it: y = QuantizeAndDequantize(x, min?, max?), all of one type. ONNX Runtime wants a
//! table of functions for each type and makes one operator of those that have one name.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use ort_sys::ONNXTensorElementDataType::{self, *};
use ort_sys::OrtCustomOpInputOutputCharacteristic::{self, *};
use ort_sys::{
    OrtApi, OrtCustomOp, OrtKernelContext, OrtKernelInfo, OrtMemType, OrtSessionOptions, OrtShapeInferContext,
    OrtStatusPtr, OrtTensorTypeAndShapeInfo,
};

use crate::API_VERSION;
use crate::kernel::Kernel;
use crate::runtime::{Failure, Node, Run, Runtime};

const DOMAIN: &CStr = c"qdq";
const NAME: &CStr = c"QuantizeAndDequantize";

/// The inputs and the output, by index.
pub const X: usize = 0;
pub const MIN: usize = 1;
pub const MAX: usize = 2;
pub const Y: usize = 0;
const INPUTS: usize = 3;
const OUTPUTS: usize = 1;

const TYPES: [ONNXTensorElementDataType; 4] = [
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
];

/// The operator for one element type. The table comes first: ONNX Runtime hands back the pointer to it.
#[repr(C)]
struct Operator {
    table: OrtCustomOp,
    runtime: Runtime,
    element: ONNXTensorElementDataType,
}

/// What a kernel is to ONNX Runtime.
struct Handle {
    runtime: Runtime,
    kernel: Kernel,
}

/// Adds the operator to the options of a session.
///
/// # Safety
///
/// The options are valid.
pub unsafe fn register(runtime: Runtime, infers_shapes: bool, options: *mut OrtSessionOptions) -> Result<(), Failure> {
    let (api, mut domain) = (runtime.api(), ptr::null_mut());
    // The domain and the tables stay for ever: sessions use them, and no one says when the last of them is gone.
    // SAFETY: a C string.
    runtime.check(unsafe { (api.CreateCustomOpDomain)(DOMAIN.as_ptr(), &mut domain) })?;
    for element in TYPES {
        let operator: &'static Operator =
            Box::leak(Box::new(Operator { table: table(infers_shapes), runtime, element }));
        // SAFETY: the domain is valid, and the operator stays.
        runtime.check(unsafe { (api.CustomOpDomain_Add)(domain, (&raw const *operator).cast()) })?;
    }
    // SAFETY: the caller's promise; the domain stays.
    runtime.check(unsafe { (api.AddCustomOpDomain)(options, domain) })
}

fn table(infers_shapes: bool) -> OrtCustomOp {
    OrtCustomOp {
        version: API_VERSION,
        GetName: Some(name),
        GetExecutionProviderType: Some(execution_provider),
        GetInputType: Some(element_type),
        GetInputTypeCount: Some(input_count),
        GetOutputType: Some(element_type),
        GetOutputTypeCount: Some(output_count),
        GetInputCharacteristic: Some(input_characteristic),
        GetOutputCharacteristic: Some(output_characteristic),
        GetInputMemoryType: Some(memory_type),
        GetVariadicInputMinArity: Some(one),
        GetVariadicInputHomogeneity: Some(one),
        GetVariadicOutputMinArity: Some(one),
        GetVariadicOutputHomogeneity: Some(one),
        GetStartVersion: Some(one),
        GetEndVersion: Some(no_end),
        InferOutputShapeFn: if infers_shapes { Some(infer_shape) } else { None },
        CreateKernelV2: Some(create),
        KernelComputeV2: Some(compute),
        KernelDestroy: Some(destroy),
        // Replaced by those with a 2, which can fail.
        CreateKernel: None,
        KernelCompute: None,
    }
}

unsafe extern "system" fn name(_: *const OrtCustomOp) -> *const c_char {
    NAME.as_ptr()
}

/// NULL: the processor's.
unsafe extern "system" fn execution_provider(_: *const OrtCustomOp) -> *const c_char {
    ptr::null()
}

unsafe extern "system" fn element_type(operator: *const OrtCustomOp, _index: usize) -> ONNXTensorElementDataType {
    // SAFETY: ONNX Runtime hands back what `register` gave it.
    unsafe { (*operator.cast::<Operator>()).element }
}

unsafe extern "system" fn input_count(_: *const OrtCustomOp) -> usize {
    INPUTS
}

unsafe extern "system" fn output_count(_: *const OrtCustomOp) -> usize {
    OUTPUTS
}

unsafe extern "system" fn input_characteristic(
    _: *const OrtCustomOp,
    index: usize,
) -> OrtCustomOpInputOutputCharacteristic {
    if index == X { INPUT_OUTPUT_REQUIRED } else { INPUT_OUTPUT_OPTIONAL }
}

unsafe extern "system" fn output_characteristic(
    _: *const OrtCustomOp,
    _index: usize,
) -> OrtCustomOpInputOutputCharacteristic {
    INPUT_OUTPUT_REQUIRED
}

unsafe extern "system" fn memory_type(_: *const OrtCustomOp, _index: usize) -> OrtMemType {
    OrtMemType::OrtMemTypeDefault
}

unsafe extern "system" fn one(_: *const OrtCustomOp) -> c_int {
    1
}

unsafe extern "system" fn no_end(_: *const OrtCustomOp) -> c_int {
    c_int::MAX
}

/// The output has the input's shape.
unsafe extern "system" fn infer_shape(
    operator: *const OrtCustomOp,
    context: *mut OrtShapeInferContext,
) -> OrtStatusPtr {
    // SAFETY: ONNX Runtime hands back what `register` gave it.
    let runtime = unsafe { (*operator.cast::<Operator>()).runtime };
    let (api, mut info) = (runtime.api(), ptr::null_mut());
    runtime.guard(|| {
        // SAFETY: the context is valid; what comes out is part of it.
        runtime.check(unsafe { (api.ShapeInferContext_GetInputTypeShape)(context, X, &mut info) })?;
        // SAFETY: as above.
        if !unsafe { is_known(runtime, info) }? {
            return Ok(());
        }
        // SAFETY: as above.
        runtime.check(unsafe { (api.ShapeInferContext_SetOutputTypeShape)(context, Y, info) })
    })
}

/// Whether ONNX Runtime knows of a shape what it would say of the output: it calls an unknown rank 0, as a scalar's, and a
/// dimension without a number and a name -1.
///
/// # Safety
///
/// `info` is valid.
unsafe fn is_known(runtime: Runtime, info: *const OrtTensorTypeAndShapeInfo) -> Result<bool, Failure> {
    // SAFETY: the caller's promise.
    let dimensions = unsafe { runtime.dimensions(info) }?;
    let mut names = vec![ptr::null(); dimensions.len()];
    // SAFETY: the caller's promise; as many as there are.
    runtime.check(unsafe { (runtime.api().GetSymbolicDimensions)(info, names.as_mut_ptr(), names.len()) })?;
    // SAFETY: C strings of the info's.
    let has_name = |name: *const c_char| !name.is_null() && unsafe { *name } != 0;
    let are_known = dimensions.iter().zip(names).all(|(size, name)| *size >= 0 || has_name(name));
    Ok(are_known && !dimensions.is_empty())
}

unsafe extern "system" fn create(
    operator: *const OrtCustomOp,
    _api: *const OrtApi,
    info: *const OrtKernelInfo,
    out: *mut *mut c_void,
) -> OrtStatusPtr {
    // SAFETY: ONNX Runtime hands back what `register` gave it.
    let runtime = unsafe { (*operator.cast::<Operator>()).runtime };
    runtime.guard(|| {
        // SAFETY: the info is valid during this call.
        let node = unsafe { Node::new(runtime, info) };
        let name = node.name()?;
        let kernel = Kernel::new(&node).map_err(|failure| failure.of_node(&name))?;
        // SAFETY: a place for the kernel.
        unsafe { out.write(Box::into_raw(Box::new(Handle { runtime, kernel })).cast()) };
        Ok(())
    })
}

unsafe extern "system" fn compute(handle: *mut c_void, context: *mut OrtKernelContext) -> OrtStatusPtr {
    // SAFETY: what `create` made. Several threads may be here with it: it is only read.
    let handle = unsafe { &*handle.cast_const().cast::<Handle>() };
    // SAFETY: the context is valid during this call.
    let run = unsafe { Run::new(handle.runtime, context) };
    handle.runtime.guard(|| handle.kernel.run(&run))
}

unsafe extern "system" fn destroy(handle: *mut c_void) {
    if !handle.is_null() {
        // SAFETY: what `create` made, and nothing uses it any more.
        drop(unsafe { Box::from_raw(handle.cast::<Handle>()) });
    }
}
