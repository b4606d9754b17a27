//! The operation's formulas, and nothing else knows them.
//!
//! For a channel with the range [lo, hi], in C (float64 for float64, float32 for the other types):
//!
//! ```text
//! s_lo = qmin*lo > 0 ? qmin/lo : MAX
//! s_hi = qmax*hi > 0 ? qmax/hi : MAX
//! if s_lo < s_hi:  scale = s_lo;  inverse = lo/qmin;  hi = qmax*inverse
//! else:            scale = s_hi;  inverse = hi/qmax;  lo = qmin*inverse
//!
//! v = x;  with a given range: v > hi becomes hi, v < lo becomes lo      (the adjusted lo and hi)
//! code = round(v*scale);  y = code*inverse
//! ```
//!
//! Source: TensorFlow 2.21, tensorflow/core/kernels/quantize_and_dequantize_op.h. Every operation is one IEEE operation
//! per lane, rounded to nearest: nothing here may be fused or reassociated. With native arithmetic every result is
//! rounded to the element's type before it is used.

use std::marker::PhantomData;

use crate::attrs::{Arithmetic, Attrs};
use crate::simd::{Element, Lanes, Mask, Real, Token, Vector, splat};

/// How a product is rounded to a code.
pub(crate) trait Rounding {
    fn round<T: Token, E: Element, A: Settling>(v: Lanes<T, E>, token: T) -> Lanes<T, E>;
}

pub(crate) struct HalfToEven;
pub(crate) struct HalfUp;

impl Rounding for HalfToEven {
    #[inline(always)]
    fn round<T: Token, E: Element, A: Settling>(v: Lanes<T, E>, _: T) -> Lanes<T, E> {
        v.round_half_to_even()
    }
}

impl Rounding for HalfUp {
    #[inline(always)]
    fn round<T: Token, E: Element, A: Settling>(v: Lanes<T, E>, token: T) -> Lanes<T, E> {
        A::settle::<T, E>(v.add(splat::<T, E>(token, E::Real::HALF))).floor()
    }
}

/// What becomes of each result before the next operation.
pub(crate) trait Settling {
    const IS_NATIVE: bool;

    fn settle<T: Token, E: Element>(result: Lanes<T, E>) -> Lanes<T, E>;
}

/// Results stay in C.
pub(crate) struct InReal;
/// Results are rounded to the element's type.
pub(crate) struct InElement;

impl Settling for InReal {
    const IS_NATIVE: bool = false;

    #[inline(always)]
    fn settle<T: Token, E: Element>(result: Lanes<T, E>) -> Lanes<T, E> {
        result
    }
}

impl Settling for InElement {
    const IS_NATIVE: bool = true;

    #[inline(always)]
    fn settle<T: Token, E: Element>(result: Lanes<T, E>) -> Lanes<T, E> {
        E::round::<T>(result)
    }
}

/// The attributes' part of the formulas: the end codes and MAX, as numbers of C.
pub(crate) struct Grid<E: Element> {
    qmin: E::Real,
    qmax: E::Real,
    max: E::Real,
    element: PhantomData<E>,
}

impl<E: Element> Grid<E> {
    pub(crate) fn new(attrs: &Attrs) -> Self {
        let (qmin, qmax) = attrs.codes();
        let max = if attrs.arithmetic == Arithmetic::Native { E::MAX } else { <E::Real as Element>::MAX };
        Grid { qmin: E::Real::from_integer(qmin), qmax: E::Real::from_integer(qmax), max, element: PhantomData }
    }
}

/// A vector of channels' parameters.
pub(crate) struct Parameters<V: Vector> {
    pub(crate) scale: V,
    pub(crate) inverse: V,
    /// The adjusted range.
    pub(crate) lo: V,
    pub(crate) hi: V,
    /// False where the channel is degenerate: scale or inverse not finite, or inverse <= 0 with a range that is not
    /// [0, 0].
    pub(crate) usable: V::Mask,
}

/// Where no product of a code and the inverse is subnormal.
#[inline(always)]
pub(crate) fn has_normal_products<T: Token, E: Element>(
    token: T,
    inverse: Lanes<T, E>,
) -> <Lanes<T, E> as Vector>::Mask {
    splat::<T, E>(token, E::Real::MIN_NORMAL).le(inverse)
}

