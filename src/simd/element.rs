//! What a tensor holds: [`Element`] is the one place that knows the 16-bit types, [`Real`] the types that are computed
//! in.

use std::fmt::Debug;

use half::{bf16, f16};

use super::pair::Pair;
use super::{Packed, Token, Vector, Vector32};
use crate::kernel::Kernels;

/// The vector in which a token computes an element's numbers: as many as a register of them holds.
pub type Lanes<T, E> = <E as Element>::Vector<T>;

/// The same number in every lane.
#[inline(always)]
pub(crate) fn splat<T: Token, E: Element>(token: T, lane: E::Real) -> Lanes<T, E> {
    Vector::splat(token, lane)
}

/// A type that tensors hold.
pub trait Element: Kernels + Copy + Debug + Send + Sync + 'static {
    /// The type that it is computed in: C of the formulas.
    type Real: Real;

    type Vector<T: Token>: Vector<Token = T, Lane = Self::Real>;

    /// Whether arithmetic in `Real` is finer than the element itself.
    const IS_NARROW: bool;
    /// Whether the conversion is much shorter of numbers that are not subnormal.
    const IS_LONG_TO_CONVERT: bool = false;
    const ZERO: Self;
    const NAN: Self;
    /// The largest finite element.
    const MAX: Self::Real;

    fn to_real(self) -> Self::Real;

    /// The nearest element.
    fn from_real(real: Self::Real) -> Self;

    /// # Safety
    /// `from` is valid for reads of a vector's number of elements.
    unsafe fn load<T: Token>(token: T, from: *const Self) -> Lanes<T, Self>;

    /// # Safety
    /// `to` is valid for writes of a vector's number of elements.
    unsafe fn store<T: Token>(lanes: Lanes<T, Self>, to: *mut Self);

    /// # Safety
    /// As [`Element::store`], and `to` is aligned as [`Vector::stream`] wants it.
    unsafe fn stream<T: Token>(lanes: Lanes<T, Self>, to: *mut Self);

    /// As [`Element::load`], with the lanes in any order.
    ///
    /// # Safety
    /// As [`Element::load`].
    #[inline(always)]
    unsafe fn load_in_any_order<T: Token>(token: T, from: *const Self) -> Lanes<T, Self> {
        // SAFETY: the caller's promise.
        unsafe { Self::load(token, from) }
    }

    /// As [`Element::store`], of lanes that are not subnormal.
    ///
    /// # Safety
    /// As [`Element::store`].
    #[inline(always)]
    unsafe fn store_normal<T: Token>(lanes: Lanes<T, Self>, to: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { Self::store::<T>(lanes, to) }
    }

    /// As [`Element::stream`], of lanes that are not subnormal.
    ///
    /// # Safety
    /// As [`Element::stream`].
    #[inline(always)]
    unsafe fn stream_normal<T: Token>(lanes: Lanes<T, Self>, to: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe { Self::stream::<T>(lanes, to) }
    }

    /// The first lanes from memory, NaN in the others.
    ///
    /// # Safety
    /// `from` is valid for reads of `count` elements, at most a vector's number.
    unsafe fn load_first<T: Token>(token: T, from: *const Self, count: usize) -> Lanes<T, Self>;

    /// # Safety
    /// `to` is valid for writes of `count` elements, at most a vector's number.
    unsafe fn store_first<T: Token>(lanes: Lanes<T, Self>, to: *mut Self, count: usize);

    /// Each lane as the nearest element.
    fn round<T: Token>(lanes: Lanes<T, Self>) -> Lanes<T, Self>;
}

/// A type that is computed in: float32 or float64.
pub trait Real: Element<Real = Self> + PartialOrd + From<f32> + Into<f64> {
    const ONE: Self;
    const HALF: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;
    /// The least positive number that is not subnormal.
    const MIN_NORMAL: Self;

    /// To nearest, halves to even.
    fn from_integer(integer: i64) -> Self;

    /// To nearest, halves to even.
    fn from_unsigned(integer: u64) -> Self;

    /// To nearest, halves to even.
    fn from_i32(integer: i32) -> Self;

    /// To nearest, halves to even.
    fn from_u32(integer: u32) -> Self;

