//! The four types of element: their bits and their C functions.

use half::{bf16, f16};
use qdq::capi::*;

use super::reference::Number;

/// `qdq_quantize_and_dequantize_v4_T`.
pub type Forward<T> = unsafe extern "C" fn(
    input: *const T,
    shape: *const i64,
    rank: i32,
    input_min: *const T,
    input_max: *const T,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    output: *mut T,
) -> qdq_status;

/// `qdq_quantize_and_dequantize_v4_grad_T`.
pub type Gradient<T> = unsafe extern "C" fn(
    gradients: *const T,
    input: *const T,
    shape: *const i64,
    rank: i32,
    input_min: *const T,
    input_max: *const T,
    range_len: usize,
    attrs: *const qdq_attrs,
    executor: *const qdq_executor,
    input_backprop: *mut T,
    input_min_backprop: *mut T,
    input_max_backprop: *mut T,
) -> qdq_status;

/// A type of element with its bits and its C functions.
pub trait Element: Number {
    /// The type of the C functions, of the same size and bits.
    type InC;

    const NAME: &'static str;
    /// Bytes.
    const SIZE: usize = size_of::<Self>();
    /// Bits of the mantissa, the implicit one not counted; the exponent's are those up to the sign.
    const MANTISSA_BITS: u32;
    const FORWARD: Forward<Self::InC>;
    const GRADIENT: Gradient<Self::InC>;

    fn bits(self) -> u64;
    /// The number with these low bits.
    fn from_bits(bits: u64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// A number near `value`, for data: it may be rounded twice.
    fn near(value: f64) -> Self;
    /// Writes the number as memory has it.
    fn write(self, bytes: &mut [u8]);
    /// The number that memory has in these bytes.
    fn read(bytes: &[u8]) -> Self;

    /// The bits of a mantissa.
    fn mantissa_mask() -> u64 {
        (1 << Self::MANTISSA_BITS) - 1
    }

    /// The largest exponent field, that of infinities and NaN.
    fn top_exponent() -> u64 {
        (1 << (8 * Self::SIZE as u32 - 1 - Self::MANTISSA_BITS)) - 1
    }

    /// The bit of the sign.
    fn sign_mask() -> u64 {
        1 << (8 * Self::SIZE - 1)
    }

    fn is_finite(self) -> bool {
        self.bits() >> Self::MANTISSA_BITS & Self::top_exponent() != Self::top_exponent()
    }
}

macro_rules! element {
    ($element:ident, $bits:ident, $to_f64:expr, $near:expr, $c:ident, $forward:ident, $gradient:ident) => {
        impl Element for $element {
            type InC = $c;

            const NAME: &'static str = stringify!($element);
            const MANTISSA_BITS: u32 = $element::MANTISSA_DIGITS - 1;
            const FORWARD: Forward<$c> = $forward;
            const GRADIENT: Gradient<$c> = $gradient;

            fn bits(self) -> u64 {
                self.to_bits().into()
            }

            fn from_bits(bits: u64) -> $element {
                $element::from_bits(bits as $bits)
            }

            fn to_f64(self) -> f64 {
                $to_f64(self)
            }

            fn near(value: f64) -> $element {
                $near(value)
            }

            fn write(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_bits().to_ne_bytes());
            }

            fn read(bytes: &[u8]) -> $element {
                $element::from_bits($bits::from_ne_bytes(bytes.try_into().expect("the bytes of one number")))
            }
        }
    };
}

element!(
    f32,
    u32,
    f64::from,
    |value| value as f32,
    f32,
    qdq_quantize_and_dequantize_v4_f32,
    qdq_quantize_and_dequantize_v4_grad_f32
);
element!(
    f64,
    u64,
    std::convert::identity,
    std::convert::identity,
    f64,
    qdq_quantize_and_dequantize_v4_f64,
    qdq_quantize_and_dequantize_v4_grad_f64
);
element!(
    f16,
    u16,
    f16::to_f64,
    |value| f16::from_f32(value as f32),
    qdq_f16,
    qdq_quantize_and_dequantize_v4_f16,
    qdq_quantize_and_dequantize_v4_grad_f16
);
element!(
    bf16,
    u16,
    bf16::to_f64,
    |value| bf16::from_f32(value as f32),
    qdq_bf16,
    qdq_quantize_and_dequantize_v4_bf16,
    qdq_quantize_and_dequantize_v4_grad_bf16
);

/// Defines each test once per type of element, in a module of the type's name. The tests are generic functions of
/// the module that uses the macro.
#[macro_export]
macro_rules! every_element {
    ($($test:ident),+ $(,)?) => {
        $crate::every_element!(@ f32, f32; $($test),+);
        $crate::every_element!(@ f64, f64; $($test),+);
        $crate::every_element!(@ f16, ::half::f16; $($test),+);
        $crate::every_element!(@ bf16, ::half::bf16; $($test),+);
    };
    (@ $name:ident, $element:ty; $($test:ident),+) => {
        mod $name {
            $(
                #[test]
                fn $test() {
                    super::$test::<$element>();
                }
            )+
        }
    };
}
