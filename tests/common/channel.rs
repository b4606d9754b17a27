//! One channel by the definition, from a range that is given as numbers: what a prepared quantizer knows and does.
//!
//! reference.rs computes whole tensors and finds their ranges; here the range may be any, also one that the type of the
//! elements does not have, and codes are integers of 128 bits.

use super::element::Element;
use super::reference::{Arithmetic, Attrs, Degenerate, Number, Real, RoundMode};

/// The compute type, and its way to and from what holds all of its numbers.
pub trait Compute: Real + Into<f64> {
    /// Exact where the number is one of C.
    fn of_f64(value: f64) -> Self;
    /// To nearest, ties to even.
    fn of_integer(value: i128) -> Self;
}

impl Compute for f32 {
    fn of_f64(value: f64) -> f32 {
        value as f32
    }

    fn of_integer(value: i128) -> f32 {
        value as f32
    }
}

impl Compute for f64 {
    fn of_f64(value: f64) -> f64 {
        value
    }

    fn of_integer(value: i128) -> f64 {
        value as f64
    }
}

/// A channel's range and what follows from it.
pub struct Channel<T: Number> {
    attrs: Attrs,
    is_given: bool,
    pub range: (T::C, T::C),
    /// The adjusted range.
    pub clamp: (T::C, T::C),
    pub scale: T::C,
    pub inverse: T::C,
    pub is_degenerate: bool,
}

impl<T: Element> Channel<T>
where
    T::C: Compute,
{
    /// Elements are clamped to the range.
    pub fn given(lo: f64, hi: f64, attrs: &Attrs) -> Channel<T> {
        Channel { is_given: true, ..Channel::of_range(T::C::of_f64(lo), T::C::of_f64(hi), attrs) }
    }

    /// The range was gathered: a zero counts as +0, and that of no number at all is [0, 0] and never degenerate.
    pub fn gathered(lo: f64, hi: f64, attrs: &Attrs) -> Channel<T> {
        if lo == f64::INFINITY && hi == f64::NEG_INFINITY {
            let channel = Channel::of_range(T::C::ZERO, T::C::ZERO, attrs);
            return Channel { is_degenerate: false, ..channel };
        }
        let plus = |end: f64| T::C::of_f64(if end == 0.0 { 0.0 } else { end });
        Channel::of_range(plus(lo), plus(hi), attrs)
    }

    fn of_range(lo: T::C, hi: T::C, attrs: &Attrs) -> Channel<T> {
        let round = |value| settled::<T>(value, attrs);
        let [qmin, qmax] = ends(attrs).map(|end| round(T::C::of_integer(end)));
        let most = match attrs.arithmetic {
            Arithmetic::Default => T::C::MAX,
            Arithmetic::Native => <T as Number>::MAX.widen(),
        };
        let limit = |q: T::C, end: T::C| {
            if round(q * end) > T::C::ZERO { round(q / end) } else { most }
        };
        let (s_lo, s_hi) = (limit(qmin, lo), limit(qmax, hi));
        let inverse = if s_lo < s_hi { round(lo / qmin) } else { round(hi / qmax) };
        let (scale, clamp) =
            if s_lo < s_hi { (s_lo, (lo, round(qmax * inverse))) } else { (s_hi, (round(qmin * inverse), hi)) };
        let is_zero = lo == T::C::ZERO && hi == T::C::ZERO;
        let is_usable = scale.is_finite() && inverse.is_finite() && (inverse > T::C::ZERO || is_zero);
        Channel { attrs: *attrs, is_given: false, range: (lo, hi), clamp, scale, inverse, is_degenerate: !is_usable }
    }

    /// Whether every element but NaN becomes 0, and so does every code.
    pub fn is_zeroed(&self) -> bool {
        self.is_degenerate && self.attrs.degenerate == Degenerate::Zero
    }

    /// An element as a code, not yet saturated, in C.
    fn rounded(&self, x: T) -> T::C {
        let round = |value| settled::<T>(value, &self.attrs);
        let mut v = x.widen();
        if self.is_given && v > self.clamp.1 {
            v = self.clamp.1;
        }
        if self.is_given && v < self.clamp.0 {
            v = self.clamp.0;
        }
        let v = round(v * self.scale);
        match self.attrs.round_mode {
            RoundMode::HalfToEven => round(v.rint()),
            RoundMode::HalfUp => round(round(v + T::C::HALF).floor()),
        }
    }

    /// The operation on one element.
    pub fn apply(&self, x: T) -> T {
        if self.is_zeroed() && !x.is_nan() {
            return T::narrow(T::C::ZERO);
        }
        T::narrow(settled::<T>(self.rounded(x) * self.inverse, &self.attrs))
    }

    /// An element's code.
    pub fn code(&self, x: T) -> i128 {
        let [qmin, qmax] = ends(&self.attrs);
        let v: f64 = self.rounded(x).into();
        if v.is_nan() || self.is_zeroed() {
            0
        } else if v < qmin as f64 {
            qmin
        } else if v > qmax as f64 {
            qmax
        } else {
            // qmax need not be a double: what equals its neighbour may be past it.
            (v as i128).clamp(qmin, qmax)
        }
    }

    /// Whether an element's rounded v is a code, so that `number` of its code is what `apply` makes of it.
    pub fn holds(&self, x: T) -> bool {
        let v: f64 = self.rounded(x).into();
        let [qmin, qmax] = ends(&self.attrs);
        self.is_zeroed() && !x.is_nan() || v.is_finite() && (qmin..=qmax).contains(&(v as i128))
    }

    /// A code's number.
    pub fn number(&self, code: i128) -> T {
        if self.is_zeroed() {
            return T::narrow(T::C::ZERO);
        }
        T::narrow(settled::<T>(self.in_c(code) * self.inverse, &self.attrs))
    }

    /// Whether a code, of those that no element of the channel has, has no number: in NATIVE it may be infinite.
    pub fn is_unspecified(&self, code: i128) -> bool {
        self.is_zeroed() && !self.in_c(code).is_finite()
    }

    fn in_c(&self, code: i128) -> T::C {
        settled::<T>(T::C::of_integer(code), &self.attrs)
    }

    /// The gradient by one element.
    pub fn gradient(&self, gradient: T, x: T) -> T {
        let is_inside = self.range.0 <= x.widen() && x.widen() <= self.range.1;
        T::narrow(gradient.widen() * if is_inside { T::C::ONE } else { T::C::ZERO })
    }
}

/// The least and the greatest code.
fn ends(attrs: &Attrs) -> [i128; 2] {
    let (qmin, qmax) = attrs.codes();
    [qmin.into(), qmax.into()]
}

/// NATIVE rounds each result to the type of the elements.
fn settled<T: Number>(value: T::C, attrs: &Attrs) -> T::C {
    match attrs.arithmetic {
        Arithmetic::Default => value,
        Arithmetic::Native => T::narrow(value).widen(),
    }
}
