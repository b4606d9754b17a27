//! Elements to integer codes, and back.

use std::marker::PhantomData;

use super::{Each, PerChannel, Same, Step, sweep};
use crate::attrs::{Arithmetic, Attrs, RoundMode};
use crate::channels::Fields;
use crate::layout::Piece;
use crate::simd::element::{Source, Span, Target, Whole, to_array};
use crate::simd::stage::Stage;
use crate::simd::{Element, Kernel, Lanes, MAX_LANES, Real, Token, Vector};
use crate::spec::{self, HalfToEven, HalfUp, InElement, InReal, Rounding, Settling};

/// An integer type that holds codes.
pub(crate) trait Code: Copy + Send + Sync + 'static {
    /// The least and the greatest code that it holds.
    const RANGE: (i128, i128);

    /// Of a code that it holds.
    fn from_integer(code: i64) -> Self;

    /// To nearest, halves to even.
    fn to_real<C: Real>(self) -> C;
}

macro_rules! code {
    ($($integer:ident through $wide:ident $from:ident,)*) => {$(
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
    i8 through i64 from_integer,
    u8 through i64 from_integer,
    i16 through i64 from_integer,
    u16 through i64 from_integer,
    i32 through i64 from_integer,
    u32 through i64 from_integer,
    i64 through i64 from_integer,
    u64 through u64 from_unsigned,
}

/// Writes the codes of a piece's elements.
pub(crate) struct Quantize<'a, E: Element, K> {
    /// Of input and codes.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) input: Source<'a, E>,
    pub(crate) codes: Target<'a, K>,
    pub(crate) channels: Fields<&'a [E::Real]>,
    pub(crate) attrs: &'a Attrs,
    pub(crate) clamps: bool,
}

impl<E: Element, K: Code> Kernel for Quantize<'_, E, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.attrs.arithmetic == Arithmetic::Native;
        match (self.attrs.round_mode, is_native) {
            (RoundMode::HalfToEven, false) => self.rows::<T, HalfToEven, InReal>(token),
            (RoundMode::HalfToEven, true) => self.rows::<T, HalfToEven, InElement>(token),
            (RoundMode::HalfUp, false) => self.rows::<T, HalfUp, InReal>(token),
            (RoundMode::HalfUp, true) => self.rows::<T, HalfUp, InElement>(token),
        }
    }
}

impl<E: Element, K: Code> Quantize<'_, E, K> {
    #[inline(always)]
    fn rows<T: Token, R: Rounding, A: Settling>(&self, token: T) {
        if self.piece.has_channel_per_element() {
            self.rows_of::<T, Each<'_, _>, R, A>(token);
        } else {
            self.rows_of::<T, Same<_>, R, A>(token);
        }
    }

    #[inline(always)]
    fn rows_of<'a, T: Token, P: PerChannel<'a, T, E::Real>, R: Rounding, A: Settling>(&'a self, token: T) {
        let (read, write) = (Stage::new(), Stage::new());
        for row in self.piece.rows() {
            let mut step = QuantizeStep::<E, K, P, R, A> {
                x: read.read(self.input, &row, 0),
                codes: write.open(self.codes, &row, 1),
                scale: P::of_row(token, self.channels.scale, &row),
                min: P::of_row(token, self.channels.clamp_min, &row),
                max: P::of_row(token, self.channels.clamp_max, &row),
                clamps: self.clamps,
                ends: self.attrs.codes(),
                kind: PhantomData,
            };
            sweep::<T, E>(token, 0, row.len, &mut step);
            write.flush(self.codes, &row, 1);
        }
    }
}

struct QuantizeStep<'a, E, K, P, R, A> {
    x: Source<'a, E>,
    codes: Target<'a, K>,
    scale: P,
    min: P,
    max: P,
    clamps: bool,
    ends: (i64, i64),
    kind: PhantomData<(R, A)>,
}

impl<'a, T, E, K, P, R, A> Step<T> for QuantizeStep<'_, E, K, P, R, A>
where
    T: Token,
    E: Element,
    K: Code,
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
        let rounded = to_array(rounded, E::Real::ZERO);
        let covered = span.covered(Lanes::<T, E>::LANES);
        for (code, rounded) in self.codes[at..at + covered].iter().zip(rounded) {
            let (qmin, qmax) = self.ends;
            code.set(std::mem::MaybeUninit::new(K::from_integer(
                rounded.to_integer().clamp(qmin, qmax),
            )));
        }
    }
}

/// Writes the numbers of a piece's codes.
pub(crate) struct Dequantize<'a, E: Element, K> {
    /// Of codes and output.
    pub(crate) piece: Piece<'a, 2>,
    pub(crate) codes: Source<'a, K>,
    pub(crate) output: Target<'a, E>,
    pub(crate) inverse: &'a [E::Real],
    pub(crate) arithmetic: Arithmetic,
}

impl<E: Element, K: Code> Kernel for Dequantize<'_, E, K> {
    type Output = ();

    #[inline(always)]
    fn run<T: Token>(self, token: T) {
        let is_native = E::IS_NARROW && self.arithmetic == Arithmetic::Native;
        match (self.piece.has_channel_per_element(), is_native) {
            (false, false) => self.rows_of::<T, Same<_>, InReal>(token),
            (false, true) => self.rows_of::<T, Same<_>, InElement>(token),
            (true, false) => self.rows_of::<T, Each<'_, _>, InReal>(token),
            (true, true) => self.rows_of::<T, Each<'_, _>, InElement>(token),
        }
    }
}

impl<E: Element, K: Code> Dequantize<'_, E, K> {
    #[inline(always)]
    fn rows_of<'a, T: Token, P: PerChannel<'a, T, E::Real>, A: Settling>(&'a self, token: T) {
        let (read, write) = (Stage::new(), Stage::new());
        for row in self.piece.rows() {
            let mut step = DequantizeStep::<E, K, P, A> {
                codes: read.read(self.codes, &row, 0),
                y: write.open(self.output, &row, 1),
                inverse: P::of_row(token, self.inverse, &row),
                kind: PhantomData,
            };
            sweep::<T, E>(token, 0, row.len, &mut step);
            write.flush(self.output, &row, 1);
        }
    }
}

struct DequantizeStep<'a, E, K, P, A> {
    codes: Source<'a, K>,
    y: Target<'a, E>,
    inverse: P,
    kind: PhantomData<A>,
}

impl<'a, T, E, K, P, A> Step<T> for DequantizeStep<'_, E, K, P, A>
where
    T: Token,
    E: Element,
    K: Code,
    P: PerChannel<'a, T, E::Real>,
    A: Settling,
{
    #[inline(always)]
    fn step<S: Span>(&mut self, token: T, at: usize, span: S) {
        let covered = span.covered(Lanes::<T, E>::LANES);
        let mut codes = [E::Real::ZERO; MAX_LANES];
        for (lane, code) in codes.iter_mut().zip(&self.codes[at..at + covered]) {
            *lane = code.get().to_real();
        }
        let code = A::settle::<T, E>(Whole.load::<T, E::Real>(token, &codes[..], 0));
        let y = spec::dequantize::<T, E, A>(code, self.inverse.at(token, at, span));
        span.store::<T, E>(y, self.y, at);
    }
}