    /// The integers of either sign that [`Real::to_short_integer`] takes.
    const MOST_SHORT: i64;

    /// Of an integer up to [`Real::MOST_SHORT`].
    fn to_short_integer(self) -> i64;

    /// Each as the nearest float32.
    ///
    /// # Safety
    /// `from` is valid for reads of a vector's number of numbers.
    unsafe fn load_f32<V: Vector32>(token: V::Token, from: *const Self) -> V;
}

macro_rules! real {
    ($real:ident, $vector:ident, $load_f32:ident, $from_unsigned:expr) => {
        impl Element for $real {
            type Real = $real;
            type Vector<T: Token> = T::$vector;
            const IS_NARROW: bool = false;
            const ZERO: $real = 0.0;
            const NAN: $real = $real::NAN;
            const MAX: $real = $real::MAX;

            #[inline(always)]
            fn to_real(self) -> $real {
                self
            }

            #[inline(always)]
            fn from_real(real: $real) -> $real {
                real
            }

            #[inline(always)]
            unsafe fn load<T: Token>(token: T, from: *const $real) -> T::$vector {
                // SAFETY: the caller's promise.
                unsafe { T::$vector::load(token, from) }
            }

            #[inline(always)]
            unsafe fn store<T: Token>(lanes: T::$vector, to: *mut $real) {
                // SAFETY: the caller's promise.
                unsafe { lanes.store(to) }
            }

            #[inline(always)]
            unsafe fn stream<T: Token>(lanes: T::$vector, to: *mut $real) {
                // SAFETY: the caller's promise.
                unsafe { lanes.stream(to) }
            }

            #[inline(always)]
            unsafe fn load_first<T: Token>(token: T, from: *const $real, count: usize) -> T::$vector {
                // SAFETY: the caller's promise.
                unsafe { T::$vector::load_first(token, from, count) }
            }

            #[inline(always)]
            unsafe fn store_first<T: Token>(lanes: T::$vector, to: *mut $real, count: usize) {
                // SAFETY: the caller's promise.
                unsafe { lanes.store_first(to, count) }
            }

            #[inline(always)]
            fn round<T: Token>(lanes: T::$vector) -> T::$vector {
                lanes
            }
        }

        impl Real for $real {
            const ONE: $real = 1.0;
            const HALF: $real = 0.5;
            const INFINITY: $real = $real::INFINITY;
            const NEG_INFINITY: $real = $real::NEG_INFINITY;
            const MIN_NORMAL: $real = $real::MIN_POSITIVE;

            #[inline(always)]
            fn from_integer(integer: i64) -> $real {
                integer as $real
            }

            #[inline(always)]
            fn from_unsigned(integer: u64) -> $real {
                $from_unsigned(integer)
            }

            const MOST_SHORT: i64 = 1 << ($real::MANTISSA_DIGITS - 2);

            // By its bits, because only AVX-512 has instructions for every width: from a power of two on every number is an
            // integer, and the next one has the next bits.
            #[inline(always)]
            fn to_short_integer(self) -> i64 {
                const BASE: $real = 1.5 / $real::EPSILON;
                i64::from((self + BASE).to_bits().cast_signed()) - i64::from(BASE.to_bits().cast_signed())
            }

            #[inline(always)]
            unsafe fn load_f32<V: Vector32>(token: V::Token, from: *const $real) -> V {
                // SAFETY: the caller's promise.
                unsafe { V::$load_f32(token, from) }
            }

            #[inline(always)]
            fn from_i32(integer: i32) -> $real {
                integer as $real
            }

            #[inline(always)]
            fn from_u32(integer: u32) -> $real {
                integer as $real
            }
        }
    };
}

real!(f32, F32, load, f32_from_u64);
real!(f64, F64, load_f64, |integer| integer as f64);

/// By way of signed integers, because only AVX-512 has an instruction: half of a large one is rounded to the same bits where
/// its lowest bit says what fell off.
#[inline(always)]
fn f32_from_u64(integer: u64) -> f32 {
    let is_large = integer > i64::MAX.cast_unsigned();
    let half = if is_large { integer >> 1 | integer & 1 } else { integer };
    let number = half.cast_signed() as f32;
    if is_large { number + number } else { number }
}