/// The parameters of the range [lo, hi], which holds no NaN.
#[inline(always)]
pub(crate) fn parameters<T: Token, E: Element, A: Settling>(
    token: T,
    grid: &Grid<E>,
    lo: Lanes<T, E>,
    hi: Lanes<T, E>,
) -> Parameters<Lanes<T, E>> {
    let settle = A::settle::<T, E>;
    let zero = splat::<T, E>(token, E::Real::ZERO);
    let max = splat::<T, E>(token, grid.max);
    let qmin = settle(splat::<T, E>(token, grid.qmin));
    let qmax = settle(splat::<T, E>(token, grid.qmax));

    let s_lo = Vector::select(zero.lt(settle(qmin.mul(lo))), settle(qmin.div(lo)), max);
    let s_hi = Vector::select(zero.lt(settle(qmax.mul(hi))), settle(qmax.div(hi)), max);
    let lo_decides = s_lo.lt(s_hi);
    let scale = Vector::select(lo_decides, s_lo, s_hi);
    let inverse = Vector::select(lo_decides, settle(lo.div(qmin)), settle(hi.div(qmax)));

    let is_zero_range = zero.le(lo).and(hi.le(zero));
    let usable = is_finite::<T, E>(token, scale).and(is_finite::<T, E>(token, inverse));
    Parameters {
        scale,
        inverse,
        lo: Vector::select(lo_decides, lo, settle(qmin.mul(inverse))),
        hi: Vector::select(lo_decides, settle(qmax.mul(inverse)), hi),
        usable: usable.and(zero.lt(inverse).or(is_zero_range)),
    }
}

/// Parameters that turn every element of an unusable channel to +0, but NaN: all are clamped to 1, times 0. It takes
/// clamping, so where there is none otherwise (`range_given` is false) the usable channels are given no bounds.
#[inline(always)]
pub(crate) fn zero_where_unusable<T: Token, E: Element>(
    token: T,
    of: Parameters<Lanes<T, E>>,
    range_given: bool,
) -> Parameters<Lanes<T, E>> {
    let zero = splat::<T, E>(token, E::Real::ZERO);
    let one = splat::<T, E>(token, E::Real::ONE);
    let no_lo = splat::<T, E>(token, E::Real::NEG_INFINITY);
    let no_hi = splat::<T, E>(token, E::Real::INFINITY);
    let (lo, hi) = if range_given { (of.lo, of.hi) } else { (no_lo, no_hi) };
    Parameters {
        scale: Vector::select(of.usable, of.scale, zero),
        inverse: Vector::select(of.usable, of.inverse, zero),
        lo: Vector::select(of.usable, lo, one),
        hi: Vector::select(of.usable, hi, one),
        usable: of.usable,
    }
}

#[inline(always)]
fn is_finite<T: Token, E: Element>(token: T, v: Lanes<T, E>) -> <Lanes<T, E> as Vector>::Mask {
    let infinity = splat::<T, E>(token, E::Real::INFINITY);
    let minus_infinity = splat::<T, E>(token, E::Real::NEG_INFINITY);
    minus_infinity.lt(v).and(v.lt(infinity))
}

/// The parameters of a gathered range, and the range as the formulas take it: a zero counts as +0, and where there was
/// no number at all (lo is still +Inf and hi -Inf, as a reduction starts) it is [0, 0], which is never degenerate.
#[inline(always)]
pub(crate) fn parameters_of_gathered<T: Token, E: Element, A: Settling>(
    token: T,
    grid: &Grid<E>,
    lo: &mut Lanes<T, E>,
    hi: &mut Lanes<T, E>,
) -> Parameters<Lanes<T, E>> {
    let zero = splat::<T, E>(token, E::Real::ZERO);
    let is_empty = hi.lt(*lo);
    // -0 + +0 is +0, and every other number is itself.
    *lo = Vector::select(is_empty, zero, *lo).add(zero);
    *hi = Vector::select(is_empty, zero, *hi).add(zero);
    let of = parameters::<T, E, A>(token, grid, *lo, *hi);
    Parameters { usable: of.usable.or(is_empty), ..of }
}

/// Elements to the adjusted range; NaN and -0 stay.
#[inline(always)]
pub(crate) fn clamp<V: Vector>(x: V, lo: V, hi: V) -> V {
    lo.max(hi.min(x))
}

/// Elements to codes, as numbers of C.
#[inline(always)]
pub(crate) fn quantize<T: Token, E: Element, R: Rounding, A: Settling>(
    token: T,
    x: Lanes<T, E>,
    scale: Lanes<T, E>,
) -> Lanes<T, E> {
    R::round::<T, E, A>(A::settle::<T, E>(x.mul(scale)), token)
}

/// Codes to numbers of the grid.
#[inline(always)]
pub(crate) fn dequantize<T: Token, E: Element, A: Settling>(code: Lanes<T, E>, inverse: Lanes<T, E>) -> Lanes<T, E> {
    A::settle::<T, E>(code.mul(inverse))
}

/// The gradient by the input: that of the output where lo <= x <= hi, else its product with 0.
#[inline(always)]
pub(crate) fn gradient<T: Token, E: Element>(
    token: T,
    gradient: Lanes<T, E>,
    x: Lanes<T, E>,
    lo: Lanes<T, E>,
    hi: Lanes<T, E>,
) -> Lanes<T, E> {
    let inside = lo.le(x).and(x.le(hi));
    gradient.mul(Vector::select(inside, splat::<T, E>(token, E::Real::ONE), splat::<T, E>(token, E::Real::ZERO)))
}
