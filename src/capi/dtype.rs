//! The dtypes: which Rust type each is. A macro for each kind gives a type to generic code:
//!
//! ```text
//! with_element!(dtype, E => work::<E>(), _ => not an element)       F32 F64 F16 BF16
//! with_code!(dtype, K => work::<K>(), _ => not a code)              I8 to U64
//! with_code_bits!(dtype, K => work::<K>(), _ => not a code)         the same, signed as unsigned: their bits are one type's
//! ```

use super::types::*;
use crate::kernel::codes::Code;
use crate::simd::Element;

/// The dtypes that the operation takes, in words.
pub(super) const ELEMENTS: &str = "1 to 4 (F32, F64, F16, BF16)";

/// The dtypes of codes, in words.
pub(super) const CODES: &str = "an integer, 5 to 12 (I8 to U64)";

/// Evaluates `$body` with `$T` as the type of a dtype.
macro_rules! by_dtype {
    ($dtype:expr, { $($($constant:ident)|+ => $type:ty,)+ }, $T:ident => $body:expr, _ => $otherwise:expr) => {
        match $dtype {
            $($($constant)|+ => {
                type $T = $type;
                $body
            })+
            _ => $otherwise,
        }
    };
}

macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr, _ => $otherwise:expr) => {
        $crate::capi::dtype::by_dtype!($dtype, {
            QDQ_DTYPE_F32 => f32,
            QDQ_DTYPE_F64 => f64,
            QDQ_DTYPE_F16 => half::f16,
            QDQ_DTYPE_BF16 => half::bf16,
        }, $T => $body, _ => $otherwise)
    };
}

macro_rules! with_code {
    ($dtype:expr, $T:ident => $body:expr, _ => $otherwise:expr) => {
        $crate::capi::dtype::by_dtype!($dtype, {
            QDQ_DTYPE_I8 => i8,
            QDQ_DTYPE_U8 => u8,
            QDQ_DTYPE_I16 => i16,
            QDQ_DTYPE_U16 => u16,
            QDQ_DTYPE_I32 => i32,
            QDQ_DTYPE_U32 => u32,
            QDQ_DTYPE_I64 => i64,
            QDQ_DTYPE_U64 => u64,
        }, $T => $body, _ => $otherwise)
    };
}

macro_rules! with_code_bits {
    ($dtype:expr, $T:ident => $body:expr, _ => $otherwise:expr) => {
        $crate::capi::dtype::by_dtype!($dtype, {
            QDQ_DTYPE_I8 | QDQ_DTYPE_U8 => u8,
            QDQ_DTYPE_I16 | QDQ_DTYPE_U16 => u16,
            QDQ_DTYPE_I32 | QDQ_DTYPE_U32 => u32,
            QDQ_DTYPE_I64 | QDQ_DTYPE_U64 => u64,
        }, $T => $body, _ => $otherwise)
    };
}

pub(super) use {by_dtype, with_code, with_code_bits, with_element};

/// Bytes of an element.
pub(super) fn size(dtype: qdq_dtype) -> Option<usize> {
    with_element!(dtype, E => Some(size_of::<E>()), _ => with_code_bits!(dtype, K => Some(size_of::<K>()), _ => None))
}

/// The least and the greatest code that a type holds.
pub(super) fn range_of_codes(dtype: qdq_dtype) -> Option<(i128, i128)> {
    with_code!(dtype, K => Some(K::RANGE), _ => None)
}

pub(super) fn is_element(dtype: qdq_dtype) -> bool {
    with_element!(dtype, _E => true, _ => false)
}

/// Whether a range of data of this type may also be float.
pub(super) fn is_narrow(dtype: qdq_dtype) -> bool {
    with_element!(dtype, E => E::IS_NARROW, _ => false)
}
