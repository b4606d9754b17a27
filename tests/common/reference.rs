//! The naive reference: the operation's definition line by line, made to be obviously right rather than fast.
//!
//! It shares nothing with the library. A tensor is an ndarray, a channel is a view of it, and every line of the
//! definition is a line here:
//!
//! ```text
//! s_lo = qmin*lo > 0 ? qmin/lo : MAX
//! s_hi = qmax*hi > 0 ? qmax/hi : MAX
//! if s_lo < s_hi:  scale = s_lo;  inverse = lo/qmin;  hi = qmax*inverse
//! else:            scale = s_hi;  inverse = hi/qmax;  lo = qmin*inverse
//! v = x;  if range_given: { if (v > hi) v = hi;  if (v < lo) v = lo; }
//! v = v*scale;  v = round(v);  v = v*inverse;  y = v converted to the type of x
//! ```
//!
//! Rust never fuses or reorders floating-point operations, so each one here is one IEEE operation.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul};

use half::{bf16, f16};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis};

/// How a number halfway between two codes is rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RoundMode {
    HalfToEven,
    HalfUp,
}

/// Where the 16-bit types are rounded: once at the end, or after every operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arithmetic {
    Default,
    Native,
}

/// What becomes of a channel whose range gives no usable scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Degenerate {
    TensorFlow,
    Zero,
    Error,
}

/// The operation's attributes but `range_given`, which the presence of a range tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attrs {
    pub signed_input: bool,
    pub num_bits: i32,
    pub narrow_range: bool,
    pub round_mode: RoundMode,
    pub axis: i32,
    pub arithmetic: Arithmetic,
    pub degenerate: Degenerate,
}

impl Default for Attrs {
    fn default() -> Attrs {
        Attrs {
            signed_input: true,
            num_bits: 8,
            narrow_range: false,
            round_mode: RoundMode::HalfToEven,
            axis: -1,
            arithmetic: Arithmetic::Default,
            degenerate: Degenerate::TensorFlow,
        }
    }
}

impl Attrs {
    /// The least and the greatest code.
    pub fn codes(&self) -> (i64, i64) {
        if self.signed_input {
            let half = 1i64 << (self.num_bits - 1);
            (-half + i64::from(self.narrow_range), half - 1)
        } else {
            (0, (1i64 << self.num_bits) - 1)
        }
    }
}

/// The degenerate channel that `Degenerate::Error` refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DegenerateRange;

/// The compute type C: f32 or f64.
pub trait Real: Copy + Debug + PartialOrd + Add<Output = Self> + Mul<Output = Self> + Div<Output = Self> {
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;
    /// The largest finite value.
    const MAX: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;

    /// Rounds to nearest, ties to even.
    fn from_code(code: i64) -> Self;
    fn is_finite(self) -> bool;
    fn rint(self) -> Self;
    fn floor(self) -> Self;
}

macro_rules! real {
    ($real:ident) => {
        impl Real for $real {
            const ZERO: $real = 0.0;
            const HALF: $real = 0.5;
            const ONE: $real = 1.0;
            const MAX: $real = $real::MAX;
            const INFINITY: $real = $real::INFINITY;
            const NEG_INFINITY: $real = $real::NEG_INFINITY;

            fn from_code(code: i64) -> $real {
                code as $real
            }

            fn is_finite(self) -> bool {
                self.is_finite()
            }

            fn rint(self) -> $real {
                self.round_ties_even()
            }

            fn floor(self) -> $real {
                self.floor()
            }
        }
    };
}

real!(f32);
real!(f64);

/// A type of element, and its place in the compute type.
pub trait Number: Copy + Debug + PartialOrd + 'static {
    type C: Real;
    /// The largest finite value.
    const MAX: Self;

    /// Exact.
    fn widen(self) -> Self::C;
    /// Rounds to nearest, ties to even.
    fn narrow(value: Self::C) -> Self;
    fn is_nan(self) -> bool;
}

macro_rules! number {
    ($number:ident, $real:ident, $widen:expr, $narrow:expr) => {
        impl Number for $number {
            type C = $real;
            const MAX: $number = $number::MAX;

            fn widen(self) -> $real {
                $widen(self)
            }

            fn narrow(value: $real) -> $number {
                $narrow(value)
            }

            fn is_nan(self) -> bool {
                self.is_nan()
            }
        }
    };
}

number!(f32, f32, std::convert::identity, std::convert::identity);
number!(f64, f64, std::convert::identity, std::convert::identity);
number!(f16, f32, f16::to_f32, f16::from_f32);
number!(bf16, f32, bf16::to_f32, bf16::from_f32);

/// A given range: the least and the greatest value of each channel.
pub type Range<'a, T> = (&'a [T], &'a [T]);

/// The operation.
pub fn forward<T: Number>(
    input: ArrayViewD<T>,
    range: Option<Range<T>>,
    attrs: &Attrs,
) -> Result<ArrayD<T>, DegenerateRange> {
    let channels = channels(&input, attrs.axis);
    let grids: Vec<Grid<T>> = channels.iter().enumerate().map(|(c, x)| Grid::of(x, range, c, attrs)).collect();
    if attrs.degenerate == Degenerate::Error && grids.iter().any(|grid| grid.degenerate) {
        return Err(DegenerateRange);
    }
    let mut output = input.to_owned();
    for (mut y, grid) in channels_mut(&mut output, attrs.axis).into_iter().zip(&grids) {
        y.mapv_inplace(|x| grid.apply(x));
    }
    Ok(output)
}

