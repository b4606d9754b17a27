//! Elements to integer codes, and back. There are many element types, integer types and modes, and their product would be
//! hundreds of kernels, so each way takes two steps over a stage that stays in the nearest cache:
//!
//! ```text
//! quantize:    elements -> rounded numbers of C (Round: knows elements and modes) -> integers (ToCodes: knows integers)
//! dequantize:  integers -> numbers of C (FromCodes)                               -> elements (Scale)
//! ```

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::{Cut, Each, PerChannel, Same, Step, sweep_in_blocks};
use crate::attrs::{Arithmetic, Attrs, RoundMode};
use crate::channels::Fields;
use crate::exec::{Input, Output, Stage};
use crate::layout::{Counters, Piece, Row, STAGED};
use crate::simd::element::{Source, Span, Target};
use crate::simd::{self, Element, Kernel, Real, Token};
use crate::spec::{self, HalfToEven, HalfUp, InElement, InReal, Rounding, Settling};

/// An integer type that holds codes.
pub trait Code: Copy + Send + Sync + 'static {
    /// The least and the greatest code that it holds.
    const RANGE: (i128, i128);

    /// The lowest bits of a code.
    fn from_integer(code: i64) -> Self;

    /// To nearest, halves to even.
    fn to_real<C: Real>(self) -> C;
}

macro_rules! code {
    ($($integer:ident as $wide:ident by $from:ident,)*) => {$(
        impl Code for $integer {
            const RANGE: (i128, i128) = ($integer::MIN as i128, $integer::MAX as i128);

            #[inline(always)]
            fn from_integer(code: i64) -> $integer {
                code as $integer
            }

            #[inline(always)]
            fn to_real<C: Real>(self) -> C {
                C::$from(self as $wide)
            }
        }
    )*};
}

code! {
    i8 as i64 by from_integer,
    u8 as i64 by from_integer,
    i16 as i64 by from_integer,
    u16 as i64 by from_integer,
    i32 as i64 by from_integer,
    u32 as i64 by from_integer,
    i64 as i64 by from_integer,
    u64 as u64 by from_unsigned,
}

/// The codes of a piece's elements. K may be the unsigned type where codes are signed: its bits are the same.
pub(crate) struct Quantize<'a, E: Element, K> {
    /// Of input and codes.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: &'a Input<'a, E>,
    pub(crate) codes: &'a Output<'a, K>,
    pub(crate) channels: Fields<&'a [E::Real]>,
    pub(crate) attrs: &'a Attrs,
    pub(crate) clamps: bool,
}

impl<E: Element, K: Code> Quantize<'_, E, K> {
    pub(crate) fn run(self) {
        let (read, write) = (Stage::new(), Stage::new());
        let numbers = [const { Cell::new(E::Real::ZERO) }; STAGED];
        for row in self.piece.parts(&mut Counters::new()) {
            let numbers = &numbers[..row.len];
            let x = read.read(self.input, &row, 0);
            simd::run(Round { x, row, numbers, channels: self.channels, attrs: self.attrs, clamps: self.clamps });
            simd::run(ToCodes { numbers, codes: write.open(self.codes, &row, 1), ends: self.attrs.codes() });
            write.flush(self.codes, &row, 1);
        }
    }
}

/// The numbers of a piece's codes.
pub(crate) struct Dequantize<'a, E: Element, K> {
    /// Of codes and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) codes: &'a Input<'a, K>,
    pub(crate) output: &'a Output<'a, E>,
    pub(crate) inverse: &'a [E::Real],
    pub(crate) arithmetic: Arithmetic,
}

impl<E: Element, K: Code> Dequantize<'_, E, K> {
    pub(crate) fn run(self) {
        let (read, write) = (Stage::new(), Stage::new());
        let numbers = [const { Cell::new(E::Real::ZERO) }; STAGED];
        for row in self.piece.parts(&mut Counters::new()) {
            let numbers = &numbers[..row.len];
            simd::run(FromCodes { codes: read.read(self.codes, &row, 0), numbers });
            let y = write.open(self.output, &row, 1);
            simd::run(Scale::<E> { numbers, row, y, inverse: self.inverse, arithmetic: self.arithmetic });
            write.flush(self.output, &row, 1);
        }
    }
}

/// Rounds a row's elements to codes, not yet saturated.
struct Round<'a, E: Element> {
    x: Source<'a, E>,
    row: Row<2>,
    numbers: &'a [Cell<E::Real>],
    channels: Fields<&'a [E::Real]>,
    attrs: &'a Attrs,
    clamps: bool,
}

impl<E: Element> Kernel for Round<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.attrs.arithmetic == Arithmetic::Native;
        match (self.attrs.round_mode, is_native) {
            (RoundMode::HalfToEven, false) => self.row::<T, HalfToEven, InReal>(token),
            (RoundMode::HalfToEven, true) => self.row::<T, HalfToEven, InElement>(token),
            (RoundMode::HalfUp, false) => self.row::<T, HalfUp, InReal>(token),
            (RoundMode::HalfUp, true) => self.row::<T, HalfUp, InElement>(token),
        }
    }
}