macro_rules! narrow {
    ($narrow:ident, $max:expr, $from:ident, $to:ident, $($special:tt)*) => {
        impl Element for $narrow {
            type Real = f32;
            type Vector<T: Token> = Pair<T::F32>;
            const IS_NARROW: bool = true;
            const ZERO: $narrow = $narrow::from_bits(0);
            const NAN: $narrow = $narrow::NAN;
            const MAX: f32 = $max;

            #[inline(always)]
            fn to_real(self) -> f32 {
                self.to_f32()
            }

            #[inline(always)]
            fn from_real(real: f32) -> $narrow {
                $narrow::from_f32(real)
            }

            // The type is its 16 bits (repr(transparent)), so pointers to it are pointers to u16.

            $($special)*

            #[inline(always)]
            unsafe fn stream<T: Token>(lanes: Pair<T::F32>, to: *mut $narrow) {
                // SAFETY: the caller's promise.
                unsafe { T::F32::$to(lanes.0).stream(to.cast()) }
            }

            #[inline(always)]
            unsafe fn load_first<T: Token>(token: T, from: *const $narrow, count: usize) -> Pair<T::F32> {
                // SAFETY: the caller's promise.
                Pair(T::F32::$from(unsafe {
                    PackedOf::<T>::load_first(token, from.cast(), count, $narrow::NAN.to_bits())
                }))
            }

            #[inline(always)]
            unsafe fn store_first<T: Token>(lanes: Pair<T::F32>, to: *mut $narrow, count: usize) {
                // SAFETY: the caller's promise.
                unsafe { T::F32::$to(lanes.0).store_first(to.cast(), count) }
            }

            #[inline(always)]
            fn round<T: Token>(lanes: Pair<T::F32>) -> Pair<T::F32> {
                Pair(T::F32::$from(T::F32::$to(lanes.0)))
            }
        }
    };
}

/// The register that holds a token's 16-bit numbers.
type PackedOf<T> = <<T as Token>::F32 as Vector32>::Packed;

narrow! {
    f16, 65504.0, from_f16, to_f16,

    #[inline(always)]
    unsafe fn load<T: Token>(token: T, from: *const f16) -> Pair<T::F32> {
        // SAFETY: the caller's promise.
        Pair(unsafe { T::F32::load_f16(token, from.cast()) })
    }

    #[inline(always)]
    unsafe fn store<T: Token>(lanes: Pair<T::F32>, to: *mut f16) {
        // SAFETY: the caller's promise.
        unsafe { T::F32::store_f16(lanes.0, to.cast()) }
    }
}

narrow! {
    bf16, f32::from_bits(0x7f7f_0000), from_bf16, to_bf16,

    const IS_LONG_TO_CONVERT: bool = true;

    #[inline(always)]
    unsafe fn load<T: Token>(token: T, from: *const bf16) -> Pair<T::F32> {
        // SAFETY: the caller's promise.
        Pair(T::F32::from_bf16(unsafe { PackedOf::<T>::load(token, from.cast()) }))
    }

    #[inline(always)]
    unsafe fn load_in_any_order<T: Token>(token: T, from: *const bf16) -> Pair<T::F32> {
        // SAFETY: the caller's promise.
        Pair(T::F32::from_bf16_in_any_order(unsafe { PackedOf::<T>::load(token, from.cast()) }))
    }

    #[inline(always)]
    unsafe fn store<T: Token>(lanes: Pair<T::F32>, to: *mut bf16) {
        // SAFETY: the caller's promise.
        unsafe { T::F32::to_bf16(lanes.0).store(to.cast()) }
    }

    #[inline(always)]
    unsafe fn store_normal<T: Token>(lanes: Pair<T::F32>, to: *mut bf16) {
        // SAFETY: the caller's promise.
        unsafe { T::F32::normal_to_bf16(lanes.0).store(to.cast()) }
    }

    #[inline(always)]
    unsafe fn stream_normal<T: Token>(lanes: Pair<T::F32>, to: *mut bf16) {
        // SAFETY: the caller's promise.
        unsafe { T::F32::normal_to_bf16(lanes.0).stream(to.cast()) }
    }
}