/// The gradient by the input. Those by the range are zeros.
pub fn gradient<T: Number>(
    gradients: ArrayViewD<T>,
    input: ArrayViewD<T>,
    range: Option<Range<T>>,
    axis: i32,
) -> ArrayD<T> {
    let mut output = gradients.to_owned();
    let xs = channels(&input, axis);
    for (c, (mut y, x)) in channels_mut(&mut output, axis).into_iter().zip(xs).enumerate() {
        let (lo, hi) = match range {
            Some((lo, hi)) => (lo[c].widen(), hi[c].widen()),
            None => (T::C::NEG_INFINITY, T::C::INFINITY),
        };
        y.zip_mut_with(&x, |g, x| {
            let inside = lo <= x.widen() && x.widen() <= hi;
            *g = T::narrow(g.widen() * if inside { T::C::ONE } else { T::C::ZERO });
        });
    }
    output
}

/// The least and the greatest element that is not NaN, a zero counting as +0; nothing where there is no such element.
fn computed_range<T: Number>(channel: &ArrayViewD<T>) -> Option<(T::C, T::C)> {
    let mut range = None;
    for x in channel.iter().filter(|x| !x.is_nan()) {
        let x = if x.widen() == T::C::ZERO { T::C::ZERO } else { x.widen() };
        let (lo, hi) = range.unwrap_or((x, x));
        range = Some((if x < lo { x } else { lo }, if x > hi { x } else { hi }));
    }
    range
}

/// One view per channel: the whole tensor at axis -1.
fn channels<'a, T>(tensor: &'a ArrayViewD<T>, axis: i32) -> Vec<ArrayViewD<'a, T>> {
    match usize::try_from(axis) {
        Ok(axis) => tensor.axis_iter(Axis(axis)).collect(),
        Err(_) => vec![tensor.view()],
    }
}

/// As `channels`, to write.
fn channels_mut<T>(tensor: &mut ArrayD<T>, axis: i32) -> Vec<ArrayViewMutD<'_, T>> {
    match usize::try_from(axis) {
        Ok(axis) => tensor.axis_iter_mut(Axis(axis)).collect(),
        Err(_) => vec![tensor.view_mut()],
    }
}

/// What a channel's elements are put through.
struct Grid<T: Number> {
    attrs: Attrs,
    clamp: bool,
    lo: T::C,
    hi: T::C,
    scale: T::C,
    inverse: T::C,
    degenerate: bool,
}

impl<T: Number> Grid<T> {
    /// The grid of one channel, from its given range or from its elements.
    fn of(channel: &ArrayViewD<T>, range: Option<Range<T>>, index: usize, attrs: &Attrs) -> Grid<T> {
        let grid = match range {
            Some((lo, hi)) => Grid { clamp: true, ..Grid::new(lo[index].widen(), hi[index].widen(), attrs) },
            None => match computed_range(channel) {
                Some((lo, hi)) => Grid::new(lo, hi, attrs),
                None => Grid { degenerate: false, ..Grid::new(T::C::ZERO, T::C::ZERO, attrs) },
            },
        };
        // A channel without an element is never degenerate, nor is one without a number if its range is computed.
        Grid { degenerate: grid.degenerate && !channel.is_empty(), ..grid }
    }

    fn new(lo: T::C, hi: T::C, attrs: &Attrs) -> Grid<T> {
        let r = |value| rounded::<T>(value, attrs);
        let (qmin, qmax) = attrs.codes();
        let (qmin, qmax) = (r(T::C::from_code(qmin)), r(T::C::from_code(qmax)));
        let s_lo = if r(qmin * lo) > T::C::ZERO { r(qmin / lo) } else { max::<T>(attrs) };
        let s_hi = if r(qmax * hi) > T::C::ZERO { r(qmax / hi) } else { max::<T>(attrs) };
        let (scale, inverse, adjusted_lo, adjusted_hi) = if s_lo < s_hi {
            let inverse = r(lo / qmin);
            (s_lo, inverse, lo, r(qmax * inverse))
        } else {
            let inverse = r(hi / qmax);
            (s_hi, inverse, r(qmin * inverse), hi)
        };
        let infinite = !scale.is_finite() || !inverse.is_finite();
        let empty = inverse <= T::C::ZERO && !(lo == T::C::ZERO && hi == T::C::ZERO);
        let degenerate = infinite || empty;
        Grid { attrs: *attrs, clamp: false, lo: adjusted_lo, hi: adjusted_hi, scale, inverse, degenerate }
    }

    /// One element.
    fn apply(&self, x: T) -> T {
        if self.degenerate && self.attrs.degenerate == Degenerate::Zero && !x.is_nan() {
            return T::narrow(T::C::ZERO);
        }
        let r = |value| rounded::<T>(value, &self.attrs);
        let mut v = x.widen();
        if self.clamp {
            if v > self.hi {
                v = self.hi;
            }
            if v < self.lo {
                v = self.lo;
            }
        }
        v = r(v * self.scale);
        v = match self.attrs.round_mode {
            RoundMode::HalfToEven => r(v.rint()),
            RoundMode::HalfUp => r(r(v + T::C::HALF).floor()),
        };
        v = r(v * self.inverse);
        T::narrow(v)
    }
}

/// A result as the arithmetic keeps it: NATIVE rounds each one to the type of the elements.
fn rounded<T: Number>(value: T::C, attrs: &Attrs) -> T::C {
    match attrs.arithmetic {
        Arithmetic::Default => value,
        Arithmetic::Native => T::narrow(value).widen(),
    }
}

/// MAX of the arithmetic: of C, or in NATIVE of the type of the elements.
fn max<T: Number>(attrs: &Attrs) -> T::C {
    match attrs.arithmetic {
        Arithmetic::Default => T::C::MAX,
        Arithmetic::Native => T::MAX.widen(),
    }
}