impl<E: Element> Round<'_, E> {
    #[inline(always)]
    fn row<T: Token, R: Rounding, A: Settling>(&self, token: T) {
        if self.row.has_channel_per_element() {
            self.row_of::<T, Each<'_, _>, R, A>(token);
        } else {
            self.row_of::<T, Same<_>, R, A>(token);
        }
    }

    #[inline(always)]
    fn row_of<'a, T: Token, P: PerChannel<'a, T, E::Real>, R: Rounding, A: Settling>(&'a self, token: T) {
        let mut step = RoundStep::<E, P, R, A> {
            x: self.x,
            numbers: self.numbers,
            scale: P::of_row(token, self.channels.scale, &self.row),
            min: P::of_row(token, self.channels.clamp_min, &self.row),
            max: P::of_row(token, self.channels.clamp_max, &self.row),
            clamps: self.clamps,
            kind: PhantomData,
        };
        sweep_in_blocks::<T, E>(token, self.row.len, &mut step);
    }
}

struct RoundStep<'a, E: Element, P, R, A> {
    x: Source<'a, E>,
    numbers: &'a [Cell<E::Real>],
    scale: P,
    min: P,
    max: P,
    clamps: bool,
    kind: PhantomData<(R, A)>,
}

impl<'a, T, E, P, R, A> Step<T> for RoundStep<'_, E, P, R, A>
where
    T: Token,
    E: Element,
    P: PerChannel<'a, T, E::Real>,
    R: Rounding,
    A: Settling,
{
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let mut x = span.load::<T, E>(token, self.x, at);
        if self.clamps {
            x = spec::clamp(x, self.min.at(token, at, span), self.max.at(token, at, span));
        }
        let rounded = spec::quantize::<T, E, R, A>(token, x, self.scale.at(token, at, span));
        span.store::<T, E::Real>(rounded, self.numbers, at);
    }
}

impl<'a, T, E, P, R, A> Cut<T> for RoundStep<'_, E, P, R, A>
where
    T: Token,
    E: Element,
    P: PerChannel<'a, T, E::Real>,
    R: Rounding,
    A: Settling,
{
    #[inline(always)]
    fn cut(&self, at: usize, len: usize) -> Self {
        RoundStep {
            x: &self.x[at..at + len],
            numbers: &self.numbers[at..at + len],
            scale: self.scale.cut(at, len),
            min: self.min.cut(at, len),
            max: self.max.cut(at, len),
            clamps: self.clamps,
            kind: PhantomData,
        }
    }
}

/// Saturates rounded numbers to the codes' ends; NaN becomes 0.
struct ToCodes<'a, C, K> {
    numbers: &'a [Cell<C>],
    codes: Target<'a, K>,
    ends: (i64, i64),
}

impl<C: Real, K: Code> Kernel for ToCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        let (qmin, qmax) = self.ends;
        for (code, number) in self.codes.iter().zip(self.numbers) {
            code.set(MaybeUninit::new(K::from_integer(number.get().to_integer().clamp(qmin, qmax))));
        }
    }
}

struct FromCodes<'a, C, K> {
    codes: Source<'a, K>,
    numbers: &'a [Cell<C>],
}

impl<C: Real, K: Code> Kernel for FromCodes<'_, C, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, _: T) {
        for (number, code) in self.numbers.iter().zip(self.codes) {
            number.set(code.get().to_real());
        }
    }
}

/// Multiplies a row's codes by their channels' inverse scales.
struct Scale<'a, E: Element> {
    numbers: &'a [Cell<E::Real>],
    row: Row<2>,
    y: Target<'a, E>,
    inverse: &'a [E::Real],
    arithmetic: Arithmetic,
}

impl<E: Element> Kernel for Scale<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.arithmetic == Arithmetic::Native;
        match (self.row.has_channel_per_element(), is_native) {
            (false, false) => self.row_of::<T, Same<_>, InReal>(token),
            (false, true) => self.row_of::<T, Same<_>, InElement>(token),
            (true, false) => self.row_of::<T, Each<'_, _>, InReal>(token),
            (true, true) => self.row_of::<T, Each<'_, _>, InElement>(token),
        }
    }
}

impl<E: Element> Scale<'_, E> {
    #[inline(always)]
    fn row_of<'a, T: Token, P: PerChannel<'a, T, E::Real>, A: Settling>(&'a self, token: T) {
        let inverse = P::of_row(token, self.inverse, &self.row);
        let mut step = ScaleStep::<E, P, A> { numbers: self.numbers, y: self.y, inverse, kind: PhantomData };
        sweep_in_blocks::<T, E>(token, self.row.len, &mut step);
    }
}

struct ScaleStep<'a, E: Element, P, A> {
    numbers: &'a [Cell<E::Real>],
    y: Target<'a, E>,
    inverse: P,
    kind: PhantomData<A>,
}

impl<'a, T: Token, E: Element, P: PerChannel<'a, T, E::Real>, A: Settling> Step<T> for ScaleStep<'_, E, P, A> {
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let code = A::settle::<T, E>(span.load::<T, E::Real>(token, self.numbers, at));
        let y = spec::dequantize::<T, E, A>(code, self.inverse.at(token, at, span));
        span.store::<T, E>(y, self.y, at);
    }
}

impl<'a, T: Token, E: Element, P: PerChannel<'a, T, E::Real>, A: Settling> Cut<T> for ScaleStep<'_, E, P, A> {
    #[inline(always)]
    fn cut(&self, at: usize, len: usize) -> Self {
        ScaleStep {
            numbers: &self.numbers[at..at + len],
            y: &self.y[at..at + len],
            inverse: self.inverse.cut(at, len),
            kind: PhantomData,
        }
    }
}
